/* server/enrolment.c - how a host becomes known.
 *
 * Two steps. The offer is a credential that only the TPM of the endorsement key can open, and only
 * for the attestation key presented (TPM 2.0 Library Part 1, 24). Nothing is judged before the host
 * returned the secret: the offer is equal in form whether the token is good or not, so that nobody
 * learns anything without a TPM of his own. Then token, allow-list and certificate decide between
 * active and pending, and the store refuses what is already somebody else's. */
#include "server/verifier_internal.h"

#include "crypto/random.h"
#include "crypto/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 1000  /* hosts that wait for an operator; anybody can add one */
#define NOT_PROVED_MAX 60 /* audit entries an hour about failed proofs; anybody can fail */
#define WITH_TOKEN 2      /* so many times what anybody may fill is there for good tokens */

/* --- The offer --- */

/* The AK's Name, computed here: a name that a host sent would be used by nobody (T-19). Refuses
 * what is no AK of our template. */
static bool name_of_ak(struct tb_verifier *v, struct tb_reader ak_public, uint8_t name[TB_NAME_MAX],
                       size_t *name_len, struct tb_refusal *why)
{
    struct tb_public ak;
    struct tb_reason reason;
    struct tb_hasher *h;
    bool ok;

    if (!tb_public_check_ak(ak_public, &ak, &reason))
        return tb_refusal_of(why, 400, &reason);
    h = tb_verifier_hasher(v);
    ok = h != NULL && tb_public_name(ak_public, &ak, h, name, name_len);
    tb_verifier_hasher_done(v, h);
    return ok || tb_refusal_no_memory(why);
}

static bool make_credential(struct tb_verifier *v, const struct tb_enrol_request *request,
                            const uint8_t secret[TB_SECRET_LEN], struct tb_credential *credential,
                            struct tb_enrol_offer *offer, struct tb_refusal *why)
{
    struct tb_public ek;
    struct tb_reason reason;
    uint8_t name[TB_NAME_MAX];
    size_t name_len;

    if (!tb_public_check_ek(request->ek_public, &ek, &reason))
        return tb_refusal_of(why, 400, &reason);
    if (!name_of_ak(v, request->ak_public, name, &name_len, why))
        return false;
    if (!tb_credential_make(&ek, tb_slice(name, name_len), tb_slice(secret, TB_SECRET_LEN),
                            credential)) {
        tb_refuse(&reason, TB_CHECK_IDENTITY_EK_KEY, "EK public area", "a usable key",
                  "no credential can be made for it");
        return tb_refusal_of(why, 400, &reason);
    }
    offer->credential = tb_slice(credential->blob, credential->blob_len);
    offer->encrypted_secret = tb_slice(credential->secret, credential->secret_len);
    return true;
}

/* State of an offer in the store: SHA-256 of the secret, SHA-256 of the enrolment token (zeros for
 * none), then the request without its token: what is stored opens nothing. */
#define STATE_HEAD 64

static bool write_state(struct tb_verifier *v, const uint8_t *secret,
                        const struct tb_enrol_request *request, uint8_t *state, size_t *len)
{
    struct tb_enrol_request kept = *request;
    bool ok;

    memset(state, 0, STATE_HEAD);
    tb_wipe(kept.token, sizeof kept.token);
    ok = tb_sha256(v, tb_slice(secret, TB_SECRET_LEN), state) &&
         (request->token[0] == '\0' ||
          tb_sha256(v, tb_slice(request->token, strlen(request->token)), state + 32)) &&
         tb_enrol_request_encode(&kept, state + STATE_HEAD, TB_MESSAGE_MAX, len);
    *len += STATE_HEAD;
    return ok;
}

/* Anybody can fill the table of offers, so who has a token that is good at this moment finds room
 * when it is full for all others. */
static enum tb_store_status put_offer(struct tb_verifier *v, int64_t now_ms, const char *id,
                                      struct tb_reader state)
{
    uint64_t max = v->config.offers_max;
    int64_t expires_ms = now_ms + 1000 * (int64_t)v->config.offer_life_s;
    struct tb_enrol_token token;
    enum tb_store_status status =
        tb_store_offer_put(v->config.store, id, state, now_ms, expires_ms, max);

