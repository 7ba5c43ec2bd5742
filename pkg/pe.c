/* pkg/pe.c - the headers of a PE32+ image, read once and bounded. */
#include "pkg/pe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MACHINE_X64 0x8664
#define PE32_PLUS 0x20b
#define OPTIONAL_FIXED 112 /* bytes of the optional header in front of the data directories */
#define SECURITY_ENTRY 4   /* the certificate table's place among them */
#define SECTION_LEN 40

static bool refuse(struct tb_reason *why, const char *where, const char *expected, uint64_t found)
{
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, where, expected, "%" PRIu64, found);
}

static bool too_short(struct tb_reason *why, const char *where)
{
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, where, "more bytes", "the image ends");
}

/* From `at` to the end of the image; nothing where that is not within it. */
static struct tb_reader reader_at(struct tb_reader image, uint64_t at)
{
    return at > image.left ? tb_slice(image.p, 0) : tb_slice(image.p + at, image.left - (size_t)at);
}

static bool u16_at(struct tb_reader image, uint64_t at, uint16_t *out)
{
    struct tb_reader r = reader_at(image, at);

    return tb_read_u16le(&r, out);
}

static bool u32_at(struct tb_reader image, uint64_t at, uint32_t *out)
{
    struct tb_reader r = reader_at(image, at);

    return tb_read_u32le(&r, out);
}

/* Where the optional header is, its size, and the number of sections. */
static bool parse_coff(struct tb_reader image, uint32_t *optional_at, uint16_t *optional_size,
                       uint16_t *n_sections, struct tb_reason *why)
{
    uint16_t mz, machine;
    uint32_t pe_at, signature;

    if (!u16_at(image, 0, &mz) || !u32_at(image, 0x3c, &pe_at))
        return too_short(why, "DOS header");
    if (mz != 0x5a4d)
        return refuse(why, "DOS header", "MZ", mz);
    if (!u32_at(image, pe_at, &signature) || !u16_at(image, (uint64_t)pe_at + 4, &machine) ||
        !u16_at(image, (uint64_t)pe_at + 6, n_sections) ||
        !u16_at(image, (uint64_t)pe_at + 20, optional_size))
        return too_short(why, "COFF header");
    if (signature != 0x4550)
        return refuse(why, "COFF header", "PE", signature);
    if (machine != MACHINE_X64)
        return refuse(why, "COFF header, machine", "34404 (x86-64)", machine);
    if (*n_sections == 0 || *n_sections > TB_PE_SECTIONS_MAX)
        return refuse(why, "COFF header, sections", "1 to 64", *n_sections);
    if (pe_at > UINT32_MAX - 24)
        return refuse(why, "DOS header", "an offset in the image", pe_at);
    *optional_at = pe_at + 24;
    return true;
}

static bool parse_certs(struct tb_reader image, uint32_t at, struct tb_pe *pe,
                        struct tb_reason *why)
{
    if (!u32_at(image, at, &pe->certs_at) || !u32_at(image, (uint64_t)at + 4, &pe->certs_size))
        return too_short(why, "data directories");
    pe->cert_entry_at = at;
    if (pe->certs_size == 0) {
        pe->certs_at = 0;
        return true;
    }
    if ((uint64_t)pe->certs_at + pe->certs_size != image.left)
        return refuse(why, "certificate table", "at the end of the image",
                      (uint64_t)pe->certs_at + pe->certs_size);
    return true;
}

static bool parse_optional(struct tb_reader image, uint32_t at, uint16_t size, struct tb_pe *pe,
                           struct tb_reason *why)
{
    uint32_t n_directories;
    uint16_t magic;

    if (size < OPTIONAL_FIXED || !u16_at(image, at, &magic) ||
        !u32_at(image, (uint64_t)at + 16, &pe->entry) ||
        !u32_at(image, (uint64_t)at + 32, &pe->section_alignment) ||
        !u32_at(image, (uint64_t)at + 56, &pe->image_size) ||
        !u32_at(image, (uint64_t)at + 60, &pe->headers_size) ||
        !u32_at(image, (uint64_t)at + 108, &n_directories))
        return too_short(why, "optional header");
    if (magic != PE32_PLUS)
        return refuse(why, "optional header", "523 (PE32+)", magic);
    if (n_directories > 16 || OPTIONAL_FIXED + 8 * n_directories > size)
        return refuse(why, "data directories", "at most 16, within the header", n_directories);
    if (pe->section_alignment == 0 || (pe->section_alignment & (pe->section_alignment - 1)) != 0)
        return refuse(why, "section alignment", "a power of two", pe->section_alignment);
    pe->checksum_at = at + 64;
    return n_directories <= SECURITY_ENTRY ||
           parse_certs(image, at + OPTIONAL_FIXED + 8 * SECURITY_ENTRY, pe, why);
}

static bool parse_section(struct tb_reader *r, struct tb_pe_section *s)
{
    struct tb_reader name, other;

    if (!tb_read_slice(r, 8, &name) || !tb_read_u32le(r, &s->virtual_size) ||
        !tb_read_u32le(r, &s->virtual_address) || !tb_read_u32le(r, &s->size) ||
        !tb_read_u32le(r, &s->offset) || !tb_read_slice(r, SECTION_LEN - 24, &other))
        return false;
    memcpy(s->name, name.p, 8);
    s->name[8] = '\0';
    return true;
}

