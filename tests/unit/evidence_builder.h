/* tests/unit/evidence_builder.h - a whole attestation as a host with a good boot would send it.
 *
 *     struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
 *     log_find(e->log, ...)->... ;       change the boot
 *     evidence_prepare(e);               PCR values, message, binding and quote follow from it
 *     e->q.reset_count = 3;              change what the TPM says
 *     evidence_sign(e);                  the AK signs it
 *     e->in.enrolled = false;            change what the Verifier knows
 *     evidence_appraise(e); ... e->result ...
 *     evidence_free(e); */
#ifndef TB_TESTS_EVIDENCE_BUILDER_H
#define TB_TESTS_EVIDENCE_BUILDER_H

#include "core/appraise.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/test_support.h"
#include "wire/messages.h"

struct evidence {
    struct test_ak *ak;
    struct log_builder *log;
    struct tb_hasher *h;
    struct tb_policy policy;
    uint8_t nonce[TB_NONCE_LEN], exporter[TB_EXPORTER_LEN];
    size_t n_wanted;
    struct tb_selection wanted[TB_SELECTIONS_MAX];
    struct tb_evidence_content message;
    uint8_t *content_bytes;
    size_t content_len;
    struct tb_content content;
    uint8_t binding[TB_DIGEST_MAX], pcr_digest[TB_DIGEST_MAX];
    struct test_quote q;
    struct test_bytes attest, signature;
    struct tb_appraisal_input in;
    struct tb_boot_result boot; /* result.boot, while the quote is genuine */
    struct tb_result result;
};

struct evidence *evidence_new(uint32_t banks);
void evidence_free(struct evidence *e);
void evidence_prepare(struct evidence *e);
/* Encode the message again, after a change to it or to the nonce, and bind the quote to it. */
void evidence_bind(struct evidence *e);
/* The digest of the content's PCR values, over the selections of q, into q. */
void evidence_digest_pcrs(struct evidence *e);
void evidence_sign(struct evidence *e);
void evidence_appraise(struct evidence *e);
/* The three last steps, for a test that changed the boot only. */
void evidence_run(struct evidence *e);

/* The reason of the first finding of this check; fails the test if there is none. */
const struct tb_reason *evidence_reason(const struct evidence *e, enum tb_check check);

#endif
