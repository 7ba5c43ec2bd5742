#include "core/pcr.h"

#include <stdio.h>

#define PARTS_MAX (TB_SELECTIONS_MAX * TB_N_PCRS)

/* Append the values of one selection to parts. Each missing value is a refusal: a PCR that nobody
 * sent must never drop out of the digest (CVE-2024-29039 is of that kind). */
static bool add_selection(const struct tb_pcrs *values, const struct tb_selection *sel,
                          struct tb_reader *parts, size_t *n, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_PCR_VALUES;
    enum tb_bank bank;
    char where[32];

    if (sel->pcrs == 0) /* a bank that the TPM lacks comes back empty */
        return true;
    if (!tb_bank_of_alg(sel->alg, &bank))
        return tb_refuse(why, c, "bank", "sha1, sha256, sha384 or sha512", "%04x", sel->alg);
    if ((sel->pcrs & ~TB_PCR_MASK) != 0)
        return tb_refuse(why, c, tb_bank_name(bank), "PCR 0 to 23", "mask %08x",
                         (unsigned)sel->pcrs);
    for (unsigned i = 0; i < TB_N_PCRS; i++) {
        if ((sel->pcrs >> i & 1) == 0)
            continue;
        if ((values->mask[bank] >> i & 1) == 0) {
            snprintf(where, sizeof where, "PCR %u %s", i, tb_bank_name(bank));
            return tb_refuse(why, c, where, "a value", "none");
        }
        parts[(*n)++] = tb_slice(values->value[bank][i], tb_bank_digest_len(bank));
    }
    return true;
}

bool tb_pcrs_digest(const struct tb_pcrs *values, const struct tb_selection *sel, size_t n_sel,
                    enum tb_bank bank, struct tb_hasher *h, uint8_t out[TB_DIGEST_MAX],
                    struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_PCR_VALUES;
    struct tb_reader parts[PARTS_MAX];
    size_t n = 0;

    if (n_sel > TB_SELECTIONS_MAX)
        return tb_refuse(why, c, "selections", "at most 8", "%zu", n_sel);
    for (size_t i = 0; i < n_sel; i++)
        if (!add_selection(values, &sel[i], parts, &n, why))
            return false;
    if (!tb_hash_parts(h, bank, parts, n, out))
        return tb_refuse(why, c, "hash", "a digest", "the crypto library failed");
    return true;
}
