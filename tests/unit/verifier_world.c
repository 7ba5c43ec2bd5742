#include "tests/unit/verifier_world.h"

#include "wire/policy_json.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTENT_MAX (LOG_BYTES_MAX + 16384)

/* --- The world ----------------------------------------------------------------------------------
 */

struct tb_verifier *world_verifier(struct tb_store *store, struct tb_roots *roots)
{
    struct tb_verifier *v =
        tb_verifier_new(&(struct tb_verifier_config){ .store = store, .ek_roots = roots });

    assert_non_null(v);
    return v;
}

static struct tb_store *open_store(const char *path)
{
    char err[TB_STORE_ERR_LEN];
    struct tb_store *s = tb_store_open_sqlite(path, err);

    if (s == NULL)
        fail_msg("%s", err);
    return s;
}

struct world *world_new(struct tb_roots *roots)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    /* In memory where that can be had: these tests are not about disks. */
    snprintf(w->dir, sizeof w->dir, "%s/trueboot-verifier-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/trueboot.db", w->dir);
    w->store = open_store(w->path);
    w->v = world_verifier(w->store, roots);
    w->h = tb_hasher_new();
    assert_non_null(w->h);
    w->now_ms = TEST_NOW_S * 1000;
    return w;
}

void world_reopen(struct world *w)
{
    tb_verifier_free(w->v);
    tb_store_close(w->store);
    w->store = open_store(w->path);
    w->v = world_verifier(w->store, NULL);
}

void world_free(struct world *w)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    char path[128];

    tb_verifier_free(w->v);
    tb_store_close(w->store);
    tb_hasher_free(w->h);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, endings[i]);
        unlink(path);
    }
    rmdir(w->dir);
    free(w);
}

void world_token(struct world *w, const char *text, const char *group, uint32_t uses)
{
    static unsigned n;
    struct tb_enrol_token token = { .expires_ms = w->now_ms + 3600000, .uses = uses };
    uint8_t hash[TB_DIGEST_MAX];

    snprintf(token.id, sizeof token.id, "token-%u", ++n);
    snprintf(token.label, sizeof token.label, "%s", text);
    snprintf(token.group, sizeof token.group, "%s", group);
    assert_true(tb_hash(w->h, TB_BANK_SHA256, tb_slice(text, strlen(text)), hash));
    assert_int_equal(
        tb_store_enrol_token_create(w->store, &token, hash,
                                    &(struct tb_store_by){ .actor = "test", .now_ms = w->now_ms }),
        TB_STORE_OK);
}

void world_policy(struct world *w, const char *json)
{
    world_policy_of(w, "", json);
}

void world_policy_of(struct world *w, const char *group, const char *json)
{
    struct tb_policy *policy = malloc(sizeof *policy);
    char err[TB_POLICY_ERR_LEN];
    int64_t version;

    assert_non_null(policy);
    if (!tb_policy_parse("test", tb_slice(json, strlen(json)), w->h, policy, err))
        fail_msg("%s", err);
    assert_int_equal(tb_store_policy_put(
                         w->store, group, tb_slice(json, strlen(json)), policy->digest,
                         &(struct tb_store_by){ .actor = "test", .now_ms = w->now_ms }, &version),
                     TB_STORE_OK);
    tb_verifier_policy_changed(w->v);
    free(policy);
}

/* --- The host's TPM -----------------------------------------------------------------------------
 */

static void ek_point(EVP_PKEY *key, uint8_t point[65])
{
    size_t len = 0;

    assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len),
                     1);
    assert_int_equal(len, 65);
}

struct soft_host *host_new_with(const char *name, EVP_PKEY *ek)
{
    struct soft_host *host = calloc(1, sizeof *host);

