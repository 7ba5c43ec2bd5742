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
    PRINTABLE_STRING = 0x13,
    IA5_STRING = 0x16,
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

/* X.690, 8.19: each number in its shortest form, and the last one ends. */
static bool read_oid(struct tb_reader *in, struct tb_reader *oid)
{
    bool at_start = true;

    if (!read_element(in, OBJECT, oid) || oid->left == 0)
        return false;
    for (size_t i = 0; i < oid->left; i++) {
        if (at_start && oid->p[i] == 0x80)
            return false;
        at_start = oid->p[i] < 0x80;
    }
    return at_start;
}

/* RFC 3629, 3: shortest forms, no surrogates. */
static bool is_utf8(struct tb_reader r)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint8_t b;

    while (tb_read_u8(&r, &b)) {
        const unsigned n = b < 0x80 ? 0 : b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        uint32_t c = n == 0 ? b : b & (0x3fU >> n);

        if (b > 0xf4 || (b >= 0x80 && b < 0xc0))
            return false;
        for (unsigned i = 0; i < n; i++) {
            if (!tb_read_u8(&r, &b) || (b & 0xc0) != 0x80)
                return false;
            c = c << 6 | (b & 0x3f);
        }
        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return false;
    }
    return true;
}

/* ---- algorithms (RFC 3279, 4055, 5480, 5758) ---- */

/* AlgorithmIdentifiers, whole: there is one way to write each. */
struct algorithm {
    const char *der;
    size_t len;
};
#define DER(bytes)                                                                                 \
    {                                                                                              \
        bytes, sizeof(bytes) - 1                                                                   \
    }

static const struct algorithm signatures[] = {
    DER("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"), /* RSA, SHA-256 */
    DER("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00"), /* RSA, SHA-384 */
    DER("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00"), /* RSA, SHA-512 */
    DER("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"),             /* ECDSA, SHA-256 */
    DER("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),             /* ECDSA, SHA-384 */
    DER("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"),             /* ECDSA, SHA-512 */
};
#define EC_KEY "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
static const struct algorithm keys[] = {
    DER("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"),
    DER("\x30\x13" EC_KEY "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), /* P-256 */
    DER("\x30\x10" EC_KEY "\x06\x05\x2b\x81\x04\x00\x22"),             /* P-384 */
    DER("\x30\x10" EC_KEY "\x06\x05\x2b\x81\x04\x00\x23"),             /* P-521 */
};

static bool is_one_of(struct tb_reader r, const struct algorithm *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_text(r, known[i].der, known[i].len))
            return true;
    return false;
}
#define IS_ONE_OF(r, known) is_one_of(r, known, sizeof(known) / sizeof *(known))

/* ---- names (RFC 5280, 4.1.2.4) ---- */

static bool read_attribute(struct tb_reader *set, struct tb_reader *oid, struct tb_reader *text)
{
    struct tb_reader pair;

    return read_element(set, SEQUENCE, &pair) && read_oid(&pair, oid) &&
           (read_only(pair, UTF8_STRING, text) || read_only(pair, PRINTABLE_STRING, text) ||
            read_only(pair, IA5_STRING, text)) &&
           is_utf8(*text);
}

/* Takes *common_name, the first one, if there is one. */
static bool read_name(struct tb_reader whole, struct tb_reader *common_name)
{
    struct tb_reader names, set, oid, text;

    *common_name = tb_slice(NULL, 0);
    if (!read_only(whole, SEQUENCE, &names))
        return false;
    while (names.left != 0) {
        if (!read_element(&names, SET, &set) || set.left == 0)
            return false;
        while (set.left != 0) {
            if (!read_attribute(&set, &oid, &text))
                return false;
            if (common_name->left == 0 && IS(oid, "\x55\x04\x03"))
                *common_name = text;
        }
    }
    return true;
}

void tb_small_cert_name(const struct tb_small_cert *c, char *out, size_t out_len)
{
    size_t n = 3;

    memcpy(out, "CN=", n);
    for (size_t i = 0; i < c->common_name.left && n + 1 < out_len; i++) {
        const uint8_t b = c->common_name.p[i];

        out[n++] = b >= ' ' && b <= '~' ? (char)b : '?';
    }
    out[n] = '\0';
}

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
    /* X.690, 11.2.1: bits that do not count are zero. */
    return (bits.p[1] | bits.p[bits.left - 1]) != 0 &&
           (bits.p[bits.left - 1] & ((1U << bits.p[0]) - 1)) == 0;
}

static bool read_extended(struct tb_reader value, struct tb_small_cert *c)
{
    struct tb_reader body, usage;

    if (!read_only(value, SEQUENCE, &body) || body.left == 0)
        return false;
    while (body.left != 0) {
        if (!read_oid(&body, &usage))
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

        if (!read_element(&all, SEQUENCE, &one) || !read_oid(&one, &oid))
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
           text.left == (is_utc ? 13 : 15) && text.p[text.left - 3] <= '5'; /* no second 60 */
}

static bool read_validity(struct tb_reader *in)
{
    struct tb_reader body;

    return read_element(in, SEQUENCE, &body) && read_time(&body) && read_time(&body) &&
           body.left == 0;
}

/* Positive, and in its shortest form (4.1.2.2; X.690, 8.3.2). */
static bool is_serial(struct tb_reader r)
{
    return r.left != 0 && r.p[0] < 0x80 && (r.left == 1 || r.p[0] != 0 || r.p[1] >= 0x80);
}

static bool key_is_known(struct tb_reader whole)
{
    struct tb_reader body, algorithm, bits;

    return read_only(whole, SEQUENCE, &body) && read_whole(&body, SEQUENCE, &algorithm) &&
           IS_ONE_OF(algorithm, keys) && read_only(body, BIT_STRING, &bits) && bits.left > 1 &&
           bits.p[0] == 0;
}

static bool read_body(struct tb_reader in, struct tb_reader *algorithm, struct tb_small_cert *c)
{
    struct tb_reader version, serial, issuer, extensions;

    return read_element(&in, VERSION, &version) && IS(version, "\x02\x01\x02") &&
           read_element(&in, INTEGER, &serial) && is_serial(serial) &&
           read_whole(&in, SEQUENCE, algorithm) && read_whole(&in, SEQUENCE, &issuer) &&
           read_name(issuer, &c->common_name) && read_validity(&in) &&
           read_whole(&in, SEQUENCE, &c->subject) && read_name(c->subject, &c->common_name) &&
           read_whole(&in, SEQUENCE, &c->key) && key_is_known(c->key) &&
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
    /* Nothing signs the outer algorithm (4.1.1.2). */
    if (!read_body(body, &inner, &c) || !tb_slice_equal(inner, outer) ||
        !IS_ONE_OF(inner, signatures))
        return false;
    *out = c;
    *in = r;
    return true;
}
