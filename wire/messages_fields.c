/* wire/messages_fields.c - the tables of wire/messages.c: which message has which fields. */
#include "wire/messages_fields.h"

#include <string.h>

/* ---- enrolment ---- */

static bool has_chain(const void *m)
{
    return ((const struct tb_enrol_request *)m)->n_ek_chain != 0;
}

static void write_chain(struct tb_cbor_writer *w, const void *m)
{
    const struct tb_enrol_request *q = m;

    tb_cbor_write_array(w, q->n_ek_chain);
    for (size_t i = 0; i < q->n_ek_chain && i < TB_EK_CHAIN_MAX; i++)
        tb_cbor_write_bytes(w, q->ek_chain[i]);
}

static bool read_chain(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_enrol_request *q = m;

    if (!tb_cbor_read_array(r, 1, TB_EK_CHAIN_MAX, &q->n_ek_chain, why))
        return false;
    for (size_t i = 0; i < q->n_ek_chain; i++)
        if (!tb_cbor_read_bytes(r, 1, TB_EK_CERTIFICATE_MAX, &q->ek_chain[i], why))
            return false;
    return true;
}

static const struct tb_field_special chain = { has_chain, write_chain, read_chain };

/* A TPM 2.0 has both keys; anything else has none. */
static bool request_coherent(const struct tb_cbor_reader *r, const void *m, struct tb_reason *why)
{
    const struct tb_enrol_request *q = m;
    bool keys = q->ek_public.left != 0 && q->ak_public.left != 0;
    bool any = q->ek_public.left != 0 || q->ak_public.left != 0 || q->ek_certificate.left != 0 ||
               q->n_ek_chain != 0;

    if (q->tpm_state == TB_TPM_STATE_20 && !keys)
        return REFUSE(r, "both keys of a TPM 2.0", "a key is missing", why);
    if (q->tpm_state != TB_TPM_STATE_20 && any)
        return REFUSE(r, "no keys without a TPM 2.0", "a key or certificate", why);
    return true;
}

static const struct tb_field enrol_request_fields[] = {
    VERSION,
    TEXT_OPT(2, tb_enrol_request, token),
    NAME(3, tb_enrol_request, host_name),
    UINT(4, tb_enrol_request, tpm_state, 0, TB_N_TPM_STATES - 1),
    SLICE_OPT(5, tb_enrol_request, ek_public, TB_PUBLIC_MAX),
    SLICE_OPT(6, tb_enrol_request, ek_certificate, TB_EK_CERTIFICATE_MAX),
    SPECIAL_OPT(7, "ek_chain", chain),
    SLICE_OPT(8, tb_enrol_request, ak_public, TB_PUBLIC_MAX),
    TEXT_OPT(9, tb_enrol_request, tpm.manufacturer),
    TEXT_OPT(10, tb_enrol_request, tpm.vendor),
    UINT(11, tb_enrol_request, tpm.firmware_version, 0, UINT64_MAX),
    TEXT_OPT(12, tb_enrol_request, platform.vendor),
    TEXT_OPT(13, tb_enrol_request, platform.product),
    TEXT_OPT(14, tb_enrol_request, platform.serial),
    TEXT_OPT(15, tb_enrol_request, platform.os),
    TEXT_OPT(16, tb_enrol_request, platform.kernel),
    TEXT_OPT(17, tb_enrol_request, agent_version),
};
SCHEMA(enrol_request, "enrol-request", TB_MESSAGE_MAX, request_coherent)

static bool offer_coherent(const struct tb_cbor_reader *r, const void *m, struct tb_reason *why)
{
    const struct tb_enrol_offer *o = m;

    if ((o->credential.left == 0) != (o->encrypted_secret.left == 0))
        return REFUSE(r, "credential and secret together", "one of them", why);
    return true;
}

static const struct tb_field enrol_offer_fields[] = {
    VERSION,
    FIXED(2, tb_enrol_offer, enrolment_id),
    SLICE_OPT(3, tb_enrol_offer, credential, TB_CREDENTIAL_MAX),
    SLICE_OPT(4, tb_enrol_offer, encrypted_secret, TB_CREDENTIAL_MAX),
    UINT(5, tb_enrol_offer, lifetime_s, 0, UINT32_MAX),
};
SCHEMA(enrol_offer, "enrol-offer", TB_MESSAGE_MAX, offer_coherent)

static const struct tb_field activate_request_fields[] = {
    VERSION,
    FIXED(2, tb_activate_request, enrolment_id),
    SLICE_OPT(3, tb_activate_request, secret, TB_SECRET_LEN),
};
SCHEMA(activate_request, "activate-request", TB_MESSAGE_MAX, NULL)

