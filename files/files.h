/* files/files.h - small files that are read whole, and replaced whole or not at all. */
#ifndef TB_FILES_FILES_H
#define TB_FILES_FILES_H

#include "core/reader.h"

#include <sys/stat.h>

#define TB_FILE_ERR_LEN 512

enum tb_file_status { TB_FILE_OK, TB_FILE_ABSENT, TB_FILE_FAILED };

/* *out: new memory with a zero byte behind it that does not count; the caller frees. */
TB_MUST_CHECK enum tb_file_status tb_file_read(const char *path, size_t max, char **out,
                                               size_t *out_len, char err[TB_FILE_ERR_LEN]);

/* After it returned true the file is on the disk as a whole; killed before, the old one is there as
 * a whole. Mode 0600. owner: whose it shall be if this process is root; NULL: its own. */
TB_MUST_CHECK bool tb_file_replace(const char *path, struct tb_reader contents,
                                   const struct stat *owner, char err[TB_FILE_ERR_LEN]);

/* A new file, on the disk when it returns. Half of it is left after a power cut. Mode 0600. */
TB_MUST_CHECK bool tb_file_create(const char *path, struct tb_reader contents,
                                  char err[TB_FILE_ERR_LEN]);

/* Remove, and have that on the disk. A file that is not there is no failure. */
TB_MUST_CHECK bool tb_file_remove(const char *path, char err[TB_FILE_ERR_LEN]);

/* Rename over what is there, on the same file system, and have that on the disk. */
TB_MUST_CHECK bool tb_file_move(const char *from, const char *to, char err[TB_FILE_ERR_LEN]);

/* Mode 0755, on the disk. One that is there already is no failure. */
TB_MUST_CHECK bool tb_directory_make(const char *path, char err[TB_FILE_ERR_LEN]);

#endif
