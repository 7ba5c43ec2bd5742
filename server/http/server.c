/* server/http/server.c - start, stop, counters.
 *
 * libmicrohttpd runs with epoll and a pool of threads that share one listening socket made here.
 * TLS 1.3 only; X25519 first, it is the cheaper group for GnuTLS. */
#include "server/http/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIORITIES                                                                                 \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"

int64_t tb_http_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

__attribute__((format(printf, 2, 0))) static void report_v(struct tb_http_server *s,
                                                           const char *format, va_list ap)
{
    char text[512];
    int len;

    if (s->config.on_error == NULL)
        return;
    len = vsnprintf(text, sizeof text, format, ap);
    if (len < 0)
        return;
    for (char *p = text; *p != '\0'; p++) /* what a client sent may be quoted here */
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            *p = p[1] == '\0' ? '\0' : '?';
    s->config.on_error(s->config.ctx, text);
}

void tb_http_report(struct tb_http_server *s, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    report_v(s, format, ap);
    va_end(ap);
}

__attribute__((format(printf, 2, 0))) static void mhd_log(void *cls, const char *format, va_list ap)
{
    report_v(cls, format, ap);
}

static void set_defaults(struct tb_http_config *c)
{
    struct {
        unsigned *field, value;
    } defaults[] = {
        { &c->ticket_life_s, 21600 },  { &c->threads, 16 },    { &c->connections_max, 10000 },
        { &c->per_address_max, 1024 }, { &c->head_ms, 10000 }, { &c->body_ms, 10000 },
        { &c->write_ms, 30000 },       { &c->rate, 16384 },    { &c->idle_ms, 75000 },
        { &c->grace_ms, 2000 },
    };

    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (*defaults[i].field == 0)
            *defaults[i].field = defaults[i].value;
    if (c->bodies_max == 0)
        c->bodies_max = (size_t)256 << 20;
    if (c->address == NULL)
        c->address = "127.0.0.1";
    if (c->page_csp == NULL)
        c->page_csp = "default-src 'self'";
}

static bool config_is_whole(const struct tb_http_config *c, char err[TB_HTTP_ERR_LEN])
{
    const char *wrong = NULL;

    if (c->plain_for_tests ? c->certificate_pem != NULL || c->key_pem != NULL
                           : c->certificate_pem == NULL || c->key_pem == NULL)
        wrong = "a certificate and its key are needed, and none for plain HTTP";
    else if (c->routes == NULL || c->n_routes == 0 || c->authorise == NULL)
        wrong = "routes and an authorise callback are needed";
    else if (c->ticket_key != NULL && (c->ticket_key_len < 32 || c->ticket_key_len > 256))
        wrong = "a ticket key has 32 to 256 bytes";
    else if (c->threads > 256 || c->connections_max > 1000000)
        wrong = "at most 256 threads and 1000000 connections";
    if (wrong != NULL)
        snprintf(err, TB_HTTP_ERR_LEN, "%s", wrong);
    return wrong == NULL;
}

/* RFC 5869; all replicas derive the same bytes. */
static bool ticket_key_derive(const uint8_t *key, size_t len, uint8_t out[TB_TICKET_KEY_LEN])
{
    static unsigned char label[] = "Trueboot session tickets 1";
    uint8_t random[32], middle[32], none[32] = { 0 };
    gnutls_datum_t secret = { NULL, (unsigned)len }, salt = { none, sizeof none },
                   prk = { middle, sizeof middle }, info = { label, sizeof label - 1 };
    bool good = true;

    if (key == NULL) {
        good = gnutls_rnd(GNUTLS_RND_KEY, random, sizeof random) == 0;
        key = random;
        secret.size = sizeof random;
    }
    secret.data = malloc(secret.size);
    good = good && secret.data != NULL;
    if (good) {
        memcpy(secret.data, key, secret.size);
        good = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &secret, &salt, middle) == 0 &&
               gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &prk, &info, out, TB_TICKET_KEY_LEN) == 0;
        explicit_bzero(secret.data, secret.size);
    }
    free(secret.data);
    explicit_bzero(random, sizeof random);
    explicit_bzero(middle, sizeof middle);
    return good;
}

