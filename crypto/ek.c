/* Trust in an endorsement certificate. OpenSSL builds and verifies the chain; what makes the
 * certificate one of a TPM is asked here, because X.509 purposes know nothing of it. */
#include "crypto/ek_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define OID_MANUFACTURER "2.23.133.2.1" /* EK Credential Profile 2.5, 3.2.9 */
#define OID_MODEL "2.23.133.2.2"
#define OID_VERSION "2.23.133.2.3"
#define OID_EK_USAGE "2.23.133.8.1" /* tcg-kp-EKCertificate, 3.2.16 */
#define SECURITY_BITS_MIN 112       /* RSA 2048, P-224, SHA-224; OpenSSL's level 2 */
#define RSA_BITS_MIN 2048

static const enum tb_check C = TB_CHECK_IDENTITY_EK_CERT;

/* ---- what the certificate says ---- */

static void text_of(const ASN1_STRING *s, char *out, size_t out_len)
{
    uint8_t *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, s);
    size_t n = 0;

    for (; len > 0 && n < (size_t)len && n < out_len - 1; n++)
        out[n] = (char)(utf8[n] >= ' ' && utf8[n] <= '~' ? utf8[n] : '?');
    out[n] = '\0';
    OPENSSL_free(utf8);
}

/* Take the three TCG attributes out of a directory name. True if there was one at least. */
static bool read_directory_name(const X509_NAME *name, struct tb_ek_facts *f)
{
    const struct {
        const char *oid;
        char *out;
        size_t out_len;
    } wanted[] = {
        { OID_MANUFACTURER, f->manufacturer, sizeof f->manufacturer },
        { OID_MODEL, f->model, sizeof f->model },
        { OID_VERSION, f->version, sizeof f->version },
    };
    bool any = false;
    char oid[64];

    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);

        if (OBJ_obj2txt(oid, sizeof oid, X509_NAME_ENTRY_get_object(e), 1) <= 0)
            continue;
        for (size_t w = 0; w < sizeof wanted / sizeof wanted[0]; w++)
            if (strcmp(oid, wanted[w].oid) == 0) {
                text_of(X509_NAME_ENTRY_get_data(e), wanted[w].out, wanted[w].out_len);
                any = true;
            }
    }
    return any;
}

/* Microsoft's id stands for a hypervisor's TPM and for one in a processor. Only the authority's own
 * name tells them apart: "Global Virtual TPM CA - 01" and the like issue for Azure's. */
static enum tb_tpm_class class_of(const struct tb_ek_facts *f)
{
    if (f->vendor == tb_tpm_vendor_of_text("MSFT") && strstr(f->issuer, "Virtual TPM") != NULL)
        return TB_TPM_VIRTUAL;
    return tb_tpm_class_of_vendor(f->vendor);
}

/* True unless the alternative name is critical without being the TCG's. */
static bool read_alt_name(X509 *x, struct tb_ek_facts *f)
{
    int critical = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);
    bool any = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if (n->type == GEN_DIRNAME && read_directory_name(n->d.directoryName, f))
            any = true;
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    f->vendor = tb_tpm_vendor_of_text(f->manufacturer);
    f->tpm_class = class_of(f);
    return any || critical != 1;
}

/* ---- what an endorsement certificate must be ---- */

/* The first critical extension that nothing here understands, as text. */
static void unknown_critical(X509 *x, char *out, size_t out_len)
{
    snprintf(out, out_len, "an invalid one");
    for (int i = 0; i < X509_get_ext_count(x); i++) {
        X509_EXTENSION *e = X509_get_ext(x, i);

        if (X509_EXTENSION_get_critical(e) && !X509_supported_extension(e)) {
            OBJ_obj2txt(out, (int)out_len, X509_EXTENSION_get_object(e), 1);
            return;
        }
    }
}

static bool check_extended_usage(X509 *x, struct tb_ek_facts *f, struct tb_reason *why)
{
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    bool found = false;
    char oid[64];

    f->no_tcg_usage = usage == NULL;
    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++)
        if (OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(usage, i), 1) > 0 &&
            strcmp(oid, OID_EK_USAGE) == 0)
            found = true;
    EXTENDED_KEY_USAGE_free(usage);
    ERR_clear_error();
    if (!f->no_tcg_usage && !found)
        return tb_refuse(why, C, "extended key usage", OID_EK_USAGE, "%s", f->subject);
    return true;
}

