/* crypto/bearssl/hash.c - crypto/hash.h for the boot loader. */
#include "crypto/hash.h"

#include <bearssl.h>

#include "crypto/bearssl/small.h"

#define CHUNK_LEN ((size_t)256 * 1024) /* bytes hashed between enter and leave */

struct tb_hasher {
    br_hash_compat_context ctx;
};

static const br_hash_class *const classes[TB_N_BANKS] = {
    [TB_BANK_SHA1] = &br_sha1_vtable,
    [TB_BANK_SHA256] = &br_sha256_vtable,
    [TB_BANK_SHA384] = &br_sha384_vtable,
    [TB_BANK_SHA512] = &br_sha512_vtable,
};

__attribute__((weak)) void tb_small_enter(void)
{
}

__attribute__((weak)) void tb_small_leave(void)
{
}

struct tb_hasher *tb_hasher_new(void)
{
    static struct tb_hasher only;

    return &only;
}

void tb_hasher_free(struct tb_hasher *h)
{
    (void)h;
}

static void update(struct tb_hasher *h, struct tb_reader in)
{
    while (in.left != 0) {
        size_t n = in.left < CHUNK_LEN ? in.left : CHUNK_LEN;

        tb_small_enter();
        h->ctx.vtable->update(&h->ctx.vtable, in.p, n);
        tb_small_leave();
        in = tb_slice(in.p + n, in.left - n);
    }
}

bool tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts, size_t n,
                   uint8_t out[TB_DIGEST_MAX])
{
    tb_small_enter();
    classes[bank]->init(&h->ctx.vtable);
    tb_small_leave();
    for (size_t i = 0; i < n; i++)
        update(h, parts[i]);
    tb_small_enter();
    h->ctx.vtable->out(&h->ctx.vtable, out);
    tb_small_leave();
    return true;
}

bool tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in,
             uint8_t out[TB_DIGEST_MAX])
{
    return tb_hash_parts(h, bank, &in, 1, out);
}
