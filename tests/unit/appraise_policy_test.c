/* What the policy asks of a boot and its TPM: levels, revocations, options, versions, classes. */
#include "tests/unit/appraise_change.h"

#include <stdio.h>

#include "core/uefi.h"

#define AUTHORITY TB_EV_EFI_VARIABLE_AUTHORITY

/* ---- T-49: revocations ---- */

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* The SHA-256 of these bytes is revoked. */
static void revoke(struct evidence *e, struct tb_reader of)
{
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_policy *p = &e->policy;

    assert_true(tb_hash(e->h, TB_BANK_SHA256, of, digest));
    memcpy(p->revoked[p->n_revoked++], digest, 32);
    qsort(p->revoked, p->n_revoked, 32, by_digest);
}

static void t49_a_revocation_that_dbx_lacks_is_named(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    char hex[65], other[65];

    (void)state;
    revoke(e, log_text("a revoked image"));
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    tb_hex(tb_slice(e->policy.revoked[0], 32), other, sizeof other);

    revoke(e, log_text("one that the factory did not know"));
    revoke(e, log_text("another"));
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_DBX);
    for (size_t i = 0; i < 3; i++) { /* the first that is missing */
        tb_hex(tb_slice(e->policy.revoked[i], 32), hex, sizeof hex);
        if (strcmp(hex, other) != 0)
            break;
    }
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_DBX)->expected, hex);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_DBX)->observed,
                        "2 of 3 revocations missing, this one first");
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOADER_REVOKED], TB_PASS);
    evidence_free(e);

    e = evidence_new(SHA256_ONLY);
    log_remove(e->log, log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "dbx"));
    revoke(e, log_text("a revoked image"));
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_DBX);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_DBX)->observed, "none");
    evidence_free(e);
}

static void t49_a_certificate_in_dbx_counts_by_its_digest(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct log_item *dbx = log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "dbx");
    struct tb_reader data =
        log_uefi_variable(e->log, log_guid_image_db, "dbx",
                          log_signature_list(e->log, log_guid_cert_x509, log_cert_pk));

    (void)state;
    log_set_data(e->log, dbx, data);
    log_rehash(e->log, dbx, data);
    revoke(e, log_cert_pk);
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

static void revoke_loader(struct evidence *e)
{
    revoke(e, log_text("the boot loader"));
}
static void revoke_signer(struct evidence *e)
{
    revoke(e, log_cert_db);
}
/* A driver of an option ROM. */
static void revoke_driver(struct evidence *e)
{
    log_event(e->log, 2, TB_EV_EFI_BOOT_SERVICES_DRIVER, log_text("a driver"), log_text("path"));
    revoke(e, log_text("a driver"));
}
/* Under another type the digest is the same. */
static void disguise_loader(struct evidence *e)
{
    log_find(e->log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0)->type = TB_EV_EFI_ACTION;
    revoke_loader(e);
}
static void inform_of_dbx(struct evidence *e)
{
    e->policy.severity[TB_CHECK_SB_DBX] = TB_SEVERITY_INFORM;
}

static void t49_a_revoked_program_or_signer_is_refused_whatever_dbx_says(void **state)
{
    static const struct change list[] = {
        { "loader", TB_CHECK_LOADER_REVOKED, TB_VERDICT_FAILED, revoke_loader, NULL,
          inform_of_dbx },
        { "signer", TB_CHECK_LOADER_REVOKED, TB_VERDICT_FAILED, revoke_signer, NULL,
          inform_of_dbx },
        { "driver", TB_CHECK_LOADER_REVOKED, TB_VERDICT_FAILED, revoke_driver, NULL,
          inform_of_dbx },
        { "another type", TB_CHECK_LOADER_REVOKED, TB_VERDICT_FAILED, disguise_loader, NULL,
          inform_of_dbx },
    };

    (void)state;
    RUN(list);
}

static void t49_programs_without_a_sha256_digest_cannot_be_cleared(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA384));

    (void)state;
    revoke(e, log_text("a revoked image"));
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_REVOKED);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOADER_REVOKED)->where, "PCR 4 sha256");
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOADER_REVOKED], TB_UNKNOWN);
    evidence_free(e);
}

