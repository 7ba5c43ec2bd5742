#include "crypto/codesign.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/codesign_internal.h"
#include "crypto/cert_internal.h"

static const enum tb_check C = TB_CHECK_PACKAGE_SIGNATURE;

struct tb_vendors {
    X509_STORE *store;
    size_t n;
};

struct tb_vendors *tb_vendors_new(void)
{
    struct tb_vendors *v = calloc(1, sizeof *v);

    if (v == NULL)
        return NULL;
    v->store = X509_STORE_new();
    if (v->store != NULL)
        return v;
    free(v);
    return NULL;
}

void tb_vendors_free(struct tb_vendors *v)
{
    if (v == NULL)
        return;
    X509_STORE_free(v->store);
    free(v);
}

size_t tb_vendors_count(const struct tb_vendors *v)
{
    return v->n;
}

STACK_OF(X509) * tb_x509_read_all(struct tb_reader file)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(file.p, file.left > INT32_MAX ? 0 : (int)file.left);
    const unsigned char *p = file.p;
    X509 *x;

    while (all != NULL && bio != NULL && sk_X509_num(all) < 64 &&
           (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (sk_X509_push(all, x) <= 0)
            X509_free(x);
    BIO_free(bio);
    if (all != NULL && sk_X509_num(all) == 0 && file.left > 0 && file.left <= TB_CERT_DER_MAX) {
        x = d2i_X509(NULL, &p, (long)file.left);
        if (x == NULL || p != file.p + file.left || sk_X509_push(all, x) <= 0)
            X509_free(x);
    }
    ERR_clear_error();
    return all;
}

bool tb_vendors_add(struct tb_vendors *v, struct tb_reader file, const char *name,
                    struct tb_reason *why)
{
    STACK_OF(X509) *all = tb_x509_read_all(file);
    bool ok = sk_X509_num(all) > 0 || tb_refuse(why, C, name, "a certificate", "none");

    for (int i = 0; ok && i < sk_X509_num(all); i++) {
        X509 *x = sk_X509_value(all, i);

        if (X509_check_ca(x) != 1 || X509_self_signed(x, 1) != 1)
            ok = tb_refuse(why, C, name, "root certificates (self-signed, of a CA)",
                           "certificate %d is none", i + 1);
    }
    for (int i = 0; ok && i < sk_X509_num(all); i++)
        ok = X509_STORE_add_cert(v->store, sk_X509_value(all, i)) == 1 ||
             tb_refuse(why, C, name, "memory", "none left");
    v->n += ok ? (size_t)sk_X509_num(all) : 0;
    sk_X509_pop_free(all, X509_free);
    ERR_clear_error();
    return ok;
}

/* ---- verifying ---- */

static X509 *one_cert(struct tb_reader der)
{
    const unsigned char *p = der.p;
    X509 *x = der.left > TB_CERT_DER_MAX ? NULL : d2i_X509(NULL, &p, (long)der.left);

    if (x != NULL && p == der.p + der.left)
        return x;
    X509_free(x);
    ERR_clear_error();
    return NULL;
}

bool tb_code_cert_fits(X509 *x)
{
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    bool found = false;

    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++)
        found = found || OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i)) == NID_code_sign;
    EXTENDED_KEY_USAGE_free(usage);
    /* Without the extension all bits are set. */
    return found && (X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) != 0 &&
           (X509_get_extension_flags(x) & (EXFLAG_CA | EXFLAG_INVALID)) == 0;
}

/* The project's own extension; "" where it is absent or is no UTF8String of that length. */
static void read_level(X509 *x, char out[16])
{
    ASN1_OBJECT *oid = OBJ_txt2obj(TB_LEVEL_OID, 1);
    int at = oid == NULL ? -1 : X509_get_ext_by_OBJ(x, oid, -1);
    ASN1_OCTET_STRING *value = at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x, at));
    const unsigned char *p = value == NULL ? NULL : ASN1_STRING_get0_data(value), *from = p;
    ASN1_UTF8STRING *text =
        value == NULL ? NULL : d2i_ASN1_UTF8STRING(NULL, &p, ASN1_STRING_length(value));

    out[0] = '\0';
    if (text != NULL && p == from + ASN1_STRING_length(value) && ASN1_STRING_length(text) < 16 &&
        memchr(ASN1_STRING_get0_data(text), 0, (size_t)ASN1_STRING_length(text)) == NULL) {
        memcpy(out, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
        out[ASN1_STRING_length(text)] = '\0';
    }
    ASN1_UTF8STRING_free(text);
    ASN1_OBJECT_free(oid);
    ERR_clear_error();
}

