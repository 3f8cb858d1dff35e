import { redisScript } from '../../redis.ts';
import { COLLECTION_LUA } from './collection-lua.ts';

/**
 * Where the collection is. Whoever asks keeps it or is about to read it, so what nobody asks for any more is what
 * expires; written only when half of the time is over, as it is asked for every few seconds.
 */
export const POSITION = redisScript(`${COLLECTION_LUA}
local loaded = load()
if not loaded then return nil end
if redis.call('PTTL', definitions) < retain_ms / 2 or redis.call('PTTL', collection) < retain_ms / 2 then renew() end
return position_of(loaded)
`);

/**
 * Keeps a page, where the collection still is at the position behind which it was read; returns where it is then.
 *
 * `aim` is the furthest head of any page since it was last whole. Short of it, a page may come from a replica that is
 * behind the one before, and does not tell again what that one left out because it had changed again further on.
 *
 * ARGV: removedMax; the position: incarnation, version, resetHead; the page: incarnation, reset, version, head,
 * asOfMs; then for each change: id, version, JSON ('' where it is removed).
 */
export const KEEP_CHANGES = redisScript(`${COLLECTION_LUA}
local removed_max = tonumber(ARGV[3])
local behind = { incarnation = ARGV[4], version = ARGV[5], resetHead = ARGV[6] }
local page = { incarnation = ARGV[7], reset = ARGV[8] == '1', version = ARGV[9], head = ARGV[10], asOfMs = ARGV[11] }
local FIRST_CHANGE = 12

local loaded = load()
if not loaded then return nil end
local at = position_of(loaded)
local is_there = at[1] == behind.incarnation and at[2] == behind.version and at[3] == behind.resetHead
if not is_there or page.incarnation ~= loaded.incarnation then return at end

-- What is of another incarnation, or no longer complete, makes room.
local kept = redis.call('HMGET', collection, 'incarnation', 'state', 'replacement')
local is_same = kept[1] == loaded.incarnation
if kept[2] and not loaded.state then drop(kept[2]) redis.call('HDEL', collection, 'state') end
if kept[3] and not loaded.replacement then drop(kept[3]) redis.call('HDEL', collection, 'replacement') end
if not is_same then redis.call('HSET', collection, 'incarnation', loaded.incarnation) end

local function create(field, resetHead)
  local number = redis.call('HINCRBY', collection, 'lastTable', 1)
  -- The count begins anew where Redis lost it.
  drop(number)
  redis.call('HSET', collection, field, number)
  local t = { number = number, version = '0', floor = '0', aim = '0', resetHead = resetHead, asOfMs = '' }
  t.head, t.entries, t.versions, t.removed = keys_of(number)
  return t
end

if page.reset then
  if loaded.replacement then drop(loaded.replacement.number) end
  loaded.replacement = create('replacement', page.head)
elseif not loaded.replacement and not loaded.state then
  loaded.state = create('state', '')
end
local t = loaded.replacement or loaded.state

local from = loaded.replacement and -1 or tonumber(t.version)
for index = FIRST_CHANGE, #ARGV, 3 do
  local id, version, entry = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  if tonumber(version) > from then
    if entry == '' then
      redis.call('HDEL', t.entries, id)
      redis.call('ZREM', t.versions, id)
      redis.call('ZADD', t.removed, version, id)
    else
      redis.call('HSET', t.entries, id, entry)
      redis.call('ZADD', t.versions, version, id)
      redis.call('ZREM', t.removed, id)
    end
  end
end

-- The oldest removals go; who has not seen them must begin anew.
local excess = redis.call('ZCARD', t.removed) - removed_max
if excess > 0 then
  local newest = redis.call('ZRANGE', t.removed, excess - 1, excess - 1, 'WITHSCORES')
  t.floor = greater(t.floor, newest[2])
  redis.call('ZREMRANGEBYRANK', t.removed, 0, excess - 1)
end

t.version = greater(t.version, page.version)
t.aim = greater(t.aim, page.head)
local is_whole = tonumber(t.version) >= tonumber(t.aim)
if is_whole and loaded.replacement then
  local before = loaded.state
  if before then
    t.asOfMs = before.asOfMs
    drop(before.number)
  end
  redis.call('HSET', collection, 'state', t.number)
  redis.call('HDEL', collection, 'replacement')
  -- What was removed before is not known.
  t.floor, t.resetHead = t.version, ''
  loaded.state, loaded.replacement = t, nil
end
if is_whole and page.asOfMs ~= '' then
  t.asOfMs = t.asOfMs == '' and page.asOfMs or greater(t.asOfMs, page.asOfMs)
end
redis.call('HSET', t.head, 'version', t.version, 'floor', t.floor, 'aim', t.aim, 'resetHead', t.resetHead,
  'asOfMs', t.asOfMs, 'entryCount', redis.call('HLEN', t.entries), 'removedCount', redis.call('ZCARD', t.removed))
renew()
return position_of(loaded)
`);

