/* wire/json_text.h - JSON as canonical text; private to wire/. */
#ifndef TB_WIRE_JSON_TEXT_H
#define TB_WIRE_JSON_TEXT_H

struct json_t; /* jansson's */

/* Compact, with sorted members; the caller frees. NULL: o is NULL, or out of memory.
 * Not json_dumps(): jansson 2.14 ignores a failure to append a member's name to its growing buffer,
 * and so gives a shorter text when memory runs out. */
char *tb_json_text(const struct json_t *o);

#endif
