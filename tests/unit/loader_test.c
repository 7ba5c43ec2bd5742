/* The loader measures before it verifies, verifies before it uses, and starts only what it read
 * once. Under Secure Boot a fault stops the set; without, it is measured and told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/loader_world.h"

static int set_up(void **state)
{
    *state = world_new();
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

#define HEAD(state)                                                                                \
    "14 secure-boot " state "\n14 vendor\n14 configuration 30\n14 asset-tag rack 7\n"
#define SET(s) "12 set " s "\n13 set " s "\n14 set " s "\n"
#define EXTRA                                                                                      \
    "13 package an-extra 1 3 software N\n14 signer an-extra\n"                                     \
    "13 module initrd an-extra 1 early.cpio 10\n"
#define BASE                                                                                       \
    "12 package base 1 3 base N\n14 signer base\n12 module kernel base 1 vmlinuz N\n"              \
    "12 module initrd base 1 initrd 6\n12 module roothash base 1 roothash.cpio 13\n"
#define PLAIN "13 package plain 1 3 software N\n14 signer plain\n"
#define END(s)                                                                                     \
    "14 command-line quiet ro trueboot.set=" s "\n12 end " s "\n13 end " s "\n14 end " s "\n"
#define GOOD(s) SET(s) EXTRA BASE PLAIN END(s)

static void expect_records(struct world *w, const char *expected)
{
    assert_string_equal(world_records(w), expected);
}

static void expect_said(const struct world *w, const char *text)
{
    if (strstr(w->said, text) == NULL)
        fail_msg("\"%s\" was not said, but:\n%s", text, w->said);
}

/* Flips a bit of the first place where the file has these bytes. */
static void change(struct world *w, const char *path, const char *at)
{
    struct world_file *f = world_file(w, path);
    uint8_t *p = memmem(f->p, f->len, at, strlen(at));

    assert_non_null(p);
    *p ^= 1;
}

/* The last place: behind the manifest, so that it is the payload itself. */
static void change_payload(struct world *w, const char *path, const char *content)
{
    struct world_file *f = world_file(w, path);
    size_t n = strlen(content), at = f->len - n;

    while (memcmp(f->p + at, content, n) != 0 || f->p[at + n] != 0 || at % TB_BLOCK_LEN != 0 ||
           memcmp(f->p + at - TB_BLOCK_LEN + 257, "ustar", 5) != 0)
        assert_true(at-- > 0);
    f->p[at] ^= 1;
}

/* ---- what is good ---- */

static void a_good_set_is_measured_in_order_and_started(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_put_text(w, "a/notes.txt", "not looked at");
    assert_true(world_boot(w));
    expect_records(w, HEAD("on") GOOD("a"));
    assert_int_equal(w->l->boot.set, 'a');
    assert_string_equal(w->l->boot.command_line, "quiet ro trueboot.set=a");
    assert_int_equal(w->l->boot.kernel_image.entry, 0x1010);
}

static void the_modules_record_has_the_digests_of_the_bytes_that_are_used(void **state)
{
    struct world *w = *state;
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reader bytes;
    struct tb_record r;
    struct tb_reason why;
    uint8_t digest[64];

    world_good(w, 'a');
    assert_true(world_boot(w));
    for (size_t i = 0; i < w->n_records; i++) {
        assert_true(tb_record_parse(tb_slice(w->record[i].event, w->record[i].len), &r, &why));
        if (r.kind != TB_RECORD_MODULE || r.payload_kind != TB_PAYLOAD_KERNEL)
            continue;
        bytes = tb_slice(w->l->boot.kernel.p, w->l->boot.kernel.len);
        assert_true(tb_hash(h, TB_BANK_SHA512, bytes, digest));
        assert_memory_equal(r.sha512, digest, 64);
        assert_true(tb_hash(h, TB_BANK_SHA256, bytes, digest));
        assert_memory_equal(r.sha256, digest, 32);
        tb_hasher_free(h);
        return;
    }
    fail_msg("no record of the kernel");
}

static void options_of_the_configuration_are_measured_and_used(void **state)
{
    struct world *w = *state;

    world_conf(w, "default b\nquiet\nappend debug x=1\n");
    world_good(w, 'b');
    assert_true(world_boot(w));
    expect_records(w, "14 secure-boot on\n14 vendor\n14 configuration 53\n14 asset-tag rack 7\n"
                      "14 option quiet yes\n14 option append debug x=1\n" SET("b") EXTRA BASE PLAIN
                   "14 command-line quiet ro debug x=1 trueboot.set=b\n"
                   "12 end b\n13 end b\n14 end b\n");
    assert_string_equal(w->said, "");
}

