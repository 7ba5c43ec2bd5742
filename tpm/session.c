/* tpm/session.c - salted sessions, and the authorisation to use the EK.
 *
 * TPM 2.0 Library Part 1, rev 01.59, 19.6.8 (salted sessions), 21 (session-based encryption). The
 * salt is encrypted to the EK, so the session key is known to that TPM and to us alone. */
#include "tpm/internal.h"

#define ALL_ATTRIBUTES                                                                             \
    (TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT |                  \
     TPMA_SESSION_AUDIT)

static TSS2_RC start(struct tb_tpm *tpm, TPM2_SE type, TPMI_ALG_HASH hash, ESYS_TR *out)
{
    TPMT_SYM_DEF aes = { .algorithm = TPM2_ALG_AES };

    aes.keyBits.aes = 128;
    aes.mode.aes = TPM2_ALG_CFB;
    return Esys_StartAuthSession(tpm->esys, tpm->ek_key.handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                 ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &aes, hash, out);
}

enum tb_tpm_status tb_session(struct tb_tpm *tpm, TPMA_SESSION attributes, ESYS_TR *out,
                              struct tb_tpm_error *why)
{
    TSS2_RC rc;

    if (tpm->session == ESYS_TR_NONE) {
        rc = start(tpm, TPM2_SE_HMAC, TPM2_ALG_SHA256, &tpm->session);
        if (rc != TSS2_RC_SUCCESS) {
            tpm->session = ESYS_TR_NONE;
            return tb_tpm_fail(why, rc, "starting a session salted to the EK");
        }
    }
    rc = Esys_TRSess_SetAttributes(tpm->esys, tpm->session,
                                   attributes | TPMA_SESSION_CONTINUESESSION, ALL_ATTRIBUTES);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "setting a session's attributes");
    *out = tpm->session;
    return TB_TPM_OK;
}

/* PolicyA of the EK profile: whoever may use the endorsement hierarchy may use the EK. */
static enum tb_tpm_status satisfy_policy(struct tb_tpm *tpm, ESYS_TR policy,
                                         TPMA_SESSION attributes, struct tb_tpm_error *why)
{
    TPM2B_NONCE nonce = { 0 };
    TPM2B_DIGEST cp_hash = { 0 };
    TPM2B_NONCE reference = { 0 };
    ESYS_TR hmac;
    enum tb_tpm_status status = tb_session(tpm, 0, &hmac, why);
    TSS2_RC rc;

    if (status != TB_TPM_OK)
        return status;
    rc = Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, policy, hmac, ESYS_TR_NONE,
                           ESYS_TR_NONE, &nonce, &cp_hash, &reference, 0, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc,
                           "authorising the use of the EK (is an endorsement password set?)");
    rc = Esys_TRSess_SetAttributes(tpm->esys, policy, attributes | TPMA_SESSION_CONTINUESESSION,
                                   ALL_ATTRIBUTES);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "setting a session's attributes");
    return TB_TPM_OK;
}

enum tb_tpm_status tb_session_ek(struct tb_tpm *tpm, TPMA_SESSION attributes, ESYS_TR *out,
                                 struct tb_tpm_error *why)
{
    const TPMT_PUBLIC *ek = &tpm->ek_key.public_area;
    ESYS_TR policy = ESYS_TR_NONE;
    enum tb_tpm_status status;
    TSS2_RC rc;

    if ((ek->objectAttributes & TPMA_OBJECT_USERWITHAUTH) != 0) /* high range: an empty password */
        return tb_session(tpm, attributes, out, why);
    rc = start(tpm, TPM2_SE_POLICY, ek->nameAlg, &policy);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "starting a policy session salted to the EK");
    status = satisfy_policy(tpm, policy, attributes, why);
    if (status != TB_TPM_OK)
        (void)Esys_FlushContext(tpm->esys, policy);
    else
        *out = policy;
    return status;
}

void tb_session_ek_end(struct tb_tpm *tpm, ESYS_TR session)
{
    if (session != ESYS_TR_NONE && session != tpm->session)
        (void)Esys_FlushContext(tpm->esys, session);
}
