/* A quote is believed in no part before its signature and its extraData hold: this file only takes
 * it apart. Debian's libtss2-mu accepts another magic and trailing bytes (CVE-2024-29038), so the
 * structure is read here, by the tables of TPM 2.0 Library Part 2. */
#include "core/quote.h"

#include <inttypes.h>

#define TPM_GENERATED_VALUE UINT32_C(0xff544347) /* 6.2 */
#define TPM_ST_ATTEST_QUOTE 0x8018               /* 6.9 */
#define NAME_MAX_LEN 66       /* 10.5.3 TPM2B_NAME: algorithm and a SHA-512 digest */
#define EXTRA_DATA_MAX_LEN 64 /* 10.4.3 TPM2B_DATA, as much as our challenge could use */
#define SELECT_LEN                                                                                 \
    3 /* PC Client Platform TPM Profile 1.05, 4.6: 24 PCRs, 3 bytes, no more or less */

static const enum tb_check S = TB_CHECK_QUOTE_STRUCTURE;

/* 10.6.2 TPMS_PCR_SELECTION */
static bool read_selection(struct tb_reader *in, struct tb_quote *q, struct tb_reason *why)
{
    struct tb_selection s = { 0 };
    struct tb_reader select;
    uint8_t size;

    if (!tb_read_u16be(in, &s.alg) || !tb_read_u8(in, &size))
        return tb_refuse(why, S, "TPMS_PCR_SELECTION", "3 bytes", "%zu left", in->left);
    if (size != SELECT_LEN)
        return tb_refuse(why, S, "TPMS_PCR_SELECTION.sizeofSelect", "3", "%u", size);
    if (!tb_read_slice(in, size, &select))
        return tb_refuse(why, S, "TPMS_PCR_SELECTION.pcrSelect", "3 bytes", "%zu left", in->left);
    s.pcrs = select.p[0] | (uint32_t)select.p[1] << 8 | (uint32_t)select.p[2] << 16;
    for (size_t i = 0; i < q->n_selections; i++)
        if (q->selection[i].alg == s.alg)
            return tb_refuse(why, S, "TPMS_PCR_SELECTION.hash", "each bank once", "%04x twice",
                             s.alg);
    q->selection[q->n_selections++] = s;
    return true;
}

/* 10.12.4 TPMS_QUOTE_INFO */
static bool read_quote_info(struct tb_reader *in, struct tb_quote *q, struct tb_reason *why)
{
    uint32_t count;

    if (!tb_read_u32be(in, &count))
        return tb_refuse(why, S, "TPML_PCR_SELECTION.count", "4 bytes", "%zu left", in->left);
    if (count > TB_SELECTIONS_MAX)
        return tb_refuse(why, S, "TPML_PCR_SELECTION.count", "at most 8", "%" PRIu32, count);
    for (uint32_t i = 0; i < count; i++)
        if (!read_selection(in, q, why))
            return false;
    if (!tb_read_tpm2b(in, &q->pcr_digest))
        return tb_refuse(why, S, "TPMS_QUOTE_INFO.pcrDigest", "a TPM2B", "%zu bytes left",
                         in->left);
    if (q->pcr_digest.left > TB_DIGEST_MAX)
        return tb_refuse(why, S, "TPMS_QUOTE_INFO.pcrDigest", "at most 64 bytes", "%zu",
                         q->pcr_digest.left);
    return true;
}

/* 10.12.12 TPMS_ATTEST from qualifiedSigner to firmwareVersion; 10.11.1 TPMS_CLOCK_INFO */
static bool read_head(struct tb_reader *in, struct tb_quote *q, struct tb_reason *why)
{
    uint8_t safe;

    if (!tb_read_tpm2b(in, &q->signer))
        return tb_refuse(why, S, "TPMS_ATTEST.qualifiedSigner", "a TPM2B", "%zu bytes left",
                         in->left);
    if (q->signer.left > NAME_MAX_LEN)
        return tb_refuse(why, S, "TPMS_ATTEST.qualifiedSigner", "at most 66 bytes", "%zu",
                         q->signer.left);
    if (!tb_read_tpm2b(in, &q->extra_data))
        return tb_refuse(why, S, "TPMS_ATTEST.extraData", "a TPM2B", "%zu bytes left", in->left);
    if (q->extra_data.left > EXTRA_DATA_MAX_LEN)
        return tb_refuse(why, S, "TPMS_ATTEST.extraData", "at most 64 bytes", "%zu",
                         q->extra_data.left);
    if (!tb_read_u64be(in, &q->clock_ms) || !tb_read_u32be(in, &q->reset_count) ||
        !tb_read_u32be(in, &q->restart_count) || !tb_read_u8(in, &safe))
        return tb_refuse(why, S, "TPMS_CLOCK_INFO", "17 bytes", "%zu left", in->left);
    if (safe > 1)
        return tb_refuse(why, S, "TPMS_CLOCK_INFO.safe", "0 or 1", "%u", safe);
    q->clock_safe = safe == 1;
    if (!tb_read_u64be(in, &q->firmware_version))
        return tb_refuse(why, S, "TPMS_ATTEST.firmwareVersion", "8 bytes", "%zu left", in->left);
    return true;
}

bool tb_quote_parse(struct tb_reader in, struct tb_quote *out, struct tb_reason *why)
{
    struct tb_quote q = { 0 };
    uint32_t magic;
    uint16_t type;

    if (!tb_read_u32be(&in, &magic))
        return tb_refuse(why, S, "TPMS_ATTEST.magic", "4 bytes", "%zu left", in.left);
    if (magic != TPM_GENERATED_VALUE)
        return tb_refuse(why, TB_CHECK_QUOTE_MAGIC, "TPMS_ATTEST.magic", "ff544347", "%08" PRIx32,
                         magic);
    if (!tb_read_u16be(&in, &type))
        return tb_refuse(why, S, "TPMS_ATTEST.type", "2 bytes", "%zu left", in.left);
    if (type != TPM_ST_ATTEST_QUOTE)
        return tb_refuse(why, TB_CHECK_QUOTE_TYPE, "TPMS_ATTEST.type", "8018", "%04x", type);
    if (!read_head(&in, &q, why) || !read_quote_info(&in, &q, why))
        return false;
    if (in.left != 0)
        return tb_refuse(why, S, "TPMS_ATTEST", "its end", "%zu bytes more", in.left);
    *out = q;
    return true;
}
