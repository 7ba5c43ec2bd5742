/* Attack ids: T-07, T-19, T-20. Table ids of event-log.md: L-72. */
#include "core/public.h"
#include "tests/unit/test_support.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum test_ak_kind kinds[] = { TEST_AK_P256, TEST_AK_P384, TEST_AK_RSA2048,
                                           TEST_AK_RSA2048_PSS };
#define N_KINDS (sizeof kinds / sizeof kinds[0])

static struct test_ak *aks[N_KINDS];

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++)
        aks[i] = test_ak_new(kinds[i]);
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++)
        test_ak_free(aks[i]);
    return 0;
}

typedef bool check_fn(struct tb_reader in, struct tb_public *out, struct tb_reason *why);

static bool check(check_fn *fn, const struct test_public *p, struct tb_public *out,
                  struct tb_reason *why)
{
    struct test_bytes b;
    uint8_t *exact;
    bool ok;

    test_public_build(p, &b);
    exact = test_memdup(b.b, b.n);
    *why = (struct tb_reason){ .check = TB_N_CHECKS };
    ok = fn(tb_slice(exact, b.n), out, why);
    free(exact);
    return ok;
}

static void ak_refused(const struct test_public *p, const char *where)
{
    struct tb_public out;
    struct tb_reason why;

    assert_false(check(tb_public_check_ak, p, &out, &why));
    assert_int_equal(why.check, TB_CHECK_IDENTITY_AK);
    assert_string_equal(why.where, where);
}

static void ek_refused(const struct test_public *p, const char *where)
{
    struct tb_public out;
    struct tb_reason why;

    assert_false(check(tb_public_check_ek, p, &out, &why));
    assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_KEY);
    assert_string_equal(why.where, where);
}

/* ---- attestation keys ---- */

static void keys_of_our_templates_are_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        struct tb_public out;
        struct tb_reason why;

        assert_true(tb_public_check_ak(test_ak_public(aks[i]), &out, &why));
        assert_int_equal(out.attributes, TB_AK_ATTRIBUTES);
        assert_int_equal(out.scheme, test_ak_parts(aks[i]).scheme);
        assert_int_equal(out.scheme_hash, test_ak_hash(aks[i]));
        if (out.type == TB_ALG_RSA)
            assert_int_equal(out.rsa_exponent, 65537);
    }
}

static void t20_l72_each_attribute_flipped_is_refused_by_its_name(void **state)
{
    static const struct {
        unsigned bit;
        const char *where;
    } named[] = {
        { 1, "objectAttributes.fixedTPM" },     { 2, "objectAttributes.stClear" },
        { 4, "objectAttributes.fixedParent" },  { 5, "objectAttributes.sensitiveDataOrigin" },
        { 6, "objectAttributes.userWithAuth" }, { 7, "objectAttributes.adminWithPolicy" },
        { 10, "objectAttributes.noDA" },        { 11, "objectAttributes.encryptedDuplication" },
        { 16, "objectAttributes.restricted" },  { 17, "objectAttributes.decrypt" },
        { 18, "objectAttributes.sign" },
    };

    (void)state;
    for (size_t k = 0; k < N_KINDS; k++)
        for (unsigned bit = 0; bit < 32; bit++) {
            struct test_public p = test_ak_parts(aks[k]);
            const char *where = "objectAttributes, reserved bits";

            for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
                if (named[i].bit == bit)
                    where = named[i].where;
            p.attributes ^= UINT32_C(1) << bit;
            ak_refused(&p, where);
        }
}

static void t20_a_refused_attribute_says_what_was_wanted(void **state)
{
    struct test_public p = test_ak_parts(aks[0]);
    struct tb_public out;
    struct tb_reason why;

    (void)state;
    p.attributes &= ~(uint32_t)TB_OBJECT_RESTRICTED;
    assert_false(check(tb_public_check_ak, &p, &out, &why));
    assert_string_equal(why.expected, "set");
    assert_string_equal(why.observed, "clear");
    p.attributes |= TB_OBJECT_RESTRICTED | TB_OBJECT_DECRYPT;
    assert_false(check(tb_public_check_ak, &p, &out, &why));
    assert_string_equal(why.expected, "clear");
    assert_string_equal(why.observed, "set");
}

