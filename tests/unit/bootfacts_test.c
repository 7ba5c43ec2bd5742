/* Separators, programs, and the end of the firmware: what a log proves, and how an attacker's log
 * proves nothing. */
#include "tests/unit/bootfacts_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void t36_l41_a_separator_of_any_pcr_in_disguise_is_recognised(void **state)
{
    (void)state;
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        good();
        log_find(b, pcr, TB_EV_SEPARATOR, 0)->type = TB_EV_ACTION;
        assert_found(TB_CHECK_LOG_SEPARATOR, TB_FAIL);
        assert_true(has_reason(TB_CHECK_LOG_SEPARATOR, "separator's digest with type"));
        good(); /* the type stands, the data lies */
        log_set_data(b, log_find(b, pcr, TB_EV_SEPARATOR, 0), tb_slice("\0\0\0\1", 4));
        assert_found(TB_CHECK_LOG_SEPARATOR, TB_FAIL);
    }
}

static void a_setting_of_four_zeros_in_pcr_1_is_no_separator(void **state)
{
    (void)state;
    good();
    log_event_data(b, 1, TB_EV_PLATFORM_CONFIG_FLAGS, tb_slice("\0\0\0\0", 4));
    log_event_data(b, 1, TB_EV_PLATFORM_CONFIG_FLAGS, tb_slice("\1\0\0\0", 4));
    assert_still_on();
    assert_int_equal(f.n, 0);
}

static void t36_l43_l42_an_error_separator_is_a_firmware_error(void **state)
{
    static const char *const values[] = { "\xff\xff\xff\xff", "\1\0\0\0" };

    (void)state;
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        for (size_t i = 0; i < 4; i++) {
            struct log_item *item;

            good();
            item = log_find(b, pcr, TB_EV_SEPARATOR, 0);
            log_set_data(b, item, tb_slice(values[i % 2], 4));
            log_rehash(b, item, tb_slice(values[i % 2], 4));
            if (i < 2) {
                assert_found(TB_CHECK_LOG_FIRMWARE_ERROR, TB_FAIL);
            } else {
                item->type = TB_EV_ACTION;
                assert_found(pcr == 7 ? TB_CHECK_LOG_SEPARATOR : TB_CHECK_LOG_FIRMWARE_ERROR,
                             TB_FAIL);
            }
        }
}

static void t36_l44_separators_of_other_values_end_the_claim_in_pcr_7_only(void **state)
{
    static const char *const values[] = { "WBCL", "\xff", "text" };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (uint32_t pcr = 6; pcr <= 7; pcr++) {
            struct log_item *item;

            good();
            item = log_find(b, pcr, TB_EV_SEPARATOR, 0);
            log_set_data(b, item, log_text(values[i]));
            log_rehash(b, item, log_text(values[i]));
            if (pcr == 7) {
                assert_found(TB_CHECK_LOG_SEPARATOR, TB_FAIL);
                assert_true(has_reason(TB_CHECK_LOG_SEPARATOR, "another value"));
            } else {
                assert_still_on();
                assert_true(has_reason(TB_CHECK_LOG_SEPARATOR_OTHER, "another value"));
            }
        }
}

static void t36_l45_l46_pcr_7_needs_exactly_one_separator_others_are_told(void **state)
{
    (void)state;
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        for (int how = 0; how < 2; how++) {
            good();
            if (how == 0)
                log_separator(b, pcr);
            else
                log_remove(b, log_find(b, pcr, TB_EV_SEPARATOR, 0));
            if (pcr == 7) {
                assert_found(TB_CHECK_LOG_SEPARATOR, TB_FAIL);
            } else {
                assert_still_on();
                assert_int_equal(f.outcome[TB_CHECK_LOG_SEPARATOR_OTHER], TB_FAIL);
                assert_int_equal(f.outcome[TB_CHECK_LOG_SEPARATOR], TB_PASS);
            }
        }
}

