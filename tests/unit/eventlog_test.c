/* The structure of a log: every cut, size, count and header that is none is refused. */
#include "tests/unit/eventlog_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void t39_l18_a_log_of_measurement_registers_is_refused_as_a_cc_log(void **state)
{
    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA384));
    log_finish(b);
    b->bytes[0] = 1; /* as confidential guests write it */
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_HEADER);
    assert_non_null(strstr(why.observed, "CC log"));
    b->bytes[0] = 2;
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_HEADER);
    assert_null(strstr(why.observed, "CC log"));
}

/* Offsets in the Spec ID record: data at 32, minor 52, major 53, errata 54, uintn 55, count 56,
 * first algorithm 60 and its size 62. */
static void t39_l19_l22_a_spec_id_event_with_an_impossible_field_is_refused(void **state)
{
    static const struct {
        size_t offset;
        uint8_t value;
        bool accepted;
    } cases[] = {
        { 53, 1, false },    { 53, 3, false },  { 52, 1, true },   { 54, 0, true },
        { 54, 2, true },     { 54, 106, true }, { 55, 1, true },   { 55, 0, false },
        { 55, 3, false },    { 56, 0, false },  { 56, 17, false }, { 59, 0xff, false },
        { 60, 0x0b, false },                    /* SHA-256 twice */
        { 62, 32, false },   { 66, 20, false }, /* sizes that are not the algorithm's */
        { 60, 0x12, true },                     /* 20 bytes of SM3: skipped by the declared size */
        { 63, 1, false },    { 56, 1, false },  { 56, 3, false },  { 68, 1, false },
        { 28, 36, false },   { 28, 38, false }, /* the record's own size */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        log_begin(b, SHA1_SHA256);
        log_finish(b);
        b->bytes[cases[i].offset] = cases[i].value;
        if (cases[i].accepted) {
            assert_true(replay_bytes(log_slice(b), ALL_BANKS));
        } else {
            assert_false(replay_bytes(log_slice(b), ALL_BANKS));
            assert_true(why.check == TB_CHECK_LOG_HEADER || why.check == TB_CHECK_LOG_FORMAT);
        }
    }
}

/* A Spec ID record of these many algorithms, unknown ones of one byte, then `more` bytes, and one
 * event with a digest of each. */
static struct tb_reader spec_id_of(uint32_t n_algs, uint8_t more)
{
    uint8_t *p = b->bytes;
    size_t n = 60;

    log_begin(b, SHA1_SHA256);
    log_finish(b);
    p[28] = (uint8_t)(29 + 4 * n_algs + more);
    p[56] = (uint8_t)n_algs;
    for (uint32_t i = 0; i < n_algs; i++, n += 4)
        memcpy(p + n, (uint8_t[]){ (uint8_t)(0x40 + i), 0, 1, 0 }, 4);
    memset(p + n, 0, 1u + more);
    n += 1u + more;
    memset(p + n, 0, 12);
    p[n + 4] = TB_EV_NO_ACTION;
    p[n + 8] = (uint8_t)n_algs;
    for (uint32_t i = 0; i < n_algs; i++)
        memcpy(p + n + 12 + 3 * i, (uint8_t[]){ (uint8_t)(0x40 + i), 0, 1 }, 3);
    n += 12 + 3 * n_algs;
    memcpy(p + n, "\1\0\0\0x", 5);
    return tb_slice(p, n + 5);
}

static void t39_l19_a_spec_id_event_names_1_to_16_algorithms_once_and_ends(void **state)
{
    (void)state;
    assert_true(replay_bytes(spec_id_of(1, 0), ALL_BANKS));
    assert_true(replay_bytes(spec_id_of(16, 0), ALL_BANKS));
    assert_refused_bytes(spec_id_of(0, 0), TB_CHECK_LOG_HEADER);
    assert_string_equal(why.expected, "1 to 16");
    assert_refused_bytes(spec_id_of(17, 0), TB_CHECK_LOG_HEADER);
    assert_string_equal(why.expected, "1 to 16");
    assert_refused_bytes(spec_id_of(2, 3), TB_CHECK_LOG_HEADER);
    assert_string_equal(why.expected, "its end");
    log_begin(b, SHA1_SHA256);
    log_finish(b);
    b->bytes[60] = 0x0b;
    b->bytes[62] = 32;
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_HEADER);
    assert_string_equal(why.expected, "each algorithm once");
}

