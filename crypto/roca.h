/* crypto/roca.h - RSA moduli whose primes were not random enough.
 *
 * CVE-2017-15361; Nemec, Sys, Svenda, Klinec, Matyas: "The Return of Coppersmith's Attack", ACM CCS
 * 2017, sections 2 and 3. A library that many TPMs used made primes p = k*M + (65537^a mod M),
 * where M is the product of the first n primes. So modulo each of these small primes the modulus is
 * a power of 65537, which of random moduli no more than one in 2^150 is; and the private key can be
 * computed. */
#ifndef TB_CRYPTO_ROCA_H
#define TB_CRYPTO_ROCA_H

#include "core/reader.h"

/* True if the modulus (big-endian) has that structure. Costs some tens of microseconds. */
bool tb_roca_has_structure(struct tb_reader modulus);

#endif
