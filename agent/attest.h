/* agent/attest.h - one attestation: challenge, one quote, evidence, answer (DESIGN section 4). */
#ifndef TB_AGENT_ATTEST_H
#define TB_AGENT_ATTEST_H

#include "agent/link.h"
#include "agent/platform.h"
#include "agent/state.h"

/* What an attestation needs; all borrowed. */
struct tb_attester {
    const struct tb_agent_config *config;
    const struct tb_enrolment *enrolment;
    struct tb_link *link;
    struct tb_hasher *hasher;
};

enum tb_attest_status {
    TB_ATTEST_DONE,        /* the Verifier has judged: see answer */
    TB_ATTEST_NOT_CAPABLE, /* no TPM 2.0 here: the Verifier has taken note */
    TB_ATTEST_PENDING,     /* an operator has to approve this host first */
    TB_ATTEST_REFUSED,     /* the Verifier will not have it; see text */
    TB_ATTEST_NO_SERVER,   /* nobody there, or overloaded */
    TB_ATTEST_NO_TPM,      /* the TPM is there and cannot be used now */
    TB_N_ATTEST_STATUS
};

struct tb_attest_result {
    enum tb_attest_status status;
    struct tb_evidence_answer answer; /* of TB_ATTEST_DONE */
    uint32_t interval_s;              /* until the next one; 0 unknown */
    unsigned retry_after_s;           /* 0: none asked for */
    char text[512];                   /* in words, unless done */
};

void tb_attest(const struct tb_attester *a, struct tb_attest_result *out);

/* The TPM as this program asks for it. */
struct tb_tpm_options tb_attest_tpm_options(const struct tb_agent_config *config);
/* tb_host_facts_read() without what the configuration withholds. */
void tb_attest_host_facts(const struct tb_agent_config *config, const char *root,
                          struct tb_hasher *hasher, struct tb_host_facts *out);
/* Claims of the TPM about itself, for messages. */
void tb_attest_tpm_facts(const struct tb_tpm_properties *p, struct tb_tpm_facts *out);

/* What of `wanted` this TPM has, in the order asked for. A bank that is not active is left out, and
 * so is a PCR that it lacks. The number of selections written. */
size_t tb_attest_selection(const struct tb_selection *wanted, size_t n_wanted,
                           const struct tb_tpm_properties *tpm,
                           struct tb_tpm_selection out[TB_TPM_BANKS_MAX]);

/* True if `values` are what the quote is about: their digest is the quoted one. False also when a
 * PCR was extended between reading and quoting. */
TB_MUST_CHECK bool tb_attest_values_are_quoted(const struct tb_tpm_quote *quote,
                                               const struct tb_pcrs *values,
                                               struct tb_hasher *hasher);

#endif