static void l04_l05_no_fact_comes_from_a_pcr_that_does_not_match(void **state)
{
    (void)state;
    good();
    read_facts();
    states.state[TB_BANK_SHA256][7] = TB_PCR_MISMATCH;
    states.state[TB_BANK_SHA256][4] = TB_PCR_NOT_QUOTED;
    states.state[TB_BANK_SHA256][5] = TB_PCR_CAPPED;
    states.state[TB_BANK_SHA256][0] = TB_PCR_UNEXTENDED;
    memset(&f, 0, sizeof f);
    tb_boot_facts_read(log_slice(b), TB_BANK_SHA256, &states, h, &facts, &f);
    assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_int_equal(facts.n_programs, 0);
    assert_int_equal(facts.n_authorities, 0);
    assert_false(facts.exit_boot_services);
    assert_string_equal(facts.firmware_version, "");
    assert_int_equal(f.outcome[TB_CHECK_SB_MISSING], TB_UNKNOWN);
    assert_int_equal(f.outcome[TB_CHECK_LOG_SEPARATOR], TB_UNKNOWN);
    assert_int_equal(f.outcome[TB_CHECK_BOOT_END], TB_UNKNOWN);
    assert_int_equal(f.outcome[TB_CHECK_SB_OFF], TB_NOT_CHECKED);
    read_facts();
    states.state[TB_BANK_SHA256][4] = TB_PCR_MISMATCH;
    memset(&f, 0, sizeof f);
    tb_boot_facts_read(log_slice(b), TB_BANK_SHA256, &states, h, &facts, &f);
    assert_int_equal(f.outcome[TB_CHECK_SB_AUTHORITY], TB_UNKNOWN);
    assert_true(has_reason(TB_CHECK_SB_AUTHORITY, "mismatch"));
    assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
}

static void l06_the_order_of_events_of_different_pcrs_changes_no_fact(void **state)
{
    struct tb_boot_facts before;

    (void)state;
    good();
    read_facts();
    before = facts;
    log_move_after(b, log_find(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0),
                   log_find(b, 5, TB_EV_EFI_ACTION, 1));
    log_move_before(b, log_find(b, 5, TB_EV_EFI_ACTION, 0), &b->item[0]);
    read_facts();
    assert_int_equal(facts.secure_boot, before.secure_boot);
    assert_int_equal(facts.exit_boot_services, before.exit_boot_services);
    assert_memory_equal(&facts.program[0].digest, &before.program[0].digest,
                        sizeof before.program[0].digest);
}

static void l40_everything_in_pcr_4_that_is_not_known_is_a_program(void **state)
{
    (void)state;
    good();
    log_find(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0)->type = TB_EV_EFI_PLATFORM_FIRMWARE_BLOB;
    log_application(b, "a good loader", "\\EFI\\good.efi");
    read_facts();
    assert_int_equal(facts.n_programs, 2);
    good(); /* as an action: the digest is not of the text */
    log_find(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0)->type = TB_EV_EFI_ACTION;
    log_set_data(b, log_find(b, 4, TB_EV_EFI_ACTION, 1), log_text("Calling"));
    read_facts();
    assert_int_equal(facts.n_programs, 1);
    good(); /* as a separator, whose data is not what its digest is of */
    log_find(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0)->type = TB_EV_SEPARATOR;
    log_set_data(b, log_find(b, 4, TB_EV_SEPARATOR, 1), tb_slice("\0\0\0\0", 4));
    read_facts();
    assert_int_equal(facts.n_programs, 1);
    assert_true(has_reason(TB_CHECK_LOG_SEPARATOR_OTHER, "another value"));
    log_application(b, "a good loader", "\\EFI\\good.efi");
    read_facts();
    assert_int_equal(facts.n_programs, 2);
    good(); /* text under another type than an action's */
    log_event_data(b, 4, TB_EV_IPL, log_text("text"));
    read_facts();
    assert_int_equal(facts.n_programs, 2);
    good(); /* a known action under another type, an unknown one under its own: no programs */
    log_find(b, 4, TB_EV_EFI_ACTION, 0)->type = TB_EV_UNUSED;
    log_action(b, 4, "Booting to a shell");
    log_action(b, 4, "Returning from EFI Application from Boot Option");
    read_facts();
    assert_int_equal(facts.n_programs, 1);
}

