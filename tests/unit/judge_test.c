/* What is on the boot partition passes only as it was signed, whole and alone; and what was found
 * is what is measured. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/relations.h"
#include "tests/unit/judge_world.h"

static int set_up(void **state)
{
    *state = judge_world_new();
    return 0;
}

static int tear_down(void **state)
{
    judge_world_free(*state);
    return 0;
}

static struct tb_reader text(const char *s)
{
    return tb_slice(s, strlen(s));
}

/* ---- what passes ---- */

static void a_good_set_yields_its_records_in_byte_order_of_the_file_names(void **state)
{
    static const char *const expected[] = { "checked base 1.0 3 pass", "checked hello 1.0 3 pass",
                                            "checked trueboot-loader 1.0 3 pass",
                                            "verdict pass 3 0" };
    struct judge_world *w = *state;

    world_passes(w);
    assert_int_equal(w->n_records, 4);
    assert_int_equal(w->n_packages, 3);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(w->record[i], expected[i]);
}

static void files_of_passed_packages_are_unpacked_with_their_services(void **state)
{
    struct judge_world *w = *state;
    char found[64];

    world_passes(w);
    world_read(w, "software/hello/run", found, sizeof found);
    assert_string_equal(found, "#!/bin/sh\necho hello\n");
    world_read(w, "services", found, sizeof found);
    assert_string_equal(found, "hello/run\n");
    assert_false(world_has(w, "software/base/system.img"));
    assert_false(world_has(w, "software/trueboot-loader"));
}

static void a_package_may_have_the_name_of_what_stands_beside_the_software(void **state)
{
    static const char *const names[] = { "services", "software", "events.cel" };
    struct judge_world *w = *state;
    char found[64];

    for (size_t i = 0; i < 3; i++) {
        world_manifest(w, names[i]);
        world_software(w, w->ours);
    }
    world_passes(w);
    world_read(w, "software/services/run", found, sizeof found);
    assert_string_equal(found, "#!/bin/sh\necho hello\n");
    world_read(w, "services", found, sizeof found);
    assert_string_equal(found, "hello/run\n");
}

static void nothing_is_unpacked_where_nothing_is_asked_for(void **state)
{
    struct judge_world *w = *state;

    w->question.run = NULL;
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_PASS);
    assert_false(world_has(w, "software"));
}

static void what_belongs_on_the_partitions_is_in_its_place(void **state)
{
    struct judge_world *w = *state;

    world_put(w, "esp/trueboot/boot.conf.new", "left behind");
    world_put(w, "esp/trueboot/b/other_1.tbp", "judged when its turn comes");
    world_put(w, "state/data/agent/agent.json", "{}");
    world_put(w, "state/data/empty", "");
    world_put(w, "state/lost+found/#12", "half a log");
    world_passes(w);
}

static void the_loader_may_stand_elsewhere_and_in_either_case(void **state)
{
    uint8_t image[4096];
    struct tb_reader content = tb_slice(image, test_pe_build(image));
    struct judge_world *w = *state;

    world_remove(w, "esp/EFI");
    world_write(w, "esp/efi/trueboot/bootx64.efi", content);
    world_passes(w);
}

static void the_other_set_is_judged_as_well(void **state)
{
    struct judge_world *w = *state;
    char from[128], to[128];

    snprintf(from, sizeof from, "%s/trueboot/a", w->esp);
    snprintf(to, sizeof to, "%s/trueboot/b", w->esp);
    assert_int_equal(rename(from, to), 0);
    w->question.set = 'b';
    world_passes(w);
}

/* ---- B-04, B-16: packages that are not as they were signed ---- */

static void b04_t54_any_changed_byte_of_any_package_fails_and_names_it(void **state)
{
    static const char *const files[] = { "hello_1.0.tbp", "trueboot-loader_1.0.tbp",
                                         "base_1.0.tbp" };
    static char bytes[1 << 20];
    struct judge_world *w = *state;

    for (size_t f = 0; f < 3; f++) {
        char path[64], told[64], full[256];
        struct stat st;
        FILE *in;

        snprintf(path, sizeof path, "esp/trueboot/a/%s", files[f]);
        snprintf(told, sizeof told, "/trueboot/a/%s", files[f]);
        snprintf(full, sizeof full, "%s/%s", w->dir, path);
        assert_int_equal(stat(full, &st), 0);
        in = fopen(full, "r");
        assert_int_equal(fread(bytes, 1, sizeof bytes, in), st.st_size);
        fclose(in);
        for (off_t at = 0; at < st.st_size; at += f == 2 ? 9973 : 487) {
            bytes[at] ^= 1;
            world_write(w, path, tb_slice(bytes, (size_t)st.st_size));
            world_judge(w);
            assert_int_equal(w->judgement, TB_JUDGE_FAIL);
            assert_string_equal(w->path[0], told);
            bytes[at] ^= 1;
        }
        world_write(w, path, tb_slice(bytes, (size_t)st.st_size));
    }
    world_passes(w);
}