static void t39_l19_an_unknown_algorithm_of_no_or_too_many_bytes_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        log_begin(b, SHA1_SHA256);
        log_finish(b);
        b->bytes[60] = 0x99;
        b->bytes[62] = i == 0 ? 0 : 65;
        assert_refused_bytes(log_slice(b), TB_CHECK_LOG_HEADER);
        assert_string_equal(why.expected, "1 to 64 bytes");
    }
}

static void t39_l20_digests_of_an_unknown_algorithm_are_skipped_by_their_declared_size(void **state)
{
    struct log_item *item;

    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_finish(b);
    b->bytes[60] = 0x12; /* the Spec ID event's, and each event's first algorithm: SM3 */
    for (size_t i = 0; i < b->n; i++) {
        item = &b->item[i];
        b->bytes[item->offset + 12] = 0x12;
    }
    assert_true(replay_bytes(log_slice(b), ALL_BANKS));
    assert_int_equal(r.banks, LOG_BANK(TB_BANK_SHA256));
    assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA256, 7), TB_PCR_MATCH);
}

static void l21_vendor_information_is_taken_by_its_size_or_refused(void **state)
{
    struct tb_reader in;
    struct tb_log log;
    uint8_t *p;

    (void)state;
    for (uint8_t n = 4; n <= 7; n += 3) {
        log_begin(b, SHA1_SHA256);
        log_separator(b, 0);
        log_finish(b);
        p = b->bytes;
        memmove(p + b->header_len + n, p + b->header_len, b->len - b->header_len);
        memset(p + b->header_len, 'v', n);
        p[b->header_len - 1] = n;
        in = tb_slice(p, b->len + n);
        assert_refused_bytes(in, TB_CHECK_LOG_HEADER); /* the event's size does not count it */
        p[28] = (uint8_t)(p[28] + n);
        assert_true(tb_log_open(in, &log, &why));
        assert_int_equal(log.vendor_info.left, n);
        assert_true(replay_bytes(in, ALL_BANKS));
    }
}

static void t39_a_second_or_late_spec_id_event_is_refused(void **state)
{
    uint8_t spec[64];

    (void)state;
    log_begin(b, SHA1_SHA256);
    log_finish(b);
    memcpy(spec, b->bytes + 32, b->header_len - 32);
    log_no_action(b, 0, tb_slice(spec, b->header_len - 32));
    assert_refused(TB_CHECK_LOG_HEADER);
    log_begin_sha1(b);
    log_separator(b, 0);
    log_no_action(b, 0, tb_slice(spec, 37));
    assert_refused(TB_CHECK_LOG_HEADER);
}

static void t39_l23_a_short_no_action_event_first_means_the_sha_1_format(void **state)
{
    (void)state;
    log_begin_sha1(b);
    log_locality(b, 3);
    log_separator(b, 0);
    assert_replays();
    assert_int_equal(r.startup_locality, 3);
    assert_int_equal(r.banks, LOG_BANK(TB_BANK_SHA1));
}

/* One record of the SHA-1 format and nothing behind it. */
static size_t lone_record(uint8_t *out, uint32_t type, const char *data)
{
    size_t len = strlen(data);

    memset(out, 0, 32);
    out[4] = (uint8_t)type;
    out[5] = (uint8_t)(type >> 8);
    out[7] = (uint8_t)(type >> 24);
    out[28] = (uint8_t)len;
    memcpy(out + 32, data, len);
    return 32 + len;
}

static void t42_data_shorter_than_what_it_is_compared_with_is_another(void **state)
{
    uint8_t bytes[64];

    (void)state;
    assert_true(
        replay_bytes(tb_slice(bytes, lone_record(bytes, TB_EV_NO_ACTION, "Spec ID Event03")), 1));
    assert_int_equal(r.banks, LOG_BANK(TB_BANK_SHA1)); /* its NUL is missing: no Spec ID event */
    for (size_t n = 1; n < 32; n++) {
        struct tb_log log;

        assert_false(tb_log_open(tb_slice(bytes + 4, n), &log, &why)); /* no whole record */
    }
    assert_refused_bytes(tb_slice(bytes, lone_record(bytes, TB_EV_EFI_HCRTM_EVENT, "HCRT")),
                         TB_CHECK_LOG_LOCALITY);
}

