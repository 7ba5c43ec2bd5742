/* tpm/internal.h - private to tpm/. */
#ifndef TB_TPM_INTERNAL_H
#define TB_TPM_INTERNAL_H

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>

#include "tpm/tpm.h"

#define TB_NV_MAX 8192 /* bytes of one NV index that is read: certificates, chains, templates */
#define TB_CHAIN_BYTES 16384 /* bytes of all chain indexes together */
#define TB_NV_INDEXES_MAX 64 /* NV indexes of the EK range 01C00000-01C07FFF */

#define TB_POLICY_MAX 64

/* A key of which the public area as the TPM has it is kept. */
struct tb_tpm_key {
    ESYS_TR handle;                /* ESYS_TR_NONE: not loaded */
    TPMI_DH_PERSISTENT persistent; /* not 0: never flushed */
    TPMT_PUBLIC public_area;
    uint8_t bytes[sizeof(TPMT_PUBLIC)]; /* TPMT_PUBLIC, marshalled */
    size_t bytes_len;
    TPM2B_NAME name;
};

struct tb_tpm {
    TSS2_TCTI_CONTEXT *tcti; /* tb_tcti_open() */
    ESYS_CONTEXT *esys;
    ESYS_TR session; /* salted to the EK, HMAC; ESYS_TR_NONE until first used */
    struct tb_tpm_key ek_key, ak_key;
    struct tb_tpm_ek ek; /* what tb_tpm_ek_load() hands out */
    bool ek_certificates_read;
    uint8_t *nv_certificate; /* what ek points into */
    uint8_t *nv_chain;
    size_t n_nv; /* NV indexes of the EK range, valid once nv_listed */
    bool nv_listed;
    TPM2_HANDLE nv[TB_NV_INDEXES_MAX];
};

/* error.c. Fill *why and return the status, so that a caller can say `return tb_tpm_fail(...)`. */
enum tb_tpm_status tb_tpm_fail(struct tb_tpm_error *why, TSS2_RC rc, const char *attempted);
enum tb_tpm_status tb_tpm_say(struct tb_tpm_error *why, enum tb_tpm_status status,
                              const char *format, ...) __attribute__((format(printf, 3, 4)));

/* tcti.c. A TCTI around the loaded one: waits are bounded, TPM_RC_RETRY and its like are sent again
 * after a pause, a closed socket raises no signal. Owns the inner one. */
TB_MUST_CHECK enum tb_tpm_status tb_tcti_open(const struct tb_tpm_options *options,
                                              TSS2_TCTI_CONTEXT **out, struct tb_tpm_error *why);
void tb_tcti_close(TSS2_TCTI_CONTEXT *tcti);

/* probe.c: tb_tcti_open and one command. */
TB_MUST_CHECK enum tb_tpm_status tb_tpm_find(const struct tb_tpm_options *options,
                                             TSS2_TCTI_CONTEXT **out, struct tb_tpm_error *why);

/* nv.c */
TB_MUST_CHECK enum tb_tpm_status tb_nv_list(struct tb_tpm *tpm, struct tb_tpm_error *why);
bool tb_nv_exists(const struct tb_tpm *tpm, TPM2_HANDLE index); /* after tb_nv_list() */
/* The whole of an index. *out: new memory of *out_len bytes; the caller frees. An index that was
 * never written is TB_TPM_REFUSED. */
TB_MUST_CHECK enum tb_tpm_status tb_nv_read(struct tb_tpm *tpm, TPM2_HANDLE index, uint8_t **out,
                                            size_t *out_len, struct tb_tpm_error *why);

/* certificate.c: as much of DER as it takes to choose a key. The Verifier does the judging. */
/* The certificate in what an NV index holds: cut at its length when only 00 or FF follows, with or
 * without the header of TPM 1.2. */
TB_MUST_CHECK bool tb_certificate_find(struct tb_reader raw, struct tb_reader *out);
/* The first DER sequence of in, taken off. */
TB_MUST_CHECK bool tb_certificate_next(struct tb_reader *in, struct tb_reader *out);
/* True if the certificate is for this key. */
bool tb_certificate_is_of(struct tb_reader certificate, const TPMT_PUBLIC *key);

/* template.c */
struct tb_ek_template {
    uint32_t id; /* NV index of the certificate */
    const char *kind;
    TPM2_HANDLE nonce, own; /* NV indexes; 0: not defined */
    TPM2_ALG_ID type, name_alg;
    uint16_t size; /* RSA: bits; ECC: TPM_ECC_CURVE */
    uint16_t aes_bits;
    bool high;
};
extern const struct tb_ek_template tb_ek_templates[]; /* in the order of preference */
extern const size_t tb_n_ek_templates;
void tb_ek_public(const struct tb_ek_template *t, TPMT_PUBLIC *out);
void tb_ak_public(enum tb_tpm_ak_kind kind, TPMT_PUBLIC *out);
/* True if key is an instance of the template: all but `unique` are equal. */
bool tb_public_matches(const TPMT_PUBLIC *key, const TPMT_PUBLIC *template);

/* session.c */
/* The session for every authorised command, with these attributes besides continueSession. */
TB_MUST_CHECK enum tb_tpm_status tb_session(struct tb_tpm *tpm, TPMA_SESSION attributes,
                                            ESYS_TR *out, struct tb_tpm_error *why);
/* An authorisation to use the EK, for one command; tb_session_ek_end() after it, always. */
TB_MUST_CHECK enum tb_tpm_status tb_session_ek(struct tb_tpm *tpm, TPMA_SESSION attributes,
                                               ESYS_TR *out, struct tb_tpm_error *why);
void tb_session_ek_end(struct tb_tpm *tpm, ESYS_TR session);

/* key.c */
/* Keep a key's public area and name. Takes the handle on success. */
TB_MUST_CHECK enum tb_tpm_status tb_key_set(struct tb_tpm *tpm, struct tb_tpm_key *key,
                                            ESYS_TR handle, const TPMT_PUBLIC *public_area,
                                            struct tb_tpm_error *why);
void tb_key_drop(struct tb_tpm *tpm, struct tb_tpm_key *key);

/* ek.c */
struct tb_ek_wanted {
    struct tb_reader certificate; /* the key has to be this certificate's; empty: any */
    struct tb_reader name;        /* and have this name; empty: any */
};
/* Load the EK of this id, from a persistent handle or by its template; its certificate is not read.
 */
TB_MUST_CHECK enum tb_tpm_status tb_ek_make(struct tb_tpm *tpm, uint32_t id,
                                            const struct tb_ek_wanted *wanted,
                                            struct tb_tpm_error *why);

#endif
