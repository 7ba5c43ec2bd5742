/* Attempts to start a kernel with options of one's own and be trusted (T-51), and the boots of
 * stock systems that look alike. */
#include "tests/unit/appraise_change.h"

#include <stdio.h>

#define EVIL "init=/bin/sh"
#define BYTES(text) tb_slice(text, sizeof(text) - 1)

/* A good boot whose loader has not measured anything yet. */
static struct evidence *fresh(void)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    log_remove(e->log, log_find(e->log, 8, TB_EV_IPL, 0));
    return e;
}

/* GRUB: the digest is of the text behind the label. */
static void grub(struct evidence *e, const char *label, const char *text)
{
    char data[8192];
    int n = snprintf(data, sizeof data, "%s%s", label, text);

    assert_true(n > 0 && n < (int)sizeof data);
    log_event(e->log, 8, TB_EV_IPL, log_text(text), tb_slice(data, (size_t)n + 1));
}

static void grub_boots(struct evidence *e, const char *arguments)
{
    char command[8192];

    snprintf(command, sizeof command, "linux %s", arguments);
    grub(e, "grub_cmd: ", command);
    grub(e, "kernel_cmdline: ", arguments);
}

/* systemd-boot, and what systemd-stub adds to a line. */
static void systemd_line(struct evidence *e, const char *text)
{
    uint8_t wide[512];
    size_t n = 0;

    for (; text[n] != '\0' && 2 * n < sizeof wide - 2; n++) {
        wide[2 * n] = (uint8_t)text[n];
        wide[2 * n + 1] = 0;
    }
    log_event_data(e->log, 12, TB_EV_IPL, tb_slice(wide, 2 * n));
}

static void section(struct evidence *e, const char *name, const char *content)
{
    const struct tb_reader whole_name = tb_slice(name, strlen(name) + 1);

    log_event(e->log, 11, TB_EV_IPL, whole_name, whole_name);
    log_event(e->log, 11, TB_EV_IPL, log_text(content), whole_name);
}

static void unified_image(struct evidence *e)
{
    section(e, ".linux", "a kernel");
    section(e, ".cmdline", "root=/dev/vda1 ro");
}

/* Somebody extends the PCR once more, and the log says nothing of it. */
static void run_with_more_in(struct evidence *e, unsigned pcr)
{
    evidence_prepare(e);
    e->content.pcrs.value[TB_BANK_SHA256][pcr][0] ^= 1;
    evidence_digest_pcrs(e);
    evidence_sign(e);
    evidence_appraise(e);
}

static void require_a_proof(struct evidence *e)
{
    e->policy.severity[TB_CHECK_CMDLINE_UNPROVED] = TB_SEVERITY_REQUIRED;
}

static void add_rule(struct tb_option_rules *rules, const char *rule)
{
    snprintf(rules->rule[rules->n++], TB_OPTION_RULE_MAX, "%s", rule);
}

static void expect_state(const struct evidence *e, enum tb_cmdline_state state)
{
    assert_string_equal(tb_cmdline_state_name(e->result.boot->story.cmdline.state),
                        tb_cmdline_state_name(state));
}

static void expect_option(const struct evidence *e)
{
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_string_equal(evidence_reason(e, TB_CHECK_CMDLINE)->observed, EVIL);
}

/* ---- GRUB ---- */

static void boot_path(const char *command, const char *line, const char *label, bool good)
{
    struct evidence *e = fresh();
    char text[256];

    print_message("- '%s'%s\n", label, line);
    snprintf(text, sizeof text, "linux %s root=/dev/vda1 %s", command, good ? "ro" : EVIL);
    grub(e, "grub_cmd: ", text);
    snprintf(text, sizeof text, "%s root=/dev/vda1 %s", line, good ? "ro" : EVIL);
    grub(e, label, text);
    evidence_run(e);
    expect_state(e, TB_CMDLINE_PROVED);
    if (good)
        expect(e, TB_VERDICT_TRUSTED, -1);
    else
        expect_option(e);
    evidence_free(e);
}