    if (status == TB_STORE_LIMIT &&
        tb_store_enrol_token_check(v->config.store, state.p + 32, now_ms, &token) == TB_STORE_OK)
        status =
            tb_store_offer_put(v->config.store, id, state, now_ms, expires_ms, WITH_TOKEN * max);
    return status;
}

static bool keep_offer(struct tb_verifier *v, int64_t now_ms, const uint8_t *id,
                       const uint8_t *secret, const struct tb_enrol_request *request,
                       struct tb_refusal *why)
{
    char id_text[2 * TB_ENROLMENT_ID_LEN + 1];
    uint8_t *state = malloc(STATE_HEAD + TB_MESSAGE_MAX);
    enum tb_store_status status;
    size_t len = 0;

    if (state == NULL || !write_state(v, secret, request, state, &len)) {
        free(state);
        return tb_refusal_no_memory(why);
    }
    tb_hex(tb_slice(id, TB_ENROLMENT_ID_LEN), id_text, sizeof id_text);
    status = put_offer(v, now_ms, id_text, tb_slice(state, len));
    free(state);
    return status == TB_STORE_OK || tb_refusal_store(why, status);
}

bool tb_verifier_enrol(struct tb_verifier *v, int64_t now_ms,
                       const struct tb_enrol_request *request, struct tb_credential *credential,
                       struct tb_enrol_offer *out, struct tb_refusal *why)
{
    struct tb_enrol_offer offer = { .lifetime_s = v->config.offer_life_s };
    uint8_t secret[TB_SECRET_LEN];
    bool ok;

    if (!tb_random(secret, sizeof secret) ||
        !tb_random(offer.enrolment_id, sizeof offer.enrolment_id))
        return tb_refusal_no_memory(why);
    ok = (request->tpm_state != TB_TPM_STATE_20 ||
          make_credential(v, request, secret, credential, &offer, why)) &&
         keep_offer(v, now_ms, offer.enrolment_id, secret, request, why);
    tb_wipe(secret, sizeof secret);
    if (!ok) {
        atomic_fetch_add(&v->refusals, 1);
        return false;
    }
    *out = offer;
    return true;
}

/* --- The activation --- */

/* All that an activation found out; what becomes of the host follows from it alone. */
struct judgement {
    bool token_good;
    uint8_t token_hash[32];
    char token_group[TB_STORE_NAME_MAX + 1];
    bool ek_allowed;
    struct tb_ek_allowed allowed;
    bool certificate_good;
    bool certificate_expired; /* good but for its dates */
    struct tb_ek_facts facts;
    struct tb_reason certificate_why;
    bool maker_differs; /* the host names another than the certificate */
    struct tb_reason maker_why;
    bool roca; /* one of the keys has its structure */
    struct tb_reason roca_why;
    uint8_t ek_digest[32];
};

/* The audit log is kept for ever, and offers are there for the asking. */
static bool may_audit(struct tb_verifier *v, int64_t now_ms)
{
    bool may;

    pthread_mutex_lock(&v->lock);
    if (now_ms < v->not_proved_ms || now_ms - v->not_proved_ms >= 3600000) {
        v->not_proved_ms = now_ms;
        v->n_not_proved = 0;
    }
    may = v->n_not_proved < NOT_PROVED_MAX;
    v->n_not_proved += may;
    pthread_mutex_unlock(&v->lock);
    return may;
}

/* One answer for all that can be wrong before the host has proved its TPM. */
static bool no_proof(struct tb_refusal *why)
{
    struct tb_reason reason;

    tb_refuse(&reason, TB_CHECK_IDENTITY_ACTIVATION, "activation",
              "the secret of an offer that is not older than its lifetime", "something else");
    return tb_refusal_of(why, 403, &reason);
}

/* Of an offer that was there: somebody tried, which the audit log tells. */
static bool wrong_proof(struct tb_verifier *v, int64_t now_ms, const char *id,
                        struct tb_refusal *why)
{
    struct tb_store_by by = { .actor = "host", .now_ms = now_ms };

    if (may_audit(v, now_ms) &&
        tb_store_audit_append(v->config.store, "enrol.not-proved", id, "{}", &by) != TB_STORE_OK)
        atomic_fetch_add(&v->refusals, 1); /* the refusal stands either way */
    return no_proof(why);
}

