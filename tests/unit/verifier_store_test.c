/* What a store that fails, or that another server of the same store was faster at, means for a
 * host. Attack ids: T-24, T-57. */
#include "tests/unit/verifier_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\",\"pcrs\":"

/* --- A store that fails at one operation --------------------------------------------------------
 */

static const char *failing; /* the operation that fails next, once; NULL: none */
static enum tb_store_status fails_with;

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
        return fails(#op) ? fails_with : __real_tb_store_##op args;                                \
    }

FALLIBLE(host_by_token, (struct tb_store * s, const uint8_t hash[32], struct tb_host *out),
         (s, hash, out))
FALLIBLE(offer_take, (struct tb_store * s, const char *id, int64_t now_ms, struct tb_blob *state),
         (s, id, now_ms, state))
FALLIBLE(enrol_token_check,
         (struct tb_store * s, const uint8_t hash[32], int64_t now_ms, struct tb_enrol_token *out),
         (s, hash, now_ms, out))
FALLIBLE(ek_allow_find, (struct tb_store * s, const uint8_t ek[32], struct tb_ek_allowed *out),
         (s, ek, out))
FALLIBLE(summary, (struct tb_store * s, struct tb_store_summary *out), (s, out))
FALLIBLE(host_create,
         (struct tb_store * s, const struct tb_host_new *host, const struct tb_store_by *by,
          struct tb_host_created *out, struct tb_store_conflict *conflict),
         (s, host, by, out, conflict))
FALLIBLE(host_take_attest, (struct tb_store * s, const char *id, bool *wanted), (s, id, wanted))
FALLIBLE(challenge_put, (struct tb_store * s, const char *id, const struct tb_challenge_record *c),
         (s, id, c))
FALLIBLE(challenge_get,
         (struct tb_store * s, const char *id, int64_t now_ms, struct tb_challenge_record *out),
         (s, id, now_ms, out))
FALLIBLE(spend_nonce,
         (struct tb_store * s, const char *id, const uint8_t nonce[TB_NONCE_LEN], int64_t now_ms),
         (s, id, nonce, now_ms))
FALLIBLE(accept_evidence,
         (struct tb_store * s, const struct tb_appraised *in, struct tb_accepted *out),
         (s, in, out))
FALLIBLE(blob_get, (struct tb_store * s, const uint8_t digest[32], struct tb_blob *out),
         (s, digest, out))
FALLIBLE(evidence_get, (struct tb_store * s, const char *id, struct tb_evidence_record *out),
         (s, id, out))
FALLIBLE(host_set_firmware,
         (struct tb_store * s, const char *id, const struct tb_firmware_reference *reference,
          const struct tb_tpm_accepted *tpm, const struct tb_store_by *by),
         (s, id, reference, tpm, by))
FALLIBLE(host_seen, (struct tb_store * s, const char *id, int64_t now_ms), (s, id, now_ms))

static void fail_at(const char *operation, enum tb_store_status status)
{
    failing = operation;
    fails_with = status;
}

static int set_up(void **state)
{
    failing = NULL;
    return scene_set_up(state);
}

/* --- Enrolment ----------------------------------------------------------------------------------
 */

static void begin(struct scene *s, struct soft_host *host, const char *token, struct enrolment *e)
{
    enrolment_begin(e, host, token);
    assert_true(enrolment_ask(s->w, e));
    enrolment_prove(e, host);
}

static void activation_fails_at(struct scene *s, struct enrolment *e, const char *operation)
{
    fail_at(operation, TB_STORE_UNAVAILABLE);
    if (enrolment_activate(s->w, e))
        fail_msg("activated although %s failed", operation);
    assert_null(failing);
    assert_string_equal(e->why.code, "store-unavailable");
    assert_int_equal(e->why.status, 503);
    assert_true(e->why.retry_after_s > 0);
}

static uint64_t n_hosts(struct scene *s)
{
    struct tb_store_summary n;

    assert_int_equal(tb_store_summary(s->w->store, &n), TB_STORE_OK);
    return n.n_hosts;
}

static void an_activation_at_which_the_store_fails_makes_no_host_and_says_so(void **state)
{
    static const char *const operation[] = { "offer_take", "enrol_token_check", "ek_allow_find",
                                             "host_create" };
    struct scene *s = *state;
    struct soft_host *host = host_new("beta");
    struct enrolment *e = malloc(sizeof *e);

    assert_non_null(e);
    for (size_t i = 0; i < sizeof operation / sizeof operation[0]; i++) {
        begin(s, host, "token", e);
        activation_fails_at(s, e, operation[i]);
        assert_int_equal(n_hosts(s), 1);
    }
    begin(s, host, "", e); /* without a token it would wait, and who waits is counted */
    activation_fails_at(s, e, "summary");
    assert_int_equal(n_hosts(s), 1);
    begin(s, host, "token", e);
    assert_true(enrolment_activate(s->w, e));
    free(e);
    host_free(host);
}

