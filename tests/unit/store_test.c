/* The store through its interface: every case runs on every backend that the tests were given. */
#include "tests/unit/store_test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S(state) (((struct place *)*(state))->s)

/* ---- enrolment ---- */

static struct tb_host host_of(struct tb_store *s, unsigned n)
{
    struct tb_host h;

    assert_ok(tb_store_host_get(s, host_id(n), &h));
    return h;
}

static void a_host_comes_back_as_it_was_created(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host h, same;
    struct tb_blob ek, certificate;

    add_host(s, 1);
    new_host(&n, 1);
    h = host_of(s, 1);
    assert_string_equal(h.name, "host00001");
    assert_string_equal(h.group, "lab");
    assert_int_equal(h.state, TB_HOST_ACTIVE);
    assert_int_equal(h.tpm, TB_TPM_STATE_20);
    assert_int_equal(h.ek_basis, TB_EK_BASIS_CERTIFICATE);
    assert_true(h.has_ek);
    assert_memory_equal(h.ek_digest, n.ek, 32);
    assert_int_equal(h.ak_public_len, sizeof n.ak);
    assert_memory_equal(h.ak_public, n.ak, sizeof n.ak);
    assert_memory_equal(h.ak_name, n.ak_name, sizeof n.ak_name);
    assert_string_equal(h.facts.product, "Standard PC");
    assert_int_equal(h.verdict, TB_VERDICT_PENDING);
    assert_int_equal(h.since_ms, T0);
    assert_string_equal(h.approved_by, "ops");
    assert_false(h.memory.present || h.firmware.present || h.has_log || h.want_attest);
    assert_ok(tb_store_host_by_token(s, n.token, &same));
    assert_string_equal(same.id, h.id);
    assert_ok(tb_store_host_by_ek(s, n.ek, &same));
    assert_string_equal(same.id, h.id);
    assert_ok(tb_store_host_by_name(s, n.name, &same));
    assert_string_equal(same.id, h.id);
    assert_ok(tb_store_host_ek(s, h.id, &ek, &certificate));
    assert_int_equal(ek.len, sizeof n.ek_public);
    assert_memory_equal(certificate.p, n.ek_certificate, sizeof n.ek_certificate);
    tb_blob_clear(&ek);
    tb_blob_clear(&certificate);
    assert_status(tb_store_host_get(s, "nobody", &h), TB_STORE_NOT_FOUND);
    assert_status(tb_store_host_get(s, "' OR 1=1 --", &h), TB_STORE_NOT_FOUND);
}

static enum tb_store_status create(struct tb_store *s, const struct tb_host_new *h,
                                   struct tb_host_created *created,
                                   struct tb_store_conflict *conflict)
{
    *created = (struct tb_host_created){ .id = "" };
    *conflict = (struct tb_store_conflict){ .what = TB_UNIQUE_NONE };
    return tb_store_host_create(s, h, &op, created, conflict);
}

static bool count_incident(void *ctx, const struct tb_incident *i)
{
    struct tb_incident *last = ctx;

    last->id++; /* how many */
    if (last->id == 1) {
        int64_t n = last->id;

        *last = *i;
        last->id = n;
    }
    return true;
}

/* The newest incident of a host; .id is how many there are. */
static struct tb_incident incidents_of(struct tb_store *s, const char *id, bool open_only)
{
    struct tb_incident i = { 0 };

    assert_ok(
        tb_store_incidents(s, &(struct tb_incident_query){ .host_id = id, .open_only = open_only },
                           count_incident, &i));
    return i;
}

static void t22_second_tpm_for_a_name_is_refused_alarmed_and_changes_nothing(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host before, after;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    struct tb_incident i;

    add_host(s, 1);
    before = host_of(s, 1);
    new_host(&n, 2);
    n.h.name = "host00001";
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT);
    assert_int_equal(conflict.what, TB_UNIQUE_NAME);
    assert_string_equal(conflict.host_id, before.id);
    assert_status(tb_store_host_get(s, n.id, &after), TB_STORE_NOT_FOUND);
    n.h.name = "other";
    n.h.id = before.id;
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT);
    assert_int_equal(conflict.what, TB_UNIQUE_ID);
    after = host_of(s, 1);
    assert_memory_equal(&before, &after, sizeof before);
    i = incidents_of(s, before.id, true);
    assert_int_equal(i.id, 1);
    assert_int_equal(i.count, 2);
    assert_true(i.event);
    assert_string_equal(i.code, "identity.duplicate");
    assert_string_equal(i.host_name, "host00001");
}

