/* The log of user space: one record, one encoding; a fault ends it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cel.h"
#include "tests/unit/test_support.h"

static struct tb_cel_event sample(uint32_t number, uint32_t banks)
{
    struct tb_cel_event e = { .number = number,
                              .pcr = 11,
                              .banks = banks,
                              .type = TB_EV_EVENT_TAG,
                              .data = tb_slice("four", 4) };

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        memset(e.digest[b], (int)(0xa0 + b), TB_DIGEST_MAX);
    return e;
}

static size_t printed(uint32_t number, uint32_t banks, uint8_t *out, size_t cap)
{
    struct tb_cel_event e = sample(number, banks);
    size_t len = 0;

    assert_true(tb_cel_print(&e, out, cap, &len));
    return len;
}

/* Reads a copy of exactly these bytes to their end. */
static enum tb_cel_step read_all(const uint8_t *p, size_t len, struct tb_reason *why)
{
    uint8_t *copy = test_memdup(p, len);
    struct tb_cel_event e;
    enum tb_cel_step step;
    struct tb_cel log;

    *why = (struct tb_reason){ .check = TB_N_CHECKS };
    assert_true(tb_cel_open(tb_slice(copy, len), &log, why));
    while ((step = tb_cel_next(&log, &e, why)) == TB_CEL_EVENT)
        ;
    if (step == TB_CEL_FAULT) {
        assert_int_equal(why->check, TB_CHECK_LOG_FORMAT);
        assert_memory_equal(why->where, "user log event ", 15);
        assert_int_equal(tb_cel_next(&log, &e, why), TB_CEL_END);
    }
    free(copy);
    return step;
}

static void a_record_has_the_bytes_of_the_format(void **state)
{
    static const uint8_t head[] = { 0,    0, 0, 0, 8,  0,  0, 0, 0, 0, 0, 0, 0, /* number 0 */
                                    1,    0, 0, 0, 1,  11,                      /* PCR 11 */
                                    3,    0, 0, 0, 37,                          /* digests */
                                    0x0b, 0, 0, 0, 32 };                        /* SHA-256 */
    static const uint8_t tail[] = { 5, 0, 0, 0, 18, 0,   0,   0,   0,
                                    4, 0, 0, 0, 6, /* content, type */
                                    1, 0, 0, 0, 4,  'f', 'o', 'u', 'r' };
    uint8_t bytes[256];
    size_t len = printed(0, 1 << TB_BANK_SHA256, bytes, sizeof bytes);

    (void)state;
    assert_int_equal(len, sizeof head + 32 + sizeof tail);
    assert_memory_equal(bytes, head, sizeof head);
    assert_int_equal(bytes[sizeof head], 0xa0 + TB_BANK_SHA256);
    assert_memory_equal(bytes + sizeof head + 32, tail, sizeof tail);
}

static void what_is_written_is_read_in_every_set_of_banks(void **state)
{
    uint8_t bytes[8192];
    struct tb_reason why;
    struct tb_cel_event e, expected;
    struct tb_cel log;
    size_t len = 0;

    (void)state;
    for (uint32_t banks = 1; banks < 1 << TB_N_BANKS; banks++)
        len += printed(banks - 1, banks, bytes + len, sizeof bytes - len);
    assert_true(tb_cel_open(tb_slice(bytes, len), &log, &why));
    for (uint32_t banks = 1; banks < 1 << TB_N_BANKS; banks++) {
        assert_int_equal(tb_cel_next(&log, &e, &why), TB_CEL_EVENT);
        expected = sample(banks - 1, banks);
        assert_int_equal(e.number, expected.number);
        assert_int_equal(e.pcr, 11);
        assert_int_equal(e.banks, banks);
        assert_int_equal(e.type, TB_EV_EVENT_TAG);
        assert_true(tb_slice_equal(e.data, expected.data));
        for (unsigned b = 0; b < TB_N_BANKS; b++)
            if ((banks >> b & 1) != 0)
                assert_memory_equal(e.digest[b], expected.digest[b],
                                    tb_bank_digest_len((enum tb_bank)b));
    }
    assert_int_equal(tb_cel_next(&log, &e, &why), TB_CEL_END);
    assert_int_equal(log.n, (1 << TB_N_BANKS) - 1);
}

static void an_empty_log_is_one_and_one_that_is_too_long_is_none(void **state)
{
    static uint8_t zeros[TB_CEL_LEN_MAX + 1];
    struct tb_reason why;
    struct tb_cel log;

    (void)state;
    assert_int_equal(read_all(zeros, 0, &why), TB_CEL_END);
    assert_false(tb_cel_open(tb_slice(zeros, sizeof zeros), &log, &why));
    assert_string_equal(why.where, "user log");
    assert_int_equal(why.check, TB_CHECK_LOG_FORMAT);
}

