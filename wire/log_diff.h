/* wire/log_diff.h - what changed between two boots: two event logs compared by meaning.
 *
 * Events are the same when PCR, type and the digest of the strongest bank that both logs have are
 * the same (EV_NO_ACTION: PCR, type and data). They are aligned PCR by PCR, since the order between
 * PCRs says nothing (PFP 1.06, 3.3.4). What is left over is paired where a variable's name, a path
 * or a text is the same, else by type between the same neighbours. Such pairs are for reading:
 * names are rarely covered by a digest. The comparison judges nothing; both logs are claims. */
#ifndef TB_WIRE_LOG_DIFF_H
#define TB_WIRE_LOG_DIFF_H

#include "core/eventlog.h"

struct json_t; /* jansson's */

/* Events of one PCR, equal ones at both ends set aside, are aligned while the product of their
 * numbers is no larger: 2,048 on each side. Beyond, order within that PCR is not compared. */
#define TB_LOG_DIFF_CELLS_MAX (4 * 1024 * 1024)

#define TB_LOG_DIFF_TOLD_MAX 256 /* changes that a brief diff has; the rest is counted */
#define TB_LOG_DIFF_TOP_MAX 10   /* changes that stand in "top" */

/* {"bank", "equal", "before": {"events"}, "after": {"events"}, "pcrs": [{"pcr", "equal", "vouched",
 * "aligned", "before": "hex", "after": "hex", "same", "changes": [{"kind", "text", "verified",
 * "vouched", "details": [{"text", "verified"}], "before", "after"}]}], "changes_lost", "top":
 * [{"pcr", "text", "verified"}]}
 *
 * pcr      PCRs with events in a log; null for the events that belong to none
 * equal    the same events in the same order; data that no digest covers may differ
 * before   the replayed value in `bank`, null where there is none; likewise after
 * same     number of events that both logs have in this place
 * kind     "changed" (another digest), "moved", "gone", "new", "data" (only bytes that no digest
 *          covers); with the events of wire/log_json.h, null where a log has none; of a brief diff
 *          {"index", "type", "digest"} of them
 * text     the change in a sentence, and what there is to say to it (wire/log_change.h)
 * vouched  of a PCR: both logs lead to what was quoted of it; of a change: that of each side that
 * has an event; true if nobody quoted top      the sentences that matter most, PCRs in the order of
 * what they tell of a boot
 *
 * A new object, owned by the caller. NULL: *in_after tells which log *why is about; an empty
 * why->where: out of memory. */
struct tb_log_diff {
    struct tb_reader log[2];         /* before, after */
    const struct tb_pcrs *quoted[2]; /* values that a TPM signed; NULL: the log is taken at its
                                      * word; no value in it: nothing is vouched for */
    bool brief;                      /* bounded, and without the events' data */
};
struct json_t *tb_log_diff_json(const struct tb_log_diff *in, struct tb_hasher *h, bool *in_after,
                                struct tb_reason *why);

#endif
