/* crypto/cert_internal.h - private to crypto/. */
#ifndef TB_CRYPTO_CERT_INTERNAL_H
#define TB_CRYPTO_CERT_INTERNAL_H

#include "crypto/cert.h"

#include <openssl/x509.h>

struct tb_cert {
    X509 *x509;
    uint8_t sha256[32];
};

/* A name as text into out, cut to fit, printable ASCII only. */
void tb_name_text(const X509_NAME *name, char *out, size_t out_len);
TB_MUST_CHECK bool tb_time_of(const ASN1_TIME *t, int64_t *out_s);
TB_MUST_CHECK bool tb_x509_sha256(X509 *x, uint8_t out[32]);
/* Takes x509 over, also on failure. NULL: out of memory. */
struct tb_cert *tb_cert_take(X509 *x509);

#endif
