/* cli/pin.c - see pin.h. */
#include "cli/pin.h"

#include <string.h>

#include "core/reason.h"
#include "crypto/cert.h"

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = c != '\0' ? strchr(digits, c) : NULL;

    return p != NULL ? (int)(p - digits) : -1;
}

bool tb_pem_decode(const char *pem, uint8_t *out, size_t cap, size_t *out_len)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    const char *p = strstr(pem, begin);
    uint32_t bits = 0;
    size_t n_bits = 0, len = 0;

    if (p == NULL)
        return false;
    for (p += sizeof begin - 1; *p != '-' && *p != '='; p++) {
        int digit = base64_digit(*p);

        if (*p == '\n' || *p == '\r')
            continue;
        if (digit < 0)
            return false; /* the end of the text, too */
        bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
        n_bits += 6;
        if (n_bits < 8)
            continue;
        if (len == cap)
            return false;
        n_bits -= 8;
        out[len++] = (uint8_t)(bits >> n_bits);
    }
    *out_len = len;
    return len > 0;
}

/* Fingerprint of the certificate that libcurl kept of the handshake; false: it kept none. */
static bool peer_fingerprint(struct tb_server_pin *pin, char out[65])
{
    struct curl_certinfo *chain = NULL;
    uint8_t der[TB_CERT_DER_MAX], digest[TB_DIGEST_MAX];
    size_t len;

    if (curl_easy_getinfo(pin->curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs < 1)
        return false;
    for (const struct curl_slist *s = chain->certinfo[0]; s != NULL; s = s->next)
        if (strncmp(s->data, "Cert:", 5) == 0 &&
            tb_pem_decode(s->data + 5, der, sizeof der, &len) &&
            tb_hash(pin->hasher, TB_BANK_SHA256, tb_slice(der, len), digest)) {
            tb_hex(tb_slice(digest, 32), out, 65);
            return true;
        }
    return false;
}

/* libcurl calls this on every request, once there is a connection. A connection that is used again
 * has no handshake to keep a certificate of: it is known by our port. */
static int before_request(void *data, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
    struct tb_server_pin *pin = data;
    char found[65] = "no certificate";
    bool kept = peer_fingerprint(pin, found);

    (void)peer_ip;
    (void)own_ip;
    (void)peer_port;
    if (kept ? strcmp(found, pin->expected) == 0 : own_port != 0 && own_port == pin->good_port) {
        pin->good_port = own_port;
        return CURL_PREREQFUNC_OK;
    }
    memcpy(pin->found, found, sizeof found);
    pin->refused = true;
    return CURL_PREREQFUNC_ABORT;
}

bool tb_server_pin_set(struct tb_server_pin *pin, CURL *curl, const uint8_t fingerprint[32])
{
    *pin = (struct tb_server_pin){ .curl = curl, .hasher = tb_hasher_new() };
    tb_hex(tb_slice(fingerprint, 32), pin->expected, sizeof pin->expected);
    return pin->hasher != NULL && curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PREREQDATA, pin) == CURLE_OK;
}

void tb_server_pin_clear(struct tb_server_pin *pin)
{
    tb_hasher_free(pin->hasher);
    *pin = (struct tb_server_pin){ 0 };
}
