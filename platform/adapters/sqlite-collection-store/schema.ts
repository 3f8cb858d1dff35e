/** What was received, and cannot be had again: on disk before it is acknowledged. */
export const JOURNAL_SCHEMA = `
  CREATE TABLE IF NOT EXISTS collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incarnation TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    -- Items up to this sequence are forgotten: the entries must not fall back behind it.
    pruned_sequence INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS collections_by_name ON collections (name);
  CREATE TABLE IF NOT EXISTS sources (
    collection INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    token INTEGER NOT NULL,
    -- The newest.
    run_id TEXT,
    PRIMARY KEY (collection, source_id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS runs (
    collection INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    first_sequence INTEGER NOT NULL,
    batches INTEGER NOT NULL,
    completed_sequence INTEGER,
    PRIMARY KEY (collection, source_id, run_id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS runs_by_sequence ON runs (first_sequence);
  CREATE TABLE IF NOT EXISTS journal (
    sequence INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    kind TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    record_count INTEGER NOT NULL,
    batch_id TEXT,
    -- The item's own properties as JSON.
    payload TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS journal_by_collection ON journal (collection, sequence);
  CREATE UNIQUE INDEX IF NOT EXISTS journal_by_batch ON journal (batch_id) WHERE batch_id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;

/**
 * What is folded from the journal, together with how far it is folded. What a record costs in a large collection
 * is the pages it touches: here that of the entry's row, while all else that changes either grows at its end or
 * is small enough to lie on few pages.
 */
export const ENTRIES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS collections (
    id INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL DEFAULT 0,
    progress INTEGER NOT NULL DEFAULT 0,
    definition TEXT,
    head INTEGER NOT NULL DEFAULT 0,
    -- Tombstones up to this version are forgotten.
    floor INTEGER NOT NULL DEFAULT 0,
    entry_count INTEGER NOT NULL DEFAULT 0,
    next_ordinal INTEGER NOT NULL DEFAULT 1,
    updated_at INTEGER,
    has_strays INTEGER NOT NULL DEFAULT 0,
    fold_holder TEXT,
    fold_token INTEGER NOT NULL DEFAULT 0,
    fold_until INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS sources (
    collection INTEGER NOT NULL,
    number INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (collection, number)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entries (
    -- collection * 2^32 + ordinal: entries that were found together lie together.
    id INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    fields TEXT NOT NULL,
    contributions TEXT NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS entries_by_key ON entries (collection, key);
  -- Which entry has which version, or had: a row counts where the entry still has it.
  CREATE TABLE IF NOT EXISTS versions (
    collection INTEGER NOT NULL,
    version INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (collection, version)
  ) WITHOUT ROWID;
  -- Rows of versions that count no more, and are to be swept.
  CREATE TABLE IF NOT EXISTS stale_versions (
    collection INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (collection, version)
  ) WITHOUT ROWID;
  -- A source's contributions, summed up for each block of entries.
  CREATE TABLE IF NOT EXISTS blocks (
    collection INTEGER NOT NULL,
    source INTEGER NOT NULL,
    block INTEGER NOT NULL,
    total INTEGER NOT NULL,
    run INTEGER NOT NULL,
    touched INTEGER NOT NULL,
    oldest_seen_at INTEGER,
    PRIMARY KEY (collection, source, block)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS blocks_by_age ON blocks (collection, source, oldest_seen_at)
    WHERE oldest_seen_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS tombstones (
    collection INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    removed_at INTEGER NOT NULL,
    PRIMARY KEY (collection, version)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS tombstones_by_key ON tombstones (collection, key);
  CREATE TABLE IF NOT EXISTS history (
    collection INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    fields TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (collection, version)
  ) WITHOUT ROWID;
`;
