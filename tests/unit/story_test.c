/* tests/unit/story_test.c - the boot story of built logs, and what an attacker makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/story.h"
#include "core/uefi.h"
#include "tests/unit/log_builder.h"

#define BOTH (LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256))
#define BYTES(text) tb_slice(text, sizeof(text) - 1)
#define ARGS "/vmlinuz-6.1 root=/dev/vda1 ro quiet"
#define EVIL "/vmlinuz-6.1 root=/dev/vda1 ro quiet init=/bin/sh"

static struct log_builder *b;
static struct tb_hasher *h;
static struct tb_story *s;

static int set_up(void **state)
{
    (void)state;
    b = log_new();
    h = tb_hasher_new();
    s = calloc(1, sizeof *s);
    log_begin(b, BOTH);
    return b == NULL || h == NULL || s == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    log_free(b);
    tb_hasher_free(h);
    free(s);
    return 0;
}

/* As a host quotes it; PCRs of the mask `wrong` do not lead to the log in SHA-256. */
static void read_story_with(uint32_t wrong)
{
    static struct tb_replay r;
    struct tb_pcr_states states;
    struct tb_reason why;

    log_finish(b);
    for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
        if (wrong >> pcr & 1)
            b->pcrs.value[TB_BANK_SHA256][pcr][0] ^= 1;
    assert_true(tb_log_replay(log_slice(b), BOTH, h, &r, &why));
    assert_true(tb_log_compare(&r, &b->pcrs, h, &states));
    assert_true(tb_story_read(log_slice(b), TB_BANK_SHA256, &states, h, s));
}

static void read_story(void)
{
    read_story_with(0);
}

static bool has(enum tb_story_part part)
{
    return (s->parts >> part & 1) != 0;
}

/* GRUB: the label is logged, the digest is of the text behind it. */
static struct log_item *grub(const char *label, const char *text)
{
    char data[512];
    int n = snprintf(data, sizeof data, "%s%s", label, text);

    assert_true(n > 0 && (size_t)n < sizeof data);
    return log_event(b, 8, TB_EV_IPL, tb_slice(text, strlen(text)), tb_slice(data, (size_t)n + 1));
}

static void grub_boots(const char *arguments)
{
    char command[512];

    snprintf(command, sizeof command, "linux %s", arguments);
    grub("grub_cmd: ", "set root=hd0,gpt2");
    grub("grub_cmd: ", command);
    log_event(b, 9, TB_EV_IPL, BYTES("the kernel"), BYTES("/vmlinuz-6.1\0"));
    grub("kernel_cmdline: ", arguments);
    grub("grub_cmd: ", "initrd /initrd.img-6.1");
}

static struct tb_reader wide(const char *text, size_t n_nuls)
{
    static uint8_t buffer[2048];
    size_t n = 0;

    for (; text[n] != '\0'; n++) {
        buffer[2 * n] = (uint8_t)text[n];
        buffer[2 * n + 1] = 0;
    }
    memset(buffer + 2 * n, 0, 2 * n_nuls);
    return tb_slice(buffer, 2 * (n + n_nuls));
}

static struct log_item *utf16(uint32_t pcr, const char *text)
{
    return log_event_data(b, pcr, TB_EV_IPL, wide(text, 1));
}

#define TAGGED(tag, text) tag "\x1a\0\0\0" text
static struct log_item *load_options(const char *text, size_t n_nuls)
{
    return log_event(b, 9, TB_EV_EVENT_TAG, wide(text, n_nuls),
                     BYTES(TAGGED("\xed\x22\x3b\x8f", "LOADED_IMAGE::LoadOptions\0")));
}

static struct log_item *shim_variable(const char *name, struct tb_reader data)
{
    return log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_shim, name, data);
}

static void assert_proved(const char *text, enum tb_story_part part)
{
    assert_int_equal(s->cmdline.state, TB_CMDLINE_PROVED);
    assert_string_equal(s->cmdline.text, text);
    assert_int_equal(s->cmdline.part, part);
}

/* ---- GRUB ---- */

