/* Records, settings and completion of Trueboot's own boot chain: each case is a good boot with one
 * thing changed, and names the check that must find it. */
#include "tests/unit/chain_world.h"

#include <stdlib.h>
#include <string.h>

#define S(text) tb_slice(text, strlen(text))

/* Each function may be NULL. */
struct change {
    const char *what;
    const char *code; /* of the headline; "": none */
    enum tb_verdict verdict;
    void (*installed)(struct chain *c);
    void (*measured)(struct chain *c);
    void (*sent)(struct chain *c);
};

static struct chain *run_one(const struct change *ch)
{
    struct chain *c = chain_new();

    print_message("%s\n", ch->what);
    if (ch->installed != NULL)
        ch->installed(c);
    chain_records(c);
    if (ch->measured != NULL)
        ch->measured(c);
    chain_finish(c);
    if (ch->sent != NULL)
        ch->sent(c);
    chain_appraise(c);
    chain_expect(c, ch->verdict, ch->code);
    return c;
}

static void run_all(const struct change *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        chain_free(run_one(&list[i]));
}
#define RUN(list) run_all(list, sizeof list / sizeof list[0])
#define FAILED TB_VERDICT_FAILED

/* ---- PCR 12 to 14: records, and nothing else ---- */

/* What root on the running host can do: extend behind the end. */
static void after_the_end(struct chain *c, uint32_t pcr, enum tb_record_kind kind, size_t nth)
{
    chain_add(c, pcr, &chain_find(c, kind, nth)->r);
}

static void package_after_the_end(struct chain *c)
{
    after_the_end(c, 13, TB_RECORD_PACKAGE, 2);
}

static void set_after_the_end(struct chain *c)
{
    after_the_end(c, 12, TB_RECORD_SET, 0);
}

static void command_line_after_the_end(struct chain *c)
{
    after_the_end(c, 14, TB_RECORD_COMMAND_LINE, 0);
}

static void end_after_the_end(struct chain *c)
{
    after_the_end(c, 13, TB_RECORD_END, 0);
}

static void garbage_after_the_end(struct chain *c)
{
    chain_add(c, 12, &(struct tb_record){ 0 })->instead = S("anything at all");
}

static void garbage_before_the_end(struct chain *c)
{
    struct chain_event *e = chain_add(c, 13, &(struct tb_record){ 0 });

    e->instead = S("anything at all");
    chain_swap(e, chain_find(c, TB_RECORD_END, 1));
}

static void other_text_under_a_digest(struct chain *c)
{
    chain_find(c, TB_RECORD_ASSET_TAG, 0)->hashed = S("asset-tag of another machine");
}

static void record_in_another_pcr(struct chain *c)
{
    chain_find(c, TB_RECORD_ASSET_TAG, 0)->pcr = 13;
}

static void base_among_the_others(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 0)->pcr = 13;
}

static void other_in_the_place_of_the_base(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->pcr = 12;
}

static void twice(struct chain *c)
{
    const struct tb_record r = chain_find(c, TB_RECORD_SECURE_BOOT, 0)->r;

    chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void user_record_of_the_loader(struct chain *c)
{
    const struct tb_record r = chain_find(c, TB_RECORD_VERDICT, 0)->r;

    chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void another_end(struct chain *c)
{
    chain_find(c, TB_RECORD_END, 1)->r.set = 'b';
}

static void another_begin(struct chain *c)
{
    chain_find(c, TB_RECORD_SET, 2)->r.set = 'b';
}

static void no_begin(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_SET, 1));
}

static void too_many(struct chain *c)
{
    struct chain_event *e;
    char tag[TB_RECORD_LEN_MAX];
    size_t len;

    (void)tag;
    (void)len;
    for (size_t i = 0; i < CHAIN_EVENTS_MAX - 40; i++) {
        e = chain_add(
            c, 14,
            &(struct tb_record){ .kind = TB_RECORD_OPTION, .name = S("quiet"), .text = S("yes") });
        chain_swap(e, chain_find(c, TB_RECORD_END, 2));
    }
}

