/* What the Verifier remembers of a host, and what an operator changes. Attack ids: B-14, T-56,
 * T-57. */
#include "tests/unit/verifier_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The TPM's counters -------------------------------------------------------------------------
 */

static void t56_a_tpm_reset_under_a_running_system_fails(void **state)
{
    struct scene *s = *state;
    struct tb_incident i = { 0 };

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->reset_count++;
    s->host->clock_ms += 1000;
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.reset");
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.reset"); /* and is not forgotten */
    assert_int_equal(tb_store_incidents(s->w->store,
                                        &(struct tb_incident_query){ .open_only = true },
                                        scene_note_incident, &i),
                     TB_STORE_OK);
    assert_string_equal(i.code, "quote.reset");
    /* A reboot, told as one: another boot id, an uptime that fits. */
    s->host->reset_count++;
    s->host->clock_ms += 30000;
    s->host->uptime_ms = 20000;
    snprintf(s->host->boot_id, sizeof s->host->boot_id, "22222222-2222-3333-4444-555555555555");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void t56_a_new_boot_id_with_the_uptime_of_the_old_boot_fails(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->reset_count++;
    s->host->clock_ms += 1000;
    s->host->uptime_ms = 10 * 86400 * UINT64_C(1000);
    snprintf(s->host->boot_id, sizeof s->host->boot_id, "22222222-2222-3333-4444-555555555555");
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.reset");
}

static void b14_a_kexec_fails_until_the_host_reboots_through_its_firmware(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->clock_ms += 30000;
    s->host->uptime_ms = 20000;
    snprintf(s->host->boot_id, sizeof s->host->boot_id, "22222222-2222-3333-4444-555555555555");
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.kexec");
    s->host->clock_ms += 30000;
    s->host->uptime_ms += 30000;
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.kexec"); /* and is not forgotten */
    s->host->reset_count++;
    s->host->clock_ms += 30000;
    s->host->uptime_ms = 20000;
    snprintf(s->host->boot_id, sizeof s->host->boot_id, "33333333-2222-3333-4444-555555555555");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void t57_counters_and_clock_that_went_back_fail(void **state)
{
    struct scene *s = *state;
    struct tb_quote_memory kept, now;

    s->host->restart_count = 3;
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    kept = host_stored(s->w, s->host).memory;
    s->host->reset_count--;
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.clock");
    s->host->reset_count++;
    s->host->clock_ms--;
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.clock");
    s->host->clock_ms++;
    s->host->restart_count--;
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.clock");
    now = host_stored(s->w, s->host).memory;
    assert_memory_equal(&now, &kept, sizeof kept);
    s->host->restart_count++;
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void t57_a_clear_safe_flag_and_a_resume_are_told(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->clock_ms += 1000;
    s->host->restart_count++;
    s->host->safe = 0;
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_TRUSTED, "");
    assert_true(answer_names(&s->a->answer, "quote.clock-safe"));
    assert_true(answer_names(&s->a->answer, "quote.restart"));
}

static void t57_another_tpm_firmware_version_is_a_change_until_it_is_accepted(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct tb_refusal why;
    struct tb_host h;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->firmware_version++;
    attest(s->w, s->host, TB_VERDICT_CHANGED, "quote.firmware-version");
    attest(s->w, s->host, TB_VERDICT_CHANGED, "quote.firmware-version");
    h = host_stored(s->w, s->host);
    if (!tb_verifier_accept_firmware(s->w->v, &h, NULL, &by, &why))
        fail_msg("%s", why.message);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->firmware_version--; /* back to the vulnerable one */
    attest(s->w, s->host, TB_VERDICT_CHANGED, "quote.firmware-version");
}

/* --- The host's firmware ------------------------------------------------------------------------
 */

static void change_firmware(struct soft_host *host)
{
    struct log_item *blob = log_find(host->log, 0, TB_EV_S_CRTM_VERSION, 0);

    log_set_data(host->log, blob, log_text("another version"));
    log_rehash(host->log, blob, log_text("another version"));
    host_boot(host);
    host->reset_count++;
    host->clock_ms += 60000;
    host->uptime_ms = 30000;
    host->boot_id[0]++;
}

static void changed_firmware_is_told_until_an_operator_accepts_it(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct tb_refusal why;
    struct tb_host h;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    change_firmware(s->host);
    attest(s->w, s->host, TB_VERDICT_CHANGED, "firmware.changed");
    attest(s->w, s->host, TB_VERDICT_CHANGED, "firmware.changed");
    h = host_stored(s->w, s->host);
    if (!tb_verifier_accept_firmware(s->w->v, &h, NULL, &by, &why))
        fail_msg("%s", why.message);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

/* What came after the operator looked is not accepted unseen. */
static void t57_firmware_that_changed_again_since_it_was_seen_is_not_accepted(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    uint8_t seen[TB_SHA256_LEN], now[TB_SHA256_LEN];
    struct tb_refusal why;
    struct tb_host h;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    change_firmware(s->host);
    attest(s->w, s->host, TB_VERDICT_CHANGED, "firmware.changed");
    h = host_stored(s->w, s->host);
    assert_true(tb_verifier_seen(s->w->v, &h, seen));
    assert_true(h.has_shape && h.trusted_ms != 0);
    s->host->firmware_version++; /* and now the TPM's, too */
    attest(s->w, s->host, TB_VERDICT_CHANGED, "quote.firmware-version");
    h = host_stored(s->w, s->host);
    assert_false(tb_verifier_accept_firmware(s->w->v, &h, seen, &by, &why));
    assert_int_equal(why.status, 409);
    assert_string_equal(why.code, "other-evidence");
    attest(s->w, s->host, TB_VERDICT_CHANGED, "quote.firmware-version");
    h = host_stored(s->w, s->host);
    assert_true(tb_verifier_seen(s->w->v, &h, now));
    assert_memory_not_equal(seen, now, sizeof seen);
    if (!tb_verifier_accept_firmware(s->w->v, &h, now, &by, &why))
        fail_msg("%s", why.message);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void t30_a_bank_that_is_gone_fails_the_host_until_an_operator_accepts_it(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct tb_refusal why;
    struct tb_host h;

    log_good_boot(s->host->log, LOG_BANK(TB_BANK_SHA256) | LOG_BANK(TB_BANK_SHA384));
    host_boot(s->host);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    log_good_boot(s->host->log, LOG_BANK(TB_BANK_SHA384));
    change_firmware(s->host);
    attest(s->w, s->host, TB_VERDICT_FAILED, "pcr.bank-gone");
    attest(s->w, s->host, TB_VERDICT_FAILED, "pcr.bank-gone");
    h = host_stored(s->w, s->host);
    assert_int_equal(h.memory.banks, LOG_BANK(TB_BANK_SHA256) | LOG_BANK(TB_BANK_SHA384));
    if (!tb_verifier_accept_firmware(s->w->v, &h, NULL, &by, &why))
        fail_msg("%s", why.message);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    log_good_boot(s->host->log, LOG_BANK(TB_BANK_SHA256) | LOG_BANK(TB_BANK_SHA384));
    change_firmware(s->host); /* back again: both count from now on */
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    h = host_stored(s->w, s->host);
    assert_int_equal(h.memory.banks, LOG_BANK(TB_BANK_SHA256) | LOG_BANK(TB_BANK_SHA384));
}

static void a_boot_that_is_not_trusted_sets_no_firmware_reference(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct tb_refusal why;
    struct tb_host h;

    scene_prepare(s);
    s->a->exporter[0] ^= 1;
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_FAILED, "quote.binding");
    h = host_stored(s->w, s->host);
    assert_false(h.firmware.present);
    assert_false(tb_verifier_accept_firmware(s->w->v, &h, NULL, &by, &why));
    assert_string_equal(why.code, "no-genuine-evidence");
}

/* --- The policy ---------------------------------------------------------------------------------
 */

static void another_policy_gives_another_verdict(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    world_policy(s->w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\",\"checks\":{\"log."
                       "user-space\":\"required\"},"
                       "\"keys\":{\"PK\":[\"0000000000000000000000000000000000000000000000000000"
                       "000000000000\"]}}");
    attest(s->w, s->host, TB_VERDICT_FAILED, "secureboot.keys");
    world_policy(s->w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

#define TOKEN_POLICY "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\","
#define ADVISORY(vendor)                                                                           \
    "\"advisories\":[{\"name\":\"A-1\",\"vendor\":\"" vendor "\",\"firmware_from\":\"0\","         \
    "\"firmware_to\":\"65535\"}]}"

/* What enrolment kept of the TPM is looked at with each quote, the cached ones of a boot too. */
static void t25_t26_class_and_vendor_of_the_tpm_are_judged_each_time(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    world_policy(s->w, TOKEN_POLICY "\"tpm_classes\":[\"discrete\"]}");
    attest(s->w, s->host, TB_VERDICT_FAILED, "identity.tpm-class");
    attest(s->w, s->host, TB_VERDICT_FAILED, "identity.tpm-class");
    world_policy(s->w, TOKEN_POLICY "\"tpm_classes\":[\"discrete\",\"software\",\"unknown\"]}");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    world_policy(s->w, TOKEN_POLICY ADVISORY("IBM"));
    attest(s->w, s->host, TB_VERDICT_CHANGED, "identity.tpm-advisory");
    world_policy(s->w, TOKEN_POLICY ADVISORY("STM"));
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void a_policy_of_another_replica_holds_here_after_seconds(void **state)
{
    struct scene *s = *state;
    const struct tb_policy *policy, *later;
    char err[TB_STORE_ERR_LEN];
    struct world other = *s->w;

    assert_true(tb_verifier_policy(s->w->v, "", s->w->now_ms, &policy, &s->a->why));
    assert_int_equal(policy->interval_s, 300);
    other.store = tb_store_open_sqlite(s->w->path, err);
    other.v = world_verifier(other.store, NULL);
    world_policy(&other, "{\"format\":1,\"name\":\"test\",\"interval_s\":17}");
    assert_true(tb_verifier_policy(s->w->v, "", s->w->now_ms + 5000, &later, &s->a->why));
    assert_int_equal(later->interval_s, 17);
    assert_int_equal(policy->interval_s, 300); /* who holds one keeps it as it was */
    tb_verifier_policy_done(policy);
    tb_verifier_policy_done(later);
    tb_verifier_free(other.v);
    tb_store_close(other.store);
}

struct trial {
    struct scene *s;
    unsigned n;
};

static bool try_again(void *ctx, const struct tb_host *host, const struct tb_evidence_record *e)
{
    struct trial *t = ctx;
    struct tb_appraisal *r = malloc(sizeof *r);
    const struct tb_policy *policy;

    assert_true(tb_verifier_policy(t->s->w->v, "", t->s->w->now_ms, &policy, &t->s->a->why));
    if (tb_verifier_reappraise(t->s->w->v, host, e, policy, r) && r->result.verdict != e->verdict)
        fail_msg("%s became %s", tb_verdict_name(e->verdict), tb_verdict_name(r->result.verdict));
    t->n++;
    tb_verifier_policy_done(policy);
    free(r);
    return true;
}

static void trying_the_policy_in_force_changes_no_verdict(void **state)
{
    struct scene *s = *state;
    struct trial t = { s, 0 };

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_int_equal(tb_store_evidence_each(s->w->store, NULL, try_again, &t), TB_STORE_OK);
    s->host->firmware_version++;
    attest(s->w, s->host, TB_VERDICT_CHANGED, "quote.firmware-version");
    assert_int_equal(tb_store_evidence_each(s->w->store, NULL, try_again, &t), TB_STORE_OK);
    change_firmware(s->host);
    attest(s->w, s->host, TB_VERDICT_CHANGED, "quote.firmware-version");
    assert_int_equal(tb_store_evidence_each(s->w->store, NULL, try_again, &t), TB_STORE_OK);
    s->host->reset_count++;
    attest(s->w, s->host, TB_VERDICT_FAILED, "quote.reset");
    assert_int_equal(tb_store_evidence_each(s->w->store, NULL, try_again, &t), TB_STORE_OK);
    assert_int_equal(t.n, 4);
}

static bool try_strict(void *ctx, const struct tb_host *host, const struct tb_evidence_record *e)
{
    struct trial *t = ctx;
    struct tb_appraisal *r = malloc(sizeof *r);
    struct tb_policy policy;

    tb_policy_builtin(&policy);
    policy.severity[TB_CHECK_QUOTE_RESTART] = TB_SEVERITY_REQUIRED;
    assert_int_equal(e->verdict, TB_VERDICT_TRUSTED);
    assert_true(tb_verifier_reappraise(t->s->w->v, host, e, &policy, r));
    assert_int_equal(r->result.verdict, TB_VERDICT_FAILED);
    assert_int_equal(r->result.headline, TB_CHECK_QUOTE_RESTART);
    t->n++;
    free(r);
    return true;
}

static void a_tried_policy_judges_what_was_remembered_when_the_evidence_came(void **state)
{
    struct scene *s = *state;
    struct trial t = { s, 0 };

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->restart_count++;
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_int_equal(tb_store_evidence_each(s->w->store, NULL, try_strict, &t), TB_STORE_OK);
    assert_int_equal(t.n, 1);
}

/* --- Hosts that are not capable -----------------------------------------------------------------
 */

static void a_host_with_a_tpm_1_2_is_seen_and_stays_not_capable(void **state)
{
    struct scene *s = *state;
    struct soft_host *old = host_new("beta");
    struct tb_challenge_request request = { .tpm_state = TB_TPM_STATE_12 };
    bool capable = true;

    old->tpm = TB_TPM_STATE_12;
    enrol(s->w, old, "token", TB_ENROL_ACTIVE);
    s->w->now_ms += 5000;
    memcpy(request.host_id, old->id, sizeof request.host_id);
    assert_int_equal(tb_verifier_host_of_token(s->w->v, old->token, &s->a->host), TB_STORE_OK);
    assert_true(tb_verifier_challenge(s->w->v, s->w->now_ms, &s->a->host, &request,
                                      &s->a->challenge, &capable, &s->a->why));
    assert_false(capable);
    assert_int_equal(host_stored(s->w, old).verdict, TB_VERDICT_NOT_CAPABLE);
    assert_true(host_stored(s->w, old).last_seen_ms == s->w->now_ms);
    /* Saying "2.0" now brings no challenge: there is no key to answer with. */
    request.tpm_state = TB_TPM_STATE_20;
    assert_true(tb_verifier_challenge(s->w->v, s->w->now_ms, &s->a->host, &request,
                                      &s->a->challenge, &capable, &s->a->why));
    assert_false(capable);
    host_free(old);
}

static void a_host_with_a_tpm_2_never_becomes_not_capable_by_its_word(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    for (unsigned said = TB_TPM_STATE_NONE; said <= TB_TPM_STATE_12; said++) {
        s->host->tpm = (enum tb_tpm_state)said;
        assert_false(attempt_challenge(s->w, s->w->v, s->host, s->a));
        assert_string_equal(s->a->why.code, "tpm-missing");
        assert_int_equal(host_stored(s->w, s->host).verdict, TB_VERDICT_TRUSTED);
        assert_int_equal(host_stored(s->w, s->host).tpm, TB_TPM_STATE_20);
    }
}

/* --- Life of the host
 * ----------------------------------------------------------------------------- */

static void a_removed_host_gets_no_challenge_and_its_answer_is_refused(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    assert_int_equal(tb_store_host_remove(s->w->store, s->host->id, &by), TB_STORE_OK);
    assert_false(attempt_send(s->w, s->w->v, s->a)); /* it was read before the removal */
    assert_false(attempt_challenge(s->w, s->w->v, s->host, s->a));
    assert_int_equal(s->a->why.status, 401);
}

static void a_wish_to_attest_is_taken_by_the_challenge(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };

    assert_int_equal(tb_store_host_want_attest(s->w->store, s->host->id, &by), TB_STORE_OK);
    assert_true(host_stored(s->w, s->host).want_attest);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_false(host_stored(s->w, s->host).want_attest);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(t56_a_tpm_reset_under_a_running_system_fails),
        CASE(t56_a_new_boot_id_with_the_uptime_of_the_old_boot_fails),
        CASE(b14_a_kexec_fails_until_the_host_reboots_through_its_firmware),
        CASE(t57_counters_and_clock_that_went_back_fail),
        CASE(t57_a_clear_safe_flag_and_a_resume_are_told),
        CASE(t57_another_tpm_firmware_version_is_a_change_until_it_is_accepted),
        CASE(t30_a_bank_that_is_gone_fails_the_host_until_an_operator_accepts_it),
        CASE(changed_firmware_is_told_until_an_operator_accepts_it),
        CASE(t57_firmware_that_changed_again_since_it_was_seen_is_not_accepted),
        CASE(a_boot_that_is_not_trusted_sets_no_firmware_reference),
        CASE(another_policy_gives_another_verdict),
        CASE(t25_t26_class_and_vendor_of_the_tpm_are_judged_each_time),
        CASE(a_policy_of_another_replica_holds_here_after_seconds),
        CASE(trying_the_policy_in_force_changes_no_verdict),
        CASE(a_tried_policy_judges_what_was_remembered_when_the_evidence_came),
        CASE(a_host_with_a_tpm_1_2_is_seen_and_stays_not_capable),
        CASE(a_host_with_a_tpm_2_never_becomes_not_capable_by_its_word),
        CASE(a_removed_host_gets_no_challenge_and_its_answer_is_refused),
        CASE(a_wish_to_attest_is_taken_by_the_challenge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
