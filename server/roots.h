/* server/roots.h - the operator's EK roots, from a directory of PEM and DER files or one bundle. */
#ifndef TB_SERVER_ROOTS_H
#define TB_SERVER_ROOTS_H

#include "crypto/ek.h"

/* Of a directory: its files, and the intermediates in its folder of that name; manifest.json there
 * says what they are (wire/roots_manifest.h), and one that cannot be read gives an empty set, too.
 * A path that is not there gives an empty set. A file that is no certificate is told through log
 * and left out: one bad file must not keep the fleet waiting. NULL: out of memory. */
struct tb_roots *tb_server_roots_load(const char *path, void (*log)(const char *text));

#endif
