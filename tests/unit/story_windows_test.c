/* tests/unit/story_windows_test.c - what a Windows boot configuration log tells, and what nobody
 * can make it tell: built logs, and the real ones of the corpus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/story.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/sipa_builder.h"

static struct log_builder *b;
static struct tb_hasher *h;
static struct tb_story story;
static struct tb_pcr_states states;
static struct sipa_builder s;

static int set_up(void **state)
{
    (void)state;
    b = log_new();
    h = tb_hasher_new();
    return h == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    log_free(b);
    tb_hasher_free(h);
    return 0;
}

/* What one boot program tells. */
struct program {
    uint8_t code_integrity, test_signing, boot_debugging, flight_signing;
    bool os_loader; /* tells the OS loader's settings, too */
    uint8_t os_debugging, safe_mode, winpe;
    uint64_t hypervisor, vsm;
    uint32_t bitlocker;
    unsigned n_modules;
    uint64_t boot_count; /* 0: not told */
};
static const struct program boot_manager = {
    .code_integrity = 1, .bitlocker = 4, .n_modules = 2, .boot_count = 77
};
static const struct program os_loader = { .code_integrity = 1,
                                          .os_loader = true,
                                          .hypervisor = 1,
                                          .vsm = 1,
                                          .bitlocker = 1,
                                          .n_modules = 3 };

static void add_settings(const struct program *p)
{
    if (p->boot_count != 0)
        sipa_number(&s, TB_SIPA_BOOT_COUNTER, p->boot_count, 8);
    sipa_number(&s, 0x00020009, 1, 4);
    if (p->os_loader) {
        size_t elam;

        sipa_number(&s, TB_SIPA_OS_KERNEL_DEBUG, p->os_debugging, 1);
        sipa_text(&s, 0x00050009, "\\Windows");
        sipa_number(&s, TB_SIPA_SAFE_MODE, p->safe_mode, 1);
        sipa_number(&s, TB_SIPA_WINPE, p->winpe, 1);
        sipa_number(&s, TB_SIPA_HYPERVISOR_LAUNCH, p->hypervisor, 8);
        sipa_number(&s, TB_SIPA_VSM_LAUNCH, p->vsm, 8);
        elam = sipa_open(&s, TB_SIPA_ELAM_AGGREGATION);
        sipa_text(&s, TB_SIPA_ELAM_KEY_NAME, "Windows Defender");
        sipa_put(&s, 0x00090004, "01234567890123456789", 20);
        sipa_close(&s, elam);
    }
    sipa_number(&s, TB_SIPA_BOOT_DEBUGGING, p->boot_debugging, 1);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, p->test_signing, 1);
    sipa_number(&s, TB_SIPA_FLIGHT_SIGNING, p->flight_signing, 1);
    sipa_number(&s, TB_SIPA_CODE_INTEGRITY, p->code_integrity, 1);
    sipa_number(&s, TB_SIPA_BITLOCKER_UNLOCK, p->bitlocker, 4);
}

static struct log_item *add_event(uint32_t pcr, const struct program *p)
{
    size_t at;

    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    for (unsigned i = 0; i < p->n_modules; i++)
        sipa_module(&s, "0123456789abcdef0123456789abcdef",
                    pcr == 13 ? "\\Windows\\system32\\winload.efi" : NULL);
    add_settings(p);
    sipa_close(&s, at);
    return log_event_data(b, pcr, TB_EV_EVENT_TAG, tb_slice(s.p, s.n));
}

static void add_program(const struct program *p)
{
    add_event(12, p);
    add_event(13, p);
    s.n = 0;
    sipa_put(&s, 0x00060002, "a public key", 12);
    log_event_data(b, 14, TB_EV_EVENT_TAG, tb_slice(s.p, s.n));
}

static void add_separators(void)
{
    for (uint32_t pcr = 12; pcr <= 14; pcr++)
        log_event_data(b, pcr, TB_EV_SEPARATOR, log_text("WBCL"));
}

