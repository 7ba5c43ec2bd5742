/* Attack ids: T-04, T-05. Table ids of event-log.md: L-68, L-69, L-71. */
#include "tests/unit/test_support.h"

#include <openssl/evp.h>
#include <string.h>

static struct tb_hasher *hasher;
static struct tb_pcrs pcrs;

static int setup(void **state)
{
    (void)state;
    hasher = tb_hasher_new();
    memset(&pcrs, 0, sizeof pcrs);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (unsigned i = 0; i < 16; i++)
            test_pcr_set(&pcrs, (enum tb_bank)b, i, (uint8_t)(16 * b + 1));
    return hasher == NULL;
}

static int teardown(void **state)
{
    (void)state;
    tb_hasher_free(hasher);
    return 0;
}

static void digest_of(const struct tb_selection *sel, size_t n, enum tb_bank bank, uint8_t *out)
{
    struct tb_reason why;

    assert_true(tb_pcrs_digest(&pcrs, sel, n, bank, hasher, out, &why));
}

static void refused(const struct tb_selection *sel, size_t n, const char *where,
                    const char *observed)
{
    uint8_t out[TB_DIGEST_MAX];
    struct tb_reason why = { .check = TB_N_CHECKS };

    assert_false(tb_pcrs_digest(&pcrs, sel, n, TB_BANK_SHA256, hasher, out, &why));
    assert_int_equal(why.check, TB_CHECK_PCR_VALUES);
    assert_string_equal(why.where, where);
    assert_string_equal(why.observed, observed);
}

static void l68_the_digest_is_over_the_selections_in_their_order(void **state)
{
    const struct tb_selection one[] = { { TB_ALG_SHA1, 3 }, { TB_ALG_SHA512, 0x8001 } };
    const struct tb_selection other[] = { one[1], one[0] };
    uint8_t a[TB_DIGEST_MAX], b[TB_DIGEST_MAX], want[EVP_MAX_MD_SIZE], bytes[2 * 20 + 2 * 64];
    unsigned len;

    (void)state;
    memcpy(bytes, pcrs.value[TB_BANK_SHA1][0], 20);
    memcpy(bytes + 20, pcrs.value[TB_BANK_SHA1][1], 20);
    memcpy(bytes + 40, pcrs.value[TB_BANK_SHA512][0], 64);
    memcpy(bytes + 104, pcrs.value[TB_BANK_SHA512][15], 64);
    assert_int_equal(EVP_Digest(bytes, sizeof bytes, want, &len, EVP_sha384(), NULL), 1);
    digest_of(one, 2, TB_BANK_SHA384, a);
    assert_memory_equal(a, want, 48);
    digest_of(other, 2, TB_BANK_SHA384, b);
    assert_memory_not_equal(a, b, 48);
}

static void t05_the_hash_is_the_one_asked_for(void **state)
{
    const struct tb_selection sel = { TB_ALG_SHA256, 0xff };
    uint8_t a[TB_DIGEST_MAX], b[TB_DIGEST_MAX];

    (void)state;
    digest_of(&sel, 1, TB_BANK_SHA256, a);
    digest_of(&sel, 1, TB_BANK_SHA384, b);
    assert_memory_not_equal(a, b, 32);
}

static void t05_every_value_and_only_the_selected_ones_count(void **state)
{
    const struct tb_selection sel = { TB_ALG_SHA256, 0x00aa };
    uint8_t before[TB_DIGEST_MAX], after[TB_DIGEST_MAX];

    (void)state;
    digest_of(&sel, 1, TB_BANK_SHA256, before);
    for (unsigned i = 0; i < 16; i++) {
        pcrs.value[TB_BANK_SHA256][i][31] ^= 1;
        digest_of(&sel, 1, TB_BANK_SHA256, after);
        assert_int_equal(memcmp(before, after, 32) != 0, (0x00aa >> i & 1) != 0);
        pcrs.value[TB_BANK_SHA256][i][31] ^= 1;
    }
}

