/* What is found within a file lies within it. */
#include <assert.h>

#include "tools/sbv/signed_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct tb_reader part, const uint8_t *data, size_t size)
{
    assert(part.p >= data && part.p + part.left <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reader in = tb_slice(data, size), part;
    size_t left = in.left;

    while (signed_program_next(&in, &part)) {
        within(part, data, size);
        assert(in.left < left);
        left = in.left;
    }
    if (signed_module(tb_slice(data, size), &part))
        within(part, data, size);
    if (shim_vendor(tb_slice(data, size), &part))
        within(part, data, size);
    return 0;
}
