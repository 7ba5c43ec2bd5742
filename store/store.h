/* store/store.h - what the Verifier remembers.
 *
 * Operations, not SQL: each function below is one atomic step, whatever the backend. One handle is
 * shared by all threads. A write returns when it is durable (many writers share one commit), a read
 * sees every write that returned before it began.
 *
 * Rules for every function:
 * - Times are int64 milliseconds since 1970, UTC, given by the caller; 0 is "never" or "none".
 * - Texts are NUL-terminated UTF-8 within the limits below, otherwise TB_STORE_INVALID; apart from
 *   that any character is kept as it is and has no meaning to the store. NULL in a struct is "".
 * - Secrets (tokens, keys) come as SHA-256 digests only.
 * - Outputs are written on TB_STORE_OK only, unless said otherwise. Pointers given are borrowed for
 *   the call. A struct tb_blob or tb_evidence_record that was filled belongs to the caller.
 * - A callback runs in the calling thread and must not call the store; it returns false to stop.
 * - After anything but TB_STORE_OK nothing was written, unless said otherwise. */
#ifndef TB_STORE_STORE_H
#define TB_STORE_STORE_H

#include "core/appraise.h"

#define TB_STORE_ERR_LEN 256
#define TB_STORE_ID_MAX                                                                            \
    TB_HOST_ID_MAX                    /* bytes of an id without its NUL; ids are [0-9A-Za-z_-]+    \
                                       */
#define TB_STORE_NAME_MAX 253         /* host names, labels, groups, actors */
#define TB_STORE_TEXT_MAX 511         /* headlines, notes */
#define TB_STORE_CODE_MAX 63          /* codes of checks, actions, roles */
#define TB_STORE_FACT_MAX 127         /* product, serial, TPM model, ... */
#define TB_STORE_DETAIL_MAX 8191      /* detail of an audit entry */
#define TB_STORE_CURSOR_LEN 1024      /* a cursor with its NUL */
#define TB_STORE_PAGE_MAX 1000        /* rows of one page; a greater limit is cut to it */
#define TB_STORE_BLOB_MAX (16u << 20) /* bytes of one blob before compression */
#define TB_STORE_WANTED_MAX 1024      /* bytes of a challenge's selection */
#define TB_STORE_PERIODS_KEPT_MAX 32  /* periods of a host that keep log, PCRs and result */
#define TB_STORE_CHANGES_MAX 20       /* changes of a host's verdict told one by one in an hour */
#define TB_STORE_CLUSTERS_MAX 1000    /* clusters that one list has */
#define TB_SHA256_LEN 32

struct tb_store;

enum tb_store_status {
    TB_STORE_OK = 0,
    TB_STORE_NOT_FOUND,
    TB_STORE_CONFLICT,   /* already there; struct tb_store_conflict says what and whose */
    TB_STORE_LIMIT,      /* used up, or as many as may be */
    TB_STORE_STALE,      /* expired, replaced or spent: a nonce, a token, a session */
    TB_STORE_REFUSED,    /* not in this state of the host */
    TB_STORE_INVALID,    /* the caller's argument: too long, not UTF-8, malformed cursor */
    TB_STORE_UNAVAILABLE /* the database: tb_store_error has words for the log */
};
const char *tb_store_status_name(enum tb_store_status status); /* "ok", "not-found", ... */

struct tb_blob {
    uint8_t *p; /* heap; NULL when len is 0. One more byte, a NUL, follows */
    size_t len;
};
void tb_blob_clear(struct tb_blob *b); /* wipes and frees */

/* Bytes known by their SHA-256. */
struct tb_content_ref {
    const uint8_t *digest;  /* 32 bytes; NULL: none */
    struct tb_reader bytes; /* may be empty when the store holds them already */
};

/* Who did it and when; written to the audit log with the operation. */
struct tb_store_by {
    const char *actor; /* label of a key or token, "host", "scheduler", ... */
    int64_t now_ms;
    const char *actor_id; /* of the API key, since labels come back; NULL or "": no key */
};

/* ---- opening ---- */

/* Creates the file (mode 0600) when it is not there, brings an older schema forward, refuses a
 * newer one and files that are no store of ours without touching them. NULL: err says why.
 * The caller closes; no other thread may be inside a call then. */
struct tb_store *tb_store_open_sqlite(const char *path, char err[TB_STORE_ERR_LEN]);
void tb_store_close(struct tb_store *s); /* NULL is a no-op */

/* Words about the last TB_STORE_UNAVAILABLE of any thread; "" if there was none. */
void tb_store_error(struct tb_store *s, char out[TB_STORE_ERR_LEN]);

/* A consistent copy into a new file (mode 0600), while the store is in use. An existing path is
 * TB_STORE_CONFLICT. */
TB_MUST_CHECK enum tb_store_status tb_store_backup(struct tb_store *s, const char *path);

struct tb_store_stats {
    uint64_t n_writes;  /* operations done by the writer since opening */
    uint64_t n_commits; /* transactions they took */
    uint64_t n_queued;  /* operations waiting now */
    uint32_t schema;    /* version of the schema */
};
void tb_store_stats(struct tb_store *s, struct tb_store_stats *out);

