/* The boot loader's reader of certificates takes nothing that OpenSSL does not, and its verifier
 * believes nothing that nobody signed. Input: certificates one after the other, a root last. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/bearssl/cert.h"
#include "crypto/cert.h"
#include "tests/unit/small_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(const struct tb_small_cert *c, struct tb_reader rest)
{
    struct tb_reason why;
    struct tb_cert *large = tb_cert_parse(c->whole, TB_CHECK_PACKAGE_SIGNATURE, &why);
    struct tb_reader cut = tb_slice(c->whole.p, c->whole.left - 1);
    struct tb_small_cert again;
    char name[24];

    assert(large != NULL);
    tb_cert_free(large);
    assert(c->whole.p + c->whole.left == rest.p || rest.left == 0);
    assert(!tb_small_cert_read(&cut, &again));
    tb_small_cert_name(c, name, sizeof name);
    assert(strncmp(name, "CN=", 3) == 0);
    for (const char *s = name; *s != '\0'; s++)
        assert(*s >= ' ' && *s <= '~');
    assert(strlen(c->level) < sizeof c->level);
}

/* As a chain to its last certificate, and as one to each root in it. */
static void verify(const struct tb_reader *cert, size_t n)
{
    static const uint8_t value[512] = { 1 };
    const struct tb_reader text = tb_slice("text", 4);
    struct tb_vendors *v = small_vendors_new();
    struct tb_code_signer who;
    struct tb_reason why = { .where = "" };

    assert(v != NULL);
    if (!small_vendors_add(v, cert[n - 1], "root", &why))
        assert(small_vendors_count(v) == 0 && why.where[0] != '\0');
    for (size_t scheme = TB_CODE_RSA_SHA512; scheme <= TB_CODE_P384_SHA512; scheme++) {
        why.where[0] = '\0';
        assert(!small_code_verify(v, (enum tb_code_scheme)scheme, cert, n - 1, 1790000000, &text, 1,
                                  tb_slice(value, scheme == TB_CODE_P384_SHA512 ? 96 : 512), &who,
                                  &why));
        assert(why.where[0] != '\0' && why.check == TB_CHECK_PACKAGE_SIGNATURE);
    }
    small_vendors_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reader in = tb_slice(data, size), cert[6];
    struct tb_small_cert c;
    size_t n = 0;

    while (n < 5 && in.left != 0 && tb_small_cert_read(&in, &c)) {
        read_one(&c, in);
        cert[n++] = c.whole;
    }
    if (in.left != 0)
        cert[n++] = in; /* what is no certificate to the reader meets BearSSL */
    if (n > 0)
        verify(cert, n);
    return 0;
}
