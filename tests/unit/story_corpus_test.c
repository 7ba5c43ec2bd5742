/* tests/unit/story_corpus_test.c - the boot story of real logs, against what was read in them by
 * eye with `trueboot log show`. */
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

#define SHIM (1u << TB_PART_SHIM)
#define GRUB (1u << TB_PART_GRUB)
#define SDBOOT (1u << TB_PART_SYSTEMD_BOOT)
#define STUB (1u << TB_PART_LINUX_STUB)
#define LEVEL_2021 "sbat,1,2021030218\n"

static const char *fixtures;
static struct tb_hasher *h;
static struct tb_story *s;

static const struct sample {
    const char *file;
    uint32_t parts;
    const char *sbat_level;
    enum tb_tristate mok_trusted, owner_keys;
    uint32_t n_lists, n_commands, n_files;
    const char *kernel;
    enum tb_cmdline_state state;
    uint32_t event;     /* of the command line */
    size_t len;         /* of it */
    const char *begins; /* it begins so */
} samples[] = {
    { "gce-rhel8", SHIM | GRUB, "", TB_UNTOLD, TB_NO, 2, 50, 2,
      "(hd0,gpt2)/boot/vmlinuz-4.18.0-240.22.1.el8_3.x86_64", TB_CMDLINE_PROVED, 78, 191,
      "(hd0,gpt2)/boot/vmlinuz-4.18.0-240.22.1.el8_3.x86_64 root=UUID=f3948fb4" },
    { "gce-fedora-coreos36", SHIM | GRUB, LEVEL_2021, TB_YES, TB_UNTOLD, 3, 37, 8,
      "(hd0,gpt3)/ostree/"
      "fedora-coreos-28f8e018c4312083b210ce13c9fdab9dcb7883a0200802dca4eeddc1030eb7"
      "15/vmlinuz-5.18.13-200.fc36.x86_6",
      TB_CMDLINE_PROVED, 71, 334, "(hd0,gpt3)/ostree/fedora" },
    { "qemu-fedora37-sdboot", SDBOOT, "", TB_UNTOLD, TB_UNTOLD, 0, 0, 0, "", TB_CMDLINE_PROVED, 23,
      38, " console=ttyS0 console=tty0 efi=debug " },
    { "thinkpad-t14-arch", SDBOOT, "", TB_UNTOLD, TB_UNTOLD, 0, 0, 0, "", TB_CMDLINE_PROVED, 42,
      178, "initrd=\\amd-ucode.img initrd=\\initramfs-linux.img cryptdevice=PARTUUID=28b5e06e" },
    { "workstation-arch-ownkeys", SDBOOT, "", TB_UNTOLD, TB_UNTOLD, 0, 0, 0, "", TB_CMDLINE_PROVED,
      24, 182,
      "initrd=\\intel-ucode.img initrd=\\initramfs-linux-lts.img cryptdevice=UUID=5465369a" },
    { "hp-elitebook830-mokadd", SHIM | GRUB, LEVEL_2021, TB_UNTOLD, TB_UNTOLD, 2, 66, 11,
      "/boot/vmlinuz-5.13.0-30-generic", TB_CMDLINE_PROVED, 114, 107,
      "/boot/vmlinuz-5.13.0-30-generic root=UUID=66cdcfbb" },
    { "qemu-ubuntu3", SHIM | GRUB, "", TB_UNTOLD, TB_UNTOLD, 1, 9, 2,
      "/xcat/osimage/rhels8-x86_64-netboot-hostos-boot_RHEL-4.18.0.240-20201009.2-979f6ba/kernel",
      TB_CMDLINE_PROVED, 39, 502, "/xcat/osimage/rhels8-x86_64-netboot-hostos-boot_RHEL-4.18" },
    { "supermicro-sm2", SHIM | GRUB, "", TB_UNTOLD, TB_YES, 1, 13, 4,
      "/xcat/osimage/ubuntu18.04-x86_64-netboot-vehv/kernel.signed", TB_CMDLINE_PROVED, 36, 255,
      "/xcat/osimage/ubuntu18.04-x86_64-netboot-vehv/kernel.signed imgurl=http://10.42" },
    { "dell-gdc-ubuntu", SHIM | GRUB | STUB, LEVEL_2021, TB_UNTOLD, TB_UNTOLD, 3, 66, 12,
      "/vmlinuz-6.9.0-rc7+", TB_CMDLINE_PROVED, 152, 105,
      "/vmlinuz-6.9.0-rc7+ root=/dev/mapper/ubuntu--vg-ubuntu--lv ro nohibernate" },
    { "intel-ubuntu-pempk", SHIM | GRUB | STUB, LEVEL_2021, TB_UNTOLD, TB_UNTOLD, 3, 66, 12,
      "/boot/vmlinuz-6.8.0-41-generic", TB_CMDLINE_PROVED, 103, 106,
      "/boot/vmlinuz-6.8.0-41-generic root=UUID=eb954b28-c771-499e-8610-3d96cb11c911 ro quiet "
      "splash" },
    { "gce-cos-sp800155", SHIM | GRUB, LEVEL_2021, TB_YES, TB_NO, 3, 15, 1, "/syslinux/vmlinuz.B",
      TB_CMDLINE_PROVED, 51, 1181,
      "/syslinux/vmlinuz.B init=/usr/lib/systemd/systemd rootwait ro" },
    { "ownkeys-debian1", SHIM | GRUB, "", TB_UNTOLD, TB_YES, 0, 55, 11, "/boot/vmlinuz-5.10.0-rc1+",
      TB_CMDLINE_PROVED, 103, 81,
      "/boot/vmlinuz-5.10.0-rc1+ root=UUID=d4b018ac-5304-4aac-b870-4060a39e2af1 ro quiet" },
    /* GRUB started tboot with multiboot2, which has the kernel for a module */
    { "server-rhel-ffpad", GRUB, "", TB_UNTOLD, TB_UNTOLD, 0, 62, 2, "", TB_CMDLINE_UNPROVED, 0, 0,
      "" },
    { "supermicro-win2022", 1u << TB_PART_WINDOWS, "", TB_UNTOLD, TB_UNTOLD, 0, 0, 0, "",
      TB_CMDLINE_NONE, 0, 0, "" },
};

