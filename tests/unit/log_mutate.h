/* tests/unit/log_mutate.h - a log taken apart into events, changed, and put together again.
 *
 *     struct mlog *m = mlog_load("gce-rhel8"), *a = mlog_copy(m);
 *     mlog_event(a, 7, EV_SEPARATOR, 0)->type = TB_EV_ACTION;   what the log says
 *     mlog_extend(a, 7, TB_EV_EFI_ACTION, text, text);          what is measured as well
 *     ... mlog_bytes(a), &a->quoted ...
 *
 * `quoted` is what the TPM holds: as the boot extended it. Changing events leaves it alone, which
 * is what somebody can do who edits the log after the boot; mlog_extend() measures and logs, which
 * root can; mlog_quote_as_logged() is another boot, in which all of it was measured.
 *
 * Replay and digests are OpenSSL's, so that they check the product's. Misuse ends the program. */
#ifndef TB_TESTS_LOG_MUTATE_H
#define TB_TESTS_LOG_MUTATE_H

#include "core/eventlog.h"

#define MLOG_EVENTS_MAX 512
#define MLOG_DIGESTS_MAX 512
#define MLOG_BYTES_MAX (2 * 1024 * 1024)
#define MLOG_HEADER_MAX 512
#define MLOG_ANY UINT32_MAX /* as a PCR or a type: whichever */

struct mevent {
    uint32_t pcr, type;
    size_t digests_len;
    uint8_t digests[MLOG_DIGESTS_MAX]; /* as logged: their number, algorithms, values */
    int at[TB_N_BANKS];                /* offset of the bank's value in there; -1: none */
    struct tb_reader data;             /* in the log's own memory */
};

struct mlog {
    char name[64];
    bool sha1_format;
    uint32_t banks;    /* that the log declares */
    size_t header_len; /* the Spec ID record; 0 in the SHA-1 format */
    size_t padding;    /* bytes behind the last event */
    uint8_t padding_byte;
    size_t n;
    struct mevent event[MLOG_EVENTS_MAX]; /* without the Spec ID record */
    struct tb_pcrs quoted, recorded;      /* recorded: as published with a sample */
    uint8_t header[MLOG_HEADER_MAX];
    size_t len, arena_len;
    uint8_t bytes[MLOG_BYTES_MAX]; /* of mlog_bytes() */
    uint8_t arena[MLOG_BYTES_MAX];
};

/* A log and the PCRs of its boot, by name: "built" (tests/unit/log_builder: SHA-256), "built-sha1",
 * "built-sha384", "built-two-banks", "built-grub", "built-shell" (started with init=/bin/sh);
 * "boots/NAME" (tests/data); or a sample of the corpus. NULL: the corpus has no such sample or is
 * not there, which is counted. */
struct mlog *mlog_load(const char *name);
struct mlog *mlog_of(const char *name, struct tb_reader log);
struct mlog *mlog_copy(const struct mlog *m);
void mlog_free(struct mlog *m); /* NULL is a no-op */
size_t mlog_n_absent(void);     /* samples that mlog_load() did not find */

/* Number of the nth event of that PCR and type (either may be MLOG_ANY); -1: none. */
int mlog_find(const struct mlog *m, uint32_t pcr, uint32_t type, size_t nth);
/* The same, as the event, which must be there. */
struct mevent *mlog_event(struct mlog *m, uint32_t pcr, uint32_t type, size_t nth);
/* The event whose digests are of these bytes, in that PCR; NULL: none. */
struct mevent *mlog_event_of(struct mlog *m, uint32_t pcr, struct tb_reader hashed);
/* The nth UEFI variable of that name in PCR 7; NULL: none. */
struct mevent *mlog_variable(struct mlog *m, const char *name, size_t nth);
size_t mlog_index(const struct mlog *m, const struct mevent *e);

/* What the log says. Pointers to events become stale when some are inserted, moved or removed. */
struct mevent *mlog_insert(struct mlog *m, size_t at, uint32_t pcr, uint32_t type,
                           struct tb_reader hashed, struct tb_reader data);
struct mevent *mlog_append(struct mlog *m, uint32_t pcr, uint32_t type, struct tb_reader hashed,
                           struct tb_reader data);
void mlog_remove(struct mlog *m, size_t at);
void mlog_move(struct mlog *m, size_t from, size_t to); /* to: its number afterwards */
void mlog_set_data(struct mlog *m, struct mevent *e, struct tb_reader data);
void mlog_rehash(struct mlog *m, struct mevent *e, struct tb_reader hashed);
void mlog_drop_digest(struct mlog *m, struct mevent *e, enum tb_bank bank);
bool mlog_covers(const struct mevent *e, struct tb_reader data); /* in every bank it has */

/* What is measured. */
void mlog_extend_pcr(struct mlog *m, uint32_t pcr, const struct mevent *e); /* without the log */
struct mevent *mlog_extend(struct mlog *m, uint32_t pcr, uint32_t type, struct tb_reader hashed,
                           struct tb_reader data);
void mlog_cap(struct mlog *m, enum tb_bank bank, uint32_t pcr); /* one extend of zeros */
void mlog_quote_as_logged(struct mlog *m);

/* Bytes in the log's memory. */
struct tb_reader mlog_keep(struct mlog *m, struct tb_reader in);
struct tb_reader mlog_uefi_variable(struct mlog *m, const uint8_t guid[16], const char *name,
                                    struct tb_reader data);
struct tb_reader mlog_text(const char *s); /* without the NUL */

/* The log as it would be sent. */
struct tb_reader mlog_bytes(struct mlog *m);
/* Offset of the nth event's record in mlog_bytes(). */
size_t mlog_offset(const struct mlog *m, size_t n);

#endif
