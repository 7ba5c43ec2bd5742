/* agent/state.c - see state.h. */
#include "agent/state.h"

#include "agent/config.h"
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STATE_FILE_MAX 16384
#define ENROLMENT "enrolment.json"
#define ATTEMPT "attempt.json"
#define FORMAT 1

bool tb_state_open(struct tb_state_dir *out, const char *path, bool lock, char err[TB_FILE_ERR_LEN])
{
    struct tb_state_dir d = { .fd = -1 };
    const char *what = "opening";

    (void)snprintf(d.path, sizeof d.path, "%s", path);
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        d.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d.fd >= 0 && fstat(d.fd, &d.stat) == 0 && (d.stat.st_mode & 077) != 0) {
        what = "taking other users' access away";
        if (fchmod(d.fd, 0700) != 0)
            goto failed;
    }
    if (d.fd < 0)
        goto failed;
    if (lock && flock(d.fd, LOCK_EX | LOCK_NB) != 0) {
        what = "another enrolment is under way";
        goto failed;
    }
    *out = d;
    return true;
failed:
    (void)snprintf(err, TB_FILE_ERR_LEN, "%.300s: %s: %s", path, what, strerror(errno));
    if (d.fd >= 0)
        (void)close(d.fd);
    return false;
}

void tb_state_close(struct tb_state_dir *dir)
{
    if (dir->fd >= 0)
        (void)close(dir->fd);
    dir->fd = -1;
}

static void name_file(char path[600], const char *state, const char *file)
{
    (void)snprintf(path, 600, "%s/%s", state, file);
}

/* --- Reading: the members that are expected, and no others --- */

static const char *text_of(const json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));

    return text == NULL ? "" : text;
}

static bool hex_of(const json_t *root, const char *key, uint8_t *out, size_t max, size_t *len)
{
    const char *text = text_of(root, key);

    *len = strlen(text) / 2;
    return *len <= max && tb_agent_hex_parse(text, out, *len);
}

static bool number_of(const json_t *root, const char *key, json_int_t max, json_int_t *out)
{
    const json_t *value = json_object_get(root, key);

    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0 && *out <= max;
}

static enum tb_file_status load(const char *path, size_t n_members, json_t **out,
                                char err[TB_FILE_ERR_LEN])
{
    json_error_t where;
    json_int_t format;
    char *text;
    size_t len;
    enum tb_file_status status = tb_file_read(path, STATE_FILE_MAX, &text, &len, err);
    json_t *root;

    if (status != TB_FILE_OK)
        return status;
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    tb_wipe(text, len);
    free(text);
    if (root != NULL && json_object_size(root) == n_members &&
        number_of(root, "format", FORMAT, &format) && format == FORMAT) {
        *out = root;
        return TB_FILE_OK;
    }
    (void)snprintf(err, TB_FILE_ERR_LEN, "%.400s: not a file of this program's format %d", path,
                   FORMAT);
    json_decref(root);
    return TB_FILE_FAILED;
}

static enum tb_file_status damaged(const char *path, char err[TB_FILE_ERR_LEN])
{
    (void)snprintf(err, TB_FILE_ERR_LEN, "%.400s: damaged", path);
    return TB_FILE_FAILED;
}

static bool tpm_of(const json_t *root, enum tb_tpm_state *state, uint8_t *ak, size_t *ak_len)
{
    json_int_t tpm;

    if (!number_of(root, "tpm", TB_N_TPM_STATES - 1, &tpm) ||
        !hex_of(root, "ak", ak, TB_TPM_AK_BLOB_MAX, ak_len))
        return false;
    *state = (enum tb_tpm_state)tpm;
    return (*ak_len != 0) == (*state == TB_TPM_STATE_20);
}

