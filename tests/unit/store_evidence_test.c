/* The store's records: challenges, evidence, verdict periods, incidents, audit, policies, keys. */
#include "tests/unit/store_test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S(state) (((struct place *)*(state))->s)

struct list {
    struct tb_period period[16];
    struct tb_incident incident[16];
    struct tb_policy_record policy[16];
    int64_t seq[64];
    char action[64][64];
    size_t n;
};

static bool add_period(void *ctx, const struct tb_period *p)
{
    struct list *l = ctx;

    l->period[l->n++] = *p;
    return l->n < 16;
}

static bool add_incident(void *ctx, const struct tb_incident *i)
{
    struct list *l = ctx;

    l->incident[l->n++] = *i;
    return l->n < 16;
}

static bool add_policy(void *ctx, const struct tb_policy_record *p)
{
    struct list *l = ctx;

    l->policy[l->n++] = *p;
    return l->n < 16;
}

static bool add_entry(void *ctx, const struct tb_audit_entry *e)
{
    struct list *l = ctx;

    l->seq[l->n] = e->seq;
    snprintf(l->action[l->n++], 64, "%.63s", e->action);
    return l->n < 64;
}

static struct list history(struct tb_store *s, unsigned host)
{
    struct list l = { .n = 0 };

    assert_ok(tb_store_history(s, host_id(host), 0, 0, add_period, &l));
    return l;
}

static struct list incidents(struct tb_store *s, bool open_only)
{
    struct list l = { .n = 0 };

    assert_ok(tb_store_incidents(s, &(struct tb_incident_query){ .open_only = open_only },
                                 add_incident, &l));
    return l;
}

static struct tb_host host_of(struct tb_store *s, unsigned n)
{
    struct tb_host h;

    assert_ok(tb_store_host_get(s, host_id(n), &h));
    return h;
}

/* ---- challenge ---- */

static void a_challenge_is_kept_replaced_and_expires(void **state)
{
    struct tb_store *s = S(state);
    struct tb_challenge_record c;
    uint8_t nonce[TB_NONCE_LEN];

    add_host(s, 1);
    assert_status(tb_store_challenge_get(s, host_id(1), T0, &c), TB_STORE_NOT_FOUND);
    give_nonce(s, host_id(1), 1, T0 + 7);
    give_nonce(s, host_id(1), 2, T0 + 8);
    fill(nonce, sizeof nonce, 2);
    assert_ok(tb_store_challenge_get(s, host_id(1), T0, &c));
    assert_memory_equal(c.nonce, nonce, sizeof nonce);
    assert_int_equal(c.issued_ms, T0 + 8);
    assert_int_equal(c.wanted_len, 5);
    assert_string_equal((char *)c.wanted, "want");
    assert_status(tb_store_challenge_get(s, host_id(1), c.expires_ms, &c), TB_STORE_STALE);
    assert_int_equal(host_of(s, 1).last_seen_ms, T0 + 8);
    assert_status(tb_store_challenge_put(s, host_id(9), &c), TB_STORE_NOT_FOUND);
}

static void t11_a_nonce_is_taken_once_whatever_came_of_it(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct tb_host before, after;

    add_host(s, 1);
    give_nonce(s, host_id(1), 1, T0);
    evidence(&e, host_id(1), 1, TB_VERDICT_FAILED, T0 + 5);
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
    before = host_of(s, 1);
    evidence(&e, host_id(1), 1, TB_VERDICT_TRUSTED, T0 + 6);
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_NOT_FOUND);
    give_nonce(s, host_id(1), 2, T0); /* spent as malformed */
    assert_status(tb_store_spend_nonce(s, host_id(1), (uint8_t[32]){ 0 }, T0), TB_STORE_NOT_FOUND);
    evidence(&e, host_id(1), 2, TB_VERDICT_TRUSTED, T0 + 6);
    assert_ok(tb_store_spend_nonce(s, host_id(1), e.a.nonce, T0));
    assert_status(tb_store_spend_nonce(s, host_id(1), e.a.nonce, T0), TB_STORE_NOT_FOUND);
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_NOT_FOUND);
    after = host_of(s, 1);
    assert_memory_equal(&before, &after, sizeof before);
}

