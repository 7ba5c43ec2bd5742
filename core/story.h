/* core/story.h - the boot story: what a stock system's boot programs tell about themselves.
 *
 * Sources: shim's variables (PCR 7, 14), GRUB (PCR 8, 9), systemd-boot and systemd-stub (PCR 5, 11
 * to 13), the Linux EFI stub (PCR 9), Windows (WBCL: PCR 11 to 14), ESXi's tagged events, and this
 * project's own loader (PCR 12 to 14). As in
 * core/bootfacts.h, a fact is taken only from data that the digests of all matching banks cover,
 * from PCRs that match the quote; what is not proved is absent or "unknown", never guessed. A part
 * is recognised by what it measures itself, not by the path that the firmware started. */
#ifndef TB_CORE_STORY_H
#define TB_CORE_STORY_H

#include "core/eventlog.h"

/* Programs of the boot chain that measured something themselves. */
enum tb_story_part {
    TB_PART_SHIM,
    TB_PART_GRUB,
    TB_PART_SYSTEMD_BOOT,
    TB_PART_SYSTEMD_STUB, /* a unified kernel image */
    TB_PART_LINUX_STUB,
    TB_PART_WINDOWS,
    TB_PART_ESXI,
    TB_PART_TRUEBOOT, /* this project's own loader */
    TB_N_STORY_PARTS
};
const char *tb_story_part_name(enum tb_story_part p); /* "shim", "grub", "systemd-boot", ... */

/* Three answers of a setting that may not have been measured. */
enum tb_tristate { TB_UNTOLD = 0, TB_NO, TB_YES };
const char *tb_tristate_name(enum tb_tristate t); /* "unknown", "no", "yes" */

#define TB_CMDLINE_MAX 4096 /* with its NUL; the kernel's own limit is 2048 */
#define TB_SBAT_LEVEL_MAX 512
#define TB_INITRDS_MAX 8
#define TB_SECTIONS_MAX 24
#define TB_ESXI_MODULES_MAX 256
#define TB_ESXI_CMDLINE_MAX 1024

/* The kernel's command line. One that is measured twice with the same text (by GRUB and by the EFI
 * stub) is one. */
enum tb_cmdline_state {
    TB_CMDLINE_NONE = 0, /* nothing was measured that may be one, or hide one */
    TB_CMDLINE_PROVED,
    TB_CMDLINE_SEVERAL,  /* different ones: no claim, text is the first */
    TB_CMDLINE_UNPROVED, /* a digest does not cover it, or is all there is of it; or a PCR that may
                          * hold one (8, 9, 11, 12) was quoted and does not match the log */
    TB_N_CMDLINE_STATES
};
const char *tb_cmdline_state_name(enum tb_cmdline_state s); /* "none", "proved", "several", ... */

struct tb_cmdline {
    enum tb_cmdline_state state;
    enum tb_story_part part; /* that measured it */
    uint32_t event;
    bool cut;  /* text is not all of it: it is longer, or has bytes that cannot be printed */
    bool lost; /* longer than text holds, or more texts than others holds: no claim about them */
    /* Unproved, and no more is wrong than that the log has digests alone: of a unified kernel
     * image's own line, or of the load options of a kernel that the firmware started. */
    bool only_digest;
    /* PCR 8 has an event whose text its digest does not cover, or has GRUB's `linux` and no command
     * line. GRUB and systemd-boot leave no such thing, so the log was edited, or somebody else
     * measured there: a command line may be hidden. */
    bool edited;
    char text[TB_CMDLINE_MAX];   /* the first that is covered, printable ASCII, others as '?'.
                                  * Believed when proved; against the host also when not */
    char others[TB_CMDLINE_MAX]; /* and whatever else was covered and is not the same, what GRUB's
                                  * commands loaded included: each with its NUL, behind the last
                                  * another. Against the host only */
};

