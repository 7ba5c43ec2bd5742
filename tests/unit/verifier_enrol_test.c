/* Enrolment at the Verifier. Attack ids: T-12, T-17, T-18, T-19, T-21, T-22, T-23, T-24, T-67. */
#include "tests/unit/verifier_world.h"

#include <openssl/ec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *root_key, *other_key;
static struct test_bytes root;
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

static int set_up_keys(void **state)
{
    struct test_cert c = { .subject = "Test Root",
                           .basic = "critical,CA:TRUE",
                           .key_usage = "critical,keyCertSign" };

    (void)state;
    root_key = EVP_EC_gen("P-256");
    other_key = EVP_EC_gen("P-256");
    c.key = root_key;
    test_cert_make(&c, &root);
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(other_key);
    return 0;
}

static int set_up(void **state)
{
    struct tb_roots *roots = tb_roots_new();
    struct tb_reason why;

    assert_non_null(roots);
    assert_true(tb_roots_add(roots, test_slice(&root), "root", &why));
    random_fails = false;
    *state = world_new(roots);
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static void good_cert(const struct soft_host *host, struct test_cert *c)
{
    *c = (struct test_cert){ .key = host->ek,
                             .issuer = "Test Root",
                             .issuer_key = root_key,
                             .basic = "critical,CA:FALSE",
                             .key_usage = "critical,keyAgreement",
                             .extended = "2.23.133.8.1",
                             .tcg_alt_name = true };
}

/* Enrols with this certificate and token; the answer is in e. */
static bool enrol_with(struct world *w, struct soft_host *host, const struct test_bytes *cert,
                       const char *token, struct enrolment *e)
{
    enrolment_begin(e, host, token);
    e->request.ek_certificate = test_slice(cert);
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    return enrolment_activate(w, e);
}

static uint64_t n_hosts(struct world *w)
{
    struct tb_store_summary s;

    assert_int_equal(tb_store_summary(w->store, &s), TB_STORE_OK);
    return s.n_hosts + s.n_refused;
}

static bool count_incident(void *ctx, const struct tb_incident *i)
{
    if (strcmp(i->code, "identity.duplicate") == 0 && i->closed_ms == 0)
        ++*(unsigned *)ctx;
    return true;
}

static unsigned duplicates(struct world *w, const struct soft_host *host)
{
    unsigned n = 0;

    assert_int_equal(tb_store_incidents(w->store,
                                        &(struct tb_incident_query){ .host_id = host->id },
                                        count_incident, &n),
                     TB_STORE_OK);
    return n;
}

static struct tb_host same_but_for_time(struct tb_host h)
{
    h.last_seen_ms = 0;
    return h;
}

static void assert_untouched(struct world *w, const struct soft_host *host, struct tb_host before)
{
    struct tb_host after = same_but_for_time(host_stored(w, host));

    before = same_but_for_time(before);
    assert_string_equal(after.name, before.name);
    assert_int_equal(after.state, before.state);
    assert_int_equal(after.verdict, before.verdict);
    assert_memory_equal(after.ek_digest, before.ek_digest, 32);
    assert_int_equal(after.ak_public_len, before.ak_public_len);
    assert_memory_equal(after.ak_public, before.ak_public, before.ak_public_len);
    assert_memory_equal(after.ak_name, before.ak_name, before.ak_name_len);
    assert_memory_equal(&after.memory, &before.memory, sizeof before.memory);
}

/* --- Who becomes active -------------------------------------------------------------------------
 */

static void a_token_and_a_trusted_certificate_make_a_host_active(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);
    struct test_cert c;
    struct test_bytes cert;
    struct tb_host stored;

    world_token(w, "token", "rack 1", 1);
    good_cert(host, &c);
    test_cert_make(&c, &cert);
    assert_true(enrol_with(w, host, &cert, "token", e));
    assert_int_equal(e->reply.state, TB_ENROL_ACTIVE);
    memcpy(host->id, e->reply.host_id, sizeof host->id);
    stored = host_stored(w, host);
    assert_int_equal(stored.state, TB_HOST_ACTIVE);
    assert_int_equal(stored.ek_basis, TB_EK_BASIS_CERTIFICATE);
    assert_string_equal(stored.group, "rack 1");
    assert_string_equal(stored.facts.tpm_class, "software");
    assert_string_equal(stored.facts.serial, "S-1");
    assert_int_equal(stored.verdict, TB_VERDICT_PENDING);
    free(e);
    host_free(host);
}