static const struct tb_field activate_reply_fields[] = {
    VERSION,
    UINT(2, tb_activate_reply, state, TB_ENROL_ACTIVE, TB_N_ENROL_STATES - 1),
    NAME(3, tb_activate_reply, host_id),
    FIXED(4, tb_activate_reply, host_token),
    UINT(5, tb_activate_reply, interval_s, 0, UINT32_MAX),
};
SCHEMA(activate_reply, "activate-reply", TB_MESSAGE_MAX, NULL)

/* ---- attestation ---- */

static const struct tb_field challenge_request_fields[] = {
    VERSION,
    NAME(2, tb_challenge_request, host_id),
    UINT(3, tb_challenge_request, tpm_state, 0, TB_N_TPM_STATES - 1),
    TEXT_OPT(4, tb_challenge_request, agent_version),
};
SCHEMA(challenge_request, "challenge-request", TB_MESSAGE_MAX, NULL)

void tb_fields_write_selections(struct tb_cbor_writer *w, const struct tb_selection *sel, size_t n)
{
    tb_cbor_write_array(w, n);
    for (size_t i = 0; i < n && i < TB_SELECTIONS_MAX; i++) {
        tb_cbor_write_array(w, 2);
        tb_cbor_write_uint(w, sel[i].alg);
        tb_cbor_write_uint(w, sel[i].pcrs);
    }
}

static bool read_selection(struct tb_cbor_reader *r, struct tb_selection *sel, size_t i,
                           struct tb_reason *why)
{
    uint64_t alg, pcrs;
    size_t two;

    if (!tb_cbor_read_array(r, 2, 2, &two, why) ||
        !tb_cbor_read_uint(r, 1, UINT16_MAX, &alg, why) ||
        !tb_cbor_read_uint(r, 1, TB_PCR_MASK, &pcrs, why))
        return false;
    for (size_t k = 0; k < i; k++)
        if (sel[k].alg == alg)
            return REFUSE(r, "each bank once", "a bank twice", why);
    sel[i] = (struct tb_selection){ .alg = (uint16_t)alg, .pcrs = (uint32_t)pcrs };
    return true;
}

bool tb_fields_read_selections(struct tb_cbor_reader *r, struct tb_selection sel[TB_SELECTIONS_MAX],
                               size_t *n, struct tb_reason *why)
{
    if (!tb_cbor_read_array(r, 1, TB_SELECTIONS_MAX, n, why))
        return false;
    for (size_t i = 0; i < *n; i++)
        if (!read_selection(r, sel, i, why))
            return false;
    return true;
}

static void write_wanted(struct tb_cbor_writer *w, const void *m)
{
    const struct tb_challenge *q = m;

    tb_fields_write_selections(w, q->wanted, q->n_wanted);
}

static bool read_wanted(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_challenge *q = m;

    return tb_fields_read_selections(r, q->wanted, &q->n_wanted, why);
}

static const struct tb_field_special wanted = { NULL, write_wanted, read_wanted };

static const struct tb_field challenge_fields[] = {
    VERSION,
    FIXED(2, tb_challenge, nonce),
    SPECIAL(3, "wanted", wanted),
    FIXED_OPT(4, tb_challenge, held_log),
    FIXED_OPT(5, tb_challenge, held_pcrs),
    UINT(6, tb_challenge, lifetime_s, 0, UINT32_MAX),
    UINT(7, tb_challenge, interval_s, 0, UINT32_MAX),
    FIXED_OPT(8, tb_challenge, held_user_log),
    FIXED_OPT(9, tb_challenge, held_packages),
};
SCHEMA(challenge, "challenge", TB_MESSAGE_MAX, NULL)

static const struct tb_field evidence_message_fields[] = {
    VERSION,
    NAME(2, tb_evidence_message, host_id),
    FIXED(3, tb_evidence_message, nonce),
    SLICE(4, tb_evidence_message, quote, TB_QUOTE_MAX),
    SLICE(5, tb_evidence_message, signature, TB_SIGNATURE_MAX),
    SLICE(6, tb_evidence_message, content, TB_EVIDENCE_MESSAGE_MAX),
};
SCHEMA(evidence_message, "evidence", TB_EVIDENCE_MESSAGE_MAX, NULL)

static bool has_pcrs(const void *m)
{
    return ((const struct tb_evidence_content *)m)->has_pcrs;
}

static void write_bank(struct tb_cbor_writer *w, const struct tb_pcrs *pcrs, enum tb_bank b)
{
    uint8_t values[TB_N_PCRS * TB_DIGEST_MAX];
    size_t len = 0, one = tb_bank_digest_len(b);

    for (unsigned i = 0; i < TB_N_PCRS; i++)
        if (pcrs->mask[b] >> i & 1) {
            memcpy(values + len, pcrs->value[b][i], one);
            len += one;
        }
    tb_cbor_write_array(w, 3);
    tb_cbor_write_uint(w, tb_bank_alg(b));
    tb_cbor_write_uint(w, pcrs->mask[b]);
    tb_cbor_write_bytes(w, tb_slice(values, len));
}

