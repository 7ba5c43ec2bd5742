#include "core/public.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reader in = tb_slice(data, size);
    struct tb_reason why = { .check = TB_N_CHECKS };
    struct tb_public p;
    bool ak, ek;

    if (!tb_public_parse(in, TB_CHECK_IDENTITY_AK, &p, &why)) {
        assert(why.where[0] != '\0' && why.check == TB_CHECK_IDENTITY_AK);
        assert(!tb_public_check_ak(in, &p, &why)); /* a template never accepts more */
        assert(!tb_public_check_ek(in, &p, &why));
        return 0;
    }
    ak = tb_public_check_ak(in, &p, &why);
    if (ak) { /* what makes a key worth attesting with */
        assert((p.attributes & TB_OBJECT_RESTRICTED) != 0 && (p.attributes & TB_OBJECT_SIGN) != 0);
        assert((p.attributes & TB_OBJECT_FIXED_TPM) != 0);
        assert((p.attributes & TB_OBJECT_DECRYPT) == 0);
        assert(p.scheme != TB_ALG_NULL && p.scheme_hash != TB_BANK_SHA1);
    } else {
        assert(why.where[0] != '\0' && why.check == TB_CHECK_IDENTITY_AK);
    }
    ek = tb_public_check_ek(in, &p, &why);
    assert(!(ak && ek));
    if (ek)
        assert((p.attributes & TB_OBJECT_SIGN) == 0 && p.symmetric == TB_ALG_AES);
    tb_key_free(tb_public_key(&p)); /* NULL or a key, never a crash */
    assert(!tb_public_parse(tb_slice(data, size - 1), TB_CHECK_IDENTITY_AK, &p, &why));
    return 0;
}