static bool check_leaf(X509 *x, const struct tb_public *ek, bool alt_name_good,
                       struct tb_ek_facts *f, struct tb_reason *why)
{
    uint32_t want = ek->type == TB_ALG_RSA ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
    uint32_t flags = X509_get_extension_flags(x);
    char oid[64];

    if ((flags & EXFLAG_INVALID) != 0)
        return tb_refuse(why, C, "extensions", "well formed", "%s", f->subject);
    if ((flags & EXFLAG_CRITICAL) != 0) {
        unknown_critical(x, oid, sizeof oid);
        return tb_refuse(why, C, "critical extension", "a known one", "%s", oid);
    }
    if ((flags & EXFLAG_CA) != 0)
        return tb_refuse(why, C, "basic constraints", "not a CA", "%s", f->subject);
    if (!alt_name_good)
        return tb_refuse(why, C, "subject alternative name", "the TCG's attributes", "%s",
                         f->subject);
    /* All bits are set when the extension is absent, which RFC 5280 reads as no restriction. */
    if ((X509_get_key_usage(x) & want) == 0)
        return tb_refuse(why, C, "key usage",
                         ek->type == TB_ALG_RSA ? "key encipherment" : "key agreement", "%s",
                         f->subject);
    return check_extended_usage(x, f, why);
}

/* ---- the chain ---- */

struct job {
    const struct tb_roots *roots;
    const struct tb_ek_rules *rules;
    bool leaf_is_ek; /* else one of the operator's own */
};

/* The first address of the issuer that the certificate gives; shown, never opened. */
static void issuer_address(X509 *x, char *out, size_t out_len)
{
    AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);

    snprintf(out, out_len, "no address");
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(aia); i++) {
        const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(aia, i);

        if (OBJ_obj2nid(d->method) == NID_ad_ca_issuers && d->location->type == GEN_URI) {
            text_of(d->location->d.uniformResourceIdentifier, out, out_len);
            break;
        }
    }
    AUTHORITY_INFO_ACCESS_free(aia);
    ERR_clear_error();
}

static bool refuse_missing_issuer(X509 *x, struct tb_reason *why)
{
    char issuer[TB_CERT_NAME_MAX], address[132];

    tb_name_text(X509_get_issuer_name(x), issuer, sizeof issuer);
    issuer_address(x, address, sizeof address);
    return tb_refuse(why, C, "missing issuer", issuer, "%s", address);
}

/* The subject; of an endorsement certificate it is often empty (3.2.6). */
static void name_of(X509 *x, char out[TB_CERT_NAME_MAX])
{
    tb_name_text(X509_get_subject_name(x), out, TB_CERT_NAME_MAX);
    if (out[0] == '\0')
        snprintf(out, TB_CERT_NAME_MAX, "the endorsement certificate");
}

static const struct {
    int error;
    const char *where;
    const char *expected;
} chain_errors[] = {
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed", "a certificate by the TPM's maker" },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown root", "one of the operator's roots" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, "signature", "one by its issuer" },
    { X509_V_ERR_INVALID_CA, "issuer", "a CA certificate" },
    { X509_V_ERR_PATH_LENGTH_EXCEEDED, "path length", "within the issuer's limit" },
    { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "critical extension", "a known one" },
};

static bool refuse_chain(X509_STORE_CTX *ctx, X509 *leaf, struct tb_reason *why)
{
    X509 *x = X509_STORE_CTX_get_current_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    char subject[TB_CERT_NAME_MAX];

    if (x == NULL)
        x = leaf;
    if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
        error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
        error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
        return refuse_missing_issuer(x, why);
    name_of(x, subject);
    for (size_t i = 0; i < sizeof chain_errors / sizeof chain_errors[0]; i++)
        if (chain_errors[i].error == error)
            return tb_refuse(why, C, chain_errors[i].where, chain_errors[i].expected, "%s",
                             subject);
    return tb_refuse(why, C, X509_verify_cert_error_string(error), "a chain to a root", "%s",
                     subject);
}

