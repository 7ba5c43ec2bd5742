/* agent/enrol.c - see enrol.h.
 *
 * Order matters where this process may be killed: the attempt is on the disk before the Verifier is
 * asked to act on it, and the enrolment before the attempt is removed. The Verifier gives the same
 * answer to the same last step, so one whose answer was lost is repeated and not made anew. */
#include "agent/enrol.h"

#include "agent/attest.h"
#include "agent/journal.h"
#include "crypto/secret.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One enrolment under way. */
struct work {
    const struct tb_enroller *e;
    struct tb_tpm *tpm; /* NULL: no TPM 2.0 */
    const struct tb_tpm_ek *ek;
    struct tb_enrol_request request;
    struct tb_attempt attempt;
    char *text; /* 512 bytes */
};

static enum tb_enrol_status say(struct work *w, enum tb_enrol_status status, const char *text)
{
    (void)snprintf(w->text, 512, "%s", text);
    tb_journal_clean(w->text);
    return status;
}

static enum tb_enrol_status tpm_failed(struct work *w, const struct tb_tpm_error *why)
{
    return say(w, TB_ENROL_NO_TPM, why->text);
}

/* --- What the TPM is and has --------------------------------------------------------------------
 */

static void put_ek(struct work *w)
{
    const struct tb_tpm_ek *ek = w->ek;
    struct tb_enrol_request *r = &w->request;

    r->ek_public = ek->public_area;
    if (ek->certificate.left <= TB_EK_CERTIFICATE_MAX)
        r->ek_certificate = ek->certificate;
    for (size_t i = 0; i < ek->n_chain && r->n_ek_chain < TB_EK_CHAIN_MAX; i++)
        if (ek->chain[i].left != 0 && ek->chain[i].left <= TB_EK_CERTIFICATE_MAX)
            r->ek_chain[r->n_ek_chain++] = ek->chain[i];
}

static enum tb_enrol_status make_keys(struct work *w)
{
    enum tb_tpm_ak_kind kind =
        w->e->config->ak == TB_AGENT_AK_RSA ? TB_TPM_AK_RSA_2048 : TB_TPM_AK_P256;
    struct tb_tpm_options options = tb_attest_tpm_options(w->e->config);
    struct tb_tpm_properties properties;
    struct tb_tpm_error why;

    if (tb_tpm_open(&options, &w->tpm, &why) != TB_TPM_OK ||
        tb_tpm_read_properties(w->tpm, &properties, &why) != TB_TPM_OK ||
        tb_tpm_ek_load(w->tpm, TB_TPM_EK_BEST, &w->ek, &why) != TB_TPM_OK ||
        tb_tpm_ak_create(w->tpm, kind, w->attempt.ak, &w->attempt.ak_len, &why) != TB_TPM_OK)
        return tpm_failed(w, &why);
    put_ek(w);
    tb_journal(TB_JOURNAL_INFO, "the endorsement key is %s%s, %s%s%s", w->ek->kind,
               w->ek->own_template ? " by a template of its own" : "",
               w->ek->certificate.left != 0 ? "with its certificate" : "without a certificate",
               w->ek->note[0] != '\0' ? "; passed over: " : "", w->ek->note);
    w->request.ak_public = tb_tpm_ak_public(w->tpm);
    tb_attest_tpm_facts(&properties, &w->request.tpm);
    return TB_ENROL_DONE;
}

static enum tb_enrol_status look_at_tpm(struct work *w)
{
    struct tb_tpm_options options = tb_attest_tpm_options(w->e->config);
    struct tb_tpm_error why;

    switch (tb_tpm_probe(&options, &why)) {
    case TB_TPM_OK: w->attempt.tpm_state = TB_TPM_STATE_20; break;
    case TB_TPM_IS_12: w->attempt.tpm_state = TB_TPM_STATE_12; break;
    case TB_TPM_NONE: w->attempt.tpm_state = TB_TPM_STATE_NONE; break;
    default: return tpm_failed(w, &why);
    }
    w->request.tpm_state = w->attempt.tpm_state;
    return w->attempt.tpm_state == TB_TPM_STATE_20 ? make_keys(w) : TB_ENROL_DONE;
}

/* --- The two requests ---------------------------------------------------------------------------
 */

