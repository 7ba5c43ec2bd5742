/* tests/fuzz/story_fuzz.c - the boot story of any log, as if every PCR matched the quote.
 *
 * The property: no story depends on the types of the events, and a proved command line is the text
 * of an event of PCR 8 or 12 that its digest covers. */
#include <assert.h>
#include <string.h>

#include "core/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LOG_MAX 65536

/* Another type for each event that extends a PCR; the log's bytes are changed in place. */
static void retype(uint8_t *bytes, size_t len)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (!tb_log_open(tb_slice(bytes, len), &log, &why))
        return;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        if (e.type != TB_EV_NO_ACTION && e.index != 0)
            memcpy(bytes + e.offset + 4, "\x05\0\0\0", 4); /* EV_ACTION */
}

static bool in_event(struct tb_reader data, const char *text)
{
    size_t n = strlen(text);

    for (size_t at = 0; at + n <= data.left; at++) {
        size_t narrow = 0, wide = 0;

        while (narrow < n && data.p[at + narrow] == (uint8_t)text[narrow])
            narrow++;
        while (wide < n && at + 2 * wide < data.left &&
               data.p[at + 2 * wide] == (uint8_t)text[wide])
            wide++;
        if (narrow == n || wide == n)
            return true;
    }
    return false;
}

static bool is_in_log(struct tb_reader in, const struct tb_cmdline *line)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (!tb_log_open(in, &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        if (e.index == line->event)
            return (e.pcr == 8 || e.pcr == 12) && (line->cut || in_event(e.data, line->text));
    return false;
}

static void check(const struct tb_story *s, struct tb_reader in)
{
    assert(s->n_sections <= TB_SECTIONS_MAX && s->n_initrds <= TB_INITRDS_MAX);
    assert(s->esxi.n_modules <= TB_ESXI_MODULES_MAX);
    assert((s->parts | s->named) < 1u << TB_N_STORY_PARTS);
    assert(memchr(s->cmdline.text, 0, sizeof s->cmdline.text) != NULL);
    for (const char *c = s->cmdline.text; *c != '\0'; c++)
        assert(*c >= ' ' && *c <= '~');
    if (s->cmdline.state == TB_CMDLINE_PROVED)
        assert(is_in_log(in, &s->cmdline));
    if (s->cmdline.state == TB_CMDLINE_NONE)
        assert(s->cmdline.text[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[LOG_MAX];
    static struct tb_story story, other;
    static struct tb_hasher *h;
    struct tb_pcr_states states;
    struct tb_reason why;
    struct tb_replay r;

    if (h == NULL)
        h = tb_hasher_new();
    assert(h != NULL);
    if (size > sizeof bytes || !tb_log_replay(tb_slice(data, size), 0, h, &r, &why))
        return 0;
    memset(&states, TB_PCR_MATCH, sizeof states);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) {
        if ((r.banks & 1u << bank) == 0)
            continue;
        memcpy(bytes, data, size);
        assert(tb_story_read(tb_slice(bytes, size), (enum tb_bank)bank, NULL, h, &story));
        check(&story, tb_slice(bytes, size));
        assert(tb_story_read(tb_slice(bytes, size), (enum tb_bank)bank, &states, h, &story));
        check(&story, tb_slice(bytes, size));
        retype(bytes, size);
        assert(tb_story_read(tb_slice(bytes, size), (enum tb_bank)bank, &states, h, &other));
        assert(memcmp(&story, &other, sizeof story) == 0);
    }
    return 0;
}
