/* Attack ids: T-01 to T-04. Table ids of event-log.md: L-68 to L-70, L-74. */
#include "core/quote.h"
#include "tests/unit/test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t nonce[32] = { 1, 2, 3 };
static const uint8_t digest[32] = { 9, 9 };

static struct test_quote good(void)
{
    struct test_quote q = test_quote_new(tb_slice(nonce, sizeof nonce));

    test_quote_select(&q, TB_BANK_SHA256, 0x00ff3f);
    q.pcr_digest = tb_slice(digest, sizeof digest);
    return q;
}

static bool parse(const struct test_quote *q, struct tb_quote *out, struct tb_reason *why)
{
    struct test_bytes b;
    uint8_t *exact;
    bool ok;

    test_quote_build(q, &b);
    exact = test_memdup(b.b, b.n);
    *why = (struct tb_reason){ .check = TB_N_CHECKS };
    ok = tb_quote_parse(tb_slice(exact, b.n), out, why);
    free(exact);
    return ok;
}

static void refused(const struct test_quote *q, enum tb_check check, const char *where,
                    const char *observed)
{
    struct tb_quote out;
    struct tb_reason why;

    assert_false(parse(q, &out, &why));
    assert_int_equal(why.check, check);
    assert_string_equal(why.where, where);
    if (observed != NULL)
        assert_string_equal(why.observed, observed);
}

static void a_good_quote_is_read_field_by_field(void **state)
{
    struct test_quote q = good();
    struct tb_quote out;
    struct tb_reason why;
    struct test_bytes b;

    (void)state;
    test_quote_build(&q, &b);
    assert_true(tb_quote_parse(test_slice(&b), &out, &why));
    assert_true(tb_slice_equal(out.signer, q.signer));
    assert_true(tb_slice_equal(out.extra_data, q.extra_data));
    assert_int_equal(out.clock_ms, 123456);
    assert_int_equal(out.reset_count, 7);
    assert_int_equal(out.restart_count, 1);
    assert_true(out.clock_safe);
    assert_true(out.firmware_version == UINT64_C(0x2019102300163636));
    assert_int_equal(out.n_selections, 1);
    assert_int_equal(out.selection[0].alg, TB_ALG_SHA256);
    assert_int_equal(out.selection[0].pcrs, 0x00ff3f);
    assert_true(tb_slice_equal(out.pcr_digest, q.pcr_digest));
    q.safe = 0;
    assert_true(parse(&q, &out, &why));
    assert_false(out.clock_safe);
}

static void t01_magic_other_than_tpm_generated_is_refused(void **state)
{
    struct test_quote q = good();

    (void)state;
    q.magic = 0xff544348;
    refused(&q, TB_CHECK_QUOTE_MAGIC, "TPMS_ATTEST.magic", "ff544348");
    q.magic = 0;
    refused(&q, TB_CHECK_QUOTE_MAGIC, "TPMS_ATTEST.magic", "00000000");
    q.magic = 0x474354ff; /* the right bytes in the wrong order */
    refused(&q, TB_CHECK_QUOTE_MAGIC, "TPMS_ATTEST.magic", "474354ff");
}

static void t02_l74_structures_other_than_a_quote_are_refused(void **state)
{
    /* Part 2, 6.9: NV, command audit, session audit, certify, time, creation, NV digest */
    static const uint16_t types[] = { 0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a, 0x801c, 0 };
    struct test_quote q = good();
    char text[8];

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        q.type = types[i];
        snprintf(text, sizeof text, "%04x", types[i]);
        refused(&q, TB_CHECK_QUOTE_TYPE, "TPMS_ATTEST.type", text);
    }
}

static void t03_every_truncation_is_refused_and_says_where(void **state)
{
    struct test_quote q = good();
    struct test_bytes b;

    (void)state;
    test_quote_select(&q, TB_BANK_SHA384, 1);
    test_quote_build(&q, &b);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *exact = test_memdup(b.b, n);
        struct tb_quote out;
        struct tb_reason why = { .check = TB_N_CHECKS };

        assert_false(tb_quote_parse(tb_slice(exact, n), &out, &why));
        assert_int_equal(why.check, TB_CHECK_QUOTE_STRUCTURE);
        assert_string_not_equal(why.where, "");
        free(exact);
    }
}

