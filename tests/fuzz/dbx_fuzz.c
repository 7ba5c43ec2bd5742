/* tests/fuzz/dbx_fuzz.c - any bytes as a revocation list. */
#include <assert.h>

#include "core/dbx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_hasher *h;
    struct tb_reason why = { .where = "" };
    struct tb_signature_lists it;
    struct tb_signature_entry e;
    struct tb_reader lists;
    enum tb_list_step step;
    uint8_t digest[32];
    size_t n = 0, n_known = 0;

    if (h == NULL)
        h = tb_hasher_new();
    if (!tb_dbx_open(tb_slice(data, size), &lists, &why)) {
        assert(why.check == TB_CHECK_SB_DBX && why.where[0] != '\0');
        return 0;
    }
    assert(lists.left <= size && lists.p + lists.left == data + size);
    it = tb_signature_lists_begin(lists);
    while ((step = tb_signature_lists_next(&it, &e)) == TB_LIST_ENTRY) {
        n++;
        n_known += tb_dbx_digest(&e, h, digest);
    }
    assert(step == TB_LIST_END && n > 0 && n_known <= n);
    return 0;
}
