/* tests/unit/story_esxi_test.c - the measurements of ESXi's boot loader, built as it is published;
 * the corpus has no log of an ESXi host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/story.h"
#include "tests/unit/log_builder.h"

static struct log_builder *b;
static struct tb_hasher *h;
static struct tb_story story;
static struct tb_pcr_states states;

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

/* An event with the tag `id` of these data; its digest is of `hashed`. stray: bytes behind it. */
static struct log_item *add(uint32_t pcr, uint32_t id, const char *data, size_t len,
                            const char *hashed, size_t stray)
{
    uint8_t event[512] = { (uint8_t)id, 0, 0, 0, (uint8_t)len, (uint8_t)(len >> 8) };

    memcpy(event + 8, data, len);
    return log_event(b, pcr, TB_EV_EVENT_TAG, log_text(hashed), tb_slice(event, 8 + len + stray));
}

static struct log_item *add_module(uint32_t pcr, uint32_t id, const char *name, const char *content)
{
    return add(pcr, id, name, strlen(name) + 1, content, 0);
}

static struct log_item *add_covered(uint32_t pcr, uint32_t id, const char *text)
{
    return add(pcr, id, text, strlen(text), text, 0);
}

static const char cmdline[] = "/b.b00 jumpstrt.gz installerDiskDumpSlotSize=2560 bootUUID=5ff1";

static void esxi_boot(void)
{
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    add_module(12, 2, "b.b00", "the kernel");
    add_module(12, 2, "k.b00", "the other kernel");
    add_module(14, 3, "jumpstrt.gz", "");
    add_module(13, 2, "vmx.v00", "a module");
    add_module(11, 2, "esxupdt.v00", "the updater");
    add_covered(14, 7, "a certificate");
    add_covered(14, 4, cmdline);
    add_covered(14, 6, "asset 4711");
    add_covered(13, 8, "a version record");
}

static const struct tb_story_esxi *read_story(void)
{
    log_finish(b);
    memset(&states, TB_PCR_NOT_QUOTED, sizeof states);
    memset(states.state[TB_BANK_SHA256], TB_PCR_MATCH, sizeof states.state[TB_BANK_SHA256]);
    assert_true(tb_story_read(log_slice(b), TB_BANK_SHA256, &states, h, &story));
    return &story.esxi;
}

static void assert_no_esxi(const struct tb_story_esxi *x)
{
    for (size_t i = 0; i < sizeof *x; i++)
        assert_int_equal(((const uint8_t *)x)[i], 0);
    assert_int_equal(story.parts >> TB_PART_ESXI & 1, 0);
}

static void a_whole_esxi_boot_is_told(void **state)
{
    static const char *const names[] = { "b.b00", "k.b00", "jumpstrt.gz", "vmx.v00",
                                         "esxupdt.v00" };
    const struct tb_story_esxi *x;

    (void)state;
    esxi_boot();
    x = read_story();
    assert_true(x->present);
    assert_true((story.parts >> TB_PART_ESXI & 1) != 0);
    assert_string_equal(x->cmdline, cmdline);
    assert_int_equal(x->n_signers, 1);
    assert_int_equal(x->n_malformed, 0);
    assert_int_equal(x->n_modules, 5);
    assert_int_equal(x->n_modules_lost, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(x->module[i].name, names[i]);
        assert_int_equal(x->module[i].id, i == 2 ? 3 : 2);
        if (i < 2)
            assert_memory_equal(x->module[i].digest,
                                log_find(b, 12, TB_EV_EVENT_TAG, i)->digest[TB_BANK_SHA256], 32);
    }
    assert_null(strstr(story.cmdline.text, "jumpstrt")); /* not the Linux kernel's */
}

static void l48_a_name_is_nothing_that_the_digest_binds(void **state)
{
    struct log_item *item;
    uint8_t was[TB_DIGEST_MAX];

    (void)state;
    esxi_boot();
    read_story();
    memcpy(was, story.esxi.module[0].digest, sizeof was);
    item = log_find(b, 12, TB_EV_EVENT_TAG, 0);
    log_set_data(b, item, tb_slice("\2\0\0\0\5\0\0\0evil", 13));
    read_story();
    assert_string_equal(story.esxi.module[0].name, "evil");            /* shown, */
    assert_memory_equal(story.esxi.module[0].digest, was, sizeof was); /* and the same module */
}