static void t07_another_scheme_hash_or_name_algorithm_is_refused(void **state)
{
    struct test_public p = test_ak_parts(aks[0]), q = test_ak_parts(aks[1]);
    struct test_public r = test_ak_parts(aks[2]);

    (void)state;
    p.scheme_hash = TB_ALG_SHA1;
    ak_refused(&p, "scheme.hashAlg");
    p.scheme_hash = TB_ALG_SHA384;
    ak_refused(&p, "scheme.hashAlg");
    p = test_ak_parts(aks[0]);
    p.scheme = TB_ALG_NULL; /* the host could choose it for each signature */
    ak_refused(&p, "scheme");
    r.scheme = TB_ALG_NULL;
    ak_refused(&r, "scheme");
    p = test_ak_parts(aks[0]);
    p.name_alg = TB_ALG_SHA1;
    ak_refused(&p, "nameAlg");
    q.scheme_hash = TB_ALG_SHA256;
    ak_refused(&q, "scheme.hashAlg");
    q = test_ak_parts(aks[1]);
    q.name_alg = TB_ALG_SHA1;
    ak_refused(&q, "nameAlg");
}

static void t07_rsa_below_2048_bits_is_refused(void **state)
{
    static const uint8_t n[512] = { 0x80 };
    static const uint16_t bits[] = { 1024, 1536, 4096 };

    (void)state;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        struct test_public p = test_ak_parts(aks[2]);

        p.bits_or_curve = bits[i];
        p.n_or_x = tb_slice(n, bits[i] / 8u);
        ak_refused(&p, "keyBits");
    }
}

static void p521_is_no_curve_of_an_attestation_key(void **state)
{
    struct test_public p = test_ak_parts(aks[0]);

    (void)state;
    p.bits_or_curve = TB_CURVE_P521;
    ak_refused(&p, "curveID");
}

static void rsa_3072_and_p384_named_by_sha256_are_accepted(void **state)
{
    static const uint8_t n[384] = { 0x80 };
    struct test_public p = test_ak_parts(aks[2]), q = test_ak_parts(aks[1]);
    struct tb_public out;
    struct tb_reason why;

    (void)state;
    p.bits_or_curve = 3072;
    p.n_or_x = tb_slice(n, 384);
    assert_true(check(tb_public_check_ak, &p, &out, &why));
    q.name_alg = TB_ALG_SHA256;
    assert_true(check(tb_public_check_ak, &q, &out, &why));
    q.name_alg = q.scheme_hash = TB_ALG_SHA512;
    q.attributes &= ~(uint32_t)TB_OBJECT_NO_DA;
    assert_true(check(tb_public_check_ak, &q, &out, &why));
}

static void a_policy_or_a_symmetric_algorithm_on_an_attestation_key_is_refused(void **state)
{
    static const uint8_t policy[32] = { 1 };
    struct test_public p = test_ak_parts(aks[0]);

    (void)state;
    p.policy = tb_slice(policy, 32);
    ak_refused(&p, "authPolicy");
    p = test_ak_parts(aks[0]);
    p.symmetric = TB_ALG_AES;
    p.symmetric_bits = 128;
    p.symmetric_mode = TB_ALG_CFB;
    ak_refused(&p, "symmetric.keyBits");
}

static void another_encoding_of_the_same_key_is_refused(void **state)
{
    struct test_public p = test_ak_parts(aks[2]);

    (void)state;
    p.exponent = 65537; /* parses to the same values as 0, but has another Name */
    ak_refused(&p, "TPMT_PUBLIC");
    p.exponent = 3;
    ak_refused(&p, "TPMT_PUBLIC");
}

static void an_endorsement_key_is_no_attestation_key_and_the_reverse(void **state)
{
    struct test_public p = test_ak_parts(aks[0]);

    (void)state;
    ek_refused(&p, "objectAttributes.userWithAuth");
}

/* ---- endorsement keys ---- */

#define POLICY_SECRET 0x00000151 /* TPM_CC, Part 2, 6.5.2 */
#define POLICY_OR 0x00000171
#define POLICY_AUTHORIZE_NV 0x00000192
#define RH_ENDORSEMENT 0x4000000b

