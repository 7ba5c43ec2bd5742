/* crypto/pki_internal.h - private to crypto/: making certificates, shared by the server's own and
 * by the vendor's. */
#ifndef TB_CRYPTO_PKI_INTERNAL_H
#define TB_CRYPTO_PKI_INTERNAL_H

#include "crypto/pki.h"

#include <openssl/x509.h>

bool tb_pki_fail(char err[TB_PKI_ERROR_MAX], const char *what); /* false */
/* The first certificate, the key of a PEM text. The caller frees. NULL: none. */
X509 *tb_pki_cert_of(struct tb_reader pem);
EVP_PKEY *tb_pki_key_of(const char *pem);
/* A version 3 certificate with serial, times, names and key, not signed yet; issuer NULL:
 * self-issued. The caller frees. NULL: out of memory. */
X509 *tb_pki_cert_begin(EVP_PKEY *key, const char *name, X509 *issuer, int64_t now_s, int days);
/* value: as OpenSSL's configuration writes it. */
TB_MUST_CHECK bool tb_pki_add_extension(X509 *x, X509 *issuer, int nid, const char *value);
/* Both as PEM into *out. */
TB_MUST_CHECK bool tb_pki_put_pair(X509 *x, EVP_PKEY *key, struct tb_pki_pair *out);

#endif
