/* The boot shape: what hosts that boot alike have in common. */
#include "server/shape.h"

#include <string.h>

#include "tests/unit/test_support.h"

#define MASK 0xfbffu

/* Values of a bank that the firmware measured into. */
static void measure(struct tb_pcrs *p, enum tb_bank bank, uint8_t seed)
{
    p->mask[bank] = MASK;
    for (unsigned i = 0; i < TB_N_PCRS; i++)
        memset(p->value[bank][i], seed + (int)i, tb_bank_digest_len(bank));
}

/* Of values that have a bank in common. */
static uint32_t differ(const struct tb_pcrs *a, const struct tb_pcrs *b, enum tb_bank want)
{
    enum tb_bank bank;
    uint32_t pcrs;

    assert_true(tb_shape_differ(a, b, TB_SHAPE_PCRS, &bank, &pcrs));
    assert_int_equal(bank, want);
    return pcrs;
}

static void shape_of(const struct tb_pcrs *p, uint8_t out[TB_SHAPE_LEN])
{
    struct tb_hasher *h = tb_hasher_new();

    assert_true(tb_shape(p, TB_SHAPE_PCRS, h, out));
    tb_hasher_free(h);
}

static void each_pcr_of_the_shape_changes_it_and_no_other_does(void **state)
{
    struct tb_pcrs p = { 0 };
    uint8_t first[TB_SHAPE_LEN], other[TB_SHAPE_LEN];

    (void)state;
    measure(&p, TB_BANK_SHA256, 7);
    shape_of(&p, first);
    for (unsigned i = 0; i < TB_N_PCRS; i++) {
        struct tb_pcrs changed = p;

        changed.value[TB_BANK_SHA256][i][31] ^= 1;
        shape_of(&changed, other);
        assert_int_equal(memcmp(first, other, sizeof first) != 0, TB_SHAPE_PCRS >> i & 1);
        assert_int_equal(differ(&p, &changed, TB_BANK_SHA256), TB_SHAPE_PCRS & (1u << i));
    }
}

static void hosts_on_our_own_chain_are_alike_whatever_their_settings(void **state)
{
    struct tb_hasher *h = tb_hasher_new();
    uint8_t first[TB_SHAPE_LEN], other[TB_SHAPE_LEN];
    struct tb_pcrs p = { 0 };

    (void)state;
    assert_int_equal(TB_SHAPE_CHAIN_PCRS, TB_SHAPE_PCRS & ~(1u << 14));
    measure(&p, TB_BANK_SHA256, 7);
    assert_true(tb_shape(&p, TB_SHAPE_CHAIN_PCRS, h, first));
    for (unsigned i = 11; i <= 14; i++) {
        struct tb_pcrs changed = p;

        changed.value[TB_BANK_SHA256][i][31] ^= 1;
        assert_true(tb_shape(&changed, TB_SHAPE_CHAIN_PCRS, h, other));
        assert_int_equal(memcmp(first, other, sizeof first) == 0, i == 14);
    }
    shape_of(&p, other); /* and none is like a host on another chain */
    assert_memory_not_equal(first, other, sizeof first);
    tb_hasher_free(h);
}

static void a_pcr_that_was_not_quoted_is_told_from_one_that_was(void **state)
{
    struct tb_pcrs p = { 0 }, less;
    uint8_t first[TB_SHAPE_LEN], other[TB_SHAPE_LEN];

    (void)state;
    measure(&p, TB_BANK_SHA256, 7);
    less = p;
    less.mask[TB_BANK_SHA256] &= ~(1u << 14);
    shape_of(&p, first);
    shape_of(&less, other);
    assert_memory_not_equal(first, other, sizeof first);
    assert_int_equal(differ(&p, &less, TB_BANK_SHA256), 1u << 14);
}