static void t14_a_nonce_of_another_host_or_a_near_one_takes_nothing(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;

    add_host(s, 1);
    add_host(s, 2);
    give_nonce(s, host_id(1), 1, T0);
    give_nonce(s, host_id(2), 2, T0);
    evidence(&e, host_id(2), 1, TB_VERDICT_TRUSTED, T0 + 5);
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_NOT_FOUND);
    evidence(&e, host_id(1), 1, TB_VERDICT_TRUSTED, T0 + 5);
    e.a.nonce[31] ^= 1;
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_NOT_FOUND);
    e.a.nonce[31] ^= 1;
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
}

static void t15_a_late_answer_is_stale_spends_the_nonce_and_writes_nothing_else(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct tb_host before, after;

    add_host(s, 1);
    give_nonce(s, host_id(1), 1, T0);
    before = host_of(s, 1);
    evidence(&e, host_id(1), 1, TB_VERDICT_TRUSTED, T0 + 60000);
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_STALE);
    e.a.now_ms = T0 + 1;
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_NOT_FOUND);
    after = host_of(s, 1);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(history(s, 1).n, 1);
}

/* ---- evidence ---- */

static void accepted_evidence_comes_back_whole(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_evidence_record r;
    struct tb_accepted a;
    struct tb_host h;
    struct tb_firmware_reference f = { .present = true, .bank = TB_BANK_SHA384 };

    add_host(s, 1);
    assert_status(tb_store_evidence_get(s, host_id(1), &r), TB_STORE_NOT_FOUND);
    fill(&f.value[0][0], sizeof f.value, 3);
    give_nonce(s, host_id(1), 1, T0);
    evidence(&e, host_id(1), 1, TB_VERDICT_TRUSTED, T0 + 5);
    e.a.firmware = &f;
    e.a.agent_version = "1.2";
    e.a.context = tb_slice("what was known", 14);
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
    assert_true(a.verdict_changed);
    assert_int_equal(a.previous, TB_VERDICT_PENDING);
    assert_int_equal(a.since_ms, T0 + 5);
    assert_ok(tb_store_evidence_get(s, host_id(1), &r));
    assert_int_equal(r.received_ms, T0 + 5);
    assert_true(r.genuine);
    assert_memory_equal(r.nonce, e.a.nonce, 32);
    assert_memory_equal(r.exporter, e.a.exporter, 32);
    assert_memory_equal(r.policy_digest, e.a.policy_digest, 32);
    assert_true(tb_slice_equal(tb_slice(r.quote.p, r.quote.len), e.a.quote));
    assert_true(tb_slice_equal(tb_slice(r.signature.p, r.signature.len), e.a.signature));
    assert_true(tb_slice_equal(tb_slice(r.content.p, r.content.len), e.a.content));
    assert_string_equal((char *)r.context.p, "what was known");
    assert_true(tb_slice_equal(tb_slice(r.log.p, r.log.len), e.a.log.bytes));
    assert_true(tb_slice_equal(tb_slice(r.pcrs.p, r.pcrs.len), e.a.pcrs.bytes));
    assert_true(tb_slice_equal(tb_slice(r.result.p, r.result.len), e.a.result.bytes));
    tb_evidence_record_clear(&r);
    h = host_of(s, 1);
    assert_int_equal(h.verdict, TB_VERDICT_TRUSTED);
    assert_int_equal(h.secure_boot, TB_SWITCH_ON);
    assert_int_equal(h.last_verified_ms, T0 + 5);
    assert_true(h.memory.clock_ms == UINT64_MAX - 5 && h.memory.firmware_version == UINT64_MAX);
    assert_int_equal(h.memory.reset_count, 4);
    assert_int_equal(h.memory.banks, 6);
    assert_string_equal(h.memory.boot_id, "boot-1");
    assert_int_equal(h.firmware.bank, TB_BANK_SHA384);
    assert_memory_equal(h.firmware.value[3], f.value[3], 48);
    assert_string_equal(h.facts.agent_version, "1.2");
    assert_memory_equal(h.log_digest, e.log_digest, 32);
}