static void b09_nothing_but_records_in_their_places_is_explained(void **state)
{
    static const struct change list[] = {
        { "a package behind the end", "log.unexplained", FAILED, NULL, package_after_the_end,
          NULL },
        { "a set behind the end", "log.unexplained", FAILED, NULL, set_after_the_end, NULL },
        { "a command line behind the end", "log.unexplained", FAILED, NULL,
          command_line_after_the_end, NULL },
        { "an end behind the end", "log.unexplained", FAILED, NULL, end_after_the_end, NULL },
        { "garbage behind the end", "log.unexplained", FAILED, NULL, garbage_after_the_end, NULL },
        { "garbage before the end", "log.unexplained", FAILED, NULL, garbage_before_the_end, NULL },
        { "a digest of something else", "log.unexplained", FAILED, NULL, other_text_under_a_digest,
          NULL },
        { "a record in another PCR", "log.unexplained", FAILED, NULL, record_in_another_pcr, NULL },
        { "a base in PCR 13", "log.unexplained", FAILED, NULL, base_among_the_others, NULL },
        { "another package in PCR 12", "log.unexplained", FAILED, NULL,
          other_in_the_place_of_the_base, NULL },
        { "a record twice", "log.unexplained", FAILED, NULL, twice, NULL },
        { "user space's in PCR 14", "log.unexplained", FAILED, NULL, user_record_of_the_loader,
          NULL },
        { "an end of the other set", "log.unexplained", FAILED, NULL, another_end, NULL },
        { "a begin of the other set", "log.unexplained", FAILED, NULL, another_begin, NULL },
        { "no begin", "log.unexplained", FAILED, NULL, no_begin, NULL },
        { "options that boot.conf does not have", "settings.unsigned-option", FAILED, NULL,
          too_many, NULL },
    };

    (void)state;
    RUN(list);
}

/* ---- B-10, B-11 ---- */

static size_t find_in_log(struct chain *c, const char *text)
{
    const uint8_t *p = memmem(c->log->bytes, c->log->len, text, strlen(text));

    assert_non_null(p);
    return (size_t)(p - c->log->bytes);
}

static void text_edited(struct chain *c)
{
    c->log->bytes[find_in_log(c, "rack 7") + 5] = '8';
}

static void tag_edited(struct chain *c)
{
    c->log->bytes[find_in_log(c, "asset-tag") - 8] ^= 0x40;
}

static void log_cut(struct chain *c)
{
    const struct log_item *item = log_find(c->log, 14, TB_EV_EVENT_TAG, 3);

    c->in.log.left = item->offset;
}

static void user_log_edited(struct chain *c)
{
    uint8_t *p = memmem(c->cel, c->cel_len, "verdict pass 3", 14);

    assert_non_null(p);
    p[13] = '2';
}

static void user_log_left_out(struct chain *c)
{
    c->in.user_log.left = 0;
}

static void user_log_cut(struct chain *c)
{
    c->in.user_log.left -= 7;
}

static void pcr_extended(struct chain *c, uint32_t pcr)
{
    static const uint8_t digest[TB_DIGEST_MAX] = { 7 };

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        assert_true(tb_pcr_extend(c->h, (enum tb_bank)b, c->quoted.value[b][pcr],
                                  tb_slice(digest, tb_bank_digest_len((enum tb_bank)b))));
}

static void pcr_11_extended(struct chain *c)
{
    pcr_extended(c, 11);
}

static void pcr_13_extended(struct chain *c)
{
    pcr_extended(c, 13);
}

static void pcr_14_not_quoted(struct chain *c)
{
    c->quoted.mask[TB_BANK_SHA256] &= ~(1u << 14);
}

static void pcr_11_not_quoted(struct chain *c)
{
    c->quoted.mask[TB_BANK_SHA512] &= ~(1u << 11);
}

static void b10_logs_that_were_edited_are_refused(void **state)
{
    static const struct change list[] = {
        { "a record's text", "log.unexplained", FAILED, NULL, NULL, text_edited },
        { "a record's tag", "log.unexplained", FAILED, NULL, NULL, tag_edited },
        { "the log's end", "log.lost", FAILED, NULL, NULL, log_cut },
        { "the user log", "log.format", FAILED, NULL, NULL, user_log_edited },
        { "the user log's end", "log.format", FAILED, NULL, NULL, user_log_cut },
        { "no user log", "boot.verifier", FAILED, NULL, NULL, user_log_left_out },
        { "PCR 11 behind the log", "boot.verifier", FAILED, NULL, NULL, pcr_11_extended },
        { "PCR 13 behind the log", "log.replay", FAILED, NULL, NULL, pcr_13_extended },
        { "PCR 14 not quoted", "pcr.selection", FAILED, NULL, NULL, pcr_14_not_quoted },
        { "PCR 11 not quoted in one bank", "pcr.selection", FAILED, NULL, NULL, pcr_11_not_quoted },
    };

    (void)state;
    RUN(list);
}

