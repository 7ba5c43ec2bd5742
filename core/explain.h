/* core/explain.h - why a log does not lead to a quoted PCR: what was tried by computation, and
 * fits.
 *
 * PFP 1.06: 10.4.5.3 (startup locality), 3.3.4.6 (PCR 5, ExitBootServices), 10.4.1 (separators);
 * TPM 2.0 Library Part 1, rev 01.59, 17.2 (extend).
 *
 * An explanation helps the person who looks into a mismatch; it never changes a verdict, and
 * nothing of a PCR that needs one is believed. Each is the outcome of a computation: with this one
 * change to the log its digests lead to exactly the quoted value. Nothing is guessed; where nothing
 * that was tried fits, that is what is said. Who can write a log can also make any of these fit, so
 * an explanation says what would do it, not what happened.
 *
 * No I/O, no allocation, and a bounded number of digests: TB_EXPLAIN_EXTENDS_MAX for all. */
#ifndef TB_CORE_EXPLAIN_H
#define TB_CORE_EXPLAIN_H

#include "core/eventlog.h"

#define TB_EXPLANATIONS_MAX 16       /* explanations kept; more are counted */
#define TB_EXPLAIN_EXTENDS_MAX 40960 /* extends computed for one log */
#define TB_EXPLAIN_EVENTS_MAX 256    /* last events of a PCR that are varied */
#define TB_EXPLAIN_REPEAT_MAX 1024   /* last events of a log in which a repetition is looked for */
#define TB_EXPLAIN_LOGS_MAX 16       /* logs one behind the other that are told apart */
#define TB_EXPLAIN_VALUES_MAX 6      /* known values in a row that are tried */
#define TB_EXPLAIN_TEXT_MAX 160      /* bytes of a text of tb_explanation_detail() */

/* clang-format off */
/* X(id, code, meaning, next). Codes are stored and shown: never renamed, never reused. The texts
 * never contain a string that a host sent. */
#define TB_EXPLANATIONS(X) \
  X(BANK_NOT_IN_LOG, "bank-not-in-log", \
    "the log has no digests of this bank, so nothing can be replayed in it", \
    "rely on a bank that the firmware logs, or deactivate this one in the firmware's setup") \
  X(BANK_INCOMPLETE, "bank-incomplete", \
    "events of the PCR have no digest of this bank, so it cannot be replayed", \
    "rely on another bank: some systems measure into the active bank only") \
  X(BANK_PARTLY, "bank-partly-extended", \
    "the events that have a digest of this bank lead to the value; the others were not measured into it", \
    "rely on another bank: this one does not hold the whole boot") \
  X(NEVER_EXTENDED, "never-extended", \
    "the PCR still has its start value: nothing that the log names was measured into this bank", \
    "deactivate the bank in the firmware's setup, or update the firmware") \
  X(LOCALITY_MISSING, "locality-missing", \
    "the PCR fits if the TPM was started from another locality; the log has no StartupLocality event", \
    "look for a firmware update; the start value of PCR 0 must be in the log") \
  X(LOCALITY_OTHER, "locality-other", \
    "the PCR fits if the TPM was started from another locality than the log says", \
    "compare with the same model: the log or the firmware that wrote it is wrong") \
  X(EXIT_BOOT_SERVICES, "exit-boot-services", \
    "the log ends before ExitBootServices: with its events the PCR fits", \
    "read the log after the boot, with the firmware's final events; `trueboot-agent status` names the file") \
  X(EXTENDED_LATER, "extended-later", \
    "the PCR fits if it was extended with known values behind the log's events", \
    "find out which software extends this PCR; zeros and separators close a PCR or a bank") \
  X(OTHER_PCR, "other-pcr", \
    "the value is what the log gives for another PCR", \
    "look for PCR numbers that were exchanged, in the log or in the list of values") \
  X(OTHER_BANK, "other-bank", \
    "the value is what the log gives for another bank, cut or filled with zeros", \
    "look for banks that were exchanged, in the log or in the list of values") \
  X(PADDED_DIGESTS, "padded-digests", \
    "the PCR fits if digests of another bank, cut or filled with zeros, were extended into this one", \
    "rely on the other bank: the software that measures does not compute digests of this one") \
  X(REPEATED, "repeated-events", \
    "a run of events stands twice in the log, one behind the other; without the second the PCRs fit", \
    "the final events repeat the end of the boot log: update the boot loader or the firmware") \
  X(SEVERAL_LOGS, "several-logs", \
    "the file holds several logs one behind the other, and one of them fits", \
    "send each log by itself: a system that resumes writes one for each resume") \
  X(LOG_GOES_ON, "log-goes-on", \
    "the value is that of an earlier moment: the log's last events of the PCR were not measured when it was read", \
    "attest again; if it happens again, events were added to the end of the log") \
  X(SURPLUS, "surplus-events", \
    "the PCR fits without these events: they were added to the log", \
    "treat the log as forged; what was added is in `trueboot log show`") \
  X(DIGEST_EDITED, "digest-edited", \
    "the PCR fits with the digest of the event's own data: the digest in the log is another", \
    "treat the log as forged, unless other hosts of the model show the same") \
  X(MOVED, "moved-event", \
    "the PCR fits with an event that the log gives to another PCR", \
    "treat the log as forged, unless other hosts of the model show the same") \
  X(NOT_MEASURED, "retyped-event", \
    "the PCR fits if an event that the log calls not measured (EV_NO_ACTION) was measured", \
    "treat the log as forged: the event's type was changed to hide it") \
  X(KNOWN_MISSING, "known-event-missing", \
    "the PCR fits with one more event of known content: it was taken out of the log, or never written", \
    "treat the log as changed, unless other hosts of the model show the same") \
  X(MEASURED_AGAIN, "measured-again", \
    "the PCR fits if the event was measured twice; the log has it once", \
    "treat the log as changed, unless other hosts of the model show the same") \
  X(SWAPPED, "swapped-events", \
    "the PCR fits with these two events exchanged", \
    "treat the log as forged, unless other hosts of the model show the same") \
  X(RUNNING_SYSTEM, "running-system", \
    "the running system owns this PCR and may extend it at any time; nothing that was tried leads to its value", \
    "nothing; what extended it, if anything did, is in the system's own logs") \
  X(NONE, "no-explanation", \
    "nothing that was tried leads to the value: more than one change, an event that the log lacks, or another boot's log", \
    "compare the log with the host's last trusted boot, `trueboot host diff HOST`, or with a host of the same model, `trueboot log diff`")

