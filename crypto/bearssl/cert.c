#include "crypto/bearssl/cert.h"

#include <string.h>

/* Universal tags, and the context-specific ones of RFC 5280, 4.1. */
enum {
    BOOLEAN = 0x01,
    INTEGER = 0x02,
    BIT_STRING = 0x03,
    OCTET_STRING = 0x04,
    OBJECT = 0x06,
    UTF8_STRING = 0x0c,
    UTC_TIME = 0x17,
    GENERALIZED_TIME = 0x18,
    SEQUENCE = 0x30,
    SET = 0x31,
    VERSION = 0xa0,
    EXTENSIONS = 0xa3,
    KEY_ID = 0x80,
};

/* ---- DER ---- */

/* Definite lengths in their shortest form; nothing here is longer than 64 KB. */
static bool read_length(struct tb_reader *in, size_t *out)
{
    uint16_t wide;
    uint8_t b;

    if (!tb_read_u8(in, &b))
        return false;
    *out = b;
    if (b < 0x80)
        return true;
    if (b == 0x81 && tb_read_u8(in, &b)) {
        *out = b;
        return b >= 0x80;
    }
    if (b == 0x82 && tb_read_u16be(in, &wide)) {
        *out = wide;
        return wide > 0xff;
    }
    return false;
}

static bool read_element(struct tb_reader *in, uint8_t tag, struct tb_reader *content)
{
    struct tb_reader r = *in;
    uint8_t found;
    size_t len;

    if (!tb_read_u8(&r, &found) || found != tag || !read_length(&r, &len) ||
        !tb_read_slice(&r, len, content))
        return false;
    *in = r;
    return true;
}

/* The same with its tag and length. */
static bool read_whole(struct tb_reader *in, uint8_t tag, struct tb_reader *whole)
{
    const struct tb_reader before = *in;
    struct tb_reader content;

    if (!read_element(in, tag, &content))
        return false;
    *whole = tb_slice(before.p, before.left - in->left);
    return true;
}

/* The element, and nothing behind it. */
static bool read_only(struct tb_reader in, uint8_t tag, struct tb_reader *content)
{
    return read_element(&in, tag, content) && in.left == 0;
}

static bool next_is(struct tb_reader in, uint8_t tag)
{
    return in.left != 0 && in.p[0] == tag;
}

static bool is_text(struct tb_reader r, const char *bytes, size_t len)
{
    return tb_slice_equal(r, tb_slice(bytes, len));
}
#define IS(r, literal) is_text(r, literal, sizeof(literal) - 1)

/* ---- extensions (RFC 5280, 4.2) ---- */

static bool read_basic(struct tb_reader value, struct tb_small_cert *c)
{
    struct tb_reader body, flag, number;

    if (!read_only(value, SEQUENCE, &body))
        return false;
    if (body.left == 0)
        return true;
    if (!read_element(&body, BOOLEAN, &flag) || !IS(flag, "\xff"))
        return false;
    c->is_ca = true;
    if (body.left == 0)
        return true;
    if (!read_only(body, INTEGER, &number) || number.left != 1 || number.p[0] >= 0x80)
        return false;
    c->has_path_len = true;
    c->path_len = number.p[0];
    return true;
}

static bool read_usage(struct tb_reader value, struct tb_small_cert *c)
{
    struct tb_reader bits;

    if (!read_only(value, BIT_STRING, &bits) || bits.left < 2 || bits.left > 3 || bits.p[0] > 7)
        return false;
    c->usage = bits.p[1];
    return (bits.p[1] | bits.p[bits.left - 1]) != 0;
}

static bool read_extended(struct tb_reader value, struct tb_small_cert *c)
{
    struct tb_reader body, usage;

    if (!read_only(value, SEQUENCE, &body) || body.left == 0)
        return false;
    while (body.left != 0) {
        if (!read_element(&body, OBJECT, &usage))
            return false;
        c->for_code = c->for_code || IS(usage, "\x2b\x06\x01\x05\x05\x07\x03\x03");
    }
    return true;
}

static bool read_subject_key(struct tb_reader value, struct tb_small_cert *c)
{
    return read_only(value, OCTET_STRING, &c->subject_key_id) && c->subject_key_id.left != 0;
}

/* By key identifier only; by issuer and serial number is for larger verifiers. */
static bool read_issuer_key(struct tb_reader value, struct tb_small_cert *c)
{
    struct tb_reader body;

    return read_only(value, SEQUENCE, &body) && read_only(body, KEY_ID, &c->issuer_key_id) &&
           c->issuer_key_id.left != 0;
}

/* What is no text of that length says none. */
static bool read_level(struct tb_reader value, struct tb_small_cert *c)
{
    struct tb_reader text;

    if (!read_only(value, UTF8_STRING, &text) || text.left >= sizeof c->level ||
        memchr(text.p, 0, text.left) != NULL)
        return true;
    memcpy(c->level, text.p, text.left);
    c->level[text.left] = '\0';
    return true;
}

/* Locations and policies, on which no decision rests. */
static bool read_other(struct tb_reader value, struct tb_small_cert *c)
{
    struct tb_reader body;

    (void)c;
    return read_only(value, SEQUENCE, &body) && body.left != 0;
}

