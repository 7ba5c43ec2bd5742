/* server/api/api.h - what the handlers of the REST interface share.
 *
 * One handler per operation of openapi.json; routes.c holds the one table that names path, role,
 * body limit and handler of each. Handlers translate between JSON or CBOR and the Verifier and the
 * store; they decide nothing about trust. */
#ifndef TB_SERVER_API_API_H
#define TB_SERVER_API_API_H

#include "server/http/http.h"
#include "server/verifier.h"

#include <pthread.h>

/* Roles, as bits of tb_http_route.roles. A route lists every role that may use it. */
enum {
    TB_ROLE_ANYBODY = 1 << 0, /* no credential needed */
    TB_ROLE_AGENT = 1 << 1,
    TB_ROLE_VIEWER = 1 << 2,
    TB_ROLE_OPERATOR = 1 << 3,
    TB_ROLE_ADMIN = 1 << 4,
    TB_ROLE_AUDITOR = 1 << 5,
};
#define TB_ROLES_VIEWER (TB_ROLE_VIEWER | TB_ROLE_OPERATOR | TB_ROLE_ADMIN | TB_ROLE_AUDITOR)
#define TB_ROLES_OPERATOR (TB_ROLE_OPERATOR | TB_ROLE_ADMIN)
#define TB_ROLES_AUDITOR (TB_ROLE_AUDITOR | TB_ROLE_ADMIN)

const char *tb_role_name(uint32_t role);    /* "viewer", ...; NULL for no single role */
uint32_t tb_role_of_name(const char *name); /* 0: unknown */

/* Hosts that wait in a long poll for a command. */
struct tb_waiter;

struct tb_app {
    struct tb_store *store;
    struct tb_verifier *verifier;
    struct tb_http_server *http; /* set once the server listens */
    struct tb_http_hub *hub;
    const char *public_url; /* "https://name:port", for lines that people paste */
    const char *pin;        /* SHA-256 of the CA certificate in hex, which agents pin */
    int64_t started_ms;
    pthread_mutex_t waiters_lock;
    struct tb_waiter *waiters, *last_waiter; /* oldest first */
};

/* Who asks, left in the request by tb_api_authorise(). */
struct tb_principal {
    uint32_t role;
    char label[TB_STORE_NAME_MAX + 1]; /* of the API key; "" for agents */
    char key_id[TB_STORE_ID_MAX + 1];  /* its id: a label may come back for another key */
    char host_id[TB_STORE_ID_MAX + 1]; /* agents only */
    char session[65];                  /* hex of the session's key, if a cookie was used */
};

extern const struct tb_http_route tb_api_routes[];
extern const size_t tb_api_n_routes;

enum tb_http_access tb_api_authorise(void *ctx, struct tb_http_request *rq,
                                     const struct tb_http_route *route);

int64_t tb_now_ms(void); /* since 1970, UTC */

/* --- Replies ------------------------------------------------------------------------------------
 */

void tb_api_refuse(struct tb_http_request *rq, const struct tb_refusal *r);
/* For everything but OK: the store's status as an error. Returns true if status is OK. */
TB_MUST_CHECK bool tb_api_ok(struct tb_http_request *rq, enum tb_store_status status);
json_t *tb_json_time(int64_t ms); /* RFC 3339 string, or null for 0 */
json_t *tb_json_hex(const uint8_t *p, size_t len);

/* --- Requests -----------------------------------------------------------------------------------
 */

struct tb_store_by tb_api_by(struct tb_http_request *rq);
/* limit and cursor of a page; false: a 400 was replied. */
TB_MUST_CHECK bool tb_api_page(struct tb_http_request *rq, size_t *limit, const char **cursor);
/* The same where the cursor is a number. */
TB_MUST_CHECK bool tb_api_page_number(struct tb_http_request *rq, size_t *limit, int64_t *before);
/* False, and 400: the query has a parameter that is not in the NULL-terminated list. */
TB_MUST_CHECK bool tb_api_query_only(struct tb_http_request *rq, const char *const *names);

