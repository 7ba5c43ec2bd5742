/* core/story_esxi.c - what the boot loader of VMware ESXi measures.
 *
 * Layout as in VMware's published esx-boot: tagged events (PFP 1.06, 10.4.2.1: u32le id, u32le
 * size, data) in PCR 11 (update), 12 (core modules), 13 (other modules, versions), 14 (what
 * varies). The digest of a module (ids 2 and 3) is that of its content, and the tag's data is only
 * its name: nothing binds the name, nor the id. Of the other ids the digest is that of the tag's
 * data: command line (4), asset tag (6), signer (7), version (8). Some versions log a byte behind
 * the tag.
 *
 * As with Windows, root of any host may extend these PCRs: nothing here helps to be trusted. */
#include "core/story_internal.h"

#include <string.h>

enum {
    TAG_MODULE = 2,
    TAG_BOOT_OPTION = 3,
    TAG_COMMAND_LINE = 4,
    TAG_ASSET = 6,
    TAG_SIGNER = 7,
    TAG_VERSION = 8,
};

struct tag {
    uint32_t id;
    struct tb_reader data;
};

static bool is_esxi_id(uint32_t id)
{
    return id >= TAG_MODULE && id <= TAG_VERSION && id != 5;
}

/* *out has the id in any case, so that a tag that is malformed is told from what is none. */
static bool read_tag(struct tb_reader r, struct tag *out)
{
    uint32_t len;

    *out = (struct tag){ 0 };
    return tb_read_u32le(&r, &out->id) && is_esxi_id(out->id) && tb_read_u32le(&r, &len) &&
           tb_read_slice(&r, len, &out->data) && r.left <= 1;
}

/* A text with its NUL. */
static bool is_name(struct tb_reader in)
{
    return in.left > 1 && memchr(in.p, 0, in.left) == in.p + in.left - 1;
}

static void add_module(struct tb_story_scan *s, const struct tb_event *e, const struct tag *tag)
{
    struct tb_story_esxi *x = &s->out->esxi;
    struct tb_story_esxi_module *m = &x->module[x->n_modules];

    if (x->n_modules == TB_ESXI_MODULES_MAX) {
        x->n_modules_lost++;
        return;
    }
    m->event = e->index;
    m->id = tag != NULL ? tag->id : 0;
    if (tag != NULL)
        tb_ascii_text(tag->data, m->name, sizeof m->name);
    else
        m->name[0] = '\0';
    memcpy(m->digest, e->digest[s->bank].p, e->digest[s->bank].left);
    x->n_modules++;
}

static void add_covered(struct tb_story_scan *s, const struct tb_event *e, const struct tag *tag)
{
    struct tb_story_esxi *x = &s->out->esxi;

    if (tag->id == TAG_SIGNER)
        x->n_signers++;
    if (tag->id != TAG_COMMAND_LINE || e->pcr != 14)
        return;
    if (s->esxi.n_cmdlines++ == 0 && tag->data.left < sizeof x->cmdline)
        tb_ascii_text(tag->data, x->cmdline, sizeof x->cmdline);
}

void tb_story_esxi_event(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tag tag;

    if (e->pcr < 11 || e->pcr > 14)
        return;
    if (read_tag(e->data, &tag)) {
        if (tag.id >= TAG_COMMAND_LINE && tb_story_covers(s, e, tag.data)) {
            add_covered(s, e, &tag);
            return;
        }
        if (tag.id <= TAG_BOOT_OPTION && is_name(tag.data)) {
            s->esxi.core_module = s->esxi.core_module || e->pcr == 12;
            add_module(s, e, &tag);
            return;
        }
    }
    if (is_esxi_id(tag.id))
        s->out->esxi.n_malformed++;
    add_module(s, e, NULL); /* whatever it is said to be, it was measured */
}

void tb_story_esxi_end(struct tb_story_scan *s)
{
    struct tb_story_esxi *x = &s->out->esxi;

    if (s->esxi.n_cmdlines == 0 || !s->esxi.core_module) {
        memset(x, 0, sizeof *x);
        return;
    }
    if (s->esxi.n_cmdlines > 1)
        x->cmdline[0] = '\0';
    x->present = true;
    tb_story_saw(s, TB_PART_ESXI);
}
