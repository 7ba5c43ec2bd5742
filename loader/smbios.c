/* loader/smbios.c - SMBIOS 3.6 (DSP0134): 6.1.2 structure header, 6.1.3 text strings, 7.4 chassis.
 */
#include "loader/smbios.h"

#include <string.h>

enum { TYPE_CHASSIS = 3, TYPE_END = 127, HEADER_LEN = 4, ASSET_TAG_AT = 8 };

struct structure {
    uint8_t type;
    struct tb_reader body;    /* header included */
    struct tb_reader strings; /* each with its NUL */
};

/* To the two NULs that end a structure. */
static bool read_strings(struct tb_reader *in, struct tb_reader *out)
{
    for (size_t n = 1; n < in->left; n++)
        if (in->p[n - 1] == 0 && in->p[n] == 0)
            return tb_read_slice(in, n + 1, out);
    return false;
}

static bool read_structure(struct tb_reader *in, struct structure *s)
{
    struct tb_reader r = *in;
    uint8_t len;

    if (!tb_read_u8(&r, &s->type) || !tb_read_u8(&r, &len) || len < HEADER_LEN)
        return false;
    r = *in;
    if (!tb_read_slice(&r, len, &s->body) || !read_strings(&r, &s->strings))
        return false;
    *in = r;
    return true;
}

/* String i, counted from 1. */
static void copy_string(struct tb_reader strings, uint8_t i, char *out, size_t cap)
{
    size_t n = 0;
    uint8_t c;

    while (i > 1 && tb_read_u8(&strings, &c))
        i = (uint8_t)(i - (c == 0));
    while (n + 1 < cap && tb_read_u8(&strings, &c) && c != 0)
        out[n++] = (char)c;
    out[n] = '\0';
}

void tb_smbios_asset_tag(struct tb_reader table, char *out, size_t cap)
{
    struct structure s;

    out[0] = '\0';
    while (read_structure(&table, &s) && s.type != TYPE_END)
        if (s.type == TYPE_CHASSIS && s.body.left > ASSET_TAG_AT && s.body.p[ASSET_TAG_AT] != 0) {
            copy_string(s.strings, s.body.p[ASSET_TAG_AT], out, cap);
            return;
        }
}
