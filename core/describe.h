/* core/describe.h - an event as lines of key and value, for people.
 *
 * The one description behind the command line, its JSON and the page. It judges nothing: facts for
 * a verdict come from core/bootfacts.h. Values are printable ASCII. No allocation. */
#ifndef TB_CORE_DESCRIBE_H
#define TB_CORE_DESCRIBE_H

#include "core/eventlog.h"

/* One line. key is a fixed word of ours ("variable", "certificate"); a key may repeat. verified:
 * the digest of the event is the hash of the bytes that this value was made of, so that it is as
 * true as the event itself. Types, paths and most descriptions never are. Both texts live for the
 * call.
 */
typedef void (*tb_emit)(void *ctx, const char *key, const char *value, bool verified);

/* banks: bit b: bank b vouches for this event, tb_pcr_vouching_banks(), or e->banks where nobody
 * quoted and the log is taken at its word. A line is verified if the digests of all of them cover
 * it; with none, nothing is. */
void tb_event_describe(const struct tb_log *log, const struct tb_event *e, uint32_t banks,
                       struct tb_hasher *h, tb_emit emit, void *ctx);

#endif
