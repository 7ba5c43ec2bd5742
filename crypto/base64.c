#include "crypto/base64.h"

#include <openssl/evp.h>
#include <string.h>

#define QUARTER 4

static size_t count_padding(struct tb_reader text)
{
    size_t n = 0;

    while (n < 2 && text.p[text.left - 1 - n] == '=')
        n++;
    return n;
}

/* OpenSSL takes padding for zeros and forgives blanks, so each quarter is encoded again. */
bool tb_base64_decode(struct tb_reader text, uint8_t *out, size_t cap, size_t *out_len)
{
    uint8_t block[3], again[QUARTER + 1];
    size_t len;

    if (text.left == 0 || text.left % QUARTER != 0)
        return false;
    len = text.left / QUARTER * 3 - count_padding(text);
    if (len > cap)
        return false;
    for (size_t i = 0; i < text.left / QUARTER; i++) {
        const uint8_t *quarter = text.p + i * QUARTER;
        const size_t n = len - i * 3 < 3 ? len - i * 3 : 3;

        if (EVP_DecodeBlock(block, quarter, QUARTER) != 3 ||
            EVP_EncodeBlock(again, block, (int)n) != QUARTER ||
            memcmp(again, quarter, QUARTER) != 0)
            return false;
        memcpy(out + i * 3, block, n);
    }
    *out_len = len;
    return true;
}

void tb_base64_encode(struct tb_reader in, char *out)
{
    out[0] = '\0'; /* of nothing */
    EVP_EncodeBlock((uint8_t *)out, in.p, (int)in.left);
}