enum tb_change {
    TB_CHANGE_HOST, /* created, approved, renamed, verdict changed, ...: read it again */
    TB_CHANGE_SEEN, /* evidence accepted or contact, verdict as before */
    TB_CHANGE_HOST_REMOVED,
    TB_CHANGE_ATTEST_WANTED, /* wake the host's long poll */
    TB_CHANGE_INCIDENT,      /* opened, closed or acknowledged */
    TB_CHANGE_POLICY,
    TB_CHANGE_TOKENS, /* enrolment tokens, allow-list, API keys: host_id is "" */
};
/* Called after the commit, by the thread that commits: it must return at once and must not call the
 * store. Changes made through this handle only. NULL ends it; set it before other threads start. */
typedef void (*tb_change_fn)(void *ctx, enum tb_change kind, const char *host_id);
void tb_store_on_change(struct tb_store *s, tb_change_fn fn, void *ctx);

/* ---- settings: small named values (signing key, ticket key, ...) ---- */

TB_MUST_CHECK enum tb_store_status tb_store_setting_get(struct tb_store *s, const char *name,
                                                        struct tb_blob *out);
TB_MUST_CHECK enum tb_store_status tb_store_setting_put(struct tb_store *s, const char *name,
                                                        struct tb_reader value);
/* Puts value unless there is one already; *out is the one that holds, so that replicas agree. */
TB_MUST_CHECK enum tb_store_status tb_store_setting_init(struct tb_store *s, const char *name,
                                                         struct tb_reader value,
                                                         struct tb_blob *out);

/* ---- hosts ---- */

enum tb_host_state {
    TB_HOST_PENDING = 1, /* proved its TPM, waits for the operator */
    TB_HOST_ACTIVE,
    TB_HOST_REFUSED, /* by the operator; its EK cannot be enrolled again, its name is free */
    TB_HOST_REMOVED, /* EK and name are free again; the row goes at the next purge */
    TB_N_HOST_STATES
};
const char *tb_host_state_name(enum tb_host_state state); /* "pending", "active", ... */

/* Why the EK is believed to be a TPM's. */
enum tb_ek_basis {
    TB_EK_BASIS_NONE = 0,
    TB_EK_BASIS_CERTIFICATE,
    TB_EK_BASIS_ALLOW_LIST,
    TB_EK_BASIS_OPERATOR,
    TB_EK_BASIS_TOKEN,
    TB_N_EK_BASES
};
const char *tb_ek_basis_name(enum tb_ek_basis basis); /* "none", "certificate", "allow-list", ... */

enum tb_switch { TB_SWITCH_UNKNOWN = 0, TB_SWITCH_OFF, TB_SWITCH_ON };

/* What a host or its TPM says of itself; shown, never believed. */
struct tb_host_facts {
    char tpm_manufacturer[TB_STORE_FACT_MAX + 1];
    char tpm_model[TB_STORE_FACT_MAX + 1];
    char tpm_firmware[TB_STORE_FACT_MAX + 1];
    char tpm_class[TB_STORE_FACT_MAX + 1]; /* discrete, firmware, virtual, software, "" */
    char product[TB_STORE_FACT_MAX + 1];
    char serial[TB_STORE_FACT_MAX + 1];
    char agent_version[TB_STORE_FACT_MAX + 1];
};

/* A host with all that an attestation or a row of a list needs. No pointers: copy it. */
struct tb_host {
    char id[TB_STORE_ID_MAX + 1];
    char name[TB_STORE_NAME_MAX + 1];
    char group[TB_STORE_NAME_MAX + 1];
    enum tb_host_state state;
    enum tb_tpm_state tpm;
    enum tb_ek_basis ek_basis;
    bool has_ek;
    uint8_t ek_digest[TB_SHA256_LEN]; /* SHA-256 of the EK's TPMT_PUBLIC */
    size_t ak_public_len;             /* 0: no AK (not capable) */
    uint8_t ak_public[TB_PUBLIC_MAX];
    size_t ak_name_len;
    uint8_t ak_name[TB_NAME_MAX];
    struct tb_host_facts facts;
    int64_t created_ms;
    int64_t approved_ms; /* when it became active */
    char approved_by[TB_STORE_NAME_MAX + 1];
    int64_t last_seen_ms;     /* any authenticated contact */
    int64_t last_evidence_ms; /* evidence appraised, whatever the verdict */
    int64_t last_verified_ms; /* genuine evidence: groups 1 to 4 passed */
    enum tb_verdict verdict;
    char headline_code[TB_STORE_CODE_MAX + 1]; /* "" when nothing failed */
    char headline[TB_STORE_TEXT_MAX + 1];
    int64_t since_ms; /* start of the present verdict period */
    enum tb_switch secure_boot;
    bool maintenance;
    bool want_attest;         /* asked for, not yet taken */
    int64_t replace_until_ms; /* a new TPM may take this host over until then */
    struct tb_quote_memory memory;
    struct tb_firmware_reference firmware;
    bool has_log, has_pcrs, has_result; /* blobs held: tb_store_blob_get gives the bytes */
    uint8_t log_digest[TB_SHA256_LEN];
    uint8_t pcrs_digest[TB_SHA256_LEN];
    uint8_t result_digest[TB_SHA256_LEN];
    bool has_shape; /* of the last genuine evidence */
    uint8_t shape[TB_SHA256_LEN];
    /* The last trusted boot, whatever came since; its blobs outlive every retention. */
    int64_t trusted_ms;
    bool has_trusted_log, has_trusted_pcrs;
    uint8_t trusted_log[TB_SHA256_LEN];
    uint8_t trusted_pcrs[TB_SHA256_LEN];
    /* Of a host on Trueboot's own boot chain: blobs too. versions: tb_minimum_print() of the
     * highest security versions that it was trusted with. */
    bool has_user_log, has_packages, has_versions;
    uint8_t user_log_digest[TB_SHA256_LEN];
    uint8_t packages_digest[TB_SHA256_LEN];
    uint8_t versions_digest[TB_SHA256_LEN];
};