static bool take_offer(struct tb_verifier *v, int64_t now_ms,
                       const struct tb_activate_request *request, struct tb_blob *state,
                       struct tb_enrol_request *out, struct tb_refusal *why)
{
    char id[2 * TB_ENROLMENT_ID_LEN + 1];
    uint8_t secret_hash[32];
    struct tb_reason reason;
    enum tb_store_status status;

    tb_hex(tb_slice(request->enrolment_id, TB_ENROLMENT_ID_LEN), id, sizeof id);
    status = tb_store_offer_take(v->config.store, id, now_ms, state);
    if (status == TB_STORE_UNAVAILABLE)
        return tb_refusal_store(why, status);
    if (status != TB_STORE_OK || state->len < STATE_HEAD ||
        !tb_enrol_request_decode(tb_slice(state->p + STATE_HEAD, state->len - STATE_HEAD), out,
                                 &reason))
        return no_proof(why);
    if (out->tpm_state != TB_TPM_STATE_20)
        return request->secret.left == 0 || wrong_proof(v, now_ms, id, why);
    /* A secret of another length has another digest, too. */
    if (!tb_sha256(v, request->secret, secret_hash) ||
        !tb_secret_equal(tb_slice(secret_hash, 32), tb_slice(state->p, 32)))
        return wrong_proof(v, now_ms, id, why);
    return true;
}

static bool judge_token(struct tb_verifier *v, int64_t now_ms, const uint8_t hash[32],
                        struct judgement *j, struct tb_refusal *why)
{
    static const uint8_t none[32];
    struct tb_enrol_token record;
    enum tb_store_status status;

    if (memcmp(hash, none, sizeof none) == 0)
        return true;
    memcpy(j->token_hash, hash, sizeof j->token_hash);
    status = tb_store_enrol_token_check(v->config.store, j->token_hash, now_ms, &record);
    switch (status) {
    case TB_STORE_OK:
        snprintf(j->token_group, sizeof j->token_group, "%s", record.group);
        return j->token_good = true;
    case TB_STORE_NOT_FOUND:
        return tb_refusal_set(why, 403, "token-unknown", "the enrolment token is not known here");
    case TB_STORE_STALE:
        return tb_refusal_set(why, 403, "token-expired",
                              "the enrolment token has expired or was revoked");
    case TB_STORE_LIMIT:
        return tb_refusal_set(why, 403, "token-used", "the enrolment token has been used up");
    default: return tb_refusal_store(why, status);
    }
}

/* CVE-2017-15361, of both keys. */
static void judge_roca(const struct tb_enrol_request *request, struct judgement *j)
{
    enum tb_roca roca = tb_roca_of_keys(request->ak_public, request->ek_public);

    if (roca == TB_ROCA_NONE)
        return;
    j->roca = true;
    tb_refuse(&j->roca_why, TB_CHECK_IDENTITY_ROCA,
              roca == TB_ROCA_EK ? "endorsement key" : "attestation key",
              "a modulus of random primes", "one of the ROCA structure");
}

/* A TPM and its certificate have one maker; a host that names another one lies (T-26). */
static void judge_maker(const struct tb_enrol_request *request, struct judgement *j)
{
    uint32_t told = tb_tpm_vendor_of_text(request->tpm.manufacturer), says = j->facts.vendor;
    char expected[TB_TPM_VENDOR_TEXT_LEN], observed[TB_TPM_VENDOR_TEXT_LEN];

    if (told == 0 || says == 0 || tb_tpm_maker(told) == tb_tpm_maker(says))
        return;
    j->maker_differs = true;
    tb_tpm_vendor_text(says, expected);
    tb_tpm_vendor_text(told, observed);
    tb_refuse(&j->maker_why, TB_CHECK_IDENTITY_PLATFORM, "TPM maker", expected, "%s", observed);
}

static bool judge_ek(struct tb_verifier *v, int64_t now_ms, const struct tb_enrol_request *request,
                     struct judgement *j, struct tb_refusal *why)
{
    struct tb_ek_rules rules = { .now_s = now_ms / 1000 };
    struct tb_public ek;
    struct tb_reason reason;
    enum tb_store_status status;

