/* The security versions that a host was trusted with: raised by trust, lowered by an operator.
 * Attack ids: B-07, T-54. */
#include "tests/unit/verifier_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/chain_world.h"
#include "wire/policy_json.h"

/* --- A store that fails --- */

static const char *failing; /* the operation that fails next, once; NULL: none */

static bool fails(const char *operation)
{
    if (failing == NULL || strcmp(failing, operation) != 0)
        return false;
    failing = NULL;
    return true;
}

/* The linker gives us every call (--wrap). */
#define FALLIBLE(op, params, args)                                                                 \
    enum tb_store_status __real_tb_store_##op params;                                              \
    enum tb_store_status __wrap_tb_store_##op params;                                              \
    enum tb_store_status __wrap_tb_store_##op params                                               \
    {                                                                                              \
        return fails(#op) ? TB_STORE_UNAVAILABLE : __real_tb_store_##op args;                      \
    }
FALLIBLE(blob_get, (struct tb_store * s, const uint8_t digest[32], struct tb_blob *out),
         (s, digest, out))
FALLIBLE(evidence_get, (struct tb_store * s, const char *id, struct tb_evidence_record *out),
         (s, id, out))
FALLIBLE(host_set_versions,
         (struct tb_store * s, const char *id, const uint8_t digest[32], const char *text,
          const struct tb_store_by *by),
         (s, id, digest, text, by))

/* --- A host with packages --- */

static struct chain *running; /* what the host's user log and packages are of */

/* The host boots from these packages. Takes c. */
static void boot(struct scene *s, struct chain *c)
{
    chain_records(c);
    chain_finish(c);
    log_free(s->host->log);
    s->host->log = c->log;
    s->host->log->pcrs = c->quoted;
    c->log = log_new();
    s->host->user_log = c->in.user_log;
    s->host->packages = c->in.packages;
    s->host->reset_count++;
    s->host->clock_ms += 1000;
    s->host->boot_id[0]++;
    if (running != NULL)
        chain_free(running);
    running = c;
}

/* Packages of these security versions; 0: is not there. */
static struct chain *packages(uint32_t base, uint32_t hello)
{
    struct chain *c = chain_new();

    c->package[BASE].m.security_version = base;
    c->package[HELLO].m.security_version = hello;
    if (hello == 0)
        c->n_packages--;
    return c;
}

static int set_up(void **state)
{
    struct scene *s;
    char *policy;

    failing = NULL;
    if (scene_set_up(state) != 0)
        return -1;
    s = *state;
    boot(s, packages(5, 5));
    policy = tb_policy_print(&running->policy);
    assert_non_null(policy);
    world_policy(s->w, policy);
    free(policy);
    return 0;
}

static int tear_down(void **state)
{
    chain_free(running);
    running = NULL;
    return scene_tear_down(state);
}

static void assert_versions(struct scene *s, const char *expected)
{
    struct tb_host h = host_stored(s->w, s->host);
    struct tb_blob text = { 0 };

    assert_int_equal(h.has_versions, expected[0] != '\0');
    if (!h.has_versions)
        return;
    assert_int_equal(tb_store_blob_get(s->w->store, h.versions_digest, &text), TB_STORE_OK);
    assert_string_equal((char *)text.p, expected);
    tb_blob_clear(&text);
}

static bool accept_rollback(struct scene *s, const uint8_t *seen, struct tb_refusal *why)
{
    struct tb_store_by by = { .actor = "operator", .now_ms = s->w->now_ms };
    struct tb_host h = host_stored(s->w, s->host);

    return tb_verifier_accept_rollback(s->w->v, &h, seen, &by, why);
}

static void assert_not_accepted(struct scene *s, int status, const char *code)
{
    struct tb_refusal why;

    assert_false(accept_rollback(s, NULL, &why));
    assert_string_equal(why.code, code);
    assert_int_equal(why.status, status);
}

/* --- Raised --- */

static void what_a_host_was_trusted_with_is_remembered_and_only_grows(void **state)
{
    struct scene *s = *state;

    assert_versions(s, "");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_versions(s, "base 5\nhello 5\ntrueboot-loader 5\n");
    boot(s, packages(7, 5));
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_versions(s, "base 7\nhello 5\ntrueboot-loader 5\n");
    boot(s, packages(7, 0)); /* what is gone stays remembered */
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_versions(s, "base 7\nhello 5\ntrueboot-loader 5\n");
}

static void a_host_that_is_not_trusted_raises_nothing(void **state)
{
    struct chain *c = packages(9, 9);
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    c->append = "panic=7";
    boot(s, c);
    attest(s->w, s->host, TB_VERDICT_FAILED, "settings.unsigned-option");
    assert_versions(s, "base 5\nhello 5\ntrueboot-loader 5\n");
    boot(s, packages(5, 5));
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void a_boot_is_appraised_again_when_more_is_remembered_and_then_kept(void **state)
{
    struct tb_verifier_counters c[3];
    struct scene *s = *state;

    for (int i = 0; i < 3; i++) {
        attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
        tb_verifier_counters_read(s->w->v, &c[i]);
    }
    assert_int_equal(c[1].boot_hits, c[0].boot_hits); /* with versions and firmware that were new */
    assert_int_equal(c[2].boot_hits, c[1].boot_hits + 1);
}

/* --- Fallen back --- */

static void b07_t54_an_older_package_is_told_however_the_server_is_treated(void **state)
{
    struct scene *s = *state;

    boot(s, packages(7, 7));
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    boot(s, packages(7, 5));
    attest(s->w, s->host, TB_VERDICT_FAILED, "package.rolled-back");
    attest(s->w, s->host, TB_VERDICT_FAILED, "package.rolled-back");
    world_reopen(s->w);
    attest(s->w, s->host, TB_VERDICT_FAILED, "package.rolled-back");
    assert_versions(s, "base 7\nhello 7\ntrueboot-loader 5\n");
    boot(s, packages(7, 8));
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_versions(s, "base 7\nhello 8\ntrueboot-loader 5\n");
}

static void an_operator_accepts_what_the_last_evidence_shows_and_no_more(void **state)
{
    struct scene *s = *state;
    uint8_t seen[TB_SHA256_LEN];
    struct tb_refusal why;
    struct tb_host h;

    boot(s, packages(7, 7));
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    boot(s, packages(5, 0));
    attest(s->w, s->host, TB_VERDICT_FAILED, "package.rolled-back");
    h = host_stored(s->w, s->host);
    assert_true(tb_verifier_seen(s->w->v, &h, seen));
    seen[0] ^= 1;
    assert_false(accept_rollback(s, seen, &why));
    assert_string_equal(why.code, "other-evidence");
    seen[0] ^= 1;
    assert_true(accept_rollback(s, seen, &why));
    assert_versions(s, "base 5\nhello 7\ntrueboot-loader 5\n"); /* hello was not among them */
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    boot(s, packages(4, 0));
    attest(s->w, s->host, TB_VERDICT_FAILED, "package.rolled-back");
    boot(s, packages(5, 6));
    attest(s->w, s->host, TB_VERDICT_FAILED, "package.rolled-back");
}

static void without_packages_in_genuine_evidence_nothing_is_accepted(void **state)
{
    struct scene *s = *state;

    assert_not_accepted(s, 409, "no-genuine-evidence");
    log_good_boot(s->host->log, LOG_BANK(TB_BANK_SHA256)); /* a host on another chain */
    log_finish(s->host->log);
    s->host->user_log = s->host->packages = tb_slice(NULL, 0);
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    assert_true(attempt_send(s->w, s->w->v, s->a));
    assert_not_accepted(s, 409, "no-genuine-evidence");
    boot(s, packages(5, 5));
    s->host->log->pcrs.value[TB_BANK_SHA256][13][0] ^= 1; /* extended later: nothing is proved */
    s->host->log->pcrs.value[TB_BANK_SHA512][13][0] ^= 1;
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    assert_true(attempt_send(s->w, s->w->v, s->a));
    assert_not_accepted(s, 409, "no-genuine-evidence");
}

static void a_store_that_fails_changes_nothing(void **state)
{
    static const char *const operations[] = { "evidence_get", "host_set_versions" };
    struct scene *s = *state;

    boot(s, packages(7, 7));
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    boot(s, packages(5, 5));
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    failing = "blob_get"; /* what was remembered cannot be read: no verdict */
    scene_not_sent(s, 503, "unavailable");
    attest(s->w, s->host, TB_VERDICT_FAILED, "package.rolled-back");
    for (size_t i = 0; i < 2; i++) {
        failing = operations[i];
        assert_not_accepted(s, 503, "store-unavailable");
    }
    assert_versions(s, "base 7\nhello 7\ntrueboot-loader 5\n");
}

int main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(what_a_host_was_trusted_with_is_remembered_and_only_grows),
        EACH(a_host_that_is_not_trusted_raises_nothing),
        EACH(a_boot_is_appraised_again_when_more_is_remembered_and_then_kept),
        EACH(b07_t54_an_older_package_is_told_however_the_server_is_treated),
        EACH(an_operator_accepts_what_the_last_evidence_shows_and_no_more),
        EACH(without_packages_in_genuine_evidence_nothing_is_accepted),
        EACH(a_store_that_fails_changes_nothing),
    };

    return cmocka_run_group_tests(tests, chain_vendors_make, chain_vendors_free);
}
