/* store/sqlite_access.c - settings, policies, people's keys and sessions. */
#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>

/* ---- settings ---- */

enum tb_store_status tb_sqlite_setting_get(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT value FROM setting WHERE name = ?1");

    tb_put_text(&q, a->text);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK && !tb_blob_set(a->blob_out, tb_get_slice(&q)))
        return TB_STORE_UNAVAILABLE;
    return status;
}

enum tb_store_status tb_sqlite_setting_put(struct tb_sqlite *c, const struct tb_op_args *a)
{
    TB_SQL q = tb_sql(c, "INSERT OR REPLACE INTO setting (name, value) VALUES (?1, ?2)");

    tb_put_text(&q, a->text);
    tb_put_bytes(&q, a->bytes);
    return tb_sql_run(&q);
}

enum tb_store_status tb_sqlite_setting_init(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "INSERT INTO setting (name, value) VALUES (?1, ?2)"
                         " ON CONFLICT (name) DO NOTHING");

    tb_put_text(&q, a->text);
    tb_put_bytes(&q, a->bytes);
    status = tb_sql_run(&q);
    return status == TB_STORE_OK ? tb_sqlite_setting_get(c, a) : status;
}

/* ---- policies ---- */

#define POLICY_COLUMNS "version, grp, digest, created_ms, author"

static enum tb_store_status get_policy(struct tb_sql *q, struct tb_policy_record *out)
{
    out->version = tb_get_i64(q);
    tb_get_text(q, out->group, sizeof out->group);
    (void)tb_get_digest(q, out->digest);
    out->created_ms = tb_get_i64(q);
    tb_get_text(q, out->author, sizeof out->author);
    return tb_row_status(q);
}

/* The version that is current for the very group, if digest and text are these: a text that was
 * damaged is put anew under the digest that it lost. */
static enum tb_store_status current_is(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    uint8_t digest[TB_SHA256_LEN];
    struct tb_reader text;
    TB_SQL q = tb_sql(c, "SELECT version, digest, text FROM policy WHERE grp = ?1"
                         " ORDER BY version DESC LIMIT 1");

    tb_put_text(&q, a->text);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    *a->i_out = tb_get_i64(&q);
    if (!tb_get_digest(&q, digest) || memcmp(digest, a->digest, sizeof digest) != 0)
        return TB_STORE_NOT_FOUND;
    text = tb_get_slice(&q);
    if (text.left != a->bytes.left || memcmp(text.p, a->bytes.p, text.left) != 0)
        return TB_STORE_NOT_FOUND;
    return TB_STORE_OK;
}

enum tb_store_status tb_sqlite_policy_put(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status = current_is(c, a);
    char hex[2 * TB_SHA256_LEN + 1], version[24];
    TB_SQL q = tb_sql(c, "INSERT INTO policy (version, grp, digest, text, created_ms, author)"
                         " SELECT coalesce(max(version), 0) + 1, ?1, ?2, ?3, ?4, ?5 FROM policy"
                         " RETURNING version");

    if (status != TB_STORE_NOT_FOUND)
        return status;
    tb_put_text(&q, a->text);
    tb_put_digest(&q, a->digest);
    tb_put_bytes(&q, a->bytes);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_text(&q, a->by->actor);
    if (tb_sql_step(&q) != TB_STORE_OK)
        return TB_STORE_UNAVAILABLE;
    *a->i_out = tb_get_i64(&q);
    status = tb_sql_run(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_hex(tb_slice(a->digest, TB_SHA256_LEN), hex, sizeof hex);
    snprintf(version, sizeof version, "%lld", (long long)*a->i_out);
    tb_conn_changed(&c->base, TB_CHANGE_POLICY, "");
    return tb_sqlite_log(c, a->by, "policy.put", version,
                         TB_PAIRS("group", a->text, "digest", hex));
}

/* By version, or (0) what is current for the group. */
enum tb_store_status tb_sqlite_policy_get(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, a->before != 0
                             ? "SELECT " POLICY_COLUMNS ", text FROM policy WHERE version = ?1"
                             : "SELECT " POLICY_COLUMNS ", text FROM policy WHERE grp IN (?1, '')"
                               " ORDER BY grp = ?1 DESC, version DESC LIMIT 1");

    if (a->before != 0)
        tb_put_i64(&q, a->before);
    else
        tb_put_text(&q, a->text);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK)
        status = get_policy(&q, a->policy_out);
    if (status == TB_STORE_OK && !tb_blob_set(a->blob_out, tb_get_slice(&q)))
        return TB_STORE_UNAVAILABLE;
    return status;
}

