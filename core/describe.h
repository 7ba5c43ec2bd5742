/* core/describe.h - an event as lines of key and value, for people.
 *
 * The one description behind the command line, its JSON and the page. It judges nothing: facts for
 * a verdict come from core/bootfacts.h. Values are printable ASCII. No allocation. */
#ifndef TB_CORE_DESCRIBE_H
#define TB_CORE_DESCRIBE_H

#include "core/eventlog.h"

/* One line. key is a fixed word of ours ("variable", "certificate"); a key may repeat. verified: a
 * digest of the event is the hash of the bytes that this value was made of, so that it is as true
 * as the event itself. Types, paths and most descriptions never are. Both texts live for the call.
 */
typedef void (*tb_emit)(void *ctx, const char *key, const char *value, bool verified);

/* Digests are compared in the strongest bank that the event has. */
void tb_event_describe(const struct tb_log *log, const struct tb_event *e, struct tb_hasher *h,
                       tb_emit emit, void *ctx);

#endif
