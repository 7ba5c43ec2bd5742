/* store/sqlite.c - the embedded database: the file, its schema, transactions.
 *
 * WAL with synchronous=FULL: a commit that returned survives power loss. One writer per process;
 * several processes may share the file (BEGIN IMMEDIATE, busy_timeout), which is how two replicas
 * are tested. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x54427374 /* "TBst": SQLite file format, 1.3 */
#define BUSY_MS 10000             /* another process's transaction may take so long */
#define CHECK_PAGES 16384         /* a file up to so many pages is checked whole at opening */

struct where {
    struct tb_migrations migrations;
    char path[];
};

static const char *const schema[] = {
#include "schema_001.inc"
    ,
#include "schema_002.inc"
    ,
#include "schema_003.inc"
    ,
};
const struct tb_migrations tb_sqlite_migrations = { schema, sizeof schema / sizeof *schema };

/* Indexed by enum tb_op. */
static const tb_sqlite_op operation[TB_N_OPS] = {
#define X(name) [TB_OP_##name] = tb_sqlite_##name,
    TB_STORE_WRITES(X) TB_STORE_READS(X)
#undef X
};

static bool exec(struct tb_sqlite *c, const char *text)
{
    if (sqlite3_exec(c->db, text, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    tb_sqlite_fail(c, text);
    return false;
}

static bool exec_kept(struct tb_sqlite *c, const char *literal)
{
    TB_SQL q = tb_sql(c, literal);

    return tb_sql_run(&q) == TB_STORE_OK;
}

static bool pragma_i64(struct tb_sqlite *c, const char *text, int64_t *out)
{
    TB_SQL q = tb_sql_made(c, text);

    if (tb_sql_step(&q) != TB_STORE_OK)
        return false;
    *out = tb_get_i64(&q);
    return true;
}

/* ---- transactions ---- */

static bool sqlite_begin(struct tb_conn *base, bool write)
{
    struct tb_sqlite *c = (struct tb_sqlite *)base;

    return write ? exec_kept(c, "BEGIN IMMEDIATE") : exec_kept(c, "BEGIN");
}

static bool sqlite_commit(struct tb_conn *base)
{
    struct tb_sqlite *c = (struct tb_sqlite *)base;

    /* After some errors SQLite has rolled back by itself: then nothing was committed. */
    return !sqlite3_get_autocommit(c->db) && exec_kept(c, "COMMIT");
}

static void sqlite_rollback(struct tb_conn *base)
{
    struct tb_sqlite *c = (struct tb_sqlite *)base;
    char err[TB_STORE_ERR_LEN];

    if (sqlite3_get_autocommit(c->db))
        return;
    memcpy(err, base->err, sizeof err); /* the cause, not what follows from it */
    if (!exec_kept(c, "ROLLBACK"))
        base->broken = true;
    memcpy(base->err, err, sizeof err);
}

static enum tb_store_status run_write(struct tb_sqlite *c, enum tb_op op,
                                      const struct tb_op_args *a)
{
    enum tb_store_status status;
    char err[TB_STORE_ERR_LEN];
    bool ok;

    if (!exec_kept(c, "SAVEPOINT operation")) {
        c->base.broken = sqlite3_get_autocommit(c->db);
        return TB_STORE_UNAVAILABLE;
    }
    status = operation[op](c, a);
    memcpy(err, c->base.err, sizeof err);
    if (sqlite3_get_autocommit(c->db)) {
        c->base.broken = true; /* all is gone: later writes must not stand alone */
        return TB_STORE_UNAVAILABLE;
    }
    ok = status == TB_STORE_OK || c->base.keep || exec_kept(c, "ROLLBACK TO operation");
    if (!ok || !exec_kept(c, "RELEASE operation"))
        c->base.broken = true;
    if (status == TB_STORE_UNAVAILABLE)
        memcpy(c->base.err, err, sizeof err);
    return status;
}

static enum tb_store_status sqlite_run(struct tb_conn *base, enum tb_op op,
                                       const struct tb_op_args *a)
{
    struct tb_sqlite *c = (struct tb_sqlite *)base;

    return c->writer ? run_write(c, op, a) : operation[op](c, a);
}

/* Moves the WAL into the file while nobody waits; readers are not disturbed. */
static void sqlite_idle(struct tb_conn *base)
{
    struct tb_sqlite *c = (struct tb_sqlite *)base;

    sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void sqlite_disconnect(struct tb_conn *base)
{
    struct tb_sqlite *c = (struct tb_sqlite *)base;

    for (size_t i = 0; i < TB_SQLITE_STATEMENTS; i++)
        sqlite3_finalize(c->slot[i].st);
    if (sqlite3_close(c->db) != SQLITE_OK)
        sqlite3_close_v2(c->db);
    free(base->changes);
    free(c);
}

/* ---- opening ---- */

enum tb_store_status tb_sqlite_schema(struct tb_sqlite *c, const struct tb_op_args *a)
{
    TB_SQL q = tb_sql(c, "SELECT value FROM meta WHERE name = 'schema'");
    enum tb_store_status status = tb_sql_step(&q);

    if (status == TB_STORE_OK)
        *a->i_out = tb_get_i64(&q);
    return status;
}

static bool connection_settings(struct tb_sqlite *c)
{
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, BUSY_MS);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    return exec(c, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;"
                   "PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;");
}

static struct tb_sqlite *open_connection(const char *path, int flags, char err[TB_STORE_ERR_LEN])
{
    struct tb_sqlite *c = calloc(1, sizeof *c);

    if (!c) {
        snprintf(err, TB_STORE_ERR_LEN, "out of memory");
        return NULL;
    }
    if (sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        snprintf(err, TB_STORE_ERR_LEN, "%s: %s", path,
                 c->db ? sqlite3_errmsg(c->db) : "out of memory");
    } else if (!connection_settings(c)) {
        snprintf(err, TB_STORE_ERR_LEN, "%.120s: %.120s", path, c->base.err);
    } else {
        return c;
    }
    sqlite_disconnect(&c->base);
    return NULL;
}

static struct tb_conn *sqlite_connect(const void *p, bool writer, char err[TB_STORE_ERR_LEN])
{
    const struct where *where = p;
    struct tb_sqlite *c = open_connection(where->path, SQLITE_OPEN_READWRITE, err);
    bool ok;

    if (!c)
        return NULL;
    c->writer = writer;
    if (writer)
        ok = exec(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                     "PRAGMA wal_autocheckpoint=2000; PRAGMA journal_size_limit=67108864;");
    else
        ok = exec(c, "PRAGMA query_only=ON; PRAGMA cache_size=-16384;");
    if (ok)
        return &c->base;
    snprintf(err, TB_STORE_ERR_LEN, "%.120s: %.120s", where->path, c->base.err);
    sqlite_disconnect(&c->base);
    return NULL;
}

static const struct tb_backend sqlite_backend = {
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .begin = sqlite_begin,
    .run = sqlite_run,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .idle = sqlite_idle,
};

/* Make the file, readable by its owner only before anything is in it, or see that it is there. It
 * is not opened here otherwise: closing it would drop SQLite's POSIX locks of another handle. */
static bool prepare_file(const char *path, bool *fresh, char err[TB_STORE_ERR_LEN])
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat st;

    *fresh = true;
    if (fd >= 0) {
        close(fd);
        return true;
    }
    if (errno != EEXIST || lstat(path, &st) != 0) {
        snprintf(err, TB_STORE_ERR_LEN, "%.180s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(err, TB_STORE_ERR_LEN, "%.180s: not a regular file", path);
        return false;
    }
    *fresh = st.st_size == 0; /* a crash right after creation */
    return true;
}

static bool damaged(struct tb_sqlite *c, const struct where *where, char err[TB_STORE_ERR_LEN])
{
    snprintf(err, TB_STORE_ERR_LEN, "%.90s: the database is damaged and left as it is: %.100s",
             where->path, c->base.err);
    return false;
}

static bool is_ours(struct tb_sqlite *c, const struct where *where, char err[TB_STORE_ERR_LEN])
{
    int64_t id = 0;

    if (!pragma_i64(c, "PRAGMA application_id", &id) && sqlite3_errcode(c->db) != SQLITE_NOTADB)
        return damaged(c, where, err);
    if (id == APPLICATION_ID)
        return true;
    snprintf(err, TB_STORE_ERR_LEN, "%.180s: not a database of this program; left as it is",
             where->path);
    return false;
}

/* Version of the schema, 0 when there is none; on a connection that cannot write. */
static bool look_at(struct tb_sqlite *c, const struct where *where, char err[TB_STORE_ERR_LEN])
{
    int64_t tables = 0, pages = 0, version = 0;
    bool ok;

    if (!is_ours(c, where, err))
        return false;
    ok = pragma_i64(c, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", &tables) &&
         pragma_i64(c, "PRAGMA page_count", &pages);

    if (ok && tables > 0)
        ok = pragma_i64(c, "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'schema'",
                        &version);
    if (ok && pages <= CHECK_PAGES) {
        TB_SQL q = tb_sql_made(c, "PRAGMA quick_check(1)");

        ok = tb_sql_step(&q) == TB_STORE_OK;
        if (ok && strcmp(tb_get_borrowed(&q), "ok") != 0) {
            q.next_column = 0;
            snprintf(c->base.err, sizeof c->base.err, "%s", tb_get_borrowed(&q));
            ok = false;
        }
    }
    if (!ok)
        return damaged(c, where, err);
    if (version <= (int64_t)where->migrations.n)
        return true;
    snprintf(err, TB_STORE_ERR_LEN,
             "%.120s: schema %lld is of a newer release; this one knows "
             "schemas up to %u",
             where->path, (long long)version, where->migrations.n);
    return false;
}

static bool migrate_step(struct tb_sqlite *c, const struct tb_migrations *m, bool *more)
{
    char set[128];
    int64_t tables = 0, version = 0;

    if (!exec(c, "BEGIN IMMEDIATE")) /* another process may be at it too: look again inside */
        return false;
    if (!pragma_i64(c, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", &tables) ||
        (tables > 0 &&
         !pragma_i64(c, "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'schema'", &version)))
        return false;
    *more = version < (int64_t)m->n;
    if (*more) {
        snprintf(set, sizeof set, "INSERT OR REPLACE INTO meta VALUES ('schema', '%lld')",
                 (long long)version + 1);
        if (!exec(c, m->step[version]) || !exec(c, set))
            return false;
    }
    return exec(c, "COMMIT");
}

/* Bring the file to our schema. The application id comes first, one page in a transaction of its
 * own, so that a crash at any point leaves an empty file or one that is known as ours. */
static bool bring_forward(const struct where *where, bool fresh, char err[TB_STORE_ERR_LEN])
{
    char id[96];
    bool more = true, ok = true;
    struct tb_sqlite *c;

    if (fresh) {
        c = open_connection(where->path, SQLITE_OPEN_READWRITE, err);
        if (!c)
            return false;
        snprintf(id, sizeof id, "PRAGMA journal_mode=MEMORY; PRAGMA application_id=%d",
                 APPLICATION_ID);
        ok = exec(c, id);
    } else {
        c = open_connection(where->path, SQLITE_OPEN_READONLY, err);
        if (!c)
            return false;
        ok = look_at(c, where, err);
        sqlite_disconnect(&c->base);
        c = ok ? open_connection(where->path, SQLITE_OPEN_READWRITE, err) : NULL;
        if (!c)
            return false;
    }
    ok = ok && exec(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    while (ok && more)
        ok = migrate_step(c, &where->migrations, &more);
    if (!ok)
        snprintf(err, TB_STORE_ERR_LEN, "%.120s: %.120s", where->path, c->base.err);
    sqlite_disconnect(&c->base);
    return ok;
}

struct tb_store *tb_store_open_sqlite_with(const char *path, const struct tb_migrations *m,
                                           char err[TB_STORE_ERR_LEN])
{
    size_t size = strlen(path) + 1;
    struct where *where = malloc(sizeof *where + size);
    bool fresh;

    err[0] = '\0';
    if (!where) {
        snprintf(err, TB_STORE_ERR_LEN, "out of memory");
        return NULL;
    }
    where->migrations = *m;
    memcpy(where->path, path, size);
    if (!prepare_file(path, &fresh, err) || !bring_forward(where, fresh, err)) {
        free(where);
        return NULL;
    }
    return tb_store_start(&sqlite_backend, where, free, err);
}

struct tb_store *tb_store_open_sqlite(const char *path, char err[TB_STORE_ERR_LEN])
{
    return tb_store_open_sqlite_with(path, &tb_sqlite_migrations, err);
}

/* ---- backup ---- */

/* The online backup of SQLite: this transaction's snapshot, page by page. */
static bool copy_pages(struct tb_sqlite *c, sqlite3 *to)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", c->db, "main");
    int rc;

    if (!b)
        return false;
    rc = sqlite3_backup_step(b, -1);
    return sqlite3_backup_finish(b) == SQLITE_OK && rc == SQLITE_DONE;
}

enum tb_store_status tb_sqlite_backup(struct tb_sqlite *c, const struct tb_op_args *a)
{
    int fd = open(a->text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    sqlite3 *to = NULL;
    bool ok;

    if (fd < 0 && errno == EEXIST)
        return TB_STORE_CONFLICT;
    if (fd < 0) {
        snprintf(c->base.err, sizeof c->base.err, "%.150s: %s", a->text, strerror(errno));
        return TB_STORE_UNAVAILABLE;
    }
    close(fd);
    ok = sqlite3_open_v2(a->text, &to, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
         copy_pages(c, to);
    if (!ok)
        snprintf(c->base.err, sizeof c->base.err, "%.150s: %.80s", a->text, sqlite3_errmsg(to));
    sqlite3_close(to);
    if (ok)
        return TB_STORE_OK;
    unlink(a->text);
    return TB_STORE_UNAVAILABLE;
}