enum tb_store_unique {
    TB_UNIQUE_NONE = 0,
    TB_UNIQUE_ID,
    TB_UNIQUE_EK,
    TB_UNIQUE_NAME,
    TB_UNIQUE_TOKEN,
    TB_UNIQUE_LABEL
};
struct tb_store_conflict {
    enum tb_store_unique what;
    char host_id[TB_STORE_ID_MAX + 1]; /* the host that has it; "" if it is no host's */
};

struct tb_host_new {
    const char *id; /* random, 128 bits in hex */
    const char *name;
    const char *group;        /* "": the token's group, if a token is used */
    enum tb_host_state state; /* TB_HOST_PENDING or TB_HOST_ACTIVE */
    enum tb_tpm_state tpm;
    enum tb_ek_basis ek_basis;
    const uint8_t *ek_digest;        /* 32 bytes; NULL exactly when tpm is not TB_TPM_STATE_20 */
    struct tb_reader ek_public;      /* TPMT_PUBLIC */
    struct tb_reader ek_certificate; /* DER; may be empty */
    struct tb_reader ak_public;
    struct tb_reader ak_name;
    const uint8_t *host_token_hash;  /* 32 bytes */
    const uint8_t *enrol_token_hash; /* 32 bytes: one use of it is consumed; NULL: none */
    const struct tb_host_facts *facts;
};

struct tb_host_created {
    char id[TB_STORE_ID_MAX + 1]; /* of the new host, or of the one that was taken over */
    char group[TB_STORE_NAME_MAX + 1];
    enum tb_host_state state;
    bool replaced; /* an operator had allowed the host of this name or EK to change its TPM */
};

/* Create a host and consume the token, all or nothing. EKs are unique among hosts that are not
 * removed, names among those that are neither removed nor refused, byte by byte.
 *
 * TB_STORE_CONFLICT (*conflict is written): the EK, name, id or host token is taken. Nothing of the
 *   existing host changes and the enrolment token keeps its use, but an incident
 *   "identity.duplicate" is opened on the existing host, or counts, and an audit entry made, one
 *   for each host and hour.
 *   Unless the operator has allowed this enrolment to take that host over
 *   (tb_store_host_allow_replace) and both EK and name are free or its own: then its keys are
 *   exchanged, what was remembered of the old TPM is forgotten, and both EKs stand in the audit
 *   log.
 * TB_STORE_NOT_FOUND, _STALE, _LIMIT: the enrolment token is unknown, expired or revoked, used up.
 *
 * The verdict starts as not-capable (active, no TPM 2.0) or pending. */
TB_MUST_CHECK enum tb_store_status tb_store_host_create(struct tb_store *s,
                                                        const struct tb_host_new *host,
                                                        const struct tb_store_by *by,
                                                        struct tb_host_created *out,
                                                        struct tb_store_conflict *conflict);

/* Removed hosts are found by id only, refused ones by a name that no other host has. */
TB_MUST_CHECK enum tb_store_status tb_store_host_get(struct tb_store *s, const char *id,
                                                     struct tb_host *out);
TB_MUST_CHECK enum tb_store_status tb_store_host_by_token(struct tb_store *s,
                                                          const uint8_t token_hash[TB_SHA256_LEN],
                                                          struct tb_host *out);
TB_MUST_CHECK enum tb_store_status tb_store_host_by_ek(struct tb_store *s,
                                                       const uint8_t ek_digest[TB_SHA256_LEN],
                                                       struct tb_host *out);
TB_MUST_CHECK enum tb_store_status tb_store_host_by_name(struct tb_store *s, const char *name,
                                                         struct tb_host *out);
/* EK public area and certificate; either may come back empty. */
TB_MUST_CHECK enum tb_store_status tb_store_host_ek(struct tb_store *s, const char *id,
                                                    struct tb_blob *ek_public,
                                                    struct tb_blob *ek_certificate);

enum tb_host_sort {
    TB_SORT_NAME = 0,
    TB_SORT_VERDICT,
    TB_SORT_SINCE,
    TB_SORT_LAST_SEEN,
    TB_N_SORTS
};