static void windows_boot(const struct program *first, const struct program *second)
{
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_event_data(b, 11, TB_EV_COMPACT_HASH, tb_slice("\x10\0\0\0", 4));
    add_program(first);
    add_program(second);
    log_event_data(b, 11, TB_EV_COMPACT_HASH, tb_slice("\xff\xff\0\0", 4));
    add_separators();
}

static const struct tb_story_windows *read_story(void)
{
    log_finish(b);
    memset(&states, TB_PCR_MATCH, sizeof states);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        if ((b->banks >> bank & 1) == 0)
            memset(states.state[bank], TB_PCR_NOT_QUOTED, sizeof states.state[bank]);
    assert_true(tb_story_read(log_slice(b), TB_BANK_SHA256, &states, h, &story));
    return &story.windows;
}

static void assert_nothing_good(const struct tb_story_windows *w)
{
    assert_int_not_equal(w->code_integrity, TB_YES);
    assert_int_not_equal(w->test_signing, TB_NO);
    assert_int_not_equal(w->boot_debugging, TB_NO);
    assert_int_not_equal(w->os_debugging, TB_NO);
    assert_int_not_equal(w->safe_mode, TB_NO);
    assert_int_not_equal(w->winpe, TB_NO);
    assert_int_not_equal(w->flight_signing, TB_NO);
    assert_int_not_equal(w->bitlocker_unlock, TB_NO);
    assert_int_not_equal(w->vbs, TB_YES);
    assert_int_equal(w->hypervisor, TB_UNTOLD);
}

static void a_whole_windows_boot_is_told(void **state)
{
    const struct tb_story_windows *w;

    (void)state;
    windows_boot(&boot_manager, &os_loader);
    w = read_story();
    assert_true(w->present);
    assert_true((story.parts >> TB_PART_WINDOWS & 1) != 0);
    assert_int_equal(w->code_integrity, TB_YES);
    assert_int_equal(w->test_signing, TB_NO);
    assert_int_equal(w->boot_debugging, TB_NO);
    assert_int_equal(w->os_debugging, TB_NO);
    assert_int_equal(w->bitlocker_unlock, TB_NO);
    assert_int_equal(w->safe_mode, TB_NO);
    assert_int_equal(w->winpe, TB_NO);
    assert_int_equal(w->flight_signing, TB_NO);
    assert_int_equal(w->hypervisor, TB_YES);
    assert_int_equal(w->vbs, TB_YES);
    assert_int_equal(w->elam, TB_YES);
    assert_true(w->boot_count_known);
    assert_int_equal(w->boot_count, 77);
    assert_int_equal(w->n_modules, 5);
    assert_int_equal(w->n_unproved, 0);
}

static void every_setting_tells_its_bad_answer(void **state)
{
    static const struct program bad = {
        .test_signing = 1,
        .boot_debugging = 1,
        .flight_signing = 1,
        .os_loader = true,
        .os_debugging = 1,
        .safe_mode = 1,
        .winpe = 1,
        .bitlocker = 0x40,
    };
    const struct tb_story_windows *w;

    (void)state;
    windows_boot(&boot_manager, &bad); /* of two programs the worse one */
    for (int i = 0; i < 2; i++) {
        w = read_story();
        assert_true(w->present);
        assert_int_equal(w->code_integrity, TB_NO);
        assert_int_equal(w->test_signing, TB_YES);
        assert_int_equal(w->boot_debugging, TB_YES);
        assert_int_equal(w->os_debugging, TB_YES);
        assert_int_equal(w->bitlocker_unlock, TB_YES);
        assert_int_equal(w->safe_mode, TB_YES);
        assert_int_equal(w->winpe, TB_YES);
        assert_int_equal(w->flight_signing, TB_YES);
        assert_int_equal(w->hypervisor, TB_NO);
        assert_int_equal(w->vbs, TB_NO);
        windows_boot(&bad, &boot_manager);
    }
}

