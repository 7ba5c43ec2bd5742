/* Attack ids: T-03, T-06 to T-09. Table ids of event-log.md: L-73. */
#include "core/signature.h"
#include "tests/unit/test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t part[600] = { 1 };

static struct test_bytes rsa(uint16_t scheme, uint16_t hash, size_t len)
{
    struct test_bytes b = { 0 };

    test_put_u16(&b, scheme);
    test_put_u16(&b, hash);
    test_put_tpm2b(&b, tb_slice(part, len));
    return b;
}

static struct test_bytes ecdsa(uint16_t hash, size_t r_len, size_t s_len)
{
    struct test_bytes b = rsa(TB_ALG_ECDSA, hash, r_len);

    test_put_tpm2b(&b, tb_slice(part, s_len));
    return b;
}

static bool parse(struct tb_reader in, struct tb_signature *out, struct tb_reason *why)
{
    uint8_t *exact = test_memdup(in.p, in.left);
    bool ok;

    *why = (struct tb_reason){ .check = TB_N_CHECKS };
    ok = tb_signature_parse(tb_slice(exact, in.left), out, why);
    free(exact);
    return ok;
}

static void refused(const struct test_bytes *b, enum tb_check check, const char *where)
{
    struct tb_signature out;
    struct tb_reason why;

    assert_false(parse(test_slice(b), &out, &why));
    assert_int_equal(why.check, check);
    assert_string_equal(why.where, where);
}

static void the_three_schemes_are_read(void **state)
{
    struct test_bytes b = rsa(TB_ALG_RSASSA, TB_ALG_SHA256, 256);
    struct tb_signature out;
    struct tb_reason why;

    (void)state;
    assert_true(parse(test_slice(&b), &out, &why));
    assert_int_equal(out.scheme, TB_ALG_RSASSA);
    assert_int_equal(out.hash, TB_BANK_SHA256);
    assert_int_equal(out.sig_or_r.left, 256);
    assert_int_equal(out.s.left, 0);
    b = rsa(TB_ALG_RSAPSS, TB_ALG_SHA384, 512);
    assert_true(parse(test_slice(&b), &out, &why));
    assert_int_equal(out.scheme, TB_ALG_RSAPSS);
    assert_int_equal(out.hash, TB_BANK_SHA384);
    b = ecdsa(TB_ALG_SHA512, 66, 1);
    assert_true(parse(test_slice(&b), &out, &why));
    assert_int_equal(out.scheme, TB_ALG_ECDSA);
    assert_int_equal(out.hash, TB_BANK_SHA512);
    assert_int_equal(out.sig_or_r.left, 66);
    assert_int_equal(out.s.left, 1);
}

static void t06_every_other_algorithm_fails_closed(void **state)
{
    (void)state;
    for (unsigned alg = 0; alg <= 0xffff; alg++) {
        struct test_bytes b = ecdsa(TB_ALG_SHA256, 32, 32);
        struct tb_signature out;
        struct tb_reason why;

        if (alg == TB_ALG_RSASSA || alg == TB_ALG_RSAPSS || alg == TB_ALG_ECDSA)
            continue;
        b.b[0] = (uint8_t)(alg >> 8);
        b.b[1] = (uint8_t)alg;
        assert_false(tb_signature_parse(test_slice(&b), &out, &why));
        assert_int_equal(why.check, TB_CHECK_QUOTE_SCHEME);
        assert_string_equal(why.where, "TPMT_SIGNATURE.sigAlg");
    }
}

static void t06_the_null_signature_is_refused(void **state)
{
    static const uint8_t null_signature[] = { 0x00, 0x10 };
    struct tb_signature out;
    struct tb_reason why;

    (void)state;
    assert_false(parse(tb_slice(null_signature, 2), &out, &why));
    assert_int_equal(why.check, TB_CHECK_QUOTE_SCHEME);
}

