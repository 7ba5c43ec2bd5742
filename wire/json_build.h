/* wire/json_build.h - the small pieces of which results and facts are put together; private to
 * wire/. Each returns a new value or NULL when memory ran out; jansson's *_new functions take a
 * NULL value and fail, so that the sum of all is looked at once. */
#ifndef TB_WIRE_JSON_BUILD_H
#define TB_WIRE_JSON_BUILD_H

#include <jansson.h>

#include "core/reader.h"

/* Text that a host had a part in: jansson refuses what is not UTF-8, and then every byte that is
 * not ASCII is shown as '?'. */
json_t *tb_json_host_text(const char *s);
json_t *tb_build_hex(const uint8_t *p, size_t len); /* at most TB_DIGEST_MAX bytes */
/* JSON's integers end at 63 bits in every reader that is used; a TPM's clock never gets there. */
json_t *tb_json_number(uint64_t v);
/* 0, or not 0 when memory ran out. */
int tb_json_set(json_t *o, const char *name, json_t *v);
/* o, or NULL where something was bad. */
json_t *tb_json_done(json_t *o, int bad);

#endif
