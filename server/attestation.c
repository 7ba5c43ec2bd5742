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
    struct tb_versions versions; /* remembered after a trusted verdict */
};

void tb_cached_boot_free(void *value)
{
    struct cached_boot *c = value;

    free(c->json);
    free(c->versions.text);
    free(c);
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

/* Each evidence is rows and a commit. A clock that was set back refuses nobody. */
static bool comes_too_soon(const struct tb_verifier *v, int64_t now_ms, const struct tb_host *host,
                           struct tb_refusal *why)
{
    int64_t gap_ms = now_ms - host->last_evidence_ms;

    if (gap_ms < 0 || gap_ms >= v->config.attest_gap_ms)
        return false;
    tb_refusal_set(why, 429, "too-soon", "this host has attested just now");
    why->retry_after_s = (v->config.attest_gap_ms + 999) / 1000;
    return true;
}

/* Agents that know nothing of these parts could not read a challenge that names them, so it goes to
 * the version that has sent them. */
static void offer_chain(const struct tb_host *host, const struct tb_challenge_request *request,
                        struct tb_challenge *c)
{
    bool same = strcmp(request->agent_version, host->facts.agent_version) == 0;

    c->has_held_user_log = same && host->has_user_log;
    memcpy(c->held_user_log, host->user_log_digest, 32);
    c->has_held_packages = same && host->has_packages;
    memcpy(c->held_packages, host->packages_digest, 32);
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
    if (!host_is_active(host, why) || comes_too_soon(v, now_ms, host, why))
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
        return tb_refusal_no_memory(why);
    c.has_held_log = host->has_log;
    memcpy(c.held_log, host->log_digest, 32);
    c.has_held_pcrs = host->has_pcrs;
    memcpy(c.held_pcrs, host->pcrs_digest, 32);
    offer_chain(host, request, &c);
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
    struct tb_blob held_pcrs_bytes, held_log_bytes, held_user_log_bytes, held_packages_bytes;
    struct tb_firmware_reference firmware; /* as the store had it, or new */
    struct tb_result result;
    struct tb_lru_item *boot;      /* held; NULL: the quote was not genuine */
    struct tb_boot_result *no_log; /* NULL: a log came, or nothing proves why none did */
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
    tb_blob_clear(&w->held_user_log_bytes);
    tb_blob_clear(&w->held_packages_bytes);
    free(w->no_log);
    free(w->own_json);
    free(w);
}

/* A part that the host has left out and the store has. */
static bool hold(struct tb_verifier *v, bool it, const uint8_t digest[32], bool bytes,
                 struct tb_blob *blob, struct tb_held_part *out)
{
    if (!it)
        return true;
    out->has = true;
    memcpy(out->digest, digest, 32);
    if (!bytes)
        return true;
    if (blob->p == NULL && tb_store_blob_get(v->config.store, digest, blob) != TB_STORE_OK)
        return false;
    out->bytes = tb_slice(blob->p, blob->len);
    return true;
}

/* What the host may have left out: PCR values always, the bytes of logs and packages only where
 * they are needed. */
static bool fetch_held(struct tb_verifier *v, struct work *w, bool bytes)
{
    const struct tb_evidence_content *m = &w->message;
    const struct tb_host *host = &w->host;

    if (!m->has_pcrs && host->has_pcrs && w->held.pcrs == NULL &&
        tb_store_blob_get(v->config.store, host->pcrs_digest, &w->held_pcrs_bytes) == TB_STORE_OK &&
        tb_pcrs_read(tb_slice(w->held_pcrs_bytes.p, w->held_pcrs_bytes.len), &w->held_pcrs)) {
        w->held.pcrs = &w->held_pcrs;
        memcpy(w->held.pcrs_fingerprint, host->pcrs_digest, 32);
    }
    return hold(v, host->has_log && !m->log_missing && m->log.left == 0, host->log_digest, bytes,
                &w->held_log_bytes, &w->held.log) &&
           hold(v, host->has_user_log && m->has_user_log_digest && m->user_log.left == 0,
                host->user_log_digest, bytes, &w->held_user_log_bytes, &w->held.user_log) &&
           hold(v, host->has_packages && m->has_packages_digest && m->packages.left == 0,
                host->packages_digest, bytes, &w->held_packages_bytes, &w->held.packages);
}

static bool appraise_quote(struct tb_verifier *v, struct work *w,
                           const struct tb_evidence_message *message, const uint8_t *exporter,
                           struct tb_quote_result *out)
{
    struct tb_hasher *h = tb_verifier_hasher(v);
    struct tb_lru_item *item = tb_verifier_key(v, &w->host);
    struct tb_cached_key *key = item != NULL ? tb_lru_value(item) : NULL;
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
    tb_host_into(&w->host, key->roca, &in);
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

/* The bytes of what the host has left out, which tb_content_resolve() went without. */
static bool fetch_left_out(struct tb_verifier *v, struct work *w)
{
    if (!fetch_held(v, w, true))
        return false;
    if (w->content.has_log && w->content.log.left == 0)
        w->content.log = w->held.log.bytes;
    if (w->message.has_user_log_digest && w->content.user_log.left == 0)
        w->content.user_log = w->held.user_log.bytes;
    if (w->message.has_packages_digest && w->content.packages.left == 0)
        w->content.packages = w->held.packages.bytes;
    return true;
}

/* Appraise a boot that is not cached, conclude, and keep both. */
static struct tb_lru_item *new_boot(struct tb_verifier *v, struct work *w,
                                    const struct tb_boot_key *key)
{
    const struct tb_quote_result *quote = &w->result.quote;
    struct tb_minimum versions;
    struct cached_boot *c;
    struct tb_hasher *h;

    if (!fetch_left_out(v, w) || !tb_versions_held(v, &w->host, &versions))
        return NULL;
    c = calloc(1, sizeof *c);
    h = tb_verifier_hasher(v);
    if (c == NULL || h == NULL) {
        free(c);
        tb_verifier_hasher_done(v, h);
        return NULL;
    }
    tb_appraise_boot(&(struct tb_boot_input){ .log = w->content.log,
                                              .user_log = w->content.user_log,
                                              .packages = w->content.packages,
                                              .quoted = &w->content.pcrs,
                                              .policy = w->policy,
                                              .firmware = &w->host.firmware,
                                              .versions = &versions },
                     h, &c->boot);
    c->has_shape = tb_shape(
        &w->content.pcrs, c->boot.chain.proved ? TB_SHAPE_CHAIN_PCRS : TB_SHAPE_PCRS, h, c->shape);
    tb_verifier_hasher_done(v, h);
    if (tb_versions_remember(&c->boot, &versions) &&
        !tb_versions_print(v, &versions, &c->versions)) {
        tb_cached_boot_free(c);
        return NULL;
    }
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
    memcpy(key.user_log_digest, w->message.user_log_digest, 32);
    memcpy(key.packages_digest, w->message.packages_digest, 32);
    if (w->host.has_versions)
        memcpy(key.versions_digest, w->host.versions_digest, 32);
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

/* Nothing but the log is missing: the one that is held, of the last genuine quote, may prove why.
 * Not for every attestation, so nothing of it is cached; and a help only, so without that log the
 * host fails for the missing one. */
static bool appraise_no_log(struct tb_verifier *v, struct work *w)
{
    struct tb_boot_result *boot = NULL;
    struct tb_hasher *h;

    if (w->host.has_log &&
        tb_store_blob_get(v->config.store, w->host.log_digest, &w->held_log_bytes) == TB_STORE_OK) {
        boot = malloc(sizeof *boot);
        h = tb_verifier_hasher(v);
        if (boot == NULL || h == NULL) {
            free(boot);
            tb_verifier_hasher_done(v, h);
            return false;
        }
        if (tb_appraise_no_log(tb_slice(w->held_log_bytes.p, w->held_log_bytes.len),
                               &w->content.pcrs, w->policy, h, boot))
            w->no_log = boot;
        else
            free(boot);
        tb_verifier_hasher_done(v, h);
    }
    tb_conclude(&w->result.quote, w->no_log, w->policy, &w->result);
    return true;
}

static bool appraise(struct tb_verifier *v, struct work *w,
                     const struct tb_evidence_message *message, const uint8_t *exporter)
{
    if (!appraise_quote(v, w, message, exporter, &w->result.quote))
        return false;
    if (w->result.quote.genuine) {
        if (!appraise_boot(v, w))
            return false;
    } else if (w->result.quote.only_log_missing) {
        if (!appraise_no_log(v, w))
            return false;
    } else {
        tb_conclude(&w->result.quote, NULL, w->policy, &w->result);
    }
    if (w->json != NULL)
        return true;
    if (!print_result(v, w, &w->own_json, &w->json_len, w->json_digest))
        return false;
    w->json = w->own_json;
    return true;
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

static struct tb_content_ref versions_of(const struct work *w)
{
    const struct cached_boot *c = w->boot != NULL ? tb_lru_value(w->boot) : NULL;

    if (c == NULL || c->versions.text == NULL || w->result.verdict != TB_VERDICT_TRUSTED)
        return (struct tb_content_ref){ 0 };
    return (struct tb_content_ref){ c->versions.digest,
                                    tb_slice(c->versions.text, c->versions.len) };
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
        tb_firmware_reference_of(&w->content.pcrs, r->boot->bank, &w->firmware);
        a.firmware = &w->firmware;
    }
    a.shape = shape_of(w);
    a.versions = versions_of(w);
    if (w->content.has_log)
        a.log = (struct tb_content_ref){ w->message.log_digest, w->message.log };
    if (w->message.has_user_log_digest)
        a.user_log = (struct tb_content_ref){ w->message.user_log_digest, w->message.user_log };
    if (w->message.has_packages_digest)
        a.packages = (struct tb_content_ref){ w->message.packages_digest, w->message.packages };
    if (w->host.has_versions)
        a.versions_before = w->host.versions_digest;
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
        return tb_refusal_no_memory(why);
    }
    ok = tb_content_resolve(&w->message, &w->held, h, &w->content, &reason);
    tb_verifier_hasher_done(v, h);
    if (!ok)
        return spoil(v, now_ms, &w->host, message, &reason, why);
    if (!appraise(v, w, message, exporter))
        return tb_refusal_no_memory(why);
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
        return tb_refusal_no_memory(why);
    w->host = *host;
    ok = appraise_and_remember(v, now_ms, w, message, exporter, why);
    if (ok)
        answer_from(&w->result, w->policy, out);
    atomic_fetch_add(ok ? &v->evidences : &v->refusals, 1);
    work_free(v, w);
    return ok;
}