static bool count_claims(void *ctx, const struct tb_audit_entry *e)
{
    if (strcmp(e->action, "identity.duplicate") == 0)
        ++*(unsigned *)ctx;
    return true;
}

static void t62_claims_to_a_host_are_one_incident_and_one_audit_entry_an_hour(void **state)
{
    static const int64_t when[] = { 0, 1, 3599999, 3600000, 3600001 };
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    unsigned claims = 0;

    add_host(s, 1);
    new_host(&n, 2);
    n.h.name = "host00001";
    for (unsigned i = 0; i < 5; i++) {
        struct tb_store_by by = at(when[i]);

        assert_status(tb_store_host_create(s, &n.h, &by, &created, &conflict), TB_STORE_CONFLICT);
    }
    assert_ok(tb_store_audit(s, &(struct tb_audit_query){ .limit = 100 }, count_claims, &claims));
    assert_int_equal(claims, 2);
    assert_int_equal(incidents_of(s, host_id(1), false).id, 1);
    assert_int_equal(incidents_of(s, host_id(1), true).count, 5);
}

static void t23_one_tpm_under_two_host_ids_is_refused_and_the_token_keeps_its_use(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    struct tb_enrol_token t = { .id = "tok", .expires_ms = T0 + 1000, .uses = 1 };
    uint8_t hash[32];

    add_host(s, 1);
    fill(hash, 32, 9);
    assert_ok(tb_store_enrol_token_create(s, &t, hash, &op));
    new_host(&n, 2);
    fill(n.ek, 32, 1);
    n.h.enrol_token_hash = hash;
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT);
    assert_int_equal(conflict.what, TB_UNIQUE_EK);
    assert_string_equal(conflict.host_id, host_id(1));
    assert_ok(tb_store_enrol_token_check(s, hash, T0, &t));
    assert_int_equal(t.uses_left, 1);
    new_host(&n, 2);
    fill(n.token, 32, 1 + 1000000);
    n.h.enrol_token_hash = hash;
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT);
    assert_int_equal(conflict.what, TB_UNIQUE_TOKEN);
    assert_ok(tb_store_enrol_token_check(s, hash, T0, &t));
}

static void an_enrolment_token_is_used_with_the_host_or_not_at_all(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    struct tb_enrol_token t = {
        .id = "tok", .label = "rack 7", .group = "rack7", .expires_ms = T0 + 1000, .uses = 2
    };
    uint8_t hash[32], other[32];

    fill(hash, 32, 9);
    fill(other, 32, 10);
    assert_ok(tb_store_enrol_token_create(s, &t, hash, &op));
    assert_status(tb_store_enrol_token_create(s, &t, hash, &op), TB_STORE_CONFLICT);
    for (unsigned i = 1; i <= 2; i++) {
        new_host(&n, i);
        n.h.enrol_token_hash = hash;
        n.h.group = i == 1 ? "" : "own";
        assert_ok(create(s, &n.h, &created, &conflict));
        assert_string_equal(created.group, i == 1 ? "rack7" : "own");
        assert_string_equal(host_of(s, i).group, created.group);
    }
    new_host(&n, 3);
    n.h.enrol_token_hash = hash;
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_LIMIT);
    assert_status(tb_store_enrol_token_check(s, hash, T0, &t), TB_STORE_LIMIT);
    assert_status(tb_store_enrol_token_check(s, hash, T0 + 1000, &t), TB_STORE_STALE);
    n.h.enrol_token_hash = other;
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_NOT_FOUND);
    assert_status(tb_store_host_get(s, n.id, &(struct tb_host){ 0 }), TB_STORE_NOT_FOUND);
    t = (struct tb_enrol_token){ .id = "tok2", .expires_ms = T0 + 1000, .uses = 5 };
    assert_ok(tb_store_enrol_token_create(s, &t, other, &op));
    assert_ok(tb_store_enrol_token_revoke(s, "tok2", &op));
    assert_status(tb_store_enrol_token_revoke(s, "tok2", &op), TB_STORE_NOT_FOUND);
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_STALE);
}