static size_t hash(const EVP_MD *md, const struct test_bytes *b, uint8_t *out)
{
    unsigned len;

    assert_int_equal(EVP_Digest(b->b, b->n, out, &len, md, NULL), 1);
    return len;
}

/* Part 3, 23.4: PolicySecret(TPM_RH_ENDORSEMENT) with an empty policyRef. */
static size_t policy_a(const EVP_MD *md, uint8_t *out)
{
    uint8_t zeros[64] = { 0 };
    struct test_bytes b = { 0 };

    test_put(&b, zeros, (size_t)EVP_MD_get_size(md));
    test_put_u32(&b, POLICY_SECRET);
    test_put_u32(&b, RH_ENDORSEMENT);
    hash(md, &b, out);
    b.n = 0;
    test_put(&b, out, (size_t)EVP_MD_get_size(md));
    return hash(md, &b, out);
}

/* EK Credential Profile 2.5, B.5: the NV index I-n whose policy the high range points to. */
static size_t policy_c(const EVP_MD *md, uint32_t index, uint16_t alg, uint8_t *out)
{
    uint8_t a[64], zeros[64] = { 0 }, name[66];
    struct test_bytes b = { 0 };
    size_t len = policy_a(md, a);

    test_put_u32(&b, index);
    test_put_u16(&b, alg);
    test_put_u32(&b, 0x220f1008);
    test_put_tpm2b(&b, tb_slice(a, len));
    test_put_u16(&b, (uint16_t)(2 + len));
    name[0] = (uint8_t)(alg >> 8);
    name[1] = (uint8_t)alg;
    hash(md, &b, name + 2);
    b.n = 0;
    test_put(&b, zeros, len);
    test_put_u32(&b, POLICY_AUTHORIZE_NV);
    test_put(&b, name, 2 + len);
    return hash(md, &b, out);
}

/* Part 3, 23.6: PolicyOR(PolicyA, PolicyC). */
static size_t policy_b(const EVP_MD *md, uint32_t index, uint16_t alg, uint8_t *out)
{
    uint8_t a[64], c[64], zeros[64] = { 0 };
    struct test_bytes b = { 0 };
    size_t len = policy_a(md, a);

    policy_c(md, index, alg, c);
    test_put(&b, zeros, len);
    test_put_u32(&b, POLICY_OR);
    test_put(&b, a, len);
    test_put(&b, c, len);
    return hash(md, &b, out);
}

struct ek_case {
    const char *name;
    uint16_t type, bits_or_curve, name_alg, aes_bits;
    bool high;
};

static const struct ek_case ek_cases[] = {
    { "L-1", TB_ALG_RSA, 2048, TB_ALG_SHA256, 128, false },
    { "L-2", TB_ALG_ECC, TB_CURVE_P256, TB_ALG_SHA256, 128, false },
    { "H-1", TB_ALG_RSA, 2048, TB_ALG_SHA256, 128, true },
    { "H-2", TB_ALG_ECC, TB_CURVE_P256, TB_ALG_SHA256, 128, true },
    { "H-3", TB_ALG_ECC, TB_CURVE_P384, TB_ALG_SHA384, 256, true },
    { "H-4", TB_ALG_ECC, TB_CURVE_P521, TB_ALG_SHA512, 256, true },
    { "H-6", TB_ALG_RSA, 3072, TB_ALG_SHA384, 256, true },
    { "H-7", TB_ALG_RSA, 4096, TB_ALG_SHA384, 256, true },
};
#define N_EKS (sizeof ek_cases / sizeof ek_cases[0])

static const uint8_t number[512] = { 0x80 };

/* policy holds the digest that the result points to. */
static struct test_public ek_parts(const struct ek_case *c, uint8_t policy[64])
{
    const EVP_MD *md = c->name_alg == TB_ALG_SHA256   ? EVP_sha256()
                       : c->name_alg == TB_ALG_SHA384 ? EVP_sha384()
                                                      : EVP_sha512();
    uint32_t index = 0x01c07f01 + (uint32_t)(c->name_alg - TB_ALG_SHA256); /* I-1, I-2, I-3 */
    size_t len = c->high ? policy_b(md, index, c->name_alg, policy) : policy_a(md, policy);
    size_t size = c->type == TB_ALG_RSA               ? c->bits_or_curve / 8u
                  : c->bits_or_curve == TB_CURVE_P256 ? 32
                  : c->bits_or_curve == TB_CURVE_P384 ? 48
                                                      : 66;