static void without_a_certificate_a_token_alone_waits_for_approval(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct tb_store_by by = { .actor = "ops", .now_ms = w->now_ms };

    world_token(w, "token", "", 1);
    enrol(w, host, "token", TB_ENROL_PENDING);
    assert_int_equal(host_stored(w, host).ek_basis, TB_EK_BASIS_NONE);
    assert_int_equal(tb_store_host_approve(w->store, host->id, NULL, &by), TB_STORE_OK);
    assert_int_equal(host_stored(w, host).ek_basis, TB_EK_BASIS_OPERATOR);
    attest(w, host, TB_VERDICT_TRUSTED, "");
    host_free(host);
}

static void a_trusted_certificate_without_a_token_waits_for_approval(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);
    struct test_cert c;
    struct test_bytes cert;

    good_cert(host, &c);
    test_cert_make(&c, &cert);
    assert_true(enrol_with(w, host, &cert, "", e));
    assert_int_equal(e->reply.state, TB_ENROL_PENDING);
    free(e);
    host_free(host);
}

static void the_policy_may_let_a_token_vouch_for_a_tpm(void **state)
{
    struct world *w = *state;
    struct soft_host *with = host_new("alpha"), *without = host_new("beta");

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 1);
    enrol(w, with, "token", TB_ENROL_ACTIVE);
    assert_int_equal(host_stored(w, with).ek_basis, TB_EK_BASIS_TOKEN);
    enrol(w, without, "", TB_ENROL_PENDING);
    host_free(with);
    host_free(without);
}

static void an_allow_listed_ek_needs_neither_token_nor_certificate(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha"), *other = host_new("beta");
    struct tb_ek_allowed entry = { .host_name = "alpha", .group = "rack 2" };
    struct tb_store_by by = { .actor = "ops", .now_ms = w->now_ms };
    uint8_t digest[TB_DIGEST_MAX];

    assert_true(tb_hash(w->h, TB_BANK_SHA256, test_slice(&host->ek_public), digest));
    memcpy(entry.ek_digest, digest, 32);
    assert_int_equal(tb_store_ek_allow_add(w->store, &entry, &by), TB_STORE_OK);
    enrol(w, other, "", TB_ENROL_PENDING);
    enrol(w, host, "", TB_ENROL_ACTIVE);
    assert_int_equal(host_stored(w, host).ek_basis, TB_EK_BASIS_ALLOW_LIST);
    assert_string_equal(host_stored(w, host).group, "rack 2");
    host_free(host);
    host_free(other);
}

static void an_allow_list_entry_of_another_name_does_not_count(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct tb_ek_allowed entry = { .host_name = "beta" };
    struct tb_store_by by = { .actor = "ops", .now_ms = w->now_ms };
    uint8_t digest[TB_DIGEST_MAX];

    assert_true(tb_hash(w->h, TB_BANK_SHA256, test_slice(&host->ek_public), digest));
    memcpy(entry.ek_digest, digest, 32);
    assert_int_equal(tb_store_ek_allow_add(w->store, &entry, &by), TB_STORE_OK);
    enrol(w, host, "", TB_ENROL_PENDING);
    host_free(host);
}

static bool take_newest(void *ctx, const struct tb_enrol_token *t)
{
    if (strcmp(t->label, "revoked") == 0)
        snprintf(ctx, TB_STORE_ID_MAX + 1, "%s", t->id);
    return true;
}

