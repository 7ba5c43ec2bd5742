/* wire/messages.h - the messages between agent and Verifier.
 *
 * Each message is one deterministic CBOR map (wire/cbor.h) whose keys are the small numbers in the
 * tables of wire/messages.c and docs/protocol.md. Key 1 is always the version of the protocol. A
 * field that is not there is left out; an empty string or byte string stands nowhere, so every
 * struct has exactly one encoding.
 *
 * encode  into the caller's buffer. False if it does not fit, or if a field of the struct breaks
 *         its own limit: nothing is sent that the other side would refuse.
 * decode  the whole of `in`, or nothing: *out is written on success only, *why on failure only
 *         (TB_CHECK_EVIDENCE_FORMAT or _LIMITS, where = "evidence.content.log" and the like).
 *         Slices in *out point into `in` and live no longer than it does. */
#ifndef TB_WIRE_MESSAGES_H
#define TB_WIRE_MESSAGES_H

#include "core/appraise.h"
#include "core/cel.h"
#include "crypto/ek.h"
#include "pkg/relations.h"

#define TB_WIRE_VERSION 1

/* Limits of a message as a whole, in bytes; the server uses them as limits of its routes. */
#define TB_MESSAGE_MAX (64 * 1024) /* every message but evidence */
#define TB_EVIDENCE_MESSAGE_MAX (TB_LOG_SIZE_MAX + TB_CEL_LEN_MAX + TB_PACKAGES_LEN_MAX + 64 * 1024)
/* Metadata of all packages of a host: of a set, and of the other set's loader. */
#define TB_PACKAGES_LEN_MAX (TB_SET_METADATA_MAX + TB_PACKAGE_METADATA_MAX)

#define TB_HOST_NAME_MAX 253  /* characters of a host name (RFC 1123, 2.1) */
#define TB_TOKEN_TEXT_MAX 128 /* characters of an enrolment token */
#define TB_ENROLMENT_ID_LEN 16
#define TB_SECRET_LEN 32 /* the secret of credential activation */
#define TB_HOST_TOKEN_LEN 32
#define TB_EK_CERTIFICATE_MAX 8192 /* DER */
#define TB_CREDENTIAL_MAX 1024
#define TB_QUOTE_MAX 1024     /* TPMS_ATTEST */
#define TB_SIGNATURE_MAX 1024 /* TPMT_SIGNATURE */
#define TB_ANSWER_REASONS_MAX 16

/* What the TPM says about itself. Claims of the host: shown, never believed. "" unknown. */
struct tb_tpm_facts {
    char manufacturer[17];     /* "STM", "INTC", "IBM" */
    char vendor[33];           /* vendor string */
    uint64_t firmware_version; /* as TPM_PT_FIRMWARE_VERSION_1 and _2 */
};

/* What the host says about itself. Claims too. "" unknown. */
struct tb_platform_facts {
    char vendor[65]; /* DMI system vendor */
    char product[65];
    char serial[TB_SERIAL_MAX + 1];
    char os[65]; /* PRETTY_NAME of os-release */
    char kernel[65];
};

struct tb_enrol_request {
    char token[TB_TOKEN_TEXT_MAX + 1];    /* "" none */
    char host_name[TB_HOST_NAME_MAX + 1]; /* letters, digits, '-', '_', '.' */
    enum tb_tpm_state tpm_state;
    struct tb_reader ek_public;      /* TPMT_PUBLIC; empty unless TB_TPM_STATE_20 */
    struct tb_reader ek_certificate; /* as read from NV; empty when there is none */
    size_t n_ek_chain;
    struct tb_reader ek_chain[TB_EK_CHAIN_MAX]; /* DER; untrusted intermediates */
    struct tb_reader ak_public;                 /* TPMT_PUBLIC; empty unless TB_TPM_STATE_20 */
    struct tb_tpm_facts tpm;
    struct tb_platform_facts platform;
    char agent_version[33];
};

