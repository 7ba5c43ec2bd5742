#include "wire/bundle.h"

#include <string.h>

#include "wire/messages_fields.h"

#define MAGIC "trueboot-bundle"

static void write_magic(struct tb_cbor_writer *w, const void *m)
{
    (void)m;
    tb_cbor_write_text(w, MAGIC);
}

static bool read_magic(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_reader text;

    (void)m;
    if (!tb_cbor_read_text(r, 1, 64, &text, why))
        return false;
    if (!tb_slice_equal(text, tb_slice(MAGIC, strlen(MAGIC))))
        return REFUSE(r, MAGIC, "another file", why);
    return true;
}

static const struct tb_field_special magic = { NULL, write_magic, read_magic };

static void write_wanted(struct tb_cbor_writer *w, const void *m)
{
    const struct tb_bundle *b = m;

    tb_fields_write_selections(w, b->wanted, b->n_wanted);
}

static bool read_wanted(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_bundle *b = m;

    return tb_fields_read_selections(r, b->wanted, &b->n_wanted, why);
}

static const struct tb_field_special wanted = { NULL, write_wanted, read_wanted };

static bool has_pcrs(const void *m)
{
    return ((const struct tb_bundle *)m)->has_held_pcrs;
}

static void write_pcrs(struct tb_cbor_writer *w, const void *m)
{
    tb_fields_write_pcrs(w, &((const struct tb_bundle *)m)->held_pcrs);
}

static bool read_pcrs(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_bundle *b = m;

    b->has_held_pcrs = true;
    return tb_fields_read_pcrs(r, &b->held_pcrs, why);
}

static const struct tb_field_special pcrs = { has_pcrs, write_pcrs, read_pcrs };

/* [clock_ms, reset_count, restart_count, firmware_version, banks, boot_id] */
static bool has_last(const void *m)
{
    return ((const struct tb_bundle *)m)->last.present;
}

static void write_last(struct tb_cbor_writer *w, const void *m)
{
    const struct tb_quote_memory *last = &((const struct tb_bundle *)m)->last;

    tb_cbor_write_array(w, 6);
    tb_cbor_write_uint(w, last->clock_ms);
    tb_cbor_write_uint(w, last->reset_count);
    tb_cbor_write_uint(w, last->restart_count);
    tb_cbor_write_uint(w, last->firmware_version);
    tb_cbor_write_uint(w, last->banks);
    tb_cbor_write_text(w, last->boot_id);
}

static bool read_last(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_quote_memory *last = &((struct tb_bundle *)m)->last;
    uint64_t reset, restart, banks;
    struct tb_reader boot_id;
    size_t six;

    if (!tb_cbor_read_array(r, 6, 6, &six, why) ||
        !tb_cbor_read_uint(r, 0, UINT64_MAX, &last->clock_ms, why) ||
        !tb_cbor_read_uint(r, 0, UINT32_MAX, &reset, why) ||
        !tb_cbor_read_uint(r, 0, UINT32_MAX, &restart, why) ||
        !tb_cbor_read_uint(r, 0, UINT64_MAX, &last->firmware_version, why) ||
        !tb_cbor_read_uint(r, 0, (1U << TB_N_BANKS) - 1, &banks, why) ||
        !tb_cbor_read_text(r, 0, sizeof last->boot_id - 1, &boot_id, why))
        return false;
    memcpy(last->boot_id, boot_id.p, boot_id.left);
    last->reset_count = (uint32_t)reset;
    last->restart_count = (uint32_t)restart;
    last->banks = (uint32_t)banks;
    last->present = true;
    return true;
}

static const struct tb_field_special last = { has_last, write_last, read_last };

/* [algorithm, the four values of PCR 0 to 3] */
static bool has_firmware(const void *m)
{
    return ((const struct tb_bundle *)m)->firmware.present;
}

