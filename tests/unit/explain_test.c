/* What is said of a PCR that the log does not lead to: each row is one change to a good log, and
 * the explanation must name that change and no other. */
#include "tests/unit/explain_world.h"

#include "core/appraise.h"

#include <string.h>

/* The same in both banks, about these events of the log. */
static const struct tb_explanation *assert_event(enum tb_explanation_kind kind, uint32_t pcr,
                                                 uint32_t event, uint32_t second)
{
    const struct tb_explanation *e = assert_one(kind, pcr);

    assert_int_equal(e->banks, SHA1_SHA256);
    assert_int_equal(e->event, event);
    assert_int_equal(e->second, second);
    return e;
}

static void assert_values(const struct tb_explanation *e, size_t n, const uint8_t *values)
{
    assert_int_equal(e->n_values, n);
    assert_memory_equal(e->value, values, n);
}

/* The index in the log of an item: the Spec ID record is event 0. */
static uint32_t index_of(const struct log_item *item)
{
    return (uint32_t)(item - b->item) + 1;
}

static struct log_item *variable(const char *name)
{
    return log_find_variable(b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, name);
}

static void a_log_that_leads_to_all_values_needs_no_explanation(void **state)
{
    struct tb_pcrs q = good_boot();

    (void)state;
    explain(&q);
    assert_int_equal(x.n, 0);
    assert_false(x.cut);
}

/* --- Start values --- */

