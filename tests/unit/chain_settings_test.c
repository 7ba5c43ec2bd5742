/* Settings and boot sets of Trueboot's own boot chain: each case is a good boot with one thing
 * changed, and names the check that must find it. */
#include "tests/unit/chain_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

static void secure_boot_off(struct chain *c)
{
    c->secure_boot_off = true;
}

static void off_and_unverified(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_UNVERIFIED,
                                 .name = S("hello_2.1.tbp"),
                                 .code = S("package.payload") };

    chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void loader_saw_it_off(struct chain *c)
{
    chain_find(c, TB_RECORD_SECURE_BOOT, 0)->r.code = S("off");
}

static void loader_saw_it_on(struct chain *c)
{
    chain_find(c, TB_RECORD_SECURE_BOOT, 0)->r.code = S("on");
}

static void loader_saw_nothing(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_SECURE_BOOT, 0));
}

static void unknown_code(struct chain *c)
{
    off_and_unverified(c);
    chain_find(c, TB_RECORD_UNVERIFIED, 0)->r.code = S("no.such-code");
}

static void code_of_another_group(struct chain *c)
{
    off_and_unverified(c);
    chain_find(c, TB_RECORD_UNVERIFIED, 0)->r.code = S("log.no-action");
}

static void secure_boot_is_ignored(struct chain *c)
{
    c->policy.severity[TB_CHECK_SB_OFF] = TB_SEVERITY_INFORM;
    c->policy.severity[TB_CHECK_SB_AUTHORITY] = TB_SEVERITY_INFORM;
    c->secure_boot_off = true;
}

static void b01_b03_secure_boot_off_and_what_it_would_have_stopped(void **state)
{
    static const struct chain_change list[] = {
        { "off", "secureboot.off", secure_boot_off, NULL, NULL },
        { "off, and a payload changed", "secureboot.off", secure_boot_off, off_and_unverified,
          NULL },
        { "the payload alone", "package.payload", secure_boot_is_ignored, off_and_unverified,
          NULL },
        { "stopped under Secure Boot, it says", "package.payload", NULL, off_and_unverified, NULL },
        { "a code that nobody knows", "package.signature", NULL, unknown_code, NULL },
        { "a code that means nothing here", "package.signature", NULL, code_of_another_group,
          NULL },
        { "on, and the loader saw it off", "secureboot.value", NULL, loader_saw_it_off, NULL },
        { "off, and the loader saw it on", "secureboot.value", secure_boot_is_ignored,
          loader_saw_it_on, NULL },
        { "the loader did not look", "secureboot.value", NULL, loader_saw_nothing, NULL },
    };

    (void)state;
    RUN(list);
}

static void appended(struct chain *c)
{
    c->append = "quiet loglevel=7";
}

static void allow(struct chain *c, const char *rule)
{
    struct tb_option_rules *r = &c->policy.allow;

    snprintf(r->rule[r->n++], sizeof r->rule[0], "%s", rule);
}

static void appended_and_allowed(struct chain *c)
{
    c->append = "loglevel=7 debug";
    allow(c, "loglevel=*");
    allow(c, "debug");
}

static void long_command_line(struct chain *c)
{
    static char line[TB_PKG_OPTION_MAX + 1];

    snprintf(line, sizeof line, "console=ttyS0 x=%0*d", TB_PKG_OPTION_MAX - 16, 7);
    assert_int_equal(strlen(line), TB_PKG_OPTION_MAX);
    c->signed_options = line;
}

static void appended_and_half_allowed(struct chain *c)
{
    c->append = "loglevel=7 debug";
    allow(c, "loglevel=*");
}

static void forbidden_appended(struct chain *c)
{
    c->append = "rd.break";
}

static void forbidden_and_allowed(struct chain *c)
{
    c->append = "init=/bin/sh";
    allow(c, "init=/bin/sh");
}

static void hidden_behind_quotes(struct chain *c)
{
    c->append = "debug=\"a init=/bin/sh\"";
    allow(c, "debug=*");
}

static void hidden_behind_dashes(struct chain *c)
{
    c->append = "-- debug";
    allow(c, "debug");
}

static void another_set_appended(struct chain *c)
{
    c->append = "trueboot.set=b";
}

static void command_line_is_another(struct chain *c)
{
    chain_find(c, TB_RECORD_COMMAND_LINE, 0)->r.text = S("console=ttyS0 trueboot.set=a");
    c->kernel_options = "console=ttyS0 trueboot.set=a";
}

static void option_not_told(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_OPTION, 0));
}

static void option_is_another(struct chain *c)
{
    chain_find(c, TB_RECORD_OPTION, 0)->r.text = S("loglevel=7");
}

static void option_is_unknown(struct chain *c)
{
    chain_find(c, TB_RECORD_OPTION, 0)->r.name = S("appendix");
}

static void configuration_is_not_told(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_CONFIGURATION, 0));
}

static void configuration_is_absent(struct chain *c)
{
    c->no_configuration = true;
}

static void command_line_is_not_told(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_COMMAND_LINE, 0));
}

static void kernel_got_another(struct chain *c)
{
    c->kernel_options = "console=ttyS0 quiet trueboot.set=a debug";
}

static void kernel_got_none(struct chain *c)
{
    c->kernel_options = "";
}

/* Root adds what GRUB would have measured. */
static void another_line_in_pcr_8(struct chain *c)
{
    struct chain_event *e = chain_add(c, 8, &(struct tb_record){ 0 });

    e->instead = S("kernel_cmdline: /vmlinuz debug");
    e->hashed = S("/vmlinuz debug");
}

