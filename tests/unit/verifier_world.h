/* tests/unit/verifier_world.h - a Verifier with its store, and hosts with a TPM in software.
 *
 * A soft_host has an endorsement key by one of the TCG's templates and opens credentials as a TPM
 * does (written from the specification, not from crypto/credential.c); its attestation key is a
 * software one. Time is the test's. */
#ifndef TB_TESTS_VERIFIER_WORLD_H
#define TB_TESTS_VERIFIER_WORLD_H

#include "server/verifier.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/test_certs.h"
#include "tests/unit/test_support.h"

struct world {
    char dir[64], path[96]; /* of the store */
    struct tb_store *store;
    struct tb_verifier *v;
    struct tb_hasher *h;
    int64_t now_ms;
};

/* Group fixture: *state becomes a struct world with an empty store; roots: taken, may be NULL. */
struct world *world_new(struct tb_roots *roots);
void world_free(struct world *w);
void world_reopen(struct world *w); /* as after a restart of the server */
struct tb_verifier *world_verifier(struct tb_store *store, struct tb_roots *roots);
/* A token for so many uses, good for an hour. */
void world_token(struct world *w, const char *text, const char *group, uint32_t uses);
void world_policy(struct world *w, const char *json);
void world_policy_of(struct world *w, const char *group, const char *json);

struct soft_host {
    char name[64];
    EVP_PKEY *ek;
    struct test_bytes ek_public;
    struct test_ak *ak;
    struct log_builder *log;             /* the boot; log_finish()ed by host_boot() */
    struct tb_reader user_log, packages; /* borrowed; empty: none */
    const char *agent_version;
    enum tb_tpm_state tpm;
    /* what the TPM counts, and the system says */
    uint64_t clock_ms, firmware_version, uptime_ms;
    uint32_t reset_count, restart_count;
    uint8_t safe;
    char boot_id[40];
    /* what enrolment gave */
    char id[TB_HOST_ID_MAX + 1];
    uint8_t token[TB_HOST_TOKEN_LEN];
};

struct soft_host *host_new(const char *name); /* EK P-256, AK P-256, a good boot with SHA-256 */
struct soft_host *host_new_rsa(const char *name);
struct soft_host *host_new_with(const char *name, EVP_PKEY *ek); /* takes ek: P-256, RSA 2048 */
void host_free(struct soft_host *host);
void host_boot(struct soft_host *host); /* encode the log again: PCR values follow */

/* What TPM2_ActivateCredential does for the key with this Name. False: the credential is not for
 * this EK and Name. */
bool host_open(const struct soft_host *host, struct tb_reader name,
               const struct tb_enrol_offer *offer, uint8_t secret[TB_SECRET_LEN]);
/* Name of a P-256 attestation key of ours. */
void name_of(struct tb_reader public_area, uint8_t name[34]);

/* --- Enrolment, step by step --- */

struct enrolment {
    struct tb_enrol_request request;
    uint8_t bytes[TB_MESSAGE_MAX]; /* the request as sent */
    size_t len;
    struct tb_credential credential;
    struct tb_enrol_offer offer;
    struct tb_activate_request activate;
    uint8_t secret[TB_SECRET_LEN];
    struct tb_activate_reply reply;
    struct tb_refusal why;
};
/* The request of this host; change it before enrolment_ask(). token "" for none. */
void enrolment_begin(struct enrolment *e, const struct soft_host *host, const char *token);
TB_MUST_CHECK bool enrolment_ask(struct world *w, struct enrolment *e);
/* Opens the credential; fails the test when it cannot. */
void enrolment_prove(struct enrolment *e, const struct soft_host *host);
TB_MUST_CHECK bool enrolment_activate(struct world *w, struct enrolment *e);
/* All of it; the host takes id and token. Fails the test unless it ends in that state. */
void enrol(struct world *w, struct soft_host *host, const char *token, enum tb_enrol_state state);
/* The activation is refused: e->why tells. */
void enrol_refused(struct world *w, struct soft_host *host, const char *token, int status,
                   const char *code);

/* --- Attestation, step by step --- */

struct attempt {
    struct tb_host host; /* as the store has it */
    struct tb_challenge challenge;
    uint8_t exporter[TB_EXPORTER_LEN];
    bool omit_log, omit_pcrs;
    bool omit_chain; /* user log and packages; they are left out in any case where they are held */
    struct tb_evidence_content content;
    uint8_t *content_bytes;
    struct test_quote q;
    struct tb_pcrs pcrs;
    uint8_t binding[TB_DIGEST_MAX], pcr_digest[TB_DIGEST_MAX];
    struct test_bytes quote, signature;
    struct tb_evidence_message message;
    struct tb_evidence_answer answer;
    struct tb_refusal why;
};
struct attempt *attempt_new(void);
void attempt_free(struct attempt *a);
/* A challenge, through the host's token. */
TB_MUST_CHECK bool attempt_challenge(struct world *w, struct tb_verifier *v,
                                     const struct soft_host *host, struct attempt *a);
/* Content and quote that answer the challenge; change them, then attempt_sign(). */
void attempt_prepare(struct world *w, const struct soft_host *host, struct attempt *a);
void attempt_bind(struct world *w, const struct soft_host *host, struct attempt *a);
void attempt_sign(const struct soft_host *host, struct attempt *a);
TB_MUST_CHECK bool attempt_send(struct world *w, struct tb_verifier *v, struct attempt *a);
/* All of it: the verdict and the code of the headline are these. */
void attest(struct world *w, const struct soft_host *host, enum tb_verdict verdict,
            const char *headline);

/* The host as the store has it. */
struct tb_host host_stored(struct world *w, const struct soft_host *host);

/* A world in which a token is enough, and a host enrolled in it. */
struct scene {
    struct world *w;
    struct soft_host *host;
    struct attempt *a;
};

int scene_set_up(void **state); /* *state becomes a struct scene */
int scene_tear_down(void **state);
void scene_challenge(struct scene *s);
void scene_prepare(struct scene *s); /* a challenge, and what answers it, not signed yet */
void scene_sent(struct scene *s, enum tb_verdict verdict, const char *headline);
void scene_not_sent(struct scene *s, int status, const char *code);
bool answer_names(const struct tb_evidence_answer *a, const char *code);
/* A tb_incident_fn: the first one into *ctx. */
bool scene_note_incident(void *ctx, const struct tb_incident *i);

#endif