static void accepted_firmware_takes_the_version_and_the_banks_of_the_tpm_along(void **state)
{
    struct tb_store *s = S(state);
    const struct tb_firmware_reference f = { .present = true, .bank = TB_BANK_SHA384 };
    const struct tb_tpm_accepted tpm = { 77, 1U << TB_BANK_SHA512 };
    const struct tb_store_by by = { .actor = "ops", .now_ms = T0 };
    struct tb_host h;

    add_host(s, 1);
    add_host(s, 2);
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    attest(s, host_id(2), 2, TB_VERDICT_TRUSTED, T0);
    assert_ok(tb_store_host_set_firmware(s, host_id(1), &f, NULL, &by));
    h = host_of(s, 1);
    assert_true(h.memory.firmware_version == UINT64_MAX && h.memory.banks == 6);
    assert_int_equal(h.firmware.bank, TB_BANK_SHA384);
    assert_ok(tb_store_host_set_firmware(s, host_id(1), &f, &tpm, &by));
    h = host_of(s, 1);
    assert_true(h.memory.firmware_version == 77 && h.memory.banks == 8);
    assert_int_equal(h.memory.reset_count, 4);
    h = host_of(s, 2);
    assert_int_equal(h.memory.banks, 6); /* another host's are its own */
}

static void a_log_that_is_held_need_not_be_sent_and_one_that_is_not_must(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct tb_evidence_record r;
    struct tb_challenge_record c;

    add_host(s, 1);
    add_host(s, 2);
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    for (unsigned i = 1; i <= 2; i++) { /* by the same host, and by another with an equal log */
        give_nonce(s, host_id(i), 10 + i, T0);
        evidence(&e, host_id(i), 10 + i, TB_VERDICT_TRUSTED, T0 + 5);
        e.a.log.bytes.left = e.a.pcrs.bytes.left = e.a.result.bytes.left = 0;
        assert_ok(tb_store_accept_evidence(s, &e.a, &a));
        assert_ok(tb_store_evidence_get(s, host_id(i), &r));
        assert_int_equal(r.log.len, sizeof e.log);
        tb_evidence_record_clear(&r);
    }
    give_nonce(s, host_id(1), 3, T0);
    evidence(&e, host_id(1), 3, TB_VERDICT_TRUSTED, T0 + 6);
    e.log_digest[0] ^= 1;
    e.a.log.bytes.left = 0;
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_INVALID);
    assert_ok(tb_store_challenge_get(s, host_id(1), T0, &c)); /* nothing was written */
}

static void evidence_nobody_vouches_for_moves_no_memory_and_cannot_be_trusted(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct tb_host h;

    add_host(s, 1);
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    give_nonce(s, host_id(1), 2, T0);
    evidence(&e, host_id(1), 2, TB_VERDICT_TRUSTED, T0 + 5);
    e.a.genuine = false;
    e.a.memory.reset_count = 99;
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_INVALID);
    e.a.verdict = TB_VERDICT_NOT_CAPABLE; /* never by its own word */
    assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_INVALID);
    e.a.verdict = TB_VERDICT_FAILED;
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
    h = host_of(s, 1);
    assert_int_equal(h.memory.reset_count, 4);
    assert_int_equal(h.last_verified_ms, T0);
    assert_int_equal(h.last_evidence_ms, T0 + 5);
}

static void t62_of_evidence_nobody_vouches_for_neither_log_nor_pcrs_are_kept(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct tb_evidence_record r;
    struct tb_host before, after;
    struct tb_blob b;

    add_host(s, 1);
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    assert_ok(tb_store_host_get(s, host_id(1), &before));
    give_nonce(s, host_id(1), 2, T0);
    evidence(&e, host_id(1), 2, TB_VERDICT_FAILED, T0 + 5);
    e.a.genuine = false;
    fill(e.log_digest, 32, 1000);
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
    assert_status(tb_store_blob_get(s, e.log_digest, &b), TB_STORE_NOT_FOUND);
    assert_status(tb_store_blob_get(s, e.pcrs_digest, &b), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_host_get(s, host_id(1), &after));
    assert_true(after.has_log && after.has_pcrs);
    assert_memory_equal(after.log_digest, before.log_digest, 32);
    assert_memory_equal(after.pcrs_digest, before.pcrs_digest, 32);
    assert_ok(tb_store_evidence_get(s, host_id(1), &r)); /* what was sent, without them */
    assert_false(r.genuine);
    assert_int_equal(r.log.len + r.pcrs.len, 0);
    assert_true(tb_slice_equal(tb_slice(r.content.p, r.content.len), e.a.content));
    assert_int_equal(r.result.len, sizeof e.result);
    tb_evidence_record_clear(&r);
    assert_ok(tb_store_blob_get(s, before.log_digest, &b)); /* the host may lean on it still */
    tb_blob_clear(&b);
}