static void grubs_command_line_is_proved_and_its_kernel_is_named(void **state)
{
    (void)state;
    grub_boots(ARGS);
    read_story();
    assert_proved(ARGS, TB_PART_GRUB);
    assert_int_equal(s->cmdline.event, 4);
    assert_string_equal(s->grub.kernel, "/vmlinuz-6.1");
    assert_int_equal(s->grub.n_commands, 4);
    assert_int_equal(s->grub.n_files, 1);
    assert_int_equal(s->parts, 1u << TB_PART_GRUB);
}

static void l64_both_styles_of_labels_with_and_without_a_nul_in_the_digest_are_read(void **state)
{
    (void)state;
    log_event(b, 8, TB_EV_IPL, BYTES("linux " ARGS "\0"), BYTES("grub_cmd linux " ARGS "\0"));
    log_event(b, 8, TB_EV_IPL, BYTES(ARGS), BYTES("grub_kernel_cmdline " ARGS "\0"));
    read_story();
    assert_proved(ARGS, TB_PART_GRUB);
    assert_int_equal(s->grub.n_commands, 2);
}

static void l35_an_empty_command_is_a_command(void **state)
{
    (void)state;
    grub_boots(ARGS);
    log_event(b, 8, TB_EV_IPL, BYTES(""), BYTES("grub_cmd: "));
    log_event(b, 8, TB_EV_IPL, BYTES(""), BYTES("grub_cmd: \0"));
    read_story();
    assert_proved(ARGS, TB_PART_GRUB);
    assert_int_equal(s->grub.n_commands, 6);
}

static void l64_two_command_lines_are_no_claim(void **state)
{
    (void)state;
    grub_boots(ARGS);
    grub("kernel_cmdline: ", EVIL);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_SEVERAL);
    assert_string_equal(s->cmdline.text, ARGS);
}

static void l64_one_that_is_measured_twice_is_one(void **state)
{
    (void)state;
    grub_boots(ARGS);
    grub_boots(ARGS);
    read_story();
    assert_proved(ARGS, TB_PART_GRUB);
}

static void grubs_quotes_do_not_make_a_second_command_line(void **state)
{
    (void)state;
    grub("grub_cmd: ", "linux /vmlinuz dyndbg=file drivers/* +p");
    grub("kernel_cmdline: ", "/vmlinuz \"dyndbg=file drivers/* +p\"");
    read_story();
    assert_proved("/vmlinuz \"dyndbg=file drivers/* +p\"", TB_PART_GRUB);
}

/* Root booted with EVIL, and edits the log before he sends it: the digests stay. */
static void t51_a_true_command_line_is_not_hidden_by_a_label_and_a_better_one_behind(void **state)
{
    static const char *const hidden_as[] = { "grub_cmd: ", "module_cmdline: ", "" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        log_begin(b, BOTH);
        grub("grub_cmd: ", "linux " EVIL);
        grub(hidden_as[i], EVIL);
        grub("kernel_cmdline: ", ARGS); /* extended after the boot */
        read_story();
        assert_int_equal(s->cmdline.state, TB_CMDLINE_SEVERAL);
    }
}

static void t51_a_true_command_line_is_not_hidden_by_other_data_under_its_digest(void **state)
{
    (void)state;
    log_event(b, 8, TB_EV_IPL, BYTES("linux " EVIL), BYTES("grub_cmd: set pager=1\0"));
    log_event(b, 8, TB_EV_IPL, BYTES(EVIL), BYTES("grub_cmd: set pager=1\0"));
    grub("grub_cmd: ", "linux " ARGS);
    grub("kernel_cmdline: ", ARGS);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
}

static void a_command_that_loads_another_system_ends_the_claim(void **state)
{
    static const char *const commands[] = { "multiboot2 /xen.gz",
                                            "! linux " EVIL,
                                            "  linux16 " EVIL,
                                            "module2 " EVIL,
                                            "chainloader /vmlinuz init=/bin/sh",
                                            "linuxefi " EVIL };

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        log_begin(b, BOTH);
        grub_boots(ARGS);
        grub("grub_cmd: ", commands[i]);
        read_story();
        assert_int_equal(s->cmdline.state, TB_CMDLINE_SEVERAL);
    }
    log_begin(b, BOTH);
    grub("grub_cmd: ", "chainloader (hd0,gpt1)/EFI/BOOT/BOOTX64.EFI");
    grub_boots(ARGS);
    read_story();
    assert_proved(ARGS, TB_PART_GRUB);
}

