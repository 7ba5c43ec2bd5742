#include "server/shape.h"

#include <string.h>

_Static_assert(TB_SHAPE_PCRS == (1u << 0 | 1u << 2 | 1u << 4 | 1u << 7 | 1u << 11 | 1u << 12 |
                                 1u << 13 | 1u << 14),
               "the PCRs that the comment names");

/* A bank that the firmware does not use holds no measurement in PCR 0, whatever the system put
 * into others of its PCRs. */
static bool is_measured(const struct tb_pcrs *pcrs, enum tb_bank b)
{
    return (pcrs->mask[b] & 1) != 0 && !tb_pcr_is_unmeasured(b, pcrs->value[b][0]);
}

bool tb_shape_bank(const struct tb_pcrs *pcrs, enum tb_bank *out)
{
    for (int b = TB_N_BANKS - 1; b >= 0; b--)
        if (is_measured(pcrs, (enum tb_bank)b)) {
            *out = (enum tb_bank)b;
            return true;
        }
    return false;
}

bool tb_shape(const struct tb_pcrs *pcrs, uint32_t which, struct tb_hasher *h,
              uint8_t out[TB_SHAPE_LEN])
{
    static const char domain[] = "trueboot shape 1";
    struct tb_reader part[2 + TB_N_PCRS];
    uint8_t head[6], digest[TB_DIGEST_MAX];
    enum tb_bank bank;
    uint32_t mask;
    uint16_t alg;
    size_t n = 2;

    if (!tb_shape_bank(pcrs, &bank))
        return false;
    mask = pcrs->mask[bank] & which;
    alg = tb_bank_alg(bank);
    head[0] = (uint8_t)(alg >> 8);
    head[1] = (uint8_t)alg;
    for (unsigned i = 0; i < 4; i++)
        head[2 + i] = (uint8_t)(mask >> (24 - 8 * i));
    part[0] = tb_slice(domain, sizeof domain);
    part[1] = tb_slice(head, sizeof head);
    for (unsigned i = 0; i < TB_N_PCRS; i++)
        if ((mask >> i & 1) != 0)
            part[n++] = tb_slice(pcrs->value[bank][i], tb_bank_digest_len(bank));
    if (!tb_hash_parts(h, TB_BANK_SHA256, part, n, digest))
        return false;
    memcpy(out, digest, TB_SHAPE_LEN);
    return true;
}

bool tb_shape_differ(const struct tb_pcrs *a, const struct tb_pcrs *b, uint32_t which,
                     enum tb_bank *bank, uint32_t *differ)
{
    int at = TB_N_BANKS - 1;

    while (at >= 0 && !(is_measured(a, (enum tb_bank)at) && is_measured(b, (enum tb_bank)at)))
        at--;
    if (at < 0)
        return false;
    *bank = (enum tb_bank)at;
    *differ = 0;
    for (unsigned i = 0; i < TB_N_PCRS; i++) {
        bool in_a = (a->mask[at] >> i & 1) != 0, in_b = (b->mask[at] >> i & 1) != 0;

        if ((which >> i & 1) != 0 && (in_a || in_b) &&
            (in_a != in_b ||
             memcmp(a->value[at][i], b->value[at][i], tb_bank_digest_len(*bank)) != 0))
            *differ |= 1u << i;
    }
    return true;
}
