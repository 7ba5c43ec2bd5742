/* pkg/lines.h - canonical text, one fact a line: what manifests and revocation lists are made of.
 *
 * For the parsers of this folder. Each value has one spelling, and what has another is refused. */
#ifndef TB_PKG_LINES_H
#define TB_PKG_LINES_H

#include "core/reason.h"

#define TB_PKG_NAME_MAX 63 /* characters: of a package, a payload, an option */
#define TB_PKG_VERSION_MAX 64
#define TB_PKG_TEXT_MAX 128
#define TB_PKG_OPTION_MAX 1024 /* of an option's value, which may be a command line */

struct tb_lines {
    struct tb_reader in;   /* behind the current line */
    struct tb_reader line; /* the current line, without its end; empty when there is none */
    unsigned n;            /* its number, from 1; 0: none yet */
    bool end;              /* there is no further line */
    struct tb_reason *why;
};

/* Returns false; *why says "line N", what was expected, and the line. */
bool tb_lines_refuse(const struct tb_lines *l, const char *expected);
/* To the next line or the end. False: refused, a line that does not end. */
TB_MUST_CHECK bool tb_lines_next(struct tb_lines *l);
/* The current line begins with this word and a space: what follows, at least one byte. */
bool tb_lines_is(const struct tb_lines *l, const char *key, struct tb_reader *rest);
/* To the next line, which must have this key and a value of this form (is NULL: any). */
TB_MUST_CHECK bool tb_lines_value(struct tb_lines *l, const char *key, bool (*is)(struct tb_reader),
                                  const char *expected, struct tb_reader *out);
/* The current line must be "end", and the last. */
TB_MUST_CHECK bool tb_lines_end(struct tb_lines *l);

/* Up to the next space, which is skipped, or to the end. */
struct tb_reader tb_lines_word(struct tb_reader *rest);
/* Digits without a leading zero, at most max. */
TB_MUST_CHECK bool tb_lines_number(struct tb_reader r, uint64_t max, uint64_t *out);
/* Lower-case hex of exactly len bytes. */
TB_MUST_CHECK bool tb_lines_hex(struct tb_reader r, uint8_t *out, size_t len);
/* RFC 3339 in UTC, whole seconds, from 1970 on: 2026-01-31T23:59:59Z. */
TB_MUST_CHECK bool tb_lines_date(struct tb_reader r, int64_t *out_s);
/* The same time as text, with its NUL. */
#define TB_DATE_TEXT_LEN 32
void tb_date_text(int64_t s, char out[TB_DATE_TEXT_LEN]);

/* Of letters that `letter` knows and of `others`, 1 to max of them. */
bool tb_lines_holds_only(struct tb_reader r, size_t max, bool (*letter)(uint8_t),
                         const char *others);
bool tb_lines_is_lower(uint8_t c); /* a to z, 0 to 9 */
bool tb_lines_is_alnum(uint8_t c);
bool tb_is_package_name(struct tb_reader r); /* lower-case letters, digits, "+.-" */
/* Printable ASCII that neither begins nor ends with a space, 1 to max characters. */
bool tb_lines_is_text(struct tb_reader r, size_t max);
bool tb_lines_is_words(struct tb_reader r); /* the same, at most TB_PKG_TEXT_MAX */
bool tb_lines_text_is(struct tb_reader r, const char *text);
/* Less, equal, greater than 0, as memcmp orders, the shorter of two that agree first. */
int tb_lines_order(struct tb_reader a, struct tb_reader b);

/* A buffer being filled, of cap bytes. put: behind what is there, or nothing of it. */
struct tb_bytes {
    uint8_t *p;
    size_t cap, n;
};
TB_MUST_CHECK bool tb_bytes_put(struct tb_bytes *o, const void *p, size_t n);

#endif