static void b04_a_changed_late_payload_is_told_with_both_digests(void **state)
{
    struct judge_world *w = *state;
    size_t last;

    world_base(w, "quiet");
    last = w->package->len - (size_t)3 * TB_BLOCK_LEN;
    w->package->bytes[last] ^= 0x80; /* within system.img */
    world_write(w, "esp/trueboot/a/base_1.0.tbp", tb_slice(w->package->bytes, w->package->len));
    world_fails(w, TB_CHECK_PACKAGE_PAYLOAD, "/trueboot/a/base_1.0.tbp",
                "checked base 1.0 3 package.payload");
    assert_string_equal(w->fault[0].where, "system.img");
    assert_int_equal(strlen(w->fault[0].expected), 128);
    assert_int_equal(strlen(w->fault[0].observed), 128);
    assert_string_not_equal(w->fault[0].expected, w->fault[0].observed);
}

static void t54_each_digest_of_a_signed_manifest_must_be_of_the_payload(void **state)
{
    struct judge_world *w = *state;

    test_manifest(w->manifest);
    for (unsigned i = 0; i < 3; i++) {
        struct tb_payload *p = &w->manifest->payload[0];

        p->sha256[31] ^= i == 1;
        p->sha512[63] ^= i == 2;
        test_package_make(w->package, test_manifest_text(w->manifest), w->ours, NULL,
                          PACKAGE_NOW_S);
        p->sha256[31] ^= i == 1;
        p->sha512[63] ^= i == 2;
        world_remove(w, "esp/trueboot/a/hello_1.0.tbp");
        world_write(w, "esp/trueboot/a/hello_1.2-3.tbp",
                    tb_slice(w->package->bytes, w->package->len));
        if (i == 0)
            world_passes(w);
        else
            world_fails(w, TB_CHECK_PACKAGE_PAYLOAD, "/trueboot/a/hello_1.2-3.tbp",
                        "checked hello 1.2-3 3 package.payload");
        world_put(w, "esp/trueboot/a/hello_1.0.tbp", "");
    }
}

static void b16_every_truncation_of_a_package_fails_and_so_does_what_follows_it(void **state)
{
    struct judge_world *w = *state;
    size_t len;

    world_manifest(w, "hello");
    world_software(w, w->ours);
    len = w->package->len;
    for (size_t n = 0; n < len; n += 61) {
        world_write(w, "esp/trueboot/a/hello_1.0.tbp", tb_slice(w->package->bytes, n));
        world_judge(w);
        assert_int_equal(w->judgement, TB_JUDGE_FAIL);
        assert_int_equal(w->n_faults, 1);
        assert_string_equal(w->path[0], "/trueboot/a/hello_1.0.tbp");
    }
    world_write(w, "esp/trueboot/a/hello_1.0.tbp", tb_slice(w->package->bytes, len + 1));
    world_fails(w, TB_CHECK_PACKAGE_PAYLOAD, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.payload");
    assert_string_equal(w->fault[0].expected, "nothing more");
}

static void b16_what_is_no_package_has_a_record_by_its_path(void **state)
{
    struct judge_world *w = *state;
    char full[256];

    world_put(w, "esp/trueboot/a/junk_1.tbp", "not a package");
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/a/junk_1.tbp",
                "unclaimed /trueboot/a/junk_1.tbp");
    world_remove(w, "esp/trueboot/a/junk_1.tbp");
    snprintf(full, sizeof full, "%s/trueboot/a/dir_1.tbp", w->esp);
    assert_int_equal(mkdir(full, 0755), 0);
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/a/dir_1.tbp",
                "unclaimed /trueboot/a/dir_1.tbp");
    assert_int_equal(rmdir(full), 0);
    assert_int_equal(symlink("hello_1.0.tbp", full), 0);
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/a/dir_1.tbp",
                "unclaimed /trueboot/a/dir_1.tbp");
}