void tb_fields_write_pcrs(struct tb_cbor_writer *w, const struct tb_pcrs *pcrs)
{
    size_t n = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        n += pcrs->mask[b] != 0;
    tb_cbor_write_array(w, n);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (pcrs->mask[b] != 0)
            write_bank(w, pcrs, (enum tb_bank)b);
}

static void write_pcrs(struct tb_cbor_writer *w, const void *m)
{
    tb_fields_write_pcrs(w, &((const struct tb_evidence_content *)m)->pcrs);
}

/* [algorithm, mask, values by PCR number]; *last is the bank before, TB_N_BANKS for none. */
static bool read_bank(struct tb_cbor_reader *r, struct tb_pcrs *pcrs, enum tb_bank *last,
                      struct tb_reason *why)
{
    uint64_t alg, mask;
    size_t three, len;
    struct tb_reader values;
    enum tb_bank b;

    if (!tb_cbor_read_array(r, 3, 3, &three, why) ||
        !tb_cbor_read_uint(r, 1, UINT16_MAX, &alg, why) ||
        !tb_cbor_read_uint(r, 1, TB_PCR_MASK, &mask, why))
        return false;
    if (!tb_bank_of_alg((uint16_t)alg, &b))
        return REFUSE(r, "SHA-1, SHA-256, SHA-384 or SHA-512", "another algorithm", why);
    if (*last != TB_N_BANKS && b <= *last)
        return REFUSE(r, "banks once and in order", "a bank twice or too late", why);
    len = (size_t)__builtin_popcount((unsigned)mask) * tb_bank_digest_len(b);
    if (!tb_cbor_read_bytes(r, len, len, &values, why))
        return false;
    pcrs->mask[b] = (uint32_t)mask;
    for (unsigned i = 0, k = 0; i < TB_N_PCRS; i++)
        if (mask >> i & 1)
            memcpy(pcrs->value[b][i], values.p + k++ * tb_bank_digest_len(b),
                   tb_bank_digest_len(b));
    *last = b;
    return true;
}

bool tb_fields_read_pcrs(struct tb_cbor_reader *r, struct tb_pcrs *pcrs, struct tb_reason *why)
{
    enum tb_bank last = TB_N_BANKS;
    size_t n;

    if (!tb_cbor_read_array(r, 1, TB_N_BANKS, &n, why))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!read_bank(r, pcrs, &last, why))
            return false;
    return true;
}

static bool read_pcrs(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_evidence_content *q = m;

    q->has_pcrs = true;
    return tb_fields_read_pcrs(r, &q->pcrs, why);
}

static const struct tb_field_special pcrs = { has_pcrs, write_pcrs, read_pcrs };

static bool content_coherent(const struct tb_cbor_reader *r, const void *m, struct tb_reason *why)
{
    static const uint8_t zero[32];
    const struct tb_evidence_content *q = m;
    bool no_digest = memcmp(q->log_digest, zero, sizeof zero) == 0;

    if (q->log_missing && (q->log.left != 0 || !no_digest))
        return REFUSE(r, "no log and no digest of a missing log", "one of them", why);
    if (!q->log_missing && (no_digest || q->log_missing_reason[0] != '\0'))
        return REFUSE(r, "the digest of a log that is not missing",
                      no_digest ? "zeros" : "a reason why it is missing", why);
    if ((q->user_log.left != 0 && !q->has_user_log_digest) ||
        (q->packages.left != 0 && !q->has_packages_digest))
        return REFUSE(r, "the digest of each part that is sent", "a part without it", why);
    return true;
}

