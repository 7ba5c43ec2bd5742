/* wire/messages.c - every message as a table of its fields, and one encoder and decoder for all.
 *
 * The tables are the format: key, name, kind, bounds. A key that is not in the table, is out of
 * order, twice or missing makes the message refused; so does anything after its end. */
#include "wire/messages.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "wire/messages_fields.h"

/* Unsigned members of 1, 4 or 8 bytes, enumerations included. */
static uint64_t load_uint(const void *p, size_t size)
{
    uint32_t u32;
    uint64_t u64;

    if (size == sizeof u32) {
        memcpy(&u32, p, sizeof u32);
        return u32;
    }
    assert(size == sizeof u64);
    memcpy(&u64, p, sizeof u64);
    return u64;
}

static void store_uint(void *p, size_t size, uint64_t v)
{
    uint32_t u32 = (uint32_t)v;

    if (size == sizeof u32)
        memcpy(p, &u32, sizeof u32);
    else
        memcpy(p, &v, sizeof v);
}

static bool is_present(const struct tb_field *f, const uint8_t *m)
{
    struct tb_reader slice;
    bool has;

    if (!f->optional)
        return true;
    switch (f->kind) {
    case TB_FIELD_TEXT:
    case TB_FIELD_NAME: return m[f->offset] != '\0';
    case TB_FIELD_SLICE: memcpy(&slice, m + f->offset, sizeof slice); return slice.left != 0;
    case TB_FIELD_FIXED: memcpy(&has, m + f->has_offset, sizeof has); return has;
    default: return f->special->present(m);
    }
}

static void write_field(struct tb_cbor_writer *w, const struct tb_field *f, const uint8_t *m)
{
    struct tb_reader slice;
    bool b;

    tb_cbor_write_uint(w, f->key);
    switch (f->kind) {
    case TB_FIELD_VERSION: tb_cbor_write_uint(w, TB_WIRE_VERSION); break;
    case TB_FIELD_UINT: tb_cbor_write_uint(w, load_uint(m + f->offset, f->size)); break;
    case TB_FIELD_BOOL:
        memcpy(&b, m + f->offset, sizeof b);
        tb_cbor_write_bool(w, b);
        break;
    case TB_FIELD_TEXT:
    case TB_FIELD_NAME: tb_cbor_write_text(w, (const char *)m + f->offset); break;
    case TB_FIELD_FIXED: tb_cbor_write_bytes(w, tb_slice(m + f->offset, f->size)); break;
    case TB_FIELD_SLICE:
        memcpy(&slice, m + f->offset, sizeof slice);
        tb_cbor_write_bytes(w, slice);
        break;
    case TB_FIELD_SPECIAL: f->special->write(w, m); break;
    }
}

bool tb_fields_encode(const struct tb_schema *schema, const void *m, uint8_t *buf, size_t cap,
                      size_t *out_len)
{
    struct tb_cbor_writer w = { .p = buf, .cap = cap };
    size_t n = 0;

    for (size_t i = 0; i < schema->n; i++)
        n += is_present(&schema->field[i], m);
    tb_cbor_write_map(&w, n);
    for (size_t i = 0; i < schema->n; i++)
        if (is_present(&schema->field[i], m))
            write_field(&w, &schema->field[i], m);
    return tb_cbor_write_done(&w, out_len);
}

static bool read_version(struct tb_cbor_reader *r, struct tb_reason *why)
{
    char expected[24], observed[24];
    uint64_t v;

    if (!tb_cbor_read_uint(r, 0, UINT32_MAX, &v, why))
        return false;
    if (v != TB_WIRE_VERSION) {
        snprintf(expected, sizeof expected, "version %d", TB_WIRE_VERSION);
        snprintf(observed, sizeof observed, "version %lu", (unsigned long)v);
        return tb_cbor_refuse(r, TB_CHECK_EVIDENCE_FORMAT, expected, observed, why);
    }
    return true;
}

static bool read_text(struct tb_cbor_reader *r, const struct tb_field *f, char *out,
                      struct tb_reason *why)
{
    struct tb_reader text;

    if (!tb_cbor_read_text(r, 1, f->size - 1, &text, why))
        return false;
    memcpy(out, text.p, text.left);
    out[text.left] = '\0';
    if (f->kind == TB_FIELD_NAME && !tb_host_name_is_valid(out, f->size - 1))
        return tb_cbor_refuse(r, TB_CHECK_EVIDENCE_FORMAT, "a host name", "other characters", why);
    return true;
}

static bool read_field(struct tb_cbor_reader *r, const struct tb_field *f, uint8_t *m,
                       struct tb_reason *why)
{
    struct tb_reader slice;
    uint64_t v;
    bool b;