bool tb_http_ticket_key_set(struct tb_http_server *server, const uint8_t *key, size_t len)
{
    uint8_t derived[TB_TICKET_KEY_LEN];

    if (key == NULL || len < 32 || len > 256 || !ticket_key_derive(key, len, derived))
        return false;
    pthread_mutex_lock(&server->ticket_lock);
    memcpy(server->ticket_key, derived, sizeof derived);
    pthread_mutex_unlock(&server->ticket_lock);
    explicit_bzero(derived, sizeof derived);
    return true;
}

static bool address_parse(const struct tb_http_config *c, struct sockaddr_storage *out,
                          socklen_t *len)
{
    struct sockaddr_in *v4 = (void *)out;
    struct sockaddr_in6 *v6 = (void *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, c->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(c->port);
        *len = sizeof *v4;
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(c->port);
    *len = sizeof *v6;
    return inet_pton(AF_INET6, c->address, &v6->sin6_addr) == 1;
}

static bool listen_open(struct tb_http_server *s, char err[TB_HTTP_ERR_LEN])
{
    struct sockaddr_storage addr;
    socklen_t len;
    int on = 1, off = 0;

    if (!address_parse(&s->config, &addr, &len)) {
        snprintf(err, TB_HTTP_ERR_LEN, "listen address: expected an IPv4 or IPv6 address, found %s",
                 s->config.address);
        return false;
    }
    s->listen_fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listen_fd < 0 ||
        setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        /* accepted sockets inherit it on Linux: without, head and body wait for each other */
        setsockopt(s->listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        (addr.ss_family == AF_INET6 &&
         setsockopt(s->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        bind(s->listen_fd, (struct sockaddr *)&addr, len) != 0 || listen(s->listen_fd, 1024) != 0 ||
        getsockname(s->listen_fd, (struct sockaddr *)&addr, &len) != 0) {
        snprintf(err, TB_HTTP_ERR_LEN, "listen on %s port %u: %s", s->config.address,
                 s->config.port, strerror(errno));
        return false;
    }
    s->port = addr.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&addr)->sin_port)
                                        : ntohs(((struct sockaddr_in6 *)&addr)->sin6_port);
    return true;
}

static bool daemon_start(struct tb_http_server *s)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, NULL },
        { MHD_OPTION_END, 0, NULL },
    };
    union {
        const char *in;
        void *out;
    } key = { s->config.key_pem }, cert = { s->config.certificate_pem }, prio = { PRIORITIES };

    tls[0].ptr_value = key.out;
    tls[1].ptr_value = cert.out;
    tls[2].ptr_value = prio.out;
    if (s->config.plain_for_tests)
        tls[0].option = MHD_OPTION_END;
    else
        flags |= MHD_USE_TLS;
    /* Each thread gets its share of the limit, but accepts as it comes: ours is the one that
     * counts, theirs must not be met before it. */
    s->daemon = MHD_start_daemon(
        flags, 0, tb_conn_accept, s, tb_request_step, s, MHD_OPTION_EXTERNAL_LOGGER, mhd_log, s,
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_THREAD_POOL_SIZE,
        s->config.threads > 1 ? s->config.threads : 0u, MHD_OPTION_CONNECTION_LIMIT,
        (s->config.connections_max + 16) * s->config.threads, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)TB_POOL_LEN, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
        tb_conn_notify, s, MHD_OPTION_URI_LOG_CALLBACK, tb_request_begin, s,
        MHD_OPTION_NOTIFY_COMPLETED, tb_request_end, s, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return s->daemon != NULL;
}

static bool reaper_start(struct tb_http_server *s)
{
    sigset_t all, before;
    int rc;

    s->reaper_runs = true; /* before the thread reads it */
    sigfillset(&all);      /* signals are for main() */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&s->reaper, NULL, tb_conn_reap, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void locks_init(struct tb_http_server *s)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->ticket_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
}