    assert_true(host != NULL && ek != NULL);
    snprintf(host->name, sizeof host->name, "%s", name);
    host->ek = ek;
    test_ek_public(ek, &host->ek_public);
    host->ak = test_ak_new(TEST_AK_P256);
    host->tpm = TB_TPM_STATE_20;
    host->agent_version = "0.1.0";
    host->clock_ms = 1000000;
    host->firmware_version = UINT64_C(0x2019102300163636);
    host->uptime_ms = 60000;
    host->reset_count = 7;
    host->safe = 1;
    snprintf(host->boot_id, sizeof host->boot_id, "11111111-2222-3333-4444-555555555555");
    host->log = log_new();
    log_good_boot(host->log, LOG_BANK(TB_BANK_SHA256));
    host_boot(host);
    return host;
}

struct soft_host *host_new(const char *name)
{
    return host_new_with(name, EVP_EC_gen("P-256"));
}

struct soft_host *host_new_rsa(const char *name)
{
    return host_new_with(name, EVP_RSA_gen(2048));
}

void host_free(struct soft_host *host)
{
    EVP_PKEY_free(host->ek);
    test_ak_free(host->ak);
    log_free(host->log);
    free(host);
}

void host_boot(struct soft_host *host)
{
    log_finish(host->log);
}

void name_of(struct tb_reader public_area, uint8_t name[34])
{
    name[0] = 0x00;
    name[1] = 0x0b;
    assert_int_equal(
        EVP_Digest(public_area.p, public_area.left, name + 2, NULL, EVP_sha256(), NULL), 1);
}

/* Part 1, 11.4.10.2 KDFa, for at most one block of SHA-256. */
static void kdfa(const uint8_t seed[32], const char *label, struct tb_reader context, uint32_t bits,
                 uint8_t *out)
{
    struct test_bytes in = { 0 };
    uint8_t block[32];
    unsigned len = 0;

    test_put_u32(&in, 1);
    test_put(&in, label, strlen(label) + 1);
    test_put(&in, context.p, context.left);
    test_put_u32(&in, bits);
    assert_non_null(HMAC(EVP_sha256(), seed, 32, in.b, in.n, block, &len));
    memcpy(out, block, bits / 8);
}

