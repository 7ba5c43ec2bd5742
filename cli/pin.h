/* cli/pin.h - trust in one certificate, named by its SHA-256 fingerprint.
 *
 * libcurl pins public keys, not certificates, and operators are shown the certificate's
 * fingerprint. So the certificate is compared after the TLS handshake (which proves that the peer
 * holds its key) and before anything of the request, the API token first of all, is sent. */
#ifndef TB_CLI_PIN_H
#define TB_CLI_PIN_H

#include <curl/curl.h>

#include "crypto/hash.h"

struct tb_server_pin {
    CURL *curl;
    struct tb_hasher *hasher;
    char expected[65], found[65]; /* hex */
    bool refused;
    int good_port; /* our port of the connection whose certificate was compared; 0: none */
};

/* Let `curl` send requests to the holder of this certificate only. *pin must outlive the handle. */
TB_MUST_CHECK bool tb_server_pin_set(struct tb_server_pin *pin, CURL *curl,
                                     const uint8_t fingerprint[32]);
void tb_server_pin_clear(struct tb_server_pin *pin);

/* The DER bytes in the first certificate of a PEM text. False: none, or too long for cap. */
TB_MUST_CHECK bool tb_pem_decode(const char *pem, uint8_t *out, size_t cap, size_t *out_len);

#endif
