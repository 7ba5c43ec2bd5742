/* store/sqlite_stmt.c - statements: prepared once, bound and read in order, reset by scope. */
#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>

enum tb_store_status tb_sqlite_fail(struct tb_sqlite *c, const char *what)
{
    snprintf(c->base.err, sizeof c->base.err, "%s: %s (%d)", what, sqlite3_errmsg(c->db),
             sqlite3_extended_errcode(c->db));
    return TB_STORE_UNAVAILABLE;
}

static sqlite3_stmt *prepare(struct tb_sqlite *c, const char *text, unsigned flags)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v3(c->db, text, -1, flags, &st, NULL) != SQLITE_OK)
        tb_sqlite_fail(c, "statement");
    return st;
}

struct tb_sql tb_sql_made(struct tb_sqlite *c, const char *text)
{
    sqlite3_stmt *st = prepare(c, text, 0);

    return (struct tb_sql){ .c = c, .st = st, .next_parameter = 1, .failed = !st, .own = true };
}

struct tb_sql tb_sql(struct tb_sqlite *c, const char *literal)
{
    size_t i = ((uintptr_t)literal >> 3) % TB_SQLITE_STATEMENTS;
    struct tb_sql q = { .c = c, .next_parameter = 1 };

    for (size_t n = 0; n < TB_SQLITE_STATEMENTS; n++, i = (i + 1) % TB_SQLITE_STATEMENTS) {
        struct tb_sqlite_slot *s = &c->slot[i];

        if (s->sql && s->sql != literal)
            continue;
        if (s->st && sqlite3_stmt_busy(s->st))
            break; /* in use further up: a second one, not kept */
        if (!s->st)
            s->st = prepare(c, literal, SQLITE_PREPARE_PERSISTENT);
        if (s->st)
            s->sql = literal;
        q.st = s->st;
        q.failed = !s->st;
        return q;
    }
    return tb_sql_made(c, literal);
}

void tb_sql_end(struct tb_sql *q)
{
    if (q->own) {
        sqlite3_finalize(q->st);
    } else if (q->st) {
        sqlite3_reset(q->st);
        sqlite3_clear_bindings(q->st);
    }
    q->st = NULL;
}

void tb_sql_again(struct tb_sql *q)
{
    sqlite3_reset(q->st); /* NULL is a no-op; the error, if any, was told by the step */
    q->next_parameter = 1;
    q->next_column = 0;
}

static void bound(struct tb_sql *q, int rc)
{
    if (rc == SQLITE_OK)
        return;
    if (!q->failed)
        tb_sqlite_fail(q->c, "parameter");
    q->failed = true;
}

void tb_put_text(struct tb_sql *q, const char *text)
{
    bound(q, sqlite3_bind_text(q->st, q->next_parameter++, text ? text : "", -1, SQLITE_STATIC));
}

void tb_put_i64(struct tb_sql *q, int64_t v)
{
    bound(q, sqlite3_bind_int64(q->st, q->next_parameter++, v));
}

void tb_put_bytes(struct tb_sql *q, struct tb_reader in)
{
    bound(q, sqlite3_bind_blob64(q->st, q->next_parameter++, in.left ? (const void *)in.p : "",
                                 in.left, SQLITE_STATIC));
}

void tb_put_digest(struct tb_sql *q, const uint8_t *digest)
{
    if (digest)
        tb_put_bytes(q, tb_slice(digest, TB_SHA256_LEN));
    else
        tb_put_null(q);
}

void tb_put_null(struct tb_sql *q)
{
    bound(q, sqlite3_bind_null(q->st, q->next_parameter++));
}

enum tb_store_status tb_sql_step(struct tb_sql *q)
{
    int rc;

    if (q->failed)
        return TB_STORE_UNAVAILABLE;
    rc = sqlite3_step(q->st);
    q->next_column = 0;
    if (rc == SQLITE_ROW)
        return TB_STORE_OK;
    if (rc == SQLITE_DONE)
        return TB_STORE_NOT_FOUND;
    rc = sqlite3_extended_errcode(q->c->db);
    tb_sqlite_fail(q->c, "statement");
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
        return TB_STORE_CONFLICT;
    return TB_STORE_UNAVAILABLE;
}

enum tb_store_status tb_sql_run(struct tb_sql *q)
{
    enum tb_store_status status;

    do
        status = tb_sql_step(q);
    while (status == TB_STORE_OK);
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_sql_run_one(struct tb_sql *q)
{
    enum tb_store_status status = tb_sql_run(q);

    if (status == TB_STORE_OK && sqlite3_changes(q->c->db) == 0)
        return TB_STORE_NOT_FOUND;
    return status;
}

/* ---- columns ---- */

struct tb_reader tb_get_slice(struct tb_sql *q)
{
    int i = q->next_column++;
    const void *p = sqlite3_column_blob(q->st, i);
    int n = sqlite3_column_bytes(q->st, i);

    return tb_slice(p, p && n > 0 ? (size_t)n : 0);
}

const char *tb_get_borrowed(struct tb_sql *q)
{
    const unsigned char *text = sqlite3_column_text(q->st, q->next_column++);

    return text ? (const char *)text : "";
}

void tb_get_text(struct tb_sql *q, char *out, size_t size)
{
    const char *text = tb_get_borrowed(q);
    size_t len = strlen(text);

    if (len >= size) {
        q->failed = true;
        len = 0;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

int64_t tb_get_i64(struct tb_sql *q)
{
    return sqlite3_column_int64(q->st, q->next_column++);
}

bool tb_get_bool(struct tb_sql *q)
{
    return tb_get_i64(q) != 0;
}

size_t tb_get_bytes(struct tb_sql *q, uint8_t *out, size_t size)
{
    struct tb_reader in = tb_get_slice(q);

    if (in.left > size) {
        q->failed = true;
        return 0;
    }
    if (in.left)
        memcpy(out, in.p, in.left);
    return in.left;
}

bool tb_get_digest(struct tb_sql *q, uint8_t out[TB_SHA256_LEN])
{
    struct tb_reader in = tb_get_slice(q);

    memset(out, 0, TB_SHA256_LEN);
    if (in.left == 0)
        return false;
    if (in.left != TB_SHA256_LEN) {
        q->failed = true;
        return false;
    }
    memcpy(out, in.p, TB_SHA256_LEN);
    return true;
}

enum tb_store_status tb_row_status(struct tb_sql *q)
{
    if (!q->failed)
        return TB_STORE_OK;
    snprintf(q->c->base.err, sizeof q->c->base.err, "the database holds a value out of its limits");
    return TB_STORE_UNAVAILABLE;
}