/* Part 1, C.6.4 and 11.4.10.3 KDFe. */
static bool seed_from_point(const struct soft_host *host, struct tb_reader secret, uint8_t seed[32])
{
    uint8_t peer_point[65] = { 4 }, own_point[65], z[32];
    struct test_bytes in = { 0 };
    struct tb_reader x, y;
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(host->ek, NULL);
    size_t len = sizeof z;
    bool ok = tb_read_tpm2b(&secret, &x) && tb_read_tpm2b(&secret, &y) && secret.left == 0 &&
              x.left == 32 && y.left == 32;

    if (ok) {
        memcpy(peer_point + 1, x.p, 32);
        memcpy(peer_point + 33, y.p, 32);
        ek_point(host->ek, own_point);
        ok = EVP_PKEY_copy_parameters(peer, host->ek) == 1 &&
             EVP_PKEY_set1_encoded_public_key(peer, peer_point, 65) == 1 &&
             EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
             EVP_PKEY_derive(ctx, z, &len) == 1 && len == 32;
    }
    if (ok) {
        test_put_u32(&in, 1);
        test_put(&in, z, 32);
        test_put(&in, "IDENTITY", 9);
        test_put(&in, peer_point + 1, 32);
        test_put(&in, own_point + 1, 32);
        assert_int_equal(EVP_Digest(in.b, in.n, seed, NULL, EVP_sha256(), NULL), 1);
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return ok;
}

/* Part 1, B.10.4. */
static bool seed_from_oaep(const struct soft_host *host, struct tb_reader secret, uint8_t seed[32])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(host->ek, NULL);
    uint8_t plain[256];
    size_t len = sizeof plain;
    void *label = OPENSSL_memdup("IDENTITY", 9);
    bool ok = EVP_PKEY_decrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
              EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, 9) == 1 &&
              EVP_PKEY_decrypt(ctx, plain, &len, secret.p, secret.left) == 1 && len == 32;

    if (ok)
        memcpy(seed, plain, 32);
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* Part 1, 24.4 and 24.5: integrity first, then the secret. */
bool host_open(const struct soft_host *host, struct tb_reader name,
               const struct tb_enrol_offer *offer, uint8_t secret[TB_SECRET_LEN])
{
    struct tb_reader in = offer->credential, mac, enc;
    uint8_t seed[32], hmac_key[32], aes_key[16], expected[32], plain[2 + TB_SECRET_LEN];
    static const uint8_t iv[16];
    struct test_bytes covered = { 0 };
    unsigned len = 0;
    int n = 0;
    EVP_CIPHER_CTX *ctx;

    if (!(EVP_PKEY_get_base_id(host->ek) == EVP_PKEY_RSA
              ? seed_from_oaep(host, offer->encrypted_secret, seed)
              : seed_from_point(host, offer->encrypted_secret, seed)) ||
        !tb_read_tpm2b(&in, &mac) || mac.left != 32)
        return false;
    enc = in;
    kdfa(seed, "INTEGRITY", tb_slice(NULL, 0), 256, hmac_key);
    test_put(&covered, enc.p, enc.left);
    test_put(&covered, name.p, name.left);
    assert_non_null(HMAC(EVP_sha256(), hmac_key, 32, covered.b, covered.n, expected, &len));
    if (memcmp(expected, mac.p, 32) != 0 || enc.left != sizeof plain)
        return false;
    kdfa(seed, "STORAGE", name, 128, aes_key);
    ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_DecryptInit_ex2(ctx, EVP_aes_128_cfb128(), aes_key, iv, NULL), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, plain, &n, enc.p, (int)enc.left), 1);
    EVP_CIPHER_CTX_free(ctx);
    memcpy(secret, plain + 2, TB_SECRET_LEN);
    return plain[0] == 0 && plain[1] == TB_SECRET_LEN;
}

/* --- Enrolment ----------------------------------------------------------------------------------
 */

void enrolment_begin(struct enrolment *e, const struct soft_host *host, const char *token)
{
    memset(e, 0, sizeof *e);
    snprintf(e->request.token, sizeof e->request.token, "%s", token);
    snprintf(e->request.host_name, sizeof e->request.host_name, "%s", host->name);
    e->request.tpm_state = host->tpm;
    if (host->tpm == TB_TPM_STATE_20) {
        e->request.ek_public = test_slice(&host->ek_public);
        e->request.ak_public = test_ak_public(host->ak);
        snprintf(e->request.tpm.manufacturer, sizeof e->request.tpm.manufacturer, "IBM");
    }
    snprintf(e->request.platform.product, sizeof e->request.platform.product, "Model 1");
    snprintf(e->request.platform.serial, sizeof e->request.platform.serial, "S-1");
    snprintf(e->request.agent_version, sizeof e->request.agent_version, "0.1.0");
}

bool enrolment_ask(struct world *w, struct enrolment *e)
{
    struct tb_enrol_request decoded;
    struct tb_reason why;

    /* The Verifier sees what came over the wire. */
    assert_true(tb_enrol_request_encode(&e->request, e->bytes, sizeof e->bytes, &e->len));
    assert_true(tb_enrol_request_decode(tb_slice(e->bytes, e->len), &decoded, &why));
    if (!tb_verifier_enrol(w->v, w->now_ms, &decoded, &e->credential, &e->offer, &e->why))
        return false;
    memcpy(e->activate.enrolment_id, e->offer.enrolment_id, TB_ENROLMENT_ID_LEN);
    return true;
}

void enrolment_prove(struct enrolment *e, const struct soft_host *host)
{
    uint8_t name[34];

    if (host->tpm != TB_TPM_STATE_20)
        return;
    name_of(test_ak_public(host->ak), name);
    assert_true(host_open(host, tb_slice(name, 34), &e->offer, e->secret));
    e->activate.secret = tb_slice(e->secret, TB_SECRET_LEN);
}