static void l36_no_fact_depends_on_the_type_of_an_event(void **state)
{
    static const uint32_t types[] = { TB_EV_SEPARATOR, TB_EV_IPL,       TB_EV_ACTION,
                                      TB_EV_UNUSED,    TB_EV_EVENT_TAG, 0x8401 };
    static struct tb_story told;

    (void)state;
    windows_boot(&boot_manager, &os_loader);
    read_story();
    told = story;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (size_t i = 0; i < b->n; i++) {
            uint32_t was = b->item[i].type;

            if (b->item[i].pcr < 11)
                continue;
            b->item[i].type = types[t];
            read_story();
            assert_memory_equal(&told.windows, &story.windows, sizeof told.windows);
            b->item[i].type = was;
        }
}

static void l44_without_the_separator_of_each_pcr_there_is_no_windows(void **state)
{
    static const char *const others[] = { "WBCM", "", "\xff", "WBCL ", "some text" };

    (void)state;
    for (uint32_t pcr = 12; pcr <= 13; pcr++) {
        const struct tb_story_windows *w;

        windows_boot(&boot_manager, &os_loader);
        log_remove(b, log_find(b, pcr, TB_EV_SEPARATOR, 0));
        w = read_story();
        assert_false(w->present);
        assert_false(w->boot_count_known);
        assert_int_equal(w->n_modules, 0);
        assert_int_equal(w->elam, TB_UNTOLD);
        assert_nothing_good(w);
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
            windows_boot(&boot_manager, &os_loader);
            log_event_data(b, pcr, TB_EV_SEPARATOR, log_text(others[i]));
            log_remove(b, log_find(b, pcr, TB_EV_SEPARATOR, 0));
            w = read_story();
            assert_false(w->present);
            assert_nothing_good(w);
        }
        /* "WBCL" in the log, another digest in the PCR */
        windows_boot(&boot_manager, &os_loader);
        log_rehash(b, log_find(b, pcr, TB_EV_SEPARATOR, 0), log_text("other"));
        assert_nothing_good(read_story());
        /* the digest says it, whatever the log has for data */
        windows_boot(&boot_manager, &os_loader);
        log_set_data(b, log_find(b, pcr, TB_EV_SEPARATOR, 0), log_text("other"));
        log_rehash(b, log_find(b, pcr, TB_EV_SEPARATOR, 0), log_text("WBCL"));
        assert_true(read_story()->present);
    }
}

static void t36_what_stands_behind_the_separator_of_windows_does_not_count(void **state)
{
    static const struct program bad = { .test_signing = 1, .n_modules = 9, .boot_count = 78 };
    static struct tb_story told;

    (void)state;
    windows_boot(&boot_manager, &os_loader);
    read_story();
    told = story;
    add_program(&bad);
    log_event_data(b, 12, TB_EV_SEPARATOR, log_text("WBCL"));
    log_event(b, 13, TB_EV_EVENT_TAG, log_text("something"), log_text("else"));
    read_story();
    assert_memory_equal(&told.windows, &story.windows, sizeof told.windows);
}

static void l48_an_event_that_its_digest_does_not_cover_takes_the_good_answers(void **state)
{
    static const struct program bad = { .test_signing = 1, .n_modules = 1 };

    (void)state;
    for (size_t i = 0;; i++) {
        const struct tb_story_windows *w;

        windows_boot(&boot_manager, &os_loader);
        while (i < b->n && b->item[i].pcr != 12 && b->item[i].pcr != 13)
            i++;
        if (i >= b->n)
            break;
        if (b->item[i].type == TB_EV_SEPARATOR)
            continue;
        /* the attacker hides what was measured: a text, the truth of another event, nothing */
        log_set_data(b, &b->item[i], log_text("nothing to see"));
        log_rehash(b, &b->item[i], log_text("test signing is on"));
        w = read_story();
        assert_int_equal(w->n_unproved, 1);
        assert_nothing_good(w);
    }
    windows_boot(&bad, &os_loader); /* a bad answer stands beside it */
    log_rehash(b, log_find(b, 12, TB_EV_EVENT_TAG, 1), log_text("other"));
    assert_int_equal(read_story()->test_signing, TB_YES);
}

