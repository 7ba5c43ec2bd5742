/* core/describe.c - events as lines: a table of types, each with the reader of its data.
 *
 * PFP 1.06: 10.2.3 to 10.2.7 (structures), 10.4.1 and table 27 (types), 10.4.5 (EV_NO_ACTION). */
#include "core/describe_internal.h"
#include "core/uefi.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool tb_describe_covers(const struct tb_describing *d, struct tb_reader data)
{
    uint8_t digest[TB_DIGEST_MAX];

    for (unsigned i = 0; i < TB_N_BANKS; i++) {
        enum tb_bank b = (enum tb_bank)i;

        if ((d->banks & 1u << b) != 0 &&
            (!tb_hash(d->h, b, data, digest) ||
             !tb_slice_equal(d->e->digest[b], tb_slice(digest, tb_bank_digest_len(b)))))
            return false;
    }
    return d->banks != 0;
}

void tb_describe_line(const struct tb_describing *d, bool verified, const char *key,
                      const char *format, ...)
{
    char line[TB_LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *c = line; *c != '\0'; c++) /* whatever came in, nothing acts in a terminal */
        if (*c < ' ' || *c > '~')
            *c = '?';
    d->emit(d->ctx, key, line, verified);
}

/* Bytes of a character beyond ASCII in UTF-8 (RFC 3629, 4), or 0. What is over-long or a surrogate
 * passes: this only tells text from other data, and its bytes are shown in hex. */