bool enrolment_activate(struct world *w, struct enrolment *e)
{
    return tb_verifier_activate(w->v, w->now_ms, &e->activate, &e->reply, &e->why);
}

void enrol(struct world *w, struct soft_host *host, const char *token, enum tb_enrol_state state)
{
    struct enrolment *e = malloc(sizeof *e);

    assert_non_null(e);
    enrolment_begin(e, host, token);
    if (!enrolment_ask(w, e))
        fail_msg("enrol: %s: %s", e->why.code, e->why.message);
    enrolment_prove(e, host);
    if (!enrolment_activate(w, e))
        fail_msg("activate: %s: %s", e->why.code, e->why.message);
    assert_int_equal(e->reply.state, state);
    memcpy(host->id, e->reply.host_id, sizeof host->id);
    memcpy(host->token, e->reply.host_token, sizeof host->token);
    free(e);
}

void enrol_refused(struct world *w, struct soft_host *host, const char *token, int status,
                   const char *code)
{
    struct enrolment *e = malloc(sizeof *e);

    assert_non_null(e);
    enrolment_begin(e, host, token);
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    assert_false(enrolment_activate(w, e));
    assert_string_equal(e->why.code, code);
    assert_int_equal(e->why.status, status);
    free(e);
}

struct tb_host host_stored(struct world *w, const struct soft_host *host)
{
    struct tb_host stored;

    memset(&stored, 0, sizeof stored); /* padding too: hosts are compared as bytes */
    assert_int_equal(tb_store_host_get(w->store, host->id, &stored), TB_STORE_OK);
    return stored;
}

/* --- Attestation --------------------------------------------------------------------------------
 */

struct attempt *attempt_new(void)
{
    struct attempt *a = calloc(1, sizeof *a);

    assert_non_null(a);
    a->content_bytes = malloc(CONTENT_MAX);
    assert_non_null(a->content_bytes);
    memset(a->exporter, 0x65, sizeof a->exporter);
    return a;
}

void attempt_free(struct attempt *a)
{
    free(a->content_bytes);
    free(a);
}

bool attempt_challenge(struct world *w, struct tb_verifier *v, const struct soft_host *host,
                       struct attempt *a)
{
    struct tb_challenge_request request = { .tpm_state = host->tpm };
    bool capable = false;

    memcpy(request.host_id, host->id, sizeof request.host_id);
    snprintf(request.agent_version, sizeof request.agent_version, "%s", host->agent_version);
    if (tb_verifier_host_of_token(v, host->token, &a->host) != TB_STORE_OK) {
        tb_refusal_set(&a->why, 401, "unknown-token", "test");
        return false;
    }
    if (!tb_verifier_challenge(v, w->now_ms, &a->host, &request, &a->challenge, &capable, &a->why))
        return false;
    assert_true(capable);
    return true;
}

/* Values of the wanted PCRs in the banks that the log has; other banks are answered empty. */
static void quote_pcrs(const struct soft_host *host, struct attempt *a)
{
    for (size_t i = 0; i < a->challenge.n_wanted; i++) {
        enum tb_bank b;
        uint32_t pcrs;

        assert_true(tb_bank_of_alg(a->challenge.wanted[i].alg, &b));
        pcrs = host->log->banks >> b & 1 ? a->challenge.wanted[i].pcrs : 0;
        a->pcrs.mask[b] = pcrs;
        for (unsigned p = 0; p < TB_N_PCRS; p++)
            if (pcrs >> p & 1)
                memcpy(a->pcrs.value[b][p], host->log->pcrs.value[b][p], TB_DIGEST_MAX);
        test_quote_select(&a->q, b, pcrs);
    }
}

