/* core/cel.h - a canonical event log: what user space measures after the firmware's log has ended.
 *
 * TCG Canonical Event Log Format 1.0, TLV encoding: each record is a sequence number (type 0), a
 * PCR (type 1), digests (type 3, one nested TLV for each bank, whose type is the TPM_ALG_ID), and
 * content of type 5 (PCCLIENT_STD): the event's type (0) and its data (1), as in the firmware's
 * log. Types are one byte, lengths four bytes, big-endian. Only PCR 11 and EV_EVENT_TAG are written
 * by this project and accepted by it. Untrusted as the firmware's log is: digests decide. */
#ifndef TB_CORE_CEL_H
#define TB_CORE_CEL_H

#include "core/eventlog.h"

#define TB_CEL_LEN_MAX (256 * 1024) /* bytes of a log */
#define TB_CEL_EVENTS_MAX 512

struct tb_cel {
    struct tb_reader in;
    uint32_t n; /* records read */
};

enum tb_cel_step { TB_CEL_EVENT, TB_CEL_END, TB_CEL_FAULT };

struct tb_cel_event {
    uint32_t number; /* from 0, without a gap */
    uint32_t pcr;
    uint32_t banks; /* bits of enum tb_bank that have a digest here */
    uint8_t digest[TB_N_BANKS][TB_DIGEST_MAX];
    uint32_t type; /* TB_EV_EVENT_TAG */
    struct tb_reader data;
};

/* False, and *why (TB_CHECK_LOG_FORMAT): longer than TB_CEL_LEN_MAX. An empty log is one. */
TB_MUST_CHECK bool tb_cel_open(struct tb_reader in, struct tb_cel *out, struct tb_reason *why);
/* The next record. FAULT: *why ("user log event N"); the log is over then. */
TB_MUST_CHECK enum tb_cel_step tb_cel_next(struct tb_cel *l, struct tb_cel_event *out,
                                           struct tb_reason *why);
/* One record's bytes. False: they do not fit. */
TB_MUST_CHECK bool tb_cel_print(const struct tb_cel_event *e, uint8_t *buf, size_t cap,
                                size_t *out_len);

#endif
