/* What the store keeps of hosts on Trueboot's own boot chain: user log, package metadata, and the
 * security versions that a host was trusted with. */
#include "tests/unit/store_test_support.h"

#include <stdio.h>
#include <string.h>

#define S(state) (((struct place *)*(state))->s)
#define VERSIONS "base 3\n"

/* Digests by number, as the caller's hash would make them. */
static const uint8_t *digest_of(unsigned n)
{
    static uint8_t ring[8][32];
    static unsigned at;

    at = (at + 1) % 8;
    fill(ring[at], 32, n);
    return ring[at];
}

enum { LOG = 301, PACKAGES = 401, OTHER_PACKAGES, NEW_VERSIONS = 501, NEWER_VERSIONS };

static void chain_evidence(struct evidence *e, unsigned nonce, enum tb_verdict verdict)
{
    evidence(e, host_id(1), nonce, verdict, T0 + nonce);
    e->a.user_log = (struct tb_content_ref){ digest_of(LOG), tb_slice("user log", 8) };
    e->a.packages = (struct tb_content_ref){ digest_of(PACKAGES), tb_slice("manifests", 9) };
}

static void accept(struct tb_store *s, struct evidence *e, unsigned nonce)
{
    struct tb_accepted a;

    give_nonce(s, host_id(1), nonce, T0);
    assert_ok(tb_store_accept_evidence(s, &e->a, &a));
}

static struct tb_host host(struct tb_store *s)
{
    struct tb_host h;

    assert_ok(tb_store_host_get(s, host_id(1), &h));
    return h;
}

static void assert_blob(struct tb_store *s, const uint8_t *digest, const char *text)
{
    struct tb_blob b = { 0 };

    assert_ok(tb_store_blob_get(s, digest, &b));
    assert_string_equal((char *)b.p, text);
    tb_blob_clear(&b);
}

static void user_log_and_packages_are_kept_once_and_come_back(void **state)
{
    struct tb_evidence_record r = { .genuine = false };
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_host h;

    add_host(s, 1);
    h = host(s);
    assert_false(h.has_user_log || h.has_packages || h.has_versions);
    chain_evidence(&e, 1, TB_VERDICT_TRUSTED);
    e.a.versions = (struct tb_content_ref){ digest_of(NEW_VERSIONS), tb_slice(VERSIONS, 7) };
    accept(s, &e, 1);
    h = host(s);
    assert_true(h.has_user_log && h.has_packages && h.has_versions);
    assert_memory_equal(h.user_log_digest, digest_of(LOG), 32);
    assert_memory_equal(h.packages_digest, digest_of(PACKAGES), 32);
    assert_memory_equal(h.versions_digest, digest_of(NEW_VERSIONS), 32);
    assert_ok(tb_store_evidence_get(s, host_id(1), &r));
    assert_string_equal((char *)r.user_log.p, "user log");
    assert_string_equal((char *)r.packages.p, "manifests");
    assert_int_equal(r.versions.len, 0); /* none were remembered before it */
    tb_evidence_record_clear(&r);

    chain_evidence(&e, 2, TB_VERDICT_TRUSTED); /* the next one sends no bytes */
    e.a.user_log.bytes = e.a.packages.bytes = tb_slice(NULL, 0);
    e.a.versions_before = digest_of(NEW_VERSIONS);
    accept(s, &e, 2);
    assert_ok(tb_store_evidence_get(s, host_id(1), &r));
    assert_string_equal((char *)r.user_log.p, "user log");
    assert_string_equal((char *)r.packages.p, "manifests");
    assert_string_equal((char *)r.versions.p, VERSIONS);
    assert_memory_equal(r.packages_digest, digest_of(PACKAGES), 32);
    tb_evidence_record_clear(&r);
    assert_true(host(s).has_versions);
}

static void of_evidence_that_nobody_vouches_for_nothing_is_kept(void **state)
{
    struct tb_store *s = S(state);
    struct tb_blob b;
    struct evidence e;
    struct tb_host h;

    add_host(s, 1);
    chain_evidence(&e, 1, TB_VERDICT_TRUSTED);
    accept(s, &e, 1);
    chain_evidence(&e, 2, TB_VERDICT_FAILED);
    e.a.genuine = false;
    e.a.packages.digest = digest_of(OTHER_PACKAGES);
    e.a.versions = (struct tb_content_ref){ digest_of(NEW_VERSIONS), tb_slice(VERSIONS, 7) };
    accept(s, &e, 2);
    h = host(s);
    assert_memory_equal(h.packages_digest, digest_of(PACKAGES), 32);
    assert_false(h.has_versions);
    assert_status(tb_store_blob_get(s, digest_of(OTHER_PACKAGES), &b), TB_STORE_NOT_FOUND);
    assert_status(tb_store_blob_get(s, digest_of(NEW_VERSIONS), &b), TB_STORE_NOT_FOUND);
}

static void genuine_evidence_without_packages_leaves_none_and_the_versions_stay(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_host h;

    add_host(s, 1);
    chain_evidence(&e, 1, TB_VERDICT_TRUSTED);
    e.a.versions = (struct tb_content_ref){ digest_of(NEW_VERSIONS), tb_slice(VERSIONS, 7) };
    accept(s, &e, 1);
    evidence(&e, host_id(1), 2, TB_VERDICT_FAILED, T0 + 2);
    e.a.versions_before = digest_of(NEW_VERSIONS);
    accept(s, &e, 2);
    h = host(s);
    assert_false(h.has_user_log || h.has_packages);
    assert_true(h.has_versions);
}