static void t62_a_blob_that_nothing_names_is_gone_after_an_hour(void **state)
{
    struct tb_store *s = S(state);
    struct tb_blob b;
    struct tb_host h;
    uint8_t second[32] = { 0 };
    int64_t long_ago = T0 - INT64_C(400) * 86400000;

    add_host(s, 1);
    for (unsigned i = 1; i <= 3;
         i++) { /* they differ in their logs alone: one period, the first's */
        struct evidence e;
        struct tb_accepted a;

        give_nonce(s, host_id(1), i, T0);
        evidence(&e, host_id(1), i, TB_VERDICT_TRUSTED, T0 + i);
        fill(e.log_digest, 32, 1000 + i);
        fill(e.pcrs_digest, 32, 2000 + i);
        assert_ok(tb_store_accept_evidence(s, &e.a, &a));
        memcpy(second, i == 2 ? e.pcrs_digest : second, 32);
    }
    assert_ok(tb_store_purge(s, T0 + 3600000, long_ago, NULL));
    assert_ok(tb_store_blob_get(s, second, &b));
    tb_blob_clear(&b);
    assert_ok(tb_store_purge(s, T0 + 3600003, long_ago, NULL));
    assert_status(tb_store_blob_get(s, second, &b), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_host_get(s, host_id(1), &h));
    assert_ok(tb_store_blob_get(s, h.pcrs_digest, &b));
    tb_blob_clear(&b);
}

static bool see_evidence(void *ctx, const struct tb_host *h, const struct tb_evidence_record *e)
{
    assert_string_equal(h->id, e->host_id);
    assert_int_equal(e->log.len, 5000);
    return ++*(unsigned *)ctx < 3;
}

static void the_latest_evidence_of_every_active_host_is_walked(void **state)
{
    struct tb_store *s = S(state);
    unsigned n = 0;

    for (unsigned i = 1; i <= 5; i++) {
        add_host(s, i);
        if (i != 2)
            attest(s, host_id(i), i, TB_VERDICT_TRUSTED, T0);
    }
    assert_ok(tb_store_host_remove(s, host_id(5), &op));
    assert_ok(tb_store_evidence_each(s, NULL, see_evidence, &n));
    assert_int_equal(n, 3);
    n = 0;
    assert_ok(tb_store_evidence_each(s, "elsewhere", see_evidence, &n));
    assert_int_equal(n, 0);
}

/* ---- periods and incidents ---- */

static void one_period_for_each_change_of_verdict_or_cause(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct list l;

    add_host(s, 1);
    for (unsigned i = 1; i <= 3; i++)
        attest(s, host_id(1), i, TB_VERDICT_TRUSTED, T0 + i * 10);
    attest(s, host_id(1), 4, TB_VERDICT_FAILED, T0 + 40);
    give_nonce(s, host_id(1), 5, T0 + 50);
    evidence(&e, host_id(1), 5, TB_VERDICT_FAILED, T0 + 50);
    e.a.headline_code = "quote.signature";
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
    assert_true(a.verdict_changed && a.incident_id != 0);
    l = history(s, 1);
    assert_int_equal(l.n, 4);
    assert_string_equal(l.period[0].headline_code, "quote.signature");
    assert_int_equal(l.period[1].verdict, TB_VERDICT_FAILED);
    assert_int_equal(l.period[2].verdict, TB_VERDICT_TRUSTED);
    assert_int_equal(l.period[2].count, 3);
    assert_int_equal(l.period[2].first_ms, T0 + 10);
    assert_int_equal(l.period[2].last_ms, T0 + 30);
    assert_true(l.period[2].has_result && l.period[2].has_log);
    assert_int_equal(l.period[3].verdict, TB_VERDICT_PENDING);
    assert_int_equal(l.period[3].count, 0);
    assert_int_equal(host_of(s, 1).since_ms, T0 + 50);
    struct list older = { .n = 0 };
    assert_ok(tb_store_history(s, host_id(1), l.period[1].id, 1, add_period, &older));
    assert_int_equal(older.n, 1);
    assert_int_equal(older.period[0].id, l.period[2].id);
}