static void t51_a_line_is_found_under_any_label_however_its_path_begins(void **state)
{
    static const char *const labels[] = { "kernel_cmdline: ", "grub_cmd: ", "module_cmdline: ",
                                          "" };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (unsigned good = 0; good < 2; good++) {
            boot_path("/my vmlinuz", "\"/my vmlinuz\"", labels[i], good);
            boot_path("vmlinuz", "vmlinuz", labels[i], good); /* over the network */
            boot_path("my vmlinuz", "\"my vmlinuz\"", labels[i], good);
            boot_path("0+1024", "0+1024", labels[i], good); /* a list of blocks */
            boot_path("(hd0)0+1024", "(hd0)0+1024", labels[i], good);
        }
}

static void t51_a_kernel_that_grub_loaded_without_a_line_counts_as_edited(void **state)
{
    struct evidence *e = fresh();

    (void)state;
    grub(e, "grub_cmd: ", "linux /vmlinuz root=/dev/vda1 " EVIL);
    evidence_run(e);
    expect_state(e, TB_CMDLINE_UNPROVED);
    expect_option(e);
    evidence_free(e);

    e = fresh();
    grub(e, "grub_cmd: ", "linux /vmlinuz root=/dev/vda1");
    evidence_run(e);
    assert_true(e->result.boot->story.cmdline.edited);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_string_equal(evidence_reason(e, TB_CHECK_CMDLINE)->observed, "unproved");
    evidence_free(e);
}

static void t51_what_another_program_was_loaded_with_is_looked_at_too(void **state)
{
    static const char *const commands[] = { "chainloader /vmlinuz root=/dev/vda1 ",
                                            "module2 vmlinuz root=/dev/vda1 ",
                                            "xen_module (hd0)/vmlinuz " };
    char text[128];

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct evidence *e = fresh();

        snprintf(text, sizeof text, "%s%s", commands[i / 2], i % 2 != 0 ? EVIL : "ro");
        grub(e, "grub_cmd: ", text);
        grub_boots(e, "/vmlinuz root=/dev/vda1 ro");
        evidence_run(e);
        expect_state(e, TB_CMDLINE_SEVERAL);
        if (i % 2 != 0)
            expect_option(e);
        else
            expect(e, TB_VERDICT_TRUSTED, -1);
        evidence_free(e);
    }
}

/* The first could not be loaded, and GRUB took the next. */
static void t51_a_second_entry_of_the_menu_fails_only_with_a_forbidden_option(void **state)
{
    static const char *const options[][2] = {
        { "ro quiet", "ro" }, { "ro", EVIL }, { EVIL, "ro" }, { "ro", "ro selinux=0" }
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct evidence *e = fresh();

        snprintf(text, sizeof text, "/vmlinuz %s", options[i][0]);
        grub_boots(e, text);
        snprintf(text, sizeof text, "/vmlinuz.old %s", options[i][1]);
        grub_boots(e, text);
        evidence_run(e);
        expect_state(e, TB_CMDLINE_SEVERAL);
        assert_int_equal(e->result.findings.outcome[TB_CHECK_CMDLINE_UNPROVED], TB_UNKNOWN);
        if (i == 0) {
            expect(e, TB_VERDICT_TRUSTED, -1);
            add_rule(&e->policy.require, "ro");
            evidence_appraise(e);
            expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
        } else if (i < 3) {
            expect_option(e);
        } else {
            expect(e, TB_VERDICT_CHANGED, TB_CHECK_CMDLINE_WEAK);
        }
        evidence_free(e);
    }
}