static void l14_l15_l16_a_start_value_other_than_the_logs_is_found(void **state)
{
    static const struct {
        uint8_t logged, real; /* 0xff: not logged */
        enum tb_explanation_kind kind;
    } rows[] = {
        { 0xff, 3, TB_EXPLAIN_LOCALITY_MISSING }, { 0xff, 4, TB_EXPLAIN_LOCALITY_MISSING },
        { 3, 0, TB_EXPLAIN_LOCALITY_OTHER },      { 3, 4, TB_EXPLAIN_LOCALITY_OTHER },
        { 0, 3, TB_EXPLAIN_LOCALITY_OTHER },      { 4, 3, TB_EXPLAIN_LOCALITY_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tb_pcrs q;

        log_good_boot(b, SHA1_SHA256);
        b->locality = rows[i].real;
        log_finish(b);
        q = b->pcrs;
        if (rows[i].logged != 0xff)
            log_move_before(b, log_locality(b, rows[i].logged), &b->item[0]);
        log_finish(b);
        explain(&q);
        assert_int_equal(assert_event(rows[i].kind, 0, TB_NO_EVENT, TB_NO_EVENT)->other,
                         rows[i].real);
    }
}

static void l16_an_hcrtm_event_whose_type_was_hidden_is_a_start_from_locality_4(void **state)
{
    struct tb_pcrs q;
    struct log_item *hcrtm;

    (void)state;
    log_good_boot(b, SHA1_SHA256);
    hcrtm = log_hcrtm(b);
    log_move_before(b, hcrtm, &b->item[0]);
    log_finish(b);
    q = b->pcrs;
    b->item[0].type = TB_EV_S_CRTM_CONTENTS;
    log_finish(b);
    explain(&q);
    assert_int_equal(assert_event(TB_EXPLAIN_LOCALITY_MISSING, 0, TB_NO_EVENT, TB_NO_EVENT)->other,
                     4);
}

/* --- What came after the log --- */

static void l60_each_known_ending_behind_the_log_is_named_and_no_event_is_invented(void **state)
{
    static const char *const texts[] = { "Exit Boot Services Invocation",
                                         "Exit Boot Services Returned with Success",
                                         "Exit Boot Services Returned with Failure" };
    enum { I = TB_VALUE_EXIT_INVOCATION };
    static const struct {
        size_t n;
        uint8_t value[4];
    } rows[] = {
        { 1, { I } },     { 2, { I, I + 1 } }, { 2, { I, I + 2 } }, { 4, { I, I + 2, I, I + 1 } },
        { 1, { I + 1 } }, { 1, { I + 2 } },
    };
    static struct tb_boot_result boot;
    static struct tb_policy policy;
    static const struct tb_firmware_reference none;

    (void)state;
    tb_policy_builtin(&policy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n;
        struct tb_pcrs q;

        log_good_boot(b, SHA1_SHA256);
        n = b->n -= 2; /* without its own ExitBootServices */
        for (size_t v = 0; v < rows[i].n; v++)
            log_action(b, 5, texts[rows[i].value[v] - I]);
        log_finish(b);
        q = b->pcrs;
        b->n = n;
        log_finish(b);
        explain(&q);
        assert_values(assert_event(TB_EXPLAIN_EXIT_BOOT_SERVICES, 5, TB_NO_EVENT, TB_NO_EVENT),
                      rows[i].n, rows[i].value);
        tb_appraise_boot(
            &(struct tb_boot_input){
                .log = log_slice(b), .quoted = &q, .policy = &policy, .firmware = &none },
            h, &boot);
        assert_int_equal(boot.findings.outcome[TB_CHECK_LOG_REPLAY], TB_FAIL);
        assert_int_equal(boot.explanations.n, 1);
        assert_false(boot.facts.exit_boot_services);
    }
}

static void l10_a_bank_that_the_system_capped_needs_no_explanation(void **state)
{
    static const uint8_t zeros[TB_DIGEST_MAX];
    struct tb_pcrs q = good_boot();

    (void)state;
    for (uint32_t pcr = 0; pcr < 14; pcr++)
        extend(&q, TB_BANK_SHA1, pcr, tb_slice(zeros, 20), true);
    explain(&q);
    assert_int_equal(x.n, 0);
}

static void l10_what_closed_a_pcr_is_named_by_its_value_and_how_often(void **state)
{
    static const uint8_t ones[TB_DIGEST_MAX] = { [0 ... TB_DIGEST_MAX - 1] = 0xff };
    static const uint8_t zeros[TB_DIGEST_MAX];
    static const struct {
        struct tb_reader first, second; /* 64 bytes: a digest */
        size_t n;
        uint8_t value[2];
    } rows[] = {
        { { ones, 64 }, { NULL, 0 }, 1, { TB_VALUE_ONES } },
        { { zeros, 64 }, { zeros, 64 }, 2, { TB_VALUE_ZEROS, TB_VALUE_ZEROS } },
        { { zeros, 4 }, { NULL, 0 }, 1, { TB_VALUE_SEPARATOR } },
        { { ones, 4 }, { NULL, 0 }, 1, { TB_VALUE_SEPARATOR_ONES } },
        { { (const uint8_t *)"\1\0\0", 4 }, { NULL, 0 }, 1, { TB_VALUE_SEPARATOR_ERROR } },
        { { zeros, 4 }, { zeros, 64 }, 2, { TB_VALUE_SEPARATOR, TB_VALUE_ZEROS } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (uint32_t pcr = 2; pcr < 16; pcr += 5) {
            const struct tb_reader two[2] = { rows[i].first, rows[i].second };
            struct tb_pcrs q = good_boot();

            for (int e = 0; e < 2 && two[e].left != 0; e++)
                extend(&q, TB_BANK_SHA256, pcr,
                       tb_slice(two[e].p, two[e].left == 64 ? 32 : two[e].left), two[e].left == 64);
            explain(&q);
            assert_values(assert_one(TB_EXPLAIN_EXTENDED_LATER, pcr), rows[i].n, rows[i].value);
            assert_int_equal(x.list[0].banks, LOG_BANK(TB_BANK_SHA256));
        }
}

static void l12_the_phases_of_a_systemd_boot_are_named_in_pcr_11(void **state)
{
    static const uint8_t values[] = { TB_VALUE_ENTER_INITRD, TB_VALUE_LEAVE_INITRD,
                                      TB_VALUE_SYSINIT, TB_VALUE_READY };
    struct tb_pcrs q;

    (void)state;
    good_boot();
    log_event(b, 11, TB_EV_IPL, log_text(".linux"), log_text(".linux"));
    log_finish(b);
    q = b->pcrs;
    for (size_t i = 0; i < sizeof values; i++)
        extend(&q, TB_BANK_SHA256, 11, log_text(tb_known_value_name(values[i])), false);
    explain(&q);
    assert_values(assert_one(TB_EXPLAIN_EXTENDED_LATER, 11), sizeof values, values);
}

static void l12_an_unknown_extend_is_claimed_for_nobody(void **state)
{
    struct tb_pcrs q = good_boot();

    (void)state;
    extend(&q, TB_BANK_SHA1, 11, log_text("something"), false);
    extend(&q, TB_BANK_SHA256, 11, log_text("something"), false);
    extend(&q, TB_BANK_SHA1, 15, log_text("a machine's id"), false);
    extend(&q, TB_BANK_SHA256, 15, log_text("a machine's id"), false);
    extend(&q, TB_BANK_SHA256, 9, log_text("something"), false);
    explain(&q);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.list[0].kind, TB_EXPLAIN_NONE);
    assert_int_equal(x.list[0].pcrs, 1u << 9);
    assert_int_equal(x.list[0].banks, LOG_BANK(TB_BANK_SHA256));
    assert_int_equal(x.list[1].kind, TB_EXPLAIN_RUNNING_SYSTEM);
    assert_int_equal(x.list[1].pcrs, 1u << 11 | 1u << 15);
    assert_int_equal(x.list[1].banks, SHA1_SHA256);
}

/* --- One change to the log --- */

static void l05_an_event_that_was_removed_cannot_be_named_unless_it_is_a_known_one(void **state)
{
    struct tb_pcrs q = good_boot();
    uint32_t next;

    (void)state;
    log_remove(b, log_find(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0));
    log_finish(b);
    explain(&q);
    assert_event(TB_EXPLAIN_NONE, 7, TB_NO_EVENT, TB_NO_EVENT);
    good_boot();
    log_remove(b, log_find(b, 7, TB_EV_SEPARATOR, 0));
    log_finish(b);
    next = index_of(log_find(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0));
    explain(&q);
    assert_values(assert_event(TB_EXPLAIN_KNOWN_MISSING, 7, next, TB_NO_EVENT), 1,
                  &(uint8_t){ TB_VALUE_SEPARATOR });
}

static void l05_an_event_that_was_added_is_named_wherever_it_stands(void **state)
{
    struct tb_pcrs q = good_boot();
    struct log_item *added;

    (void)state;
    for (int place = 0; place < 3; place++) {
        uint32_t index;

        good_boot();
        added = log_action(b, 7, "an attacker's");
        if (place < 2)
            log_move_before(b, added, place == 0 ? variable("SecureBoot") : variable("db"));
        for (index = 1; b->item[index - 1].type != TB_EV_EFI_ACTION || b->item[index - 1].pcr != 7;)
            index++;
        log_finish(b);
        explain(&q);
        assert_event(place == 2 ? TB_EXPLAIN_LOG_GOES_ON : TB_EXPLAIN_SURPLUS, 7, index,
                     TB_NO_EVENT);
    }
}

static void l05_a_run_of_added_events_is_named_whole(void **state)
{
    struct tb_pcrs q = good_boot();
    uint32_t first;

    (void)state;
    for (int i = 0; i < 3; i++)
        log_move_before(b, log_action(b, 7, i == 1 ? "one" : "another"), variable("KEK"));
    log_finish(b);
    first = index_of(variable("KEK")) - 3;
    explain(&q);
    assert_int_equal(assert_event(TB_EXPLAIN_SURPLUS, 7, first, first + 2)->count, 3);
}

static void l05_events_that_were_swapped_are_named_both(void **state)
{
    static const char *const pairs[][2] = { { "PK", "KEK" }, { "SecureBoot", "dbx" } };
    struct tb_pcrs q = good_boot();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct log_item *one, *two, keep;

        good_boot();
        one = variable(pairs[i][0]);
        two = variable(pairs[i][1]);
        keep = *one;
        *one = *two;
        *two = keep;
        log_finish(b);
        explain(&q);
        assert_event(TB_EXPLAIN_SWAPPED, 7, index_of(one), index_of(two));
    }
}

static void l05_a_flipped_bit_is_named_where_the_data_tell_the_digest(void **state)
{
    struct tb_pcrs q = good_boot();
    struct log_item *item = variable("SecureBoot");

    (void)state;
    item->digest[TB_BANK_SHA256][31] ^= 1;
    log_finish(b);
    explain(&q);
    assert_int_equal(assert_one(TB_EXPLAIN_DIGEST_EDITED, 7)->event, index_of(item));
    assert_int_equal(x.list[0].banks, LOG_BANK(TB_BANK_SHA256));
    good_boot(); /* an image's digest is over the image, which no log has */
    log_find(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0)->digest[TB_BANK_SHA256][31] ^= 1;
    log_finish(b);
    explain(&q);
    assert_int_equal(assert_one(TB_EXPLAIN_NONE, 4)->event, TB_NO_EVENT);
}

static void l05_an_event_that_was_given_to_another_pcr_is_named_in_both(void **state)
{
    struct tb_pcrs q = good_boot();
    struct log_item *item = log_find(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);

    (void)state;
    item->pcr = 9;
    log_finish(b);
    explain(&q);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.list[0].kind, TB_EXPLAIN_MOVED);
    assert_int_equal(x.list[0].pcrs, 1u << 4);
    assert_int_equal(x.list[0].event, index_of(item));
    assert_int_equal(x.list[0].other, 9);
    assert_int_equal(x.list[1].kind, TB_EXPLAIN_SURPLUS);
    assert_int_equal(x.list[1].pcrs, 1u << 9);
    assert_int_equal(x.list[1].event, index_of(item));
}

