/* crypto/cert.h - X.509 certificates as data: who, by whom, until when, which key.
 *
 * Says nothing about trust: see crypto/ek.h. Texts that come out of a certificate are bounded and
 * hold printable ASCII only, whatever the certificate holds. */
#ifndef TB_CRYPTO_CERT_H
#define TB_CRYPTO_CERT_H

#include "core/public.h"

#define TB_CERT_NAME_MAX 256  /* bytes of a name as text, NUL included; longer ones are cut */
#define TB_CERT_DER_MAX 16384 /* bytes of the longest certificate accepted */

struct tb_cert;

/* Parse exactly one DER certificate; in is not needed afterwards. The caller frees.
 * NULL, and why (with `check`): it does not parse, or bytes follow it. */
struct tb_cert *tb_cert_parse(struct tb_reader in, enum tb_check check, struct tb_reason *why);
void tb_cert_free(struct tb_cert *c); /* NULL is a no-op */

/* RFC 4514 order ("CN=...,O=..."), escaped. An empty name is "". */
void tb_cert_subject_text(const struct tb_cert *c, char out[TB_CERT_NAME_MAX]);
void tb_cert_issuer_text(const struct tb_cert *c, char out[TB_CERT_NAME_MAX]);
/* Seconds since 1970, UTC; years after 9999 do not exist. False: the certificate's time is no time.
 */
TB_MUST_CHECK bool tb_cert_validity(const struct tb_cert *c, int64_t *not_before_s,
                                    int64_t *not_after_s);
void tb_cert_sha256(const struct tb_cert *c, uint8_t out[32]); /* of the DER as it came */

/* True if the certificate is about this very key: modulus and exponent, or curve and point. */
TB_MUST_CHECK bool tb_cert_is_about(const struct tb_cert *c, const struct tb_public *pub);

/* The subject of a DER certificate in a Secure Boot variable, as text. False, and out "", when it
 * is no certificate: a boot fact is then shown without its name. */
TB_MUST_CHECK bool tb_cert_subject(struct tb_reader der, char *out, size_t out_len);

#endif
