/* cli/roots.h - files of EK roots and intermediates, read as the server reads its own. */
#ifndef TB_CLI_ROOTS_H
#define TB_CLI_ROOTS_H

#include <jansson.h>

#include "cli/cli.h"
#include "wire/roots_manifest.h"

struct tb_root_set {
    struct tb_roots *all; /* NULL: nothing was read */
    struct tb_hasher *hasher;
    struct tb_roots_manifest *manifest; /* of the directory that was read; NULL: none */
    bool sources; /* what is to be imported: no manifest, folders as deep as they are */
    size_t n_files;
    struct tb_root_file {
        char *path;
        size_t end; /* number of certificates in `all` with those of this file */
        const struct tb_roots_manifest_entry *listed; /* NULL: not in the manifest */
    } * file;
    size_t n_bad; /* files that hold no certificates; each was told */
};

/* Add the certificates of a file ("-": standard input), or of the files of a directory and of its
 * folder "intermediates", as the server does, but for those whose name begins with a dot, in the
 * order of their names. Of sources: of all folders below it, as they come in a vendor's archive.
 * pin: the SHA-256 that `path`, then a file, must have; or NULL. A file of a directory that holds
 * no certificates, or is not what the manifest says, is told, left out and counted, and so is one
 * that is listed and not there. False: said why; *s is to be cleared all the same.
 */
TB_MUST_CHECK bool tb_root_set_read(struct tb_root_set *s, const char *path, const uint8_t *pin);
void tb_root_set_clear(struct tb_root_set *s);
size_t tb_root_set_count(const struct tb_root_set *s); /* certificates, each once */
/* The first file that has certificate i. */
const struct tb_root_file *tb_root_set_file(const struct tb_root_set *s, size_t i);

/* {"subject", "issuer", "sha256", "kind": "root" or "intermediate", "not_before", "not_after",
 * "expired", "allow_sha1", "file", "vendor", "source", "added"}; the times as text, null where they
 * are none; the last three where the manifest has them. NULL: out of memory. */
json_t *tb_root_json(const struct tb_root_facts *f, const struct tb_root_file *file, int64_t now_s);
/* The same for people. */
void tb_root_print(struct tb_cli *cli, const json_t *root);

#endif