/* Equal in form whatever the server thinks of the host. */
struct tb_enrol_offer {
    uint8_t enrolment_id[TB_ENROLMENT_ID_LEN];
    struct tb_reader credential;       /* contents of TPM2B_ID_OBJECT; empty without TPM 2.0 */
    struct tb_reader encrypted_secret; /* contents of TPM2B_ENCRYPTED_SECRET; likewise */
    uint32_t lifetime_s;
};

struct tb_activate_request {
    uint8_t enrolment_id[TB_ENROLMENT_ID_LEN];
    struct tb_reader secret; /* TB_SECRET_LEN bytes; empty without TPM 2.0 */
};

enum tb_enrol_state { TB_ENROL_ACTIVE = 1, TB_ENROL_PENDING = 2, TB_N_ENROL_STATES };

struct tb_activate_reply {
    enum tb_enrol_state state;
    char host_id[TB_HOST_ID_MAX + 1];
    uint8_t host_token[TB_HOST_TOKEN_LEN]; /* sent as 64 hex digits after "Bearer " */
    uint32_t interval_s;
};

struct tb_challenge_request {
    char host_id[TB_HOST_ID_MAX + 1];
    enum tb_tpm_state tpm_state; /* what the agent sees now */
    char agent_version[33];
};

struct tb_challenge {
    uint8_t nonce[TB_NONCE_LEN];
    size_t n_wanted;
    struct tb_selection wanted[TB_SELECTIONS_MAX]; /* in the order in which to quote them */
    bool has_held_log;
    uint8_t held_log[32]; /* SHA-256 of the log that the server holds: leave it out if equal */
    bool has_held_pcrs;
    uint8_t held_pcrs[32]; /* tb_pcrs_fingerprint() of the values that it holds: likewise */
    bool has_held_user_log;
    uint8_t held_user_log[32]; /* SHA-256; sent only to the agent version that sent one */
    bool has_held_packages;
    uint8_t held_packages[32]; /* likewise */
    uint32_t lifetime_s;       /* of the nonce */
    uint32_t interval_s;       /* until the next attestation */
};

/* The outer message. extraData of the quote covers the rest: tb_binding() in core/appraise.h, over
 * nonce, host id, exporter and `content` as it stands here, byte for byte. */
struct tb_evidence_message {
    char host_id[TB_HOST_ID_MAX + 1];
    uint8_t nonce[TB_NONCE_LEN]; /* which challenge this answers; the server knows what it issued */
    struct tb_reader quote;      /* TPMS_ATTEST */
    struct tb_reader signature;  /* TPMT_SIGNATURE */
    struct tb_reader content;    /* an encoded tb_evidence_content */
};

struct tb_evidence_content {
    uint8_t pcrs_fingerprint[32]; /* tb_pcrs_fingerprint() of the values, sent or not */
    bool has_pcrs;                /* false: the server holds these values */
    struct tb_pcrs pcrs;
    bool log_missing;             /* the host could not read its log: no digest, no log */
    char log_missing_reason[129]; /* in words; "" unless log_missing */
    uint8_t log_digest[32];       /* SHA-256 of the log, sent or not; zero if log_missing */
    struct tb_reader log;         /* empty: the server holds it, or log_missing */
    char boot_id[40];             /* "" unknown */
    uint64_t uptime_ms;
    uint64_t realtime_ms; /* since 1970, UTC, by the host's clock */
    enum tb_tpm_state tpm_state;
    struct tb_tpm_facts tpm;
    char agent_version[33];
    char serial[TB_SERIAL_MAX + 1]; /* of the machine (SMBIOS); "" unknown */
    /* What a host on Trueboot's own boot chain sends besides; false: it has none. Digests are
     * SHA-256; the bytes are empty where the server holds them. */
    bool has_user_log_digest;
    uint8_t user_log_digest[32];
    struct tb_reader user_log; /* canonical event log (core/cel.h) */
    bool has_packages_digest;
    uint8_t packages_digest[32];
    struct tb_reader packages; /* the beginnings of the packages' containers, member `manifest` and
                                * member `signature` (pkg/package.h), one behind the other */
};

