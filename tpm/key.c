/* tpm/key.c - a loaded key: handle, public area as the TPM has it, name. */
#include "tpm/internal.h"

#include <string.h>

enum tb_tpm_status tb_key_set(struct tb_tpm *tpm, struct tb_tpm_key *key, ESYS_TR handle,
                              const TPMT_PUBLIC *public_area, struct tb_tpm_error *why)
{
    TPM2B_NAME *name = NULL;
    struct tb_tpm_key k = { .handle = handle, .public_area = *public_area };
    TSS2_RC rc = Tss2_MU_TPMT_PUBLIC_Marshal(public_area, k.bytes, sizeof k.bytes, &k.bytes_len);

    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_TR_GetName(tpm->esys, handle, &name);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "taking down a key's public area");
    k.name = *name;
    Esys_Free(name);
    tb_key_drop(tpm, key);
    *key = k;
    return TB_TPM_OK;
}

void tb_key_drop(struct tb_tpm *tpm, struct tb_tpm_key *key)
{
    if (key->handle != ESYS_TR_NONE) {
        if (key->persistent != 0)
            (void)Esys_TR_Close(tpm->esys, &key->handle);
        else
            (void)Esys_FlushContext(tpm->esys, key->handle);
    }
    *key = (struct tb_tpm_key){ .handle = ESYS_TR_NONE };
}
