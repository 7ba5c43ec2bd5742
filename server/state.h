/* server/state.h - the server's state directory: configuration, CA, certificate, store.
 *
 *   server.json          configuration (server/config.h)
 *   ca.key  ca.crt       the CA made at first start; agents pin its certificate
 *   server.key server.crt  made by the CA, and made anew when they grow old or names change
 *   trueboot.db          the store
 *   roots/               EK roots and intermediates, the operator's */
#ifndef TB_SERVER_STATE_H
#define TB_SERVER_STATE_H

#include "crypto/pki.h"
#include "server/config.h"
#include "store/store.h"

struct tb_server_state {
    char directory[512];
    struct tb_server_config config;
    bool is_new;               /* server.json was made now */
    struct tb_pki_pair server; /* key, and certificate followed by the CA's */
    char pin[65];              /* SHA-256 of the CA certificate in hex */
    char url[320];             /* "https://name:port"; port as configured */
};

/* Makes what is not there yet: a new directory (mode 0700) gets config, CA, roots directory. What
 * is there is never replaced, but for a server certificate that must be renewed. */
TB_MUST_CHECK bool tb_server_state_open(const char *directory,
                                        const struct tb_server_config *for_new,
                                        struct tb_server_state *out, char err[TB_SERVER_ERR_LEN]);
void tb_server_state_clear(struct tb_server_state *s); /* wipes the key */

/* The store of the directory; made when it is not there. NULL: err says why. */
struct tb_store *tb_server_state_store(const struct tb_server_state *s,
                                       char err[TB_SERVER_ERR_LEN]);

/* A new administrator's key, for who holds the state directory and lost the last one. label NULL:
 * the key's id. key: 64 hex digits, shown to the operator and kept nowhere. */
TB_MUST_CHECK bool tb_server_new_admin(struct tb_store *store, int64_t now_ms, const char *label,
                                       char key[65], char err[TB_SERVER_ERR_LEN]);

/* The first administrator's key, made once per store. *made false: there is one already.
 * key: 64 hex digits, shown to the operator and kept nowhere. */
TB_MUST_CHECK bool tb_server_first_admin(struct tb_store *store, int64_t now_ms, bool *made,
                                         char key[65], char err[TB_SERVER_ERR_LEN]);

#endif
