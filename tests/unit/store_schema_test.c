/* Schemas of other releases: the way forward from a store that schema 1 really made, and none back.
 */
#include "tests/unit/store_test_support.h"

#include "crypto/hash.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>

#define P(state) ((struct place *)*(state))

static const char rows[] =
#include "schema_1_rows.inc"
    ;

/* A place with the store of the older program: its schema, and rows that it wrote. */
static int old_place_new(void **state)
{
    const struct tb_migrations first = { tb_sqlite_migrations.step, 1 };
    char err[TB_STORE_ERR_LEN];
    sqlite3 *db;

    if (place_new(state) != 0)
        return 1;
    tb_store_close(P(state)->s);
    P(state)->s = NULL;
    assert_int_equal(remove(P(state)->path), 0);
    P(state)->s = tb_store_open_sqlite_with(P(state)->path, &first, err);
    assert_non_null(P(state)->s);
    tb_store_close(P(state)->s);
    assert_int_equal(sqlite3_open(P(state)->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    P(state)->s = NULL;
    return 0;
}

static uint32_t schema_of(struct tb_store *s)
{
    struct tb_store_stats stats;

    tb_store_stats(s, &stats);
    return stats.schema;
}

static void a_step_of_the_schema_that_was_released_is_never_edited(void **state)
{
    /* SHA-256 of the files. What a release adds is a step of its own: stores are out there. */
    static const char *const released[] = {
        "5f1c8a12c24a2fea2be489e568a841f545b019146db16580659f5182ecf20449", /* 001.sql */
    };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t digest[TB_DIGEST_MAX];
    char hex[65];

    (void)state;
    assert_non_null(h);
    assert_true(tb_sqlite_migrations.n >= sizeof released / sizeof *released);
    for (size_t i = 0; i < sizeof released / sizeof *released; i++) {
        const char *step = tb_sqlite_migrations.step[i];

        assert_true(tb_hash(h, TB_BANK_SHA256, tb_slice(step, strlen(step)), digest));
        tb_hex(tb_slice(digest, 32), hex, sizeof hex);
        assert_string_equal(hex, released[i]);
    }
    tb_hasher_free(h);
}

static bool take_period(void *ctx, const struct tb_period *p)
{
    assert_false(p->has_pcrs);
    ++*(unsigned *)ctx;
    return true;
}

static bool take_audit(void *ctx, const struct tb_audit_entry *e)
{
    assert_string_equal(e->actor_id, "");
    assert_true(strncmp(e->detail, "{", 1) == 0);
    ++*(unsigned *)ctx;
    return true;
}

static void assert_old_tokens(struct tb_store *s)
{
    struct tb_enrol_token token;
    struct tb_api_key key;
    uint8_t hash[32];

    fill(hash, sizeof hash, 7001);
    assert_ok(tb_store_enrol_token_check(s, hash, T0, &token));
    assert_string_equal(token.label, "rack 7");
    fill(hash, sizeof hash, 7002);
    assert_ok(tb_store_api_key_find(s, hash, T0, &key));
    assert_string_equal(key.label, "alice");
}

static void assert_old_records(struct tb_store *s)
{
    struct tb_evidence_record e = { .genuine = false };
    struct tb_audit_query all = { .limit = 100 };
    unsigned periods = 0, entries = 0;
    struct tb_host h;

    assert_ok(tb_store_host_get(s, host_id(1), &h));
    assert_int_equal(h.verdict, TB_VERDICT_TRUSTED);
    assert_int_equal(h.trusted_ms, T0 + 1000); /* what a change is told against from now on */
    assert_true(h.has_trusted_log && h.has_trusted_pcrs);
    assert_memory_equal(h.trusted_log, h.log_digest, 32);
    assert_false(h.has_shape || h.has_user_log || h.has_packages || h.has_versions);
    assert_ok(tb_store_host_get(s, host_id(2), &h));
    assert_int_equal(h.verdict, TB_VERDICT_FAILED);
    assert_int_equal(h.trusted_ms, 0);
    assert_ok(tb_store_evidence_get(s, host_id(2), &e));
    assert_true(e.genuine && e.log.len == 100 && e.result.len == 60);
    tb_evidence_record_clear(&e);
    assert_ok(tb_store_history(s, host_id(2), 0, 10, take_period, &periods));
    assert_int_equal(periods, 3);
    assert_ok(tb_store_audit(s, &all, take_audit, &entries));
    assert_int_equal(entries, 8);
}

static bool take_cluster(void *ctx, const struct tb_cluster *c)
{
    *(struct tb_cluster *)ctx = *c;
    return true;
}

static void t68_a_store_of_the_previous_release_opens_and_attests_without_way_back(void **state)
{
    const struct tb_migrations first = { tb_sqlite_migrations.step, 1 };
    struct tb_cluster_totals totals;
    struct tb_cluster cluster;
    struct place *p = P(state);
    char err[TB_STORE_ERR_LEN];
    struct tb_accepted a;
    struct evidence e;
    uint8_t shape[32];

    p->s = place_open(p);
    assert_int_equal(schema_of(p->s), tb_sqlite_migrations.n);
    assert_old_tokens(p->s);
    assert_old_records(p->s);
    fill(shape, sizeof shape, 1);
    evidence(&e, host_id(1), 4, TB_VERDICT_TRUSTED, T0 + 303000); /* the old one asked for it */
    e.a.shape = shape;
    assert_ok(tb_store_accept_evidence(p->s, &e.a, &a));
    assert_false(a.verdict_changed);
    a = attest(p->s, host_id(2), 5, TB_VERDICT_TRUSTED, T0 + 304000);
    assert_true(a.verdict_changed && a.n_closed == 1 && a.previous == TB_VERDICT_FAILED);
    assert_ok(tb_store_clusters(p->s, 10, take_cluster, &cluster, &totals));
    assert_int_equal(totals.n_hosts, 1);
    assert_memory_equal(cluster.shape, shape, 32);
    add_host(p->s, 4);
    tb_store_close(p->s);
    p->s = NULL;
    assert_null(tb_store_open_sqlite_with(p->path, &first, err));
    assert_non_null(strstr(err, "newer release"));
    p->s = place_open(p); /* and the refused one left it as it was */
    assert_int_equal(schema_of(p->s), tb_sqlite_migrations.n);
}

static bool count_kept(void *ctx, const struct tb_period *p)
{
    *(unsigned *)ctx += p->has_result && p->has_log;
    return true;
}

static void of_an_old_store_too_only_the_newest_periods_keep_their_blobs(void **state)
{
    static const char many[] =
        "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 199)"
        " INSERT INTO period SELECT i, e.host_id, 3, 'x', '', i, i, 1, e.result_digest,"
        " e.log_digest, NULL FROM n, evidence e";
    struct place *p = P(state);
    unsigned kept = 0;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "DELETE FROM evidence WHERE host_id LIKE '%2'", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, many, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    p->s = place_open(p);
    assert_ok(tb_store_history(p->s, host_id(1), 0, 200, count_kept, &kept));
    assert_int_equal(kept, TB_STORE_PERIODS_KEPT_MAX);
}

static void a_step_forward_that_fails_leaves_the_old_schema(void **state)
{
    const char *const steps[] = { tb_sqlite_migrations.step[0], "CREATE TABLE extra (x INTEGER);"
                                                                "INSERT INTO nowhere VALUES (1)" };
    const struct tb_migrations bad = { steps, 2 };
    const struct tb_migrations first = { steps, 1 };
    struct place *p = P(state);
    char err[TB_STORE_ERR_LEN];

    assert_null(tb_store_open_sqlite_with(p->path, &bad, err));
    assert_non_null(strstr(err, "nowhere"));
    p->s = tb_store_open_sqlite_with(p->path, &first, err);
    assert_non_null(p->s);
    assert_int_equal(schema_of(p->s), 1);
    tb_store_close(p->s);
    p->s = place_open(p);
    assert_old_records(p->s);
}

int main(void)
{
#define OLD(name) cmocka_unit_test_setup_teardown(name, old_place_new, place_free)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_of_the_schema_that_was_released_is_never_edited),
        OLD(t68_a_store_of_the_previous_release_opens_and_attests_without_way_back),
        OLD(of_an_old_store_too_only_the_newest_periods_keep_their_blobs),
        OLD(a_step_forward_that_fails_leaves_the_old_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
