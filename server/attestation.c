/* server/attestation.c - challenge and evidence: what a host is asked, and what is said of it.
 *
 * DESIGN section 4. The nonce is spent in the same step of the store that keeps the verdict, so an
 * answer counts once at whatever replica. What depends only on log, PCR values, policy and firmware
 * reference is appraised once and cached by their digests; quote and signature are looked at every
 * time. */
#include "server/context.h"
#include "server/pcrs.h"
#include "server/shape.h"
#include "server/verifier_internal.h"

#include "crypto/random.h"
#include "crypto/roca.h"
#include "wire/result_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The appraisal of one boot. The log's bytes are not kept: their digest is in the key. The result's
 * text is kept too: nothing in it is one quote's or one host's own (wire/result_json.h), so it is
 * the same for every quote with these outcomes and nothing to find. */
struct cached_boot {
    struct tb_boot_result boot;
    enum tb_outcome quote_outcome[TB_N_CHECKS]; /* of the quote that the text was made with */
    char *json;                                 /* NULL: that quote had findings */
    size_t json_len;
    uint8_t json_digest[32];
    bool has_shape;
    uint8_t shape[TB_SHAPE_LEN];
};

struct cached_key {
    pthread_mutex_t lock;
    struct tb_key *key;
    enum tb_roca roca; /* of this key, and of the endorsement key that it was enrolled with */
};

void tb_cached_boot_free(void *value);
void tb_cached_key_free(void *value);

void tb_cached_boot_free(void *value)
{
    struct cached_boot *c = value;

    free(c->json);
    free(c);
}