static void t44_a_name_does_not_act_on_who_reads_it(void **state)
{
    static const char hostile[] = "\33[2J=cmd|' /C calc'!A0\r\n<script>\xe2\x80\xae";

    (void)state;
    esxi_boot();
    add_module(12, 2, hostile, "content");
    read_story();
    for (const char *c = story.esxi.module[5].name; *c != '\0'; c++)
        assert_true(*c >= ' ' && *c <= '~');
    assert_int_equal(story.esxi.n_modules, 6);
}

static void every_measured_thing_is_listed_whatever_the_log_calls_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const struct tb_story_esxi *x;
        struct log_item *item;

        esxi_boot();
        item = &b->item[b->n - 9 + i];
        item->type = TB_EV_SEPARATOR;
        assert_int_equal(read_story()->n_modules, 5);
        log_set_data(b, item, log_text("nothing to see"));
        x = read_story();
        assert_int_equal(x->n_modules, 5);
        assert_memory_equal(x->module[i].digest, item->digest[TB_BANK_SHA256], 32);
        assert_int_equal(x->module[i].id, 0);
        assert_string_equal(x->module[i].name, "");
    }
}

static void the_size_is_obeyed_and_one_stray_byte_tolerated(void **state)
{
    (void)state;
    for (size_t stray = 0; stray < 4; stray++) {
        esxi_boot();
        add(13, 2, "x.v00", 6, "x", stray);
        read_story();
        assert_int_equal(story.esxi.n_modules, 6);
        assert_string_equal(story.esxi.module[5].name, stray <= 1 ? "x.v00" : "");
        assert_int_equal(story.esxi.n_malformed, stray > 1);
    }
    /* a size beyond the event, of any kind */
    esxi_boot();
    log_event_data(b, 13, TB_EV_EVENT_TAG, tb_slice("\2\0\0\0\7\0\0\0x.v00", 14));
    log_event_data(b, 13, TB_EV_EVENT_TAG, tb_slice("\2\0\0\0\xff\xff\xff\xffx.v00", 14));
    log_event_data(b, 13, TB_EV_EVENT_TAG, tb_slice("\4\0\0\0\0\0", 6));
    log_event_data(b, 13, TB_EV_EVENT_TAG, tb_slice("\4\0", 2));
    assert_int_equal(read_story()->n_malformed, 3); /* the last has no id */
    assert_int_equal(story.esxi.n_modules, 9);
    esxi_boot();
    add_covered(14, 5, "an id that there is not");
    assert_int_equal(read_story()->n_malformed, 0);
    assert_int_equal(story.esxi.n_modules, 6); /* as measured, not in the form of a module */
}

static void a_module_needs_a_name_with_its_nul(void **state)
{
    (void)state;
    esxi_boot();
    add(13, 2, "x.v00", 5, "x", 0); /* no NUL */
    add(13, 2, "", 1, "x", 0);      /* nothing but it */
    add(13, 2, "a\0b", 4, "x", 0);  /* two */
    assert_int_equal(read_story()->n_malformed, 3);
    assert_int_equal(story.esxi.n_modules, 8);
}

static void without_a_proved_command_line_there_is_no_esxi(void **state)
{
    struct log_item *item;

    (void)state;
    esxi_boot();
    item = log_find(b, 14, TB_EV_EVENT_TAG, 2);
    log_rehash(b, item, log_text("another command line"));
    assert_no_esxi(read_story());
    esxi_boot();
    log_find(b, 14, TB_EV_EVENT_TAG, 2)->pcr = 13; /* in another PCR */
    assert_no_esxi(read_story());
    esxi_boot();
    read_story();
    states.state[TB_BANK_SHA256][14] = TB_PCR_MISMATCH;
    assert_true(tb_story_read(log_slice(b), TB_BANK_SHA256, &states, h, &story));
    assert_no_esxi(&story.esxi);
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    add_covered(14, 4, cmdline); /* nor without a module in PCR 12 */
    add_module(13, 2, "vmx.v00", "a module");
    assert_no_esxi(read_story());
}

