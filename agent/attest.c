/* agent/attest.c - see attest.h.
 *
 * The quote's extraData covers everything that is sent, so the content is complete before the quote
 * is asked for, and the PCR values in it may be out of date by then. They are compared with what
 * was quoted, and the whole is begun again with a new challenge when a PCR moved, when the
 * connection broke in between or when the answer came too late. */
#include "agent/attest.h"

#include "agent/boot_set.h"
#include "agent/journal.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX 4
#define TOO_SOON_MAX_S 5 /* waited at once; the daemon comes again anyway */

/* One attestation under way. On the heap: it is large. */
struct work {
    const struct tb_attester *a;
    struct tb_attest_result *out;
    struct tb_tpm *tpm;
    struct tb_tpm_properties properties;
    struct tb_challenge challenge;
    struct tb_host_facts host;
    struct tb_evidence_content content;
    struct tb_tpm_pcrs pcrs;
    struct tb_tpm_selection selection[TB_TPM_BANKS_MAX];
    size_t n_selection;
    struct tb_tpm_quote quote;
    uint8_t *log; /* NULL: it could not be read */
    size_t log_len;
    struct tb_user_log user_log;
    uint8_t *packages; /* NULL: none */
    size_t packages_len;
    bool send_all; /* the Verifier does not hold what it said it holds */
    uint8_t *content_bytes, *message;
    size_t content_len, message_len;
};

enum step { STEP_OK, STEP_AGAIN, STEP_END };

static enum step end(struct work *w, enum tb_attest_status status, const char *text)
{
    w->out->status = status;
    if (text != w->out->text)
        (void)snprintf(w->out->text, sizeof w->out->text, "%s", text);
    tb_journal_clean(w->out->text);
    return STEP_END;
}

struct tb_tpm_options tb_attest_tpm_options(const struct tb_agent_config *config)
{
    return (struct tb_tpm_options){ .tcti = config->tcti[0] != '\0' ? config->tcti : NULL };
}

void tb_attest_host_facts(const struct tb_agent_config *config, const char *root,
                          struct tb_hasher *hasher, struct tb_host_facts *out)
{
    tb_host_facts_read(root, hasher, out);
    if (config->withhold_serial)
        memset(out->platform.serial, 0, sizeof out->platform.serial);
}

void tb_attest_tpm_facts(const struct tb_tpm_properties *p, struct tb_tpm_facts *out)
{
    *out =
        (struct tb_tpm_facts){ .firmware_version = (uint64_t)p->firmware_1 << 32 | p->firmware_2 };
    tb_text_copy(out->manufacturer, sizeof out->manufacturer, p->manufacturer);
    tb_text_copy(out->vendor, sizeof out->vendor, p->vendor);
}

/* --- The Verifier's refusals --------------------------------------------------------------------
 */

static enum step link_failed(struct work *w, enum tb_link_status status,
                             const struct tb_link_reply *reply)
{
    if (status == TB_LINK_REPLACED)
        return STEP_AGAIN;
    return end(w, TB_ATTEST_NO_SERVER, reply->text);
}

static enum step refused(struct work *w, const struct tb_link_reply *reply)
{
    w->out->retry_after_s = reply->retry_after_s;
    if (reply->status == 409 && strcmp(reply->code, "no-challenge") == 0)
        return STEP_AGAIN; /* another process of this host has asked for a challenge since */
    if (reply->status == 429 && strcmp(reply->code, "too-soon") == 0 &&
        reply->retry_after_s <= TOO_SOON_MAX_S) {
        const struct timespec wait = { .tv_sec = reply->retry_after_s };

        (void)nanosleep(&wait, NULL); /* another process of this host has just attested */
        return STEP_AGAIN;
    }
    if (reply->status == 410)
        return STEP_AGAIN; /* late, which says nothing about this host (T-15) */
    if (reply->status == 400 && strcmp(reply->code, "evidence.complete") == 0 && !w->send_all) {
        w->send_all = true;
        return STEP_AGAIN;
    }
    if (reply->status == 403 && strcmp(reply->code, "pending") == 0)
        return end(w, TB_ATTEST_PENDING, reply->text);
    if (reply->status >= 500 || reply->status == 429 || reply->status == 408)
        return end(w, TB_ATTEST_NO_SERVER, reply->text);
    if (reply->status == 401) {
        (void)snprintf(w->out->text, sizeof w->out->text,
                       "the Verifier does not know this host's token: enrol it again (%.200s)",
                       reply->text);
        return end(w, TB_ATTEST_REFUSED, w->out->text);
    }
    return end(w, TB_ATTEST_REFUSED, reply->text);
}

