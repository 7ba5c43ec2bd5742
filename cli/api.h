/* cli/api.h - requests to the Verifier's REST interface.
 *
 * TLS 1.3, no redirects, bounded answers and times. Every failure is told in one line on standard
 * error where it is found, so that callers only hand the exit code on. */
#ifndef TB_CLI_API_H
#define TB_CLI_API_H

#include <jansson.h>

#include "cli/cli.h"

#define TB_API_BODY_MAX                                                                            \
    (256 * 1024 * 1024)   /* bytes of an answer: a report of half a million hosts */
#define TB_API_PAGE "500" /* items asked for in a page of a list */

struct tb_api;

/* An answer: JSON or bytes, by the content type that was asked for. */
struct tb_answer {
    long status;  /* of HTTP */
    json_t *json; /* owned; NULL: none */
    char *bytes;  /* owned; the body when it was not to be JSON */
    size_t len;
};
void tb_answer_clear(struct tb_answer *a);

/* Read options, environment and configuration. The caller closes *out. */
TB_MUST_CHECK enum tb_exit tb_api_open(const struct tb_cli *cli, struct tb_api **out);
void tb_api_close(struct tb_api *api); /* NULL is a no-op */

/* One request. body NULL: none. TB_EXIT_OK: there is an answer of whatever status. */
TB_MUST_CHECK enum tb_exit tb_api_request(struct tb_api *api, const char *method, const char *path,
                                          const json_t *body, bool want_bytes,
                                          struct tb_answer *out);
/* TB_EXIT_OK for a status of 200 to 299; else tells the server's error and returns TB_EXIT_SERVER.
 */
TB_MUST_CHECK enum tb_exit tb_answer_check(const struct tb_answer *a);
/* Both, for JSON. out NULL: not needed; else never NULL on success. The caller decrefs *out. */
TB_MUST_CHECK enum tb_exit tb_api_json(struct tb_api *api, const char *method, const char *path,
                                       const json_t *body, json_t **out);

/* before + part (escaped as one segment of a path) + after. The caller frees. NULL: out of memory.
 */
char *tb_api_path(const char *before, const char *part, const char *after);
/* Append name=value to a path; value NULL: leave it. False: out of memory, *path is freed. */
TB_MUST_CHECK bool tb_api_query(char **path, const char *name, const char *value);

/* The id of a host given by id or name. The caller frees *out. */
TB_MUST_CHECK enum tb_exit tb_api_find_host(struct tb_api *api, const char *given, char **out);

#endif
