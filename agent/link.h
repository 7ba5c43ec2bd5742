/* agent/link.h - the way to the Verifier: HTTPS by libcurl. The only user of <curl/...> here.
 *
 * TLS 1.3 only; the server is believed by its pinned certificate or by a file of CAs, never by the
 * system's; redirects are not followed; answers are bounded in size and time. A link keeps its
 * connection, and its TLS session for the next one. Not for two threads at once. */
#ifndef TB_AGENT_LINK_H
#define TB_AGENT_LINK_H

#include "agent/config.h"

#define TB_LINK_EXPORTER_LEN 32

struct tb_link;

/* What happened to one request. */
enum tb_link_status {
    TB_LINK_ANSWERED,    /* the Verifier answered; see status */
    TB_LINK_REPLACED,    /* the bound connection was gone: nothing was sent */
    TB_LINK_UNREACHABLE, /* no connection, or it broke */
    TB_LINK_UNTRUSTED,   /* whoever answered there is not our Verifier */
    TB_LINK_BROKEN,      /* an answer that is none of this protocol */
};

struct tb_link_reply {
    long status;            /* HTTP */
    unsigned retry_after_s; /* 0: none */
    struct tb_reader body;  /* borrowed, until the next request on this link */
    char code[49];          /* of a refusal; "" none */
    char text[512];         /* a refusal, or why there is no answer, in words; one line */
};

TB_MUST_CHECK bool tb_link_global_init(void); /* by main(), once */

/* NULL: out of memory. c is borrowed. token: hex, copied; NULL: none. */
struct tb_link *tb_link_open(const struct tb_agent_config *c, const char *token);
void tb_link_close(struct tb_link *link); /* NULL is a no-op; the token is wiped */

enum tb_link_binding {
    TB_LINK_FREE,  /* any connection will do */
    TB_LINK_BIND,  /* remember the connection that carries this request */
    TB_LINK_BOUND, /* this request goes over that very connection or not at all */
};

/* POST `body` to `path` and wait for the answer. */
TB_MUST_CHECK enum tb_link_status tb_link_post(struct tb_link *link, const char *path,
                                               struct tb_reader body, enum tb_link_binding binding,
                                               struct tb_link_reply *out);

/* Of the connection remembered by TB_LINK_BIND. False: none, or no TLS 1.3. */
TB_MUST_CHECK bool tb_link_exporter(const struct tb_link *link, uint8_t out[TB_LINK_EXPORTER_LEN]);

/* --- One request at a time that is waited for together with file descriptors --- */

struct tb_poll;
struct tb_poll *tb_poll_new(void); /* NULL: out of memory */
void tb_poll_free(struct tb_poll *p);
/* body is copied. False: it could not be begun. A request under way is given up first. */
TB_MUST_CHECK bool tb_poll_begin(struct tb_poll *p, struct tb_link *link, const char *path,
                                 struct tb_reader body, long timeout_s);
void tb_poll_end(struct tb_poll *p); /* give up what is under way */
bool tb_poll_busy(const struct tb_poll *p);

#define TB_POLL_FDS_MAX 4
/* Wait for the request, for input on one of fds (-1: none) or for timeout_ms. True: the request has
 * ended, and *status and *out say how. */
TB_MUST_CHECK bool tb_poll_wait(struct tb_poll *p, const int *fds, size_t n_fds, int timeout_ms,
                                enum tb_link_status *status, struct tb_link_reply *out);

#endif