    switch (f->kind) {
    case TB_FIELD_VERSION: return read_version(r, why);
    case TB_FIELD_UINT:
        if (!tb_cbor_read_uint(r, f->min, f->max, &v, why))
            return false;
        store_uint(m + f->offset, f->size, v);
        return true;
    case TB_FIELD_BOOL:
        if (!tb_cbor_read_bool(r, &b, why))
            return false;
        memcpy(m + f->offset, &b, sizeof b);
        return true;
    case TB_FIELD_TEXT:
    case TB_FIELD_NAME: return read_text(r, f, (char *)m + f->offset, why);
    case TB_FIELD_FIXED:
        if (!tb_cbor_read_bytes(r, f->size, f->size, &slice, why))
            return false;
        memcpy(m + f->offset, slice.p, f->size);
        b = true;
        if (f->optional)
            memcpy(m + f->has_offset, &b, sizeof b);
        return true;
    case TB_FIELD_SLICE:
        if (!tb_cbor_read_bytes(r, f->min, f->max, &slice, why))
            return false;
        memcpy(m + f->offset, &slice, sizeof slice);
        return true;
    case TB_FIELD_SPECIAL: return f->special->read(r, m, why);
    }
    return false;
}

/* True if every field from *next up to the key may be left out; *next is then the key's field. */
static bool skip_optional(struct tb_cbor_reader *r, const struct tb_schema *schema, uint64_t key,
                          size_t *next, struct tb_reason *why)
{
    for (; *next < schema->n && schema->field[*next].key < key; ++*next)
        if (!schema->field[*next].optional) {
            r->field = schema->field[*next].name;
            return tb_cbor_refuse(r, TB_CHECK_EVIDENCE_FORMAT, "this field", "none", why);
        }
    return true;
}

static bool refuse_key(const struct tb_cbor_reader *r, const char *expected, uint64_t key,
                       struct tb_reason *why)
{
    char observed[40];

    snprintf(observed, sizeof observed, "key %u", (unsigned)key);
    return tb_cbor_refuse(r, TB_CHECK_EVIDENCE_FORMAT, expected, observed, why);
}

static bool read_pair(struct tb_cbor_reader *r, const struct tb_schema *schema, uint8_t *m,
                      size_t *next, struct tb_reason *why)
{
    const struct tb_field *f;
    uint64_t key;

    r->field = NULL;
    if (!tb_cbor_read_uint(r, 0, UINT8_MAX, &key, why))
        return false;
    if (*next > 0 && key <= schema->field[*next - 1].key)
        return refuse_key(r, "keys once and in order", key, why);
    if (!skip_optional(r, schema, key, next, why))
        return false;
    f = *next < schema->n ? &schema->field[*next] : NULL;
    if (f == NULL || f->key != key)
        return refuse_key(r, "a known key", key, why);
    r->field = f->name;
    ++*next;
    return read_field(r, f, m, why);
}

bool tb_fields_decode(const struct tb_schema *schema, struct tb_reader in, void *m,
                      struct tb_reason *why)
{
    struct tb_cbor_reader r = { .in = in, .message = schema->name };
    size_t n, next = 0;

    if (in.left > schema->max_len)
        return tb_refuse(why, TB_CHECK_EVIDENCE_LIMITS, schema->name, "a shorter message",
                         "%zu bytes", in.left);
    if (!tb_cbor_read_map(&r, 0, UINT8_MAX, &n, why))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!read_pair(&r, schema, m, &next, why))
            return false;
    if (!skip_optional(&r, schema, UINT64_MAX, &next, why))
        return false;
    r.field = NULL;
    return tb_cbor_read_end(&r, why) && (schema->coherent == NULL || schema->coherent(&r, m, why));
}

/* Encoding ends with decoding what was written, so that the limits stand in one place only and a
 * struct that breaks one is never sent. */
#define X(name)                                                                                    \
    bool tb_##name##_decode(struct tb_reader in, struct tb_##name *out, struct tb_reason *why)     \
    {                                                                                              \
        struct tb_##name m;                                                                        \
                                                                                                   \
        memset(&m, 0, sizeof m);                                                                   \
        if (!tb_fields_decode(&tb_schema_##name, in, &m, why))                                     \
            return false;                                                                          \
        *out = m;                                                                                  \
        return true;                                                                               \
    }                                                                                              \
                                                                                                   \
    bool tb_##name##_encode(const struct tb_##name *m, uint8_t *buf, size_t cap, size_t *out_len)  \
    {                                                                                              \
        struct tb_##name check;                                                                    \
        struct tb_reason why;                                                                      \
        size_t len;                                                                                \
                                                                                                   \
        memset(&check, 0, sizeof check);                                                           \
        if (!tb_fields_encode(&tb_schema_##name, m, buf, cap, &len) ||                             \
            !tb_fields_decode(&tb_schema_##name, tb_slice(buf, len), &check, &why))                \
            return false;                                                                          \
        *out_len = len;                                                                            \
        return true;                                                                               \
    }
TB_MESSAGES(X)
#undef X
