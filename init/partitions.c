/* init/partitions.c - the EFI system partition and the state partition, on whatever disk.
 *
 * Which partition is taken decides nothing about trust: what is used of the boot set is under
 * signatures, and what is measured of it is compared with the loader's records by the Verifier. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/init.h"

#define FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define WAIT_MS 10000
#define STEP_MS 50

static int is_partition(const struct dirent *e)
{
    char path[300];

    (void)snprintf(path, sizeof path, "/sys/class/block/%s/partition", e->d_name);
    return access(path, F_OK) == 0;
}

/* The first partition, by name, that take() takes. */
static bool find(bool (*take)(const char *device, char set), char set)
{
    struct dirent **list = NULL;
    int n = scandir("/sys/class/block", &list, is_partition, alphasort);
    bool found = false;

    for (int i = 0; i < n; i++) {
        char device[300];

        (void)snprintf(device, sizeof device, "/dev/%s", list[i]->d_name);
        found = found || take(device, set);
        free(list[i]);
    }
    free(list);
    return found;
}

static bool find_within(bool (*take)(const char *device, char set), char set, int wait_ms)
{
    for (int ms = 0; ms <= wait_ms; ms += STEP_MS) {
        if (find(take, set))
            return true;
        (void)usleep(STEP_MS * 1000);
    }
    return false;
}

static bool take_esp(const char *device, char set)
{
    char path[64];
    struct stat st;

    (void)snprintf(path, sizeof path, TB_ESP "/trueboot/%c", set);
    if (mount(device, TB_ESP, "vfat", FLAGS | MS_RDONLY, NULL) != 0)
        return false;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    (void)umount(TB_ESP);
    return false;
}

bool tb_esp_mount(char set)
{
    (void)mkdir(TB_ESP, 0755);
    return find_within(take_esp, set, WAIT_MS);
}

bool tb_esp_writable(bool writable)
{
    return mount(NULL, TB_ESP, NULL, MS_REMOUNT | FLAGS | (writable ? 0 : MS_RDONLY), NULL) == 0 ||
           tb_failed("mounting " TB_ESP " %s", writable ? "for writing" : "read-only again");
}

/* The superblock of ext4: magic number at 56, label at 120. */
static bool has_label(const char *device)
{
    static const char label[16] = "trueboot-state";
    uint8_t block[256];
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, block, sizeof block, 1024);

    if (fd >= 0)
        (void)close(fd);
    return n == (ssize_t)sizeof block && block[56] == 0x53 && block[57] == 0xef &&
           memcmp(block + 120, label, sizeof label) == 0;
}

static bool take_state(const char *device, char set)
{
    (void)set;
    return has_label(device) && mount(device, TB_STATE, "ext4", FLAGS, NULL) == 0;
}

bool tb_state_mount(void)
{
    (void)mkdir(TB_STATE, 0755);
    if (!find_within(take_state, 'a', 0)) {
        tb_say("no state partition (ext4, labelled trueboot-state)");
        return false;
    }
    (void)mkdir(TB_STATE "/data", 0755);
    return mount(TB_STATE "/data", TB_DATA, NULL, MS_BIND, NULL) == 0 ||
           tb_failed("mounting " TB_DATA);
}
