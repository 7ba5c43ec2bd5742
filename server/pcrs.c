#include "server/pcrs.h"

#include <string.h>

static uint8_t *put_be(uint8_t *p, uint64_t v, unsigned len)
{
    for (unsigned i = len; i-- > 0;)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

size_t tb_pcrs_write(const struct tb_pcrs *pcrs, uint8_t out[TB_PCRS_BYTES_MAX])
{
    uint8_t *p = out;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        uint32_t mask = pcrs->mask[b] & TB_PCR_MASK;
        size_t len = tb_bank_digest_len((enum tb_bank)b);

        if (mask == 0)
            continue;
        p = put_be(p, tb_bank_alg((enum tb_bank)b), 2);
        p = put_be(p, mask, 4);
        for (unsigned i = 0; i < TB_N_PCRS; i++)
            if (mask >> i & 1) {
                memcpy(p, pcrs->value[b][i], len);
                p += len;
            }
    }
    return (size_t)(p - out);
}

bool tb_pcrs_read(struct tb_reader in, struct tb_pcrs *out)
{
    struct tb_pcrs pcrs = { 0 };

    while (in.left > 0) {
        uint16_t alg;
        uint32_t mask;
        enum tb_bank bank;

        if (!tb_read_u16be(&in, &alg) || !tb_read_u32be(&in, &mask))
            return false;
        if (!tb_bank_of_alg(alg, &bank) || mask == 0 || mask > TB_PCR_MASK || pcrs.mask[bank] != 0)
            return false;
        pcrs.mask[bank] = mask;
        for (unsigned i = 0; i < TB_N_PCRS; i++)
            if ((mask >> i & 1) &&
                !tb_read_copy(&in, tb_bank_digest_len(bank), pcrs.value[bank][i]))
                return false;
    }
    *out = pcrs;
    return true;
}
