/* For tests that cannot reboot: a program that has this loaded believes that the machine started at
 * BOOTED_AT (milliseconds of CLOCK_BOOTTIME), under the boot id in the file BOOT_ID. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *instead_of(const char *path)
{
    const char *own = getenv("BOOT_ID");

    return own != NULL && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 ? own : path;
}

int open64(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "open64");
    return real(instead_of(path), flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    const char *at = getenv("BOOTED_AT");
    int done;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    done = real(clock, out);
    if (done == 0 && clock == CLOCK_BOOTTIME && at != NULL) {
        long long ms = (long long)out->tv_sec * 1000 + out->tv_nsec / 1000000 - atoll(at);

        out->tv_sec = ms / 1000;
        out->tv_nsec = ms % 1000 * 1000000;
    }
    return done;
}