static void programs_and_authorities_above_the_limit_are_counted(void **state)
{
    (void)state;
    good();
    for (int i = 0; i < TB_PROGRAMS_MAX + 2; i++)
        log_application(b, "p", "\\p.efi");
    for (int i = 0; i < TB_AUTHORITIES_MAX + 2; i++)
        log_variable(b, 7, AUTHORITY, log_guid_shim, "SbatLevel", log_text("sbat,1\n"));
    read_facts();
    assert_int_equal(facts.n_programs, TB_PROGRAMS_MAX);
    assert_int_equal(facts.n_programs_lost, 3);
    assert_int_equal(facts.n_authorities, TB_AUTHORITIES_MAX);
    assert_int_equal(facts.n_authorities_lost, 3);
}

static void l47_l61_exit_boot_services_is_recognised_by_digest(void **state)
{
    (void)state;
    good();
    log_find(b, 5, TB_EV_EFI_ACTION, 0)->type = TB_EV_UNUSED;
    read_facts();
    assert_true(facts.exit_boot_services);
    for (size_t nth = 0; nth < 2; nth++) {
        good();
        log_remove(b, log_find(b, 5, TB_EV_EFI_ACTION, nth));
        assert_still_on();
        assert_false(facts.exit_boot_services);
        assert_int_equal(f.outcome[TB_CHECK_BOOT_END], TB_FAIL);
    }
}

static void l63_a_crtm_version_is_a_fact_only_if_covered_and_alone(void **state)
{
    (void)state;
    good();
    log_rehash(b, log_find(b, 0, TB_EV_S_CRTM_VERSION, 0), log_text("other"));
    read_facts();
    assert_string_equal(facts.firmware_version, "");
    good();
    log_event_data(b, 0, TB_EV_S_CRTM_VERSION, log_text("9.9"));
    read_facts();
    assert_string_equal(facts.firmware_version, "");
    good();
    log_set_data(b, log_find(b, 0, TB_EV_S_CRTM_VERSION, 0), log_text("9.9"));
    log_rehash(b, log_find(b, 0, TB_EV_S_CRTM_VERSION, 0), log_text("9.9"));
    read_facts();
    assert_string_equal(facts.firmware_version, "9.9");
}

/* Root retypes the true version and the separator behind it, and extends a pair of his own. */
static void t36_l63_a_version_behind_a_separator_of_any_type_is_none(void **state)
{
    static const char *const separators[] = { "\0\0\0\0", "\xff\xff\xff\xff", "\1\0\0\0" };
    static const uint32_t types[] = { TB_EV_POST_CODE, TB_EV_SEPARATOR, TB_EV_UNUSED };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            struct log_item *end;

            good();
            log_find(b, 0, TB_EV_S_CRTM_VERSION, 0)->type = TB_EV_POST_CODE;
            end = log_find(b, 0, TB_EV_SEPARATOR, 0);
            end->type = types[k];
            log_set_data(b, end, tb_slice(separators[i], 4));
            log_rehash(b, end, tb_slice(separators[i], 4));
            log_event_data(b, 0, TB_EV_S_CRTM_VERSION, log_text("9.99-fixed"));
            log_separator(b, 0);
            read_facts();
            assert_string_equal(facts.firmware_version, "");
        }
}

static void put_version(struct tb_reader data)
{
    good();
    log_set_data(b, log_find(b, 0, TB_EV_S_CRTM_VERSION, 0), data);
    log_rehash(b, log_find(b, 0, TB_EV_S_CRTM_VERSION, 0), data);
    read_facts();
}

