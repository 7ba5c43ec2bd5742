#include "crypto/credential.h"
#include "crypto/openssl_names.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <string.h>

static const char identity_label[] = "IDENTITY"; /* with its NUL: Part 1, B.10.4 and C.6.4 */

#define AES_KEY_MAX 32

/* Derive by one of OpenSSL's KDFs. */
static bool derive(const char *kdf_name, const OSSL_PARAM params[], uint8_t *out, size_t out_len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, out, out_len, params) == 1;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

/* Part 1, 11.4.10.2 KDFa: SP 800-108 in counter mode with HMAC. */
static bool kdfa(enum tb_bank bank, const uint8_t *seed, const char *label,
                 struct tb_reader context, uint8_t *out, size_t out_len)
{
    OSSL_PARAM p[7];
    size_t n = 0;

    p[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, (char *)(uintptr_t) "HMAC", 0);
    p[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                              (char *)(uintptr_t)tb_openssl_md_name(bank), 0);
    p[n++] =
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)(uintptr_t) "counter", 0);
    p[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)seed,
                                               tb_bank_digest_len(bank));
    p[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)label,
                                               strlen(label));
    if (context.left != 0)
        p[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                                   (void *)(uintptr_t)context.p, context.left);
    p[n] = OSSL_PARAM_construct_end();
    return derive("KBKDF", p, out, out_len);
}

/* Part 1, 11.4.10.3 KDFe: the one-step KDF of SP 800-56C over Z, the label, and both x. */
static bool kdfe(enum tb_bank bank, struct tb_reader z, const uint8_t *ephemeral_x,
                 const uint8_t *ek_x, size_t x_len, uint8_t *out)
{
    uint8_t info[sizeof identity_label + 2 * TB_COORDINATE_MAX];
    OSSL_PARAM p[4];

    memcpy(info, identity_label, sizeof identity_label);
    memcpy(info + sizeof identity_label, ephemeral_x, x_len);
    memcpy(info + sizeof identity_label + x_len, ek_x, x_len);
    p[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                            (char *)(uintptr_t)tb_openssl_md_name(bank), 0);
    p[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)z.p, z.left);
    p[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
                                             sizeof identity_label + 2 * x_len);
    p[3] = OSSL_PARAM_construct_end();
    return derive("SSKDF", p, out, tb_bank_digest_len(bank));
}

/* ---- the seed, and its encryption to the EK ---- */

/* Part 1, B.10.4: a random seed under OAEP with the hash of nameAlg and the label. */
static bool seed_for_rsa(const struct tb_public *ek, uint8_t *seed, struct tb_credential *out)
{
    EVP_PKEY *key = tb_openssl_rsa(ek->n_or_x, ek->rsa_exponent);
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    void *label = OPENSSL_memdup(identity_label, sizeof identity_label);
    size_t len = sizeof out->secret;
    bool ok = ctx != NULL && label != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, tb_openssl_md(ek->name_alg)) == 1;

    if (ok && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, sizeof identity_label) == 1)
        label = NULL; /* taken */
    ok = ok && label == NULL && tb_random(seed, tb_bank_digest_len(ek->name_alg)) &&
         EVP_PKEY_encrypt(ctx, out->secret, &len, seed, tb_bank_digest_len(ek->name_alg)) == 1;
    out->secret_len = ok ? len : 0;
    OPENSSL_free(label);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

static size_t put_tpm2b(uint8_t *out, const uint8_t *p, size_t len)
{
    out[0] = (uint8_t)(len >> 8);
    out[1] = (uint8_t)len;
    memcpy(out + 2, p, len);
    return 2 + len;
}

