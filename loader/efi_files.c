/* loader/efi_files.c - files of the EFI system partition, read-only (UEFI 2.10, 13.4, 13.5). */
#include <string.h>

#include "loader/efi_glue.h"

enum { ENTRIES_MAX = 4096, NAME_MAX = 255, READ_MAX = 8 << 20 };

static EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;

/* One entry as the firmware tells it: aligned for the structure, with room for the longest name of
 * FAT, its NUL, and one more NUL of ours. */
union entry {
    EFI_FILE_INFO info;
    UINT8 room[offsetof(EFI_FILE_INFO, FileName) + (NAME_MAX + 2) * sizeof(CHAR16)];
};

bool tb_efi_open_volume(struct tb_efi *efi)
{
    EFI_FILE_IO_INTERFACE *volume;

    return efi->boot->HandleProtocol(efi->self->DeviceHandle, &file_system_guid,
                                     (VOID **)&volume) == EFI_SUCCESS &&
           volume->OpenVolume(volume, &efi->root) == EFI_SUCCESS;
}

static EFI_STATUS open_path(struct tb_efi *efi, const char *path, EFI_FILE_PROTOCOL **out)
{
    static const char folder[] = "\\trueboot\\";
    CHAR16 name[sizeof folder + TB_LOADER_PATH_MAX + 1];
    size_t n = 0;

    for (; folder[n] != '\0'; n++)
        name[n] = (CHAR16)folder[n];
    for (; *path != '\0' && n + 1 < sizeof name / sizeof name[0]; path++)
        name[n++] = *path == '/' ? '\\' : (CHAR16)(unsigned char)*path;
    name[n] = 0;
    return efi->root->Open(efi->root, out, name, EFI_FILE_MODE_READ, 0);
}

enum tb_loader_file tb_efi_file_size(void *ctx, const char *path, uint64_t *out)
{
    EFI_FILE_PROTOCOL *file;
    union entry e;
    UINTN len = sizeof e;
    EFI_STATUS status = open_path(ctx, path, &file);

    if (status != EFI_SUCCESS)
        return status == EFI_NOT_FOUND ? TB_FILE_ABSENT : TB_FILE_FAILED;
    status = file->GetInfo(file, &file_info_guid, &len, &e);
    file->Close(file);
    if (status != EFI_SUCCESS || (e.info.Attribute & EFI_FILE_DIRECTORY) != 0)
        return TB_FILE_FAILED;
    *out = e.info.FileSize;
    return TB_FILE_OK;
}

bool tb_efi_file_read(void *ctx, const char *path, uint64_t at, void *out, size_t len)
{
    EFI_FILE_PROTOCOL *file;
    uint8_t *to = out;
    bool ok;

    if (open_path(ctx, path, &file) != EFI_SUCCESS)
        return false;
    ok = file->SetPosition(file, at) == EFI_SUCCESS;
    while (ok && len > 0) {
        UINTN n = len < READ_MAX ? len : READ_MAX;

        ok = file->Read(file, &n, to) == EFI_SUCCESS && n != 0 && n <= len;
        to += ok ? n : 0;
        len -= ok ? n : 0;
    }
    file->Close(file);
    return ok;
}

/* What no file of ours has in its name becomes '?', and such a file cannot be opened. */
static void tell(const union entry *e, void (*each)(void *arg, const char *name), void *arg)
{
    char name[NAME_MAX + 1];
    size_t n = 0;

    for (; n < NAME_MAX && e->info.FileName[n] != 0; n++)
        name[n] = e->info.FileName[n] > ' ' && e->info.FileName[n] <= '~'
                      ? (char)e->info.FileName[n]
                      : '?';
    name[n] = '\0';
    if ((e->info.Attribute & EFI_FILE_DIRECTORY) == 0)
        each(arg, name);
}

bool tb_efi_list(void *ctx, char set, void (*each)(void *arg, const char *name), void *arg)
{
    const char path[] = { set, '\0' };
    EFI_FILE_PROTOCOL *folder;
    bool ok = true;

    if (open_path(ctx, path, &folder) != EFI_SUCCESS)
        return false;
    for (unsigned i = 0; ok; i++) {
        union entry e = { .room = { 0 } };
        UINTN len = sizeof e - sizeof(CHAR16); /* the NUL stays */

        ok = i < ENTRIES_MAX && folder->Read(folder, &len, &e) == EFI_SUCCESS;
        if (!ok || len == 0)
            break;
        tell(&e, each, arg);
    }
    folder->Close(folder);
    return ok;
}
