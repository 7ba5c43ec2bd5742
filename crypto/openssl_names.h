/* crypto/openssl_names.h - private to crypto/: what OpenSSL calls the TPM's algorithms, and the
 * building of an EVP_PKEY from a TPM's numbers. */
#ifndef TB_CRYPTO_OPENSSL_NAMES_H
#define TB_CRYPTO_OPENSSL_NAMES_H

#include "core/alg.h"

#include <openssl/evp.h>

#define TB_COORDINATE_MAX 66 /* bytes of a P-521 coordinate */
#define TB_POINT_MAX (1 + 2 * TB_COORDINATE_MAX)

const EVP_MD *tb_openssl_md(enum tb_bank bank);
const char *tb_openssl_md_name(enum tb_bank bank);
/* NULL: not one of the three curves. */
const char *tb_openssl_curve(uint16_t curve, size_t *coordinate_len);

/* The point as 04 || x || y, each padded to the curve's size. out_len: bytes written. False when a
 * coordinate is longer than that. */
TB_MUST_CHECK bool tb_openssl_point(uint16_t curve, struct tb_reader x, struct tb_reader y,
                                    uint8_t out[TB_POINT_MAX], size_t *out_len);

/* The caller frees. NULL: no key. */
EVP_PKEY *tb_openssl_rsa(struct tb_reader modulus, uint32_t exponent);
EVP_PKEY *tb_openssl_ec(uint16_t curve, struct tb_reader x, struct tb_reader y);

#endif
