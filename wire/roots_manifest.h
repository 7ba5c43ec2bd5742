/* wire/roots_manifest.h - where the certificates in a directory of EK roots come from.
 *
 * The directory holds roots; its folder "intermediates" holds nothing but intermediates; and
 * manifest.json says of each file its SHA-256, vendor, source and the day on which it was added:
 *
 *     { "format": 1, "certificates": [ { "file": "Vendor-Root-1-....pem", "sha256": "64 digits",
 *       "vendor": "...", "source": "...", "added": "2026-01-31", "allow_sha1": false } ] }
 *
 * A file that is listed and has another digest is refused. allow_sha1 lets the roots of this file
 * have intermediates that are signed with SHA-1. Nothing of it is fetched. */
#ifndef TB_WIRE_ROOTS_MANIFEST_H
#define TB_WIRE_ROOTS_MANIFEST_H

#include "crypto/ek.h"
#include "crypto/hash.h"

#define TB_ROOTS_MANIFEST_NAME "manifest.json"
#define TB_ROOTS_MANIFEST_INTERMEDIATES "intermediates" /* the folder's name */
#define TB_ROOTS_MANIFEST_MAX (4 * 1024 * 1024)         /* bytes of the file */
#define TB_ROOTS_MANIFEST_ERR_LEN 256

struct tb_roots_manifest_entry {
    char file[192];     /* a name, or "intermediates/" and a name */
    uint8_t sha256[32]; /* of the file as it lies there */
    char vendor[128];   /* "" unknown; so the next two */
    char source[256];
    char added[11]; /* a day of the calendar, UTC */
    bool allow_sha1;
};

struct tb_roots_manifest;

struct tb_roots_manifest *tb_roots_manifest_new(void); /* NULL: out of memory */
/* NULL, and err: it is none. Unknown members, doubled ones and files named twice are refused. */
struct tb_roots_manifest *tb_roots_manifest_parse(struct tb_reader text,
                                                  char err[TB_ROOTS_MANIFEST_ERR_LEN]);
void tb_roots_manifest_free(struct tb_roots_manifest *m); /* NULL is a no-op */

size_t tb_roots_manifest_count(const struct tb_roots_manifest *m);
const struct tb_roots_manifest_entry *tb_roots_manifest_get(const struct tb_roots_manifest *m,
                                                            size_t i);
/* NULL: it is not listed, or m is NULL. */
const struct tb_roots_manifest_entry *tb_roots_manifest_find(const struct tb_roots_manifest *m,
                                                             const char *file);
/* Add, or put in the place of the entry of that file. False: no memory, no such file name, or as
 * many as may be. */
TB_MUST_CHECK bool tb_roots_manifest_put(struct tb_roots_manifest *m,
                                         const struct tb_roots_manifest_entry *entry);
/* As text with a line feed at its end; the caller frees. NULL: out of memory. */
char *tb_roots_manifest_print(const struct tb_roots_manifest *m);

/* Add the certificates of a file of that directory, by its name as in the manifest: in the folder
 * of intermediates a root is refused; a listed file must have its digest; and its roots get what
 * allow_sha1 says. m: may be NULL. All or nothing. */
TB_MUST_CHECK bool tb_roots_manifest_add_file(const struct tb_roots_manifest *m, struct tb_roots *r,
                                              const char *file, struct tb_reader bytes,
                                              struct tb_hasher *h, struct tb_reason *why);

#endif
