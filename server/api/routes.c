/* server/api/routes.c - the one table of routes: path, who may, how much, by whom.
 *
 * tests/integration/api holds it to openapi.json, in both directions. */
#include "server/api/api.h"
#include "wire/policy_json.h"

#define JSON_MAX 65536
#define JSON "application/json"
#define CBOR "application/cbor"
#define GET(path, roles, fn)                                                                       \
    {                                                                                              \
        TB_HTTP_GET, path, roles, 0, NULL, fn                                                      \
    }
#define POST(path, roles, fn)                                                                      \
    {                                                                                              \
        TB_HTTP_POST, path, roles, 0, NULL, fn                                                     \
    }
#define DELETE(path, roles, fn)                                                                    \
    {                                                                                              \
        TB_HTTP_DELETE, path, roles, 0, NULL, fn                                                   \
    }

const struct tb_http_route tb_api_routes[] = {
    /* agents */
    { TB_HTTP_POST, "/v1/agent/enrol", TB_ROLE_ANYBODY, TB_MESSAGE_MAX, CBOR, tb_api_agent_enrol },
    { TB_HTTP_POST, "/v1/agent/activate", TB_ROLE_ANYBODY, TB_MESSAGE_MAX, CBOR,
      tb_api_agent_activate },
    { TB_HTTP_POST, "/v1/agent/challenge", TB_ROLE_AGENT, TB_MESSAGE_MAX, CBOR,
      tb_api_agent_challenge },
    { TB_HTTP_POST, "/v1/agent/evidence", TB_ROLE_AGENT, TB_EVIDENCE_MESSAGE_MAX, CBOR,
      tb_api_agent_evidence },
    { TB_HTTP_POST, "/v1/agent/wait", TB_ROLE_AGENT, TB_MESSAGE_MAX, CBOR, tb_api_agent_wait },
    /* hosts */
    GET("/v1/hosts", TB_ROLES_VIEWER, tb_api_hosts_list),
    GET("/v1/hosts/{id}", TB_ROLES_VIEWER, tb_api_host_get),
    { TB_HTTP_PATCH, "/v1/hosts/{id}", TB_ROLES_OPERATOR, JSON_MAX, JSON, tb_api_host_change },
    DELETE("/v1/hosts/{id}", TB_ROLE_ADMIN, tb_api_host_remove),
    GET("/v1/hosts/{id}/history", TB_ROLES_VIEWER, tb_api_host_history),
    GET("/v1/hosts/{id}/log", TB_ROLES_VIEWER, tb_api_host_log),
    GET("/v1/hosts/{id}/diff", TB_ROLES_VIEWER, tb_api_host_diff),
    GET("/v1/hosts/{id}/bundle", TB_ROLES_VIEWER, tb_api_host_bundle),
    { TB_HTTP_POST, "/v1/hosts/{id}/approve", TB_ROLES_OPERATOR, JSON_MAX, JSON,
      tb_api_host_approve },
    POST("/v1/hosts/{id}/refuse", TB_ROLES_OPERATOR, tb_api_host_refuse),
    POST("/v1/hosts/{id}/attest", TB_ROLES_OPERATOR, tb_api_host_attest),
    POST("/v1/hosts/{id}/replace-tpm", TB_ROLES_OPERATOR, tb_api_host_replace_tpm),
    { TB_HTTP_POST, "/v1/hosts/{id}/accept-firmware", TB_ROLES_OPERATOR, JSON_MAX, JSON,
      tb_api_host_accept_firmware },
    { TB_HTTP_POST, "/v1/hosts/{id}/accept-rollback", TB_ROLES_OPERATOR, JSON_MAX, JSON,
      tb_api_host_accept_rollback },
    GET("/v1/clusters", TB_ROLES_VIEWER, tb_api_clusters),
    GET("/v1/clusters/{shape}/diff", TB_ROLES_VIEWER, tb_api_cluster_diff),
    GET("/v1/summary", TB_ROLES_VIEWER, tb_api_summary),
    GET("/v1/report", TB_ROLES_VIEWER, tb_api_report),
    /* enrolment */
    GET("/v1/enrolment-tokens", TB_ROLES_OPERATOR, tb_api_enrolment_tokens_list),
    { TB_HTTP_POST, "/v1/enrolment-tokens", TB_ROLES_OPERATOR, JSON_MAX, JSON,
      tb_api_enrolment_token_create },
    DELETE("/v1/enrolment-tokens/{id}", TB_ROLES_OPERATOR, tb_api_enrolment_token_revoke),
    GET("/v1/ek-allow", TB_ROLES_OPERATOR, tb_api_ek_allow_list),
    { TB_HTTP_POST, "/v1/ek-allow", TB_ROLES_OPERATOR, JSON_MAX, JSON, tb_api_ek_allow_add },
    DELETE("/v1/ek-allow/{digest}", TB_ROLES_OPERATOR, tb_api_ek_allow_remove),
    /* policy */
    GET("/v1/policy", TB_ROLES_VIEWER, tb_api_policy_get),
    { TB_HTTP_PUT, "/v1/policy", TB_ROLE_ADMIN, TB_POLICY_JSON_MAX, JSON, tb_api_policy_set },
    GET("/v1/policy/versions", TB_ROLES_VIEWER, tb_api_policy_versions),
    { TB_HTTP_POST, "/v1/policy/try", TB_ROLES_OPERATOR, TB_POLICY_JSON_MAX, JSON,
      tb_api_policy_try },
    /* records */
    GET("/v1/findings", TB_ROLES_VIEWER, tb_api_findings),
    GET("/v1/incidents", TB_ROLES_VIEWER, tb_api_incidents_list),
    { TB_HTTP_POST, "/v1/incidents/{id}/acknowledge", TB_ROLES_OPERATOR, JSON_MAX, JSON,
      tb_api_incident_acknowledge },
    GET("/v1/audit", TB_ROLES_AUDITOR, tb_api_audit_list),
    /* access */
    GET("/v1/api-tokens", TB_ROLE_ADMIN, tb_api_api_tokens_list),
    { TB_HTTP_POST, "/v1/api-tokens", TB_ROLE_ADMIN, JSON_MAX, JSON, tb_api_api_token_create },
    DELETE("/v1/api-tokens/{id}", TB_ROLE_ADMIN, tb_api_api_token_revoke),
    { TB_HTTP_POST, "/v1/session", TB_ROLE_ANYBODY, 1024, JSON, tb_api_session_create },
    DELETE("/v1/session", TB_ROLES_VIEWER, tb_api_session_delete),
    GET("/v1/whoami", TB_ROLES_VIEWER, tb_api_whoami),
    /* the service itself */
    GET("/healthz", TB_ROLE_ANYBODY, tb_api_health),
    GET("/metrics", TB_ROLES_VIEWER, tb_api_metrics),
    GET("/v1/openapi.json", TB_ROLE_ANYBODY, tb_api_openapi),
    GET("/v1/events", TB_ROLES_VIEWER, tb_api_events),
    GET("/", TB_ROLE_ANYBODY, tb_api_asset),
    GET("/ui/{file}", TB_ROLE_ANYBODY, tb_api_asset),
};
const size_t tb_api_n_routes = sizeof tb_api_routes / sizeof tb_api_routes[0];