static void t54_a_package_under_another_name_is_refused(void **state)
{
    const struct tb_reader content = text("x");
    struct judge_world *w = *state;

    world_manifest(w, "other");
    world_package(w, "other_2.0.tbp", w->ours, &content);
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/a/other_2.0.tbp",
                "checked other 1.0 3 package.format");
    assert_string_equal(w->fault[0].expected, "other_1.0.tbp");
}

/* ---- B-08: who vouches ---- */

static void b08_a_package_of_a_foreign_signer_is_refused(void **state)
{
    struct judge_world *w = *state;

    world_manifest(w, "hello");
    world_software(w, w->other);
    world_fails(w, TB_CHECK_PACKAGE_SIGNATURE, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.signature");
}

static void b08_a_signer_may_not_vouch_for_more_than_his_level(void **state)
{
    struct judge_world *w = *state;

    world_manifest(w, "hello");
    w->manifest->level = TB_LEVEL_ACCEPTED;
    world_software(w, w->weak);
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.level");
    w->manifest->level = TB_LEVEL_PARTNER;
    world_software(w, w->weak);
    world_passes(w);
}

static void b08_a_package_below_the_level_of_the_signed_command_line_is_refused(void **state)
{
    struct judge_world *w = *state;
    char line[TB_PKG_OPTION_MAX + 1];

    world_manifest(w, "hello");
    w->manifest->level = TB_LEVEL_PARTNER;
    world_software(w, w->ours);
    world_base(w, "trueboot.level=partner quiet");
    world_passes(w);
    world_base(w, "quiet trueboot.level=accepted");
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.level");
    snprintf(line, sizeof line, "x=%0*d trueboot.level=accepted", TB_PKG_OPTION_MAX - 26, 7);
    world_base(w, line);
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.level");
    world_base(w, "trueboot.level=certified trueboot.level=community");
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.level");
    world_base(w, "trueboot.level=highest");
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.level");
    world_base(w, "quiet");
    w->question.least = TB_LEVEL_ACCEPTED;
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.level");
}

static void b08_an_initrd_below_the_level_of_the_base_is_refused(void **state)
{
    struct judge_world *w = *state;

    world_manifest(w, "hello");
    w->manifest->level = TB_LEVEL_ACCEPTED;
    world_software(w, w->ours);
    world_passes(w); /* what comes late may be of a lower level */
    w->manifest->payload[0].kind = TB_PAYLOAD_INITRD;
    world_software(w, w->ours);
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.level");
    w->manifest->level = TB_LEVEL_CERTIFIED;
    world_software(w, w->ours);
    world_passes(w);
}

static void put_list(struct judge_world *w, const struct test_vendor *v, const char *list)
{
    uint8_t member[TB_SIGNATURE_LEN_MAX], value[TB_CODE_SIGNATURE_MAX], head[TB_SIGNED_HEAD_LEN];
    struct tb_signatures s = { .n = 1 };
    struct tb_reader parts[2];
    struct tb_reason why;
    size_t len;

    tb_signed_parts(TB_SIGNED_REVOCATIONS, PACKAGE_NOW_S, text(list), head, parts);
    assert_true(tb_code_sign(v->key, parts, 2, value, &len, &why));
    s.signer[0] = (struct tb_signer){ .alg = TB_SIGN_P384,
                                      .signed_s = PACKAGE_NOW_S,
                                      .signature = tb_slice(value, len) };
    s.signer[0].n_certs = tb_code_key_chain(v->key, s.signer[0].cert);
    assert_true(tb_signatures_encode(&s, member, sizeof member, &len));
    world_put(w, "esp/trueboot/revocations", list);
    world_write(w, "esp/trueboot/revocations.sig", tb_slice(member, len));
}

static const char list_of_hello[] = "trueboot-revocations 1\nserial 1\n"
                                    "issued 2026-01-31T23:59:59Z\npackage hello 3\nend\n";

static void b08_the_command_line_of_a_base_that_nobody_vouches_for_asks_for_nothing(void **state)
{
    const struct tb_reader content[] = { text("initrd"), text("image") };
    struct judge_world *w = *state;

    world_manifest(w, "hello");
    w->manifest->level = TB_LEVEL_PARTNER;
    world_software(w, w->ours);
    world_base(w, "trueboot.level=certified");
    world_package(w, NULL, w->other, content);
    world_fails(w, TB_CHECK_PACKAGE_SIGNATURE, "/trueboot/a/base_1.0.tbp",
                "checked base 1.0 3 package.signature");
}

static void b08_what_the_list_revokes_is_refused(void **state)
{
    struct judge_world *w = *state;

    put_list(w, w->ours, list_of_hello);
    world_fails(w, TB_CHECK_PACKAGE_REVOKED, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.revoked");
    world_manifest(w, "hello");
    w->manifest->security_version = 4;
    world_software(w, w->ours);
    world_passes(w);
}

static void b08_a_list_that_nobody_may_sign_is_unclaimed(void **state)
{
    struct judge_world *w = *state;

    put_list(w, w->other, list_of_hello);
    world_fails(w, TB_CHECK_PACKAGE_SIGNATURE, "/trueboot/revocations",
                "unclaimed /trueboot/revocations");
    put_list(w, w->weak, list_of_hello);
    world_fails(w, TB_CHECK_PACKAGE_LEVEL, "/trueboot/revocations",
                "unclaimed /trueboot/revocations");
    world_remove(w, "esp/trueboot/revocations");
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/revocations",
                "unclaimed /trueboot/revocations");
    world_remove(w, "esp/trueboot/revocations.sig");
    world_put(w, "esp/trueboot/revocations", list_of_hello);
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/revocations",
                "unclaimed /trueboot/revocations");
}