static bool count_token(void *ctx, const struct tb_enrol_token *t)
{
    (void)t;
    ++*(unsigned *)ctx;
    return true;
}

static bool count_allowed(void *ctx, const struct tb_ek_allowed *e)
{
    assert_string_equal(e->created_by, "ops");
    ++*(unsigned *)ctx;
    return true;
}

static void the_ek_allow_list_keeps_one_entry_for_a_key(void **state)
{
    struct tb_store *s = S(state);
    struct tb_ek_allowed e = { .host_name = "web1", .group = "web", .note = "order 12" }, found;
    unsigned n = 0;

    fill(e.ek_digest, 32, 1);
    assert_status(tb_store_ek_allow_find(s, e.ek_digest, &found), TB_STORE_NOT_FOUND);
    assert_ok(tb_store_ek_allow_add(s, &e, &op));
    assert_status(tb_store_ek_allow_add(s, &e, &op), TB_STORE_CONFLICT);
    assert_ok(tb_store_ek_allow_find(s, e.ek_digest, &found));
    assert_string_equal(found.host_name, "web1");
    assert_int_equal(found.created_ms, T0);
    assert_ok(tb_store_ek_allow_list(s, count_allowed, &n));
    assert_int_equal(n, 1);
    assert_ok(tb_store_ek_allow_remove(s, e.ek_digest, &op));
    assert_status(tb_store_ek_allow_remove(s, e.ek_digest, &op), TB_STORE_NOT_FOUND);
    n = 0;
    assert_ok(tb_store_enrol_tokens(s, count_token, &n));
    assert_int_equal(n, 0);
}

static void t24_an_offer_is_taken_once_and_never_after_its_time(void **state)
{
    struct tb_store *s = S(state);
    struct tb_reader bytes = tb_slice("state", 5);
    struct tb_blob b;

    assert_ok(tb_store_offer_put(s, "o1", bytes, T0, T0 + 60000, 2));
    assert_ok(tb_store_offer_put(s, "o2", bytes, T0, T0 + 10, 2));
    assert_status(tb_store_offer_put(s, "o3", bytes, T0, T0 + 10, 2), TB_STORE_LIMIT);
    assert_ok(tb_store_offer_take(s, "o1", T0 + 59999, &b));
    assert_string_equal((char *)b.p, "state");
    tb_blob_clear(&b);
    assert_status(tb_store_offer_take(s, "o1", T0 + 59999, &b), TB_STORE_NOT_FOUND);
    assert_status(tb_store_offer_take(s, "o2", T0 + 10, &b), TB_STORE_STALE);
    assert_status(tb_store_offer_take(s, "o2", T0, &b), TB_STORE_NOT_FOUND);
}

/* ---- operators ---- */

static void a_pending_host_is_approved_or_refused_once(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    struct tb_store_by later = at(5);
    struct tb_challenge_record c = { .expires_ms = T0 + 1 };
    struct tb_host refused;

    for (unsigned i = 1; i <= 3; i++) {
        new_host(&n, i);
        n.h.state = TB_HOST_PENDING;
        n.h.ek_basis = TB_EK_BASIS_NONE;
        if (i == 3) {
            n.h.tpm = TB_TPM_STATE_12;
            n.h.ek_digest = NULL;
            n.h.ak_public.left = n.h.ak_name.left = n.h.ek_public.left = 0;
        }
        assert_ok(create(s, &n.h, &created, &conflict));
    }
    assert_status(tb_store_challenge_put(s, host_id(1), &c), TB_STORE_REFUSED);
    assert_ok(tb_store_host_approve(s, host_id(1), NULL, &later));
    assert_status(tb_store_host_approve(s, host_id(1), NULL, &later), TB_STORE_REFUSED);
    assert_int_equal(host_of(s, 1).state, TB_HOST_ACTIVE);
    assert_int_equal(host_of(s, 1).ek_basis, TB_EK_BASIS_OPERATOR);
    assert_int_equal(host_of(s, 1).approved_ms, T0 + 5);
    assert_ok(tb_store_host_refuse(s, host_id(2), &later));
    assert_int_equal(host_of(s, 2).state, TB_HOST_REFUSED);
    assert_status(tb_store_host_refuse(s, host_id(1), &later), TB_STORE_REFUSED);
    assert_ok(tb_store_host_by_name(s, "host00002", &refused)); /* nobody else has it */
    assert_string_equal(refused.id, host_id(2));
    assert_ok(tb_store_host_approve(s, host_id(3), NULL, &later));
    assert_int_equal(host_of(s, 3).verdict, TB_VERDICT_NOT_CAPABLE);
    assert_int_equal(host_of(s, 3).ek_basis, TB_EK_BASIS_NONE);
}