/* One member of a JSON body. */
struct tb_field {
    const char *name;
    char kind; /* 's' text, 'i' integer, 'b' boolean */
    bool required;
    size_t max;           /* 's': bytes */
    int64_t min_i, max_i; /* 'i' */
    const char *s;        /* out; NULL: absent */
    int64_t i;            /* out; unchanged: absent */
    bool b, present;      /* out */
};
/* Fill the fields from a body that must be an object of them and nothing else. False: a 400 was
 * replied. The texts live as long as *body, which the caller frees in any case (json_decref). */
TB_MUST_CHECK bool tb_api_fields(struct tb_http_request *rq, json_t **body, struct tb_field *fields,
                                 size_t n);

/* The host of {id}, by its id or its name. False: a 404 was replied. */
TB_MUST_CHECK bool tb_api_host(struct tb_http_request *rq, struct tb_app *app, struct tb_host *out);

/* --- Live --- */

/* Publishes a change of the store to pages and waiting agents; ctx is the struct tb_app. */
void tb_api_on_change(void *ctx, enum tb_change kind, const char *host_id);

/* --- Handlers, by file --- */

tb_http_handler tb_api_agent_enrol, tb_api_agent_activate, tb_api_agent_challenge,
    tb_api_agent_evidence, tb_api_agent_wait; /* agent.c */
tb_http_handler tb_api_hosts_list, tb_api_host_get, tb_api_host_change, tb_api_host_remove,
    tb_api_host_history, tb_api_summary, tb_api_report; /* hosts.c */
tb_http_handler tb_api_host_approve, tb_api_host_refuse, tb_api_host_attest,
    tb_api_host_replace_tpm, tb_api_host_accept_firmware,
    tb_api_host_accept_rollback;                       /* host_actions.c */
tb_http_handler tb_api_host_log, tb_api_host_bundle;   /* evidence.c */
tb_http_handler tb_api_host_diff, tb_api_cluster_diff; /* diff.c */
tb_http_handler tb_api_clusters;                       /* clusters.c */
tb_http_handler tb_api_enrolment_tokens_list, tb_api_enrolment_token_create,
    tb_api_enrolment_token_revoke, tb_api_ek_allow_list, tb_api_ek_allow_add,
    tb_api_ek_allow_remove; /* enrolments.c */
tb_http_handler tb_api_policy_get, tb_api_policy_set, tb_api_policy_versions,
    tb_api_policy_try; /* policy.c */
tb_http_handler tb_api_incidents_list, tb_api_incident_acknowledge, tb_api_audit_list,
    tb_api_findings; /* records.c */
tb_http_handler tb_api_api_tokens_list, tb_api_api_token_create, tb_api_api_token_revoke,
    tb_api_session_create, tb_api_session_delete, tb_api_whoami; /* access.c */
tb_http_handler tb_api_health, tb_api_metrics, tb_api_openapi, tb_api_events,
    tb_api_asset; /* service.c */

/* hosts.c, for others that answer with a host. */
json_t *tb_json_host_summary(const struct tb_host *host);
void tb_api_reply_host(struct tb_http_request *rq, struct tb_app *app, int status, const char *id);
json_t *tb_json_verdicts(const uint64_t verdict[TB_N_VERDICTS]); /* counts by name */
/* diff.c: null, or {"period", "when"} of the last trusted boot when the host is not trusted now. */
json_t *tb_json_changed_since(struct tb_app *app, const struct tb_host *host);
/* enrolments.c: a new token and its hash, as the store knows it; NULL, and a reply: refused. */
json_t *tb_api_make_enrolment_token(struct tb_http_request *rq, struct tb_app *app,
                                    const char *label, const char *group, int64_t expires_s,
                                    uint32_t uses, uint8_t hash[TB_SHA256_LEN]);

#endif