/* As a host would quote it that has this log. False: no such file. */
static bool read_file(const char *file)
{
    static struct tb_replay r;
    enum tb_bank bank = TB_BANK_SHA1;
    struct tb_pcr_states states;
    struct tb_reason why;
    char path[1024];
    size_t len;
    uint8_t *p;

    snprintf(path, sizeof path, "%s/%s", fixtures, file);
    p = log_read_file(path, &len);
    if (p == NULL)
        return false;
    assert_true(tb_log_replay(tb_slice(p, len), 0xf, h, &r, &why));
    for (unsigned k = 0; k < TB_N_BANKS; k++)
        if (r.banks >> k & 1)
            bank = (enum tb_bank)k;
    assert_true(tb_log_compare(&r, &r.pcrs, h, &states));
    assert_true(tb_story_read(tb_slice(p, len), bank, &states, h, s));
    free(p);
    return true;
}

static bool read_sample(const char *name)
{
    char file[256];

    snprintf(file, sizeof file, "eventlogs/%s.bin", name);
    return read_file(file);
}

static void check(const struct sample *want)
{
    printf("%s\n", want->file);
    assert_int_equal(s->parts, want->parts);
    assert_string_equal(s->shim.sbat_level, want->sbat_level);
    assert_int_equal(s->shim.mok_trusted, want->mok_trusted);
    assert_int_equal(s->shim.owner_keys, want->owner_keys);
    assert_int_equal(s->shim.validation, TB_UNTOLD);
    assert_int_equal(s->shim.n_lists, want->n_lists);
    assert_int_equal(s->grub.n_commands, want->n_commands);
    assert_int_equal(s->grub.n_files, want->n_files);
    assert_string_equal(s->grub.kernel, want->kernel);
    assert_int_equal(s->cmdline.state, want->state);
    assert_int_equal(s->cmdline.event, want->event);
    assert_memory_equal(s->cmdline.text, want->begins, strlen(want->begins));
    assert_int_equal(strlen(s->cmdline.text), want->len);
    assert_false(s->cmdline.cut);
    assert_int_equal(s->n_extras, 0);
}

