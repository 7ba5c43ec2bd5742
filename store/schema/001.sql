-- Schema version 1 of the embedded store. Times are milliseconds since 1970, UTC; 0 is "none".
-- Digests are SHA-256. Numbers of states and verdicts are those of the headers and permanent.

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

-- What is looked at in every attestation and every list. What is big or seldom read is in host_key,
-- evidence and blob. The present verdict period counts here and is written to period when it ends.
CREATE TABLE host (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    grp TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
    tpm INTEGER NOT NULL CHECK (tpm BETWEEN 0 AND 2),
    ek_basis INTEGER NOT NULL,
    ek_digest BLOB CHECK (length(ek_digest) = 32),
    ak_public BLOB NOT NULL,
    ak_name BLOB NOT NULL,
    token_hash BLOB NOT NULL CHECK (length(token_hash) = 32),
    tpm_manufacturer TEXT NOT NULL,
    tpm_model TEXT NOT NULL,
    tpm_firmware TEXT NOT NULL,
    tpm_class TEXT NOT NULL,
    product TEXT NOT NULL,
    serial TEXT NOT NULL,
    agent_version TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    approved_ms INTEGER NOT NULL DEFAULT 0,
    approved_by TEXT NOT NULL DEFAULT '',
    last_seen_ms INTEGER NOT NULL DEFAULT 0,
    last_evidence_ms INTEGER NOT NULL DEFAULT 0,
    last_verified_ms INTEGER NOT NULL DEFAULT 0,
    verdict INTEGER NOT NULL CHECK (verdict BETWEEN 1 AND 7),
    headline_code TEXT NOT NULL DEFAULT '',
    headline TEXT NOT NULL DEFAULT '',
    since_ms INTEGER NOT NULL,
    secure_boot INTEGER NOT NULL DEFAULT 0,
    maintenance INTEGER NOT NULL DEFAULT 0,
    want_attest INTEGER NOT NULL DEFAULT 0,
    replace_until_ms INTEGER NOT NULL DEFAULT 0,
    replace_ek BLOB CHECK (length(replace_ek) = 32),
    replace_token BLOB CHECK (length(replace_token) = 32),
    removed_ms INTEGER NOT NULL DEFAULT 0,
    duplicate_ms INTEGER NOT NULL DEFAULT 0, -- the last audit entry about a claim to it
    memory_present INTEGER NOT NULL DEFAULT 0,
    clock_ms INTEGER NOT NULL DEFAULT 0,
    reset_count INTEGER NOT NULL DEFAULT 0,
    restart_count INTEGER NOT NULL DEFAULT 0,
    firmware_version INTEGER NOT NULL DEFAULT 0,
    banks INTEGER NOT NULL DEFAULT 0, -- bits of enum tb_bank
    boot_id TEXT NOT NULL DEFAULT '',
    firmware BLOB, -- one byte bank, then PCR 0 to 3
    log_digest BLOB CHECK (length(log_digest) = 32),
    pcrs_digest BLOB CHECK (length(pcrs_digest) = 32),
    result_digest BLOB CHECK (length(result_digest) = 32),
    period_id INTEGER NOT NULL DEFAULT 0,
    period_last_ms INTEGER NOT NULL DEFAULT 0,
    period_count INTEGER NOT NULL DEFAULT 0,
    -- the order of a list by verdict: what needs a look comes first
    rank INTEGER GENERATED ALWAYS AS (CASE verdict WHEN 3 THEN 0 WHEN 2 THEN 1 WHEN 7 THEN 2
        WHEN 6 THEN 3 WHEN 5 THEN 4 WHEN 4 THEN 5 ELSE 6 END) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX host_name ON host (name) WHERE state < 3; -- a refused host's name is free
CREATE INDEX host_by_name ON host (name, id) WHERE state <> 4;
CREATE UNIQUE INDEX host_ek ON host (ek_digest) WHERE state <> 4;
CREATE UNIQUE INDEX host_token ON host (token_hash) WHERE state <> 4;
CREATE INDEX host_rank ON host (rank, id) WHERE state <> 4;
CREATE INDEX host_since ON host (since_ms, id) WHERE state <> 4;
CREATE INDEX host_counts ON host (state, verdict, maintenance);

CREATE TABLE host_key (
    host_id TEXT PRIMARY KEY REFERENCES host (id) ON DELETE CASCADE,
    ek_public BLOB NOT NULL,
    ek_certificate BLOB NOT NULL
) STRICT;

CREATE TABLE enrol_token (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    label TEXT NOT NULL,
    grp TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    uses INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE ek_allow (
    ek_digest BLOB PRIMARY KEY CHECK (length(ek_digest) = 32),
    host_name TEXT NOT NULL,
    grp TEXT NOT NULL,
    note TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;

CREATE TABLE offer (
    id TEXT PRIMARY KEY,
    expires_ms INTEGER NOT NULL,
    state BLOB NOT NULL
) STRICT;
CREATE INDEX offer_expires ON offer (expires_ms);

CREATE TABLE challenge (
    host_id TEXT PRIMARY KEY REFERENCES host (id) ON DELETE CASCADE,
    nonce BLOB NOT NULL CHECK (length(nonce) = 32),
    issued_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    wanted BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- data is a zstd frame when it is shorter than len, else the bytes themselves.
CREATE TABLE blob (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    created_ms INTEGER NOT NULL,
    len INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;

-- The latest evidence of each host. content is stored like blob.data.
CREATE TABLE evidence (
    host_id TEXT PRIMARY KEY REFERENCES host (id) ON DELETE CASCADE,
    received_ms INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    genuine INTEGER NOT NULL,
    nonce BLOB NOT NULL CHECK (length(nonce) = 32),
    exporter BLOB NOT NULL CHECK (length(exporter) = 32),
    policy_digest BLOB NOT NULL CHECK (length(policy_digest) = 32),
    quote BLOB NOT NULL,
    signature BLOB NOT NULL,
    context BLOB NOT NULL,
    content_len INTEGER NOT NULL,
    content BLOB NOT NULL,
    log_digest BLOB CHECK (length(log_digest) = 32),
    pcrs_digest BLOB CHECK (length(pcrs_digest) = 32),
    result_digest BLOB CHECK (length(result_digest) = 32)
) STRICT;

CREATE TABLE period (
    id INTEGER PRIMARY KEY,
    host_id TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    verdict INTEGER NOT NULL,
    headline_code TEXT NOT NULL,
    headline TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    count INTEGER NOT NULL,
    result_digest BLOB CHECK (length(result_digest) = 32),
    log_digest BLOB CHECK (length(log_digest) = 32),
    policy_digest BLOB CHECK (length(policy_digest) = 32)
) STRICT;
CREATE INDEX period_host ON period (host_id, id);

CREATE TABLE incident (
    id INTEGER PRIMARY KEY,
    host_id TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    event INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    closed_ms INTEGER NOT NULL DEFAULT 0,
    count INTEGER NOT NULL DEFAULT 1,
    owner TEXT NOT NULL DEFAULT '',
    acknowledged_ms INTEGER NOT NULL DEFAULT 0,
    until_ms INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX incident_open ON incident (host_id, event, code) WHERE closed_ms = 0;
CREATE INDEX incident_host ON incident (host_id, id);

-- Leaves of the audit log: numbered without gaps, never changed, never deleted.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_target ON audit (target, seq);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TABLE policy (
    version INTEGER PRIMARY KEY,
    grp TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    text BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    author TEXT NOT NULL
) STRICT;
CREATE INDEX policy_group ON policy (grp, version);

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    label TEXT NOT NULL,
    role TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX api_key_label ON api_key (label) WHERE revoked_ms = 0;

CREATE TABLE session (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    key_id TEXT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