enum tb_file_status tb_enrolment_load(const char *state, struct tb_enrolment *out,
                                      char err[TB_FILE_ERR_LEN])
{
    struct tb_enrolment e = { 0 };
    uint8_t token[TB_HOST_TOKEN_LEN];
    json_int_t interval;
    json_t *root = NULL;
    char path[600];
    size_t n = 0;
    enum tb_file_status status;

    name_file(path, state, ENROLMENT);
    status = load(path, 6, &root, err);
    if (status != TB_FILE_OK)
        return status;
    if (tb_host_name_is_valid(text_of(root, "host_id"), TB_HOST_ID_MAX) &&
        hex_of(root, "token", token, sizeof token, &n) && n == sizeof token &&
        number_of(root, "interval_s", UINT32_MAX, &interval) &&
        tpm_of(root, &e.tpm_state, e.ak, &e.ak_len)) {
        (void)snprintf(e.host_id, sizeof e.host_id, "%s", text_of(root, "host_id"));
        (void)snprintf(e.token, sizeof e.token, "%s", text_of(root, "token"));
        e.interval_s = (uint32_t)interval;
        *out = e;
    } else {
        status = damaged(path, err);
    }
    tb_wipe(token, sizeof token);
    tb_wipe(&e, sizeof e);
    json_decref(root);
    return status;
}

enum tb_file_status tb_attempt_load(const struct tb_state_dir *dir, struct tb_attempt *out,
                                    char err[TB_FILE_ERR_LEN])
{
    struct tb_attempt a = { 0 };
    json_t *root = NULL;
    char path[600];
    size_t n = 0;
    enum tb_file_status status;

    name_file(path, dir->path, ATTEMPT);
    status = load(path, 6, &root, err);
    if (status != TB_FILE_OK)
        return status;
    if (strlen(text_of(root, "server")) < sizeof a.server &&
        hex_of(root, "enrolment_id", a.enrolment_id, sizeof a.enrolment_id, &n) &&
        n == sizeof a.enrolment_id &&
        hex_of(root, "secret", a.secret, sizeof a.secret, &a.secret_len) &&
        tpm_of(root, &a.tpm_state, a.ak, &a.ak_len)) {
        (void)snprintf(a.server, sizeof a.server, "%s", text_of(root, "server"));
        *out = a;
    } else {
        status = damaged(path, err);
    }
    tb_wipe(&a, sizeof a);
    json_decref(root);
    return status;
}

/* --- Writing ------------------------------------------------------------------------------------
 */

static bool save(const struct tb_state_dir *dir, const char *file, json_t *take,
                 char err[TB_FILE_ERR_LEN])
{
    char path[600], *text = take != NULL ? json_dumps(take, JSON_INDENT(1)) : NULL;
    bool good;

    json_decref(take);
    name_file(path, dir->path, file);
    if (text == NULL) {
        (void)snprintf(err, TB_FILE_ERR_LEN, "%.400s: out of memory", path);
        return false;
    }
    good = tb_file_replace(path, tb_slice(text, strlen(text)), &dir->stat, err);
    tb_wipe(text, strlen(text));
    free(text);
    return good;
}

bool tb_enrolment_save(const struct tb_state_dir *dir, const struct tb_enrolment *e,
                       char err[TB_FILE_ERR_LEN])
{
    char ak[2 * TB_TPM_AK_BLOB_MAX + 1];

    tb_hex(tb_slice(e->ak, e->ak_len), ak, sizeof ak);
    return save(dir, ENROLMENT,
                json_pack("{sisssssisIss}", "format", FORMAT, "host_id", e->host_id, "token",
                          e->token, "tpm", (int)e->tpm_state, "interval_s",
                          (json_int_t)e->interval_s, "ak", ak),
                err);
}

bool tb_attempt_save(const struct tb_state_dir *dir, const struct tb_attempt *a,
                     char err[TB_FILE_ERR_LEN])
{
    char ak[2 * TB_TPM_AK_BLOB_MAX + 1], id[2 * TB_ENROLMENT_ID_LEN + 1];
    char secret[2 * TB_SECRET_LEN + 1];
    json_t *root;

    tb_hex(tb_slice(a->ak, a->ak_len), ak, sizeof ak);
    tb_hex(tb_slice(a->enrolment_id, sizeof a->enrolment_id), id, sizeof id);
    tb_hex(tb_slice(a->secret, a->secret_len), secret, sizeof secret);
    root = json_pack("{sisssssssiss}", "format", FORMAT, "server", a->server, "enrolment_id", id,
                     "secret", secret, "tpm", (int)a->tpm_state, "ak", ak);
    tb_wipe(secret, sizeof secret);
    return save(dir, ATTEMPT, root, err);
}

bool tb_attempt_remove(const struct tb_state_dir *dir, char err[TB_FILE_ERR_LEN])
{
    char path[600];

    name_file(path, dir->path, ATTEMPT);
    return tb_file_remove(path, err);
}