static bool refuse_chain(X509_STORE_CTX *ctx, X509 *leaf, struct tb_reason *why)
{
    X509 *x = X509_STORE_CTX_get_current_cert(ctx);
    char subject[132];

    tb_name_text(X509_get_subject_name(x == NULL ? leaf : x), subject, sizeof subject);
    return tb_refuse(why, C, subject, "a chain to a trusted vendor", "%s",
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
}

static bool key_sha256(X509 *x, uint8_t out[32])
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    bool ok = len > 0 && EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    return ok;
}

bool tb_code_cert_key(struct tb_reader cert, uint8_t out[32])
{
    X509 *x = one_cert(cert);
    bool ok = x != NULL && key_sha256(x, out);

    X509_free(x);
    return ok;
}

static bool describe(STACK_OF(X509) * chain, struct tb_code_signer *out)
{
    int n = sk_X509_num(chain);

    memset(out, 0, sizeof *out);
    if (n < 1 || (size_t)n > sizeof out->key_sha256 / sizeof out->key_sha256[0])
        return false;
    tb_name_text(X509_get_subject_name(sk_X509_value(chain, 0)), out->subject, sizeof out->subject);
    tb_name_text(X509_get_subject_name(sk_X509_value(chain, n - 1)), out->root, sizeof out->root);
    read_level(sk_X509_value(chain, 0), out->level);
    for (int i = 0; i < n; i++)
        if (!key_sha256(sk_X509_value(chain, i), out->key_sha256[i]))
            return false;
    out->n_chain = (size_t)n;
    return true;
}

/* ---- only what the boot loader can judge, too ---- */

static bool is_known(const ASN1_OBJECT *oid, const ASN1_OBJECT *level)
{
    static const int known[] = { NID_basic_constraints,
                                 NID_key_usage,
                                 NID_ext_key_usage,
                                 NID_subject_key_identifier,
                                 NID_authority_key_identifier,
                                 NID_crl_distribution_points,
                                 NID_certificate_policies,
                                 NID_info_access };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (OBJ_obj2nid(oid) == known[i])
            return true;
    return OBJ_cmp(oid, level) == 0;
}

static bool extensions_are_known(X509 *x, const ASN1_OBJECT *level)
{
    for (int i = 0; i < X509_get_ext_count(x); i++) {
        X509_EXTENSION *e = X509_get_ext(x, i);
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(e);
        const int nid = OBJ_obj2nid(oid);

        if (!is_known(oid, level) || X509_get_ext_by_OBJ(x, oid, i) >= 0 ||
            (X509_EXTENSION_get_critical(e) && nid != NID_basic_constraints &&
             nid != NID_key_usage))
            return false;
    }
    return X509_get_version(x) == X509_VERSION_3 && X509_get0_authority_issuer(x) == NULL &&
           X509_get0_authority_serial(x) == NULL;
}

/* The chain that was found is the one that was given, root aside. */
static bool is_plain(STACK_OF(X509) * found, X509 *leaf, STACK_OF(X509) * others)
{
    ASN1_OBJECT *level = OBJ_txt2obj(TB_LEVEL_OID, 1);
    const int n = sk_X509_num(found);
    bool ok = level != NULL && n == sk_X509_num(others) + 2;

    for (int i = 0; ok && i < n; i++) {
        X509 *x = sk_X509_value(found, i);

        ok = extensions_are_known(x, level) &&
             (i == n - 1 || X509_cmp(x, i == 0 ? leaf : sk_X509_value(others, i - 1)) == 0);
    }
    ASN1_OBJECT_free(level);
    return ok;
}

