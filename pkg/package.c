#include "pkg/package.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void octal(uint8_t *field, unsigned digits, uint64_t v)
{
    for (unsigned i = digits; i-- > 0; v >>= 3)
        field[i] = (uint8_t)('0' + (v & 7));
}

/* POSIX.1-1988, 10.1.1: offsets of the fields. What is not written is NUL. */
void tb_member_header(struct tb_reader name, uint64_t size, uint8_t out[TB_BLOCK_LEN])
{
    uint32_t sum = 0;

    memset(out, 0, TB_BLOCK_LEN);
    memcpy(out, name.p, name.left);
    octal(out + 100, 7, 0644);     /* mode */
    octal(out + 108, 7, 0);        /* uid */
    octal(out + 116, 7, 0);        /* gid */
    octal(out + 124, 11, size);    /* size */
    octal(out + 136, 11, 0);       /* mtime */
    memset(out + 148, ' ', 8);     /* chksum, as blanks while it is computed */
    out[156] = '0';                /* typeflag: a file */
    memcpy(out + 257, "ustar", 6); /* magic */
    memcpy(out + 263, "00", 2);    /* version */
    octal(out + 329, 7, 0);        /* devmajor */
    octal(out + 337, 7, 0);        /* devminor */
    for (unsigned i = 0; i < TB_BLOCK_LEN; i++)
        sum += out[i];
    octal(out + 148, 6, sum);
    out[154] = '\0';
}

uint64_t tb_member_len(uint64_t size)
{
    return TB_BLOCK_LEN + (size + TB_BLOCK_LEN - 1) / TB_BLOCK_LEN * TB_BLOCK_LEN;
}

uint64_t tb_package_metadata_len(const struct tb_package *p)
{
    return tb_member_len(p->manifest_text.left) + tb_member_len(p->signature_bytes.left);
}

static bool refuse(struct tb_reason *why, struct tb_reader name, const char *expected,
                   const char *found)
{
    char where[TB_PKG_NAME_MAX + 1];

    snprintf(where, sizeof where, "%.*s", (int)name.left, (const char *)name.p);
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, where, expected, "%s", found);
}

static bool is_zero(struct tb_reader r)
{
    for (size_t i = 0; i < r.left; i++)
        if (r.p[i] != 0)
            return false;
    return true;
}

/* The next member, of this name and size; in moves behind its padding. */
static bool read_member(struct tb_reader *in, struct tb_reader name, uint64_t size,
                        struct tb_reader *content, struct tb_reason *why)
{
    uint8_t expected[TB_BLOCK_LEN];
    struct tb_reader header, padding, r = *in;
    size_t padding_len = (size_t)(tb_member_len(size) - TB_BLOCK_LEN - size);

    tb_member_header(name, size, expected);
    if (!tb_read_slice(&r, TB_BLOCK_LEN, &header))
        return refuse(why, name, "a member of this name", "the container ends");
    if (!tb_slice_equal(header, tb_slice(expected, sizeof expected)))
        return refuse(why, name, "the header of this member", "another");
    if (size > r.left || !tb_read_slice(&r, (size_t)size, content) ||
        !tb_read_slice(&r, padding_len, &padding))
        return refuse(why, name, "the whole member", "the container ends");
    if (!is_zero(padding))
        return refuse(why, name, "padding of zeros", "other bytes");
    *in = r;
    return true;
}

/* The size that a member's header tells, which read_member() then holds to the whole header. */
static bool told_size(struct tb_reader in, struct tb_reader name, size_t max, uint64_t *out,
                      struct tb_reason *why)
{
    struct tb_reader skipped, digits;

    *out = 0;
    if (!tb_read_slice(&in, 124, &skipped) || !tb_read_slice(&in, 11, &digits))
        return refuse(why, name, "a member of this name", "the container ends");
    for (size_t i = 0; i < digits.left; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '7')
            return refuse(why, name, "its size in octal digits", "other characters");
        *out = *out << 3 | (uint64_t)(digits.p[i] - '0');
    }
    return *out <= max || refuse(why, name, "a size within the limit", "a larger one");
}

static bool read_small(struct tb_reader *in, const char *name, size_t max, struct tb_reader *out,
                       struct tb_reason *why)
{
    struct tb_reader n = tb_slice(name, strlen(name));
    uint64_t size;

    return told_size(*in, n, max, &size, why) && read_member(in, n, size, out, why);
}

bool tb_package_open(struct tb_reader in, struct tb_package *out, struct tb_reason *why)
{
    memset(out, 0, sizeof *out);
    if (!read_small(&in, "manifest", TB_MANIFEST_LEN_MAX, &out->manifest_text, why) ||
        !read_small(&in, "signature", TB_SIGNATURE_LEN_MAX, &out->signature_bytes, why) ||
        !tb_manifest_parse(out->manifest_text, &out->manifest, why) ||
        !tb_signatures_parse(out->signature_bytes, &out->signatures, why)) {
        memset(out, 0, sizeof *out);
        return false;
    }
    out->rest = in;
    return true;
}

bool tb_package_payloads(const struct tb_package *p, struct tb_reader payload[TB_PAYLOADS_MAX],
                         struct tb_reason *why)
{
    const struct tb_reader end = tb_slice("end", 3);
    struct tb_reader in = p->rest;

    for (size_t i = 0; i < p->manifest.n_payloads; i++)
        if (!read_member(&in, p->manifest.payload[i].name, p->manifest.payload[i].size, &payload[i],
                         why))
            return false;
    if (in.left != (size_t)2 * TB_BLOCK_LEN || !is_zero(in))
        return refuse(why, end, "two blocks of zeros, and nothing more", "other bytes");
    return true;
}
