/* core/story_grub.c - what GRUB tells: its commands in PCR 8, the files that it read in PCR 9.
 *
 * GRUB 2.04 and later, manual section "Measured Boot": each command, each command line of a kernel
 * or module is text in PCR 8, with a label in front that the digest does not cover. So a command
 * line is told by its text, which begins with the kernel's path or is what the command `linux`
 * named, and a label never hides one. Of a file the digest covers the contents, and the name that
 * the log has for it is a claim. */
#include "core/story_internal.h"

#include <string.h>

#define SLICE(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

/* Labels of GRUB, and those of the patches that Red Hat and EVE carried before. */
static const struct label {
    struct tb_reader text;
    bool is_cmdline;
} labels[] = {
    { SLICE("grub_cmd: "), false },      { SLICE("grub_cmd "), false },
    { SLICE("kernel_cmdline: "), true }, { SLICE("grub_kernel_cmdline "), true },
    { SLICE("module_cmdline: "), true }, { SLICE("grub_module_cmdline "), true },
};

/* Commands that load Linux, with the kernel's path and its arguments behind. */
static const char *const linux_commands[] = { "linux", "linuxefi", "linux16", NULL };
/* Commands that load something else, or a kernel in a way that GRUB measures differently. */
static const char *const other_commands[] = { "multiboot",
                                              "multiboot2",
                                              "module",
                                              "module2",
                                              "xen_hypervisor",
                                              "xen_module",
                                              "xen_linux",
                                              "kfreebsd",
                                              "knetbsd",
                                              "kopenbsd",
                                              "xnu_kernel",
                                              "xnu_kernel64",
                                              "ntldr",
                                              "plan9",
                                              "legacy_kernel",
                                              "truecrypt",
                                              NULL };

static bool begins(struct tb_reader in, struct tb_reader with)
{
    return in.left >= with.left && memcmp(in.p, with.p, with.left) == 0;
}

/* The text that the digest covers: without the label, with or without one NUL at its end. */
static bool covered_text(const struct tb_story_scan *s, const struct tb_event *e,
                         const struct label *l, struct tb_reader *out)
{
    struct tb_reader rest = e->data, text, skipped;

    if (l != NULL && (!begins(rest, l->text) || !tb_read_slice(&rest, l->text.left, &skipped)))
        return false;
    text = tb_story_without_nuls(rest);
    if (!tb_story_covers(s, e, text) &&
        (text.left == rest.left ||
         !tb_story_covers(s, e, (struct tb_reader){ text.p, text.left + 1 })))
        return false;
    *out = text;
    return true;
}

static bool is_one_of(struct tb_reader word, const char *const list[])
{
    for (size_t i = 0; list[i] != NULL; i++)
        if (tb_slice_equal(word, tb_slice(list[i], strlen(list[i]))))
            return true;
    return false;
}

/* Up to the first blank; *rest is what stands behind it. */
static struct tb_reader first_word(struct tb_reader text, struct tb_reader *rest)
{
    struct tb_reader word = { text.p, 0 };

    while (word.left < text.left && text.p[word.left] != ' ')
        word.left++;
    *rest = (struct tb_reader){ NULL, 0 };
    if (word.left < text.left)
        *rest = (struct tb_reader){ text.p + word.left + 1, text.left - word.left - 1 };
    return word;
}

static void name_kernel(struct tb_story_scan *s, struct tb_reader arguments)
{
    char *kernel = s->out->grub.kernel;
    struct tb_reader rest;

    if (s->notes.loaded_differs) {
        kernel[0] = '\0';
        return;
    }
    tb_ascii_text(first_word(arguments, &rest), kernel, sizeof s->out->grub.kernel);
}

static void command(struct tb_story_scan *s, struct tb_reader text)
{
    struct tb_reader word, arguments;

    word = first_word(text, &arguments);
    while (tb_slice_equal(word, tb_slice("!", 1)) || (word.left == 0 && arguments.left != 0))
        word = first_word(arguments, &arguments);
    if (is_one_of(word, linux_commands)) {
        tb_story_loaded(s, (struct tb_story_text){ arguments, false });
        name_kernel(s, arguments);
    } else if (is_one_of(word, other_commands)) {
        tb_story_loaded_other(s, (struct tb_story_text){ arguments, false });
    } else if (tb_slice_equal(word, tb_slice("chainloader", 11))) {
        first_word(arguments, &arguments);
        if (arguments.left != 0) /* the program gets a command line that is measured nowhere else */
            tb_story_loaded_other(s, (struct tb_story_text){ arguments, false });
    }
}

/* Text of PCR 8. No command of GRUB begins like a path, which GRUB quotes where it has a blank; and
 * a path that begins like none (of a file loaded over the network, a list of blocks) is the one
 * that stood in the command. */
static void grub_text(struct tb_story_scan *s, const struct tb_event *e, struct tb_reader text,
                      bool labelled_cmdline)
{
    const struct tb_story_text line = { text, false };
    bool is_path = text.left != 0 && memchr("/(\"", text.p[0], 3) != NULL;

    if (is_path || labelled_cmdline || (text.left != 0 && tb_story_was_loaded(s, line)))
        tb_story_cmdline(s, e, TB_PART_GRUB, line);
    else
        command(s, text);
}

static bool has_label(const struct tb_event *e)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (begins(e->data, labels[i].text))
            return true;
    return false;
}

static bool is_ascii(struct tb_reader in)
{
    for (size_t i = 0; i < in.left; i++)
        if (in.p[i] == 0)
            return false;
    return true;
}

/* UTF-16 is systemd-boot's (story_linux.c). What nothing explains may be a command line. */
static void configuration(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_reader text;

    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (covered_text(s, e, &labels[i], &text)) {
            s->out->grub.n_commands++;
            tb_story_saw(s, TB_PART_GRUB);
            grub_text(s, e, text, labels[i].is_cmdline);
            return;
        }
    if (has_label(e))
        tb_story_named(s, TB_PART_GRUB);
    if (covered_text(s, e, NULL, &text) &&
        is_ascii(text)) /* without a label: another's, or edited */
        grub_text(s, e, text, false);
    else if (!tb_story_is_utf16(e->data))
        s->notes.hidden = s->out->cmdline.edited = true;
}

void tb_story_grub_event(struct tb_story_scan *s, const struct tb_event *e)
{
    if (e->pcr == 8)
        configuration(s, e);
    else if (e->pcr == 9 && tb_is_text(e->data))
        s->out->grub.n_files++; /* shown only: neither name nor kind is covered */
}
