/* init/secureboot.c - is Secure Boot on? UEFI 2.10, 3.3, the variable SecureBoot. */
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "init/init.h"

#define VARIABLES "/sys/firmware/efi/efivars"

enum tb_secure_boot tb_secure_boot_read(void)
{
    char value[8]; /* four bytes of attributes, one of value */
    size_t len;

    /* Mounted when first asked for; again is refused, and no matter. */
    (void)mount("efivarfs", VARIABLES, "efivarfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
                NULL);
    if (!tb_read_small(VARIABLES "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", value,
                       sizeof value, &len) ||
        len != 5)
        return TB_SECURE_BOOT_UNKNOWN;
    return value[4] == 1 ? TB_SECURE_BOOT_ON : TB_SECURE_BOOT_OFF;
}