static void server_free(struct tb_http_server *s)
{
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->ticket_lock);
    explicit_bzero(s->ticket_key, sizeof s->ticket_key);
    free(s->routes);
    free(s);
}

static void reaper_stop(struct tb_http_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->reaper_runs = false;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->reaper, NULL);
}

struct tb_http_server *tb_http_start(const struct tb_http_config *config, char err[TB_HTTP_ERR_LEN])
{
    struct tb_http_server *s = calloc(1, sizeof *s);
    bool good;

    err[0] = '\0';
    if (s == NULL) {
        snprintf(err, TB_HTTP_ERR_LEN, "out of memory");
        return NULL;
    }
    s->config = *config;
    s->listen_fd = -1;
    locks_init(s);
    set_defaults(&s->config);
    good = config_is_whole(&s->config, err) && tb_routes_compile(s, err);
    if (good && (getrandom(&s->address_seed, sizeof s->address_seed, 0) < 0 ||
                 !ticket_key_derive(config->ticket_key, config->ticket_key_len, s->ticket_key))) {
        snprintf(err, TB_HTTP_ERR_LEN, "ticket key: no random bytes or no HKDF");
        good = false;
    }
    good = good && listen_open(s, err);
    if (good && !reaper_start(s)) {
        snprintf(err, TB_HTTP_ERR_LEN, "no thread for deadlines");
        good = false;
    }
    if (good && !daemon_start(s)) {
        reaper_stop(s);
        snprintf(err, TB_HTTP_ERR_LEN, "libmicrohttpd did not start: key, certificate or memory");
        good = false;
    }
    if (!good) {
        server_free(s);
        return NULL;
    }
    /* borrowed until here only */
    s->config.ticket_key = NULL;
    s->config.key_pem = NULL;
    return s;
}

static void end_waiting(struct tb_http_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    for (struct tb_conn *c = s->conns; c != NULL; c = c->next) {
        if (c->parked != NULL)
            tb_parked_stop(c->parked);
        if (c->stream != NULL)
            tb_stream_finish(c->stream);
    }
    pthread_mutex_unlock(&s->lock);
}

void tb_http_stop(struct tb_http_server *server)
{
    int64_t until;

    if (server == NULL)
        return;
    (void)MHD_quiesce_daemon(server->daemon); /* our own socket: server_free() closes it */
    end_waiting(server);
    until = tb_http_now_ms() + server->config.grace_ms;
    while (atomic_load(&server->running) > 0 && tb_http_now_ms() < until)
        usleep(5000);
    reaper_stop(server);
    /* It panics over a suspended connection; since `stopping` nobody suspends one, and what was
     * suspended before has been resumed above. */
    MHD_stop_daemon(server->daemon);
    server_free(server);
}

uint16_t tb_http_port(const struct tb_http_server *server)
{
    return server->port;
}

void tb_http_counters_read(struct tb_http_server *server, struct tb_http_counters *out)
{
    for (size_t i = 0; i < 6; i++)
        out->requests[i] = atomic_load(&server->requests[i]);
    out->bytes_in = atomic_load(&server->bytes_in);
    out->bytes_out = atomic_load(&server->bytes_out);
    out->connections = atomic_load(&server->connections);
    out->refused_total = atomic_load(&server->refused_total);
    out->refused_address = atomic_load(&server->refused_address);
    out->deadline_cut = atomic_load(&server->deadline_cut);
    out->tls_full = atomic_load(&server->tls_full);
    out->tls_resumed = atomic_load(&server->tls_resumed);
    out->streams_dropped = atomic_load(&server->streams_dropped);
    out->parked = atomic_load(&server->n_parked);
    out->streams = atomic_load(&server->n_streams);
    pthread_mutex_lock(&server->lock);
    out->open = server->n_conns;
    pthread_mutex_unlock(&server->lock);
}
