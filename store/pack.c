/* store/pack.c - blobs are compressed when that makes them shorter. */
#include "store/backend.h"

#include <stdlib.h>
#include <zstd.h>

#define LEVEL 3          /* of zstd: a 34 KB event log to a fifth in a tenth of a millisecond */
#define WORTH_TRYING 200 /* bytes: below, a frame's own head eats the gain */

bool tb_store_pack(struct tb_reader in, struct tb_reader *data, uint8_t **heap)
{
    size_t n;

    *heap = NULL;
    *data = in;
    if (in.left < WORTH_TRYING)
        return true;
    *heap = malloc(in.left);
    if (!*heap)
        return false;
    /* A room one byte smaller than the input: what does not fit is kept as it is. */
    n = ZSTD_compress(*heap, in.left - 1, in.p, in.left, LEVEL);
    if (!ZSTD_isError(n))
        *data = tb_slice(*heap, n);
    return true;
}

bool tb_store_unpack(struct tb_reader data, size_t len, struct tb_blob *out)
{
    *out = (struct tb_blob){ 0 };
    if (data.left == len)
        return tb_blob_set(out, data);
    if (len > TB_STORE_BLOB_MAX || data.left > len)
        return false;
    out->p = malloc(len + 1);
    if (!out->p)
        return false;
    out->len = len;
    out->p[len] = '\0';
    if (ZSTD_decompress(out->p, len, data.p, data.left) == len)
        return true;
    tb_blob_clear(out);
    return false;
}