static void what_was_loaded_is_what_the_command_line_says(void **state)
{
    (void)state;
    grub("grub_cmd: ", "linux " EVIL);
    grub("kernel_cmdline: ", ARGS);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_SEVERAL);
    log_begin(b, BOTH);
    grub("grub_cmd: ", "linux " EVIL);
    grub_boots(ARGS);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_SEVERAL);
    assert_string_equal(s->grub.kernel, "");
}

static void a_kernel_that_was_loaded_without_a_proved_command_line_is_told(void **state)
{
    (void)state;
    grub("grub_cmd: ", "linux " ARGS);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
    log_begin(b, BOTH);
    grub("grub_cmd: ", "set timeout=5");
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_NONE);
}

static void types_change_nothing(void **state)
{
    static const uint32_t types[] = { TB_EV_ACTION, TB_EV_EVENT_TAG, TB_EV_SEPARATOR,
                                      TB_EV_EFI_VARIABLE_AUTHORITY, 0x12345678 };
    static struct tb_story before;

    (void)state;
    grub_boots(ARGS);
    shim_variable("SbatLevel", BYTES("sbat,1,2024010900\n"));
    load_options("BOOT_IMAGE=" ARGS, 0);
    read_story();
    before = *s;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (size_t k = 0; k < b->n; k++)
            b->item[k].type = types[i];
        read_story();
        assert_memory_equal(s, &before, sizeof before);
    }
}

static void banks_that_disagree_prove_nothing(void **state)
{
    (void)state;
    grub_boots(ARGS);
    log_begin(b, BOTH);
    grub("grub_cmd: ", "linux " ARGS);
    memset(grub("kernel_cmdline: ", ARGS)->digest[TB_BANK_SHA1], 7, 20);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
}

static void a_pcr_that_does_not_match_tells_nothing(void **state)
{
    (void)state;
    grub_boots(ARGS);
    read_story_with(1u << 8);
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED); /* what it holds nobody knows */
    assert_string_equal(s->cmdline.text, "");
    assert_int_equal(s->parts, 0);
    assert_int_equal(s->grub.n_files, 1); /* of PCR 9, which matches */
}

static void a_log_that_nobody_quoted_is_taken_at_its_word(void **state)
{
    (void)state;
    grub_boots(ARGS);
    log_finish(b);
    assert_true(tb_story_read(log_slice(b), TB_BANK_SHA256, NULL, h, s));
    assert_proved(ARGS, TB_PART_GRUB);
}

static void what_cannot_be_printed_cuts_the_claim(void **state)
{
    char longest[TB_CMDLINE_MAX + 8] = "/";

    (void)state;
    grub("kernel_cmdline: ", "/vmlinuz a\x01"
                             "b\xc3\xbc");
    read_story();
    assert_proved("/vmlinuz a?b??", TB_PART_GRUB);
    assert_true(s->cmdline.cut);
    log_begin(b, BOTH);
    memset(longest + 1, 'x', TB_CMDLINE_MAX);
    log_event_data(b, 8, TB_EV_IPL, tb_slice(longest, TB_CMDLINE_MAX + 1));
    read_story();
    assert_true(s->cmdline.cut);
    assert_int_equal(strlen(s->cmdline.text), TB_CMDLINE_MAX - 1);
}

/* ---- the kernel's EFI stub, systemd ---- */

static void the_stubs_digest_of_the_same_command_line_is_the_same(void **state)
{
    (void)state;
    grub_boots(ARGS);
    load_options("BOOT_IMAGE=" ARGS, 0);
    log_event(b, 9, TB_EV_EVENT_TAG, BYTES("an initrd"),
              BYTES("\xec\x22\x3b\x8f\x0d\0\0\0Linux initrd\0"));
    read_story();
    assert_proved(ARGS, TB_PART_GRUB);
    assert_true(has(TB_PART_LINUX_STUB));
    assert_int_equal(s->n_initrds, 1);
    assert_int_equal(s->initrd[0].event, 7);
}

