/* init/init.h - process 1 of a Trueboot host, in two stages of one program.
 *
 * Initrd stage: started by the kernel from the initrd, which the loader has verified; sets up the
 * system image so that the kernel verifies it, and becomes its /sbin/init. System stage: has the
 * Secure Boot Verifier judge what is installed before anything else runs. docs/man/trueboot-init.8.
 */
#ifndef TB_INIT_INIT_H
#define TB_INIT_INIT_H

#include "core/reader.h"

#define TB_ESP "/esp"   /* the EFI system partition, read-only */
#define TB_DATA "/data" /* data/ of the state partition: the only place that is written */
#define TB_RUN "/run/trueboot"
#define TB_STATE TB_RUN "/state"  /* the state partition, whole */
#define TB_SET_LINK TB_RUN "/set" /* leads to the boot set that runs */
#define TB_SOFTWARE TB_RUN "/software"

/* The whole environment of every child: what the kernel hands over comes from a command line whose
 * tail is not signed. */
extern char *const tb_init_environment[];

/* console.c */
void tb_console_open(void); /* /dev/console as input, output and errors */
/* A line "trueboot: ..." */
void tb_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with the error of the system call that failed. Returns false. */
bool tb_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* power.c */
enum tb_power { TB_POWER_OFF, TB_POWER_REBOOT, TB_POWER_HALT };
/* A kernel option; false: not given. */
TB_MUST_CHECK bool tb_option(const char *name, char *value, size_t cap);
/* Seconds of trueboot.poweroff=SECONDS; without SECONDS: otherwise; without the option: -1. */
int tb_poweroff_s(int otherwise);
char tb_boot_set(void); /* trueboot.set=SET; stops without it */
/* Nothing goes on from here: says so, and waits for the power button or the time of the kernel
 * option. */
_Noreturn void tb_stop(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void tb_power(enum tb_power what);

/* mounts.c */
struct tb_mount {
    const char *source, *target, *type;
    unsigned long flags;
    const char *data;
    bool may_fail; /* not every kernel or machine has it */
};
TB_MUST_CHECK bool tb_mount_all(const struct tb_mount *list, size_t n);
/* Small file, at most cap - 1 bytes, with a zero byte behind it. */
TB_MUST_CHECK bool tb_read_small(const char *path, char *out, size_t cap, size_t *len);

/* partitions.c */
/* The first partition, in the order of names, that is a FAT with this boot set, read-only at
 * TB_ESP. Waits for drivers. */
TB_MUST_CHECK bool tb_esp_mount(char set);
TB_MUST_CHECK bool tb_esp_writable(bool writable);
/* The first ext4 that is labelled trueboot-state, at TB_STATE, and its data/ at TB_DATA. */
TB_MUST_CHECK bool tb_state_mount(void);

/* modules.c */
void tb_modules_load(void); /* /modules/order, in its order */

/* secureboot.c */
enum tb_secure_boot { TB_SECURE_BOOT_UNKNOWN, TB_SECURE_BOOT_OFF, TB_SECURE_BOOT_ON };
enum tb_secure_boot tb_secure_boot_read(void);

/* base.c */
struct tb_extent {
    char path[512]; /* of the package */
    uint64_t offset, size;
};
/* Where the system image is within the base package of this set. */
TB_MUST_CHECK bool tb_base_find(char set, struct tb_extent *out);

/* verity.c */
TB_MUST_CHECK bool tb_verity_open(const struct tb_extent *image, bool signature_is_asked,
                                  char device[32]);

/* network.c */
void tb_network_start(void);

_Noreturn void tb_stage_initrd(void);
_Noreturn void tb_stage_system(void);

#endif