static void l04_a_pcr_that_does_not_match_tells_nothing(void **state)
{
    static const struct program bad = { .test_signing = 1, .n_modules = 1 };

    (void)state;
    windows_boot(&bad, &os_loader);
    read_story();
    assert_int_equal(story.windows.test_signing, TB_YES);
    for (uint32_t pcr = 12; pcr <= 13; pcr++) {
        read_story();
        states.state[TB_BANK_SHA256][pcr] = TB_PCR_MISMATCH;
        assert_true(tb_story_read(log_slice(b), TB_BANK_SHA256, &states, h, &story));
        assert_false(story.windows.present);
        assert_nothing_good(&story.windows);
        assert_true(story.windows.told);
        assert_int_equal(story.windows.test_signing, TB_YES); /* by the other PCR */
    }
    states.state[TB_BANK_SHA256][12] = TB_PCR_MISMATCH;
    assert_true(tb_story_read(log_slice(b), TB_BANK_SHA256, &states, h, &story));
    assert_int_equal(story.windows.test_signing, TB_UNTOLD);
    assert_int_equal(story.parts >> TB_PART_WINDOWS & 1, 0);
}

static void banks_that_disagree_cover_nothing(void **state)
{
    struct log_item *item;

    (void)state;
    log_begin(b, LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256));
    add_program(&boot_manager);
    add_program(&os_loader);
    add_separators();
    assert_true(read_story()->present);
    assert_int_equal(story.windows.test_signing, TB_NO);
    item = log_find(b, 12, TB_EV_EVENT_TAG, 1);
    item->digest[TB_BANK_SHA1][0] ^= 1;
    assert_nothing_good(read_story());
}

static void a_program_that_contradicts_itself_told_nothing(void **state)
{
    size_t at;

    (void)state;
    windows_boot(&boot_manager, &os_loader);
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 1, 1);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 0, 1);
    sipa_number(&s, TB_SIPA_FLIGHT_SIGNING, 0, 1);
    sipa_number(&s, TB_SIPA_FLIGHT_SIGNING, 1, 1);
    sipa_number(&s, TB_SIPA_SAFE_MODE, 2, 1);      /* neither no nor yes */
    sipa_number(&s, TB_SIPA_CODE_INTEGRITY, 1, 4); /* four bytes */
    sipa_number(&s, TB_SIPA_VSM_LAUNCH, 1, 4);
    sipa_number(&s, TB_SIPA_BOOT_COUNTER, 78, 8); /* another than before */
    sipa_close(&s, at);
    log_event_data(b, 12, TB_EV_EVENT_TAG, tb_slice(s.p, s.n));
    log_move_before(b, &b->item[b->n - 1], log_find(b, 12, TB_EV_SEPARATOR, 0));
    read_story();
    assert_true(story.windows.present);
    assert_int_equal(story.windows.test_signing, TB_UNTOLD);
    assert_int_equal(story.windows.flight_signing, TB_UNTOLD);
    assert_int_equal(story.windows.safe_mode, TB_UNTOLD);
    assert_int_equal(story.windows.code_integrity, TB_UNTOLD);
    assert_int_equal(story.windows.vbs, TB_UNTOLD);
    assert_false(story.windows.boot_count_known);
    assert_int_equal(story.windows.winpe, TB_NO); /* the others stand */
}

/* One event more in front of the separator of PCR 12. */
static void insert(uint32_t pcr)
{
    log_event_data(b, pcr, TB_EV_EVENT_TAG, tb_slice(s.p, s.n));
    log_move_before(b, &b->item[b->n - 1], log_find(b, 12, TB_EV_SEPARATOR, 0));
}

static void a_boot_counter_of_another_form_is_none(void **state)
{
    (void)state;
    windows_boot(&os_loader, &os_loader);
    s.n = 0;
    sipa_put(&s, TB_SIPA_BOOT_COUNTER, "123456789", 9);
    insert(12);
    assert_false(read_story()->boot_count_known);
    assert_true(story.windows.present);
    assert_int_equal(story.windows.boot_count, 0);
}

