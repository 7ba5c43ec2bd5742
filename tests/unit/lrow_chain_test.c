/* Rows L-60 to L-67 and L-77 of docs/event-log-cases.md: the boot chain. */
#include "tests/unit/lrow_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With ExitBootServices in PCR 5. */
static const char *const ended[] = { "built",
                                     "built-sha1",
                                     "built-two-banks",
                                     "built-grub",
                                     "boots/good",
                                     "boots/secure-boot-off",
                                     "gce-rhel8",
                                     "ownkeys-debian1",
                                     "gce-cos-sp800155",
                                     "thinkpad-amd-fedora-0x8401" };
/* Kernel command lines of GRUB's, in the styles of several of its makers. */
static const char *const grub[] = { "built-grub",
                                    "built-shell",
                                    "gce-rhel8",
                                    "qemu-ovmf-rhel-moklisttrusted",
                                    "ownkeys-debian1",
                                    "thinkpad-amd-fedora-0x8401",
                                    "hp-elitebook830-before",
                                    "eve-tcglog1",
                                    "dell-gdc-ubuntu" };

static const struct tb_reader anything = { (const uint8_t *)"anything", 8 };
static const char invocation[] = "Exit Boot Services Invocation";
static const char success[] = "Exit Boot Services Returned with Success";

/* ---- L-60, L-61, L-77: the end of the log ---- */

static bool ends_too_early(struct mlog *m)
{
    struct mevent *one = mlog_event_of(m, 5, mlog_text(invocation));

    if (one == NULL)
        return false;
    mlog_remove(m, mlog_index(m, one));
    mlog_remove(m, mlog_index(m, mlog_event_of(m, 5, mlog_text(success))));
    return true;
}
static void nothing_is_invented(const struct mlog *m, const struct lrow *before,
                                const struct lrow *after)
{
    (void)m;
    assert_int_equal(state_of(after, after->boot.bank, 5), TB_PCR_MISMATCH);
    assert_false(after->boot.facts.exit_boot_services);
    assert_int_equal(after->findings.outcome[TB_CHECK_BOOT_END], TB_UNKNOWN);
    assert_int_equal(after->boot.n_events, before->boot.n_events - 2);
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
}

static void l60_a_log_that_ends_before_exit_boot_services_is_a_mismatch_of_pcr_5(void **state)
{
    static const struct attack list[] = { { "read before ExitBootServices", ends_too_early, false,
                                            TB_CHECK_LOG_REPLAY, nothing_is_invented } };
    struct mlog *m = mlog_load("hp-debian-ebs-missing");
    static struct lrow r;

    (void)state;
    MOUNT(ended, list);
    if (m != NULL) {
        appraise(m, &r);
        for (unsigned pcr = 0; pcr < 8; pcr++)
            assert_int_equal(state_of(&r, TB_BANK_SHA1, pcr),
                             pcr == 5 ? TB_PCR_MISMATCH : TB_PCR_MATCH);
        assert_false(r.boot.facts.exit_boot_services);
        /* the TPM holds what the log lacks */
        mlog_append(m, 5, TB_EV_EFI_ACTION, mlog_text(invocation), mlog_text(invocation));
        mlog_append(m, 5, TB_EV_EFI_ACTION, mlog_text(success), mlog_text(success));
        appraise(m, &r);
        assert_int_equal(state_of(&r, TB_BANK_SHA1, 5), TB_PCR_MATCH);
        assert_true(r.boot.facts.exit_boot_services);
    }
    mlog_free(m);
}

static bool never_ends(struct mlog *m)
{
    return ends_too_early(m) && (mlog_quote_as_logged(m), true);
}
static bool is_invoked_only(struct mlog *m)
{
    struct mevent *e = mlog_event_of(m, 5, mlog_text(success));

    if (e == NULL)
        return false;
    mlog_remove(m, mlog_index(m, e));
    mlog_quote_as_logged(m);
    return true;
}
static void end_not_proved(const struct mlog *m, const struct lrow *before,
                           const struct lrow *after)
{
    assert_false(after->boot.facts.exit_boot_services);
    assert_outcome(m, after, TB_CHECK_BOOT_END, TB_FAIL);
    assert_int_equal(after->verdict, before->verdict);
    assert_int_equal(after->boot.facts.n_programs, before->boot.facts.n_programs);
    assert_int_equal(after->boot.facts.secure_boot, before->boot.facts.secure_boot);
}