static void a_token_that_is_unknown_used_expired_or_revoked_is_refused(void **state)
{
    struct world *w = *state;
    struct soft_host *a = host_new("alpha"), *b = host_new("beta");
    char id[TB_STORE_ID_MAX + 1];

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    enrol_refused(w, a, "nobody made this", 403, "token-unknown");
    world_token(w, "once", "", 1);
    enrol(w, a, "once", TB_ENROL_ACTIVE);
    enrol_refused(w, b, "once", 403, "token-used");
    world_token(w, "old", "", 1);
    w->now_ms += 3600000;
    enrol_refused(w, b, "old", 403, "token-expired");
    world_token(w, "revoked", "", 1);
    assert_int_equal(tb_store_enrol_tokens(w->store, take_newest, id), TB_STORE_OK);
    assert_int_equal(
        tb_store_enrol_token_revoke(w->store, id,
                                    &(struct tb_store_by){ .actor = "ops", .now_ms = w->now_ms }),
        TB_STORE_OK);
    enrol_refused(w, b, "revoked", 403, "token-expired");
    assert_int_equal(n_hosts(w), 1);
    host_free(a);
    host_free(b);
}

static void a_refused_enrolment_leaves_the_token_its_use(void **state)
{
    struct world *w = *state;
    struct soft_host *a = host_new("alpha"), *same = host_new("alpha"), *b = host_new("beta");

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "first", "", 1);
    world_token(w, "second", "", 1);
    enrol(w, a, "first", TB_ENROL_ACTIVE);
    enrol_refused(w, same, "second", 409, "identity.duplicate");
    enrol(w, b, "second", TB_ENROL_ACTIVE);
    host_free(a);
    host_free(same);
    host_free(b);
}

static void an_rsa_endorsement_key_enrols_and_attests(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new_rsa("alpha");

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 1);
    enrol(w, host, "token", TB_ENROL_ACTIVE);
    attest(w, host, TB_VERDICT_TRUSTED, "");
    host_free(host);
}

/* --- The certificate ----------------------------------------------------------------------------
 */

static bool copy_incident(void *ctx, const struct tb_incident *incident)
{
    *(struct tb_incident *)ctx = *incident;
    return false;
}

static void t17_a_certificate_that_leads_nowhere_makes_the_host_wait(void **state)
{
    /* What the operator who is to decide is told of each. */
    static const char *const told[] = { "self-signed",        "expired",        "key usage",
                                        "extended key usage", "missing issuer", "signature" };
    struct world *w = *state;
    struct soft_host *host;
    struct enrolment *e = malloc(sizeof *e);
    struct test_cert c;
    struct test_bytes cert;
    struct tb_incident incident = { 0 };

    world_token(w, "token", "", 100);
    for (unsigned i = 0; i < 6; i++) {
        char name[16];

        snprintf(name, sizeof name, "host-%u", i);
        host = host_new(name);
        good_cert(host, &c);
        switch (i) {
        case 0: c.issuer_key = NULL, c.issuer = NULL, c.subject = "Me"; break;
        case 1: c.not_after_s = TEST_NOW_S - 1; break;
        case 2: c.key_usage = "critical,digitalSignature"; break;
        case 3: c.extended = "serverAuth"; break;
        case 4: c.issuer = "Nobody", c.issuer_key = other_key; break;
        case 5: c.issuer_key = other_key; break; /* our root's name, another key */
        }
        test_cert_make(&c, &cert);
        assert_true(enrol_with(w, host, &cert, "token", e));
        assert_int_equal(e->reply.state, TB_ENROL_PENDING);
        memcpy(host->id, e->reply.host_id, sizeof host->id);
        assert_int_equal(host_stored(w, host).ek_basis, TB_EK_BASIS_NONE);
        assert_int_equal(tb_store_incidents(w->store,
                                            &(struct tb_incident_query){ .host_id = host->id },
                                            copy_incident, &incident),
                         TB_STORE_OK);
        assert_string_equal(incident.code,
                            i == 1 ? "identity.ek-expired" : "identity.ek-certificate");
        if (strstr(incident.text, told[i]) == NULL)
            fail_msg("certificate %u: %s", i, incident.text);
        host_free(host);
    }
    free(e);
}

static void t18_a_certificate_about_another_key_is_refused(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);
    struct test_cert c;
    struct test_bytes cert;

    world_token(w, "token", "", 1);
    good_cert(host, &c);
    c.key = other_key;
    test_cert_make(&c, &cert);
    assert_false(enrol_with(w, host, &cert, "token", e));
    assert_string_equal(e->why.code, "identity.ek-key");
    assert_int_equal(e->why.status, 403);
    assert_int_equal(n_hosts(w), 0);
    free(e);
    host_free(host);
}