/* Between a look at a host and its approval it may have enrolled anew, with another key. */
static void a_host_is_approved_with_the_key_that_was_looked_at_or_not_at_all(void **state)
{
    struct tb_store *s = S(state);
    struct tb_host seen, other;
    struct new_host n;
    struct tb_host_created created;
    struct tb_store_conflict conflict;

    for (unsigned i = 1; i <= 2; i++) {
        new_host(&n, i);
        n.h.state = TB_HOST_PENDING;
        n.h.tpm = i == 1 ? TB_TPM_STATE_20 : TB_TPM_STATE_12;
        if (i == 2) {
            n.h.ek_digest = NULL;
            n.h.ek_basis = TB_EK_BASIS_NONE;
            n.h.ak_public.left = n.h.ak_name.left = n.h.ek_public.left = 0;
        }
        assert_ok(create(s, &n.h, &created, &conflict));
    }
    other = seen = host_of(s, 1);
    other.ak_name[other.ak_name_len - 1] ^= 1;
    assert_status(tb_store_host_approve(s, host_id(1), &other, &op), TB_STORE_STALE);
    other = seen;
    other.ak_name_len--;
    assert_status(tb_store_host_approve(s, host_id(1), &other, &op), TB_STORE_STALE);
    assert_int_equal(host_of(s, 1).state, TB_HOST_PENDING);
    assert_ok(tb_store_host_approve(s, host_id(1), &seen, &op));
    assert_int_equal(host_of(s, 1).state, TB_HOST_ACTIVE);
    other = host_of(s, 2); /* no TPM 2.0, no key */
    assert_status(tb_store_host_approve(s, host_id(2), &seen, &op), TB_STORE_STALE);
    assert_ok(tb_store_host_approve(s, host_id(2), &other, &op));
}

static void editing_a_host_changes_what_is_named_and_nothing_else(void **state)
{
    struct tb_store *s = S(state);
    struct tb_store_conflict conflict = { 0 };
    bool on = true;

    add_host(s, 1);
    add_host(s, 2);
    assert_ok(tb_store_host_edit(s, host_id(1), &(struct tb_host_edit){ .maintenance = &on }, &op,
                                 &conflict));
    assert_true(host_of(s, 1).maintenance);
    assert_string_equal(host_of(s, 1).group, "lab");
    assert_ok(tb_store_host_edit(s, host_id(1), &(struct tb_host_edit){ .name = "x", .group = "" },
                                 &op, &conflict));
    assert_string_equal(host_of(s, 1).name, "x");
    assert_string_equal(host_of(s, 1).group, "");
    assert_true(host_of(s, 1).maintenance);
    assert_status(tb_store_host_edit(s, host_id(1), &(struct tb_host_edit){ .name = "host00002" },
                                     &op, &conflict),
                  TB_STORE_CONFLICT);
    assert_int_equal(conflict.what, TB_UNIQUE_NAME);
    assert_string_equal(conflict.host_id, host_id(2));
    assert_status(
        tb_store_host_edit(s, host_id(1), &(struct tb_host_edit){ .name = "" }, &op, &conflict),
        TB_STORE_INVALID);
}

static void a_removed_host_frees_its_name_and_key_and_loses_its_token(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host h;
    struct tb_challenge_record c;

    add_host(s, 1);
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    give_nonce(s, host_id(1), 2, T0);
    assert_ok(tb_store_host_remove(s, host_id(1), &op));
    assert_status(tb_store_host_remove(s, host_id(1), &op), TB_STORE_NOT_FOUND);
    assert_int_equal(host_of(s, 1).state, TB_HOST_REMOVED);
    new_host(&n, 1);
    assert_status(tb_store_host_by_token(s, n.token, &h), TB_STORE_NOT_FOUND);
    assert_status(tb_store_challenge_get(s, host_id(1), T0, &c), TB_STORE_NOT_FOUND);
    n.h.id = host_id(77);
    assert_ok(tb_store_host_create(s, &n.h, &op, &(struct tb_host_created){ .id = "" },
                                   &(struct tb_store_conflict){ 0 }));
}

