-- Undo: drops failed logins, the CA, signing keys and tokens. Everyone has to log in again, every agent has to join again.

set search_path to attune;

drop table login_failure;
drop table certificate_authority;
drop table signing_key;
drop table refresh_token;
drop table api_token;