/* --- The proof ----------------------------------------------------------------------------------
 */

static void t19_the_credential_is_for_the_name_that_the_verifier_computed(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);
    uint8_t name[34], secret[TB_SECRET_LEN];

    enrolment_begin(e, host, "");
    assert_true(enrolment_ask(w, e));
    name_of(test_ak_public(host->ak), name);
    name[33] ^= 1;
    assert_false(host_open(host, tb_slice(name, 34), &e->offer, secret));
    name[33] ^= 1;
    assert_true(host_open(host, tb_slice(name, 34), &e->offer, secret));
    e->activate.secret = tb_slice(secret, TB_SECRET_LEN);
    assert_true(enrolment_activate(w, e));
    memcpy(host->id, e->reply.host_id, sizeof host->id);
    assert_memory_equal(host_stored(w, host).ak_name, name, 34);
    free(e);
    host_free(host);
}

static void t21_a_key_of_another_tpm_or_of_software_cannot_activate(void **state)
{
    struct world *w = *state;
    struct soft_host *honest = host_new("alpha"), *thief = host_new("beta");
    struct enrolment *e = malloc(sizeof *e);
    uint8_t name[34], secret[TB_SECRET_LEN];

    /* The honest TPM's EK with the thief's attestation key: that TPM holds no such key, so what it
     * may open is for its own key's name only. */
    enrolment_begin(e, honest, "");
    e->request.ak_public = test_ak_public(thief->ak);
    assert_true(enrolment_ask(w, e));
    name_of(test_ak_public(honest->ak), name);
    assert_false(host_open(honest, tb_slice(name, 34), &e->offer, secret));
    /* And the thief's own TPM has another EK. */
    name_of(test_ak_public(thief->ak), name);
    assert_false(host_open(thief, tb_slice(name, 34), &e->offer, secret));
    memset(secret, 0x41, sizeof secret);
    e->activate.secret = tb_slice(secret, TB_SECRET_LEN);
    assert_false(enrolment_activate(w, e));
    assert_string_equal(e->why.code, "identity.activation");
    assert_int_equal(n_hosts(w), 0);
    free(e);
    host_free(honest);
    host_free(thief);
}

static void an_attestation_key_that_is_no_restricted_signing_key_gets_no_offer(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);
    struct test_public parts = test_ak_parts(host->ak);
    struct test_bytes changed;

    parts.attributes &= ~(uint32_t)TB_OBJECT_RESTRICTED;
    test_public_build(&parts, &changed);
    enrolment_begin(e, host, "");
    e->request.ak_public = test_slice(&changed);
    assert_false(enrolment_ask(w, e));
    assert_string_equal(e->why.code, "identity.ak-template");
    assert_int_equal(e->why.status, 400);
    free(e);
    host_free(host);
}

static void t24_a_wrong_secret_spends_the_offer(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);
    struct tb_refusal first;

    enrolment_begin(e, host, "");
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    e->secret[31] ^= 1;
    assert_false(enrolment_activate(w, e));
    first = e->why;
    e->secret[31] ^= 1; /* the right one, too late */
    assert_false(enrolment_activate(w, e));
    assert_string_equal(e->why.code, "identity.activation");
    /* Neither answer tells whether the offer was there. */
    assert_int_equal(e->why.status, first.status);
    assert_string_equal(e->why.message, first.message);
    assert_string_equal(e->why.why.where, first.why.where);
    assert_string_equal(e->why.why.expected, first.why.expected);
    assert_string_equal(e->why.why.observed, first.why.observed);
    assert_int_equal(n_hosts(w), 0);
    free(e);
    host_free(host);
}

/* Who lost the answer gets the same one again: no second host, no second token, and still nothing
 * for another secret. */
