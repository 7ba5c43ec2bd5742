/* core/reader.h - a bounded cursor over bytes that someone else owns.
 *
 * The one way in which this program reads untrusted bytes. Each tb_read_* consumes exactly what it
 * returns. If fewer bytes are left it returns false and changes neither the reader nor *out. */
#ifndef TB_CORE_READER_H
#define TB_CORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_MUST_CHECK __attribute__((warn_unused_result))

struct tb_reader {
    const uint8_t *p; /* next byte; borrowed, never freed here; may be NULL when left is 0 */
    size_t left;      /* bytes from p to the end */
};

TB_MUST_CHECK bool tb_read_slice(struct tb_reader *r, size_t n, struct tb_reader *out);
TB_MUST_CHECK bool tb_read_copy(struct tb_reader *r, size_t n, void *out);
TB_MUST_CHECK bool tb_read_u8(struct tb_reader *r, uint8_t *out);
TB_MUST_CHECK bool tb_read_u16be(struct tb_reader *r, uint16_t *out);
TB_MUST_CHECK bool tb_read_u32be(struct tb_reader *r, uint32_t *out);
TB_MUST_CHECK bool tb_read_u64be(struct tb_reader *r, uint64_t *out);
TB_MUST_CHECK bool tb_read_u16le(struct tb_reader *r, uint16_t *out);
TB_MUST_CHECK bool tb_read_u32le(struct tb_reader *r, uint32_t *out);
TB_MUST_CHECK bool tb_read_u64le(struct tb_reader *r, uint64_t *out);

/* A TPM2B (TPM 2.0 Library Part 2, rev 01.59, 10.4): big-endian 16-bit size, then that many bytes.
 * *out is the contents without the size. */
TB_MUST_CHECK bool tb_read_tpm2b(struct tb_reader *r, struct tb_reader *out);

/* True if both hold the same bytes. Not constant time: never for secrets. */
bool tb_slice_equal(struct tb_reader a, struct tb_reader b);

static inline struct tb_reader tb_slice(const void *p, size_t len)
{
    return (struct tb_reader){ (const uint8_t *)p, len };
}

#endif
