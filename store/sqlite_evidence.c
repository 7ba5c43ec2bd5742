/* store/sqlite_evidence.c - challenges, evidence and the verdict that came of it.
 *
 * The hot path. What an unchanged attestation writes: the challenge's row away, the host's row and
 * its evidence row; all else only when something changed. */
#include "store/sqlite.h"

#include <string.h>

/* ---- challenges ---- */

/* Why the UPDATE of a host that had to be active found none. */
static enum tb_store_status not_active(struct tb_sqlite *c, const char *id)
{
    TB_SQL q = tb_sql(c, "SELECT 1 FROM host WHERE id = ?1 AND state <> 4");
    enum tb_store_status status;

    tb_put_text(&q, id);
    status = tb_sql_step(&q);
    return status == TB_STORE_OK ? TB_STORE_REFUSED : status;
}

enum tb_store_status tb_sqlite_challenge_put(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_challenge_record *r = a->challenge;
    enum tb_store_status status;
    TB_SQL seen = tb_sql(c, "UPDATE host SET last_seen_ms = max(last_seen_ms, ?2)"
                            " WHERE id = ?1 AND state = 2");
    TB_SQL put = tb_sql(c, "INSERT OR REPLACE INTO challenge (host_id, nonce, issued_ms,"
                           " expires_ms, wanted) VALUES (?1, ?2, ?3, ?4, ?5)");

    tb_put_text(&seen, a->id);
    tb_put_i64(&seen, r->issued_ms);
    status = tb_sql_run_one(&seen);
    if (status == TB_STORE_NOT_FOUND)
        return not_active(c, a->id);
    if (status != TB_STORE_OK)
        return status;
    tb_put_text(&put, a->id);
    tb_put_bytes(&put, tb_slice(r->nonce, TB_NONCE_LEN));
    tb_put_i64(&put, r->issued_ms);
    tb_put_i64(&put, r->expires_ms);
    tb_put_bytes(&put, tb_slice(r->wanted, r->wanted_len));
    return tb_sql_run(&put);
}

enum tb_store_status tb_sqlite_challenge_get(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_challenge_record *out = a->challenge_out;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT nonce, issued_ms, expires_ms, wanted FROM challenge"
                         " WHERE host_id = ?1");

    tb_put_text(&q, a->id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    if (tb_get_bytes(&q, out->nonce, sizeof out->nonce) != sizeof out->nonce)
        q.failed = true;
    out->issued_ms = tb_get_i64(&q);
    out->expires_ms = tb_get_i64(&q);
    out->wanted_len = tb_get_bytes(&q, out->wanted, sizeof out->wanted);
    status = tb_row_status(&q);
    return status == TB_STORE_OK && out->expires_ms <= a->now_ms ? TB_STORE_STALE : status;
}

/* The one place where a nonce ends (T-11). An expired one ends too, and that stays so. */
static enum tb_store_status take_nonce(struct tb_sqlite *c, const char *host_id,
                                       const uint8_t nonce[TB_NONCE_LEN], int64_t now_ms)
{
    enum tb_store_status status;
    int64_t expires_ms;
    TB_SQL q = tb_sql(c, "DELETE FROM challenge WHERE host_id = ?1 AND nonce = ?2"
                         " RETURNING expires_ms");

    tb_put_text(&q, host_id);
    tb_put_bytes(&q, tb_slice(nonce, TB_NONCE_LEN));
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    expires_ms = tb_get_i64(&q);
    status = tb_sql_run(&q);
    if (status != TB_STORE_OK)
        return status;
    if (expires_ms > now_ms)
        return TB_STORE_OK;
    c->base.keep = true;
    return TB_STORE_STALE;
}

enum tb_store_status tb_sqlite_spend_nonce(struct tb_sqlite *c, const struct tb_op_args *a)
{
    return take_nonce(c, a->id, a->digest, a->now_ms);
}

/* ---- blobs ---- */

static enum tb_store_status blob_held(struct tb_sqlite *c, const uint8_t *digest)
{
    TB_SQL q = tb_sql(c, "SELECT 1 FROM blob WHERE digest = ?1");

