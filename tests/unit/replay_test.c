/* What a log replays to, and how that is compared with quoted values. */
#include "tests/unit/eventlog_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void good_logs_of_every_set_of_banks_replay_to_the_pcrs(void **state)
{
    (void)state;
    for (uint32_t banks = 1; banks <= ALL_BANKS; banks++) {
        log_good_boot(b, banks);
        assert_replays();
        assert_int_equal(r.banks, banks);
        assert_int_equal(r.n_events, b->n + 1);
        assert_int_equal(r.n_measured[7], 7);
        assert_false(r.no_action_digest);
    }
    log_good_boot_sha1(b);
    assert_replays();
    assert_int_equal(r.n_events, b->n);
}

static void only_the_banks_asked_for_are_replayed(void **state)
{
    (void)state;
    log_good_boot(b, ALL_BANKS);
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), LOG_BANK(TB_BANK_SHA384)));
    assert_int_equal(r.pcrs.mask[TB_BANK_SHA256], 0);
    assert_int_equal(r.pcrs.mask[TB_BANK_SHA384], 0x3ff);
    assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA384, 7), TB_PCR_MATCH);
    assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA256, 7), TB_PCR_INCOMPLETE);
}

static void
l05_t35_an_event_removed_added_swapped_or_flipped_mismatches_in_its_pcr_only(void **state)
{
    struct tb_pcrs good;

    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_finish(b);
    good = b->pcrs;
    for (int how = 0; how < 4; how++) {
        log_good_boot(b, SHA1_SHA256);
        if (how == 0)
            log_remove(b, log_find(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0));
        else if (how == 1)
            log_separator(b, 7);
        else if (how == 2)
            log_move_before(b, log_find_variable(b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "db"),
                            log_find_variable(b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "PK"));
        else
            log_find(b, 7, TB_EV_SEPARATOR, 0)->digest[TB_BANK_SHA256][31] ^= 1;
        log_finish(b);
        assert_true(replay_bytes(log_slice(b), ALL_BANKS));
        for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
            assert_int_equal(state_of(&good, TB_BANK_SHA256, pcr),
                             pcr == 7 ? TB_PCR_MISMATCH : TB_PCR_MATCH);
    }
}

static void t29_l02_t32_values_without_events_and_events_without_values_are_told(void **state)
{
    struct tb_pcrs q;

    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    q = b->pcrs;
    q.value[TB_BANK_SHA256][10][0] = 1; /* no event */
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 10), TB_PCR_NOT_IN_LOG);
    memset(q.value[TB_BANK_SHA256][7], 0, TB_DIGEST_MAX);
    memset(q.value[TB_BANK_SHA256][0], 0, TB_DIGEST_MAX);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 7), TB_PCR_UNEXTENDED);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 0), TB_PCR_UNEXTENDED);
    memset(q.value[TB_BANK_SHA256][7], 0x5a, TB_DIGEST_MAX); /* ends like an initial value */
    q.value[TB_BANK_SHA256][7][31] = 0;
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 7), TB_PCR_MISMATCH);
    q.mask[TB_BANK_SHA256] &= ~(UINT32_C(1) << 7);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 7), TB_PCR_NOT_QUOTED);
}

static void l10_a_bank_that_the_system_capped_is_told_from_a_mismatch(void **state)
{
    struct tb_pcrs q;

    (void)state;
    log_good_boot(b, SHA1_SHA256);
    for (uint32_t pcr = 0; pcr < 9; pcr++) { /* the cap, as one more event with a zero digest */
        struct log_item *item = log_separator(b, pcr);

        memset(item->digest, 0, sizeof item->digest);
        item->banks = LOG_BANK(TB_BANK_SHA1);
    }
    log_finish(b);
    q = b->pcrs;
    log_good_boot(b, SHA1_SHA256);
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    for (unsigned pcr = 0; pcr < 9; pcr++) {
        assert_int_equal(state_of(&q, TB_BANK_SHA1, pcr), TB_PCR_CAPPED);
        assert_int_equal(state_of(&q, TB_BANK_SHA256, pcr), TB_PCR_MATCH);
    }
}

static void l08_a_bank_that_the_log_lacks_is_incomplete_never_a_match(void **state)
{
    struct tb_pcrs q = { 0 };

    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA1));
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    q.mask[TB_BANK_SHA256] = TB_PCR_MASK;
    memset(q.value[TB_BANK_SHA256][7], 0x5a, 32);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 7), TB_PCR_INCOMPLETE);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 6), TB_PCR_UNEXTENDED);
}

static void l26_an_event_without_a_bank_s_digest_makes_that_pcr_incomplete(void **state)
{
    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_find(b, 4, TB_EV_SEPARATOR, 0)->banks = LOG_BANK(TB_BANK_SHA256);
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    assert_int_equal(r.incomplete[TB_BANK_SHA1], 1u << 4);
    assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA1, 4), TB_PCR_INCOMPLETE);
    assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA256, 4), TB_PCR_MATCH);
    assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA1, 5), TB_PCR_MATCH);
}

