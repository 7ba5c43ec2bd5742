/* What is said of a log as a whole that does not lead to the quoted values, of real logs that were
 * changed, and the words for it. */
#include "tests/unit/explain_world.h"

#include "core/appraise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The log as a whole --- */

/* The last n events once more, and then `behind` of PCR 9, which were measured. */
static struct tb_pcrs repeated_tail(size_t n, size_t behind)
{
    struct tb_pcrs q;
    size_t end;

    good_boot();
    end = b->n;
    for (size_t i = 0; i < behind; i++)
        log_event_data(b, 9, TB_EV_IPL, tb_slice(&(uint8_t){ (uint8_t)i }, 1));
    log_finish(b);
    q = b->pcrs;
    memmove(&b->item[end + n], &b->item[end], behind * sizeof b->item[0]);
    memcpy(&b->item[end], &b->item[end - n], n * sizeof b->item[0]);
    b->n += n;
    log_finish(b);
    return q;
}

static void l77_a_tail_that_stands_twice_is_named_with_the_pcrs_that_fit_without_it(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 8; n++)
        for (size_t behind = 0; behind < 3; behind++) {
            struct tb_pcrs q = repeated_tail(n, behind);
            uint32_t pcrs = 0, first = (uint32_t)(b->n - behind - n + 1);

            for (size_t i = b->n - behind - n; i < b->n - behind; i++)
                pcrs |= UINT32_C(1) << b->item[i].pcr;
            explain(&q);
            for (uint32_t pcr = 0; pcr < 16; pcr++) /* it stays a mismatch */
                assert_int_equal(states.state[TB_BANK_SHA256][pcr],
                                 pcrs >> pcr & 1 ? TB_PCR_MISMATCH : TB_PCR_MATCH);
            assert_int_equal(x.n, 1);
            assert_int_equal(x.list[0].kind, TB_EXPLAIN_REPEATED);
            assert_int_equal(x.list[0].pcrs, pcrs);
            assert_int_equal(x.list[0].banks, SHA1_SHA256);
            assert_int_equal(x.list[0].event, first);
            assert_int_equal(x.list[0].count, n);
        }
}

static void l77_events_that_were_measured_twice_are_no_repetition(void **state)
{
    struct tb_pcrs q;

    (void)state;
    repeated_tail(4, 0); /* and measured so */
    q = b->pcrs;
    explain(&q);
    assert_int_equal(x.n, 0);
    extend(&q, TB_BANK_SHA256, 8, log_text("something"), false);
    explain(&q);
    assert_one(TB_EXPLAIN_NONE, 8);
}

/* Append events of these PCRs, and once more. */
static void append_twice(size_t n, const uint32_t *pcrs)
{
    for (size_t i = 0; i < 2 * n; i++)
        log_event_data(b, pcrs[i % n], TB_EV_IPL,
                       tb_slice(&(uint8_t){ (uint8_t)(pcrs[0] + i % n) }, 1));
}

static void l77_of_two_repetitions_the_one_that_explains_more_is_told(void **state)
{
    static const uint32_t eight[] = { 8, 8 }, two[] = { 9, 5 }, nine[] = { 9 };

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct tb_pcrs q;
        uint32_t first;

        good_boot();
        for (size_t i = 0; i < 2; i++) /* what was measured: each once */
            log_event_data(b, 8, TB_EV_IPL, tb_slice(&(uint8_t){ (uint8_t)(8 + i) }, 1));
        for (size_t i = 0; i < (turn == 0 ? 2 : 1); i++)
            log_event_data(b, turn == 0 ? two[i] : 9, TB_EV_IPL,
                           tb_slice(&(uint8_t){ (uint8_t)(9 + i) }, 1));
        log_finish(b);
        q = b->pcrs;
        good_boot();
        append_twice(2, eight);
        append_twice(turn == 0 ? 2 : 1, turn == 0 ? two : nine);
        log_finish(b);
        first = (uint32_t)b->n + 1 - (turn == 0 ? 2 : 4);
        explain(&q);
        assert_int_equal(x.n, 2);
        assert_int_equal(x.list[0].kind, TB_EXPLAIN_REPEATED);
        assert_int_equal(x.list[0].pcrs, turn == 0 ? 1u << 9 | 1u << 5 : 1u << 8);
        assert_int_equal(x.list[0].event, turn == 0 ? first : first);
        assert_int_equal(x.list[1].kind, TB_EXPLAIN_LOG_GOES_ON);
    }
}

