/* A canonical event log: what is read is written the same; a fault ends the log. */
#include <assert.h>

#include "core/cel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[TB_CEL_LEN_MAX];
    struct tb_reason why = { .where = "" };
    struct tb_cel_event e;
    enum tb_cel_step step;
    struct tb_cel log;
    size_t len, at = 0;

    if (!tb_cel_open(tb_slice(data, size), &log, &why)) {
        assert(size > TB_CEL_LEN_MAX && why.where[0] != '\0');
        return 0;
    }
    while ((step = tb_cel_next(&log, &e, &why)) == TB_CEL_EVENT) {
        assert(tb_cel_print(&e, bytes, sizeof bytes, &len) && len <= size - at);
        assert(tb_slice_equal(tb_slice(bytes, len), tb_slice(data + at, len)));
        at += len;
    }
    assert(step == TB_CEL_END ? at == size : why.where[0] != '\0');
    assert(tb_cel_next(&log, &e, &why) == TB_CEL_END);
    return 0;
}
