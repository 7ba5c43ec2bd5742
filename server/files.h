/* server/files.h - whole files, read with a limit and written whole or not at all. */
#ifndef TB_SERVER_FILES_H
#define TB_SERVER_FILES_H

#include "core/reader.h"

#include <sys/types.h>

/* The bytes and a NUL after them; the caller frees. NULL: err is "path: why" (errno tells ENOENT).
 */
TB_MUST_CHECK uint8_t *tb_file_read(const char *path, size_t max, size_t *len, char *err,
                                    size_t err_len);
/* Through a temporary file in the same directory, synced before and after the rename. */
TB_MUST_CHECK bool tb_file_write(const char *path, const void *data, size_t len, mode_t mode,
                                 char *err, size_t err_len);

#endif
