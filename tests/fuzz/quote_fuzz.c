#include "core/quote.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t put(uint8_t *out, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> 8 * (n - 1 - i));
    return n;
}

static size_t put_tpm2b(uint8_t *out, struct tb_reader v)
{
    put(out, v.left, 2);
    for (size_t i = 0; i < v.left; i++)
        out[2 + i] = v.p[i];
    return 2 + v.left;
}

/* What was accepted, written again, is what came: nothing was skipped or made up. */
static void encodes_again(const struct tb_quote *q, const uint8_t *data, size_t size)
{
    uint8_t out[512];
    size_t n = put(out, 0xff5443478018, 6);

    n += put_tpm2b(out + n, q->signer);
    n += put_tpm2b(out + n, q->extra_data);
    n += put(out + n, q->clock_ms, 8);
    n += put(out + n, q->reset_count, 4);
    n += put(out + n, q->restart_count, 4);
    n += put(out + n, q->clock_safe, 1);
    n += put(out + n, q->firmware_version, 8);
    n += put(out + n, q->n_selections, 4);
    for (size_t i = 0; i < q->n_selections; i++) {
        n += put(out + n, q->selection[i].alg, 2);
        n += put(out + n, 3, 1);
        for (unsigned b = 0; b < 3; b++)
            n += put(out + n, q->selection[i].pcrs >> 8 * b & 0xff, 1);
    }
    n += put_tpm2b(out + n, q->pcr_digest);
    assert(tb_slice_equal(tb_slice(out, n), tb_slice(data, size)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_quote q;
    struct tb_reason why = { .check = TB_N_CHECKS };

    if (!tb_quote_parse(tb_slice(data, size), &q, &why)) {
        assert(why.where[0] != '\0' && why.check != TB_N_CHECKS); /* a refusal always says where */
        return 0;
    }
    encodes_again(&q, data, size);
    assert(!tb_quote_parse(tb_slice(data, size - 1), &q, &why));
    return 0;
}
