/* wire/messages_fields.h - what a table of fields is made of; private to wire/. */
#ifndef TB_WIRE_MESSAGES_FIELDS_H
#define TB_WIRE_MESSAGES_FIELDS_H

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

#define X(name) extern const struct tb_schema tb_schema_##name;
TB_MESSAGES(X)
#undef X

#endif