static void t66_fail_time_out_pass_keeps_the_incident(void **state)
{
    struct tb_store *s = S(state);
    struct tb_silence silence = { .stale_before_ms = T0 + 1000,
                                  .unreachable_before_ms = 0,
                                  .stale_headline = "no fresh evidence" };
    struct tb_accepted a;
    struct list l;

    add_host(s, 1);
    a = attest(s, host_id(1), 1, TB_VERDICT_FAILED, T0 + 10);
    assert_true(a.incident_id != 0);
    a = attest(s, host_id(1), 2, TB_VERDICT_FAILED, T0 + 20);
    assert_int_equal(a.incident_id, 0);
    assert_ok(tb_store_mark_silent(s, &silence, &op, NULL, NULL));
    assert_int_equal(host_of(s, 1).verdict, TB_VERDICT_STALE);
    assert_int_equal(incidents(s, true).n, 1);
    assert_ok(
        tb_store_incident_acknowledge(s, incidents(s, true).incident[0].id, T0 + 99, "mine", &op));
    assert_int_equal(incidents(s, true).n, 1); /* only a passing attestation closes it */
    a = attest(s, host_id(1), 3, TB_VERDICT_TRUSTED, T0 + 30);
    assert_int_equal(a.n_closed, 1);
    assert_int_equal(incidents(s, true).n, 0);
    l = incidents(s, false);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.incident[0].opened_ms, T0 + 10);
    assert_int_equal(l.incident[0].last_ms, T0 + 20);
    assert_int_equal(l.incident[0].closed_ms, T0 + 30);
    assert_int_equal(l.incident[0].count, 2);
    assert_string_equal(l.incident[0].owner, "ops");
    assert_string_equal(l.incident[0].note, "mine");
    assert_string_equal(l.incident[0].text, "Secure Boot was off");
    a = attest(s, host_id(1), 4, TB_VERDICT_FAILED, T0 + 40);
    assert_int_equal(incidents(s, false).n, 2);
}

static void an_event_stays_open_through_a_pass_until_somebody_acknowledges(void **state)
{
    struct tb_store *s = S(state);
    struct list l;

    add_host(s, 1);
    assert_ok(tb_store_incident_event(s, host_id(1), "quote.clock", "the clock fell", &op));
    assert_ok(tb_store_incident_event(s, host_id(1), "quote.clock", "the clock fell", &op));
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    l = incidents(s, true);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.incident[0].count, 2);
    assert_ok(tb_store_incident_acknowledge(s, l.incident[0].id, 0, NULL, &op));
    assert_int_equal(incidents(s, true).n, 0);
    assert_status(tb_store_incident_acknowledge(s, 999, 0, "", &op), TB_STORE_NOT_FOUND);
    assert_status(tb_store_incident_event(s, host_id(9), "x", "y", &op), TB_STORE_NOT_FOUND);
}

static bool count_silent(void *ctx, const char *id, enum tb_verdict before, enum tb_verdict now)
{
    unsigned *n = ctx;

    assert_true(before != now);
    assert_non_null(id);
    n[now]++;
    return true;
}

static void t16_silent_hosts_become_stale_or_unreachable_once(void **state)
{
    struct tb_store *s = S(state);
    unsigned n[TB_N_VERDICTS] = { 0 };
    struct tb_silence silence = { .stale_before_ms = T0 + 1000,
                                  .unreachable_before_ms = T0 + 500,
                                  .stale_headline = "stale",
                                  .unreachable_headline = "gone" };

    for (unsigned i = 1; i <= 4; i++)
        add_host(s, i);
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0 + 2000); /* fresh */
    attest(s, host_id(2), 2, TB_VERDICT_TRUSTED, T0 + 10);   /* gone */
    attest(s, host_id(3), 3, TB_VERDICT_TRUSTED, T0 + 10);   /* seen, no evidence */
    assert_ok(tb_store_host_seen(s, host_id(3), T0 + 2000));
    assert_ok(tb_store_mark_silent(s, &silence, &op, count_silent, n));
    assert_int_equal(n[TB_VERDICT_STALE], 1);
    assert_int_equal(n[TB_VERDICT_UNREACHABLE], 1);
    assert_int_equal(host_of(s, 1).verdict, TB_VERDICT_TRUSTED);
    assert_int_equal(host_of(s, 2).verdict, TB_VERDICT_UNREACHABLE);
    assert_string_equal(host_of(s, 2).headline_code, "host.unreachable");
    assert_int_equal(host_of(s, 3).verdict, TB_VERDICT_STALE);
    assert_int_equal(host_of(s, 4).verdict, TB_VERDICT_PENDING); /* never attested */
    assert_ok(tb_store_mark_silent(s, &silence, &op, count_silent, n));
    assert_int_equal(n[TB_VERDICT_STALE] + n[TB_VERDICT_UNREACHABLE], 2);
    attest(s, host_id(2), 5, TB_VERDICT_TRUSTED, T0 + 3000);
    assert_int_equal(host_of(s, 2).verdict, TB_VERDICT_TRUSTED);
    assert_int_equal(history(s, 2).n, 4);
}

