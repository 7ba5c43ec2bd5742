/* init/main.c - which stage this is. */
#include <signal.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "init/init.h"

char *const tb_init_environment[] = {
    (char *)(uintptr_t) "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    (char *)(uintptr_t) "HOME=/",
    (char *)(uintptr_t) "TERM=linux",
    NULL,
};

/* The initrd is unpacked into memory; the system image is a squashfs. */
static bool is_initrd(void)
{
    struct statfs fs;

    return statfs("/", &fs) == 0 && (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC) &&
           access("/trueboot/roothash", F_OK) == 0;
}

int main(void)
{
    if (getpid() != 1) {
        fputs("trueboot-init: runs as process 1 only; trueboot-init(8)\n", stderr);
        return 2;
    }
    if (is_initrd())
        tb_stage_initrd();
    tb_stage_system();
}
