/* loader/load.h - what the loader does between its own start and that of the kernel.
 *
 * Reads boot.conf, measures the settings, loads a boot set: measure first, then verify, and use
 * only the bytes that were measured. Pure logic: firmware is reached through tb_loader_ops alone,
 * so the same file runs in trueboot.efi, in `trueboot-pkg predict` and under the fuzzer.
 * docs/boot-chain.md says what is measured and what happens on each failure. */
#ifndef TB_LOADER_LOAD_H
#define TB_LOADER_LOAD_H

#include "pkg/minimum.h"
#include "pkg/pe.h"
#include "pkg/record.h"
#include "pkg/verify.h"

#define TB_LOADER_VENDORS_MAX 8
#define TB_LOADER_MODULES_MAX 64                    /* early modules of a set */
#define TB_LOADER_FILE_MAX (UINT64_C(1) << 30)      /* bytes read of one file at once */
#define TB_LOADER_NAME_MAX 136                      /* characters of NAME_VERSION.tbp */
#define TB_LOADER_PATH_MAX (TB_LOADER_NAME_MAX + 2) /* a/NAME_VERSION.tbp */
#define TB_LOADER_PREFIX_MAX (TB_MANIFEST_LEN_MAX + TB_SIGNATURE_LEN_MAX + 2 * TB_BLOCK_LEN)
#define TB_LOADER_SAY_MAX 640 /* bytes of a line for people, with its NUL */

enum tb_loader_file { TB_FILE_ABSENT, TB_FILE_FAILED, TB_FILE_OK };

enum tb_measured {
    TB_MEASURE_FAILED = 0,
    TB_MEASURED,
    TB_MEASURED_LOG_FULL, /* in the PCR, but not in the firmware's log */
};

/* What the loader keeps in the firmware. */
enum tb_loader_variable {
    TB_VARIABLE_MINIMUM, /* NAME SECURITY-VERSION lines; the operating system cannot reach it */
    TB_VARIABLE_TRIED,   /* SHA-256 of the configuration and set that was last tried */
};
enum { TB_VARIABLE_LEN_MAX = TB_MINIMUM_LEN_MAX };

/* The world. Paths are below the ESP's \trueboot, with '/' between folder and name. */
struct tb_loader_ops {
    enum tb_loader_file (*file_size)(void *ctx, const char *path, uint64_t *out);
    /* Exactly len bytes from `at` on. */
    bool (*file_read)(void *ctx, const char *path, uint64_t at, void *out, size_t len);
    /* Tells each entry of a set's folder, in any order. Cut names are of no file that is read. */
    bool (*list)(void *ctx, char set, void (*each)(void *arg, const char *name), void *arg);
    /* NULL: no memory. What is taken is at least 8-byte aligned, and not zeroed. */
    void *(*take)(void *ctx, size_t len);
    void (*give_back)(void *ctx, void *p, size_t len);
    /* Extends the PCR by these bytes, and logs them as an EV_EVENT_TAG event. NULL: there is no
     * TPM 2.0, which the caller has said. */
    enum tb_measured (*measure)(void *ctx, unsigned pcr, struct tb_reader event);
    const char *(*secure_boot)(void *ctx); /* tb_record_state_is() */
    /* Text of the chassis' asset tag, with its NUL; "": none. */
    void (*asset_tag)(void *ctx, char *out, size_t cap);
    enum tb_loader_file (*variable_get)(void *ctx, enum tb_loader_variable v, uint8_t *out,
                                        size_t cap, size_t *out_len);
    bool (*variable_set)(void *ctx, enum tb_loader_variable v, struct tb_reader value);
    void (*say)(void *ctx, const char *line); /* one line, without its end */
    uint64_t (*time_us)(void *ctx);
};

/* One piece of the initrd; each begins at a multiple of four bytes, zeros between. */
struct tb_module {
    uint8_t *p;
    size_t len;
    bool of_base; /* those of the base package come last: of two files of one name, the later is */
};

enum tb_loader_stage {
    TB_STAGE_READ,
    TB_STAGE_HASH,
    TB_STAGE_VERIFY,
    TB_STAGE_MEASURE,
    TB_N_STAGES
};

/* What is to be started. */
struct tb_boot {
    char set;
    struct tb_module kernel;
    struct tb_pe kernel_image; /* of the kernel's bytes */
    size_t n_modules;
    struct tb_module module[TB_LOADER_MODULES_MAX]; /* in the initrd's order */
    char command_line[TB_COMMAND_LINE_MAX + 1];
};

/* Large: for the heap. All zero but what the caller gives. */
struct tb_loader {
    /* given */
    const struct tb_loader_ops *ops;
    void *ctx;
    struct tb_hasher *hasher;
    const struct tb_vendors *vendors;               /* the same roots as */
    struct tb_reader vendor[TB_LOADER_VENDORS_MAX]; /* these, in DER */
    size_t n_vendors;

    /* result */
    struct tb_boot boot;
    bool quiet; /* say only what stops the boot */
    uint64_t stage_us[TB_N_STAGES];

    /* the loader's own */
    bool enforces; /* faults stop a set; else they are told and measured */
    bool broken;   /* measuring failed: nothing is started */
    bool log_full;
    struct tb_bootconf conf;
    uint8_t conf_bytes[TB_BOOTCONF_LEN_MAX];
    uint8_t tried[TB_N_BOOT_SETS][32]; /* what TB_VARIABLE_TRIED holds if a, b is tried */
    struct tb_minimum minimum;
    struct tb_revocations revocations, *revoked; /* NULL: no list */
    uint8_t revocations_text[TB_REVOCATIONS_LEN_MAX], revocations_signature[TB_SIGNATURE_LEN_MAX];
    struct tb_reason fault; /* what stopped the set */
    size_t n_files;
    char file[TB_SET_PACKAGES_MAX][TB_LOADER_NAME_MAX + 1]; /* of the set, in byte order */
    const char *at_file;                                    /* the one at hand */
    uint8_t prefix[TB_LOADER_PREFIX_MAX];
    struct tb_package package; /* the one at hand, in prefix */
    bool has_base;
    enum tb_level base_level;
    enum tb_level level[TB_SET_PACKAGES_MAX];       /* of each file's package, */
    enum tb_level early_level[TB_SET_PACKAGES_MAX]; /* of its initrd; pkg/relations.h */
    char signed_options[TB_COMMAND_LINE_MAX + 1];   /* the base package's command line */
    struct tb_minimum seen;                         /* security versions of the set's packages */
    uint8_t record[TB_RECORD_LEN_MAX];
};

/* True: l->boot is whole, measured, and to be started; under Secure Boot it is signed. False: it
 * was said why, and nothing may be started. */
TB_MUST_CHECK bool tb_load(struct tb_loader *l);
/* The initrd as one piece: its length, and its bytes into out, which has room for that. */
size_t tb_initrd_len(const struct tb_boot *b);
void tb_initrd_copy(const struct tb_boot *b, uint8_t *out);

/* DER certificates, one after the other, as they stand in the loader's section .vendor; what
 * follows the last may be zeros. */
TB_MUST_CHECK bool tb_vendor_certificates(struct tb_reader section,
                                          struct tb_reader out[TB_LOADER_VENDORS_MAX], size_t *n,
                                          struct tb_reason *why);

#endif