static void an_asset_tag_is_one_printable_text_or_none(void **state)
{
    struct world *w = *state;
    static const char *const tags[][2] = {
        { "", "14 asset-tag -\n" },
        { "   ", "14 asset-tag -\n" },
        { "  a b ", "14 asset-tag a b\n" },
        { "x\ny\x80", "14 asset-tag x?y?\n" },
        { "0123456789-123456789-123456789-123456789-123456789-123456789-1234cut",
          "14 asset-tag 0123456789-123456789-123456789-123456789-123456789-123456789-123\n" },
    };

    world_good(w, 'a');
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        w->asset_tag = tags[i][0];
        assert_true(world_boot(w));
        if (strstr(world_records(w), tags[i][1]) == NULL)
            fail_msg("%s", world_records(w));
    }
}

/* ---- faults under Secure Boot ---- */

/* Nothing but this set; the check and the file are named, and what was there before is measured. */
static void expect_stopped(struct world *w, enum tb_check check, const char *file)
{
    if (world_boot(w))
        fail_msg("it was started:\n%s%s", world_records(w), w->said);
    expect_said(w, tb_check_text(check)->title);
    expect_said(w, tb_check_text(check)->next);
    expect_said(w, file);
    assert_null(strstr(world_records(w), " end "));
    assert_null(strstr(world_records(w), " unverified "));
    assert_null(w->l->boot.kernel.p);
}

static void b03_a_changed_kernel_initrd_or_root_hash_stops_and_is_named(void **state)
{
    struct world *w = *state;
    static const char *const contents[] = { "initrd", "roothash.cpio" };

    for (size_t i = 0; i < 2; i++) {
        world_good(w, 'a');
        change_payload(w, "a/base_1.tbp", contents[i]);
        expect_stopped(w, TB_CHECK_PACKAGE_PAYLOAD, "base_1.tbp");
        expect_said(w, contents[i]);
    }
    world_good(w, 'a');
    change(w, "a/base_1.tbp", "\xdd\xdd\xdd\xdd");
    expect_stopped(w, TB_CHECK_PACKAGE_PAYLOAD, "base_1.tbp");
    expect_records(w, HEAD("on") SET("a") EXTRA "12 package base 1 3 base N\n14 signer base\n"
                                                "12 module kernel base 1 vmlinuz N\n");
}

static void b03_a_changed_early_module_of_another_package_stops(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    change_payload(w, "a/an-extra_1.tbp", "early.cpio");
    expect_stopped(w, TB_CHECK_PACKAGE_PAYLOAD, "an-extra_1.tbp");
}

static void both_digests_of_a_module_must_be_the_manifests(void **state)
{
    struct world *w = *state;
    struct test_package *made = malloc(sizeof *made);
    struct tb_manifest *m = world_plain();
    uint8_t *digests[] = { m->payload[0].sha256, m->payload[0].sha512 };

    world_good(w, 'a');
    for (size_t i = 0; i < 2; i++) {
        test_manifest(m);
        m->payload[0].kind = TB_PAYLOAD_INITRD;
        *digests[i] ^= 1;
        test_package_make(made, test_manifest_text(m), w->vendor, NULL, PACKAGE_NOW_S);
        world_put(w, "a/hello_1.2-3.tbp", made->bytes, made->len);
        expect_stopped(w, TB_CHECK_PACKAGE_PAYLOAD, "hello_1.2-3.tbp");
    }
    free(made);
}

static void late_payloads_are_left_to_the_secure_boot_verifier(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    change_payload(w, "a/base_1.tbp", "system.img");
    change_payload(w, "a/plain_1.tbp", "tool");
    assert_true(world_boot(w));
    expect_records(w, HEAD("on") GOOD("a"));
}

static void b08_a_package_of_a_foreign_signer_stops(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_package(w, 'a', world_plain(), w->stranger);
    expect_stopped(w, TB_CHECK_PACKAGE_SIGNATURE, "plain_1.tbp");
}

static void a_changed_manifest_stops_before_anything_of_it_is_used(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    change(w, "a/base_1.tbp", "Example Inc.");
    expect_stopped(w, TB_CHECK_PACKAGE_SIGNATURE, "base_1.tbp");
    expect_records(w, HEAD("on") SET("a") EXTRA "12 package base 1 3 base N\n");
}