static void write_firmware(struct tb_cbor_writer *w, const void *m)
{
    const struct tb_firmware_reference *f = &((const struct tb_bundle *)m)->firmware;
    const size_t len = tb_bank_digest_len(f->bank);
    uint8_t values[4 * TB_DIGEST_MAX];

    for (unsigned i = 0; i < 4; i++)
        memcpy(values + i * len, f->value[i], len);
    tb_cbor_write_array(w, 2);
    tb_cbor_write_uint(w, tb_bank_alg(f->bank));
    tb_cbor_write_bytes(w, tb_slice(values, 4 * len));
}

static bool read_firmware(struct tb_cbor_reader *r, void *m, struct tb_reason *why)
{
    struct tb_firmware_reference *f = &((struct tb_bundle *)m)->firmware;
    struct tb_reader values;
    size_t two, len;
    uint64_t alg;

    if (!tb_cbor_read_array(r, 2, 2, &two, why) || !tb_cbor_read_uint(r, 1, UINT16_MAX, &alg, why))
        return false;
    if (!tb_bank_of_alg((uint16_t)alg, &f->bank))
        return REFUSE(r, "SHA-1, SHA-256, SHA-384 or SHA-512", "another algorithm", why);
    len = tb_bank_digest_len(f->bank);
    if (!tb_cbor_read_bytes(r, 4 * len, 4 * len, &values, why))
        return false;
    for (unsigned i = 0; i < 4; i++)
        memcpy(f->value[i], values.p + i * len, len);
    f->present = true;
    return true;
}

static const struct tb_field_special firmware = { has_firmware, write_firmware, read_firmware };

static const struct tb_field bundle_fields[] = {
    SPECIAL(0, "magic", magic),
    VERSION,
    NAME(2, tb_bundle, host_id),
    NAME(3, tb_bundle, host_name),
    BOOL(4, tb_bundle, enrolled),
    SLICE(5, tb_bundle, ak_public, TB_PUBLIC_MAX),
    SLICE_OPT(6, tb_bundle, ek_certificate, TB_EK_CERTIFICATE_MAX),
    UINT(7, tb_bundle, time_ms, 0, UINT64_MAX),
    FIXED(8, tb_bundle, nonce),
    FIXED(9, tb_bundle, exporter),
    SPECIAL(10, "wanted", wanted),
    SLICE(11, tb_bundle, quote, TB_QUOTE_MAX),
    SLICE(12, tb_bundle, signature, TB_SIGNATURE_MAX),
    SLICE(13, tb_bundle, content, TB_EVIDENCE_MESSAGE_MAX),
    SPECIAL_OPT(14, "held_pcrs", pcrs),
    SLICE_OPT(15, tb_bundle, held_log, TB_LOG_SIZE_MAX),
    SPECIAL_OPT(16, "last", last),
    SPECIAL_OPT(17, "firmware", firmware),
    SLICE(18, tb_bundle, policy, TB_POLICY_JSON_MAX),
    UINT(19, tb_bundle, verdict, 0, TB_N_VERDICTS - 1),
    SLICE(20, tb_bundle, result, TB_RESULT_JSON_MAX),
    TEXT_OPT(21, tb_bundle, serial),
    TEXT_OPT(22, tb_bundle, tpm_class),
    TEXT_OPT(23, tb_bundle, tpm_vendor),
    SLICE_OPT(24, tb_bundle, ek_public, TB_PUBLIC_MAX),
    SLICE_OPT(25, tb_bundle, held_user_log, TB_CEL_LEN_MAX),
    SLICE_OPT(26, tb_bundle, held_packages, TB_PACKAGES_LEN_MAX),
    SLICE_OPT(27, tb_bundle, versions, TB_MINIMUM_LEN_MAX),
};

static bool bundle_coherent(const struct tb_cbor_reader *r, const void *m, struct tb_reason *why)
{
    const struct tb_bundle *b = m;
    struct tb_minimum versions;
    struct tb_reason own;

    return tb_minimum_parse(b->versions, &versions, &own) ||
           REFUSE(r, "security versions by name", "another text", why);
}

