#include "server/state.h"

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "files/files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void path_of(const char *directory, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%s", directory, name);
}

static bool make_directory(const char *path, char *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    snprintf(err, TB_SERVER_ERR_LEN, "%s: %s", path, strerror(errno));
    return false;
}

/* --- Configuration --- */

static bool open_config(struct tb_server_state *s, const struct tb_server_config *for_new,
                        char *err)
{
    char path[PATH_MAX];

    path_of(s->directory, "server.json", path);
    s->is_new = access(path, F_OK) != 0;
    if (s->is_new && !tb_server_config_save(path, for_new, err))
        return false;
    return tb_server_config_load(path, &s->config, err);
}

/* --- Keys and certificates --- */

static bool read_text(const char *directory, const char *name, char out[TB_PEM_MAX], char *err)
{
    char path[PATH_MAX], *data;
    size_t len;

    path_of(directory, name, path);
    if (tb_file_read(path, TB_PEM_MAX - 1, &data, &len, err) != TB_FILE_OK)
        return false;
    memcpy(out, data, len + 1);
    tb_wipe(data, len);
    free(data);
    return true;
}

static bool write_pair(const char *directory, const char *key_name, const char *cert_name,
                       const struct tb_pki_pair *pair, char *err)
{
    char path[PATH_MAX];

    /* The certificate last: where it is, the key is too. */
    path_of(directory, key_name, path);
    if (!tb_file_replace(path, tb_slice(pair->key, strlen(pair->key)), NULL, err))
        return false;
    path_of(directory, cert_name, path);
    return tb_file_replace(path, tb_slice(pair->cert, strlen(pair->cert)), NULL, err);
}

static bool has_file(const char *directory, const char *name)
{
    char path[PATH_MAX];

    path_of(directory, name, path);
    return access(path, F_OK) == 0;
}

static bool open_ca(const char *directory, int64_t now_s, struct tb_pki_pair *ca, char *err)
{
    char pki_err[TB_PKI_ERROR_MAX];

    if (has_file(directory, "ca.crt"))
        return read_text(directory, "ca.key", ca->key, err) &&
               read_text(directory, "ca.crt", ca->cert, err);
    if (!tb_pki_ca_make("Trueboot Verifier CA", now_s, ca, pki_err)) {
        snprintf(err, TB_SERVER_ERR_LEN, "making the CA: %s", pki_err);
        return false;
    }
    return write_pair(directory, "ca.key", "ca.crt", ca, err);
}

static bool open_server_pair(struct tb_server_state *s, const struct tb_pki_pair *ca, int64_t now_s,
                             char *err)
{
    const char *names[TB_SERVER_NAMES_MAX];
    char pki_err[TB_PKI_ERROR_MAX];

    for (size_t i = 0; i < s->config.n_names; i++)
        names[i] = s->config.name[i];
    if (has_file(s->directory, "server.crt") && has_file(s->directory, "server.key")) {
        if (!read_text(s->directory, "server.key", s->server.key, err) ||
            !read_text(s->directory, "server.crt", s->server.cert, err))
            return false;
        if (!tb_pki_needs_renewal(tb_slice(s->server.cert, strlen(s->server.cert)),
                                  tb_slice(ca->cert, strlen(ca->cert)), names, s->config.n_names,
                                  now_s))
            return true;
    }
    if (!tb_pki_server_make(ca, names, s->config.n_names, now_s, &s->server, pki_err)) {
        snprintf(err, TB_SERVER_ERR_LEN, "with %.200s/ca.key and ca.crt: %s", s->directory,
                 pki_err);
        return false;
    }
    return write_pair(s->directory, "server.key", "server.crt", &s->server, err);
}

bool tb_server_state_open(const char *directory, const struct tb_server_config *for_new,
                          struct tb_server_state *out, char err[TB_SERVER_ERR_LEN])
{
    int64_t now_s = (int64_t)time(NULL);
    struct tb_pki_pair ca = { 0 };
    uint8_t fingerprint[32];
    char roots[PATH_MAX];
    bool ok;

    *out = (struct tb_server_state){ 0 };
    if (strlen(directory) >= sizeof out->directory) {
        snprintf(err, TB_SERVER_ERR_LEN, "state directory: the path is too long");
        return false;
    }
    snprintf(out->directory, sizeof out->directory, "%s", directory);
    path_of(directory, "roots", roots);
    ok = make_directory(directory, err) && make_directory(roots, err) &&
         open_config(out, for_new, err) && open_ca(directory, now_s, &ca, err) &&
         open_server_pair(out, &ca, now_s, err);
    if (ok && !tb_pki_fingerprint(tb_slice(ca.cert, strlen(ca.cert)), fingerprint)) {
        snprintf(err, TB_SERVER_ERR_LEN, "%s/ca.crt: not a certificate", directory);
        ok = false;
    }
    tb_pki_pair_wipe(&ca);
    if (!ok) {
        tb_server_state_clear(out);
        return false;
    }
    tb_hex(tb_slice(fingerprint, 32), out->pin, sizeof out->pin);
    snprintf(out->url, sizeof out->url, "https://%s:%u", out->config.name[0], out->config.port);
    return true;
}

void tb_server_state_clear(struct tb_server_state *s)
{
    tb_pki_pair_wipe(&s->server);
}

/* --- Store
 * ------------------------------------------------------------------------------------------------
 */

struct tb_store *tb_server_state_store(const struct tb_server_state *s, char err[TB_SERVER_ERR_LEN])
{
    char path[PATH_MAX], store_err[TB_STORE_ERR_LEN];
    struct tb_store *store;

    path_of(s->directory, "trueboot.db", path);
    store = tb_store_open_sqlite(path, store_err);
    if (store == NULL)
        snprintf(err, TB_SERVER_ERR_LEN, "%s", store_err);
    return store;
}

static bool count_keys(void *ctx, const struct tb_api_key *key)
{
    (void)key;
    *(size_t *)ctx += 1;
    return true;
}

bool tb_server_new_admin(struct tb_store *store, int64_t now_ms, const char *label, char key[65],
                         char err[TB_SERVER_ERR_LEN])
{
    struct tb_store_by by = { .actor = "server", .now_ms = now_ms };
    struct tb_api_key record = { .role = "admin" };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t random[32], id[8], hash[TB_DIGEST_MAX];
    bool ok = h != NULL && tb_random(random, sizeof random) && tb_random(id, sizeof id);

    tb_hex(tb_slice(random, sizeof random), key, 65);
    tb_hex(tb_slice(id, sizeof id), record.id, sizeof record.id);
    snprintf(record.label, sizeof record.label, "%s", label != NULL ? label : record.id);
    ok = ok && tb_hash(h, TB_BANK_SHA256, tb_slice(key, 64), hash) &&
         tb_store_api_key_create(store, &record, hash, &by) == TB_STORE_OK;
    tb_hasher_free(h);
    tb_wipe(random, sizeof random);
    if (!ok)
        snprintf(err, TB_SERVER_ERR_LEN, "the administrator's key could not be made");
    return ok;
}

bool tb_server_first_admin(struct tb_store *store, int64_t now_ms, bool *made, char key[65],
                           char err[TB_SERVER_ERR_LEN])
{
    size_t n = 0;

    *made = false;
    if (tb_store_api_keys(store, count_keys, &n) != TB_STORE_OK) {
        snprintf(err, TB_SERVER_ERR_LEN, "the store cannot be read");
        return false;
    }
    if (n > 0)
        return true;
    *made = tb_server_new_admin(store, now_ms, "first administrator", key, err);
    return *made;
}
