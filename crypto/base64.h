/* crypto/base64.h - base64 (RFC 4648, 4) with padding: one text for one value. */
#ifndef TB_CRYPTO_BASE64_H
#define TB_CRYPTO_BASE64_H

#include "core/reader.h"

/* Bytes of the text for n bytes, its NUL included. */
#define TB_BASE64_LEN(n) (((n) + 2) / 3 * 4 + 1)

/* Exactly one value of 1 to cap bytes. False: the text is none, or is another spelling of one. */
TB_MUST_CHECK bool tb_base64_decode(struct tb_reader text, uint8_t *out, size_t cap,
                                    size_t *out_len);
/* out: TB_BASE64_LEN(in.left). in: less than 1 GiB. */
void tb_base64_encode(struct tb_reader in, char *out);

#endif
