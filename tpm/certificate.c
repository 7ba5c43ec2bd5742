/* tpm/certificate.c - as much of a certificate as it takes to choose a key.
 *
 * Nothing is trusted here: the Verifier parses and judges the certificate with the crypto library.
 * The agent only has to know which of several keys a certificate in NV is for, so it finds the end
 * of the DER, and asks whether subjectPublicKeyInfo ends in the key that it already holds. */
#include "tpm/internal.h"

#include <string.h>

#define DER_SEQUENCE 0x30
#define DER_EXPLICIT_0 0xA0

/* One DER element (X.690, 8.1): *out is its contents. Lengths of one to three bytes. */
static bool read_element(struct tb_reader *in, uint8_t *tag, struct tb_reader *out)
{
    struct tb_reader r = *in;
    uint8_t first, more[3];
    size_t len;

    if (!tb_read_u8(&r, tag) || !tb_read_u8(&r, &first))
        return false;
    len = first;
    if (first >= 0x80) {
        size_t n = first & 0x7Fu;

        if (n < 1 || n > sizeof more || !tb_read_copy(&r, n, more))
            return false;
        len = 0;
        for (size_t i = 0; i < n; i++)
            len = len << 8 | more[i];
    }
    if (!tb_read_slice(&r, len, out))
        return false;
    *in = r;
    return true;
}

bool tb_certificate_next(struct tb_reader *in, struct tb_reader *out)
{
    struct tb_reader r = *in, contents;
    uint8_t tag;

    if (!read_element(&r, &tag, &contents) || tag != DER_SEQUENCE || contents.left == 0)
        return false;
    *out = tb_slice(in->p, in->left - r.left);
    *in = r;
    return true;
}

/* What is left of an index after the certificate: erased or zeroed memory, never both. */
static bool is_padding(struct tb_reader r)
{
    for (size_t i = 0; i < r.left; i++)
        if (r.p[i] != r.p[0] || (r.p[i] != 0x00 && r.p[i] != 0xFF))
            return false;
    return true;
}

bool tb_certificate_find(struct tb_reader raw, struct tb_reader *out)
{
    /* TCG PC Client Specific Implementation Specification for Conventional BIOS 1.21, 7.4.5.1:
     * TCG_PCCLIENT_STORED_CERT: tag 1001, type 00 (full certificate), length. */
    static const uint8_t header[] = { 0x10, 0x01, 0x00 };
    struct tb_reader r = raw, found, ignored;
    uint16_t len;

    if (r.left > sizeof header && memcmp(r.p, header, sizeof header) == 0) {
        struct tb_reader body;

        if (!tb_read_slice(&r, sizeof header, &ignored) || !tb_read_u16be(&r, &len) ||
            !tb_read_slice(&r, len, &body) || !is_padding(r))
            return false;
        r = body;
    }
    if (!tb_certificate_next(&r, &found) || !is_padding(r))
        return false;
    *out = found;
    return true;
}

/* RFC 5280, 4.1: Certificate { tbsCertificate { [0] version, serialNumber, signature, issuer,
 * validity, subject, subjectPublicKeyInfo, ... */
static bool find_public_key(struct tb_reader certificate, struct tb_reader *out)
{
    enum { BEFORE_KEY = 5 };
    struct tb_reader outer, tbs, skipped;
    uint8_t tag;

    if (!read_element(&certificate, &tag, &outer) || tag != DER_SEQUENCE ||
        !read_element(&outer, &tag, &tbs) || tag != DER_SEQUENCE || tbs.left == 0)
        return false;
    if (tbs.p[0] == DER_EXPLICIT_0 && !read_element(&tbs, &tag, &skipped))
        return false;
    for (int i = 0; i < BEFORE_KEY; i++)
        if (!read_element(&tbs, &tag, &skipped))
            return false;
    return read_element(&tbs, &tag, out) && tag == DER_SEQUENCE;
}

static size_t put_padded(uint8_t *out, const uint8_t *in, size_t n, size_t width)
{
    memset(out, 0, width - n);
    memcpy(out + (width - n), in, n);
    return width;
}

static size_t curve_bytes(TPM2_ECC_CURVE curve)
{
    switch (curve) {
    case TPM2_ECC_NIST_P256: return 32;
    case TPM2_ECC_NIST_P384: return 48;
    case TPM2_ECC_NIST_P521: return 66;
    default: return 0;
    }
}

/* The end of subjectPublicKeyInfo for this key: of ECC the uncompressed point (RFC 5480, 2.2), of
 * RSA the modulus and the exponent (RFC 8017, A.1.1). The algorithm before it differs: some vendors
 * write RSAES-OAEP there. */
static size_t put_key_end(const TPMT_PUBLIC *key, uint8_t out[TPM2_MAX_RSA_KEY_BYTES + 8])
{
    if (key->type == TPM2_ALG_ECC) {
        const TPMS_ECC_POINT *p = &key->unique.ecc;
        size_t w = curve_bytes(key->parameters.eccDetail.curveID), n = 0;

        if (w == 0 || p->x.size > w || p->y.size > w)
            return 0;
        out[n++] = 4;
        n += put_padded(out + n, p->x.buffer, p->x.size, w);
        n += put_padded(out + n, p->y.buffer, p->y.size, w);
        return n;
    }
    if (key->type == TPM2_ALG_RSA) {
        static const uint8_t exponent[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
        size_t n = key->unique.rsa.size;
        uint32_t e = key->parameters.rsaDetail.exponent;

        if (n == 0 || n > TPM2_MAX_RSA_KEY_BYTES || (e != 0 && e != 65537))
            return 0;
        memcpy(out, key->unique.rsa.buffer, n);
        memcpy(out + n, exponent, sizeof exponent);
        return n + sizeof exponent;
    }
    return 0;
}

bool tb_certificate_is_of(struct tb_reader certificate, const TPMT_PUBLIC *key)
{
    uint8_t end[TPM2_MAX_RSA_KEY_BYTES + 8];
    struct tb_reader info;
    size_t n = put_key_end(key, end);

    return n != 0 && find_public_key(certificate, &info) && info.left > n &&
           memcmp(info.p + (info.left - n), end, n) == 0;
}
