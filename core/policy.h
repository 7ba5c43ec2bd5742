/* core/policy.h - the Appraisal Policy for Evidence, as the core uses it.
 *
 * A plain value: copy it, compare its digest. wire/policy_json.h reads and writes the file format
 * that docs/policy.md documents. */
#ifndef TB_CORE_POLICY_H
#define TB_CORE_POLICY_H

#include "core/bootfacts.h"

#define TB_POLICY_DIGESTS_MAX 64 /* entries of each list of digests */
#define TB_POLICY_PINS_MAX 32

struct tb_digest_entry {
    enum tb_bank bank;
    uint8_t digest[TB_DIGEST_MAX];
};

struct tb_pin {
    enum tb_bank bank;
    uint8_t pcr;
    uint8_t value[TB_DIGEST_MAX];
};

enum tb_ek_trust {
    TB_EK_TRUST_CERTIFICATE = 0, /* chain to an operator's root, or allow-list; else pending */
    TB_EK_TRUST_TOKEN,           /* a valid enrolment token is enough */
};

struct tb_policy {
    char name[64];
    uint8_t digest[32]; /* SHA-256 of the policy's canonical JSON; identifies the version */
    bool enforce;       /* false: observe; verdicts are computed and shown, gates ignore them */
    uint32_t banks;     /* bit b: banks that may be relied on; never SHA-1 by default */
    uint32_t pcrs;      /* PCRs to quote and require; never 16 or 23 */
    enum tb_severity severity[TB_N_CHECKS];
    enum tb_ek_trust ek_trust;
    uint32_t interval_s; /* between attestations */
    uint32_t stale_s;    /* no fresh evidence for so long: stale */
    /* Allow-lists; n == 0 means anything goes. Keys: SHA-256 of the variable's data. */
    size_t n_keys[TB_N_KEYSETS];
    uint8_t keys[TB_N_KEYSETS][TB_POLICY_DIGESTS_MAX][32];
    size_t n_authorities; /* SHA-256 of the authority's signature data */
    uint8_t authorities[TB_POLICY_DIGESTS_MAX][32];
    size_t n_programs; /* Authenticode digests allowed in PCR 4 */
    struct tb_digest_entry programs[TB_POLICY_DIGESTS_MAX];
    size_t n_pins;
    struct tb_pin pin[TB_POLICY_PINS_MAX];
};

/* The policy that needs no file: SHA-256/384/512, PCRs 0-9 and 11-15, Secure Boot on, severities
 * of core/checks.h, interval 300 s, stale after 900 s. Its digest is that of its own canonical
 * JSON, which a test holds to it. */
void tb_policy_builtin(struct tb_policy *out);

#define TB_POLICY_PCRS_NEVER (UINT32_C(1) << 16 | UINT32_C(1) << 23) /* anybody may reset them */
#define TB_POLICY_PCRS_ALWAYS UINT32_C(0xff) /* the firmware's, without which nothing is known */

/* What a failure of this check does under this policy. Some checks are what makes Evidence evidence
 * (signature, binding, replay, ...): they are required whatever the policy says. */
enum tb_severity tb_policy_severity(const struct tb_policy *policy, enum tb_check check);
bool tb_check_is_always_required(enum tb_check check);

#endif