static void settings_and_modules_count_where_windows_puts_them(void **state)
{
    static const struct program bad = { .test_signing = 1, .n_modules = 9, .boot_count = 78 };
    static struct tb_story told;
    struct program without = os_loader;

    (void)state;
    windows_boot(&boot_manager, &os_loader);
    read_story();
    told = story;
    add_event(14, &bad); /* keys only */
    log_move_before(b, &b->item[b->n - 1], log_find(b, 12, TB_EV_SEPARATOR, 0));
    s.n = 0;
    sipa_put(&s, TB_SIPA_IMAGE_HASH, "01234567890123456789012345678901", 32); /* of no module */
    insert(12);
    read_story();
    assert_memory_equal(&told.windows, &story.windows, sizeof told.windows);
    without.os_loader = false;
    windows_boot(&boot_manager, &without);
    s.n = 0;
    sipa_text(&s, TB_SIPA_ELAM_KEY_NAME, "Windows Defender"); /* of no aggregation */
    insert(12);
    assert_int_equal(read_story()->elam, TB_UNTOLD);
    assert_true(story.windows.present);
}

static void a_pcr_with_a_separator_and_no_event_is_not_windows(void **state)
{
    (void)state;
    for (uint32_t pcr = 12; pcr <= 13; pcr++) {
        log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
        add_event(pcr, &os_loader);
        add_separators();
        assert_false(read_story()->present);
        assert_nothing_good(&story.windows);
    }
}

static void l64_a_command_line_does_not_pass_for_windows(void **state)
{
    static const char *const texts[] = { "a\t\1\2init=/bin/sh", "a\tb init=/bin/sh",
                                         "a\bb\1init=/bin/sh" };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t padding = 0; padding < 2; padding++) {
            static char text[2 * 100000];
            size_t n = strlen(texts[i]), len = padding == 0 ? n : sizeof text / 2;

            memset(text, 0, sizeof text);
            for (size_t k = 0; k < len; k++)
                text[2 * k] = k < n ? texts[i][k] : ' ';
            log_begin(b, LOG_BANK(TB_BANK_SHA256));
            log_event_data(b, 12, TB_EV_EVENT_TAG, tb_slice(text, 2 * len));
            read_story();
            assert_int_not_equal(story.cmdline.state, TB_CMDLINE_NONE);
        }
}

