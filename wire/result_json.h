/* wire/result_json.h - an Attestation Result as JSON, the same for API, CLI and bundle.
 *
 * Titles, causes and next steps are those of core/checks.h. Strings that come from the host (paths,
 * certificate subjects, versions) stand only under "boot", where docs/protocol.md says which of
 * them are covered by a digest. */
#ifndef TB_WIRE_RESULT_JSON_H
#define TB_WIRE_RESULT_JSON_H

#include "core/appraise.h"

struct json_t; /* jansson's */

/* A new object, owned by the caller (json_decref). NULL: out of memory. */
struct json_t *tb_result_json(const struct tb_result *r, const struct tb_policy *policy);
/* What is kept of it, as compact text with sorted members: under "quote" stands "genuine" alone, so
 * that the text depends on boot, policy and outcomes only and is the same for every quote and host
 * that share them. The caller frees. */
char *tb_result_print(const struct tb_result *r, const struct tb_policy *policy);
/* Into the "quote" of a kept result what its host's memory holds of the same quote: clock, resets,
 * boot id. Nothing where the quote was not genuine. False: out of memory. */
TB_MUST_CHECK bool tb_result_add_memory(struct json_t *result, const struct tb_quote_memory *m);

/* One finding with its texts: code, group, severity, outcome, title, cause, next, where, expected,
 * observed. */
struct json_t *tb_finding_json(const struct tb_finding *f, const struct tb_policy *policy);

/* The table of all checks with their texts and built-in severities, in order: GET /v1/findings. */
struct json_t *tb_checks_json(void);

#endif
