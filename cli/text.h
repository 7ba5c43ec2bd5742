/* cli/text.h - text from elsewhere made safe for a terminal; durations and times.
 *
 * Names, reasons, event data and error messages come from hosts and servers. On a terminal an
 * escape sequence can rewrite what is on the screen or type for the user, and bidirectional
 * controls can reverse what a name reads like. Nothing of the kind leaves this program. */
#ifndef TB_CLI_TEXT_H
#define TB_CLI_TEXT_H

#include <stdio.h>

#include "core/reader.h"

/* Write `in` as text: control bytes, bytes that are not UTF-8 and characters that act or that
 * nobody sees (bidirectional controls, zero width, tags, line separators) as \x1b or \u{202e}. */
void tb_text_put(FILE *out, const char *in);
void tb_text_put_n(FILE *out, const char *in, size_t len);
/* The same into memory; the caller frees. NULL: out of memory. */
char *tb_text_safe(const char *in, size_t len);
/* Columns that text of tb_text_safe() takes: its characters. */
size_t tb_text_width(const char *safe);

/* "90", "90s", "30m", "1h", "7d", "2w" to seconds; nothing else, and not 0. */
TB_MUST_CHECK bool tb_duration_parse(const char *text, int64_t *out_s);
/* Seconds since 1970 to "2026-01-31T12:00:00Z". */
TB_MUST_CHECK bool tb_time_format(int64_t time_s, char out[32]);
/* A whole decimal number from min to max, without sign or blanks. */
TB_MUST_CHECK bool tb_number_parse(const char *text, int64_t min, int64_t max, int64_t *out);

#endif
