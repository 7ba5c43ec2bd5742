/* core/bootfacts.h - what a boot's event log proves about Secure Boot and the programs started.
 *
 * PFP 1.06: 3.3.4.8 (PCR 7), 10.4.x (UEFI_VARIABLE_DATA); UEFI 2.10: 3.3 (variables), 32.4.1
 * (EFI_SIGNATURE_LIST). A fact is taken from data only where a digest of the event covers exactly
 * that data; by digest first and by type second; never from the order between PCRs; and never from
 * a PCR that did not match the quote (facts of such PCRs stay "unknown"). "Covers" means in every
 * bank in which the PCR matches. */
#ifndef TB_CORE_BOOTFACTS_H
#define TB_CORE_BOOTFACTS_H

#include "core/eventlog.h"

enum tb_secure_boot {
    TB_SECURE_BOOT_UNKNOWN = 0, /* the finding says why */
    TB_SECURE_BOOT_NOT_SET,     /* the variable is there and empty */
    TB_SECURE_BOOT_OFF,
    TB_SECURE_BOOT_ON,
};
const char *tb_secure_boot_name(enum tb_secure_boot s); /* "unknown", "not-set", "off", "on" */

#define TB_TEXT_MAX 128
#define TB_AUTHORITIES_MAX 16
#define TB_PROGRAMS_MAX 32

/* PK, KEK, db, dbx as measured. */
struct tb_keyset {
    bool measured; /* exactly one event, data covered by the digest */
    uint32_t n_certs;
    uint32_t n_hashes;
    uint32_t at, len;          /* where the variable's data stands in the log, in bytes */
    uint8_t digest[32];        /* SHA-256 of the variable's data */
    char subject[TB_TEXT_MAX]; /* of the first certificate; "" if none or not readable; printable */
    uint8_t certificate[32];   /* its SHA-256; zeros if there is none */
};

/* A Secure Boot authority that vouched for an image, or a setting of shim's, which is logged as one
 * (EV_EFI_VARIABLE_AUTHORITY). */
struct tb_authority {
    char variable[32];  /* "db", "MokList", "Shim", "vendor_db", ...; printable */
    uint8_t digest[32]; /* SHA-256 of the signature data: certificate or hash */
    char subject[TB_TEXT_MAX];
    bool before_separator; /* vouched for a driver before the firmware was done */
    bool is_setting;       /* shim's SbatLevel and the like: vouches for nothing */
    bool in_db;            /* is an entry of the measured db: vouched for by the firmware's own */
};

/* A program measured into PCR 4: anything there that is neither separator nor known action. Of PCR
 * 2 core/appraise_policy.c makes its own. */
struct tb_program {
    uint32_t event;
    enum tb_bank bank; /* that is relied on */
    uint32_t banks;    /* bit b: digest[b] counts, because the PCR matches in that bank */
    uint8_t digest[TB_N_BANKS][TB_DIGEST_MAX]; /* Authenticode digests of the image */
    char path[TB_TEXT_MAX]; /* device path as text: NOT covered by the digest, never believed */
};

/* The event as a program that it measures, without its path. */
void tb_program_of_event(const struct tb_event *e, struct tb_log_trust trust,
                         struct tb_program *out);

enum tb_keyset_index { TB_KEYSET_PK, TB_KEYSET_KEK, TB_KEYSET_DB, TB_KEYSET_DBX, TB_N_KEYSETS };

struct tb_boot_facts {
    enum tb_secure_boot secure_boot;
    struct tb_keyset keyset[TB_N_KEYSETS];
    size_t n_authorities, n_authorities_lost;
    struct tb_authority authority[TB_AUTHORITIES_MAX];
    size_t n_programs, n_programs_lost;
    struct tb_program program[TB_PROGRAMS_MAX];
    bool exit_boot_services; /* both events, in a matching PCR 5 */
    /* S-CRTM version when its digest covers it, whole; a longer one: "sha256:" and its digest */
    char firmware_version[TB_TEXT_MAX];
};

/* Read facts from a log and say what is wrong with it as a log of a trusted boot.
 *
 * in      the log; must already have replayed
 * bank    the bank that is relied on
 * states  how each PCR relates to the quote; facts come from TB_PCR_MATCH PCRs of `bank` only, and
 *         the other banks that match must say the same
 * f       gets the findings of the groups event log (separators), Secure Boot and boot completion.
 *
 * Judged here: LOG_SEPARATOR, LOG_SEPARATOR_OTHER, LOG_FIRMWARE_ERROR, all SB_* but SB_KEYS,
 * BOOT_END. Each gets an outcome (pass included); it stays TB_NOT_CHECKED only where an earlier one
 * makes it meaningless. */
void tb_boot_facts_read(struct tb_reader in, enum tb_bank bank, const struct tb_pcr_states *states,
                        struct tb_hasher *h, struct tb_boot_facts *out, struct tb_findings *f);

#endif
