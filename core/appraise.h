/* core/appraise.h - the appraisal: Evidence, policy, challenge and time in; Attestation Result out.
 *
 * The one function behind server, CLI and fuzzers (RFC 9334, 3: Verifier). No state, no I/O, no
 * clock. The order of checks is that of DESIGN's section "Appraisal" and of core/checks.h. */
#ifndef TB_CORE_APPRAISE_H
#define TB_CORE_APPRAISE_H

#include "core/chain.h"
#include "core/policy.h"
#include "core/public.h"
#include "core/quote.h"
#include "core/signature.h"
#include "core/tpm_class.h"
#include "core/explain.h"
#include "core/story.h"

#define TB_NONCE_LEN 32
#define TB_EXPORTER_LEN 32
#define TB_HOST_ID_MAX 64
#define TB_SERIAL_MAX 64 /* characters of a machine's serial number */

/* What the Verifier remembers of the last accepted quote of a host. */
struct tb_quote_memory {
    bool present;
    uint64_t clock_ms;
    uint32_t reset_count;
    uint32_t restart_count;
    uint64_t firmware_version;
    uint32_t banks;   /* that were quoted, as bits of enum tb_bank */
    char boot_id[40]; /* as the host told; "" unknown */
};

/* PCR 0-3 as last accepted, in one bank. */
struct tb_firmware_reference {
    bool present;
    enum tb_bank bank;
    uint8_t value[4][TB_DIGEST_MAX];
};

/* The unsigned parts of the evidence that the quote's extraData covers (wire's `content`). */
struct tb_content {
    struct tb_pcrs pcrs;       /* values as the host read them */
    bool has_log;              /* false: the host could not read its log */
    char log_missing[129];     /* why, in its own words: shown, never believed */
    struct tb_reader log;      /* event log, from this message or from what the Verifier holds;
                                * tb_appraise_quote() reads none of the three */
    struct tb_reader user_log; /* canonical event log (core/cel.h); empty: none */
    struct tb_reader packages; /* of each package what tb_package_open() reads, one behind the
                                * other; empty: none */
    char boot_id[40];          /* "" unknown */
    uint64_t uptime_ms;
    char serial[TB_SERIAL_MAX + 1]; /* of the machine, by its firmware (SMBIOS); "" unknown */
    uint32_t tpm_vendor;            /* that the TPM tells, tb_tpm_vendor_of_text(); 0 unknown */
};

/* Which of a TPM's keys has the structure of ROCA (crypto/roca.h). It is a key's own for ever, so
 * who keeps keys keeps the answer with them. */
enum tb_roca {
    TB_ROCA_NOT_ASKED = 0, /* the appraisal looks at the attestation key itself */
    TB_ROCA_NONE,
    TB_ROCA_AK,
    TB_ROCA_EK,
};

/* Of two keys as TPMT_PUBLIC. One that is empty or not of the form it must be is passed over: other
 * checks tell that. */
enum tb_roca tb_roca_of_keys(struct tb_reader ak_public, struct tb_reader ek_public);

struct tb_appraisal_input {
    /* the host as enrolled */
    bool enrolled;              /* enrolled and active */
    struct tb_reader ak_public; /* TPMT_PUBLIC bytes */
    struct tb_key *ak_key;      /* built from ak_public, cached by the caller; NULL: built here */
    enum tb_roca roca;
    const char *serial;          /* that the host told then; NULL or "" unknown */
    uint32_t tpm_vendor;         /* the certificate's, else as told then: a claim; 0 unknown */
    enum tb_tpm_class tpm_class; /* tb_tpm_class_to_rely_on() */
    /* the challenge */
    struct tb_reader host_id;
    struct tb_reader nonce;
    struct tb_reader exporter; /* TLS exporter of the session that carried the evidence */
    const struct tb_selection *wanted;
    size_t n_wanted; /* selections asked for; a bank the TPM lacks may come back empty */
    /* the Evidence */
    struct tb_reader quote;         /* TPMS_ATTEST */
    struct tb_reader signature;     /* TPMT_SIGNATURE */
    struct tb_reader content_bytes; /* as sent; hashed into extraData */
    const struct tb_content *content;
    /* memory and policy */
    struct tb_quote_memory last;
    struct tb_firmware_reference firmware;
    const struct tb_minimum *versions; /* as in tb_boot_input */
    const struct tb_vendors *vendors;  /* likewise */
    struct tb_reader earlier_log; /* of the last genuine quote, for when no log came; empty: none */
    const struct tb_policy *policy;
};

/* What an Attester has. The numbers stand in messages and in the store. */
enum tb_tpm_state {
    TB_TPM_STATE_NONE = 0,
    TB_TPM_STATE_12 = 1,
    TB_TPM_STATE_20 = 2,
    TB_N_TPM_STATES
};

enum tb_verdict {
    TB_VERDICT_NONE = 0, /* nobody looked */
    TB_VERDICT_TRUSTED,
    TB_VERDICT_CHANGED,
    TB_VERDICT_FAILED,
    TB_VERDICT_NOT_CAPABLE,
    TB_VERDICT_PENDING,
    TB_VERDICT_STALE,
    TB_VERDICT_UNREACHABLE,
    TB_N_VERDICTS
};
/* "none", "trusted", "changed", "failed", "not-capable", "pending", "stale", "unreachable" */
const char *tb_verdict_name(enum tb_verdict v);
TB_MUST_CHECK bool tb_verdict_of_name(const char *name, enum tb_verdict *out);

