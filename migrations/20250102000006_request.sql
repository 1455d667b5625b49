-- What was answered to a caller's request_id, so that the same request again gets the same answer.

set search_path to attune;

create table request (
    id bigint generated always as identity primary key,
    identity bigint not null references identity on delete cascade,
    rpc text not null,
    request_id text not null,
    answer bytea,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (identity, rpc, request_id),
    constraint request_request_id_length check (char_length(request_id) between 1 and 128)
);

comment on column request.answer is 'the response message; null while the first call is under way';

create index idx_request_created on request (created);

create trigger update_request_updated
    before update on request
    for each row when (new.updated = old.updated) execute function update_updated_column();