static void the_stubs_digest_of_another_command_line_ends_the_claim(void **state)
{
    (void)state;
    grub_boots(ARGS);
    load_options("BOOT_IMAGE=" EVIL, 0);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
    assert_false(s->cmdline.only_digest);
    assert_false(has(TB_PART_LINUX_STUB));
}

static void a_digest_alone_is_no_command_line(void **state)
{
    (void)state;
    load_options(ARGS, 1);
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
    assert_int_equal(s->parts, 0);
    assert_int_equal(s->named, 1u << TB_PART_LINUX_STUB);
    assert_true(s->cmdline.only_digest);
    log_event(b, 8, TB_EV_IPL, BYTES("linux " EVIL), BYTES("grub_cmd: set pager=1\0"));
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
    assert_false(s->cmdline.only_digest);
}

static void systemd_boots_command_line_is_proved_in_pcr_12_and_once_was_in_8(void **state)
{
    struct log_item *item;

    (void)state;
    utf16(12, "root=/dev/vda1 ro");
    utf16(12, "root=/dev/vda1 ro");
    load_options("root=/dev/vda1 ro", 1);
    read_story();
    assert_proved("root=/dev/vda1 ro", TB_PART_SYSTEMD_BOOT);
    assert_true(has(TB_PART_SYSTEMD_BOOT));
    log_begin(b, BOTH);
    item = utf16(8, "root=/dev/vda1 ro");
    item->data_len--; /* half of the NUL is not logged */
    read_story();
    assert_proved("root=/dev/vda1 ro", TB_PART_SYSTEMD_BOOT);
    log_begin(b, BOTH);
    log_event_data(b, 12, TB_EV_IPL, wide("root=/dev/vda1 ro", 0));
    read_story();
    assert_proved("root=/dev/vda1 ro", TB_PART_SYSTEMD_BOOT);
}

static void what_pcr_12_has_no_text_of_may_hide_a_command_line(void **state)
{
    (void)state;
    utf16(12, "root=/dev/vda1 ro");
    log_event(b, 12, TB_EV_IPL, BYTES("an archive"), wide("Credentials initrd", 1));
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
    assert_int_equal(s->n_extras, 1);
}

static void a_command_line_of_grub_and_another_of_systemd_are_no_claim(void **state)
{
    (void)state;
    grub_boots(ARGS);
    utf16(12, "root=/dev/vda1 init=/bin/sh");
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_SEVERAL);
}

static void windows_events_in_pcr_12_hide_nothing_and_are_no_command_line(void **state)
{
    (void)state;
    log_event_data(b, 12, TB_EV_EVENT_TAG, BYTES("\x01\0\x01\x40\x02\0\0\0ab"));
    log_event_data(b, 12, TB_EV_SEPARATOR, BYTES("WBCL"));
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_NONE);
    assert_int_equal(s->n_extras, 0);
}

static struct log_item *section(const char *name, const char *content)
{
    log_event(b, 11, TB_EV_IPL, tb_slice(name, strlen(name) + 1), wide(name, 1));
    return log_event(b, 11, TB_EV_IPL, tb_slice(content, strlen(content)), wide(name, 1));
}

static void sections_of_a_unified_kernel_image_are_known_by_their_names_digests(void **state)
{
    (void)state;
    section(".linux", "a kernel");
    log_set_data(b, section(".initrd", "an initrd"), BYTES("whatever the log says"));
    section(".cmdline", "root=/dev/vda1 ro");
    utf16(12, "root=/dev/vda1 ro");
    read_story();
    assert_int_equal(s->n_sections, 3);
    assert_string_equal(s->section[0].name, ".linux");
    assert_int_equal(s->section[0].event, 2);
    assert_string_equal(s->section[1].name, ".initrd");
    assert_memory_equal(s->section[1].digest, b->item[3].digest[TB_BANK_SHA256], 32);
    assert_int_equal(s->parts, 1u << TB_PART_SYSTEMD_STUB);
    assert_proved("root=/dev/vda1 ro", TB_PART_SYSTEMD_STUB);
}

