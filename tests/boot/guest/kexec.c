/* tests/boot/guest/kexec.c - a workload that tries to start another kernel past the loader: the
 * file `vmlinuz` beside it, by both system calls. Says what the kernel answers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char page[4096];
    struct kexec_segment segment = { page, sizeof page, (void *)0x1000000, sizeof page };
    char path[512];
    int kernel;

    (void)argc;
    snprintf(path, sizeof path, "%.*s/vmlinuz", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
    kernel = open(path, O_RDONLY);
    if (kernel < 0)
        printf("kexec: %s: %s\n", path, strerror(errno));
    if (syscall(SYS_kexec_file_load, kernel, -1, 1UL, "", KEXEC_FILE_NO_INITRAMFS) == 0)
        printf("kexec: by file: done\n");
    else
        printf("kexec: by file: refused: %s\n", strerror(errno));
    if (syscall(SYS_kexec_load, 0x1000000UL, 1UL, &segment, 0UL) == 0)
        printf("kexec: by segments: done\n");
    else
        printf("kexec: by segments: refused: %s\n", strerror(errno));
    return 0;
}