static bool find_detail(void *ctx, const struct tb_audit_entry *e)
{
    char *out = ctx; /* 512 bytes */

    if (strcmp(e->action, "host.tpm-replaced") == 0)
        snprintf(out, 512, "%s", e->detail);
    return true;
}

static void a_tpm_is_replaced_only_with_leave_in_time_and_both_keys_are_recorded(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n, old;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    struct tb_host h;
    char detail[512] = "", hex[65];
    struct tb_evidence_record e;

    add_host(s, 1);
    attest(s, host_id(1), 1, TB_VERDICT_TRUSTED, T0);
    new_host(&old, 1);
    new_host(&n, 2);
    n.h.name = "host00001";
    n.h.state = TB_HOST_PENDING;
    assert_ok(tb_store_host_set_versions(s, host_id(1), n.ek, "base 1\n", &op));
    assert_ok(tb_store_host_allow_replace(s, host_id(1), old.ek, NULL, T0 + 1000, &op));
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT); /* another EK */
    assert_ok(tb_store_host_allow_replace(s, host_id(1), n.ek, NULL, T0, &op));
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT); /* too late */
    assert_ok(tb_store_host_allow_replace(s, host_id(1), n.ek, NULL, T0 + 1000, &op));
    assert_ok(create(s, &n.h, &created, &conflict));
    assert_true(created.replaced);
    assert_string_equal(created.id, host_id(1));
    assert_int_equal(created.state, TB_HOST_ACTIVE);
    h = host_of(s, 1);
    assert_memory_equal(h.ek_digest, n.ek, 32);
    assert_memory_equal(h.ak_public, n.ak, sizeof n.ak);
    assert_int_equal(h.verdict, TB_VERDICT_PENDING);
    assert_false(h.memory.present || h.has_log || h.has_versions);
    assert_int_equal(h.replace_until_ms, 0);
    assert_string_equal(h.approved_by, "ops");
    assert_status(tb_store_host_by_token(s, old.token, &h), TB_STORE_NOT_FOUND);
    assert_status(tb_store_evidence_get(s, host_id(1), &e), TB_STORE_NOT_FOUND);
    assert_ok(
        tb_store_audit(s, &(struct tb_audit_query){ .target = host_id(1) }, find_detail, detail));
    tb_hex(tb_slice(old.ek, 32), hex, sizeof hex);
    assert_non_null(strstr(detail, hex));
    tb_hex(tb_slice(n.ek, 32), hex, sizeof hex);
    assert_non_null(strstr(detail, hex));
    /* Leave was for one time. */
    assert_status(create(s, &old.h, &created, &conflict), TB_STORE_CONFLICT);
}

/* A host, and n that asks for its name with another TPM. The operator's leave names a token. */
static void leave_with_token(struct tb_store *s, struct new_host *n, uint8_t good[32],
                             uint8_t other[32])
{
    struct tb_enrol_token t = { .id = "good", .expires_ms = T0 + 1000, .uses = 1 };

    add_host(s, 1);
    fill(good, 32, 9);
    fill(other, 32, 10);
    assert_ok(tb_store_enrol_token_create(s, &t, good, &op));
    t.id[0] = 'x';
    assert_ok(tb_store_enrol_token_create(s, &t, other, &op));
    assert_ok(tb_store_host_allow_replace(s, host_id(1), NULL, good, T0 + 1000, &op));
    new_host(n, 2);
    n->h.name = "host00001";
    n->h.state = TB_HOST_PENDING;
}

static void t22_leave_to_replace_a_tpm_is_for_the_token_that_came_with_it(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    struct tb_host before, after;
    uint8_t good[32], other[32];

    leave_with_token(s, &n, good, other);
    before = host_of(s, 1);
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT); /* none */
    assert_int_equal(conflict.what, TB_UNIQUE_NAME);
    n.h.enrol_token_hash = other;
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT);
    after = host_of(s, 1);
    assert_memory_equal(&before, &after, sizeof before);
    n.h.enrol_token_hash = good;
    assert_ok(create(s, &n.h, &created, &conflict));
    assert_true(created.replaced);
    after = host_of(s, 1);
    assert_memory_equal(after.ek_digest, n.ek, 32);
    assert_int_equal(after.state, TB_HOST_PENDING); /* approved was the other TPM */
    assert_int_equal(after.approved_ms, 0);
    assert_string_equal(after.approved_by, "");
}