static size_t utf8_len(struct tb_reader in)
{
    size_t n = in.p[0] < 0xc2   ? 0
               : in.p[0] < 0xe0 ? 2
               : in.p[0] < 0xf0 ? 3
               : in.p[0] < 0xf5 ? 4
                                : 0;

    if (n > in.left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((in.p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* Lines of text, NULs at the end allowed. */
static bool is_lines(struct tb_reader in)
{
    size_t left, n;

    while (in.left > 0 && in.p[in.left - 1] == 0)
        in.left--;
    for (left = in.left; left > 0; left -= n, in.p += n) {
        bool ascii = (in.p[0] >= ' ' && in.p[0] <= '~') || memchr("\n\r\t", in.p[0], 3) != NULL;

        n = ascii ? 1 : utf8_len((struct tb_reader){ in.p, left });
        if (n == 0)
            return false;
    }
    return in.left != 0;
}

#define LINES_MAX 256 /* of one text: a menu entry of GRUB has some tens */

/* Text, line by line; a line that is too long goes on in the next one, so that nothing is lost.
 * Bytes beyond ASCII as \xe4. */
static void describe_lines(const struct tb_describing *d, bool verified, const char *key,
                           struct tb_reader in)
{
    while (in.left > 0 && in.p[in.left - 1] == 0)
        in.left--;
    for (unsigned line = 0; in.left > 0; line++) {
        char text[TB_LINE_MAX];
        size_t n = 0;
        uint8_t c = 0;

        if (line == LINES_MAX) {
            tb_describe_line(d, verified, key, "(%zu bytes more)", in.left);
            return;
        }
        while (n + 5 < sizeof text && tb_read_u8(&in, &c) && c != '\n') {
            if (c > '~')
                n += (size_t)snprintf(text + n, sizeof text - n, "\\x%02x", c);
            else
                text[n++] = (char)(c < ' ' ? ' ' : c);
        }
        text[n] = '\0';
        if (n > 0)
            tb_describe_line(d, verified, key, "%s", text);
    }
}

void tb_describe_bytes(const struct tb_describing *d, bool verified, const char *key,
                       struct tb_reader in)
{
    char text[2 * 64 + 1];

    if (is_lines(in)) {
        describe_lines(d, verified, key, in);
        return;
    }
    tb_hex(in, text, sizeof text);
    tb_describe_line(d, verified, key, "%s%s", text, in.left > 64 ? "..." : "");
}

void tb_describe_guid(const struct tb_describing *d, bool verified, const char *key,
                      struct tb_reader guid)
{
    const char *name = tb_guid_name(guid);
    char text[TB_GUID_TEXT_LEN];

    tb_guid_text(guid, text);
    tb_describe_line(d, verified, key, "%s%s%s", text, name != NULL ? " " : "",
                     name != NULL ? name : "");
}

void tb_describe_path(const struct tb_describing *d, bool verified, struct tb_reader path)
{
    char text[TB_LINE_MAX];
    bool whole = tb_device_path_text(path, text, sizeof text);

    tb_describe_line(d, verified, "path", "%s%s", text,
                     whole || path.left == 0 ? "" : " (malformed)");
}

static void describe_spec_id(const struct tb_describing *d)
{
    const struct tb_log *log = d->log;

    tb_describe_line(d, false, "spec", "%u.%u errata %u, uintn %u", log->spec_major,
                     log->spec_minor, log->spec_errata, log->uintn);
    for (size_t i = 0; i < log->n_algs; i++)
        tb_describe_line(d, false, "algorithm", "%s 0x%04x, %u bytes",
                         log->alg[i].bank >= 0 ? tb_bank_name((enum tb_bank)log->alg[i].bank)
                                               : "unknown",
                         log->alg[i].alg, log->alg[i].len);
    if (log->vendor_info.left != 0)
        tb_describe_bytes(d, false, "vendor-info", log->vendor_info);
}

/* PFP 1.06, 10.4.5.2: a pointer to the reference manifest. From Event2 on, texts follow. */
static void describe_sp800_155(const struct tb_describing *d, struct tb_reader r)
{
    static const char *const texts[] = { "manufacturer", "model", "version" };
    struct tb_reader guid, text;
    uint32_t vendor;
    uint8_t len;

    if (!tb_read_u32le(&r, &vendor) || !tb_read_slice(&r, 16, &guid))
        return;
    tb_describe_line(d, false, "vendor", "%" PRIu32, vendor);
    tb_describe_guid(d, false, "manifest", guid);
    for (size_t i = 0; i < 3 && tb_read_u8(&r, &len) && tb_read_slice(&r, len, &text); i++)
        tb_describe_bytes(d, false, texts[i], text);
}

/* EV_NO_ACTION is not measured: nothing in it is ever verified. */
static bool no_action(const struct tb_describing *d)
{
    struct tb_reader r = d->e->data, signature;
    char text[17];

    if (!tb_read_slice(&r, 16, &signature))
        return false;
    if (tb_describe_trust_point(d))
        return true;
    tb_ascii_text(signature, text, sizeof text);
    if (d->e->index == 0 && d->log->format == TB_LOG_CRYPTO_AGILE) {
        describe_spec_id(d);
    } else if (strcmp(text, "StartupLocality") == 0 && r.left == 1) {
        tb_describe_line(d, false, "startup-locality", "%u", r.p[0]);
    } else if (strncmp(text, "SP800-155 Event", 15) == 0) {
        tb_describe_line(d, false, "signature", "%s", text);
        describe_sp800_155(d, r);
    } else {
        return false;
    }
    return true;
}

static bool blob_at(const struct tb_describing *d, struct tb_reader r)
{
    uint64_t base, length;

    if (!tb_read_u64le(&r, &base) || !tb_read_u64le(&r, &length) || r.left != 0)
        return false;
    tb_describe_line(d, d->whole, "blob-base", "0x%" PRIx64, base);
    tb_describe_line(d, d->whole, "blob-length", "0x%" PRIx64, length);
    return true;
}

static bool firmware_blob(const struct tb_describing *d)
{
    return blob_at(d, d->e->data);
}

/* A description with its length in front, of the second version of a structure. */
static bool read_description(const struct tb_describing *d, struct tb_reader *r)
{
    struct tb_reader text;
    uint8_t len;

    if (!tb_read_u8(r, &len) || !tb_read_slice(r, len, &text))
        return false;
    tb_describe_bytes(d, d->whole, "description", text);
    return true;
}

static bool firmware_blob2(const struct tb_describing *d)
{
    struct tb_reader r = d->e->data;

    return read_description(d, &r) && blob_at(d, r);
}

static bool tables_in(const struct tb_describing *d, struct tb_reader r)
{
    struct tb_reader guid;
    uint64_t n, address;

    if (!tb_read_u64le(&r, &n) || n > r.left / 24)
        return false;
    while (n-- != 0 && tb_read_slice(&r, 16, &guid) && tb_read_u64le(&r, &address)) {
        tb_describe_guid(d, d->whole, "table", guid);
        tb_describe_line(d, d->whole, "table-address", "0x%" PRIx64, address);
    }
    return true;
}

static bool handoff_tables(const struct tb_describing *d)
{
    return tables_in(d, d->e->data);
}

static bool handoff_tables2(const struct tb_describing *d)
{
    struct tb_reader r = d->e->data;

    return read_description(d, &r) && tables_in(d, r);
}

/* EFI_IMAGE_LOAD_EVENT. Its digest is of the image. */
static bool image_load(const struct tb_describing *d)
{
    struct tb_reader r = d->e->data, path;
    uint64_t location, length, link_address, path_len;

    if (!tb_read_u64le(&r, &location) || !tb_read_u64le(&r, &length) ||
        !tb_read_u64le(&r, &link_address) || !tb_read_u64le(&r, &path_len) || path_len > r.left ||
        !tb_read_slice(&r, (size_t)path_len, &path))
        return false;
    tb_describe_line(d, d->whole, "image-location", "0x%" PRIx64, location);
    tb_describe_line(d, d->whole, "image-length", "%" PRIu64, length);
    tb_describe_line(d, d->whole, "image-link-address", "0x%" PRIx64, link_address);
    tb_describe_path(d, d->whole, path);
    return true;
}

/* UEFI 2.10, 5.3.3: GPT Partition Entry */
static bool gpt_entry(const struct tb_describing *d, struct tb_reader entry)
{
    struct tb_reader type, unique, name;
    uint64_t first, last, attributes;
    char text[37], guid[TB_GUID_TEXT_LEN];

    if (!tb_read_slice(&entry, 16, &type) || !tb_read_slice(&entry, 16, &unique) ||
        !tb_read_u64le(&entry, &first) || !tb_read_u64le(&entry, &last) ||
        !tb_read_u64le(&entry, &attributes) || !tb_read_slice(&entry, 72, &name))
        return false;
    tb_utf16_text(name, text, sizeof text);
    tb_guid_text(unique, guid);
    tb_describe_line(d, d->whole, "partition", "%s %" PRIu64 "-%" PRIu64 " %s", guid, first, last,
                     text);
    tb_describe_guid(d, d->whole, "partition-type", type);
    return true;
}

/* UEFI_GPT_DATA (PFP 1.06, 10.2.7): the header of the table, the number of entries, the entries. */
static bool gpt(const struct tb_describing *d)
{
    struct tb_reader r = d->e->data, skipped, guid, entry;
    uint32_t entry_len;
    uint64_t n;

    if (!tb_read_slice(&r, 56, &skipped) || !tb_read_slice(&r, 16, &guid) ||
        !tb_read_slice(&r, 12, &skipped) || !tb_read_u32le(&r, &entry_len) ||
        !tb_read_slice(&r, 4, &skipped) || !tb_read_u64le(&r, &n))
        return false;
    if (entry_len < 128 || n > r.left / entry_len)
        return false;
    tb_describe_guid(d, d->whole, "disk", guid);
    while (n-- != 0)
        if (!tb_read_slice(&r, entry_len, &entry) || !gpt_entry(d, entry))
            return false;
    return true;
}

static bool crtm_version(const struct tb_describing *d)
{
    struct tb_reader in = d->e->data;
    char text[128];
    bool utf16 = in.left % 2 == 0;

    for (size_t i = 1; utf16 && i < in.left; i += 2)
        utf16 = in.p[i] == 0;
    if (utf16) {
        tb_utf16_text(in, text, sizeof text);
        tb_describe_line(d, d->whole, "version", "%s", text);
    } else if (in.left == 16) {
        tb_describe_guid(d, d->whole, "version", in);
    } else {
        tb_describe_bytes(d, d->whole, "version", in);
    }
    return true;
}

/* Printable ASCII as UTF-16LE, NULs at the end allowed: as ASCII with one NUL. systemd-boot logs
 * one byte of the closing NUL. */
static bool utf16_ascii(struct tb_reader in, char *out, size_t out_len)
{
    size_t n = in.left / 2;

    if (in.left % 2 != 0 && in.p[in.left - 1] != 0)
        return false;
    while (n > 0 && in.p[2 * n - 2] == 0 && in.p[2 * n - 1] == 0)
        n--;
    if (n == 0 || n >= out_len)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (in.p[2 * i] < ' ' || in.p[2 * i] > '~' || in.p[2 * i + 1] != 0)
            return false;
        out[i] = (char)in.p[2 * i];
    }
    out[n] = '\0';
    return true;
}

/* The digest is that of this text with its NUL, in ASCII or in UTF-16LE. */
static bool covers_text(const struct tb_describing *d, const char *ascii)
{
    uint8_t wide[2 * TB_LINE_MAX];
    size_t n = strlen(ascii) + 1;

    for (size_t i = 0; i < n; i++) {
        wide[2 * i] = (uint8_t)ascii[i];
        wide[2 * i + 1] = 0;
    }
    return tb_describe_covers(d, tb_slice(ascii, n)) ||
           tb_describe_covers(d, tb_slice(wide, 2 * n));
}

/* A boot loader's text. Its digest may be of the text without the NUL, or of what stands behind a
 * word that says what it is ("kernel_cmdline: ", "cmdline "); or of a file that the text names.
 * systemd logs UTF-16; systemd-stub hashes the name of a section in ASCII with its NUL, and then,
 * under the same name, the section. */
static bool ipl(const struct tb_describing *d)
{
    struct tb_reader text = d->e->data, tail;
    char word[64], ascii[TB_LINE_MAX];

    if (utf16_ascii(text, ascii, sizeof ascii)) {
        tb_describe_line(d, d->whole || covers_text(d, ascii), "text", "%s", ascii);
        return true;
    }
    if (text.left > 1 && text.p[text.left - 2] == 0 && text.p[text.left - 1] != 0)
        text.left--; /* some versions of shim log one byte more, whatever it is */
    if (!is_lines(text))
        return false;
    if (d->whole) {
        tb_describe_bytes(d, true, "text", text);
        return true;
    }
    while (text.left > 0 && text.p[text.left - 1] == 0)
        text.left--;
    if (tb_describe_covers(d, text)) {
        tb_describe_bytes(d, true, "text", text);
        return true;
    }
    tail = text;
    while (tail.left > 0 && tail.p[0] != ' ') {
        tail.p++;
        tail.left--;
    }
    if (tail.left > 1) {
        tail.p++;
        tail.left--;
        if (tb_describe_covers(d, tail) ||
            tb_describe_covers(
                d,
                (struct tb_reader){ tail.p, d->e->data.left - (size_t)(tail.p - d->e->data.p) })) {
            tb_ascii_text((struct tb_reader){ text.p, text.left - tail.left - 1 }, word,
                          sizeof word);
            tb_describe_line(d, false, "kind", "%s", word);
            tb_describe_bytes(d, true, "text", tail);
            return true;
        }
    }
    tb_describe_bytes(d, false, "text", text);
    return true;
}

static bool separator(const struct tb_describing *d)
{
    char hex[17];

    tb_hex(d->e->data, hex, sizeof hex);
    tb_describe_line(d, d->whole, "separator", "%s", hex);
    return true;
}

static bool text(const struct tb_describing *d)
{
    tb_describe_bytes(d, d->whole, "text", d->e->data);
    return true;
}

static bool post_code(const struct tb_describing *d)
{
    return (!tb_is_text(d->e->data) && blob_at(d, d->e->data)) || text(d);
}

static const struct {
    uint32_t type;
    bool (*describe)(const struct tb_describing *d);
} readers[] = {
    { TB_EV_NO_ACTION, no_action },
    { TB_EV_SEPARATOR, separator },
    { TB_EV_ACTION, text },
    { TB_EV_EFI_ACTION, text },
    { TB_EV_EFI_HCRTM_EVENT, text },
    { TB_EV_POST_CODE, post_code },
    { TB_EV_POST_CODE2, firmware_blob2 },
    { TB_EV_S_CRTM_CONTENTS, post_code },
    { TB_EV_S_CRTM_VERSION, crtm_version },
    { TB_EV_EVENT_TAG, tb_describe_tagged },
    { TB_EV_IPL, ipl },
    { TB_EV_EFI_VARIABLE_DRIVER_CONFIG, tb_describe_variable },
    { TB_EV_EFI_VARIABLE_BOOT, tb_describe_variable },
    { TB_EV_EFI_VARIABLE_BOOT2, tb_describe_variable },
    { TB_EV_EFI_VARIABLE_AUTHORITY, tb_describe_variable },
    { TB_EV_EFI_BOOT_SERVICES_APPLICATION, image_load },
    { TB_EV_EFI_BOOT_SERVICES_DRIVER, image_load },
    { TB_EV_EFI_RUNTIME_SERVICES_DRIVER, image_load },
    { TB_EV_EFI_GPT_EVENT, gpt },
    { TB_EV_EFI_GPT_EVENT2, gpt },
    { TB_EV_EFI_PLATFORM_FIRMWARE_BLOB, firmware_blob },
    { TB_EV_EFI_PLATFORM_FIRMWARE_BLOB2, firmware_blob2 },
    { TB_EV_EFI_HANDOFF_TABLES, handoff_tables },
    { TB_EV_EFI_HANDOFF_TABLES2, handoff_tables2 },
};

static void describe_frame(const struct tb_describing *d)
{
    const char *name = tb_event_type_name(d->e->type);
    char hex[2 * TB_DIGEST_MAX + 1];

    tb_describe_line(d, true, "event", "%" PRIu32, d->e->index);
    tb_describe_line(d, d->banks != 0, "pcr", "%" PRIu32, d->e->pcr);
    if (name != NULL)
        tb_describe_line(d, false, "type", "%s", name);
    else
        tb_describe_line(d, false, "type", "0x%08" PRIx32, d->e->type);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((d->e->banks & 1u << b) != 0 && d->e->type != TB_EV_NO_ACTION) {
            tb_hex(d->e->digest[b], hex, sizeof hex);
            tb_describe_line(d, (d->banks & 1u << b) != 0, tb_bank_name((enum tb_bank)b), "%s",
                             hex);
        }
    tb_describe_line(d, false, "size", "%zu", d->e->data.left);
}

void tb_event_describe(const struct tb_log *log, const struct tb_event *e, uint32_t banks,
                       struct tb_hasher *h, tb_emit emit, void *ctx)
{
    struct tb_describing d = {
        .log = log, .e = e, .banks = banks, .h = h, .emit = emit, .ctx = ctx
    };
    bool told = false;

    d.whole = e->type != TB_EV_NO_ACTION && tb_describe_covers(&d, e->data);
    describe_frame(&d);
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (readers[i].type == e->type)
            told = readers[i].describe(&d);
    if (!told && e->data.left != 0)
        tb_describe_bytes(&d, d.whole, "data", e->data);
}