/* ---- T-54: packages together ---- */

static void t54_two_packages_of_one_name_are_both_refused(void **state)
{
    struct judge_world *w = *state;

    world_manifest(w, "hello");
    w->manifest->version = text("2.0");
    world_software(w, w->ours);
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_FAIL);
    assert_int_equal(w->n_faults, 2);
    assert_int_equal(w->fault[0].check, TB_CHECK_PACKAGE_DUPLICATE);
    assert_string_equal(w->path[0], "/trueboot/a/hello_1.0.tbp");
    assert_string_equal(w->path[1], "/trueboot/a/hello_2.0.tbp");
    assert_string_equal(w->record[4], "verdict fail 4 2");
}

static void t54_a_second_base_or_none_is_refused(void **state)
{
    struct judge_world *w = *state;

    world_manifest(w, "hello");
    w->manifest->kind = TB_PACKAGE_BASE;
    world_software(w, w->ours);
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_FAIL);
    assert_int_equal(w->fault[0].check, TB_CHECK_PACKAGE_DUPLICATE);
    world_manifest(w, "hello");
    world_software(w, w->ours);
    world_remove(w, "esp/trueboot/a/base_1.0.tbp");
    world_fails(w, TB_CHECK_PACKAGE_REQUIRED, "/trueboot", "verdict fail 2 1");
}

static void put_relation(struct judge_world *w, bool requires, const char *name, uint32_t version)
{
    const struct tb_relation r = { .name = text(name), .security_version = version };

    world_manifest(w, "hello");
    if (requires) {
        w->manifest->n_requires = 1;
        w->manifest->requires[0] = r;
    } else {
        w->manifest->n_conflicts = 1;
        w->manifest->conflicts[0] = r;
    }
    world_software(w, w->ours);
}

