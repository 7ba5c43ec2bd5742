/* Attack id: T-26. A modulus of the ROCA structure is made here, as the paper says; none is kept.
 */
#include "crypto/roca.h"
#include "tests/unit/roca_key.h"
#include "tests/unit/test_support.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

static void t26_a_modulus_of_the_roca_structure_is_found(void **state)
{
    static const struct {
        int bits;
        unsigned last_prime;
    } sizes[] = { { 512, 167 }, { 2048, 701 } };
    uint8_t n[256];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int round = 0; round < 2; round++) {
            size_t len = (size_t)sizes[i].bits / 8;

            roca_modulus(sizes[i].bits, sizes[i].last_prime, n);
            assert_true(tb_roca_has_structure(tb_slice(n, len)));
            /* One prime that the structure does not reach is enough to clear a key. */
            n[len - 1] ^= 2;
            assert_false(tb_roca_has_structure(tb_slice(n, len)));
        }
}

static void t26_keys_of_random_primes_are_not_found(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        EVP_PKEY *key = EVP_RSA_gen(2048);
        BIGNUM *n = NULL;
        uint8_t bytes[256];

        assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
        assert_int_equal(BN_bn2binpad(n, bytes, 256), 256);
        assert_false(tb_roca_has_structure(tb_slice(bytes, 256)));
        BN_free(n);
        EVP_PKEY_free(key);
    }
}

static void t26_numbers_that_are_no_modulus_are_not_found(void **state)
{
    uint8_t zeros[256] = { 0 };

    (void)state;
    assert_false(tb_roca_has_structure(tb_slice(NULL, 0)));
    assert_false(tb_roca_has_structure(tb_slice(zeros, 256)));
    zeros[255] = 2;
    assert_false(tb_roca_has_structure(tb_slice(zeros, 256)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t26_a_modulus_of_the_roca_structure_is_found),
        cmocka_unit_test(t26_keys_of_random_primes_are_not_found),
        cmocka_unit_test(t26_numbers_that_are_no_modulus_are_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
