/* crypto/random.h - random bytes for nonces, tokens and keys. */
#ifndef TB_CRYPTO_RANDOM_H
#define TB_CRYPTO_RANDOM_H

#include "core/reader.h"

/* Fill out with random bytes. False when the random source fails: then out holds zeros and nothing
 * may be issued from it. */
TB_MUST_CHECK bool tb_random(void *out, size_t len);

#endif
