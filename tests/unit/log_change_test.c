/* A change between two boots in words: what came, what went, and what of it is proved. */
#include "wire/log_change.h"
#include "wire/log_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/unit/log_builder.h"
#include "tests/unit/test_support.h"

#define SHA256 LOG_BANK(TB_BANK_SHA256)
#define QUOTED_PCRS 0xfbffu

struct two {
    struct log_builder *a, *b;
    struct tb_pcrs quoted[2];
    bool no_quote;
    struct tb_hasher *h;
    json_t *diff;
};

static int setup(void **state)
{
    struct two *t = calloc(1, sizeof *t);

    t->a = log_new();
    t->b = log_new();
    t->h = tb_hasher_new();
    log_good_boot(t->a, SHA256);
    log_good_boot(t->b, SHA256);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct two *t = *state;

    json_decref(t->diff);
    tb_hasher_free(t->h);
    log_free(t->a);
    log_free(t->b);
    free(t);
    return 0;
}

/* Both logs as a host would send them, with the values that its TPM signed. */
static void compare(struct two *t, bool brief)
{
    struct tb_log_diff in = { .brief = brief };
    struct log_builder *side[2] = { t->a, t->b };
    struct tb_reason why;
    bool in_after;

    for (int s = 0; s < 2; s++) {
        log_finish(side[s]);
        in.log[s] = log_slice(side[s]);
        t->quoted[s] = side[s]->pcrs;
        for (int b = 0; b < TB_N_BANKS; b++)
            t->quoted[s].mask[b] &= QUOTED_PCRS;
        in.quoted[s] = t->no_quote ? NULL : &t->quoted[s];
    }
    t->diff = tb_log_diff_json(&in, t->h, &in_after, &why);
    assert_non_null(t->diff);
}

/* Change n of a PCR. */
static const json_t *change_of(const struct two *t, int number, size_t n)
{
    const json_t *pcr;
    size_t i;

    json_array_foreach(json_object_get(t->diff, "pcrs"), i, pcr)
    {
        if (json_integer_value(json_object_get(pcr, "pcr")) == number)
            return json_array_get(json_object_get(pcr, "changes"), n);
    }
    fail_msg("no PCR %d", number);
    return NULL;
}

static const char *text_of(const json_t *change)
{
    return json_string_value(json_object_get(change, "text"));
}

static bool flag(const json_t *change, const char *name)
{
    return json_is_true(json_object_get(change, name));
}

/* A detail that begins so; NULL: there is none. */
static const json_t *detail(const json_t *change, const char *begins)
{
    const json_t *d;
    size_t i;

    json_array_foreach(json_object_get(change, "details"), i, d)
    {
        if (strncmp(text_of(d), begins, strlen(begins)) == 0)
            return d;
    }
    return NULL;
}

static size_t n_details(const json_t *change)
{
    return json_array_size(json_object_get(change, "details"));
}

/* The variable of the log gets this data, and digests that cover it. */
static void set_variable(struct log_builder *b, const char *name, const uint8_t guid[16],
                         struct tb_reader data)
{
    struct log_item *item = log_find_variable(b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, name);
    struct tb_reader variable = log_uefi_variable(b, guid, name, data);

    log_set_data(b, item, variable);
    log_rehash(b, item, variable);
}

/* Hash lists of one entry each, one after the other: the numbers from first to last. */
static struct tb_reader hash_lists(struct log_builder *b, unsigned first, unsigned last)
{
    static uint8_t all[64 * 1024];
    size_t len = 0;

    for (unsigned i = first; i <= last; i++) {
        uint8_t hash[32] = { (uint8_t)i, (uint8_t)(i >> 8), 1 };
        struct tb_reader list =
            log_signature_list(b, log_guid_cert_sha256, tb_slice(hash, sizeof hash));

        assert_true(len + list.left <= sizeof all);
        memcpy(all + len, list.p, list.left);
        len += list.left;
    }
    return tb_slice(all, len);
}