/* Whether the activation was answered before is not known: the offer must not be spent on it. */
static void t24_a_store_that_does_not_tell_who_is_there_leaves_the_offer(void **state)
{
    struct scene *s = *state;
    struct soft_host *host = host_new("beta");
    struct enrolment *e = malloc(sizeof *e);

    assert_non_null(e);
    begin(s, host, "token", e);
    activation_fails_at(s, e, "host_by_token");
    assert_int_equal(n_hosts(s), 1);
    assert_true(enrolment_activate(s->w, e));
    assert_int_equal(n_hosts(s), 2);
    free(e);
    host_free(host);
}

/* Its state would be read as "waits for approval". */
static void t24_a_host_that_was_refused_gets_no_answer_to_its_activation_again(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct soft_host *host = host_new("beta");
    struct enrolment *e = malloc(sizeof *e);

    assert_non_null(e);
    begin(s, host, "", e);
    assert_true(enrolment_activate(s->w, e));
    assert_int_equal(e->reply.state, TB_ENROL_PENDING);
    assert_int_equal(tb_store_host_refuse(s->w->store, e->reply.host_id, &by), TB_STORE_OK);
    assert_false(enrolment_activate(s->w, e));
    assert_string_equal(e->why.code, "identity.activation");
    assert_int_equal(e->why.status, 403);
    free(e);
    host_free(host);
}

/* --- Attestation --------------------------------------------------------------------------------
 */

static void a_challenge_at_which_the_store_fails_is_none(void **state)
{
    static const char *const operation[] = { "host_take_attest", "challenge_put" };
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };

    for (size_t i = 0; i < sizeof operation / sizeof operation[0]; i++) {
        assert_int_equal(tb_store_host_want_attest(s->w->store, s->host->id, &by), TB_STORE_OK);
        fail_at(operation[i], TB_STORE_UNAVAILABLE);
        if (attempt_challenge(s->w, s->w->v, s->host, s->a))
            fail_msg("challenged although %s failed", operation[i]);
        assert_string_equal(s->a->why.code, "store-unavailable");
    }
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void evidence_at_which_the_store_fails_gives_no_verdict(void **state)
{
    static const char *const operation[] = { "challenge_get", "accept_evidence" };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof operation / sizeof operation[0]; i++) {
        scene_prepare(s);
        attempt_sign(s->host, s->a);
        fail_at(operation[i], TB_STORE_UNAVAILABLE);
        scene_not_sent(s, 503, "store-unavailable");
        assert_false(host_stored(s->w, s->host).has_log);
    }
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void a_malformed_message_whose_nonce_cannot_be_spent_is_no_answer_yet(void **state)
{
    struct scene *s = *state;

    scene_prepare(s);
    s->a->message.content.left--;
    attempt_sign(s->host, s->a);
    fail_at("spend_nonce", TB_STORE_UNAVAILABLE);
    scene_not_sent(s, 503, "store-unavailable");
    scene_not_sent(s, 400, "evidence.format");
}

static void an_answer_to_an_old_policy_whose_nonce_cannot_be_spent_is_no_answer_yet(void **state)
{
    struct scene *s = *state;

    world_policy(s->w, POLICY "[0,1,2,3,4,5,6,7,14]}");
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    world_policy(s->w, POLICY "[0,1,2,3,4,5,6,7,8,9,14]}");
    fail_at("spend_nonce", TB_STORE_UNAVAILABLE);
    scene_not_sent(s, 503, "store-unavailable");
    scene_not_sent(s, 410, "late");
}

/* Time goes by while a boot is appraised. */
static void an_answer_that_becomes_late_while_it_is_appraised_is_told_as_late(void **state)
{
    struct scene *s = *state;

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    fail_at("accept_evidence", TB_STORE_STALE);
    scene_not_sent(s, 410, "late");
    fail_at("accept_evidence", TB_STORE_NOT_FOUND); /* another server took the nonce */
    scene_not_sent(s, 409, "no-challenge");
}

