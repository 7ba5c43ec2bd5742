/* The only way to make OpenSSL's random source fail on purpose is its old interface. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "tests/unit/test_support.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* FIPS 180-4, the digests of "abc" */
static const char *const abc[TB_N_BANKS] = {
    [TB_BANK_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
    [TB_BANK_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    [TB_BANK_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                       "8086072ba1e7cc2358baeca134c825a7",
    [TB_BANK_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

static void each_bank_gives_its_published_digest(void **state)
{
    struct tb_hasher *h = tb_hasher_new();
    const struct tb_reader parts[] = { tb_slice("a", 1), tb_slice(NULL, 0), tb_slice("bc", 2) };
    uint8_t out[TB_DIGEST_MAX];
    char text[2 * TB_DIGEST_MAX + 1];

    (void)state;
    assert_non_null(h);
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        assert_true(tb_hash(h, (enum tb_bank)b, tb_slice("abc", 3), out));
        tb_hex(tb_slice(out, tb_bank_digest_len((enum tb_bank)b)), text, sizeof text);
        assert_string_equal(text, abc[b]);
        assert_true(tb_hash_parts(h, (enum tb_bank)b, parts, 3, out));
        tb_hex(tb_slice(out, tb_bank_digest_len((enum tb_bank)b)), text, sizeof text);
        assert_string_equal(text, abc[b]);
    }
    tb_hasher_free(h);
}

static void parts_of_any_length_are_hashed_as_one(void **state)
{
    static const size_t lens[] = { 0, 1, 32, 511, 1023, 1024, 1025, 3000 };
    enum { N = sizeof lens / sizeof lens[0] };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t bytes[9000], one[TB_DIGEST_MAX], many[TB_DIGEST_MAX];

    (void)state;
    assert_non_null(h);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t k = 0; k < N * N * N; k++) {
        const size_t a = lens[k % N], b = lens[k / N % N], c = lens[k / N / N];
        const struct tb_reader parts[] = { tb_slice(bytes, a), tb_slice(bytes + a, b),
                                           tb_slice(bytes + a + b, c) };

        assert_true(tb_hash(h, TB_BANK_SHA256, tb_slice(bytes, a + b + c), one));
        assert_true(tb_hash_parts(h, TB_BANK_SHA256, parts, 3, many));
        assert_memory_equal(one, many, 32);
    }
    tb_hasher_free(h);
}

static void pieces_of_any_length_are_hashed_as_one(void **state)
{
    static const size_t lens[] = { 0, 1, 64, 127, 1000 };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t bytes[2000], one[TB_DIGEST_MAX], many[TB_DIGEST_MAX];

    (void)state;
    memset(bytes, 0xa5, sizeof bytes);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) {
        struct tb_hash_stream *s = tb_hash_stream_new(h, (enum tb_bank)bank);
        size_t at = 0;

        assert_non_null(s);
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; at += lens[i++])
            assert_true(tb_hash_stream_add(s, tb_slice(bytes + at, lens[i])));
        /* another digest between the pieces changes nothing */
        assert_true(tb_hash(h, (enum tb_bank)bank, tb_slice(bytes, at), one));
        assert_true(tb_hash_stream_end(s, many));
        assert_memory_equal(one, many, tb_bank_digest_len((enum tb_bank)bank));
        tb_hash_stream_free(s);
    }
    tb_hasher_free(h);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    tb_hash_stream_free(NULL);
    tb_hasher_free(NULL);
    tb_key_free(NULL);
    tb_wipe(NULL, 0);
}

static int compare32(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void t12_ten_thousand_random_values_are_unique(void **state)
{
    enum { N = 10000 };
    uint8_t(*all)[32] = calloc(N, 32);

    (void)state;
    assert_non_null(all);
    for (size_t i = 0; i < N; i++)
        assert_true(tb_random(all[i], 32));
    qsort(all, N, 32, compare32);
    for (size_t i = 1; i < N; i++)
        assert_memory_not_equal(all[i - 1], all[i], 32);
    free(all);
}

static int no_bytes(unsigned char *buf, int num)
{
    (void)buf;
    (void)num;
    return 0;
}

static void t12_a_failing_random_source_is_reported_and_gives_zeros(void **state)
{
    static const uint8_t zeros[32];
    static RAND_METHOD broken = { .bytes = no_bytes };
    uint8_t out[32];

    (void)state;
    memset(out, 0x5a, sizeof out);
    assert_int_equal(RAND_set_rand_method(&broken), 1);
    assert_false(tb_random(out, sizeof out));
    assert_memory_equal(out, zeros, sizeof out);
    assert_int_equal(RAND_set_rand_method(NULL), 1);
    assert_true(tb_random(out, sizeof out));
    assert_memory_not_equal(out, zeros, sizeof out);
}

static void secrets_are_equal_when_every_byte_and_the_length_are(void **state)
{
    uint8_t a[32] = { 1 }, b[32] = { 1 };

    (void)state;
    assert_true(tb_secret_equal(tb_slice(a, 32), tb_slice(b, 32)));
    assert_true(tb_secret_equal(tb_slice(NULL, 0), tb_slice(NULL, 0)));
    assert_false(tb_secret_equal(tb_slice(a, 31), tb_slice(b, 32)));
    for (size_t i = 0; i < 32; i++) {
        b[i] ^= 0x80;
        assert_false(tb_secret_equal(tb_slice(a, 32), tb_slice(b, 32)));
        b[i] ^= 0x80;
    }
    tb_wipe(a, sizeof a);
    assert_int_equal(a[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bank_gives_its_published_digest),
        cmocka_unit_test(parts_of_any_length_are_hashed_as_one),
        cmocka_unit_test(pieces_of_any_length_are_hashed_as_one),
        cmocka_unit_test(freeing_nothing_is_allowed),
        cmocka_unit_test(t12_ten_thousand_random_values_are_unique),
        cmocka_unit_test(t12_a_failing_random_source_is_reported_and_gives_zeros),
        cmocka_unit_test(secrets_are_equal_when_every_byte_and_the_length_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