struct tb_story_shim {
    /* Level that shim enforces, as measured (SbatLevel in PCR 7): lines
     * "component,generation[,..]".
     * "" where none was measured, different ones were, or one behind a key that shim had already
     * used: whoever comes after the boot can only add at the end. */
    char sbat_level[TB_SBAT_LEVEL_MAX];
    bool sbat_level_cut;
    enum tb_tristate validation;  /* TB_NO: MokSBState says verify nothing */
    enum tb_tristate mok_trusted; /* MokListTrusted */
    /* MokList has keys of the machine's owner. What is in it is not logged; TB_NO: it is what shim
     * has there by itself, known by computation. TB_YES: such a key vouched for a program. */
    enum tb_tristate owner_keys;
    /* MokList is this certificate (its SHA-256) alone, and shim used it: its maker's, unless a shim
     * that carries none was given it. Nobody knows it, so owner_keys is TB_UNTOLD. */
    bool has_only_key;
    uint8_t only_key[32];
    uint32_t n_lists; /* measurements in PCR 14 */
};

struct tb_story_grub {
    uint32_t n_commands; /* commands and command lines (PCR 8) */
    uint32_t n_files;    /* files that it read and measured (PCR 9); their names are not covered */
    char kernel[128];    /* as named by GRUB's proved `linux` command; "" unknown */
};

/* A section of a unified kernel image: its name is covered, the content's digest follows. */
struct tb_story_section {
    char name[9];                  /* ".linux", ".initrd", ".cmdline", ".uname", ".osrel", ... */
    uint32_t event;                /* of the content */
    uint8_t digest[TB_DIGEST_MAX]; /* in the bank that is relied on */
};

/* What the Linux EFI stub loaded by itself. The digest is proved; that it is an initrd's is not. */
struct tb_story_initrd {
    uint32_t event;
    uint8_t digest[TB_DIGEST_MAX];
};

/* Windows Boot Configuration Log, as far as it is about trust. */
struct tb_story_windows {
    bool told;    /* PCR 12 or 13 has events of Windows that are covered: bad answers stand */
    bool present; /* PCR 12 and 13 have them, and end in "WBCL": good answers may stand, too */
    enum tb_tristate code_integrity; /* enabled */
    enum tb_tristate test_signing;
    enum tb_tristate boot_debugging, os_debugging;
    enum tb_tristate bitlocker_unlock; /* a volume was unlocked with a key other than the TPM's */
    enum tb_tristate safe_mode, winpe, flight_signing, hypervisor, vbs, elam;
    bool boot_count_known;
    uint64_t boot_count;
    uint32_t n_modules;  /* loaded modules that were measured */
    uint32_t n_unproved; /* SIPA events that no digest covers or that do not parse */
};

struct tb_story_esxi_module {
    uint32_t event;
    uint32_t id; /* of the tag: 2 module, 3 module of options or state; 0: not in the form of one */
    char name[64]; /* NOT covered by the digest: shown, never believed */
    uint8_t digest[TB_DIGEST_MAX];
};

/* VMware ESXi: whatever PCR 11 to 14 hold but what the digest covers is a module. */
struct tb_story_esxi {
    bool present; /* a proved command line in PCR 14, and modules in PCR 12 */
    uint32_t n_modules, n_modules_lost;
    struct tb_story_esxi_module module[TB_ESXI_MODULES_MAX];
    uint32_t n_malformed;
    uint32_t n_signers;                /* certificates and keys that vouched, proved */
    char cmdline[TB_ESXI_CMDLINE_MAX]; /* proved; "" where none or several are, or it is longer */
};

struct tb_story {
    uint32_t parts; /* bit p: enum tb_story_part p measured something that is proved */
    uint32_t named; /* bit p: only a label says so, which no digest covers */
    struct tb_story_shim shim;
    struct tb_story_grub grub;
    struct tb_story_windows windows;
    struct tb_cmdline cmdline;
    char
        uname[64]; /* .uname of a unified kernel image: only where its text is logged and covered */
    uint32_t
        n_option_roms;  /* measurements in PCR 2 of what is not in the log: option ROMs, drivers */
    uint32_t n_extras;  /* the same in PCR 12: credentials, device trees, add-ons */
    uint32_t n_sysexts; /* the same in PCR 13: system extensions */
    uint32_t n_sections;
    uint32_t n_initrds;
    struct tb_story_section section[TB_SECTIONS_MAX];
    struct tb_story_initrd initrd[TB_INITRDS_MAX];
    struct tb_story_esxi esxi;
};

