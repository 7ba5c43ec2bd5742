/* wire/log_json.h - an event log as JSON, the same for API and CLI.
 *
 * {"format": "crypto-agile", "banks": ["sha256", ...], "pcrs": {"sha256": {"0": "hex"}}, "events":
 * [{"index", "offset", "pcr", "type", "type_number", "size", "data": "hex",
 * "digests": {"sha256": "hex"}, "details": [{"name", "value", "verified"}]}], "facts": {...}}: the
 * last as in wire/facts_json.h. Values come from whoever handed over the log; a detail is verified
 * when the event's digests cover the bytes that it was made of: core/describe.h. */
#ifndef TB_WIRE_LOG_JSON_H
#define TB_WIRE_LOG_JSON_H

#include "core/eventlog.h"

struct json_t; /* jansson's */

/* A new object, owned by the caller (json_decref). NULL and *why: the log is refused, or *why has
 * an empty `where`: out of memory.
 * quoted  values that a TPM signed: only events that lead to them in every quoted bank can be
 *         verified; no value in it: no event is. NULL: there is no quote, and the log's digests are
 *         taken at its word. */
struct json_t *tb_log_json(struct tb_reader log, const struct tb_pcrs *quoted, struct tb_hasher *h,
                           struct tb_reason *why);

/* One event of `log` as it stands in the list above; banks that vouch for it as in core/describe.h.
 * NULL: out of memory. */
struct json_t *tb_log_event_json(const struct tb_log *log, const struct tb_event *e, uint32_t banks,
                                 struct tb_hasher *h);

/* Replayed PCR values as {"sha256": {"0": "hex", ...}, ...}: banks that the log declares, and in
 * each the PCRs of which every event has its digest. NULL: out of memory. */
struct json_t *tb_replay_json(const struct tb_replay *r);

#endif
