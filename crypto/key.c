#include "crypto/key.h"
#include "crypto/openssl_names.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define RSA_MODULUS_MIN 256    /* bytes: 2048 bits */
#define RSA_MODULUS_MAX 512    /* bytes: 4096 bits; a larger one only costs the Verifier time */
#define RSA_EXPONENT_MIN 65537 /* FIPS 186-5, A.1.1: above 2^16 and odd */

enum { SCHEME_RSASSA, SCHEME_RSAPSS, SCHEME_ECDSA, N_SCHEMES };

struct tb_key {
    EVP_PKEY *key;
    uint16_t type;         /* TB_ALG_RSA or TB_ALG_ECC */
    size_t coordinate_len; /* ECC: bytes of the order, which is as long as a coordinate */
    EVP_PKEY_CTX *ctx[N_SCHEMES][TB_N_BANKS]; /* made at first use, then kept */
};

static struct tb_key *key_new(EVP_PKEY *evp, uint16_t type, size_t coordinate_len)
{
    struct tb_key *k;

    if (evp == NULL)
        return NULL;
    k = calloc(1, sizeof *k);
    if (k == NULL) {
        EVP_PKEY_free(evp);
        return NULL;
    }
    k->key = evp;
    k->type = type;
    k->coordinate_len = coordinate_len;
    return k;
}

struct tb_key *tb_key_new_rsa(struct tb_reader modulus, uint32_t exponent)
{
    if (modulus.left < RSA_MODULUS_MIN || modulus.left > RSA_MODULUS_MAX)
        return NULL;
    /* The top bit, so that the modulus is as long as it says; odd, as a product of odd primes. */
    if ((modulus.p[0] & 0x80) == 0)
        return NULL;
    if ((modulus.p[modulus.left - 1] & 1) == 0)
        return NULL;
    if (exponent < RSA_EXPONENT_MIN || (exponent & 1) == 0)
        return NULL;
    return key_new(tb_openssl_rsa(modulus, exponent), TB_ALG_RSA, 0);
}

struct tb_key *tb_key_new_ec(uint16_t curve, struct tb_reader x, struct tb_reader y)
{
    size_t len;

    if (tb_openssl_curve(curve, &len) == NULL)
        return NULL;
    return key_new(tb_openssl_ec(curve, x, y), TB_ALG_ECC, len);
}

void tb_key_free(struct tb_key *k)
{
    if (k == NULL)
        return;
    for (unsigned s = 0; s < N_SCHEMES; s++)
        for (unsigned b = 0; b < TB_N_BANKS; b++)
            EVP_PKEY_CTX_free(k->ctx[s][b]);
    EVP_PKEY_free(k->key);
    free(k);
}

/* The scheme's slot, if the scheme is one of ours and fits the key's type. */
static bool scheme_of(const struct tb_key *k, uint16_t scheme, unsigned *out)
{
    static const struct {
        uint16_t scheme;
        uint16_t type;
    } schemes[N_SCHEMES] = {
        [SCHEME_RSASSA] = { TB_ALG_RSASSA, TB_ALG_RSA },
        [SCHEME_RSAPSS] = { TB_ALG_RSAPSS, TB_ALG_RSA },
        [SCHEME_ECDSA] = { TB_ALG_ECDSA, TB_ALG_ECC },
    };

    for (unsigned s = 0; s < N_SCHEMES; s++)
        if (schemes[s].scheme == scheme && schemes[s].type == k->type) {
            *out = s;
            return true;
        }
    return false;
}

static bool padding_set(EVP_PKEY_CTX *ctx, unsigned scheme)
{
    switch (scheme) {
    case SCHEME_RSASSA: return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    case SCHEME_RSAPSS:
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO) == 1;
    default: return true;
    }
}

static EVP_PKEY_CTX *context(struct tb_key *k, unsigned scheme, enum tb_bank bank)
{
    EVP_PKEY_CTX *ctx = k->ctx[scheme][bank];

    if (ctx != NULL)
        return ctx;
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1 || !padding_set(ctx, scheme) ||
        EVP_PKEY_CTX_set_signature_md(ctx, tb_openssl_md(bank)) != 1) {
        EVP_PKEY_CTX_free(ctx);
        return NULL;
    }
    k->ctx[scheme][bank] = ctx;
    return ctx;
}

/* An ASN.1 INTEGER (X.690, 8.3) of a non-negative number at out; returns its length. */
static size_t put_integer(uint8_t *out, struct tb_reader v)
{
    size_t pad = v.p[0] >> 7;

    out[0] = 0x02;
    out[1] = (uint8_t)(v.left + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, v.p, v.left);
    return 2 + pad + v.left;
}

static struct tb_reader without_leading_zeros(struct tb_reader v)
{
    uint8_t zero;

    while (v.left != 0 && v.p[0] == 0 && tb_read_u8(&v, &zero))
        ;
    return v;
}

#define DER_MAX (3 + 2 * (3 + TB_COORDINATE_MAX))

/* The TPM gives r and s as numbers, OpenSSL wants SEQUENCE { r, s }: built by hand, because
 * ECDSA_SIG costs several allocations for each quote. Returns the length, 0 if r or s is zero or
 * longer than the order. */
static size_t ecdsa_der(const struct tb_key *k, struct tb_reader r, struct tb_reader s,
                        uint8_t out[DER_MAX])
{
    uint8_t body[DER_MAX];
    size_t n, head = 0;

    r = without_leading_zeros(r);
    s = without_leading_zeros(s);
    if (r.left == 0 || s.left == 0)
        return 0;
    if (r.left > k->coordinate_len || s.left > k->coordinate_len)
        return 0;
    n = put_integer(body, r);
    n += put_integer(body + n, s);
    out[head++] = 0x30;
    if (n > 127)
        out[head++] = 0x81;
    out[head++] = (uint8_t)n;
    memcpy(out + head, body, n);
    return head + n;
}

bool tb_key_verify(struct tb_key *k, uint16_t scheme, enum tb_bank bank, const uint8_t *digest,
                   struct tb_reader sig_or_r, struct tb_reader s)
{
    uint8_t der[DER_MAX];
    EVP_PKEY_CTX *ctx;
    unsigned slot;

    if (!scheme_of(k, scheme, &slot))
        return false;
    if (slot == SCHEME_ECDSA) {
        sig_or_r = tb_slice(der, ecdsa_der(k, sig_or_r, s, der));
        if (sig_or_r.left == 0)
            return false;
    } else if (s.left != 0) {
        return false;
    }
    ctx = context(k, slot, bank);
    if (ctx != NULL &&
        EVP_PKEY_verify(ctx, sig_or_r.p, sig_or_r.left, digest, tb_bank_digest_len(bank)) == 1)
        return true;
    ERR_clear_error(); /* a wrong signature is no error of ours */
    return false;
}