static bool chain_holds(const struct tb_vendors *v, X509 *leaf, STACK_OF(X509) * others,
                        int64_t signed_s, struct tb_code_signer *out, struct tb_reason *why)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = false;

    if (ctx == NULL || X509_STORE_CTX_init(ctx, v->store, leaf, others) != 1) {
        X509_STORE_CTX_free(ctx);
        return tb_refuse(why, C, "chain", "memory", "none left");
    }
    X509_STORE_CTX_set_time(ctx, 0, (time_t)signed_s);
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 2);
    if (X509_verify_cert(ctx) != 1)
        refuse_chain(ctx, leaf, why);
    else if (!is_plain(X509_STORE_CTX_get0_chain(ctx), leaf, others))
        tb_refuse(why, C, "certificates", "a chain that a boot loader can judge",
                  "other extensions, or certificates that it does not need");
    else
        ok = describe(X509_STORE_CTX_get0_chain(ctx), out) ||
             tb_refuse(why, C, "chain", "at most 8 certificates", "more");
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

/* The kind and size of key that the scheme is for. */
bool tb_code_key_fits(EVP_PKEY *key, enum tb_code_scheme scheme)
{
    char curve[32] = "";

    if (scheme == TB_CODE_RSA_SHA512)
        return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= 3072 &&
               EVP_PKEY_get_bits(key) <= 4096;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1 &&
           strcmp(curve, "secp384r1") == 0;
}

/* r and s to the DER form that OpenSSL wants. out: at least 128 bytes. */
static size_t ecdsa_der(struct tb_reader raw, unsigned char *out)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.p, 48, NULL), *s = BN_bin2bn(raw.p + 48, 48, NULL);
    int n = 0;

    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, &out);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool signature_holds(EVP_PKEY *key, enum tb_code_scheme scheme,
                            const struct tb_reader *parts, size_t n_parts, struct tb_reader raw)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char der[128];
    const unsigned char *sig = raw.p;
    size_t len = raw.left;
    bool ok;

    if (scheme == TB_CODE_P384_SHA512) {
        len = raw.left == 96 ? ecdsa_der(raw, der) : 0;
        sig = der;
    }
    ok = ctx != NULL && len > 0 && tb_code_key_fits(key, scheme) &&
         EVP_DigestVerifyInit_ex(ctx, NULL, "SHA512", NULL, NULL, key, NULL) == 1;
    for (size_t i = 0; ok && i < n_parts; i++)
        ok = EVP_DigestVerifyUpdate(ctx, parts[i].p, parts[i].left) == 1;
    ok = ok && EVP_DigestVerifyFinal(ctx, sig, len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

bool tb_code_verify(const struct tb_vendors *vendors, enum tb_code_scheme scheme,
                    const struct tb_reader *chain, size_t n_chain, int64_t signed_s,
                    const struct tb_reader *parts, size_t n_parts, struct tb_reader signature,
                    struct tb_code_signer *out, struct tb_reason *why)
{
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *leaf = n_chain == 0 ? NULL : one_cert(chain[0]);
    bool ok = others != NULL && leaf != NULL;

    for (size_t i = 1; ok && i < n_chain; i++) {
        X509 *x = one_cert(chain[i]);

        ok = x != NULL && sk_X509_push(others, x) > 0;
        if (!ok)
            X509_free(x);
    }
    if (!ok)
        tb_refuse(why, C, "certificates", "X.509 certificates", "one that does not parse");
    else if (!tb_code_cert_fits(leaf))
        ok = tb_refuse(why, C, "signer's certificate", "one for code signing", "another");
    else if (!signature_holds(X509_get0_pubkey(leaf), scheme, parts, n_parts, signature))
        ok = tb_refuse(why, C, "signature", "one by the signer's key", "it does not verify");
    else
        ok = chain_holds(vendors, leaf, others, signed_s, out, why);
    X509_free(leaf);
    sk_X509_pop_free(others, X509_free);
    return ok;
}
