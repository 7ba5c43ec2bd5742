/* crypto/codesign_make.c - the signer's side: keys in files or behind PKCS#11, signatures, and a
 * vendor of one's own. */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines: Debian 12 has no PKCS#11 provider */
#include "crypto/codesign_internal.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/pki_internal.h"

static const enum tb_check C = TB_CHECK_PACKAGE_SIGNATURE;

#define CHAIN_MAX 4
#define ROOT_DAYS 7300
#define SIGNER_DAYS 1095

struct tb_code_key {
    EVP_PKEY *key;
    enum tb_code_scheme scheme;
    size_t n;
    unsigned char *der[CHAIN_MAX];
    size_t der_len[CHAIN_MAX];
};

void tb_code_key_free(struct tb_code_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->key);
    for (size_t i = 0; i < k->n; i++)
        OPENSSL_free(k->der[i]);
    free(k);
}

static EVP_PKEY *key_in_file(struct tb_reader pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, pem.left > INT32_MAX ? 0 : (int)pem.left);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return key;
}

static EVP_PKEY *key_behind(const char *uri)
{
    ENGINE *e = ENGINE_by_id("pkcs11");
    EVP_PKEY *key = NULL;

    if (e != NULL && ENGINE_init(e) == 1) {
        key = ENGINE_load_private_key(e, uri, NULL, NULL);
        ENGINE_finish(e);
    }
    ENGINE_free(e);
    return key;
}

static bool take_chain(struct tb_code_key *k, STACK_OF(X509) * certs, struct tb_reason *why)
{
    X509 *before = NULL;

    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *x = sk_X509_value(certs, i);
        int len;

        if (i > 0 && X509_self_signed(x, 0) == 1)
            continue; /* the verifier has its own roots */
        if (before != NULL && X509_check_issued(x, before) != X509_V_OK)
            return tb_refuse(why, C, "certificates", "each issued by the next",
                             "number %d did not issue the one before", i + 1);
        if (k->n == CHAIN_MAX)
            return tb_refuse(why, C, "certificates", "at most 4", "more");
        len = i2d_X509(x, &k->der[k->n]);
        if (len <= 0)
            return tb_refuse(why, C, "certificates", "memory", "none left");
        k->der_len[k->n++] = (size_t)len;
        before = x;
    }
    return true;
}

static bool open_key(struct tb_code_key *k, STACK_OF(X509) * certs, struct tb_reason *why)
{
    X509 *leaf = sk_X509_value(certs, 0);

    if (leaf == NULL)
        return tb_refuse(why, C, "certificates", "the signer's certificate", "none");
    if (k->key == NULL)
        return tb_refuse(why, C, "key", "a private key", "none that can be read");
    k->scheme = EVP_PKEY_is_a(k->key, "RSA") ? TB_CODE_RSA_SHA512 : TB_CODE_P384_SHA512;
    if (!tb_code_key_fits(X509_get0_pubkey(leaf), k->scheme))
        return tb_refuse(why, C, "key", "RSA of 3072 to 4096 bits, or P-384", "another");
    if (EVP_PKEY_eq(X509_get0_pubkey(leaf), k->key) != 1)
        return tb_refuse(why, C, "certificates", "the key's own first", "another key's");
    if (!tb_code_cert_fits(leaf))
        return tb_refuse(why, C, "certificates", "the first for code signing", "another");
    return take_chain(k, certs, why);
}

struct tb_code_key *tb_code_key_open(struct tb_reader key, const char *uri, struct tb_reader certs,
                                     struct tb_reason *why)
{
    struct tb_code_key *k = calloc(1, sizeof *k);
    STACK_OF(X509) *all = tb_x509_read_all(certs);
    bool ok = false;

    if (k == NULL || all == NULL) {
        tb_refuse(why, C, "key", "memory", "none left");
    } else {
        k->key = uri != NULL ? key_behind(uri) : key_in_file(key);
        ok = open_key(k, all, why);
    }
    sk_X509_pop_free(all, X509_free);
    ERR_clear_error();
    if (ok)
        return k;
    tb_code_key_free(k);
    return NULL;
}

enum tb_code_scheme tb_code_key_scheme(const struct tb_code_key *k)
{
    return k->scheme;
}

size_t tb_code_key_chain(const struct tb_code_key *k, struct tb_reader chain[4])
{
    for (size_t i = 0; i < k->n; i++)
        chain[i] = tb_slice(k->der[i], k->der_len[i]);
    return k->n;
}

