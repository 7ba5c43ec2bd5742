/* core/pcr.h - PCR values and selections.
 *
 * TPM 2.0 Library Part 2, rev 01.59: 10.6.2 TPMS_PCR_SELECTION, 10.9.7 TPML_PCR_SELECTION. */
#ifndef TB_CORE_PCR_H
#define TB_CORE_PCR_H

#include "core/reason.h"
#include "core/alg.h"
#include "crypto/hash.h"

#define TB_SELECTIONS_MAX 8            /* banks that one quote may select */
#define TB_PCR_MASK UINT32_C(0xffffff) /* bit i: PCR i */

/* One bank of a selection, in the order in which the TPM hashes. */
struct tb_selection {
    uint16_t alg;  /* as the TPM wrote it; may be one we do not know */
    uint32_t pcrs; /* bit i: PCR i */
};

/* PCR values by bank. mask says which are present; other values are meaningless. */
struct tb_pcrs {
    uint32_t mask[TB_N_BANKS];
    uint8_t value[TB_N_BANKS][TB_N_PCRS][TB_DIGEST_MAX];
};

/* The digest that TPM2_Quote puts in pcrDigest: hash (by `bank`) of the selected values, in the
 * order of the selections and, within one, by PCR number (Part 3, 18.4).
 * False, and why, when a selected value is missing in `values` or its bank is unknown. */
TB_MUST_CHECK bool tb_pcrs_digest(const struct tb_pcrs *values, const struct tb_selection *sel,
                                  size_t n_sel, enum tb_bank bank, struct tb_hasher *h,
                                  uint8_t out[TB_DIGEST_MAX], struct tb_reason *why);

/* True if the value is one that a PCR has without any measurement: zeros, or one extend of zeros or
 * of a separator. value: as long as a digest of the bank. */
bool tb_pcr_is_unmeasured(enum tb_bank bank, const uint8_t *value);

/* PCR.new = H(PCR.old || digest) (TPM 2.0 Library Part 1, rev 01.59, 17.2). digest: of the bank's
 * length. False only when the crypto library fails; value is then as it was. */
TB_MUST_CHECK bool tb_pcr_extend(struct tb_hasher *h, enum tb_bank bank,
                                 uint8_t value[TB_DIGEST_MAX], struct tb_reader digest);

#endif