static void t51_lines_that_nobody_could_look_at_fail(void **state)
{
    static char line[TB_CMDLINE_MAX + 64];
    struct evidence *e = fresh();

    (void)state;
    for (int i = 0; i < TB_STORY_HELD_MAX; i++) {
        snprintf(line, sizeof line, "/vmlinuz-%d ro", i);
        grub_boots(e, line);
    }
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    grub_boots(e, "/vmlinuz-x " EVIL);
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_string_equal(evidence_reason(e, TB_CHECK_CMDLINE)->observed, "a part of one");
    evidence_free(e);

    e = fresh(); /* longer than what is kept: the first, and another one */
    memset(line, 'x', TB_CMDLINE_MAX);
    memcpy(line, "/vmlinuz ", 9);
    snprintf(line + TB_CMDLINE_MAX, sizeof line - TB_CMDLINE_MAX, " " EVIL);
    grub_boots(e, line);
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    evidence_free(e);
    e = fresh();
    grub_boots(e, "/vmlinuz ro");
    grub_boots(e, line);
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    evidence_free(e);
}

static void t51_an_empty_line_lacks_what_is_required(void **state)
{
    struct evidence *e = fresh();

    (void)state;
    grub(e, "kernel_cmdline: ", "");
    add_rule(&e->policy.require, "lockdown=confidentiality");
    evidence_run(e);
    expect_state(e, TB_CMDLINE_PROVED);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_string_equal(evidence_reason(e, TB_CHECK_CMDLINE)->observed, "no such option");
    evidence_free(e);
}

/* ---- PCRs that do not match ---- */

static void t51_a_pcr_that_may_hold_another_line_must_match(void **state)
{
    static const unsigned pcrs[] = { 8, 9, 11, 12, 13, 14 };

    (void)state;
    for (size_t i = 0; i < sizeof pcrs / sizeof *pcrs; i++) {
        struct evidence *e = fresh();

        print_message("- PCR %u\n", pcrs[i]);
        grub_boots(e, "/vmlinuz root=/dev/vda1 ro");
        run_with_more_in(e, pcrs[i]);
        expect_state(e, pcrs[i] < 13 ? TB_CMDLINE_UNPROVED : TB_CMDLINE_PROVED);
        if (pcrs[i] < 10) /* fails anyway */
            expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
        else
            expect(e, TB_VERDICT_TRUSTED, -1);
        require_a_proof(e);
        evidence_appraise(e);
        assert_int_equal(e->result.findings.outcome[TB_CHECK_CMDLINE_UNPROVED],
                         pcrs[i] < 13 ? TB_UNKNOWN : TB_PASS);
        assert_int_equal(e->result.verdict, pcrs[i] < 13 ? TB_VERDICT_FAILED : TB_VERDICT_TRUSTED);
        evidence_free(e);
    }
}

