/* core/signature.h - a signature as the TPM writes it.
 *
 * TPM 2.0 Library Part 2, rev 01.59: 11.3.4 TPMT_SIGNATURE; 11.3.1 and 11.3.2 for its contents.
 * Accepted schemes are RSASSA, RSAPSS and ECDSA; every other algorithm fails closed. */
#ifndef TB_CORE_SIGNATURE_H
#define TB_CORE_SIGNATURE_H

#include "core/reason.h"
#include "core/alg.h"

struct tb_signature {
    uint16_t scheme;           /* TB_ALG_RSASSA, TB_ALG_RSAPSS or TB_ALG_ECDSA */
    enum tb_bank hash;         /* of the scheme */
    struct tb_reader sig_or_r; /* RSA: the signature, at most 512 bytes; ECDSA: r, 1 to 66 bytes */
    struct tb_reader s;        /* ECDSA: s, 1 to 66 bytes; RSA: empty */
};

/* in is exactly one TPMT_SIGNATURE, borrowed. On failure *why has TB_CHECK_QUOTE_SCHEME (an
 * algorithm that is not accepted) or TB_CHECK_QUOTE_STRUCTURE. */
TB_MUST_CHECK bool tb_signature_parse(struct tb_reader in, struct tb_signature *out,
                                      struct tb_reason *why);

#endif
