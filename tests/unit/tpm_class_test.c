/* Attack ids: T-25, T-58. Who made a TPM, what kind that is, and what nobody can see of it. */
#include "core/tpm_class.h"
#include "tests/unit/test_support.h"

#include <string.h>

static void t25_makers_are_told_by_what_the_tpm_and_its_certificate_say(void **state)
{
    static const struct {
        const char *text;
        uint32_t vendor;
        enum tb_tpm_class tpm_class;
    } cases[] = {
        { "IBM", 0x49424d00, TB_TPM_SOFTWARE },
        { "id:00001014", 0x00001014, TB_TPM_SOFTWARE },
        { "SIM1", 0x53494d31, TB_TPM_SOFTWARE },
        { "MSFT", 0x4d534654, TB_TPM_UNKNOWN }, /* Hyper-V or Pluton */
        { "id:474f4f47", 0x474f4f47, TB_TPM_VIRTUAL },
        { "INTC", 0x494e5443, TB_TPM_FIRMWARE },
        { "AMD", 0x414d4400, TB_TPM_FIRMWARE },
        { "IFX", 0x49465800, TB_TPM_DISCRETE },
        { "STM", 0x53544d00, TB_TPM_DISCRETE },
        { "STM ", 0x53544d00, TB_TPM_DISCRETE },
        { "id:53544D20", 0x53544d00, TB_TPM_DISCRETE },
        { "NTC", 0x4e544300, TB_TPM_DISCRETE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(tb_tpm_vendor_of_text(cases[i].text), cases[i].vendor);
        assert_int_equal(tb_tpm_class_of_vendor(cases[i].vendor), cases[i].tpm_class);
    }
}

static void t25_what_is_no_makers_id_is_unknown(void **state)
{
    static const char *const texts[] = {
        "", "   ", "LONGER", "id:4942", "id:49424D000", "id:49424DZZ", "id:49424D0", "\x01\x02",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(tb_tpm_vendor_of_text(texts[i]), 0);
        assert_int_equal(tb_tpm_class_of_vendor(0), TB_TPM_UNKNOWN);
    }
}

static void a_maker_has_one_text_that_reads_back(void **state)
{
    static const struct {
        uint32_t vendor;
        const char *text;
    } cases[] = {
        { 0, "" },
        { 0x49465800, "IFX" },
        { 0x494e5443, "INTC" },
        { 0x49424d00, "IBM" },
        { 0x00001014, "IBM" },
        { 0x00001015, "id:00001015" },
        { 0x49004658, "id:49004658" },
        { 0x49460a00, "id:49460A00" },
        { 0xffffffff, "id:FFFFFFFF" },
    };
    char text[TB_TPM_VENDOR_TEXT_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tb_tpm_vendor_text(cases[i].vendor, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(tb_tpm_vendor_of_text(text), tb_tpm_maker(cases[i].vendor));
    }
    assert_int_equal(tb_tpm_maker(0x00001014), tb_tpm_maker(0x49424d00));
    assert_int_equal(tb_tpm_maker(0x49465800), 0x49465800);
}

static void t25_only_a_certificate_makes_a_tpm_hardware(void **state)
{
    (void)state;
    for (unsigned c = 0; c < TB_N_TPM_CLASSES; c++) {
        enum tb_tpm_class told = (enum tb_tpm_class)c;
        bool hardware = told == TB_TPM_DISCRETE || told == TB_TPM_FIRMWARE;

        assert_int_equal(tb_tpm_class_to_rely_on(told, true), told);
        assert_int_equal(tb_tpm_class_to_rely_on(told, false), hardware ? TB_TPM_UNKNOWN : told);
    }
}

static void names_of_classes_read_back(void **state)
{
    enum tb_tpm_class back;

    (void)state;
    for (unsigned c = 0; c < TB_N_TPM_CLASSES; c++) {
        assert_true(tb_tpm_class_of_name(tb_tpm_class_name((enum tb_tpm_class)c), &back));
        assert_int_equal(back, c);
    }
    assert_false(tb_tpm_class_of_name("Discrete", &back));
    assert_false(tb_tpm_class_of_name("", &back));
}

static void t58_the_limit_of_each_class_is_stated_and_its_own(void **state)
{
    static const char *const words[TB_N_TPM_CLASSES] = { "Nothing that is believed",
                                                         "bus interposer", "firmware", "hypervisor",
                                                         "emulator" };

    (void)state;
    for (unsigned c = 0; c < TB_N_TPM_CLASSES; c++) {
        const char *text = tb_tpm_class_limit((enum tb_tpm_class)c);

        assert_non_null(strstr(text, words[c]));
        for (unsigned other = 0; other < c; other++)
            assert_string_not_equal(text, tb_tpm_class_limit((enum tb_tpm_class)other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t25_makers_are_told_by_what_the_tpm_and_its_certificate_say),
        cmocka_unit_test(t25_what_is_no_makers_id_is_unknown),
        cmocka_unit_test(a_maker_has_one_text_that_reads_back),
        cmocka_unit_test(t25_only_a_certificate_makes_a_tpm_hardware),
        cmocka_unit_test(names_of_classes_read_back),
        cmocka_unit_test(t58_the_limit_of_each_class_is_stated_and_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
