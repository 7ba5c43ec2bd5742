/* init/stage_initrd.c - from the kernel to the system image. */
#include <ftw.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/init.h"

#define NEW_ROOT "/root"
#define SAFE (MS_NOSUID | MS_NOEXEC | MS_NODEV)

static const struct tb_mount mounts[] = {
    { "proc", "/proc", "proc", SAFE, NULL, false },
    { "sysfs", "/sys", "sysfs", SAFE, NULL, false },
    { "devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755", false },
    { "securityfs", "/sys/kernel/security", "securityfs", SAFE, NULL, true },
};

static const char *const moved[] = { "/proc", "/sys", "/dev", TB_ESP };

/* Returns whether the kernel shall check the signature of the root hash. */
static bool tell_secure_boot(void)
{
    enum tb_secure_boot state = tb_secure_boot_read();

    if (state == TB_SECURE_BOOT_OFF)
        tb_say(
            "Secure Boot is off: the kernel knows no vendor, so it does not check who signed the "
            "system image's root hash; it checks the image against that hash");
    else if (state == TB_SECURE_BOOT_UNKNOWN)
        tb_say("whether Secure Boot is on cannot be read: taken as on");
    return state != TB_SECURE_BOOT_OFF;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    (void)remove(path); /* what stays costs memory only */
    return 0;
}

/* The initrd's memory is freed; then the system image is all there is. */
static void enter_system(void)
{
    static char *const arguments[] = { (char *)(uintptr_t) "/sbin/init", NULL };

    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        char target[64];

        (void)snprintf(target, sizeof target, NEW_ROOT "%s", moved[i]);
        if (mount(moved[i], target, NULL, MS_MOVE, NULL) != 0)
            (void)tb_failed("moving %s", moved[i]);
    }
    if (chdir(NEW_ROOT) != 0)
        return;
    (void)nftw("/", remove_one, 16, FTW_DEPTH | FTW_MOUNT | FTW_PHYS);
    if (mount(".", "/", NULL, MS_MOVE, NULL) == 0 && chroot(".") == 0 && chdir("/") == 0)
        (void)execve(arguments[0], arguments, tb_init_environment);
    (void)tb_failed("starting /sbin/init of the system image");
}

void tb_stage_initrd(void)
{
    struct tb_extent image;
    char device[32], set;
    bool with_signature;

    if (!tb_mount_all(mounts, sizeof mounts / sizeof *mounts))
        tb_stop("before the system image");
    tb_console_open();
    set = tb_boot_set();
    tb_modules_load();
    with_signature = tell_secure_boot();
    if (!tb_esp_mount(set))
        tb_stop("before the system image: no partition with boot set %c", set);
    if (!tb_base_find(set, &image) || !tb_verity_open(&image, with_signature, device))
        tb_stop("before the system image: it cannot be verified");
    (void)mkdir(NEW_ROOT, 0755);
    if (mount(device, NEW_ROOT, "squashfs", MS_RDONLY | MS_NODEV, NULL) != 0) {
        (void)tb_failed("mounting the system image");
        tb_stop("before the system image: it cannot be read");
    }
    tb_say("system image verified by dm-verity%s",
           with_signature ? ", its root hash signed by a vendor of the kernel" : "");
    enter_system();
    tb_stop("at the system image");
}