/* An answer of status 200, or the reason why there is none. */
static enum tb_enrol_status ask(struct work *w, const char *path, struct tb_reader body,
                                struct tb_link_reply *reply)
{
    enum tb_link_status status = tb_link_post(w->e->link, path, body, TB_LINK_FREE, reply);

    if (status != TB_LINK_ANSWERED)
        return say(w, TB_ENROL_NO_SERVER, reply->text);
    if (reply->status == 200)
        return TB_ENROL_DONE;
    (void)snprintf(w->text, 512, "the Verifier refused: %.400s", reply->text);
    return reply->status >= 500 || reply->status == 429 ? TB_ENROL_NO_SERVER : TB_ENROL_REFUSED;
}

static enum tb_enrol_status not_understood(struct work *w, const struct tb_reason *why)
{
    (void)snprintf(w->text, 512,
                   "the Verifier's answer is not understood: %s: expected %s, "
                   "found %s",
                   why->where, why->expected, why->observed);
    return TB_ENROL_NO_SERVER;
}

static enum tb_enrol_status open_credential(struct work *w, const struct tb_enrol_offer *offer)
{
    uint8_t secret[TB_TPM_SECRET_MAX];
    size_t len = 0;
    struct tb_tpm_error why;
    enum tb_enrol_status status = TB_ENROL_DONE;

    if (w->tpm == NULL)
        return TB_ENROL_DONE;
    if (tb_tpm_activate(w->tpm, offer->credential, offer->encrypted_secret, secret, &len, &why) !=
        TB_TPM_OK) {
        status = tpm_failed(w, &why);
    } else if (len != TB_SECRET_LEN) {
        status =
            say(w, TB_ENROL_NO_SERVER, "the Verifier's credential holds no secret of its length");
    } else {
        memcpy(w->attempt.secret, secret, TB_SECRET_LEN);
        w->attempt.secret_len = TB_SECRET_LEN;
    }
    tb_wipe(secret, sizeof secret);
    return status;
}

static void fill_request(struct work *w)
{
    const struct tb_agent_config *c = w->e->config;
    struct tb_host_facts facts;

    tb_attest_host_facts(c, "", w->e->hasher, &facts);
    (void)snprintf(w->request.token, sizeof w->request.token, "%s", w->e->token);
    (void)snprintf(w->request.host_name, sizeof w->request.host_name, "%s",
                   c->name[0] != '\0' ? c->name : facts.host_name);
    (void)snprintf(w->request.agent_version, sizeof w->request.agent_version, "%s", TB_VERSION);
    w->request.platform = facts.platform;
}

static enum tb_enrol_status get_offer(struct work *w)
{
    uint8_t *bytes = malloc(TB_MESSAGE_MAX);
    struct tb_link_reply reply;
    struct tb_enrol_offer offer;
    struct tb_reason why;
    size_t len = 0;
    enum tb_enrol_status status;

    if (bytes == NULL || !tb_enrol_request_encode(&w->request, bytes, TB_MESSAGE_MAX, &len)) {
        tb_wipe(bytes, bytes != NULL ? TB_MESSAGE_MAX : 0);
        free(bytes);
        return say(w, TB_ENROL_REFUSED,
                   "the request cannot be encoded: is the host's name a valid one? Give --name");
    }
    status = ask(w, "/v1/agent/enrol", tb_slice(bytes, len), &reply);
    tb_wipe(bytes, TB_MESSAGE_MAX); /* the token is in it */
    free(bytes);
    if (status != TB_ENROL_DONE)
        return status;
    if (!tb_enrol_offer_decode(reply.body, &offer, &why))
        return not_understood(w, &why);
    memcpy(w->attempt.enrolment_id, offer.enrolment_id, sizeof offer.enrolment_id);
    return open_credential(w, &offer);
}

static enum tb_enrol_status activate(struct work *w, struct tb_activate_reply *out)
{
    struct tb_activate_request request = {
        .secret = tb_slice(w->attempt.secret, w->attempt.secret_len),
    };
    struct tb_link_reply reply;
    struct tb_reason why;
    uint8_t bytes[128];
    size_t len;
    enum tb_enrol_status status;

