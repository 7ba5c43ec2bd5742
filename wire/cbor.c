/* wire/cbor.c - libcbor's streaming decoder and encoders behind a cursor that accepts one form.
 *
 * libcbor reads a head and checks it against the bytes that are there; this file adds what makes
 * the encoding deterministic (RFC 8949, 4.2.1) and the bounds that each field has. */
#include "wire/cbor.h"

#include <stdio.h>
#include <string.h>

#include <cbor/encoding.h>
#include <cbor/streaming.h>

enum kind { KIND_OTHER = 0, KIND_UINT, KIND_BOOL, KIND_BYTES, KIND_TEXT, KIND_ARRAY, KIND_MAP };

static const char *const kind_names[] = {
    [KIND_OTHER] = "another kind of item",
    [KIND_UINT] = "an unsigned integer",
    [KIND_BOOL] = "a boolean",
    [KIND_BYTES] = "a byte string",
    [KIND_TEXT] = "a text string",
    [KIND_ARRAY] = "an array",
    [KIND_MAP] = "a map",
};

/* What the decoder's callbacks saw: one item. */
struct item {
    enum kind kind;
    uint64_t value;   /* integer, count of an array or map, length of a string, 0 or 1 */
    const uint8_t *p; /* content of a string */
};

static void on_uint8(void *ctx, uint8_t v)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_UINT, .value = v };
}

static void on_uint16(void *ctx, uint16_t v)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_UINT, .value = v };
}

static void on_uint32(void *ctx, uint32_t v)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_UINT, .value = v };
}

static void on_uint64(void *ctx, uint64_t v)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_UINT, .value = v };
}

static void on_bool(void *ctx, bool v)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_BOOL, .value = v };
}

static void on_bytes(void *ctx, cbor_data p, size_t n)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_BYTES, .value = n, .p = p };
}

static void on_text(void *ctx, cbor_data p, size_t n)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_TEXT, .value = n, .p = p };
}

static void on_array(void *ctx, size_t n)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_ARRAY, .value = n };
}

static void on_map(void *ctx, size_t n)
{
    *(struct item *)ctx = (struct item){ .kind = KIND_MAP, .value = n };
}

/* Everything that stays a null callback leaves KIND_OTHER: negative numbers, indefinite lengths,
 * tags, floats, null, undefined, break. No message has one. */
static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint64 = cbor_null_negint64_callback,
    .negint32 = cbor_null_negint32_callback,
    .negint16 = cbor_null_negint16_callback,
    .negint8 = cbor_null_negint8_callback,
    .byte_string_start = cbor_null_byte_string_start_callback,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = cbor_null_string_start_callback,
    .indef_array_start = cbor_null_indef_array_start_callback,
    .array_start = on_array,
    .indef_map_start = cbor_null_indef_map_start_callback,
    .map_start = on_map,
    .tag = cbor_null_tag_callback,
    .float2 = cbor_null_float2_callback,
    .float4 = cbor_null_float4_callback,
    .float8 = cbor_null_float8_callback,
    .undefined = cbor_null_undefined_callback,
    .null = cbor_null_null_callback,
    .boolean = on_bool,
    .indef_break = cbor_null_indef_break_callback,
};

bool tb_cbor_refuse(const struct tb_cbor_reader *r, enum tb_check check, const char *expected,
                    const char *observed, struct tb_reason *why)
{
    char where[sizeof why->where];

    snprintf(where, sizeof where, "%s%s%s", r->message, r->field == NULL ? "" : ".",
             r->field == NULL ? "" : r->field);
    return tb_refuse(why, check, where, expected, "%s", observed);
}

/* Bytes of the shortest head that can carry v (RFC 8949, 3). */
static size_t shortest_head(uint64_t v)
{
    return v < 24 ? 1 : v <= UINT8_MAX ? 2 : v <= UINT16_MAX ? 3 : v <= UINT32_MAX ? 5 : 9;
}

/* The next item, of the kind wanted, in its only form. The cursor moves behind it: past the head of
 * an array or map, past the whole of a string. */
