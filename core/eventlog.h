/* core/eventlog.h - the TCG event log: structure, replay, comparison with quoted PCRs.
 *
 * TCG PC Client Platform Firmware Profile 1.06 rev 52: 10.2 (events, both formats), 10.4.5.1
 * (Spec ID event), 10.4.5.3 (startup locality), 3.3.4.x (PCR use). Integers are little-endian.
 *
 * Everything in a log is a claim. A digest is bound to the boot only when the log replays to quoted
 * PCRs; an event's type, and data that its digest does not cover, never are. No I/O, no allocation.
 */
#ifndef TB_CORE_EVENTLOG_H
#define TB_CORE_EVENTLOG_H

#include "core/pcr.h"

#define TB_LOG_SIZE_MAX (1024 * 1024) /* bytes of a log */
#define TB_LOG_EVENTS_MAX 65536       /* events in a log */
#define TB_LOG_ALGS_MAX 16            /* digest algorithms that the Spec ID event may declare */

/* Event types (PFP table 27 and vendor ones that real logs hold). */
enum {
    TB_EV_PREBOOT_CERT = 0x0,
    TB_EV_POST_CODE = 0x1,
    TB_EV_UNUSED = 0x2,
    TB_EV_NO_ACTION = 0x3,
    TB_EV_SEPARATOR = 0x4,
    TB_EV_ACTION = 0x5,
    TB_EV_EVENT_TAG = 0x6,
    TB_EV_S_CRTM_CONTENTS = 0x7,
    TB_EV_S_CRTM_VERSION = 0x8,
    TB_EV_CPU_MICROCODE = 0x9,
    TB_EV_PLATFORM_CONFIG_FLAGS = 0xA,
    TB_EV_TABLE_OF_DEVICES = 0xB,
    TB_EV_COMPACT_HASH = 0xC,
    TB_EV_IPL = 0xD,
    TB_EV_IPL_PARTITION_DATA = 0xE,
    TB_EV_NONHOST_CODE = 0xF,
    TB_EV_NONHOST_CONFIG = 0x10,
    TB_EV_NONHOST_INFO = 0x11,
    TB_EV_OMIT_BOOT_DEVICE_EVENTS = 0x12,
    TB_EV_POST_CODE2 = 0x13,
    TB_EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001,
    TB_EV_EFI_VARIABLE_BOOT = 0x80000002,
    TB_EV_EFI_BOOT_SERVICES_APPLICATION = 0x80000003,
    TB_EV_EFI_BOOT_SERVICES_DRIVER = 0x80000004,
    TB_EV_EFI_RUNTIME_SERVICES_DRIVER = 0x80000005,
    TB_EV_EFI_GPT_EVENT = 0x80000006,
    TB_EV_EFI_ACTION = 0x80000007,
    TB_EV_EFI_PLATFORM_FIRMWARE_BLOB = 0x80000008,
    TB_EV_EFI_HANDOFF_TABLES = 0x80000009,
    TB_EV_EFI_PLATFORM_FIRMWARE_BLOB2 = 0x8000000A,
    TB_EV_EFI_HANDOFF_TABLES2 = 0x8000000B,
    TB_EV_EFI_VARIABLE_BOOT2 = 0x8000000C,
    TB_EV_EFI_GPT_EVENT2 = 0x8000000D,
    TB_EV_EFI_HCRTM_EVENT = 0x80000010,
    TB_EV_EFI_VARIABLE_AUTHORITY = 0x800000E0,
    TB_EV_EFI_SPDM_FIRMWARE_BLOB = 0x800000E1,
    TB_EV_EFI_SPDM_FIRMWARE_CONFIG = 0x800000E2,
};

/* "EV_EFI_ACTION"; NULL for a type that is not in the table. */
const char *tb_event_type_name(uint32_t type);

enum tb_log_format { TB_LOG_SHA1, TB_LOG_CRYPTO_AGILE };

/* A log being read. Fields are for reading by callers; only tb_log_* changes them. */
struct tb_log {
    struct tb_reader whole; /* all bytes, borrowed */
    struct tb_reader rest;  /* not yet read */
    enum tb_log_format format;
    uint8_t spec_major, spec_minor, spec_errata, uintn; /* crypto-agile only */
    struct tb_reader vendor_info;                       /* crypto-agile only */
    size_t n_algs;
    struct {
        uint16_t alg, len; /* as declared */
        int bank;          /* enum tb_bank, or -1 for an algorithm that is only skipped */
    } alg[TB_LOG_ALGS_MAX];
    uint32_t banks;      /* bit b: the log declares bank b (enum tb_bank) */
    uint32_t n_events;   /* events read, the header included */
    size_t padding_from; /* offset from which on all bytes are 0x00, or all are 0xff */
    size_t padding;      /* bytes of padding behind the last event, known at the end */
};