/* --- Long logs --- */

static uint8_t long_log[TB_LOG_SIZE_MAX];
static size_t long_len;

/* The good boot, and n events of PCR 8 that are all different; event `changed_at` of them, if any,
 * is of PCR 9. Returns the index of the first. */
static uint32_t make_long(uint32_t n, uint32_t changed_at)
{
    const struct log_item *item;
    uint32_t first;

    good_boot();
    first = (uint32_t)b->n + 1;
    item = log_find(b, 8, TB_EV_IPL, 0);
    memcpy(long_log, b->bytes, b->len);
    long_len = b->len;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *p = long_log + long_len;

        assert_true(item->end - item->offset <= sizeof long_log - long_len);
        memcpy(p, b->bytes + item->offset, item->end - item->offset);
        p[0] = i == changed_at ? 9 : 8;
        memcpy(p + 14, &i, 4); /* into the SHA-1 digest, and the SHA-256 one */
        memcpy(p + 36, &i, 4);
        long_len += item->end - item->offset;
    }
    return first;
}

static struct tb_pcrs long_values(void)
{
    struct tb_replay *replay = malloc(sizeof *replay);
    struct tb_pcrs q;

    assert_non_null(replay);
    assert_true(tb_log_replay(tb_slice(long_log, long_len), ALL_BANKS, h, replay, &why));
    q = replay->pcrs;
    q.mask[TB_BANK_SHA1] = 0;
    free(replay);
    return q;
}

static void of_a_pcr_with_many_events_the_last_256_are_varied(void **state)
{
    static const uint32_t at[] = { 295, 100, 10 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tb_pcrs q;
        uint32_t first = make_long(300, UINT32_MAX);

        q = long_values();
        make_long(300, at[i]); /* one of them in PCR 9 */
        explain_bytes(tb_slice(long_log, long_len), &q);
        assert_true(x.cut);
        assert_int_equal(x.n, 2);
        assert_int_equal(x.list[0].pcrs, 1u << 8);
        assert_int_equal(x.list[0].kind, i < 2 ? TB_EXPLAIN_MOVED : TB_EXPLAIN_NONE);
        if (i < 2)
            assert_int_equal(x.list[0].event, first + at[i]);
        assert_int_equal(x.list[1].kind, TB_EXPLAIN_LOG_GOES_ON);
        assert_int_equal(x.list[1].event, first + at[i]);
    }
}

static void what_did_not_fit_into_the_work_is_told_as_cut(void **state)
{
    struct tb_pcrs q;

    (void)state;
    make_long(200, UINT32_MAX);
    q = long_values();
    extend(&q, TB_BANK_SHA256, 8, log_text("something"), false);
    explain_bytes(tb_slice(long_log, long_len), &q);
    assert_one(TB_EXPLAIN_NONE, 8);
    assert_true(x.cut);
    make_long(20, UINT32_MAX);
    q = long_values();
    extend(&q, TB_BANK_SHA256, 8, log_text("something"), false);
    explain_bytes(tb_slice(long_log, long_len), &q);
    assert_one(TB_EXPLAIN_NONE, 8);
    assert_false(x.cut);
}

static void l77_a_repetition_is_found_at_the_end_of_a_long_log(void **state)
{
    struct tb_pcrs q;
    size_t record;

    (void)state;
    make_long(2000, UINT32_MAX);
    record = (long_len - b->len) / 2000;
    q = long_values();
    memcpy(long_log + long_len, long_log + long_len - 7 * record, 7 * record);
    long_len += 7 * record;
    explain_bytes(tb_slice(long_log, long_len), &q);
    assert_int_equal(assert_one(TB_EXPLAIN_REPEATED, 8)->count, 7);
    assert_true(x.cut);
}

