/* tpm/tpm.h - the Attester's TPM: what is there, who it is (EK), what it signs with (AK), PCRs,
 * quote.
 *
 * The only user of <tss2/...>, and nothing of it shows here: everything is handed over as the bytes
 * that the TPM marshals, big-endian (TPM 2.0 Library Part 2, rev 01.59).
 *
 * One struct tb_tpm is for one thread at a time. Every call is bounded in time: a TPM that does not
 * answer within timeout_ms is TB_TPM_UNAVAILABLE and stays so until it is closed and opened again.
 * So after any failure but TB_TPM_REFUSED the way on is tb_tpm_close() and tb_tpm_open(); a resume
 * from sleep, which ends all sessions, shows as TB_TPM_REFUSED from tb_tpm_quote() and is cured in
 * the same way.
 *
 * Everything that uses a key goes through a session salted to the EK and protected by HMAC; the
 * secret of an activation comes back encrypted. Someone on the bus who cannot take the place of the
 * EK can neither read nor alter it. The caller should keep the EK's name from enrolment on: the AK
 * blob holds it, and tb_tpm_ak_load() compares. */
#ifndef TB_TPM_TPM_H
#define TB_TPM_TPM_H

#include "core/reader.h"

enum tb_tpm_status {
    TB_TPM_OK,          /* a TPM 2.0 answered; the call did what it says */
    TB_TPM_NONE,        /* this machine has no TPM */
    TB_TPM_IS_12,       /* this machine has a TPM 1.2 */
    TB_TPM_UNAVAILABLE, /* there is a TPM, but it cannot be reached: permission, no answer, failure
                           mode */
    TB_TPM_BUSY,        /* somebody else holds it, or it has no room or time: try again later */
    TB_TPM_LOCKOUT,     /* dictionary attack lockout (never caused by the keys used here) */
    TB_TPM_REFUSED,     /* the TPM, or a check made here, said no */
    TB_TPM_BUG,         /* this program called the TPM library wrongly */
};

const char *tb_tpm_status_name(enum tb_tpm_status status); /* "ok", "none", "tpm-1.2", ... */

struct tb_tpm_error {
    enum tb_tpm_status status;
    uint32_t rc;    /* TPM or TSS response code; 0 when the refusal is our own */
    char text[320]; /* what was attempted, and why it failed; no line breaks */
};

struct tb_tpm;

struct tb_tpm_options {
    /* "device:/dev/tpmrm0", "swtpm:host=127.0.0.1,port=2321", ... NULL: /dev/tpmrm0, else /dev/tpm0
     */
    const char *tcti;
    const char *root;    /* prefix of /sys, for tests; NULL or "": none */
    unsigned timeout_ms; /* longest wait for one command; 0: TB_TPM_TIMEOUT_MS */
};

/* Making an RSA key takes a slow TPM tens of seconds. */
#define TB_TPM_TIMEOUT_MS 90000

/* The TPM library writes to standard error on its own. main() calls this first, before any thread,
 * so that every failure is told once, by the program. A TSS2_LOG set by the operator wins. */
void tb_tpm_silence_library(void);

/* What is there? Sends at most one command. TB_TPM_OK: a TPM 2.0 that answers. why->text says in
 * words what was found, also for TB_TPM_OK. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_probe(const struct tb_tpm_options *options,
                                              struct tb_tpm_error *why);

/* Probes and opens. *out is written on success only; the caller closes. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_open(const struct tb_tpm_options *options,
                                             struct tb_tpm **out, struct tb_tpm_error *why);
void tb_tpm_close(struct tb_tpm *tpm); /* flushes what was loaded; NULL is a no-op */

#define TB_TPM_BANKS_MAX 8 /* PCR banks of one TPM or one selection */
#define TB_TPM_PCRS_MAX 32 /* PCRs of one bank: bits of a mask */

struct tb_tpm_selection {
    uint16_t alg;  /* TPM_ALG_ID of the bank */
    uint32_t pcrs; /* bit i: PCR i */
};