static void b16_a_malformed_or_unreadable_package_stops(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_put_text(w, "a/zzz_1.tbp", "no package");
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "zzz_1.tbp");
    world_put(w, "a/zzz_1.tbp", NULL, 0);
    change(w, "a/plain_1.tbp", "security-version");
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "plain_1.tbp");
    world_good(w, 'a');
    world_file(w, "a/plain_1.tbp")->unreadable = true;
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "plain_1.tbp");
    world_good(w, 'a');
    world_file(w, "a/base_1.tbp")->len -= 5000; /* cut within the payloads */
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "base_1.tbp");
}

static void a_file_with_another_packages_name_stops(void **state)
{
    struct world *w = *state;
    struct world_file *f;

    world_good(w, 'a');
    f = world_file(w, "a/plain_1.tbp");
    snprintf(f->path, sizeof f->path, "a/plain_2.tbp");
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "plain_2.tbp");
    expect_said(w, "expected plain_1.tbp");
    snprintf(f->path, sizeof f->path, "a/%0200d.tbp", 1);
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "00000");
}

static void b08_a_level_that_the_signer_may_not_vouch_for_stops(void **state)
{
    struct world *w = *state;
    struct test_vendor *weak = test_vendor_new("partner");

    world_good(w, 'a');
    tb_vendors_free(w->vendors);
    w->vendors = test_vendors_of(w->vendor, weak);
    world_package(w, 'a', world_plain(), weak); /* claims accepted */
    expect_stopped(w, TB_CHECK_PACKAGE_LEVEL, "plain_1.tbp");
    test_vendor_free(weak);
}

static void a_set_without_base_or_with_two_stops(void **state)
{
    struct world *w = *state;
    struct tb_manifest *second = world_base();

    world_conf(w, "default a\n");
    expect_stopped(w, TB_CHECK_PACKAGE_REQUIRED, "folder");
    world_package(w, 'a', world_plain(), w->vendor);
    expect_stopped(w, TB_CHECK_PACKAGE_REQUIRED, "folder");
    world_good(w, 'a');
    second = world_base();
    second->name = tb_slice("case", 4);
    world_package(w, 'a', second, w->vendor);
    expect_stopped(w, TB_CHECK_PACKAGE_DUPLICATE, "case_1.tbp");
}

static void a_base_of_two_kernels_or_one_that_is_no_program_stops(void **state)
{
    struct world *w = *state;
    struct tb_manifest *m;

    world_good(w, 'a');
    m = world_base();
    m->payload[1].kind = TB_PAYLOAD_KERNEL;
    world_package(w, 'a', m, w->vendor);
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "base_1.tbp");
    m = world_base();
    m->payload[0].kind = TB_PAYLOAD_SYSTEM;
    world_package(w, 'a', m, w->vendor);
    expect_stopped(w, TB_CHECK_PACKAGE_REQUIRED, "folder");
}

static void more_packages_than_a_set_may_have_stop(void **state)
{
    struct world *w = *state;
    char path[32];

    world_good(w, 'a');
    for (unsigned i = 0; i < TB_SET_PACKAGES_MAX - 2; i++) {
        snprintf(path, sizeof path, "a/x%u_1.tbp", i);
        world_put_text(w, path, "x");
    }
    expect_stopped(w, TB_CHECK_PACKAGE_FORMAT, "folder");
    expect_said(w, "at most 64");
    world_put(w, path, NULL, 0);
    w->secure_boot = "off";
    assert_true(world_boot(w)); /* 64, of which most are none */
}

static void a_command_line_that_is_too_long_stops(void **state)
{
    struct world *w = *state;
    char line[TB_APPEND_MAX + 32], value[TB_PKG_OPTION_MAX];
    const int room = TB_COMMAND_LINE_MAX - TB_PKG_OPTION_MAX - (int)strlen("  trueboot.set=a");
    struct tb_manifest *m;

    memset(value, 'v', sizeof value);
    world_good(w, 'a');
    m = world_base();
    m->option[0].value = tb_slice(value, sizeof value);
    world_package(w, 'a', m, w->vendor);
    for (int more = 0; more < 2; more++) {
        snprintf(line, sizeof line, "default a\nappend %0*d\n", room + more, 7);
        world_conf(w, line);
        assert_int_equal(world_boot(w), more == 0);
    }
    expect_said(w, "command line: ");
    snprintf(line, sizeof line, "default a\nappend %0*d\n", room, 7);
    world_conf(w, line);
    assert_true(world_boot(w));
    assert_int_equal(strlen(w->l->boot.command_line), TB_COMMAND_LINE_MAX);
    assert_memory_equal(w->l->boot.command_line, value, sizeof value);
    assert_non_null(strstr(w->l->boot.command_line, "v 000"));
}

