#include "tests/unit/small_world.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct tb_reader small_text = { (const uint8_t *)"what is signed", 14 };

static const struct small_spec good[N_SMALL] = {
    [SMALL_LEAF] = { .basic = "critical,CA:FALSE",
                     .usage = "critical,digitalSignature",
                     .extended = "codeSigning",
                     .level = "accepted",
                     .subject = "Signer",
                     .issuer = "Middle" },
    [SMALL_MIDDLE] = { .basic = "critical,CA:TRUE,pathlen:0",
                       .usage = "critical,keyCertSign,cRLSign",
                       .extended = "",
                       .level = "",
                       .subject = "Middle",
                       .issuer = "Vendor" },
    [SMALL_ROOT] = { .basic = "critical,CA:TRUE",
                     .usage = "critical,keyCertSign,cRLSign",
                     .extended = "",
                     .level = "",
                     .subject = "Vendor",
                     .issuer = "Vendor" },
    [SMALL_OTHER] = { .basic = "critical,CA:TRUE",
                      .usage = "critical,keyCertSign,cRLSign",
                      .extended = "",
                      .level = "",
                      .subject = "Other",
                      .issuer = "Other" },
};

EVP_PKEY *small_key(const char *kind, enum small_who who)
{
    static struct {
        char kind[16];
        enum small_who who;
        EVP_PKEY *key;
    } made[32];
    size_t i = 0;

    if (kind == NULL)
        kind = "P-384";
    while (made[i].key != NULL && (strcmp(made[i].kind, kind) != 0 || made[i].who != who))
        assert_true(++i < sizeof made / sizeof *made);
    if (made[i].key != NULL)
        return made[i].key;
    snprintf(made[i].kind, sizeof made[i].kind, "%s", kind);
    made[i].who = who;
    made[i].key =
        strncmp(kind, "RSA ", 4) == 0 ? EVP_RSA_gen((unsigned)atoi(kind + 4)) : EVP_EC_gen(kind);
    assert_non_null(made[i].key);
    return made[i].key;
}

static void add(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;

    if (value[0] == '\0')
        return;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_true(e != NULL && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static void add_raw(X509 *x, const char *oid, bool critical, const uint8_t *der, size_t len)
{
    ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *v = ASN1_OCTET_STRING_new();
    X509_EXTENSION *e;

    assert_true(o != NULL && ASN1_OCTET_STRING_set(v, der, (int)len) == 1);
    e = X509_EXTENSION_create_by_OBJ(NULL, o, critical, v);
    assert_true(e != NULL && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(v);
    ASN1_OBJECT_free(o);
}

static void add_level(X509 *x, const char *level)
{
    uint8_t der[64] = { 0x0c, (uint8_t)strlen(level) };

    memcpy(der + 2, level, strlen(level));
    if (level[0] != '\0')
        add_raw(x, TB_LEVEL_OID, false, der, 2 + strlen(level));
}

static void add_more(X509 *x, const struct small_spec *s)
{
    uint8_t der[256];

    if (s->more == NULL)
        return;
    assert_true(strlen(s->more_value) / 2 <= sizeof der &&
                tb_unhex(s->more_value, der, strlen(s->more_value) / 2));
    add_raw(x, s->more, s->more_critical, der, strlen(s->more_value) / 2);
}

static void add_name(X509_NAME *name, const char *cn)
{
    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                                (const unsigned char *)cn, -1, -1, 0),
                     1);
}

#define OR(a, b) ((a) != NULL ? (a) : (b))

static X509 *begin(const struct small_spec *s, const struct small_spec *g, EVP_PKEY *key)
{
    const int64_t year = INT64_C(365) * 86400;
    X509 *x = X509_new();

    assert_int_equal(X509_set_version(x, s->version != 0 ? s->version - 1 : X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 77), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x),
                                  (time_t)(s->before_s != 0 ? s->before_s : SMALL_NOW_S - year)));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x),
                                  (time_t)(s->after_s != 0 ? s->after_s : SMALL_NOW_S + year)));
    add_name(X509_get_subject_name(x), OR(s->subject, g->subject));
    add_name(X509_get_issuer_name(x), OR(s->issuer, g->issuer));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    return x;
}

static X509 *make_one(const struct small_case *c, enum small_who who, X509 *issuer,
                      EVP_PKEY *issuer_key)
{
    const struct small_spec *s = &c->cert[who];
    struct small_spec g = good[who];
    EVP_PKEY *key = small_key(s->kind, who);
    char extended[128];
    X509 *x;

    if (who == SMALL_LEAF && c->direct)
        g.issuer = good[SMALL_ROOT].subject;
    if (who == SMALL_OTHER && c->two_middles)
        g.issuer = good[SMALL_ROOT].subject;
    if (who == SMALL_MIDDLE && c->two_middles)
        g.issuer = good[SMALL_OTHER].subject;
    x = begin(s, &g, key);
    snprintf(extended, sizeof extended, "%s%s", s->extended_critical ? "critical," : "",
             OR(s->extended, g.extended));
    add(x, issuer, NID_basic_constraints, OR(s->basic, g.basic));
    add(x, issuer, NID_key_usage, OR(s->usage, g.usage));
    add(x, issuer, NID_ext_key_usage, extended);
    add(x, issuer, NID_subject_key_identifier, OR(s->key_id, "hash"));
    if (issuer != NULL)
        add(x, issuer, NID_authority_key_identifier, OR(s->issuer_key_id, "keyid:always"));
    add_level(x, OR(s->level, g.level));
    add_level(x, OR(s->level_again, ""));
    add_more(x, s);
    assert_true(X509_sign(x, issuer_key != NULL ? issuer_key : key,
                          EVP_get_digestbyname(OR(s->hash, "SHA256"))) > 0);
    return x;
}