/* ---- audit, policies, keys, settings ---- */

static void the_audit_log_is_numbered_without_gaps_in_both_directions(void **state)
{
    struct tb_store *s = S(state);
    struct list up = { .n = 0 }, down = { .n = 0 }, one = { .n = 0 };

    add_host(s, 1);
    assert_ok(tb_store_host_want_attest(s, host_id(1), &op));
    assert_ok(tb_store_audit_append(s, "login", "key1", "{\"from\":\"10.0.0.1\"}", &op));
    assert_status(tb_store_host_approve(s, host_id(1), NULL, &op),
                  TB_STORE_REFUSED); /* leaves no gap */
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ .ascending = true }, add_entry, &up));
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ .ascending = false }, add_entry, &down));
    assert_int_equal(up.n, 4);
    assert_int_equal(down.n, 4);
    for (size_t i = 0; i < up.n; i++) {
        assert_int_equal(up.seq[i], (int64_t)i + 1);
        assert_int_equal(down.seq[i], (int64_t)(up.n - i));
    }
    assert_string_equal(up.action[0], "host.enrol");
    assert_string_equal(up.action[3], "verdict");
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ .target = "key1" }, add_entry, &one));
    assert_int_equal(one.n, 1);
    one.n = 0;
    assert_ok(tb_store_audit(
        s, &(struct tb_audit_query){ .ascending = true, .from = 2, .limit = 1 }, add_entry, &one));
    assert_int_equal(one.seq[0], 3);
}

static void t70_policies_are_versions_and_a_group_without_its_own_has_the_common_one(void **state)
{
    struct tb_store *s = S(state);
    uint8_t d[3][32];
    struct tb_policy_record p;
    struct tb_blob text;
    struct list l = { .n = 0 };
    int64_t v = 0;

    for (unsigned i = 0; i < 3; i++)
        fill(d[i], 32, i);
    assert_status(tb_store_policy_current(s, "lab", &p, &text), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_policy_put(s, "", tb_slice("one", 3), d[0], &op, &v));
    assert_int_equal(v, 1);
    assert_ok(tb_store_policy_put(s, "", tb_slice("one", 3), d[0], &op, &v));
    assert_int_equal(v, 1); /* the same again is no new version */
    assert_ok(tb_store_policy_put(s, "lab", tb_slice("two", 3), d[1], &op, &v));
    assert_ok(tb_store_policy_put(s, "", tb_slice("three", 5), d[2], &op, &v));
    assert_int_equal(v, 3);
    assert_ok(tb_store_policy_current(s, "lab", &p, &text));
    assert_string_equal((char *)text.p, "two");
    tb_blob_clear(&text);
    assert_ok(tb_store_policy_current(s, "other", &p, &text));
    assert_string_equal((char *)text.p, "three");
    assert_memory_equal(p.digest, d[2], 32);
    tb_blob_clear(&text);
    assert_ok(tb_store_policy_get(s, 1, &p, &text));
    assert_string_equal((char *)text.p, "one");
    assert_string_equal(p.author, "ops");
    tb_blob_clear(&text);
    assert_status(tb_store_policy_get(s, 4, &p, &text), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_policies(s, 0, 2, add_policy, &l));
    assert_int_equal(l.n, 2);
    assert_int_equal(l.policy[0].version, 3);
}

static bool count_key(void *ctx, const struct tb_api_key *k)
{
    (void)k;
    ++*(unsigned *)ctx;
    return true;
}

