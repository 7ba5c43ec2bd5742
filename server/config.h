/* server/config.h - the server's configuration: one JSON file in its state directory. */
#ifndef TB_SERVER_CONFIG_H
#define TB_SERVER_CONFIG_H

#include "files/files.h"

#define TB_SERVER_NAMES_MAX 8
#define TB_SERVER_ERR_LEN TB_FILE_ERR_LEN

struct tb_server_config {
    char address[64]; /* IPv4 or IPv6 literal to listen on ["127.0.0.1"] */
    uint16_t port;    /* [8443]; 0: any free one */
    size_t n_names;   /* names and addresses in the certificate; the first is for links */
    char name[TB_SERVER_NAMES_MAX][256]; /* ["localhost", "127.0.0.1"] */
    char ek_roots[512]; /* file or directory of EK roots and intermediates ["roots" in the state] */
    unsigned connections_max; /* open at one time; each host keeps one for its long poll [20000] */
    unsigned per_address_max; /* of them from one address: raise it for hosts behind a NAT [1024] */
    unsigned threads;         /* [16] */
    unsigned challenge_life_s; /* [60] */
    unsigned attest_gap_ms;    /* least time between two attestations of a host; 0: none [1000] */
    unsigned keep_days;        /* closed verdict periods, evidence nobody names, ... [365] */
};

void tb_server_config_default(struct tb_server_config *c);

/* Reads PATH. False: err is one line, "file:line: what". A missing file is an error. */
TB_MUST_CHECK bool tb_server_config_load(const char *path, struct tb_server_config *out,
                                         char err[TB_SERVER_ERR_LEN]);
/* Writes it whole or not at all, mode 0600. */
TB_MUST_CHECK bool tb_server_config_save(const char *path, const struct tb_server_config *c,
                                         char err[TB_SERVER_ERR_LEN]);

#endif