static void a_list_of_keys_tells_which_entries_came_and_which_went(void **state)
{
    struct two *t = *state;
    const json_t *change;

    set_variable(t->a, "dbx", log_guid_image_db, hash_lists(t->a, 1, 5));
    set_variable(t->b, "dbx", log_guid_image_db, hash_lists(t->b, 2, 8));
    compare(t, true);
    change = change_of(t, 7, 0);
    assert_string_equal(
        text_of(change),
        "Secure Boot key list dbx changed: 3 new and 1 gone of its entries (5 before, 7 now)");
    assert_true(flag(change, "verified"));
    assert_true(flag(change, "vouched"));
    assert_int_equal(n_details(change), 4);
    assert_non_null(detail(change, "gone: hash 010001"));
    assert_non_null(detail(change, "new: hash 060001"));
    assert_non_null(detail(change, "new: hash 080001"));
    assert_true(flag(detail(change, "gone: hash"), "verified"));
}

static void a_certificate_that_came_is_named(void **state)
{
    struct two *t = *state;
    const json_t *change;

    set_variable(t->b, "db", log_guid_image_db,
                 log_signature_list(t->b, log_guid_cert_x509, log_cert_pk));
    compare(t, true);
    change = change_of(t, 7, 0);
    assert_non_null(strstr(text_of(change), "key list db changed: 1 new and 1 gone"));
    assert_non_null(detail(change, "new: certificate CN=Trueboot test platform key"));
    assert_non_null(detail(change, "gone: certificate CN=Trueboot test loader CA"));
}

static void the_same_entries_in_another_order_are_told_as_such(void **state)
{
    struct two *t = *state;
    static uint8_t turned[4096];
    struct tb_reader one, two;

    set_variable(t->a, "dbx", log_guid_image_db, hash_lists(t->a, 1, 2));
    one = hash_lists(t->b, 2, 2);
    memcpy(turned, one.p, one.left);
    two = hash_lists(t->b, 1, 1);
    memcpy(turned + one.left, two.p, two.left);
    set_variable(t->b, "dbx", log_guid_image_db, tb_slice(turned, one.left + two.left));
    compare(t, true);
    assert_string_equal(text_of(change_of(t, 7, 0)),
                        "Secure Boot key list dbx changed: the same entries in another form");
}

static void a_list_of_keys_that_cannot_be_read_is_said_to_be_so(void **state)
{
    struct two *t = *state;

    set_variable(t->b, "dbx", log_guid_image_db, log_text("this is no signature list"));
    compare(t, true);
    assert_string_equal(text_of(change_of(t, 7, 0)),
                        "Secure Boot key list dbx changed: a list cannot be read now");
}

static void details_are_bounded_and_the_rest_is_counted(void **state)
{
    struct two *t = *state;
    const json_t *change, *last;

    set_variable(t->a, "dbx", log_guid_image_db, hash_lists(t->a, 1, 1));
    set_variable(t->b, "dbx", log_guid_image_db, hash_lists(t->b, 1, 300));
    compare(t, true);
    change = change_of(t, 7, 0);
    assert_non_null(strstr(text_of(change), "299 new and 0 gone"));
    assert_int_equal(n_details(change), TB_CHANGE_DETAILS_MAX);
    last = json_array_get(json_object_get(change, "details"), TB_CHANGE_DETAILS_MAX - 1);
    assert_string_equal(text_of(last), "and 260 more");
}

static void secure_boot_switched_off_is_told_with_both_values(void **state)
{
    struct two *t = *state;
    const json_t *change;

    set_variable(t->b, "SecureBoot", log_guid_global, tb_slice("\0", 1));
    compare(t, true);
    change = change_of(t, 7, 0);
    assert_string_equal(text_of(change), "Secure Boot setting SecureBoot changed: yes -> no");
    assert_true(flag(change, "verified"));
    assert_string_equal(text_of(json_array_get(json_object_get(t->diff, "top"), 0)),
                        text_of(change));
}

/* In the place of the good boot's. */
static void command_line(struct log_builder *b, const char *text)
{
    const char *shown = strchr(text, ' ') + 1;
    struct log_item *item = log_find(b, 8, TB_EV_IPL, 0);

    if (item != NULL)
        log_remove(b, item);
    log_event(b, 8, TB_EV_IPL, log_text(shown), log_text(text));
}