/* Outside its validity: apart from its trust, and the policy decides what it means. */
static bool refuse_time(X509 *x, const char *where, int64_t limit_s, struct tb_reason *why)
{
    char subject[TB_CERT_NAME_MAX], day[16] = "", expected[64];
    time_t t = (time_t)limit_s;
    struct tm tm;

    name_of(x, subject);
    if (gmtime_r(&t, &tm) != NULL)
        (void)strftime(day, sizeof day, "%Y-%m-%d", &tm);
    snprintf(expected, sizeof expected, "a time %s %s",
             strcmp(where, "expired") == 0 ? "up to" : "from", day);
    return tb_refuse(why, TB_CHECK_IDENTITY_EK_EXPIRED, where, expected, "%s", subject);
}

static bool read_times(X509 *x, int64_t *before, int64_t *after, struct tb_reason *why)
{
    char subject[TB_CERT_NAME_MAX];

    if (tb_time_of(X509_get0_notBefore(x), before) && tb_time_of(X509_get0_notAfter(x), after))
        return true;
    name_of(x, subject);
    return tb_refuse(why, C, "validity", "two times", "%s", subject);
}

static bool check_times(STACK_OF(X509) * chain, const struct tb_ek_rules *rules,
                        struct tb_ek_facts *f, struct tb_reason *why)
{
    int64_t before, after;

    for (int i = 0; i < sk_X509_num(chain); i++)
        if (!read_times(sk_X509_value(chain, i), &before, &after, why))
            return false;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *x = sk_X509_value(chain, i);

        if (!read_times(x, &before, &after, why))
            return false;
        if (rules->now_s >= before && rules->now_s <= after)
            continue;
        f->expired = true;
        if (!rules->allow_expired)
            return refuse_time(x, rules->now_s < before ? "not yet valid" : "expired",
                               rules->now_s < before ? before : after, why);
    }
    return true;
}

/* OpenSSL rounds: a modulus of 2000 bits has 112 bits of security for it, too. */
static bool key_is_weak(const EVP_PKEY *key)
{
    if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN) /* 0 for a key that is none */
        return true;
    return (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) &&
           EVP_PKEY_get_bits(key) < RSA_BITS_MIN;
}

/* Only a floor: vendors have RSA 2058 and P-521. */
static bool check_key_sizes(STACK_OF(X509) * chain, struct tb_reason *why)
{
    char subject[TB_CERT_NAME_MAX];

    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *x = sk_X509_value(chain, i);
        EVP_PKEY *key = X509_get0_pubkey(x);

        name_of(x, subject);
        if (key_is_weak(key))
            return tb_refuse(why, C, "weak key", "RSA 2048 or better", "%s", subject);
    }
    return true;
}

/* The root's own signature proves nothing, and is not looked at. SHA-1 is for intermediates alone,
 * below roots for which the operator says so. */
static bool check_signatures(const struct tb_roots *roots, STACK_OF(X509) * chain, bool leaf_is_ek,
                             struct tb_reason *why)
{
    int last = sk_X509_num(chain) - 1;
    bool sha1 = tb_x509_is_in(roots->sha1, sk_X509_value(chain, last));
    char subject[TB_CERT_NAME_MAX];

    for (int i = 0; i < last; i++) {
        X509 *x = sk_X509_value(chain, i);
        int hash = NID_undef, bits = -1;
        bool may = sha1 && (i > 0 || !leaf_is_ek);

        name_of(x, subject);
        if (X509_get_signature_info(x, &hash, NULL, &bits, NULL) == 1 && bits >= SECURITY_BITS_MIN)
            continue;
        if (hash != NID_sha1)
            return tb_refuse(why, C, "weak signature", "SHA-256 or better", "%s", subject);
        if (!may)
            return tb_refuse(why, C, "weak signature",
                             i > 0 || !leaf_is_ek ? "SHA-256 or better, or allow_sha1 for its root"
                                                  : "SHA-256 or better",
                             "SHA-1: %s", subject);
    }
    return true;
}

/* OpenSSL's level 0 lets short keys and weak hashes through, which are told apart here. */
static bool check_chain(X509_STORE_CTX *ctx, const struct job *j, X509 *leaf, struct tb_ek_facts *f,
                        struct tb_reason *why)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    STACK_OF(X509) * chain;
    bool good;

    X509_VERIFY_PARAM_set_auth_level(param, 0);
    if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME) != 1)
        return tb_refuse(why, C, "certificate", "a verifier", "the crypto library failed");
    good = X509_verify_cert(ctx) == 1;
    ERR_clear_error();
    if (!good)
        return refuse_chain(ctx, leaf, why);
    chain = X509_STORE_CTX_get0_chain(ctx);
    tb_name_text(X509_get_subject_name(sk_X509_value(chain, sk_X509_num(chain) - 1)), f->root,
                 sizeof f->root);
    return check_key_sizes(chain, why) && check_signatures(j->roots, chain, j->leaf_is_ek, why) &&
           check_times(chain, j->rules, f, why);
}