static void l61_without_exit_boot_services_the_end_is_not_proved_and_the_rest_stands(void **state)
{
    static const struct attack list[] = {
        { "no ExitBootServices", never_ends, false, TB_CHECK_BOOT_END, end_not_proved },
        { "invoked, and no success", is_invoked_only, false, TB_CHECK_BOOT_END, end_not_proved },
    };
    static const char *const real[] = { "gce-debian10-sha1", "hirs-laptop-centos",
                                        "supermicro-grub-postcode" };
    static struct lrow r;

    (void)state;
    MOUNT(ended, list);
    for (size_t i = 0; i < N_OF(real); i++) {
        struct mlog *m = mlog_load(real[i]);

        if (m == NULL)
            continue;
        appraise(m, &r);
        assert_false(r.boot.facts.exit_boot_services);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_true(r.boot.facts.n_programs > 0);
        mlog_free(m);
    }
}

static size_t repeated; /* events */

static bool tail_twice(struct mlog *m)
{
    for (size_t from = m->n - repeated, i = 0; i < repeated; i++) {
        m->event[m->n] = m->event[from + i];
        m->n++;
    }
    return true;
}
static void not_dropped(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    assert_int_equal(after->boot.n_events, before->boot.n_events + repeated);
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
    for (size_t i = m->n - repeated; i < m->n; i++)
        if (m->event[i].type != TB_EV_NO_ACTION && m->event[i].pcr < 10)
            assert_true(state_of(after, after->boot.bank, m->event[i].pcr) != TB_PCR_MATCH);
}

static void l77_a_repeated_tail_is_a_mismatch_and_never_dropped(void **state)
{
    static const struct attack list[] = { { "the last events twice", tail_twice, false,
                                            TB_CHECK_LOG_REPLAY, not_dropped } };

    (void)state;
    for (repeated = 2; repeated <= 16; repeated += 7)
        MOUNT(ended, list);
}

/* ---- L-62, L-63: programs and the firmware's version ---- */

static const char calling[] = "Calling EFI Application from Boot Option";
static const char returning[] = "Returning from EFI Application from Boot Option";

static bool calls(struct mlog *m)
{
    size_t at = (size_t)mlog_find(m, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);

    mlog_insert(m, at, 4, TB_EV_EFI_ACTION, mlog_text(returning), mlog_text(returning));
    mlog_insert(m, at, 4, TB_EV_EFI_ACTION, mlog_text(calling), mlog_text(calling));
    mlog_append(m, 4, TB_EV_EFI_ACTION, mlog_text(returning), mlog_text(returning));
    mlog_append(m, 4, TB_EV_EFI_ACTION, mlog_text("An action of a vendor's"),
                mlog_text("An action of a vendor's"));
    mlog_quote_as_logged(m);
    return true;
}
static bool program_before_calling(struct mlog *m)
{
    struct mevent *e = mlog_event_of(m, 4, mlog_text(calling));
    int program = mlog_find(m, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);

    if (e == NULL || program < 0)
        return false;
    mlog_move(m, (size_t)program, 0);
    mlog_quote_as_logged(m);
    return true;
}