static void t54_what_a_package_needs_must_be_there_and_new_enough(void **state)
{
    struct judge_world *w = *state;

    put_relation(w, true, "base", 3);
    world_passes(w);
    put_relation(w, true, "base", 4);
    world_fails(w, TB_CHECK_PACKAGE_RELATION, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.relation");
    put_relation(w, true, "absent", 0);
    world_fails(w, TB_CHECK_PACKAGE_RELATION, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.relation");
}

static void t54_what_a_package_conflicts_with_must_not_be_there(void **state)
{
    struct judge_world *w = *state;

    put_relation(w, false, "base", 4);
    world_passes(w);
    put_relation(w, false, "base", 3);
    world_fails(w, TB_CHECK_PACKAGE_RELATION, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.relation");
}

static void a_service_that_the_package_does_not_bring_is_refused(void **state)
{
    struct judge_world *w = *state;

    world_manifest(w, "hello");
    w->manifest->n_options = 1;
    w->manifest->option[0] =
        (struct tb_package_option){ .name = text("service"), .value = text("../../bin/sh") };
    world_software(w, w->ours);
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.format");
    w->manifest->option[0].value = text("run");
    w->manifest->payload[0].kind = TB_PAYLOAD_IMAGE; /* it is not written to where it could run */
    world_software(w, w->ours);
    world_fails(w, TB_CHECK_PACKAGE_FORMAT, "/trueboot/a/hello_1.0.tbp",
                "checked hello 1.0 3 package.format");
}

/* ---- B-05: what no package claims ---- */

static void b05_a_file_on_the_boot_partition_that_no_package_claims_is_named(void **state)
{
    static const char *const paths[] = { "/autorun.inf",
                                         "/EFI/debian/grub.cfg",
                                         "/System Volume Information/WPSettings.dat",
                                         "/trueboot/notes",
                                         "/trueboot/a/notes",
                                         "/trueboot/b/notes",
                                         "/trueboot/c/x_1.tbp",
                                         "/x_1.tbp",
                                         "/trueboot/a.tbp",
                                         "/trueboot/b/d/e_1.tbp",
                                         "/trueb00t/a/x_1.tbp" };
    struct judge_world *w = *state;

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char path[64], record[80];

        snprintf(path, sizeof path, "esp%s", paths[i]);
        snprintf(record, sizeof record, "unclaimed %s", paths[i]);
        world_put(w, path, "x");
        world_fails(w, TB_CHECK_PACKAGE_UNCLAIMED, paths[i], record);
        world_remove(w, path);
    }
    world_passes(w);
}

static void b05_names_with_other_characters_do_not_act_in_a_terminal(void **state)
{
    struct judge_world *w = *state;

    world_put(w, "esp/\033[2J", "x");
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_FAIL);
    assert_string_equal(w->record[3], "unclaimed /?[2J");
}

static void b05_b09_a_program_that_no_package_claims_is_named(void **state)
{
    uint8_t image[4096];
    size_t len = test_pe_build(image);
    struct judge_world *w = *state;

    image[0x600] ^= 1;
    world_write(w, "esp/EFI/BOOT/BOOTX64.EFI", tb_slice(image, len));
    world_fails(w, TB_CHECK_LOADER_UNCLAIMED, "/EFI/BOOT/BOOTX64.EFI",
                "unclaimed /EFI/BOOT/BOOTX64.EFI");
    world_write(w, "esp/EFI/other/grubx64.efi", tb_slice(image, len));
    test_pe_build(image);
    world_write(w, "esp/EFI/BOOT/BOOTX64.EFI", tb_slice(image, len));
    world_fails(w, TB_CHECK_LOADER_UNCLAIMED, "/EFI/other/grubx64.efi",
                "unclaimed /EFI/other/grubx64.efi");
}

static void b05_a_loader_package_that_nobody_vouches_for_claims_nothing(void **state)
{
    struct judge_world *w = *state;

    world_remove(w, "esp/trueboot/a/trueboot-loader_1.0.tbp");
    world_fails(w, TB_CHECK_LOADER_UNCLAIMED, "/EFI/BOOT/BOOTX64.EFI",
                "unclaimed /EFI/BOOT/BOOTX64.EFI");
}

static void b09_a_program_of_another_package_than_the_loaders_is_unclaimed(void **state)
{
    uint8_t image[4096];
    const struct tb_reader content = tb_slice(image, test_pe_build(image));
    struct judge_world *w = *state;

    image[0x600] ^= 1;
    world_write(w, "esp/EFI/BOOT/BOOTX64.EFI", content);
    world_manifest(w, "hello");
    w->manifest->payload[0] =
        (struct tb_payload){ .kind = TB_PAYLOAD_EFI, .name = text("shell.efi") };
    world_package(w, NULL, w->ours, &content);
    world_fails(w, TB_CHECK_LOADER_UNCLAIMED, "/EFI/BOOT/BOOTX64.EFI",
                "unclaimed /EFI/BOOT/BOOTX64.EFI");
}

/* Another loader than that of the set, and a package in the other set's folder that holds it. */
static void put_other_loader(struct judge_world *w, const char *name, const char *file,
                             const struct test_vendor *v)
{
    uint8_t image[4096];
    struct tb_reader content = tb_slice(image, test_pe_build(image));
    char path[128];

    image[0x600] ^= 1;
    world_write(w, "esp/EFI/BOOT/BOOTX64.EFI", content);
    world_manifest(w, name);
    w->manifest->version = text("2.0");
    w->manifest->payload[0] =
        (struct tb_payload){ .kind = TB_PAYLOAD_EFI, .name = text("trueboot.efi") };
    test_package_of(w->package, w->manifest, &content, v);
    snprintf(path, sizeof path, "esp/trueboot/b/%s", file);
    world_write(w, path, tb_slice(w->package->bytes, w->package->len));
}

static void the_loader_of_the_other_set_may_start_this_one(void **state)
{
    struct judge_world *w = *state;

    world_passes(w);
    assert_false(world_has(w, "loaders"));
    put_other_loader(w, "trueboot-loader", "trueboot-loader_2.0.tbp", w->ours);
    world_passes(w);
    world_kept_loader(w, "trueboot-loader_2.0.tbp");
    world_put(w, "esp/junk", "junk");
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_FAIL);
    assert_false(world_has(w, "loaders"));
}

