#include "server/context.h"

#include <string.h>

/* The version comes first: bytes of another one are refused, not misread. */
#define VERSION 2

static uint8_t *put_be(uint8_t *p, uint64_t v, unsigned len)
{
    for (unsigned i = len; i-- > 0;)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

size_t tb_context_write(const struct tb_context *c, uint8_t out[TB_CONTEXT_BYTES_MAX])
{
    uint8_t *p = out;

    p = put_be(p, VERSION, 1);
    p = put_be(p, c->n_wanted, 1);
    for (size_t i = 0; i < c->n_wanted; i++) {
        p = put_be(p, c->wanted[i].alg, 2);
        p = put_be(p, c->wanted[i].pcrs, 4);
    }
    p = put_be(p, c->last.present, 1);
    p = put_be(p, c->last.clock_ms, 8);
    p = put_be(p, c->last.reset_count, 4);
    p = put_be(p, c->last.restart_count, 4);
    p = put_be(p, c->last.firmware_version, 8);
    p = put_be(p, c->last.banks, 1);
    memcpy(p, c->last.boot_id, sizeof c->last.boot_id);
    p += sizeof c->last.boot_id;
    p = put_be(p, c->firmware.present, 1);
    if (c->firmware.present) {
        p = put_be(p, c->firmware.bank, 1);
        memcpy(p, c->firmware.value, sizeof c->firmware.value);
        p += sizeof c->firmware.value;
    }
    return (size_t)(p - out);
}

static bool read_bool(struct tb_reader *in, bool *out)
{
    uint8_t v;

    if (!tb_read_u8(in, &v) || v > 1)
        return false;
    *out = v == 1;
    return true;
}

static bool read_banks(struct tb_reader *in, uint32_t *out)
{
    uint8_t v;

    if (!tb_read_u8(in, &v) || v >> TB_N_BANKS != 0)
        return false;
    *out = v;
    return true;
}

static bool read_wanted(struct tb_reader *in, struct tb_context *c)
{
    uint8_t version, n;

    if (!tb_read_u8(in, &version) || !tb_read_u8(in, &n) || version != VERSION ||
        n > TB_SELECTIONS_MAX)
        return false;
    for (; c->n_wanted < n; c->n_wanted++)
        if (!tb_read_u16be(in, &c->wanted[c->n_wanted].alg) ||
            !tb_read_u32be(in, &c->wanted[c->n_wanted].pcrs))
            return false;
    return true;
}

static bool read_firmware(struct tb_reader *in, struct tb_firmware_reference *f)
{
    uint8_t bank;

    if (!read_bool(in, &f->present))
        return false;
    if (!f->present)
        return true;
    if (!tb_read_u8(in, &bank) || bank >= TB_N_BANKS ||
        !tb_read_copy(in, sizeof f->value, f->value))
        return false;
    f->bank = (enum tb_bank)bank;
    return true;
}

bool tb_context_read(struct tb_reader in, struct tb_context *out)
{
    struct tb_context c = { 0 };
    struct tb_quote_memory *last = &c.last;

    if (!read_wanted(&in, &c) || !read_bool(&in, &last->present) ||
        !tb_read_u64be(&in, &last->clock_ms) || !tb_read_u32be(&in, &last->reset_count) ||
        !tb_read_u32be(&in, &last->restart_count) || !tb_read_u64be(&in, &last->firmware_version) ||
        !read_banks(&in, &last->banks) || !tb_read_copy(&in, sizeof last->boot_id, last->boot_id) ||
        memchr(last->boot_id, '\0', sizeof last->boot_id) == NULL ||
        !read_firmware(&in, &c.firmware) || in.left != 0)
        return false;
    *out = c;
    return true;
}