/* ---- rollback and revocation ---- */

static void minimum_is(struct world *w, const char *text)
{
    struct world_variable *v = &w->variable[TB_VARIABLE_MINIMUM];

    v->is_there = true;
    v->len = strlen(text);
    memcpy(v->value, text, v->len);
}

static void expect_minimum(const struct world *w, const char *text)
{
    const struct world_variable *v = &w->variable[TB_VARIABLE_MINIMUM];

    assert_int_equal(v->is_there, text[0] != '\0');
    assert_int_equal(v->len, strlen(text));
    assert_memory_equal(v->value, text, v->len);
}

static void b07_a_package_below_the_kept_minimum_stops(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    minimum_is(w, "base 4\n");
    expect_stopped(w, TB_CHECK_PACKAGE_ROLLED_BACK, "base_1.tbp");
    minimum_is(w, "base 3\n");
    assert_true(world_boot(w));
}

static void the_minimum_rises_with_a_good_set_under_secure_boot_only(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    assert_true(world_boot(w));
    expect_minimum(w, ""); /* not called good */
    world_conf(w, "default a\ngood a\n");
    w->secure_boot = "off";
    assert_true(world_boot(w));
    expect_minimum(w, "");
    w->secure_boot = "on";
    w->variable[TB_VARIABLE_MINIMUM].cannot_be_set = true;
    assert_true(world_boot(w));
    expect_said(w, "does not keep which versions");
    w->variable[TB_VARIABLE_MINIMUM].cannot_be_set = false;
    minimum_is(w, "base 2\nother 9\nplain 1\n");
    assert_true(world_boot(w));
    expect_minimum(w, "an-extra 3\nbase 3\nother 9\nplain 3\n");
    w->variable[TB_VARIABLE_MINIMUM].cannot_be_set = true; /* nothing to change */
    assert_true(world_boot(w));
    assert_null(strstr(w->said, "does not keep"));
}

static void a_set_that_is_not_whole_raises_no_minimum(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_conf(w, "default a\ngood a\n");
    change_payload(w, "a/base_1.tbp", "initrd");
    assert_false(world_boot(w));
    expect_minimum(w, "");
}

static void a_minimum_that_cannot_be_told_stops_under_secure_boot(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    minimum_is(w, "base three\n");
    assert_false(world_boot(w));
    expect_said(w, "TruebootMinimum");
    w->secure_boot = "off";
    assert_true(world_boot(w));
    minimum_is(w, "");
    w->variable[TB_VARIABLE_MINIMUM].cannot_be_read = true;
    assert_true(world_boot(w));
    w->secure_boot = "on";
    assert_false(world_boot(w));
}

static void put_revocations(struct world *w, const char *list, const struct test_vendor *v)
{
    struct tb_signatures one = { .n = 1, .signer[0] = { .alg = TB_SIGN_P384 } };
    uint8_t head[TB_SIGNED_HEAD_LEN], value[TB_CODE_SIGNATURE_MAX], member[4096];
    struct tb_reader parts[2];
    struct tb_reason why;
    size_t len;

    one.signer[0].signed_s = PACKAGE_NOW_S;
    one.signer[0].n_certs = tb_code_key_chain(v->key, one.signer[0].cert);
    tb_signed_parts(TB_SIGNED_REVOCATIONS, PACKAGE_NOW_S, tb_slice(list, strlen(list)), head,
                    parts);
    assert_true(tb_code_sign(v->key, parts, 2, value, &len, &why));
    one.signer[0].signature = tb_slice(value, len);
    assert_true(tb_signatures_encode(&one, member, sizeof member, &len));
    world_put_text(w, "revocations", list);
    world_put(w, "revocations.sig", member, len);
}

static const char endless[1 << 20];
static const char revokes_plain[] = "trueboot-revocations 1\nserial 1\n"
                                    "issued 2026-01-01T00:00:00Z\npackage plain 3\nend\n";

