create table if not exists sessions (
    user_id text not null,
    session_id text not null,
    turns integer not null,
    primary key (user_id, session_id)
);

create table if not exists messages (
    id bigserial primary key,
    user_id text not null,
    session_id text not null,
    role text not null,
    content text not null,
    foreign key (user_id, session_id) references sessions on delete cascade
);

create index if not exists messages_of_session on messages (user_id, session_id, id);

create table if not exists handbook (
    id text primary key,
    body text not null,
    words tsvector generated always as (to_tsvector('english', body)) stored
);

create index if not exists handbook_words on handbook using gin (words);

create table if not exists accounts (
    user_id text primary key,
    credits integer not null check (credits >= 0)
);

create table if not exists ledger (
    request_id text primary key,
    user_id text not null,
    model text not null,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    tool_calls integer not null,
    credits integer not null
);
