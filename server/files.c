#include "server/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint8_t *tb_file_read(const char *path, size_t max, size_t *len, char *err, size_t err_len)
{
    FILE *f = fopen(path, "rbe");
    uint8_t *data = f != NULL ? malloc(max + 2) : NULL;
    size_t n = data != NULL ? fread(data, 1, max + 1, f) : 0;

    if (data == NULL || ferror(f) || n > max) {
        int error = n > max ? EFBIG : errno;

        snprintf(err, err_len, "%s: %s", path, strerror(error));
        free(data);
        data = NULL;
        if (f != NULL)
            fclose(f);
        errno = error;
        return NULL;
    }
    fclose(f);
    data[n] = '\0';
    *len = n;
    return data;
}

static bool sync_directory(const char *path)
{
    char copy[PATH_MAX];
    int fd;
    bool ok;

    snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

bool tb_file_write(const char *path, const void *data, size_t len, mode_t mode, char *err,
                   size_t err_len)
{
    char temporary[PATH_MAX];
    const char *p = data;
    int fd;
    bool ok;

    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    fd = mkstemp(temporary);
    ok = fd >= 0 && fchmod(fd, mode) == 0;
    while (ok && len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        ok = n > 0;
        if (ok) {
            p += n;
            len -= (size_t)n;
        }
    }
    ok = ok && fsync(fd) == 0 && rename(temporary, path) == 0 && sync_directory(path);
    if (!ok) {
        snprintf(err, err_len, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            unlink(temporary);
    }
    if (fd >= 0)
        close(fd);
    return ok;
}