static void stories_of_real_logs_are_as_they_were_read_by_eye(void **state)
{
    (void)state;
    if (!read_sample(samples[0].file)) {
        printf("SKIPPED: no corpus at %s\n", fixtures);
        skip();
    }
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        assert_true(read_sample(samples[i].file));
        check(&samples[i]);
    }
}

static void an_image_in_pcr_2_is_told_of_real_machines(void **state)
{
    (void)state;
    if (!read_sample("thinkpad-amd-fedora-0x8401"))
        skip();
    assert_int_equal(s->n_option_roms, 7);
    assert_true(read_sample("hp-windows-optionrom-sha1"));
    assert_int_equal(s->n_option_roms, 1);
    assert_true(read_sample("gce-rhel8"));
    assert_int_equal(s->n_option_roms, 0);
}

/* A boot on an emulated machine that the repository has. */
static void read_boot(const char *name)
{
    const char *source = getenv("TRUEBOOT_SOURCE"), *before = fixtures;
    char folder[1024];

    snprintf(folder, sizeof folder, "%s/tests/data/boots/%s", source != NULL ? source : ".", name);
    fixtures = folder;
    assert_true(read_file("binary_bios_measurements"));
    fixtures = before;
}

static void debians_boot_is_told_from_shim_to_command_line(void **state)
{
    (void)state;
    read_boot("debian");
    assert_int_equal(s->parts, SHIM | GRUB);
    assert_string_equal(s->shim.sbat_level, "sbat,1,2025021800\nshim,4\ngrub,5\n");
    assert_int_equal(s->shim.owner_keys, TB_NO); /* Debian's own certificate stands alone */
    assert_int_equal(s->cmdline.state, TB_CMDLINE_PROVED);
    assert_string_equal(s->cmdline.text,
                        "/boot/vmlinuz-6.1.0-56-cloud-amd64 "
                        "root=UUID=8a1f6c02-52d1-4c0b-9a55-3b9c1d0e7a03 ro console=ttyS0 quiet");
    assert_string_equal(s->grub.kernel, "/boot/vmlinuz-6.1.0-56-cloud-amd64");
    read_boot("debian-shim-validation-off");
    assert_int_equal(s->shim.validation, TB_NO);
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
}

static void the_sections_of_a_recorded_unified_image_are_named(void **state)
{
    static const char *const names[] = { ".linux", ".osrel", ".cmdline", ".initrd" };

    (void)state;
    read_boot("good");
    assert_int_equal(s->parts, 1u << TB_PART_SYSTEMD_STUB);
    assert_int_equal(s->named, STUB);
    assert_int_equal(s->n_sections, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(s->section[i].name, names[i]);
    assert_int_equal(s->section[3].event, 32);
    assert_int_equal(s->n_initrds, 1);
    assert_memory_equal(s->initrd[0].digest, s->section[3].digest, TB_DIGEST_MAX);
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED); /* its digest alone is measured */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories_of_real_logs_are_as_they_were_read_by_eye),
        cmocka_unit_test(debians_boot_is_told_from_shim_to_command_line),
        cmocka_unit_test(the_sections_of_a_recorded_unified_image_are_named),
        cmocka_unit_test(an_image_in_pcr_2_is_told_of_real_machines),
    };
    int failed;

    fixtures = getenv("TRUEBOOT_FIXTURES");
    if (fixtures == NULL)
        fixtures = "../shared/fixtures";
    h = tb_hasher_new();
    s = calloc(1, sizeof *s);
    if (h == NULL || s == NULL)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(s);
    tb_hasher_free(h);
    return failed;
}