static void t49_more_authorities_than_can_be_kept_cannot_be_cleared(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    char name[16];

    (void)state;
    revoke(e, log_text("a revoked image"));
    for (int i = 0; i < TB_AUTHORITIES_MAX; i++) {
        snprintf(name, sizeof name, "Key%d", i);
        log_variable(e->log, 7, AUTHORITY, log_guid_shim, name, log_cert_db);
    }
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_REVOKED);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOADER_REVOKED)->where, "authorities");
    evidence_free(e);
}

/* ---- T-51 ---- */

/* The boot's command line becomes this one. */
static void set_cmdline(struct evidence *e, const char *line)
{
    struct log_item *item = log_find(e->log, 8, TB_EV_IPL, 0);
    char text[512];
    int n = snprintf(text, sizeof text, "kernel_cmdline: /vmlinuz %s", line);

    assert_true(n > 0 && n < (int)sizeof text);
    log_set_data(e->log, item, log_text(text));
    log_rehash(e->log, item, tb_slice(text + 16, (size_t)n - 16));
}

static void judge_line(const char *line, enum tb_verdict verdict, int check, const char *observed)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    print_message("- %s\n", line);
    set_cmdline(e, line);
    evidence_run(e);
    assert_int_equal(e->result.boot->story.cmdline.state, TB_CMDLINE_PROVED);
    expect(e, verdict, check);
    if (check >= 0)
        assert_string_equal(evidence_reason(e, (enum tb_check)check)->observed, observed);
    evidence_free(e);
}

static void t51_what_no_stock_system_needs_is_refused_with_the_option(void **state)
{
    static const char *const options[] = {
        "init=/bin/sh",
        "rdinit=/bin/bash",
        "systemd.run=/tmp/x",
        "break=premount",
        "rd.break",
        "systemd.debug-shell=1",
        "systemd.debug_shell",
        "rd.systemd.debug_shell=1",
        "systemd.crash_shell=1",
        "systemd.wants=debug-shell.service",
        "rd.systemd.wants=debug-shell.service",
        "systemd.unit=debug-shell.service",
        "SYSTEMD_SULOGIN_FORCE=1",
        "systemd.setenv=SYSTEMD_SULOGIN_FORCE=1",
        "LD_PRELOAD=/tmp/x.so",
        "systemd.setenv=LD_PRELOAD=/tmp/x.so",
        "rd.cmdline=ask",
        "cloud-config-url=http://example.org/x",
        "kgdboc.kgdboc=ttyS0",
        "kgdboc_earlycon=pl011",
        "systemd.set_credential=tmpfiles.extra:x",
        "kgdboc=ttyS0",
        "kgdbwait",
        "module.sig_enforce=0",
        "lockdown=none",
        "rd.systemd.unit=debug-shell.service",
        "bootconfig",
        "ds=nocloud;s=http://192.0.2.1/",
        "ds=nocloud-net;s=http://192.0.2.1/",
        "'ds=nocloud;s=http://192.0.2.1/'",
        "ds=nocloud\\;s=http://192.0.2.1/",
        "cc:{runcmd:[id]}",
        "end_cc",
        "ignition.config.url=http://192.0.2.1/x",
        "systemd.mount-extra=/dev/sdb1:/etc",
        "rd.systemd.mount-extra=/dev/sdb1:/etc",
        "LD_AUDIT=/tmp/x.so",
        "LD_LIBRARY_PATH=/tmp",
        "sysctl.kernel.core_pattern=|/tmp/x",
        "sysctl/kernel/core_pattern=|/tmp/x",
        "sysctl.kernel.modprobe=/tmp/x",
        "sysctl.kernel/hotplug=/tmp/x",
        "sysctl/kernel.poweroff_cmd=/tmp/x",
        "evm=fix",
        "initcall_blacklist=lockdown_lsm_init",
        "acpi_rsdp=0x1000",
    };
    char line[256];

    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        snprintf(line, sizeof line, "ro quiet %s splash", options[i]);
        judge_line(line, TB_VERDICT_FAILED, TB_CHECK_CMDLINE, options[i]);
    }
}

static void t51_what_takes_a_protection_away_needs_a_look(void **state)
{
    static const char *const options[] = {
        "selinux=0",
        "apparmor=0",
        "enforcing=0",
        "mitigations=off",
        "nokaslr",
        "intel_iommu=off",
        "single",
        "S",
        "s",
        "1",
        "-b",
        "-s",
        "lsm=capability",
        "ima=off",
        "ima_appraise=off",
        "ima-appraise=log",
        "ima_appraise=fix",
        "rd.systemd.unit=rescue.target",
    };

    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        judge_line(options[i], TB_VERDICT_CHANGED, TB_CHECK_CMDLINE_WEAK, options[i]);
}