    if (request->tpm_state != TB_TPM_STATE_20)
        return true;
    if (!tb_sha256(v, request->ek_public, j->ek_digest))
        return tb_refusal_no_memory(why);
    status = tb_store_ek_allow_find(v->config.store, j->ek_digest, &j->allowed);
    if (status != TB_STORE_OK && status != TB_STORE_NOT_FOUND)
        return tb_refusal_store(why, status);
    j->ek_allowed =
        status == TB_STORE_OK &&
        (j->allowed.host_name[0] == '\0' || strcmp(j->allowed.host_name, request->host_name) == 0);
    if (!tb_public_check_ek(request->ek_public, &ek, &reason))
        return tb_refusal_of(why, 400, &reason);
    judge_roca(request, j);
    if (request->ek_certificate.left == 0) {
        tb_refuse(&j->certificate_why, TB_CHECK_IDENTITY_EK_CERT, "EK certificate", "a certificate",
                  "none in the TPM");
        return true;
    }
    j->certificate_good =
        tb_ek_cert_check(v->config.ek_roots, &rules, request->ek_certificate, request->ek_chain,
                         request->n_ek_chain, &ek, &j->facts, &j->certificate_why);
    judge_maker(request, j);
    j->certificate_expired =
        !j->certificate_good && j->certificate_why.check == TB_CHECK_IDENTITY_EK_EXPIRED;
    /* A certificate about another key is no lack of proof but an attempt (T-18). */
    if (!j->certificate_good && j->certificate_why.check == TB_CHECK_IDENTITY_EK_KEY)
        return tb_refusal_of(why, 403, &j->certificate_why);
    return true;
}

static bool is_required(const struct tb_policy *policy, enum tb_check check)
{
    return tb_policy_severity(policy, check) == TB_SEVERITY_REQUIRED;
}

static enum tb_ek_basis basis_of(const struct judgement *j, const struct tb_policy *policy)
{
    /* Whatever is said about such a key, anybody may have it. */
    if (j->roca && is_required(policy, TB_CHECK_IDENTITY_ROCA))
        return TB_EK_BASIS_NONE;
    if (j->ek_allowed)
        return TB_EK_BASIS_ALLOW_LIST;
    if (j->certificate_good ||
        (j->certificate_expired && !is_required(policy, TB_CHECK_IDENTITY_EK_EXPIRED)))
        return TB_EK_BASIS_CERTIFICATE;
    if (j->token_good && policy->ek_trust == TB_EK_TRUST_TOKEN)
        return TB_EK_BASIS_TOKEN;
    return TB_EK_BASIS_NONE;
}

/* Class and maker: where the certificate vouches for the TPM what it says, even if that is nothing,
 * or the host's word would pass for proved (T-25, T-26). Else what the TPM says of itself, which is
 * a claim; the appraisal relies on tb_tpm_class_to_rely_on(). */
static void class_and_maker(const struct tb_enrol_request *request, const struct judgement *j,
                            enum tb_ek_basis basis, struct tb_host_facts *out)
{
    enum tb_tpm_class c = j->facts.tpm_class;
    char maker[TB_TPM_VENDOR_TEXT_LEN];

    if (basis == TB_EK_BASIS_CERTIFICATE) {
        tb_tpm_vendor_text(j->facts.vendor, maker);
        snprintf(out->tpm_manufacturer, sizeof out->tpm_manufacturer, "%s", maker);
    } else {
        snprintf(out->tpm_manufacturer, sizeof out->tpm_manufacturer, "%s",
                 request->tpm.manufacturer);
        if (c == TB_TPM_UNKNOWN)
            c = tb_tpm_class_of_vendor(tb_tpm_vendor_of_text(request->tpm.manufacturer));
    }
    snprintf(out->tpm_class, sizeof out->tpm_class, "%s", tb_tpm_class_name(c));
}

