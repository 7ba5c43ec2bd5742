/* tests/boot/enrol/enrol.c - enrols Secure Boot keys the way a firmware in setup mode offers it.
 *
 * Sets db, KEK and PK, in this order, from the signed updates \keys\NAME.auth of its own partition
 * (UEFI specification 2.10, 8.2.2: EFI_VARIABLE_AUTHENTICATION_2), and turns the machine off. With
 * PK the setup mode ends. A test's program: nothing of it is installed. */
#include <efi.h>
#include <efilib.h>

/* The attributes that the specification asks for (32.3). */
#define ATTRIBUTES                                                                                 \
    (EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS |   \
     EFI_VARIABLE_TIME_BASED_AUTHENTICATED_WRITE_ACCESS)
#define AUTH_LEN_MAX 16384 /* bytes of one update */

static EFI_GUID global = {
    0x8be4df61, 0x93ca, 0x11d2, { 0xaa, 0x0d, 0, 0xe0, 0x98, 3, 0x2b, 0x8c }
};
static EFI_GUID security = {
    0xd719b2cb, 0x3d3a, 0x4596, { 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f }
};

static const struct {
    CHAR16 *name, *path;
    EFI_GUID *vendor;
} keys[] = {
    { L"db", L"\\keys\\db.auth", &security },
    { L"KEK", L"\\keys\\KEK.auth", &global },
    { L"PK", L"\\keys\\PK.auth", &global },
};

static EFI_STATUS enrol(EFI_FILE_HANDLE root, UINTN i)
{
    static UINT8 content[AUTH_LEN_MAX];
    UINTN len = sizeof content;
    EFI_FILE_HANDLE file;
    EFI_STATUS status = root->Open(root, &file, keys[i].path, EFI_FILE_MODE_READ, 0);

    if (status != EFI_SUCCESS)
        return status;
    status = file->Read(file, &len, content);
    file->Close(file);
    if (status != EFI_SUCCESS)
        return status;
    return RT->SetVariable(keys[i].name, keys[i].vendor, ATTRIBUTES, len, content);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    EFI_LOADED_IMAGE *self;
    EFI_FILE_HANDLE root;
    EFI_STATUS status;

    InitializeLib(image, table);
    status = BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&self);
    if (status != EFI_SUCCESS || (root = LibOpenRoot(self->DeviceHandle)) == NULL)
        return EFI_LOAD_ERROR;
    for (UINTN i = 0; i < sizeof keys / sizeof *keys && status == EFI_SUCCESS; i++) {
        status = enrol(root, i);
        Print(L"enrol: %s: %r\r\n", keys[i].name, status);
    }
    RT->ResetSystem(EfiResetShutdown, status, 0, NULL);
    return status;
}