    tb_put_digest(&q, digest);
    return tb_sql_step(&q);
}

enum tb_store_status tb_sqlite_blob_held(struct tb_sqlite *c, const struct tb_op_args *a)
{
    return blob_held(c, a->digest);
}

/* present: what the host's row names, and so what the purge leaves alone. */
static enum tb_store_status keep_blob(struct tb_sqlite *c, const struct tb_packed *blob,
                                      bool has_present, const uint8_t *present, int64_t now_ms)
{
    enum tb_store_status status;

    if (!blob->digest || (has_present && memcmp(present, blob->digest, TB_SHA256_LEN) == 0))
        return TB_STORE_OK;
    status = blob_held(c, blob->digest);
    if (status != TB_STORE_NOT_FOUND)
        return status;
    if (blob->len > 0 && blob->data.left == 0)
        return TB_STORE_INVALID;

    TB_SQL q = tb_sql(c, "INSERT INTO blob (digest, created_ms, len, data)"
                         " VALUES (?1, ?2, ?3, ?4)");

    tb_put_digest(&q, blob->digest);
    tb_put_i64(&q, now_ms);
    tb_put_i64(&q, (int64_t)blob->len);
    tb_put_bytes(&q, blob->data);
    return tb_sql_run(&q);
}

enum tb_store_status tb_sqlite_host_set_versions(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status = keep_blob(c, a->packed, false, NULL, a->by->now_ms);
    TB_SQL q = tb_sql(c, "UPDATE host SET versions_digest = ?2 WHERE id = ?1 AND state <> 4");

    if (status != TB_STORE_OK)
        return status;
    tb_put_text(&q, a->id);
    tb_put_digest(&q, a->packed->digest);
    status = tb_sql_run_one(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_HOST, a->id);
    return tb_sqlite_log(c, a->by, "host.accept-rollback", a->id, TB_PAIRS("versions", a->text));
}

enum tb_store_status tb_sqlite_blob_get(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    size_t len;
    TB_SQL q = tb_sql(c, "SELECT len, data FROM blob WHERE digest = ?1");

    tb_put_digest(&q, a->digest);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    len = (size_t)tb_get_i64(&q);
    if (!tb_store_unpack(tb_get_slice(&q), len, a->blob_out))
        q.failed = true;
    return tb_row_status(&q);
}

/* ---- accepted evidence ---- */

/* What the host's row said before. */
struct before {
    enum tb_verdict verdict;
    char code[TB_STORE_CODE_MAX + 1];
    int64_t since_ms;
    bool has[TB_N_BLOB_PARTS];
    uint8_t digest[TB_N_BLOB_PARTS][TB_SHA256_LEN];
    bool has_shape;
    uint8_t shape[TB_SHA256_LEN];
};

static enum tb_store_status get_before(struct tb_sqlite *c, const char *id, struct before *out)
{
    enum tb_store_status status;
    enum tb_host_state state;
    enum tb_tpm_state tpm;
    TB_SQL q =
        tb_sql(c, "SELECT state, tpm, verdict, headline_code, since_ms, log_digest,"
                  " pcrs_digest, result_digest, user_log_digest, packages_digest, versions_digest,"
                  " shape FROM host WHERE id = ?1 AND state <> 4");

    tb_put_text(&q, id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    state = (enum tb_host_state)tb_get_i64(&q);
    tpm = (enum tb_tpm_state)tb_get_i64(&q);
    out->verdict = (enum tb_verdict)tb_get_i64(&q);
    tb_get_text(&q, out->code, sizeof out->code);
    out->since_ms = tb_get_i64(&q);
    for (size_t i = 0; i < TB_N_BLOB_PARTS; i++)
        out->has[i] = tb_get_digest(&q, out->digest[i]);
    out->has_shape = tb_get_digest(&q, out->shape);
    status = tb_row_status(&q);
    if (status == TB_STORE_OK && (state != TB_HOST_ACTIVE || tpm != TB_TPM_STATE_20))
        return TB_STORE_REFUSED;
    return status;
}

static enum tb_store_status update_host(struct tb_sqlite *c, const struct tb_appraised *in)
{
    uint8_t firmware[TB_FIRMWARE_BYTES_MAX];
    size_t firmware_len = 0;
    TB_SQL q = tb_sql(
        c, "UPDATE host SET headline = ?2, secure_boot = ?3, last_seen_ms = max(last_seen_ms, ?4),"
           " last_evidence_ms = ?4, last_verified_ms = iif(?5, ?4, last_verified_ms),"
           " period_last_ms = ?4, period_count = period_count + 1, log_digest = iif(?5, ?6, "
           "log_digest),"
           " pcrs_digest = iif(?5, ?7, pcrs_digest), result_digest = ?8, agent_version = iif(?9, "
           "?10, agent_version),"
           " firmware = iif(?11, ?12, firmware), trusted_ms = iif(?13, ?4, trusted_ms),"
           " trusted_log = iif(?13, ?6, trusted_log), trusted_pcrs = iif(?13, ?7, trusted_pcrs)"
           " WHERE id = ?1");

