/* store/sqlite_enrol.c - who may enrol: tokens, the EK allow-list, offers under way. */
#include "store/sqlite.h"

#include <stdio.h>

/* ---- enrolment tokens ---- */

#define TOKEN_COLUMNS                                                                              \
    "id, label, grp, created_ms, created_by, expires_ms, uses_left, uses, revoked_ms"

static enum tb_store_status get_token(struct tb_sql *q, struct tb_enrol_token *out)
{
    tb_get_text(q, out->id, sizeof out->id);
    tb_get_text(q, out->label, sizeof out->label);
    tb_get_text(q, out->group, sizeof out->group);
    out->created_ms = tb_get_i64(q);
    tb_get_text(q, out->created_by, sizeof out->created_by);
    out->expires_ms = tb_get_i64(q);
    out->uses_left = (uint32_t)tb_get_i64(q);
    out->uses = (uint32_t)tb_get_i64(q);
    out->revoked_ms = tb_get_i64(q);
    return tb_row_status(q);
}

enum tb_store_status tb_sqlite_enrol_token_create(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_enrol_token *t = a->enrol_token;
    enum tb_store_status status;
    char uses[16];
    TB_SQL q = tb_sql(c, "INSERT INTO enrol_token (id, hash, label, grp, created_ms, created_by,"
                         " expires_ms, uses_left, uses)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)");

    tb_put_text(&q, t->id);
    tb_put_digest(&q, a->digest);
    tb_put_text(&q, t->label);
    tb_put_text(&q, t->group);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_text(&q, a->by->actor);
    tb_put_i64(&q, t->expires_ms);
    tb_put_i64(&q, t->uses);
    status = tb_sql_run(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_TOKENS, "");
    snprintf(uses, sizeof uses, "%u", t->uses);
    return tb_sqlite_log(c, a->by, "enrol-token.create", t->id,
                         TB_PAIRS("label", t->label, "group", t->group, "uses", uses));
}

enum tb_store_status tb_sqlite_enrol_token_check(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_enrol_token *out = a->enrol_token_out;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " TOKEN_COLUMNS " FROM enrol_token WHERE hash = ?1");

    tb_put_digest(&q, a->digest);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK)
        status = get_token(&q, out);
    if (status != TB_STORE_OK)
        return status;
    if (out->revoked_ms != 0 || out->expires_ms <= a->now_ms)
        return TB_STORE_STALE;
    return out->uses_left == 0 ? TB_STORE_LIMIT : TB_STORE_OK;
}

enum tb_store_status tb_sqlite_enrol_tokens(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " TOKEN_COLUMNS " FROM enrol_token ORDER BY created_ms DESC, id");

    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_enrol_token t;

        status = get_token(&q, &t);
        if (status != TB_STORE_OK || !a->enrol_token_fn(a->ctx, &t))
            return status;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_sqlite_enrol_token_revoke(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE enrol_token SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms = 0");

    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->by->now_ms);
    status = tb_sql_run_one(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_TOKENS, "");
    return tb_sqlite_log(c, a->by, "enrol-token.revoke", a->id, TB_PAIRS(NULL));
}

/* ---- EK allow-list ---- */

#define ALLOW_COLUMNS "ek_digest, host_name, grp, note, created_ms, created_by"

static enum tb_store_status get_allowed(struct tb_sql *q, struct tb_ek_allowed *out)
{
    (void)tb_get_digest(q, out->ek_digest);
    tb_get_text(q, out->host_name, sizeof out->host_name);
    tb_get_text(q, out->group, sizeof out->group);
    tb_get_text(q, out->note, sizeof out->note);
    out->created_ms = tb_get_i64(q);
    tb_get_text(q, out->created_by, sizeof out->created_by);
    return tb_row_status(q);
}

static enum tb_store_status log_allow(struct tb_sqlite *c, const struct tb_op_args *a,
                                      const char *action, const uint8_t *digest, const char *name)
{
    char hex[2 * TB_SHA256_LEN + 1];

    tb_hex(tb_slice(digest, TB_SHA256_LEN), hex, sizeof hex);
    tb_conn_changed(&c->base, TB_CHANGE_TOKENS, "");
    return tb_sqlite_log(c, a->by, action, hex, TB_PAIRS("name", name));
}

enum tb_store_status tb_sqlite_ek_allow_add(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_ek_allowed *e = a->ek_allowed;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "INSERT INTO ek_allow (" ALLOW_COLUMNS ")"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    tb_put_digest(&q, e->ek_digest);
    tb_put_text(&q, e->host_name);
    tb_put_text(&q, e->group);
    tb_put_text(&q, e->note);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_text(&q, a->by->actor);
    status = tb_sql_run(&q);
    if (status != TB_STORE_OK)
        return status;
    return log_allow(c, a, "ek-allow.add", e->ek_digest, e->host_name);
}

enum tb_store_status tb_sqlite_ek_allow_find(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " ALLOW_COLUMNS " FROM ek_allow WHERE ek_digest = ?1");

    tb_put_digest(&q, a->digest);
    status = tb_sql_step(&q);
    return status == TB_STORE_OK ? get_allowed(&q, a->ek_allowed_out) : status;
}

enum tb_store_status tb_sqlite_ek_allow_list(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " ALLOW_COLUMNS " FROM ek_allow ORDER BY created_ms DESC,"
                         " ek_digest");

    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_ek_allowed e;

        status = get_allowed(&q, &e);
        if (status != TB_STORE_OK || !a->ek_allowed_fn(a->ctx, &e))
            return status;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_sqlite_ek_allow_remove(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "DELETE FROM ek_allow WHERE ek_digest = ?1");

    tb_put_digest(&q, a->digest);
    status = tb_sql_run_one(&q);
    if (status != TB_STORE_OK)
        return status;
    return log_allow(c, a, "ek-allow.remove", a->digest, "");
}

/* ---- offers of a credential ---- */

/* Is there room for one more? Those that expired make room first. */
static enum tb_store_status make_room(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL gone = tb_sql(c, "DELETE FROM offer WHERE expires_ms <= ?1");
    TB_SQL count = tb_sql(c, "SELECT count(*) FROM offer");

    tb_put_i64(&gone, a->now_ms);
    status = tb_sql_run(&gone);
    if (status == TB_STORE_OK)
        status = tb_sql_step(&count);
    if (status == TB_STORE_OK && (uint64_t)tb_get_i64(&count) >= a->limit) {
        c->base.keep = true; /* what expired stays gone */
        return TB_STORE_LIMIT;
    }
    return status;
}

enum tb_store_status tb_sqlite_offer_put(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status = make_room(c, a);
    TB_SQL q = tb_sql(c, "INSERT INTO offer (id, expires_ms, state) VALUES (?1, ?2, ?3)");

    if (status != TB_STORE_OK)
        return status;
    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->until_ms);
    tb_put_bytes(&q, a->bytes);
    return tb_sql_run(&q);
}

enum tb_store_status tb_sqlite_offer_take(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    int64_t expires_ms;
    TB_SQL q = tb_sql(c, "DELETE FROM offer WHERE id = ?1 RETURNING expires_ms, state");

    tb_put_text(&q, a->id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    expires_ms = tb_get_i64(&q);
    if (expires_ms > a->now_ms && !tb_blob_set(a->blob_out, tb_get_slice(&q)))
        return TB_STORE_UNAVAILABLE;
    status = tb_sql_run(&q);
    if (status != TB_STORE_OK || expires_ms > a->now_ms)
        return status;
    c->base.keep = true; /* one try, and it was too late */
    return TB_STORE_STALE;
}
