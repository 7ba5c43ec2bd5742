/* core/describe_tagged.c - tagged events as lines: our own records, Linux, systemd, Windows, ESXi.
 *
 * PFP 1.06, 10.4.2.1: TCG_PCClientTaggedEvent. Windows' frames are unfolded: a line for a setting,
 * a line for a module. At most FRAMES_MAX of them, so that one event cannot drown the others. */
#include "core/describe_internal.h"
#include "core/sipa.h"
#include "core/uefi.h"
#include "pkg/record.h"

#include <inttypes.h>
#include <stdio.h>

#define FRAMES_MAX 512 /* lines of an event; a Windows boot loads about a hundred modules */

static const struct {
    uint32_t tag;
    const char *name;
} tags[] = {
    { 0x8f3b22ec, "Linux initrd" },
    { 0x8f3b22ed, "Linux load options" },
    { 0xf5bc582a, "systemd loader.conf" },
    { 0x6c46f751, "systemd device tree" },
    { 0x49dffe0f, "systemd initrd addon" },
    { 0xdac08e1a, "systemd microcode addon" },
    { 0x13aed6db, "systemd UKI profile" },
    { TB_SIPA_TRUST_BOUNDARY, "Windows trust boundary" },
    { TB_SIPA_ELAM_AGGREGATION, "Windows ELAM aggregation" },
    { TB_SIPA_LOADED_MODULE, "Windows loaded module" },
    { TB_SIPA_TRUST_POINT, "Windows trust point" },
    { 0x40010005, "Windows KSR aggregation" },
    { 0x40010006, "Windows KSR signed measurement" },
    { 0x00060002, "Windows authority public key" },
    { 2, "ESXi module" },
    { 3, "ESXi module of options" },
    { 4, "ESXi command line" },
    { 6, "ESXi asset tag" },
    { 7, "ESXi signer" },
    { 8, "ESXi version" },
};

static const char *tag_name(const struct tb_describing *d, uint32_t tag)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i].tag == tag && (tag > 8 || (d->e->pcr >= 11 && d->e->pcr <= 14)))
            return tags[i].name;
    return "unknown";
}

/* A module of Windows being read: its frames make one line. */
struct module {
    bool open;
    struct tb_reader hash, path, publisher, issuer, base;
    int validated; /* 0, 1; -1: not told */
};

static void number_text(struct tb_reader in, char *out, size_t out_len)
{
    uint64_t value = 0;

    if (in.left > sizeof value) {
        tb_hex(in, out, out_len);
        return;
    }
    for (size_t i = in.left; i-- > 0;)
        value = value << 8 | in.p[i];
    snprintf(out, out_len, value < 0x10000 ? "%" PRIu64 : "0x%" PRIx64, value);
}

static void module_line(const struct tb_describing *d, struct module *m)
{
    char hash[2 * TB_DIGEST_MAX + 1], path[256], publisher[128], issuer[128], base[32];

    if (!m->open)
        return;
    m->open = false;
    tb_hex(m->hash, hash, sizeof hash);
    tb_utf16_text(m->path, path, sizeof path);
    tb_utf16_text(m->publisher, publisher, sizeof publisher);
    tb_utf16_text(m->issuer, issuer, sizeof issuer);
    number_text(m->base, base, sizeof base);
    tb_describe_line(d, d->whole, "module", "%s%s%s%s%s%s%s%s%s%s%s", hash,
                     m->validated < 0   ? ""
                     : m->validated > 0 ? " validated"
                                        : " not validated",
                     publisher[0] != '\0' ? ", signed by " : "", publisher,
                     issuer[0] != '\0' ? " of " : "", issuer, m->base.left != 0 ? " at " : "",
                     m->base.left != 0 ? base : "", path[0] != '\0' ? ": " : "", path,
                     m->hash.left == 0 ? "(without a hash)" : "");
}

static void module_frame(struct module *m, const struct tb_sipa_frame *f)
{
    switch (f->id) {
    case TB_SIPA_IMAGE_HASH: m->hash = f->data; break;
    case TB_SIPA_FILE_PATH: m->path = f->data; break;
    case TB_SIPA_AUTHORITY_PUBLISHER: m->publisher = f->data; break;
    case TB_SIPA_AUTHORITY_ISSUER: m->issuer = f->data; break;
    case TB_SIPA_IMAGE_BASE: m->base = f->data; break;
    case TB_SIPA_IMAGE_VALIDATED: m->validated = f->data.left == 1 && f->data.p[0] == 1; break;
    default: break;
    }
}

static void value_text(enum tb_sipa_kind kind, struct tb_reader data, char *out, size_t out_len)
{
    char hex[2 * 64 + 1];

    if (kind == TB_SIPA_BOOL && data.left == 1 && data.p[0] <= 1) {
        snprintf(out, out_len, "%s", data.p[0] != 0 ? "yes" : "no");
    } else if (kind == TB_SIPA_NUMBER && data.left >= 1 && data.left <= 8) {
        number_text(data, out, out_len);
    } else if (kind == TB_SIPA_TEXT) {
        tb_utf16_text(data, out, out_len);
    } else {
        tb_hex(data, hex, sizeof hex);
        snprintf(out, out_len, "%s%s", hex, data.left > 64 ? "..." : "");
    }
}