static void b09_nothing_else_of_the_other_set_claims_a_program(void **state)
{
    static const struct {
        const char *name, *file;
        bool is_ours, is_changed;
    } cases[] = {
        { "trueboot-loader", "trueboot-loader_2.0.tbp", false, false },
        { "trueboot-loader", "trueboot-loader_2.0.tbp", true, true },
        { "trueboot-loader", "trueboot-loader_3.0.tbp", true, false },
        { "hello", "hello_2.0.tbp", true, false },
        { "trueboot-loader-x", "trueboot-loader_2.0.tbp", true, false },
    };
    struct judge_world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_other_loader(w, cases[i].name, cases[i].file, cases[i].is_ours ? w->ours : w->other);
        if (cases[i].is_changed) {
            w->package->bytes[w->package->len - 1100] ^= 1; /* in the program, or behind it */
            world_write(w, "esp/trueboot/b/trueboot-loader_2.0.tbp",
                        tb_slice(w->package->bytes, w->package->len));
        }
        world_fails(w, TB_CHECK_LOADER_UNCLAIMED, "/EFI/BOOT/BOOTX64.EFI",
                    "unclaimed /EFI/BOOT/BOOTX64.EFI");
        world_remove(w, "esp/trueboot/b");
    }
}

static void b05_b08_a_program_of_a_package_by_a_foreign_signer_is_unclaimed(void **state)
{
    uint8_t image[4096];
    const struct tb_reader content = tb_slice(image, test_pe_build(image));
    struct judge_world *w = *state;

    world_manifest(w, "trueboot-loader");
    w->manifest->payload[0] =
        (struct tb_payload){ .kind = TB_PAYLOAD_EFI, .name = text("trueboot.efi") };
    world_package(w, NULL, w->other, &content);
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_FAIL);
    assert_int_equal(w->n_faults, 2);
    assert_int_equal(w->fault[0].check, TB_CHECK_PACKAGE_SIGNATURE);
    assert_int_equal(w->fault[1].check, TB_CHECK_LOADER_UNCLAIMED);
}

static void b05_only_data_is_in_its_place_on_the_state_partition(void **state)
{
    static const struct {
        const char *path, *content;
        mode_t mode;
    } files[] = {
        { "/etc/shadow", "x", 0644 },       { "/data.txt", "x", 0644 },
        { "/data/x", "x", 0744 },           { "/data/x.sh", "#!/bin/sh\n", 0644 },
        { "/data/a/x", "\177ELF\2", 0644 }, { "/lost+found/#1", "#!", 0644 },
        { "/database/x", "x", 0644 },
    };
    struct judge_world *w = *state;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64], full[256], told[64], record[80];

        snprintf(path, sizeof path, "state%s", files[i].path);
        snprintf(full, sizeof full, "%s/%s", w->dir, path);
        snprintf(told, sizeof told, "state:%s", files[i].path);
        snprintf(record, sizeof record, "unclaimed %s", told);
        world_put(w, path, files[i].content);
        assert_int_equal(chmod(full, files[i].mode), 0);
        world_fails(w, TB_CHECK_PACKAGE_UNCLAIMED, told, record);
        world_remove(w, path);
    }
    world_passes(w);
}

/* ---- what cannot be judged ---- */

static void a_set_that_is_not_there_is_not_judged(void **state)
{
    struct judge_world *w = *state;

    w->question.set = 'b';
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_UNABLE);
    assert_int_equal(w->n_records, 0);
}