/**
 * What changed behind a position, as datasource tells it.
 *
 * ARGV: the position: incarnation, version, resetHead; the most changes, and one more than that. Returns incarnation,
 * reset, version, head; then for each change: id, version, JSON ('' where it is removed).
 */
export const CHANGES_SINCE = redisScript(`${COLLECTION_LUA}
local incarnation, version, reset_head = ARGV[3], ARGV[4], ARGV[5]
local first, first_and_one = tonumber(ARGV[6]), ARGV[7]

local loaded = load()
if not loaded then return nil end
local state = loaded.state
local head, floor = state and state.version or '0', state and state.floor or '0'
-- Also who has begun anew with a replica that was further on: what it told may have changed further on than we know.
local furthest = reset_head == '' and version or greater(version, reset_head)
local is_unknown = incarnation ~= loaded.incarnation or tonumber(furthest) > tonumber(head)
local is_before_floor = tonumber(version) < tonumber(floor)
  and (reset_head == '' or tonumber(reset_head) < tonumber(floor))
local is_reset = is_unknown or is_before_floor
local answer = { loaded.incarnation, is_reset and '1' or '0', head, head }
if not state then return answer end

local function changed(key)
  return redis.call('ZRANGEBYSCORE', key, '(' .. (is_reset and '0' or version), '+inf', 'WITHSCORES', 'LIMIT', '0', first_and_one)
end
local live, gone = changed(state.versions), is_reset and {} or changed(state.removed)
local l, g = 1, 1
for _ = 1, first do
  local is_live = live[l] and (not gone[g] or tonumber(live[l + 1]) < tonumber(gone[g + 1]))
  if is_live then
    local entry = redis.call('HGET', state.entries, live[l])
    if not entry then return redis.error_reply('An entry of ' .. name .. ' is lost') end
    answer[#answer + 1] = live[l]
    answer[#answer + 1] = live[l + 1]
    answer[#answer + 1] = entry
    l = l + 2
  elseif gone[g] then
    answer[#answer + 1] = gone[g]
    answer[#answer + 1] = gone[g + 1]
    answer[#answer + 1] = ''
    g = g + 2
  end
end
-- A page that leaves something for the next one is complete up to its last change.
if live[l] or gone[g] then answer[3] = answer[#answer - 1] end
return answer
`);

/** The definitions' revision; they live on as `POSITION` says. KEYS: definitions. ARGV: retainMs. */
export const REVISION = redisScript(`
local revision = redis.call('HGET', KEYS[1], 'revision')
if revision and redis.call('PTTL', KEYS[1]) < ARGV[1] / 2 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return revision or '0'
`);

/**
 * Keeps all definitions there are, and forgets the entries of what is not among them, or another incarnation.
 *
 * KEYS: definitions. ARGV: retainMs, revision, the later revision that may be replaced ('' for none), JSON, what
 * stands before the name in a collection's key; then for each collection: name, incarnation.
 */
export const KEEP_DEFINITIONS = redisScript(`
local definitions = KEYS[1]
local retain_ms, revision, in_place_of, json, prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local FIRST_COLLECTION = 6

local kept = redis.call('HGET', definitions, 'revision')
if kept and tonumber(kept) > tonumber(revision) and kept ~= in_place_of then return end

local incarnations = {}
for index = FIRST_COLLECTION, #ARGV, 2 do incarnations[ARGV[index]] = ARGV[index + 1] end
for _, field in ipairs(redis.call('HKEYS', definitions)) do
  local name = string.match(field, '^of:(.*)$')
  if name and incarnations[name] ~= redis.call('HGET', definitions, field) then
    local collection = prefix .. name
    for _, number in ipairs(redis.call('HMGET', collection, 'state', 'replacement')) do
      if number then
        local head = collection .. ':' .. number
        redis.call('UNLINK', head, head .. ':entries', head .. ':versions', head .. ':removed')
      end
    end
    redis.call('UNLINK', collection)
  end
end

redis.call('DEL', definitions)
redis.call('HSET', definitions, 'revision', revision, 'definitions', json)
for name, incarnation in pairs(incarnations) do redis.call('HSET', definitions, 'of:' .. name, incarnation) end
redis.call('PEXPIRE', definitions, retain_ms)
`);