struct tb_host_query {
    enum tb_host_sort sort; /* ties by id */
    bool descending;
    enum tb_verdict verdict; /* TB_VERDICT_NONE: all */
    const char *group;       /* NULL: all */
    const uint8_t *shape;    /* 32 bytes; NULL: all */
    const char *text;        /* NULL or "": all; part of name, id or headline, in either case */
    bool refused;            /* refused hosts too; removed ones are never listed */
    size_t limit;            /* 0: TB_STORE_PAGE_MAX */
    const char *cursor;      /* NULL or "": from the start; else as given with the page before */
};
typedef bool (*tb_host_fn)(void *ctx, const struct tb_host *host);

/* next: "" after the last page, otherwise the cursor of the next one (URL-safe characters only). A
 * cursor that this query did not give is TB_STORE_INVALID at worst. */
TB_MUST_CHECK enum tb_store_status tb_store_hosts_page(struct tb_store *s,
                                                       const struct tb_host_query *query,
                                                       tb_host_fn fn, void *ctx,
                                                       char next[TB_STORE_CURSOR_LEN]);
/* How many hosts the query finds; limit and cursor are ignored. */
TB_MUST_CHECK enum tb_store_status
tb_store_hosts_count(struct tb_store *s, const struct tb_host_query *query, uint64_t *out);

/* Active hosts of one shape. */
struct tb_cluster {
    uint8_t shape[TB_SHA256_LEN];
    uint64_t n_hosts;
    uint64_t verdict[TB_N_VERDICTS];
    char sample[TB_STORE_ID_MAX + 1]; /* the id of one of them, a trusted one if there is */
};
typedef bool (*tb_cluster_fn)(void *ctx, const struct tb_cluster *cluster);
struct tb_cluster_totals {
    uint64_t n_clusters, n_hosts; /* all, also those beyond the limit */
};
/* The largest first, at most limit (0: TB_STORE_CLUSTERS_MAX). */
TB_MUST_CHECK enum tb_store_status tb_store_clusters(struct tb_store *s, size_t limit,
                                                     tb_cluster_fn fn, void *ctx,
                                                     struct tb_cluster_totals *totals);
/* One of them; NOT_FOUND: no active host has this shape. */
TB_MUST_CHECK enum tb_store_status tb_store_cluster_get(struct tb_store *s,
                                                        const uint8_t shape[TB_SHA256_LEN],
                                                        struct tb_cluster *out);

struct tb_store_summary {
    uint64_t verdict[TB_N_VERDICTS]; /* pending and active hosts */
    uint64_t n_hosts;                /* their sum */
    uint64_t n_waiting;              /* of them: state pending, an operator must act */
    uint64_t n_refused;
    uint64_t n_maintenance; /* of n_hosts */
    uint64_t n_open_incidents;
};
TB_MUST_CHECK enum tb_store_status tb_store_summary(struct tb_store *s,
                                                    struct tb_store_summary *out);

/* NULL: leave as it is. A name that another host has: TB_STORE_CONFLICT. */
struct tb_host_edit {
    const char *name;
    const char *group;
    const bool *maintenance;
};
TB_MUST_CHECK enum tb_store_status tb_store_host_edit(struct tb_store *s, const char *id,
                                                      const struct tb_host_edit *edit,
                                                      const struct tb_store_by *by,
                                                      struct tb_store_conflict *conflict);
/* pending or refused to active; an EK without any other basis is then the operator's word. A
 * refused host whose name another host has by now: TB_STORE_CONFLICT. seen: the host as somebody
 * looked at it; with another attestation key by now: TB_STORE_STALE. NULL: whatever it has. */
TB_MUST_CHECK enum tb_store_status tb_store_host_approve(struct tb_store *s, const char *id,
                                                         const struct tb_host *seen,
                                                         const struct tb_store_by *by);
/* pending to refused. */
TB_MUST_CHECK enum tb_store_status tb_store_host_refuse(struct tb_store *s, const char *id,
                                                        const struct tb_store_by *by);
/* any to removed: its token and challenge are void at once; history and audit stay. */
TB_MUST_CHECK enum tb_store_status tb_store_host_remove(struct tb_store *s, const char *id,
                                                        const struct tb_store_by *by);
/* Until until_ms an enrolment under this host's name or EK takes the host over, if it comes with
 * what is named here: new_ek, its EK's digest, and token_hash, the enrolment token that it uses.
 * 32 bytes each, or NULL; not both, or anybody could (T-22). until_ms 0 takes it back. */
TB_MUST_CHECK enum tb_store_status tb_store_host_allow_replace(struct tb_store *s, const char *id,
                                                               const uint8_t *new_ek,
                                                               const uint8_t *token_hash,
                                                               int64_t until_ms,
                                                               const struct tb_store_by *by);
/* What is accepted of the TPM itself. */
struct tb_tpm_accepted {
    uint64_t firmware_version;
    uint32_t banks; /* as in struct tb_quote_memory */
};
/* The firmware reference becomes *reference, and what is remembered of the TPM *tpm unless that is
 * NULL (operator's acceptance of a change). */