static void t03_each_truncated_field_is_named(void **state)
{
    static const struct {
        size_t len;
        const char *where;
    } cases[] = {
        { 3, "TPMS_ATTEST.magic" },
        { 5, "TPMS_ATTEST.type" },
        { 7, "TPMS_ATTEST.qualifiedSigner" },
        { 6 + 36 + 33, "TPMS_ATTEST.extraData" },
        { 6 + 36 + 34 + 16, "TPMS_CLOCK_INFO" },
        { 6 + 36 + 34 + 17 + 7, "TPMS_ATTEST.firmwareVersion" },
        { 6 + 36 + 34 + 17 + 8 + 3, "TPML_PCR_SELECTION.count" },
        { 6 + 36 + 34 + 17 + 8 + 4 + 2, "TPMS_PCR_SELECTION" },
        { 6 + 36 + 34 + 17 + 8 + 4 + 5, "TPMS_PCR_SELECTION.pcrSelect" },
        { 6 + 36 + 34 + 17 + 8 + 4 + 6 + 33, "TPMS_QUOTE_INFO.pcrDigest" },
    };
    struct test_quote q = good();
    struct test_bytes b;

    (void)state;
    test_quote_build(&q, &b);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tb_quote out;
        struct tb_reason why;

        assert_false(tb_quote_parse(tb_slice(b.b, cases[i].len), &out, &why));
        assert_string_equal(why.where, cases[i].where);
        assert_non_null(strstr(why.observed, "left"));
    }
}

static void t03_l74_trailing_bytes_are_refused(void **state)
{
    struct test_quote q = good();
    struct test_bytes b;
    struct tb_quote out;
    struct tb_reason why;

    (void)state;
    test_quote_build(&q, &b);
    test_put_u8(&b, 0);
    assert_false(tb_quote_parse(test_slice(&b), &out, &why));
    assert_int_equal(why.check, TB_CHECK_QUOTE_STRUCTURE);
    assert_string_equal(why.where, "TPMS_ATTEST");
    assert_string_equal(why.observed, "1 bytes more");
}

static void t03_every_size_field_at_zero_and_at_most_is_refused_or_bounded(void **state)
{
    /* offsets of the sizes of qualifiedSigner, extraData and pcrDigest in good() */
    static const size_t sizes[] = { 6, 6 + 36, 6 + 36 + 34 + 17 + 8 + 4 + 6 };
    struct test_quote q = good();
    struct test_bytes b;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned fill = 0; fill < 2; fill++) {
            struct tb_quote out;
            struct tb_reason why;
            uint8_t *exact;

            test_quote_build(&q, &b);
            b.b[sizes[i]] = b.b[sizes[i] + 1] = fill ? 0xff : 0;
            exact = test_memdup(b.b, b.n);
            assert_false(tb_quote_parse(tb_slice(exact, b.n), &out, &why));
            assert_int_equal(why.check, TB_CHECK_QUOTE_STRUCTURE);
            free(exact);
        }
}

static void t03_a_field_longer_than_its_type_allows_is_refused(void **state)
{
    uint8_t big[67] = { 0 };
    struct test_quote q = good();
    struct tb_quote out;
    struct tb_reason why;

    (void)state;
    q.signer = tb_slice(big, 67);
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPMS_ATTEST.qualifiedSigner", "67");
    q.signer = tb_slice(big, 66);
    assert_true(parse(&q, &out, &why));
    q.extra_data = tb_slice(big, 65);
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPMS_ATTEST.extraData", "65");
    q.extra_data = tb_slice(big, 64);
    assert_true(parse(&q, &out, &why));
    q.pcr_digest = tb_slice(big, 65);
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPMS_QUOTE_INFO.pcrDigest", "65");
    q.pcr_digest = tb_slice(big, 64);
    assert_true(parse(&q, &out, &why));
}