/* Whoever relies on IMA says so; that it is off is told to everybody. */
static void t51_ima_switched_off_fails_where_the_policy_says_so(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    set_cmdline(e, "ro ima_appraise=off");
    evidence_run(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_CMDLINE_WEAK);
    snprintf(e->policy.forbid.rule[0], TB_OPTION_RULE_MAX, "ima_appraise=off");
    e->policy.forbid.n = 1;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    e->policy.forbid.n = 0;
    e->policy.severity[TB_CHECK_CMDLINE_WEAK] = TB_SEVERITY_REQUIRED;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_WEAK);
    evidence_free(e);
}

static void t51_lines_of_stock_systems_are_trusted(void **state)
{
    static const char *const lines[] = {
        "root=UUID=5465369a-996d-42ca-9ad4-91d0082e0b34 ro quiet splash vt.handoff=7",
        "root=/dev/mapper/fedora-root ro rd.lvm.lv=fedora/root rhgb quiet mitigations=auto",
        "root=/dev/vda1 init=/usr/lib/systemd/systemd security=apparmor iommu=pt",
        "crashkernel=384M-:128M nomodeset rd.shell=0 initcall_blacklist=sysfb_init",
        "lockdown=confidentiality module.sig_enforce=1 selinux=1 ima_appraise=enforce",
        "ds=nocloud ima_hash=sha256 sysctl.kernel.sysrq=1",
        "init=/usr/lib/systemd/systemd ds=nocloud;s=/usr/share/oem/ root=/dev/dm-0",
        "lsm=landlock,lockdown,yama,integrity,apparmor,bpf",
        "dm-mod.create=\"vroot,,,ro,0 4077568 verity 1 a b\" root=/dev/dm-0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        judge_line(lines[i], TB_VERDICT_TRUSTED, -1, NULL);
}

static void t51_an_option_is_found_however_the_line_is_cut(void **state)
{
    (void)state;
    judge_line("ro -- init=/bin/sh", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "init=/bin/sh");
    judge_line("foo=\"x init=/bin/sh y\"", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "init=/bin/sh");
    judge_line("\"init=/bin/sh\" ro", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "\"init=/bin/sh\"");
    judge_line("'rd.break' ro", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "'rd.break'");
    judge_line("init=/sbin/init init=/bin/sh", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "init=/bin/sh");
    judge_line("init=/bin/sh init=/sbin/init", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "init=/bin/sh");
}

static void add_rule(struct tb_option_rules *rules, const char *rule)
{
    assert_true(tb_option_rule_valid(rule, strlen(rule)));
    snprintf(rules->rule[rules->n++], TB_OPTION_RULE_MAX, "%s", rule);
}

static void t51_the_policys_own_rules_hold(void **state)
{
    static const struct {
        const char *line, *forbid, *allow, *require;
        enum tb_verdict verdict;
        const char *observed;
    } list[] = {
        { "ro debug", "debug", NULL, NULL, TB_VERDICT_FAILED, "debug" },
        { "ro debug", "debug", "debug", NULL, TB_VERDICT_TRUSTED, NULL },
        { "ro init=/nix/store/x", NULL, "init=/nix/store/*", NULL, TB_VERDICT_TRUSTED, NULL },
        { "ro init=/bin/sh", NULL, "init=/nix/store/*", NULL, TB_VERDICT_FAILED, "init=/bin/sh" },
        { "ro selinux=0", NULL, "selinux", NULL, TB_VERDICT_TRUSTED, NULL },
        { "lockdown=integrity", NULL, NULL, "lockdown=integrity", TB_VERDICT_TRUSTED, NULL },
        { "ro", NULL, NULL, "lockdown=integrity", TB_VERDICT_FAILED, "no such option" },
        { "lockdown=confidentiality", NULL, NULL, "lockdown=integrity", TB_VERDICT_FAILED,
          "lockdown=confidentiality" },
        { "audit=1 audit=2", NULL, NULL, "audit=1", TB_VERDICT_FAILED, "audit=2" },
        { "ro -- audit=1", NULL, NULL, "audit=1", TB_VERDICT_FAILED, "no such option" },
        { "x=\"audit=1\"", NULL, NULL, "audit=1", TB_VERDICT_FAILED, "no such option" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        print_message("- %s\n", list[i].line);
        set_cmdline(e, list[i].line);
        if (list[i].forbid != NULL)
            add_rule(&e->policy.forbid, list[i].forbid);
        if (list[i].allow != NULL)
            add_rule(&e->policy.allow, list[i].allow);
        if (list[i].require != NULL)
            add_rule(&e->policy.require, list[i].require);
        evidence_run(e);
        expect(e, list[i].verdict, list[i].observed != NULL ? (int)TB_CHECK_CMDLINE : -1);
        if (list[i].observed != NULL)
            assert_string_equal(evidence_reason(e, TB_CHECK_CMDLINE)->observed, list[i].observed);
        evidence_free(e);
    }
}

/* The kernel tells that it got load options, and the log has their digest only. */
static void leave_out_cmdline(struct evidence *e)
{
    log_remove(e->log, log_find(e->log, 8, TB_EV_IPL, 0));
    log_event(e->log, 9, TB_EV_EVENT_TAG, log_text("load options"),
              tb_slice("\xed\x22\x3b\x8f\0\0\0\0", 8));
}

static void t51_a_line_that_is_not_proved_is_told_and_fails_rules_of_the_policy(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    leave_out_cmdline(e);
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_CMDLINE], TB_PASS);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_CMDLINE_UNPROVED], TB_UNKNOWN);
    add_rule(&e->policy.forbid, "debug");
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_string_equal(tb_result_headline(&e->result),
                        "could not be told whether the kernel's command line has an option that is "
                        "forbidden, or lacks one that is required");
    e->policy.forbid.n = 0;
    add_rule(&e->policy.require, "quiet");
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    e->policy.require.n = 0;
    e->policy.severity[TB_CHECK_CMDLINE_UNPROVED] = TB_SEVERITY_REQUIRED;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE_UNPROVED);
    evidence_free(e);

    e = evidence_new(SHA256_ONLY); /* none at all: fails rules too */
    log_remove(e->log, log_find(e->log, 8, TB_EV_IPL, 0));
    add_rule(&e->policy.forbid, "debug");
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_string_equal(evidence_reason(e, TB_CHECK_CMDLINE)->observed, "none");
    assert_int_equal(e->result.findings.outcome[TB_CHECK_CMDLINE_UNPROVED], TB_UNKNOWN);
    evidence_free(e);
}