static void t33_l17_pcrs_of_a_dynamic_launch_hold_ones_and_restart_at_zero(void **state)
{
    struct tb_pcrs q;
    uint8_t zero_then_digest[64] = { 0 };

    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    q = b->pcrs;
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 17), TB_PCR_MATCH);
    memset(q.value[TB_BANK_SHA256][17], 0, 32);
    memset(q.value[TB_BANK_SHA256][23], 0xff, 32);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 17), TB_PCR_NOT_IN_LOG);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 23), TB_PCR_NOT_IN_LOG);

    memcpy(zero_then_digest + 32, log_separator(b, 17)->digest[TB_BANK_SHA256], 32);
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    assert_true(
        tb_hash(h, TB_BANK_SHA256, tb_slice(zero_then_digest, 64), q.value[TB_BANK_SHA256][17]));
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 17), TB_PCR_MATCH);
    memset(q.value[TB_BANK_SHA256][17], 0xff, 32);
    assert_int_equal(state_of(&q, TB_BANK_SHA256, 17), TB_PCR_UNEXTENDED);
}

static void t34_l14_startup_locality_0_3_and_4_start_pcr_0(void **state)
{
    const uint8_t localities[] = { 0, 3, 4 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        log_good_boot(b, SHA1_SHA256);
        log_move_before(b, log_locality(b, localities[i]), &b->item[0]);
        assert_replays();
        assert_int_equal(r.startup_locality, localities[i]);
    }
    log_good_boot(b, SHA1_SHA256);
    log_move_before(b, log_locality(b, 3), &b->item[0]);
    log_remove(b, &b->item[0]); /* the event is missing, the TPM did start at 3 */
    log_finish(b);
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA256, 0), TB_PCR_MISMATCH);
}

static void t34_l15_a_late_second_foreign_or_impossible_startup_locality_is_refused(void **state)
{
    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_locality(b, 3); /* late */
    assert_refused(TB_CHECK_LOG_LOCALITY);
    for (uint8_t second = 3; second <= 4; second++) {
        log_good_boot(b, SHA1_SHA256);
        log_move_before(b, log_locality(b, second), &b->item[0]);
        log_move_before(b, log_locality(b, 3), &b->item[0]);
        assert_refused(TB_CHECK_LOG_LOCALITY);
    }
    log_begin(b, SHA1_SHA256);
    log_locality(b, 77);
    assert_refused(TB_CHECK_LOG_LOCALITY);
    for (size_t len = 16; len <= 18; len += 2) {
        log_begin(b, SHA1_SHA256);
        log_no_action(b, 0, tb_slice("StartupLocality\0\3\0", len));
        assert_refused(TB_CHECK_LOG_LOCALITY);
    }
    log_begin(b, SHA1_SHA256);
    log_locality(b, 3)->pcr = 1;
    assert_refused(TB_CHECK_LOG_LOCALITY);
}

static void t34_l16_an_h_crtm_event_first_in_pcr_0_starts_it_at_4(void **state)
{
    (void)state;
    log_begin(b, SHA1_SHA256);
    log_hcrtm(b);
    log_separator(b, 0);
    assert_replays();
    assert_int_equal(r.startup_locality, 4);
    log_begin(b, SHA1_SHA256);
    log_locality(b, 4);
    log_hcrtm(b);
    assert_replays();
}

static void t34_l16_an_h_crtm_event_elsewhere_or_of_other_data_is_refused(void **state)
{
    (void)state;
    log_begin(b, SHA1_SHA256);
    log_hcrtm(b)->pcr = 1;
    assert_refused(TB_CHECK_LOG_LOCALITY);
    log_begin(b, SHA1_SHA256);
    log_separator(b, 0);
    log_hcrtm(b);
    assert_refused(TB_CHECK_LOG_LOCALITY);
    log_begin(b, SHA1_SHA256);
    log_set_data(b, log_hcrtm(b), log_text("HCRTX"));
    assert_refused(TB_CHECK_LOG_LOCALITY);
    log_begin(b, SHA1_SHA256);
    log_locality(b, 3);
    log_hcrtm(b);
    assert_refused(TB_CHECK_LOG_LOCALITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_logs_of_every_set_of_banks_replay_to_the_pcrs),
        cmocka_unit_test(only_the_banks_asked_for_are_replayed),
        cmocka_unit_test(
            l05_t35_an_event_removed_added_swapped_or_flipped_mismatches_in_its_pcr_only),
        cmocka_unit_test(t29_l02_t32_values_without_events_and_events_without_values_are_told),
        cmocka_unit_test(l10_a_bank_that_the_system_capped_is_told_from_a_mismatch),
        cmocka_unit_test(l08_a_bank_that_the_log_lacks_is_incomplete_never_a_match),
        cmocka_unit_test(l26_an_event_without_a_bank_s_digest_makes_that_pcr_incomplete),
        cmocka_unit_test(t33_l17_pcrs_of_a_dynamic_launch_hold_ones_and_restart_at_zero),
        cmocka_unit_test(t34_l14_startup_locality_0_3_and_4_start_pcr_0),
        cmocka_unit_test(t34_l15_a_late_second_foreign_or_impossible_startup_locality_is_refused),
        cmocka_unit_test(t34_l16_an_h_crtm_event_first_in_pcr_0_starts_it_at_4),
        cmocka_unit_test(t34_l16_an_h_crtm_event_elsewhere_or_of_other_data_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