static void l65_ids_of_windows_are_told_from_tags_of_others(void **state)
{
    static const uint32_t yes[] = { 0x40010001, 0xc0010004, 0x00020002, 0x00060002,
                                    0x000c0004, 0x80080001, 0x40010006 };
    static const uint32_t no[] = { 0,          2,          4,          0xffff,
                                   0x00010000, 0x000d0001, 0x000f0001, 0x8f3b22ec,
                                   0x8f3b22ed, 0xf5bc582a, 0x6c46f751, 0x49dffe0f,
                                   0xdac08e1a, 0x13aed6db, 0x00120001, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(tb_sipa_is_id(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(tb_sipa_is_id(no[i]));
}

static void a_hypervisor_that_two_programs_differ_about_is_unknown(void **state)
{
    struct program other = os_loader;

    (void)state;
    other.hypervisor = 0;
    windows_boot(&os_loader, &other);
    assert_int_equal(read_story()->hypervisor, TB_UNTOLD);
}

static void keys_of_bitlocker_other_than_the_tpms_are_told(void **state)
{
    static const struct {
        uint32_t flags;
        enum tb_tristate answer;
    } cases[] = {
        { 0, TB_NO },           { 0x1, TB_NO },       { 0x4, TB_NO },
        { 0x14, TB_NO },        { 0x24, TB_NO },      { 0x40, TB_YES },
        { 0x80, TB_YES },       { 0x44, TB_YES },     { 0x20, TB_YES },
        { 0x2, TB_YES },        { 0x100, TB_YES },    { 0x84, TB_YES },
        { 0x80000000, TB_YES }, { 0x104, TB_UNTOLD }, { 0x80000004, TB_UNTOLD },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p = boot_manager;

        p.bitlocker = cases[i].flags;
        windows_boot(&p, &os_loader);
        assert_int_equal(read_story()->bitlocker_unlock, cases[i].answer);
    }
}

/* `deep` containers in each other with a setting in the innermost. */
static void nest(unsigned deep)
{
    size_t at[32];

    s.n = 0;
    for (unsigned i = 0; i < deep; i++)
        at[i] = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 1, 1);
    for (unsigned i = deep; i-- > 0;)
        sipa_close(&s, at[i]);
}

static void l37_frames_are_nested_eight_deep_at_most(void **state)
{
    (void)state;
    for (unsigned deep = 1; deep <= 12; deep++) {
        struct tb_sipa_frame f;
        enum tb_sipa_step step;
        unsigned deepest = 0, bad = 0, told = 0;
        struct tb_sipa it;

        nest(deep);
        it = tb_sipa_begin(tb_slice(s.p, s.n));
        while ((step = tb_sipa_next(&it, &f)) != TB_SIPA_END) {
            bad += step == TB_SIPA_BAD;
            told += step == TB_SIPA_FRAME && f.id == TB_SIPA_TEST_SIGNING;
            deepest = f.depth > deepest ? f.depth : deepest;
        }
        assert_true(deepest <= TB_SIPA_DEPTH_MAX);
        assert_int_equal(told, deep < TB_SIPA_DEPTH_MAX);
        assert_int_equal(bad, deep >= TB_SIPA_DEPTH_MAX);
    }
}

static void l37_a_frame_too_deep_or_too_long_takes_only_the_good_answers(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct tb_story_windows *w;

        windows_boot(&boot_manager, &os_loader);
        nest(i == 0 ? 9 : 2);
        if (i == 1)
            sipa_u32(&s, 12, 0xffffffff);
        log_event_data(b, 12, TB_EV_EVENT_TAG, tb_slice(s.p, s.n));
        log_move_before(b, &b->item[b->n - 1], log_find(b, 12, TB_EV_SEPARATOR, 0));
        w = read_story();
        assert_true(w->present);
        assert_int_equal(w->n_unproved, 1);
        assert_int_equal(w->n_modules, 5);
        assert_nothing_good(w);
        assert_int_equal(w->test_signing, TB_UNTOLD);
    }
}

static void l37_a_fault_loses_only_the_frame_that_it_stands_in(void **state)
{
    static const struct {
        uint32_t id;
        unsigned depth;
        enum tb_sipa_step step;
    } want[] = {
        { TB_SIPA_TRUST_BOUNDARY, 1, TB_SIPA_FRAME }, { TB_SIPA_LOADED_MODULE, 2, TB_SIPA_FRAME },
        { TB_SIPA_IMAGE_HASH, 3, TB_SIPA_BAD },       { TB_SIPA_TEST_SIGNING, 2, TB_SIPA_FRAME },
        { TB_SIPA_LOADED_MODULE, 2, TB_SIPA_FRAME }, /* of nothing */
        { TB_SIPA_WINPE, 1, TB_SIPA_FRAME },
    };
    struct tb_sipa_frame f;
    struct tb_sipa it;
    size_t at, module;

    (void)state;
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    module = sipa_open(&s, TB_SIPA_LOADED_MODULE);
    sipa_put(&s, TB_SIPA_IMAGE_HASH, "0123", 4);
    sipa_close(&s, module);
    sipa_u32(&s, module + 12, 5); /* one byte more than its module has */
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 1, 1);
    sipa_close(&s, sipa_open(&s, TB_SIPA_LOADED_MODULE));
    sipa_close(&s, at);
    sipa_number(&s, TB_SIPA_WINPE, 0, 1);
    it = tb_sipa_begin(tb_slice(s.p, s.n));
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(tb_sipa_next(&it, &f), want[i].step);
        assert_int_equal(f.id, want[i].id);
        assert_int_equal(f.depth, want[i].depth);
        if (f.id == TB_SIPA_IMAGE_HASH)
            assert_int_equal(f.parent, TB_SIPA_LOADED_MODULE);
    }
    assert_int_equal(tb_sipa_next(&it, &f), TB_SIPA_END);
    assert_int_equal(tb_sipa_next(&it, &f), TB_SIPA_END);
}