static const struct tb_field evidence_content_fields[] = {
    VERSION,
    FIXED(2, tb_evidence_content, pcrs_fingerprint),
    SPECIAL_OPT(3, "pcrs", pcrs),
    BOOL(4, tb_evidence_content, log_missing),
    TEXT_OPT(5, tb_evidence_content, log_missing_reason),
    FIXED(6, tb_evidence_content, log_digest),
    SLICE_OPT(7, tb_evidence_content, log, TB_LOG_SIZE_MAX),
    TEXT_OPT(8, tb_evidence_content, boot_id),
    UINT(9, tb_evidence_content, uptime_ms, 0, UINT64_MAX),
    UINT(10, tb_evidence_content, realtime_ms, 0, UINT64_MAX),
    UINT(11, tb_evidence_content, tpm_state, 0, TB_N_TPM_STATES - 1),
    TEXT_OPT(12, tb_evidence_content, tpm.manufacturer),
    TEXT_OPT(13, tb_evidence_content, tpm.vendor),
    UINT(14, tb_evidence_content, tpm.firmware_version, 0, UINT64_MAX),
    TEXT_OPT(15, tb_evidence_content, agent_version),
    TEXT_OPT(16, tb_evidence_content, serial),
    FIXED_OPT(17, tb_evidence_content, user_log_digest),
    SLICE_OPT(18, tb_evidence_content, user_log, TB_CEL_LEN_MAX),
    FIXED_OPT(19, tb_evidence_content, packages_digest),
    SLICE_OPT(20, tb_evidence_content, packages, TB_PACKAGES_LEN_MAX),
};
SCHEMA(evidence_content, "evidence.content", TB_EVIDENCE_MESSAGE_MAX, content_coherent)

/* ---- answer ---- */

static bool has_reasons(const void *m)
{
    return ((const struct tb_evidence_answer *)m)->n_reasons != 0;
}

static void write_reasons(struct tb_cbor_writer *w, const void *m)
{
    const struct tb_evidence_answer *a = m;

    tb_cbor_write_array(w, a->n_reasons);
    for (size_t i = 0; i < a->n_reasons && i < TB_ANSWER_REASONS_MAX; i++) {
        const struct tb_answer_reason *reason = &a->reason[i];

        tb_cbor_write_array(w, 5);
        tb_cbor_write_uint(w, reason->outcome);
        tb_cbor_write_text(w, reason->code);
        tb_cbor_write_text(w, reason->where);
        tb_cbor_write_text(w, reason->expected);
        tb_cbor_write_text(w, reason->observed);
    }
}

/* cap includes the NUL. */
static bool read_string(struct tb_cbor_reader *r, size_t min, size_t cap, char *out,
                        struct tb_reason *why)
{
    struct tb_reader text;

    if (!tb_cbor_read_text(r, min, cap - 1, &text, why))
        return false;
    memcpy(out, text.p, text.left);
    out[text.left] = '\0';
    return true;
}

static bool read_reason(struct tb_cbor_reader *r, struct tb_answer_reason *out,
                        struct tb_reason *why)
{
    uint64_t outcome;
    size_t five;

    if (!tb_cbor_read_array(r, 5, 5, &five, why) ||
        !tb_cbor_read_uint(r, TB_UNKNOWN, TB_FAIL, &outcome, why) ||
        !read_string(r, 1, sizeof out->code, out->code, why) ||
        !read_string(r, 0, sizeof out->where, out->where, why) ||
        !read_string(r, 0, sizeof out->expected, out->expected, why) ||
        !read_string(r, 0, sizeof out->observed, out->observed, why))
        return false;
    out->outcome = (enum tb_outcome)outcome;
    return true;
}

static bool read_reasons(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_evidence_answer *a = m;

    if (!tb_cbor_read_array(r, 1, TB_ANSWER_REASONS_MAX, &a->n_reasons, why))
        return false;
    for (size_t i = 0; i < a->n_reasons; i++)
        if (!read_reason(r, &a->reason[i], why))
            return false;
    return true;
}

static const struct tb_field_special reasons = { has_reasons, write_reasons, read_reasons };

static bool answer_coherent(const struct tb_cbor_reader *r, const void *m, struct tb_reason *why)
{
    const struct tb_evidence_answer *a = m;

    if ((a->headline[0] == '\0') != (a->text[0] == '\0'))
        return REFUSE(r, "headline and text together", "one of them", why);
    return true;
}

static const struct tb_field evidence_answer_fields[] = {
    VERSION,
    UINT(2, tb_evidence_answer, verdict, 0, TB_N_VERDICTS - 1),
    TEXT_OPT(3, tb_evidence_answer, headline),
    TEXT_OPT(4, tb_evidence_answer, text),
    UINT(5, tb_evidence_answer, next_s, 0, UINT32_MAX),
    SPECIAL_OPT(6, "reasons", reasons),
};
SCHEMA(evidence_answer, "answer", TB_MESSAGE_MAX, answer_coherent)

/* ---- waiting ---- */

static const struct tb_field wait_request_fields[] = {
    VERSION,
    NAME(2, tb_wait_request, host_id),
};
SCHEMA(wait_request, "wait-request", TB_MESSAGE_MAX, NULL)

static const struct tb_field wait_reply_fields[] = {
    VERSION,
    UINT(2, tb_wait_reply, command, 0, TB_N_COMMANDS - 1),
};
SCHEMA(wait_reply, "wait-reply", TB_MESSAGE_MAX, NULL)