static enum step not_understood(struct work *w, const struct tb_reason *why)
{
    (void)snprintf(w->out->text, sizeof w->out->text,
                   "the Verifier's answer is not understood: %s: expected %s, found %s", why->where,
                   why->expected, why->observed);
    return end(w, TB_ATTEST_NO_SERVER, w->out->text);
}

/* --- Challenge ----------------------------------------------------------------------------------
 */

static enum step get_challenge(struct work *w, enum tb_tpm_state state)
{
    struct tb_challenge_request request = { .tpm_state = state };
    struct tb_link_reply reply;
    struct tb_reason why;
    uint8_t bytes[256];
    size_t len;
    enum tb_link_status status;

    (void)snprintf(request.host_id, sizeof request.host_id, "%s", w->a->enrolment->host_id);
    (void)snprintf(request.agent_version, sizeof request.agent_version, "%s", TB_VERSION);
    if (!tb_challenge_request_encode(&request, bytes, sizeof bytes, &len))
        return end(w, TB_ATTEST_REFUSED, "the request for a challenge cannot be encoded");
    status =
        tb_link_post(w->a->link, "/v1/agent/challenge", tb_slice(bytes, len), TB_LINK_BIND, &reply);
    if (status != TB_LINK_ANSWERED)
        return link_failed(w, status, &reply);
    if (reply.status == 204) {
        w->out->interval_s = w->a->enrolment->interval_s;
        return end(w, TB_ATTEST_NOT_CAPABLE, w->out->text);
    }
    if (reply.status != 200)
        return refused(w, &reply);
    if (!tb_challenge_decode(reply.body, &w->challenge, &why))
        return not_understood(w, &why);
    w->out->interval_s = w->challenge.interval_s;
    return STEP_OK;
}

/* --- Content ------------------------------------------------------------------------------------
 */

size_t tb_attest_selection(const struct tb_selection *wanted, size_t n_wanted,
                           const struct tb_tpm_properties *tpm,
                           struct tb_tpm_selection out[TB_TPM_BANKS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < n_wanted && n < TB_TPM_BANKS_MAX; i++)
        for (size_t k = 0; k < tpm->n_banks; k++)
            if (tpm->bank[k].alg == wanted[i].alg && (tpm->bank[k].pcrs & wanted[i].pcrs) != 0)
                out[n++] =
                    (struct tb_tpm_selection){ wanted[i].alg, tpm->bank[k].pcrs & wanted[i].pcrs };
    return n;
}

static bool copy_pcrs(const struct tb_tpm_pcrs *in, struct tb_pcrs *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < in->n_banks; i++) {
        const struct tb_tpm_pcr_bank *from = &in->bank[i];
        enum tb_bank bank;

        if (!tb_bank_of_alg(from->alg, &bank) || from->digest_len != tb_bank_digest_len(bank))
            return false; /* a bank whose values no message can carry */
        out->mask[bank] = from->pcrs & TB_PCR_MASK;
        for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
            if ((out->mask[bank] >> pcr & 1) != 0)
                memcpy(out->value[bank][pcr], from->digest[pcr], from->digest_len);
    }
    return true;
}

static bool fill_log(struct work *w, struct tb_evidence_content *c)
{
    uint8_t digest[TB_DIGEST_MAX];

    c->log_missing = w->log == NULL;
    if (c->log_missing)
        return true; /* the reason stands in the content already */
    if (!tb_hash(w->a->hasher, TB_BANK_SHA256, tb_slice(w->log, w->log_len), digest))
        return false;
    memcpy(c->log_digest, digest, sizeof c->log_digest);
    if (w->send_all || !w->challenge.has_held_log ||
        memcmp(w->challenge.held_log, c->log_digest, sizeof c->log_digest) != 0)
        c->log = tb_slice(w->log, w->log_len);
    return true;
}