static void every_truncation_is_refused_and_says_where(void **state)
{
    uint8_t bytes[1024];
    struct tb_reason why;
    size_t one = printed(0, 0xf, bytes, sizeof bytes);
    size_t len = one + printed(1, 0x2, bytes + one, sizeof bytes - one);

    (void)state;
    for (size_t n = 1; n < len; n++) {
        enum tb_cel_step step = read_all(bytes, n, &why);

        assert_int_equal(step, n == one ? TB_CEL_END : TB_CEL_FAULT);
        if (n != one)
            assert_string_equal(why.where, n < one ? "user log event 0" : "user log event 1");
    }
}

/* All but digests and data: each byte of a record has one value. */
static void every_byte_of_the_format_is_refused_with_another_value(void **state)
{
    uint8_t bytes[256];
    struct tb_reason why;
    size_t len = printed(0, 1 << TB_BANK_SHA256, bytes, sizeof bytes);

    (void)state;
    for (size_t at = 0; at < len; at++) {
        bool is_free = (at >= 29 && at < 61) || at >= len - 4;

        for (unsigned v = 0; v < 256; v++) {
            uint8_t was = bytes[at];

            bytes[at] = (uint8_t)v;
            assert_int_equal(read_all(bytes, len, &why),
                             is_free || v == was ? TB_CEL_END : TB_CEL_FAULT);
            bytes[at] = was;
        }
    }
}

static void numbers_have_no_gap_and_banks_one_order(void **state)
{
    uint8_t bytes[1024];
    struct tb_reason why;
    size_t one = printed(0, 0x2, bytes, sizeof bytes), len;

    (void)state;
    for (uint32_t n = 0; n < 3; n++) {
        len = one + printed(n, 0x2, bytes + one, sizeof bytes - one);
        assert_int_equal(read_all(bytes, len, &why), n == 1 ? TB_CEL_END : TB_CEL_FAULT);
    }
    len = printed(0, 0x6, bytes, sizeof bytes); /* SHA-256, then SHA-384: the other way round */
    memmove(bytes + 24 + 53, bytes + 24, 37);
    bytes[24] = 0x0c;
    bytes[28] = 48;
    bytes[24 + 53] = 0x0b;
    assert_int_equal(bytes[24 + 53 + 4], 32);
    assert_int_equal(read_all(bytes, len, &why), TB_CEL_FAULT);
    assert_string_equal(why.expected, "digests of known banks, each once");
}

static void more_records_than_the_limit_are_refused(void **state)
{
    static uint8_t bytes[TB_CEL_LEN_MAX];
    struct tb_reason why;
    size_t len = 0;

    (void)state;
    for (uint32_t n = 0; n < TB_CEL_EVENTS_MAX; n++)
        len += printed(n, 0x2, bytes + len, sizeof bytes - len);
    assert_int_equal(read_all(bytes, len, &why), TB_CEL_END);
    len += printed(TB_CEL_EVENTS_MAX, 0x2, bytes + len, sizeof bytes - len);
    assert_int_equal(read_all(bytes, len, &why), TB_CEL_FAULT);
    assert_string_equal(why.where, "user log event 512");
}

static void what_no_log_may_hold_is_not_written(void **state)
{
    struct tb_cel_event e = sample(0, 0x2);
    uint8_t bytes[256];
    size_t len, whole = printed(0, 0x2, bytes, sizeof bytes);

    (void)state;
    for (size_t cap = 0; cap < whole; cap++)
        assert_false(tb_cel_print(&e, bytes, cap, &len));
    e.pcr = 12;
    assert_false(tb_cel_print(&e, bytes, sizeof bytes, &len));
    e = sample(0, 0);
    assert_false(tb_cel_print(&e, bytes, sizeof bytes, &len));
    e = sample(0, 0x12);
    assert_false(tb_cel_print(&e, bytes, sizeof bytes, &len));
    e = sample(0, 0x2);
    e.type = TB_EV_IPL;
    assert_false(tb_cel_print(&e, bytes, sizeof bytes, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_has_the_bytes_of_the_format),
        cmocka_unit_test(what_is_written_is_read_in_every_set_of_banks),
        cmocka_unit_test(an_empty_log_is_one_and_one_that_is_too_long_is_none),
        cmocka_unit_test(every_truncation_is_refused_and_says_where),
        cmocka_unit_test(every_byte_of_the_format_is_refused_with_another_value),
        cmocka_unit_test(numbers_have_no_gap_and_banks_one_order),
        cmocka_unit_test(more_records_than_the_limit_are_refused),
        cmocka_unit_test(what_no_log_may_hold_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
