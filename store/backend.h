/* store/backend.h - private to store/: what a database must do, and what every backend shares.
 *
 * store*.c checks arguments and turns each function of store.h into one operation with its
 * arguments; queue.c runs writes one after the other on one connection, many to a transaction, and
 * reads on a few others; a backend (sqlite*.c) knows connections, transactions and SQL only. */
#ifndef TB_STORE_BACKEND_H
#define TB_STORE_BACKEND_H

#include "store/store.h"

/* clang-format off */
#define TB_STORE_WRITES(X) \
    X(setting_put) X(setting_init) X(host_create) X(host_edit) X(host_approve) \
    X(host_refuse) X(host_remove) X(host_allow_replace) X(host_set_firmware) \
    X(host_set_versions) X(host_want_attest) X(host_take_attest) X(host_seen) X(enrol_token_create) \
    X(enrol_token_revoke) X(ek_allow_add) X(ek_allow_remove) X(offer_put) X(offer_take) \
    X(challenge_put) X(spend_nonce) X(accept_evidence) X(mark_silent) \
    X(incident_acknowledge) X(incident_event) X(audit_append) X(policy_put) \
    X(api_key_create) X(api_key_revoke) X(session_create) X(session_delete) X(purge)

#define TB_STORE_READS(X) \
    X(setting_get) X(host_get) X(host_ek) X(hosts_page) X(hosts_count) X(summary) X(clusters) \
    X(enrol_token_check) X(enrol_tokens) X(ek_allow_find) X(ek_allow_list) X(challenge_get) \
    X(blob_get) X(blob_held) X(evidence_get) X(evidence_next) X(silent) X(history) \
    X(incidents) X(audit) X(policy_get) X(policies) X(api_key_find) X(api_keys) \
    X(session_find) X(backup) X(schema)
/* clang-format on */

enum tb_op {
#define X(name) TB_OP_##name,
    TB_STORE_WRITES(X) TB_STORE_READS(X)
#undef X
        TB_N_OPS
};

/* By what a host is looked for. */
enum tb_host_key { TB_HOST_BY_ID, TB_HOST_BY_TOKEN, TB_HOST_BY_EK, TB_HOST_BY_NAME };

/* A blob ready to be stored: compressed by the calling thread, so that the writer need not. */
struct tb_packed {
    const uint8_t *digest; /* NULL: none */
    size_t len;            /* before compression */
    struct tb_reader data; /* a zstd frame if shorter than len; empty: held already */
};

/* What of evidence is kept as blobs, and the content, which is not. */
enum tb_part {
    TB_PART_LOG,
    TB_PART_PCRS,
    TB_PART_RESULT,
    TB_PART_USER_LOG,
    TB_PART_PACKAGES,
    TB_PART_VERSIONS,
    TB_N_BLOB_PARTS,
    TB_PART_CONTENT = TB_N_BLOB_PARTS,
    TB_N_PARTS
};

struct tb_silent_host {
    char id[TB_STORE_ID_MAX + 1];
    enum tb_verdict before, now;
    bool changed;
};
struct tb_silent_list {
    struct tb_silent_host *p; /* heap */
    size_t n;
};

/* The arguments of an operation: each takes the few it knows, the rest is zero. */
struct tb_op_args {
    const char *id;
    const char *text; /* name, note, group, path, ... as the operation says */
    const char *code;
    const char *detail;
    const uint8_t *digest; /* 32 bytes */
    const uint8_t *token_hash;
    struct tb_reader bytes;
    int64_t now_ms, until_ms, before;
    uint64_t limit;
    enum tb_host_key key;
    const struct tb_store_by *by;

    const struct tb_host_new *host_new;
    const struct tb_host_edit *host_edit;
    const struct tb_firmware_reference *firmware;
    const struct tb_tpm_accepted *tpm_accepted;
    const struct tb_host_query *query;
    const struct tb_enrol_token *enrol_token;
    const struct tb_ek_allowed *ek_allowed;
    const struct tb_challenge_record *challenge;
    const struct tb_appraised *appraised;
    const struct tb_packed *packed; /* enum tb_part; of host_set_versions the one */
    const struct tb_silence *silence;
    const struct tb_incident_query *incident_query;
    const struct tb_audit_query *audit_query;
    const struct tb_api_key *api_key;