static void l11_of_several_logs_in_one_file_the_one_that_fits_is_named(void **state)
{
    static uint8_t all[TB_LOG_SIZE_MAX + 1];
    static struct tb_boot_result boot;
    static struct tb_policy policy;
    static const struct tb_firmware_reference none;
    size_t len[3], total = 0;
    struct tb_pcrs q[3];

    (void)state;
    tb_policy_builtin(&policy);
    for (size_t i = 0; i < 3; i++) {
        log_good_boot(b, SHA1_SHA256);
        for (size_t n = 0; n < i; n++)
            log_event_data(b, 2, TB_EV_EFI_ACTION, log_text("resume"));
        log_event_data(b, 3, TB_EV_EFI_ACTION, tb_slice(&(uint8_t){ (uint8_t)i }, 1));
        log_finish(b);
        q[i] = b->pcrs;
        len[i] = b->len;
        memcpy(all + total, b->bytes, b->len);
        total += b->len;
    }
    for (size_t i = 0; i < 3; i++) {
        tb_appraise_boot(&(struct tb_boot_input){ .log = tb_slice(all, total),
                                                  .quoted = &q[i],
                                                  .policy = &policy,
                                                  .firmware = &none },
                         h, &boot);
        assert_int_equal(boot.findings.outcome[TB_CHECK_LOG_HEADER], TB_FAIL); /* never joined */
        assert_false(boot.bank_chosen);
        assert_int_equal(boot.explanations.n, 1);
        assert_int_equal(boot.explanations.list[0].kind, TB_EXPLAIN_SEVERAL_LOGS);
        assert_int_equal(boot.explanations.list[0].other, i + 1);
        assert_int_equal(boot.explanations.list[0].count, 3);
        assert_int_equal(boot.explanations.list[0].pcrs, 0x3ff);
    }
    tb_appraise_boot(&(struct tb_boot_input){ .log = tb_slice(all, len[0] - 1),
                                              .quoted = &q[0],
                                              .policy = &policy,
                                              .firmware = &none },
                     h, &boot); /* cut */
    assert_int_equal(boot.explanations.n, 0);
    tb_appraise_boot(&(struct tb_boot_input){ .log = tb_slice(all, sizeof all),
                                              .quoted = &q[0],
                                              .policy = &policy,
                                              .firmware = &none },
                     h, &boot); /* too long */
    assert_int_equal(boot.explanations.n, 0);
    memset(&q[0], 0x5a, sizeof q[0]);
    tb_appraise_boot(
        &(struct tb_boot_input){
            .log = tb_slice(all, total), .quoted = &q[0], .policy = &policy, .firmware = &none },
        h, &boot); /* none fits */
    assert_int_equal(boot.explanations.n, 0);
}

/* --- Limits and words --- */

static void the_work_for_a_hostile_log_ends_and_says_that_it_was_cut(void **state)
{
    static uint8_t many[TB_LOG_SIZE_MAX];
    struct tb_pcrs q = good_boot();
    size_t len = b->len;

    (void)state;
    memcpy(many, b->bytes, b->len);
    /* All records again and again: 65,000 events, and every PCR other than quoted. */
    while (len + (b->len - b->header_len) <= sizeof many) {
        memcpy(many + len, b->bytes + b->header_len, b->len - b->header_len);
        len += b->len - b->header_len;
    }
    assert_true(replay_bytes(tb_slice(many, len), ALL_BANKS));
    assert_true(tb_log_compare(&r, &q, h, &states));
    tb_explain(tb_slice(many, len), &r, &q, &states, h, &x);
    assert_true(x.cut);
    assert_true(x.n > 0);
}