/* The operator's intermediates and the host's, to be freed with sk_X509_free and each X509_free. */
static STACK_OF(X509) * helpers_of(const struct tb_roots *roots, const struct tb_reader *chain,
                                   size_t n_chain, struct tb_ek_facts *f)
{
    STACK_OF(X509) *all = X509_chain_up_ref(roots->intermediates);
    struct tb_reason unused;

    for (size_t i = 0; all != NULL && i < n_chain; i++) {
        struct tb_reader der;
        struct tb_cert *c = NULL;

        if (tb_ek_cert_trim(chain[i], &der, &unused))
            c = tb_cert_parse(der, C, &unused);
        if (c == NULL)
            f->n_ignored++;
        else if (X509_up_ref(c->x509) == 1 && sk_X509_push(all, c->x509) <= 0)
            X509_free(c->x509);
        tb_cert_free(c);
    }
    return all;
}

static bool build_and_check_chain(const struct job *j, X509 *leaf, const struct tb_reader *chain,
                                  size_t n_chain, struct tb_ek_facts *f, struct tb_reason *why)
{
    STACK_OF(X509) *helpers = helpers_of(j->roots, chain, n_chain, f);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool good;

    if (helpers == NULL || ctx == NULL ||
        X509_STORE_CTX_init(ctx, j->roots->store, leaf, helpers) != 1)
        good = tb_refuse(why, C, "certificate", "memory", "none left");
    else
        good = check_chain(ctx, j, leaf, f, why);
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(helpers, X509_free);
    return good;
}

bool tb_roots_check(const struct tb_roots *r, size_t i, struct tb_reason *why)
{
    static const struct tb_ek_rules rules = { .allow_expired = true };
    const struct job job = { r, &rules, false };
    X509 *x = sk_X509_value(r->all, (int)i);
    struct tb_ek_facts unused = { 0 };

    if (X509_check_ca(x) == 0) {
        char subject[TB_CERT_NAME_MAX];

        tb_name_text(X509_get_subject_name(x), subject, sizeof subject);
        return tb_refuse(why, C, "issuer", "a CA certificate", "%s", subject);
    }
    return build_and_check_chain(&job, x, NULL, 0, &unused, why);
}

bool tb_ek_cert_check(const struct tb_roots *roots, const struct tb_ek_rules *rules,
                      struct tb_reader cert, const struct tb_reader *chain, size_t n_chain,
                      const struct tb_public *ek, struct tb_ek_facts *out, struct tb_reason *why)
{
    const struct job job = { roots, rules, true };
    struct tb_reader der;
    struct tb_cert *c;
    bool alt_name_good, good;

    *out = (struct tb_ek_facts){ 0 };
    if (n_chain > TB_EK_CHAIN_MAX)
        return tb_refuse(why, C, "certificate chain", "at most 8 certificates", "%zu", n_chain);
    if (!tb_ek_cert_trim(cert, &der, why))
        return false;
    c = tb_cert_parse(der, C, why);
    if (c == NULL)
        return false;
    tb_cert_sha256(c, out->sha256);
    tb_cert_subject_text(c, out->subject);
    tb_cert_issuer_text(c, out->issuer);
    alt_name_good = read_alt_name(c->x509, out);
    if (!tb_cert_validity(c, &out->not_before_s, &out->not_after_s))
        good = tb_refuse(why, C, "validity", "two times", "%s", out->subject);
    else if (!tb_cert_is_about(c, ek))
        good = tb_refuse(why, TB_CHECK_IDENTITY_EK_KEY, "certificate's public key",
                         "the endorsement key", "another key: %s", out->subject);
    else
        good = check_leaf(c->x509, ek, alt_name_good, out, why) &&
               build_and_check_chain(&job, c->x509, chain, n_chain, out, why);
    tb_cert_free(c);
    return good;
}