/* The event stays, and its data is no more what the boot loader measured. */
static void t51_a_line_that_was_edited_in_the_log_fails_without_any_rule(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    set_cmdline(e, "ro init=/bin/sh");
    log_set_data(e->log, log_find(e->log, 8, TB_EV_IPL, 0),
                 log_text("kernel_cmdline: /vmlinuz ro quiet"));
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_CMDLINE_UNPROVED], TB_UNKNOWN);
    evidence_free(e);
}

/* Typed at the boot loader's prompt behind the menu's own. */
static void t51_a_forbidden_option_in_a_second_line_fails_whatever_the_first_says(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    log_event(e->log, 8, TB_EV_IPL, log_text("/vmlinuz init=/bin/sh"),
              tb_slice("kernel_cmdline: /vmlinuz init=/bin/sh", 38));
    evidence_run(e);
    assert_int_equal(e->result.boot->story.cmdline.state, TB_CMDLINE_SEVERAL);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_CMDLINE_UNPROVED], TB_UNKNOWN);
    evidence_free(e);
}

static void t51_a_line_with_bytes_that_cannot_be_shown_is_not_judged_as_whole(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    set_cmdline(e, "ro\tquiet");
    evidence_run(e);
    assert_true(e->result.boot->story.cmdline.cut);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_string_equal(evidence_reason(e, TB_CHECK_CMDLINE_UNPROVED)->observed, "a part of one");
    add_rule(&e->policy.require, "quiet");
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_CMDLINE);
    evidence_free(e);
    judge_line("root=LABEL=B\xc3\xbcro", TB_VERDICT_TRUSTED, -1, NULL);
    judge_line("ro\tinit=/bin/sh", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "init=/bin/sh");
    judge_line("ro\xa0init=/bin/sh", TB_VERDICT_FAILED, TB_CHECK_CMDLINE, "init=/bin/sh");
    judge_line("ro splash", TB_VERDICT_TRUSTED, -1, NULL);
}

/* ---- T-25, T-26 ---- */

