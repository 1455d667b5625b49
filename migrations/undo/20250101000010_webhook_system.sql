-- Undo 10: drops the webhook functions.

set search_path to attune;

drop function regenerate_trigger_webhook_key(bigint);
drop function disable_trigger_webhook(bigint);
drop function enable_trigger_webhook(bigint, jsonb);
drop function generate_webhook_key();
