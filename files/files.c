/* files/files.c - see files.h. */
#include "files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool failed(const char *path, const char *what, char err[TB_FILE_ERR_LEN])
{
    (void)snprintf(err, TB_FILE_ERR_LEN, "%.300s: %s: %s", path, what, strerror(errno));
    return false;
}

static bool read_all(int fd, char *out, size_t room, size_t *len)
{
    *len = 0;
    while (*len < room) {
        ssize_t n = read(fd, out + *len, room - *len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    return true;
}

enum tb_file_status tb_file_read(const char *path, size_t max, char **out, size_t *out_len,
                                 char err[TB_FILE_ERR_LEN])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text;
    size_t len;
    bool good;

    if (fd < 0) {
        failed(path, "opening", err);
        return errno == ENOENT ? TB_FILE_ABSENT : TB_FILE_FAILED;
    }
    text = malloc(max + 1);
    good = text != NULL && read_all(fd, text, max + 1, &len);
    if (!good)
        failed(path, "reading", err);
    (void)close(fd);
    if (good && len > max) {
        (void)snprintf(err, TB_FILE_ERR_LEN, "%s: expected at most %zu bytes, found more", path,
                       max);
        good = false;
    }
    if (!good) {
        free(text);
        return TB_FILE_FAILED;
    }
    text[len] = '\0';
    *out = text;
    *out_len = len;
    return TB_FILE_OK;
}

static bool write_all(int fd, struct tb_reader in)
{
    while (in.left > 0) {
        ssize_t n = write(fd, in.p, in.left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        in.p += n;
        in.left -= (size_t)n;
    }
    return true;
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    bool good = fd >= 0 && fsync(fd) == 0;
    int error = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = error;
    return good;
}

/* A rename or removal is on the disk only after its directory was synchronised. */
static bool sync_parent(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);

    if (len >= sizeof dir) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(dir, slash == NULL ? "." : path, len);
    dir[len] = '\0';
    return sync_path(dir, O_DIRECTORY);
}

/* FAT keeps where a file begins in its directory's entry, and a rename changes that in the file
 * alone: the file first, then the directory. */
static bool move(const char *from, const char *to)
{
    return rename(from, to) == 0 && sync_path(to, O_NOFOLLOW | O_NONBLOCK) && sync_parent(to);
}

static bool write_new(const char *path, struct tb_reader contents, const struct stat *owner)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good;

    if (fd < 0)
        return false;
    good = (owner == NULL || geteuid() != 0 || fchown(fd, owner->st_uid, owner->st_gid) == 0) &&
           write_all(fd, contents) && fsync(fd) == 0;
    return close(fd) == 0 && good;
}

bool tb_file_replace(const char *path, struct tb_reader contents, const struct stat *owner,
                     char err[TB_FILE_ERR_LEN])
{
    char new_path[PATH_MAX];
    int n = snprintf(new_path, sizeof new_path, "%s.new", path);

    if (n < 0 || (size_t)n >= sizeof new_path) {
        errno = ENAMETOOLONG;
        return failed(path, "writing", err);
    }
    if (unlink(new_path) != 0 && errno != ENOENT) /* left behind by one who was killed */
        return failed(new_path, "removing", err);
    if (!write_new(new_path, contents, owner) || !move(new_path, path)) {
        failed(path, "writing", err);
        (void)unlink(new_path);
        return false;
    }
    return true;
}

bool tb_file_create(const char *path, struct tb_reader contents, char err[TB_FILE_ERR_LEN])
{
    return (write_new(path, contents, NULL) && sync_parent(path)) || failed(path, "writing", err);
}

bool tb_file_remove(const char *path, char err[TB_FILE_ERR_LEN])
{
    if (unlink(path) != 0)
        return errno == ENOENT || failed(path, "removing", err);
    return sync_parent(path) || failed(path, "removing", err);
}

bool tb_file_move(const char *from, const char *to, char err[TB_FILE_ERR_LEN])
{
    return (move(from, to) && sync_parent(from)) || failed(to, "writing", err);
}

bool tb_directory_make(const char *path, char err[TB_FILE_ERR_LEN])
{
    return ((mkdir(path, 0755) == 0 || errno == EEXIST) && sync_parent(path)) ||
           failed(path, "making", err);
}
