/* The store: hosts that boot alike, the last trusted boot, and what periods keep. */
#include "tests/unit/store_test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S(state) (((struct place *)*(state))->s)
#define LONG_AGO (T0 - INT64_C(400) * 86400000)

struct seen {
    struct tb_cluster c[16];
    size_t n;
    struct tb_cluster_totals totals;
};

static bool add_cluster(void *ctx, const struct tb_cluster *c)
{
    struct seen *seen = ctx;

    seen->c[seen->n++] = *c;
    return seen->n < 16;
}

static struct seen clusters(struct tb_store *s, size_t limit)
{
    struct seen seen = { .n = 0 };

    assert_ok(tb_store_clusters(s, limit, add_cluster, &seen, &seen.totals));
    return seen;
}

/* A verdict with a log, PCR values and a shape by number; 0: without a shape. */
static void boot(struct tb_store *s, unsigned host, unsigned nonce, enum tb_verdict verdict,
                 unsigned shape, int64_t now_ms)
{
    struct evidence e;
    struct tb_accepted a;
    uint8_t digest[32];

    give_nonce(s, host_id(host), nonce, now_ms);
    evidence(&e, host_id(host), nonce, verdict, now_ms);
    fill(e.log_digest, 32, 10000 + nonce);
    fill(e.pcrs_digest, 32, 20000 + nonce);
    fill(e.result_digest, 32, 30000 + nonce);
    fill(digest, 32, shape);
    e.a.shape = shape != 0 ? digest : NULL;
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
}

static bool held(struct tb_store *s, unsigned seed)
{
    uint8_t digest[32];
    struct tb_blob b = { 0 };
    enum tb_store_status status;

    fill(digest, 32, seed);
    status = tb_store_blob_get(s, digest, &b);
    tb_blob_clear(&b);
    assert_true(status == TB_STORE_OK || status == TB_STORE_NOT_FOUND);
    return status == TB_STORE_OK;
}

static void hosts_of_one_shape_are_counted_by_verdict_the_largest_first(void **state)
{
    struct tb_store *s = S(state);
    struct tb_cluster one;
    struct seen seen;
    uint8_t shape[32];

    for (unsigned n = 1; n <= 6; n++)
        add_host(s, n);
    boot(s, 1, 1, TB_VERDICT_TRUSTED, 7, T0);
    for (unsigned n = 2; n <= 4; n++)
        boot(s, n, n, n == 2 ? TB_VERDICT_FAILED : TB_VERDICT_TRUSTED, 8, T0);
    boot(s, 5, 5, TB_VERDICT_TRUSTED, 0, T0); /* no shape is known; 6 has not attested */
    seen = clusters(s, 0);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.totals.n_clusters, 2);
    assert_int_equal(seen.totals.n_hosts, 4);
    fill(shape, 32, 8);
    assert_memory_equal(seen.c[0].shape, shape, 32);
    assert_int_equal(seen.c[0].n_hosts, 3);
    assert_int_equal(seen.c[0].verdict[TB_VERDICT_FAILED], 1);
    assert_int_equal(seen.c[0].verdict[TB_VERDICT_TRUSTED], 2);
    assert_string_equal(seen.c[0].sample, host_id(3)); /* 2 is not trusted */
    assert_int_equal(seen.c[1].n_hosts, 1);
    seen = clusters(s, 1);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.totals.n_clusters, 2); /* also those that are not shown */
    assert_ok(tb_store_cluster_get(s, shape, &one));
    assert_int_equal(one.n_hosts, 3);
    fill(shape, 32, 9);
    assert_status(tb_store_cluster_get(s, shape, &one), TB_STORE_NOT_FOUND);
}

static void a_host_moves_with_its_shape_and_leaves_with_its_removal(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct seen seen;
    struct tb_host h;

    add_host(s, 1);
    add_host(s, 2);
    boot(s, 1, 1, TB_VERDICT_TRUSTED, 7, T0);
    boot(s, 2, 2, TB_VERDICT_TRUSTED, 7, T0);
    boot(s, 2, 3, TB_VERDICT_TRUSTED, 8, T0 + 1);
    assert_int_equal(clusters(s, 0).n, 2);
    /* evidence that nobody vouches for says nothing about the boot */
    give_nonce(s, host_id(2), 4, T0 + 2);
    evidence(&e, host_id(2), 4, TB_VERDICT_FAILED, T0 + 2);
    e.a.genuine = false;
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
    seen = clusters(s, 0);
    assert_int_equal(seen.n, 2);
    assert_ok(tb_store_host_get(s, host_id(2), &h));
    assert_true(h.has_shape);
    boot(s, 2, 5, TB_VERDICT_TRUSTED, 0, T0 + 3);
    assert_int_equal(clusters(s, 0).n, 1);
    assert_ok(tb_store_host_remove(s, host_id(1), &op));
    assert_int_equal(clusters(s, 0).n, 0);
}

static bool count_host(void *ctx, const struct tb_host *h)
{
    (void)h;
    ++*(unsigned *)ctx;
    return true;
}