struct tb_event {
    uint32_t index;                      /* 0 is the log's first record */
    size_t offset;                       /* of its first byte in the log */
    uint32_t pcr;                        /* below TB_N_PCRS unless type is TB_EV_NO_ACTION */
    uint32_t type;                       /* not authenticated by anything */
    uint32_t banks;                      /* bit b: digest[b] is present */
    struct tb_reader digest[TB_N_BANKS]; /* borrowed from the log */
    struct tb_reader data;               /* borrowed from the log */
};

enum tb_log_step { TB_LOG_EVENT, TB_LOG_END, TB_LOG_BAD };

/* Begin to read. Refuses logs that are empty, larger than TB_LOG_SIZE_MAX, of an impossible header,
 * or CC event logs (which count measurement registers, not PCRs). The header record is the first
 * event that tb_log_next() returns. why: TB_CHECK_LOG_FORMAT, _LOG_HEADER or _EVIDENCE_LIMITS, with
 * the offset in `where`. */
TB_MUST_CHECK bool tb_log_open(struct tb_reader in, struct tb_log *out, struct tb_reason *why);

/* The next event. *out is written for TB_LOG_EVENT only, *why for TB_LOG_BAD only. */
TB_MUST_CHECK enum tb_log_step tb_log_next(struct tb_log *log, struct tb_event *out,
                                           struct tb_reason *why);

/* PCR values that follow from the digests of a log. */
struct tb_replay {
    struct tb_pcrs pcrs;             /* mask: PCRs with at least one measuring event, of the
                                      * replayed banks; the other values are start values */
    uint32_t n_measured[TB_N_PCRS];  /* measuring events per PCR */
    uint32_t incomplete[TB_N_BANKS]; /* bit i: an event of PCR i lacks this bank's digest */
    uint32_t banks;                  /* banks that the log declares */
    uint32_t n_events;
    uint8_t startup_locality; /* 0, 3 or 4 */
    bool no_action_digest;    /* an EV_NO_ACTION event had a digest that is not zero */
};

/* Read the whole log and replay `banks` (bit b: enum tb_bank) of it. All or nothing.
 * why: as above, and TB_CHECK_LOG_LOCALITY. h is used for hashing only. */
TB_MUST_CHECK bool tb_log_replay(struct tb_reader in, uint32_t banks, struct tb_hasher *h,
                                 struct tb_replay *out, struct tb_reason *why);

/* How one quoted PCR relates to the log. */
enum tb_pcr_state {
    TB_PCR_NOT_QUOTED = 0,
    TB_PCR_MATCH,      /* the log replays to it (or no events and the initial value) */
    TB_PCR_MISMATCH,   /* it does not */
    TB_PCR_NOT_IN_LOG, /* has a value, and the log has no event for it */
    TB_PCR_CAPPED,     /* replay and then one extend of zeros: a bank that the OS does not use */
    TB_PCR_INCOMPLETE, /* events without this bank's digest: cannot be replayed */
    TB_PCR_UNEXTENDED, /* still its initial value though the log has events for it */
    TB_N_PCR_STATES
};
const char *tb_pcr_state_name(enum tb_pcr_state state); /* "match", "not-in-log", ... */

struct tb_pcr_states {
    uint8_t state[TB_N_BANKS][TB_N_PCRS]; /* enum tb_pcr_state */
};

TB_MUST_CHECK bool tb_log_compare(const struct tb_replay *replay, const struct tb_pcrs *quoted,
                                  struct tb_hasher *h, struct tb_pcr_states *out);

/* Banks (bit b) that vouch together for the events of a PCR: those in which it was quoted and the
 * log leads to it. 0: none, or the log does not lead to it in one of them; nothing is known then.
 */
uint32_t tb_pcr_vouching_banks(const struct tb_pcr_states *states, uint32_t pcr);

/* Whose word counts when facts are read from a log. */
struct tb_log_trust {
    enum tb_bank bank;                  /* that is relied on */
    const struct tb_pcr_states *states; /* NULL: nobody quoted, the log is taken at its word */
};

/* This bank's digest counts for the event: its PCR matches there. */
bool tb_event_counts(const struct tb_event *e, struct tb_log_trust trust, enum tb_bank bank);

/* The event's digest is the hash of these pieces, one behind the other, in every bank that counts,
 * and the one that is relied on does. An active bank that the firmware does not extend is filled by
 * whoever comes first, in events that tell the truth in the other banks: what is not said in all of
 * them is not believed. */
bool tb_event_covers(const struct tb_event *e, struct tb_log_trust trust, struct tb_hasher *h,
                     const struct tb_reader *parts, size_t n);

#endif
