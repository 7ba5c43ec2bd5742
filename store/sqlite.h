/* store/sqlite.h - private to store/sqlite*.c: a connection, and statements without loose ends.
 *
 * Values reach SQL as bound parameters only (T-63). A statement is written once, as a literal: it
 * is prepared at its first use and kept. */
#ifndef TB_STORE_SQLITE_H
#define TB_STORE_SQLITE_H

#include "store/backend.h"

#include <sqlite3.h>

#define TB_SQLITE_STATEMENTS 512 /* slots of the table of prepared statements; a power of two */

struct tb_sqlite {
    struct tb_conn base; /* first: the two pointers are the same address */
    sqlite3 *db;
    bool writer;
    struct tb_sqlite_slot {
        const char *sql; /* by address: statements are literals */
        sqlite3_stmt *st;
    } slot[TB_SQLITE_STATEMENTS];
};

/* A statement in use. Declared as TB_SQL so that it is reset on every way out. Parameters are bound
 * and columns read one after the other, in the order of the statement's text. */
struct tb_sql {
    struct tb_sqlite *c;
    sqlite3_stmt *st; /* NULL: could not be prepared; every use then is UNAVAILABLE */
    int next_parameter, next_column;
    bool failed; /* a bind failed, or a column holds what cannot be */
    bool own;    /* finalized at the end, not kept */
};
#define TB_SQL __attribute__((cleanup(tb_sql_end))) struct tb_sql

struct tb_sql tb_sql(struct tb_sqlite *c, const char *literal);
struct tb_sql tb_sql_made(struct tb_sqlite *c, const char *text); /* not kept */
void tb_sql_end(struct tb_sql *q);
void tb_sql_again(struct tb_sql *q); /* to run it with other parameters */

/* The bytes must live until the statement ended. NULL text is "". NULL digest is SQL NULL. */
void tb_put_text(struct tb_sql *q, const char *text);
void tb_put_i64(struct tb_sql *q, int64_t v);
void tb_put_bytes(struct tb_sql *q, struct tb_reader in);
void tb_put_digest(struct tb_sql *q, const uint8_t *digest);
void tb_put_null(struct tb_sql *q);

/* OK: a row is there; NOT_FOUND: no more; CONFLICT: a unique index; UNAVAILABLE: else. */
TB_MUST_CHECK enum tb_store_status tb_sql_step(struct tb_sql *q);
/* To the end, rows ignored: OK, CONFLICT or UNAVAILABLE. */
TB_MUST_CHECK enum tb_store_status tb_sql_run(struct tb_sql *q);
/* tb_sql_run for statements that must change one row: NOT_FOUND when none was. */
TB_MUST_CHECK enum tb_store_status tb_sql_run_one(struct tb_sql *q);

/* Columns of the row. One that does not fit makes the row bad. */
void tb_get_text(struct tb_sql *q, char *out, size_t size);
const char *tb_get_borrowed(struct tb_sql *q); /* until the next step */
int64_t tb_get_i64(struct tb_sql *q);
bool tb_get_bool(struct tb_sql *q);
size_t tb_get_bytes(struct tb_sql *q, uint8_t *out, size_t size); /* length */
bool tb_get_digest(struct tb_sql *q, uint8_t out[TB_SHA256_LEN]); /* false: NULL */
struct tb_reader tb_get_slice(struct tb_sql *q);                  /* until the next step */
/* OK, or UNAVAILABLE when a column read so far was bad. */
TB_MUST_CHECK enum tb_store_status tb_row_status(struct tb_sql *q);

/* Says in c->err what sqlite says; returns TB_STORE_UNAVAILABLE. */
enum tb_store_status tb_sqlite_fail(struct tb_sqlite *c, const char *what);

/* An audit entry; `pairs` is up to four keys and text values, ended by NULL. */
TB_MUST_CHECK enum tb_store_status tb_sqlite_log(struct tb_sqlite *c, const struct tb_store_by *by,
                                                 const char *action, const char *target,
                                                 const char *const *pairs);
#define TB_PAIRS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Incident (event or not) opened, or counted on the open one. *id: 0 unless opened. */
TB_MUST_CHECK enum tb_store_status tb_sqlite_incident(struct tb_sqlite *c, const char *host_id,
                                                      bool event, enum tb_verdict verdict,
                                                      const char *code, const char *text,
                                                      int64_t now_ms, int64_t *id);

/* The host's present verdict period ends and another begins, with its audit entry; or, for a host
 * that changes too often, the present one becomes the new one. */
struct tb_new_period {
    const char *host_id;
    enum tb_verdict before, verdict;
    const char *code, *headline;
    const uint8_t *result_digest, *log_digest, *pcrs_digest, *policy_digest;
};
TB_MUST_CHECK enum tb_store_status tb_sqlite_new_period(struct tb_sqlite *c,
                                                        const struct tb_new_period *p,
                                                        const struct tb_store_by *by);

/* Audit entries about hosts that changed too often in an hour that is over; counted in *a->n_out.
 */
TB_MUST_CHECK enum tb_store_status tb_sqlite_end_hours(struct tb_sqlite *c,
                                                       const struct tb_op_args *a);

/* A row of TB_HOST_COLUMNS, from the present column on. */
TB_MUST_CHECK enum tb_store_status tb_get_host(struct tb_sql *q, struct tb_host *out);
#define TB_HOST_COLUMNS                                                                            \
    "id, name, grp, state, tpm, ek_basis, ek_digest, ak_public, ak_name, tpm_manufacturer, "       \
    "tpm_model, tpm_firmware, tpm_class, product, serial, agent_version, created_ms, "             \
    "approved_ms, approved_by, last_seen_ms, last_evidence_ms, last_verified_ms, verdict, "        \
    "headline_code, headline, since_ms, secure_boot, maintenance, want_attest, "                   \
    "replace_until_ms, memory_present, clock_ms, reset_count, restart_count, firmware_version, "   \
    "banks, boot_id, firmware, log_digest, pcrs_digest, result_digest, shape, trusted_ms, "        \
    "trusted_log, trusted_pcrs, user_log_digest, packages_digest, versions_digest"
/* Of a firmware reference as it is stored: *len bytes of out. */
#define TB_FIRMWARE_BYTES_MAX (1 + 4 * TB_DIGEST_MAX)
void tb_firmware_pack(const struct tb_firmware_reference *f, uint8_t out[TB_FIRMWARE_BYTES_MAX],
                      size_t *len);

/* The operations: see store.h. */
typedef enum tb_store_status (*tb_sqlite_op)(struct tb_sqlite *c, const struct tb_op_args *a);
#define X(name)                                                                                    \
    enum tb_store_status tb_sqlite_##name(struct tb_sqlite *c, const struct tb_op_args *a);
TB_STORE_WRITES(X)
TB_STORE_READS(X)
#undef X

/* Schema: version i + 1 is reached by running step[i] on version i. */
struct tb_migrations {
    const char *const *step;
    uint32_t n;
};
extern const struct tb_migrations tb_sqlite_migrations;
/* For tests of the way forward: open with other steps than ours. */
struct tb_store *tb_store_open_sqlite_with(const char *path, const struct tb_migrations *m,
                                           char err[TB_STORE_ERR_LEN]);

#endif