static void t03_more_than_eight_selections_are_refused_before_they_are_read(void **state)
{
    struct test_quote q = good();
    struct tb_quote out;
    struct tb_reason why;

    (void)state;
    q.n_selections = q.count = 0;
    for (unsigned i = 0; i < 8; i++) {
        test_quote_select(&q, TB_BANK_SHA256, 1);
        q.selection[i].alg = (uint16_t)(0x100 + i);
    }
    assert_true(parse(&q, &out, &why));
    assert_int_equal(out.n_selections, 8);
    test_quote_select(&q, TB_BANK_SHA256, 1);
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPML_PCR_SELECTION.count", "9");
    q.n_selections = 17;
    for (unsigned i = 8; i < 17; i++)
        q.selection[i] = (struct test_selection){ (uint16_t)(0x100 + i), 3, 1 };
    q.count = 17;
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPML_PCR_SELECTION.count", "17");
    q.count = UINT32_MAX;
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPML_PCR_SELECTION.count", "4294967295");
}

static void t03_l70_a_selection_of_other_than_three_bytes_is_refused(void **state)
{
    static const uint8_t sizes[] = { 0, 1, 2, 4, 8, 255 };
    struct test_quote q = good();
    char text[8];

    (void)state;
    for (size_t i = 0; i < sizeof sizes; i++) {
        q.selection[0].size = sizes[i];
        snprintf(text, sizeof text, "%u", sizes[i]);
        refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPMS_PCR_SELECTION.sizeofSelect", text);
    }
}

static void t04_the_same_bank_twice_is_refused(void **state)
{
    struct test_quote q = good();

    (void)state;
    test_quote_select(&q, TB_BANK_SHA1, 1);
    test_quote_select(&q, TB_BANK_SHA256, 2);
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPMS_PCR_SELECTION.hash", "000b twice");
}

static void t04_l69_an_empty_selection_is_read_as_empty(void **state)
{
    struct test_quote q = good();
    struct tb_quote out;
    struct tb_reason why;

    (void)state;
    q.n_selections = q.count = 0;
    assert_true(parse(&q, &out, &why)); /* what it is worth is the appraisal's question */
    assert_int_equal(out.n_selections, 0);
}

static void l68_selections_keep_their_order(void **state)
{
    struct test_quote q = good();
    struct tb_quote out;
    struct tb_reason why;

    (void)state;
    q.n_selections = q.count = 0;
    test_quote_select(&q, TB_BANK_SHA384, 0x800000);
    test_quote_select(&q, TB_BANK_SHA1, 0x000001);
    assert_true(parse(&q, &out, &why));
    assert_int_equal(out.selection[0].alg, TB_ALG_SHA384);
    assert_int_equal(out.selection[0].pcrs, 0x800000);
    assert_int_equal(out.selection[1].alg, TB_ALG_SHA1);
    assert_int_equal(out.selection[1].pcrs, 1);
}

static void a_safe_flag_of_neither_zero_nor_one_is_refused(void **state)
{
    struct test_quote q = good();

    (void)state;
    q.safe = 2;
    refused(&q, TB_CHECK_QUOTE_STRUCTURE, "TPMS_CLOCK_INFO.safe", "2");
}

static void the_output_is_untouched_on_failure(void **state)
{
    struct test_quote q = good();
    struct tb_quote out, before;
    struct tb_reason why;

    (void)state;
    memset(&out, 0x5a, sizeof out);
    before = out;
    q.safe = 2;
    assert_false(parse(&q, &out, &why));
    assert_memory_equal(&out, &before, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_quote_is_read_field_by_field),
        cmocka_unit_test(t01_magic_other_than_tpm_generated_is_refused),
        cmocka_unit_test(t02_l74_structures_other_than_a_quote_are_refused),
        cmocka_unit_test(t03_every_truncation_is_refused_and_says_where),
        cmocka_unit_test(t03_each_truncated_field_is_named),
        cmocka_unit_test(t03_l74_trailing_bytes_are_refused),
        cmocka_unit_test(t03_every_size_field_at_zero_and_at_most_is_refused_or_bounded),
        cmocka_unit_test(t03_a_field_longer_than_its_type_allows_is_refused),
        cmocka_unit_test(t03_more_than_eight_selections_are_refused_before_they_are_read),
        cmocka_unit_test(t03_l70_a_selection_of_other_than_three_bytes_is_refused),
        cmocka_unit_test(t04_the_same_bank_twice_is_refused),
        cmocka_unit_test(t04_l69_an_empty_selection_is_read_as_empty),
        cmocka_unit_test(l68_selections_keep_their_order),
        cmocka_unit_test(a_safe_flag_of_neither_zero_nor_one_is_refused),
        cmocka_unit_test(the_output_is_untouched_on_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
