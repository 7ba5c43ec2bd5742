/* agent/boot_set.h - what a host on Trueboot's own boot chain sends besides the firmware's log.
 *
 * Both are untrusted to the Verifier, which holds them to quoted PCRs and to signatures. */
#ifndef TB_AGENT_BOOT_SET_H
#define TB_AGENT_BOOT_SET_H

#include "wire/messages.h"

#define TB_BOOT_SET_NOTE_LEN 512

/* The metadata of the packages in this directory, NAME.tbp in byte order of their names: of each
 * what tb_package_open() reads, one behind the other; then that of the directory `loaders` beside
 * it, where the Secure Boot Verifier keeps the loader of the other set if that started this one.
 * *out: new memory, the caller frees; NULL when there is none. A file that is no package is left
 * out, since the boot chain has measured that it was there. note: "", or in words what was left out
 * or could not be read; the last one. */
void tb_boot_set_read(const char *dir, uint8_t **out, size_t *out_len,
                      char note[TB_BOOT_SET_NOTE_LEN]);

/* The user log with its PCRs at rest: while it is open nobody appends, who asks for the same lock
 * (flock) before writing and extending. */
struct tb_user_log {
    int fd;         /* -1: not open */
    uint8_t *bytes; /* NULL: none */
    size_t len;
};
/* note: as above. */
void tb_user_log_open(const char *path, struct tb_user_log *out, char note[TB_BOOT_SET_NOTE_LEN]);
void tb_user_log_close(struct tb_user_log *l);

#endif