static void l62_programs_are_listed_in_order_whatever_calls_and_returns_there_are(void **state)
{
    static const struct oddity odd[] = { { "several calls and returns", calls },
                                         { "a program before Calling", program_before_calling } };
    static struct lrow r;

    (void)state;
    ODDITIES(ended, odd);
    for (size_t i = 0; i < N_OF(ended); i++) { /* in the order of PCR 4, which is proved */
        struct mlog *m = mlog_load(ended[i]);
        size_t n = 0;

        if (m == NULL)
            continue;
        calls(m);
        appraise(m, &r);
        for (size_t k = 1; k < r.boot.facts.n_programs; k++)
            assert_true(r.boot.facts.program[k - 1].event < r.boot.facts.program[k].event);
        for (size_t k = 0; k < m->n; k++)
            n += m->event[k].pcr == 4 && m->event[k].type == TB_EV_EFI_BOOT_SERVICES_APPLICATION;
        assert_int_equal(r.boot.facts.n_programs, n);
        mlog_free(m);
    }
}

static bool version_of_other_bytes(struct mlog *m)
{
    int i = mlog_find(m, 0, TB_EV_S_CRTM_VERSION, 0);

    if (i < 0)
        return false;
    mlog_rehash(m, &m->event[i], anything);
    mlog_quote_as_logged(m);
    return true;
}
static bool version_edited(struct mlog *m)
{
    int i = mlog_find(m, 0, TB_EV_S_CRTM_VERSION, 0);

    if (i < 0)
        return false;
    mlog_set_data(m, &m->event[i], tb_slice("9\0.\0009\0\0\0", 8));
    return true;
}
static void version_unproved(const struct mlog *m, const struct lrow *before,
                             const struct lrow *after)
{
    (void)m;
    assert_string_equal(after->boot.facts.firmware_version, "");
    assert_int_equal(after->verdict, before->verdict);
    assert_int_equal(after->boot.facts.secure_boot, before->boot.facts.secure_boot);
}

static void l63_a_firmware_version_that_its_digest_does_not_cover_is_none(void **state)
{
    static const struct attack list[] = {
        { "a digest of something else", version_of_other_bytes, false, -1, version_unproved },
        { "another version in the log", version_edited, false, -1, version_unproved },
    };
    struct mlog *m = mlog_load("dell-gdc-ubuntu");
    static struct lrow r;

    (void)state;
    MOUNT(ended, list);
    if (m != NULL) {
        appraise(m, &r);
        assert_string_equal(r.boot.facts.firmware_version, "");
        assert_outcome(m, &r, TB_CHECK_LOG_REPLAY, TB_PASS);
    }
    mlog_free(m);
}

/* ---- L-64, L-65: the kernel's command line ---- */

static const char text[] = "/boot/vmlinuz root=/dev/sda1 ro quiet";
static const char better[] =
    "kernel_cmdline: /boot/vmlinuz root=/dev/sda1 ro lockdown=confidentiality";
#define BETTER_TEXT (better + 16)

static void l64_a_command_line_is_taken_in_every_style_of_grub(void **state)
{
    static const char *const labels[] = { "kernel_cmdline: ", "grub_kernel_cmdline " };
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < 2 * N_OF(labels); i++) {
        struct mlog *m = mlog_load("built");
        char data[128];
        size_t len = strlen(labels[i / 2]);

        for (int k; (k = mlog_find(m, 8, MLOG_ANY, 0)) >= 0;)
            mlog_remove(m, (size_t)k);
        mlog_quote_as_logged(m);
        snprintf(data, sizeof data, "%s%s", labels[i / 2], text);
        mlog_extend(m, 8, TB_EV_IPL, tb_slice(data + len, strlen(text) + i % 2), /* its NUL, too */
                    tb_slice(data, len + strlen(text) + 1));
        appraise(m, &r);
        assert_int_equal(r.boot.story.cmdline.state, TB_CMDLINE_PROVED);
        assert_string_equal(r.boot.story.cmdline.text, text);
        mlog_free(m);
    }
    for (size_t i = 0; i < N_OF(grub); i++) {
        struct mlog *m = mlog_load(grub[i]);

        if (m == NULL)
            continue;
        appraise(m, &r);
        assert_int_equal(r.boot.story.cmdline.state, TB_CMDLINE_PROVED);
        assert_non_null(strstr(r.boot.story.cmdline.text, "root="));
        mlog_free(m);
    }
}

