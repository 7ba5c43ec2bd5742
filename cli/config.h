/* cli/config.h - where the server is and how this program proves who asks.
 *
 * The configuration file is JSON: {"url": "...", "token_file": "...", "ca": "..."}. Unknown and
 * double keys are refused. Options go before the environment, the environment before the file. */
#ifndef TB_CLI_CONFIG_H
#define TB_CLI_CONFIG_H

#include "cli/cli.h"

#define TB_CONFIG_SIZE_MAX (64 * 1024)
#define TB_API_TOKEN_MAX 256 /* characters of an API token */

struct tb_connection {
    char *url;   /* https://host[:port], no slash at its end; owned */
    char *token; /* "" none; owned, wiped */
    char *ca;    /* PEM file; NULL: a fingerprint, or the system's CAs; owned */
    bool has_fingerprint;
    uint8_t fingerprint[32]; /* SHA-256 of the server's certificate (DER) */
};

void tb_connection_clear(struct tb_connection *c);

/* Read one configuration text into url, token_file and ca of *out, a fresh object. name: of the
 * file, for messages. False: error holds "name:line: message". */
TB_MUST_CHECK bool tb_config_parse(const char *name, const char *text, size_t len, json_t **out,
                                   char error[256]);
/* 64 hex digits, with or without colons between the bytes and "sha256:" in front. */
TB_MUST_CHECK bool tb_fingerprint_parse(const char *text, uint8_t out[32]);
/* An address that a token may be sent to: https, a host, at most a port. */
bool tb_url_is_valid(const char *url);

/* All of it; says what is wrong on standard error. */
TB_MUST_CHECK bool tb_connection_read(const struct tb_cli *cli, struct tb_connection *out);

#endif