static void b08_a_revoked_package_stops_if_the_list_is_signed(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    put_revocations(w, revokes_plain, w->vendor);
    expect_stopped(w, TB_CHECK_PACKAGE_REVOKED, "plain_1.tbp");
    put_revocations(w, revokes_plain, w->stranger);
    assert_true(world_boot(w));
    expect_said(w, "the list of revocations is not used");
    world_put(w, "revocations.sig", endless, sizeof endless);
    assert_true(world_boot(w));
    expect_said(w, "the list of revocations cannot be read");
    world_put(w, "revocations.sig", NULL, 0);
    assert_true(world_boot(w));
    expect_said(w, "the list of revocations cannot be read");
}

/* ---- Secure Boot off ---- */

static void b03_without_secure_boot_faults_are_measured_told_and_the_boot_goes_on(void **state)
{
    struct world *w = *state;

    w->secure_boot = "off";
    world_good(w, 'a');
    world_put_text(w, "a/bad name_1.tbp", "no package");
    world_package(w, 'a', world_plain(), w->stranger);
    change_payload(w, "a/base_1.tbp", "initrd");
    minimum_is(w, "base 4\n");
    assert_true(world_boot(w));
    expect_records(w, HEAD("off") SET("a") EXTRA
                   "14 unverified bad_name_1.tbp package.format\n"
                   "12 package base 1 3 base N\n14 signer base\n"
                   "14 unverified base_1.tbp package.rolled-back\n"
                   "12 module kernel base 1 vmlinuz N\n12 module initrd base 1 initrd 6\n"
                   "14 unverified base_1.tbp package.payload\n"
                   "12 module roothash base 1 roothash.cpio 13\n"
                   "13 package plain 1 3 software N\n"
                   "14 unverified plain_1.tbp package.signature\n" END("a"));
    expect_said(w, "going on");
}

static void setup_and_audit_mode_are_as_secure_boot_off_and_unknown_is_as_on(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_package(w, 'a', world_plain(), w->stranger);
    w->secure_boot = "setup-mode";
    assert_true(world_boot(w));
    w->secure_boot = "audit-mode";
    assert_true(world_boot(w));
    w->secure_boot = "unknown";
    assert_false(world_boot(w));
}

static void without_secure_boot_a_second_base_is_measured_and_not_used(void **state)
{
    struct world *w = *state;
    struct tb_manifest *second;

    world_good(w, 'a');
    second = world_base();
    second->name = tb_slice("case", 4);
    world_package(w, 'a', second, w->vendor);
    w->secure_boot = "off";
    assert_true(world_boot(w));
    expect_records(
        w, HEAD("off") SET("a") EXTRA BASE
        "12 package case 1 3 base N\n14 unverified case_1.tbp package.duplicate\n" PLAIN END("a"));
}

static void what_cannot_be_started_stops_without_secure_boot_too(void **state)
{
    struct world *w = *state;
    struct world_file *f;

    w->secure_boot = "off";
    world_conf(w, "default a\n");
    assert_false(world_boot(w));
    world_good(w, 'a');
    f = world_file(w, "a/base_1.tbp");
    memcpy(memmem(f->p, f->len, "MZ\0\0", 4), "XX", 2);
    assert_false(world_boot(w));
    expect_said(w, "kernel: ");
}

/* ---- the other set ---- */

static void a_fault_falls_back_to_the_other_set_and_says_so(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_good(w, 'b');
    change_payload(w, "a/base_1.tbp", "initrd");
    assert_true(world_boot(w));
    expect_records(w, HEAD("on") SET("a") EXTRA
                   "12 package base 1 3 base N\n14 signer base\n12 module kernel base 1 vmlinuz N\n"
                   "12 module initrd base 1 initrd 6\n"
                   "14 fallback a b package.payload\n" GOOD("b"));
    assert_int_equal(w->l->boot.set, 'b');
    assert_int_equal(w->l->boot.n_modules, 3);
    expect_said(w, "falling back from set a to set b: package.payload");
}

static void two_bad_sets_stop_after_one_fallback(void **state)
{
    struct world *w = *state;

    world_conf(w, "default b\n");
    world_good(w, 'a');
    world_good(w, 'b');
    change_payload(w, "a/base_1.tbp", "initrd");
    change_payload(w, "b/base_1.tbp", "roothash.cpio");
    assert_false(world_boot(w));
    assert_non_null(strstr(world_records(w), "14 fallback b a package.payload\n"));
    assert_null(strstr(world_records(w), "fallback a b"));
}