static bool read_item(struct tb_cbor_reader *r, enum kind kind, struct item *out,
                      struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_EVIDENCE_FORMAT;
    struct item item = { .kind = KIND_OTHER };
    struct cbor_decoder_result done;
    struct tb_reader skipped;
    size_t content;

    done = cbor_stream_decode(r->in.p, r->in.left, &callbacks, &item);
    if (done.status == CBOR_DECODER_NEDATA)
        return tb_cbor_refuse(r, c, kind_names[kind], "the message ends", why);
    if (done.status != CBOR_DECODER_FINISHED)
        return tb_cbor_refuse(r, c, kind_names[kind], "a byte that begins no item", why);
    if (item.kind != kind)
        return tb_cbor_refuse(r, c, kind_names[kind], kind_names[item.kind], why);
    content = kind == KIND_BYTES || kind == KIND_TEXT ? (size_t)item.value : 0;
    if (kind != KIND_BOOL && done.read - content != shortest_head(item.value))
        return tb_cbor_refuse(r, c, "the shortest form", "a longer one", why);
    *out = item;
    return tb_read_slice(&r->in, done.read, &skipped);
}

static bool in_bounds(const struct tb_cbor_reader *r, uint64_t v, uint64_t min, uint64_t max,
                      struct tb_reason *why)
{
    char expected[64], observed[32];

    if (v >= min && v <= max)
        return true;
    snprintf(expected, sizeof expected, "%llu to %llu", (unsigned long long)min,
             (unsigned long long)max);
    snprintf(observed, sizeof observed, "%llu", (unsigned long long)v);
    return tb_cbor_refuse(r, TB_CHECK_EVIDENCE_LIMITS, expected, observed, why);
}

static bool read_bounded(struct tb_cbor_reader *r, enum kind kind, uint64_t min, uint64_t max,
                         struct item *out, struct tb_reason *why)
{
    const struct tb_reader before = r->in;

    if (read_item(r, kind, out, why) && in_bounds(r, out->value, min, max, why))
        return true;
    r->in = before;
    return false;
}

bool tb_cbor_read_uint(struct tb_cbor_reader *r, uint64_t min, uint64_t max, uint64_t *out,
                       struct tb_reason *why)
{
    struct item item;

    if (!read_bounded(r, KIND_UINT, min, max, &item, why))
        return false;
    *out = item.value;
    return true;
}

bool tb_cbor_read_bool(struct tb_cbor_reader *r, bool *out, struct tb_reason *why)
{
    struct item item;

    if (!read_bounded(r, KIND_BOOL, 0, 1, &item, why))
        return false;
    *out = item.value != 0;
    return true;
}

bool tb_cbor_read_bytes(struct tb_cbor_reader *r, size_t min_len, size_t max_len,
                        struct tb_reader *out, struct tb_reason *why)
{
    struct item item;

    if (!read_bounded(r, KIND_BYTES, min_len, max_len, &item, why))
        return false;
    *out = tb_slice(item.p, (size_t)item.value);
    return true;
}

bool tb_cbor_read_text(struct tb_cbor_reader *r, size_t min_len, size_t max_len,
                       struct tb_reader *out, struct tb_reason *why)
{
    struct tb_cbor_reader copy = *r;
    struct item item;

    if (!read_bounded(&copy, KIND_TEXT, min_len, max_len, &item, why))
        return false;
    if (!tb_text_is_printable(tb_slice(item.p, (size_t)item.value)))
        return tb_cbor_refuse(r, TB_CHECK_EVIDENCE_FORMAT, "printable UTF-8",
                              "other bytes or control characters", why);
    *out = tb_slice(item.p, (size_t)item.value);
    *r = copy;
    return true;
}

bool tb_cbor_read_array(struct tb_cbor_reader *r, size_t min, size_t max, size_t *out,
                        struct tb_reason *why)
{
    struct item item;

    if (!read_bounded(r, KIND_ARRAY, min, max, &item, why))
        return false;
    *out = (size_t)item.value;
    return true;
}

bool tb_cbor_read_map(struct tb_cbor_reader *r, size_t min, size_t max, size_t *out,
                      struct tb_reason *why)
{
    struct item item;

    if (!read_bounded(r, KIND_MAP, min, max, &item, why))
        return false;
    *out = (size_t)item.value;
    return true;
}

bool tb_cbor_read_end(const struct tb_cbor_reader *r, struct tb_reason *why)
{
    char observed[48];

    if (r->in.left == 0)
        return true;
    snprintf(observed, sizeof observed, "%zu bytes after the message", r->in.left);
    return tb_cbor_refuse(r, TB_CHECK_EVIDENCE_FORMAT, "the end", observed, why);
}