static void frames_that_are_cut_anywhere_end(void **state)
{
    (void)state;
    windows_boot(&boot_manager, &os_loader); /* leaves nothing in s that is used here */
    s.n = 0;
    sipa_close(&s, sipa_open(&s, TB_SIPA_TRUST_BOUNDARY));
    nest(3);
    sipa_module(&s, "0123456789abcdef0123456789abcdef", "\\x");
    for (size_t n = 0; n <= s.n; n++) {
        struct tb_sipa it = tb_sipa_begin(tb_slice(s.p, n));
        struct tb_sipa_frame f;
        enum tb_sipa_step step;
        size_t steps = 0, bytes = 0;

        while ((step = tb_sipa_next(&it, &f)) != TB_SIPA_END) {
            assert_true(++steps <= n);
            bytes += (f.id & TB_SIPA_CONTAINER) != 0 && step == TB_SIPA_FRAME ? 8
                     : step == TB_SIPA_FRAME                                  ? 8 + f.data.left
                                                                              : f.data.left;
        }
        assert_int_equal(bytes, n); /* nothing is told twice, nothing is passed over */
    }
}

static void a_linux_host_is_not_windows_and_a_forged_log_on_it_helps_nothing(void **state)
{
    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_event(b, 12, TB_EV_EVENT_TAG, log_text("cmdline"), log_text("other"));
    log_event_data(b, 12, TB_EV_EVENT_TAG, tb_slice("\x2a\x58\xbc\xf5\2\0\0\0ab", 10));
    log_event_data(b, 13, TB_EV_IPL, log_text("text"));
    read_story();
    for (size_t i = 0; i < sizeof story.windows; i++)
        assert_int_equal(((const uint8_t *)&story.windows)[i], 0);
    assert_int_equal(story.parts >> TB_PART_WINDOWS & 1, 0);
    add_program(&boot_manager); /* root extends what he likes */
    add_program(&os_loader);
    add_separators();
    assert_nothing_good(read_story()); /* PCR 12 has something that is not explained */
}

static void l29_the_trust_point_is_never_a_fact(void **state)
{
    size_t at;

    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_POINT);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 1, 1);
    sipa_close(&s, at);
    log_no_action(b, 0xffffffff, tb_slice(s.p, s.n));
    log_no_action(b, 12, tb_slice(s.p, s.n));
    assert_int_equal(read_story()->test_signing, TB_UNTOLD);
    assert_false(story.windows.present);
}

/* Every byte of an event of PCR 12 set to something else without the PCR: never a better answer. */
static void no_byte_of_the_log_can_be_changed_to_a_better_answer(void **state)
{
    static const struct program bad = { .test_signing = 1, .bitlocker = 0x40, .n_modules = 1 };
    struct log_item *item;

    (void)state;
    windows_boot(&boot_manager, &bad);
    item = log_find(b, 12, TB_EV_EVENT_TAG, 1);
    for (size_t i = 0; i < item->data_len; i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)&item->data[i];

        *at ^= 1;
        assert_nothing_good(read_story());
        *at ^= 1;
    }
}

/* Facts that were read from the logs by hand. */
static const struct {
    const char *file;
    enum tb_bank bank;
    enum tb_tristate vbs; /* hypervisor and VSM launched: both or neither */
    uint64_t boot_count;
    uint32_t n_modules;
} real[] = {
    { "dell1-windows.bin", TB_BANK_SHA256, TB_NO, 0x3df8cf4d, 89 },
    { "thinkpad-p51-windows.bin", TB_BANK_SHA256, TB_YES, 0x9b, 91 },
    { "thinkpad-yogax1-windows.bin", TB_BANK_SHA256, TB_NO, 0xd6, 72 },
    { "supermicro-win2022.bin", TB_BANK_SHA256, TB_NO, 13, 73 },
    { "thinkpad-t480s-win10.bin", TB_BANK_SHA256, TB_NO, 0x47, 75 },
    { "gce-windows-shielded-sha1.bin", TB_BANK_SHA1, TB_NO, 4, 64 },
    { "hp-windows-optionrom-sha1.bin", TB_BANK_SHA1, TB_YES, 0, 109 },
};

