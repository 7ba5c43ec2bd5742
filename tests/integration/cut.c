/* Preloaded: the process dies at the CUT_AT-th call that changes the disk, as if the power failed;
 * a write is cut in the middle. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void (*real(const char *name))(void)
{
    return (void (*)(void))dlsym(RTLD_NEXT, name);
}

/* Here it ends. */
static int is_last(void)
{
    static long left = -1;
    const char *at = getenv("CUT_AT");

    if (left < 0)
        left = at == NULL ? 1000000 : atol(at);
    return left-- == 0;
}

static void cut(void)
{
    if (is_last())
        (void)raise(SIGKILL);
}

ssize_t write(int fd, const void *p, size_t n)
{
    ssize_t (*next)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))real("write");

    if (fd <= STDERR_FILENO || !is_last())
        return next(fd, p, n);
    (void)next(fd, p, n / 2);
    (void)raise(SIGKILL);
    return -1;
}

int rename(const char *from, const char *to)
{
    cut();
    return ((int (*)(const char *, const char *))real("rename"))(from, to);
}

int unlink(const char *path)
{
    cut();
    return ((int (*)(const char *))real("unlink"))(path);
}

int mkdir(const char *path, mode_t mode)
{
    cut();
    return ((int (*)(const char *, mode_t))real("mkdir"))(path, mode);
}

int fsync(int fd)
{
    cut();
    return ((int (*)(int))real("fsync"))(fd);
}
