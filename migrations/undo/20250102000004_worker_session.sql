-- Undo: drops the join tokens and what sessions added to worker and pack_environment.

set search_path to attune;

drop table join_token;

alter table pack_environment
    drop column release_digest,
    drop column worker_name;

alter table worker
    drop column certificate_expires_at,
    drop column certificate_fingerprint,
    drop column lease_expires_at,
    drop column replica,
    drop column session_id,
    drop column spool_id,
    drop column drain_reason,
    drop column drain_deadline,
    drop column draining,
    drop column cordoned,
    drop column connected,
    drop column resources,
    drop column runtimes,
    drop column protocol_version,
    drop column agent_version,
    drop column slots,
    drop column labels;