    tb_put_text(&q, in->host_id);
    tb_put_text(&q, in->headline);
    tb_put_i64(&q, in->secure_boot);
    tb_put_i64(&q, in->now_ms);
    tb_put_i64(&q, in->genuine);
    tb_put_digest(&q, in->log.digest);
    tb_put_digest(&q, in->pcrs.digest);
    tb_put_digest(&q, in->result.digest);
    tb_put_i64(&q, in->agent_version != NULL);
    tb_put_text(&q, in->agent_version);
    tb_put_i64(&q, in->firmware != NULL);
    if (in->firmware && in->firmware->present) {
        tb_firmware_pack(in->firmware, firmware, &firmware_len);
        tb_put_bytes(&q, tb_slice(firmware, firmware_len));
    } else {
        tb_put_null(&q);
    }
    tb_put_i64(&q, in->verdict == TB_VERDICT_TRUSTED);
    return tb_sql_run_one(&q);
}

/* Seldom another one: its index is not touched otherwise. */
static enum tb_store_status update_shape(struct tb_sqlite *c, const struct tb_appraised *in,
                                         const struct before *was)
{
    TB_SQL q = tb_sql(c, "UPDATE host SET shape = ?2 WHERE id = ?1");

    if (!in->genuine ||
        (in->shape ? was->has_shape && memcmp(in->shape, was->shape, 32) == 0 : !was->has_shape))
        return TB_STORE_OK;
    tb_put_text(&q, in->host_id);
    tb_put_digest(&q, in->shape);
    return tb_sql_run_one(&q);
}

static enum tb_store_status update_memory(struct tb_sqlite *c, const struct tb_appraised *in)
{
    TB_SQL q = tb_sql(c, "UPDATE host SET memory_present = ?2, clock_ms = ?3, reset_count = ?4,"
                         " restart_count = ?5, firmware_version = ?6, boot_id = ?7, banks = ?8"
                         " WHERE id = ?1");