static void real_windows_logs_tell_what_stands_in_them(void **state)
{
    const char *fixtures = getenv("TRUEBOOT_FIXTURES");

    (void)state;
    if (fixtures == NULL)
        fixtures = "../shared/fixtures";
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
        const struct tb_story_windows *w = &story.windows;
        char path[512];
        uint8_t *log;
        size_t len;

        snprintf(path, sizeof path, "%s/eventlogs/%s", fixtures, real[i].file);
        log = log_read_file(path, &len);
        if (log == NULL)
            skip();
        assert_true(tb_story_read(tb_slice(log, len), real[i].bank, NULL, h, &story));
        free(log);
        assert_true(w->present);
        assert_int_equal(w->code_integrity, TB_YES);
        assert_int_equal(w->test_signing, TB_NO);
        assert_int_equal(w->boot_debugging, TB_NO);
        assert_int_equal(w->os_debugging, TB_NO);
        assert_int_equal(w->bitlocker_unlock, TB_NO); /* 0, 4 (TPM), 1 (cached) */
        assert_int_equal(w->safe_mode, TB_NO);
        assert_int_equal(w->winpe, TB_NO);
        assert_int_equal(w->flight_signing, TB_NO);
        assert_int_equal(w->hypervisor, real[i].vbs);
        assert_int_equal(w->vbs, real[i].vbs);
        assert_int_equal(w->elam, TB_YES); /* "Windows Defender" */
        assert_true(w->boot_count_known);
        assert_int_equal(w->boot_count, real[i].boot_count);
        assert_int_equal(w->n_modules, real[i].n_modules);
        assert_int_equal(w->n_unproved, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_windows_boot_is_told),
        cmocka_unit_test(every_setting_tells_its_bad_answer),
        cmocka_unit_test(l36_no_fact_depends_on_the_type_of_an_event),
        cmocka_unit_test(l44_without_the_separator_of_each_pcr_there_is_no_windows),
        cmocka_unit_test(t36_what_stands_behind_the_separator_of_windows_does_not_count),
        cmocka_unit_test(l48_an_event_that_its_digest_does_not_cover_takes_the_good_answers),
        cmocka_unit_test(l04_a_pcr_that_does_not_match_tells_nothing),
        cmocka_unit_test(banks_that_disagree_cover_nothing),
        cmocka_unit_test(a_program_that_contradicts_itself_told_nothing),
        cmocka_unit_test(a_boot_counter_of_another_form_is_none),
        cmocka_unit_test(settings_and_modules_count_where_windows_puts_them),
        cmocka_unit_test(a_pcr_with_a_separator_and_no_event_is_not_windows),
        cmocka_unit_test(l64_a_command_line_does_not_pass_for_windows),
        cmocka_unit_test(l65_ids_of_windows_are_told_from_tags_of_others),
        cmocka_unit_test(a_hypervisor_that_two_programs_differ_about_is_unknown),
        cmocka_unit_test(keys_of_bitlocker_other_than_the_tpms_are_told),
        cmocka_unit_test(l37_frames_are_nested_eight_deep_at_most),
        cmocka_unit_test(l37_a_frame_too_deep_or_too_long_takes_only_the_good_answers),
        cmocka_unit_test(l37_a_fault_loses_only_the_frame_that_it_stands_in),
        cmocka_unit_test(frames_that_are_cut_anywhere_end),
        cmocka_unit_test(a_linux_host_is_not_windows_and_a_forged_log_on_it_helps_nothing),
        cmocka_unit_test(l29_the_trust_point_is_never_a_fact),
        cmocka_unit_test(no_byte_of_the_log_can_be_changed_to_a_better_answer),
        cmocka_unit_test(real_windows_logs_tell_what_stands_in_them),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
