/* init/stage_system.c - process 1 of the verified system image.
 *
 * Nothing but the Secure Boot Verifier runs before it has passed what is installed, and what it
 * found is in PCR 11 before anything acts on it. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "init/services.h"
#include "pkg/bootconf.h"

#define SAFE (MS_NOSUID | MS_NODEV)
#define SBV "/usr/bin/trueboot-sbv"
#define BOOT_CONF TB_ESP "/trueboot/boot.conf"
#define WORD(text) ((char *)(uintptr_t)(text))

static const struct tb_mount mounts[] = {
    { "tmpfs", "/run", "tmpfs", SAFE | MS_NOEXEC, "mode=0755", false },
    { "tmpfs", "/tmp", "tmpfs", SAFE | MS_NOEXEC, "mode=1777", false },
};

/* Until the next boot: all modules that this system has are loaded, and another kernel would run
 * without having been measured. */
static void lock_kernel(void)
{
    static const char *const switches[] = { "/proc/sys/kernel/kexec_load_disabled",
                                            "/proc/sys/kernel/modules_disabled" };

    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        int fd = open(switches[i], O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "1", 1) != 1)
            (void)tb_failed("%s", switches[i]);
        if (fd >= 0)
            (void)close(fd);
    }
}

/* What was verified may run, and is not written any more; nothing else that can be written runs. */
static void release_software(void)
{
    if (mount(TB_SOFTWARE, TB_SOFTWARE, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, TB_SOFTWARE, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE, NULL) != 0)
        (void)tb_failed("mounting " TB_SOFTWARE);
}

static bool verify(char *option)
{
    char *const arguments[] = { WORD(SBV), option, NULL };
    int status = tb_run(arguments);

    if (status >= 128)
        tb_say(SBV ": it could not be run, or was ended by signal %d", status - 128);
    return status == 0;
}

static bool mark(char set, bool good, struct tb_reader text, char err[TB_FILE_ERR_LEN])
{
    char marked[TB_BOOTCONF_LEN_MAX];
    struct tb_reason why;
    size_t len;
    bool replaced;

    if (!tb_bootconf_mark(text, set, good, marked, &len, &why)) {
        (void)snprintf(err, TB_FILE_ERR_LEN, "%s: expected %s, found %s", why.where, why.expected,
                       why.observed);
        return false;
    }
    if (tb_slice_equal(text, tb_slice(marked, len)))
        return true;
    if (!tb_esp_writable(true)) {
        (void)snprintf(err, TB_FILE_ERR_LEN, "it cannot be written");
        return false;
    }
    replaced = tb_file_replace(BOOT_CONF, tb_slice(marked, len), NULL, err);
    return tb_esp_writable(false) && replaced;
}

/* A set that came up is good; one that the Secure Boot Verifier stopped is not any more, whatever
 * it was before, so that the loader takes the other one when this has failed once more. */
static void mark_set(char set, bool good)
{
    const char *what = good ? "is not marked" : "stays marked";
    char text[TB_BOOTCONF_LEN_MAX + 1], err[TB_FILE_ERR_LEN] = "";
    size_t len;

    if (!tb_read_small(BOOT_CONF, text, sizeof text, &len))
        (void)tb_failed("set %c %s as good: " BOOT_CONF, set, what);
    else if (!mark(set, good, tb_slice(text, len), err))
        tb_say("set %c %s as good: " BOOT_CONF ": %s", set, what, err);
}

_Noreturn static void refuse(char set, bool rescue)
{
    mark_set(set, false);
    if (!rescue)
        tb_stop("by the Secure Boot Verifier: no agent and no software is started");
    tb_say("stopped by the Secure Boot Verifier; a rescue shell was asked for and is measured");
    tb_services_add_shell(true);
    tb_services_run(-1);
}

_Noreturn static void complete(char set, bool rescue)
{
    if (!verify(WORD("--complete")))
        tb_stop("by the Secure Boot Verifier: the end of the boot cannot be measured");
    release_software();
    tb_services_add_agent();
    tb_services_add_packages();
    if (rescue)
        tb_services_add_shell(false);
    mark_set(set, true);
    tb_say("boot complete");
    tb_services_run(tb_poweroff_s(-1));
}

void tb_stage_system(void)
{
    char set = tb_boot_set(), target[64], value[8];
    bool passed, rescue = tb_option("trueboot.rescue", value, sizeof value);

    tb_console_open();
    (void)umask(022);
    (void)reboot(RB_DISABLE_CAD);
    lock_kernel();
    if (!tb_mount_all(mounts, sizeof mounts / sizeof *mounts) || mkdir(TB_RUN, 0755) != 0)
        tb_stop("at its first directories");
    (void)snprintf(target, sizeof target, TB_ESP "/trueboot/%c", set);
    if (symlink(target, TB_SET_LINK) != 0)
        (void)tb_failed("making " TB_SET_LINK);
    if (!tb_state_mount())
        tb_say("nothing is kept over a reboot");
    tb_network_start();
    passed = verify(NULL);
    if (rescue && !verify(WORD("--rescue")))
        tb_stop("by the Secure Boot Verifier: the rescue shell cannot be measured");
    if (!passed)
        refuse(set, rescue);
    complete(set, rescue);
}