/* As the agent does: what the challenge says is held is left out. */
static void prepare_part(struct world *w, struct tb_reader bytes, const uint8_t *held, bool *has,
                         uint8_t digest[32], struct tb_reader *sent)
{
    uint8_t full[TB_DIGEST_MAX];

    *has = bytes.left != 0;
    if (!*has)
        return;
    assert_true(tb_hash(w->h, TB_BANK_SHA256, bytes, full));
    memcpy(digest, full, 32);
    if (held == NULL || memcmp(held, digest, 32) != 0)
        *sent = bytes;
}

static void prepare_chain(struct world *w, const struct soft_host *host, struct attempt *a)
{
    const struct tb_challenge *q = &a->challenge;
    struct tb_evidence_content *c = &a->content;

    prepare_part(w, host->user_log, q->has_held_user_log ? q->held_user_log : NULL,
                 &c->has_user_log_digest, c->user_log_digest, &c->user_log);
    prepare_part(w, host->packages, q->has_held_packages ? q->held_packages : NULL,
                 &c->has_packages_digest, c->packages_digest, &c->packages);
    if (a->omit_chain)
        c->user_log = c->packages = tb_slice(NULL, 0);
}

void attempt_prepare(struct world *w, const struct soft_host *host, struct attempt *a)
{
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_selection sel[TB_SELECTIONS_MAX];
    struct tb_reason why;

    memset(&a->content, 0, sizeof a->content);
    memset(&a->pcrs, 0, sizeof a->pcrs);
    a->q = test_quote_new(tb_slice(NULL, 0));
    a->q.clock_ms = host->clock_ms;
    a->q.reset_count = host->reset_count;
    a->q.restart_count = host->restart_count;
    a->q.safe = host->safe;
    a->q.firmware_version = host->firmware_version;
    quote_pcrs(host, a);
    for (size_t i = 0; i < a->q.n_selections; i++)
        sel[i] = (struct tb_selection){ a->q.selection[i].alg, a->q.selection[i].pcrs };
    assert_true(tb_pcrs_digest(&a->pcrs, sel, a->q.n_selections, test_ak_hash(host->ak), w->h,
                               a->pcr_digest, &why));
    a->q.pcr_digest = tb_slice(a->pcr_digest, tb_bank_digest_len(test_ak_hash(host->ak)));
    assert_true(tb_pcrs_fingerprint(&a->pcrs, w->h, digest));
    memcpy(a->content.pcrs_fingerprint, digest, 32);
    a->content.has_pcrs = !a->omit_pcrs;
    if (a->content.has_pcrs)
        a->content.pcrs = a->pcrs;
    assert_true(tb_hash(w->h, TB_BANK_SHA256, log_slice(host->log), digest));
    memcpy(a->content.log_digest, digest, 32);
    a->content.log = a->omit_log ? tb_slice(NULL, 0) : log_slice(host->log);
    memcpy(a->content.boot_id, host->boot_id, sizeof a->content.boot_id);
    a->content.uptime_ms = host->uptime_ms;
    a->content.realtime_ms = (uint64_t)w->now_ms;
    a->content.tpm_state = TB_TPM_STATE_20;
    snprintf(a->content.agent_version, sizeof a->content.agent_version, "%s", host->agent_version);
    prepare_chain(w, host, a);
    attempt_bind(w, host, a);
}

void attempt_bind(struct world *w, const struct soft_host *host, struct attempt *a)
{
    size_t len;

    assert_true(tb_evidence_content_encode(&a->content, a->content_bytes, CONTENT_MAX, &len));
    memcpy(a->message.host_id, host->id, sizeof a->message.host_id);
    memcpy(a->message.nonce, a->challenge.nonce, TB_NONCE_LEN);
    a->message.content = tb_slice(a->content_bytes, len);
    assert_true(tb_binding(w->h, tb_slice(a->challenge.nonce, TB_NONCE_LEN),
                           tb_slice(host->id, strlen(host->id)),
                           tb_slice(a->exporter, TB_EXPORTER_LEN), a->message.content, a->binding));
    a->q.extra_data = tb_slice(a->binding, 32);
}

