/* init/console.c - what init says. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init/init.h"

void tb_console_open(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);

    if (fd < 0)
        return;
    for (int i = 0; i < 3; i++)
        if (fd != i)
            (void)dup2(fd, i);
    if (fd > 2)
        (void)close(fd);
}

/* One write a line, so that lines of other processes stand beside it and not within. */
static void put(const char *text, const char *error)
{
    char line[1024];
    int n = error == NULL ? snprintf(line, sizeof line, "trueboot: %s\n", text)
                          : snprintf(line, sizeof line, "trueboot: %s: %s\n", text, error);

    if (n > 0 && write(STDOUT_FILENO, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1) < 0)
        return; /* there is nowhere else to say it */
}

void tb_say(const char *format, ...)
{
    char text[900];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(text, NULL);
}

bool tb_failed(const char *format, ...)
{
    int error = errno;
    char text[900];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(text, strerror(error));
    return false;
}