static void a_set_that_did_not_come_up_gives_way_to_a_good_one(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_good(w, 'b');
    world_conf(w, "default a\ngood b\n");
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.set, 'a'); /* the first time it is tried */
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.set, 'b');
    assert_non_null(strstr(world_records(w), "14 fallback a b boot.incomplete\n12 set b\n"));
    assert_null(strstr(world_records(w), "set a"));
    world_conf(w, "default a\ngood b\nquiet\n"); /* somebody changed something: once more */
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.set, 'a');
    world_conf(w, "default a\ngood a\ngood b\n"); /* it came up */
    assert_true(world_boot(w));
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.set, 'a');
}

static void without_a_good_other_set_the_same_is_tried_again(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_good(w, 'b');
    assert_true(world_boot(w));
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.set, 'a');
    w->variable[TB_VARIABLE_TRIED].cannot_be_set = true;
    assert_true(world_boot(w));
    expect_said(w, "does not keep that set a is tried");
}

static void after_a_fallback_for_a_boot_that_failed_a_fault_stops(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_good(w, 'b');
    world_conf(w, "default a\ngood b\n");
    assert_true(world_boot(w));
    change_payload(w, "b/base_1.tbp", "initrd");
    assert_false(world_boot(w));
    assert_null(strstr(world_records(w), "fallback b a"));
}

/* ---- the configuration ---- */

static void b16_without_a_configuration_that_holds_set_a_is_started_without_options(void **state)
{
    struct world *w = *state;
    static char large[TB_BOOTCONF_LEN_MAX + 2];

    world_good(w, 'a');
    world_put(w, "boot.conf", NULL, 0);
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "14 configuration 0\n"));
    expect_said(w, "there is no boot.conf");
    world_put_text(w, "boot.conf", "trueboot-boot 1\ndefault c\nend\n");
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "14 configuration 30\n"));
    expect_said(w, "boot.conf: line 2");
    memset(large, '#', sizeof large - 1);
    world_put_text(w, "boot.conf", large);
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "14 configuration N\n"));
    expect_said(w, "boot.conf: 2049 bytes, at most 2048 may be");
    assert_int_equal(w->record[2].len, 8 + strlen("configuration 2049 \n") + 128);
    world_put(w, "boot.conf", endless, sizeof endless);
    assert_true(world_boot(w));
    assert_int_equal(w->record[2].len, 8 + strlen("configuration 1048576 \n") + 128);
    world_file(w, "boot.conf")->unreadable = true;
    assert_true(world_boot(w));
    expect_said(w, "boot.conf cannot be read");
}

static void the_configurations_record_holds_its_bytes(void **state)
{
    struct world *w = *state;
    struct tb_record r;
    struct tb_reason why;

    world_good(w, 'a');
    assert_true(world_boot(w));
    assert_true(tb_record_parse(tb_slice(w->record[2].event, w->record[2].len), &r, &why));
    assert_int_equal(r.kind, TB_RECORD_CONFIGURATION);
    assert_true(tb_slice_equal(
        r.text, tb_slice(world_file(w, "boot.conf")->p, world_file(w, "boot.conf")->len)));
}

/* ---- measuring and memory ---- */

static void whichever_measurement_fails_nothing_is_started_and_nothing_follows(void **state)
{
    struct world *w = *state;
    unsigned all;

    world_good(w, 'a');
    world_good(w, 'b');
    assert_true(world_boot(w));
    all = w->n_measured;
    assert_int_equal(all, 21);
    for (unsigned secure = 0; secure < 2; secure++)
        for (unsigned i = 1; i <= all; i++) {
            w->secure_boot = secure != 0 ? "on" : "off";
            w->measure_fails_at = i;
            assert_false(world_boot(w));
            assert_int_equal(w->n_measured, i);
            assert_null(w->l->boot.kernel.p);
            expect_said(w, "stopped: a measurement failed");
        }
}

static void b11_a_full_log_is_told_in_a_last_record_once_and_the_boot_goes_on(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    w->log_is_full_at = 9;
    assert_true(world_boot(w));
    assert_int_equal(w->n_measured, 22);
    assert_int_equal(w->record[9].pcr, 14);
    assert_memory_equal(w->record[9].event + 8, "lost\n", 5);
    expect_said(w, "the firmware's event log is full");
    w->measure_fails_at = 10; /* that record itself */
    assert_false(world_boot(w));
}

