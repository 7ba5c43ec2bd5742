/* pkg/record.h - what Trueboot's own boot chain measures: one record for each module and setting.
 *
 * A record is one EV_EVENT_TAG event (TCG PC Client Platform Firmware Profile 1.06, 10.4.2.1,
 * TCG_PCClientTaggedEvent: tag and size, little-endian, then the text), and its digests are over
 * exactly that structure, tag included. So nothing that a record says, names included, is
 * unauthenticated. The text is canonical: one line of words with one space between them, ended by a
 * line feed; a configuration's content follows its line. docs/boot-chain.md has the list. Loader,
 * Secure Boot Verifier, prediction and Verifier share this one reader and writer. */
#ifndef TB_PKG_RECORD_H
#define TB_PKG_RECORD_H

#include "pkg/bootconf.h"
#include "pkg/manifest.h"

/* Tag ids: the base and the number of the kind; "TB" in the upper half. Never renumbered. */
#define TB_RECORD_TAG 0x54420000u

enum tb_record_kind {
    TB_RECORD_NONE = 0,
    /* by the loader; PCR 14 where nothing else is said */
    TB_RECORD_SECURE_BOOT = 1,   /* secure-boot STATE: tb_record_state_is() */
    TB_RECORD_VENDOR = 2,        /* vendor SHA256: of a root certificate that the loader carries */
    TB_RECORD_CONFIGURATION = 3, /* configuration SIZE SHA512, then the file's bytes, unless it is
                                  * longer than TB_BOOTCONF_LEN_MAX; SIZE 0: there is none */
    TB_RECORD_ASSET_TAG = 4,     /* asset-tag TEXT, "-": none (SMBIOS 3.6, 7.4, chassis) */
    TB_RECORD_SET = 5,           /* set SET: in PCR 12, 13 and 14; the loading of a boot set begins:
                                  * what an earlier one measured there is not what runs */
    TB_RECORD_PACKAGE = 6,    /* package NAME VERSION SECURITY-VERSION KIND SIZE SHA512 SHA256, of
                               * its manifest; PCR 12 for the base, 13 for the others */
    TB_RECORD_MODULE = 7,     /* module KIND NAME VERSION FILE SIZE SHA512 SHA256, of a payload's
                               * bytes as read; PCR 12 or 13 as its package */
    TB_RECORD_SIGNER = 8,     /* signer NAME SHA256: the public key that vouched for a package */
    TB_RECORD_UNVERIFIED = 9, /* unverified FILE CODE: what would have stopped the boot under
                               * Secure Boot; the code of core/checks.h. Under it, too: FILE
                               * TruebootMinimum, which the firmware does not keep */
    TB_RECORD_FALLBACK = 10,  /* fallback FROM TO CODE: the other set is taken, and why */
    TB_RECORD_OPTION = 11,    /* option NAME VALUE: in effect, from the configuration */
    TB_RECORD_COMMAND_LINE = 12, /* command-line TEXT: the kernel's, whole */
    TB_RECORD_END = 13,          /* end SET: in PCR 12, 13 and 14; nothing of the loader follows */
    TB_RECORD_LOST = 14,         /* lost: the firmware's log is full, events are missing from it */
    /* by the Secure Boot Verifier and init, PCR 11, in the canonical event log (core/cel.h) */
    TB_RECORD_CHECKED = 32,   /* checked NAME VERSION SECURITY-VERSION SHA512 CODE: of the manifest;
                               * CODE "pass" or of core/checks.h */
    TB_RECORD_UNCLAIMED = 33, /* unclaimed PATH: what no package claims */
    TB_RECORD_VERDICT = 34,   /* verdict RESULT PACKAGES FAULTS: "pass" or "fail", and numbers */
    TB_RECORD_RESCUE = 35,    /* rescue: a shell was opened in spite of the verdict */
    TB_RECORD_COMPLETE = 36,  /* boot-complete: agent and workloads start now */
};

#define TB_RECORD_INCOMPLETE                                                                       \
    "boot.incomplete" /* CODE of FALLBACK: it did not come up last time                            \
                       */
#define TB_RECORD_TEXT_MAX (TB_BOOTCONF_LEN_MAX + 1024) /* bytes, without the tag's 8 */
#define TB_RECORD_LEN_MAX (TB_RECORD_TEXT_MAX + 8)
#define TB_RECORD_LINE_MAX 2048 /* characters of a command line, an asset tag, a path */

/* One record. Which members count stands beside the kinds above; the others are zero. Texts are
 * borrowed. */
struct tb_record {
    enum tb_record_kind kind;
    struct tb_reader name;             /* of a package, an option; of a file in UNVERIFIED */
    struct tb_reader version;          /* PACKAGE, MODULE, CHECKED */
    uint32_t security_version;         /* PACKAGE, CHECKED */
    enum tb_package_kind package_kind; /* PACKAGE */
    enum tb_payload_kind payload_kind; /* MODULE */
    struct tb_reader file;             /* MODULE: the payload's name */
    uint64_t size;                     /* PACKAGE, MODULE, CONFIGURATION; VERDICT: packages */
    uint64_t faults;                   /* VERDICT */
    uint8_t sha512[64];                /* PACKAGE, MODULE, CONFIGURATION, CHECKED */
    uint8_t sha256[32];                /* VENDOR, PACKAGE, MODULE, SIGNER */
    char set;                          /* SET, END: 'a' or 'b'; FALLBACK: from */
    char to;                           /* FALLBACK */
    struct tb_reader code; /* UNVERIFIED, FALLBACK, CHECKED; SECURE_BOOT: the state; VERDICT: "pass"
                            * or "fail" */
    struct tb_reader text; /* COMMAND_LINE, ASSET_TAG, OPTION's value, UNCLAIMED's path;
                            * CONFIGURATION: the content */
};

/* "secure-boot", "vendor", ...; "none" */
const char *tb_record_kind_name(enum tb_record_kind kind);
/* "on", "off", "setup-mode", "audit-mode", "unknown" */
bool tb_record_state_is(struct tb_reader state);

/* event: the data of one event. False, and *why (TB_CHECK_PACKAGE_FORMAT): not exactly one record.
 * *out is zero then. */
TB_MUST_CHECK bool tb_record_parse(struct tb_reader event, struct tb_record *out,
                                   struct tb_reason *why);
/* The tag of this event's data is one of ours, whatever follows. */
bool tb_record_is(struct tb_reader event);
/* The event data of *r into buf: what tb_record_parse() reads as *r. False: it does not fit, or
 * *r holds what no record may. */
TB_MUST_CHECK bool tb_record_print(const struct tb_record *r, uint8_t *buf, size_t cap,
                                   size_t *out_len);
/* What was found outside as a record may hold it, an asset tag or a path: cut, '?' for all that is
 * not printable; "-": empty. word: a name without spaces, as in UNVERIFIED. */
struct tb_reader tb_record_line(struct tb_reader in, bool word, char out[TB_RECORD_LINE_MAX]);

#endif
