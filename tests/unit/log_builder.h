/* tests/unit/log_builder.h - synthetic event logs for tests, and the PCR values that follow.
 *
 * A log is a list of events that a test may change before log_finish() encodes it:
 *
 *     struct log_builder *b = log_new();
 *     log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
 *     log_find(b, 7, TB_EV_SEPARATOR, 0)->type = TB_EV_ACTION;
 *     log_finish(b);
 *     ... log_slice(b), b->pcrs ...
 *     log_free(b);
 *
 * Digests and PCR values come from OpenSSL directly, so that they check crypto/hash as well.
 * Misuse of the builder ends the test program. */
#ifndef TB_TESTS_LOG_BUILDER_H
#define TB_TESTS_LOG_BUILDER_H

#include "core/eventlog.h"

#define LOG_BANK(b) (1u << (b))
#define LOG_ITEMS_MAX 256
#define LOG_BYTES_MAX (256 * 1024)

struct log_item {
    uint32_t pcr, type;
    uint32_t banks; /* bit b: digest[b] is written; set to b->banks by log_event() */
    uint8_t digest[TB_N_BANKS][TB_DIGEST_MAX];
    const uint8_t *data; /* in the builder's memory */
    size_t data_len;
    size_t offset, end; /* of the encoded record, after log_finish() */
};

struct log_builder {
    bool sha1_format;
    uint32_t banks;
    uint8_t locality; /* start value of PCR 0; set by log_locality(), log_hcrtm() */
    size_t n;
    struct log_item item[LOG_ITEMS_MAX]; /* without the Spec ID record */
    size_t header_len;                   /* bytes of the Spec ID record, after log_finish() */
    struct tb_pcrs pcrs; /* after log_finish(): all 24 PCRs of every bank in `banks` */
    size_t len;
    uint8_t bytes[LOG_BYTES_MAX];
    size_t arena_len;
    uint8_t arena[LOG_BYTES_MAX];
};

extern const uint8_t log_guid_global[16];      /* EFI_GLOBAL_VARIABLE */
extern const uint8_t log_guid_image_db[16];    /* EFI_IMAGE_SECURITY_DATABASE_GUID */
extern const uint8_t log_guid_shim[16];        /* SHIM_LOCK_GUID */
extern const uint8_t log_guid_cert_x509[16];   /* EFI_CERT_X509_GUID */
extern const uint8_t log_guid_cert_sha256[16]; /* EFI_CERT_SHA256_GUID */
extern const struct tb_reader log_cert_pk;     /* "CN=Trueboot test platform key" */
extern const struct tb_reader log_cert_db;     /* "CN=Trueboot test loader CA" */

struct log_builder *log_new(void);
void log_free(struct log_builder *b);
/* Begin anew: crypto-agile with these banks (LOG_BANK bits), or the SHA-1 format. */
void log_begin(struct log_builder *b, uint32_t banks);
void log_begin_sha1(struct log_builder *b);

/* Append an event whose digests are of `hashed`; it may be shorter than or other than `data`. */
struct log_item *log_event(struct log_builder *b, uint32_t pcr, uint32_t type,
                           struct tb_reader hashed, struct tb_reader data);
/* The same with hashed = data. */
struct log_item *log_event_data(struct log_builder *b, uint32_t pcr, uint32_t type,
                                struct tb_reader data);
/* EV_NO_ACTION with zero digests. */
struct log_item *log_no_action(struct log_builder *b, uint32_t pcr, struct tb_reader data);
struct log_item *log_locality(struct log_builder *b, uint8_t locality);
struct log_item *log_hcrtm(struct log_builder *b);
struct log_item *log_separator(struct log_builder *b, uint32_t pcr);
struct log_item *log_action(struct log_builder *b, uint32_t pcr, const char *text);
/* A UEFI variable; the digest covers the whole structure. name is ASCII. */
struct log_item *log_variable(struct log_builder *b, uint32_t pcr, uint32_t type,
                              const uint8_t guid[16], const char *name, struct tb_reader data);
/* EV_EFI_BOOT_SERVICES_APPLICATION in PCR 4 with the digest of `image` and a file path. */
struct log_item *log_application(struct log_builder *b, const char *image, const char *path);

/* Parts, in the builder's memory. */
struct tb_reader log_uefi_variable(struct log_builder *b, const uint8_t guid[16], const char *name,
                                   struct tb_reader data);
struct tb_reader log_signature_list(struct log_builder *b, const uint8_t type[16],
                                    struct tb_reader signature_data); /* one entry, owner added */
struct tb_reader log_signature_data(struct log_builder *b, struct tb_reader data); /* owner, data */
struct tb_reader log_text(const char *s); /* without the NUL */

/* A whole boot with Secure Boot on: CRTM version, firmware blob, SecureBoot, PK, KEK, db, dbx,
 * separators, boot variables, an authority (db), a boot loader, EV_IPL events, ExitBootServices. */
void log_good_boot(struct log_builder *b, uint32_t banks);
void log_good_boot_sha1(struct log_builder *b);

/* Change the list. nth counts from 0 among the events of that PCR and type. */
struct log_item *log_find(struct log_builder *b, uint32_t pcr, uint32_t type, size_t nth);
/* The PCR 7 variable of that (ASCII) name, of the given type. */
struct log_item *log_find_variable(struct log_builder *b, uint32_t type, const char *name);
void log_remove(struct log_builder *b, struct log_item *item);
/* Move the item to stand just before or after the other; pointers to items become stale. */
void log_move_before(struct log_builder *b, struct log_item *item, struct log_item *other);
void log_move_after(struct log_builder *b, struct log_item *item, struct log_item *other);
void log_set_data(struct log_builder *b, struct log_item *item, struct tb_reader data);
/* Digests of `hashed` into the item. */
void log_rehash(struct log_builder *b, struct log_item *item, struct tb_reader hashed);

/* Encode, and replay into b->pcrs (EV_NO_ACTION never extends). */
void log_finish(struct log_builder *b);
struct tb_reader log_slice(const struct log_builder *b);

/* Read a whole file into malloc()ed memory; NULL if it is not there. */
uint8_t *log_read_file(const char *path, size_t *len);

#endif