TB_MUST_CHECK enum tb_store_status
tb_store_host_set_firmware(struct tb_store *s, const char *id,
                           const struct tb_firmware_reference *reference,
                           const struct tb_tpm_accepted *tpm, const struct tb_store_by *by);
/* The security versions that the host was trusted with become these, the text and its SHA-256
 * (operator's acceptance of older packages); "": none. */
TB_MUST_CHECK enum tb_store_status tb_store_host_set_versions(struct tb_store *s, const char *id,
                                                              const uint8_t digest[TB_SHA256_LEN],
                                                              const char *text,
                                                              const struct tb_store_by *by);
/* "Attest now" on the operator's word; audited unless by is NULL (policy change). id NULL: all. */
TB_MUST_CHECK enum tb_store_status tb_store_host_want_attest(struct tb_store *s, const char *id,
                                                             const struct tb_store_by *by);
/* True once for each time it was wanted. */
TB_MUST_CHECK enum tb_store_status tb_store_host_take_attest(struct tb_store *s, const char *id,
                                                             bool *wanted);
/* A contact without evidence (a host that is not capable, a waiting long poll). */
TB_MUST_CHECK enum tb_store_status tb_store_host_seen(struct tb_store *s, const char *id,
                                                      int64_t now_ms);

/* ---- enrolment ---- */

struct tb_enrol_token {
    char id[TB_STORE_ID_MAX + 1];
    char label[TB_STORE_NAME_MAX + 1];
    char group[TB_STORE_NAME_MAX + 1];
    int64_t created_ms;
    char created_by[TB_STORE_NAME_MAX + 1];
    int64_t expires_ms;
    uint32_t uses_left;
    uint32_t uses;      /* as made */
    int64_t revoked_ms; /* 0: not revoked */
};
typedef bool (*tb_enrol_token_fn)(void *ctx, const struct tb_enrol_token *token);

/* Of *token: id, label, group, expires_ms and uses count; the rest is made here. */
TB_MUST_CHECK enum tb_store_status tb_store_enrol_token_create(struct tb_store *s,
                                                               const struct tb_enrol_token *token,
                                                               const uint8_t hash[TB_SHA256_LEN],
                                                               const struct tb_store_by *by);
/* Is it good now? OK (and *out), or NOT_FOUND, STALE, LIMIT. Consumes nothing. */
TB_MUST_CHECK enum tb_store_status tb_store_enrol_token_check(struct tb_store *s,
                                                              const uint8_t hash[TB_SHA256_LEN],
                                                              int64_t now_ms,
                                                              struct tb_enrol_token *out);
TB_MUST_CHECK enum tb_store_status tb_store_enrol_tokens(struct tb_store *s, tb_enrol_token_fn fn,
                                                         void *ctx);
TB_MUST_CHECK enum tb_store_status tb_store_enrol_token_revoke(struct tb_store *s, const char *id,
                                                               const struct tb_store_by *by);

struct tb_ek_allowed {
    uint8_t ek_digest[TB_SHA256_LEN];
    char host_name[TB_STORE_NAME_MAX + 1]; /* "": any */
    char group[TB_STORE_NAME_MAX + 1];
    char note[TB_STORE_TEXT_MAX + 1];
    int64_t created_ms;
    char created_by[TB_STORE_NAME_MAX + 1];
};
typedef bool (*tb_ek_allowed_fn)(void *ctx, const struct tb_ek_allowed *entry);

/* An EK that is listed already: TB_STORE_CONFLICT. */
TB_MUST_CHECK enum tb_store_status tb_store_ek_allow_add(struct tb_store *s,
                                                         const struct tb_ek_allowed *entry,
                                                         const struct tb_store_by *by);
TB_MUST_CHECK enum tb_store_status tb_store_ek_allow_find(struct tb_store *s,
                                                          const uint8_t ek_digest[TB_SHA256_LEN],
                                                          struct tb_ek_allowed *out);
TB_MUST_CHECK enum tb_store_status tb_store_ek_allow_list(struct tb_store *s, tb_ek_allowed_fn fn,
                                                          void *ctx);
TB_MUST_CHECK enum tb_store_status tb_store_ek_allow_remove(struct tb_store *s,
                                                            const uint8_t ek_digest[TB_SHA256_LEN],
                                                            const struct tb_store_by *by);

/* What an offer of a credential must remember until its activation, at whatever replica. The state
 * is the server's own bytes; of the secret only a digest belongs in it. At most max_live offers
 * wait at one time: TB_STORE_LIMIT. */
TB_MUST_CHECK enum tb_store_status tb_store_offer_put(struct tb_store *s, const char *id,
                                                      struct tb_reader state, int64_t now_ms,
                                                      int64_t expires_ms, uint64_t max_live);
/* Once only: a second take is NOT_FOUND, a take at or after the expiry STALE (and it is gone). */
TB_MUST_CHECK enum tb_store_status tb_store_offer_take(struct tb_store *s, const char *id,
                                                       int64_t now_ms, struct tb_blob *state);

/* ---- challenge and evidence ---- */

struct tb_challenge_record {
    uint8_t nonce[TB_NONCE_LEN];
    int64_t issued_ms;
    int64_t expires_ms;
    size_t wanted_len;
    uint8_t wanted[TB_STORE_WANTED_MAX]; /* the selection asked for; the server's own bytes */
};

