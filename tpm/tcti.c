/* tpm/tcti.c - the way to the TPM, bounded.
 *
 * ESYS waits for ever (TSS 2.0 Enhanced System API, the one-call functions use an infinite
 * timeout), and the library's socket TCTIs know no other timeout. This TCTI stands between the two:
 * it waits with poll(2), sends a command again when the TPM says "not now", and once a command got
 * no answer it refuses all others, since a late answer would be taken for the next command's. */
#include "tpm/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <tss2/tss2_tctildr.h>

#define SHIM_MAGIC 0x7472756562742d31ULL
#define COMMAND_MAX 4096 /* bytes: TPM2_MAX_COMMAND_SIZE */
#define PAUSE_FIRST_MS 10
#define PAUSE_MAX_MS 500

struct shim {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /* first: what the library sees */
    TSS2_TCTI_CONTEXT *inner;
    in_port_t port; /* of an emulator, in network order; 0: a device */
    unsigned timeout_ms;
    bool broken;
    int64_t deadline_ms;            /* of the command under way */
    size_t command_len, answer_len; /* answer_len 0: not here yet */
    uint8_t command[COMMAND_MAX], answer[COMMAND_MAX];
};

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Writing to a socket that the other side closed raises SIGPIPE, which would end a program that did
 * not ask for it; the library's TCTIs use write(2). */
static TSS2_RC transmit_without_signal(struct shim *s)
{
    const struct timespec none = { 0, 0 };
    sigset_t pipe_set, before, pending;
    bool was_pending;
    TSS2_RC rc;

    (void)sigemptyset(&pipe_set);
    (void)sigaddset(&pipe_set, SIGPIPE);
    (void)sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_set, &before);
    rc = Tss2_Tcti_Transmit(s->inner, s->command_len, s->command);
    if (!was_pending)
        while (sigtimedwait(&pipe_set, NULL, &none) == -1 && errno == EINTR)
            ;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static TSS2_RC shim_transmit(TSS2_TCTI_CONTEXT *tcti, size_t size, const uint8_t *command)
{
    struct shim *s = (struct shim *)tcti;

    if (s->broken)
        return TSS2_TCTI_RC_IO_ERROR;
    if (command == NULL || size > sizeof s->command)
        return TSS2_TCTI_RC_BAD_VALUE;
    memcpy(s->command, command, size);
    s->command_len = size;
    s->answer_len = 0;
    s->deadline_ms = now_ms() + s->timeout_ms;
    return transmit_without_signal(s);
}

/* The emulators' TCTIs (tpm2-tss 3.2) give no handle to wait on, and connect anew for each command;
 * so look for the connection to the port in the configuration. An emulator serves one at a time. */
static int find_socket(in_port_t port)
{
    enum { FDS_LOOKED_AT = 256 };

    for (int fd = 0; port != 0 && fd < FDS_LOOKED_AT; fd++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        in_port_t found = 0;

        if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
            continue;
        if (peer.ss_family == AF_INET)
            found = ((const struct sockaddr_in *)&peer)->sin_port;
        else if (peer.ss_family == AF_INET6)
            found = ((const struct sockaddr_in6 *)&peer)->sin6_port;
        if (found == port)
            return fd;
    }
    return -1;
}

/* What to wait on. For a socket also bound the read of an answer that stops in its middle; on a
 * device this does nothing. */
static int find_fd(const struct shim *s)
{
    TSS2_TCTI_POLL_HANDLE h[1];
    struct timeval t = { .tv_sec = s->timeout_ms / 1000, .tv_usec = s->timeout_ms % 1000 * 1000 };
    size_t n = 1;
    int fd = -1;

    if (s->port != 0)
        fd = find_socket(s->port);
    else if (Tss2_Tcti_GetPollHandles(s->inner, h, &n) == TSS2_RC_SUCCESS && n == 1)
        fd = h[0].fd;
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    }
    return fd;
}

/* False: nothing came before the deadline. */
static bool wait_answer(const struct shim *s)
{
    struct pollfd p = { .fd = find_fd(s), .events = POLLIN };
    int64_t left;
    int n;

    if (p.fd < 0)
        return true;
    for (;;) {
        left = s->deadline_ms - now_ms();
        n = left <= 0 ? 0 : poll(&p, 1, (int)left);
        if (n >= 0 || errno != EINTR)
            return n > 0;
    }
}

/* Warnings of a TPM that is working: the command did nothing and is to be sent again
 * (Part 2, 6.6.3, RC_WARN). */
static bool is_not_now(const struct shim *s)
{
    struct tb_reader r = tb_slice(s->answer, s->answer_len);
    uint16_t tag;
    uint32_t size, rc;

    if (!tb_read_u16be(&r, &tag) || !tb_read_u32be(&r, &size) || !tb_read_u32be(&r, &rc))
        return false;
    return rc == TPM2_RC_RETRY || rc == TPM2_RC_YIELDED || rc == TPM2_RC_TESTING ||
           rc == TPM2_RC_NV_RATE;
}