    if (!in->genuine) /* what nobody vouches for is not remembered */
        return TB_STORE_OK;
    tb_put_text(&q, in->host_id);
    tb_put_i64(&q, in->memory.present);
    tb_put_i64(&q, (int64_t)in->memory.clock_ms);
    tb_put_i64(&q, in->memory.reset_count);
    tb_put_i64(&q, in->memory.restart_count);
    tb_put_i64(&q, (int64_t)in->memory.firmware_version);
    tb_put_text(&q, in->memory.boot_id);
    tb_put_i64(&q, in->memory.banks);
    return tb_sql_run_one(&q);
}

static bool is_other(const uint8_t *digest, bool had, const uint8_t *before)
{
    return digest ? !had || memcmp(digest, before, TB_SHA256_LEN) != 0 : had;
}

/* What only hosts on our own boot chain have; the same for a whole boot. */
static enum tb_store_status update_chain(struct tb_sqlite *c, const struct tb_appraised *in,
                                         const struct before *was)
{
    const uint8_t *const versions =
        was->has[TB_PART_VERSIONS] ? was->digest[TB_PART_VERSIONS] : NULL;
    bool as_appraised = !is_other(in->versions_before, versions != NULL, versions);
    TB_SQL q = tb_sql(c, "UPDATE host SET user_log_digest = ?2, packages_digest = ?3,"
                         " versions_digest = ?4 WHERE id = ?1");

    if (!in->genuine || (!is_other(in->user_log.digest, was->has[TB_PART_USER_LOG],
                                   was->digest[TB_PART_USER_LOG]) &&
                         !is_other(in->packages.digest, was->has[TB_PART_PACKAGES],
                                   was->digest[TB_PART_PACKAGES]) &&
                         !in->versions.digest))
        return TB_STORE_OK;
    tb_put_text(&q, in->host_id);
    tb_put_digest(&q, in->user_log.digest);
    tb_put_digest(&q, in->packages.digest);
    tb_put_digest(&q, in->versions.digest && as_appraised ? in->versions.digest : versions);
    return tb_sql_run_one(&q);
}

static enum tb_store_status put_evidence(struct tb_sqlite *c, const struct tb_appraised *in,
                                         const struct tb_packed *content)
{
    TB_SQL q =
        tb_sql(c, "INSERT OR REPLACE INTO evidence (host_id, received_ms, verdict, genuine, nonce,"
                  " exporter, policy_digest, quote, signature, context, content_len, content,"
                  " log_digest, pcrs_digest, result_digest, user_log_digest, packages_digest,"
                  " versions_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
                  " ?13, ?14, ?15, ?16, ?17, ?18)");

    tb_put_text(&q, in->host_id);
    tb_put_i64(&q, in->now_ms);
    tb_put_i64(&q, in->verdict);
    tb_put_i64(&q, in->genuine);
    tb_put_bytes(&q, tb_slice(in->nonce, TB_NONCE_LEN));
    tb_put_bytes(&q, tb_slice(in->exporter, TB_EXPORTER_LEN));
    tb_put_digest(&q, in->policy_digest);
    tb_put_bytes(&q, in->quote);
    tb_put_bytes(&q, in->signature);
    tb_put_bytes(&q, in->context);
    tb_put_i64(&q, (int64_t)content->len);
    tb_put_bytes(&q, content->data);
    tb_put_digest(&q, in->log.digest);
    tb_put_digest(&q, in->pcrs.digest);
    tb_put_digest(&q, in->result.digest);
    tb_put_digest(&q, in->user_log.digest);
    tb_put_digest(&q, in->packages.digest);
    tb_put_digest(&q, in->versions_before);
    return tb_sql_run(&q);
}

static enum tb_store_status update_incidents(struct tb_sqlite *c, const struct tb_appraised *in,
                                             struct tb_accepted *out)
{
    enum tb_store_status status;

    if (in->verdict != TB_VERDICT_TRUSTED)
        return tb_sqlite_incident(c, in->host_id, false, in->verdict, in->headline_code,
                                  in->headline, in->now_ms, &out->incident_id);
    if (!out->verdict_changed)
        return TB_STORE_OK; /* trusted before: nothing is open */

    TB_SQL q = tb_sql(c, "UPDATE incident SET closed_ms = ?2"
                         " WHERE host_id = ?1 AND closed_ms = 0 AND event = 0");

