/* agent/enrol.h - making this host known to a Verifier (DESIGN section 3). */
#ifndef TB_AGENT_ENROL_H
#define TB_AGENT_ENROL_H

#include "agent/link.h"
#include "agent/platform.h"
#include "agent/state.h"

enum tb_enrol_status {
    TB_ENROL_DONE,      /* *out is the enrolment, and on the disk */
    TB_ENROL_REFUSED,   /* the Verifier said no */
    TB_ENROL_NO_SERVER, /* nobody there, or overloaded */
    TB_ENROL_NO_TPM,    /* the TPM cannot be used, or did not open the credential */
    TB_ENROL_NO_DISK,   /* the enrolment could not be kept */
};

struct tb_enroller {
    const struct tb_agent_config *config;
    const struct tb_state_dir *state; /* locked */
    struct tb_link *link;             /* without a token */
    struct tb_hasher *hasher;
    const char *token; /* enrolment token; "" none */
};

/* Finishes the enrolment that was cut, if there is one, or makes a new one. active: false when an
 * operator has to approve it first. text: what happened, in words. */
TB_MUST_CHECK enum tb_enrol_status tb_enrol(const struct tb_enroller *e, struct tb_enrolment *out,
                                            bool *active, char text[512]);

#endif
