/* A container that is accepted has one encoding: its manifest prints to the same text, its
 * signatures encode to the same bytes, and every byte of it is accounted for. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_manifest(const struct tb_package *p)
{
    static char text[TB_MANIFEST_LEN_MAX + 1];
    size_t len;

    assert(tb_manifest_print(&p->manifest, text, sizeof text, &len));
    assert(tb_slice_equal(tb_slice(text, len), p->manifest_text));
}

static void same_signatures(const struct tb_package *p)
{
    static uint8_t bytes[TB_SIGNATURE_LEN_MAX];
    size_t len;

    assert(tb_signatures_encode(&p->signatures, bytes, sizeof bytes, &len));
    assert(tb_slice_equal(tb_slice(bytes, len), p->signature_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_package p;
    struct tb_reader payload[TB_PAYLOADS_MAX];
    struct tb_reason why = { .where = "" };
    uint64_t total = 2 * TB_BLOCK_LEN;

    if (!tb_package_open(tb_slice(data, size), &p, &why)) {
        assert(why.where[0] != '\0' && p.manifest_text.p == NULL);
        return 0;
    }
    same_manifest(&p);
    same_signatures(&p);
    if (!tb_package_payloads(&p, payload, &why)) {
        assert(why.where[0] != '\0');
        return 0;
    }
    total += tb_member_len(p.manifest_text.left) + tb_member_len(p.signature_bytes.left);
    for (size_t i = 0; i < p.manifest.n_payloads; i++) {
        assert(payload[i].left == p.manifest.payload[i].size);
        total += tb_member_len(payload[i].left);
    }
    assert(total == size);
    return 0;
}
