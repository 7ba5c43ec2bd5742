/* crypto/secret.h - comparing and forgetting secrets. */
#ifndef TB_CRYPTO_SECRET_H
#define TB_CRYPTO_SECRET_H

#include "core/reader.h"

/* True if both hold the same bytes; the time depends on the lengths only. */
TB_MUST_CHECK bool tb_secret_equal(struct tb_reader a, struct tb_reader b);

/* Overwrite with zeros in a way that the compiler does not leave out. NULL is a no-op. */
void tb_wipe(void *p, size_t len);

#endif