    return (struct test_public){
        .type = c->type,
        .name_alg = c->name_alg,
        .attributes = c->high ? 0x000300f2 : 0x000300b2,
        .policy = tb_slice(policy, len),
        .symmetric = TB_ALG_AES,
        .symmetric_bits = c->aes_bits,
        .symmetric_mode = TB_ALG_CFB,
        .scheme = TB_ALG_NULL,
        .bits_or_curve = c->bits_or_curve,
        .kdf = TB_ALG_NULL,
        .n_or_x = tb_slice(number, size),
        .y = tb_slice(number, c->type == TB_ALG_RSA ? 0 : size),
    };
}

/* The policies are computed here from their definition, not copied. */
static void keys_of_the_profiles_templates_are_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_EKS; i++) {
        uint8_t policy[64];
        struct test_public p = ek_parts(&ek_cases[i], policy);
        struct tb_public out;
        struct tb_reason why;

        if (!check(tb_public_check_ek, &p, &out, &why))
            fail_msg("%s: %s, expected %s, observed %s", ek_cases[i].name, why.where, why.expected,
                     why.observed);
        assert_int_equal(out.symmetric_bits, ek_cases[i].aes_bits);
    }
}

static void every_field_of_an_endorsement_key_is_compared(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_EKS; i++) {
        uint8_t policy[64];
        struct test_public good = ek_parts(&ek_cases[i], policy), p = good;

        p.attributes ^= TB_OBJECT_RESTRICTED;
        ek_refused(&p, "objectAttributes.restricted");
        p = good;
        p.attributes ^= TB_OBJECT_SIGN;
        ek_refused(&p, "objectAttributes.sign");
        p = good;
        policy[5] ^= 1;
        ek_refused(&p, "authPolicy");
        policy[5] ^= 1;
        p.policy = tb_slice(NULL, 0);
        ek_refused(&p, "authPolicy");
        p = good;
        p.symmetric_bits = p.symmetric_bits == 128 ? 256 : 128;
        ek_refused(&p, "symmetric.keyBits");
        p = good;
        p.scheme = p.type == TB_ALG_RSA ? TB_ALG_RSASSA : TB_ALG_ECDSA;
        p.scheme_hash = TB_ALG_SHA256;
        ek_refused(&p, "scheme");
    }
}

static void the_low_and_high_range_do_not_mix(void **state)
{
    uint8_t low[64], high[64];
    struct test_public a = ek_parts(&ek_cases[0], low), b = ek_parts(&ek_cases[2], high);

    (void)state;
    a.policy = b.policy;
    ek_refused(&a, "objectAttributes.userWithAuth");
}

/* ---- the structure ---- */

static bool parse(struct tb_reader in, struct tb_public *out, struct tb_reason *why)
{
    uint8_t *exact = test_memdup(in.p, in.left);
    bool ok;

    *why = (struct tb_reason){ .check = TB_N_CHECKS };
    ok = tb_public_parse(tb_slice(exact, in.left), TB_CHECK_IDENTITY_EK_KEY, out, why);
    free(exact);
    return ok;
}

static void not_parsed(const struct test_public *p, const char *where)
{
    struct test_bytes b;
    struct tb_public out;
    struct tb_reason why;

    test_public_build(p, &b);
    assert_false(parse(test_slice(&b), &out, &why));
    assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_KEY);
    assert_string_equal(why.where, where);
}

static void every_truncation_and_a_trailing_byte_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_EKS + N_KINDS; i++) {
        uint8_t policy[64];
        struct test_public p =
            i < N_EKS ? ek_parts(&ek_cases[i], policy) : test_ak_parts(aks[i - N_EKS]);
        struct test_bytes b;
        struct tb_public out;
        struct tb_reason why;

        test_public_build(&p, &b);
        assert_true(parse(test_slice(&b), &out, &why));
        for (size_t n = 0; n < b.n; n++) {
            assert_false(parse(tb_slice(b.b, n), &out, &why));
            assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_KEY);
            assert_string_not_equal(why.where, "");
        }
        test_put_u8(&b, 0);
        assert_false(parse(test_slice(&b), &out, &why));
        assert_string_equal(why.where, "TPMT_PUBLIC");
    }
}