static TSS2_RC fetch_answer(struct shim *s)
{
    int64_t pause_ms = PAUSE_FIRST_MS;
    TSS2_RC rc;

    for (;;) {
        if (!wait_answer(s))
            return TSS2_TCTI_RC_IO_ERROR;
        s->answer_len = sizeof s->answer;
        rc = Tss2_Tcti_Receive(s->inner, &s->answer_len, s->answer, TSS2_TCTI_TIMEOUT_BLOCK);
        if (rc != TSS2_RC_SUCCESS)
            return rc;
        if (!is_not_now(s) || now_ms() + pause_ms >= s->deadline_ms)
            return TSS2_RC_SUCCESS;
        (void)nanosleep(&(struct timespec){ .tv_nsec = pause_ms * 1000000 }, NULL);
        pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
        rc = transmit_without_signal(s);
        if (rc != TSS2_RC_SUCCESS)
            return rc;
    }
}

static TSS2_RC shim_receive(TSS2_TCTI_CONTEXT *tcti, size_t *size, uint8_t *answer, int32_t timeout)
{
    struct shim *s = (struct shim *)tcti;

    (void)timeout; /* ours is the shorter one */
    if (s->broken)
        return TSS2_TCTI_RC_IO_ERROR;
    if (s->answer_len == 0) {
        TSS2_RC rc = fetch_answer(s);

        if (rc != TSS2_RC_SUCCESS) {
            s->broken = true;
            s->answer_len = 0;
            return rc;
        }
    }
    if (answer != NULL && *size < s->answer_len)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    *size = s->answer_len;
    if (answer != NULL) {
        memcpy(answer, s->answer, s->answer_len);
        s->answer_len = 0;
    }
    return TSS2_RC_SUCCESS;
}

static void shim_finalize(TSS2_TCTI_CONTEXT *tcti)
{
    struct shim *s = (struct shim *)tcti;

    Tss2_TctiLdr_Finalize(&s->inner);
    explicit_bzero(s->answer, sizeof s->answer);
    explicit_bzero(s->command, sizeof s->command);
}

static TSS2_RC shim_cancel(TSS2_TCTI_CONTEXT *tcti)
{
    return Tss2_Tcti_Cancel(((struct shim *)tcti)->inner);
}

static TSS2_RC shim_locality(TSS2_TCTI_CONTEXT *tcti, uint8_t locality)
{
    return Tss2_Tcti_SetLocality(((struct shim *)tcti)->inner, locality);
}

static TSS2_RC shim_poll_handles(TSS2_TCTI_CONTEXT *tcti, TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
    return Tss2_Tcti_GetPollHandles(((struct shim *)tcti)->inner, handles, n);
}

/* "port=" in a configuration string of an emulator. */
static in_port_t port_of(const char *tcti)
{
    const char *text = tcti == NULL ? NULL : strstr(tcti, "port=");
    unsigned long port = text == NULL ? 0 : strtoul(text + sizeof "port=" - 1, NULL, 10);

    return port > UINT16_MAX ? 0 : htons((uint16_t)port);
}

enum tb_tpm_status tb_tcti_open(const struct tb_tpm_options *options, TSS2_TCTI_CONTEXT **out,
                                struct tb_tpm_error *why)
{
    struct shim *s = calloc(1, sizeof *s);
    TSS2_RC rc;

    if (s == NULL)
        return tb_tpm_say(why, TB_TPM_UNAVAILABLE, "opening the TPM: out of memory");
    rc = Tss2_TctiLdr_Initialize(options->tcti, &s->inner);
    if (rc != TSS2_RC_SUCCESS) {
        free(s);
        (void)tb_tpm_fail(why, rc, "opening the TPM");
        return why->status = TB_TPM_UNAVAILABLE; /* whichever layer says it */
    }
    s->common.v1.magic = SHIM_MAGIC;
    s->common.v1.version = 2;
    s->common.v1.transmit = shim_transmit;
    s->common.v1.receive = shim_receive;
    s->common.v1.finalize = shim_finalize;
    s->common.v1.cancel = shim_cancel;
    s->common.v1.getPollHandles = shim_poll_handles;
    s->common.v1.setLocality = shim_locality;
    s->timeout_ms = options->timeout_ms;
    s->port = port_of(options->tcti);
    *out = (TSS2_TCTI_CONTEXT *)s;
    return TB_TPM_OK;
}

void tb_tcti_close(TSS2_TCTI_CONTEXT *tcti)
{
    if (tcti == NULL)
        return;
    shim_finalize(tcti);
    free(tcti);
}