/* A part that only hosts on our own boot chain have; the bytes are left out where the Verifier
 * holds them. */
static bool fill_part(const struct work *w, struct tb_reader bytes, const uint8_t *held,
                      bool *has_digest, uint8_t digest[32], struct tb_reader *sent)
{
    uint8_t full[TB_DIGEST_MAX];

    *has_digest = bytes.left != 0;
    *sent = tb_slice(NULL, 0);
    if (!*has_digest)
        return true;
    if (!tb_hash(w->a->hasher, TB_BANK_SHA256, bytes, full))
        return false;
    memcpy(digest, full, 32);
    if (w->send_all || held == NULL || memcmp(held, digest, 32) != 0)
        *sent = bytes;
    return true;
}

static bool fill_chain(struct work *w, struct tb_evidence_content *c)
{
    const struct tb_challenge *held = &w->challenge;

    return fill_part(w, tb_slice(w->user_log.bytes, w->user_log.len),
                     held->has_held_user_log ? held->held_user_log : NULL, &c->has_user_log_digest,
                     c->user_log_digest, &c->user_log) &&
           fill_part(w, tb_slice(w->packages, w->packages_len),
                     held->has_held_packages ? held->held_packages : NULL, &c->has_packages_digest,
                     c->packages_digest, &c->packages);
}

static bool fill_pcrs(struct work *w, struct tb_evidence_content *c)
{
    uint8_t digest[TB_DIGEST_MAX];

    if (!copy_pcrs(&w->pcrs, &c->pcrs) || !tb_pcrs_fingerprint(&c->pcrs, w->a->hasher, digest))
        return false;
    memcpy(c->pcrs_fingerprint, digest, sizeof c->pcrs_fingerprint);
    c->has_pcrs = w->send_all || !w->challenge.has_held_pcrs ||
                  memcmp(w->challenge.held_pcrs, digest, sizeof w->challenge.held_pcrs) != 0;
    return true;
}

