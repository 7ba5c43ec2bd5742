/* core/story_cmdline.c - the one command line of the kernel, out of all that was measured.
 *
 * Whoever edits the log may give a command line another label, put other text under its digest, or
 * extend a better one after the boot. So every text that may be one counts, an event that could
 * hide one ends the claim, and two that are not the same are none. */
#include "core/story_internal.h"

#include <string.h>

/* The next character; false at the end. */
static bool next(struct tb_story_text *t, bool loose, uint16_t *out)
{
    uint8_t narrow;

    do {
        if (t->wide) {
            if (!tb_read_u16le(&t->bytes, out))
                return false;
        } else {
            if (!tb_read_u8(&t->bytes, &narrow))
                return false;
            *out = narrow;
        }
    } while (loose && (*out == '"' || *out == '\'' || *out == '\\'));
    return true;
}

/* The same characters; loose: whatever the quotes are, which GRUB takes from its commands and puts
 * back in its own way. */
static bool same(struct tb_story_text a, struct tb_story_text b, bool loose)
{
    uint16_t x, y;

    if (!loose && a.wide == b.wide)
        return tb_slice_equal(a.bytes, b.bytes);
    for (;;) {
        bool more = next(&a, loose, &x);

        if (more != next(&b, loose, &y) || (more && x != y))
            return false;
        if (!more)
            return true;
    }
}

/* Whatever may be a command line is held against the host, once. */
static void hold(struct tb_story_scan *s, struct tb_story_text text)
{
    struct tb_story_notes *notes = &s->notes;

    for (uint32_t i = 0; i < notes->n_texts; i++)
        if (same(notes->text[i], text, false))
            return;
    if (notes->n_texts == TB_STORY_HELD_MAX)
        notes->texts_lost = true;
    else
        notes->text[notes->n_texts++] = text;
}

void tb_story_cmdline(struct tb_story_scan *s, const struct tb_event *e, enum tb_story_part part,
                      struct tb_story_text text)
{
    struct tb_cmdline *out = &s->out->cmdline;

    hold(s, text);
    if (s->notes.has_first) {
        if (!same(s->notes.first, text, false))
            s->notes.differs = true;
        return;
    }
    s->notes.has_first = true;
    s->notes.first = text;
    out->part = part;
    out->event = e->index;
}

void tb_story_loaded(struct tb_story_scan *s, struct tb_story_text arguments)
{
    struct tb_story_notes *notes = &s->notes;

    if (notes->has_loaded && !same(notes->loaded, arguments, true))
        notes->loaded_differs = true;
    notes->has_loaded = true;
    notes->loaded = arguments;
    hold(s, arguments);
}

void tb_story_loaded_other(struct tb_story_scan *s, struct tb_story_text arguments)
{
    s->notes.other_loader = true;
    hold(s, arguments);
}

bool tb_story_was_loaded(const struct tb_story_scan *s, struct tb_story_text text)
{
    for (uint32_t i = 0; i < s->notes.n_texts; i++)
        if (same(s->notes.text[i], text, true))
            return true;
    return false;
}

void tb_story_cmdline_digest(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_story_notes *notes = &s->notes;

    if (notes->n_digests < TB_STORY_HELD_MAX)
        notes->digest[notes->n_digests] = *e;
    notes->n_digests++;
}

/* The text in both encodings, for comparison with digests; false: too long. */
static bool encode(struct tb_story_text text, uint8_t *narrow, uint8_t *wide, size_t *n)
{
    uint16_t c;

    for (*n = 0; next(&text, false, &c); ++*n) {
        if (*n == TB_CMDLINE_MAX || c == 0 || c > 0x7e)
            return false;
        narrow[*n] = (uint8_t)c;
        wide[2 * *n] = (uint8_t)c;
        wide[2 * *n + 1] = 0;
    }
    return true;
}

/* The digest is that of the text: as the EFI stub got it from GRUB ("BOOT_IMAGE=" in front) or from
 * systemd-boot, in UTF-16; or as a section of a unified kernel image, in ASCII. */
