-- The ledger's tables (DESIGN §7). Writers insert into inbox; one sequencer moves rows to leaves under an advisory lock.
create schema ledger;
create table ledger.inbox (
    id uuid primary key,                 -- receipt id, chosen by the writer (random)
    entry bytea not null,                -- canonical JSON of the entry: exactly the bytes that are hashed
    at timestamptz not null default clock_timestamp()
);
create table ledger.log (
    id text primary key,                 -- origin of the checkpoints: <platform>/<random log id>
    started_at timestamptz not null,
    current boolean not null,
    reason text not null                 -- why this log began (first start, restored backup …)
);
create unique index log_current_once on ledger.log (current) where current;
create table ledger.leaf (
    index bigint primary key,            -- 0, 1, 2 … within the current log
    id uuid not null unique,
    entry bytea not null,
    hash bytea not null check (octet_length(hash) = 32),
    sequenced_at timestamptz not null
);
create table ledger.tile (
    level smallint not null,             -- C2SP tlog-tiles: 256 hashes a full tile
    index bigint not null,
    hashes bytea not null,               -- width * 32 bytes; a partial tile grows until full
    primary key (level, index)
);
create table ledger.checkpoint (
    size bigint primary key,
    root bytea not null,
    note text not null,                  -- signed note (C2SP)
    signed_at timestamptz not null
);