static void a_kernel_command_line_tells_the_options_that_came_and_went(void **state)
{
    struct two *t = *state;
    const json_t *change;

    command_line(t->a, "kernel_cmdline: /vmlinuz root=/dev/vda1 ro quiet");
    command_line(t->b, "kernel_cmdline: /vmlinuz root=/dev/vda1 ro init=/bin/sh");
    compare(t, true);
    change = change_of(t, 8, 0);
    assert_string_equal(
        text_of(change),
        "kernel command line changed: option init=/bin/sh added, option quiet removed");
    assert_true(flag(change, "verified"));
    assert_int_equal(n_details(change), 2);
    assert_non_null(detail(change, "option new: init=/bin/sh"));
    assert_non_null(detail(change, "option gone: quiet"));
}

static void a_command_line_that_no_digest_covers_is_not_verified(void **state)
{
    struct two *t = *state;
    const json_t *change;

    command_line(t->a, "kernel_cmdline: /vmlinuz quiet");
    log_remove(t->b, log_find(t->b, 8, TB_EV_IPL, 0));
    log_event(t->b, 8, TB_EV_IPL, log_text("/vmlinuz init=/bin/sh"),
              log_text("kernel_cmdline: /vmlinuz quiet splash"));
    compare(t, true);
    change = change_of(t, 8, 0);
    assert_non_null(strstr(text_of(change), "option splash added"));
    assert_false(flag(change, "verified"));
    assert_true(flag(change, "vouched"));
    assert_false(flag(detail(change, "option new"), "verified"));
}

/* The digest covers the text, and no digest the label: whoever measures into PCR 8 and edits the
 * log can call anything a command line. */
static void a_label_alone_makes_no_kernel_command_line_that_is_verified(void **state)
{
    struct two *t = *state;
    const json_t *change;

    log_event(t->a, 8, TB_EV_IPL, log_text("/vmlinuz quiet"),
              log_text("kernel_cmdline: /vmlinuz quiet"));
    log_event(t->b, 8, TB_EV_IPL, log_text("/vmlinuz quiet lockdown=integrity"),
              log_text("kernel_cmdline: /vmlinuz quiet lockdown=integrity"));
    compare(t, true);
    change = change_of(t, 8, 0);
    assert_non_null(strstr(text_of(change), "option lockdown=integrity added"));
    assert_true(flag(change, "vouched"));
    assert_false(flag(change, "verified"));
    assert_false(flag(detail(change, "option new"), "verified"));
}

static void another_loader_is_told_by_its_digests_and_its_path_is_not_verified(void **state)
{
    struct two *t = *state;
    struct log_item *item = log_find(t->b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);
    const json_t *change;

    log_rehash(t->b, item, log_text("another loader"));
    compare(t, true);
    change = change_of(t, 4, 0);
    assert_int_equal(strncmp(text_of(change), "program ", 8), 0);
    assert_non_null(strstr(text_of(change), "changed: digest "));
    assert_false(flag(change, "verified"));
    assert_true(flag(change, "vouched"));
}

static void a_log_that_does_not_lead_to_the_quote_proves_no_change(void **state)
{
    struct two *t = *state;
    struct tb_log_diff in = { .brief = true };
    struct tb_reason why;
    bool in_after;

    set_variable(t->b, "SecureBoot", log_guid_global, tb_slice("\0", 1));
    log_finish(t->a);
    log_finish(t->b);
    in.log[0] = log_slice(t->a);
    in.log[1] = log_slice(t->b);
    in.quoted[0] = in.quoted[1] = &t->a->pcrs; /* the TPM signed what was before */
    t->diff = tb_log_diff_json(&in, t->h, &in_after, &why);
    assert_non_null(t->diff);
    assert_false(flag(change_of(t, 7, 0), "vouched"));
    assert_false(flag(change_of(t, 7, 0), "verified"));
}

static void what_nobody_quoted_is_taken_at_the_logs_word(void **state)
{
    struct two *t = *state;

    t->no_quote = true;
    set_variable(t->b, "SecureBoot", log_guid_global, tb_slice("\0", 1));
    compare(t, false);
    assert_true(flag(change_of(t, 7, 0), "verified"));
}

