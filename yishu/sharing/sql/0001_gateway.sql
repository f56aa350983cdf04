-- What the gateway may read (DESIGN §6). Written by sharing.adapters only; every change moves the epoch.
create schema gateway;
create table gateway.epoch (
    one boolean primary key default true check (one),
    value bigint not null
);
insert into gateway.epoch (value) values (1);
create table gateway.client (
    client_id text primary key,
    name text not null,
    department_id bigint not null,
    department_name text not null,
    secret_digest text not null,         -- SHA-256 hex of the 256-bit random secret
    active boolean not null
);
create table gateway.grant_ (
    id uuid primary key,
    resource_code text not null,         -- with '/', as in serving.current
    department_id bigint not null,
    department_name text not null,
    clients text[] not null,             -- client ids that may use it; people of the department may always
    spec jsonb not null,                 -- what GET /v1/resources shows: title, items[{column,name,mask,type}], filters, purpose, provider, article
    key_identifier text not null,        -- '', person_id or uscc: how keys are normalised and checked
    lookup_sql text not null,            -- '' when the mode is not granted; $1 text[] of keys, {table} for the serving table;
                                         -- one row: (records integer, body text = JSON array of objects with Chinese names,
                                         -- found text = JSON array of the found keys' positions in $1, from 0)
    starts_on date not null,
    ends_on date not null,               -- last day of use, Asia/Shanghai
    active boolean not null
);
create index grant_resource on gateway.grant_ (resource_code);
create function gateway.move_epoch() returns trigger language plpgsql security definer set search_path = pg_catalog as $$
begin
    update gateway.epoch set value = value + 1;
    return null;
end $$;
create trigger client_moves_epoch after insert or update or delete on gateway.client for each statement execute function gateway.move_epoch();
create trigger grant_moves_epoch after insert or update or delete on gateway.grant_ for each statement execute function gateway.move_epoch();
create trigger pointer_moves_epoch after insert or update or delete on serving.current for each statement execute function gateway.move_epoch();
