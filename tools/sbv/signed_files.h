/* tools/sbv/signed_files.h - where signatures and keys stand within files. Verifies nothing. */
#ifndef TB_TOOLS_SBV_SIGNED_FILES_H
#define TB_TOOLS_SBV_SIGNED_FILES_H

#include "core/reader.h"

/* The next WIN_CERTIFICATE of a program's certificate table (UEFI 2.10, 32.2.4) that is a PKCS#7,
 * taken off. False: there is none. */
TB_MUST_CHECK bool signed_program_next(struct tb_reader *table, struct tb_reader *pkcs7);

/* The PKCS#7 at the end of a kernel module (Linux, include/linux/module_signature.h). False: it
 * carries none. */
TB_MUST_CHECK bool signed_module(struct tb_reader module, struct tb_reader *pkcs7);

/* What shim trusts besides db: a certificate or signature lists, in its section .vendor_cert (shim,
 * cert.S). False: this is not that section. */
TB_MUST_CHECK bool shim_vendor(struct tb_reader section, struct tb_reader *allowed);

#endif