static void put(X509 *x, struct test_bytes *out)
{
    uint8_t *p = out->b;
    int len = i2d_X509(x, NULL);

    assert_true(len > 0 && (size_t)len <= sizeof out->b);
    out->n = (size_t)i2d_X509(x, &p);
}

/* A signature as the scheme asks for it; of other keys as near to it as they come. */
size_t small_sign(EVP_PKEY *key, struct tb_reader text, uint8_t out[SMALL_SIGNATURE_MAX])
{
    unsigned char der[SMALL_SIGNATURE_MAX];
    const unsigned char *p = der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = sizeof der;
    ECDSA_SIG *sig;

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha512(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &len, text.p, text.left), 1);
    EVP_MD_CTX_free(ctx);
    if (EVP_PKEY_is_a(key, "RSA")) {
        memcpy(out, der, len);
        return len;
    }
    sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 48), 48);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 48, 48), 48);
    ECDSA_SIG_free(sig);
    return 96;
}

/* SEQUENCE, body (both with lengths of two bytes), algorithm, and the value at the end. */
void small_sign_again(struct test_bytes *der, EVP_PKEY *issuer)
{
    const size_t body_len = ((size_t)der->b[6] << 8 | der->b[7]) + 4;
    size_t len = (size_t)EVP_PKEY_get_size(issuer);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    assert_true(der->n > body_len + len);
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, issuer), 1);
    assert_int_equal(EVP_DigestSign(ctx, der->b + der->n - len, &len, der->b + 4, body_len), 1);
    EVP_MD_CTX_free(ctx);
}

void small_write_otherwise(struct test_bytes *der)
{
    const uint8_t *p = der->b;
    X509 *x = d2i_X509(NULL, &p, (long)der->n);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
    const ASN1_BIT_STRING *value;
    ECDSA_SIG *sig;
    uint8_t *again = NULL;
    BIGNUM *r, *s = BN_new();
    int len;

    X509_get0_signature(&value, NULL, x);
    p = value->data;
    sig = d2i_ECDSA_SIG(NULL, &p, value->length);
    assert_true(sig != NULL && s != NULL && group != NULL);
    r = BN_dup(ECDSA_SIG_get0_r(sig));
    assert_int_equal(BN_sub(s, EC_GROUP_get0_order(group), ECDSA_SIG_get0_s(sig)), 1);
    assert_int_equal(ECDSA_SIG_set0(sig, r, s), 1);
    len = i2d_ECDSA_SIG(sig, &again);
    assert_true(len > 0 && ASN1_STRING_set((ASN1_STRING *)(uintptr_t)value, again, len) == 1);
    put(x, der);
    OPENSSL_free(again);
    ECDSA_SIG_free(sig);
    EC_GROUP_free(group);
    X509_free(x);
}

void small_make(const struct small_case *c, struct small_made *out)
{
    const char *order = OR(c->order, c->direct ? "L" : "LM"), *letters = "LMRO";
    X509 *root = make_one(c, SMALL_ROOT, NULL, NULL);
    EVP_PKEY *root_key = small_key(c->cert[SMALL_ROOT].kind, SMALL_ROOT);
    EVP_PKEY *other_key = small_key(c->cert[SMALL_OTHER].kind, SMALL_OTHER);
    X509 *other = c->two_middles ? make_one(c, SMALL_OTHER, root, root_key)
                                 : make_one(c, SMALL_OTHER, NULL, NULL);
    EVP_PKEY *middle_key = small_key(c->cert[SMALL_MIDDLE].kind, SMALL_MIDDLE);
    X509 *middle = c->two_middles ? make_one(c, SMALL_MIDDLE, other, other_key)
                                  : make_one(c, SMALL_MIDDLE, root, root_key);
    X509 *leaf =
        make_one(c, SMALL_LEAF, c->direct ? root : middle, c->direct ? root_key : middle_key);

    put(leaf, &out->der[SMALL_LEAF]);
    put(middle, &out->der[SMALL_MIDDLE]);
    put(root, &out->der[SMALL_ROOT]);
    put(other, &out->der[SMALL_OTHER]);
    out->n_chain = strlen(order);
    for (size_t i = 0; i < out->n_chain; i++)
        out->chain[i] = test_slice(&out->der[strchr(letters, order[i]) - letters]);
    out->signature =
        tb_slice(out->value, small_sign(small_key(c->cert[SMALL_LEAF].kind, SMALL_LEAF), small_text,
                                        out->value));
    X509_free(root);
    X509_free(other);
    X509_free(middle);
    X509_free(leaf);
}
