/* wire/log_change.h - one change between two boots, in words.
 *
 * What an event is called is read from its type and its data, and mostly no digest covers them: the
 * words say so. The digests are what changed. Nothing here judges. */
#ifndef TB_WIRE_LOG_CHANGE_H
#define TB_WIRE_LOG_CHANGE_H

#include "core/eventlog.h"

struct json_t; /* jansson's */

#define TB_CHANGE_DETAILS_MAX 40 /* details of one change; the last one counts the rest */

struct tb_changed_event {
    const struct tb_log *log;
    const struct tb_event *e; /* NULL: this boot has none */
    uint32_t banks;           /* that vouch for it */
    const char *cmdline;      /* the one that this boot's story proves; NULL: none */
};

struct tb_log_change {
    const char *kind;  /* "changed", "moved", "gone", "new", "data" */
    enum tb_bank bank; /* in which the logs were compared */
    struct tb_changed_event side[2];
};

/* Add "text", "verified", "vouched" and "details" to the object `out`.
 *
 * text      "Secure Boot key list dbx changed: 3 entries more"
 * verified  the names and values in it stand in data that every vouching bank's digest covers; what
 *           an event is for, its type says, and nothing covers that. Of a kernel command line: it
 *           is the one that the boot's story proves (core/story.h)
 * details   [{"text", "verified"}]: certificates and hashes that came and went, options of the
 *           command line, values that differ
 * False: out of memory. */
TB_MUST_CHECK bool tb_log_change_tell(const struct tb_log_change *change, struct tb_hasher *h,
                                      struct json_t *out);

#endif
