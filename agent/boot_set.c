/* agent/boot_set.c - see boot_set.h. */
#include "agent/boot_set.h"

#include "agent/platform.h"
#include "pkg/bootconf.h"
#include "pkg/package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".tbp"
#define LOADERS "loaders"
/* A member is a header, its content, and padding to a whole block. */
#define PREFIX_MAX (4 * TB_BLOCK_LEN + TB_MANIFEST_LEN_MAX + TB_SIGNATURE_LEN_MAX)
#define LOCK_TRIES 100 /* of 20 ms each */

/* The names of a set, and room for what is read. On the heap: it is large. */
struct set {
    char name[TB_SET_PACKAGES_MAX][NAME_MAX + 1];
    size_t n;
    uint8_t prefix[PREFIX_MAX];
    struct tb_package package;
    uint8_t list[TB_PACKAGES_LEN_MAX];
    size_t list_len;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_package_name(const char *name)
{
    size_t len = strlen(name);

    return len > strlen(SUFFIX) && len <= NAME_MAX &&
           strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static void list_names(struct set *s, DIR *dir, const char *path, char *note)
{
    const struct dirent *e;

    s->n = 0;
    while ((e = readdir(dir)) != NULL) {
        if (!is_package_name(e->d_name))
            continue;
        if (s->n == TB_SET_PACKAGES_MAX) {
            (void)snprintf(note, TB_BOOT_SET_NOTE_LEN, "%.200s: more than %d packages", path,
                           TB_SET_PACKAGES_MAX);
            break;
        }
        (void)snprintf(s->name[s->n++], sizeof s->name[0], "%s", e->d_name);
    }
    qsort(s->name, s->n, sizeof s->name[0], by_name);
}

/* Not blocking: a fifo in place of a file must not stop the agent. */
static bool read_prefix(int dir, const char *name, uint8_t out[PREFIX_MAX], size_t *len)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    ssize_t n = -1;

    *len = 0;
    while (fd >= 0 && *len < PREFIX_MAX) {
        n = read(fd, out + *len, PREFIX_MAX - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        *len += (size_t)n;
    }
    if (fd >= 0)
        (void)close(fd);
    return n >= 0;
}

static void add_package(struct set *s, int dir, const char *name, char *note)
{
    struct tb_reason why;
    size_t len;

    if (!read_prefix(dir, name, s->prefix, &len)) {
        (void)snprintf(note, TB_BOOT_SET_NOTE_LEN, "%.200s: %s", name, strerror(errno));
        return;
    }
    if (!tb_package_open(tb_slice(s->prefix, len), &s->package, &why)) {
        (void)snprintf(note, TB_BOOT_SET_NOTE_LEN,
                       "%.200s: no package: %s: expected %.60s, found %.60s", name, why.where,
                       why.expected, why.observed);
        return;
    }
    len -= s->package.rest.left;
    if (len > sizeof s->list - s->list_len) {
        (void)snprintf(note, TB_BOOT_SET_NOTE_LEN,
                       "%.200s: left out: the metadata of all packages is longer than %d bytes",
                       name, TB_PACKAGES_LEN_MAX);
        return;
    }
    memcpy(s->list + s->list_len, s->prefix, len);
    s->list_len += len;
}

static void add_packages(struct set *s, DIR *dir, const char *path, char *note)
{
    list_names(s, dir, path, note);
    for (size_t i = 0; i < s->n; i++)
        add_package(s, dirfd(dir), s->name[i], note);
}

/* The loader that started this set may be that of the other one: an update replaces the loader, and
 * a fallback comes after it. The next update empties that set, so the Secure Boot Verifier keeps
 * what it found at boot. */
static void add_other_loader(struct set *s, const char *path, char *note)
{
    const char *slash = strrchr(path, '/');
    int len = slash == NULL ? 0 : (int)(slash - path) + 1;
    char beside[PATH_MAX];
    DIR *dir;

    if (snprintf(beside, sizeof beside, "%.*s" LOADERS, len, path) >= (int)sizeof beside ||
        (dir = opendir(beside)) == NULL)
        return;
    add_packages(s, dir, beside, note);
    (void)closedir(dir);
}

static uint8_t *copy(const uint8_t *p, size_t len)
{
    uint8_t *out = len != 0 ? malloc(len) : NULL;

    if (out != NULL)
        memcpy(out, p, len);
    return out;
}

void tb_boot_set_read(const char *path, uint8_t **out, size_t *out_len,
                      char note[TB_BOOT_SET_NOTE_LEN])
{
    struct set *s = calloc(1, sizeof *s);
    DIR *dir = opendir(path);

    *out = NULL;
    *out_len = 0;
    note[0] = '\0';
    if (s == NULL || dir == NULL) {
        (void)snprintf(note, TB_BOOT_SET_NOTE_LEN, "%.400s: %s", path, strerror(errno));
    } else {
        add_packages(s, dir, path, note);
        add_other_loader(s, path, note);
        *out = copy(s->list, s->list_len);
        *out_len = *out != NULL ? s->list_len : 0;
    }
    if (dir != NULL)
        (void)closedir(dir);
    free(s);
}

/* Whoever holds the lock for longer is not writing a log; the evidence then tells what is wrong. */
static void lock(int fd)
{
    const struct timespec pause = { .tv_nsec = 20000000 };

    for (int i = 0; i < LOCK_TRIES && flock(fd, LOCK_SH | LOCK_NB) != 0; i++)
        (void)nanosleep(&pause, NULL);
}

void tb_user_log_open(const char *path, struct tb_user_log *out, char note[TB_BOOT_SET_NOTE_LEN])
{
    char reason[TB_HOST_LOG_REASON_LEN];

    *out = (struct tb_user_log){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) };
    note[0] = '\0';
    if (out->fd < 0) {
        (void)snprintf(note, TB_BOOT_SET_NOTE_LEN, "%.400s: %s", path, strerror(errno));
        return;
    }
    lock(out->fd);
    if (!tb_host_log_read("", path, TB_CEL_LEN_MAX, &out->bytes, &out->len, reason)) {
        out->bytes = NULL;
        out->len = 0;
        (void)snprintf(note, TB_BOOT_SET_NOTE_LEN, "%s", reason);
    }
}

void tb_user_log_close(struct tb_user_log *l)
{
    if (l->fd >= 0)
        (void)close(l->fd);
    free(l->bytes);
    *l = (struct tb_user_log){ .fd = -1 };
}
