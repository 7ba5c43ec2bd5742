/* crypto/credential.h - TPM2_MakeCredential in software.
 *
 * TPM 2.0 Library Part 1, rev 01.59, 24 (credential protection), annexes B.10.4 (RSA) and C.6.4
 * (ECC); Part 3, 12.6. Only the TPM that holds the EK, and in it the object with the Name, can open
 * it. */
#ifndef TB_CRYPTO_CREDENTIAL_H
#define TB_CRYPTO_CREDENTIAL_H

#include "core/public.h"

#define TB_CREDENTIAL_BLOB_MAX (2 + 2 * TB_DIGEST_MAX + 2)
#define TB_CREDENTIAL_SECRET_MAX 512 /* RSA 4096 */

/* Contents of the two TPM2Bs that TPM2_ActivateCredential takes, without their sizes. */
struct tb_credential {
    size_t blob_len;
    uint8_t blob[TB_CREDENTIAL_BLOB_MAX]; /* TPMS_ID_OBJECT: integrityHMAC, encIdentity */
    size_t secret_len;
    uint8_t secret[TB_CREDENTIAL_SECRET_MAX]; /* TPM2B_ENCRYPTED_SECRET */
};

/* ek      checked by tb_public_check_ek: its name algorithm and symmetric size are used
 * name    the Name of the attestation key, which the Verifier computed itself
 * secret  what the host shall prove that it can read; at most a digest of the EK's nameAlg
 * False: the EK is no storage key, the secret is too long, or the crypto library failed; then *out
 * is zero. */
TB_MUST_CHECK bool tb_credential_make(const struct tb_public *ek, struct tb_reader name,
                                      struct tb_reader secret, struct tb_credential *out);

#endif
