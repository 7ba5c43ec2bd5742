/* agent/state.h - what the agent keeps between runs: its enrolment, and one under way.
 *
 * Two files in a directory of mode 0700, each replaced as a whole. `enrolment.json` is there or the
 * host is not enrolled; there is nothing between. `attempt.json` is written before the last step of
 * an enrolment, whose answer may be lost although the Verifier acted on it, so that this step can
 * be repeated (T-67). */
#ifndef TB_AGENT_STATE_H
#define TB_AGENT_STATE_H

#include "files/files.h"
#include "tpm/tpm.h"
#include "wire/messages.h"

struct tb_enrolment {
    char host_id[TB_HOST_ID_MAX + 1];
    char token[2 * TB_HOST_TOKEN_LEN + 1]; /* hex, as it is sent */
    enum tb_tpm_state tpm_state;           /* as it was enrolled */
    uint32_t interval_s;
    size_t ak_len; /* 0 without a TPM 2.0 */
    uint8_t ak[TB_TPM_AK_BLOB_MAX];
};

struct tb_attempt {
    char server[300]; /* where it was begun */
    uint8_t enrolment_id[TB_ENROLMENT_ID_LEN];
    size_t secret_len; /* 0 without a TPM 2.0 */
    uint8_t secret[TB_SECRET_LEN];
    enum tb_tpm_state tpm_state;
    size_t ak_len;
    uint8_t ak[TB_TPM_AK_BLOB_MAX];
};

struct tb_state_dir {
    char path[512];
    int fd;           /* of the directory */
    struct stat stat; /* whose it is */
};

/* Makes the directory if it is not there (its parents must be), and takes other people's access
 * away. lock: no other process may hold the lock; for those who write. */
TB_MUST_CHECK bool tb_state_open(struct tb_state_dir *out, const char *path, bool lock,
                                 char err[TB_FILE_ERR_LEN]);
void tb_state_close(struct tb_state_dir *dir);

/* Reading needs no lock: files change as a whole. */
TB_MUST_CHECK enum tb_file_status tb_enrolment_load(const char *state, struct tb_enrolment *out,
                                                    char err[TB_FILE_ERR_LEN]);
TB_MUST_CHECK bool tb_enrolment_save(const struct tb_state_dir *dir, const struct tb_enrolment *e,
                                     char err[TB_FILE_ERR_LEN]);
TB_MUST_CHECK enum tb_file_status
tb_attempt_load(const struct tb_state_dir *dir, struct tb_attempt *out, char err[TB_FILE_ERR_LEN]);
TB_MUST_CHECK bool tb_attempt_save(const struct tb_state_dir *dir, const struct tb_attempt *a,
                                   char err[TB_FILE_ERR_LEN]);
TB_MUST_CHECK bool tb_attempt_remove(const struct tb_state_dir *dir, char err[TB_FILE_ERR_LEN]);

#endif
