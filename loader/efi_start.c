/* loader/efi_start.c - the kernel as an EFI program of our own loading, and its initrd.
 *
 * The firmware would ask for a signature of db, which the vendor's signature on the package stands
 * in for. UEFI 2.10, 9.1 (loaded image), 10.3.5.3 (vendor media), 13.2 (load file 2); Linux,
 * Documentation/x86/boot.rst ("EFI handover" is not used) and LINUX_EFI_INITRD_MEDIA_GUID. */
#include <string.h>

#include "loader/efi_glue.h"

struct load_file2 {
    EFI_STATUS(EFIAPI *load_file)
    (struct load_file2 *self, EFI_DEVICE_PATH *path, BOOLEAN boot_policy, UINTN *size,
     VOID *buffer);
};

/* All that the firmware and the kernel keep pointers to. */
struct start {
    struct load_file2 load_file; /* first: the kernel hands it back */
    const struct tb_boot *boot;
    EFI_LOADED_IMAGE image;
    CHAR16 options[TB_COMMAND_LINE_MAX + 1];
};

static EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static EFI_GUID device_path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
static EFI_GUID load_file2_guid = {
    0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d }
};

/* Vendor media device path with LINUX_EFI_INITRD_MEDIA_GUID, and its end. */
static uint8_t initrd_path[] = { 4,    3,    20,   0,    0x27, 0xe4, 0x68, 0x55,
                                 0xfc, 0x68, 0x3d, 0x4f, 0xac, 0x74, 0xca, 0x55,
                                 0x52, 0x31, 0xcc, 0x68, 0x7f, 0xff, 4,    0 };

static EFI_STATUS EFIAPI load_initrd(struct load_file2 *self, EFI_DEVICE_PATH *path,
                                     BOOLEAN boot_policy, UINTN *size, VOID *buffer)
{
    const struct start *s = (const struct start *)self;
    const size_t len = tb_initrd_len(s->boot);

    if (boot_policy)
        return EFI_UNSUPPORTED;
    if (path == NULL || size == NULL)
        return EFI_INVALID_PARAMETER;
    if (buffer == NULL || *size < len) {
        *size = len;
        return EFI_BUFFER_TOO_SMALL;
    }
    tb_initrd_copy(s->boot, buffer);
    *size = len;
    return EFI_SUCCESS;
}

/* Refused where somebody else already offers one. */
static bool offer_initrd(struct tb_efi *efi, struct start *s)
{
    EFI_HANDLE handle = NULL;

    s->load_file.load_file = load_initrd;
    return efi->boot->InstallMultipleProtocolInterfaces(&handle, &device_path_guid,
                                                        (VOID *)initrd_path, &load_file2_guid,
                                                        (VOID *)&s->load_file, NULL) == EFI_SUCCESS;
}

/* Headers and sections where they belong; tb_pe_parse() has held them within image and memory. */
static uint8_t *load_image(struct tb_efi *efi, const struct tb_boot *b)
{
    const struct tb_pe *pe = &b->kernel_image;
    const uint64_t align =
        pe->section_alignment > EFI_PAGE_SIZE ? pe->section_alignment : EFI_PAGE_SIZE;
    EFI_PHYSICAL_ADDRESS at = 0;
    uint8_t *image;

    if (efi->boot->AllocatePages(AllocateAnyPages, EfiLoaderCode,
                                 EFI_SIZE_TO_PAGES(pe->image_size + align), &at) != EFI_SUCCESS)
        return NULL;
    image = (uint8_t *)(UINTN)((at + align - 1) & ~(align - 1));
    memset(image, 0, pe->image_size);
    memcpy(image, b->kernel.p, pe->headers_size);
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct tb_pe_section *s = &pe->section[i];

        memcpy(image + s->virtual_address, b->kernel.p + s->offset,
               s->size < s->virtual_size ? s->size : s->virtual_size);
    }
    return image;
}

const char *tb_efi_start(struct tb_efi *efi, const struct tb_boot *boot)
{
    struct start *s = tb_efi_take(efi, sizeof *s);
    uint8_t *image = load_image(efi, boot);
    EFI_HANDLE handle = NULL;
    EFI_STATUS(EFIAPI * entry)(EFI_HANDLE, EFI_SYSTEM_TABLE *);
    size_t n = 0;

    if (s == NULL || image == NULL)
        return "there is no memory for the kernel";
    memset(s, 0, sizeof *s);
    s->boot = boot;
    if (!offer_initrd(efi, s))
        return "the firmware does not take the initrd";
    for (; boot->command_line[n] != '\0'; n++)
        s->options[n] = (CHAR16)(unsigned char)boot->command_line[n];
    s->image = (EFI_LOADED_IMAGE){ .Revision = EFI_LOADED_IMAGE_PROTOCOL_REVISION,
                                   .ParentHandle = efi->image,
                                   .SystemTable = efi->table,
                                   .DeviceHandle = efi->self->DeviceHandle,
                                   .LoadOptions = s->options,
                                   .LoadOptionsSize = (UINT32)((n + 1) * sizeof(CHAR16)),
                                   .ImageBase = image,
                                   .ImageSize = boot->kernel_image.image_size,
                                   .ImageCodeType = EfiLoaderCode,
                                   .ImageDataType = EfiLoaderData };
    if (efi->boot->InstallProtocolInterface(&handle, &loaded_image_guid, EFI_NATIVE_INTERFACE,
                                            &s->image) != EFI_SUCCESS)
        return "the firmware does not take the kernel";
    entry = (EFI_STATUS(EFIAPI *)(EFI_HANDLE, EFI_SYSTEM_TABLE *))(UINTN)(image +
                                                                          boot->kernel_image.entry);
    entry(handle, efi->table);
    return "the kernel came back";
}