static SCHEMA(bundle, "bundle", TB_BUNDLE_MAX, bundle_coherent)

    bool tb_bundle_decode(struct tb_reader in, struct tb_bundle *out, struct tb_reason *why)
{
    struct tb_bundle b;

    memset(&b, 0, sizeof b);
    if (!tb_fields_decode(&tb_schema_bundle, in, &b, why))
        return false;
    *out = b;
    return true;
}

bool tb_bundle_encode(const struct tb_bundle *b, uint8_t *buf, size_t cap, size_t *out_len)
{
    struct tb_bundle check;
    struct tb_reason why;
    size_t len;

    if (!tb_fields_encode(&tb_schema_bundle, b, buf, cap, &len) ||
        !tb_bundle_decode(tb_slice(buf, len), &check, &why))
        return false;
    *out_len = len;
    return true;
}

static bool hold(struct tb_reader bytes, struct tb_hasher *h, struct tb_held_part *out)
{
    uint8_t digest[TB_DIGEST_MAX];

    if (bytes.left == 0)
        return true;
    if (!tb_hash(h, TB_BANK_SHA256, bytes, digest))
        return false;
    memcpy(out->digest, digest, sizeof out->digest);
    out->bytes = bytes;
    out->has = true;
    return true;
}

/* What the bundle says was held, with digests made now. */
static bool held_of(const struct tb_bundle *b, struct tb_hasher *h, struct tb_held_evidence *out)
{
    uint8_t digest[TB_DIGEST_MAX];

    memset(out, 0, sizeof *out);
    if (b->has_held_pcrs) {
        if (!tb_pcrs_fingerprint(&b->held_pcrs, h, digest))
            return false;
        memcpy(out->pcrs_fingerprint, digest, sizeof out->pcrs_fingerprint);
        out->pcrs = &b->held_pcrs;
    }
    return hold(b->held_log, h, &out->log) && hold(b->held_user_log, h, &out->user_log) &&
           hold(b->held_packages, h, &out->packages);
}

bool tb_bundle_appraise(const struct tb_bundle *b, const struct tb_policy *policy,
                        struct tb_hasher *h, struct tb_policy *used, struct tb_appraisal *out,
                        char err[TB_POLICY_ERR_LEN])
{
    struct tb_evidence_content message;
    struct tb_held_evidence held;
    enum tb_tpm_class tpm_class;
    struct tb_minimum versions;
    struct tb_content content;
    struct tb_reason why;

    if (policy != NULL)
        *used = *policy;
    else if (!tb_policy_parse("policy of the bundle", b->policy, h, used, err))
        return false;
    if (!held_of(b, h, &held)) {
        tb_text_copy(err, TB_POLICY_ERR_LEN, "the crypto library failed");
        return false;
    }
    if (!tb_minimum_parse(b->versions, &versions, &why) ||
        !tb_evidence_content_decode(b->content, &message, &why) ||
        !tb_content_resolve(&message, &held, h, &content, &why)) {
        tb_appraise_refused(&why, used, &out->result);
        return true;
    }

    if (!tb_tpm_class_of_name(b->tpm_class, &tpm_class))
        tpm_class = TB_TPM_UNKNOWN;

    const struct tb_appraisal_input in = {
        .enrolled = b->enrolled,
        .ak_public = b->ak_public,
        .roca = tb_roca_of_keys(b->ak_public, b->ek_public),
        .serial = b->serial,
        .tpm_class = tpm_class,
        .tpm_vendor = tb_tpm_vendor_of_text(b->tpm_vendor),
        .host_id = tb_slice(b->host_id, strlen(b->host_id)),
        .nonce = tb_slice(b->nonce, sizeof b->nonce),
        .exporter = tb_slice(b->exporter, sizeof b->exporter),
        .wanted = b->wanted,
        .n_wanted = b->n_wanted,
        .quote = b->quote,
        .signature = b->signature,
        .content_bytes = b->content,
        .content = &content,
        .last = b->last,
        .firmware = b->firmware,
        .versions = &versions,
        .earlier_log = message.log_missing ? b->held_log : (struct tb_reader){ 0 },
        .policy = used,
    };
    tb_appraise(&in, h, out);
    return true;
}