static void an_event_of_a_pcr_that_matches_is_not_looked_for_in_another(void **state)
{
    struct tb_pcrs q = good_boot();
    const struct log_item *item = log_find(b, 5, TB_EV_EFI_ACTION, 1); /* logged behind PCR 9's */

    (void)state;
    extend(&q, TB_BANK_SHA256, 9, tb_slice(item->digest[TB_BANK_SHA256], 32), true);
    explain(&q);
    assert_one(TB_EXPLAIN_NONE, 9);
}

static void an_event_that_was_retyped_to_no_action_is_found_again(void **state)
{
    struct tb_pcrs q = good_boot();
    struct log_item *item;

    (void)state;
    for (int zeroed = 0; zeroed < 2; zeroed++) {
        good_boot();
        item = variable("SecureBoot");
        item->type = TB_EV_NO_ACTION;
        if (zeroed)
            memset(item->digest, 0, sizeof item->digest);
        log_finish(b);
        explain(&q);
        assert_event(TB_EXPLAIN_NOT_MEASURED, 7, index_of(item), TB_NO_EVENT);
    }
}

static void an_event_that_was_measured_twice_and_logged_once_is_named(void **state)
{
    struct tb_pcrs q;
    struct log_item *item;

    (void)state;
    good_boot();
    log_move_after(b, log_event_data(b, 8, TB_EV_IPL, log_text("a command")),
                   log_find(b, 8, TB_EV_IPL, 0));
    log_event_data(b, 8, TB_EV_IPL, log_text("a command"));
    log_event_data(b, 8, TB_EV_IPL, log_text("the end"));
    log_finish(b);
    q = b->pcrs;
    item = log_find(b, 8, TB_EV_IPL, 1);
    log_remove(b, log_find(b, 8, TB_EV_IPL, 2));
    log_finish(b);
    explain(&q);
    assert_event(TB_EXPLAIN_MEASURED_AGAIN, 8, index_of(item), TB_NO_EVENT);
}

