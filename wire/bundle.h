/* wire/bundle.h - an attestation in one file, for anyone to appraise again.
 *
 * Everything that went into a verdict and the verdict itself, as one deterministic CBOR map
 * (docs/protocol.md). `trueboot verify` reads it and runs the same tb_appraise() as the server;
 * what the file says about the verdict is compared, never believed. */
#ifndef TB_WIRE_BUNDLE_H
#define TB_WIRE_BUNDLE_H

#include "wire/messages.h"
#include "wire/policy_json.h"

#define TB_BUNDLE_MAX (6 * 1024 * 1024) /* bytes */
#define TB_RESULT_JSON_MAX (1024 * 1024)

struct tb_bundle {
    /* the host as enrolled, at the time */
    char host_id[TB_HOST_ID_MAX + 1];
    char host_name[TB_HOST_NAME_MAX + 1];
    bool enrolled;
    struct tb_reader ak_public;      /* TPMT_PUBLIC */
    struct tb_reader ek_certificate; /* DER; empty if there is none */
    struct tb_reader ek_public;      /* TPMT_PUBLIC; empty in bundles that do not carry it */
    char serial[TB_SERIAL_MAX + 1];  /* of the machine; "" unknown */
    char tpm_class[16];              /* name of the class to rely on; "" unknown */
    char tpm_vendor[16];             /* its maker's id; "" unknown */
    /* the challenge */
    uint64_t time_ms; /* of the appraisal; since 1970, UTC */
    uint8_t nonce[TB_NONCE_LEN];
    uint8_t exporter[TB_EXPORTER_LEN];
    size_t n_wanted;
    struct tb_selection wanted[TB_SELECTIONS_MAX];
    /* the Evidence as it came, and what the Verifier held of it then */
    struct tb_reader quote;
    struct tb_reader signature;
    struct tb_reader content;
    bool has_held_pcrs;
    struct tb_pcrs held_pcrs;
    struct tb_reader held_log; /* that the evidence left out, or, where its host could read none, of
                                * an earlier boot; empty: none */
    struct tb_reader held_user_log, held_packages; /* that the evidence left out; empty: none */
    struct tb_reader versions; /* that the host was trusted with before, as tb_minimum_print() */
    /* memory and policy */
    struct tb_quote_memory last;
    struct tb_firmware_reference firmware;
    struct tb_reader policy; /* JSON */
    /* what the Verifier concluded */
    enum tb_verdict verdict;
    struct tb_reader result; /* JSON of tb_result_print() */
};

/* As for messages (wire/messages.h); where = "bundle.quote" and the like. */
TB_MUST_CHECK bool tb_bundle_encode(const struct tb_bundle *b, uint8_t *buf, size_t cap,
                                    size_t *out_len);
TB_MUST_CHECK bool tb_bundle_decode(struct tb_reader in, struct tb_bundle *out,
                                    struct tb_reason *why);

/* Appraise again what the bundle holds: under `policy`, or where that is NULL under the bundle's
 * own. The caller compares out->result.verdict with b->verdict. used gets the policy.
 * False, and err, only if the bundle's policy cannot be read; evidence that cannot be read is a
 * result like any other. */
TB_MUST_CHECK bool tb_bundle_appraise(const struct tb_bundle *b, const struct tb_policy *policy,
                                      struct tb_hasher *h, struct tb_policy *used,
                                      struct tb_appraisal *out, char err[TB_POLICY_ERR_LEN]);

#endif
