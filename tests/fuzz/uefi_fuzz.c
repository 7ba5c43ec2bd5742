/* tests/fuzz/uefi_fuzz.c - any bytes as a variable, signature lists and a device path. */
#include <assert.h>
#include <string.h>

#include "core/uefi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_text(const char *text, size_t len)
{
    size_t n = strnlen(text, len);

    assert(n < len);
    for (size_t i = 0; i < n; i++)
        assert(text[i] >= ' ' && text[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reader in = tb_slice(data, size), lists = in;
    struct tb_signature_lists it;
    struct tb_signature_entry e;
    struct tb_uefi_variable v;
    enum tb_list_step step;
    size_t total = 0;
    char text[64];

    if (tb_uefi_variable_parse(in, &v)) {
        assert(32 + v.name.left + v.data.left + v.excess.left == size);
        tb_utf16_text(v.name, text, sizeof text);
        assert_text(text, sizeof text);
        lists = v.data;
    }
    it = tb_signature_lists_begin(lists);
    while ((step = tb_signature_lists_next(&it, &e)) == TB_LIST_ENTRY) {
        total += 16 + e.data.left;
        assert(total <= lists.left); /* entries never overlap, so there is an end */
    }
    assert(step == TB_LIST_END || step == TB_LIST_BAD);
    if (!tb_device_path_text(in, text, sizeof text))
        assert(size < 4 || memcmp(data + size - 4, "\x7f\xff\4\0", 4) != 0 || size > 4);
    assert_text(text, sizeof text);
    tb_ascii_text(in, text, sizeof text);
    assert_text(text, sizeof text);
    return 0;
}