struct tb_answer_reason {
    enum tb_outcome outcome; /* TB_FAIL or TB_UNKNOWN */
    char code[49];           /* of core/checks.h */
    char where[64];
    char expected[132];
    char observed[132];
};

struct tb_evidence_answer {
    enum tb_verdict verdict;
    char headline[49]; /* code of the check that leads; "" when nothing failed */
    char text[257];    /* the headline in words; "" when nothing failed */
    uint32_t next_s;   /* come back after */
    size_t n_reasons;
    struct tb_answer_reason reason[TB_ANSWER_REASONS_MAX];
};

struct tb_wait_request {
    char host_id[TB_HOST_ID_MAX + 1];
};

enum tb_command { TB_COMMAND_NONE = 0, TB_COMMAND_ATTEST = 1, TB_N_COMMANDS };

struct tb_wait_reply {
    enum tb_command command;
};

#define TB_MESSAGES(X)                                                                             \
    X(enrol_request)                                                                               \
    X(enrol_offer)                                                                                 \
    X(activate_request)                                                                            \
    X(activate_reply)                                                                              \
    X(challenge_request)                                                                           \
    X(challenge)                                                                                   \
    X(evidence_message)                                                                            \
    X(evidence_content)                                                                            \
    X(evidence_answer)                                                                             \
    X(wait_request)                                                                                \
    X(wait_reply)

/* bool tb_challenge_encode(const struct tb_challenge *m, uint8_t *buf, size_t cap, size_t
 * *out_len); bool tb_challenge_decode(struct tb_reader in, struct tb_challenge *out, struct
 * tb_reason *why); and so for every message of the list. */
#define X(name)                                                                                    \
    TB_MUST_CHECK bool tb_##name##_encode(const struct tb_##name *m, uint8_t *buf, size_t cap,     \
                                          size_t *out_len);                                        \
    TB_MUST_CHECK bool tb_##name##_decode(struct tb_reader in, struct tb_##name *out,              \
                                          struct tb_reason *why);
TB_MESSAGES(X)
#undef X

/* True for a host name or host id: 1 to max_len letters, digits, '-', '_' and '.', no empty label,
 * no label of more than 63 characters, and none that begins or ends with '-' (RFC 1123, 2.1; the
 * underscore is what real hosts use besides). */
bool tb_host_name_is_valid(const char *name, size_t max_len);

/* SHA-256 over the values: for each bank that has any, in ascending order of enum tb_bank, its
 * TPM algorithm id (u16be), mask (u32be) and the values by PCR number. out: 32 bytes. False only if
 * the crypto library fails. */
TB_MUST_CHECK bool tb_pcrs_fingerprint(const struct tb_pcrs *pcrs, struct tb_hasher *h,
                                       uint8_t out[TB_DIGEST_MAX]);

/* What the Verifier holds of a host already; zero is nothing. */
struct tb_held_part {
    bool has;
    uint8_t digest[32];     /* SHA-256 */
    struct tb_reader bytes; /* may stay empty where only the digest is needed (cached appraisal) */
};
struct tb_held_evidence {
    const struct tb_pcrs *pcrs; /* NULL: none */
    uint8_t pcrs_fingerprint[32];
    struct tb_held_part log, user_log, packages;
};

/* From a content message and what the Verifier holds to what the appraisal takes. Every part that
 * was sent is compared with the digest sent for it, and every part that was left out with what is
 * held: TB_CHECK_EVIDENCE_FORMAT where a part is not what its digest says,
 * TB_CHECK_EVIDENCE_COMPLETE where it is neither sent nor held. A missing log is no error here:
 * out->has_log is then false, and the appraisal says so. out's logs and packages point into m or
 * held. */
TB_MUST_CHECK bool tb_content_resolve(const struct tb_evidence_content *m,
                                      const struct tb_held_evidence *held, struct tb_hasher *h,
                                      struct tb_content *out, struct tb_reason *why);

#endif
