-- Schema version 2. What an older host lacks comes with its next evidence.

ALTER TABLE host ADD COLUMN shape BLOB CHECK (length(shape) = 32); -- what hosts that boot alike share
-- the last trusted boot: what a change is told against
ALTER TABLE host ADD COLUMN trusted_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN trusted_log BLOB CHECK (length(trusted_log) = 32);
ALTER TABLE host ADD COLUMN trusted_pcrs BLOB CHECK (length(trusted_pcrs) = 32);
-- changes of the verdict in the hour that began then: so many of them are told one by one
ALTER TABLE host ADD COLUMN changes_from_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
UPDATE host SET trusted_ms = e.received_ms, trusted_log = e.log_digest, trusted_pcrs = e.pcrs_digest
    FROM evidence AS e WHERE e.host_id = host.id AND e.verdict = 1;

-- all that the list of clusters reads
CREATE INDEX host_shape ON host (state, shape, verdict, id) WHERE shape NOT NULL;
CREATE INDEX host_changes ON host (changes_from_ms) WHERE changes > 20;

ALTER TABLE period ADD COLUMN pcrs_digest BLOB CHECK (length(pcrs_digest) = 32);
-- periods that name blobs: a host has so many of them, and the oldest let go of theirs
CREATE INDEX period_kept ON period (host_id, id) WHERE result_digest NOT NULL;

-- of the API key: labels come back
ALTER TABLE audit ADD COLUMN actor_id TEXT NOT NULL DEFAULT '';

UPDATE period SET result_digest = NULL, log_digest = NULL WHERE id IN (SELECT id FROM
    (SELECT id, row_number() OVER (PARTITION BY host_id ORDER BY id DESC) AS age FROM period
    WHERE result_digest NOT NULL) WHERE age > 32);