static void t24_an_offer_makes_one_host_and_none_after_its_life(void **state)
{
    struct world *w = *state;
    struct soft_host *a = host_new("alpha"), *b = host_new("beta");
    struct enrolment *e = malloc(sizeof *e);
    struct tb_activate_reply first;

    enrolment_begin(e, a, "");
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, a);
    assert_true(enrolment_activate(w, e));
    first = e->reply;
    assert_true(enrolment_activate(w, e));
    assert_string_equal(e->reply.host_id, first.host_id);
    assert_memory_equal(e->reply.host_token, first.host_token, sizeof first.host_token);
    assert_int_equal(e->reply.state, first.state);
    e->secret[0] ^= 1;
    assert_false(enrolment_activate(w, e));
    assert_string_equal(e->why.code, "identity.activation");
    assert_int_equal(n_hosts(w), 1);
    enrolment_begin(e, b, "");
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, b);
    w->now_ms += 1000 * (int64_t)e->offer.lifetime_s;
    assert_false(enrolment_activate(w, e));
    assert_string_equal(e->why.code, "identity.activation");
    assert_int_equal(n_hosts(w), 1);
    free(e);
    host_free(a);
    host_free(b);
}

static void t24_the_offer_is_of_equal_form_whatever_the_verifier_thinks(void **state)
{
    struct world *w = *state;
    struct soft_host *known = host_new("alpha"), *other = host_new("beta");
    struct enrolment *e = malloc(sizeof *e);
    static const char *const tokens[] = { "token", "unknown", "", "token" };
    uint8_t answer[4][TB_MESSAGE_MAX / 4];
    size_t len[4];

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 5);
    enrol(w, known, "token", TB_ENROL_ACTIVE);
    for (unsigned i = 0; i < 4; i++) {
        enrolment_begin(e, i == 3 ? known : other, tokens[i]); /* the last one is enrolled */
        assert_true(enrolment_ask(w, e));
        assert_true(tb_enrol_offer_encode(&e->offer, answer[i], sizeof answer[i], &len[i]));
        assert_int_equal(len[i], len[0]);
    }
    free(e);
    host_free(known);
    host_free(other);
}

static void t24_a_secret_of_another_offer_does_not_serve(void **state)
{
    struct world *w = *state;
    struct soft_host *a = host_new("alpha"), *b = host_new("beta");
    struct enrolment *ea = malloc(sizeof *ea), *eb = malloc(sizeof *eb);

    enrolment_begin(ea, a, "");
    enrolment_begin(eb, b, "");
    assert_true(enrolment_ask(w, ea));
    assert_true(enrolment_ask(w, eb));
    enrolment_prove(ea, a);
    eb->activate.secret = ea->activate.secret;
    assert_false(enrolment_activate(w, eb));
    assert_true(enrolment_activate(w, ea));
    eb->activate.secret = tb_slice(NULL, 0); /* as a host without TPM would */
    assert_false(enrolment_activate(w, eb));
    assert_int_equal(n_hosts(w), 1);
    free(ea);
    free(eb);
    host_free(a);
    host_free(b);
}

static void t12_without_random_numbers_there_is_no_offer(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);

    enrolment_begin(e, host, "");
    random_fails = true;
    assert_false(enrolment_ask(w, e));
    assert_int_equal(e->why.status, 503);
    random_fails = false;
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    random_fails = true;
    assert_false(enrolment_activate(w, e));
    assert_int_equal(e->why.status, 503);
    assert_int_equal(n_hosts(w), 0);
    free(e);
    host_free(host);
}

/* --- Who is there already -----------------------------------------------------------------------
 */

static void t22_a_second_tpm_under_a_known_name_is_refused_and_alarmed(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha"), *imposter = host_new("alpha");
    struct tb_host before;

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 5);
    enrol(w, host, "token", TB_ENROL_ACTIVE);
    attest(w, host, TB_VERDICT_TRUSTED, "");
    before = host_stored(w, host);
    enrol_refused(w, imposter, "token", 409, "identity.duplicate");
    enrol_refused(w, imposter, "", 409, "identity.duplicate");
    assert_untouched(w, host, before);
    assert_int_equal(duplicates(w, host), 1);
    assert_int_equal(n_hosts(w), 1);
    attest(w, host, TB_VERDICT_TRUSTED, ""); /* and goes on as before */
    host_free(host);
    host_free(imposter);
}

static void t23_one_tpm_under_two_names_is_refused(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct tb_host before;

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 5);
    enrol(w, host, "token", TB_ENROL_ACTIVE);
    before = host_stored(w, host);
    snprintf(host->name, sizeof host->name, "beta");
    enrol_refused(w, host, "token", 409, "identity.duplicate");
    assert_untouched(w, host, before);
    assert_int_equal(duplicates(w, host), 1);
    assert_int_equal(n_hosts(w), 1);
    host_free(host);
}