void attempt_sign(const struct soft_host *host, struct attempt *a)
{
    a->quote.n = a->signature.n = 0;
    test_quote_build(&a->q, &a->quote);
    test_ak_sign(host->ak, test_slice(&a->quote), &a->signature);
    a->message.quote = test_slice(&a->quote);
    a->message.signature = test_slice(&a->signature);
}

bool attempt_send(struct world *w, struct tb_verifier *v, struct attempt *a)
{
    return tb_verifier_evidence(v, w->now_ms, &a->host, &a->message, a->exporter, &a->answer,
                                &a->why);
}

void attest(struct world *w, const struct soft_host *host, enum tb_verdict verdict,
            const char *headline)
{
    struct attempt *a = attempt_new();

    if (!attempt_challenge(w, w->v, host, a))
        fail_msg("challenge: %s: %s", a->why.code, a->why.message);
    a->omit_log = a->challenge.has_held_log;
    attempt_prepare(w, host, a);
    a->omit_log = a->omit_log && memcmp(a->challenge.held_log, a->content.log_digest, 32) == 0;
    a->omit_pcrs = a->challenge.has_held_pcrs &&
                   memcmp(a->challenge.held_pcrs, a->content.pcrs_fingerprint, 32) == 0;
    attempt_prepare(w, host, a);
    attempt_sign(host, a);
    if (!attempt_send(w, w->v, a))
        fail_msg("evidence: %s: %s %s", a->why.code, a->why.message, a->why.why.where);
    if (a->answer.verdict != verdict || strcmp(a->answer.headline, headline) != 0)
        fail_msg("verdict %s, headline \"%s\"; expected %s, \"%s\"",
                 tb_verdict_name(a->answer.verdict), a->answer.headline, tb_verdict_name(verdict),
                 headline);
    attempt_free(a);
}

/* --- A scene -------------------------------------------------------------------------------------
 */

int scene_set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->w = world_new(NULL);
    world_policy(s->w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(s->w, "token", "", 1000);
    s->host = host_new("alpha");
    enrol(s->w, s->host, "token", TB_ENROL_ACTIVE);
    s->a = attempt_new();
    *state = s;
    return 0;
}

int scene_tear_down(void **state)
{
    struct scene *s = *state;

    attempt_free(s->a);
    host_free(s->host);
    world_free(s->w);
    free(s);
    return 0;
}

void scene_challenge(struct scene *s)
{
    if (!attempt_challenge(s->w, s->w->v, s->host, s->a))
        fail_msg("challenge: %s: %s", s->a->why.code, s->a->why.message);
}

void scene_prepare(struct scene *s)
{
    scene_challenge(s);
    attempt_prepare(s->w, s->host, s->a);
}

void scene_sent(struct scene *s, enum tb_verdict verdict, const char *headline)
{
    if (!attempt_send(s->w, s->w->v, s->a))
        fail_msg("evidence: %s: %s", s->a->why.code, s->a->why.message);
    assert_string_equal(s->a->answer.headline, headline);
    assert_int_equal(s->a->answer.verdict, verdict);
}

void scene_not_sent(struct scene *s, int status, const char *code)
{
    assert_false(attempt_send(s->w, s->w->v, s->a));
    assert_string_equal(s->a->why.code, code);
    assert_int_equal(s->a->why.status, status);
}

bool answer_names(const struct tb_evidence_answer *a, const char *code)
{
    for (size_t i = 0; i < a->n_reasons; i++)
        if (strcmp(a->reason[i].code, code) == 0)
            return true;
    return false;
}

bool scene_note_incident(void *ctx, const struct tb_incident *i)
{
    *(struct tb_incident *)ctx = *i;
    return false;
}
