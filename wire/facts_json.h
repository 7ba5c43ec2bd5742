/* wire/facts_json.h - what a boot's log proves, as JSON: the same in a result and beside a log.
 *
 * "secure_boot", "keys", "authorities", "programs" (their paths are covered by no digest),
 * "exit_boot_services", "firmware_version" and "story": docs/event-log.md tells what stands in
 * them. */
#ifndef TB_WIRE_FACTS_JSON_H
#define TB_WIRE_FACTS_JSON_H

#include "core/bootfacts.h"
#include "core/chain.h"
#include "core/story.h"

struct json_t; /* jansson's */

/* The members into the object o. bank: the one that is relied on. 0, or not 0 when memory ran out.
 */
TB_MUST_CHECK int tb_facts_json_add(struct json_t *o, const struct tb_boot_facts *f,
                                    const struct tb_story *s, enum tb_bank bank);
/* A new object. NULL: out of memory. */
struct json_t *tb_story_json(const struct tb_story *s, enum tb_bank bank);
/* What stands under "chain": null for a host on another chain. NULL: out of memory. */
struct json_t *tb_chain_json(const struct tb_chain_facts *c);
/* The certificates in the proved PK, KEK, db and dbx and those of the authorities: [{"variable",
 * "authority", "subject", "issuer", "sha256", "not_before_s", "not_after_s", "known", "test_key"}].
 * log: the one that the facts are of. NULL: out of memory. */
struct json_t *tb_certificates_json(struct tb_reader log, const struct tb_boot_facts *f,
                                    struct tb_hasher *h);
/* All of the above of a log that has replayed, and "bank": the strongest one that vouches for the
 * firmware. states: as in core/bootfacts.h. NULL: out of memory. */
struct json_t *tb_log_facts_json(struct tb_reader log, const struct tb_pcr_states *states,
                                 struct tb_hasher *h);

#endif
