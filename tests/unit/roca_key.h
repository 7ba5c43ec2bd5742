/* tests/unit/roca_key.h - RSA moduli as the library of CVE-2017-15361 made them. */
#ifndef TB_TESTS_ROCA_KEY_H
#define TB_TESTS_ROCA_KEY_H

#include <openssl/evp.h>
#include <stdint.h>

/* A modulus of so many bits into n (bits / 8 bytes): both primes are k*M + (65537^a mod M), M the
 * product of the primes up to last_prime. */
void roca_modulus(int bits, unsigned last_prime, uint8_t *n);
/* A whole key of 2048 bits made in that way. The caller frees. */
EVP_PKEY *roca_key_new(void);

#endif
