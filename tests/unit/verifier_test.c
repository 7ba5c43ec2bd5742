/* Challenge and evidence at the Verifier. Attack ids: T-07, T-11, T-12, T-13, T-14, T-15, T-66,
 * T-67. */
#include "tests/unit/verifier_world.h"

#include <openssl/ec.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool random_fails;

/* The linker gives us every call of tb_random (--wrap). */
bool __real_tb_random(void *out, size_t len);
bool __wrap_tb_random(void *out, size_t len);
bool __wrap_tb_random(void *out, size_t len)
{
    if (!random_fails)
        return __real_tb_random(out, len);
    memset(out, 0, len);
    return false;
}

static int set_up(void **state)
{
    random_fails = false;
    return scene_set_up(state);
}

/* --- The good case, and what is left out of it --------------------------------------------------
 */

static void a_good_boot_is_trusted_and_the_host_is_remembered(void **state)
{
    struct scene *s = *state;
    struct tb_host h;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    h = host_stored(s->w, s->host);
    assert_int_equal(h.verdict, TB_VERDICT_TRUSTED);
    assert_int_equal(h.secure_boot, TB_SWITCH_ON);
    assert_true(h.last_verified_ms == s->w->now_ms && h.last_evidence_ms == s->w->now_ms);
    assert_true(h.memory.present && h.memory.reset_count == s->host->reset_count);
    assert_string_equal(h.memory.boot_id, s->host->boot_id);
    assert_true(h.firmware.present && h.firmware.bank == TB_BANK_SHA256);
    assert_memory_equal(h.firmware.value[0], s->host->log->pcrs.value[TB_BANK_SHA256][0], 32);
}

static void the_second_attestation_leaves_out_what_is_held(void **state)
{
    struct scene *s = *state;
    struct tb_verifier_counters before, after;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    tb_verifier_counters_read(s->w->v, &before);
    s->a->omit_log = s->a->omit_pcrs = true;
    s->host->clock_ms += 1000;
    scene_prepare(s);
    assert_true(s->a->challenge.has_held_log && s->a->challenge.has_held_pcrs);
    assert_memory_equal(s->a->challenge.held_log, s->a->content.log_digest, 32);
    assert_memory_equal(s->a->challenge.held_pcrs, s->a->content.pcrs_fingerprint, 32);
    attempt_sign(s->host, s->a);
    assert_true(s->a->message.content.left < 512);
    scene_sent(s, TB_VERDICT_TRUSTED, "");
    /* The first was appraised without, the second with a firmware reference. */
    tb_verifier_counters_read(s->w->v, &after);
    assert_int_equal(after.evidences, before.evidences + 1);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    tb_verifier_counters_read(s->w->v, &after);
    assert_int_equal(after.boot_hits, before.boot_hits + 1);
}

static bool same_results(const struct tb_blob *a, const struct tb_blob *b)
{
    return a->len == b->len && a->len > 0 && memcmp(a->p, b->p, a->len) == 0;
}

