/* core/story_linux.c - what systemd-boot, systemd-stub and the kernel's EFI stub tell.
 *
 * systemd, "TPM2 PCR Measurements Made by systemd": loader.conf in PCR 5; command lines as UTF-16
 * in PCR 12 (in PCR 8 before systemd 252); of a unified kernel image each section in PCR 11, first
 * the digest of its name and then that of its content; credentials and add-ons in PCR 12, system
 * extensions in PCR 13, both without their contents in the log. Linux,
 * drivers/firmware/efi/libstub: load options and initrd in PCR 9, as tagged events whose digest
 * covers what was loaded and not the tag. */
#include "core/story_internal.h"

#include <string.h>

#define TAG_LINUX_INITRD 0x8f3b22ecu
#define TAG_LINUX_LOAD_OPTIONS 0x8f3b22edu
#define TAG_LOADER_CONF 0xf5bc582au

/* UAPI group, "Unified Kernel Image", PE sections. */
static const char *const section_names[TB_N_SECTION_NAMES] = {
    ".linux", ".osrel", ".cmdline", ".initrd", ".ucode",  ".splash",  ".dtb",     ".dtbauto",
    ".efifw", ".hwids", ".uname",   ".sbat",   ".pcrsig", ".pcrpkey", ".profile",
};

/* TCG_PCClientTaggedEvent (PFP 1.06, 10.4.2.1). The tag is a claim. */
static uint32_t tag_of(const struct tb_event *e)
{
    struct tb_reader in = e->data, content;
    uint32_t tag, len;

    if (!tb_read_u32le(&in, &tag) || !tb_read_u32le(&in, &len) ||
        !tb_read_slice(&in, len, &content))
        return 0;
    return tag;
}

/* The command line in UTF-16, which is logged with one NUL, with half of one or with none, and
 * covered with it or without. */
static bool covered_utf16(const struct tb_story_scan *s, const struct tb_event *e,
                          struct tb_reader *out)
{
    struct tb_reader text = e->data;

    if (!tb_story_is_utf16(text))
        return false;
    text.left &= ~(size_t)1;
    while (text.left >= 2 && text.p[text.left - 1] == 0 && text.p[text.left - 2] == 0)
        text.left -= 2;
    const struct tb_reader with_nul[] = { text, tb_slice("\0\0", 2) };
    if (!tb_story_covers(s, e, text) && !tb_story_covers_parts(s, e, with_nul, 2))
        return false;
    *out = text;
    return true;
}

/* Tagged data, one record behind the other, with a digest over all of it: Windows'. As a command
 * line it would have a NUL among its first characters. */
static bool is_tagged_list(struct tb_reader in)
{
    struct tb_reader content;
    uint32_t tag, len;

    do {
        if (!tb_read_u32le(&in, &tag) || !tb_read_u32le(&in, &len) || len >= 1u << 16 ||
            !tb_read_slice(&in, len, &content))
            return false;
    } while (in.left != 0);
    return true;
}

static bool is_marker(struct tb_reader data)
{
    return tb_slice_equal(data, tb_slice("\0\0\0\0", 4)) ||
           tb_slice_equal(data, tb_slice("WBCL", 4));
}

/* PCR 12. An event that is neither a command line nor known to be none may hide one. */
static void kernel_config(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_reader text;

    if (covered_utf16(s, e, &text)) {
        s->notes.from_utf16 = true;
        tb_story_cmdline(s, e, TB_PART_SYSTEMD_BOOT, (struct tb_story_text){ text, true });
        return;
    }
    if ((is_tagged_list(e->data) || is_marker(e->data)) && tb_story_covers(s, e, e->data))
        return;
    s->out->n_extras++;
    s->notes.hidden = true;
}

/* PCR 8 before systemd 252. */
static void old_kernel_config(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_reader text;

    if (!tb_story_is_utf16(e->data))
        return; /* GRUB's */
    if (!covered_utf16(s, e, &text)) {
        s->notes.hidden = s->out->cmdline.edited = true;
        return;
    }
    s->notes.from_utf16 = true;
    tb_story_cmdline(s, e, TB_PART_SYSTEMD_BOOT, (struct tb_story_text){ text, true });
}

static struct tb_reader name_bytes(size_t i)
{
    return tb_slice(section_names[i], strlen(section_names[i]) + 1);
}

/* The section whose name is measured; TB_N_SECTION_NAMES: none. The names are hashed once for a
 * log. */
static size_t section_of(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_story_notes *notes = &s->notes;
    size_t i = 0;

    for (; !notes->names_hashed && i < TB_N_SECTION_NAMES; i++)
        if (!tb_hash(s->h, s->bank, name_bytes(i), notes->section_name[i]))
            return TB_N_SECTION_NAMES;
    notes->names_hashed = true;
    for (i = 0; i < TB_N_SECTION_NAMES; i++)
        if (memcmp(notes->section_name[i], e->digest[s->bank].p, e->digest[s->bank].left) == 0 &&
            tb_story_covers(s, e, name_bytes(i)))
            break;
    return i;
}

/* PCR 11, in its own order, which the replay proves. */
static void section(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_story *out = s->out;
    size_t i = section_of(s, e);

    if (i < TB_N_SECTION_NAMES) {
        memset(&s->pending, 0, sizeof s->pending);
        memcpy(s->pending.name, section_names[i], strlen(section_names[i]));
        s->has_pending = true;
        return;
    }
    if (!s->has_pending)
        return;
    s->has_pending = false;
    tb_story_saw(s, TB_PART_SYSTEMD_STUB);
    if (strcmp(s->pending.name, ".cmdline") == 0)
        tb_story_cmdline_digest(s, e);
    if (strcmp(s->pending.name, ".uname") == 0 && tb_is_text(e->data) &&
        tb_story_covers(s, e, e->data))
        tb_ascii_text(e->data, out->uname, sizeof out->uname);
    if (out->n_sections == TB_SECTIONS_MAX)
        return;
    s->pending.event = e->index;
    memcpy(s->pending.digest, e->digest[s->bank].p, e->digest[s->bank].left);
    out->section[out->n_sections++] = s->pending;
}

/* PCR 9 */
static void stub(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_story *out = s->out;
    uint32_t tag = tag_of(e);
    struct tb_story_initrd *initrd;

    if (tag == TAG_LINUX_LOAD_OPTIONS) {
        tb_story_named(s, TB_PART_LINUX_STUB);
        tb_story_cmdline_digest(s, e);
    }
    if (tag != TAG_LINUX_INITRD || out->n_initrds == TB_INITRDS_MAX)
        return;
    tb_story_named(s, TB_PART_LINUX_STUB);
    initrd = &out->initrd[out->n_initrds++];
    initrd->event = e->index;
    memcpy(initrd->digest, e->digest[s->bank].p, e->digest[s->bank].left);
}

void tb_story_linux_event(struct tb_story_scan *s, const struct tb_event *e)
{
    switch (e->pcr) {
    case 5:
        if (tag_of(e) == TAG_LOADER_CONF)
            tb_story_named(s, TB_PART_SYSTEMD_BOOT);
        break;
    case 8: old_kernel_config(s, e); break;
    case 9: stub(s, e); break;
    case 11: section(s, e); break;
    case 12: kernel_config(s, e); break;
    case 13:
        if (tb_story_is_utf16(e->data) && !tb_story_covers(s, e, e->data))
            s->out->n_sysexts++;
        break;
    default: break;
    }
}