static void explanations_that_do_not_fit_into_the_list_are_counted(void **state)
{
    struct tb_pcrs q = good_boot();

    (void)state;
    for (uint32_t pcr = 0; pcr < 10; pcr++) {
        log_move_before(b, log_action(b, pcr, "an attacker's"),
                        log_find(b, pcr, pcr < 8 ? TB_EV_SEPARATOR : TB_EV_IPL, 0));
        extend(&q, TB_BANK_SHA1, pcr, tb_slice(&(uint8_t[4]){ 0 }, 4), false);
    }
    log_finish(b);
    explain(&q); /* in SHA-1: nothing fits; in SHA-256: a surplus event in each */
    assert_int_equal(x.n, 11);
    assert_int_equal(x.n_lost, 0);
    for (uint32_t pcr = 10; pcr < 16; pcr++)
        for (uint32_t n = 10; n <= pcr; n++) /* zeros, as often as names it apart */
            extend(&q, TB_BANK_SHA256, pcr, tb_slice(&(uint8_t[32]){ 0 }, 32), true);
    explain(&q); /* the first of these is a cap */
    assert_int_equal(x.n, TB_EXPLANATIONS_MAX);
    extend(&q, TB_BANK_SHA256, 16, tb_slice(&(uint8_t[32]){ 1 }, 32), true);
    explain(&q);
    assert_int_equal(x.n, TB_EXPLANATIONS_MAX);
    assert_int_equal(x.n_lost, 1);
}

static void every_kind_and_value_has_words_of_its_own(void **state)
{
    (void)state;
    for (unsigned k = 0; k < TB_N_EXPLANATION_KINDS; k++) {
        const struct tb_explanation_text *t = tb_explanation_text((enum tb_explanation_kind)k);

        assert_true(strlen(t->code) > 3 && strlen(t->meaning) > 20 && strlen(t->next) > 5);
        for (unsigned other = 0; other < k; other++) {
            const struct tb_explanation_text *o =
                tb_explanation_text((enum tb_explanation_kind)other);

            assert_string_not_equal(t->code, o->code);
            assert_string_not_equal(t->meaning, o->meaning);
        }
    }
    for (unsigned v = 1; v < TB_N_KNOWN_VALUES; v++)
        assert_string_not_equal(tb_known_value_name((enum tb_known_value)v),
                                tb_known_value_name((enum tb_known_value)(v - 1)));
}

static const struct {
    struct tb_explanation e;
    const char *where, *detail;
} told[] = {
    { { TB_EXPLAIN_SURPLUS, 0, { 0 }, TB_NO_OTHER, 2, 0x80, 41, TB_NO_EVENT, 1 },
      "PCR 7: sha256",
      "event 41" },
    { { TB_EXPLAIN_REPEATED, 0, { 0 }, TB_NO_OTHER, 3, 0x210, 41, 44, 4 },
      "PCRs 4, 9: sha1 sha256",
      "events 41 to 44, 4 of them" },
    { { TB_EXPLAIN_SWAPPED, 0, { 0 }, TB_NO_OTHER, 2, 0x80, 3, 9, 2 },
      "PCR 7: sha256",
      "events 3 and 9" },
    { { TB_EXPLAIN_MOVED, 0, { 0 }, 7, 2, 0x10, 3, TB_NO_EVENT, 1 },
      "PCR 4: sha256",
      "event 3; logged in PCR 7" },
    { { TB_EXPLAIN_KNOWN_MISSING,
        1,
        { TB_VALUE_SEPARATOR },
        TB_NO_OTHER,
        2,
        0x10,
        3,
        TB_NO_EVENT,
        1 },
      "PCR 4: sha256",
      "before event 3; separator" },
    { { TB_EXPLAIN_LOCALITY_MISSING, 0, { 0 }, 3, 2, 1, TB_NO_EVENT, TB_NO_EVENT, 0 },
      "PCR 0: sha256",
      "locality 3" },
    { { TB_EXPLAIN_OTHER_BANK, 0, { 0 }, 0, 2, 1, TB_NO_EVENT, TB_NO_EVENT, 0 },
      "PCR 0: sha256",
      "sha1" },
    { { TB_EXPLAIN_SEVERAL_LOGS, 0, { 0 }, 5, 2, 0xff, TB_NO_EVENT, TB_NO_EVENT, 5 },
      "PCRs 0, 1, 2, 3, 4, 5, 6, 7: sha256",
      "log 5 of 5" },
    { { TB_EXPLAIN_EXTENDED_LATER,
        2,
        { TB_VALUE_ENTER_INITRD, TB_VALUE_READY },
        TB_NO_OTHER,
        2,
        0x800,
        TB_NO_EVENT,
        TB_NO_EVENT,
        0 },
      "PCR 11: sha256",
      "enter-initrd, then ready" },
};

