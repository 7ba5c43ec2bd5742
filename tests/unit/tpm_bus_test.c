/* Attack id: T-58. Somebody between the agent and its TPM, who reads and alters what passes: what a
 * device on the bus of a discrete TPM can do. Here it stands between the agent and an emulator. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/public.h"
#include "crypto/credential.h"
#include "tests/unit/tpm_emulator.h"
#include "tpm/tpm.h"

/* Command codes: TPM 2.0 Library Part 2, rev 01.59, 6.5.2. */
enum {
    CC_ACTIVATE_CREDENTIAL = 0x147,
    CC_CREATE = 0x153,
    CC_LOAD = 0x157,
    CC_QUOTE = 0x158,
    CC_START_AUTH_SESSION = 0x176,
};
#define RH_NULL 0x40000007u
#define RS_PASSWORD 0x40000009u
#define MESSAGE_MAX 8192
#define MESSAGES_MAX 256

static const uint8_t secret[32] = "thirty-two bytes only we know..";

struct message {
    size_t n;
    uint8_t b[MESSAGE_MAX];
};

static struct emulator emulator;

static struct {
    uint16_t port;
    int listening[2]; /* data, control */
    pthread_t thread;
    atomic_bool stop;
    size_t n; /* commands and answers, in turn; read after the thread's end only */
    struct message seen[MESSAGES_MAX];
    uint32_t alter;     /* the answer to this command is altered; 0: none */
    size_t from_behind; /* which byte of it, counted from its end */
} bus;

