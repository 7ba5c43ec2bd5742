/* cli/file.h - whole files in memory, bounded. */
#ifndef TB_CLI_FILE_H
#define TB_CLI_FILE_H

#include "cli/cli.h"

/* Read all of `path`, at most max bytes; "-" is standard input. The size that the file system tells
 * is not used: securityfs tells 0. The bytes are followed by a NUL that is not counted. False: said
 * on standard error, with `what` it should have been. The caller frees *out. */
TB_MUST_CHECK bool tb_cli_file_read(const char *path, const char *what, size_t max, char **out,
                                    size_t *out_len);
/* Write a file as a whole: a temporary file beside it, synced, then renamed. NULL or "-": standard
 * output. False: said on standard error. */
TB_MUST_CHECK bool tb_cli_file_write(const char *path, const void *bytes, size_t len);

#endif