static void what_is_told_of_an_explanation_reads_well(void **state)
{
    struct tb_explanation worst = { TB_EXPLAIN_KNOWN_MISSING,
                                    6,
                                    { 6, 6, 6, 6, 6, 6 },
                                    TB_NO_OTHER,
                                    0xf,
                                    TB_PCR_MASK,
                                    65535,
                                    65534,
                                    65535 };
    char text[TB_EXPLAIN_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        tb_explanation_where(&told[i].e, text);
        assert_string_equal(text, told[i].where);
        tb_explanation_detail(&told[i].e, text);
        assert_string_equal(text, told[i].detail);
    }
    tb_explanation_where(&worst, text); /* cut, not beyond its memory */
    assert_true(strlen(text) < sizeof text);
    tb_explanation_detail(&worst, text);
    assert_int_equal(strlen(text), sizeof text - 1);
}

/* --- Real logs, each changed in one place --- */

#define RECORDS_MAX 512

/* A real log without its padding, taken apart. */
static struct {
    uint8_t bytes[TB_LOG_SIZE_MAX];
    size_t len;
    struct tb_event event[RECORDS_MAX];
    uint32_t n;
    struct tb_pcrs quoted; /* what it replays to */
} real;

static uint8_t changed[2 * TB_LOG_SIZE_MAX];
static size_t changed_len;

static bool read_real(const char *path)
{
    uint8_t *p = log_read_file(path, &real.len);
    struct tb_log log;

    if (p == NULL || real.len > sizeof real.bytes) {
        free(p);
        return false;
    }
    memcpy(real.bytes, p, real.len);
    free(p);
    real.n = 0;
    if (!replay_bytes(tb_slice(real.bytes, real.len), ALL_BANKS) || r.n_events > RECORDS_MAX)
        return false;
    assert_true(tb_log_open(tb_slice(real.bytes, real.len), &log, &why));
    while (tb_log_next(&log, &real.event[real.n], &why) == TB_LOG_EVENT)
        real.n++;
    real.len -= log.padding;
    real.quoted = r.pcrs;
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) /* whole ones only */
        real.quoted.mask[bank] &= ~r.incomplete[bank];
    return true;
}

static struct tb_reader record(uint32_t i)
{
    size_t end = i + 1 < real.n ? real.event[i + 1].offset : real.len;

    return tb_slice(real.bytes + real.event[i].offset, end - real.event[i].offset);
}

static void put(struct tb_reader bytes)
{
    memcpy(changed + changed_len, bytes.p, bytes.left);
    changed_len += bytes.left;
}

/* Records from to to - 1 of the real log. */
static void put_records(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        put(record(i));
}

static bool is_measured(uint32_t i, uint32_t pcr)
{
    return real.event[i].type != TB_EV_NO_ACTION && real.event[i].pcr == pcr;
}

/* The next measured event of the PCR, or real.n. */
static uint32_t next_of(uint32_t pcr, uint32_t from)
{
    while (from < real.n && !is_measured(from, pcr))
        from++;
    return from;
}

static void explain_changed(void)
{
    explain_bytes(tb_slice(changed, changed_len), &real.quoted);
}

/* What was found is one change, for this PCR, in each bank that is whole. */
static void assert_real(const char *path, enum tb_explanation_kind kind, uint32_t pcr,
                        uint32_t event)
{
    if (x.n != 1 || x.list[0].kind != kind || (x.list[0].pcrs >> pcr & 1) == 0 ||
        x.list[0].event != event)
        fail_msg("%s: %u explanations, the first %s, event %u; expected %s, event %u", path, x.n,
                 tb_explanation_text((enum tb_explanation_kind)x.list[0].kind)->code,
                 x.list[0].event, tb_explanation_text(kind)->code, event);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        assert_int_equal(x.list[0].banks >> bank & 1, real.quoted.mask[bank] >> pcr & 1);
}

static bool quotes(uint32_t pcr)
{
    uint32_t banks = 0;

    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        banks |= real.quoted.mask[bank] >> pcr & 1;
    return banks != 0;
}

