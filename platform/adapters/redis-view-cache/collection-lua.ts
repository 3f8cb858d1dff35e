/**
 * What the scripts about one collection share: how it lies in Redis.
 *
 * - `definitions`: hash of `revision`, `definitions` (JSON), and for each collection `of:<name>`: its incarnation.
 * - `collection:<name>`: hash of the incarnation its entries are of, and the numbers of its tables: `state` is what
 *   is served, `replacement` gathers what is told anew from nothing, until it is whole.
 * - `collection:<name>:<number>`: a table. Hash of what the `table_of` below reads; beside it `:entries` (hash of
 *   ids to JSON), `:versions` (their ids by version) and `:removed` (ids of what was removed, by version).
 *
 * Versions and times stay text wherever they are kept or passed on: numbers of 15 digits and more lose some when Lua
 * makes text of them.
 *
 * KEYS: definitions, collection. ARGV: the collection's name, retainMs, then what the script takes.
 */
export const COLLECTION_LUA = `
local definitions, collection = KEYS[1], KEYS[2]
local name, retain_ms = ARGV[1], ARGV[2]

local function greater(a, b)
  if tonumber(a) < tonumber(b) then return b end
  return a
end

local function keys_of(number)
  local head = collection .. ':' .. number
  return head, head .. ':entries', head .. ':versions', head .. ':removed'
end

-- Frees the memory behind our back: a million entries take a second.
local function drop(number)
  redis.call('UNLINK', keys_of(number))
end

-- As it is kept; nil where Redis has evicted or expired any part of it: what is left of it is worth nothing.
local function table_of(number)
  if not number then return nil end
  local t = { number = number }
  t.head, t.entries, t.versions, t.removed = keys_of(number)
  local kept = redis.call('HMGET', t.head, 'version', 'floor', 'aim', 'resetHead', 'asOfMs', 'entryCount', 'removedCount')
  if not kept[1] then return nil end
  t.version, t.floor, t.aim, t.resetHead, t.asOfMs = kept[1], kept[2], kept[3], kept[4], kept[5]
  if redis.call('HLEN', t.entries) ~= tonumber(kept[6]) then return nil end
  if redis.call('ZCARD', t.versions) ~= tonumber(kept[6]) then return nil end
  if redis.call('ZCARD', t.removed) ~= tonumber(kept[7]) then return nil end
  return t
end

-- Lets everything of the collection live for another retain_ms.
local function renew()
  redis.call('PEXPIRE', definitions, retain_ms)
  redis.call('PEXPIRE', collection, retain_ms)
  for _, number in ipairs(redis.call('HMGET', collection, 'state', 'replacement')) do
    if number then
      for _, key in ipairs({ keys_of(number) }) do redis.call('PEXPIRE', key, retain_ms) end
    end
  end
end

-- Nil where the collection is not defined; state and replacement are nil where there is none.
local function load()
  local incarnation = redis.call('HGET', definitions, 'of:' .. name)
  if not incarnation then return nil end
  local kept = redis.call('HMGET', collection, 'incarnation', 'state', 'replacement')
  local loaded = { incarnation = incarnation }
  if kept[1] == incarnation then
    loaded.state, loaded.replacement = table_of(kept[2]), table_of(kept[3])
  end
  return loaded
end

-- incarnation, version, resetHead, asOfMs: the last two are '' where there is none.
local function position_of(loaded)
  local state, replacement = loaded.state, loaded.replacement
  local at = replacement or state or { version = '0', resetHead = '' }
  return { loaded.incarnation, at.version, at.resetHead, state and state.asOfMs or '' }
end
`;