/* Replaces the host's older challenge; counts as contact. A host that is not active: REFUSED. */
TB_MUST_CHECK enum tb_store_status tb_store_challenge_put(struct tb_store *s, const char *host_id,
                                                          const struct tb_challenge_record *c);
/* STALE at or after the expiry. Takes nothing: only tb_store_accept_evidence does. */
TB_MUST_CHECK enum tb_store_status tb_store_challenge_get(struct tb_store *s, const char *host_id,
                                                          int64_t now_ms,
                                                          struct tb_challenge_record *out);
/* Take the nonce without storing evidence (a malformed message). As accept, NOT_FOUND or STALE. */
TB_MUST_CHECK enum tb_store_status tb_store_spend_nonce(struct tb_store *s, const char *host_id,
                                                        const uint8_t nonce[TB_NONCE_LEN],
                                                        int64_t now_ms);

struct tb_appraised {
    const char *host_id;
    uint8_t nonce[TB_NONCE_LEN];
    int64_t now_ms;
    enum tb_verdict verdict;   /* trusted, changed or failed */
    const char *headline_code; /* "" when nothing failed */
    const char *headline;
    enum tb_switch secure_boot;
    bool
        genuine; /* groups 1 to 4 passed: memory and last_verified_ms move on, logs, pcrs and
                  * packages are kept; of others they are not, and the host's stay what they were */
    struct tb_quote_memory memory;
    const struct tb_firmware_reference *firmware; /* NULL: stays as it is */
    const uint8_t *shape; /* 32 bytes, of genuine evidence; NULL: none is known */
    uint8_t exporter[TB_EXPORTER_LEN];
    uint8_t policy_digest[TB_SHA256_LEN];
    struct tb_reader quote;
    struct tb_reader signature;
    struct tb_reader content; /* as sent */
    struct tb_reader context; /* the server's own bytes: what else the appraisal knew */
    struct tb_content_ref log;
    struct tb_content_ref pcrs;
    struct tb_content_ref result; /* JSON without times, so that equal results are kept once */
    struct tb_content_ref user_log;
    struct tb_content_ref packages;
    /* versions_before: as the host's row named them when this was appraised; NULL: none. versions,
     * if it has a digest: what is remembered from now on, unless somebody changed it since. */
    const uint8_t *versions_before;
    struct tb_content_ref versions;
    const char *agent_version; /* NULL: as before */
};

struct tb_accepted {
    bool verdict_changed; /* verdict or cause: a new period began */
    enum tb_verdict previous;
    int64_t since_ms;
    int64_t incident_id; /* opened by this; 0: none */
    uint32_t n_closed;   /* incidents closed by this */
};

/* Take the nonce and store what came of the evidence, in one step.
 *
 * NOT_FOUND: no challenge is out for this host, or not this nonce (replaced or taken: a replay).
 * STALE: it is expired; it is spent all the same. REFUSED: the host is not active.
 * INVALID: also for a blob that is neither given nor held.
 *
 * A new verdict period begins when verdict or headline code differs from the host's; otherwise the
 * period's last time and count move. failed and changed open an incident for their code, or count
 * on the open one; trusted closes the host's open incidents, which stay in the list. A begun period
 * is an audit entry. The newest TB_STORE_PERIODS_KEPT_MAX periods keep what they name, older ones
 * let go of it: a host that changes its verdict at will must not fill the disk. Nor with rows: all
 * changes behind the first TB_STORE_CHANGES_MAX of an hour share one period, which has the latest
 * verdict and counts on; one audit entry, "verdict.folded", tells how many they were when the hour
 * is over; an incident that was closed within the hour opens again. The host's own verdict is the
 * new one at once all the same. */
TB_MUST_CHECK enum tb_store_status tb_store_accept_evidence(struct tb_store *s,
                                                            const struct tb_appraised *in,
                                                            struct tb_accepted *out);

TB_MUST_CHECK enum tb_store_status
tb_store_blob_get(struct tb_store *s, const uint8_t digest[TB_SHA256_LEN], struct tb_blob *out);

/* The host's latest evidence, complete. */
struct tb_evidence_record {
    char host_id[TB_STORE_ID_MAX + 1];
    int64_t received_ms;
    enum tb_verdict verdict; /* as concluded then */
    bool genuine;
    uint8_t nonce[TB_NONCE_LEN];
    uint8_t exporter[TB_EXPORTER_LEN];
    uint8_t policy_digest[TB_SHA256_LEN];
    struct tb_blob quote, signature, context, content;
    struct tb_blob log, pcrs, result, user_log, packages, versions; /* empty: not there */
    uint8_t log_digest[TB_SHA256_LEN];                              /* zero: not there */
    uint8_t pcrs_digest[TB_SHA256_LEN];
    uint8_t result_digest[TB_SHA256_LEN];
    uint8_t user_log_digest[TB_SHA256_LEN];
    uint8_t packages_digest[TB_SHA256_LEN];
    uint8_t versions_digest[TB_SHA256_LEN]; /* as remembered before this evidence */
};
void tb_evidence_record_clear(struct tb_evidence_record *e);
TB_MUST_CHECK enum tb_store_status tb_store_evidence_get(struct tb_store *s, const char *host_id,
                                                         struct tb_evidence_record *out);