/* DER to r and s of 48 bytes each. */
static bool ecdsa_raw(const unsigned char *der, size_t len, uint8_t out[96])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 48) == 48 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 48, 48) == 48;

    ECDSA_SIG_free(sig);
    return ok;
}

bool tb_code_sign(struct tb_code_key *k, const struct tb_reader *parts, size_t n_parts,
                  uint8_t out[TB_CODE_SIGNATURE_MAX], size_t *out_len, struct tb_reason *why)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char sig[TB_CODE_SIGNATURE_MAX];
    size_t len = sizeof sig;
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha512(), NULL, k->key) == 1;

    for (size_t i = 0; ok && i < n_parts; i++)
        ok = EVP_DigestSignUpdate(ctx, parts[i].p, parts[i].left) == 1;
    ok = ok && EVP_DigestSignFinal(ctx, sig, &len) == 1;
    if (ok && k->scheme == TB_CODE_P384_SHA512) {
        ok = ecdsa_raw(sig, len, out);
        len = 96;
    } else if (ok) {
        memcpy(out, sig, len);
    }
    *out_len = len;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok || tb_refuse(why, C, "key", "a signature", "the key could not make one");
}

/* ---- a vendor of one's own ---- */

static EVP_PKEY *vendor_key(enum tb_code_scheme scheme)
{
    return scheme == TB_CODE_RSA_SHA512 ? EVP_RSA_gen(4096) : EVP_EC_gen("P-384");
}

/* A hash as strong as the issuer's key. */
static bool sign_cert(X509 *x, EVP_PKEY *issuer)
{
    return X509_sign(x, issuer, EVP_PKEY_is_a(issuer, "RSA") ? EVP_sha512() : EVP_sha384()) > 0;
}

bool tb_vendor_root_make(const char *name, enum tb_code_scheme scheme, int64_t now_s,
                         struct tb_pki_pair *out, char *err)
{
    EVP_PKEY *key = vendor_key(scheme);
    X509 *x = key == NULL ? NULL : tb_pki_cert_begin(key, name, NULL, now_s, ROOT_DAYS);
    bool ok = x != NULL && tb_pki_add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE") &&
              tb_pki_add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              tb_pki_add_extension(x, x, NID_subject_key_identifier, "hash") && sign_cert(x, key) &&
              tb_pki_put_pair(x, key, out);

    X509_free(x);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok || tb_pki_fail(err, "the vendor's root certificate could not be made");
}

static bool add_level(X509 *x, const char *level)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(TB_LEVEL_OID, 1);
    ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *e = NULL;
    unsigned char *der = NULL;
    int len = -1;
    bool ok;

    if (text != NULL && ASN1_STRING_set(text, level, (int)strlen(level)) == 1)
        len = i2d_ASN1_UTF8STRING(text, &der);
    if (oid != NULL && value != NULL && len > 0 && ASN1_OCTET_STRING_set(value, der, len) == 1)
        e = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
    OPENSSL_free(der);
    ASN1_UTF8STRING_free(text);
    ASN1_OBJECT_free(oid);
    return ok;
}

bool tb_vendor_signer_make(const struct tb_pki_pair *root, const char *name,
                           enum tb_code_scheme scheme, const char *level, int64_t now_s,
                           struct tb_pki_pair *out, char *err)
{
    X509 *ca = tb_pki_cert_of(tb_slice(root->cert, strlen(root->cert))), *x = NULL;
    EVP_PKEY *ca_key = tb_pki_key_of(root->key), *key = vendor_key(scheme);
    bool ok;

    if (ca != NULL && ca_key != NULL && key != NULL)
        x = tb_pki_cert_begin(key, name, ca, now_s, SIGNER_DAYS);
    ok = x != NULL && tb_pki_add_extension(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
         tb_pki_add_extension(x, ca, NID_key_usage, "critical,digitalSignature") &&
         tb_pki_add_extension(x, ca, NID_ext_key_usage, "codeSigning") &&
         tb_pki_add_extension(x, ca, NID_subject_key_identifier, "hash") &&
         tb_pki_add_extension(x, ca, NID_authority_key_identifier, "keyid:always") &&
         (level == NULL || add_level(x, level)) && sign_cert(x, ca_key) &&
         tb_pki_put_pair(x, key, out);
    X509_free(x);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    ERR_clear_error();
    return ok || tb_pki_fail(err, "the signer's certificate could not be made: the root's key or "
                                  "certificate does not fit");
}
