/* A manifest, or a list of revocations, that is accepted has one text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/manifest.h"
#include "pkg/revocations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sorted(const struct tb_revocations *r)
{
    for (size_t i = 1; i < r->n_signers; i++)
        assert(memcmp(r->signer[i - 1], r->signer[i], 32) < 0);
    for (size_t i = 1; i < r->n_digests; i++)
        assert(memcmp(r->digest[i - 1], r->digest[i], 64) < 0);
    for (size_t i = 1; i < r->n_packages; i++)
        assert(tb_lines_order(r->package[i - 1].name, r->package[i].name) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TB_MANIFEST_LEN_MAX + 1];
    static struct tb_revocations revocations;
    static struct tb_manifest manifest;
    struct tb_reason why = { .where = "" };
    size_t len;

    if (tb_revocations_parse(tb_slice(data, size), &revocations, &why)) {
        sorted(&revocations);
    } else if (tb_manifest_parse(tb_slice(data, size), &manifest, &why)) {
        assert(tb_manifest_print(&manifest, text, sizeof text, &len));
        assert(tb_slice_equal(tb_slice(text, len), tb_slice(data, size)));
    } else {
        assert(why.where[0] != '\0' && manifest.n_payloads == 0 && manifest.name.p == NULL);
    }
    return 0;
}