/* The events of PCR 8 that hold the command line, as a command or by itself. */
static size_t n_cmdlines(struct mlog *m, int out[16])
{
    size_t n = 0;

    for (size_t i = 0; i < m->n && n < 16; i++)
        if (m->event[i].pcr == 8 && m->event[i].data.left > 20 &&
            memmem(m->event[i].data.p, m->event[i].data.left, "root=", 5) != NULL)
            out[n++] = (int)i;
    return n;
}
static bool measure_better(struct mlog *m)
{
    mlog_extend(m, 8, TB_EV_IPL, mlog_text(BETTER_TEXT), mlog_text(better));
    return true;
}
static bool two_lines(struct mlog *m)
{
    return measure_better(m);
}
static bool relabelled(struct mlog *m)
{
    int at[16];
    size_t n = n_cmdlines(m, at);

    for (size_t i = 0; i < n; i++) {
        struct mevent *e = &m->event[at[i]];
        const uint8_t *p = memchr(e->data.p, ' ', e->data.left);
        char data[8192];

        snprintf(data, sizeof data, "grub_cmd: %.*s",
                 (int)(e->data.left - (size_t)(p + 1 - e->data.p)), (const char *)p + 1);
        mlog_set_data(m, e, mlog_text(data));
    }
    measure_better(m);
    return n != 0;
}
static bool unlabelled(struct mlog *m)
{
    int at[16];
    size_t n = n_cmdlines(m, at);

    for (size_t i = 0; i < n; i++) {
        struct mevent *e = &m->event[at[i]];
        const uint8_t *p = memchr(e->data.p, ' ', e->data.left);

        e->data = tb_slice(p + 1, e->data.left - (size_t)(p + 1 - e->data.p));
    }
    measure_better(m);
    return n != 0;
}
static bool hidden(struct mlog *m)
{
    int at[16];
    size_t n = n_cmdlines(m, at);

    for (size_t i = 0; i < n; i++)
        mlog_set_data(m, &m->event[at[i]], mlog_text("grub_cmd: echo a command of no weight"));
    measure_better(m);
    return n != 0;
}
static bool emptied(struct mlog *m)
{
    int at[16];
    size_t n = n_cmdlines(m, at);

    for (size_t i = 0; i < n; i++)
        mlog_set_data(m, &m->event[at[i]], tb_slice("", 0));
    measure_better(m);
    return n != 0;
}
static bool as_a_separator(struct mlog *m)
{
    int at[16];
    size_t n = n_cmdlines(m, at);

    for (size_t i = 0; i < n; i++) {
        m->event[at[i]].type = TB_EV_SEPARATOR;
        mlog_set_data(m, &m->event[at[i]], tb_slice("\0\0\0\0", 4));
    }
    measure_better(m);
    return n != 0;
}
/* As systemd-boot and the EFI stub would tell it. */
static bool in_utf16(struct mlog *m)
{
    uint8_t wide[2 * sizeof better] = { 0 };
    size_t n = strlen(BETTER_TEXT);

    for (size_t i = 0; i < n; i++)
        wide[2 * i] = (uint8_t)BETTER_TEXT[i];
    mlog_extend(m, 12, TB_EV_IPL, tb_slice(wide, 2 * n + 2), tb_slice(wide, 2 * n + 2));
    mlog_extend(m, 11, TB_EV_IPL, mlog_text(BETTER_TEXT),
                tb_slice(".\0c\0m\0d\0l\0i\0n\0e\0\0", 18));
    return true;
}
/* What could be a command line of another program's, and what it is nobody knows. */
static bool puzzle(struct mlog *m, uint32_t pcr)
{
    mlog_extend(m, pcr, TB_EV_IPL, anything, mlog_text("something else"));
    return true;
}
static bool puzzle_in_8(struct mlog *m)
{
    return puzzle(m, 8);
}
static bool puzzle_in_12(struct mlog *m)
{
    return puzzle(m, 12);
}
static void no_line_is_proved(const struct mlog *m, const struct lrow *before,
                              const struct lrow *after)
{
    (void)m;
    assert_int_equal(before->boot.story.cmdline.state, TB_CMDLINE_PROVED);
    assert_true(after->boot.story.cmdline.state == TB_CMDLINE_SEVERAL ||
                after->boot.story.cmdline.state == TB_CMDLINE_UNPROVED);
}

