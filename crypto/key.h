/* crypto/key.h - public keys and the verification of signatures with them.
 *
 * A key is built from the numbers in a TPM's public area (never from DER: decoding costs nine times
 * the verification) and keeps its verification contexts. Not thread safe: one user at a time. */
#ifndef TB_CRYPTO_KEY_H
#define TB_CRYPTO_KEY_H

#include "core/alg.h"

struct tb_key;

/* RSA: modulus big-endian without leading zeros, public exponent of 65537 or more. EC: curve
 * TB_CURVE_*, coordinates big-endian, at most the curve's size. The caller frees. NULL: the numbers
 * are no key (point not on the curve, modulus even, below 2048 or above 4096 bits, ...). */
struct tb_key *tb_key_new_rsa(struct tb_reader modulus, uint32_t exponent);
struct tb_key *tb_key_new_ec(uint16_t curve, struct tb_reader x, struct tb_reader y);
void tb_key_free(struct tb_key *k); /* NULL is a no-op */

/* True if the signature over a digest holds.
 * scheme  TB_ALG_RSASSA, TB_ALG_RSAPSS (any length of salt: TPMs differ in it) or TB_ALG_ECDSA
 * bank    the hash of the scheme; digest has its length
 * RSA: sig is the signature and s is empty. ECDSA: r and s, big-endian, any length up to the
 * curve's size. A scheme that does not fit the key is false, never a crash. */
TB_MUST_CHECK bool tb_key_verify(struct tb_key *k, uint16_t scheme, enum tb_bank bank,
                                 const uint8_t *digest, struct tb_reader sig_or_r,
                                 struct tb_reader s);

#endif