static void two_command_lines_and_one_too_long_are_no_claim(void **state)
{
    static char longer[TB_ESXI_CMDLINE_MAX + 1];
    static uint8_t event[sizeof longer + 8] = {
        4, 0, 0, 0, (TB_ESXI_CMDLINE_MAX)&0xff, TB_ESXI_CMDLINE_MAX >> 8
    };

    (void)state;
    esxi_boot();
    add_covered(14, 4, "another");
    assert_true(read_story()->present);
    assert_string_equal(story.esxi.cmdline, "");
    esxi_boot();
    log_remove(b, log_find(b, 14, TB_EV_EVENT_TAG, 2));
    memset(longer, 'x', TB_ESXI_CMDLINE_MAX);
    memset(event + 8, 'x', TB_ESXI_CMDLINE_MAX);
    log_event(b, 14, TB_EV_EVENT_TAG, log_text(longer), tb_slice(event, 8 + TB_ESXI_CMDLINE_MAX));
    assert_true(read_story()->present);
    assert_string_equal(story.esxi.cmdline, "");
}

static void l64_a_command_line_dressed_as_esxis_is_still_one_that_is_hidden(void **state)
{
    static const char text[] = "i\0n\0i\0t\0=\0/\0b\0i\0n\0/\0s\0h\0\0\0";
    struct tb_reader utf16 = tb_slice(text, sizeof text - 1);
    uint8_t event[8 + sizeof text] = { 6, 0, 0, 0, sizeof text - 1 };

    (void)state;
    memcpy(event + 8, text, sizeof text);
    for (int i = 0; i < 3; i++) {
        log_begin(b, LOG_BANK(TB_BANK_SHA256));
        log_event(b, 12, TB_EV_EVENT_TAG, utf16,
                  i == 0   ? utf16
                  : i == 1 ? tb_slice(event, 8 + sizeof text - 1) /* asset tag */
                           : tb_slice("\2\0\0\0\6\0\0\0b.b00", 14));
        read_story();
        assert_int_equal(story.cmdline.state, i == 0 ? TB_CMDLINE_PROVED : TB_CMDLINE_UNPROVED);
    }
}

static void more_modules_than_are_kept_are_counted(void **state)
{
    static const uint8_t digest[32], name[] = "\2\0\0\0\2\0\0\0m";
    struct tb_story_scan scan = { .bank = TB_BANK_SHA256, .h = h, .out = &story };
    struct tb_event e = { .pcr = 12,
                          .type = TB_EV_EVENT_TAG,
                          .banks = LOG_BANK(TB_BANK_SHA256),
                          .data = tb_slice(name, sizeof name) };

    (void)state;
    e.digest[TB_BANK_SHA256] = tb_slice(digest, sizeof digest);
    memset(&story, 0, sizeof story);
    for (unsigned i = 0; i < TB_ESXI_MODULES_MAX + 3; i++)
        tb_story_esxi_event(&scan, &e);
    assert_int_equal(story.esxi.n_modules, TB_ESXI_MODULES_MAX);
    assert_int_equal(story.esxi.n_modules_lost, 3);
}

static void a_linux_or_windows_boot_is_not_esxi(void **state)
{
    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_event(b, 12, TB_EV_EVENT_TAG, log_text("a"), tb_slice("\x2a\x58\xbc\xf5\1\0\0\0a", 9));
    log_event_data(b, 11, TB_EV_IPL, log_text(".linux"));
    log_event_data(b, 12, TB_EV_EVENT_TAG, tb_slice("\1\0\1\x40\0\0\0\0", 8));
    log_event_data(b, 12, TB_EV_SEPARATOR, log_text("WBCL"));
    assert_no_esxi(read_story());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_esxi_boot_is_told),
        cmocka_unit_test(l48_a_name_is_nothing_that_the_digest_binds),
        cmocka_unit_test(t44_a_name_does_not_act_on_who_reads_it),
        cmocka_unit_test(every_measured_thing_is_listed_whatever_the_log_calls_it),
        cmocka_unit_test(the_size_is_obeyed_and_one_stray_byte_tolerated),
        cmocka_unit_test(a_module_needs_a_name_with_its_nul),
        cmocka_unit_test(without_a_proved_command_line_there_is_no_esxi),
        cmocka_unit_test(two_command_lines_and_one_too_long_are_no_claim),
        cmocka_unit_test(l64_a_command_line_dressed_as_esxis_is_still_one_that_is_hidden),
        cmocka_unit_test(more_modules_than_are_kept_are_counted),
        cmocka_unit_test(a_linux_or_windows_boot_is_not_esxi),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
