/* tests/unit/tpm_emulator.c - see tpm_emulator.h. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/tpm_emulator.h"

char emulator_scratch[] = "/tmp/tpm-test-XXXXXX";

bool emulator_scratch_make(void)
{
    return mkdtemp(emulator_scratch) != NULL;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

void emulator_scratch_remove(void)
{
    (void)nftw(emulator_scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int emulator_run(const char *format, ...)
{
    char command[2048];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_true(n > 0 && (size_t)n < sizeof command);
    return system(command);
}

size_t emulator_read_file(const char *name, uint8_t *out, size_t room)
{
    char path[256];
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof path, "%s/%s", emulator_scratch, name);
    f = fopen(path, "rbe");
    if (f == NULL)
        return 0;
    n = fread(out, 1, room, f);
    (void)fclose(f);
    return n;
}

void emulator_write_file(const char *name, const void *p, size_t n)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", emulator_scratch, name);
    f = fopen(path, "wbe");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static int socket_on(uint16_t port, bool listening)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r = listening ? bind(fd, (struct sockaddr *)&a, sizeof a)
                      : connect(fd, (struct sockaddr *)&a, sizeof a);

    if (r == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* A port whose successor is free as well: the emulator's control channel is there. */
static uint16_t free_port(void)
{
    static unsigned next;

    for (int i = 0; i < 200; i++) {
        uint16_t port = (uint16_t)(20000 + ((unsigned)getpid() * 7 + next++ * 2) % 12000);
        int a = socket_on(port, true), b = socket_on((uint16_t)(port + 1), true);

        if (a >= 0)
            (void)close(a);
        if (b >= 0)
            (void)close(b);
        if (a >= 0 && b >= 0)
            return port;
    }
    fail_msg("no free port");
    return 0;
}

void emulator_pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

void emulator_start(struct emulator *e, bool v2)
{
    char state[96], server[96], control[96];
    int fd = -1;

    e->port = free_port();
    (void)snprintf(state, sizeof state, "dir=%s", e->dir);
    (void)snprintf(server, sizeof server, "type=tcp,port=%u,bindaddr=127.0.0.1", e->port);
    (void)snprintf(control, sizeof control, "type=tcp,port=%u,bindaddr=127.0.0.1", e->port + 1u);
    (void)snprintf(e->tcti, sizeof e->tcti, "swtpm:host=127.0.0.1,port=%u", e->port);
    e->pid = fork();
    assert_true(e->pid >= 0);
    if (e->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("swtpm", "swtpm", "socket", "--tpmstate", state, "--server", server, "--ctrl",
               control, "--flags", "not-need-init,startup-clear", v2 ? "--tpm2" : NULL, NULL);
        _exit(127);
    }
    for (int i = 0; i < 100 && fd < 0; i++) {
        emulator_pause_ms(30);
        fd = socket_on((uint16_t)(e->port + 1), false);
    }
    assert_true(fd >= 0);
    (void)close(fd);
}

void emulator_stop(struct emulator *e)
{
    if (e->pid <= 0)
        return;
    (void)kill(e->pid, SIGCONT);
    (void)kill(e->pid, SIGKILL);
    (void)waitpid(e->pid, NULL, 0);
    e->pid = 0;
}

void emulator_restart(struct emulator *e)
{
    emulator_stop(e);
    emulator_start(e, true);
}

void emulator_make(struct emulator *e, const char *name, const char *options)
{
    (void)snprintf(e->dir, sizeof e->dir, "%s/%s", emulator_scratch, name);
    assert_int_equal(mkdir(e->dir, 0700), 0);
    assert_int_equal(emulator_run("swtpm_setup --tpm-state %s %s >%s/setup-%s.log 2>&1", e->dir,
                                  options, emulator_scratch, name),
                     0);
}
