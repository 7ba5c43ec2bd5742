/* Certificates as they lie in the TPM's NV memory: padding, headers, chains one behind the other.
 */
#include "tests/unit/ek_world.h"

static void nv_padding_of_one_kind_is_cut(void **state)
{
    struct test_bytes cert, padded;
    struct tb_reader der;
    struct tb_reason why;

    (void)state;
    make_ek(&good_ek, &cert);
    for (unsigned fill = 0; fill < 2; fill++) {
        padded = cert;
        for (int i = 0; i < 300; i++)
            test_put_u8(&padded, fill ? 0xff : 0x00);
        assert_true(tb_ek_cert_trim(test_slice(&padded), &der, &why));
        assert_true(tb_slice_equal(der, test_slice(&cert)));
        padded.b[padded.n - 1] ^= 1;
        assert_false(tb_ek_cert_trim(test_slice(&padded), &der, &why));
        assert_string_equal(why.where, "certificate padding");
    }
    padded = cert;
    test_put_u8(&padded, 0x30);
    assert_false(tb_ek_cert_trim(test_slice(&padded), &der, &why));
    assert_string_equal(why.where, "certificate padding");
}

static void the_header_of_tpm_1_2_is_cut(void **state)
{
    struct test_bytes cert, framed = { 0 };
    struct tb_reader der;
    struct tb_reason why;

    (void)state;
    make_ek(&good_ek, &cert);
    test_put(&framed, "\x10\x01\x00", 3);
    test_put_tpm2b(&framed, test_slice(&cert));
    assert_true(tb_ek_cert_trim(test_slice(&framed), &der, &why));
    assert_true(tb_slice_equal(der, test_slice(&cert)));
    test_put_u8(&framed, 0xff);
    assert_true(tb_ek_cert_trim(test_slice(&framed), &der, &why));
    test_put_u8(&framed, 0x01);
    assert_false(tb_ek_cert_trim(test_slice(&framed), &der, &why));
    assert_string_equal(why.where, "certificate padding");
    framed.b[2] = 1; /* a partial certificate */
    assert_false(tb_ek_cert_trim(test_slice(&framed), &der, &why));
    assert_string_equal(why.where, "certificate header");
    framed.b[2] = 0;
    framed.b[3] = 0xff;
    assert_false(tb_ek_cert_trim(test_slice(&framed), &der, &why));
    assert_string_equal(why.where, "certificate header");
    for (framed.n = 2; framed.n < 5; framed.n++) { /* cut in the header */
        assert_false(tb_ek_cert_trim(test_slice(&framed), &der, &why));
        assert_string_equal(why.observed, "another");
    }
    framed.b[3] = 0;
    framed.b[4] = 0;
    assert_false(tb_ek_cert_trim(test_slice(&framed), &der, &why));
}

static void every_truncation_of_a_certificate_is_refused(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    make_ek(&good_ek, &cert);
    while (cert.n-- > 0) {
        assert_false(check_in(r, &cert, &ek_public, &f, &why));
        assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_CERT);
        assert_string_equal(why.where, "certificate");
    }
    tb_roots_free(r);
}

static void lengths_of_every_der_form_are_followed_and_others_refused(void **state)
{
    uint8_t buf[300] = { 0x30, 0x03, 1, 2, 3 };
    struct tb_reader der;
    struct tb_reason why;

    (void)state;
    assert_true(tb_ek_cert_trim(tb_slice(buf, 5), &der, &why));
    assert_int_equal(der.left, 5);
    assert_false(tb_ek_cert_trim(tb_slice(buf, 4), &der, &why));
    buf[0] = 0x31;
    assert_false(tb_ek_cert_trim(tb_slice(buf, 5), &der, &why));
    buf[0] = 0x30;
    buf[1] = 0x81;
    buf[2] = 200;
    assert_true(tb_ek_cert_trim(tb_slice(buf, 203), &der, &why));
    assert_int_equal(der.left, 203);
    assert_false(tb_ek_cert_trim(tb_slice(buf, 2), &der, &why));
    buf[1] = 0x80; /* indefinite */
    assert_false(tb_ek_cert_trim(tb_slice(buf, 203), &der, &why));
    buf[1] = 0x83;
    assert_false(tb_ek_cert_trim(tb_slice(buf, 203), &der, &why));
    buf[1] = 0x82;
    for (size_t n = 0; n < 4; n++) { /* cut in its length */
        assert_false(tb_ek_cert_trim(tb_slice(buf, n), &der, &why));
        assert_string_equal(why.where, "certificate");
    }
}

static void a_chain_area_is_split_into_its_certificates(void **state)
{
    struct test_bytes area = { 0 };
    struct tb_reader out[TB_EK_CHAIN_MAX];
    struct tb_reason why;
    size_t n;

    (void)state;
    assert_true(tb_ek_chain_split(test_slice(&area), out, &n, &why));
    assert_int_equal(n, 0);
    test_put(&area, inter.b, inter.n);
    test_put(&area, root.b, root.n);
    test_put(&area, "\0\0\0", 3);
    assert_true(tb_ek_chain_split(test_slice(&area), out, &n, &why));
    assert_int_equal(n, 2);
    assert_true(tb_slice_equal(out[0], test_slice(&inter)));
    assert_true(tb_slice_equal(out[1], test_slice(&root)));
    area.n -= 4;
    assert_false(tb_ek_chain_split(test_slice(&area), out, &n, &why));
    assert_string_equal(why.where, "certificate chain");
    assert_string_equal(why.expected, "DER");
    area.n = 0;
    for (int i = 0; i < 9; i++)
        test_put(&area, "\x30\x01\x00", 3);
    assert_false(tb_ek_chain_split(test_slice(&area), out, &n, &why));
    assert_string_equal(why.expected, "at most 8 certificates");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nv_padding_of_one_kind_is_cut),
        cmocka_unit_test(the_header_of_tpm_1_2_is_cut),
        cmocka_unit_test(every_truncation_of_a_certificate_is_refused),
        cmocka_unit_test(lengths_of_every_der_form_are_followed_and_others_refused),
        cmocka_unit_test(a_chain_area_is_split_into_its_certificates),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