static void host_facts(const struct tb_enrol_request *request, const struct judgement *j,
                       enum tb_ek_basis basis, struct tb_host_facts *out)
{
    *out = (struct tb_host_facts){ 0 };
    class_and_maker(request, j, basis, out);
    snprintf(out->tpm_model, sizeof out->tpm_model, "%s",
             j->facts.model[0] != '\0' ? j->facts.model : request->tpm.vendor);
    if (request->tpm.firmware_version != 0)
        snprintf(out->tpm_firmware, sizeof out->tpm_firmware, "%u.%u.%u.%u",
                 (unsigned)(request->tpm.firmware_version >> 48 & 0xffff),
                 (unsigned)(request->tpm.firmware_version >> 32 & 0xffff),
                 (unsigned)(request->tpm.firmware_version >> 16 & 0xffff),
                 (unsigned)(request->tpm.firmware_version & 0xffff));
    snprintf(out->product, sizeof out->product, "%.60s%s%.60s", request->platform.vendor,
             request->platform.vendor[0] != '\0' && request->platform.product[0] != '\0' ? " " : "",
             request->platform.product);
    snprintf(out->serial, sizeof out->serial, "%s", request->platform.serial);
    snprintf(out->agent_version, sizeof out->agent_version, "%s", request->agent_version);
}

static bool refuse_duplicate(const struct tb_store_conflict *conflict, struct tb_refusal *why)
{
    struct tb_reason reason;

    tb_refuse(&reason, TB_CHECK_IDENTITY_DUPLICATE,
              conflict->what == TB_UNIQUE_EK ? "endorsement key" : "host name",
              "one that no host has", "enrolled already");
    return tb_refusal_of(why, 409, &reason);
}

/* Anybody with a TPM emulator can ask to be approved, so the waiting list has an end, and one that
 * is full of those has room for good tokens. */
static bool waiting_list_has_room(struct tb_verifier *v, bool token_good, struct tb_refusal *why)
{
    uint64_t max = v->config.pending_max != 0 ? v->config.pending_max : PENDING_MAX;
    struct tb_store_summary summary;
    enum tb_store_status status = tb_store_summary(v->config.store, &summary);

    if (status != TB_STORE_OK)
        return tb_refusal_store(why, status);
    if (summary.n_waiting < (token_good ? WITH_TOKEN * max : max))
        return true;
    tb_refusal_set(why, 429, "waiting-list-full", "too many hosts wait for approval already");
    why->retry_after_s = 3600;
    return false;
}

/* A host that lost the answer to its activation asks again and must get the same answer, or it
 * could never enrol: its TPM would be taken, by itself. So its token follows from the offer's id
 * and secret, which nobody else has. Without a TPM 2.0 there is no secret, and the token is random.
 */
static bool token_of(struct tb_verifier *v, const struct tb_activate_request *activate,
                     uint8_t token[TB_HOST_TOKEN_LEN])
{
    static const char purpose[] = "trueboot host token 1"; /* its NUL is part of it */
    uint8_t bytes[sizeof purpose + TB_ENROLMENT_ID_LEN + TB_SECRET_LEN];
    bool ok;

    if (activate->secret.left != TB_SECRET_LEN)
        return tb_random(token, TB_HOST_TOKEN_LEN);
    memcpy(bytes, purpose, sizeof purpose);
    memcpy(bytes + sizeof purpose, activate->enrolment_id, TB_ENROLMENT_ID_LEN);
    memcpy(bytes + sizeof purpose + TB_ENROLMENT_ID_LEN, activate->secret.p, TB_SECRET_LEN);
    ok = tb_sha256(v, tb_slice(bytes, sizeof bytes), token);
    tb_wipe(bytes, sizeof bytes);
    return ok;
}

/* The answer that this very activation got before. False: it got none. True: *ok tells whether it
 * is given again, or refused since the store does not tell. */
static bool answered_before(struct tb_verifier *v, int64_t now_ms,
                            const struct tb_activate_request *request,
                            struct tb_activate_reply *out, bool *ok, struct tb_refusal *why)
{
    const struct tb_policy *policy;
    struct tb_host host;
    enum tb_store_status status;