    tb_put_text(&q, in->host_id);
    tb_put_i64(&q, in->now_ms);
    status = tb_sql_run_one(&q);
    if (status == TB_STORE_NOT_FOUND)
        return TB_STORE_OK;
    if (status == TB_STORE_OK) {
        out->n_closed = (uint32_t)sqlite3_changes(c->db);
        tb_conn_changed(&c->base, TB_CHANGE_INCIDENT, in->host_id);
    }
    return status;
}

static enum tb_store_status update_period(struct tb_sqlite *c, const struct tb_appraised *in,
                                          const struct before *was, struct tb_accepted *out)
{
    const char *code = in->headline_code ? in->headline_code : "";

    out->previous = was->verdict;
    out->since_ms = was->since_ms;
    out->verdict_changed = was->verdict != in->verdict || strcmp(was->code, code) != 0;
    if (!out->verdict_changed)
        return TB_STORE_OK;
    out->since_ms = in->now_ms;
    return tb_sqlite_new_period(c,
                                &(struct tb_new_period){ .host_id = in->host_id,
                                                         .before = was->verdict,
                                                         .verdict = in->verdict,
                                                         .code = code,
                                                         .headline = in->headline,
                                                         .result_digest = in->result.digest,
                                                         .log_digest = in->log.digest,
                                                         .pcrs_digest = in->pcrs.digest,
                                                         .policy_digest = in->policy_digest },
                                &(struct tb_store_by){ .actor = "verifier", .now_ms = in->now_ms });
}

enum tb_store_status tb_sqlite_accept_evidence(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_appraised *in = a->appraised;
    struct tb_accepted *out = a->accepted_out;
    struct before was;
    enum tb_store_status status = get_before(c, in->host_id, &was);

    if (status == TB_STORE_OK)
        status = take_nonce(c, in->host_id, in->nonce, in->now_ms);
    for (size_t i = 0; i < TB_N_BLOB_PARTS && status == TB_STORE_OK; i++)
        status = keep_blob(c, &a->packed[i], was.has[i], was.digest[i], in->now_ms);
    if (status == TB_STORE_OK)
        status = update_period(c, in, &was, out);
    if (status == TB_STORE_OK)
        status = update_host(c, in);
    if (status == TB_STORE_OK)
        status = update_shape(c, in, &was);
    if (status == TB_STORE_OK)
        status = update_memory(c, in);
    if (status == TB_STORE_OK)
        status = update_chain(c, in, &was);
    if (status == TB_STORE_OK)
        status = put_evidence(c, in, &a->packed[TB_PART_CONTENT]);
    if (status == TB_STORE_OK)
        status = update_incidents(c, in, out);
    if (status == TB_STORE_OK)
        tb_conn_changed(&c->base, out->verdict_changed ? TB_CHANGE_HOST : TB_CHANGE_SEEN,
                        in->host_id);
    return status;
}

/* ---- reading it back ---- */

static enum tb_store_status named_blob(struct tb_sqlite *c, bool named, const uint8_t *digest,
                                       struct tb_blob *out)
{
    if (!named)
        return TB_STORE_OK;
    return tb_sqlite_blob_get(c, &(struct tb_op_args){ .digest = digest, .blob_out = out });
}

enum tb_store_status tb_sqlite_evidence_get(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_evidence_record *out = a->evidence_out;
    const struct {
        uint8_t *digest;
        struct tb_blob *blob;
    } part[TB_N_BLOB_PARTS] = {
        [TB_PART_LOG] = { out->log_digest, &out->log },
        [TB_PART_PCRS] = { out->pcrs_digest, &out->pcrs },
        [TB_PART_RESULT] = { out->result_digest, &out->result },
        [TB_PART_USER_LOG] = { out->user_log_digest, &out->user_log },
        [TB_PART_PACKAGES] = { out->packages_digest, &out->packages },
        [TB_PART_VERSIONS] = { out->versions_digest, &out->versions },
    };
    bool has[TB_N_BLOB_PARTS];
    size_t len;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT host_id, received_ms, verdict, genuine, nonce, exporter,"
                         " policy_digest, quote, signature, context, content_len, content,"
                         " log_digest, pcrs_digest, result_digest, user_log_digest,"
                         " packages_digest, versions_digest FROM evidence WHERE host_id = ?1");

