/* Every byte of what a signature covers, of the signature, and of what the manifest covers is
 * changed in turn: neither the verifier of the host nor the boot loader's takes one. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/package_builder.h"
#include "tests/unit/small_names.h"

static struct test_package made;
static struct tb_package package;
static struct tb_vendors *large, *small;

static void trust(const struct test_vendor *v)
{
    struct test_bytes der;
    struct tb_reason why;

    large = test_vendors_of(v, NULL);
    small = small_vendors_new();
    assert_non_null(small);
    test_pem_to_der(v->root.cert, &der);
    assert_true(small_vendors_add(small, test_slice(&der), "root", &why));
}

static void distrust(void)
{
    tb_vendors_free(large);
    small_vendors_free(small);
}

/* Bit 0: the host's verifier takes it, bit 1: the loader's. */
static unsigned taken(void)
{
    const struct tb_package_rules rules[] = { { large, NULL, TB_LEVEL_COMMUNITY },
                                              { small, NULL, TB_LEVEL_COMMUNITY } };
    struct tb_package_trust who;
    struct tb_reason why;

    if (!tb_package_open(tb_slice(made.bytes, made.len), &package, &why))
        return 0;
    return (tb_package_verify(&package, &rules[0], &who, &why) ? 1 : 0) |
           (small_package_verify(&package, &rules[1], &who, &why) ? 2 : 0);
}

static void flip(enum tb_code_scheme scheme)
{
    struct test_vendor *v = test_vendor_make(scheme, "accepted");
    struct tb_manifest *m = malloc(sizeof *m);
    size_t len;

    test_manifest(m);
    test_package_make(&made, test_manifest_text(m), v, NULL, PACKAGE_NOW_S);
    trust(v);
    assert_int_equal(taken(), 3);
    len = made.len - package.rest.left; /* manifest and signature, with their headers */
    for (size_t i = 0; i < len; i++) {
        made.bytes[i] ^= (uint8_t)(1U << i % 8);
        if (taken() != 0)
            fail_msg("byte %zu", i);
        made.bytes[i] ^= (uint8_t)(1U << i % 8);
    }
    assert_int_equal(taken(), 3);
    distrust();
    test_vendor_free(v);
    free(m);
}

static void t54_every_flipped_byte_of_manifest_and_signature_is_refused_rsa(void **state)
{
    (void)state;
    flip(TB_CODE_RSA_SHA512);
}

static void t54_every_flipped_byte_of_manifest_and_signature_is_refused_p384(void **state)
{
    (void)state;
    flip(TB_CODE_P384_SHA512);
}

static void t54_every_flipped_byte_of_a_payload_is_refused(void **state)
{
    struct tb_manifest *m = malloc(sizeof *m);
    const size_t len = strlen(test_payload);
    uint8_t *bytes = test_memdup(test_payload, len);
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;

    (void)state;
    test_manifest(m);
    assert_true(
        tb_payload_check(&m->payload[0], tb_slice(bytes, len), h, &why) &&
        small_payload_check(&m->payload[0], tb_slice(bytes, len), small_hasher_new(), &why));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(tb_payload_check(&m->payload[0], tb_slice(bytes, len), h, &why));
        assert_false(
            small_payload_check(&m->payload[0], tb_slice(bytes, len), small_hasher_new(), &why));
        assert_int_equal(why.check, TB_CHECK_PACKAGE_PAYLOAD);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t n = 0; n < len; n++)
        assert_false(
            small_payload_check(&m->payload[0], tb_slice(bytes, n), small_hasher_new(), &why));
    tb_hasher_free(h);
    free(bytes);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t54_every_flipped_byte_of_manifest_and_signature_is_refused_rsa),
        cmocka_unit_test(t54_every_flipped_byte_of_manifest_and_signature_is_refused_p384),
        cmocka_unit_test(t54_every_flipped_byte_of_a_payload_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
