/* A list that is taken is the whole of the text, and revokes what it names. */
#include <assert.h>
#include <string.h>

#include "pkg/revocations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_revocations r, again;
    struct tb_reason why = { .where = "" };

    if (!tb_revocations_parse(tb_slice(data, size), &r, &why)) {
        assert(why.where[0] != '\0' && r.n_signers + r.n_packages + r.n_digests == 0);
        return 0;
    }
    assert(!tb_revocations_parse(tb_slice(data, size - 1), &again, &why));
    for (size_t i = 0; i < r.n_signers; i++)
        assert(tb_revokes_signer(&r, r.signer[i]));
    for (size_t i = 0; i < r.n_packages; i++) {
        const uint32_t v = r.package[i].security_version;

        assert(tb_revokes_package(&r, r.package[i].name, v));
        assert(v == UINT32_MAX || !tb_revokes_package(&r, r.package[i].name, v + 1));
    }
    for (size_t i = 0; i < r.n_digests; i++)
        assert(tb_revokes_digest(&r, r.digest[i]));
    return 0;
}