static void t39_l19_a_spec_id_event_cut_at_any_byte_says_what_is_missing(void **state)
{
    (void)state;
    for (size_t n = 16;; n++) { /* fewer are no Spec ID event */
        size_t len;

        log_good_boot(b, ALL_BANKS);
        log_finish(b);
        len = b->bytes[28];
        if (n == len)
            break;
        b->bytes[28] = (uint8_t)n;
        assert_refused_bytes(tb_slice(b->bytes, 32 + n), TB_CHECK_LOG_HEADER);
        assert_string_equal(why.expected, n < 28           ? "a whole structure"
                                          : n < 28 + 4 * 4 ? "a whole entry"
                                                           : "as many bytes as its size says");
    }
}

/* What is missing of an event of which n bytes are there. */
static const char *missing(bool sha1, size_t n)
{
    static const size_t lens[] = { 20, 32, 48, 64 };

    if (sha1 || n < 12)
        return "a whole event";
    n -= 12;
    for (size_t i = 0; i < 4; n -= 2 + lens[i++]) {
        if (n < 2)
            return "a whole event";
        if (n < 2 + lens[i])
            return "a whole digest";
    }
    return n < 4 ? "a whole event" : "as much data as the event's size says";
}

static void t40_l24_a_log_cut_at_any_byte_is_refused_or_is_a_log_of_fewer_events(void **state)
{
    (void)state;
    for (int format = 0; format < 2; format++) {
        size_t next = (size_t)format; /* the SHA-1 format has no Spec ID record in front */

        if (format == 0)
            log_good_boot(b, ALL_BANKS);
        else
            log_good_boot_sha1(b);
        log_finish(b);
        for (size_t n = 0; n < b->len; n++) {
            bool at_event = n != 0 && n == (next < b->n ? b->item[next].offset : 0);

            next += at_event;
            if (at_event) {
                assert_true(replay_bytes(tb_slice(b->bytes, n), ALL_BANKS));
            } else {
                assert_false(replay_bytes(tb_slice(b->bytes, n), ALL_BANKS));
                assert_int_equal(why.check, TB_CHECK_LOG_FORMAT);
                if (next > 1)
                    assert_string_equal(why.expected,
                                        missing(format == 1, n - b->item[next - 1].offset));
            }
        }
    }
}

static void t40_sizes_of_4_gib_are_refused(void **state)
{
    struct log_item *item;

    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_finish(b);
    item = &b->item[3];
    memset(b->bytes + item->end - item->data_len - 4, 0xff, 4);
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_FORMAT);
    log_finish(b);
    memset(b->bytes + 28, 0xff, 4); /* the Spec ID record's */
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_FORMAT);
    log_good_boot_sha1(b);
    log_finish(b);
    memset(b->bytes + b->item[5].offset + 28, 0xff, 4);
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_FORMAT);
}

static void t40_l25_digest_counts_and_algorithms_must_fit_the_spec_id_event(void **state)
{
    size_t at;

    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_finish(b);
    at = b->item[2].offset + 8;
    memset(b->bytes + at, 0xff, 4);
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_HEADER);
    log_finish(b);
    b->bytes[at] = 3;
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_HEADER);
    assert_string_equal(why.expected, "at most as many digests as the Spec ID event names");
    log_finish(b);
    b->bytes[at + 4] = 0x0c; /* SHA-384 is not declared */
    assert_refused_bytes(log_slice(b), TB_CHECK_LOG_HEADER);
    assert_string_equal(why.observed, "algorithm 0x000c");
    log_begin(b, SHA1_SHA256);
    log_separator(b, 0)->banks = 0;
    assert_refused(TB_CHECK_LOG_HEADER);
    log_begin(b, SHA1_SHA256);
    log_no_action(b, 0, log_text("x"))->banks = 0;
    assert_replays();
}

static void t39_l25_the_same_algorithm_twice_in_one_event_is_refused(void **state)
{
    struct log_item *item;

    (void)state;
    log_begin(b, LOG_BANK(TB_BANK_SHA256) | LOG_BANK(TB_BANK_SHA384));
    item = log_separator(b, 0);
    log_finish(b);
    /* The second digest, of SHA-384, becomes SHA-256's; sixteen bytes of it are taken out. */
    b->bytes[item->offset + 12 + 34] = 0x0b;
    memmove(b->bytes + item->end - 8 - 16, b->bytes + item->end - 8, 8);
    assert_refused_bytes(tb_slice(b->bytes, b->len - 16), TB_CHECK_LOG_HEADER);
    assert_string_equal(why.expected, "one digest of each algorithm");
}