/* X(id, code): what software extends without being asked what it holds. */
#define TB_KNOWN_VALUES(X) \
  X(ZEROS, "zeros") \
  X(ONES, "ones") \
  X(SEPARATOR, "separator") \
  X(SEPARATOR_ONES, "separator-ffffffff") \
  X(SEPARATOR_ERROR, "separator-00000001") \
  X(CALLING, "calling-boot-option") \
  X(RETURNING, "returning-from-boot-option") \
  X(EXIT_INVOCATION, "exit-boot-services-invocation") \
  X(EXIT_SUCCESS, "exit-boot-services-success") \
  X(EXIT_FAILURE, "exit-boot-services-failure") \
  X(ENTER_INITRD, "enter-initrd") \
  X(LEAVE_INITRD, "leave-initrd") \
  X(SYSINIT, "sysinit") \
  X(READY, "ready") \
  X(SHUTDOWN, "shutdown") \
  X(FINAL, "final")
/* clang-format on */

enum tb_explanation_kind {
#define X(id, code, meaning, next) TB_EXPLAIN_##id,
    TB_EXPLANATIONS(X)
#undef X
        TB_N_EXPLANATION_KINDS
};

enum tb_known_value {
#define X(id, code) TB_VALUE_##id,
    TB_KNOWN_VALUES(X)
#undef X
        TB_N_KNOWN_VALUES
};

struct tb_explanation_text {
    const char *code, *meaning, *next;
};
const struct tb_explanation_text *tb_explanation_text(enum tb_explanation_kind kind);
const char *tb_known_value_name(enum tb_known_value v);

#define TB_NO_EVENT UINT32_MAX
#define TB_NO_OTHER UINT8_MAX

/* What one change to the log does. */
struct tb_explanation {
    uint8_t kind;                         /* enum tb_explanation_kind */
    uint8_t n_values;                     /* known values, in the order in which they extend */
    uint8_t value[TB_EXPLAIN_VALUES_MAX]; /* enum tb_known_value */
    uint8_t other;   /* PCR (OTHER_PCR, MOVED), bank (OTHER_BANK, PADDED_DIGESTS), locality, or
                      * number of the log that fits, from 1 (SEVERAL_LOGS); TB_NO_OTHER */
    uint32_t banks;  /* bit b: it holds in this bank, each by itself */
    uint32_t pcrs;   /* bit i: it explains PCR i */
    uint32_t event;  /* index in the log, or TB_NO_EVENT */
    uint32_t second; /* the last of a run, the other of two, or TB_NO_EVENT */
    uint32_t count;  /* of events, or of logs; 0: not counted */
};

/* Zeroed memory is a valid, empty list. */
struct tb_explanations {
    uint32_t n;
    uint32_t n_lost; /* that did not fit into the list */
    bool cut;        /* a limit was met: not all that could be tried was */
    struct tb_explanation list[TB_EXPLANATIONS_MAX];
};

/* Explain each quoted PCR that the log does not lead to, in order of the PCRs. log has replayed,
 * with the quoted banks at least; states are those of tb_log_compare(). */
void tb_explain(struct tb_reader log, const struct tb_replay *replay, const struct tb_pcrs *quoted,
                const struct tb_pcr_states *states, struct tb_hasher *h,
                struct tb_explanations *out);

/* Explain a log that was refused: it may be several, one behind the other. */
void tb_explain_refused(struct tb_reader log, const struct tb_pcrs *quoted, struct tb_hasher *h,
                        struct tb_explanations *out);

/* "PCR 5, sha256 sha384" and "events 41 and 42; PCR 7", for people; the second may be "". */
void tb_explanation_where(const struct tb_explanation *e, char out[TB_EXPLAIN_TEXT_MAX]);
void tb_explanation_detail(const struct tb_explanation *e, char out[TB_EXPLAIN_TEXT_MAX]);

#endif
