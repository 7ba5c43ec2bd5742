/* crypto/bearssl/cert.h - what BearSSL does not tell of a certificate.
 *
 * RFC 5280 in strict DER (X.690, 10), read with a closed set of extensions. It judges no signature,
 * no date and no chain: br_x509_minimal does that, first. What it reads afterwards is what that
 * engine skips: usages, path lengths, key identifiers, names, the level. */
#ifndef TB_CRYPTO_BEARSSL_CERT_H
#define TB_CRYPTO_BEARSSL_CERT_H

#include "core/reader.h"

enum { TB_USAGE_SIGN = 0x80, TB_USAGE_CERT_SIGN = 0x04 }; /* first byte of the bits, RFC 5280 */

struct tb_small_cert {
    struct tb_reader whole;
    struct tb_reader subject, key; /* DER of the name, of the SubjectPublicKeyInfo */
    struct tb_reader common_name;  /* the first of the subject; may be empty */
    struct tb_reader subject_key_id, issuer_key_id; /* empty: none said */
    bool is_ca, has_path_len, for_code;
    uint8_t path_len;
    uint8_t usage;    /* without the extension all bits are set */
    char level[16];   /* "": none said */
    uint32_t present; /* bit i: the extension known_extensions[i] is there */
};

/* Takes one certificate off the front. False: it is none, or one of those that only a larger
 * verifier can judge: an extension outside the set, a critical one but the two basic ones, one
 * that stands there twice. */
TB_MUST_CHECK bool tb_small_cert_read(struct tb_reader *in, struct tb_small_cert *out);

/* "CN=" and the first common name of the subject, printable ASCII only, cut to fit. */
void tb_small_cert_name(const struct tb_small_cert *c, char *out, size_t out_len);

#endif