static void l27_padding_of_ones_or_zeros_ends_the_log_and_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct tb_log log;
        struct tb_event e;

        if (i < 2)
            log_good_boot(b, SHA1_SHA256);
        else
            log_good_boot_sha1(b);
        log_finish(b);
        memset(b->bytes + b->len, i % 2 == 0 ? 0xff : 0, 100);
        b->len += 100;
        assert_true(replay_bytes(log_slice(b), ALL_BANKS));
        assert_int_equal(r.n_events, b->n + (i < 2));
        assert_int_equal(state_of(&b->pcrs, TB_BANK_SHA1, 7), TB_PCR_MATCH);
        assert_true(tb_log_open(log_slice(b), &log, &why));
        while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
            continue;
        assert_int_equal(log.padding, 100);
    }
}

static void l28_padding_with_another_byte_in_it_and_a_few_trailing_bytes_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        log_good_boot(b, SHA1_SHA256);
        log_finish(b);
        memset(b->bytes + b->len, i % 2 == 0 ? 0xff : 0, 100);
        if (i < 2)
            b->bytes[b->len + 60] = 0x55;
        b->len += i < 2 ? 100 : 3;
        assert_false(replay_bytes(log_slice(b), ALL_BANKS));
    }
}

static void t41_l29_a_pcr_above_23_is_refused_unless_nothing_is_measured(void **state)
{
    const uint32_t pcrs[] = { 24, 0x7fffffff, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int format = 0; format < 2; format++) {
            if (format == 0)
                log_begin(b, SHA1_SHA256);
            else
                log_begin_sha1(b);
            log_separator(b, 0);
            log_no_action(b, pcrs[i], log_text("trust point"));
            assert_replays();
            log_separator(b, 0)->pcr = pcrs[i];
            assert_refused(TB_CHECK_LOG_FORMAT);
        }
    }
}

static void t38_l30_no_action_never_extends_and_its_digest_is_flagged(void **state)
{
    (void)state;
    log_good_boot(b, SHA1_SHA256);
    memset(log_no_action(b, 4, log_text("x"))->digest[TB_BANK_SHA256], 0xaa, 32);
    assert_replays();
    assert_true(r.no_action_digest);
    assert_int_equal(r.n_measured[4], 3);
}

static void l36_unknown_types_are_replayed_like_any_other(void **state)
{
    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_event_data(b, 2, 0x8401, log_text("vendor"));
    assert_replays();
    assert_null(tb_event_type_name(0x8401));
    assert_string_equal(tb_event_type_name(0x80000007), "EV_EFI_ACTION");
    assert_string_equal(tb_event_type_name(0), "EV_PREBOOT_CERT");
}

static void t40_l01_empty_logs_and_logs_of_padding_are_refused(void **state)
{
    uint8_t bytes[64];

    (void)state;
    assert_refused_bytes((struct tb_reader){ NULL, 0 }, TB_CHECK_LOG_FORMAT);
    assert_string_equal(why.observed, "an empty log");
    memset(bytes, 0, sizeof bytes);
    assert_refused_bytes(tb_slice(bytes, sizeof bytes), TB_CHECK_LOG_FORMAT);
    memset(bytes, 0xff, sizeof bytes);
    assert_refused_bytes(tb_slice(bytes, sizeof bytes), TB_CHECK_LOG_FORMAT);
    assert_string_equal(why.observed, "only padding");
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void t40_l38_logs_above_the_limits_are_refused_in_bounded_time(void **state)
{
    const size_t big = 64u << 20;
    uint8_t *p = calloc(1, big);
    double start = seconds();
    struct tb_reader in;

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i + 16 <= big; i += 16)
        p[i + 4] = TB_EV_NO_ACTION; /* 16 bytes each: no digest, no data */
    in = tb_slice(p, big);
    assert_refused_bytes(in, TB_CHECK_EVIDENCE_LIMITS);
    /* The Spec ID event, and as many of the smallest events as the limit of bytes lets in. */
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    log_finish(b);
    memmove(p + b->header_len, p, 2u << 20);
    memcpy(p, b->bytes, b->header_len);
    in.left = b->header_len + 16 * 65500;
    assert_true(replay_bytes(in, ALL_BANKS));
    assert_int_equal(r.n_events, 65501);
    in.left = b->header_len + 16 * 65534; /* well formed, and longer than 1 MiB */
    assert_true(in.left > TB_LOG_SIZE_MAX);
    assert_refused_bytes(in, TB_CHECK_EVIDENCE_LIMITS);
    /* 32768 events of zeros in the SHA-1 format, each of which could be padding, and one byte. */
    memset(p, 0, big);
    p[TB_LOG_SIZE_MAX - 4] = 1;
    assert_false(replay_bytes(tb_slice(p, TB_LOG_SIZE_MAX), ALL_BANKS));
    assert_true(seconds() - start < 10);
    free(p);
}