    if (request->secret.left != TB_SECRET_LEN || !token_of(v, request, out->host_token))
        return false;
    status = tb_verifier_host_of_token(v, out->host_token, &host);
    *ok = false;
    if (status == TB_STORE_UNAVAILABLE) {
        tb_refusal_store(why, status);
        return true;
    }
    if (status != TB_STORE_OK || (host.state != TB_HOST_ACTIVE && host.state != TB_HOST_PENDING))
        return false;
    *ok = tb_verifier_policy(v, host.group, now_ms, &policy, why);
    if (!*ok)
        return true;
    snprintf(out->host_id, sizeof out->host_id, "%s", host.id);
    out->state = host.state == TB_HOST_ACTIVE ? TB_ENROL_ACTIVE : TB_ENROL_PENDING;
    out->interval_s = policy->interval_s;
    tb_verifier_policy_done(policy);
    return true;
}

/* The host as it will stand in the store. What the slices of `row` point into lives here. */
struct new_host {
    struct tb_host_new row;
    struct tb_host_facts facts;
    char id[33];
    uint8_t ak_name[TB_NAME_MAX], token_hash[32];
};

static bool fill_host(struct tb_verifier *v, const struct tb_enrol_request *request,
                      const struct judgement *j, const struct tb_policy *policy,
                      const uint8_t token[TB_HOST_TOKEN_LEN], struct new_host *h,
                      struct tb_refusal *why)
{
    bool capable = request->tpm_state == TB_TPM_STATE_20;
    enum tb_ek_basis basis = basis_of(j, policy);
    size_t name_len = 0;
    uint8_t id[16];

    if (!tb_random(id, sizeof id) ||
        !tb_sha256(v, tb_slice(token, TB_HOST_TOKEN_LEN), h->token_hash))
        return tb_refusal_no_memory(why);
    if (capable && !name_of_ak(v, request->ak_public, h->ak_name, &name_len, why))
        return false;
    tb_hex(tb_slice(id, sizeof id), h->id, sizeof h->id);
    host_facts(request, j, basis, &h->facts);
    h->row = (struct tb_host_new){
        .id = h->id,
        .name = request->host_name,
        .group = j->ek_allowed ? j->allowed.group : "",
        .state = (j->token_good || j->ek_allowed) && (!capable || basis != TB_EK_BASIS_NONE)
                     ? TB_HOST_ACTIVE
                     : TB_HOST_PENDING,
        .tpm = request->tpm_state,
        .ek_basis = basis,
        .ek_digest = capable ? j->ek_digest : NULL,
        .ek_public = request->ek_public,
        .ek_certificate = request->ek_certificate,
        .ak_public = request->ak_public,
        .ak_name = tb_slice(h->ak_name, name_len),
        .host_token_hash = h->token_hash,
        .enrol_token_hash = j->token_good ? j->token_hash : NULL,
        .facts = &h->facts,
    };
    return true;
}

/* For the operator who is to decide, or to look. The host is there already: a store that fails here
 * loses the note alone. */
static void note(struct tb_verifier *v, const char *host_id, const struct tb_reason *why,
                 const struct tb_store_by *by)
{
    const struct tb_check_text *check = tb_check_text(why->check);
    char text[TB_STORE_TEXT_MAX + 1];

    snprintf(text, sizeof text, "%.120s: %s: expected %s, found %s", check->title, why->where,
             why->expected, why->observed);
    if (tb_store_incident_event(v->config.store, host_id, check->code, text, by) != TB_STORE_OK)
        atomic_fetch_add(&v->refusals, 1);
}

/* What is to be said of a new host's TPM: why nothing vouches for it, or what was passed over.
 * NULL: nothing. */
static const struct tb_reason *worth_a_note(const struct tb_policy *policy,
                                            const struct judgement *j, enum tb_ek_basis basis)
{
    if (j->roca && tb_policy_severity(policy, TB_CHECK_IDENTITY_ROCA) != TB_SEVERITY_INFORM)
        return &j->roca_why;
    if (basis == TB_EK_BASIS_NONE && j->certificate_why.where[0] != '\0')
        return &j->certificate_why;
    if (basis == TB_EK_BASIS_CERTIFICATE && j->certificate_expired &&
        tb_policy_severity(policy, TB_CHECK_IDENTITY_EK_EXPIRED) == TB_SEVERITY_ADVISORY)
        return &j->certificate_why;
    if (basis == TB_EK_BASIS_CERTIFICATE && j->maker_differs &&
        tb_policy_severity(policy, TB_CHECK_IDENTITY_PLATFORM) != TB_SEVERITY_INFORM)
        return &j->maker_why;
    return NULL;
}

