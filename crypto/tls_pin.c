/* crypto/tls_pin.c - see tls.h. */
#include "crypto/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

static bool is_pinned(X509 *certificate, const uint8_t pin[TB_TLS_PIN_LEN])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return X509_digest(certificate, EVP_sha256(), digest, &len) == 1 && len == TB_TLS_PIN_LEN &&
           memcmp(digest, pin, TB_TLS_PIN_LEN) == 0;
}

/* In place of OpenSSL's own look-up: the certificates that the peer presents are searched for the
 * pinned one, and the path is then built and checked with that as the only anchor. */
static int verify_pinned(X509_STORE_CTX *ctx, void *pin)
{
    STACK_OF(X509) *presented = X509_STORE_CTX_get0_untrusted(ctx);
    STACK_OF(X509) *anchors = sk_X509_new_null();
    int good = 0;

    for (int i = 0; anchors != NULL && i < sk_X509_num(presented); i++)
        if (is_pinned(sk_X509_value(presented, i), pin) &&
            sk_X509_push(anchors, sk_X509_value(presented, i)) > 0)
            break;
    if (anchors == NULL || sk_X509_num(anchors) == 0) {
        X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
    } else {
        X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
        /* The pinned certificate may be the server's own, which ends no path otherwise. */
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
        good = X509_verify_cert(ctx) == 1;
    }
    sk_X509_free(anchors);
    return good;
}

void tb_tls_pin(void *ssl_ctx, const uint8_t pin[TB_TLS_PIN_LEN])
{
    union {
        const uint8_t *in;
        void *out;
    } arg = { .in = pin }; /* OpenSSL asks for void *; it is only read */

    SSL_CTX_set_cert_verify_callback(ssl_ctx, verify_pinned, arg.out);
    SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, NULL);
}