static void versions_are_raised_only_from_what_they_were_appraised_with(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;

    add_host(s, 1);
    chain_evidence(&e, 1, TB_VERDICT_TRUSTED);
    e.a.versions = (struct tb_content_ref){ digest_of(NEW_VERSIONS), tb_slice(VERSIONS, 7) };
    accept(s, &e, 1);
    assert_ok(tb_store_host_set_versions(s, host_id(1), digest_of(7), "base 1\n", &op));
    chain_evidence(&e, 2, TB_VERDICT_TRUSTED); /* was under way meanwhile */
    e.a.versions_before = digest_of(NEW_VERSIONS);
    e.a.versions = (struct tb_content_ref){ digest_of(NEWER_VERSIONS), tb_slice("base 4\n", 7) };
    accept(s, &e, 2);
    assert_memory_equal(host(s).versions_digest, digest_of(7), 32);
    chain_evidence(&e, 3, TB_VERDICT_TRUSTED);
    e.a.versions_before = digest_of(7);
    e.a.versions = (struct tb_content_ref){ digest_of(NEWER_VERSIONS), tb_slice("base 4\n", 7) };
    accept(s, &e, 3);
    assert_memory_equal(host(s).versions_digest, digest_of(NEWER_VERSIONS), 32);
}

static bool last_entry(void *ctx, const struct tb_audit_entry *e)
{
    snprintf(ctx, 200, "%s %s %s %s", e->actor, e->action, e->target, e->detail);
    return false;
}

static void an_operator_sets_the_versions_and_that_is_on_record(void **state)
{
    struct tb_store *s = S(state);
    char entry[200] = "", want[200];

    add_host(s, 1);
    assert_status(tb_store_host_set_versions(s, host_id(9), digest_of(7), "", &op),
                  TB_STORE_NOT_FOUND);
    assert_status(tb_store_host_set_versions(s, "../1", digest_of(7), "", &op), TB_STORE_NOT_FOUND);
    assert_status(tb_store_host_set_versions(s, host_id(1), digest_of(7), "\xff", &op),
                  TB_STORE_INVALID);
    assert_ok(tb_store_host_set_versions(s, host_id(1), digest_of(7), "base 1\n", &op));
    assert_blob(s, digest_of(7), "base 1\n");
    assert_true(host(s).has_versions);
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ 0 }, last_entry, entry));
    snprintf(want, sizeof want, "ops host.accept-rollback %s {\"versions\":\"base 1\\n\"}",
             host_id(1));
    assert_string_equal(entry, want);
    assert_ok(tb_store_host_set_versions(s, host_id(1), digest_of(8), "", &op));
    assert_false(host(s).has_versions);
}

static void a_purge_leaves_what_a_host_or_its_evidence_names(void **state)
{
    const int64_t later = T0 + 2 * 3600000;
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_blob b;

    add_host(s, 1);
    chain_evidence(&e, 1, TB_VERDICT_TRUSTED);
    e.a.packages.digest = digest_of(OTHER_PACKAGES);
    e.a.versions = (struct tb_content_ref){ digest_of(NEW_VERSIONS), tb_slice(VERSIONS, 7) };
    accept(s, &e, 1);
    chain_evidence(&e, 2, TB_VERDICT_TRUSTED);
    e.a.versions_before = digest_of(NEW_VERSIONS);
    e.a.versions = (struct tb_content_ref){ digest_of(NEWER_VERSIONS), tb_slice("base 4\n", 7) };
    accept(s, &e, 2);
    assert_ok(tb_store_purge(s, later, T0 - 1, NULL));
    assert_status(tb_store_blob_get(s, digest_of(OTHER_PACKAGES), &b), TB_STORE_NOT_FOUND);
    assert_blob(s, digest_of(LOG), "user log");
    assert_blob(s, digest_of(PACKAGES), "manifests");
    assert_blob(s, digest_of(NEW_VERSIONS), VERSIONS); /* the evidence was appraised with them */
    assert_blob(s, digest_of(NEWER_VERSIONS), "base 4\n");
    chain_evidence(&e, 3, TB_VERDICT_FAILED); /* names nothing itself; the host's row does */
    e.a.genuine = false;
    accept(s, &e, 3);
    assert_ok(tb_store_purge(s, later, T0 - 1, NULL));
    assert_blob(s, digest_of(LOG), "user log");
    assert_blob(s, digest_of(PACKAGES), "manifests");
    assert_blob(s, digest_of(NEWER_VERSIONS), "base 4\n");
    assert_status(tb_store_blob_get(s, digest_of(NEW_VERSIONS), &b), TB_STORE_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)
    const struct CMUnitTest tests[] = {
        TEST(user_log_and_packages_are_kept_once_and_come_back),
        TEST(of_evidence_that_nobody_vouches_for_nothing_is_kept),
        TEST(genuine_evidence_without_packages_leaves_none_and_the_versions_stay),
        TEST(versions_are_raised_only_from_what_they_were_appraised_with),
        TEST(an_operator_sets_the_versions_and_that_is_on_record),
        TEST(a_purge_leaves_what_a_host_or_its_evidence_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