/* The latest evidence of every active host, of one group or (NULL) all, by id; each is read on its
 * own, so that writers are not held up. This callback may call the store. */
typedef bool (*tb_evidence_fn)(void *ctx, const struct tb_host *host,
                               const struct tb_evidence_record *evidence);
TB_MUST_CHECK enum tb_store_status tb_store_evidence_each(struct tb_store *s, const char *group,
                                                          tb_evidence_fn fn, void *ctx);

/* Hosts that fell silent. Active hosts with a TPM 2.0 that were attested before become unreachable
 * when last seen before unreachable_before_ms, else stale when their last evidence is older than
 * stale_before_ms. At most `limit` a call (0: TB_STORE_PAGE_MAX); fn (NULL: none) is called after
 * the commit for each that changed. Incidents stay as they are. */
struct tb_silence {
    const char *group; /* NULL: all */
    int64_t stale_before_ms;
    int64_t unreachable_before_ms;
    size_t limit;
    const char *stale_headline; /* the codes are "host.stale", "host.unreachable" */
    const char *unreachable_headline;
};
typedef bool (*tb_silent_fn)(void *ctx, const char *host_id, enum tb_verdict before,
                             enum tb_verdict now);
TB_MUST_CHECK enum tb_store_status tb_store_mark_silent(struct tb_store *s,
                                                        const struct tb_silence *silence,
                                                        const struct tb_store_by *by,
                                                        tb_silent_fn fn, void *ctx);

/* ---- history, incidents, audit ---- */

/* One row per change of verdict or of its cause. */
struct tb_period {
    int64_t id;
    enum tb_verdict verdict;
    char headline_code[TB_STORE_CODE_MAX + 1];
    char headline[TB_STORE_TEXT_MAX + 1];
    int64_t first_ms, last_ms;
    uint64_t count; /* attestations in it */
    bool has_result, has_log, has_pcrs;
    uint8_t result_digest[TB_SHA256_LEN]; /* of its first attestation; the blob may be purged */
    uint8_t log_digest[TB_SHA256_LEN];
    uint8_t pcrs_digest[TB_SHA256_LEN];
    uint8_t policy_digest[TB_SHA256_LEN]; /* zero: none */
};
typedef bool (*tb_period_fn)(void *ctx, const struct tb_period *period);
/* Newest first; before 0: from the newest, else periods with a smaller id. */
TB_MUST_CHECK enum tb_store_status tb_store_history(struct tb_store *s, const char *host_id,
                                                    int64_t before, size_t limit, tb_period_fn fn,
                                                    void *ctx);

struct tb_incident {
    int64_t id;
    char host_id[TB_STORE_ID_MAX + 1];
    char host_name[TB_STORE_NAME_MAX + 1];
    bool event; /* something that happened (identity.duplicate): acknowledging closes it;
                 * otherwise only a passing attestation does */
    enum tb_verdict verdict; /* failed or changed; TB_VERDICT_NONE for an event */
    char code[TB_STORE_CODE_MAX + 1];
    char text[TB_STORE_TEXT_MAX + 1];
    int64_t opened_ms, last_ms, closed_ms; /* closed_ms 0: open */
    uint64_t count;
    char owner[TB_STORE_NAME_MAX + 1]; /* "": not acknowledged */
    int64_t acknowledged_ms;
    int64_t until_ms; /* the acknowledgement ends then; 0: it does not */
    char note[TB_STORE_TEXT_MAX + 1];
};
typedef bool (*tb_incident_fn)(void *ctx, const struct tb_incident *incident);
struct tb_incident_query {
    const char *host_id; /* NULL: all */
    bool open_only;
    int64_t before; /* as tb_store_history */
    size_t limit;
};
TB_MUST_CHECK enum tb_store_status tb_store_incidents(struct tb_store *s,
                                                      const struct tb_incident_query *query,
                                                      tb_incident_fn fn, void *ctx);
/* owner is by->actor. */
TB_MUST_CHECK enum tb_store_status tb_store_incident_acknowledge(struct tb_store *s, int64_t id,
                                                                 int64_t until_ms, const char *note,
                                                                 const struct tb_store_by *by);
/* An event on a host that the store cannot see by itself (T-56, T-57, ...). Counts on an open one
 * of the same code. */
TB_MUST_CHECK enum tb_store_status tb_store_incident_event(struct tb_store *s, const char *host_id,
                                                           const char *code, const char *text,
                                                           const struct tb_store_by *by);

/* Leaves of the log: seq is 1, 2, 3, ... without gaps, in commit order; entries never change. */
struct tb_audit_entry {
    int64_t seq;
    int64_t time_ms;
    const char *actor;
    const char *actor_id; /* of the API key; "": none was used */
    const char *action;   /* "host.approve", "verdict", "policy.put", ... */
    const char *target;   /* host id, token id, ...; "" if none */
    const char *detail;   /* JSON object */
};
typedef bool (*tb_audit_fn)(void *ctx, const struct tb_audit_entry *entry);
/* Of *entry: action, target and detail count. detail: valid JSON, made by the caller. */
TB_MUST_CHECK enum tb_store_status tb_store_audit_append(struct tb_store *s, const char *action,
                                                         const char *target, const char *detail,
                                                         const struct tb_store_by *by);
