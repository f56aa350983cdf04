-- Serving tables (DESIGN §8): one table per load, and the pointer that says which is current. No views.
create schema serving;
create table serving.current (
    resource_code text primary key,
    table_name text not null,            -- in schema serving
    load_id uuid not null,
    resource_version integer not null,
    rows bigint not null,
    published_at timestamptz not null
);