/* The rest of a character of UTF-8 (RFC 3629, 4: no overlong form, no surrogate, nothing past
 * U+10FFFF). */
static bool rest_of_char(struct tb_reader *r, uint8_t first, uint32_t *out)
{
    unsigned more;
    uint8_t next;
    uint32_t c;

    if (first < 0x80) {
        *out = first;
        return true;
    }
    more = first >= 0xc2 && first <= 0xdf   ? 1
           : first >= 0xe0 && first <= 0xef ? 2
           : first >= 0xf0 && first <= 0xf4 ? 3
                                            : 0;
    c = first & (0x3fU >> more);
    for (unsigned i = 0; i < more; i++) {
        if (!tb_read_u8(r, &next) || (next & 0xc0) != 0x80)
            return false;
        c = c << 6 | (next & 0x3f);
    }
    *out = c;
    return more == 1 || (more == 2 && c >= 0x800 && (c < 0xd800 || c > 0xdfff)) ||
           (more == 3 && c >= 0x10000 && c <= 0x10ffff);
}

/* Characters that act rather than show: C0 and C1 controls, separators of lines, and those that
 * hide or reorder what is around them (Unicode 15: general categories Cc, Zl, Zp and the Cf used
 * for that). */
static bool is_acting(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { 0x00, 0x1f },        { 0x7f, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },
        { 0x180e, 0x180e },    { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
        { 0xfdd0, 0xfdef },    { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
        { 0xe0000, 0x10ffff },
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

bool tb_text_is_printable(struct tb_reader text)
{
    uint8_t first;
    uint32_t c;

    while (tb_read_u8(&text, &first)) {
        if (first >= ' ' && first <= '~')
            continue; /* nearly all there is */
        if (!rest_of_char(&text, first, &c) || is_acting(c))
            return false;
    }
    return true;
}

void tb_text_copy(char *out, size_t cap, const char *in)
{
    size_t n = 0;

    for (; in[n] != '\0' && n + 1 < cap; n++)
        out[n] = in[n] >= ' ' && in[n] <= '~' ? in[n] : '?';
    out[n] = '\0';
}

static void advance(struct tb_cbor_writer *w, size_t n)
{
    if (w->overflow || n == 0) /* libcbor's encoders write 0 bytes where there is no room */
        w->overflow = true;
    else
        w->len += n;
}

static uint8_t *room(const struct tb_cbor_writer *w, size_t *left)
{
    *left = w->overflow ? 0 : w->cap - w->len;
    return *left == 0 ? w->p : w->p + w->len;
}

void tb_cbor_write_uint(struct tb_cbor_writer *w, uint64_t v)
{
    size_t left;
    uint8_t *p = room(w, &left);

    advance(w, cbor_encode_uint(v, p, left));
}

void tb_cbor_write_bool(struct tb_cbor_writer *w, bool v)
{
    size_t left;
    uint8_t *p = room(w, &left);

    advance(w, cbor_encode_bool(v, p, left));
}

static void write_content(struct tb_cbor_writer *w, const void *p, size_t n)
{
    size_t left;
    uint8_t *to = room(w, &left);

    if (n == 0)
        return;
    if (n > left) {
        w->overflow = true;
        return;
    }
    memcpy(to, p, n);
    w->len += n;
}

void tb_cbor_write_bytes(struct tb_cbor_writer *w, struct tb_reader v)
{
    size_t left;
    uint8_t *p = room(w, &left);

    advance(w, cbor_encode_bytestring_start(v.left, p, left));
    write_content(w, v.p, v.left);
}

void tb_cbor_write_text(struct tb_cbor_writer *w, const char *v)
{
    size_t left, n = strlen(v);
    uint8_t *p = room(w, &left);

    advance(w, cbor_encode_string_start(n, p, left));
    write_content(w, v, n);
}

void tb_cbor_write_array(struct tb_cbor_writer *w, size_t n)
{
    size_t left;
    uint8_t *p = room(w, &left);

    advance(w, cbor_encode_array_start(n, p, left));
}

void tb_cbor_write_map(struct tb_cbor_writer *w, size_t n)
{
    size_t left;
    uint8_t *p = room(w, &left);

    advance(w, cbor_encode_map_start(n, p, left));
}

bool tb_cbor_write_done(const struct tb_cbor_writer *w, size_t *out_len)
{
    if (w->overflow)
        return false;
    *out_len = w->len;
    return true;
}
