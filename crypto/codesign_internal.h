/* crypto/codesign_internal.h - what verifying and making of code signatures share. */
#ifndef TB_CRYPTO_CODESIGN_INTERNAL_H
#define TB_CRYPTO_CODESIGN_INTERNAL_H

#include "crypto/codesign.h"

#include <openssl/x509.h>

/* The certificates of a PEM file, at most 64, or the one in DER; maybe none. NULL: no memory. The
 * caller frees all. */
STACK_OF(X509) * tb_x509_read_all(struct tb_reader file);
/* A certificate that may sign code. */
bool tb_code_cert_fits(X509 *x);
/* The kind and size of key that the scheme is for. */
bool tb_code_key_fits(EVP_PKEY *key, enum tb_code_scheme scheme);

#endif