static void hosts_are_listed_by_shape_page_by_page(void **state)
{
    struct tb_store *s = S(state);
    uint8_t shape[32];
    struct tb_host_query q = { .shape = shape, .limit = 2, .sort = TB_SORT_NAME };
    char next[TB_STORE_CURSOR_LEN] = "";
    uint64_t total;
    unsigned n = 0, pages = 0;

    for (unsigned i = 1; i <= 8; i++) {
        add_host(s, i);
        boot(s, i, i, TB_VERDICT_TRUSTED, i <= 5 ? 7 : 8, T0);
    }
    fill(shape, 32, 7);
    assert_ok(tb_store_hosts_count(s, &q, &total));
    assert_int_equal(total, 5);
    do {
        q.cursor = next;
        assert_ok(tb_store_hosts_page(s, &q, count_host, &n, next));
        pages++;
    } while (next[0] != '\0');
    assert_int_equal(n, 5);
    assert_int_equal(pages, 3);
}

static void the_last_trusted_boot_outlives_every_retention(void **state)
{
    struct tb_store *s = S(state);
    struct tb_host h;
    uint8_t digest[32];
    int64_t later = T0 + INT64_C(300) * 86400000;

    add_host(s, 1);
    boot(s, 1, 1, TB_VERDICT_TRUSTED, 7, T0);
    boot(s, 1, 2, TB_VERDICT_TRUSTED, 7, T0 + 1000); /* the same period, another boot */
    boot(s, 1, 3, TB_VERDICT_FAILED, 8, T0 + 2000);
    boot(s, 1, 4, TB_VERDICT_CHANGED, 8, later);
    assert_ok(tb_store_purge(s, later + 7200000, later - 1, NULL));
    assert_ok(tb_store_host_get(s, host_id(1), &h));
    assert_int_equal(h.trusted_ms, T0 + 1000);
    assert_true(h.has_trusted_log && h.has_trusted_pcrs);
    fill(digest, 32, 10002);
    assert_memory_equal(h.trusted_log, digest, 32);
    assert_true(held(s, 10002) && held(s, 20002));  /* log and PCRs of the trusted one */
    assert_false(held(s, 10001) || held(s, 10003)); /* their periods are gone */
    assert_true(held(s, 10004));
}

struct kept {
    unsigned n, log, pcrs, result;
    uint64_t count;
};

static bool count_kept(void *ctx, const struct tb_period *p)
{
    struct kept *k = ctx;

    k->n++;
    k->log += p->has_log;
    k->pcrs += p->has_pcrs;
    k->result += p->has_result;
    k->count += p->count;
    return true;
}

static void t62_a_host_that_alternates_its_verdict_keeps_so_many_logs_and_no_more(void **state)
{
    const int64_t apart = 240000; /* not so often that changes are folded */
    struct tb_store *s = S(state);
    struct kept k = { 0 };
    unsigned rounds = TB_STORE_PERIODS_KEPT_MAX + 10;

    add_host(s, 1);
    boot(s, 1, 1, TB_VERDICT_TRUSTED, 7, T0);
    for (unsigned i = 2; i <= rounds; i++)
        boot(s, 1, i, i % 2 ? TB_VERDICT_CHANGED : TB_VERDICT_FAILED, 7, T0 + i * apart);
    assert_ok(tb_store_history(s, host_id(1), 0, 0, count_kept, &k));
    assert_int_equal(k.n, rounds + 1); /* and the one before the first evidence */
    assert_int_equal(k.log, TB_STORE_PERIODS_KEPT_MAX);
    assert_int_equal(k.pcrs, TB_STORE_PERIODS_KEPT_MAX);
    assert_int_equal(k.result, TB_STORE_PERIODS_KEPT_MAX);
    assert_ok(tb_store_purge(s, T0 + rounds * apart + 7200000, LONG_AGO, NULL));
    assert_true(held(s, 10000 + rounds));
    assert_true(held(s, 10001)); /* the last trusted boot */
    assert_false(held(s, 10002));
    assert_true(held(s, 10000 + rounds - TB_STORE_PERIODS_KEPT_MAX + 1));
    assert_false(held(s, 10000 + rounds - TB_STORE_PERIODS_KEPT_MAX));
}

struct told {
    unsigned n, folded;
    char detail[64]; /* of the last that was folded */
};

static bool count_told(void *ctx, const struct tb_audit_entry *e)
{
    struct told *t = ctx;

    t->n++;
    if (strcmp(e->action, "verdict.folded") == 0) {
        t->folded++;
        snprintf(t->detail, sizeof t->detail, "%s", e->detail);
    }
    return true;
}

static struct told told_of(struct tb_store *s)
{
    struct told t = { 0 };

    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ .target = host_id(1), .ascending = true },
                             count_told, &t));
    return t;
}

struct cases {
    unsigned n, n_open;
    uint64_t count;
    int64_t acknowledged_ms;
};