static void without_memory_nothing_is_started(void **state)
{
    struct world *w = *state;
    unsigned all;

    world_good(w, 'a');
    assert_true(world_boot(w));
    all = w->n_taken;
    assert_int_equal(all, 5);
    for (unsigned i = 2; i <= all; i++) { /* the first is for boot.conf */
        w->take_fails_at = i;
        assert_false(world_boot(w));
    }
}

static void b16_a_payload_of_a_size_beyond_all_memory_stops(void **state)
{
    struct world *w = *state;
    struct tb_manifest *m = world_base();
    struct test_package *made = malloc(sizeof *made);
    char text[TB_MANIFEST_LEN_MAX];
    char *size;

    world_good(w, 'a');
    world_package(w, 'a', m, w->vendor);
    snprintf(text, sizeof text, "%.*s", (int)test_manifest_text(m).left,
             (const char *)test_manifest_text(m).p);
    size = strstr(text, "initrd initrd 6 ");
    assert_non_null(size);
    memmove(size + 24, size + 15, strlen(size + 15) + 1);
    memcpy(size + 14, "8589934591", 10);
    test_package_make(made, tb_slice(text, strlen(text)), w->vendor, NULL, PACKAGE_NOW_S);
    world_put(w, "a/base_1.tbp", made->bytes, made->len);
    free(made);
    assert_false(world_boot(w));
}

int main(void)
{
#define WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WORLD(a_good_set_is_measured_in_order_and_started),
        WORLD(the_modules_record_has_the_digests_of_the_bytes_that_are_used),
        WORLD(options_of_the_configuration_are_measured_and_used),
        WORLD(an_asset_tag_is_one_printable_text_or_none),
        WORLD(b03_a_changed_kernel_initrd_or_root_hash_stops_and_is_named),
        WORLD(b03_a_changed_early_module_of_another_package_stops),
        WORLD(both_digests_of_a_module_must_be_the_manifests),
        WORLD(late_payloads_are_left_to_the_secure_boot_verifier),
        WORLD(b08_a_package_of_a_foreign_signer_stops),
        WORLD(a_changed_manifest_stops_before_anything_of_it_is_used),
        WORLD(b16_a_malformed_or_unreadable_package_stops),
        WORLD(a_file_with_another_packages_name_stops),
        WORLD(b08_a_level_that_the_signer_may_not_vouch_for_stops),
        WORLD(a_set_without_base_or_with_two_stops),
        WORLD(a_base_of_two_kernels_or_one_that_is_no_program_stops),
        WORLD(more_packages_than_a_set_may_have_stop),
        WORLD(a_command_line_that_is_too_long_stops),
        WORLD(b07_a_package_below_the_kept_minimum_stops),
        WORLD(the_minimum_rises_with_a_good_set_under_secure_boot_only),
        WORLD(a_set_that_is_not_whole_raises_no_minimum),
        WORLD(a_minimum_that_cannot_be_told_stops_under_secure_boot),
        WORLD(b08_a_revoked_package_stops_if_the_list_is_signed),
        WORLD(b03_without_secure_boot_faults_are_measured_told_and_the_boot_goes_on),
        WORLD(setup_and_audit_mode_are_as_secure_boot_off_and_unknown_is_as_on),
        WORLD(without_secure_boot_a_second_base_is_measured_and_not_used),
        WORLD(what_cannot_be_started_stops_without_secure_boot_too),
        WORLD(a_fault_falls_back_to_the_other_set_and_says_so),
        WORLD(two_bad_sets_stop_after_one_fallback),
        WORLD(a_set_that_did_not_come_up_gives_way_to_a_good_one),
        WORLD(without_a_good_other_set_the_same_is_tried_again),
        WORLD(after_a_fallback_for_a_boot_that_failed_a_fault_stops),
        WORLD(b16_without_a_configuration_that_holds_set_a_is_started_without_options),
        WORLD(the_configurations_record_holds_its_bytes),
        WORLD(whichever_measurement_fails_nothing_is_started_and_nothing_follows),
        WORLD(b11_a_full_log_is_told_in_a_last_record_once_and_the_boot_goes_on),
        WORLD(without_memory_nothing_is_started),
        WORLD(b16_a_payload_of_a_size_beyond_all_memory_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
