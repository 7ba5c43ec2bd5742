/* wire/messages_fields.h - what a table of fields is made of; private to wire/. */
#ifndef TB_WIRE_MESSAGES_FIELDS_H
#define TB_WIRE_MESSAGES_FIELDS_H

#include <stddef.h>

#include "wire/cbor.h"
#include "wire/messages.h"

enum tb_field_kind {
    TB_FIELD_VERSION, /* TB_WIRE_VERSION; no member */
    TB_FIELD_UINT,    /* uint32_t, uint64_t or an enumeration, min to max */
    TB_FIELD_BOOL,
    TB_FIELD_TEXT,    /* char[size], printable; optional: "" */
    TB_FIELD_NAME,    /* the same, and tb_host_name_is_valid() */
    TB_FIELD_FIXED,   /* uint8_t[size]; optional: the bool at has_offset */
    TB_FIELD_SLICE,   /* tb_reader of min to max bytes; optional: empty */
    TB_FIELD_SPECIAL, /* by functions */
};

/* A field that is an array. m is the message. */
struct tb_field_special {
    bool (*present)(const void *m);
    void (*write)(struct tb_cbor_writer *w, const void *m);
    bool (*read)(struct tb_cbor_reader *r, void *m, struct tb_reason *why);
};

struct tb_field {
    uint8_t key;
    enum tb_field_kind kind;
    bool optional;
    const char *name;
    size_t offset, size, has_offset;
    uint64_t min, max;
    const struct tb_field_special *special;
};

struct tb_schema {
    const char *name;
    size_t max_len; /* bytes of the whole message */
    size_t n;
    const struct tb_field *field; /* by ascending key */
    /* What no single field can say; NULL: nothing. */
    bool (*coherent)(const struct tb_cbor_reader *r, const void *m, struct tb_reason *why);
};

/* m is the message that the schema is of; for decoding it is zeroed, and half written after a
 * refusal. */
TB_MUST_CHECK bool tb_fields_encode(const struct tb_schema *schema, const void *m, uint8_t *buf,
                                    size_t cap, size_t *out_len);
TB_MUST_CHECK bool tb_fields_decode(const struct tb_schema *schema, struct tb_reader in, void *m,
                                    struct tb_reason *why);

/* Arrays that stand in more than one message: [[algorithm, mask], ...] and [[algorithm, mask,
 * values by PCR number], ...], banks ascending. */
void tb_fields_write_selections(struct tb_cbor_writer *w, const struct tb_selection *sel, size_t n);
TB_MUST_CHECK bool tb_fields_read_selections(struct tb_cbor_reader *r,
                                             struct tb_selection sel[TB_SELECTIONS_MAX], size_t *n,
                                             struct tb_reason *why);
void tb_fields_write_pcrs(struct tb_cbor_writer *w, const struct tb_pcrs *pcrs);
TB_MUST_CHECK bool tb_fields_read_pcrs(struct tb_cbor_reader *r, struct tb_pcrs *pcrs,
                                       struct tb_reason *why);

#define X(name) extern const struct tb_schema tb_schema_##name;
TB_MESSAGES(X)
#undef X

/* For the tables. k: key; s: struct; the member's name is the field's. */
#define SIZE(s, member) sizeof(((struct s *)0)->member)
#define AT(s, member) .offset = offsetof(struct s, member), .size = SIZE(s, member)

#define VERSION                                                                                    \
    {                                                                                              \
        .key = 1, .kind = TB_FIELD_VERSION, .name = "version"                                      \
    }
#define UINT(k, s, member, lo, hi)                                                                 \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_UINT, .name = #member, AT(s, member), .min = lo, .max = hi      \
    }
#define BOOL(k, s, member)                                                                         \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_BOOL, .name = #member, AT(s, member)                            \
    }
#define TEXT(k, s, member)                                                                         \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_TEXT, .name = #member, AT(s, member)                            \
    }
#define TEXT_OPT(k, s, member)                                                                     \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_TEXT, .optional = true, .name = #member, AT(s, member)          \
    }
#define NAME(k, s, member)                                                                         \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_NAME, .name = #member, AT(s, member)                            \
    }
#define FIXED(k, s, member)                                                                        \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_FIXED, .name = #member, AT(s, member)                           \
    }
#define FIXED_OPT(k, s, member)                                                                    \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_FIXED, .optional = true, .name = #member, AT(s, member),        \
        .has_offset = offsetof(struct s, has_##member)                                             \
    }
#define SLICE(k, s, member, limit)                                                                 \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_SLICE, .name = #member, AT(s, member), .min = 1, .max = limit   \
    }
#define SLICE_OPT(k, s, member, limit)                                                             \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_SLICE, .optional = true, .name = #member, AT(s, member),        \
        .min = 1, .max = limit                                                                     \
    }
#define SPECIAL(k, label, functions)                                                               \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_SPECIAL, .name = label, .special = &functions                   \
    }
#define SPECIAL_OPT(k, label, functions)                                                           \
    {                                                                                              \
        .key = k, .kind = TB_FIELD_SPECIAL, .optional = true, .name = label, .special = &functions \
    }

#define SCHEMA(message, label, limit, check)                                                       \
    const struct tb_schema tb_schema_##message = { .name = label,                                  \
                                                   .max_len = limit,                               \
                                                   .n = sizeof message##_fields /                  \
                                                        sizeof message##_fields[0],                \
                                                   .field = message##_fields,                      \
                                                   .coherent = check };

#define REFUSE(r, expected, observed, why)                                                         \
    tb_cbor_refuse(r, TB_CHECK_EVIDENCE_FORMAT, expected, observed, why)

#endif