static void new_and_gone_events_are_told_with_what_they_say(void **state)
{
    struct two *t = *state;
    const json_t *change;

    log_action(t->b, 2, "Some driver's step");
    compare(t, true);
    change = change_of(t, 2, 0);
    assert_string_equal(text_of(change), "step Some driver's step is new");
    assert_string_equal(json_string_value(json_object_get(change, "kind")), "new");
    assert_true(flag(change, "verified"));
    assert_true(json_is_null(json_object_get(change, "before")));
}

/* A log that is all other events must not make an answer without end. */
static void a_brief_diff_is_bounded_and_counts_what_it_leaves_out(void **state)
{
    struct two *t = *state;
    size_t told = 0, i, n;
    const json_t *pcr, *event;

    log_begin(t->a, SHA256);
    log_begin(t->b, SHA256);
    for (n = 0; n < 200; n++) {
        char a[32], b[32];

        snprintf(a, sizeof a, "before %zu", n);
        snprintf(b, sizeof b, "after %zu", n);
        log_action(t->a, (uint32_t)(n % 2 ? 0 : 1), a);
        log_event_data(t->b, (uint32_t)(n % 2 ? 0 : 1), TB_EV_IPL, log_text(b));
    }
    compare(t, true);
    json_array_foreach(json_object_get(t->diff, "pcrs"), i, pcr) told +=
        json_array_size(json_object_get(pcr, "changes"));
    assert_int_equal(told, TB_LOG_DIFF_TOLD_MAX);
    assert_int_equal(json_integer_value(json_object_get(t->diff, "changes_lost")),
                     400 - TB_LOG_DIFF_TOLD_MAX);
    assert_int_equal(json_array_size(json_object_get(t->diff, "top")), TB_LOG_DIFF_TOP_MAX);
    event = json_object_get(change_of(t, 0, 0), "before");
    assert_int_equal(json_object_size(event), 3); /* without its data */
    assert_non_null(json_object_get(event, "digest"));
}

static void secure_boot_keys_stand_before_programs_and_those_before_settings(void **state)
{
    struct two *t = *state;
    const json_t *top;

    set_variable(t->b, "dbx", log_guid_image_db, hash_lists(t->b, 1, 3));
    log_action(t->b, 1, "x");
    log_rehash(t->b, log_find(t->b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0), log_text("y"));
    compare(t, true);
    top = json_object_get(t->diff, "top");
    assert_int_equal(json_array_size(top), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(top, 0), "pcr")), 7);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(top, 1), "pcr")), 4);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(top, 2), "pcr")), 1);
}

/* Whatever a host writes: what comes out is printable, and no step is taken at its word. */
static void hostile_text_comes_out_printable(void **state)
{
    struct two *t = *state;
    const char *text;

    log_event(t->b, 8, TB_EV_IPL, log_text("x"), log_text("grub_cmd: \x1b[2J\xe2\x80\xae<script>"));
    compare(t, true);
    text = text_of(change_of(t, 8, 0));
    for (; *text != '\0'; text++)
        assert_true(*text >= ' ' && *text <= '~');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_of_keys_tells_which_entries_came_and_which_went),
        TEST(a_certificate_that_came_is_named),
        TEST(the_same_entries_in_another_order_are_told_as_such),
        TEST(a_list_of_keys_that_cannot_be_read_is_said_to_be_so),
        TEST(details_are_bounded_and_the_rest_is_counted),
        TEST(secure_boot_switched_off_is_told_with_both_values),
        TEST(a_kernel_command_line_tells_the_options_that_came_and_went),
        TEST(a_command_line_that_no_digest_covers_is_not_verified),
        TEST(a_label_alone_makes_no_kernel_command_line_that_is_verified),
        TEST(another_loader_is_told_by_its_digests_and_its_path_is_not_verified),
        TEST(a_log_that_does_not_lead_to_the_quote_proves_no_change),
        TEST(what_nobody_quoted_is_taken_at_the_logs_word),
        TEST(new_and_gone_events_are_told_with_what_they_say),
        TEST(a_brief_diff_is_bounded_and_counts_what_it_leaves_out),
        TEST(secure_boot_keys_stand_before_programs_and_those_before_settings),
        TEST(hostile_text_comes_out_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