static uint64_t now_ms(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0 || t.tv_sec < 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Everything but quote and signature, as it will be sent. */
static bool make_content(struct work *w)
{
    struct tb_evidence_content *c = &w->content;
    size_t room = w->log_len + w->user_log.len + w->packages_len + TB_MESSAGE_MAX;

    c->log = tb_slice(NULL, 0);
    if (!fill_pcrs(w, c) || !fill_log(w, c) || !fill_chain(w, c))
        return false;
    memcpy(c->boot_id, w->host.boot_id, sizeof c->boot_id);
    c->uptime_ms = now_ms(CLOCK_BOOTTIME);
    c->realtime_ms = now_ms(CLOCK_REALTIME);
    c->tpm_state = TB_TPM_STATE_20;
    tb_attest_tpm_facts(&w->properties, &c->tpm);
    (void)snprintf(c->agent_version, sizeof c->agent_version, "%s", TB_VERSION);
    memcpy(c->serial, w->host.platform.serial, sizeof c->serial);
    free(w->content_bytes);
    w->content_bytes = malloc(room);
    return w->content_bytes != NULL &&
           tb_evidence_content_encode(c, w->content_bytes, room, &w->content_len);
}

/* --- Quote --------------------------------------------------------------------------------------
 */

bool tb_attest_values_are_quoted(const struct tb_tpm_quote *quote, const struct tb_pcrs *values,
                                 struct tb_hasher *hasher)
{
    struct tb_reader signature = tb_slice(quote->signature, quote->signature_len);
    struct tb_reason why;
    struct tb_quote q;
    uint16_t scheme, hash;
    enum tb_bank bank;
    uint8_t digest[TB_DIGEST_MAX];

    /* pcrDigest is by the hash of the signing scheme, which TPMT_SIGNATURE begins with (TPM 2.0
     * Library Part 2, rev 01.59, 11.3.4). */
    return tb_quote_parse(tb_slice(quote->attest, quote->attest_len), &q, &why) &&
           tb_read_u16be(&signature, &scheme) && tb_read_u16be(&signature, &hash) &&
           tb_bank_of_alg(hash, &bank) &&
           tb_pcrs_digest(values, q.selection, q.n_selections, bank, hasher, digest, &why) &&
           tb_slice_equal(q.pcr_digest, tb_slice(digest, tb_bank_digest_len(bank)));
}

static enum step tpm_failed(struct work *w, const struct tb_tpm_error *why)
{
    return end(w, TB_ATTEST_NO_TPM, why->text);
}

static enum step quote_content(struct work *w)
{
    const char *id = w->a->enrolment->host_id;
    uint8_t exporter[TB_EXPORTER_LEN], binding[TB_DIGEST_MAX];
    struct tb_tpm_error why;

    w->n_selection = tb_attest_selection(w->challenge.wanted, w->challenge.n_wanted, &w->properties,
                                         w->selection);
    if (w->n_selection == 0)
        return end(w, TB_ATTEST_REFUSED, "the TPM has none of the PCR banks asked for");
    if (tb_tpm_pcr_read(w->tpm, w->selection, w->n_selection, &w->pcrs, &why) != TB_TPM_OK)
        return tpm_failed(w, &why);
    if (!make_content(w) || !tb_link_exporter(w->a->link, exporter) ||
        !tb_binding(w->a->hasher, tb_slice(w->challenge.nonce, TB_NONCE_LEN),
                    tb_slice(id, strlen(id)), tb_slice(exporter, sizeof exporter),
                    tb_slice(w->content_bytes, w->content_len), binding))
        return end(w, TB_ATTEST_REFUSED, "the evidence cannot be put together");
    if (tb_tpm_quote(w->tpm, tb_slice(binding, 32), w->selection, w->n_selection, &w->quote,
                     &why) != TB_TPM_OK)
        return tpm_failed(w, &why);
    if (tb_attest_values_are_quoted(&w->quote, &w->content.pcrs, w->a->hasher))
        return STEP_OK;
    (void)snprintf(w->out->text, sizeof w->out->text,
                   "a PCR was extended between reading and quoting, %d times in a row", ROUNDS_MAX);
    return STEP_AGAIN;
}

/* The user log grows while the system comes up, and each of its records is an extend. */
static enum step make_quote(struct work *w)
{
    const char *path = w->a->config->user_log;
    char note[TB_BOOT_SET_NOTE_LEN] = "";
    enum step step;

    if (path[0] != '\0')
        tb_user_log_open(path, &w->user_log, note);
    if (note[0] != '\0')
        tb_journal(TB_JOURNAL_WARNING, "user_log: %s", note);
    step = quote_content(w);
    tb_user_log_close(&w->user_log);
    return step;
}

/* --- Evidence -----------------------------------------------------------------------------------
 */

static enum step send_evidence(struct work *w)
{
    struct tb_evidence_message m = {
        .quote = tb_slice(w->quote.attest, w->quote.attest_len),
        .signature = tb_slice(w->quote.signature, w->quote.signature_len),
        .content = tb_slice(w->content_bytes, w->content_len),
    };
    size_t room = w->content_len + 8192;
    struct tb_link_reply reply;
    struct tb_reason why;
    enum tb_link_status status;

    (void)snprintf(m.host_id, sizeof m.host_id, "%s", w->a->enrolment->host_id);
    memcpy(m.nonce, w->challenge.nonce, sizeof m.nonce);
    free(w->message);
    w->message = malloc(room);
    if (w->message == NULL || !tb_evidence_message_encode(&m, w->message, room, &w->message_len))
        return end(w, TB_ATTEST_REFUSED, "the evidence cannot be encoded");
    status = tb_link_post(w->a->link, "/v1/agent/evidence", tb_slice(w->message, w->message_len),
                          TB_LINK_BOUND, &reply);
    if (status != TB_LINK_ANSWERED) {
        (void)snprintf(w->out->text, sizeof w->out->text, "%s", reply.text);
        return link_failed(w, status, &reply);
    }
    if (reply.status != 200) {
        (void)snprintf(w->out->text, sizeof w->out->text, "%s", reply.text);
        return refused(w, &reply);
    }
    if (!tb_evidence_answer_decode(reply.body, &w->out->answer, &why))
        return not_understood(w, &why);
    if (w->out->answer.next_s != 0)
        w->out->interval_s = w->out->answer.next_s;
    return end(w, TB_ATTEST_DONE, w->out->answer.text);
}

/* --- All of it ----------------------------------------------------------------------------------
 */

static enum step open_tpm(struct work *w)
{
    struct tb_tpm_options options = tb_attest_tpm_options(w->a->config);
    const struct tb_enrolment *e = w->a->enrolment;
    struct tb_tpm_error why;

    if (tb_tpm_open(&options, &w->tpm, &why) != TB_TPM_OK ||
        tb_tpm_read_properties(w->tpm, &w->properties, &why) != TB_TPM_OK)
        return tpm_failed(w, &why);
    if (tb_tpm_ak_load(w->tpm, tb_slice(e->ak, e->ak_len), &why) == TB_TPM_OK)
        return STEP_OK;
    if (why.status != TB_TPM_REFUSED)
        return tpm_failed(w, &why);
    (void)snprintf(w->out->text, sizeof w->out->text,
                   "the TPM does not take the attestation key of the enrolment (%.300s): was it "
                   "replaced? The operator records that, then enrol --again",
                   why.text);
    return end(w, TB_ATTEST_NO_TPM, w->out->text);
}

static void read_boot_set(struct work *w)
{
    const char *dir = w->a->config->boot_set;
    char note[TB_BOOT_SET_NOTE_LEN];

    if (dir[0] == '\0')
        return;
    tb_boot_set_read(dir, &w->packages, &w->packages_len, note);
    if (note[0] != '\0')
        tb_journal(TB_JOURNAL_WARNING, "boot_set: %s", note);
}

static void attest_20(struct work *w)
{
    const struct tb_agent_config *c = w->a->config;
    enum step step = open_tpm(w);

    if (step != STEP_OK)
        return;
    tb_attest_host_facts(c, "", w->a->hasher, &w->host);
    if (!tb_host_log_read("", c->event_log[0] != '\0' ? c->event_log : NULL, TB_LOG_SIZE_MAX,
                          &w->log, &w->log_len, w->content.log_missing_reason)) {
        w->log = NULL;
        w->log_len = 0;
    }
    read_boot_set(w);
    for (int round = 0; round < ROUNDS_MAX && step != STEP_END; round++) {
        step = get_challenge(w, TB_TPM_STATE_20);
        if (step == STEP_OK)
            step = make_quote(w);
        if (step == STEP_OK)
            step = send_evidence(w);
    }
    if (step != STEP_END)
        end(w, TB_ATTEST_NO_SERVER,
            w->out->text[0] != '\0' ? w->out->text : "the connection broke again and again");
}

static void attest_without(struct work *w, enum tb_tpm_state state, const struct tb_tpm_error *why)
{
    enum step step = STEP_AGAIN;

    (void)snprintf(w->out->text, sizeof w->out->text, "%s", why->text);
    for (int round = 0; round < ROUNDS_MAX && step == STEP_AGAIN; round++)
        step = get_challenge(w, state);
    if (step != STEP_END) /* it was enrolled with a TPM 2.0 and would have had a challenge */
        end(w, TB_ATTEST_REFUSED, "the Verifier asks for a quote that this host cannot give");
}

void tb_attest(const struct tb_attester *a, struct tb_attest_result *out)
{
    struct tb_tpm_options options = tb_attest_tpm_options(a->config);
    struct tb_tpm_error why;
    struct work *w = calloc(1, sizeof *w);

    *out = (struct tb_attest_result){ .status = TB_ATTEST_NO_TPM };
    if (w == NULL) {
        (void)snprintf(out->text, sizeof out->text, "out of memory");
        return;
    }
    w->a = a;
    w->out = out;
    w->user_log.fd = -1;
    switch (tb_tpm_probe(&options, &why)) {
    case TB_TPM_OK:
        if (a->enrolment->tpm_state == TB_TPM_STATE_20)
            attest_20(w);
        else
            end(w, TB_ATTEST_REFUSED,
                "this host was enrolled without a TPM 2.0 and has one now: enrol --again");
        break;
    case TB_TPM_NONE: attest_without(w, TB_TPM_STATE_NONE, &why); break;
    case TB_TPM_IS_12: attest_without(w, TB_TPM_STATE_12, &why); break;
    default: tpm_failed(w, &why); break;
    }
    tb_tpm_close(w->tpm);
    free(w->log);
    free(w->packages);
    free(w->content_bytes);
    free(w->message);
    free(w);
}