static void l64_of_two_command_lines_none_is_the_kernel_s(void **state)
{
    static const struct attack list[] = {
        { "a better one, too", two_lines, true, -1, no_line_is_proved },
        { "the real one as a command", relabelled, true, -1, no_line_is_proved },
        { "the real one without a label", unlabelled, true, -1, no_line_is_proved },
        { "the real one under other text", hidden, true, -1, no_line_is_proved },
        { "the real one without its text", emptied, true, -1, no_line_is_proved },
        { "the real one as a separator", as_a_separator, true, -1, no_line_is_proved },
        { "a better one as another program's", in_utf16, true, -1, no_line_is_proved },
        { "something in PCR 8", puzzle_in_8, true, -1, no_line_is_proved },
        { "something in PCR 12", puzzle_in_12, true, -1, no_line_is_proved },
    };

    (void)state;
    MOUNT(grub, list);
}

static bool text_edited(struct mlog *m)
{
    int at[16];
    size_t n = n_cmdlines(m, at);

    for (size_t i = 0; i < n; i++)
        mlog_set_data(m, &m->event[at[i]], mlog_text(better));
    return n != 0;
}
static bool file_names_lie(struct mlog *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 9 && m->event[i].type == TB_EV_IPL) {
            mlog_set_data(m, &m->event[i], mlog_text("/boot/vmlinuz-99.9-of-the-attacker"));
            n++;
        }
    return n != 0;
}
static void names_are_not_believed(const struct mlog *m, const struct lrow *before,
                                   const struct lrow *after)
{
    (void)m;
    assert_string_equal(after->boot.story.cmdline.text, before->boot.story.cmdline.text);
    assert_string_equal(after->boot.story.grub.kernel, before->boot.story.grub.kernel);
    assert_int_equal(after->verdict, before->verdict);
}

static void l64_text_that_its_digest_does_not_cover_is_no_command_line_and_no_name(void **state)
{
    static const struct attack list[] = {
        { "the text in the log is another", text_edited, false, -1, no_line_is_proved },
        { "file names that lie", file_names_lie, false, -1, names_are_not_believed },
    };

    (void)state;
    MOUNT(grub, list);
}

static bool unknown_tags(struct mlog *m)
{
    static const uint8_t tag[] = { 0x01, 0x02, 0x03, 0x04, 4, 0, 0, 0, 'd', 'a', 't', 'a' };

    for (uint32_t pcr = 9; pcr <= 13; pcr++)
        if (pcr != 10)
            mlog_extend(m, pcr, TB_EV_EVENT_TAG, tb_slice(tag + 8, 4), tb_slice(tag, sizeof tag));
    return true;
}
static void kept(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    assert_true(after->boot.n_events == before->boot.n_events + 4);
    assert_int_equal(after->verdict, before->verdict);
    assert_int_equal(before->boot.story.parts & ~after->boot.story.parts, 0);
    for (unsigned pcr = 9; pcr <= 13; pcr++)
        if (pcr != 10)
            assert_int_equal(state_of(after, after->boot.bank, pcr),
                             state_of(before, after->boot.bank, pcr));
}

static void l65_the_kernel_s_stub_and_systemd_are_known_and_unknown_tags_kept(void **state)
{
    static const struct {
        const char *log;
        enum tb_story_part part;
    } list[] = { { "boots/good", TB_PART_SYSTEMD_STUB },
                 { "boots/sha256-only", TB_PART_SYSTEMD_STUB },
                 { "dell-gdc-ubuntu", TB_PART_LINUX_STUB },
                 { "qemu-fedora37-sdboot", TB_PART_SYSTEMD_BOOT },
                 { "gce-rhel8", TB_PART_GRUB },
                 { "gce-rhel8", TB_PART_SHIM } };
    static const struct attack tags[] = { { "tags that nobody knows", unknown_tags, true, -1,
                                            kept } };
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(list); i++) {
        struct mlog *m = mlog_load(list[i].log);

        if (m == NULL)
            continue;
        appraise(m, &r);
        assert_true(r.boot.story.parts >> list[i].part & 1);
        if (list[i].part == TB_PART_SYSTEMD_STUB)
            assert_true(r.boot.story.n_sections >= 3); /* .linux, .initrd, .cmdline at least */
        mlog_free(m);
    }
    MOUNT(ended, tags);
}

