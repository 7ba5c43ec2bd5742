/* loader/efi_glue.h - between the files of trueboot.efi that reach the firmware.
 *
 * UEFI Specification 2.10. Everything runs before ExitBootServices, on one processor. */
#ifndef TB_LOADER_EFI_GLUE_H
#define TB_LOADER_EFI_GLUE_H

#include <efi.h>

#include "loader/load.h"

struct tb_tcg2;

struct tb_efi {
    EFI_HANDLE image;
    EFI_SYSTEM_TABLE *table;
    EFI_BOOT_SERVICES *boot;
    EFI_RUNTIME_SERVICES *runtime;
    EFI_LOADED_IMAGE *self;
    EFI_FILE_PROTOCOL *root; /* of the volume that the loader was started from */
    struct tb_tcg2 *tcg2;    /* NULL: no TPM 2.0 */
    uint64_t ticks_at_start, ticks_per_us;
};

/* efi_firmware.c: variables and tables of the firmware */
const char *tb_efi_secure_boot(void *efi);
void tb_efi_asset_tag(void *efi, char *out, size_t cap);
enum tb_loader_file tb_efi_variable_get(void *efi, enum tb_loader_variable v, uint8_t *out,
                                        size_t cap, size_t *out_len);
bool tb_efi_variable_set(void *efi, enum tb_loader_variable v, struct tb_reader value);
/* The section .vendor of the loader as it was loaded, and so as the firmware verified it. */
struct tb_reader tb_efi_vendor_section(const struct tb_efi *efi);
/* The vendors' certificates to the kernel, and no others. False: one stays that is not ours. */
TB_MUST_CHECK bool tb_efi_hand_over_vendors(struct tb_efi *efi, const struct tb_reader *cert,
                                            size_t n);

/* efi_files.c: the volume that the loader was started from */
TB_MUST_CHECK bool tb_efi_open_volume(struct tb_efi *efi);
enum tb_loader_file tb_efi_file_size(void *efi, const char *path, uint64_t *out);
bool tb_efi_file_read(void *efi, const char *path, uint64_t at, void *out, size_t len);
bool tb_efi_list(void *efi, char set, void (*each)(void *arg, const char *name), void *arg);

/* efi_tcg2.c: the TPM */
/* What is wrong with the TPM, for people; NULL: a TPM 2.0 is there. */
const char *tb_efi_find_tpm(struct tb_efi *efi);
enum tb_measured tb_efi_measure(void *efi, unsigned pcr, struct tb_reader event);

/* efi_start.c: the kernel. Returns, with what failed, only if it could not be started. */
const char *tb_efi_start(struct tb_efi *efi, const struct tb_boot *boot);

/* efi_main.c */
void *tb_efi_take(void *efi, size_t len);
void tb_efi_give_back(void *efi, void *p, size_t len);

#endif
