/* A policy that is accepted prints to a text that reads back to the same policy. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/policy_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_hasher *h;
    struct tb_policy p, again;
    char err[TB_POLICY_ERR_LEN] = "";
    char *text;

    if (h == NULL)
        h = tb_hasher_new();
    if (!tb_policy_parse("file", tb_slice(data, size), h, &p, err)) {
        assert(strncmp(err, "file:", 5) == 0);
        return 0;
    }
    assert((p.pcrs & TB_POLICY_PCRS_NEVER) == 0 && p.banks != 0);
    text = tb_policy_print(&p);
    assert(text != NULL);
    assert(tb_policy_parse("file", tb_slice(text, strlen(text)), h, &again, err));
    assert(memcmp(&p, &again, sizeof p) == 0);
    free(text);
    return 0;
}
