/* crypto/tls.h - the channel binding of a TLS connection, and trust in one pinned certificate.
 *
 * The only file of crypto/ that needs libssl, and so a library of its own (tls_lib). */
#ifndef TB_CRYPTO_TLS_H
#define TB_CRYPTO_TLS_H

#include "core/reader.h"

#define TB_EXPORTER_LABEL "EXPORTER-Trueboot-evidence"
#define TB_TLS_EXPORTER_LEN 32

/* ssl is an OpenSSL `SSL *`, as libcurl hands it out (CURLINFO_TLS_SSL_PTR). RFC 8446, 7.5: 32
 * bytes that both ends of this very connection, and nobody else, can compute. No context. False
 * when the handshake is not finished or the protocol is not TLS 1.3: the exporter of older
 * protocols does not bind the certificates (RFC 9266). */
TB_MUST_CHECK bool tb_tls_exporter(void *ssl, uint8_t out[TB_TLS_EXPORTER_LEN]);

#define TB_TLS_PIN_LEN 32 /* SHA-256 of a certificate, DER */

/* ssl_ctx is an OpenSSL `SSL_CTX *`, as libcurl hands it out (CURLOPT_SSL_CTX_FUNCTION). A peer is
 * believed only if one of the certificates that it presents is the pinned one and its own chains
 * to that; no other anchor counts. Whether its name is right is the caller's to see. pin is read
 * in every handshake, so it must outlive the context. */
void tb_tls_pin(void *ssl_ctx, const uint8_t pin[TB_TLS_PIN_LEN]);

#endif