static void t22_leave_to_replace_a_tpm_names_a_token_or_a_key(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    uint8_t good[32], other[32];

    leave_with_token(s, &n, good, other);
    assert_status(tb_store_host_allow_replace(s, host_id(1), NULL, NULL, T0 + 1000, &op),
                  TB_STORE_INVALID);
    assert_ok(tb_store_host_allow_replace(s, host_id(1), NULL, NULL, 0, &op)); /* taken back */
    n.h.enrol_token_hash = good;
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT);
    assert_ok(tb_store_host_allow_replace(s, host_id(1), n.ek, good, T0 + 1000, &op));
    n.h.enrol_token_hash = other; /* of what is named, nothing may be another */
    assert_status(create(s, &n.h, &created, &conflict), TB_STORE_CONFLICT);
    n.h.enrol_token_hash = good;
    assert_ok(create(s, &n.h, &created, &conflict));
}

static void attest_now_is_taken_once(void **state)
{
    struct tb_store *s = S(state);
    bool wanted = true;

    add_host(s, 1);
    add_host(s, 2);
    assert_ok(tb_store_host_take_attest(s, host_id(1), &wanted));
    assert_false(wanted);
    assert_ok(tb_store_host_want_attest(s, host_id(1), &op));
    assert_ok(tb_store_host_take_attest(s, host_id(1), &wanted));
    assert_true(wanted);
    assert_ok(tb_store_host_take_attest(s, host_id(1), &wanted));
    assert_false(wanted);
    assert_ok(tb_store_host_want_attest(s, NULL, NULL));
    assert_ok(tb_store_host_take_attest(s, host_id(2), &wanted));
    assert_true(wanted);
    assert_status(tb_store_host_want_attest(s, host_id(9), &op), TB_STORE_NOT_FOUND);
}

/* ---- lists ---- */

struct seen {
    char names[64][40];
    size_t n, stop_at;
};

static bool note_name(void *ctx, const struct tb_host *h)
{
    struct seen *seen = ctx;

    assert_true(seen->n < 64);
    snprintf(seen->names[seen->n++], 40, "%.39s", h->name);
    return seen->n != seen->stop_at;
}

static void pages_show_every_host_once_in_the_order_asked_for(void **state)
{
    struct tb_store *s = S(state);

    for (unsigned i = 0; i < 23; i++) {
        add_host(s, i * 7 % 23);
        if (i % 3 == 0)
            attest(s, host_id(i * 7 % 23), i, i % 2 ? TB_VERDICT_TRUSTED : TB_VERDICT_FAILED,
                   T0 + 10 * (i % 5));
    }
    for (int sort = 0; sort < TB_N_SORTS; sort++)
        for (int descending = 0; descending < 2; descending++) {
            struct tb_host_query q = { .sort = (enum tb_host_sort)sort,
                                       .descending = descending != 0,
                                       .limit = 5 };
            struct seen all = { .n = 0 }, pages = { .n = 0 };
            char next[TB_STORE_CURSOR_LEN] = "";
            unsigned n_pages = 0;

            do {
                q.cursor = next;
                assert_ok(tb_store_hosts_page(s, &q, note_name, &pages, next));
            } while (next[0] != '\0' && ++n_pages < 10);
            q.cursor = NULL;
            q.limit = 0;
            assert_ok(tb_store_hosts_page(s, &q, note_name, &all, next));
            assert_int_equal(all.n, 23);
            assert_int_equal(pages.n, 23);
            assert_memory_equal(all.names, pages.names, sizeof all.names);
            if (sort == TB_SORT_NAME)
                assert_string_equal(all.names[0], descending ? "host00022" : "host00000");
        }
}

