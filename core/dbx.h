/* core/dbx.h - lists of what must not run: dbx as the firmware measures it, and as it is published.
 *
 * UEFI 2.10: 32.4.1 (EFI_SIGNATURE_LIST), 8.2.2 (EFI_VARIABLE_AUTHENTICATION_2). A published list
 * (DBXUpdate.bin) is signed; that signature is NOT verified here: whoever puts the list into a
 * policy vouches for it. No I/O, no allocation. */
#ifndef TB_CORE_DBX_H
#define TB_CORE_DBX_H

#include "core/reason.h"
#include "core/uefi.h"
#include "crypto/hash.h"

#define TB_DBX_FILE_MAX (1024 * 1024) /* bytes of a published list */

/* The signature lists of a file: behind the header of an authenticated variable, or from the first
 * byte. The whole is read once, so that the iteration over *lists ends with TB_LIST_END. Refuses
 * other files and one without an entry. why: TB_CHECK_SB_DBX. */
TB_MUST_CHECK bool tb_dbx_open(struct tb_reader file, struct tb_reader *lists,
                               struct tb_reason *why);

/* The digest by which an entry is known: of an image (EFI_CERT_SHA256), of a certificate's DER
 * (EFI_CERT_X509), or of what is signed in one (EFI_CERT_X509_SHA256). False: an entry of another
 * kind, or the crypto library failed. */
TB_MUST_CHECK bool tb_dbx_digest(const struct tb_signature_entry *e, struct tb_hasher *h,
                                 uint8_t out[32]);

#endif