static void t04_l71_a_selected_pcr_without_a_value_is_refused(void **state)
{
    const struct tb_selection sel = { TB_ALG_SHA256, 0x000003 };

    (void)state;
    pcrs.mask[TB_BANK_SHA256] &= ~UINT32_C(2);
    refused(&sel, 1, "PCR 1 sha256", "none");
}

static void t04_a_selected_bank_that_is_unknown_is_refused(void **state)
{
    const struct tb_selection sm3 = { TB_ALG_SM3_256, 1 }, none = { TB_ALG_SM3_256, 0 };
    uint8_t out[TB_DIGEST_MAX];

    (void)state;
    refused(&sm3, 1, "bank", "0012");
    digest_of(&none, 1, TB_BANK_SHA256, out); /* the TPM lacks it and says so */
}

static void t04_pcrs_above_23_are_refused(void **state)
{
    const struct tb_selection sel = { TB_ALG_SHA256, 0x01000000 };

    (void)state;
    refused(&sel, 1, "sha256", "mask 01000000");
}

static void more_selections_than_a_quote_has_are_refused(void **state)
{
    struct tb_selection sel[TB_SELECTIONS_MAX + 1];
    uint8_t out[TB_DIGEST_MAX];

    (void)state;
    for (unsigned i = 0; i <= TB_SELECTIONS_MAX; i++)
        sel[i] = (struct tb_selection){ TB_ALG_SHA256, 1 };
    digest_of(sel, TB_SELECTIONS_MAX, TB_BANK_SHA256, out);
    refused(sel, TB_SELECTIONS_MAX + 1, "selections", "9");
}

static void l69_the_digest_of_no_pcr_is_the_digest_of_nothing(void **state)
{
    static const uint8_t nothing[4] = { 0xe3, 0xb0, 0xc4, 0x42 };
    uint8_t out[TB_DIGEST_MAX];

    (void)state;
    digest_of(NULL, 0, TB_BANK_SHA256, out);
    assert_memory_equal(out, nothing, 4);
}

/* An extend of the PCR's start, as the TPM computes it. */
static void extend_zeros(const EVP_MD *md, const uint8_t *digest, size_t len, uint8_t *out)
{
    uint8_t both[2 * TB_DIGEST_MAX] = { 0 };

    memcpy(both + len, digest, len);
    assert_int_equal(EVP_Digest(both, 2 * len, out, NULL, md, NULL), 1);
}

static void t29_what_no_firmware_measures_is_known_in_every_bank(void **state)
{
    static const char *const names[TB_N_BANKS] = { "SHA1", "SHA256", "SHA384", "SHA512" };
    static const char *const measured[] = { NULL, "\0\0\0\0", "\xff\xff\xff\xff", "\1\0\0\0" };

    (void)state;
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        const EVP_MD *md = EVP_get_digestbyname(names[b]);
        const size_t len = tb_bank_digest_len((enum tb_bank)b);
        uint8_t value[TB_DIGEST_MAX] = { 0 };

        assert_true(tb_pcr_is_unmeasured((enum tb_bank)b, value));
        for (unsigned i = 0; i < 4; i++) {
            uint8_t digest[TB_DIGEST_MAX] = { 0 };

            if (measured[i] != NULL)
                assert_int_equal(EVP_Digest(measured[i], 4, digest, NULL, md, NULL), 1);
            extend_zeros(md, digest, len, value);
            assert_int_equal(tb_pcr_is_unmeasured((enum tb_bank)b, value), i < 3);
            value[len - 1] ^= 1;
            assert_false(tb_pcr_is_unmeasured((enum tb_bank)b, value));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(l68_the_digest_is_over_the_selections_in_their_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(t05_the_hash_is_the_one_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(t05_every_value_and_only_the_selected_ones_count, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(t04_l71_a_selected_pcr_without_a_value_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(t04_a_selected_bank_that_is_unknown_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(t04_pcrs_above_23_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(more_selections_than_a_quote_has_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(l69_the_digest_of_no_pcr_is_the_digest_of_nothing, setup,
                                        teardown),
        cmocka_unit_test(t29_what_no_firmware_measures_is_known_in_every_bank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