#define OID(bytes) bytes, sizeof(bytes) - 1
static const struct {
    const char *oid;
    size_t oid_len;
    bool (*read)(struct tb_reader value, struct tb_small_cert *c);
    bool may_be_critical;
} known_extensions[] = {
    { OID("\x55\x1d\x13"), read_basic, true },
    { OID("\x55\x1d\x0f"), read_usage, true },
    { OID("\x55\x1d\x25"), read_extended, false },
    { OID("\x55\x1d\x0e"), read_subject_key, false },
    { OID("\x55\x1d\x23"), read_issuer_key, false },
    { OID("\x55\x1d\x1f"), read_other, false },                     /* cRLDistributionPoints */
    { OID("\x55\x1d\x20"), read_other, false },                     /* certificatePolicies */
    { OID("\x2b\x06\x01\x05\x05\x07\x01\x01"), read_other, false }, /* authorityInfoAccess */
    /* TB_LEVEL_OID */
    { OID("\x69\x81\xde\x8a\xbe\x87\xcb\xb0\xe2\xb1\xbd\x9d\xab\xe3\xa5\xf6\xfa\xbc\xf4\x11"),
      read_level, false },
};
#define N_KNOWN (sizeof known_extensions / sizeof *known_extensions)

static bool take_extension(struct tb_reader oid, bool critical, struct tb_reader value,
                           struct tb_small_cert *c)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        const uint32_t bit = UINT32_C(1) << i;

        if (!is_text(oid, known_extensions[i].oid, known_extensions[i].oid_len))
            continue;
        if ((critical && !known_extensions[i].may_be_critical) || (c->present & bit) != 0)
            return false;
        c->present |= bit;
        return known_extensions[i].read(value, c);
    }
    return false;
}

static bool read_extensions(struct tb_reader in, struct tb_small_cert *c)
{
    struct tb_reader all, one, oid, flag, value;

    if (!read_only(in, SEQUENCE, &all) || all.left == 0)
        return false;
    while (all.left != 0) {
        bool critical = false;

        if (!read_element(&all, SEQUENCE, &one) || !read_element(&one, OBJECT, &oid))
            return false;
        if (next_is(one, BOOLEAN)) {
            if (!read_element(&one, BOOLEAN, &flag) || !IS(flag, "\xff"))
                return false;
            critical = true;
        }
        if (!read_only(one, OCTET_STRING, &value) || !take_extension(oid, critical, value, c))
            return false;
    }
    return true;
}

/* ---- certificates (RFC 5280, 4.1) ---- */

/* Whole seconds in UTC (4.1.2.5); which time it is, BearSSL says. */
static bool read_time(struct tb_reader *in)
{
    const bool is_utc = next_is(*in, UTC_TIME);
    struct tb_reader text;

    return read_element(in, is_utc ? UTC_TIME : GENERALIZED_TIME, &text) &&
           text.left == (is_utc ? 13 : 15);
}

static bool read_validity(struct tb_reader *in)
{
    struct tb_reader body;

    return read_element(in, SEQUENCE, &body) && read_time(&body) && read_time(&body) &&
           body.left == 0;
}

static bool read_body(struct tb_reader in, struct tb_reader *algorithm, struct tb_small_cert *c)
{
    struct tb_reader version, serial, issuer, key, extensions;

    return read_element(&in, VERSION, &version) && IS(version, "\x02\x01\x02") &&
           read_element(&in, INTEGER, &serial) && read_whole(&in, SEQUENCE, algorithm) &&
           read_whole(&in, SEQUENCE, &issuer) && read_validity(&in) &&
           read_whole(&in, SEQUENCE, &c->subject) && read_element(&in, SEQUENCE, &key) &&
           read_only(in, EXTENSIONS, &extensions) && read_extensions(extensions, c);
}

bool tb_small_cert_read(struct tb_reader *in, struct tb_small_cert *out)
{
    struct tb_small_cert c = { .usage = 0xff };
    struct tb_reader r = *in, all, body, inner, outer, value;

    if (!read_whole(&r, SEQUENCE, &c.whole) || !read_only(c.whole, SEQUENCE, &all) ||
        !read_element(&all, SEQUENCE, &body) || !read_whole(&all, SEQUENCE, &outer) ||
        !read_only(all, BIT_STRING, &value) || value.left == 0 || value.p[0] != 0)
        return false;
    /* Nothing signs the outer one (4.1.1.2). */
    if (!read_body(body, &inner, &c) || !tb_slice_equal(inner, outer))
        return false;
    *out = c;
    *in = r;
    return true;
}

void tb_small_cert_name(const struct tb_small_cert *c, char *out, size_t out_len)
{
    struct tb_reader names, set, pair, oid, text;
    size_t n = 0;
    uint8_t tag;

    out[0] = '\0';
    if (!read_only(c->subject, SEQUENCE, &names))
        return;
    while (read_element(&names, SET, &set))
        if (read_element(&set, SEQUENCE, &pair) && read_element(&pair, OBJECT, &oid) &&
            IS(oid, "\x55\x04\x03") && pair.left != 0) {
            tag = pair.p[0];
            if (!read_only(pair, tag, &text))
                return;
            memcpy(out, "CN=", 3);
            for (n = 3; n + 1 < out_len && n - 3 < text.left; n++) {
                const uint8_t b = text.p[n - 3];

                out[n] = b >= ' ' && b <= '~' ? (char)b : '?';
            }
            out[n] = '\0';
            return;
        }
}
