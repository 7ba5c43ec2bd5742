/* agent/journal.h - one line on standard error for each event. */
#ifndef TB_AGENT_JOURNAL_H
#define TB_AGENT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/* The priorities of syslog(3) that this program uses. */
enum tb_journal_level {
    TB_JOURNAL_ERR = 3,
    TB_JOURNAL_WARNING = 4,
    TB_JOURNAL_NOTICE = 5,
    TB_JOURNAL_INFO = 6
};

/* With journal set each line begins with its priority, "<4>", as systemd's journal takes it.
 * Called once, by main(). */
void tb_journal_open(bool journal);

/* Never a secret. What is not printable is written as '?', since parts of a line come from others.
 */
void tb_journal(enum tb_journal_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In place: every control character becomes '?'. */
void tb_journal_clean(char *text);

#endif