static void lost(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_LOST };

    chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void no_end(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_END, 2));
}

static void no_end_in_12(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_END, 0));
}

static void lost_and_unproved(struct chain *c)
{
    pcr_extended(c, 14);
}

static void b11_a_full_log_is_told_and_never_trusted(void **state)
{
    static const struct change list[] = {
        { "events were lost", "log.lost", FAILED, NULL, lost, NULL },
        { "and PCR 14 has more", "log.lost", FAILED, NULL, lost, lost_and_unproved },
        { "no end in PCR 14", "log.lost", FAILED, NULL, no_end, NULL },
        { "no end in PCR 12", "log.lost", FAILED, NULL, no_end_in_12, NULL },
    };

    (void)state;
    RUN(list);
}

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
    static const struct change list[] = {
        { "off", "secureboot.off", FAILED, secure_boot_off, NULL, NULL },
        { "off, and a payload changed", "secureboot.off", FAILED, secure_boot_off,
          off_and_unverified, NULL },
        { "the payload alone", "package.payload", FAILED, secure_boot_is_ignored,
          off_and_unverified, NULL },
        { "stopped under Secure Boot, it says", "package.payload", FAILED, NULL, off_and_unverified,
          NULL },
        { "a code that nobody knows", "package.signature", FAILED, NULL, unknown_code, NULL },
        { "a code that means nothing here", "package.signature", FAILED, NULL,
          code_of_another_group, NULL },
        { "on, and the loader saw it off", "secureboot.value", FAILED, NULL, loader_saw_it_off,
          NULL },
        { "off, and the loader saw it on", "secureboot.value", FAILED, secure_boot_is_ignored,
          loader_saw_it_on, NULL },
        { "the loader did not look", "secureboot.value", FAILED, NULL, loader_saw_nothing, NULL },
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

static void b06_an_option_that_is_not_signed_is_quoted(void **state)
{
    static const struct change list[] = {
        { "added", "settings.unsigned-option", FAILED, appended, NULL, NULL },
        { "added and allowed", "", TB_VERDICT_TRUSTED, appended_and_allowed, NULL, NULL },
        { "one of two allowed", "settings.unsigned-option", FAILED, appended_and_half_allowed, NULL,
          NULL },
        { "forbidden", "settings.cmdline", FAILED, forbidden_appended, NULL, NULL },
        { "forbidden, and allowed by name", "", TB_VERDICT_TRUSTED, forbidden_and_allowed, NULL,
          NULL },
        { "hidden behind quotes", "settings.cmdline", FAILED, hidden_behind_quotes, NULL, NULL },
        { "behind two dashes", "settings.unsigned-option", FAILED, hidden_behind_dashes, NULL,
          NULL },
        { "another set", "settings.unsigned-option", FAILED, another_set_appended, NULL, NULL },
        { "a line that does not follow", "settings.unsigned-option", FAILED, NULL,
          command_line_is_another, NULL },
        { "an option not told", "settings.unsigned-option", FAILED, appended_and_allowed,
          option_not_told, NULL },
        { "an option told otherwise", "settings.unsigned-option", FAILED, appended_and_allowed,
          option_is_another, NULL },
        { "an option that nobody knows", "settings.unsigned-option", FAILED, appended_and_allowed,
          option_is_unknown, NULL },
        { "no configuration", "", TB_VERDICT_TRUSTED, configuration_is_absent, NULL, NULL },
        { "a configuration not told, with options", "settings.unsigned-option", FAILED,
          appended_and_allowed, configuration_is_not_told, NULL },
        { "no command line told", "settings.cmdline", FAILED, NULL, command_line_is_not_told,
          NULL },
        { "the kernel got another", "settings.cmdline", FAILED, NULL, kernel_got_another, NULL },
        { "the kernel told of none", "settings.cmdline", FAILED, NULL, kernel_got_none, NULL },
    };
    const struct change quoted = { "quoted", "settings.unsigned-option", FAILED, appended, NULL,
                                   NULL };
    struct chain *c;

    (void)state;
    RUN(list);
    c = run_one(&quoted);
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
    static const struct change list[] = {
        { "set b", "", TB_VERDICT_TRUSTED, set_b, NULL, NULL },
        { "set b, and nobody asked for it", "settings.fallback", TB_VERDICT_CHANGED, set_b_unasked,
          NULL, NULL },
        { "fallback", "settings.fallback", TB_VERDICT_CHANGED, set_b_unasked, fallback, NULL },
        { "from a set that was begun", "settings.fallback", TB_VERDICT_CHANGED, set_b_unasked,
          fallback_from_a_bad_set, NULL },
        { "to the set that it was to be", "settings.fallback", TB_VERDICT_CHANGED, NULL,
          fallback_to_the_same, NULL },
    };
    const struct change told = {
        "told", "settings.fallback", TB_VERDICT_CHANGED, set_b_unasked, fallback, NULL
    };
    struct chain *c;

    (void)state;
    RUN(list);
    c = run_one(&told);
    assert_true(c->boot.chain.fell_back);
    assert_string_equal(c->boot.chain.fallback_code, "package.payload");
    assert_int_equal(c->boot.chain.set, 'b');
    assert_non_null(strstr(chain_reason(c, TB_CHECK_FALLBACK)->observed, "package.payload"));
    chain_free(c);
}

/* ---- PCR 11 ---- */

static void verdict_fails(struct chain *c)
{
    struct tb_record *r = &chain_find(c, TB_RECORD_VERDICT, 0)->r;

    r->code = S("fail");
    r->faults = 1;
}

/* What root can do behind a verdict that he does not like. */
static void verdict_fails_and_another_passes(struct chain *c)
{
    const struct tb_record good = chain_find(c, TB_RECORD_VERDICT, 0)->r;

    verdict_fails(c);
    chain_swap(chain_add(c, 11, &good), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void verdict_fails_and_all_again(struct chain *c)
{
    const size_t n = c->n;

    verdict_fails(c);
    chain_remove(c, chain_find(c, TB_RECORD_COMPLETE, 0));
    for (size_t i = 0; i < n - 1; i++)
        if (c->event[i].r.kind == TB_RECORD_CHECKED)
            chain_add(c, 11, &c->event[i].r);
    chain_add(c, 11,
              &(struct tb_record){ .kind = TB_RECORD_VERDICT, .code = S("pass"), .size = 3 });
    chain_add(c, 11, &(struct tb_record){ .kind = TB_RECORD_COMPLETE });
}

static void no_verdict(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_VERDICT, 0));
    chain_remove(c, chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void verdict_missing_before_the_end(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_VERDICT, 0));
}

static void verdict_on_fewer(struct chain *c)
{
    chain_find(c, TB_RECORD_VERDICT, 0)->r.size = 2;
}

static void one_not_checked(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_CHECKED, 2));
    chain_find(c, TB_RECORD_VERDICT, 0)->r.size = 2;
}