#define ok(call)                                                                                   \
    do {                                                                                           \
        if ((call) != TB_TPM_OK)                                                                   \
            fail_msg("%s: %s", #call, why.text);                                                   \
    } while (0)

/* ---- the device between ---- */

static uint32_t u32_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Two ports in a row, as the TCTI wants them. */
static bool listen_pair(void)
{
    for (uint16_t port = 33000; port < 34000; port += 2) {
        for (unsigned i = 0; i < 2; i++) {
            struct sockaddr_in a = { .sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)(port + i)),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

            bus.listening[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (bind(bus.listening[i], (struct sockaddr *)&a, sizeof a) != 0 ||
                listen(bus.listening[i], 4) != 0) {
                (void)close(bus.listening[i]);
                bus.listening[i] = -1;
            }
        }
        bus.port = port;
        if (bus.listening[0] >= 0 && bus.listening[1] >= 0)
            return true;
        for (unsigned i = 0; i < 2; i++)
            if (bus.listening[i] >= 0)
                (void)close(bus.listening[i]);
    }
    return false;
}

/* One whole TPM message: its size stands at offset 2. */
static bool read_message(int fd, struct message *m)
{
    size_t want = 10;

    for (m->n = 0; m->n < want;) {
        ssize_t n = read(fd, m->b + m->n, want - m->n);

        if (n <= 0)
            return false;
        m->n += (size_t)n;
        if (m->n >= 6)
            want = u32_at(m->b + 2);
        if (want > sizeof m->b)
            return false;
    }
    return true;
}

static void note(const struct message *m)
{
    if (bus.n < MESSAGES_MAX)
        bus.seen[bus.n++] = *m;
}

/* A command and its answer. False: one side is gone. */
static bool exchange(int agent, int tpm)
{
    static struct message m;
    uint32_t command;

    if (!read_message(agent, &m))
        return false;
    command = u32_at(m.b + 6);
    note(&m);
    if (write(tpm, m.b, m.n) != (ssize_t)m.n || !read_message(tpm, &m))
        return false;
    note(&m);
    if (bus.alter == command && m.n > 10 + bus.from_behind)
        m.b[m.n - 1 - bus.from_behind] ^= 1;
    return write(agent, m.b, m.n) == (ssize_t)m.n;
}

/* The control channel is passed on as it is. */
static bool pass_on(int from, int to)
{
    uint8_t b[512];
    ssize_t n = read(from, b, sizeof b);

    return n > 0 && write(to, b, (size_t)n) == n;
}

static void drop(int pair[2])
{
    for (unsigned i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            (void)close(pair[i]);
        pair[i] = -1;
    }
}

static void take(int listening, uint16_t port, int pair[2])
{
    drop(pair);
    pair[0] = accept(listening, NULL, NULL);
    pair[1] = connect_to(port);
}

static void *run_bus(void *unused)
{
    int data[2] = { -1, -1 }, control[2] = { -1, -1 };

    (void)unused;
    while (!atomic_load(&bus.stop)) {
        struct pollfd p[] = {
            { bus.listening[0], POLLIN, 0 }, { bus.listening[1], POLLIN, 0 },
            { data[0], POLLIN, 0 },          { control[0], POLLIN, 0 },
            { control[1], POLLIN, 0 },
        };

        if (poll(p, sizeof p / sizeof p[0], 50) <= 0)
            continue;
        if (p[2].revents != 0 && !exchange(data[0], data[1]))
            drop(data);
        else if (p[3].revents != 0 && !pass_on(control[0], control[1]))
            drop(control);
        else if (p[4].revents != 0 && control[1] >= 0 && !pass_on(control[1], control[0]))
            drop(control);
        if (p[0].revents != 0)
            take(bus.listening[0], emulator.port, data);
        if (p[1].revents != 0)
            take(bus.listening[1], (uint16_t)(emulator.port + 1), control);
    }
    drop(data);
    drop(control);
    return NULL;
}

static void bus_start(uint32_t alter, size_t from_behind)
{
    bus.n = 0;
    bus.alter = alter;
    bus.from_behind = from_behind;
    atomic_store(&bus.stop, false);
    assert_int_equal(pthread_create(&bus.thread, NULL, run_bus, NULL), 0);
}

static void bus_stop(void)
{
    atomic_store(&bus.stop, true);
    assert_int_equal(pthread_join(bus.thread, NULL), 0);
}

/* ---- an enrolment and an attestation over it ---- */

struct outcome {
    enum tb_tpm_status activated, quoted;
    bool secret_right;
    struct tb_tpm_error why;
};

static void attest_over_the_bus(struct outcome *out)
{
    static const struct tb_tpm_selection wanted[] = { { TB_ALG_SHA256, 0xFF } };
    char tcti[64];
    struct tb_tpm_options o = { .tcti = tcti, .timeout_ms = 20000 };
    uint8_t blob[TB_TPM_AK_BLOB_MAX], got[TB_TPM_SECRET_MAX];
    struct tb_tpm_error why = { 0 };
    struct tb_credential c;
    struct tb_public ek_public;
    struct tb_reason reason;
    const struct tb_tpm_ek *ek;
    struct tb_tpm_quote q;
    struct tb_tpm *t = NULL;
    size_t n = 0;

    (void)snprintf(tcti, sizeof tcti, "swtpm:host=127.0.0.1,port=%u", bus.port);
    ok(tb_tpm_open(&o, &t, &why));
    ok(tb_tpm_ek_load(t, TB_TPM_EK_BEST, &ek, &why));
    ok(tb_tpm_ak_create(t, TB_TPM_AK_P256, blob, &n, &why));
    assert_true(tb_public_check_ek(ek->public_area, &ek_public, &reason));
    assert_true(
        tb_credential_make(&ek_public, tb_tpm_ak_name(t), tb_slice(secret, sizeof secret), &c));
    n = 0;
    out->activated = tb_tpm_activate(t, tb_slice(c.blob, c.blob_len),
                                     tb_slice(c.secret, c.secret_len), got, &n, &out->why);
    out->secret_right = n == sizeof secret && memcmp(got, secret, n) == 0;
    out->quoted = tb_tpm_quote(t, tb_slice("extra", 5), wanted, 1, &q, &out->why);
    tb_tpm_close(t);
}

/* ---- what may be seen ---- */

/* 18.7 of Part 1: the authorisation area behind the handles. True: a session of HMAC or policy is
 * among them, which covers command and answer whatever password stands beside it; *encrypts: it
 * encrypts the answer. */
static bool sessions_of(const struct message *m, unsigned n_handles, bool *encrypts)
{
    size_t at = 10 + 4 * n_handles, end;
    unsigned n = 0;

    *encrypts = false;
    if (m->b[0] != 0x80 || m->b[1] != 0x02)
        return false;
    end = at + 4 + u32_at(m->b + at);
    for (at += 4; at + 9 <= end;) {
        uint32_t handle = u32_at(m->b + at);
        size_t nonce = (size_t)(m->b[at + 4] << 8 | m->b[at + 5]);

        at += 6 + nonce;
        n += handle != RS_PASSWORD;
        *encrypts = *encrypts || (handle != RS_PASSWORD && (m->b[at] & 0x40) != 0);
        at += 3 + (size_t)(m->b[at + 1] << 8 | m->b[at + 2]);
    }
    return n > 0;
}

static void t58_every_use_of_a_key_is_in_a_session_salted_to_the_ek(void **state)
{
    unsigned n_sessions = 0, n_uses = 0;
    struct outcome o;
    bool encrypts;

    (void)state;
    bus_start(0, 0);
    attest_over_the_bus(&o);
    bus_stop();
    assert_int_equal(o.activated, TB_TPM_OK);
    assert_int_equal(o.quoted, TB_TPM_OK);
    assert_true(o.secret_right);
    for (size_t i = 0; i < bus.n; i += 2) {
        const struct message *m = &bus.seen[i];

        switch (u32_at(m->b + 6)) {
        case CC_START_AUTH_SESSION: {
            size_t nonce = (size_t)(m->b[18] << 8 | m->b[19]);

            assert_int_not_equal(u32_at(m->b + 10), RH_NULL);
            assert_true((m->b[20 + nonce] << 8 | m->b[21 + nonce]) >= 32);
            n_sessions++;
            break;
        }
        case CC_ACTIVATE_CREDENTIAL:
            assert_true(sessions_of(m, 2, &encrypts));
            assert_true(encrypts);
            n_uses++;
            break;
        case CC_CREATE:
        case CC_LOAD:
        case CC_QUOTE:
            assert_true(sessions_of(m, 1, &encrypts));
            n_uses++;
            break;
        default: break;
        }
    }
    assert_true(n_sessions > 0);
    assert_true(n_uses >= 4); /* each of the four */
}

static void t58_who_listens_does_not_learn_the_secret(void **state)
{
    struct outcome o;

    (void)state;
    bus_start(0, 0);
    attest_over_the_bus(&o);
    bus_stop();
    assert_true(o.secret_right);
    assert_true(bus.n > 10 && bus.n < MESSAGES_MAX);
    for (size_t i = 0; i < bus.n; i++)
        assert_null(memmem(bus.seen[i].b, bus.seen[i].n, secret, sizeof secret));
}

static void t58_who_alters_an_answer_is_noticed(void **state)
{
    struct outcome o;

    (void)state;
    bus_start(CC_QUOTE, 100); /* in the signature or what it signs */
    attest_over_the_bus(&o);
    bus_stop();
    assert_int_equal(o.activated, TB_TPM_OK);
    assert_int_not_equal(o.quoted, TB_TPM_OK);

    bus_start(CC_ACTIVATE_CREDENTIAL, 80); /* in the encrypted secret, before the sessions */
    attest_over_the_bus(&o);
    bus_stop();
    assert_int_not_equal(o.activated, TB_TPM_OK);
    assert_false(o.secret_right);
}

static int set_up(void **state)
{
    (void)state;
    tb_tpm_silence_library();
    if (!emulator_scratch_make() || !listen_pair())
        return -1;
    emulator_make(&emulator, "b", "--tpm2 --create-ek-cert --pcr-banks sha256");
    emulator_start(&emulator, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        (void)close(bus.listening[i]);
    emulator_stop(&emulator);
    emulator_scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t58_every_use_of_a_key_is_in_a_session_salted_to_the_ek),
        cmocka_unit_test(t58_who_listens_does_not_learn_the_secret),
        cmocka_unit_test(t58_who_alters_an_answer_is_noticed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