    memcpy(request.enrolment_id, w->attempt.enrolment_id, sizeof request.enrolment_id);
    if (!tb_activate_request_encode(&request, bytes, sizeof bytes, &len))
        return say(w, TB_ENROL_REFUSED, "the activation cannot be encoded");
    status = ask(w, "/v1/agent/activate", tb_slice(bytes, len), &reply);
    tb_wipe(bytes, sizeof bytes);
    if (status != TB_ENROL_DONE)
        return status;
    return tb_activate_reply_decode(reply.body, out, &why) ? TB_ENROL_DONE
                                                           : not_understood(w, &why);
}

/* --- All of it ----------------------------------------------------------------------------------
 */

static enum tb_enrol_status keep(struct work *w, struct tb_activate_reply *reply,
                                 struct tb_enrolment *out, bool *active)
{
    struct tb_enrolment e = { .tpm_state = w->attempt.tpm_state,
                              .interval_s = reply->interval_s,
                              .ak_len = w->attempt.ak_len };
    char err[TB_FILE_ERR_LEN];

    (void)snprintf(e.host_id, sizeof e.host_id, "%s", reply->host_id);
    tb_hex(tb_slice(reply->host_token, sizeof reply->host_token), e.token, sizeof e.token);
    memcpy(e.ak, w->attempt.ak, sizeof e.ak);
    *active = reply->state == TB_ENROL_ACTIVE;
    tb_wipe(reply, sizeof *reply);
    if (!tb_enrolment_save(w->e->state, &e, err) || !tb_attempt_remove(w->e->state, err)) {
        tb_wipe(&e, sizeof e);
        return say(w, TB_ENROL_NO_DISK, err);
    }
    *out = e;
    tb_wipe(&e, sizeof e);
    (void)snprintf(w->text, 512,
                   *active ? "enrolled as %s"
                           : "enrolled as %s; it waits for an operator's approval",
                   out->host_id);
    return TB_ENROL_DONE;
}

/* Repeat the last step of an enrolment whose answer was lost. Refused: it never came to be. */
static enum tb_enrol_status resume(struct work *w, struct tb_enrolment *out, bool *active)
{
    struct tb_activate_reply reply;
    char err[TB_FILE_ERR_LEN];
    enum tb_enrol_status status;

    if (tb_attempt_load(w->e->state, &w->attempt, err) != TB_FILE_OK ||
        strcmp(w->attempt.server, w->e->config->server) != 0)
        return TB_ENROL_REFUSED;
    status = activate(w, &reply);
    return status == TB_ENROL_DONE ? keep(w, &reply, out, active) : status;
}

static enum tb_enrol_status anew(struct work *w, struct tb_enrolment *out, bool *active)
{
    struct tb_activate_reply reply;
    char err[TB_FILE_ERR_LEN];
    enum tb_enrol_status status;

    tb_wipe(&w->attempt, sizeof w->attempt);
    (void)snprintf(w->attempt.server, sizeof w->attempt.server, "%s", w->e->config->server);
    fill_request(w);
    status = look_at_tpm(w);
    if (status == TB_ENROL_DONE)
        status = get_offer(w);
    if (status == TB_ENROL_DONE && !tb_attempt_save(w->e->state, &w->attempt, err))
        status = say(w, TB_ENROL_NO_DISK, err);
    if (status == TB_ENROL_DONE)
        status = activate(w, &reply);
    if (status == TB_ENROL_REFUSED && !tb_attempt_remove(w->e->state, err))
        status = say(w, TB_ENROL_NO_DISK, err);
    return status == TB_ENROL_DONE ? keep(w, &reply, out, active) : status;
}

enum tb_enrol_status tb_enrol(const struct tb_enroller *e, struct tb_enrolment *out, bool *active,
                              char text[512])
{
    struct work *w = calloc(1, sizeof *w);
    enum tb_enrol_status status;

    if (w == NULL) {
        (void)snprintf(text, 512, "out of memory");
        return TB_ENROL_NO_DISK;
    }
    w->e = e;
    w->text = text;
    status = resume(w, out, active);
    if (status == TB_ENROL_REFUSED)
        status = anew(w, out, active);
    tb_tpm_close(w->tpm);
    tb_wipe(w, sizeof *w);
    free(w);
    return status;
}
