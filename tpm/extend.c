/* tpm/extend.c - TPM2_PCR_Extend (TPM 2.0 Library Part 3, rev 01.59, 22.2). */
#include "tpm/internal.h"

#include <stdio.h>
#include <string.h>

enum tb_tpm_status tb_tpm_extend(struct tb_tpm *tpm, uint32_t pcr,
                                 const struct tb_tpm_digest *digest, size_t n,
                                 struct tb_tpm_error *why)
{
    TPML_DIGEST_VALUES values = { .count = (uint32_t)n };
    char attempted[48];
    TSS2_RC rc;

    (void)snprintf(attempted, sizeof attempted, "extending PCR %u", pcr);
    if (n == 0 || n > TPM2_NUM_PCR_BANKS || pcr >= TB_TPM_PCRS_MAX)
        return tb_tpm_say(why, TB_TPM_BUG, "%s: %zu digests", attempted, n);
    for (size_t i = 0; i < n; i++) {
        values.digests[i].hashAlg = digest[i].alg;
        memcpy(&values.digests[i].digest, digest[i].bytes, sizeof digest[i].bytes);
    }
    rc = Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                         ESYS_TR_NONE, &values);
    return rc == TSS2_RC_SUCCESS ? TB_TPM_OK : tb_tpm_fail(why, rc, attempted);
}
