/* wire/json_build.c - see json_build.h. */
#include "wire/json_build.h"

#include <string.h>

#include "core/reason.h"
#include "core/alg.h"
#include "wire/cbor.h"

json_t *tb_json_host_text(const char *s)
{
    char ascii[256];

    if (tb_text_is_printable(tb_slice(s, strlen(s))))
        return json_string(s);
    tb_text_copy(ascii, sizeof ascii, s);
    return json_string(ascii);
}

json_t *tb_build_hex(const uint8_t *p, size_t len)
{
    char text[2 * TB_DIGEST_MAX + 2];

    tb_hex(tb_slice(p, len), text, sizeof text);
    return json_string(text);
}

json_t *tb_json_number(uint64_t v)
{
    return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

int tb_json_set(json_t *o, const char *name, json_t *v)
{
    return json_object_set_new(o, name, v);
}

json_t *tb_json_done(json_t *o, int bad)
{
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}