/* What the page shows is the stored result; a cached appraisal must give the very same. */
static void a_cached_appraisal_equals_a_new_one(void **state)
{
    struct scene *s = *state;
    struct tb_evidence_record cached = { 0 }, fresh = { 0 };
    struct tb_verifier_counters c;

    for (int broken = 0; broken < 2; broken++) {
        if (broken) { /* findings are cached too */
            log_set_data(
                s->host->log,
                log_find_variable(s->host->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot"),
                log_uefi_variable(s->host->log, log_guid_global, "SecureBoot", tb_slice("\0", 1)));
            log_rehash(
                s->host->log,
                log_find_variable(s->host->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot"),
                log_uefi_variable(s->host->log, log_guid_global, "SecureBoot", tb_slice("\0", 1)));
            host_boot(s->host);
        }
        for (int i = 0; i < 3; i++) {
            s->host->clock_ms += 1000;
            attest(s->w, s->host, broken ? TB_VERDICT_FAILED : TB_VERDICT_TRUSTED,
                   broken ? "secureboot.off" : "");
        }
        tb_verifier_counters_read(s->w->v, &c);
        assert_true(c.boot_hits > 0);
        assert_int_equal(tb_store_evidence_get(s->w->store, s->host->id, &cached), TB_STORE_OK);
        world_reopen(s->w); /* empty caches */
        s->host->clock_ms += 1000;
        attest(s->w, s->host, broken ? TB_VERDICT_FAILED : TB_VERDICT_TRUSTED,
               broken ? "secureboot.off" : "");
        assert_int_equal(tb_store_evidence_get(s->w->store, s->host->id, &fresh), TB_STORE_OK);
        assert_true(same_results(&cached.result, &fresh.result));
        assert_true(same_results(&cached.log, &fresh.log));
        tb_evidence_record_clear(&cached);
        tb_evidence_record_clear(&fresh);
    }
}

static void two_hosts_of_one_boot_share_the_result_and_keep_their_own_clock(void **state)
{
    struct scene *s = *state;
    struct soft_host *other = host_new("other.example.org");
    struct tb_evidence_record e = { 0 };
    struct tb_verifier_counters before, after;
    struct tb_host a, b;

    snprintf(other->boot_id, sizeof other->boot_id, "%s", "boot-of-the-other");
    other->clock_ms = s->host->clock_ms + 5000;
    other->reset_count = s->host->reset_count + 3;
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    enrol(s->w, other, "token", TB_ENROL_ACTIVE);
    attest(s->w, other, TB_VERDICT_TRUSTED, "");
    tb_verifier_counters_read(s->w->v, &before);
    attest(s->w, other, TB_VERDICT_TRUSTED, "");
    tb_verifier_counters_read(s->w->v, &after);
    assert_true(after.boot_hits > before.boot_hits);
    a = host_stored(s->w, s->host);
    b = host_stored(s->w, other);
    assert_memory_equal(a.result_digest, b.result_digest, sizeof a.result_digest);
    assert_int_equal(tb_store_evidence_get(s->w->store, other->id, &e), TB_STORE_OK);
    assert_non_null(strstr((char *)e.result.p, "\"quote\":{\"genuine\":true}"));
    assert_int_equal(b.memory.clock_ms, other->clock_ms);
    assert_int_equal(b.memory.reset_count, other->reset_count);
    assert_string_equal(b.memory.boot_id, "boot-of-the-other");
    assert_string_not_equal(a.memory.boot_id, b.memory.boot_id);
    tb_evidence_record_clear(&e);
    host_free(other);
}

static void another_log_for_the_values_of_a_cached_boot_is_appraised_by_itself(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->log->len -= 1; /* the TPM says the same, the log is cut */
    attest(s->w, s->host, TB_VERDICT_FAILED, "log.format");
    s->host->log->len += 1;
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void a_quote_with_a_finding_is_not_given_the_text_of_one_without(void **state)
{
    struct scene *s = *state;
    struct tb_evidence_record e = { 0 };

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->host->restart_count++; /* a resume: told, and no more */
    s->host->clock_ms += 1000;
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_int_equal(tb_store_evidence_get(s->w->store, s->host->id, &e), TB_STORE_OK);
    assert_non_null(strstr((char *)e.result.p, "restartCount"));
    tb_evidence_record_clear(&e);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_int_equal(tb_store_evidence_get(s->w->store, s->host->id, &e), TB_STORE_OK);
    assert_null(strstr((char *)e.result.p, "restartCount"));
    tb_evidence_record_clear(&e);
}

static void a_log_left_out_that_is_not_the_one_held_is_refused(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    s->a->omit_log = true;
    scene_prepare(s);
    s->a->content.log_digest[0] ^= 1;
    attempt_bind(s->w, s->host, s->a);
    attempt_sign(s->host, s->a);
    scene_not_sent(s, 400, "evidence.complete");
    scene_not_sent(s, 409, "no-challenge"); /* the nonce is spent */
    assert_int_equal(host_stored(s->w, s->host).verdict, TB_VERDICT_TRUSTED);
}

static void a_log_or_values_that_are_not_what_their_digest_says_are_refused(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < 2; i++) {
        scene_prepare(s);
        if (i == 0)
            s->a->content.log_digest[0] ^= 1;
        else
            s->a->content.pcrs_fingerprint[0] ^= 1;
        attempt_bind(s->w, s->host, s->a);
        attempt_sign(s->host, s->a);
        scene_not_sent(s, 400, "evidence.format");
        scene_not_sent(s, 409, "no-challenge");
    }
    assert_false(host_stored(s->w, s->host).has_log);
}

static void the_first_attestation_must_bring_the_log(void **state)
{
    struct scene *s = *state;

    s->a->omit_log = true;
    scene_prepare(s);
    assert_false(s->a->challenge.has_held_log);
    attempt_sign(s->host, s->a);
    scene_not_sent(s, 400, "evidence.complete");
}

static void send_without_log(struct scene *s, const char *headline)
{
    scene_prepare(s);
    s->a->content.log = tb_slice(NULL, 0);
    s->a->content.log_missing = true;
    memset(s->a->content.log_digest, 0, 32);
    snprintf(s->a->content.log_missing_reason, sizeof s->a->content.log_missing_reason, "no file");
    attempt_bind(s->w, s->host, s->a);
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_FAILED, headline);
}

static void a_host_that_cannot_read_its_log_fails_for_that_reason(void **state)
{
    struct scene *s = *state;

    send_without_log(s, "evidence.complete");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    send_without_log(s, "evidence.complete"); /* the log that is held does not explain it */
    assert_int_equal(host_stored(s->w, s->host).secure_boot, TB_SWITCH_UNKNOWN);
}

/* The host boots again with this value of SecureBoot, and db's authority only where it is on. */
static void boot_again(struct scene *s, const char *value)
{
    struct log_builder *b = s->host->log;
    struct log_item *item;

    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    item = log_find_variable(b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");
    log_set_data(b, item, log_uefi_variable(b, log_guid_global, "SecureBoot", tb_slice(value, 1)));
    log_rehash(b, item, tb_slice(item->data, item->data_len));
    if (*value == 0)
        log_remove(b, log_find_variable(b, TB_EV_EFI_VARIABLE_AUTHORITY, "db"));
    host_boot(s->host);
    s->host->reset_count++;
    s->host->clock_ms += 1000;
    s->host->boot_id[0]++;
}

static void t45_a_host_without_a_log_is_told_by_the_log_of_its_boot_before(void **state)
{
    struct scene *s = *state;
    struct tb_evidence_record e = { 0 };
    struct tb_host before, after;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    before = host_stored(s->w, s->host);
    boot_again(s, "\0");
    for (int i = 0; i < 2; i++) { /* the log that is held stays */
        send_without_log(s, "secureboot.off");
        assert_true(answer_names(&s->a->answer, "evidence.complete"));
        after = host_stored(s->w, s->host);
        assert_int_equal(after.secure_boot, TB_SWITCH_OFF);
        assert_memory_equal(after.log_digest, before.log_digest, 32);
        assert_int_equal(after.memory.reset_count, before.memory.reset_count);
    }
    assert_int_equal(tb_store_evidence_get(s->w->store, s->host->id, &e), TB_STORE_OK);
    assert_true(!e.genuine && e.log.len == 0);
    assert_non_null(strstr((char *)e.result.p, "SecureBoot 00, computed"));
    tb_evidence_record_clear(&e);
    boot_again(s, "\1");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

static void malformed_content_spends_the_nonce_and_stores_nothing_else(void **state)
{
    struct scene *s = *state;
    static const uint8_t junk[] = "no CBOR at all";
    struct tb_host before, after;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    before = host_stored(s->w, s->host);
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->a->message.content = tb_slice(junk, sizeof junk);
    scene_not_sent(s, 400, "evidence.format");
    attempt_bind(s->w, s->host, s->a); /* the good content with the same nonce */
    attempt_sign(s->host, s->a);
    scene_not_sent(s, 409, "no-challenge");
    after = host_stored(s->w, s->host);
    assert_int_equal(after.verdict, before.verdict);
    assert_true(after.last_evidence_ms == before.last_evidence_ms);
    assert_memory_equal(after.result_digest, before.result_digest, 32);
}

/* --- The signature ------------------------------------------------------------------------------
 */

static void t07_a_signature_of_another_scheme_hash_or_key_fails(void **state)
{
    struct scene *s = *state;
    static const struct {
        enum test_ak_kind kind;
        const char *code;
    } cases[] = { { TEST_AK_P256, "quote.signature" },
                  { TEST_AK_P384, "quote.scheme" },
                  { TEST_AK_RSA2048, "quote.scheme" },
                  { TEST_AK_RSA2048_PSS, "quote.scheme" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_ak *own = s->host->ak, *foreign = test_ak_new(cases[i].kind);

        scene_prepare(s);
        s->host->ak = foreign;
        attempt_sign(s->host, s->a);
        s->host->ak = own;
        test_ak_free(foreign);
        scene_sent(s, TB_VERDICT_FAILED, cases[i].code);
        scene_not_sent(s, 409, "no-challenge");
    }
    assert_false(host_stored(s->w, s->host).memory.present);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

/* --- Freshness ----------------------------------------------------------------------------------
 */

static void t11_the_same_evidence_is_accepted_once(void **state)
{
    struct scene *s = *state;

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_TRUSTED, "");
    scene_not_sent(s, 409, "no-challenge");
    scene_challenge(s); /* an old answer to a new challenge */
    scene_not_sent(s, 409, "no-challenge");
}

static void evidence_of_a_host_that_is_no_longer_active_is_refused(void **state)
{
    struct scene *s = *state;

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->a->host.state = TB_HOST_PENDING;
    scene_not_sent(s, 403, "pending");
    s->a->host.state = TB_HOST_REFUSED;
    scene_not_sent(s, 403, "refused");
    s->a->host.state = TB_HOST_REMOVED;
    scene_not_sent(s, 403, "removed");
    s->a->host.state = TB_HOST_ACTIVE;
    scene_sent(s, TB_VERDICT_TRUSTED, "");
}

static void a_challenge_for_another_host_is_refused(void **state)
{
    struct scene *s = *state;
    struct tb_challenge_request q = { .host_id = "another", .tpm_state = TB_TPM_STATE_20 };
    struct tb_host host = host_stored(s->w, s->host);
    bool capable;

    assert_false(tb_verifier_challenge(s->w->v, s->w->now_ms, &host, &q, &s->a->challenge, &capable,
                                       &s->a->why));
    assert_int_equal(s->a->why.status, 403);
}

static void firmware_of_a_host_without_evidence_cannot_be_accepted(void **state)
{
    struct scene *s = *state;
    struct tb_store_by by = { .actor = "somebody", .now_ms = s->w->now_ms };
    struct tb_host host = host_stored(s->w, s->host);

    assert_false(tb_verifier_accept_firmware(s->w->v, &host, NULL, &by, &s->a->why));
    assert_int_equal(s->a->why.status, 409);
}

/* What the store gives back is not believed to be what was put there. */
static void stored_evidence_with_a_damaged_part_is_not_appraised_again(void **state)
{
    struct scene *s = *state;
    struct tb_evidence_record e;
    struct tb_host host;
    const struct tb_policy *policy;
    struct tb_appraisal *appraisal = calloc(1, sizeof *appraisal);
    size_t *const lens[] = { &e.context.len, &e.pcrs.len, &e.content.len };

    assert_non_null(appraisal);
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_TRUSTED, "");
    host = host_stored(s->w, s->host);
    assert_true(tb_verifier_policy(s->w->v, "", s->w->now_ms, &policy, &s->a->why));
    assert_int_equal(tb_store_evidence_get(s->w->store, s->host->id, &e), TB_STORE_OK);
    assert_true(tb_verifier_reappraise(s->w->v, &host, &e, policy, appraisal));
    assert_int_equal(appraisal->result.verdict, TB_VERDICT_TRUSTED);
    for (size_t i = 0; i < 3; i++) {
        --*lens[i];
        assert_false(tb_verifier_reappraise(s->w->v, &host, &e, policy, appraisal));
        ++*lens[i];
    }
    e.genuine = false;
    assert_false(tb_verifier_reappraise(s->w->v, &host, &e, policy, appraisal));
    tb_evidence_record_clear(&e);
    tb_verifier_policy_done(policy);
    free(appraisal);
}

static void t11_the_same_evidence_is_accepted_once_also_after_a_failure(void **state)
{
    struct scene *s = *state;

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->a->signature.b[s->a->signature.n - 1] ^= 1;
    scene_sent(s, TB_VERDICT_FAILED, "quote.signature");
    s->a->signature.b[s->a->signature.n - 1] ^= 1;
    scene_not_sent(s, 409, "no-challenge");
    assert_int_equal(host_stored(s->w, s->host).verdict, TB_VERDICT_FAILED);
}

struct racer {
    struct scene *s;
    struct tb_verifier *v;
    struct tb_evidence_answer answer;
    struct tb_refusal why;
    pthread_barrier_t *start;
    bool accepted;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    struct attempt *a = r->s->a;

    pthread_barrier_wait(r->start);
    r->accepted = tb_verifier_evidence(r->v, r->s->w->now_ms, &a->host, &a->message, a->exporter,
                                       &r->answer, &r->why);
    return NULL;
}

#define N_RACERS 8

static void t11_two_replicas_and_many_threads_accept_the_same_evidence_once(void **state)
{
    struct scene *s = *state;
    char err[TB_STORE_ERR_LEN];
    struct tb_store *store = tb_store_open_sqlite(s->w->path, err);
    struct tb_verifier *replica = world_verifier(store, NULL);

    for (int round = 0; round < 10; round++) {
        struct racer r[N_RACERS];
        pthread_t thread[N_RACERS];
        pthread_barrier_t start;
        unsigned n = 0;

        s->host->clock_ms += 1000;
        scene_prepare(s);
        attempt_sign(s->host, s->a);
        pthread_barrier_init(&start, NULL, N_RACERS);
        for (size_t i = 0; i < N_RACERS; i++) {
            r[i] = (struct racer){ .s = s, .v = i % 2 ? replica : s->w->v, .start = &start };
            assert_int_equal(pthread_create(&thread[i], NULL, race, &r[i]), 0);
        }
        for (size_t i = 0; i < N_RACERS; i++) {
            pthread_join(thread[i], NULL);
            n += r[i].accepted;
            if (!r[i].accepted)
                assert_string_equal(r[i].why.code, "no-challenge");
        }
        assert_int_equal(n, 1);
        pthread_barrier_destroy(&start);
    }
    tb_verifier_free(replica);
    tb_store_close(store);
}

static void any_replica_accepts_what_another_asked(void **state)
{
    struct scene *s = *state;
    char err[TB_STORE_ERR_LEN];
    struct tb_store *store = tb_store_open_sqlite(s->w->path, err);
    struct tb_verifier *replica = world_verifier(store, NULL);

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    if (!attempt_send(s->w, replica, s->a))
        fail_msg("%s", s->a->why.message);
    assert_int_equal(s->a->answer.verdict, TB_VERDICT_TRUSTED);
    scene_not_sent(s, 409, "no-challenge");
    tb_verifier_free(replica);
    tb_store_close(store);
}

#define N_NONCES 10000
#define N_ASKING 16

struct asking {
    struct scene *s;
    uint8_t (*nonce)[TB_NONCE_LEN];
    size_t n;
};

static void *ask(void *arg)
{
    struct asking *q = arg;
    struct attempt *a = attempt_new();

    for (size_t i = 0; i < q->n; i++) {
        if (!attempt_challenge(q->s->w, q->s->w->v, q->s->host, a))
            break;
        memcpy(q->nonce[i], a->challenge.nonce, TB_NONCE_LEN);
    }
    attempt_free(a);
    return NULL;
}

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, TB_NONCE_LEN);
}

static void t12_ten_thousand_nonces_differ(void **state)
{
    struct scene *s = *state;
    uint8_t(*nonce)[TB_NONCE_LEN] = calloc(N_NONCES, TB_NONCE_LEN);
    static const uint8_t zero[TB_NONCE_LEN];
    struct asking q[N_ASKING];
    pthread_t thread[N_ASKING];

    assert_non_null(nonce);
    for (size_t i = 0; i < N_ASKING; i++) {
        q[i] = (struct asking){ s, nonce + i * (N_NONCES / N_ASKING), N_NONCES / N_ASKING };
        assert_int_equal(pthread_create(&thread[i], NULL, ask, &q[i]), 0);
    }
    for (size_t i = 0; i < N_ASKING; i++)
        pthread_join(thread[i], NULL);
    qsort(nonce, N_NONCES, TB_NONCE_LEN, compare_nonces);
    assert_memory_not_equal(nonce[0], zero, TB_NONCE_LEN);
    for (size_t i = 1; i < N_NONCES; i++)
        if (memcmp(nonce[i - 1], nonce[i], TB_NONCE_LEN) == 0)
            fail_msg("nonce %zu came twice", i);
    free(nonce);
}

static void t12_without_random_numbers_no_challenge_is_issued(void **state)
{
    struct scene *s = *state;
    struct tb_challenge_record record;

    random_fails = true;
    assert_false(attempt_challenge(s->w, s->w->v, s->host, s->a));
    random_fails = false;
    assert_int_equal(s->a->why.status, 503);
    assert_true(s->a->why.retry_after_s > 0);
    assert_int_equal(tb_store_challenge_get(s->w->store, s->host->id, s->w->now_ms, &record),
                     TB_STORE_NOT_FOUND);
}

static void t13_extra_data_that_is_not_exactly_the_binding_fails(void **state)
{
    struct scene *s = *state;
    uint8_t longer[64], prefix[32];

    for (int i = 0; i < 5; i++) {
        scene_prepare(s);
        memcpy(longer, s->a->binding, 32);
        memset(longer + 32, 0, 32);
        memcpy(prefix, s->a->binding, 32);
        prefix[31] ^= 0x20;
        switch (i) {
        case 0: s->a->q.extra_data = tb_slice(longer, 31); break;
        case 1: s->a->q.extra_data = tb_slice(longer, 33); break;
        case 2: s->a->q.extra_data = tb_slice(longer, 64); break;
        case 3: s->a->q.extra_data = tb_slice(prefix, 32); break;
        case 4: s->a->q.extra_data = tb_slice(s->a->challenge.nonce, TB_NONCE_LEN); break;
        }
        attempt_sign(s->host, s->a);
        scene_sent(s, TB_VERDICT_FAILED, "quote.binding");
    }
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->a->message.nonce[31] ^= 1;
    scene_not_sent(s, 409, "no-challenge");
    s->a->message.nonce[31] ^= 1;
    scene_sent(s, TB_VERDICT_TRUSTED, ""); /* another nonce did not spend ours */
}

static void t14_the_nonce_of_one_host_does_not_serve_another(void **state)
{
    struct scene *s = *state;
    struct soft_host *other = host_new("beta");
    struct attempt *b = attempt_new();

    enrol(s->w, other, "token", TB_ENROL_ACTIVE);
    scene_prepare(s);
    assert_true(attempt_challenge(s->w, s->w->v, other, b));
    b->challenge = s->a->challenge; /* B answers A's challenge */
    attempt_prepare(s->w, other, b);
    attempt_sign(other, b);
    assert_false(attempt_send(s->w, s->w->v, b));
    assert_string_equal(b->why.code, "no-challenge");
    /* A's whole evidence under B's token, and under B's name */
    attempt_sign(s->host, s->a);
    s->a->host = b->host;
    scene_not_sent(s, 403, "other-host");
    memcpy(s->a->message.host_id, other->id, sizeof s->a->message.host_id);
    scene_not_sent(s, 409, "no-challenge");
    assert_int_equal(host_stored(s->w, s->host).verdict, TB_VERDICT_PENDING);
    assert_int_equal(host_stored(s->w, other).verdict, TB_VERDICT_PENDING);
    attempt_free(b);
    host_free(other);
}

static void t14_a_good_hosts_quote_for_a_challenge_of_another_fails(void **state)
{
    struct scene *s = *state;
    struct soft_host *other = host_new("beta");
    struct attempt *b = attempt_new();

    enrol(s->w, other, "token", TB_ENROL_ACTIVE);
    assert_true(attempt_challenge(s->w, s->w->v, other, b));
    attempt_prepare(s->w, other, b);
    attempt_sign(s->host, b); /* the good host's TPM signs what the other was asked */
    assert_true(attempt_send(s->w, s->w->v, b));
    assert_int_equal(b->answer.verdict, TB_VERDICT_FAILED);
    assert_string_equal(b->answer.headline, "quote.signature");
    attempt_free(b);
    host_free(other);
}

static void t14_evidence_carried_to_another_tls_session_fails(void **state)
{
    struct scene *s = *state;

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->a->exporter[0] ^= 1;
    scene_sent(s, TB_VERDICT_FAILED, "quote.binding");
}

static void t15_a_late_answer_is_late_and_the_verdict_stays(void **state)
{
    struct scene *s = *state;

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->w->now_ms += 1000 * (int64_t)s->a->challenge.lifetime_s;
    scene_not_sent(s, 410, "late");
    assert_int_equal(host_stored(s->w, s->host).verdict, TB_VERDICT_TRUSTED);
    s->w->now_ms -= 1000; /* a clock that was set back brings nothing back */
    assert_false(attempt_send(s->w, s->w->v, s->a));
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->w->now_ms += 1000 * (int64_t)s->a->challenge.lifetime_s - 1;
    scene_sent(s, TB_VERDICT_TRUSTED, "");
}

static void a_policy_that_grew_after_the_challenge_asks_again_and_fails_nobody(void **state)
{
#define POLICY "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\",\"pcrs\":"
    struct scene *s = *state;

    world_policy(s->w, POLICY "[0,1,2,3,4,5,6,7,14]}");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    world_policy(s->w, POLICY "[0,1,2,3,4,5,6,7,8,9,14]}");
    scene_not_sent(s, 410, "late");
    assert_int_equal(host_stored(s->w, s->host).verdict, TB_VERDICT_TRUSTED);
    scene_not_sent(s, 409, "no-challenge"); /* the nonce is spent */
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    world_policy(s->w, POLICY "[0,1,2,3,4,5,6,7]}"); /* more than enough was quoted */
    scene_sent(s, TB_VERDICT_TRUSTED, "");
#undef POLICY
}

static void t66_a_failure_is_an_incident_that_stays_in_the_list(void **state)
{
    struct scene *s = *state;
    struct tb_incident i = { 0 };

    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    scene_prepare(s);
    s->a->exporter[0] ^= 1;
    attempt_sign(s->host, s->a);
    scene_sent(s, TB_VERDICT_FAILED, "quote.binding");
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_int_equal(tb_store_incidents(s->w->store, &(struct tb_incident_query){ .limit = 1 },
                                        scene_note_incident, &i),
                     TB_STORE_OK);
    assert_string_equal(i.code, "quote.binding");
    assert_string_equal(i.host_name, "alpha");
    assert_true(i.closed_ms != 0);
}

static void t67_what_was_acknowledged_outlives_a_restart_and_no_nonce_comes_back(void **state)
{
    struct scene *s = *state;
    struct tb_host before, after;

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    world_reopen(s->w); /* between challenge and evidence: the host need not notice */
    scene_sent(s, TB_VERDICT_TRUSTED, "");
    before = host_stored(s->w, s->host);
    world_reopen(s->w);
    scene_not_sent(s, 409, "no-challenge");
    after = host_stored(s->w, s->host);
    assert_int_equal(after.verdict, before.verdict);
    assert_memory_equal(after.result_digest, before.result_digest, 32);
    assert_memory_equal(&after.memory, &before.memory, sizeof before.memory);
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_good_boot_is_trusted_and_the_host_is_remembered),
        CASE(the_second_attestation_leaves_out_what_is_held),
        CASE(a_cached_appraisal_equals_a_new_one),
        CASE(two_hosts_of_one_boot_share_the_result_and_keep_their_own_clock),
        CASE(another_log_for_the_values_of_a_cached_boot_is_appraised_by_itself),
        CASE(a_quote_with_a_finding_is_not_given_the_text_of_one_without),
        CASE(a_log_left_out_that_is_not_the_one_held_is_refused),
        CASE(a_log_or_values_that_are_not_what_their_digest_says_are_refused),
        CASE(the_first_attestation_must_bring_the_log),
        CASE(a_host_that_cannot_read_its_log_fails_for_that_reason),
        CASE(t45_a_host_without_a_log_is_told_by_the_log_of_its_boot_before),
        CASE(malformed_content_spends_the_nonce_and_stores_nothing_else),
        CASE(t07_a_signature_of_another_scheme_hash_or_key_fails),
        CASE(t11_the_same_evidence_is_accepted_once),
        CASE(evidence_of_a_host_that_is_no_longer_active_is_refused),
        CASE(a_challenge_for_another_host_is_refused),
        CASE(firmware_of_a_host_without_evidence_cannot_be_accepted),
        CASE(stored_evidence_with_a_damaged_part_is_not_appraised_again),
        CASE(t11_the_same_evidence_is_accepted_once_also_after_a_failure),
        CASE(t11_two_replicas_and_many_threads_accept_the_same_evidence_once),
        CASE(any_replica_accepts_what_another_asked),
        CASE(t12_ten_thousand_nonces_differ),
        CASE(t12_without_random_numbers_no_challenge_is_issued),
        CASE(t13_extra_data_that_is_not_exactly_the_binding_fails),
        CASE(t14_the_nonce_of_one_host_does_not_serve_another),
        CASE(t14_a_good_hosts_quote_for_a_challenge_of_another_fails),
        CASE(t14_evidence_carried_to_another_tls_session_fails),
        CASE(t15_a_late_answer_is_late_and_the_verdict_stays),
        CASE(a_policy_that_grew_after_the_challenge_asks_again_and_fails_nobody),
        CASE(t66_a_failure_is_an_incident_that_stays_in_the_list),
        CASE(t67_what_was_acknowledged_outlives_a_restart_and_no_nonce_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
