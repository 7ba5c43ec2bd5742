/* core/reader.c - the one place in the program that moves a pointer over untrusted bytes. */
#include "core/reader.h"

#include <string.h>

bool tb_read_slice(struct tb_reader *r, size_t n, struct tb_reader *out)
{
    if (n > r->left) /* compare with what is left; never add to compare */
        return false;
    *out = (struct tb_reader){ r->p, n };
    if (n != 0) /* NULL + 0 is undefined in C */
        r->p += n;
    r->left -= n;
    return true;
}

bool tb_read_copy(struct tb_reader *r, size_t n, void *out)
{
    struct tb_reader s;

    if (!tb_read_slice(r, n, &s))
        return false;
    if (n != 0)
        memcpy(out, s.p, n);
    return true;
}

/* An unsigned integer of n bytes, n at most 8. */
static bool read_uint(struct tb_reader *r, size_t n, bool big_endian, uint64_t *out)
{
    struct tb_reader s;
    uint64_t v = 0;

    if (!tb_read_slice(r, n, &s))
        return false;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | s.p[big_endian ? i : n - 1 - i];
    *out = v;
    return true;
}

#define DEFINE_READ(name, type, big_endian)                                                        \
    bool name(struct tb_reader *r, type *out)                                                      \
    {                                                                                              \
        uint64_t v;                                                                                \
                                                                                                   \
        if (!read_uint(r, sizeof *out, big_endian, &v))                                            \
            return false;                                                                          \
        *out = (type)v;                                                                            \
        return true;                                                                               \
    }

DEFINE_READ(tb_read_u8, uint8_t, true)
DEFINE_READ(tb_read_u16be, uint16_t, true)
DEFINE_READ(tb_read_u32be, uint32_t, true)
DEFINE_READ(tb_read_u64be, uint64_t, true)
DEFINE_READ(tb_read_u16le, uint16_t, false)
DEFINE_READ(tb_read_u32le, uint32_t, false)
DEFINE_READ(tb_read_u64le, uint64_t, false)

bool tb_read_tpm2b(struct tb_reader *r, struct tb_reader *out)
{
    struct tb_reader copy = *r;
    uint16_t size;

    if (!tb_read_u16be(&copy, &size) || !tb_read_slice(&copy, size, out))
        return false;
    *r = copy;
    return true;
}

bool tb_slice_equal(struct tb_reader a, struct tb_reader b)
{
    return a.left == b.left && (a.left == 0 || memcmp(a.p, b.p, a.left) == 0);
}