static void t22_a_refused_host_frees_its_name_and_a_removed_one_its_key_too(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha"), *real = host_new("alpha");
    struct tb_store_by by = { .actor = "ops", .now_ms = w->now_ms };
    struct attempt *a = attempt_new();

    enrol(w, host, "", TB_ENROL_PENDING);
    assert_false(attempt_challenge(w, w->v, host, a));
    assert_string_equal(a->why.code, "pending");
    assert_int_equal(tb_store_host_refuse(w->store, host->id, &by), TB_STORE_OK);
    assert_false(attempt_challenge(w, w->v, host, a));
    assert_string_equal(a->why.code, "refused");
    enrol_refused(w, host, "", 409, "identity.duplicate");
    enrol(w, real, "", TB_ENROL_PENDING); /* the squatter was refused, the name is free */
    assert_int_equal(tb_store_host_approve(w->store, host->id, NULL, &by), TB_STORE_CONFLICT);
    snprintf(host->name, sizeof host->name, "beta");
    enrol_refused(w, host, "", 409, "identity.duplicate");
    assert_int_equal(tb_store_host_remove(w->store, host->id, &by), TB_STORE_OK);
    assert_false(attempt_challenge(w, w->v, host, a)); /* its token is void */
    enrol(w, host, "", TB_ENROL_PENDING);
    attempt_free(a);
    host_free(host);
    host_free(real);
}

/* As the operator's action does: the token is there already. */
static void allow_replace(struct world *w, const struct soft_host *host, const char *token)
{
    struct tb_store_by by = { .actor = "ops", .now_ms = w->now_ms };
    uint8_t hash[TB_DIGEST_MAX];

    assert_true(tb_hash(w->h, TB_BANK_SHA256, tb_slice(token, strlen(token)), hash));
    assert_int_equal(
        tb_store_host_allow_replace(w->store, host->id, NULL, hash, w->now_ms + 1000, &by),
        TB_STORE_OK);
}

static void t27_an_operator_may_let_a_host_change_its_tpm(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha"), *swapped = host_new("alpha");
    struct attempt *a = attempt_new();

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "first", "", 1);
    world_token(w, "second", "", 1);
    enrol(w, host, "first", TB_ENROL_ACTIVE);
    attest(w, host, TB_VERDICT_TRUSTED, "");
    enrol_refused(w, swapped, "second", 409, "identity.duplicate");
    allow_replace(w, host, "second");
    enrol(w, swapped, "second", TB_ENROL_ACTIVE);
    assert_string_equal(swapped->id, host->id);
    assert_false(attempt_challenge(w, w->v, host, a)); /* the old TPM's token is void */
    swapped->reset_count = 1; /* a new TPM counts from the start, and that is no finding */
    swapped->clock_ms = 10;
    attest(w, swapped, TB_VERDICT_TRUSTED, "");
    attempt_free(a);
    host_free(host);
    host_free(swapped);
}

static void t22_without_its_own_token_an_allowed_change_of_tpm_is_a_duplicate(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha"), *swapped = host_new("alpha");
    struct tb_host before;

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "first", "", 1);
    world_token(w, "of another host", "", 1);
    world_token(w, "own", "", 1);
    enrol(w, host, "first", TB_ENROL_ACTIVE);
    attest(w, host, TB_VERDICT_TRUSTED, "");
    allow_replace(w, host, "own");
    before = host_stored(w, host);
    enrol_refused(w, swapped, "", 409, "identity.duplicate");
    enrol_refused(w, swapped, "of another host", 409, "identity.duplicate");
    assert_untouched(w, host, before);
    attest(w, host, TB_VERDICT_TRUSTED, "");
    enrol(w, swapped, "own", TB_ENROL_ACTIVE); /* and leave is there still */
    host_free(host);
    host_free(swapped);
}

