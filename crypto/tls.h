/* crypto/tls.h - the channel binding of a TLS connection.
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

#endif