struct tb_tpm_properties {
    char family[5];       /* "2.0" */
    char manufacturer[5]; /* "STM", "INTC", "IBM", ...; unprintable bytes shown as '?' */
    char vendor[17];      /* vendor string, "" when the TPM has none */
    uint32_t firmware_1, firmware_2;
    uint32_t revision;          /* of the Library specification times 100: 138, 159, ... */
    uint32_t year, day_of_year; /* of that specification */
    bool in_lockout, owner_auth_set, endorsement_auth_set; /* TPMA_PERMANENT */
    size_t n_banks;                                 /* active banks: those with at least one PCR */
    struct tb_tpm_selection bank[TB_TPM_BANKS_MAX]; /* in the TPM's order */
};

TB_MUST_CHECK enum tb_tpm_status
tb_tpm_read_properties(struct tb_tpm *tpm, struct tb_tpm_properties *out, struct tb_tpm_error *why);

/* --- Endorsement key --- */

/* An EK is named by the NV index of its certificate (TCG EK Credential Profile 2.5, 2.2.1.4 and
 * 2.2.1.5), whether or not that index exists. */
#define TB_TPM_EK_BEST 0
#define TB_TPM_EK_RSA_2048 0x01C00002u
#define TB_TPM_EK_P256 0x01C0000Au
#define TB_TPM_EK_RSA_2048_HIGH 0x01C00012u
#define TB_TPM_EK_P256_HIGH 0x01C00014u
#define TB_TPM_EK_P384_HIGH 0x01C00016u
#define TB_TPM_EK_P521_HIGH 0x01C00018u
#define TB_TPM_EK_RSA_3072_HIGH 0x01C0001Cu
#define TB_TPM_EK_RSA_4096_HIGH 0x01C0001Eu

#define TB_TPM_CHAIN_MAX 8 /* certificates of an EK's chain in NV */

struct tb_tpm_ek {
    uint32_t id;         /* TB_TPM_EK_... */
    const char *kind;    /* "ECC P-384 (H-3)" */
    uint32_t persistent; /* handle it was found at; 0: made from the template */
    bool own_template;   /* the template or nonce came from NV, so it need not be the TCG's */
    struct tb_reader public_area;     /* TPMT_PUBLIC */
    struct tb_reader name;            /* TPM2B_NAME's contents: hash algorithm and digest */
    struct tb_reader certificate;     /* DER, cut at its length; empty: none of this key in NV */
    struct tb_reader certificate_raw; /* the whole NV index */
    size_t n_chain;
    struct tb_reader chain[TB_TPM_CHAIN_MAX]; /* DER, from NV 01C00100-01C001FF, in their order */
    char note[160]; /* what an operator should know: why other certificates were passed over */
};

/* Load the EK. TB_TPM_EK_BEST takes the first, in the order P-256, P-384, RSA 2048, RSA 3072,
 * P-521, RSA 4096 (low range before high range; by speed, since every salted session costs one
 * private operation), whose certificate is in NV and holds the same key. When no certificate does:
 * the first of the keys at the persistent handles, else P-256, else RSA 2048. An id takes that one,
 * with its certificate if there is one of the same key.
 *
 * *out is borrowed: valid until tb_tpm_close(). A second call with TB_TPM_EK_BEST or the same id
 * returns the same; with another id it is refused. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_ek_load(struct tb_tpm *tpm, uint32_t id,
                                                const struct tb_tpm_ek **out,
                                                struct tb_tpm_error *why);

/* --- Attestation key --- */

/* The AK's public area is this and nothing else (the Verifier rebuilds and compares it):
 *   nameAlg SHA-256, attributes TB_TPM_AK_ATTRIBUTES, no policy, symmetric TPM_ALG_NULL, and
 *   P-256:    TPM_ALG_ECC, TPM_ECC_NIST_P256, scheme ECDSA with SHA-256, kdf TPM_ALG_NULL
 *   RSA 2048: TPM_ALG_RSA, 2048 bits, exponent field 0 (65537), scheme RSASSA with SHA-256
 *
 * fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, sign. Its auth value
 * is empty, so dictionary attack protection would protect nothing; with noDA other people's
 * failures cannot stop attestation, and the first use after a boot costs the TPM no NV write. */
#define TB_TPM_AK_ATTRIBUTES 0x00050472u