static void t25_a_class_of_tpm_that_the_policy_does_not_name_is_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(e);
    e->in.tpm_class = TB_TPM_SOFTWARE;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1); /* the built-in policy allows each */
    e->policy.tpm_classes = 1U << TB_TPM_DISCRETE | 1U << TB_TPM_FIRMWARE;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_IDENTITY_TPM_CLASS);
    assert_string_equal(evidence_reason(e, TB_CHECK_IDENTITY_TPM_CLASS)->observed, "software");
    assert_true(e->result.quote.genuine); /* the rest is looked at too */
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_OFF], TB_PASS);
    e->in.tpm_class = TB_TPM_UNKNOWN;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_IDENTITY_TPM_CLASS);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_IDENTITY_TPM_CLASS], TB_UNKNOWN);
    e->in.tpm_class = TB_TPM_FIRMWARE;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

static void t26_a_firmware_version_on_an_advisory_is_told_with_its_name(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_tpm_advisory *a = &e->policy.advisory[0];
    const struct tb_reason *why;

    (void)state;
    snprintf(a->name, sizeof a->name, "CVE-2017-15361");
    a->vendor = tb_tpm_vendor_of_text("IFX");
    a->from = UINT64_C(7) << 48;
    a->to = UINT64_C(0x0007003dffffffff); /* 7.61 */
    e->policy.n_advisories = 1;
    evidence_prepare(e);
    e->q.firmware_version = a->to;
    evidence_sign(e);
    e->in.tpm_vendor = a->vendor;
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_IDENTITY_TPM_ADVISORY);
    why = evidence_reason(e, TB_CHECK_IDENTITY_TPM_ADVISORY);
    assert_string_equal(why->where, "CVE-2017-15361");
    assert_string_equal(why->observed, "7.61.65535.65535");
    a->to--;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    a->to += 2;
    a->from = e->q.firmware_version;
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_IDENTITY_TPM_ADVISORY);
    a->from++;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    a->from = 0;
    a->vendor = tb_tpm_vendor_of_text("IBM"); /* one maker, two numbers */
    e->in.tpm_vendor = tb_tpm_vendor_of_text("id:00001014");
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_IDENTITY_TPM_ADVISORY);
    e->in.tpm_vendor = tb_tpm_vendor_of_text("STM");
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    e->in.tpm_vendor = 0;
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_IDENTITY_TPM_ADVISORY);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_IDENTITY_TPM_ADVISORY], TB_UNKNOWN);
    evidence_free(e);
}

/* Its digest is on no list, and nobody asks for one. */
static void without_vendors_no_driver_is_asked_for(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    log_event(e->log, 2, TB_EV_EFI_BOOT_SERVICES_DRIVER, log_text("MZ a driver"),
              log_text("its place"));
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOADER_DRIVER], TB_PASS);
    evidence_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t49_a_revocation_that_dbx_lacks_is_named),
        cmocka_unit_test(t49_a_certificate_in_dbx_counts_by_its_digest),
        cmocka_unit_test(t49_a_revoked_program_or_signer_is_refused_whatever_dbx_says),
        cmocka_unit_test(without_vendors_no_driver_is_asked_for),
        cmocka_unit_test(t49_programs_without_a_sha256_digest_cannot_be_cleared),
        cmocka_unit_test(t49_more_authorities_than_can_be_kept_cannot_be_cleared),
        cmocka_unit_test(t51_what_no_stock_system_needs_is_refused_with_the_option),
        cmocka_unit_test(t51_what_takes_a_protection_away_needs_a_look),
        cmocka_unit_test(t51_ima_switched_off_fails_where_the_policy_says_so),
        cmocka_unit_test(t51_lines_of_stock_systems_are_trusted),
        cmocka_unit_test(t51_an_option_is_found_however_the_line_is_cut),
        cmocka_unit_test(t51_the_policys_own_rules_hold),
        cmocka_unit_test(t51_a_line_that_is_not_proved_is_told_and_fails_rules_of_the_policy),
        cmocka_unit_test(t51_a_line_that_was_edited_in_the_log_fails_without_any_rule),
        cmocka_unit_test(t51_a_forbidden_option_in_a_second_line_fails_whatever_the_first_says),
        cmocka_unit_test(t51_a_line_with_bytes_that_cannot_be_shown_is_not_judged_as_whole),
        cmocka_unit_test(t25_a_class_of_tpm_that_the_policy_does_not_name_is_refused),
        cmocka_unit_test(t26_a_firmware_version_on_an_advisory_is_told_with_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
