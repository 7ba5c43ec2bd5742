/* wire/explain_json.h - why a log does not lead to quoted PCRs, as JSON; the same for API and CLI.
 *
 * {"code", "meaning", "next", "where": "PCR 5: sha256", "detail": "events 3 and 9", "pcrs": [5],
 * "banks": ["sha256"]}, and where it has them "events": [first] or [first, last], "count",
 * "values": ["separator", ...] and one of "other_pcr", "other_bank", "locality", "log". No string
 * comes from a host. */
#ifndef TB_WIRE_EXPLAIN_JSON_H
#define TB_WIRE_EXPLAIN_JSON_H

#include "core/explain.h"

struct json_t; /* jansson's */

/* A new array, owned by the caller (json_decref). NULL: out of memory. */
struct json_t *tb_explanations_json(const struct tb_explanations *x);

/* How each quoted PCR relates to the log: {"sha256": {"0": "match", ...}, ...}. */
struct json_t *tb_pcr_states_json(const struct tb_pcr_states *s);

#endif