static void a_quote_from_before_the_last_events_is_told_with_how_many(void **state)
{
    struct tb_pcrs q = good_boot();
    uint32_t n = (uint32_t)b->n;

    (void)state;
    for (int i = 0; i < 3; i++)
        log_event_data(b, 9, TB_EV_IPL, log_text(i == 1 ? "a file" : "another file"));
    log_finish(b);
    explain(&q);
    assert_int_equal(assert_event(TB_EXPLAIN_LOG_GOES_ON, 9, n + 1, n + 3)->count, 3);
}

static void what_is_measured_into_one_pcr_only_is_looked_for_in_no_other(void **state)
{
    static const uint8_t zeros[32];
    struct tb_pcrs q = good_boot();
    struct log_item *item;

    (void)state;
    extend(&q, TB_BANK_SHA256, 9, log_text("ready"), false); /* PCR 11's */
    explain(&q);
    assert_one(TB_EXPLAIN_NONE, 9);
    q = good_boot();
    extend(&q, TB_BANK_SHA256, 9, tb_slice(zeros, 32), true);
    extend(&q, TB_BANK_SHA256, 9, log_text("ready"), false);
    explain(&q);
    assert_one(TB_EXPLAIN_NONE, 9);
    q = good_boot();
    extend(&q, TB_BANK_SHA256, 9, log_text("of PCR 1"), false);
    item = log_no_action(b, 1, log_text("of PCR 1"));
    log_rehash(b, item, log_text("of PCR 1"));
    log_finish(b);
    explain(&q);
    assert_one(TB_EXPLAIN_NONE, 9);
}