    tb_put_text(&q, a->id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_get_text(&q, out->host_id, sizeof out->host_id);
    out->received_ms = tb_get_i64(&q);
    out->verdict = (enum tb_verdict)tb_get_i64(&q);
    out->genuine = tb_get_bool(&q);
    (void)tb_get_bytes(&q, out->nonce, sizeof out->nonce);
    (void)tb_get_bytes(&q, out->exporter, sizeof out->exporter);
    (void)tb_get_digest(&q, out->policy_digest);
    if (!tb_blob_set(&out->quote, tb_get_slice(&q)) ||
        !tb_blob_set(&out->signature, tb_get_slice(&q)) ||
        !tb_blob_set(&out->context, tb_get_slice(&q)))
        q.failed = true;
    len = (size_t)tb_get_i64(&q);
    if (!tb_store_unpack(tb_get_slice(&q), len, &out->content))
        q.failed = true;
    for (size_t i = 0; i < TB_N_BLOB_PARTS; i++)
        has[i] = tb_get_digest(&q, part[i].digest);
    status = tb_row_status(&q);
    for (size_t i = 0; i < TB_N_BLOB_PARTS && status == TB_STORE_OK; i++)
        status = named_blob(c, has[i], part[i].digest, part[i].blob);
    return status;
}

/* The first active host with evidence behind the id given, and its evidence. */
enum tb_store_status tb_sqlite_evidence_next(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " TB_HOST_COLUMNS " FROM host WHERE id > ?1 AND state = 2"
                         " AND (?2 = 0 OR grp = ?3)"
                         " AND EXISTS (SELECT 1 FROM evidence WHERE host_id = host.id)"
                         " ORDER BY id LIMIT 1");

    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->text != NULL);
    tb_put_text(&q, a->text);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK)
        status = tb_get_host(&q, a->host_out);
    if (status != TB_STORE_OK)
        return status;
    status = tb_sqlite_evidence_get(
        c, &(struct tb_op_args){ .id = a->host_out->id, .evidence_out = a->evidence_out });
    return status == TB_STORE_NOT_FOUND ? TB_STORE_UNAVAILABLE : status;
}

/* ---- silence ---- */

#define SILENT                                                                                     \
    "SELECT id, verdict, iif(last_seen_ms < ?1, 7, 6) AS next FROM host"                           \
    " WHERE state = 2 AND tpm = 2 AND last_evidence_ms > 0 AND verdict IN (1, 2, 3, 6, 7)"         \
    " AND (last_seen_ms < ?1 OR last_evidence_ms < ?2) AND verdict <> next"

enum tb_store_status tb_sqlite_silent(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_silent_list *list = a->silent_io;
    enum tb_store_status status = TB_STORE_OK;
    TB_SQL q = tb_sql(c, SILENT " AND (?3 = 0 OR grp = ?4) LIMIT ?5");

    tb_put_i64(&q, a->silence->unreachable_before_ms);
    tb_put_i64(&q, a->silence->stale_before_ms);
    tb_put_i64(&q, a->silence->group != NULL);
    tb_put_text(&q, a->silence->group);
    tb_put_i64(&q, (int64_t)a->limit);
    while (list->n < a->limit && (status = tb_sql_step(&q)) == TB_STORE_OK) {
        tb_get_text(&q, list->p[list->n].id, sizeof list->p[list->n].id);
        list->n++;
        status = tb_row_status(&q);
        if (status != TB_STORE_OK)
            return status;
    }
    return list->n == a->limit || status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

/* One of the list, if it is silent still. */
static enum tb_store_status mark_one(struct tb_sqlite *c, const struct tb_op_args *a,
                                     struct tb_silent_host *host)
{
    const struct tb_silence *s = a->silence;
    enum tb_store_status status;
    bool stale;
    TB_SQL q = tb_sql(c, SILENT " AND id = ?3");

    tb_put_i64(&q, s->unreachable_before_ms);
    tb_put_i64(&q, s->stale_before_ms);
    tb_put_text(&q, host->id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
    (void)tb_get_i64(&q);
    host->before = (enum tb_verdict)tb_get_i64(&q);
    host->now = (enum tb_verdict)tb_get_i64(&q);
    tb_sql_again(&q);
    stale = host->now == TB_VERDICT_STALE;
    status = tb_sqlite_new_period(
        c,
        &(struct tb_new_period){ .host_id = host->id,
                                 .before = host->before,
                                 .verdict = host->now,
                                 .code = stale ? "host.stale" : "host.unreachable",
                                 .headline = stale ? s->stale_headline : s->unreachable_headline },
        a->by);
    host->changed = status == TB_STORE_OK;
    tb_conn_changed(&c->base, TB_CHANGE_HOST, host->id);
    return status;
}

enum tb_store_status tb_sqlite_mark_silent(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status = TB_STORE_OK;

    for (size_t i = 0; i < a->silent_io->n && status == TB_STORE_OK; i++)
        status = mark_one(c, a, &a->silent_io->p[i]);
    return status;
}
