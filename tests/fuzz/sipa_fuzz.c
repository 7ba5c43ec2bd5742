/* tests/fuzz/sipa_fuzz.c - events of Windows and ESXi, read for their story and as lines.
 *
 * Input: events, each a byte (bits 0-1: PCR 11 to 14; bits 2-3: what the digest is of: all data,
 * the data of the tag, something else, "WBCL"), u16le size, data. The property: a good answer needs
 * both separators, and nothing in front of them that no digest covers. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/describe.h"
#include "core/sipa.h"
#include "core/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(void *ctx, const char *key, const char *value, bool verified)
{
    (void)verified;
    assert(key[0] != '\0');
    for (; *value != '\0'; value++)
        assert(*value >= ' ' && *value <= '~');
    ++*(size_t *)ctx;
}

/* Frames follow each other without a gap, and no deeper than they may. */
static void check_frames(struct tb_reader in)
{
    struct tb_sipa it = tb_sipa_begin(in);
    struct tb_sipa_frame f;
    enum tb_sipa_step step;
    size_t bytes = 0;

    while ((step = tb_sipa_next(&it, &f)) != TB_SIPA_END) {
        bool container = (f.id & TB_SIPA_CONTAINER) != 0;

        assert(f.depth >= 1 && f.depth <= TB_SIPA_DEPTH_MAX);
        assert(f.data.left == 0 || (f.data.p >= in.p && f.data.p < in.p + in.left));
        bytes += container && step == TB_SIPA_FRAME ? 8 : f.data.left;
        if (step == TB_SIPA_FRAME && !container)
            bytes += 8;
    }
    assert(bytes <= in.left);
}

static bool next_event(struct tb_reader *in, struct tb_hasher *h, struct tb_event *e,
                       struct tb_reader *hashed)
{
    static uint8_t digest[TB_DIGEST_MAX];
    struct tb_reader skipped;
    uint16_t len;
    uint8_t kind;

    if (!tb_read_u8(in, &kind) || !tb_read_u16le(in, &len) || !tb_read_slice(in, len, &e->data))
        return false;
    *hashed = e->data;
    if ((kind >> 2 & 3) == 1 && !tb_read_slice(hashed, 8, &skipped))
        return false;
    if ((kind >> 2 & 3) == 2)
        *hashed = tb_slice("not what any event has", 22);
    if ((kind >> 2 & 3) == 3)
        *hashed = tb_slice("WBCL", 4);
    if (!tb_hash(h, TB_BANK_SHA256, *hashed, digest))
        abort();
    e->pcr = 11 + (kind & 3u);
    e->type = TB_EV_EVENT_TAG;
    e->banks = 1u << TB_BANK_SHA256;
    e->digest[TB_BANK_SHA256] = tb_slice(digest, 32);
    e->index++;
    return true;
}

static bool is_good(const struct tb_story_windows *w)
{
    return w->code_integrity == TB_YES || w->test_signing == TB_NO || w->boot_debugging == TB_NO ||
           w->os_debugging == TB_NO || w->bitlocker_unlock == TB_NO || w->safe_mode == TB_NO ||
           w->winpe == TB_NO || w->flight_signing == TB_NO || w->vbs == TB_YES ||
           w->hypervisor != TB_UNTOLD;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_hasher *h;
    static struct tb_story story;
    struct tb_reader in = tb_slice(data, size);
    struct tb_story_scan scan = { .bank = TB_BANK_SHA256, .out = &story };
    struct tb_log log = { 0 };
    struct tb_event e = { 0 };
    bool closed[2] = { false, false }, uncovered = false;
    struct tb_reader hashed;
    size_t lines = 0;

    if (h == NULL)
        h = tb_hasher_new();
    assert(h != NULL);
    scan.h = h;
    memset(&story, 0, sizeof story);
    while (next_event(&in, h, &e, &hashed)) {
        unsigned i = e.pcr - 12;

        if (i < 2 && tb_slice_equal(hashed, tb_slice("WBCL", 4)))
            closed[i] = true;
        else if (i < 2 && !closed[i] && !tb_slice_equal(hashed, e.data))
            uncovered = true;
        tb_story_windows_event(&scan, &e);
        tb_story_esxi_event(&scan, &e);
        check_frames(e.data);
        tb_event_describe(&log, &e, e.banks, h, check_line, &lines);
    }
    tb_story_windows_end(&scan);
    tb_story_esxi_end(&scan);
    assert(!is_good(&story.windows) || (closed[0] && closed[1] && !uncovered));
    assert(!story.windows.present || (closed[0] && closed[1]));
    assert(story.esxi.n_modules <= TB_ESXI_MODULES_MAX);
    for (uint32_t i = 0; i < story.esxi.n_modules; i++)
        check_line(&lines, "name", story.esxi.module[i].name, false);
    check_line(&lines, "cmdline", story.esxi.cmdline, true);
    return 0;
}