static void a_modulus_below_1024_bits_is_refused(void **state)
{
    struct test_public p = test_ak_parts(aks[N_KINDS - 1]);
    uint8_t n[64] = { 0x80 };

    (void)state;
    for (size_t i = 0; i < N_KINDS && p.type != TB_ALG_RSA; i++)
        p = test_ak_parts(aks[i]);
    p.bits_or_curve = 512;
    p.n_or_x = tb_slice(n, sizeof n);
    not_parsed(&p, "TPMS_RSA_PARMS.keyBits");
}

static void each_truncated_field_is_named(void **state)
{
    static const struct {
        bool ecc;
        size_t len;
        const char *where;
    } cases[] = {
        { false, 1, "TPMT_PUBLIC.type" },
        { false, 3, "TPMT_PUBLIC.nameAlg" },
        { false, 7, "TPMT_PUBLIC.objectAttributes" },
        { false, 8 + 33, "TPMT_PUBLIC.authPolicy" },
        { false, 42 + 1, "TPMT_SYM_DEF_OBJECT.algorithm" },
        { false, 42 + 5, "TPMT_SYM_DEF_OBJECT" },
        { false, 48 + 1, "scheme" },
        { false, 50 + 5, "TPMS_RSA_PARMS" },
        { false, 56 + 257, "unique.rsa" },
        { true, 50 + 3, "TPMS_ECC_PARMS" },
        { true, 54 + 33, "unique.ecc" },
        { true, 54 + 34 + 33, "unique.ecc" },
    };
    uint8_t policy[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_public p = ek_parts(&ek_cases[cases[i].ecc], policy);
        struct test_bytes b;
        struct tb_public out;
        struct tb_reason why;

        test_public_build(&p, &b);
        assert_false(parse(tb_slice(b.b, cases[i].len), &out, &why));
        assert_string_equal(why.where, cases[i].where);
        assert_non_null(strstr(why.observed, "left"));
    }
}

static void a_truncated_scheme_hash_is_named(void **state)
{
    struct test_public p = test_ak_parts(aks[0]);
    struct test_bytes b;
    struct tb_public out;
    struct tb_reason why;

    (void)state;
    test_public_build(&p, &b);
    assert_false(parse(tb_slice(b.b, 10 + 2 + 2 + 1), &out, &why));
    assert_string_equal(why.where, "scheme.hashAlg");
    assert_non_null(strstr(why.observed, "left"));
    assert_false(tb_public_check_ak(tb_slice(b.b, 15), &out, &why));
    assert_string_equal(why.where, "scheme.hashAlg"); /* the parser's reason, not a template's */
}

static void values_outside_the_closed_sets_are_refused(void **state)
{
    uint8_t policy[64];
    struct test_public good = ek_parts(&ek_cases[0], policy), p = good;
    struct test_public ecc = test_ak_parts(aks[0]), q = ecc;

    (void)state;
    p.type = TB_ALG_KEYEDHASH;
    not_parsed(&p, "TPMT_PUBLIC.type");
    p = good;
    p.name_alg = TB_ALG_NULL;
    not_parsed(&p, "TPMT_PUBLIC.nameAlg");
    p = good;
    p.policy = tb_slice(policy, 31);
    not_parsed(&p, "TPMT_PUBLIC.authPolicy");
    p = good;
    p.symmetric = TB_ALG_SM3_256;
    not_parsed(&p, "TPMT_SYM_DEF_OBJECT.algorithm");
    p = good;
    p.symmetric_bits = 129;
    not_parsed(&p, "TPMT_SYM_DEF_OBJECT.keyBits");
    p = good;
    p.symmetric_mode = TB_ALG_NULL;
    not_parsed(&p, "TPMT_SYM_DEF_OBJECT.mode");
    p = good;
    p.scheme = TB_ALG_ECDSA; /* on an RSA key */
    not_parsed(&p, "scheme");
    q.scheme = TB_ALG_RSASSA;
    not_parsed(&q, "scheme");
    q.scheme = TB_ALG_ECDAA;
    not_parsed(&q, "scheme");
    q = ecc;
    q.scheme_hash = TB_ALG_NULL;
    not_parsed(&q, "scheme.hashAlg");
    q = ecc;
    q.bits_or_curve = 0x0020; /* SM2 P-256 */
    not_parsed(&q, "TPMS_ECC_PARMS.curveID");
    q = ecc;
    q.kdf = 0x0020;
    not_parsed(&q, "TPMS_ECC_PARMS.kdf");
}

