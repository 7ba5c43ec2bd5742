/* crypto/hash.h - digests by PCR bank.
 *
 * A hasher holds the fetched algorithms and one context, so that a digest costs no look-up and no
 * allocation. One per thread; not shared. */
#ifndef TB_CRYPTO_HASH_H
#define TB_CRYPTO_HASH_H

#include "core/alg.h"

struct tb_hasher;

/* The caller frees. NULL: out of memory or the library lacks an algorithm. */
struct tb_hasher *tb_hasher_new(void);
void tb_hasher_free(struct tb_hasher *h); /* NULL is a no-op */

/* Digest of parts[0..n), one after the other, into out: tb_bank_digest_len(bank) bytes.
 * False only when the crypto library fails, which no input can bring about. */
TB_MUST_CHECK bool tb_hash_parts(struct tb_hasher *h, enum tb_bank bank,
                                 const struct tb_reader *parts, size_t n,
                                 uint8_t out[TB_DIGEST_MAX]);
TB_MUST_CHECK bool tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in,
                           uint8_t out[TB_DIGEST_MAX]);

/* A digest of bytes that come piece by piece. */
struct tb_hash_stream;
/* NULL: out of memory. h must outlive it. */
struct tb_hash_stream *tb_hash_stream_new(struct tb_hasher *h, enum tb_bank bank);
void tb_hash_stream_free(struct tb_hash_stream *s); /* NULL is a no-op */
TB_MUST_CHECK bool tb_hash_stream_add(struct tb_hash_stream *s, struct tb_reader piece);
/* The digest of all pieces; nothing is added afterwards. */
TB_MUST_CHECK bool tb_hash_stream_end(struct tb_hash_stream *s, uint8_t out[TB_DIGEST_MAX]);

#endif
