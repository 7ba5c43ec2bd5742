/* server/shape.h - what hosts that boot alike have in common.
 *
 * The boot shape is a digest over the quoted values of the PCRs that equal machines have equal:
 * firmware code (0), option ROMs (2), programs (4), Secure Boot policy (7), and what loaders put
 * in 11 to 14. Left out is what differs from machine to machine: settings and boot variables (1),
 * settings of option ROMs (3), the partition table (5), the platform's own (6), command lines and
 * files that name disks and are built on the machine (8, 9), what grows as the system runs (10).
 * Only values that the TPM signed count; the log has no say. */
#ifndef TB_SERVER_SHAPE_H
#define TB_SERVER_SHAPE_H

#include "core/pcr.h"

#define TB_SHAPE_PCRS UINT32_C(0x7895) /* bit i: PCR i */
/* Of hosts that are proved to be on Trueboot's own boot chain: packages alone are in 11 to 13, but
 * settings with the machine's asset tag in 14. */
#define TB_SHAPE_CHAIN_PCRS UINT32_C(0x3895)
#define TB_SHAPE_LEN 32

/* The bank that a shape is made of: the strongest in which the firmware measured itself. False:
 * there is none. */
TB_MUST_CHECK bool tb_shape_bank(const struct tb_pcrs *pcrs, enum tb_bank *out);

/* SHA-256 over the domain string "trueboot shape 1" with its NUL, the bank's algorithm (u16be), the
 * PCRs of `which` that are there (u32be) and their values in order. False: no bank, or out of
 * memory. */
TB_MUST_CHECK bool tb_shape(const struct tb_pcrs *pcrs, uint32_t which, struct tb_hasher *h,
                            uint8_t out[TB_SHAPE_LEN]);

/* PCRs (bit i) among `which` that differ in *bank: the strongest in which both firmwares measured
 * themselves, since values of two banks say nothing about each other. Of two shapes that are made
 * of different banks it may be none. False: they have no bank in common. */
TB_MUST_CHECK bool tb_shape_differ(const struct tb_pcrs *a, const struct tb_pcrs *b, uint32_t which,
                                   enum tb_bank *bank, uint32_t *differ);

#endif