static void a_command_line_besides_the_images_own_is_no_claim(void **state)
{
    (void)state;
    section(".cmdline", "root=/dev/vda1 ro");
    utf16(12, "root=/dev/vda1 ro init=/bin/sh");
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
    assert_string_equal(s->cmdline.text, "root=/dev/vda1 ro init=/bin/sh"); /* against the host */
    log_begin(b, BOTH);
    section(".cmdline", "root=/dev/vda1 ro");
    read_story();
    assert_int_equal(s->cmdline.state, TB_CMDLINE_UNPROVED);
}

static void system_extensions_are_counted(void **state)
{
    (void)state;
    log_event(b, 13, TB_EV_IPL, BYTES("an archive"), wide("System extension initrd", 1));
    read_story();
    assert_int_equal(s->n_sysexts, 1);
}

static void pcr_2_tells_of_code_that_is_not_in_the_log(void **state)
{
    (void)state;
    log_separator(b, 2);
    log_event(b, 2, TB_EV_EFI_BOOT_SERVICES_DRIVER, BYTES("an image"), BYTES("where it was"));
    log_event(b, 2, TB_EV_ACTION, BYTES("another image"), BYTES("where it was"));
    read_story();
    assert_int_equal(s->n_option_roms, 2);
}

/* ---- shim ---- */

static void shims_settings_are_read_in_front_of_its_keys(void **state)
{
    (void)state;
    shim_variable("SbatLevel", BYTES("sbat,1,2024010900\nshim,4\n"));
    shim_variable("MokSBState", BYTES("\0"));
    shim_variable("MokListTrusted", BYTES("\1"));
    shim_variable("Shim", BYTES("a certificate"));
    read_story();
    assert_true(has(TB_PART_SHIM));
    assert_string_equal(s->shim.sbat_level, "sbat,1,2024010900\nshim,4\n");
    assert_int_equal(s->shim.validation, TB_YES);
    assert_int_equal(s->shim.mok_trusted, TB_YES);
}

static void shims_byte_too_many_is_not_in_the_digest(void **state)
{
    struct tb_reader whole;

    (void)state;
    whole = log_uefi_variable(b, log_guid_shim, "SbatLevel", BYTES("sbat,1,2021030218"));
    uint8_t data[256];
    memcpy(data, whole.p, whole.left);
    data[whole.left] = 0xaf;
    log_event(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, whole, tb_slice(data, whole.left + 1));
    read_story();
    assert_string_equal(s->shim.sbat_level, "sbat,1,2021030218");
}

static void t49_a_level_that_is_added_behind_shims_keys_is_not_believed(void **state)
{
    (void)state;
    shim_variable("Shim", BYTES("a certificate"));
    shim_variable("SbatLevel", BYTES("sbat,1,2030010100\n"));
    shim_variable("MokListTrusted", BYTES("\1"));
    shim_variable("MokSBState", BYTES("\0"));
    read_story();
    assert_string_equal(s->shim.sbat_level, "");
    assert_int_equal(s->shim.mok_trusted, TB_UNTOLD);
    assert_int_equal(s->shim.validation, TB_UNTOLD);
}

static void an_entry_of_db_with_which_shim_verified_ends_its_settings_too(void **state)
{
    (void)state;
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_image_db, "db",
                 BYTES("vouched for shim"));
    shim_variable("MokListTrusted", BYTES("\1"));
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_image_db, "db",
                 BYTES("vouched for GRUB"));
    shim_variable("SbatLevel", BYTES("sbat,1,2030010100\n"));
    read_story();
    assert_int_equal(s->shim.mok_trusted, TB_YES);
    assert_string_equal(s->shim.sbat_level, "");
}

static void a_setting_with_two_values_has_none(void **state)
{
    (void)state;
    shim_variable("MokListTrusted", BYTES("\1"));
    shim_variable("MokListTrusted", BYTES("\0"));
    shim_variable("MokListTrusted", BYTES("\1"));
    read_story();
    assert_int_equal(s->shim.mok_trusted, TB_UNTOLD);
}

