#include "crypto/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

bool tb_tls_exporter(void *ssl, uint8_t out[TB_TLS_EXPORTER_LEN])
{
    static const char label[] = TB_EXPORTER_LABEL;

    if (ssl == NULL || SSL_version(ssl) != TLS1_3_VERSION || SSL_is_init_finished(ssl) != 1)
        return false;
    if (SSL_export_keying_material(ssl, out, TB_TLS_EXPORTER_LEN, label, sizeof label - 1, NULL, 0,
                                   0) == 1)
        return true;
    ERR_clear_error();
    return false;
}