/* The same TPM asks to be another host: in another machine, by its serial number? The store has
 * opened the incident about the duplicate; this says what of the machine differs (T-28). */
static void note_other_machine(struct tb_verifier *v, const char *host_id,
                               const struct tb_enrol_request *request, const struct tb_store_by *by)
{
    struct tb_host host;
    struct tb_reason why;

    if (tb_store_host_get(v->config.store, host_id, &host) != TB_STORE_OK ||
        host.facts.serial[0] == '\0' || request->platform.serial[0] == '\0' ||
        strcmp(host.facts.serial, request->platform.serial) == 0)
        return;
    tb_refuse(&why, TB_CHECK_IDENTITY_PLATFORM, "serial number", host.facts.serial, "%s",
              request->platform.serial);
    note(v, host_id, &why, by);
}

/* In which the host will be, and whose policy judges it: an empty one of the allow-list's entry
 * leaves it to the token, as the store does. */
static const char *group_of(const struct judgement *j)
{
    return j->ek_allowed && j->allowed.group[0] != '\0' ? j->allowed.group : j->token_group;
}

static bool create_host(struct tb_verifier *v, int64_t now_ms,
                        const struct tb_enrol_request *request,
                        const struct tb_activate_request *activate, const struct judgement *j,
                        struct tb_activate_reply *out, struct tb_refusal *why)
{
    /* Whose word lets the host in: an operator's, given before, or nobody's yet. */
    struct tb_store_by by = { .actor = j->token_good   ? "enrolment token"
                                       : j->ek_allowed ? "allow-list"
                                                       : "host",
                              .now_ms = now_ms };
    struct tb_store_conflict conflict = { 0 };
    struct tb_host_created created;
    const struct tb_reason *told;
    const struct tb_policy *policy;
    struct new_host host;
    enum tb_store_status status;
    bool ok;

    if (!tb_verifier_policy(v, group_of(j), now_ms, &policy, why))
        return false;
    ok = token_of(v, activate, out->host_token)
             ? fill_host(v, request, j, policy, out->host_token, &host, why)
             : tb_refusal_no_memory(why);
    told = ok ? worth_a_note(policy, j, host.row.ek_basis) : NULL;
    out->interval_s = policy->interval_s;
    tb_verifier_policy_done(policy);
    if (!ok)
        return false;
    if (host.row.state == TB_HOST_PENDING && !waiting_list_has_room(v, j->token_good, why))
        return false;
    status = tb_store_host_create(v->config.store, &host.row, &by, &created, &conflict);
    if (status == TB_STORE_CONFLICT && conflict.what == TB_UNIQUE_EK && may_audit(v, now_ms))
        note_other_machine(v, conflict.host_id, request, &by);
    if (status == TB_STORE_CONFLICT)
        return refuse_duplicate(&conflict, why);
    if (status != TB_STORE_OK)
        return tb_refusal_store(why, status);
    snprintf(out->host_id, sizeof out->host_id, "%s", created.id);
    out->state = created.state == TB_HOST_ACTIVE ? TB_ENROL_ACTIVE : TB_ENROL_PENDING;
    if (told != NULL)
        note(v, created.id, told, &by);
    return true;
}

bool tb_verifier_activate(struct tb_verifier *v, int64_t now_ms,
                          const struct tb_activate_request *request, struct tb_activate_reply *out,
                          struct tb_refusal *why)
{
    struct tb_blob state = { 0 };
    struct tb_enrol_request enrol;
    struct tb_activate_reply reply = { 0 };
    struct judgement j = { 0 };
    bool ok;

    if (answered_before(v, now_ms, request, out, &ok, why))
        return ok;
    ok = take_offer(v, now_ms, request, &state, &enrol, why) &&
         judge_token(v, now_ms, state.p + 32, &j, why) && judge_ek(v, now_ms, &enrol, &j, why) &&
         create_host(v, now_ms, &enrol, request, &j, &reply, why);
    tb_blob_clear(&state);
    if (!ok) {
        atomic_fetch_add(&v->refusals, 1);
        return false;
    }
    atomic_fetch_add(&v->enrolments, 1);
    *out = reply;
    return true;
}
