/* wire/cbor.h - deterministic CBOR: one cursor for reading, one for writing.
 *
 * RFC 8949, 4.2.1 (core deterministic encoding): definite lengths, shortest form, map keys in
 * ascending order and once. Exactly that is written, and nothing else is read: an item in another
 * form is refused, so that two readers can never see two different messages in the same bytes.
 *
 * Reading is by libcbor's streaming decoder, one item at a time, never by its tree builder (nine
 * bytes make that touch gigabytes). What comes next is always known to the caller, so nothing here
 * recurses, skips or allocates, and nesting is as deep as the message's table says, no deeper. */
#ifndef TB_WIRE_CBOR_H
#define TB_WIRE_CBOR_H

#include "core/reason.h"

/* A cursor over one message. `message` and `field` name the place for the reasons: "evidence" and
 * "quote" give "evidence.quote". Both are string constants of the program. */
struct tb_cbor_reader {
    struct tb_reader in;
    const char *message;
    const char *field;
};

/* Each reads exactly one item, or refuses it and writes *why: TB_CHECK_EVIDENCE_FORMAT for what is
 * no such item, TB_CHECK_EVIDENCE_LIMITS for what is one but out of its bounds (inclusive). After a
 * refusal the cursor is where it was, and *out untouched. Slices point into the message. */
TB_MUST_CHECK bool tb_cbor_read_uint(struct tb_cbor_reader *r, uint64_t min, uint64_t max,
                                     uint64_t *out, struct tb_reason *why);
TB_MUST_CHECK bool tb_cbor_read_bool(struct tb_cbor_reader *r, bool *out, struct tb_reason *why);
TB_MUST_CHECK bool tb_cbor_read_bytes(struct tb_cbor_reader *r, size_t min_len, size_t max_len,
                                      struct tb_reader *out, struct tb_reason *why);
/* Text without control, format or surrogate characters: tb_text_is_printable() holds for it. */
TB_MUST_CHECK bool tb_cbor_read_text(struct tb_cbor_reader *r, size_t min_len, size_t max_len,
                                     struct tb_reader *out, struct tb_reason *why);
/* The head of an array of min..max items, or of a map of min..max pairs. */
TB_MUST_CHECK bool tb_cbor_read_array(struct tb_cbor_reader *r, size_t min, size_t max, size_t *out,
                                      struct tb_reason *why);
TB_MUST_CHECK bool tb_cbor_read_map(struct tb_cbor_reader *r, size_t min, size_t max, size_t *out,
                                    struct tb_reason *why);
/* Nothing may follow. */
TB_MUST_CHECK bool tb_cbor_read_end(const struct tb_cbor_reader *r, struct tb_reason *why);
/* tb_refuse() with the place of the cursor; observed is plain text. */
bool tb_cbor_refuse(const struct tb_cbor_reader *r, enum tb_check check, const char *expected,
                    const char *observed, struct tb_reason *why);

/* True for well-formed UTF-8 (RFC 3629) of characters that show as themselves: no control
 * characters, no line or paragraph separators, no marks that turn or hide text. */
bool tb_text_is_printable(struct tb_reader text);

/* Copy text of the outside world (DMI strings, os-release) so that it may be sent: cut to fit, and
 * every byte that is not printable ASCII becomes '?'. cap includes the NUL. */
void tb_text_copy(char *out, size_t cap, const char *in);

/* A cursor over the caller's buffer. The first item that does not fit sets `overflow`, and nothing
 * is written from then on: look at it once, at the end (tb_cbor_write_done). */
struct tb_cbor_writer {
    uint8_t *p;
    size_t cap;
    size_t len; /* bytes written */
    bool overflow;
};

void tb_cbor_write_uint(struct tb_cbor_writer *w, uint64_t v);
void tb_cbor_write_bool(struct tb_cbor_writer *w, bool v);
void tb_cbor_write_bytes(struct tb_cbor_writer *w, struct tb_reader v);
void tb_cbor_write_text(struct tb_cbor_writer *w, const char *v);
void tb_cbor_write_array(struct tb_cbor_writer *w, size_t n);
void tb_cbor_write_map(struct tb_cbor_writer *w, size_t n);
/* True, and the length, if everything fitted. */
TB_MUST_CHECK bool tb_cbor_write_done(const struct tb_cbor_writer *w, size_t *out_len);

#endif