static void sizes_of_the_unique_field_are_bounded(void **state)
{
    static const uint8_t big[67] = { 1 };
    uint8_t policy[64];
    struct test_public rsa = ek_parts(&ek_cases[0], policy), ecc = test_ak_parts(aks[0]), p;

    (void)state;
    p = rsa;
    p.bits_or_curve = 1023;
    not_parsed(&p, "TPMS_RSA_PARMS.keyBits");
    p.bits_or_curve = 4104;
    not_parsed(&p, "TPMS_RSA_PARMS.keyBits");
    p.bits_or_curve = 2049;
    not_parsed(&p, "TPMS_RSA_PARMS.keyBits");
    p = rsa;
    p.n_or_x.left = 255;
    not_parsed(&p, "unique.rsa");
    p.n_or_x.left = 0;
    not_parsed(&p, "unique.rsa");
    p = ecc;
    p.n_or_x = tb_slice(big, 33);
    not_parsed(&p, "unique.ecc.x");
    p.n_or_x = tb_slice(big, 0);
    not_parsed(&p, "unique.ecc.x");
    p = ecc;
    p.y = tb_slice(big, 33);
    not_parsed(&p, "unique.ecc.y");
    p.y = tb_slice(big, 0);
    not_parsed(&p, "unique.ecc.y");
}

static void t19_the_name_is_the_algorithm_and_the_digest_of_the_area(void **state)
{
    struct tb_hasher *h = tb_hasher_new();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct tb_reader area = test_ak_public(aks[i]);
        const EVP_MD *md = i == 0 ? EVP_sha256() : EVP_sha384();
        uint8_t name[TB_NAME_MAX], want[EVP_MAX_MD_SIZE];
        struct tb_public out;
        struct tb_reason why;
        size_t len;
        unsigned want_len;

        assert_true(tb_public_check_ak(area, &out, &why));
        assert_true(tb_public_name(area, &out, h, name, &len));
        assert_int_equal(EVP_Digest(area.p, area.left, want, &want_len, md, NULL), 1);
        assert_int_equal(len, 2 + want_len);
        assert_int_equal(name[0], 0);
        assert_int_equal(name[1], i == 0 ? TB_ALG_SHA256 : TB_ALG_SHA384);
        assert_memory_equal(name + 2, want, want_len);
    }
    tb_hasher_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_our_templates_are_accepted),
        cmocka_unit_test(t20_l72_each_attribute_flipped_is_refused_by_its_name),
        cmocka_unit_test(t20_a_refused_attribute_says_what_was_wanted),
        cmocka_unit_test(t07_another_scheme_hash_or_name_algorithm_is_refused),
        cmocka_unit_test(t07_rsa_below_2048_bits_is_refused),
        cmocka_unit_test(p521_is_no_curve_of_an_attestation_key),
        cmocka_unit_test(rsa_3072_and_p384_named_by_sha256_are_accepted),
        cmocka_unit_test(a_policy_or_a_symmetric_algorithm_on_an_attestation_key_is_refused),
        cmocka_unit_test(another_encoding_of_the_same_key_is_refused),
        cmocka_unit_test(an_endorsement_key_is_no_attestation_key_and_the_reverse),
        cmocka_unit_test(keys_of_the_profiles_templates_are_accepted),
        cmocka_unit_test(every_field_of_an_endorsement_key_is_compared),
        cmocka_unit_test(the_low_and_high_range_do_not_mix),
        cmocka_unit_test(every_truncation_and_a_trailing_byte_are_refused),
        cmocka_unit_test(a_modulus_below_1024_bits_is_refused),
        cmocka_unit_test(each_truncated_field_is_named),
        cmocka_unit_test(a_truncated_scheme_hash_is_named),
        cmocka_unit_test(values_outside_the_closed_sets_are_refused),
        cmocka_unit_test(sizes_of_the_unique_field_are_bounded),
        cmocka_unit_test(t19_the_name_is_the_algorithm_and_the_digest_of_the_area),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