/* No log of at most TB_LOG_SIZE_MAX bytes has more events; the limit is held to by hand. */
static void t40_l38_an_event_above_the_limit_of_events_is_refused(void **state)
{
    struct tb_event e;
    struct tb_log log;

    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_finish(b);
    assert_true(tb_log_open(log_slice(b), &log, &why));
    assert_int_equal(tb_log_next(&log, &e, &why), TB_LOG_EVENT);
    log.n_events = TB_LOG_EVENTS_MAX;
    assert_int_equal(tb_log_next(&log, &e, &why), TB_LOG_BAD);
    assert_int_equal(why.check, TB_CHECK_EVIDENCE_LIMITS);
}

static void every_byte_changed_is_refused_or_replayed_and_never_read_past_the_end(void **state)
{
    (void)state;
    log_good_boot(b, SHA1_SHA256);
    log_finish(b);
    for (size_t i = 0; i < b->len; i++) {
        b->bytes[i] ^= 0xff;
        if (!replay_bytes(log_slice(b), LOG_BANK(TB_BANK_SHA256)))
            assert_true(why.check < TB_N_CHECKS && why.where[0] != '\0');
        b->bytes[i] ^= 0xff;
    }
}

static void names_of_states_are_all_there(void **state)
{
    (void)state;
    for (unsigned s = 0; s < TB_N_PCR_STATES; s++)
        assert_non_null(tb_pcr_state_name((enum tb_pcr_state)s));
    assert_string_equal(tb_pcr_state_name(TB_PCR_NOT_IN_LOG), "not-in-log");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t39_l18_a_log_of_measurement_registers_is_refused_as_a_cc_log),
        cmocka_unit_test(t39_l19_l22_a_spec_id_event_with_an_impossible_field_is_refused),
        cmocka_unit_test(t39_l19_a_spec_id_event_names_1_to_16_algorithms_once_and_ends),
        cmocka_unit_test(t39_l19_an_unknown_algorithm_of_no_or_too_many_bytes_is_refused),
        cmocka_unit_test(
            t39_l20_digests_of_an_unknown_algorithm_are_skipped_by_their_declared_size),
        cmocka_unit_test(l21_vendor_information_is_taken_by_its_size_or_refused),
        cmocka_unit_test(t39_a_second_or_late_spec_id_event_is_refused),
        cmocka_unit_test(t39_l23_a_short_no_action_event_first_means_the_sha_1_format),
        cmocka_unit_test(t42_data_shorter_than_what_it_is_compared_with_is_another),
        cmocka_unit_test(t39_l19_a_spec_id_event_cut_at_any_byte_says_what_is_missing),
        cmocka_unit_test(t40_l24_a_log_cut_at_any_byte_is_refused_or_is_a_log_of_fewer_events),
        cmocka_unit_test(t40_sizes_of_4_gib_are_refused),
        cmocka_unit_test(t40_l25_digest_counts_and_algorithms_must_fit_the_spec_id_event),
        cmocka_unit_test(t39_l25_the_same_algorithm_twice_in_one_event_is_refused),
        cmocka_unit_test(l27_padding_of_ones_or_zeros_ends_the_log_and_is_told),
        cmocka_unit_test(l28_padding_with_another_byte_in_it_and_a_few_trailing_bytes_are_refused),
        cmocka_unit_test(t41_l29_a_pcr_above_23_is_refused_unless_nothing_is_measured),
        cmocka_unit_test(t38_l30_no_action_never_extends_and_its_digest_is_flagged),
        cmocka_unit_test(l36_unknown_types_are_replayed_like_any_other),
        cmocka_unit_test(t40_l01_empty_logs_and_logs_of_padding_are_refused),
        cmocka_unit_test(t40_l38_logs_above_the_limits_are_refused_in_bounded_time),
        cmocka_unit_test(t40_l38_an_event_above_the_limit_of_events_is_refused),
        cmocka_unit_test(every_byte_changed_is_refused_or_replayed_and_never_read_past_the_end),
        cmocka_unit_test(names_of_states_are_all_there),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
