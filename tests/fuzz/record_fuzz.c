/* A record that is accepted has one encoding. */
#include <assert.h>

#include "pkg/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[TB_RECORD_LEN_MAX];
    struct tb_reason why = { .where = "" };
    struct tb_record r;
    size_t len;

    if (!tb_record_parse(tb_slice(data, size), &r, &why)) {
        assert(why.where[0] != '\0' && r.kind == TB_RECORD_NONE);
        return 0;
    }
    assert(tb_record_is(tb_slice(data, size)));
    assert(tb_record_print(&r, bytes, sizeof bytes, &len));
    assert(tb_slice_equal(tb_slice(bytes, len), tb_slice(data, size)));
    return 0;
}
