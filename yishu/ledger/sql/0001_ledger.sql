-- The ledger's tables (DESIGN §7). Writers insert into inbox; one sequencer moves rows to leaves under an advisory lock.
create schema ledger;
create table ledger.inbox (
    id uuid primary key,                 -- receipt id, chosen by the writer (random)
    entry bytea not null,                -- canonical JSON of the entry; a leaf hashes the id's 16 bytes, then these
    at timestamptz not null default clock_timestamp()
);
create index inbox_oldest on ledger.inbox (at);   -- the sequencer takes the oldest first; nothing depends on the order
alter table ledger.inbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
create table ledger.log (
    number integer primary key,          -- 1, 2 …: a restored backup closes a log and starts the next
    id text not null unique,             -- origin of the checkpoints: <platform>/<random log id>
    started_at timestamptz not null,
    current boolean not null,
    reason text not null                 -- why this log began: first_start, database_smaller, database_differs …
);
create unique index log_current_once on ledger.log (current) where current;
create table ledger.leaf (
    log integer not null references ledger.log,
    index bigint not null,               -- 0, 1, 2 … within its log; leaf 0 says how the log began
    id uuid not null unique,
    entry bytea not null,
    hash bytea not null check (octet_length(hash) = 32),
    sequenced_at timestamptz not null,
    primary key (log, index)
);
create table ledger.tile (
    log integer not null references ledger.log,
    level smallint not null,             -- C2SP tlog-tiles: 256 hashes a full tile
    index bigint not null,
    hashes bytea not null,               -- width * 32 bytes; a partial tile grows until full
    primary key (log, level, index)
);
alter table ledger.tile alter column hashes set storage external;   -- hashes do not compress
create table ledger.checkpoint (
    log integer not null references ledger.log,
    size bigint not null,
    root bytea not null,
    note text not null,                  -- signed note (C2SP)
    signed_at timestamptz not null,
    primary key (log, size)
);
create table ledger.conflict (           -- a second entry under a receipt id already used: kept for the auditor, never a leaf
    id uuid not null,
    entry bytea not null,
    at timestamptz not null,
    found_at timestamptz not null
);