static void filters_find_by_verdict_group_and_text_and_count_agrees(void **state)
{
    struct tb_store *s = S(state);
    static const struct {
        struct tb_host_query q;
        size_t n;
    } cases[] = {
        { { .verdict = TB_VERDICT_FAILED }, 1 },
        { { .verdict = TB_VERDICT_TRUSTED }, 2 },
        { { .verdict = TB_VERDICT_STALE }, 0 },
        { { .group = "lab" }, 4 },
        { { .group = "100%" }, 1 },
        { { .group = "%" }, 0 },
        { { .text = "HOST0000" }, 4 },
        { { .text = "_" }, 1 },
        { { .text = "secure boot" }, 1 },
        { { .text = "00000000000000000000000000000003" }, 1 },
        { { .text = "'; DROP TABLE host; --" }, 0 },
        { { .refused = true }, 6 },
    };
    struct tb_store_conflict conflict;
    struct new_host n;
    char next[TB_STORE_CURSOR_LEN];

    for (unsigned i = 1; i <= 5; i++)
        add_host(s, i);
    new_host(&n, 6);
    n.h.state = TB_HOST_PENDING;
    assert_ok(tb_store_host_create(s, &n.h, &op, &(struct tb_host_created){ .id = "" }, &conflict));
    assert_ok(tb_store_host_refuse(s, host_id(6), &op));
    attest(s, host_id(1), 1, TB_VERDICT_FAILED, T0);
    attest(s, host_id(2), 2, TB_VERDICT_TRUSTED, T0);
    attest(s, host_id(3), 3, TB_VERDICT_TRUSTED, T0);
    assert_ok(tb_store_host_edit(
        s, host_id(5), &(struct tb_host_edit){ .name = "a_b", .group = "100%" }, &op, &conflict));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen seen = { .n = 0 };
        uint64_t count = 99;

        assert_ok(tb_store_hosts_page(s, &cases[i].q, note_name, &seen, next));
        assert_ok(tb_store_hosts_count(s, &cases[i].q, &count));
        if (seen.n != cases[i].n || count != cases[i].n)
            fail_msg("case %zu: %zu rows, count %llu", i, seen.n, (unsigned long long)count);
    }
}

static void a_list_stopped_by_its_reader_goes_on_behind_the_last_row(void **state)
{
    struct tb_store *s = S(state);
    struct seen seen = { .stop_at = 2 };
    char next[TB_STORE_CURSOR_LEN] = "";
    struct tb_host_query q = { .limit = 0 };

    for (unsigned i = 1; i <= 5; i++)
        add_host(s, i);
    assert_ok(tb_store_hosts_page(s, &q, note_name, &seen, next));
    assert_int_equal(seen.n, 2);
    q.cursor = next;
    assert_ok(tb_store_hosts_page(s, &q, note_name, &seen, next));
    assert_int_equal(seen.n, 5);
    assert_string_equal(seen.names[2], "host00003");
}

static void a_foreign_cursor_is_refused(void **state)
{
    struct tb_store *s = S(state);
    static const char *const bad[] = { "x",    ".",     "..",   "1",
                                       "1.",   ".a",    "zz.a", "6.a",
                                       "00.a", "1.a b", "6.'",  "9999999999999999999999.a" };
    char next[TB_STORE_CURSOR_LEN];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int sort = 0; sort < TB_N_SORTS; sort++) {
            struct tb_host_query q = { .sort = (enum tb_host_sort)sort, .cursor = bad[i] };
            struct seen seen = { .n = 0 };
            bool number = strcmp(bad[i], "6.a") == 0 && sort != TB_SORT_NAME;
            bool empty = strcmp(bad[i], ".a") == 0 && sort == TB_SORT_NAME;
            bool zero = strcmp(bad[i], "00.a") == 0 && sort != TB_SORT_NAME;
            enum tb_store_status got = tb_store_hosts_page(s, &q, note_name, &seen, next);

            if (got != (number || empty || zero ? TB_STORE_OK : TB_STORE_INVALID))
                fail_msg("cursor %s, sort %d: %s", bad[i], sort, tb_store_status_name(got));
        }
}