static void a_digest_without_the_texts_nul_is_known_too(void **state)
{
    struct tb_pcrs q;

    (void)state;
    good_boot();
    log_event(b, 8, TB_EV_IPL, log_text("grub_cmd: set"), tb_slice("grub_cmd: set", 14));
    log_finish(b);
    q = b->pcrs;
    b->item[b->n - 1].digest[TB_BANK_SHA256][4] ^= 0x10;
    log_finish(b);
    explain(&q);
    assert_int_equal(assert_one(TB_EXPLAIN_DIGEST_EDITED, 8)->event, b->n);
}

static void banks_with_changes_of_their_own_are_explained_each(void **state)
{
    static const uint8_t ones[TB_DIGEST_MAX] = { [0 ... TB_DIGEST_MAX - 1] = 0xff };
    struct tb_pcrs q = good_boot();

    (void)state;
    variable("PK")->digest[TB_BANK_SHA1][0] ^= 1;
    variable("db")->digest[TB_BANK_SHA256][0] ^= 1;
    log_finish(b);
    explain(&q);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.list[0].event, index_of(variable("PK")));
    assert_int_equal(x.list[0].banks, LOG_BANK(TB_BANK_SHA1));
    assert_int_equal(x.list[1].event, index_of(variable("db")));
    assert_int_equal(x.list[1].banks, LOG_BANK(TB_BANK_SHA256));
    q = good_boot();
    extend(&q, TB_BANK_SHA1, 7, tb_slice(ones, 20), true);
    extend(&q, TB_BANK_SHA256, 7, tb_slice(ones, 4), false);
    explain(&q);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.list[0].value[0], TB_VALUE_ONES);
    assert_int_equal(x.list[1].value[0], TB_VALUE_SEPARATOR_ONES);
}

/* --- Values at the wrong place --- */

static void values_of_two_pcrs_that_were_exchanged_are_told(void **state)
{
    struct tb_pcrs good = good_boot(), q = good;

    (void)state;
    memcpy(q.value[TB_BANK_SHA256][0], good.value[TB_BANK_SHA256][7], 32);
    memcpy(q.value[TB_BANK_SHA256][7], good.value[TB_BANK_SHA256][0], 32);
    explain(&q);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.list[0].kind, TB_EXPLAIN_OTHER_PCR);
    assert_int_equal(x.list[0].other, 7);
    assert_int_equal(x.list[1].kind, TB_EXPLAIN_OTHER_PCR);
    assert_int_equal(x.list[1].other, 0);
}

static void a_value_of_another_bank_is_told(void **state)
{
    struct tb_pcrs good = good_boot(), q = good;

    (void)state;
    memcpy(q.value[TB_BANK_SHA1][7], good.value[TB_BANK_SHA256][7], 20); /* cut */
    memset(q.value[TB_BANK_SHA256][7], 0, 32);
    memcpy(q.value[TB_BANK_SHA256][7], good.value[TB_BANK_SHA1][7], 20); /* filled */
    explain(&q);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.list[0].kind, TB_EXPLAIN_OTHER_BANK);
    assert_int_equal(x.list[0].other, TB_BANK_SHA256);
    assert_int_equal(x.list[1].kind, TB_EXPLAIN_OTHER_BANK);
    assert_int_equal(x.list[1].other, TB_BANK_SHA1);
}

static void sha1_digests_that_were_padded_into_sha256_are_told(void **state)
{
    struct tb_pcrs q = good_boot();

    (void)state;
    memset(q.value[TB_BANK_SHA256][7], 0, 32);
    for (size_t i = 0; i < b->n; i++) {
        uint8_t padded[TB_DIGEST_MAX] = { 0 };

        memcpy(padded, b->item[i].digest[TB_BANK_SHA1], 20);
        if (b->item[i].pcr == 7)
            extend(&q, TB_BANK_SHA256, 7, tb_slice(padded, 32), true);
    }
    explain(&q);
    assert_int_equal(assert_one(TB_EXPLAIN_PADDED_DIGESTS, 7)->other, TB_BANK_SHA1);
}

/* --- Banks --- */

