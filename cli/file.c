/* cli/file.c - see file.h. */
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One byte more than max tells that the file is too long. */
static bool read_all(int fd, const char *path, const char *what, size_t max, char **out,
                     size_t *out_len)
{
    size_t cap = 64 * 1024, len = 0;
    char *bytes = malloc(cap + 1);

    for (;;) {
        ssize_t n = bytes != NULL ? read(fd, bytes + len, cap - len) : -1;

        if (n < 0 && bytes != NULL && errno == EINTR)
            continue;
        if (n < 0)
            tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be read: %s", path, strerror(errno));
        if (n > 0 && (len += (size_t)n) > max)
            tb_cli_fail(TB_EXIT_USAGE, "%s: too long: expected %s of at most %zu bytes", path, what,
                        max);
        if (n < 0 || len > max) {
            free(bytes);
            return false;
        }
        if (n == 0)
            break;
        if (len == cap) {
            char *more = realloc(bytes, (cap *= 2) + 1);

            if (more == NULL)
                free(bytes);
            bytes = more;
        }
    }
    bytes[len] = '\0';
    *out = bytes;
    *out_len = len;
    return true;
}

bool tb_cli_file_read(const char *path, const char *what, size_t max, char **out, size_t *out_len)
{
    struct stat st;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool ok = false;

    if (fd < 0) {
        tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be opened: %s", path, strerror(errno));
        return false;
    }
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        tb_cli_fail(TB_EXIT_USAGE, "%s: is a directory: expected %s", path, what);
    else
        ok = read_all(fd, path, what, max, out, out_len);
    if (fd != STDIN_FILENO)
        close(fd);
    return ok;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

bool tb_cli_file_write(const char *path, const void *bytes, size_t len)
{
    char *temporary = NULL;
    int fd = -1;
    bool ok = false;

    if (path == NULL || strcmp(path, "-") == 0) {
        ok = write_all(STDOUT_FILENO, bytes, len);
        path = "standard output";
        goto out;
    }
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        temporary = NULL;
        goto out;
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        goto out;
    ok = write_all(fd, bytes, len) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    if (!ok) {
        int why = errno;

        unlink(temporary);
        errno = why;
    }
out:
    if (!ok)
        tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be written: %s", path, strerror(errno));
    free(temporary);
    return ok;
}
