/* core/bootfacts_internal.h - what bootfacts.c and secureboot.c share; for nobody else. */
#ifndef TB_CORE_BOOTFACTS_INTERNAL_H
#define TB_CORE_BOOTFACTS_INTERNAL_H

#include "core/bootfacts.h"
#include "core/uefi.h"

/* Data that is recognised by its digest alone, whatever type and data the log gives the event. */
enum tb_known {
    TB_KNOWN_SEPARATOR,       /* 00000000 */
    TB_KNOWN_SEPARATOR_ONES,  /* ffffffff: an error (PFP 1.06, 3.3.2 and 10.4.1) */
    TB_KNOWN_SEPARATOR_ERROR, /* 01000000: an error */
    TB_KNOWN_CALLING,
    TB_KNOWN_RETURNING,
    TB_KNOWN_EXIT_INVOCATION,
    TB_KNOWN_EXIT_SUCCESS,
    TB_N_KNOWN /* none of them */
};

/* Which part of an event's data its digest is over. */
enum tb_cover {
    TB_COVER_NONE,
    TB_COVER_ALL,
    TB_COVER_BUT_LAST, /* old versions of shim log one byte more than they hash */
    TB_COVER_VARIABLE, /* the variable's data without its name (TPM 1.2 firmware,
                          EV_EFI_VARIABLE_BOOT) */
};

/* Variables that say what Secure Boot did. */
enum tb_sb_variable {
    TB_SB_SECURE_BOOT,
    TB_SB_SETUP_MODE,
    TB_SB_AUDIT_MODE,
    TB_SB_DEPLOYED_MODE,
    TB_SB_SHIM_STATE, /* shim's own: 01 is "verify nothing" */
    TB_SB_PK,         /* from here on in the order of enum tb_keyset_index */
    TB_SB_KEK,
    TB_SB_DB,
    TB_SB_DBX,
    TB_N_SB_VARIABLES
};

struct tb_sb_seen {
    uint32_t n;
    uint32_t event;        /* of the first */
    enum tb_cover cover;   /* of the first */
    struct tb_reader data; /* of the first */
};

/* A log being read for facts. */
struct tb_boot_scan {
    struct tb_reader log; /* the whole of it */
    enum tb_bank bank;
    const struct tb_pcr_states *states;
    struct tb_hasher *h;
    struct tb_boot_facts *facts;
    struct tb_findings *f;
    uint8_t known[TB_N_BANKS][TB_N_KNOWN][TB_DIGEST_MAX];
    uint32_t n_separators[8]; /* PCR 0-7, of that type and a known digest */
    uint32_t n_disguised[8];  /* a separator's digest under another type; the first of them: */
    struct tb_event disguised[8];
    enum tb_known disguised_as[8];
    uint32_t n_crtm_versions;
    bool exit_invocation, exit_success;
    struct tb_sb_seen seen[TB_N_SB_VARIABLES];
    uint32_t n_names_unproved; /* variables whose digest covers the data only */
    struct tb_reader authority_data[TB_AUTHORITIES_MAX]; /* of facts->authority */
    bool authority_is_db[TB_AUTHORITIES_MAX]; /* its variable is the image security database's db */
};

bool tb_boot_pcr_matches(const struct tb_boot_scan *s, uint32_t pcr);
/* tb_event_covers(), of one piece. */
bool tb_boot_covers(const struct tb_boot_scan *s, const struct tb_event *e, struct tb_reader data);

/* An event of a matching PCR 7 that is no separator; and after the last event. */
void tb_secure_boot_event(struct tb_boot_scan *s, const struct tb_event *e);
void tb_secure_boot_conclude(struct tb_boot_scan *s);

#endif
