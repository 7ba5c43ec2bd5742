/* A manifest that is accepted prints to a text that reads back to the same manifest. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/roots_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[TB_ROOTS_MANIFEST_ERR_LEN] = "";
    struct tb_roots_manifest *m = tb_roots_manifest_parse(tb_slice(data, size), err), *again;
    char *text;

    if (m == NULL) {
        assert(strncmp(err, TB_ROOTS_MANIFEST_NAME, strlen(TB_ROOTS_MANIFEST_NAME)) == 0);
        return 0;
    }
    text = tb_roots_manifest_print(m);
    assert(text != NULL);
    again = tb_roots_manifest_parse(tb_slice(text, strlen(text)), err);
    assert(again != NULL && tb_roots_manifest_count(again) == tb_roots_manifest_count(m));
    for (size_t i = 0; i < tb_roots_manifest_count(m); i++)
        assert(memcmp(tb_roots_manifest_get(m, i), tb_roots_manifest_get(again, i),
                      sizeof(struct tb_roots_manifest_entry)) == 0);
    free(text);
    tb_roots_manifest_free(again);
    tb_roots_manifest_free(m);
    return 0;
}