static void frame_line(const struct tb_describing *d, const struct tb_sipa_frame *f)
{
    enum tb_sipa_kind kind;
    const char *name = tb_sipa_name(f->id, &kind);
    char value[TB_LINE_MAX / 2], number[16];

    snprintf(number, sizeof number, "0x%08" PRIx32, f->id);
    if ((f->id & TB_SIPA_CONTAINER) != 0)
        snprintf(value, sizeof value, "%zu bytes", f->data.left);
    else
        value_text(kind, f->data, value, sizeof value);
    tb_describe_line(d, d->whole, "windows", "%s: %s", name != NULL ? name : number, value);
}

/* The frames within `data`, which is that of a frame `id`. */
static void sipa_lines(const struct tb_describing *d, struct tb_reader data)
{
    struct tb_sipa it = tb_sipa_begin(data);
    struct module m = { 0 };
    struct tb_sipa_frame f;
    enum tb_sipa_step step;
    unsigned module_depth = 0, lines = 0;
    size_t left_out = 0;

    while ((step = tb_sipa_next(&it, &f)) != TB_SIPA_END) {
        if (m.open && f.depth <= module_depth)
            module_line(d, &m);
        if (step == TB_SIPA_FRAME && m.open) {
            module_frame(&m, &f);
            continue;
        }
        if (lines == FRAMES_MAX) {
            left_out++;
            continue;
        }
        lines++;
        if (step == TB_SIPA_BAD) {
            tb_describe_line(d, d->whole, "malformed", "%zu bytes", f.data.left);
        } else if (f.id == TB_SIPA_LOADED_MODULE) {
            m = (struct module){ .open = true, .validated = -1 };
            module_depth = f.depth;
        } else {
            frame_line(d, &f);
        }
    }
    module_line(d, &m);
    if (left_out != 0)
        tb_describe_line(d, d->whole, "windows", "(%zu more)", left_out);
}

/* struct of esx-boot: u32 size, u32 format, u64 flags, then offset and length, 16 bits each, of
 * component, product, version and file name. */
static void esxi_version(const struct tb_describing *d, bool verified, struct tb_reader data)
{
    static const char *const keys[] = { "component", "product", "version", "file" };
    struct tb_reader r = data, skipped, rest, part;
    uint16_t offset, len;

    if (!tb_read_slice(&r, 16, &skipped))
        return;
    for (size_t i = 0; i < 4 && tb_read_u16le(&r, &offset) && tb_read_u16le(&r, &len); i++) {
        rest = data;
        if (tb_read_slice(&rest, offset, &skipped) && tb_read_slice(&rest, len, &part))
            tb_describe_bytes(d, verified, keys[i], part);
    }
}

/* The digest of a record is over tag and size too, so it is verified as a whole or not at all. */
static bool record(const struct tb_describing *d)
{
    struct tb_reader text = d->e->data, head;
    struct tb_record r;
    struct tb_reason why;

    if (!tb_record_parse(d->e->data, &r, &why) || !tb_read_slice(&text, 8, &head)) {
        tb_describe_line(d, d->whole, "malformed", "%s: expected %s, found %s", why.where,
                         why.expected, why.observed);
        return false;
    }
    tb_describe_line(d, d->whole, "tag", "0x%08" PRIx32 " Trueboot %s, %zu bytes",
                     TB_RECORD_TAG + (uint32_t)r.kind, tb_record_kind_name(r.kind), text.left);
    if (r.kind == TB_RECORD_CONFIGURATION)
        text.left -= r.text.left;
    tb_describe_bytes(d, d->whole, "record", text);
    if (r.kind == TB_RECORD_CONFIGURATION && r.text.left != 0)
        tb_describe_bytes(d, d->whole, "configuration", r.text);
    return true;
}

bool tb_describe_tagged(const struct tb_describing *d)
{
    struct tb_reader r = d->e->data, frame, data;
    uint32_t tag, len;

    if (tb_record_is(r))
        return record(d);
    while (r.left != 0) {
        bool verified;

        frame = r;
        if (!tb_read_u32le(&frame, &tag) || !tb_read_u32le(&frame, &len) ||
            !tb_read_slice(&frame, len, &data))
            return r.left == 1 && r.p != d->e->data.p; /* ESXi's stray byte */
        r = frame;
        tb_describe_line(d, d->whole, "tag", "0x%08" PRIx32 " %s, %" PRIu32 " bytes", tag,
                         tag_name(d, tag), len);
        verified = d->whole || tb_describe_covers(d, data);
        if ((tag & TB_SIPA_CONTAINER) != 0 && tb_sipa_is_id(tag))
            sipa_lines(d, data);
        else if (tag == 8 && d->e->pcr == 13)
            esxi_version(d, verified, data);
        else
            tb_describe_bytes(d, verified, "tag-data", data);
    }
    return true;
}

bool tb_describe_trust_point(const struct tb_describing *d)
{
    struct tb_reader r = d->e->data;
    uint32_t tag;

    if (!tb_read_u32le(&r, &tag) || tag != TB_SIPA_TRUST_POINT)
        return false;
    return tb_describe_tagged(d);
}
