#include "crypto/ek.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_printable(const char *s)
{
    for (; *s != '\0'; s++)
        assert(*s >= ' ' && *s <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t number[256] = { 0x80, [255] = 1 };
    const struct tb_public ek = { .type = TB_ALG_RSA,
                                  .rsa_bits = 2048,
                                  .rsa_exponent = 65537,
                                  .n_or_x = { number, sizeof number } };
    const struct tb_ek_rules rules = { .now_s = 1790000000 };
    struct tb_reader in = tb_slice(data, size), der, chain[TB_EK_CHAIN_MAX];
    struct tb_reason why = { .check = TB_N_CHECKS };
    struct tb_roots *roots = tb_roots_new();
    struct tb_ek_facts f;
    char subject[64];
    size_t n;

    assert(roots != NULL);
    if (tb_ek_cert_trim(in, &der, &why)) {
        assert(der.left <= size);
        if (tb_cert_subject(der, subject, sizeof subject))
            is_printable(subject);
    } else {
        assert(why.where[0] != '\0' && why.check == TB_CHECK_IDENTITY_EK_CERT);
    }
    if (tb_ek_chain_split(in, chain, &n, &why))
        assert(n <= TB_EK_CHAIN_MAX);
    /* Nobody trusts a certificate without a root, and none is about this key. */
    assert(!tb_ek_cert_check(roots, &rules, in, &in, 1, &ek, &f, &why));
    assert(why.where[0] != '\0');
    is_printable(f.manufacturer);
    is_printable(f.model);
    is_printable(f.version);
    is_printable(f.subject);
    is_printable(f.issuer);
    if (!tb_roots_add(roots, in, "input", &why))
        assert(tb_roots_count(roots) == 0 && tb_roots_intermediates(roots) == 0);
    tb_roots_free(roots);
    return 0;
}