static void checked_is_another(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.sha512[0] ^= 1;
}

static void checked_version_is_another(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.security_version++;
}

static void checked_twice(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r = chain_find(c, TB_RECORD_CHECKED, 1)->r;
}

static void checked_and_failed(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.code = S("package.payload");
}

static void checked_with_an_unknown_code(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.code = S("no.such-code");
}

static void checked_behind_the_verdict(struct chain *c)
{
    struct chain_event *checked = chain_find(c, TB_RECORD_CHECKED, 2);

    chain_swap(checked, chain_find(c, TB_RECORD_VERDICT, 0));
}

static void unclaimed(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_UNCLAIMED, .text = S("/trueboot/a/x.txt") };
    struct chain_event *complete = chain_find(c, TB_RECORD_COMPLETE, 0), *last;

    last = chain_add(c, 11, &r);
    chain_swap(last, complete);
    chain_swap(complete, chain_find(c, TB_RECORD_VERDICT, 0));
}

static void unclaimed_behind_the_verdict(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_UNCLAIMED, .text = S("/trueboot/a/x.txt") };

    chain_swap(chain_add(c, 11, &r), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void rescue(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_RESCUE };

    chain_swap(chain_add(c, 11, &r), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void rescue_behind_the_end(struct chain *c)
{
    chain_add(c, 11, &(struct tb_record){ .kind = TB_RECORD_RESCUE });
}

static void not_complete(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void of_the_firmware_log(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++)
        c->event[i].in_firmware_log = true;
}

static void garbage_of_the_firmware_log(struct chain *c)
{
    struct chain_event *e = chain_add(c, 11, &(struct tb_record){ 0 });

    e->instead = S(".cmdline");
    e->in_firmware_log = true;
}

static void other_text_in_the_user_log(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 1)->hashed = S("checked otherwise");
}

static void loader_record_in_the_user_log(struct chain *c)
{
    chain_find(c, TB_RECORD_COMPLETE, 0)->r =
        (struct tb_record){ .kind = TB_RECORD_ASSET_TAG, .text = S("x") };
}

static void b04_b05_the_secure_boot_verifiers_verdict_stands(void **state)
{
    static const struct change list[] = {
        { "fails", "boot.verifier", FAILED, NULL, verdict_fails, NULL },
        { "fails, and a second one passes", "boot.verifier", FAILED, NULL,
          verdict_fails_and_another_passes, NULL },
        { "fails, and everything passes again", "boot.verifier", FAILED, NULL,
          verdict_fails_and_all_again, NULL },
        { "none", "boot.verifier", FAILED, NULL, no_verdict, NULL },
        { "none, and an end", "boot.verifier", FAILED, NULL, verdict_missing_before_the_end, NULL },
        { "on fewer packages", "boot.verifier", FAILED, NULL, verdict_on_fewer, NULL },
        { "one package left out", "boot.verifier", FAILED, NULL, one_not_checked, NULL },
        { "another package", "boot.verifier", FAILED, NULL, checked_is_another, NULL },
        { "another version", "boot.verifier", FAILED, NULL, checked_version_is_another, NULL },
        { "one package twice", "boot.verifier", FAILED, NULL, checked_twice, NULL },
        { "a package failed", "package.payload", FAILED, NULL, checked_and_failed, NULL },
        { "for a code that nobody knows", "boot.verifier", FAILED, NULL,
          checked_with_an_unknown_code, NULL },
        { "a package behind it", "boot.verifier", FAILED, NULL, checked_behind_the_verdict, NULL },
        { "a file that no package claims", "package.unclaimed", FAILED, NULL, unclaimed, NULL },
        { "such a file behind it", "boot.verifier", FAILED, NULL, unclaimed_behind_the_verdict,
          NULL },
        { "a rescue shell", "settings.rescue", FAILED, NULL, rescue, NULL },
        { "a rescue shell behind the end", "boot.verifier", FAILED, NULL, rescue_behind_the_end,
          NULL },
        { "not complete", "boot.complete", TB_VERDICT_CHANGED, NULL, not_complete, NULL },
        { "in the firmware's log", "", TB_VERDICT_TRUSTED, NULL, of_the_firmware_log, NULL },
        { "other things in PCR 11", "boot.verifier", FAILED, NULL, garbage_of_the_firmware_log,
          NULL },
        { "a digest of something else", "log.format", FAILED, NULL, other_text_in_the_user_log,
          NULL },
        { "a record of the loader", "log.format", FAILED, NULL, loader_record_in_the_user_log,
          NULL },
    };

    (void)state;
    RUN(list);
}

/* ---- who is on the chain ---- */

static struct chain *other_chain(void)
{
    struct chain *c = chain_new();

    chain_firmware(c);
    c->n = 0;
    chain_rest(c);
    c->in.user_log.left = c->in.packages.left = 0;
    return c;
}

static void a_host_of_another_chain_is_not_asked(void **state)
{
    struct chain *c = other_chain();

    (void)state;
    c->policy.packages.n_vendors = 0;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    assert_false(c->boot.chain.present);
    assert_int_equal(c->boot.chain.n_packages, 0);
    chain_free(c);
}

static void b09_a_policy_with_vendors_asks_every_host_for_the_chain(void **state)
{
    struct chain *c = other_chain();

    (void)state;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.unclaimed");
    assert_int_equal(c->result.findings.outcome[TB_CHECK_PACKAGE_REQUIRED], TB_FAIL);
    assert_int_equal(c->result.findings.outcome[TB_CHECK_BOOT_VERIFIER], TB_FAIL);
    assert_int_equal(c->result.findings.outcome[TB_CHECK_LOG_LOST], TB_PASS);
    chain_free(c);
}

/* Root of a stock host adds records to look like one of ours. */
static void b09_who_claims_the_chain_is_held_to_it(void **state)
{
    struct chain *c = chain_new();

    (void)state;
    c->policy.packages.n_vendors = 0;
    chain_run(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.unclaimed");
    chain_free(c);

    c = other_chain(); /* by its user log alone */
    c->policy.packages.n_vendors = 0;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    c->in.user_log = S("x");
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "log.format");
    chain_free(c);
}

/* T-10: each of these checks alone decides, and is looked at. */
static void t10_each_check_of_the_chain_flips_the_verdict_alone(void **state)
{
    static const enum tb_check checks[] = {
        TB_CHECK_LOG_LOST,          TB_CHECK_LOADER_UNCLAIMED,  TB_CHECK_PACKAGE_FORMAT,
        TB_CHECK_PACKAGE_SIGNATURE, TB_CHECK_PACKAGE_LEVEL,     TB_CHECK_PACKAGE_REVOKED,
        TB_CHECK_PACKAGE_PAYLOAD,   TB_CHECK_PACKAGE_UNCLAIMED, TB_CHECK_PACKAGE_ROLLED_BACK,
        TB_CHECK_PACKAGE_DUPLICATE, TB_CHECK_PACKAGE_RELATION,  TB_CHECK_PACKAGE_REQUIRED,
        TB_CHECK_UNSIGNED_OPTION,   TB_CHECK_FALLBACK,          TB_CHECK_RESCUE,
        TB_CHECK_BOOT_VERIFIER,     TB_CHECK_BOOT_COMPLETE,
    };
    struct chain *c = chain_new();

    (void)state;
    chain_run(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        for (int outcome = TB_NOT_CHECKED; outcome < TB_N_OUTCOMES; outcome++) {
            assert_int_equal(c->boot.findings.outcome[checks[i]], TB_PASS);
            c->boot.findings.outcome[checks[i]] = (enum tb_outcome)outcome;
            tb_conclude(&c->quote, &c->boot, &c->policy, &c->result);
            assert_int_equal(c->result.verdict == TB_VERDICT_TRUSTED, outcome == TB_PASS);
            if (outcome != TB_PASS)
                assert_int_equal(c->result.headline, checks[i]);
            c->boot.findings.outcome[checks[i]] = TB_PASS;
        }
    chain_free(c);
}

/* Every byte of the logs and of the metadata: changed, the boot is not trusted, or says the same.
 */
static void t55_no_byte_of_the_evidence_can_be_changed_to_say_something_else(void **state)
{
    struct chain *c = chain_new();
    struct tb_chain_facts good;

    (void)state;
    chain_run(c);
    good = c->boot.chain;
    for (size_t i = 0; i < c->cel_len + c->metadata_len; i += 7) {
        uint8_t *p = i < c->cel_len ? &c->cel[i] : &c->metadata[i - c->cel_len];

        *p ^= 1;
        chain_appraise(c);
        if (c->result.verdict == TB_VERDICT_TRUSTED)
            assert_memory_equal(&c->boot.chain, &good, sizeof good);
        *p ^= 1;
    }
    chain_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b09_nothing_but_records_in_their_places_is_explained),
        cmocka_unit_test(b10_logs_that_were_edited_are_refused),
        cmocka_unit_test(b11_a_full_log_is_told_and_never_trusted),
        cmocka_unit_test(b01_b03_secure_boot_off_and_what_it_would_have_stopped),
        cmocka_unit_test(b06_an_option_that_is_not_signed_is_quoted),
        cmocka_unit_test(a_fallback_is_told_and_the_set_that_runs_is_judged),
        cmocka_unit_test(b04_b05_the_secure_boot_verifiers_verdict_stands),
        cmocka_unit_test(a_host_of_another_chain_is_not_asked),
        cmocka_unit_test(b09_a_policy_with_vendors_asks_every_host_for_the_chain),
        cmocka_unit_test(b09_who_claims_the_chain_is_held_to_it),
        cmocka_unit_test(t10_each_check_of_the_chain_flips_the_verdict_alone),
        cmocka_unit_test(t55_no_byte_of_the_evidence_can_be_changed_to_say_something_else),
    };

    return cmocka_run_group_tests(tests, chain_vendors_make, chain_vendors_free);
}
