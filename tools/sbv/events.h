/* tools/sbv/events.h - what user space measures: PCR 11 and the canonical event log beside it. */
#ifndef TB_TOOLS_SBV_EVENTS_H
#define TB_TOOLS_SBV_EVENTS_H

#include "pkg/record.h"

#define TB_EVENTS_ERR_LEN 512

struct tb_events;

/* path: the log; it is made anew, or with `more` it is there and continued. tcti: as tpm/tpm.h.
 * with_tpm: false: nothing is extended. A machine without a TPM 2.0 has a log all the same; note
 * says so ("" otherwise). NULL, and err: the log or the TPM cannot be used. */
struct tb_events *tb_events_open(const char *path, bool more, bool with_tpm, const char *tcti,
                                 char note[TB_EVENTS_ERR_LEN], char err[TB_EVENTS_ERR_LEN]);
void tb_events_close(struct tb_events *e); /* NULL is a no-op */

/* Extends PCR 11 in every active bank that this program knows, then writes the event to the log. */
TB_MUST_CHECK bool tb_events_add(struct tb_events *e, const struct tb_record *r,
                                 char err[TB_EVENTS_ERR_LEN]);

#endif
