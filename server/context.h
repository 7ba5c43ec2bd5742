/* server/context.h - what an appraisal knew besides evidence and policy, as bytes for the store.
 *
 * The selections asked for, what was remembered of the quote before, and the firmware reference:
 * with them anybody can appraise the stored evidence again (trueboot export, trueboot verify). */
#ifndef TB_SERVER_CONTEXT_H
#define TB_SERVER_CONTEXT_H

#include "core/appraise.h"

struct tb_context {
    size_t n_wanted;
    struct tb_selection wanted[TB_SELECTIONS_MAX];
    struct tb_quote_memory last;
    struct tb_firmware_reference firmware;
};

#define TB_CONTEXT_BYTES_MAX 512

size_t tb_context_write(const struct tb_context *c, uint8_t out[TB_CONTEXT_BYTES_MAX]);
/* False: the bytes are not what tb_context_write makes. */
TB_MUST_CHECK bool tb_context_read(struct tb_reader in, struct tb_context *out);

#endif