/* An image more, in front of the second event of PCR 7. */
static bool add_to_pcr7(const char *path)
{
    uint32_t image = next_of(4, 0), place = next_of(7, next_of(7, 0) + 1);
    size_t at;

    if (image == real.n || place == real.n || !quotes(7))
        return false;
    changed_len = 0;
    put_records(0, place);
    at = changed_len;
    put(record(image));
    changed[at] = 7; /* its PCR */
    put_records(place, real.n);
    explain_changed();
    assert_real(path, TB_EXPLAIN_SURPLUS, 7, place);
    return true;
}

static bool swap_in_pcr7(const char *path)
{
    uint32_t one = next_of(7, 0), two = next_of(7, one + 1);

    if (two == real.n || !quotes(7))
        return false;
    changed_len = 0;
    put_records(0, one);
    put(record(two));
    put_records(one + 1, two);
    put(record(one));
    put_records(two + 1, real.n);
    explain_changed();
    assert_real(path, TB_EXPLAIN_SWAPPED, 7, one);
    return true;
}

static bool flip_a_separator(const char *path)
{
    uint32_t i = 0;
    struct tb_event *e;

    while (i < real.n && !(real.event[i].type == TB_EV_SEPARATOR && real.event[i].data.left == 4))
        i++;
    e = &real.event[i];
    if (i == real.n || !quotes(e->pcr))
        return false;
    changed_len = 0;
    put_records(0, real.n);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        if ((e->banks >> bank & 1) != 0)
            changed[e->digest[bank].p - real.bytes] ^= 0x80;
    explain_changed();
    assert_real(path, TB_EXPLAIN_DIGEST_EDITED, e->pcr, i);
    return true;
}

static bool repeat_the_tail(const char *path)
{
    const uint32_t n = 5;
    uint32_t pcr = 0;

    if (real.n < 3 * n)
        return false;
    for (uint32_t i = real.n - n; i < real.n; i++)
        if (real.event[i].type != TB_EV_NO_ACTION && quotes(real.event[i].pcr))
            pcr = real.event[i].pcr;
    if (!quotes(pcr))
        return false;
    changed_len = 0;
    put_records(0, real.n);
    put_records(real.n - n, real.n);
    explain_changed();
    if (x.n == 1 && x.list[0].count != n) /* a tail that repeats itself */
        return false;
    assert_real(path, TB_EXPLAIN_REPEATED, pcr, real.n);
    return true;
}

static bool cut_exit_boot_services(const char *path)
{
    static const char text[] = "Exit Boot Services Invocation";
    uint32_t i = 0;

    while (i < real.n && !(is_measured(i, 5) && real.event[i].data.left == sizeof text - 1 &&
                           memcmp(real.event[i].data.p, text, sizeof text - 1) == 0))
        i++;
    if (i == real.n || !quotes(5))
        return false;
    changed_len = 0;
    put_records(0, i);
    for (uint32_t k = i; k < real.n; k++)
        if (!is_measured(k, 5))
            put(record(k));
    explain_changed();
    assert_real(path, TB_EXPLAIN_EXIT_BOOT_SERVICES, 5, TB_NO_EVENT);
    return true;
}

/* Lives until the next call. */
static const char *fixture_path(const char *name)
{
    const char *fixtures = getenv("TRUEBOOT_FIXTURES");
    static char path[8192 + 1024];

    snprintf(path, sizeof path, "%.900s/eventlogs/%s",
             fixtures != NULL ? fixtures : "../shared/fixtures", name);
    return path;
}

static FILE *open_index(void)
{
    FILE *f = fopen(fixture_path("INDEX.tsv"), "r");

    if (f == NULL) {
        printf("SKIPPED: no corpus at %s\n", fixture_path(""));
        skip();
    }
    return f;
}

static void l05_l60_l77_one_change_to_any_real_log_is_named(void **state)
{
    static bool (*const changes[])(const char *) = { add_to_pcr7, swap_in_pcr7, flip_a_separator,
                                                     repeat_the_tail, cut_exit_boot_services };
    size_t n[5] = { 0 };
    FILE *f = open_index();
    char line[8192];

    (void)state;
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\t")] = '\0';
        for (size_t i = 0; strstr(line, ".bin") != NULL && i < 5; i++)
            if (read_real(fixture_path(line)))
                n[i] += changes[i](line);
    }
    fclose(f);
    printf("%zu added, %zu swapped, %zu flipped, %zu repeated, %zu cut\n", n[0], n[1], n[2], n[3],
           n[4]);
    for (size_t i = 0; i < 5; i++)
        assert_true(n[i] >= 20);
}