enum tb_tpm_ak_kind { TB_TPM_AK_P256, TB_TPM_AK_RSA_2048 };

/* What the agent keeps on disk (mode 0600): the AK's public area and its private part, which only
 * the EK that made it can open; and which EK that is. The AK is a child of the EK: it
 * needs no owner authorisation, and leaves nothing on the TPM. TPM2_Clear ends it (it changes
 * ehProof), although the EK stays. */
#define TB_TPM_AK_BLOB_MAX 2560

/* Make an AK under the EK (loaded with TB_TPM_EK_BEST if none is), load it, and write the blob.
 * blob and *blob_len are written on success only. Replaces the AK loaded before. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_ak_create(struct tb_tpm *tpm, enum tb_tpm_ak_kind kind,
                                                  uint8_t blob[TB_TPM_AK_BLOB_MAX],
                                                  size_t *blob_len, struct tb_tpm_error *why);

/* Load the AK of a blob, with its EK. Refused: a blob that is damaged, of another TPM, or of a key
 * with other attributes than above. No certificate is read for this. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_ak_load(struct tb_tpm *tpm, struct tb_reader blob,
                                                struct tb_tpm_error *why);

/* TPMT_PUBLIC, and the name, of the loaded AK; empty when none is. Borrowed, until the next
 * tb_tpm_ak_create(), tb_tpm_ak_load() or tb_tpm_close(). */
struct tb_reader tb_tpm_ak_public(const struct tb_tpm *tpm);
struct tb_reader tb_tpm_ak_name(const struct tb_tpm *tpm);

#define TB_TPM_SECRET_MAX 64

/* TPM2_ActivateCredential with the loaded AK and EK. credential: contents of TPM2B_ID_OBJECT
 * (without its size); seed: contents of TPM2B_ENCRYPTED_SECRET. The caller wipes secret. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_activate(struct tb_tpm *tpm, struct tb_reader credential,
                                                 struct tb_reader seed,
                                                 uint8_t secret[TB_TPM_SECRET_MAX],
                                                 size_t *secret_len, struct tb_tpm_error *why);

/* --- PCRs and quote --- */

#define TB_TPM_EXTRA_MAX 64 /* bytes of extraData that every TPM takes */

struct tb_tpm_quote {
    size_t attest_len, signature_len;
    uint8_t attest[1024];   /* TPMS_ATTEST, what was signed */
    uint8_t signature[560]; /* TPMT_SIGNATURE */
};

/* One TPM2_Quote by the loaded AK over the banks and PCRs in the order given. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_quote(struct tb_tpm *tpm, struct tb_reader extra,
                                              const struct tb_tpm_selection *selection,
                                              size_t n_selection, struct tb_tpm_quote *out,
                                              struct tb_tpm_error *why);

struct tb_tpm_pcr_bank {
    uint16_t alg;
    uint16_t digest_len; /* bytes */
    uint32_t pcrs;       /* bit i: digest[i] was read */
    uint8_t digest[TB_TPM_PCRS_MAX][64];
};

struct tb_tpm_pcrs {
    uint32_t update_counter; /* pcrUpdateCounter: the same before and after */
    size_t n_banks;
    struct tb_tpm_pcr_bank bank[TB_TPM_BANKS_MAX];
};

/* Read all PCRs asked for, as of one moment: when pcrUpdateCounter moves while reading, it is read
 * again, a few times; then TB_TPM_BUSY. A PCR or bank that the TPM does not have is refused. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_pcr_read(struct tb_tpm *tpm,
                                                 const struct tb_tpm_selection *selection,
                                                 size_t n_selection, struct tb_tpm_pcrs *out,
                                                 struct tb_tpm_error *why);

/* One bank's digest of what is measured; as many bytes count as the algorithm has. */
struct tb_tpm_digest {
    uint16_t alg;
    uint8_t bytes[64];
};

/* Extends one PCR in these banks, in one command: in all of them or none. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_extend(struct tb_tpm *tpm, uint32_t pcr,
                                               const struct tb_tpm_digest *digest, size_t n,
                                               struct tb_tpm_error *why);

#endif