static void two_levels_are_none_and_the_same_twice_is_one(void **state)
{
    (void)state;
    shim_variable("SbatLevel", BYTES("sbat,1,2021030218\n"));
    shim_variable("SbatLevel", BYTES("sbat,1,2021030218\n"));
    read_story();
    assert_string_equal(s->shim.sbat_level, "sbat,1,2021030218\n");
    shim_variable("SbatLevel", BYTES("sbat,1,2030010100\n"));
    read_story();
    assert_string_equal(s->shim.sbat_level, "");
}

static void verify_nothing_counts_wherever_it_stands(void **state)
{
    (void)state;
    shim_variable("MokSBState", BYTES("\0"));
    shim_variable("Shim", BYTES("a certificate"));
    shim_variable("MokSBState", BYTES("\1"));
    shim_variable("MokSBState", BYTES("\0"));
    read_story();
    assert_int_equal(s->shim.validation, TB_NO);
}

static void an_event_of_pcr_7_that_nothing_explains_ends_what_shim_tells(void **state)
{
    (void)state;
    shim_variable("SbatLevel", BYTES("sbat,1,2024010900\n"));
    log_event(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, BYTES("the true one"), BYTES("another"));
    read_story();
    assert_string_equal(s->shim.sbat_level, "");
    assert_int_equal(s->shim.owner_keys, TB_UNTOLD);
}

static void mok_event(const char *name, struct tb_reader contents)
{
    log_event(b, 14, TB_EV_IPL, contents, tb_slice(name, strlen(name) + 1));
}

static struct tb_reader list_of(const uint8_t type[16], struct tb_reader entry)
{
    static uint8_t list[2][256];
    static unsigned turn;
    uint8_t *p = list[turn++ % 2];
    const uint8_t sizes[12] = { (uint8_t)(44 + entry.left), 0, 0, 0, 0, 0, 0, 0,
                                (uint8_t)(16 + entry.left) };

    memcpy(p, type, 16);
    memcpy(p + 16, sizes, sizeof sizes);
    memcpy(p + 28, log_guid_shim, 16);
    memcpy(p + 44, entry.p, entry.left);
    return tb_slice(p, 44 + entry.left);
}

static void lists_without_the_owners_keys_are_known_by_computation(void **state)
{
    static const uint8_t zeros[32];

    (void)state;
    mok_event("MokList", list_of(log_guid_cert_x509, BYTES("a certificate")));
    mok_event("MokListX", list_of(log_guid_cert_sha256, tb_slice(zeros, 32)));
    mok_event("MokListTrusted", BYTES("\1"));
    read_story();
    assert_int_equal(s->shim.n_lists, 3);
    assert_int_equal(s->shim.owner_keys, TB_UNTOLD); /* whose the certificate is nobody said */
    shim_variable("Shim", BYTES("a certificate"));
    read_story();
    assert_int_equal(s->shim.owner_keys, TB_NO);
    mok_event("MokListX", BYTES("hashes that are forbidden"));
    read_story();
    assert_int_equal(s->shim.owner_keys, TB_NO);
}

/* Extended after the boot, in the hope that it counts. */
static void an_empty_list_behind_the_true_one_says_nothing(void **state)
{
    static const uint8_t zeros[32];

    (void)state;
    shim_variable("Shim", BYTES("a certificate"));
    mok_event("MokListX", BYTES("the owner's keys, under another name"));
    mok_event("MokList", list_of(log_guid_cert_sha256, tb_slice(zeros, 32)));
    read_story();
    assert_int_equal(s->shim.owner_keys, TB_UNTOLD);
}

static void a_maker_that_is_named_after_the_boot_does_not_count(void **state)
{
    (void)state;
    mok_event("MokList", list_of(log_guid_cert_x509, BYTES("the owner's")));
    shim_variable("Shim", BYTES("a certificate"));
    shim_variable("Shim", BYTES("the owner's"));
    read_story();
    assert_int_equal(s->shim.owner_keys, TB_UNTOLD);
}

static void a_list_with_one_certificate_that_nobody_knows_may_be_the_owners(void **state)
{
    struct tb_reader cert = BYTES("a certificate");
    uint8_t owned[64];

    (void)state;
    memcpy(owned, log_guid_shim, 16);
    memcpy(owned + 16, cert.p, cert.left);
    shim_variable("MokListRT", tb_slice(owned, 16 + cert.left));
    mok_event("MokList", list_of(log_guid_cert_x509, cert));
    read_story();
    assert_int_equal(s->shim.owner_keys, TB_UNTOLD);
}

