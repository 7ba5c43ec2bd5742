/* No bytes are a signature over a program that nobody signed; what is shown of a signer is text. */
#include <assert.h>
#include <stdlib.h>

#include "crypto/authenticode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_text(const char *s)
{
    for (size_t i = 0; s[i] != '\0'; i++)
        assert(i < TB_PROGRAM_SIGNER_MAX && s[i] >= ' ' && s[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_program_keys *keys = tb_program_keys_new();
    const uint8_t digest[32] = { 0 };
    char signer[TB_PROGRAM_SIGNER_MAX];

    if (keys == NULL)
        return 0;
    assert(tb_program_signature_check(tb_slice(data, size), digest, keys, signer) !=
           TB_PROGRAM_VOUCHED);
    is_text(signer);
    if (tb_pkcs7_signer(tb_slice(data, size), signer))
        is_text(signer);
    if (tb_program_keys_add(keys, tb_slice(data, size)))
        assert(tb_program_keys_count(keys) == 1);
    tb_program_keys_free(keys);
    return 0;
}