static bool is_digest_of(const struct tb_story_scan *s, const struct tb_event *e,
                         struct tb_reader narrow, struct tb_reader wide)
{
    static const uint8_t image[] = "B\0O\0O\0T\0_\0I\0M\0A\0G\0E\0="; /* and the NUL behind it */
    const struct tb_reader forms[][3] = {
        { tb_slice(image, sizeof image), wide, { NULL, 0 } },
        { tb_slice(image, sizeof image), wide, tb_slice("\0\0", 2) },
        { { NULL, 0 }, wide, { NULL, 0 } },
        { { NULL, 0 }, wide, tb_slice("\0\0", 2) },
        { { NULL, 0 }, narrow, { NULL, 0 } },
        { { NULL, 0 }, narrow, tb_slice("\0", 1) },
        { { NULL, 0 }, narrow, tb_slice("\n", 1) },
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (tb_story_covers_parts(s, e, forms[i], 3))
            return true;
    return false;
}

/* All digests of command lines are of the first. */
static bool digests_agree(struct tb_story_scan *s)
{
    uint8_t narrow[TB_CMDLINE_MAX], wide[2 * TB_CMDLINE_MAX];
    const struct tb_story_notes *notes = &s->notes;
    size_t n;

    if (notes->n_digests == 0)
        return true;
    if (notes->n_digests > TB_STORY_HELD_MAX || !encode(notes->first, narrow, wide, &n))
        return false;
    for (uint32_t i = 0; i < notes->n_digests; i++) {
        if (!is_digest_of(s, &notes->digest[i], tb_slice(narrow, n), tb_slice(wide, 2 * n)))
            return false;
        if (notes->digest[i].pcr == 9)
            tb_story_saw(s, TB_PART_LINUX_STUB);
    }
    return true;
}

/* Where a PCR that may hold a command line does not match, it may hold another one than the log
 * has: whoever started with it need only extend that PCR once more to be rid of it. */
static bool sees_all(const struct tb_story_scan *s)
{
    static const unsigned pcrs[] = { 8, 9, 11, 12 };

    for (size_t i = 0; s->states != NULL && i < sizeof pcrs / sizeof *pcrs; i++) {
        const unsigned state = s->states->state[s->bank][pcrs[i]];

        if (pcrs[i] == 11 && tb_story_has(s, TB_PART_TRUEBOOT))
            continue; /* no unified kernel image: its sections would fail such a host */
        if (state != TB_PCR_MATCH && state != TB_PCR_NOT_QUOTED)
            return false;
    }
    return true;
}

/* Of two texts at least one is another than the kernel got; of a text and a digest of something
 * else nothing is known, such as of a unified kernel image's own line and what is added to it. */
static enum tb_cmdline_state conclude(struct tb_story_scan *s)
{
    const struct tb_story_notes *notes = &s->notes;

    if (notes->hidden || !sees_all(s))
        return TB_CMDLINE_UNPROVED;
    if (!notes->has_first)
        return notes->has_loaded || notes->other_loader || notes->n_digests != 0
                   ? TB_CMDLINE_UNPROVED
                   : TB_CMDLINE_NONE;
    if (notes->differs || notes->other_loader || notes->loaded_differs ||
        (notes->has_loaded && !same(notes->first, notes->loaded, true)))
        return TB_CMDLINE_SEVERAL;
    return digests_agree(s) ? TB_CMDLINE_PROVED : TB_CMDLINE_UNPROVED;
}

/* Returns the length. */
static size_t print(struct tb_cmdline *c, struct tb_story_text text, char *out, size_t size)
{
    size_t n = 0;
    uint16_t letter;

    while (next(&text, false, &letter)) {
        if (n + 1 == size) {
            c->cut = c->lost = true;
            break;
        }
        if (letter < ' ' || letter > '~') {
            c->cut = true;
            letter = '?';
        }
        out[n++] = (char)letter;
    }
    out[n] = '\0';
    return n;
}

static void print_all(struct tb_story_scan *s)
{
    struct tb_cmdline *out = &s->out->cmdline;
    const struct tb_story_notes *notes = &s->notes;
    size_t n = 0;

    if (notes->has_first)
        print(out, notes->first, out->text, sizeof out->text);
    out->lost = out->lost || notes->texts_lost;
    for (uint32_t i = 0; i < notes->n_texts; i++) {
        if (notes->text[i].bytes.left == 0 ||
            (notes->has_first && same(notes->text[i], notes->first, false)))
            continue;
        if (n + 2 >= sizeof out->others) {
            out->lost = true;
            break;
        }
        n += print(out, notes->text[i], out->others + n, sizeof out->others - 1 - n) + 1;
    }
}

void tb_story_cmdline_conclude(struct tb_story_scan *s)
{
    struct tb_cmdline *out = &s->out->cmdline;

    if (s->notes.from_utf16) {
        bool unified = tb_story_has(s, TB_PART_SYSTEMD_STUB);

        if (!unified)
            tb_story_saw(s, TB_PART_SYSTEMD_BOOT);
        if (out->part == TB_PART_SYSTEMD_BOOT && unified)
            out->part = TB_PART_SYSTEMD_STUB;
    }
    out->state = conclude(s);
    out->only_digest = !s->notes.has_first && s->notes.n_digests != 0 && !s->notes.hidden &&
                       !s->notes.has_loaded && !s->notes.other_loader && sees_all(s);
    if (s->notes.has_loaded && !s->notes.has_first) /* GRUB measures both */
        out->edited = true;
    print_all(s);
}