/* In the order of the file; what has no bytes there goes last. */
static bool is_before(const struct tb_pe_section *a, const struct tb_pe_section *b)
{
    if ((a->size == 0) != (b->size == 0))
        return b->size == 0;
    return a->offset < b->offset;
}

static void insert(struct tb_pe *pe, const struct tb_pe_section *s)
{
    size_t i = pe->n_sections++;

    for (; i > 0 && is_before(s, &pe->section[i - 1]); i--)
        pe->section[i] = pe->section[i - 1];
    pe->section[i] = *s;
}

static bool parse_sections(struct tb_reader image, uint64_t at, uint16_t n, struct tb_pe *pe,
                           struct tb_reason *why)
{
    struct tb_reader r = reader_at(image, at);
    struct tb_pe_section s;

    for (uint16_t i = 0; i < n; i++) {
        if (!parse_section(&r, &s))
            return too_short(why, "section table");
        insert(pe, &s);
    }
    if (at + (uint64_t)n * SECTION_LEN > pe->headers_size)
        return refuse(why, "size of headers", "the section table within", pe->headers_size);
    return true;
}

/* No two of headers and sections have a byte of memory in common. */
static bool apart_in_memory(const struct tb_pe *pe)
{
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct tb_pe_section *a = &pe->section[i];

        if (a->virtual_size != 0 && a->virtual_address < pe->headers_size)
            return false;
        for (size_t k = 0; k < i; k++) {
            const struct tb_pe_section *b = &pe->section[k];

            if (a->virtual_address < (uint64_t)b->virtual_address + b->virtual_size &&
                b->virtual_address < (uint64_t)a->virtual_address + a->virtual_size)
                return false;
        }
    }
    return true;
}

/* What is hashed and what is loaded is the same only if nothing overlaps and all is there. */
static bool layout_holds(const struct tb_pe *pe, uint64_t file_size, struct tb_reason *why)
{
    uint64_t end = pe->headers_size;
    bool entry_within = false;

    if (pe->headers_size > file_size - pe->certs_size || pe->headers_size > pe->image_size)
        return refuse(why, "size of headers", "within file and image", pe->headers_size);
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct tb_pe_section *s = &pe->section[i];

        if ((uint64_t)s->virtual_address + s->virtual_size > pe->image_size)
            return refuse(why, "section", "within the image in memory", s->virtual_address);
        entry_within = entry_within || (pe->entry >= s->virtual_address &&
                                        pe->entry - s->virtual_address < s->virtual_size);
        if (s->size == 0)
            continue;
        if (s->offset < end || (uint64_t)s->offset + s->size > file_size - pe->certs_size)
            return refuse(why, "section", "bytes of its own in the file", s->offset);
        end = (uint64_t)s->offset + s->size;
    }
    if (!apart_in_memory(pe))
        return refuse(why, "sections", "memory of their own", pe->n_sections);
    return entry_within || refuse(why, "entry point", "within a section", pe->entry);
}

bool tb_pe_parse(struct tb_reader image, struct tb_pe *out, struct tb_reason *why)
{
    uint16_t optional_size = 0, n_sections = 0;
    uint32_t optional_at = 0;

    memset(out, 0, sizeof *out);
    if (parse_coff(image, &optional_at, &optional_size, &n_sections, why) &&
        parse_optional(image, optional_at, optional_size, out, why) &&
        parse_sections(image, (uint64_t)optional_at + optional_size, n_sections, out, why) &&
        layout_holds(out, image.left, why))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}

static void add(struct tb_reader image, uint64_t from, uint64_t to, struct tb_reader *parts,
                size_t *n)
{
    if (to > from)
        parts[(*n)++] = tb_slice(image.p + from, (size_t)(to - from));
}

/* All but the checksum, the directory entry of the certificate table, and that table. What stands
 * behind the sections is hashed from the offset that the sum of what was hashed gives, as firmware
 * does (EDK2) and signing tools do, even where there are gaps between the sections. */
size_t tb_pe_hashed_parts(const struct tb_pe *pe, struct tb_reader image,
                          struct tb_reader parts[TB_PE_PARTS_MAX])
{
    const uint64_t after_checksum = (uint64_t)pe->checksum_at + 4;
    uint64_t hashed = pe->headers_size;
    size_t n = 0;

    add(image, 0, pe->checksum_at, parts, &n);
    if (pe->cert_entry_at != 0) {
        add(image, after_checksum, pe->cert_entry_at, parts, &n);
        add(image, (uint64_t)pe->cert_entry_at + 8, pe->headers_size, parts, &n);
    } else {
        add(image, after_checksum, pe->headers_size, parts, &n);
    }
    for (size_t i = 0; i < pe->n_sections && pe->section[i].size != 0; i++) {
        const struct tb_pe_section *s = &pe->section[i];

        add(image, s->offset, (uint64_t)s->offset + s->size, parts, &n);
        hashed += s->size;
    }
    add(image, hashed, image.left - pe->certs_size, parts, &n);
    return n;
}
