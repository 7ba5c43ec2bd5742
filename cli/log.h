/* cli/log.h - what the subcommands that read event logs share. */
#ifndef TB_CLI_LOG_H
#define TB_CLI_LOG_H

#include "cli/cli.h"
#include "core/reason.h"

/* All of an event log's file; the caller frees. False: said why. */
TB_MUST_CHECK bool tb_log_file_read(const char *path, char **out, size_t *out_len);
/* Tell in one line why this is no event log that can be read. TB_EXIT_USAGE. */
enum tb_exit tb_log_refuse(const char *path, const struct tb_reason *why);

#endif