static bool count_cases(void *ctx, const struct tb_incident *i)
{
    struct cases *c = ctx;

    c->n++;
    c->n_open += i->closed_ms == 0;
    c->count += i->count;
    c->acknowledged_ms += i->acknowledged_ms;
    return true;
}

static struct cases cases_of(struct tb_store *s)
{
    struct cases c = { 0 };

    assert_ok(tb_store_incidents(s, &(struct tb_incident_query){ .host_id = host_id(1) },
                                 count_cases, &c));
    return c;
}

/* From one verdict to the other and back, `rounds` times. */
static void flip(struct tb_store *s, unsigned first, unsigned rounds, int64_t ms)
{
    struct tb_host h;

    for (unsigned i = first; i < first + rounds; i++) {
        enum tb_verdict v = i % 2 ? TB_VERDICT_FAILED : TB_VERDICT_TRUSTED;

        attest(s, host_id(1), i, v, ms + i);
        assert_ok(tb_store_host_get(s, host_id(1), &h)); /* at once, whatever is told of it */
        assert_int_equal(h.verdict, v);
        assert_int_equal(h.since_ms, ms + i);
    }
}

static void t62_verdicts_that_flip_all_the_time_write_so_many_rows_an_hour_and_no_more(void **state)
{
    struct tb_store *s = S(state);
    struct kept k = { 0 };
    struct cases c;
    struct told t;

    add_host(s, 1);
    flip(s, 2, 400, T0);
    t = told_of(s);
    assert_int_equal(t.n, 1 + TB_STORE_CHANGES_MAX); /* the enrolment, too */
    c = cases_of(s);
    assert_int_equal(c.n, TB_STORE_CHANGES_MAX / 2);
    assert_int_equal(c.count, 200);
    assert_int_equal(c.n_open, 1);
    assert_ok(tb_store_history(s, host_id(1), 0, 0, count_kept, &k));
    assert_int_equal(k.n, 1 + TB_STORE_CHANGES_MAX + 1);
    assert_int_equal(k.count, 400);                             /* no attestation is lost */
    assert_ok(tb_store_purge(s, T0 + 3000000, LONG_AGO, NULL)); /* the hour is not over */
    assert_int_equal(told_of(s).folded, 0);
    assert_ok(tb_store_purge(s, T0 + 3700000, LONG_AGO, NULL));
    assert_ok(tb_store_purge(s, T0 + 3700001, LONG_AGO, NULL));
    t = told_of(s);
    assert_int_equal(t.folded, 1);
    assert_string_equal(t.detail, "{\"changes\":\"380\"}");
    flip(s, 402, 50, T0 + 7200000); /* the next hour; nothing purges */
    flip(s, 452, 1, T0 + 7200000 + 3600000);
    t = told_of(s);
    assert_int_equal(t.folded, 2);
    assert_string_equal(t.detail, "{\"changes\":\"30\"}");
    assert_int_equal(t.n, 1 + 2 * (TB_STORE_CHANGES_MAX + 1) + 1);
}

static void an_incident_that_opens_again_is_not_acknowledged(void **state)
{
    struct tb_store *s = S(state);
    struct cases c;

    add_host(s, 1);
    flip(s, 2, 30, T0);
    c = cases_of(s);
    assert_int_equal(c.n_open, 1);
    assert_ok(tb_store_incident_acknowledge(s, 10, 0, "known", &op));
    c = cases_of(s);
    assert_int_equal(c.acknowledged_ms, T0);
    flip(s, 32, 2, T0);
    c = cases_of(s);
    assert_int_equal(c.n_open, 1);
    assert_int_equal(c.acknowledged_ms, 0);
}

static bool take_actor(void *ctx, const struct tb_audit_entry *e)
{
    snprintf(ctx, 64, "%s/%s", e->actor, e->actor_id);
    return false;
}

static void an_audit_entry_names_the_key_and_not_its_label_alone(void **state)
{
    struct tb_store *s = S(state);
    const struct tb_store_by by = { .actor = "ops", .now_ms = T0, .actor_id = "key-17" };
    char actor[64];

    add_host(s, 1);
    assert_ok(tb_store_host_want_attest(s, host_id(1), &by));
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ 0 }, take_actor, actor));
    assert_string_equal(actor, "ops/key-17");
    assert_ok(tb_store_host_want_attest(s, host_id(1), &op));
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ 0 }, take_actor, actor));
    assert_string_equal(actor, "ops/");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)
    const struct CMUnitTest tests[] = {
        TEST(hosts_of_one_shape_are_counted_by_verdict_the_largest_first),
        TEST(a_host_moves_with_its_shape_and_leaves_with_its_removal),
        TEST(hosts_are_listed_by_shape_page_by_page),
        TEST(the_last_trusted_boot_outlives_every_retention),
        TEST(t62_a_host_that_alternates_its_verdict_keeps_so_many_logs_and_no_more),
        TEST(t62_verdicts_that_flip_all_the_time_write_so_many_rows_an_hour_and_no_more),
        TEST(an_incident_that_opens_again_is_not_acknowledged),
        TEST(an_audit_entry_names_the_key_and_not_its_label_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