static void t07_l73_sha1_and_unknown_hashes_are_refused(void **state)
{
    static const uint16_t hashes[] = { TB_ALG_SHA1, TB_ALG_NULL, TB_ALG_SM3_256, 0, 0xffff };
    struct tb_signature out;
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        struct test_bytes b = rsa(TB_ALG_RSASSA, hashes[i], 256);

        refused(&b, TB_CHECK_QUOTE_SCHEME, "TPMS_SIGNATURE.hash");
        assert_false(parse(test_slice(&b), &out, &why));
        assert_string_equal(why.expected, "sha256, sha384 or sha512");
        assert_int_equal(strcmp(why.observed, "sha1") == 0, hashes[i] == TB_ALG_SHA1);
        b = ecdsa(hashes[i], 32, 32);
        refused(&b, TB_CHECK_QUOTE_SCHEME, "TPMS_SIGNATURE.hash");
    }
}

static void t03_every_truncation_and_a_trailing_byte_are_refused(void **state)
{
    struct test_bytes all[] = { rsa(TB_ALG_RSASSA, TB_ALG_SHA256, 256),
                                ecdsa(TB_ALG_SHA256, 32, 32) };
    struct tb_signature out;
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = 0; n < all[i].n; n++) {
            assert_false(parse(tb_slice(all[i].b, n), &out, &why));
            assert_int_equal(why.check, TB_CHECK_QUOTE_STRUCTURE);
            assert_string_not_equal(why.where, "");
        }
        test_put_u8(&all[i], 0);
        refused(&all[i], TB_CHECK_QUOTE_STRUCTURE, "TPMT_SIGNATURE");
    }
}

static void t03_each_truncated_field_is_named(void **state)
{
    static const struct {
        bool ecc;
        size_t len;
        const char *where;
    } cases[] = {
        { true, 1, "TPMT_SIGNATURE.sigAlg" },
        { true, 3, "TPMS_SIGNATURE.hash" },
        { true, 6, "TPMS_SIGNATURE_ECC.signatureR" },
        { true, 4 + 34 + 1, "TPMS_SIGNATURE_ECC.signatureS" },
        { false, 5, "TPMS_SIGNATURE_RSA.sig" },
    };
    struct tb_signature out;
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_bytes b =
            cases[i].ecc ? ecdsa(TB_ALG_SHA256, 32, 32) : rsa(TB_ALG_RSASSA, TB_ALG_SHA256, 256);

        b.n = cases[i].len;
        refused(&b, TB_CHECK_QUOTE_STRUCTURE, cases[i].where);
        assert_false(parse(test_slice(&b), &out, &why));
        assert_non_null(strstr(why.observed, "left"));
    }
}

static void t03_sizes_of_zero_and_of_too_much_are_refused(void **state)
{
    struct test_bytes b = rsa(TB_ALG_RSASSA, TB_ALG_SHA256, 0);

    (void)state;
    refused(&b, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE_RSA.sig");
    b = rsa(TB_ALG_RSASSA, TB_ALG_SHA256, 513);
    refused(&b, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE_RSA.sig");
    b = ecdsa(TB_ALG_SHA256, 0, 32);
    refused(&b, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE_ECC.signatureR");
    b = ecdsa(TB_ALG_SHA256, 67, 32);
    refused(&b, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE_ECC.signatureR");
    b = ecdsa(TB_ALG_SHA256, 32, 0);
    refused(&b, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE_ECC.signatureS");
    b = ecdsa(TB_ALG_SHA256, 32, 67);
    refused(&b, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE_ECC.signatureS");
    b = rsa(TB_ALG_RSASSA, TB_ALG_SHA256, 256);
    b.b[4] = b.b[5] = 0xff;
    refused(&b, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE_RSA.sig");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_schemes_are_read),
        cmocka_unit_test(t06_every_other_algorithm_fails_closed),
        cmocka_unit_test(t06_the_null_signature_is_refused),
        cmocka_unit_test(t07_l73_sha1_and_unknown_hashes_are_refused),
        cmocka_unit_test(t03_every_truncation_and_a_trailing_byte_are_refused),
        cmocka_unit_test(t03_each_truncated_field_is_named),
        cmocka_unit_test(t03_sizes_of_zero_and_of_too_much_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