static void the_summary_counts_what_the_lists_show(void **state)
{
    struct tb_store *s = S(state);
    struct tb_store_summary sum;
    bool on = true;

    for (unsigned i = 1; i <= 4; i++)
        add_host(s, i);
    attest(s, host_id(1), 1, TB_VERDICT_FAILED, T0);
    attest(s, host_id(2), 2, TB_VERDICT_TRUSTED, T0);
    assert_ok(tb_store_host_remove(s, host_id(4), &op));
    assert_ok(tb_store_host_edit(s, host_id(2), &(struct tb_host_edit){ .maintenance = &on }, &op,
                                 &(struct tb_store_conflict){ 0 }));
    assert_ok(tb_store_summary(s, &sum));
    assert_int_equal(sum.n_hosts, 3);
    assert_int_equal(sum.verdict[TB_VERDICT_FAILED], 1);
    assert_int_equal(sum.verdict[TB_VERDICT_TRUSTED], 1);
    assert_int_equal(sum.verdict[TB_VERDICT_PENDING], 1);
    assert_int_equal(sum.n_maintenance, 1);
    assert_int_equal(sum.n_waiting, 0);
    assert_int_equal(sum.n_open_incidents, 1);
}

static void t63_any_text_is_kept_as_it_is_and_what_is_no_text_is_refused(void **state)
{
    struct tb_store *s = S(state);
    static const char *const good[] = { "it's",
                                        "\"q\"",
                                        "100%s%n",
                                        "a\nb\r\t\x1b[2J",
                                        "\\",
                                        "--",
                                        "x'); DROP TABLE host;--",
                                        "{\"a\":1}",
                                        "\xc3\xa9\xf0\x9f\x98\x80" };
    static const char *const bad[] = { "\xff", "\xc0\xaf", "\xed\xa0\x80", "a\xe2\x82",
                                       "\xf5\x80\x80\x80" };
    struct new_host n;
    struct tb_host h;
    struct tb_host_created created;
    struct tb_store_conflict conflict;

    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        struct seen seen = { .n = 0 };
        char next[TB_STORE_CURSOR_LEN];

        new_host(&n, i + 1);
        n.h.name = n.h.group = good[i];
        snprintf(n.facts.product, sizeof n.facts.product, "%s", good[i]);
        assert_ok(create(s, &n.h, &created, &conflict));
        assert_ok(tb_store_host_by_name(s, good[i], &h));
        assert_string_equal(h.name, good[i]);
        assert_string_equal(h.facts.product, good[i]);
        assert_ok(tb_store_hosts_page(s, &(struct tb_host_query){ .group = good[i] }, note_name,
                                      &seen, next));
        assert_int_equal(seen.n, 1);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        new_host(&n, 100);
        n.h.name = bad[i];
        assert_status(create(s, &n.h, &created, &conflict), TB_STORE_INVALID);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)
    const struct CMUnitTest tests[] = {
        TEST(a_host_comes_back_as_it_was_created),
        TEST(t22_second_tpm_for_a_name_is_refused_alarmed_and_changes_nothing),
        TEST(t62_claims_to_a_host_are_one_incident_and_one_audit_entry_an_hour),
        TEST(t23_one_tpm_under_two_host_ids_is_refused_and_the_token_keeps_its_use),
        TEST(an_enrolment_token_is_used_with_the_host_or_not_at_all),
        TEST(the_ek_allow_list_keeps_one_entry_for_a_key),
        TEST(t24_an_offer_is_taken_once_and_never_after_its_time),
        TEST(a_pending_host_is_approved_or_refused_once),
        TEST(a_host_is_approved_with_the_key_that_was_looked_at_or_not_at_all),
        TEST(editing_a_host_changes_what_is_named_and_nothing_else),
        TEST(a_removed_host_frees_its_name_and_key_and_loses_its_token),
        TEST(a_tpm_is_replaced_only_with_leave_in_time_and_both_keys_are_recorded),
        TEST(t22_leave_to_replace_a_tpm_is_for_the_token_that_came_with_it),
        TEST(t22_leave_to_replace_a_tpm_names_a_token_or_a_key),
        TEST(attest_now_is_taken_once),
        TEST(pages_show_every_host_once_in_the_order_asked_for),
        TEST(filters_find_by_verdict_group_and_text_and_count_agrees),
        TEST(a_list_stopped_by_its_reader_goes_on_behind_the_last_row),
        TEST(a_foreign_cursor_is_refused),
        TEST(the_summary_counts_what_the_lists_show),
        TEST(t63_any_text_is_kept_as_it_is_and_what_is_no_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