static void b06_an_option_that_is_not_signed_is_quoted(void **state)
{
    static const struct chain_change list[] = {
        { "added", "settings.unsigned-option", appended, NULL, NULL },
        { "added and allowed", "", appended_and_allowed, NULL, NULL },
        { "as long as a signed one may be", "", long_command_line, NULL, NULL },
        { "one of two allowed", "settings.unsigned-option", appended_and_half_allowed, NULL, NULL },
        { "forbidden", "settings.cmdline", forbidden_appended, NULL, NULL },
        { "forbidden, and allowed by name", "", forbidden_and_allowed, NULL, NULL },
        { "hidden behind quotes", "settings.cmdline", hidden_behind_quotes, NULL, NULL },
        { "behind two dashes", "settings.unsigned-option", hidden_behind_dashes, NULL, NULL },
        { "another set", "settings.unsigned-option", another_set_appended, NULL, NULL },
        { "a line that does not follow", "settings.unsigned-option", NULL, command_line_is_another,
          NULL },
        { "an option not told", "settings.unsigned-option", appended_and_allowed, option_not_told,
          NULL },
        { "an option told otherwise", "settings.unsigned-option", appended_and_allowed,
          option_is_another, NULL },
        { "an option that nobody knows", "settings.unsigned-option", appended_and_allowed,
          option_is_unknown, NULL },
        { "no configuration", "", configuration_is_absent, NULL, NULL },
        { "a configuration not told, with options", "settings.unsigned-option",
          appended_and_allowed, configuration_is_not_told, NULL },
        { "no command line told", "settings.cmdline", NULL, command_line_is_not_told, NULL },
        { "the kernel got another", "settings.cmdline", NULL, kernel_got_another, NULL },
        { "another line in PCR 8", "settings.cmdline", NULL, another_line_in_pcr_8, NULL },
        { "the kernel told of none", "settings.cmdline", NULL, kernel_got_none, NULL },
    };
    const struct chain_change quoted = { "quoted", "settings.unsigned-option", appended, NULL,
                                         NULL };
    struct chain *c;

    (void)state;
    RUN(list);
    c = chain_changed(&quoted);
    assert_string_equal(chain_reason(c, TB_CHECK_UNSIGNED_OPTION)->observed, "quiet");
    chain_free(c);
}

/* ---- sets ---- */

static void set_b(struct chain *c)
{
    c->start = c->set = 'b';
}

static void set_b_unasked(struct chain *c)
{
    c->set = 'b';
}

/* In front of everything else of its PCR. */
static void put_first(struct chain *c, const struct chain_event *e)
{
    memmove(&c->event[1], &c->event[0], c->n * sizeof *e);
    c->event[0] = *e;
    c->n++;
}

static void fallback(struct chain *c)
{
    const struct chain_event e = {
        .pcr = 14,
        .r = { .kind = TB_RECORD_FALLBACK, .set = 'a', .to = 'b', .code = S("package.payload") }
    };

    put_first(c, &e);
}

/* Set a was begun, and its kernel found changed. */
static void fallback_from_a_bad_set(struct chain *c)
{
    struct chain_event e = { .pcr = 12,
                             .r = { .kind = TB_RECORD_MODULE,
                                    .payload_kind = TB_PAYLOAD_KERNEL,
                                    .name = S("base"),
                                    .version = S("2.1"),
                                    .file = S("vmlinuz"),
                                    .size = 9 } };

    put_first(c, &e);
    e.r = chain_find(c, TB_RECORD_PACKAGE, 0)->r;
    e.r.security_version = 1;
    put_first(c, &e);
    e.r = (struct tb_record){ .kind = TB_RECORD_SET, .set = 'a' };
    put_first(c, &e);
    e.pcr = 13;
    put_first(c, &e);
    fallback(c);
    e.pcr = 14;
    put_first(c, &e);
}

static void fallback_to_the_same(struct chain *c)
{
    fallback(c);
    c->event[0].r.set = 'b';
    c->event[0].r.to = 'a';
}

static void a_fallback_is_told_and_the_set_that_runs_is_judged(void **state)
{
    static const struct chain_change list[] = {
        { "set b", "", set_b, NULL, NULL },
        { "set b, and nobody asked for it", "settings.fallback", set_b_unasked, NULL, NULL },
        { "fallback", "settings.fallback", set_b_unasked, fallback, NULL },
        { "from a set that was begun", "settings.fallback", set_b_unasked, fallback_from_a_bad_set,
          NULL },
        { "to the set that it was to be", "settings.fallback", NULL, fallback_to_the_same, NULL },
    };
    const struct chain_change told = { "told", "settings.fallback", set_b_unasked, fallback, NULL };
    struct chain *c;

    (void)state;
    RUN(list);
    c = chain_changed(&told);
    assert_true(c->boot.chain.fell_back);
    assert_string_equal(c->boot.chain.fallback_code, "package.payload");
    assert_int_equal(c->boot.chain.set, 'b');
    assert_non_null(strstr(chain_reason(c, TB_CHECK_FALLBACK)->observed, "package.payload"));
    chain_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b01_b03_secure_boot_off_and_what_it_would_have_stopped),
        cmocka_unit_test(b06_an_option_that_is_not_signed_is_quoted),
        cmocka_unit_test(a_fallback_is_told_and_the_set_that_runs_is_judged),
    };

    return cmocka_run_group_tests(tests, chain_vendors_make, chain_vendors_free);
}