static void l26_events_without_a_banks_digest_are_told_and_whether_the_others_fit(void **state)
{
    struct tb_pcrs q;

    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_find(b, 5, TB_EV_EFI_ACTION, 0)->banks = LOG_BANK(TB_BANK_SHA256);
    log_find(b, 7, TB_EV_SEPARATOR, 0)->banks = LOG_BANK(TB_BANK_SHA256);
    log_finish(b);
    q = b->pcrs;
    q.value[TB_BANK_SHA1][7][0] ^= 1;
    explain(&q);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.list[0].kind, TB_EXPLAIN_BANK_PARTLY);
    assert_int_equal(x.list[0].pcrs, 1u << 5);
    assert_int_equal(x.list[1].kind, TB_EXPLAIN_BANK_INCOMPLETE);
    assert_int_equal(x.list[1].pcrs, 1u << 7);
    assert_int_equal(x.list[1].banks, LOG_BANK(TB_BANK_SHA1));
}

static void l08_a_bank_that_the_log_does_not_have_is_told_once_for_all_pcrs(void **state)
{
    struct tb_pcrs q = good_boot();

    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA1));
    log_finish(b);
    q.mask[TB_BANK_SHA1] = 0;
    q.mask[TB_BANK_SHA256] = 0xff;
    explain(&q);
    assert_int_equal(x.n, 1);
    assert_int_equal(x.list[0].kind, TB_EXPLAIN_BANK_NOT_IN_LOG);
    assert_int_equal(x.list[0].pcrs, 0xff);
}

static void a_bank_that_nobody_extended_is_told_once_for_all_pcrs(void **state)
{
    struct tb_pcrs q = good_boot();

    (void)state;
    for (uint32_t pcr = 0; pcr < 16; pcr++)
        memset(q.value[TB_BANK_SHA1][pcr], 0, 20);
    explain(&q);
    assert_int_equal(x.n, 1);
    assert_int_equal(x.list[0].kind, TB_EXPLAIN_NEVER_EXTENDED);
    assert_int_equal(x.list[0].pcrs, 0x3ff);
    assert_int_equal(x.list[0].banks, LOG_BANK(TB_BANK_SHA1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_that_leads_to_all_values_needs_no_explanation),
        TEST(l14_l15_l16_a_start_value_other_than_the_logs_is_found),
        TEST(l16_an_hcrtm_event_whose_type_was_hidden_is_a_start_from_locality_4),
        TEST(l60_each_known_ending_behind_the_log_is_named_and_no_event_is_invented),
        TEST(l10_a_bank_that_the_system_capped_needs_no_explanation),
        TEST(l10_what_closed_a_pcr_is_named_by_its_value_and_how_often),
        TEST(l12_the_phases_of_a_systemd_boot_are_named_in_pcr_11),
        TEST(l12_an_unknown_extend_is_claimed_for_nobody),
        TEST(l05_an_event_that_was_removed_cannot_be_named_unless_it_is_a_known_one),
        TEST(l05_an_event_that_was_added_is_named_wherever_it_stands),
        TEST(l05_a_run_of_added_events_is_named_whole),
        TEST(l05_events_that_were_swapped_are_named_both),
        TEST(l05_a_flipped_bit_is_named_where_the_data_tell_the_digest),
        TEST(l05_an_event_that_was_given_to_another_pcr_is_named_in_both),
        TEST(an_event_of_a_pcr_that_matches_is_not_looked_for_in_another),
        TEST(an_event_that_was_retyped_to_no_action_is_found_again),
        TEST(an_event_that_was_measured_twice_and_logged_once_is_named),
        TEST(a_quote_from_before_the_last_events_is_told_with_how_many),
        TEST(what_is_measured_into_one_pcr_only_is_looked_for_in_no_other),
        TEST(a_digest_without_the_texts_nul_is_known_too),
        TEST(banks_with_changes_of_their_own_are_explained_each),
        TEST(values_of_two_pcrs_that_were_exchanged_are_told),
        TEST(a_value_of_another_bank_is_told),
        TEST(sha1_digests_that_were_padded_into_sha256_are_told),
        TEST(l26_events_without_a_banks_digest_are_told_and_whether_the_others_fit),
        TEST(l08_a_bank_that_the_log_does_not_have_is_told_once_for_all_pcrs),
        TEST(a_bank_that_nobody_extended_is_told_once_for_all_pcrs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