/* A part of a version would meet an entry of the policy that is that part. */
static void l63_a_version_is_told_whole_or_by_its_digest(void **state)
{
    uint8_t bytes[2 * TB_TEXT_MAX + 2] = { 0 }, digest[TB_DIGEST_MAX];
    char want[TB_TEXT_MAX] = "sha256:";

    (void)state;
    memset(bytes, 'x', TB_TEXT_MAX);
    put_version(tb_slice(bytes, TB_TEXT_MAX - 1));
    assert_int_equal(strlen(facts.firmware_version), TB_TEXT_MAX - 1);
    assert_int_equal(facts.firmware_version[0], 'x');
    put_version(tb_slice(bytes, TB_TEXT_MAX));
    assert_true(tb_hash(h, TB_BANK_SHA256, tb_slice(bytes, TB_TEXT_MAX), digest));
    tb_hex(tb_slice(digest, 32), want + 7, sizeof want - 7);
    assert_string_equal(facts.firmware_version, want);
    for (size_t i = 0; i < TB_TEXT_MAX; i++) { /* UTF-16 */
        bytes[2 * i] = 'x';
        bytes[2 * i + 1] = 0;
    }
    put_version(tb_slice(bytes, 2 * TB_TEXT_MAX - 2));
    assert_int_equal(strlen(facts.firmware_version), TB_TEXT_MAX - 1);
    put_version(tb_slice(bytes, 2 * TB_TEXT_MAX));
    assert_memory_equal(facts.firmware_version, "sha256:", 7);
    memset(bytes, 0x80, TB_TEXT_MAX); /* neither */
    put_version(tb_slice(bytes, 63));
    assert_int_equal(strlen(facts.firmware_version), 126);
    put_version(tb_slice(bytes, 64));
    assert_memory_equal(facts.firmware_version, "sha256:", 7);
}

static void a_log_that_is_none_gives_a_finding_and_no_facts(void **state)
{
    (void)state;
    good();
    read_facts();
    memset(&f, 0, sizeof f);
    tb_boot_facts_read(tb_slice(b->bytes, b->len - 1), TB_BANK_SHA256, &states, h, &facts, &f);
    assert_int_equal(f.outcome[TB_CHECK_LOG_FORMAT], TB_FAIL);
    assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_int_equal(facts.n_programs, 0);
    memset(&f, 0, sizeof f);
    tb_boot_facts_read(tb_slice(NULL, 0), TB_BANK_SHA256, &states, h, &facts, &f);
    assert_int_equal(f.outcome[TB_CHECK_LOG_FORMAT], TB_FAIL);
}

/* A caller that calls a PCR a match in a bank that the log does not have. */
static void events_without_a_digest_of_the_bank_prove_nothing(void **state)
{
    (void)state;
    good();
    read_facts();
    memset(states.state[TB_BANK_SHA384], TB_PCR_MATCH, sizeof states.state[TB_BANK_SHA384]);
    memset(&f, 0, sizeof f);
    tb_boot_facts_read(log_slice(b), TB_BANK_SHA384, &states, h, &facts, &f);
    assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_string_equal(facts.firmware_version, "");
    assert_int_equal(f.outcome[TB_CHECK_LOG_SEPARATOR], TB_FAIL);
}

/* A good boot whose item (found by `find`) is measured as `hashed` in one of two banks: a bank that
 * the firmware does not extend, and that somebody filled with a history of his own. */
static void good_with_two_histories(enum tb_bank other, struct log_item *(*find)(void),
                                    struct tb_reader (*hashed)(void))
{
    uint8_t digest[TB_DIGEST_MAX];

    log_good_boot(b, LOG_BANK(TB_BANK_SHA256) | LOG_BANK(other));
    assert_true(tb_hash(h, other, hashed(), digest));
    memcpy(find()->digest[other], digest, sizeof digest);
}

static struct log_item *the_secure_boot(void)
{
    return var("SecureBoot");
}
static struct tb_reader secure_boot_off(void)
{
    return log_uefi_variable(b, log_guid_global, "SecureBoot", tb_slice("", 1));
}
static struct log_item *the_version(void)
{
    return log_find(b, 0, TB_EV_S_CRTM_VERSION, 0);
}
static struct log_item *the_action(void)
{
    return log_find(b, 4, TB_EV_EFI_ACTION, 0);
}
static struct log_item *the_end(void)
{
    return log_find(b, 5, TB_EV_EFI_ACTION, 1);
}
static struct log_item *the_separator(void)
{
    return log_find(b, 6, TB_EV_SEPARATOR, 0);
}
static struct tb_reader other_data(void)
{
    return log_text("something else");
}
static struct tb_reader error_value(void)
{
    return tb_slice("\xff\xff\xff\xff", 4);
}

