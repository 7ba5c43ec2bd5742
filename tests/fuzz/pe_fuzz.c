/* An image that is accepted lies within its file and its memory, and what is hashed is in order. */
#include <assert.h>
#include <string.h>

#include "pkg/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reader image = tb_slice(data, size), parts[TB_PE_PARTS_MAX];
    struct tb_reason why = { .where = "" };
    struct tb_pe pe;
    size_t n, hashed = 0;

    if (!tb_pe_parse(image, &pe, &why)) {
        assert(why.where[0] != '\0' && pe.n_sections == 0);
        return 0;
    }
    n = tb_pe_hashed_parts(&pe, image, parts);
    assert(n >= 2 && n <= TB_PE_PARTS_MAX);
    for (size_t i = 0; i < n; i++) {
        assert(parts[i].p >= data && parts[i].left <= size - (size_t)(parts[i].p - data));
        hashed += parts[i].left;
    }
    assert(hashed <= size);
    for (size_t i = 0; i < pe.n_sections; i++)
        assert((uint64_t)pe.section[i].virtual_address + pe.section[i].virtual_size <=
               pe.image_size);
    return 0;
}