void tb_cached_key_free(void *value)
{
    struct cached_key *c = value;

    tb_key_free(c->key);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static bool no_memory(struct tb_refusal *why)
{
    tb_refusal_set(why, 503, "unavailable", "the Verifier is out of memory or random numbers");
    why->retry_after_s = 10;
    return false;
}

enum tb_store_status tb_verifier_host_of_token(struct tb_verifier *v,
                                               const uint8_t token[TB_HOST_TOKEN_LEN],
                                               struct tb_host *out)
{
    uint8_t hash[32];

    return tb_sha256(v, tb_slice(token, TB_HOST_TOKEN_LEN), hash)
               ? tb_store_host_by_token(v->config.store, hash, out)
               : TB_STORE_UNAVAILABLE;
}

/* --- Challenge --- */

/* Every known bank, the strong ones first, so that no active bank stays unquoted. The TPM leaves
 * those that it lacks empty. */
static void selections_of(const struct tb_policy *policy, struct tb_challenge *c)
{
    static const enum tb_bank order[] = { TB_BANK_SHA256, TB_BANK_SHA384, TB_BANK_SHA512,
                                          TB_BANK_SHA1 };

    c->n_wanted = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        c->wanted[c->n_wanted++] = (struct tb_selection){ tb_bank_alg(order[i]), policy->pcrs };
}

#define WANTED_LEN 6 /* bytes of one selection in the store: u16be algorithm, u32be PCRs */

static void wanted_write(const struct tb_challenge *c, struct tb_challenge_record *out)
{
    uint8_t *p = out->wanted;

    for (size_t i = 0; i < c->n_wanted; i++) {
        const struct tb_selection *s = &c->wanted[i];

        *p++ = (uint8_t)(s->alg >> 8);
        *p++ = (uint8_t)s->alg;
        for (int shift = 24; shift >= 0; shift -= 8)
            *p++ = (uint8_t)(s->pcrs >> shift);
    }
    out->wanted_len = (size_t)(p - out->wanted);
}

static void wanted_read(const struct tb_challenge_record *in, struct tb_context *out)
{
    struct tb_reader r = tb_slice(in->wanted, in->wanted_len);
    size_t n = 0;

    while (n < TB_SELECTIONS_MAX && tb_read_u16be(&r, &out->wanted[n].alg) &&
           tb_read_u32be(&r, &out->wanted[n].pcrs))
        n++;
    out->n_wanted = n;
}

static bool host_is_active(const struct tb_host *host, struct tb_refusal *why)
{
    switch (host->state) {
    case TB_HOST_ACTIVE: return true;
    case TB_HOST_PENDING:
        tb_refusal_set(why, 403, "pending", "this host waits for an operator's approval");
        why->retry_after_s = 60;
        return false;
    case TB_HOST_REFUSED:
        tb_refusal_set(why, 403, "refused", "an operator has refused this host");
        why->retry_after_s = 3600;
        return false;
    case TB_HOST_REMOVED:
    case TB_N_HOST_STATES: break;
    }
    return tb_refusal_set(why, 403, "removed", "this host was removed: enrol it again");
}

/* The answer to a host that asks without a TPM 2.0. What it says cannot make it less than it is. */
static bool not_capable(struct tb_verifier *v, int64_t now_ms, const struct tb_host *host,
                        struct tb_refusal *why)
{
    enum tb_store_status status;

    if (host->tpm == TB_TPM_STATE_20)
        return tb_refusal_set(
            why, 409, "tpm-missing",
            "this host was enrolled with a TPM 2.0 and now says that it has none");
    status = tb_store_host_seen(v->config.store, host->id, now_ms);
    return status == TB_STORE_OK || tb_refusal_store(why, status);
}

bool tb_verifier_challenge(struct tb_verifier *v, int64_t now_ms, const struct tb_host *host,
                           const struct tb_challenge_request *request, struct tb_challenge *out,
                           bool *capable, struct tb_refusal *why)
{
    struct tb_challenge c = { .lifetime_s = v->config.challenge_life_s };
    struct tb_challenge_record record = { 0 };
    const struct tb_policy *policy;
    enum tb_store_status status;
    bool wanted;

    if (strcmp(request->host_id, host->id) != 0)
        return tb_refusal_set(why, 403, "other-host", "the token is another host's");
    if (!host_is_active(host, why))
        return false;
    status = host->want_attest ? tb_store_host_take_attest(v->config.store, host->id, &wanted)
                               : TB_STORE_OK;
    if (status != TB_STORE_OK)
        return tb_refusal_store(why, status);
    *capable = host->tpm == TB_TPM_STATE_20 && request->tpm_state == TB_TPM_STATE_20;
    if (!*capable)
        return not_capable(v, now_ms, host, why);
    if (!tb_verifier_policy(v, host->group, now_ms, &policy, why))
        return false;
    c.interval_s = policy->interval_s;
    selections_of(policy, &c);
    tb_verifier_policy_done(policy);
    if (!tb_random(c.nonce, sizeof c.nonce))
        return no_memory(why);
    c.has_held_log = host->has_log;
    memcpy(c.held_log, host->log_digest, 32);
    c.has_held_pcrs = host->has_pcrs;
    memcpy(c.held_pcrs, host->pcrs_digest, 32);
    memcpy(record.nonce, c.nonce, sizeof record.nonce);
    record.issued_ms = now_ms;
    record.expires_ms = now_ms + 1000 * (int64_t)c.lifetime_s;
    wanted_write(&c, &record);
    status = tb_store_challenge_put(v->config.store, host->id, &record);
    if (status != TB_STORE_OK)
        return tb_refusal_store(why, status);
    atomic_fetch_add(&v->challenges, 1);
    *out = c;
    return true;
}

/* --- Evidence --- */

/* One piece of evidence under way. On the heap: it is large. */
struct work {
    struct tb_host host;
    const struct tb_policy *policy; /* shared; NULL: not asked yet */
    struct tb_challenge_record challenge;
    struct tb_context context;
    struct tb_evidence_content message;
    struct tb_content content;
    struct tb_pcrs held_pcrs;
    struct tb_held_evidence held;
    struct tb_blob held_pcrs_bytes, held_log_bytes;
    struct tb_firmware_reference firmware; /* as the store had it, or new */
    struct tb_result result;
    struct tb_lru_item *boot; /* held; NULL: the quote was not genuine */
    uint8_t pcrs_bytes[TB_PCRS_BYTES_MAX];
    uint8_t context_bytes[TB_CONTEXT_BYTES_MAX];
    char *own_json;   /* made for this one */
    const char *json; /* that, or the cached boot's */
    size_t json_len;
    uint8_t json_digest[32];
};

static void work_free(struct tb_verifier *v, struct work *w)
{
    if (w == NULL)
        return;
    tb_lru_release(v->boots, w->boot);
    tb_verifier_policy_done(w->policy);
    tb_blob_clear(&w->held_pcrs_bytes);
    tb_blob_clear(&w->held_log_bytes);
    free(w->own_json);
    free(w);
}

/* What the host may have left out: PCR values always, the log's bytes only where they are needed.
 */
static bool fetch_held(struct tb_verifier *v, struct work *w, bool need_log)
{
    const struct tb_host *host = &w->host;

    if (!w->message.has_pcrs && host->has_pcrs && w->held.pcrs == NULL &&
        tb_store_blob_get(v->config.store, host->pcrs_digest, &w->held_pcrs_bytes) == TB_STORE_OK &&
        tb_pcrs_read(tb_slice(w->held_pcrs_bytes.p, w->held_pcrs_bytes.len), &w->held_pcrs)) {
        w->held.pcrs = &w->held_pcrs;
        memcpy(w->held.pcrs_fingerprint, host->pcrs_digest, 32);
    }
    if (w->message.log.left == 0 && !w->message.log_missing && host->has_log) {
        w->held.has_log = true;
        memcpy(w->held.log_digest, host->log_digest, 32);
        if (need_log && w->held_log_bytes.p == NULL) {
            if (tb_store_blob_get(v->config.store, host->log_digest, &w->held_log_bytes) !=
                TB_STORE_OK)
                return false;
            w->held.log = tb_slice(w->held_log_bytes.p, w->held_log_bytes.len);
        }
    }
    return true;
}

/* Which of a host's keys has the structure of ROCA. False: the store did not answer. */
static bool roca_of(struct tb_verifier *v, const struct tb_host *host, const struct tb_public *ak,
                    enum tb_roca *out)
{
    struct tb_blob ek_public = { 0 }, certificate = { 0 };
    enum tb_store_status status =
        tb_store_host_ek(v->config.store, host->id, &ek_public, &certificate);
    struct tb_public ek;
    struct tb_reason why;

    *out = TB_ROCA_NONE;
    if (ak != NULL && ak->type == TB_ALG_RSA && tb_roca_has_structure(ak->n_or_x))
        *out = TB_ROCA_AK;
    else if (status == TB_STORE_OK &&
             tb_public_check_ek(tb_slice(ek_public.p, ek_public.len), &ek, &why) &&
             ek.type == TB_ALG_RSA && tb_roca_has_structure(ek.n_or_x))
        *out = TB_ROCA_EK;
    tb_blob_clear(&ek_public);
    tb_blob_clear(&certificate);
    return status != TB_STORE_UNAVAILABLE;
}

static struct tb_lru_item *key_of(struct tb_verifier *v, const struct tb_host *host)
{
    struct tb_reader public_area = tb_slice(host->ak_public, host->ak_public_len);
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_lru_item *item;
    struct tb_public pub;
    struct tb_reason why;
    struct cached_key *c;
    enum tb_roca roca;
    bool good;

    if (!tb_sha256(v, public_area, digest))
        return NULL;
    item = tb_lru_get(v->keys, digest);
    if (item != NULL)
        return item;
    good = tb_public_check_ak(public_area, &pub, &why);
    if (!roca_of(v, host, good ? &pub : NULL, &roca))
        return NULL;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    pthread_mutex_init(&c->lock, NULL);
    c->roca = roca;
    if (good)
        c->key = tb_public_key(&pub); /* NULL: the appraisal says what is wrong with it */
    return tb_lru_put(v->keys, digest, c);
}

/* What enrolment kept about the machine and its TPM. */
static void host_into(const struct tb_host *host, enum tb_roca roca, struct tb_appraisal_input *in)
{
    enum tb_tpm_class told = TB_TPM_UNKNOWN;

    if (!tb_tpm_class_of_name(host->facts.tpm_class, &told))
        told = TB_TPM_UNKNOWN;
    in->ak_public = tb_slice(host->ak_public, host->ak_public_len);
    in->host_id = tb_slice(host->id, strlen(host->id));
    in->roca = roca;
    in->serial = host->facts.serial;
    in->tpm_vendor = tb_tpm_vendor_of_text(host->facts.tpm_manufacturer);
    in->tpm_class = tb_tpm_class_to_rely_on(told, host->ek_basis == TB_EK_BASIS_CERTIFICATE);
}

static bool appraise_quote(struct tb_verifier *v, struct work *w,
                           const struct tb_evidence_message *message, const uint8_t *exporter,
                           struct tb_quote_result *out)
{
    struct tb_hasher *h = tb_verifier_hasher(v);
    struct tb_lru_item *item = key_of(v, &w->host);
    struct cached_key *key = item != NULL ? tb_lru_value(item) : NULL;
    struct tb_appraisal_input in = {
        .enrolled = w->host.state == TB_HOST_ACTIVE,
        .nonce = tb_slice(w->challenge.nonce, TB_NONCE_LEN),
        .exporter = tb_slice(exporter, TB_EXPORTER_LEN),
        .wanted = w->context.wanted,
        .n_wanted = w->context.n_wanted,
        .quote = message->quote,
        .signature = message->signature,
        .content_bytes = message->content,
        .content = &w->content,
        .last = w->context.last,
        .firmware = w->context.firmware,
        .policy = w->policy,
    };

    if (h == NULL || key == NULL) {
        tb_verifier_hasher_done(v, h);
        tb_lru_release(v->keys, item);
        return false;
    }
    host_into(&w->host, key->roca, &in);
    pthread_mutex_lock(&key->lock);
    in.ak_key = key->key;
    tb_appraise_quote(&in, h, out);
    pthread_mutex_unlock(&key->lock);
    tb_lru_release(v->keys, item);
    tb_verifier_hasher_done(v, h);
    return true;
}

static bool print_result(struct tb_verifier *v, const struct work *w, char **json, size_t *len,
                         uint8_t digest[32])
{
    *json = tb_result_print(&w->result, w->policy);
    *len = *json != NULL ? strlen(*json) : 0;
    return *json != NULL && tb_sha256(v, tb_slice(*json, *len), digest);
}

/* Appraise a boot that is not cached, conclude, and keep both. */
static struct tb_lru_item *new_boot(struct tb_verifier *v, struct work *w,
                                    const struct tb_boot_key *key)
{
    const struct tb_quote_result *quote = &w->result.quote;
    struct cached_boot *c;
    struct tb_hasher *h;

    if (w->content.has_log && w->content.log.left == 0) {
        if (!fetch_held(v, w, true))
            return NULL;
        w->content.log = w->held.log;
    }
    c = calloc(1, sizeof *c);
    h = tb_verifier_hasher(v);
    if (c == NULL || h == NULL) {
        free(c);
        tb_verifier_hasher_done(v, h);
        return NULL;
    }
    tb_appraise_boot(w->content.log, &w->content.pcrs, w->policy, &w->host.firmware, h, &c->boot);
    c->has_shape = tb_shape(&w->content.pcrs, h, c->shape);
    tb_verifier_hasher_done(v, h);
    tb_conclude(quote, &c->boot, w->policy, &w->result);
    if (quote->findings.n == 0 && print_result(v, w, &c->json, &c->json_len, c->json_digest))
        memcpy(c->quote_outcome, quote->findings.outcome, sizeof c->quote_outcome);
    return tb_lru_put(v->boots, key, c);
}

static bool appraise_boot(struct tb_verifier *v, struct work *w)
{
    const struct tb_findings *quote = &w->result.quote.findings;
    struct tb_boot_key key = { 0 };
    struct cached_boot *c;

    memcpy(key.pcrs_fingerprint, w->message.pcrs_fingerprint, 32);
    memcpy(key.log_digest, w->message.log_digest, 32);
    memcpy(key.policy_digest, w->policy->digest, 32);
    tb_boot_key_set_firmware(&key, &w->host.firmware);
    w->boot = tb_lru_get(v->boots, &key);
    if (w->boot == NULL)
        w->boot = new_boot(v, w, &key);
    if (w->boot == NULL)
        return false;
    c = tb_lru_value(w->boot);
    tb_conclude(&w->result.quote, &c->boot, w->policy, &w->result);
    if (c->json != NULL && quote->n == 0 &&
        memcmp(quote->outcome, c->quote_outcome, sizeof c->quote_outcome) == 0) {
        w->json = c->json;
        w->json_len = c->json_len;
        memcpy(w->json_digest, c->json_digest, 32);
    }
    return true;
}

static bool appraise(struct tb_verifier *v, struct work *w,
                     const struct tb_evidence_message *message, const uint8_t *exporter)
{
    if (!appraise_quote(v, w, message, exporter, &w->result.quote))
        return false;
    if (!w->result.quote.genuine)
        tb_conclude(&w->result.quote, NULL, w->policy, &w->result);
    else if (!appraise_boot(v, w))
        return false;
    if (w->json != NULL)
        return true;
    if (!print_result(v, w, &w->own_json, &w->json_len, w->json_digest))
        return false;
    w->json = w->own_json;
    return true;
}

/* PCR 0-3 of the bank relied on. */
static void firmware_from(const struct tb_pcrs *pcrs, enum tb_bank bank,
                          struct tb_firmware_reference *out)
{
    *out = (struct tb_firmware_reference){ .present = true, .bank = bank };
    for (unsigned i = 0; i < 4; i++)
        memcpy(out->value[i], pcrs->value[bank][i], TB_DIGEST_MAX);
}

static enum tb_switch switch_of(enum tb_secure_boot s)
{
    switch (s) {
    case TB_SECURE_BOOT_ON: return TB_SWITCH_ON;
    case TB_SECURE_BOOT_OFF:
    case TB_SECURE_BOOT_NOT_SET: return TB_SWITCH_OFF;
    case TB_SECURE_BOOT_UNKNOWN: break;
    }
    return TB_SWITCH_UNKNOWN;
}

static const uint8_t *shape_of(const struct work *w)
{
    const struct cached_boot *c = w->boot != NULL ? tb_lru_value(w->boot) : NULL;

    return c != NULL && c->has_shape ? c->shape : NULL;
}

/* One step of the store: the nonce is taken, verdict and evidence are kept. */
static bool remember(struct tb_verifier *v, int64_t now_ms, struct work *w,
                     const struct tb_evidence_message *message, const uint8_t *exporter,
                     struct tb_refusal *why)
{
    const struct tb_result *r = &w->result;
    struct tb_appraised a = {
        .host_id = w->host.id,
        .now_ms = now_ms,
        .verdict = r->verdict,
        .headline_code = r->has_headline ? tb_check_text(r->headline)->code : "",
        .headline = tb_result_headline(r),
        .secure_boot = switch_of(r->boot->facts.secure_boot),
        .genuine = r->quote.genuine,
        .memory = r->quote.memory,
        .quote = message->quote,
        .signature = message->signature,
        .content = message->content,
        .context = tb_slice(w->context_bytes, tb_context_write(&w->context, w->context_bytes)),
        .agent_version = w->message.agent_version,
    };
    struct tb_accepted accepted;
    enum tb_store_status status;

    memcpy(a.nonce, w->challenge.nonce, TB_NONCE_LEN);
    memcpy(a.exporter, exporter, TB_EXPORTER_LEN);
    memcpy(a.policy_digest, w->policy->digest, 32);
    if (!w->host.firmware.present && r->verdict == TB_VERDICT_TRUSTED) { /* first good boot */
        firmware_from(&w->content.pcrs, r->boot->bank, &w->firmware);
        a.firmware = &w->firmware;
    }
    a.shape = shape_of(w);
    if (w->content.has_log)
        a.log = (struct tb_content_ref){ w->message.log_digest, w->message.log };
    a.pcrs = (struct tb_content_ref){
        w->message.pcrs_fingerprint,
        tb_slice(w->pcrs_bytes,
                 w->message.has_pcrs ? tb_pcrs_write(&w->content.pcrs, w->pcrs_bytes) : 0)
    };
    a.result = (struct tb_content_ref){ w->json_digest, tb_slice(w->json, w->json_len) };
    status = tb_store_accept_evidence(v->config.store, &a, &accepted);
    if (status == TB_STORE_NOT_FOUND)
        return tb_refusal_set(why, 409, "no-challenge", "no challenge is waiting for this answer");
    if (status == TB_STORE_STALE)
        return tb_refusal_set(why, 410, "late", "the answer came after the challenge had expired");
    return status == TB_STORE_OK || tb_refusal_store(why, status);
}

static void answer_from(const struct tb_result *r, const struct tb_policy *policy,
                        struct tb_evidence_answer *out)
{
    *out = (struct tb_evidence_answer){ .verdict = r->verdict, .next_s = policy->interval_s };
    if (r->has_headline) {
        snprintf(out->headline, sizeof out->headline, "%s", tb_check_text(r->headline)->code);
        snprintf(out->text, sizeof out->text, "%s", tb_result_headline(r));
    }
    for (size_t i = 0; i < r->findings.n && out->n_reasons < TB_ANSWER_REASONS_MAX; i++) {
        const struct tb_finding *f = &r->findings.list[i];
        struct tb_answer_reason *a = &out->reason[out->n_reasons++];

        a->outcome = f->outcome;
        snprintf(a->code, sizeof a->code, "%s", tb_check_text(f->reason.check)->code);
        memcpy(a->where, f->reason.where, sizeof a->where);
        memcpy(a->expected, f->reason.expected, sizeof a->expected);
        memcpy(a->observed, f->reason.observed, sizeof a->observed);
    }
}

/* A message that cannot be appraised costs its nonce and leaves everything else as it was. */
static bool spoil(struct tb_verifier *v, int64_t now_ms, const struct tb_host *host,
                  const struct tb_evidence_message *message, const struct tb_reason *reason,
                  struct tb_refusal *why)
{
    enum tb_store_status status =
        tb_store_spend_nonce(v->config.store, host->id, message->nonce, now_ms);

    if (status == TB_STORE_UNAVAILABLE)
        return tb_refusal_store(why, status);
    return tb_refusal_of(why, 400, reason);
}

static bool find_challenge(struct tb_verifier *v, int64_t now_ms, struct work *w,
                           const struct tb_evidence_message *message, struct tb_refusal *why)
{
    enum tb_store_status status =
        tb_store_challenge_get(v->config.store, w->host.id, now_ms, &w->challenge);

    if (status == TB_STORE_STALE) /* spent too, so that no clock that is behind accepts it */
        status = tb_store_spend_nonce(v->config.store, w->host.id, message->nonce, now_ms);
    if (status == TB_STORE_STALE)
        return tb_refusal_set(why, 410, "late", "the answer came after the challenge had expired");
    if (status == TB_STORE_NOT_FOUND ||
        (status == TB_STORE_OK && memcmp(w->challenge.nonce, message->nonce, TB_NONCE_LEN) != 0))
        return tb_refusal_set(why, 409, "no-challenge", "no challenge is waiting for this answer");
    return status == TB_STORE_OK || tb_refusal_store(why, status);
}

static bool challenge_covers(const struct tb_context *c, uint32_t pcrs)
{
    for (size_t i = 0; i < c->n_wanted; i++)
        if ((pcrs & ~c->wanted[i].pcrs) != 0)
            return false;
    return c->n_wanted != 0;
}

/* The policy needs PCRs that the challenge did not ask for, since it is newer: this says nothing
 * about the host, which answered what it was asked. */
static bool overtaken(struct tb_verifier *v, int64_t now_ms, const struct tb_host *host,
                      const struct tb_evidence_message *message, struct tb_refusal *why)
{
    enum tb_store_status status =
        tb_store_spend_nonce(v->config.store, host->id, message->nonce, now_ms);

    if (status == TB_STORE_UNAVAILABLE)
        return tb_refusal_store(why, status);
    return tb_refusal_set(why, 410, "late", "the policy asks for more PCRs than the challenge did");
}

static bool appraise_and_remember(struct tb_verifier *v, int64_t now_ms, struct work *w,
                                  const struct tb_evidence_message *message,
                                  const uint8_t *exporter, struct tb_refusal *why)
{
    struct tb_reason reason;
    struct tb_hasher *h;
    bool ok;

    if (!find_challenge(v, now_ms, w, message, why))
        return false;
    wanted_read(&w->challenge, &w->context);
    w->context.last = w->host.memory;
    w->context.firmware = w->host.firmware;
    if (!tb_evidence_content_decode(message->content, &w->message, &reason))
        return spoil(v, now_ms, &w->host, message, &reason, why);
    if (!tb_verifier_policy(v, w->host.group, now_ms, &w->policy, why))
        return false;
    if (!challenge_covers(&w->context, w->policy->pcrs))
        return overtaken(v, now_ms, &w->host, message, why);
    h = tb_verifier_hasher(v);
    if (h == NULL || !fetch_held(v, w, false)) {
        tb_verifier_hasher_done(v, h);
        return no_memory(why);
    }
    ok = tb_content_resolve(&w->message, &w->held, h, &w->content, &reason);
    tb_verifier_hasher_done(v, h);
    if (!ok)
        return spoil(v, now_ms, &w->host, message, &reason, why);
    if (!appraise(v, w, message, exporter))
        return no_memory(why);
    return remember(v, now_ms, w, message, exporter, why);
}

bool tb_verifier_evidence(struct tb_verifier *v, int64_t now_ms, const struct tb_host *host,
                          const struct tb_evidence_message *message,
                          const uint8_t exporter[TB_EXPORTER_LEN], struct tb_evidence_answer *out,
                          struct tb_refusal *why)
{
    struct work *w;
    bool ok;

    if (strcmp(message->host_id, host->id) != 0)
        return tb_refusal_set(why, 403, "other-host", "the token is another host's");
    if (!host_is_active(host, why))
        return false;
    w = calloc(1, sizeof *w);
    if (w == NULL)
        return no_memory(why);
    w->host = *host;
    ok = appraise_and_remember(v, now_ms, w, message, exporter, why);
    if (ok)
        answer_from(&w->result, w->policy, out);
    atomic_fetch_add(ok ? &v->evidences : &v->refusals, 1);
    work_free(v, w);
    return ok;
}

/* --- Stored evidence --- */

/* The quote once more, under this policy, with all that the appraisal knew then. */
static void reappraise_quote(const struct tb_host *host, enum tb_roca roca,
                             const struct tb_evidence_record *evidence,
                             const struct tb_context *context, const struct tb_content *content,
                             const struct tb_policy *policy, struct tb_hasher *h,
                             struct tb_quote_result *out)
{
    struct tb_appraisal_input in = {
        .enrolled = true,
        .nonce = tb_slice(evidence->nonce, TB_NONCE_LEN),
        .exporter = tb_slice(evidence->exporter, TB_EXPORTER_LEN),
        .wanted = context->wanted,
        .n_wanted = context->n_wanted,
        .quote = tb_slice(evidence->quote.p, evidence->quote.len),
        .signature = tb_slice(evidence->signature.p, evidence->signature.len),
        .content_bytes = tb_slice(evidence->content.p, evidence->content.len),
        .content = content,
        .last = context->last,
        .firmware = context->firmware,
        .policy = policy,
    };

    host_into(host, roca, &in);
    tb_appraise_quote(&in, h, out);
}

bool tb_verifier_reappraise(struct tb_verifier *v, const struct tb_host *host,
                            const struct tb_evidence_record *evidence,
                            const struct tb_policy *policy, struct tb_appraisal *out)
{
    struct tb_quote_result *quote = &out->result.quote;
    struct tb_hasher *h = tb_verifier_hasher(v);
    struct tb_lru_item *item = key_of(v, host);
    const struct cached_key *key = item != NULL ? tb_lru_value(item) : NULL;
    struct tb_content content = { .has_log = evidence->log.len > 0,
                                  .log = tb_slice(evidence->log.p, evidence->log.len) };
    struct tb_evidence_content sent;
    struct tb_context context;
    struct tb_reason why;
    bool ok = h != NULL && key != NULL && evidence->genuine &&
              tb_context_read(tb_slice(evidence->context.p, evidence->context.len), &context) &&
              tb_pcrs_read(tb_slice(evidence->pcrs.p, evidence->pcrs.len), &content.pcrs) &&
              tb_evidence_content_decode(tb_slice(evidence->content.p, evidence->content.len),
                                         &sent, &why);

    if (ok) {
        memcpy(content.boot_id, sent.boot_id, sizeof content.boot_id);
        content.uptime_ms = sent.uptime_ms;
        memcpy(content.serial, sent.serial, sizeof content.serial);
        reappraise_quote(host, key->roca, evidence, &context, &content, policy, h, quote);
        if (quote->genuine)
            tb_appraise_boot(content.log, &content.pcrs, policy, &context.firmware, h, &out->boot);
        tb_conclude(quote, quote->genuine ? &out->boot : NULL, policy, &out->result);
    }
    tb_lru_release(v->keys, item);
    tb_verifier_hasher_done(v, h);
    return ok;
}

/* What a host's last genuine evidence says about firmware. */
static bool firmware_of(struct tb_verifier *v, const struct tb_host *host,
                        const struct tb_evidence_record *evidence, const struct tb_policy *policy,
                        struct tb_appraisal *a, struct tb_firmware_reference *reference,
                        struct tb_tpm_accepted *tpm)
{
    struct tb_pcrs pcrs;

    if (!tb_pcrs_read(tb_slice(evidence->pcrs.p, evidence->pcrs.len), &pcrs) ||
        !tb_verifier_reappraise(v, host, evidence, policy, a) || !a->result.boot->bank_chosen)
        return false;
    firmware_from(&pcrs, a->result.boot->bank, reference);
    tpm->firmware_version = a->result.quote.quoted_firmware_version;
    tpm->banks = a->result.quote.quoted_banks;
    return true;
}

bool tb_verifier_seen(struct tb_verifier *v, const struct tb_host *host, uint8_t out[TB_SHA256_LEN])
{
    static const char domain[] = "trueboot seen 1";
    const struct tb_reader parts[] = {
        tb_slice(domain, sizeof domain),
        tb_slice(host->ek_digest, TB_SHA256_LEN),
        tb_slice(host->log_digest, TB_SHA256_LEN),
        tb_slice(host->pcrs_digest, TB_SHA256_LEN),
        tb_slice(host->result_digest, TB_SHA256_LEN),
        tb_slice(host->ak_name, host->ak_name_len),
    };
    struct tb_hasher *h = tb_verifier_hasher(v);
    uint8_t digest[TB_DIGEST_MAX];
    bool ok = h != NULL &&
              tb_hash_parts(h, TB_BANK_SHA256, parts, sizeof parts / sizeof parts[0], digest);

    tb_verifier_hasher_done(v, h);
    if (ok)
        memcpy(out, digest, TB_SHA256_LEN);
    return ok;
}

/* This very record is what people saw; it is also what the reference is then made of, so that
 * nothing comes in between. */
static bool is_what_was_seen(struct tb_verifier *v, const struct tb_host *host,
                             const struct tb_evidence_record *evidence, const uint8_t *seen,
                             struct tb_refusal *why)
{
    struct tb_host now = *host;
    uint8_t digest[TB_SHA256_LEN];

    if (seen == NULL)
        return true;
    memcpy(now.log_digest, evidence->log_digest, TB_SHA256_LEN);
    memcpy(now.pcrs_digest, evidence->pcrs_digest, TB_SHA256_LEN);
    memcpy(now.result_digest, evidence->result_digest, TB_SHA256_LEN);
    if (!tb_verifier_seen(v, &now, digest))
        return no_memory(why);
    return memcmp(digest, seen, TB_SHA256_LEN) == 0 ||
           tb_refusal_set(why, 409, "other-evidence",
                          "the host has sent other evidence since: look at it again");
}

bool tb_verifier_accept_firmware(struct tb_verifier *v, const struct tb_host *host,
                                 const uint8_t *seen, const struct tb_store_by *by,
                                 struct tb_refusal *why)
{
    struct tb_evidence_record evidence = { 0 };
    struct tb_firmware_reference reference;
    struct tb_appraisal *appraisal = malloc(sizeof *appraisal);
    const struct tb_policy *policy = NULL;
    struct tb_tpm_accepted tpm;
    enum tb_store_status status = tb_store_evidence_get(v->config.store, host->id, &evidence);
    bool ok = false;

    if (appraisal == NULL)
        no_memory(why);
    else if (status == TB_STORE_OK && !tb_verifier_policy(v, host->group, by->now_ms, &policy, why))
        ok = false;
    else if (status == TB_STORE_NOT_FOUND ||
             (status == TB_STORE_OK &&
              !firmware_of(v, host, &evidence, policy, appraisal, &reference, &tpm)))
        tb_refusal_set(
            why, 409, "no-genuine-evidence",
            "there is no genuine evidence of this host whose firmware could be accepted");
    else if (status != TB_STORE_OK)
        tb_refusal_store(why, status);
    else if (is_what_was_seen(v, host, &evidence, seen, why)) {
        status = tb_store_host_set_firmware(v->config.store, host->id, &reference, &tpm, by);
        ok = status == TB_STORE_OK || tb_refusal_store(why, status);
    }
    tb_verifier_policy_done(policy);
    tb_evidence_record_clear(&evidence);
    free(appraisal);
    return ok;
}
