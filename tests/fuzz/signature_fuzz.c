#include "core/signature.h"
#include "crypto/key.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The generator of P-256 (SEC 2, 2.4.2): a key to try the signature with, whose secret is 1. */
static const uint8_t generator[64] = {
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t digest[TB_DIGEST_MAX];
    struct tb_signature s;
    struct tb_reason why = { .check = TB_N_CHECKS };
    struct tb_key *key;

    if (!tb_signature_parse(tb_slice(data, size), &s, &why)) {
        assert(why.where[0] != '\0' && why.check != TB_N_CHECKS);
        return 0;
    }
    assert(s.scheme == TB_ALG_RSASSA || s.scheme == TB_ALG_RSAPSS || s.scheme == TB_ALG_ECDSA);
    assert(s.hash != TB_BANK_SHA1 && s.sig_or_r.left != 0);
    assert((s.scheme == TB_ALG_ECDSA) == (s.s.left != 0));
    assert(size == 4 + 2 + s.sig_or_r.left + (s.s.left == 0 ? 0 : 2 + s.s.left));
    assert(!tb_signature_parse(tb_slice(data, size - 1), &s, &why));
    key = tb_key_new_ec(TB_CURVE_P256, tb_slice(generator, 32), tb_slice(generator + 32, 32));
    assert(key != NULL);
    if (s.scheme != TB_ALG_ECDSA) /* an RSA signature never holds with an EC key */
        assert(!tb_key_verify(key, s.scheme, s.hash, digest, s.sig_or_r, s.s));
    else
        (void)!tb_key_verify(key, s.scheme, s.hash, digest, s.sig_or_r, s.s);
    tb_key_free(key);
    return 0;
}