static void a_host_without_tpm_2_is_not_capable_with_a_token_and_waits_without(void **state)
{
    struct world *w = *state;
    struct soft_host *old = host_new("alpha"), *none = host_new("beta");
    struct enrolment *e = malloc(sizeof *e);

    world_token(w, "token", "", 1);
    old->tpm = TB_TPM_STATE_12;
    none->tpm = TB_TPM_STATE_NONE;
    enrolment_begin(e, none, "");
    assert_true(enrolment_ask(w, e));
    e->activate.secret = tb_slice("a secret where none was asked", 29);
    assert_false(enrolment_activate(w, e));
    free(e);
    enrol(w, old, "token", TB_ENROL_ACTIVE);
    assert_int_equal(host_stored(w, old).verdict, TB_VERDICT_NOT_CAPABLE);
    enrol(w, none, "", TB_ENROL_PENDING);
    assert_int_equal(host_stored(w, none).verdict, TB_VERDICT_PENDING);
    host_free(old);
    host_free(none);
}

static void t67_an_offer_and_its_answer_outlive_a_restart(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);

    enrolment_begin(e, host, "");
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    world_reopen(w);
    assert_true(enrolment_activate(w, e));
    memcpy(host->id, e->reply.host_id, sizeof host->id);
    world_reopen(w);
    assert_true(enrolment_activate(w, e)); /* the answer was lost: the same one again */
    assert_string_equal(e->reply.host_id, host->id);
    assert_int_equal(n_hosts(w), 1);
    assert_int_equal(host_stored(w, host).state, TB_HOST_PENDING);
    free(e);
    host_free(host);
}

static void t18_an_endorsement_key_of_another_template_gets_no_credential(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("other-ek");
    struct test_bytes odd = host->ek_public;
    struct enrolment *e = calloc(1, sizeof *e);

    assert_non_null(e);
    odd.b[5] ^= 1; /* restricted: TPMA_OBJECT, bit 16 */
    enrolment_begin(e, host, "");
    e->request.ek_public = test_slice(&odd);
    assert_false(enrolment_ask(w, e));
    assert_int_equal(e->why.status, 400);
    assert_string_equal(e->why.why.where, "objectAttributes.restricted");
    free(e);
    host_free(host);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_token_and_a_trusted_certificate_make_a_host_active),
        CASE(without_a_certificate_a_token_alone_waits_for_approval),
        CASE(a_trusted_certificate_without_a_token_waits_for_approval),
        CASE(the_policy_may_let_a_token_vouch_for_a_tpm),
        CASE(an_allow_listed_ek_needs_neither_token_nor_certificate),
        CASE(an_allow_list_entry_of_another_name_does_not_count),
        CASE(a_token_that_is_unknown_used_expired_or_revoked_is_refused),
        CASE(a_refused_enrolment_leaves_the_token_its_use),
        CASE(an_rsa_endorsement_key_enrols_and_attests),
        CASE(t17_a_certificate_that_leads_nowhere_makes_the_host_wait),
        CASE(t18_a_certificate_about_another_key_is_refused),
        CASE(t19_the_credential_is_for_the_name_that_the_verifier_computed),
        CASE(t21_a_key_of_another_tpm_or_of_software_cannot_activate),
        CASE(an_attestation_key_that_is_no_restricted_signing_key_gets_no_offer),
        CASE(t24_a_wrong_secret_spends_the_offer),
        CASE(t24_an_offer_makes_one_host_and_none_after_its_life),
        CASE(t24_the_offer_is_of_equal_form_whatever_the_verifier_thinks),
        CASE(t24_a_secret_of_another_offer_does_not_serve),
        CASE(t12_without_random_numbers_there_is_no_offer),
        CASE(t22_a_second_tpm_under_a_known_name_is_refused_and_alarmed),
        CASE(t23_one_tpm_under_two_names_is_refused),
        CASE(t22_a_refused_host_frees_its_name_and_a_removed_one_its_key_too),
        CASE(t27_an_operator_may_let_a_host_change_its_tpm),
        CASE(t22_without_its_own_token_an_allowed_change_of_tpm_is_a_duplicate),
        CASE(a_host_without_tpm_2_is_not_capable_with_a_token_and_waits_without),
        CASE(t67_an_offer_and_its_answer_outlive_a_restart),
        CASE(t18_an_endorsement_key_of_another_template_gets_no_credential),
    };

    return cmocka_run_group_tests(tests, set_up_keys, drop_keys);
}