static void t65_keys_and_sessions_are_found_by_digest_until_they_end(void **state)
{
    struct tb_store *s = S(state);
    struct tb_api_key k = { .id = "k1",
                            .label = "anna",
                            .role = "operator",
                            .expires_ms = T0 + 1000 },
                      found;
    uint8_t hash[32], hash2[32], session[2][32];
    unsigned n = 0;

    fill(hash, 32, 1);
    fill(hash2, 32, 2);
    fill(session[0], 32, 3);
    fill(session[1], 32, 4);
    assert_ok(tb_store_api_key_create(s, &k, hash, &op));
    k.id[1] = '2';
    assert_status(tb_store_api_key_create(s, &k, hash2, &op), TB_STORE_CONFLICT); /* label */
    assert_ok(tb_store_api_key_find(s, hash, T0, &found));
    assert_string_equal(found.role, "operator");
    assert_status(tb_store_api_key_find(s, hash2, T0, &found), TB_STORE_NOT_FOUND);
    assert_status(tb_store_api_key_find(s, hash, T0 + 1000, &found), TB_STORE_STALE);
    assert_ok(tb_store_session_create(s, session[0], "k1", T0, T0 + 100));
    assert_ok(tb_store_session_create(s, session[1], "k1", T0, T0 + 5000));
    assert_ok(tb_store_session_find(s, session[0], T0, &found));
    assert_string_equal(found.id, "k1");
    assert_status(tb_store_session_find(s, session[0], T0 + 100, &found), TB_STORE_STALE);
    assert_status(tb_store_session_find(s, session[1], T0 + 1000, &found), TB_STORE_STALE);
    assert_ok(tb_store_session_delete(s, session[0]));
    assert_status(tb_store_session_delete(s, session[0]), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_api_key_revoke(s, "k1", &op));
    assert_status(tb_store_api_key_find(s, hash, T0, &found), TB_STORE_STALE);
    assert_status(tb_store_session_find(s, session[1], T0, &found), TB_STORE_NOT_FOUND);
    assert_status(tb_store_session_create(s, session[0], "k1", T0, T0 + 1), TB_STORE_STALE);
    assert_ok(tb_store_api_key_create(s, &k, hash2, &op)); /* the label is free again */
    assert_ok(tb_store_api_keys(s, count_key, &n));
    assert_int_equal(n, 2);
}

static void a_setting_is_made_once_and_everybody_gets_that_one(void **state)
{
    struct tb_store *s = S(state);
    struct tb_blob b;

    assert_status(tb_store_setting_get(s, "ticket", &b), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_setting_init(s, "ticket", tb_slice("a", 1), &b));
    assert_string_equal((char *)b.p, "a");
    tb_blob_clear(&b);
    assert_ok(tb_store_setting_init(s, "ticket", tb_slice("b", 1), &b));
    assert_string_equal((char *)b.p, "a");
    tb_blob_clear(&b);
    assert_ok(tb_store_setting_put(s, "ticket", tb_slice("c", 1)));
    assert_ok(tb_store_setting_get(s, "ticket", &b));
    assert_string_equal((char *)b.p, "c");
    tb_blob_clear(&b);
}

/* ---- retention, notices ---- */

static void a_purge_leaves_what_is_named_and_the_audit_log(void **state)
{
    struct tb_store *s = S(state);
    struct evidence e;
    struct tb_accepted a;
    struct tb_blob b;
    struct tb_challenge_record c;
    struct list before = { .n = 0 }, after = { .n = 0 };
    uint64_t n = 0;
    uint8_t old[32];

    add_host(s, 1);
    add_host(s, 2);
    attest(s, host_id(1), 1, TB_VERDICT_FAILED, T0);
    fill(old, 32, 99 + TB_VERDICT_FAILED); /* the result of the failure */
    give_nonce(s, host_id(1), 2, T0 + 1000);
    evidence(&e, host_id(1), 2, TB_VERDICT_TRUSTED, T0 + 1000);
    assert_ok(tb_store_accept_evidence(s, &e.a, &a));
    give_nonce(s, host_id(2), 3, T0);
    assert_ok(tb_store_host_remove(s, host_id(2), &op));
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ 0 }, add_entry, &before));
    assert_ok(tb_store_purge(s, T0 + 500, T0 - 1, &n)); /* nothing is old enough */
    assert_int_equal(n, 0);
    assert_ok(tb_store_blob_get(s, old, &b));
    tb_blob_clear(&b);
    assert_ok(tb_store_purge(s, T0 + 100000, T0 + 50000, &n));
    assert_true(n > 0);
    assert_status(tb_store_blob_get(s, old, &b), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_blob_get(s, e.log_digest, &b));
    assert_int_equal(b.len, sizeof e.log);
    tb_blob_clear(&b);
    assert_int_equal(history(s, 1).n, 1);
    assert_int_equal(incidents(s, false).n, 0);
    assert_status(tb_store_host_get(s, host_id(2), &(struct tb_host){ 0 }), TB_STORE_NOT_FOUND);
    assert_status(tb_store_challenge_get(s, host_id(1), T0, &c), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ 0 }, add_entry, &after));
    assert_int_equal(before.n, after.n);
    attest(s, host_id(1), 9, TB_VERDICT_TRUSTED, T0 + 200000);
}

