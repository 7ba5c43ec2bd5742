/* server/verifier.h - the Verifier without its transport: enrolment, challenge, evidence.
 *
 * DESIGN sections 3 and 4. Messages come decoded and go out as structs; what this part decides it
 * writes to the store before it answers. Thread safe: one Verifier serves all threads of a server.
 */
#ifndef TB_SERVER_VERIFIER_H
#define TB_SERVER_VERIFIER_H

#include "core/appraise.h"
#include "crypto/credential.h"
#include "crypto/ek.h"
#include "store/store.h"
#include "wire/messages.h"

struct tb_verifier;

struct tb_verifier_config {
    struct tb_store *store;        /* borrowed; outlives the Verifier */
    struct tb_roots *ek_roots;     /* taken; NULL: no certificate is trusted */
    uint32_t challenge_life_s;     /* [60] */
    uint32_t attest_gap_ms;        /* least time between two attestations of a host; 0: none */
    uint32_t offer_life_s;         /* [60] */
    uint32_t offers_max;           /* enrolments under way; with good tokens twice that [1000] */
    uint32_t pending_max;          /* hosts that wait; with good tokens twice that [1000] */
    size_t boots_cached;           /* appraisals of boots kept [512] */
    size_t keys_cached;            /* attestation keys kept [65536] */
    void (*log)(const char *text); /* what an administrator must see; NULL: nowhere */
};

/* NULL: out of memory or the crypto library is unusable. */
struct tb_verifier *tb_verifier_new(const struct tb_verifier_config *config);
void tb_verifier_free(struct tb_verifier *v); /* NULL is a no-op */

/* Why a request was not served, ready for the wire. why.where is "" when no single place is at
 * fault. Texts come from this program only. */
struct tb_refusal {
    int status;             /* HTTP */
    const char *code;       /* static; a stable word */
    char message[256];      /* one line */
    struct tb_reason why;   /* where, expected, observed; where "" if there is none */
    unsigned retry_after_s; /* 0: none */
};

/* Fill *r and return false. */
bool tb_refusal_set(struct tb_refusal *r, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same from a reason; the message is the check's title. */
bool tb_refusal_of(struct tb_refusal *r, int status, const struct tb_reason *why);
/* The same for what the store said; 503 for an unusable store. */
bool tb_refusal_store(struct tb_refusal *r, enum tb_store_status status);

/* The policy in force for a group, at most some seconds old: the store's, the built-in one where
 * none was put, and the last good one while the store's cannot be read. It is shared, since it is
 * large, and stays as it is until it is given back. False: it cannot be read and there is no last
 * good one (503 "policy-unreadable"). */
TB_MUST_CHECK bool tb_verifier_policy(struct tb_verifier *v, const char *group, int64_t now_ms,
                                      const struct tb_policy **out, struct tb_refusal *why);
void tb_verifier_policy_done(const struct tb_policy *policy); /* NULL is a no-op */
/* The same, but false too while the last good one stands in: for those who are to see it. */
TB_MUST_CHECK bool tb_verifier_policy_strict(struct tb_verifier *v, const char *group,
                                             int64_t now_ms, const struct tb_policy **out,
                                             struct tb_refusal *why);
/* Forget cached policies (a new one was put). */
void tb_verifier_policy_changed(struct tb_verifier *v);

/* --- Enrolment ----------------------------------------------------------------------------------
 */

/* Judges the keys' form, makes the credential. Tells nothing about token or EK. The request is
 * kept until the activation, its token as a digest. out points into *credential. */
TB_MUST_CHECK bool tb_verifier_enrol(struct tb_verifier *v, int64_t now_ms,
                                     const struct tb_enrol_request *request,
                                     struct tb_credential *credential, struct tb_enrol_offer *out,
                                     struct tb_refusal *why);

TB_MUST_CHECK bool tb_verifier_activate(struct tb_verifier *v, int64_t now_ms,
                                        const struct tb_activate_request *request,
                                        struct tb_activate_reply *out, struct tb_refusal *why);

/* --- Attestation --------------------------------------------------------------------------------
 */

/* The host that a token belongs to. NOT_FOUND: unknown token. */
TB_MUST_CHECK enum tb_store_status tb_verifier_host_of_token(struct tb_verifier *v,
                                                             const uint8_t token[TB_HOST_TOKEN_LEN],
                                                             struct tb_host *out);

/* capable is false for a host without TPM 2.0: it was seen, and there is nothing to answer. */
TB_MUST_CHECK bool tb_verifier_challenge(struct tb_verifier *v, int64_t now_ms,
                                         const struct tb_host *host,
                                         const struct tb_challenge_request *request,
                                         struct tb_challenge *out, bool *capable,
                                         struct tb_refusal *why);

/* Appraise and remember. The nonce is spent whatever comes of it, unless the challenge is not this
 * one. exporter: of the TLS session that carried the message. */
TB_MUST_CHECK bool tb_verifier_evidence(struct tb_verifier *v, int64_t now_ms,
                                        const struct tb_host *host,
                                        const struct tb_evidence_message *message,
                                        const uint8_t exporter[TB_EXPORTER_LEN],
                                        struct tb_evidence_answer *out, struct tb_refusal *why);

/* Appraise stored evidence again, under another policy: nothing is stored. False when parts of the
 * evidence are not held any more. */
TB_MUST_CHECK bool tb_verifier_reappraise(struct tb_verifier *v, const struct tb_host *host,
                                          const struct tb_evidence_record *evidence,
                                          const struct tb_policy *policy, struct tb_appraisal *out);

/* A digest of what people see of a host: its keys, and what came of its last evidence. Who decides
 * something names it, so that nothing is decided about what came after they looked. */
TB_MUST_CHECK bool tb_verifier_seen(struct tb_verifier *v, const struct tb_host *host,
                                    uint8_t out[TB_SHA256_LEN]);

/* An operator accepts the firmware, the host's and its TPM's, that the last evidence shows. seen:
 * the digest above, as it was when they looked; other evidence since is refused (409
 * "other-evidence"). NULL: whatever is there. */
TB_MUST_CHECK bool tb_verifier_accept_firmware(struct tb_verifier *v, const struct tb_host *host,
                                               const uint8_t *seen, const struct tb_store_by *by,
                                               struct tb_refusal *why);

/* An operator accepts the packages that the last evidence shows, though they are older than what
 * the host was trusted with. seen: likewise. */
TB_MUST_CHECK bool tb_verifier_accept_rollback(struct tb_verifier *v, const struct tb_host *host,
                                               const uint8_t *seen, const struct tb_store_by *by,
                                               struct tb_refusal *why);

/* With one of the Verifier's hashers. False: out of memory. */
TB_MUST_CHECK bool tb_sha256(struct tb_verifier *v, struct tb_reader in, uint8_t out[32]);

struct tb_verifier_counters {
    uint64_t challenges, evidences, enrolments, refusals;
    uint64_t boot_hits, boot_misses, key_hits, key_misses;
};
void tb_verifier_counters_read(struct tb_verifier *v, struct tb_verifier_counters *out);

#endif
