/* crypto/pki.h - the server's own certificate authority and TLS certificate.
 *
 * Made at the first start, so that the agents have a certificate to pin without any administration.
 * P-256 throughout (RFC 5280 profile). The caller reads and writes the files. */
#ifndef TB_CRYPTO_PKI_H
#define TB_CRYPTO_PKI_H

#include "core/reader.h"

#define TB_PEM_MAX 8192 /* bytes of a key or certificate as PEM, NUL included */
#define TB_PKI_NAMES_MAX 16
#define TB_PKI_CA_DAYS 3650
#define TB_PKI_SERVER_DAYS 397
#define TB_PKI_ERROR_MAX 128

/* A private key and its certificate, as PEM. Wipe with tb_pki_pair_wipe. */
struct tb_pki_pair {
    char key[TB_PEM_MAX];
    char cert[TB_PEM_MAX];
};
void tb_pki_pair_wipe(struct tb_pki_pair *p);

/* A new self-signed CA for server certificates only (path length 0). name: its common name.
 * now_s: seconds since 1970, UTC. False, and err: what failed. */
TB_MUST_CHECK bool tb_pki_ca_make(const char *name, int64_t now_s, struct tb_pki_pair *out,
                                  char err[TB_PKI_ERROR_MAX]);

/* A new key and server certificate by the CA. names: DNS names and IP addresses (text); the first
 * one is the common name. out->cert is the server's certificate followed by the CA's. */
TB_MUST_CHECK bool tb_pki_server_make(const struct tb_pki_pair *ca, const char *const *names,
                                      size_t n_names, int64_t now_s, struct tb_pki_pair *out,
                                      char err[TB_PKI_ERROR_MAX]);

/* SHA-256 of the first certificate's DER: what an operator compares, and what an agent pins. */
TB_MUST_CHECK bool tb_pki_fingerprint(struct tb_reader cert_pem, uint8_t out[32]);

/* True if the first certificate should be made anew: less than a third of its life is left, it does
 * not parse, it does not verify with the CA's key, or a name of `names` is missing in it. */
TB_MUST_CHECK bool tb_pki_needs_renewal(struct tb_reader cert_pem, struct tb_reader ca_pem,
                                        const char *const *names, size_t n_names, int64_t now_s);

#endif