static void t29_data_that_not_every_matching_bank_covers_is_no_fact(void **state)
{
    static const enum tb_bank others[] = { TB_BANK_SHA1, TB_BANK_SHA384, TB_BANK_SHA512 };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int strong = 0; strong < 2; strong++) {
            enum tb_bank bank = strong ? others[i] : TB_BANK_SHA256;

            good_with_two_histories(others[i], the_secure_boot, secure_boot_off);
            read_in(bank);
            assert_int_equal(f.outcome[TB_CHECK_SB_UNEXPLAINED], TB_FAIL);
            assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
            assert_false(facts.keyset[TB_KEYSET_DB].measured);
            good_with_two_histories(others[i], the_version, other_data);
            read_in(bank);
            assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_ON);
            assert_string_equal(facts.firmware_version, "");
            good_with_two_histories(others[i], the_action, other_data);
            read_in(bank);
            assert_int_equal(facts.n_programs, 2);
            good_with_two_histories(others[i], the_end, other_data);
            read_in(bank);
            assert_false(facts.exit_boot_services);
            good_with_two_histories(others[i], the_separator, error_value);
            read_in(bank);
            assert_int_equal(f.outcome[TB_CHECK_LOG_SEPARATOR], TB_FAIL);
            assert_true(has_reason(TB_CHECK_LOG_SEPARATOR, "in some of them"));
            assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
            good_with_two_histories(others[i], the_separator, other_data);
            read_in(bank);
            assert_true(has_reason(TB_CHECK_LOG_SEPARATOR, "in some of them"));
        }
}

/* Windows closes the SHA-1 bank and measures on in the other: such a bank says nothing. */
static void a_bank_that_does_not_match_takes_no_fact_away(void **state)
{
    (void)state;
    good_with_two_histories(TB_BANK_SHA1, the_secure_boot, secure_boot_off);
    read_in(TB_BANK_SHA256);
    for (unsigned pcr = 0; pcr < 8; pcr++)
        states.state[TB_BANK_SHA1][pcr] = TB_PCR_CAPPED;
    memset(&f, 0, sizeof f);
    tb_boot_facts_read(log_slice(b), TB_BANK_SHA256, &states, h, &facts, &f);
    assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_ON);
    assert_int_equal(f.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t36_l41_a_separator_of_any_pcr_in_disguise_is_recognised),
        cmocka_unit_test(a_setting_of_four_zeros_in_pcr_1_is_no_separator),
        cmocka_unit_test(t36_l43_l42_an_error_separator_is_a_firmware_error),
        cmocka_unit_test(t36_l44_separators_of_other_values_end_the_claim_in_pcr_7_only),
        cmocka_unit_test(t36_l45_l46_pcr_7_needs_exactly_one_separator_others_are_told),
        cmocka_unit_test(l04_l05_no_fact_comes_from_a_pcr_that_does_not_match),
        cmocka_unit_test(l06_the_order_of_events_of_different_pcrs_changes_no_fact),
        cmocka_unit_test(l40_everything_in_pcr_4_that_is_not_known_is_a_program),
        cmocka_unit_test(programs_and_authorities_above_the_limit_are_counted),
        cmocka_unit_test(l47_l61_exit_boot_services_is_recognised_by_digest),
        cmocka_unit_test(l63_a_crtm_version_is_a_fact_only_if_covered_and_alone),
        cmocka_unit_test(t36_l63_a_version_behind_a_separator_of_any_type_is_none),
        cmocka_unit_test(l63_a_version_is_told_whole_or_by_its_digest),
        cmocka_unit_test(a_log_that_is_none_gives_a_finding_and_no_facts),
        cmocka_unit_test(events_without_a_digest_of_the_bank_prove_nothing),
        cmocka_unit_test(t29_data_that_not_every_matching_bank_covers_is_no_fact),
        cmocka_unit_test(a_bank_that_does_not_match_takes_no_fact_away),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
