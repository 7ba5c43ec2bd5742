#include "tests/unit/roca_key.h"
#include "tests/unit/test_support.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

static void primorial(BIGNUM *m, unsigned last)
{
    assert_int_equal(BN_one(m), 1);
    for (unsigned n = 2; n <= last; n++) {
        bool prime = true;

        for (unsigned d = 2; d * d <= n; d++)
            prime = prime && n % d != 0;
        if (prime)
            assert_int_equal(BN_mul_word(m, n), 1);
    }
}

/* A prime of so many bits, its two highest bits set, so that the product of two is twice as long.
 */
static void make_prime(int bits, const BIGNUM *m, BN_CTX *ctx, BIGNUM *p)
{
    BIGNUM *a = BN_new(), *g = BN_new(), *k = BN_new(), *power = BN_new();
    int found = 0;

    assert_int_equal(BN_set_word(g, 65537), 1);
    while (found != 1) {
        assert_int_equal(BN_rand(a, 200, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), 1);
        assert_int_equal(BN_mod_exp(power, g, a, m, ctx), 1);
        assert_int_equal(BN_rand(p, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY), 1);
        assert_int_equal(BN_div(k, NULL, p, m, ctx), 1);
        assert_int_equal(BN_mul(p, k, m, ctx), 1);
        assert_int_equal(BN_add(p, p, power), 1);
        if (BN_num_bits(p) == bits && BN_is_bit_set(p, bits - 2))
            found = BN_check_prime(p, ctx, NULL);
    }
    BN_free(a);
    BN_free(g);
    BN_free(k);
    BN_free(power);
}

static void push(OSSL_PARAM_BLD *b, const char *name, const BIGNUM *n)
{
    assert_int_equal(OSSL_PARAM_BLD_push_BN(b, name, n), 1);
}

/* n, e, d and both primes; OpenSSL works without the rest. */
static EVP_PKEY *key_of(const BIGNUM *p, const BIGNUM *q, BN_CTX *ctx)
{
    BIGNUM *n = BN_new(), *e = BN_new(), *d = BN_new(), *p1 = BN_dup(p), *q1 = BN_dup(q);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params;
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    assert_true(BN_sub_word(p1, 1) == 1 && BN_sub_word(q1, 1) == 1 && BN_set_word(e, 65537) == 1);
    assert_int_equal(BN_mul(n, p1, q1, ctx), 1);
    assert_non_null(BN_mod_inverse(d, e, n, ctx));
    assert_int_equal(BN_mul(n, p, q, ctx), 1);
    push(b, OSSL_PKEY_PARAM_RSA_N, n);
    push(b, OSSL_PKEY_PARAM_RSA_E, e);
    push(b, OSSL_PKEY_PARAM_RSA_D, d);
    params = OSSL_PARAM_BLD_to_param(b);
    assert_int_equal(EVP_PKEY_fromdata_init(made), 1);
    assert_int_equal(EVP_PKEY_fromdata(made, &key, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    EVP_PKEY_CTX_free(made);
    BN_free(n);
    BN_free(e);
    BN_free(d);
    BN_free(p1);
    BN_free(q1);
    return key;
}

EVP_PKEY *roca_key_new(void)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *m = BN_new(), *p = BN_new(), *q = BN_new();
    EVP_PKEY *key;

    primorial(m, 701);
    make_prime(1024, m, ctx, p);
    make_prime(1024, m, ctx, q);
    key = key_of(p, q, ctx);
    BN_free(m);
    BN_free(p);
    BN_free(q);
    BN_CTX_free(ctx);
    return key;
}

void roca_modulus(int bits, unsigned last_prime, uint8_t *n)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *m = BN_new(), *p = BN_new(), *q = BN_new(), *product = BN_new();

    assert_non_null(ctx);
    primorial(m, last_prime);
    make_prime(bits / 2, m, ctx, p);
    make_prime(bits / 2, m, ctx, q);
    assert_int_equal(BN_mul(product, p, q, ctx), 1);
    assert_int_equal(BN_bn2binpad(product, n, bits / 8), bits / 8);
    BN_free(m);
    BN_free(p);
    BN_free(q);
    BN_free(product);
    BN_CTX_free(ctx);
}