static bool diffie_hellman(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *z, size_t *z_len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, z, z_len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* Part 1, C.6.4: one-pass Diffie-Hellman with a new key; what the TPM needs is that key's point. */
static bool seed_for_ecc(const struct tb_public *ek, uint8_t *seed, struct tb_credential *out)
{
    uint8_t peer_point[TB_POINT_MAX], own_point[TB_POINT_MAX], z[TB_COORDINATE_MAX];
    size_t peer_len, own_len = 0, z_len = sizeof z, len = 0;
    const char *curve = tb_openssl_curve(ek->curve, &len);
    EVP_PKEY *peer = tb_openssl_ec(ek->curve, ek->n_or_x, ek->y);
    EVP_PKEY *own = curve == NULL ? NULL : EVP_EC_gen(curve);
    bool ok = peer != NULL && own != NULL &&
              tb_openssl_point(ek->curve, ek->n_or_x, ek->y, peer_point, &peer_len) &&
              EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_PUB_KEY, own_point,
                                              sizeof own_point, &own_len) == 1 &&
              own_len == 1 + 2 * len && diffie_hellman(own, peer, z, &z_len) &&
              kdfe(ek->name_alg, tb_slice(z, z_len), own_point + 1, peer_point + 1, len, seed);

    out->secret_len = 0;
    if (ok) {
        out->secret_len = put_tpm2b(out->secret, own_point + 1, len);
        out->secret_len += put_tpm2b(out->secret + out->secret_len, own_point + 1 + len, len);
    }
    tb_wipe(z, sizeof z);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return ok;
}

/* ---- what the seed protects ---- */

static bool encrypt(uint16_t key_bits, const uint8_t *key, const uint8_t *in, int len, uint8_t *out)
{
    static const uint8_t iv[16];
    const EVP_CIPHER *cipher = key_bits == 256   ? EVP_aes_256_cfb128()
                               : key_bits == 192 ? EVP_aes_192_cfb128()
                                                 : EVP_aes_128_cfb128();
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = ctx != NULL && EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
              EVP_EncryptUpdate(ctx, out, &n, in, len) == 1 && n == len;

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

/* HMAC over encIdentity and the Name. */
static bool integrity(enum tb_bank bank, const uint8_t *key, struct tb_reader enc,
                      struct tb_reader name, uint8_t *out)
{
    uint8_t both[2 + TB_DIGEST_MAX + TB_NAME_MAX];
    size_t out_len = tb_bank_digest_len(bank);

    memcpy(both, enc.p, enc.left);
    memcpy(both + enc.left, name.p, name.left);
    return EVP_Q_mac(NULL, "HMAC", NULL, tb_openssl_md_name(bank), NULL, key,
                     tb_bank_digest_len(bank), both, enc.left + name.left, out, out_len,
                     &out_len) != NULL;
}

/* Part 1, 24.4 and 24.5: TPMS_ID_OBJECT. */
static bool protect(const struct tb_public *ek, const uint8_t *seed, struct tb_reader name,
                    struct tb_reader secret, struct tb_credential *out)
{
    size_t digest_len = tb_bank_digest_len(ek->name_alg);
    uint8_t aes_key[AES_KEY_MAX], hmac_key[TB_DIGEST_MAX], mac[TB_DIGEST_MAX];
    uint8_t plain[2 + TB_DIGEST_MAX], enc[2 + TB_DIGEST_MAX];
    size_t n = put_tpm2b(plain, secret.p, secret.left);
    bool ok = kdfa(ek->name_alg, seed, "STORAGE", name, aes_key, ek->symmetric_bits / 8u) &&
              kdfa(ek->name_alg, seed, "INTEGRITY", tb_slice(NULL, 0), hmac_key, digest_len) &&
              encrypt(ek->symmetric_bits, aes_key, plain, (int)n, enc) &&
              integrity(ek->name_alg, hmac_key, tb_slice(enc, n), name, mac);

    if (ok) {
        out->blob_len = put_tpm2b(out->blob, mac, digest_len);
        memcpy(out->blob + out->blob_len, enc, n);
        out->blob_len += n;
    }
    tb_wipe(aes_key, sizeof aes_key);
    tb_wipe(hmac_key, sizeof hmac_key);
    tb_wipe(plain, sizeof plain);
    return ok;
}

bool tb_credential_make(const struct tb_public *ek, struct tb_reader name, struct tb_reader secret,
                        struct tb_credential *out)
{
    uint8_t seed[TB_DIGEST_MAX];
    bool ok;

    *out = (struct tb_credential){ 0 };
    if (ek->symmetric != TB_ALG_AES)
        return false;
    if (secret.left == 0 || secret.left > tb_bank_digest_len(ek->name_alg))
        return false;
    if (name.left == 0 || name.left > TB_NAME_MAX)
        return false;
    ok = (ek->type == TB_ALG_RSA ? seed_for_rsa(ek, seed, out) : seed_for_ecc(ek, seed, out)) &&
         protect(ek, seed, name, secret, out);
    tb_wipe(seed, sizeof seed);
    if (!ok) {
        ERR_clear_error();
        *out = (struct tb_credential){ 0 };
    }
    return ok;
}
