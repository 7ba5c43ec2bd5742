/* agent/journal.c - see journal.h. */
#include "agent/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static bool to_journal; /* set once, before anything else runs */

void tb_journal_open(bool journal)
{
    to_journal = journal;
}

void tb_journal_clean(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

void tb_journal(enum tb_journal_level level, const char *format, ...)
{
    char text[1024], line[1100];
    va_list ap;
    int n;

    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    tb_journal_clean(text);
    if (to_journal)
        n = snprintf(line, sizeof line, "<%d>%s\n", (int)level, text);
    else
        n = snprintf(line, sizeof line, "trueboot-agent: %s\n", text);
    /* One write, so that lines stay whole. If standard error is gone there is nobody to tell. */
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
        return;
}
