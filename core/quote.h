/* core/quote.h - the part of a quote that the TPM signs.
 *
 * TPM 2.0 Library Part 2, rev 01.59: 10.12.12 TPMS_ATTEST, 10.12.4 TPMS_QUOTE_INFO, 10.11.1
 * TPMS_CLOCK_INFO. Integers are big-endian. No I/O, no allocation. */
#ifndef TB_CORE_QUOTE_H
#define TB_CORE_QUOTE_H

#include "core/pcr.h"

struct tb_quote {
    struct tb_reader signer;     /* qualifiedSigner: contents of the TPM2B_NAME */
    struct tb_reader extra_data; /* extraData: what the challenger gave; 0 to 64 bytes */
    uint64_t clock_ms;           /* TPM Clock in milliseconds; advances only with power */
    uint32_t reset_count;        /* TPM Resets: power cycles, in practice */
    uint32_t restart_count;      /* resumes since the last reset */
    bool clock_safe;             /* false: clock_ms may have gone backwards */
    uint64_t firmware_version;   /* of the TPM, as its vendor writes it */
    size_t n_selections;
    struct tb_selection selection[TB_SELECTIONS_MAX];
    struct tb_reader pcr_digest; /* over the selected PCRs, by the hash of the signing scheme */
};

/* Parse the bytes that TPM2_Quote returned as `quoted`.
 *
 * in   exactly one TPMS_ATTEST, without its TPM2B size. Borrowed: the slices in *out point into it.
 * out  written on success only.
 * why  written on failure only: TB_CHECK_QUOTE_MAGIC, _TYPE or _STRUCTURE, and the field at fault.
 *
 * Refuses trailing bytes, a type other than TPM_ST_ATTEST_QUOTE, more than TB_SELECTIONS_MAX banks,
 * the same bank twice, and selections of a size other than the PC Client's 3 bytes.
 * Says nothing about signature, extraData or PCRs: see tb_appraise(). */
TB_MUST_CHECK bool tb_quote_parse(struct tb_reader in, struct tb_quote *out, struct tb_reason *why);

#endif