static void a_set_whose_metadata_no_agent_could_send_fails(void **state)
{
    struct judge_world *w = *state;
    unsigned long found;
    char name[16];

    world_passes(w);
    for (unsigned i = 0; w->judgement == TB_JUDGE_PASS; i++) {
        snprintf(name, sizeof name, "verbose-%02u", i);
        world_verbose(w, name);
        world_judge(w);
    }
    assert_true(w->n_packages > 10 && w->n_packages < 20);
    assert_int_equal(w->n_faults, 1);
    assert_int_equal(w->fault[0].check, TB_CHECK_PACKAGE_FORMAT);
    assert_string_equal(w->fault[0].where, "metadata of the set");
    found = strtoul(w->fault[0].observed, NULL, 10);
    assert_in_range(found, TB_SET_METADATA_MAX + 1, TB_SET_METADATA_MAX + w->package->len);
}

static void a_set_of_more_files_than_a_set_may_have_is_not_judged(void **state)
{
    struct judge_world *w = *state;
    char path[64];

    for (unsigned i = 0; i < TB_SET_PACKAGES_MAX; i++) {
        snprintf(path, sizeof path, "esp/trueboot/a/x_%u.tbp", i);
        world_put(w, path, "x");
    }
    world_judge(w);
    assert_int_equal(w->judgement, TB_JUDGE_UNABLE);
}

static void a_record_that_is_not_taken_ends_the_judgement(void **state)
{
    struct judge_world *w = *state;

    for (w->records_max = 0; w->records_max < 4; w->records_max++) {
        world_judge(w);
        assert_int_equal(w->judgement, TB_JUDGE_UNABLE);
        assert_int_equal(w->n_records, w->records_max);
    }
    world_passes(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(a_good_set_yields_its_records_in_byte_order_of_the_file_names),
        T(files_of_passed_packages_are_unpacked_with_their_services),
        T(a_package_may_have_the_name_of_what_stands_beside_the_software),
        T(nothing_is_unpacked_where_nothing_is_asked_for),
        T(what_belongs_on_the_partitions_is_in_its_place),
        T(the_loader_may_stand_elsewhere_and_in_either_case),
        T(the_other_set_is_judged_as_well),
        T(b04_t54_any_changed_byte_of_any_package_fails_and_names_it),
        T(b04_a_changed_late_payload_is_told_with_both_digests),
        T(t54_each_digest_of_a_signed_manifest_must_be_of_the_payload),
        T(b16_every_truncation_of_a_package_fails_and_so_does_what_follows_it),
        T(b16_what_is_no_package_has_a_record_by_its_path),
        T(t54_a_package_under_another_name_is_refused),
        T(b08_a_package_of_a_foreign_signer_is_refused),
        T(b08_a_signer_may_not_vouch_for_more_than_his_level),
        T(b08_a_package_below_the_level_of_the_signed_command_line_is_refused),
        T(b08_an_initrd_below_the_level_of_the_base_is_refused),
        T(b08_the_command_line_of_a_base_that_nobody_vouches_for_asks_for_nothing),
        T(b08_what_the_list_revokes_is_refused),
        T(b08_a_list_that_nobody_may_sign_is_unclaimed),
        T(t54_two_packages_of_one_name_are_both_refused),
        T(t54_a_second_base_or_none_is_refused),
        T(t54_what_a_package_needs_must_be_there_and_new_enough),
        T(t54_what_a_package_conflicts_with_must_not_be_there),
        T(a_service_that_the_package_does_not_bring_is_refused),
        T(b05_a_file_on_the_boot_partition_that_no_package_claims_is_named),
        T(b05_names_with_other_characters_do_not_act_in_a_terminal),
        T(b05_b09_a_program_that_no_package_claims_is_named),
        T(b05_a_loader_package_that_nobody_vouches_for_claims_nothing),
        T(b09_a_program_of_another_package_than_the_loaders_is_unclaimed),
        T(the_loader_of_the_other_set_may_start_this_one),
        T(b09_nothing_else_of_the_other_set_claims_a_program),
        T(b05_b08_a_program_of_a_package_by_a_foreign_signer_is_unclaimed),
        T(b05_only_data_is_in_its_place_on_the_state_partition),
        T(a_set_that_is_not_there_is_not_judged),
        T(a_set_whose_metadata_no_agent_could_send_fails),
        T(a_set_of_more_files_than_a_set_may_have_is_not_judged),
        T(a_record_that_is_not_taken_ends_the_judgement),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
