/* crypto/authenticode.h - who signed an EFI program or a kernel module.
 *
 * "Windows Authenticode Portable Executable Signature Format" 1.0; UEFI 2.10, 32.5.3.3: the chain
 * need only lead to a certificate of the list, which may be the signer's own, and dates are not
 * looked at. For telling what a firmware would say; what runs under Trueboot is judged by packages.
 */
#ifndef TB_CRYPTO_AUTHENTICODE_H
#define TB_CRYPTO_AUTHENTICODE_H

#include "core/reason.h"

/* Certificates of a Secure Boot list. */
struct tb_program_keys;
struct tb_program_keys *tb_program_keys_new(void); /* NULL: out of memory */
void tb_program_keys_free(struct tb_program_keys *k);
/* False: not exactly one certificate (DER). */
TB_MUST_CHECK bool tb_program_keys_add(struct tb_program_keys *k, struct tb_reader der);
size_t tb_program_keys_count(const struct tb_program_keys *k);

#define TB_PROGRAM_SIGNER_MAX 256

enum tb_program_signature {
    TB_PROGRAM_MALFORMED = 0, /* not a signature, or not one over this program */
    TB_PROGRAM_STRANGER,      /* it holds, and leads to none of the keys */
    TB_PROGRAM_VOUCHED,
};

/* pkcs7: the data of one WIN_CERTIFICATE of type 2, with or without padding. sha256: the program's
 * Authenticode digest; signatures over another algorithm's are malformed here. signer: the subject,
 * printable; "" when MALFORMED. */
enum tb_program_signature tb_program_signature_check(struct tb_reader pkcs7,
                                                     const uint8_t sha256[32],
                                                     const struct tb_program_keys *keys,
                                                     char signer[TB_PROGRAM_SIGNER_MAX]);

/* Who signed a detached PKCS#7, by issuer and serial number, as kernel modules name him. Verifies
 * nothing. */
TB_MUST_CHECK bool tb_pkcs7_signer(struct tb_reader pkcs7, char out[TB_PROGRAM_SIGNER_MAX]);

#endif
