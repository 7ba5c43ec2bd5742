/* server/pcrs.h - PCR values as bytes for the store.
 *
 * The bytes are those that tb_pcrs_fingerprint() hashes, so that the store's content digest of them
 * is the fingerprint that hosts are told. */
#ifndef TB_SERVER_PCRS_H
#define TB_SERVER_PCRS_H

#include "core/pcr.h"

#define TB_PCRS_BYTES_MAX (TB_N_BANKS * (6 + TB_N_PCRS * TB_DIGEST_MAX))

size_t tb_pcrs_write(const struct tb_pcrs *pcrs, uint8_t out[TB_PCRS_BYTES_MAX]);
/* False: the bytes are not what tb_pcrs_write makes. */
TB_MUST_CHECK bool tb_pcrs_read(struct tb_reader in, struct tb_pcrs *out);

#endif