    struct tb_store_conflict *conflict;
    struct tb_host_created *created_out;
    struct tb_host *host_out;
    struct tb_blob *blob_out, *blob2_out;
    struct tb_store_summary *summary_out;
    struct tb_enrol_token *enrol_token_out;
    struct tb_ek_allowed *ek_allowed_out;
    struct tb_challenge_record *challenge_out;
    struct tb_accepted *accepted_out;
    struct tb_evidence_record *evidence_out;
    struct tb_silent_list *silent_io;
    struct tb_cluster_totals *totals_out;
    struct tb_policy_record *policy_out;
    struct tb_api_key *api_key_out;
    uint64_t *n_out;
    int64_t *i_out;
    bool *bool_out;
    char *cursor_out; /* TB_STORE_CURSOR_LEN bytes */

    void *ctx; /* of the one callback that is set */
    tb_host_fn host_fn;
    tb_cluster_fn cluster_fn;
    tb_enrol_token_fn enrol_token_fn;
    tb_ek_allowed_fn ek_allowed_fn;
    tb_period_fn period_fn;
    tb_incident_fn incident_fn;
    tb_audit_fn audit_fn;
    tb_policy_fn policy_fn;
    tb_api_key_fn api_key_fn;
};

struct tb_change_note {
    enum tb_change kind;
    char host_id[TB_STORE_ID_MAX + 1];
};

/* A backend's connection embeds this first. */
struct tb_conn {
    bool broken; /* the transaction is gone: nothing of it may be told as done */
    bool keep;   /* set by an operation that refuses and still wants its writes kept */
    struct tb_change_note *changes; /* of the transaction under way */
    size_t n_changes, cap_changes;
    char err[TB_STORE_ERR_LEN]; /* why the last UNAVAILABLE */
};

/* To be told after the commit. */
void tb_conn_changed(struct tb_conn *c, enum tb_change kind, const char *host_id);

struct tb_backend {
    /* where is what tb_store_start was given. NULL: err says why. */
    struct tb_conn *(*connect)(const void *where, bool writer, char err[TB_STORE_ERR_LEN]);
    void (*disconnect)(struct tb_conn *c);
    bool (*begin)(struct tb_conn *c, bool write);
    /* One operation within the transaction. One that refuses leaves nothing behind, unless keep. */
    enum tb_store_status (*run)(struct tb_conn *c, enum tb_op op, const struct tb_op_args *a);
    bool (*commit)(struct tb_conn *c);
    void (*rollback)(struct tb_conn *c);
    void (*idle)(struct tb_conn *c); /* the writer has nothing to do: housekeeping */
};

/* where is borrowed for the life of the store. */
struct tb_store *tb_store_start(const struct tb_backend *backend, void *where,
                                void (*free_where)(void *), char err[TB_STORE_ERR_LEN]);

/* Queue one write and wait until the transaction that holds it is durable. */
TB_MUST_CHECK enum tb_store_status tb_store_write(struct tb_store *s, enum tb_op op,
                                                  const struct tb_op_args *a);
TB_MUST_CHECK enum tb_store_status tb_store_read(struct tb_store *s, enum tb_op op,
                                                 const struct tb_op_args *a);

/* check.c: arguments. A NULL text is "". */
TB_MUST_CHECK bool tb_store_text_ok(const char *text, size_t max);
TB_MUST_CHECK bool tb_store_id_ok(const char *id);
TB_MUST_CHECK bool tb_store_by_ok(const struct tb_store_by *by);

/* pack.c: zstd. pack: data into *heap when it gets shorter, else borrowed from `in`. */
TB_MUST_CHECK bool tb_store_pack(struct tb_reader in, struct tb_reader *data, uint8_t **heap);
/* data as stored and the length before, to a blob of that length; false: damaged. */
TB_MUST_CHECK bool tb_store_unpack(struct tb_reader data, size_t len, struct tb_blob *out);
TB_MUST_CHECK bool tb_blob_set(struct tb_blob *b, struct tb_reader in);

#endif
