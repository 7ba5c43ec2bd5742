/* Attack ids: T-03. */
#include "core/alg.h"
#include "core/reader.h"
#include "tests/unit/test_support.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void integers_are_read_in_both_orders(void **state)
{
    struct tb_reader r = tb_slice(bytes, 9);
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    (void)state;
    assert_true(tb_read_u8(&r, &u8));
    assert_int_equal(u8, 1);
    assert_true(tb_read_u64be(&r, &u64));
    assert_true(u64 == UINT64_C(0x0203040506070809));
    assert_int_equal(r.left, 0);
    r = tb_slice(bytes, 9);
    assert_true(tb_read_u16be(&r, &u16));
    assert_int_equal(u16, 0x0102);
    assert_true(tb_read_u16le(&r, &u16));
    assert_int_equal(u16, 0x0403);
    assert_true(tb_read_u32be(&r, &u32));
    assert_int_equal(u32, 0x05060708);
    r = tb_slice(bytes, 9);
    assert_true(tb_read_u32le(&r, &u32));
    assert_int_equal(u32, 0x04030201);
    r = tb_slice(bytes, 9);
    assert_true(tb_read_u64le(&r, &u64));
    assert_true(u64 == UINT64_C(0x0807060504030201));
}

static void t03_a_short_read_changes_neither_reader_nor_output(void **state)
{
    uint8_t *one = test_memdup(bytes, 1);
    struct tb_reader r = tb_slice(one, 1), slice = { one, 77 };
    uint16_t u16 = 0x5a5a;
    uint32_t u32 = 0x5a5a5a5a;
    uint64_t u64 = 0x5a;
    uint8_t copy[2] = { 0x5a, 0x5a };

    (void)state;
    assert_false(tb_read_u16be(&r, &u16));
    assert_false(tb_read_u16le(&r, &u16));
    assert_false(tb_read_u32be(&r, &u32));
    assert_false(tb_read_u32le(&r, &u32));
    assert_false(tb_read_u64be(&r, &u64));
    assert_false(tb_read_u64le(&r, &u64));
    assert_false(tb_read_copy(&r, 2, copy));
    assert_false(tb_read_slice(&r, 2, &slice));
    assert_false(tb_read_slice(&r, SIZE_MAX, &slice));
    assert_false(tb_read_tpm2b(&r, &slice));
    assert_int_equal(u16, 0x5a5a);
    assert_int_equal(u32, 0x5a5a5a5a);
    assert_true(u64 == 0x5a);
    assert_int_equal(copy[0], 0x5a);
    assert_int_equal(slice.left, 77);
    assert_ptr_equal(r.p, one);
    assert_int_equal(r.left, 1);
    free(one);
}

static void t03_a_tpm2b_is_read_whole_or_not_at_all(void **state)
{
    static const uint8_t good[] = { 0, 2, 7, 8, 9 }, empty[] = { 0, 0 }, big[] = { 0xff, 0xff, 1 };
    struct tb_reader r = tb_slice(good, 5), out;

    (void)state;
    assert_true(tb_read_tpm2b(&r, &out));
    assert_int_equal(out.left, 2);
    assert_ptr_equal(out.p, good + 2);
    assert_int_equal(r.left, 1);
    r = tb_slice(empty, 2);
    assert_true(tb_read_tpm2b(&r, &out));
    assert_int_equal(out.left, 0);
    r = tb_slice(big, 3);
    assert_false(tb_read_tpm2b(&r, &out));
    assert_int_equal(r.left, 3); /* the size was not consumed either */
    r = tb_slice(good, 3);
    assert_false(tb_read_tpm2b(&r, &out));
}

static void reading_nothing_from_nothing_works(void **state)
{
    struct tb_reader r = tb_slice(NULL, 0), out;
    uint8_t u8;

    (void)state;
    assert_true(tb_read_slice(&r, 0, &out));
    assert_int_equal(out.left, 0);
    assert_true(tb_read_copy(&r, 0, NULL));
    assert_false(tb_read_u8(&r, &u8));
}

static void slices_are_equal_when_length_and_bytes_are(void **state)
{
    uint8_t same[9];

    (void)state;
    memcpy(same, bytes, 9);
    assert_true(tb_slice_equal(tb_slice(bytes, 9), tb_slice(same, 9)));
    assert_false(tb_slice_equal(tb_slice(bytes, 9), tb_slice(same, 8)));
    assert_false(tb_slice_equal(tb_slice(bytes, 8), tb_slice(same, 9)));
    same[8] ^= 1;
    assert_false(tb_slice_equal(tb_slice(bytes, 9), tb_slice(same, 9)));
    assert_true(tb_slice_equal(tb_slice(NULL, 0), tb_slice(bytes, 0)));
}

static void banks_and_their_names_and_numbers_agree(void **state)
{
    enum tb_bank b;

    (void)state;
    for (unsigned i = 0; i < TB_N_BANKS; i++) {
        assert_true(tb_bank_of_alg(tb_bank_alg((enum tb_bank)i), &b));
        assert_int_equal(b, i);
        assert_true(tb_bank_of_name(tb_bank_name((enum tb_bank)i), &b));
        assert_int_equal(b, i);
    }
    assert_false(tb_bank_of_alg(TB_ALG_NULL, &b));
    assert_false(tb_bank_of_name("SHA256", &b));
    assert_int_equal(tb_bank_digest_len(TB_BANK_SHA384), 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_in_both_orders),
        cmocka_unit_test(t03_a_short_read_changes_neither_reader_nor_output),
        cmocka_unit_test(t03_a_tpm2b_is_read_whole_or_not_at_all),
        cmocka_unit_test(reading_nothing_from_nothing_works),
        cmocka_unit_test(slices_are_equal_when_length_and_bytes_are),
        cmocka_unit_test(banks_and_their_names_and_numbers_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
