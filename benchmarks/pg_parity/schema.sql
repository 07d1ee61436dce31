-- What every form finds: the database is a fresh copy of this one.

create type mood as enum ('happy', 'ok', 'sad');
create type place as (x int, y text);

create table items (
    id serial primary key,
    name text not null unique,
    qty int default 0,
    price numeric(10, 2),
    ratio float8,
    weight float4,
    active boolean default true,
    made date,
    seen timestamp,
    stamped timestamptz,
    span interval,
    code varchar(10),
    tags text[],
    sizes int[],
    doc jsonb,
    raw json,
    ref uuid,
    ip inet,
    feel mood,
    spot place,
    body bytea,
    opens time
);

insert into items values
    (1, 'anvil', 1, 1.10, 0.1, 0.1, true, '2024-01-02', '2024-01-02 03:04:05', '2024-01-02 03:04:05+00', '1 day',
     'A1', '{x,y}', '{1,2}', '{"a": 1}', '{"b": [1, null]}', '11111111-1111-1111-1111-111111111111', '10.0.0.1',
     'ok', '(1,a)', '\x0102', '10:00'),
    (2, 'bolt', 2, 2.20, 0.2, 0.2, false, '2024-02-02', '2024-02-02 03:04:05', '2024-02-02 03:04:05+00', '2 days',
     'B2', '{y}', '{3}', '{"a": 2, "tag": "m6"}', null, '22222222-2222-2222-2222-222222222222', '10.0.0.2',
     'happy', null, null, '11:30'),
    (3, 'crate', 3, 3.30, 0.3, 0.3, true, null, null, null, null,
     null, null, null, null, null, null, null, null, null, null, null);
select setval('items_id_seq', 3);

create table notes (
    id serial primary key,
    item_id int references items (id),
    body text not null
);
insert into notes (item_id, body) values (1, 'heavy'), (1, 'rusty'), (2, 'small');

create table accounts (
    id int primary key,
    owner text not null unique,
    balance numeric(12, 2) not null check (balance >= 0)
);
insert into accounts values (1, 'ann', 100.00), (2, 'ben', 50.00);

create table events (
    id bigserial primary key,
    kind text not null,
    payload jsonb,
    at timestamptz
);

create function doubled(n int) returns int language sql as 'select n * 2';
create procedure add_note(item int, body text) language sql as 'insert into notes (item_id, body) values (item, body)';
