#include "tests/unit/test_certs.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEED(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void add(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;

    if (value == NULL)
        return;
    X509V3_set_ctx(&ctx, NULL, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    NEED(e != NULL && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static void add_name(X509_NAME *name, const char *cn)
{
    if (cn != NULL)
        NEED(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                        (const unsigned char *)cn, -1, -1, 0) == 1);
}

static void add_entry(X509_NAME *name, const char *oid, const char *value)
{
    ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);

    NEED(o != NULL && X509_NAME_add_entry_by_OBJ(name, o, MBSTRING_UTF8,
                                                 (const unsigned char *)value, -1, -1, 0) == 1);
    ASN1_OBJECT_free(o);
}

static void add_tcg_alt_name(X509 *x, const char *manufacturer)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *n = GENERAL_NAME_new();
    X509_NAME *dir = X509_NAME_new();

    NEED(names != NULL && n != NULL && dir != NULL);
    add_entry(dir, "2.23.133.2.1", manufacturer == NULL ? "id:00001014" : manufacturer);
    add_entry(dir, "2.23.133.2.2", "model\x07 one"); /* a bell must not ring in a terminal */
    add_entry(dir, "2.23.133.2.3", "id:00010002");
    GENERAL_NAME_set0_value(n, GEN_DIRNAME, dir);
    NEED(sk_GENERAL_NAME_push(names, n) > 0);
    NEED(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 1, 0) == 1);
    GENERAL_NAMES_free(names);
}

static void add_unknown(X509 *x, const char *oid)
{
    ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *v = ASN1_OCTET_STRING_new();
    X509_EXTENSION *e;

    NEED(o != NULL && v != NULL && ASN1_OCTET_STRING_set(v, (const unsigned char *)"\5\0", 2) == 1);
    e = X509_EXTENSION_create_by_OBJ(NULL, o, 1, v);
    NEED(e != NULL && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(v);
    ASN1_OBJECT_free(o);
}

void test_cert_make(const struct test_cert *c, struct test_bytes *out)
{
    int64_t before = c->not_before_s != 0 ? c->not_before_s : TEST_NOW_S - 365 * 86400;
    int64_t after = c->not_after_s != 0 ? c->not_after_s : TEST_NOW_S + 365 * 86400;
    X509 *x = X509_new();
    uint8_t *p = out->b;
    int len;

    NEED(x != NULL && X509_set_version(x, X509_VERSION_3) == 1);
    NEED(ASN1_INTEGER_set(X509_get_serialNumber(x), 77) == 1);
    NEED(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)before) != NULL);
    NEED(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)after) != NULL);
    if (c->bad_start)
        NEED(ASN1_STRING_set(X509_getm_notBefore(x), "211301000000Z", 13) == 1);
    if (c->bad_time)
        NEED(ASN1_STRING_set(X509_getm_notAfter(x), "271301000000Z", 13) == 1);
    add_name(X509_get_subject_name(x), c->subject);
    add_name(X509_get_issuer_name(x), c->issuer == NULL ? c->subject : c->issuer);
    NEED(X509_set_pubkey(x, c->key) == 1);
    add(x, NID_basic_constraints, c->basic);
    add(x, NID_key_usage, c->key_usage);
    add(x, NID_ext_key_usage, c->extended);
    add(x, NID_info_access, c->aia);
    add(x, NID_subject_alt_name, c->alt_name);
    if (c->tcg_alt_name)
        add_tcg_alt_name(x, c->manufacturer);
    if (c->unknown_critical != NULL)
        add_unknown(x, c->unknown_critical);
    NEED(X509_sign(x, c->issuer_key == NULL ? c->key : c->issuer_key,
                   c->md5    ? EVP_md5()
                   : c->sha1 ? EVP_sha1()
                             : EVP_sha256()) > 0);
    len = i2d_X509(x, NULL);
    NEED(len > 0 && (size_t)len <= sizeof out->b);
    out->n = (size_t)i2d_X509(x, &p);
    X509_free(x);
}
