/* init/mounts.c - file systems that are always the same, and small files of them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/init.h"

bool tb_mount_all(const struct tb_mount *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct tb_mount *m = &list[i];

        (void)mkdir(m->target, 0755); /* there already, or the mount tells */
        if (mount(m->source, m->target, m->type, m->flags, m->data) != 0 && errno != EBUSY &&
            !m->may_fail)
            return tb_failed("mounting %s", m->target);
    }
    return true;
}

bool tb_read_small(const char *path, char *out, size_t cap, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    ssize_t n = 1;

    *len = 0;
    while (fd >= 0 && n > 0 && *len < cap) {
        n = read(fd, out + *len, cap - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        (void)close(fd);
    if (fd < 0 || n < 0 || *len == cap)
        return false;
    out[*len] = '\0';
    return true;
}
