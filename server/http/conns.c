/* server/http/conns.c - connections: limits, deadlines, TLS tickets.
 *
 * libmicrohttpd's timeout is one of inactivity: a byte each second keeps a connection for ever.
 * Here one thread, the reaper, shuts the socket of every connection whose absolute deadline has
 * passed; libmicrohttpd then sees the end and cleans up. It tells us before it closes the
 * descriptor, so that a number used again is never hit. */
#include "server/http/private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TICK_MS 100

static void address_key(const struct sockaddr *addr, uint8_t key[16])
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

    memset(key, 0, 16);
    if (addr->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)addr;

        memcpy(key, mapped, sizeof mapped);
        memcpy(key + 12, &in->sin_addr, 4);
    } else if (addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)addr;

        memcpy(key, &in->sin6_addr, 16);
        if (memcmp(key, mapped, sizeof mapped) != 0)
            memset(key + 8, 0, 8); /* a /64 is what one customer gets */
    }
}

static struct tb_address **address_bucket(struct tb_http_server *s, const uint8_t key[16])
{
    uint64_t h = s->address_seed;

    for (size_t i = 0; i < 16; i++)
        h = (h ^ key[i]) * UINT64_C(0x100000001b3);
    return &s->addresses[(h >> 20) & (TB_ADDRESS_BUCKETS - 1)];
}

static struct tb_address *address_find(struct tb_http_server *s, const uint8_t key[16])
{
    struct tb_address *a = *address_bucket(s, key);

    while (a != NULL && memcmp(a->key, key, 16) != 0)
        a = a->next;
    return a;
}

static struct tb_address *address_take(struct tb_http_server *s, const uint8_t key[16])
{
    struct tb_address *a = address_find(s, key), **bucket = address_bucket(s, key);

    if (a == NULL) {
        a = calloc(1, sizeof *a);
        if (a == NULL)
            return NULL;
        memcpy(a->key, key, 16);
        a->next = *bucket;
        *bucket = a;
    }
    a->n++;
    return a;
}

static void address_give(struct tb_http_server *s, struct tb_address *a)
{
    struct tb_address **at;

    if (a == NULL || --a->n > 0)
        return;
    for (at = address_bucket(s, a->key); *at != a; at = &(*at)->next)
        ;
    *at = a->next;
    free(a);
}

/* Early and cheap; two threads may both see the last free place, so tb_conn_notify() asks again. */
enum MHD_Result tb_conn_accept(void *cls, const struct sockaddr *addr, socklen_t len)
{
    struct tb_http_server *s = cls;
    enum MHD_Result answer = MHD_YES;
    struct tb_address *a;
    uint8_t key[16];

    (void)len;
    address_key(addr, key);
    pthread_mutex_lock(&s->lock);
    a = address_find(s, key);
    if (s->stopping) {
        answer = MHD_NO;
    } else if (s->n_conns >= s->config.connections_max) {
        atomic_fetch_add(&s->refused_total, 1);
        answer = MHD_NO;
    } else if (a != NULL && a->n >= s->config.per_address_max) {
        atomic_fetch_add(&s->refused_address, 1);
        answer = MHD_NO;
    }
    pthread_mutex_unlock(&s->lock);
    return answer;
}

void tb_conn_due(struct tb_conn *conn, int64_t after_ms)
{
    atomic_store(&conn->due_ms, after_ms == TB_NEVER ? TB_NEVER : tb_http_now_ms() + after_ms);
}

static void enable_tickets(struct tb_http_server *s, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_datum_t key = { s->ticket_key, sizeof s->ticket_key };
    gnutls_session_t session;
    int rc;

    if (i == NULL || i->tls_session == NULL)
        return;
    session = i->tls_session;
    gnutls_db_set_cache_expiration(session, (int)s->config.ticket_life_s);
    pthread_mutex_lock(&s->ticket_lock);
    rc = gnutls_session_ticket_enable_server(session, &key); /* copies the key */
    pthread_mutex_unlock(&s->ticket_lock);
    if (rc != 0)
        tb_http_report(s, "session tickets: %s", gnutls_strerror(rc));
}

static void conn_started(struct tb_http_server *s, struct MHD_Connection *c, struct tb_conn *conn)
{
    const struct sockaddr *addr =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    uint8_t key[16];

    conn->server = s;
    conn->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    address_key(addr, key);
    if (addr->sa_family == AF_INET)
        inet_ntop(AF_INET, key + 12, conn->peer, sizeof conn->peer);
    else if (addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr,
                  conn->peer, sizeof conn->peer);
    tb_conn_due(conn, s->config.head_ms);
    pthread_mutex_lock(&s->lock);
    conn->address = address_take(s, key);
    if (s->n_conns >= s->config.connections_max) {
        atomic_fetch_add(&s->refused_total, 1);
        conn->refused = true;
    } else if (conn->address == NULL || conn->address->n > s->config.per_address_max) {
        atomic_fetch_add(&s->refused_address, 1);
        conn->refused = true;
    }
    s->n_conns++;
    conn->next = s->conns;
    conn->link = &s->conns;
    if (s->conns != NULL)
        s->conns->link = &conn->next;
    s->conns = conn;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add(&s->connections, 1);
    if (conn->refused)
        shutdown(conn->fd, SHUT_RDWR);
    if (!s->config.plain_for_tests)
        enable_tickets(s, c);
}

static void conn_closed(struct tb_http_server *s, struct tb_conn *conn)
{
    pthread_mutex_lock(&s->lock);
    *conn->link = conn->next;
    if (conn->next != NULL)
        conn->next->link = conn->link;
    s->n_conns--;
    address_give(s, conn->address);
    pthread_mutex_unlock(&s->lock);
    free(conn);
}

void tb_conn_notify(void *cls, struct MHD_Connection *c, void **socket_context,
                    enum MHD_ConnectionNotificationCode what)
{
    struct tb_http_server *s = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = calloc(1, sizeof(struct tb_conn));
        if (*socket_context != NULL)
            conn_started(s, c, *socket_context);
        else /* without a record it has no deadline: every request of it is refused */
            tb_http_report(s, "out of memory for a connection");
    } else if (*socket_context != NULL) {
        conn_closed(s, *socket_context);
        *socket_context = NULL;
    }
}

static void reap_all(struct tb_http_server *s, int64_t now)
{
    for (struct tb_conn *c = s->conns; c != NULL; c = c->next) {
        if (c->parked != NULL)
            tb_parked_expire(c->parked, now);
        if (c->stream != NULL)
            tb_stream_tick(c->stream, now);
        if (atomic_load(&c->due_ms) > now)
            continue;
        atomic_store(&c->due_ms, TB_NEVER);
        atomic_fetch_add(&s->deadline_cut, 1); /* first: who sees the end may look at it */
        shutdown(c->fd, SHUT_RDWR);
    }
}

void *tb_conn_reap(void *server)
{
    struct tb_http_server *s = server;

    pthread_mutex_lock(&s->lock);
    while (s->reaper_runs) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        pthread_cond_timedwait(&s->wake, &s->lock, &until);
        reap_all(s, tb_http_now_ms());
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}