static void read_recorded(const char *path, struct tb_pcrs *out)
{
    FILE *f = fopen(path, "r");
    char line[512], name[32], hex[256];
    unsigned pcr, byte;

    assert_non_null(f);
    memset(out, 0, sizeof *out);
    while (fgets(line, sizeof line, f) != NULL) {
        enum tb_bank bank;

        if (sscanf(line, "%31s %u %255s", name, &pcr, hex) != 3 || !tb_bank_of_name(name, &bank))
            continue;
        assert_true(pcr < TB_N_PCRS && strlen(hex) == 2 * tb_bank_digest_len(bank));
        for (size_t i = 0; i < tb_bank_digest_len(bank); i++) {
            assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
            out->value[bank][pcr][i] = (uint8_t)byte;
        }
        out->mask[bank] |= UINT32_C(1) << pcr;
    }
    fclose(f);
}

/* Values that came from TPMs, beside logs that do not lead to them. */
static void l26_l60_real_values_that_a_log_does_not_lead_to_are_explained_or_not(void **state)
{
    static const struct {
        const char *log, *pcrs;
        enum tb_explanation_kind kind;
        uint32_t pcr;
    } rows[] = {
        { "hp-debian-ebs-missing.bin", "hp-debian-ebs-missing.pcrs", TB_EXPLAIN_EXIT_BOOT_SERVICES,
          5 },
        { "dell1-windows.bin", "dell1-windows.pcrs", TB_EXPLAIN_BANK_PARTLY, 5 },
        { "thinkpad-yogax1-windows.bin", "thinkpad-yogax1-windows.pcrs", TB_EXPLAIN_BANK_PARTLY,
          5 },
        { "supermicro-win2022.bin", "supermicro-win2022.pcrs", TB_EXPLAIN_BANK_INCOMPLETE, 11 },
        /* No start locality gives PCR 0: what firmware left out cannot be computed. */
        { "hpe-dl160-pcr0mismatch.bin", "hpe-dl160-pcr0mismatch.pcrs", TB_EXPLAIN_NONE, 0 },
        { "hirs-tpmlog-altered.bin", "hirs-tpmlog.pcrs", TB_EXPLAIN_NONE, 0 },
    };
    FILE *f = open_index();

    (void)state;
    fclose(f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tb_pcrs q;

        assert_true(read_real(fixture_path(rows[i].log)));
        read_recorded(fixture_path(rows[i].pcrs), &q);
        explain_bytes(tb_slice(real.bytes, real.len), &q);
        assert_true(x.n >= 1);
        assert_int_equal(x.list[0].kind, rows[i].kind);
        assert_int_equal(x.list[0].pcrs >> rows[i].pcr & 1, 1);
        if (i == 0)
            assert_int_equal(x.list[0].n_values, 2); /* as its publisher found */
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(l77_a_tail_that_stands_twice_is_named_with_the_pcrs_that_fit_without_it),
        TEST(l77_events_that_were_measured_twice_are_no_repetition),
        TEST(l77_of_two_repetitions_the_one_that_explains_more_is_told),
        TEST(of_a_pcr_with_many_events_the_last_256_are_varied),
        TEST(what_did_not_fit_into_the_work_is_told_as_cut),
        TEST(l77_a_repetition_is_found_at_the_end_of_a_long_log),
        TEST(l11_of_several_logs_in_one_file_the_one_that_fits_is_named),
        TEST(the_work_for_a_hostile_log_ends_and_says_that_it_was_cut),
        TEST(explanations_that_do_not_fit_into_the_list_are_counted),
        TEST(every_kind_and_value_has_words_of_its_own),
        TEST(l05_l60_l77_one_change_to_any_real_log_is_named),
        TEST(l26_l60_real_values_that_a_log_does_not_lead_to_are_explained_or_not),
        TEST(what_is_told_of_an_explanation_reads_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
