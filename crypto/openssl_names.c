#include "crypto/openssl_names.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

const EVP_MD *tb_openssl_md(enum tb_bank bank)
{
    switch (bank) {
    case TB_BANK_SHA1: return EVP_sha1();
    case TB_BANK_SHA256: return EVP_sha256();
    case TB_BANK_SHA384: return EVP_sha384();
    case TB_BANK_SHA512: return EVP_sha512();
    case TB_N_BANKS: break;
    }
    return NULL;
}

const char *tb_openssl_md_name(enum tb_bank bank)
{
    static const char *const names[TB_N_BANKS] = {
        [TB_BANK_SHA1] = "SHA1",
        [TB_BANK_SHA256] = "SHA256",
        [TB_BANK_SHA384] = "SHA384",
        [TB_BANK_SHA512] = "SHA512",
    };

    return names[bank];
}

const char *tb_openssl_curve(uint16_t curve, size_t *coordinate_len)
{
    static const struct {
        uint16_t curve;
        uint16_t len;
        const char *name;
    } curves[] = {
        { TB_CURVE_P256, 32, "P-256" },
        { TB_CURVE_P384, 48, "P-384" },
        { TB_CURVE_P521, 66, "P-521" },
    };

    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (curves[i].curve == curve) {
            *coordinate_len = curves[i].len;
            return curves[i].name;
        }
    return NULL;
}

bool tb_openssl_point(uint16_t curve, struct tb_reader x, struct tb_reader y,
                      uint8_t out[TB_POINT_MAX], size_t *out_len)
{
    size_t len;

    if (tb_openssl_curve(curve, &len) == NULL)
        return false;
    if (x.left > len || y.left > len || x.left == 0 || y.left == 0)
        return false;
    memset(out, 0, TB_POINT_MAX);
    out[0] = 0x04; /* SEC 1, 2.3.3: uncompressed */
    memcpy(out + 1 + len - x.left, x.p, x.left);
    memcpy(out + 1 + 2 * len - y.left, y.p, y.left);
    *out_len = 1 + 2 * len;
    return true;
}

/* Build a public key of the type from the parameters; both are freed by the caller. */
static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *bld)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        ERR_clear_error();
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

EVP_PKEY *tb_openssl_rsa(struct tb_reader modulus, uint32_t exponent)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.left, NULL);
    BIGNUM *e = BN_new();
    EVP_PKEY *key = NULL;

    if (bld != NULL && n != NULL && e != NULL && BN_set_word(e, exponent) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = key_from("RSA", bld);
    BN_free(e);
    BN_free(n);
    OSSL_PARAM_BLD_free(bld);
    return key;
}

EVP_PKEY *tb_openssl_ec(uint16_t curve, struct tb_reader x, struct tb_reader y)
{
    uint8_t point[TB_POINT_MAX];
    size_t point_len, len;
    OSSL_PARAM_BLD *bld;
    EVP_PKEY *key = NULL;

    if (!tb_openssl_point(curve, x, y, point, &point_len))
        return NULL;
    bld = OSSL_PARAM_BLD_new();
    /* OpenSSL refuses a point that is not on the curve when it decodes it. */
    if (bld != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
                                        tb_openssl_curve(curve, &len), 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, point_len) == 1)
        key = key_from("EC", bld);
    OSSL_PARAM_BLD_free(bld);
    return key;
}