/* What story_windows.c and story_esxi.c remember between events. */
struct tb_windows_scan {
    uint8_t closed;   /* bit i: PCR 12 + i has had its separator "WBCL" */
    uint8_t told;     /* bit i: PCR 12 + i had events of Windows in front of it */
    bool incomplete;  /* something there is not proved or does not parse: no good answers */
    uint32_t unclear; /* bit i: a program contradicts itself about setting i */
    bool boot_count_unclear;
    uint32_t n_modules[2]; /* in PCR 12, in PCR 13 */
};
struct tb_esxi_scan {
    bool core_module;    /* PCR 12 has what looks like one */
    uint32_t n_cmdlines; /* proved */
};

/* A command line or a part of one, borrowed from the log. */
struct tb_story_text {
    struct tb_reader bytes;
    bool wide; /* UTF-16LE */
};

/* A setting of shim's of one byte. */
struct tb_story_flag {
    uint32_t n;
    enum tb_tristate value; /* of the last */
    bool differs, late;
    bool is_set; /* one of them is not 0 */
};

#define TB_STORY_HELD_MAX 8   /* command lines, and such of which only a digest is known */
#define TB_N_SECTION_NAMES 15 /* that a unified kernel image may have */

/* What was seen, and means something only when the whole log was read. */
struct tb_story_notes {
    bool keys_unproved; /* an event of PCR 7 that its digest does not cover */
    bool shim_vouched;  /* one of shim's keys stands in PCR 7 */
    struct tb_story_flag mok_sb_state, mok_list_trusted;
    uint32_t n_sbat_levels;       /* different ones */
    struct tb_reader vendor_cert; /* that shim carries: DER */
    struct tb_reader first_key;   /* of MokListRT, unknown, and the first that shim used: DER */
    bool unknown_key;             /* another of MokListRT that nobody knows */
    uint32_t n_lists;             /* PCR 14; the first: */
    struct tb_event first_list;

    struct tb_story_text first; /* command line */
    bool has_first;
    struct tb_story_text text[TB_STORY_HELD_MAX]; /* it, the others, what was loaded: no two same */
    uint32_t n_texts;
    bool texts_lost;
    bool differs;                /* another command line is not the first */
    bool hidden;                 /* an event in PCR 8 or 12 that may hide one */
    bool other_loader;           /* a command that loads another system or kernel */
    struct tb_story_text loaded; /* what stands behind GRUB's `linux` */
    bool has_loaded;
    bool loaded_differs;
    bool names_hashed; /* the digests of the sections' names, in the bank relied on: */
    uint8_t section_name[TB_N_SECTION_NAMES][TB_DIGEST_MAX];
    bool from_utf16;    /* a command line in UTF-16: systemd's */
    uint32_t n_digests; /* command lines of which only a digest is logged; those held: */
    struct tb_event digest[TB_STORY_HELD_MAX];
};

/* A log being read for its story; a caller's value, nothing to free. */
struct tb_story_scan {
    enum tb_bank bank;
    const struct tb_pcr_states *states; /* NULL: nobody quoted, the log is taken at its word */
    struct tb_hasher *h;
    struct tb_story *out;
    struct tb_story_section pending; /* a section's name whose content comes next */
    bool has_pending;
    struct tb_story_notes notes;
    struct tb_windows_scan windows;
    struct tb_esxi_scan esxi;
};

/* tb_event_covers(), of one piece. */
bool tb_story_covers(const struct tb_story_scan *s, const struct tb_event *e,
                     struct tb_reader data);

/* Read the story of a log that has replayed. bank, states as for tb_boot_facts_read(). False: the
 * log does not parse; *out is then zero. */
TB_MUST_CHECK bool tb_story_read(struct tb_reader log, enum tb_bank bank,
                                 const struct tb_pcr_states *states, struct tb_hasher *h,
                                 struct tb_story *out);

/* One event each, of a matching PCR; in story_windows.c and story_esxi.c. */
void tb_story_windows_event(struct tb_story_scan *s, const struct tb_event *e);
void tb_story_esxi_event(struct tb_story_scan *s, const struct tb_event *e);
/* After the last event: what stands only if something else was there, too. */
void tb_story_windows_end(struct tb_story_scan *s);
void tb_story_esxi_end(struct tb_story_scan *s);

#endif