struct notices {
    unsigned n[TB_CHANGE_TOKENS + 1];
    char last[TB_STORE_ID_MAX + 1];
};

static void notice(void *ctx, enum tb_change kind, const char *id)
{
    struct notices *n = ctx;

    n->n[kind]++;
    snprintf(n->last, sizeof n->last, "%s", id);
}

static void changes_are_told_after_the_commit_and_refusals_are_not(void **state)
{
    struct tb_store *s = S(state);
    struct notices n = { .last = "" };
    struct tb_host_edit rename = { .name = "host00002" };
    struct tb_store_conflict conflict;

    tb_store_on_change(s, notice, &n);
    add_host(s, 1);
    assert_int_equal(n.n[TB_CHANGE_HOST], 1);
    assert_string_equal(n.last, host_id(1));
    add_host(s, 2);
    assert_status(tb_store_host_edit(s, host_id(1), &rename, &op, &conflict), TB_STORE_CONFLICT);
    assert_int_equal(n.n[TB_CHANGE_HOST], 2);
    attest(s, host_id(1), 1, TB_VERDICT_FAILED, T0);
    assert_int_equal(n.n[TB_CHANGE_HOST], 3);
    assert_int_equal(n.n[TB_CHANGE_INCIDENT], 1);
    attest(s, host_id(1), 2, TB_VERDICT_FAILED, T0);
    assert_int_equal(n.n[TB_CHANGE_SEEN], 1);
    assert_ok(tb_store_host_want_attest(s, host_id(1), &op));
    assert_int_equal(n.n[TB_CHANGE_ATTEST_WANTED], 1);
    assert_ok(tb_store_host_remove(s, host_id(1), &op));
    assert_int_equal(n.n[TB_CHANGE_HOST_REMOVED], 1);
    tb_store_on_change(s, NULL, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)
    const struct CMUnitTest tests[] = {
        TEST(a_challenge_is_kept_replaced_and_expires),
        TEST(t11_a_nonce_is_taken_once_whatever_came_of_it),
        TEST(t14_a_nonce_of_another_host_or_a_near_one_takes_nothing),
        TEST(t15_a_late_answer_is_stale_spends_the_nonce_and_writes_nothing_else),
        TEST(accepted_evidence_comes_back_whole),
        TEST(a_log_that_is_held_need_not_be_sent_and_one_that_is_not_must),
        TEST(accepted_firmware_takes_the_version_and_the_banks_of_the_tpm_along),
        TEST(evidence_nobody_vouches_for_moves_no_memory_and_cannot_be_trusted),
        TEST(t62_of_evidence_nobody_vouches_for_neither_log_nor_pcrs_are_kept),
        TEST(t62_a_blob_that_nothing_names_is_gone_after_an_hour),
        TEST(the_latest_evidence_of_every_active_host_is_walked),
        TEST(one_period_for_each_change_of_verdict_or_cause),
        TEST(t66_fail_time_out_pass_keeps_the_incident),
        TEST(an_event_stays_open_through_a_pass_until_somebody_acknowledges),
        TEST(t16_silent_hosts_become_stale_or_unreachable_once),
        TEST(the_audit_log_is_numbered_without_gaps_in_both_directions),
        TEST(t70_policies_are_versions_and_a_group_without_its_own_has_the_common_one),
        TEST(t65_keys_and_sessions_are_found_by_digest_until_they_end),
        TEST(a_setting_is_made_once_and_everybody_gets_that_one),
        TEST(a_purge_leaves_what_is_named_and_the_audit_log),
        TEST(changes_are_told_after_the_commit_and_refusals_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
