-- 10 of the founding 13: functions that switch a trigger's webhook on and off and change its key.

set search_path to attune;

-- 32 hex digits out of 244 random bits. Built from functions of PostgreSQL itself, because pgcrypto may live in any schema.
create function generate_webhook_key() returns text
    language sql
    volatile
as $$
    select 'wh_' || left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 32)
$$;

create function enable_trigger_webhook(p_trigger_id bigint, p_config jsonb default null)
    returns table (webhook_enabled boolean, webhook_key text, webhook_path text)
    language plpgsql
as $$
begin
    return query
    update attune.trigger as t
    set
        webhook_enabled = true,
        webhook_key = coalesce(t.webhook_key, attune.generate_webhook_key()),
        webhook_config = coalesce(p_config, t.webhook_config)
    where t.id = p_trigger_id
    returning t.webhook_enabled, t.webhook_key::text, '/webhooks/' || t.webhook_key;

    if not found then
        raise exception 'trigger % does not exist', p_trigger_id using errcode = 'no_data_found';
    end if;
end
$$;

comment on function enable_trigger_webhook is 'Keeps the key there is, and the configuration unless one is given.';

-- The key is kept, so that switching it on again gives senders the same address.
create function disable_trigger_webhook(p_trigger_id bigint) returns void
    language plpgsql
as $$
begin
    update attune.trigger
    set webhook_enabled = false
    where id = p_trigger_id;

    if not found then
        raise exception 'trigger % does not exist', p_trigger_id using errcode = 'no_data_found';
    end if;
end
$$;

create function regenerate_trigger_webhook_key(p_trigger_id bigint)
    returns table (webhook_key text, previous_key_revoked boolean)
    language plpgsql
as $$
declare
    previous text;
begin
    select t.webhook_key into previous
    from attune.trigger t
    where t.id = p_trigger_id
    for update;

    if not found then
        raise exception 'trigger % does not exist', p_trigger_id using errcode = 'no_data_found';
    end if;

    return query
    update attune.trigger as t
    set webhook_key = attune.generate_webhook_key()
    where t.id = p_trigger_id
    returning t.webhook_key::text, previous is not null;
end
$$;