struct tb_audit_query {
    bool ascending;     /* false: newest first */
    int64_t from;       /* ascending: entries with a greater seq; descending: smaller; 0: all */
    const char *target; /* NULL: all */
    size_t limit;
};
TB_MUST_CHECK enum tb_store_status
tb_store_audit(struct tb_store *s, const struct tb_audit_query *query, tb_audit_fn fn, void *ctx);

/* ---- policies ---- */

struct tb_policy_record {
    int64_t version;                   /* 1, 2, 3, ... over all groups */
    char group[TB_STORE_NAME_MAX + 1]; /* "": every group without one of its own */
    uint8_t digest[TB_SHA256_LEN];
    int64_t created_ms;
    char author[TB_STORE_NAME_MAX + 1];
};
typedef bool (*tb_policy_fn)(void *ctx, const struct tb_policy_record *policy);

/* The new version is the group's current one from now on. The digest is the caller's. Putting again
 * what is current makes no new version. */
TB_MUST_CHECK enum tb_store_status tb_store_policy_put(struct tb_store *s, const char *group,
                                                       struct tb_reader text,
                                                       const uint8_t digest[TB_SHA256_LEN],
                                                       const struct tb_store_by *by,
                                                       int64_t *version);
/* The group's own, else that of "", else NOT_FOUND (the built-in one holds). */
TB_MUST_CHECK enum tb_store_status tb_store_policy_current(struct tb_store *s, const char *group,
                                                           struct tb_policy_record *out,
                                                           struct tb_blob *text);
TB_MUST_CHECK enum tb_store_status tb_store_policy_get(struct tb_store *s, int64_t version,
                                                       struct tb_policy_record *out,
                                                       struct tb_blob *text);
/* Newest first. */
TB_MUST_CHECK enum tb_store_status tb_store_policies(struct tb_store *s, int64_t before,
                                                     size_t limit, tb_policy_fn fn, void *ctx);

/* ---- people's keys and sessions ---- */

struct tb_api_key {
    char id[TB_STORE_ID_MAX + 1];
    char label[TB_STORE_NAME_MAX + 1];
    char role[TB_STORE_CODE_MAX + 1];
    int64_t created_ms;
    char created_by[TB_STORE_NAME_MAX + 1];
    int64_t expires_ms; /* 0: never */
    int64_t revoked_ms; /* 0: not revoked */
};
typedef bool (*tb_api_key_fn)(void *ctx, const struct tb_api_key *key);

/* Of *key: id, label, role and expires_ms count. A label in use by a key that is not revoked, an id
 * or hash in use: CONFLICT. */
TB_MUST_CHECK enum tb_store_status tb_store_api_key_create(struct tb_store *s,
                                                           const struct tb_api_key *key,
                                                           const uint8_t hash[TB_SHA256_LEN],
                                                           const struct tb_store_by *by);
/* NOT_FOUND, or STALE when expired or revoked. */
TB_MUST_CHECK enum tb_store_status tb_store_api_key_find(struct tb_store *s,
                                                         const uint8_t hash[TB_SHA256_LEN],
                                                         int64_t now_ms, struct tb_api_key *out);
TB_MUST_CHECK enum tb_store_status tb_store_api_keys(struct tb_store *s, tb_api_key_fn fn,
                                                     void *ctx);
/* Ends its sessions too. */
TB_MUST_CHECK enum tb_store_status tb_store_api_key_revoke(struct tb_store *s, const char *id,
                                                           const struct tb_store_by *by);

/* A browser's session of a key. */
TB_MUST_CHECK enum tb_store_status tb_store_session_create(struct tb_store *s,
                                                           const uint8_t hash[TB_SHA256_LEN],
                                                           const char *key_id, int64_t now_ms,
                                                           int64_t expires_ms);
/* *out is the key; STALE when session or key is expired or revoked. */
TB_MUST_CHECK enum tb_store_status tb_store_session_find(struct tb_store *s,
                                                         const uint8_t hash[TB_SHA256_LEN],
                                                         int64_t now_ms, struct tb_api_key *out);
TB_MUST_CHECK enum tb_store_status tb_store_session_delete(struct tb_store *s,
                                                           const uint8_t hash[TB_SHA256_LEN]);

/* ---- retention ---- */

/* Deletes expired challenges, offers and sessions, tokens and keys that are void since before
 * before_ms, closed verdict periods (never a host's latest) and closed incidents older than that,
 * hosts removed before it, and blobs that nothing names any more: those an hour old already. What a
 * host's last trusted boot names stays. The audit log stays whole. Works in several short
 * transactions. n_rows may be NULL. */
TB_MUST_CHECK enum tb_store_status tb_store_purge(struct tb_store *s, int64_t now_ms,
                                                  int64_t before_ms, uint64_t *n_rows);

#endif