/* One extend takes the line of systemd-boot away; then one of GRUB's is told in the empty PCR 8. */
static void t51_a_line_is_not_exchanged_by_an_extend_that_the_log_lacks(void **state)
{
    struct evidence *e = fresh();

    (void)state;
    systemd_line(e, "root=/dev/vda1 " EVIL);
    evidence_run(e);
    expect_option(e);
    run_with_more_in(e, 12);
    expect_state(e, TB_CMDLINE_UNPROVED);
    require_a_proof(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
    grub(e, "kernel_cmdline: ", "/vmlinuz lockdown=confidentiality");
    run_with_more_in(e, 12);
    expect_state(e, TB_CMDLINE_UNPROVED);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
    e->policy.severity[TB_CHECK_CMDLINE_UNPROVED] = TB_SEVERITY_INFORM;
    add_rule(&e->policy.require, "lockdown=confidentiality");
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    evidence_free(e);
}

static void t51_a_unified_image_whose_pcr_11_systemd_extends_is_trusted_and_unproved(void **state)
{
    struct evidence *e = fresh();

    (void)state;
    unified_image(e);
    run_with_more_in(e, 11);
    expect(e, TB_VERDICT_TRUSTED, -1);
    expect_state(e, TB_CMDLINE_UNPROVED);
    grub(e, "kernel_cmdline: ", "/vmlinuz ro"); /* and nobody tells another one instead */
    run_with_more_in(e, 11);
    expect_state(e, TB_CMDLINE_UNPROVED);
    require_a_proof(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
    evidence_free(e);
}

/* ---- systemd ---- */

static void t51_an_add_on_to_a_unified_image_is_unproved_and_looked_at(void **state)
{
    struct evidence *e = fresh();

    (void)state;
    unified_image(e);
    systemd_line(e, "fips=1");
    evidence_run(e);
    expect_state(e, TB_CMDLINE_UNPROVED);
    expect(e, TB_VERDICT_TRUSTED, -1);
    add_rule(&e->policy.require, "fips=1");
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    e->policy.require.n = 0;
    systemd_line(e, "audit=1"); /* two of them */
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    systemd_line(e, EVIL);
    evidence_run(e);
    expect_option(e);
    evidence_free(e);
}

/* ---- other systems ---- */

static void t51_tags_of_esxi_do_not_excuse_what_may_hide_a_line(void **state)
{
    struct evidence *e = fresh();

    (void)state;
    log_event(e->log, 12, TB_EV_IPL, log_text("root=/dev/vda1 " EVIL),
              BYTES("\2\0\0\0\2\0\0\0m\0"));
    log_event(e->log, 14, TB_EV_EVENT_TAG, BYTES("x\0"), BYTES("\4\0\0\0\2\0\0\0x\0"));
    require_a_proof(e);
    evidence_run(e);
    assert_true(e->result.boot->story.esxi.present);
    expect_state(e, TB_CMDLINE_UNPROVED);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
    evidence_free(e);
}

/* Code integrity is enabled: a frame of Windows, in both of its PCRs. */
#define WINDOWS_FRAME "\1\0\1\x40\x09\0\0\0\2\0\5\0\1\0\0\0\1"

static void windows(struct evidence *e)
{
    for (unsigned pcr = 12; pcr < 14; pcr++) {
        log_event_data(e->log, pcr, TB_EV_EVENT_TAG, BYTES(WINDOWS_FRAME));
        log_event_data(e->log, pcr, TB_EV_SEPARATOR, BYTES("WBCL"));
    }
}

static void t51_a_proof_is_missing_but_of_windows_where_nothing_tells_a_line(void **state)
{
    struct evidence *e = fresh();

    (void)state;
    require_a_proof(e);
    evidence_run(e);
    expect_state(e, TB_CMDLINE_NONE);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
    windows(e);
    evidence_run(e);
    assert_true(e->result.boot->story.windows.present);
    expect(e, TB_VERDICT_TRUSTED, -1);
    run_with_more_in(e, 11);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
    evidence_free(e);

    for (unsigned pcr = 12; pcr < 14; pcr++) {
        e = fresh(); /* something else was measured before */
        log_event(e->log, pcr, TB_EV_IPL, log_text("root=/dev/vda1 " EVIL), BYTES("an extra"));
        windows(e);
        require_a_proof(e);
        evidence_run(e);
        assert_true(e->result.boot->story.windows.present);
        expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
        evidence_free(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t51_a_line_is_found_under_any_label_however_its_path_begins),
        cmocka_unit_test(t51_a_kernel_that_grub_loaded_without_a_line_counts_as_edited),
        cmocka_unit_test(t51_what_another_program_was_loaded_with_is_looked_at_too),
        cmocka_unit_test(t51_a_second_entry_of_the_menu_fails_only_with_a_forbidden_option),
        cmocka_unit_test(t51_lines_that_nobody_could_look_at_fail),
        cmocka_unit_test(t51_an_empty_line_lacks_what_is_required),
        cmocka_unit_test(t51_a_pcr_that_may_hold_another_line_must_match),
        cmocka_unit_test(t51_a_line_is_not_exchanged_by_an_extend_that_the_log_lacks),
        cmocka_unit_test(t51_a_unified_image_whose_pcr_11_systemd_extends_is_trusted_and_unproved),
        cmocka_unit_test(t51_an_add_on_to_a_unified_image_is_unproved_and_looked_at),
        cmocka_unit_test(t51_tags_of_esxi_do_not_excuse_what_may_hide_a_line),
        cmocka_unit_test(t51_a_proof_is_missing_but_of_windows_where_nothing_tells_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