static void an_owners_key_that_vouched_is_told(void **state)
{
    (void)state;
    shim_variable("MokList", BYTES("a certificate"));
    read_story();
    assert_int_equal(s->shim.owner_keys, TB_YES);
}

/* ---- the whole ---- */

static void every_state_and_part_has_a_name(void **state)
{
    (void)state;
    for (unsigned p = 0; p < TB_N_STORY_PARTS; p++)
        assert_true(strlen(tb_story_part_name((enum tb_story_part)p)) >= 4);
    for (unsigned c = 0; c < TB_N_CMDLINE_STATES; c++)
        assert_true(strlen(tb_cmdline_state_name((enum tb_cmdline_state)c)) >= 4);
    assert_string_equal(tb_tristate_name(TB_UNTOLD), "unknown");
}

static void a_log_that_does_not_parse_has_no_story(void **state)
{
    (void)state;
    grub_boots(ARGS);
    log_finish(b);
    assert_false(tb_story_read(tb_slice(b->bytes, b->len - 1), TB_BANK_SHA256, NULL, h, s));
    assert_int_equal(s->cmdline.state, TB_CMDLINE_NONE);
    assert_int_equal(s->parts, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(grubs_command_line_is_proved_and_its_kernel_is_named),
        T(l64_both_styles_of_labels_with_and_without_a_nul_in_the_digest_are_read),
        T(l35_an_empty_command_is_a_command),
        T(l64_two_command_lines_are_no_claim),
        T(l64_one_that_is_measured_twice_is_one),
        T(grubs_quotes_do_not_make_a_second_command_line),
        T(t51_a_true_command_line_is_not_hidden_by_a_label_and_a_better_one_behind),
        T(t51_a_true_command_line_is_not_hidden_by_other_data_under_its_digest),
        T(a_command_that_loads_another_system_ends_the_claim),
        T(what_was_loaded_is_what_the_command_line_says),
        T(a_kernel_that_was_loaded_without_a_proved_command_line_is_told),
        T(types_change_nothing),
        T(banks_that_disagree_prove_nothing),
        T(a_pcr_that_does_not_match_tells_nothing),
        T(a_log_that_nobody_quoted_is_taken_at_its_word),
        T(what_cannot_be_printed_cuts_the_claim),
        T(the_stubs_digest_of_the_same_command_line_is_the_same),
        T(the_stubs_digest_of_another_command_line_ends_the_claim),
        T(a_digest_alone_is_no_command_line),
        T(systemd_boots_command_line_is_proved_in_pcr_12_and_once_was_in_8),
        T(what_pcr_12_has_no_text_of_may_hide_a_command_line),
        T(a_command_line_of_grub_and_another_of_systemd_are_no_claim),
        T(windows_events_in_pcr_12_hide_nothing_and_are_no_command_line),
        T(sections_of_a_unified_kernel_image_are_known_by_their_names_digests),
        T(a_command_line_besides_the_images_own_is_no_claim),
        T(system_extensions_are_counted),
        T(pcr_2_tells_of_code_that_is_not_in_the_log),
        T(shims_settings_are_read_in_front_of_its_keys),
        T(shims_byte_too_many_is_not_in_the_digest),
        T(t49_a_level_that_is_added_behind_shims_keys_is_not_believed),
        T(an_entry_of_db_with_which_shim_verified_ends_its_settings_too),
        T(a_setting_with_two_values_has_none),
        T(two_levels_are_none_and_the_same_twice_is_one),
        T(verify_nothing_counts_wherever_it_stands),
        T(an_event_of_pcr_7_that_nothing_explains_ends_what_shim_tells),
        T(lists_without_the_owners_keys_are_known_by_computation),
        T(an_empty_list_behind_the_true_one_says_nothing),
        T(a_maker_that_is_named_after_the_boot_does_not_count),
        T(a_list_with_one_certificate_that_nobody_knows_may_be_the_owners),
        T(an_owners_key_that_vouched_is_told),
        T(every_state_and_part_has_a_name),
        T(a_log_that_does_not_parse_has_no_story),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