/* A TPM may have a bank that its firmware leaves alone; the system extends into all of them. */
static void a_bank_without_a_measurement_of_the_firmware_is_not_chosen(void **state)
{
    struct tb_pcrs p = { 0 };
    uint8_t alone[TB_SHAPE_LEN], both[TB_SHAPE_LEN];
    enum tb_bank bank;

    (void)state;
    measure(&p, TB_BANK_SHA256, 7);
    shape_of(&p, alone);
    p.mask[TB_BANK_SHA384] = MASK;
    memset(p.value[TB_BANK_SHA384][11], 0x5a, 48);
    assert_true(tb_shape_bank(&p, &bank));
    assert_int_equal(bank, TB_BANK_SHA256);
    shape_of(&p, both);
    assert_memory_equal(alone, both, sizeof alone);
    measure(&p, TB_BANK_SHA384, 9);
    assert_true(tb_shape_bank(&p, &bank));
    assert_int_equal(bank, TB_BANK_SHA384);
}

static void values_of_different_banks_alone_cannot_be_compared(void **state)
{
    struct tb_pcrs a = { 0 }, b = { 0 };
    enum tb_bank bank;
    uint32_t pcrs;

    (void)state;
    measure(&a, TB_BANK_SHA256, 7);
    measure(&b, TB_BANK_SHA512, 7);
    assert_false(tb_shape_differ(&a, &b, TB_SHAPE_PCRS, &bank, &pcrs));
}

/* A TPM with a bank more, and the same boot in the one that both have. */
static void shapes_are_compared_in_the_strongest_bank_that_both_have(void **state)
{
    struct tb_pcrs a = { 0 }, b = { 0 };
    uint8_t shape[2][TB_SHAPE_LEN];

    (void)state;
    measure(&a, TB_BANK_SHA1, 1);
    measure(&b, TB_BANK_SHA1, 2); /* weaker: not looked at */
    measure(&a, TB_BANK_SHA256, 7);
    measure(&b, TB_BANK_SHA256, 7);
    measure(&b, TB_BANK_SHA384, 9);
    assert_int_equal(differ(&a, &b, TB_BANK_SHA256), 0);
    assert_int_equal(differ(&b, &a, TB_BANK_SHA256), 0);
    shape_of(&a, shape[0]);
    shape_of(&b, shape[1]);
    assert_memory_not_equal(shape[0], shape[1], TB_SHAPE_LEN); /* but not the same group */
    b.value[TB_BANK_SHA256][7][0] ^= 1;
    assert_int_equal(differ(&a, &b, TB_BANK_SHA256), 1u << 7);
    a.mask[TB_BANK_SHA384] = MASK; /* of zeros: the firmware did not use it */
    assert_int_equal(differ(&a, &b, TB_BANK_SHA256), 1u << 7);
    measure(&a, TB_BANK_SHA384, 9);
    assert_int_equal(differ(&a, &b, TB_BANK_SHA384), 0);
}

static void without_a_measurement_there_is_no_shape(void **state)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_pcrs p = { 0 };
    uint8_t out[TB_SHAPE_LEN];
    enum tb_bank bank;

    (void)state;
    assert_false(tb_shape_bank(&p, &bank));
    assert_false(tb_shape(&p, TB_SHAPE_PCRS, h, out));
    p.mask[TB_BANK_SHA256] = MASK; /* zeros: nothing was measured */
    assert_false(tb_shape(&p, TB_SHAPE_PCRS, h, out));
    tb_hasher_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pcr_of_the_shape_changes_it_and_no_other_does),
        cmocka_unit_test(hosts_on_our_own_chain_are_alike_whatever_their_settings),
        cmocka_unit_test(a_pcr_that_was_not_quoted_is_told_from_one_that_was),
        cmocka_unit_test(a_bank_without_a_measurement_of_the_firmware_is_not_chosen),
        cmocka_unit_test(values_of_different_banks_alone_cannot_be_compared),
        cmocka_unit_test(shapes_are_compared_in_the_strongest_bank_that_both_have),
        cmocka_unit_test(without_a_measurement_there_is_no_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