/* ---- L-66, L-67 ---- */

static bool vendor_event_in_pcr_2(struct mlog *m)
{
    mlog_append(m, 2, 0x8401, anything, anything);
    return true; /* logged, and not measured */
}
static bool vendor_event_measured(struct mlog *m)
{
    mlog_extend(m, 2, 0x8401, anything, anything);
    return true;
}

static void l66_a_vendor_event_behind_the_separator_of_pcr_2_is_replayed(void **state)
{
    static const struct attack list[] = { { "logged and not measured", vendor_event_in_pcr_2, false,
                                            TB_CHECK_LOG_REPLAY, NULL } };
    static const struct oddity odd[] = { { "measured", vendor_event_measured } };
    struct mlog *m = mlog_load("thinkpad-amd-fedora-0x8401");
    static struct lrow r;

    (void)state;
    MOUNT(ended, list);
    ODDITIES(ended, odd);
    if (m != NULL) {
        assert_true(mlog_find(m, 2, 0x8401, 0) > mlog_find(m, 2, TB_EV_SEPARATOR, 0));
        appraise(m, &r);
        assert_int_equal(state_of(&r, TB_BANK_SHA256, 2), TB_PCR_MATCH);
    }
    mlog_free(m);
}

static bool mbr_boot(struct mlog *m)
{
    for (unsigned i = 0; i < 20; i++) {
        mlog_extend(m, 4, TB_EV_IPL, anything, anything);
        mlog_extend(m, 5, TB_EV_IPL_PARTITION_DATA, anything, anything);
        mlog_extend(m, 2, TB_EV_COMPACT_HASH, anything, anything);
    }
    return true;
}

static void l67_an_mbr_boot_replays_without_a_storm_of_findings(void **state)
{
    static struct lrow before, after;

    (void)state;
    for (size_t i = 0; i < N_OF(ended); i++) {
        struct mlog *m = mlog_load(ended[i]);

        if (m == NULL)
            continue;
        appraise(m, &before);
        mbr_boot(m);
        appraise(m, &after);
        assert_outcome(m, &after, TB_CHECK_LOG_REPLAY, TB_PASS);
        assert_int_equal(after.findings.n, before.findings.n);
        assert_int_equal(after.verdict, before.verdict);
        assert_int_equal(after.boot.facts.n_programs, before.boot.facts.n_programs + 20);
        mlog_free(m);
    }
}

#define ROW(f) cmocka_unit_test_setup(f, lrow_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(l60_a_log_that_ends_before_exit_boot_services_is_a_mismatch_of_pcr_5),
        ROW(l61_without_exit_boot_services_the_end_is_not_proved_and_the_rest_stands),
        ROW(l62_programs_are_listed_in_order_whatever_calls_and_returns_there_are),
        ROW(l63_a_firmware_version_that_its_digest_does_not_cover_is_none),
        ROW(l64_a_command_line_is_taken_in_every_style_of_grub),
        ROW(l64_of_two_command_lines_none_is_the_kernel_s),
        ROW(l64_text_that_its_digest_does_not_cover_is_no_command_line_and_no_name),
        ROW(l65_the_kernel_s_stub_and_systemd_are_known_and_unknown_tags_kept),
        ROW(l66_a_vendor_event_behind_the_separator_of_pcr_2_is_replayed),
        ROW(l67_an_mbr_boot_replays_without_a_storm_of_findings),
        ROW(l77_a_repeated_tail_is_a_mismatch_and_never_dropped),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
