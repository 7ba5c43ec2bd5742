/* core/policy.h - the Appraisal Policy for Evidence, as the core uses it.
 *
 * A plain value, but a large one: compare its digest, and share it by reference where it is used
 * often. wire/policy_json.h reads and writes the file format
 * that docs/policy.md documents. */
#ifndef TB_CORE_POLICY_H
#define TB_CORE_POLICY_H

#include "core/bootfacts.h"
#include "core/cmdline.h"
#include "core/sbat.h"
#include "core/tpm_class.h"
#include "crypto/codesign.h"
#include "pkg/manifest.h"
#include "pkg/minimum.h"

#define TB_POLICY_DIGESTS_MAX 64 /* entries of each list of digests */
#define TB_POLICY_PINS_MAX 32
#define TB_POLICY_REVOKED_MAX 1024 /* digests of what must not run */
#define TB_POLICY_OPTIONS_MAX 64   /* rules of each list about the kernel's command line */
#define TB_POLICY_VERSIONS_MAX 32  /* versions of firmware */
#define TB_POLICY_ADVISORIES_MAX 64
#define TB_POLICY_VENDORS_MAX 8
#define TB_POLICY_PACKAGE_BYTES_MAX 65536 /* vendors' certificates and list of revocations */

struct tb_digest_entry {
    enum tb_bank bank;
    uint8_t digest[TB_DIGEST_MAX];
};

struct tb_pin {
    enum tb_bank bank;
    uint8_t pcr;
    uint8_t value[TB_DIGEST_MAX];
};

/* A list of rules about options: core/cmdline.h. */
struct tb_option_rules {
    size_t n;
    char rule[TB_POLICY_OPTIONS_MAX][TB_OPTION_RULE_MAX];
};

/* TPMs of a vendor whose firmware version is in [from, to], as a quote tells it. */
struct tb_tpm_advisory {
    uint32_t vendor; /* core/tpm_class.h */
    uint64_t from, to;
    char name[64]; /* "CVE-2017-15361": shown */
};

/* Bytes of tb_policy_packages. */
struct tb_policy_bytes {
    uint32_t at, len;
};

/* What is asked of a host on Trueboot's own boot chain. n_vendors == 0: nothing, and no package is
 * trusted. With vendors every host must be on that chain. */
struct tb_policy_packages {
    size_t n_vendors;
    struct tb_policy_bytes vendor[TB_POLICY_VENDORS_MAX]; /* root certificates, DER */
    /* A list that the vendors signed, verified when the policy is read; len == 0: none. */
    struct tb_policy_bytes revocations, revocations_signature;
    size_t n_bytes;
    uint8_t bytes[TB_POLICY_PACKAGE_BYTES_MAX];
    enum tb_level level; /* the least */
    size_t n_required;
    char required[TB_SET_PACKAGES_MAX][TB_PKG_NAME_MAX + 1];
    struct tb_minimum minimum;
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
    /* What a boot must at least have; n == 0 means nothing is asked. */
    struct tb_sbat sbat; /* level that shim must enforce */
    size_t n_revoked;    /* image hashes and digests of certificates: in dbx, and not started */
    uint8_t revoked[TB_POLICY_REVOKED_MAX][32]; /* in ascending order, each once */
    /* About the kernel's options, besides the lists of core/cmdline.h: what is forbidden, what is
     * not forbidden in spite of a rule, and what must be there. */
    struct tb_option_rules forbid, allow, require;
    bool forbid_mok;            /* no machine owner's key may vouch for anything */
    size_t n_firmware_versions; /* allowed S-CRTM versions */
    char firmware_version[TB_POLICY_VERSIONS_MAX][TB_TEXT_MAX];
    /* About the TPM, judged with each quote. */
    uint32_t tpm_classes; /* bit c: enum tb_tpm_class is allowed; 0: each is */
    size_t n_advisories;
    struct tb_tpm_advisory advisory[TB_POLICY_ADVISORIES_MAX];
    struct tb_policy_packages packages;
};

/* The policy that needs no file: SHA-256/384/512, PCRs 0-9 and 11-15, Secure Boot on, severities
 * of core/checks.h, interval 300 s, stale after 900 s. Its digest is that of its own canonical
 * JSON, which a test holds to it. */
void tb_policy_builtin(struct tb_policy *out);

#define TB_POLICY_PCRS_NEVER (UINT32_C(1) << 16 | UINT32_C(1) << 23) /* anybody may reset them */
#define TB_POLICY_PCRS_ALWAYS UINT32_C(0xff)  /* the firmware's, without which nothing is known */
#define TB_POLICY_PCRS_CHAIN UINT32_C(0x7800) /* 11 to 14: records of Trueboot's boot chain */

/* What a failure of this check does under this policy. Some checks are what makes Evidence evidence
 * (signature, binding, replay, ...): they are required whatever the policy says; and where it names
 * vendors, so is LOG_UNEXPLAINED, without which the loader's records are none. */
enum tb_severity tb_policy_severity(const struct tb_policy *policy, enum tb_check check);
bool tb_check_is_always_required(enum tb_check check);

/* Put a digest on the list of what must not run; one that is there stays. False: it is full. */
TB_MUST_CHECK bool tb_policy_revoke(struct tb_policy *policy, const uint8_t digest[32]);
/* The digest is on the list of what must not run. */
bool tb_policy_revokes(const struct tb_policy *policy, const uint8_t digest[32]);
/* The same, and where on it. */
TB_MUST_CHECK bool tb_policy_revoked_at(const struct tb_policy *policy, const uint8_t digest[32],
                                        size_t *at);

/* Bytes of policy->packages. */
struct tb_reader tb_policy_slice(const struct tb_policy *policy, struct tb_policy_bytes b);
/* The policy's vendors as the crypto library takes them, for who appraises often to keep beside the
 * policy; the caller frees. NULL, and *why: one is no root certificate, or no memory. */
struct tb_vendors *tb_policy_vendors(const struct tb_policy *policy, struct tb_reason *why);

#endif