static void a_held_log_that_the_store_does_not_give_is_not_taken_for_an_empty_one(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->a->omit_log = true;
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    fail_at("blob_get", TB_STORE_UNAVAILABLE);
    assert_false(attempt_send(s->w, s->w->v, s->a));
    assert_null(failing);
    assert_int_equal(s->a->why.status, 503);
    assert_int_equal(host_stored(s->w, s->host).verdict, TB_VERDICT_TRUSTED);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

/* --- The firmware -------------------------------------------------------------------------------
 */

static void t57_firmware_is_not_accepted_from_evidence_that_the_store_does_not_give(void **state)
{
    static const char *const operation[] = { "evidence_get", "host_set_firmware" };
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct tb_host host;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    host = host_stored(s->w, s->host);
    for (size_t i = 0; i < sizeof operation / sizeof operation[0]; i++) {
        fail_at(operation[i], TB_STORE_UNAVAILABLE);
        assert_false(tb_verifier_accept_firmware(s->w->v, &host, NULL, &by, &s->a->why));
        assert_string_equal(s->a->why.code, "store-unavailable");
    }
}

static void t57_firmware_of_genuine_evidence_whose_log_is_missing_is_not_accepted(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct tb_host host;

    scene_prepare(s);
    s->a->content.log = tb_slice(NULL, 0);
    s->a->content.log_missing = true;
    memset(s->a->content.log_digest, 0, 32);
    snprintf(s->a->content.log_missing_reason, sizeof s->a->content.log_missing_reason, "no file");
    attempt_bind(s->w, s->host, s->a);
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_FAILED, "evidence.complete");
    host = host_stored(s->w, s->host);
    assert_false(tb_verifier_accept_firmware(s->w->v, &host, NULL, &by, &s->a->why));
    assert_string_equal(s->a->why.code, "no-genuine-evidence");
    assert_false(host_stored(s->w, s->host).firmware.present);
}

/* The quote is genuine, and tells no bank that the firmware could be read in. */
static void t57_firmware_of_genuine_evidence_whose_log_is_none_is_not_accepted(void **state)
{
    static const char no_log[] = "this is not an event log, and long enough to look like one";
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "ops", .now_ms = s->w->now_ms };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_host host;

    scene_prepare(s);
    s->a->content.log = tb_slice(no_log, sizeof no_log);
    assert_true(tb_hash(h, TB_BANK_SHA256, s->a->content.log, digest));
    memcpy(s->a->content.log_digest, digest, 32);
    tb_hasher_free(h);
    attempt_bind(s->w, s->host, s->a);
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_FAILED, "log.format");
    host = host_stored(s->w, s->host);
    assert_false(tb_verifier_accept_firmware(s->w->v, &host, NULL, &by, &s->a->why));
    assert_string_equal(s->a->why.code, "no-genuine-evidence");
    assert_false(host_stored(s->w, s->host).firmware.present);
}

static void a_host_without_tpm_2_that_the_store_could_not_note_was_not_seen(void **state)
{
    struct scene *s = *state;
    struct soft_host *host = host_new("old");
    struct tb_challenge_request request = { .tpm_state = TB_TPM_STATE_NONE };
    struct tb_challenge challenge;
    struct tb_host stored;
    bool capable;

    host->tpm = TB_TPM_STATE_NONE;
    enrol(s->w, host, "token", TB_ENROL_ACTIVE);
    memcpy(request.host_id, host->id, sizeof request.host_id);
    stored = host_stored(s->w, host);
    fail_at("host_seen", TB_STORE_UNAVAILABLE);
    assert_false(tb_verifier_challenge(s->w->v, s->w->now_ms, &stored, &request, &challenge,
                                       &capable, &s->a->why));
    assert_string_equal(s->a->why.code, "store-unavailable");
    assert_true(tb_verifier_challenge(s->w->v, s->w->now_ms, &stored, &request, &challenge,
                                      &capable, &s->a->why));
    assert_false(capable);
    host_free(host);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_activation_at_which_the_store_fails_makes_no_host_and_says_so),
        CASE(t24_a_store_that_does_not_tell_who_is_there_leaves_the_offer),
        CASE(t24_a_host_that_was_refused_gets_no_answer_to_its_activation_again),
        CASE(a_challenge_at_which_the_store_fails_is_none),
        CASE(evidence_at_which_the_store_fails_gives_no_verdict),
        CASE(a_malformed_message_whose_nonce_cannot_be_spent_is_no_answer_yet),
        CASE(an_answer_to_an_old_policy_whose_nonce_cannot_be_spent_is_no_answer_yet),
        CASE(an_answer_that_becomes_late_while_it_is_appraised_is_told_as_late),
        CASE(a_held_log_that_the_store_does_not_give_is_not_taken_for_an_empty_one),
        CASE(t57_firmware_is_not_accepted_from_evidence_that_the_store_does_not_give),
        CASE(t57_firmware_of_genuine_evidence_whose_log_is_missing_is_not_accepted),
        CASE(t57_firmware_of_genuine_evidence_whose_log_is_none_is_not_accepted),
        CASE(a_host_without_tpm_2_that_the_store_could_not_note_was_not_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