/* Tiers of the EAR draft (draft-ietf-rats-ar4si): none, affirming, warning, contraindicated. */
enum tb_tier {
    TB_TIER_NONE = 0,
    TB_TIER_AFFIRMING = 2,
    TB_TIER_WARNING = 32,
    TB_TIER_CONTRAINDICATED = 96
};
enum tb_tier tb_verdict_tier(enum tb_verdict v);
const char *tb_tier_name(enum tb_tier t);

/* What groups 5 to 11 depend on, and nothing else: what is appraised of it may be kept by the
 * digests of logs, packages, PCR values, policy, firmware reference and versions. */
struct tb_boot_input {
    struct tb_reader log;
    struct tb_reader user_log; /* canonical event log (core/cel.h); empty: none */
    struct tb_reader packages; /* of each package what tb_package_open() reads, one behind the
                                * other; empty: none */
    const struct tb_pcrs *quoted;
    const struct tb_policy *policy;
    const struct tb_vendors *vendors;             /* tb_policy_vendors(); NULL: made here */
    const struct tb_firmware_reference *firmware; /* NULL: none */
    /* The highest security versions that this host was trusted with: tb_versions_remember(). NULL:
     * none. The digest of its text is what a key holds of it. */
    const struct tb_minimum *versions;
};

/* What tb_appraise_boot() makes of one tb_boot_input. */
struct tb_boot_result {
    struct tb_findings findings;
    struct tb_boot_facts facts;
    struct tb_pcr_states states;
    uint32_t log_banks; /* banks that the log declares */
    uint32_t n_events;
    enum tb_bank bank; /* relied on; meaningless unless bank_chosen */
    bool bank_chosen;
    struct tb_story story;
    struct tb_chain_facts chain;
    struct tb_explanations explanations; /* of PCRs that do not match; they decide nothing */
};

/* Groups 1 to 4, which are looked at for each quote. */
struct tb_quote_result {
    struct tb_findings findings;
    bool genuine; /* groups 1 to 4 passed: the PCR values are this host's, now */
    /* It would be, had an event log come: the PCR values are this host's, now, all the same. */
    bool only_log_missing;
    /* To be stored when genuine. Its firmware_version stays the one last accepted, and its banks
     * become more but never fewer, so that a change is told until somebody accepts it;
     * quoted_firmware_version and quoted_banks are what they then become. */
    struct tb_quote_memory memory;
    uint64_t quoted_firmware_version;
    uint32_t quoted_banks;
};

struct tb_result {
    enum tb_verdict verdict;
    bool has_headline;
    enum tb_check headline; /* the check that leads: tb_conclude(); valid if has_headline */
    struct tb_findings findings;
    struct tb_quote_result quote;
    const struct tb_boot_result *boot; /* never NULL; empty when the quote was not genuine */
};

/* Bytes that TPM2_Quote must sign as extraData: SHA-256 over the domain string
 * "trueboot evidence 1" with its NUL, and nonce, host id, exporter and SHA-256(content), each with
 * a 16-bit big-endian length in front. out: 32 bytes. */
TB_MUST_CHECK bool tb_binding(struct tb_hasher *h, struct tb_reader nonce, struct tb_reader host_id,
                              struct tb_reader exporter, struct tb_reader content,
                              uint8_t out[TB_DIGEST_MAX]);

void tb_appraise_quote(const struct tb_appraisal_input *in, struct tb_hasher *h,
                       struct tb_quote_result *out);
void tb_appraise_boot(const struct tb_boot_input *in, struct tb_hasher *h,
                      struct tb_boot_result *out);
/* Where nothing but the log is missing: whether PCR 7 proves that Secure Boot was off, or shim's
 * validation, which is why some boot loaders leave Linux without a log. It is computed from the log
 * of an earlier boot. False: nothing is proved, and *out is as it was. True: *out has one failed
 * check of group 6. */
TB_MUST_CHECK bool tb_appraise_no_log(struct tb_reader earlier, const struct tb_pcrs *quoted,
                                      const struct tb_policy *policy, struct tb_hasher *h,
                                      struct tb_boot_result *out);
/* Findings of both and the policy's severities to a verdict. boot may be NULL; otherwise it must
 * live as long as *out, which points to it. The first check that was missed leads; a log that is
 * missing does not lead where it is proved why it is. */
void tb_conclude(const struct tb_quote_result *quote, const struct tb_boot_result *boot,
                 const struct tb_policy *policy, struct tb_result *out);
/* A result with the place for the boot that it points to. Large: not for the stack. */
struct tb_appraisal {
    struct tb_result result;
    struct tb_boot_result boot;
};

/* All of it. */
void tb_appraise(const struct tb_appraisal_input *in, struct tb_hasher *h,
                 struct tb_appraisal *out);

/* The result of Evidence that could not even be read: failed, for this reason, and nothing else
 * looked at. */
void tb_appraise_refused(const struct tb_reason *why, const struct tb_policy *policy,
                         struct tb_result *out);

/* After a verdict of trusted: the versions of the boot's packages into what is remembered of the
 * host, by tb_minimum_take(). True: *m changed. */
bool tb_versions_remember(const struct tb_boot_result *boot, struct tb_minimum *m);

/* The headline in words ("Secure Boot was off"), or "" when nothing failed. From the table only. */
const char *tb_result_headline(const struct tb_result *r);

#endif
