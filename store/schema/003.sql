-- Schema version 3: what hosts on Trueboot's own boot chain send besides, and which security
-- versions of packages they were trusted with. All of them name blobs.

ALTER TABLE host ADD COLUMN user_log_digest BLOB CHECK (length(user_log_digest) = 32);
ALTER TABLE host ADD COLUMN packages_digest BLOB CHECK (length(packages_digest) = 32);
ALTER TABLE host ADD COLUMN versions_digest BLOB CHECK (length(versions_digest) = 32);

ALTER TABLE evidence ADD COLUMN user_log_digest BLOB CHECK (length(user_log_digest) = 32);
ALTER TABLE evidence ADD COLUMN packages_digest BLOB CHECK (length(packages_digest) = 32);
-- as they were remembered before this evidence
ALTER TABLE evidence ADD COLUMN versions_digest BLOB CHECK (length(versions_digest) = 32);
