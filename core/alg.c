#include "core/alg.h"

#include <string.h>

static const struct {
    uint16_t alg;
    uint16_t digest_len;
    const char *name;
} banks[TB_N_BANKS] = {
    [TB_BANK_SHA1] = { TB_ALG_SHA1, 20, "sha1" },
    [TB_BANK_SHA256] = { TB_ALG_SHA256, 32, "sha256" },
    [TB_BANK_SHA384] = { TB_ALG_SHA384, 48, "sha384" },
    [TB_BANK_SHA512] = { TB_ALG_SHA512, 64, "sha512" },
};

bool tb_bank_of_alg(uint16_t alg, enum tb_bank *out)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (banks[b].alg == alg) {
            *out = (enum tb_bank)b;
            return true;
        }
    return false;
}

uint16_t tb_bank_alg(enum tb_bank bank)
{
    return banks[bank].alg;
}

size_t tb_bank_digest_len(enum tb_bank bank)
{
    return banks[bank].digest_len;
}

const char *tb_bank_name(enum tb_bank bank)
{
    return banks[bank].name;
}

bool tb_bank_of_name(const char *name, enum tb_bank *out)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (strcmp(banks[b].name, name) == 0) {
            *out = (enum tb_bank)b;
            return true;
        }
    return false;
}