enum tb_store_status tb_sqlite_policies(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " POLICY_COLUMNS " FROM policy WHERE version < ?1"
                         " ORDER BY version DESC LIMIT ?2");

    tb_put_i64(&q, a->before > 0 ? a->before : INT64_MAX);
    tb_put_i64(&q, (int64_t)a->limit);
    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_policy_record p;

        status = get_policy(&q, &p);
        if (status != TB_STORE_OK || !a->policy_fn(a->ctx, &p))
            return status;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

/* ---- people's keys ---- */

#define KEY_COLUMNS "k.id, k.label, k.role, k.created_ms, k.created_by, k.expires_ms, k.revoked_ms"

static enum tb_store_status get_key(struct tb_sql *q, struct tb_api_key *out)
{
    tb_get_text(q, out->id, sizeof out->id);
    tb_get_text(q, out->label, sizeof out->label);
    tb_get_text(q, out->role, sizeof out->role);
    out->created_ms = tb_get_i64(q);
    tb_get_text(q, out->created_by, sizeof out->created_by);
    out->expires_ms = tb_get_i64(q);
    out->revoked_ms = tb_get_i64(q);
    return tb_row_status(q);
}

static enum tb_store_status key_is_good(const struct tb_api_key *k, int64_t now_ms)
{
    if (k->revoked_ms != 0 || (k->expires_ms != 0 && k->expires_ms <= now_ms))
        return TB_STORE_STALE;
    return TB_STORE_OK;
}

enum tb_store_status tb_sqlite_api_key_create(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_api_key *k = a->api_key;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "INSERT INTO api_key (id, hash, label, role, created_ms, created_by,"
                         " expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

    tb_put_text(&q, k->id);
    tb_put_digest(&q, a->digest);
    tb_put_text(&q, k->label);
    tb_put_text(&q, k->role);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_text(&q, a->by->actor);
    tb_put_i64(&q, k->expires_ms);
    status = tb_sql_run(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_TOKENS, "");
    return tb_sqlite_log(c, a->by, "api-token.create", k->id,
                         TB_PAIRS("label", k->label, "role", k->role));
}

enum tb_store_status tb_sqlite_api_key_find(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " KEY_COLUMNS " FROM api_key k WHERE k.hash = ?1");

    tb_put_digest(&q, a->digest);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK)
        status = get_key(&q, a->api_key_out);
    return status == TB_STORE_OK ? key_is_good(a->api_key_out, a->now_ms) : status;
}

enum tb_store_status tb_sqlite_api_keys(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " KEY_COLUMNS " FROM api_key k ORDER BY k.created_ms DESC, k.id");

    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_api_key k;

        status = get_key(&q, &k);
        if (status != TB_STORE_OK || !a->api_key_fn(a->ctx, &k))
            return status;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_sqlite_api_key_revoke(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE api_key SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms = 0");
    TB_SQL sessions = tb_sql(c, "DELETE FROM session WHERE key_id = ?1");

    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->by->now_ms);
    status = tb_sql_run_one(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_put_text(&sessions, a->id);
    status = tb_sql_run(&sessions);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_TOKENS, "");
    return tb_sqlite_log(c, a->by, "api-token.revoke", a->id, TB_PAIRS(NULL));
}

/* ---- sessions ---- */

static enum tb_store_status live_key(struct tb_sqlite *c, const char *id, int64_t now_ms)
{
    struct tb_api_key k;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " KEY_COLUMNS " FROM api_key k WHERE k.id = ?1");

    tb_put_text(&q, id);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK)
        status = get_key(&q, &k);
    return status == TB_STORE_OK ? key_is_good(&k, now_ms) : status;
}

enum tb_store_status tb_sqlite_session_create(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status = live_key(c, a->id, a->now_ms);
    TB_SQL q = tb_sql(c, "INSERT INTO session (hash, key_id, created_ms, expires_ms)"
                         " VALUES (?1, ?2, ?3, ?4)");

    if (status != TB_STORE_OK)
        return status;
    tb_put_digest(&q, a->digest);
    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->now_ms);
    tb_put_i64(&q, a->until_ms);
    return tb_sql_run(&q);
}

enum tb_store_status tb_sqlite_session_find(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT " KEY_COLUMNS ", s.expires_ms FROM session s"
                         " JOIN api_key k ON k.id = s.key_id WHERE s.hash = ?1");

    tb_put_digest(&q, a->digest);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK)
        status = get_key(&q, a->api_key_out);
    if (status == TB_STORE_OK && tb_get_i64(&q) <= a->now_ms)
        status = TB_STORE_STALE;
    return status == TB_STORE_OK ? key_is_good(a->api_key_out, a->now_ms) : status;
}

enum tb_store_status tb_sqlite_session_delete(struct tb_sqlite *c, const struct tb_op_args *a)
{
    TB_SQL q = tb_sql(c, "DELETE FROM session WHERE hash = ?1");

    tb_put_digest(&q, a->digest);
    return tb_sql_run_one(&q);
}
