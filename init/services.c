/* init/services.c - see services.h.
 *
 * Process 1 must not end and must not wait for one child: it sleeps in poll() until a signal, a key
 * of the machine or a time. */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/services.h"
#include "pkg/lines.h"

#define CHILDREN_MAX 64
#define BUTTONS_MAX 8
#define PAUSE_MAX_S 60
#define GRACE_MS 5000 /* between SIGTERM and SIGKILL */
#define NEVER INT64_MAX

#define AGENT "/usr/bin/trueboot-agent"
#define AGENT_CONFIG TB_DATA "/agent/agent.json"
#define TOKEN TB_DATA "/agent/token"
#define ENROLMENT TB_DATA "/agent/state/enrolment.json"
#define WORD(text) ((char *)(uintptr_t)(text))

enum kind { AGENT_CHILD, SERVICE, SHELL };

static struct child {
    enum kind kind;
    char name[2 * TB_PKG_NAME_MAX + 2]; /* "agent", "PACKAGE/FILE" */
    char path[sizeof TB_SOFTWARE + 2 * TB_PKG_NAME_MAX + 3];
    pid_t pid;                    /* 0: not running */
    int64_t started_ms, start_ms; /* start_ms: when it is to be started; NEVER */
    unsigned pause_s;
    bool enrolling, power_off_behind;
} children[CHILDREN_MAX];
static size_t n_children;

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one process ---- */

_Noreturn static void become(char *const arguments[], const char *input, bool terminal)
{
    sigset_t none;
    int fd;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setsid();
    fd = open(input, (terminal ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd >= 0) {
        (void)dup2(fd, STDIN_FILENO);
        if (terminal)
            (void)ioctl(STDIN_FILENO, TIOCSCTTY, 1);
    }
    (void)execve(arguments[0], arguments, tb_init_environment);
    (void)tb_failed("starting %s", arguments[0]);
    _exit(127);
}

static pid_t start(char *const arguments[], const char *input, bool terminal)
{
    pid_t pid = fork();

    if (pid == 0)
        become(arguments, input, terminal);
    if (pid < 0)
        (void)tb_failed("starting %s", arguments[0]);
    return pid;
}

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int tb_run(char *const arguments[])
{
    pid_t pid = start(arguments, "/dev/null", false);
    int status = 0;

    if (pid < 0)
        return 128;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 128;
    return exit_status(status);
}

/* ---- what is to run ---- */

static struct child *add(enum kind kind, const char *name)
{
    struct child *c = &children[n_children];

    if (n_children == CHILDREN_MAX) {
        tb_say("%s: not started, there are more than %d services", name, CHILDREN_MAX);
        return NULL;
    }
    n_children++;
    c->kind = kind;
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    return c;
}

void tb_services_add_agent(void)
{
    if (access(AGENT_CONFIG, F_OK) != 0)
        tb_say("no agent: " AGENT_CONFIG " is not there");
    else
        (void)add(AGENT_CHILD, "agent");
}

void tb_services_add_shell(bool power_off_behind)
{
    struct child *c = add(SHELL, "rescue shell");

    if (c != NULL)
        c->power_off_behind = power_off_behind;
}

/* Lines PACKAGE/FILE, written by the Secure Boot Verifier from manifests that it has verified. */
void tb_services_add_packages(void)
{
    char text[16384], *save = NULL;
    size_t len;

    if (!tb_read_small(TB_RUN "/services", text, sizeof text, &len))
        return;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        struct child *c = add(SERVICE, line);

        if (c != NULL)
            (void)snprintf(c->path, sizeof c->path, TB_SOFTWARE "/%s", line);
    }
}

static void start_agent(struct child *c)
{
    static char *const run[] = { WORD(AGENT), WORD("run"), WORD("--config"), WORD(AGENT_CONFIG),
                                 NULL };
    static char *const enrol[] = {
        WORD(AGENT), WORD("enrol"), WORD("--config"), WORD(AGENT_CONFIG), WORD("--token"),
        WORD("-"),   NULL
    };

    c->enrolling = access(TOKEN, F_OK) == 0 && access(ENROLMENT, F_OK) != 0;
    c->pid = start(c->enrolling ? enrol : run, c->enrolling ? TOKEN : "/dev/null", false);
    if (c->pid > 0)
        tb_say(c->enrolling ? "agent enrols" : "agent started");
}

static void start_child(struct child *c)
{
    static char *const shell[] = { WORD("/bin/sh"), WORD("-i"), NULL };
    char *const service[] = { c->path, NULL };

    switch (c->kind) {
    case AGENT_CHILD: start_agent(c); break;
    case SHELL: c->pid = start(shell, "/dev/console", true); break;
    default:
        c->pid = start(service, "/dev/null", false);
        if (c->pid > 0)
            tb_say("service %s started", c->name);
        break;
    }
    c->started_ms = now_ms();
    c->start_ms = NEVER;
    if (c->pid < 0) {
        c->pid = 0;
        c->start_ms = c->started_ms + (int64_t)PAUSE_MAX_S * 1000;
    }
}

/* ---- what ended ---- */

static void again(struct child *c, int status)
{
    bool short_lived = now_ms() - c->started_ms < (int64_t)PAUSE_MAX_S * 1000;

    c->pause_s = !short_lived || c->pause_s == 0 ? 1 : c->pause_s * 2;
    c->pause_s = c->pause_s > PAUSE_MAX_S ? PAUSE_MAX_S : c->pause_s;
    c->start_ms = now_ms() + (int64_t)c->pause_s * 1000;
    tb_say("%s ended with status %d; again in %u s", c->name, status, c->pause_s);
}

static void ended(struct child *c, int status)
{
    c->pid = 0;
    if (c->kind == AGENT_CHILD && c->enrolling && status == 0) {
        if (unlink(TOKEN) != 0)
            (void)tb_failed("removing " TOKEN);
        c->start_ms = 0;
    } else if (c->kind == SHELL) {
        tb_say("rescue shell ended");
        if (c->power_off_behind)
            tb_power(TB_POWER_OFF);
    } else if (c->kind == SERVICE && status == 0) {
        tb_say("service %s done", c->name);
    } else {
        again(c, status);
    }
}

static void reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < n_children; i++)
            if (children[i].pid == pid)
                ended(&children[i], exit_status(status));
}

/* ---- the end of the system ---- */

static bool somebody_is_left(void)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        ;
    return pid == 0;
}

_Noreturn static void end_system(enum tb_power what)
{
    tb_say("stopping");
    (void)kill(-1, SIGTERM);
    for (int64_t until = now_ms() + GRACE_MS; somebody_is_left() && now_ms() < until;)
        (void)usleep(20000);
    (void)kill(-1, SIGKILL);
    for (int i = 0; i < 50 && somebody_is_left(); i++)
        (void)usleep(20000);
    if (umount(TB_DATA) == 0 && umount(TB_STATE) != 0)
        (void)tb_failed("unmounting the state partition");
    tb_power(what);
}

/* The signals of busybox's halt, poweroff and reboot, Ctrl-Alt-Del, and of an uninterruptible power
 * supply. */
static void take_signal(int fd)
{
    static const struct {
        uint32_t signal;
        enum tb_power what;
    } table[] = {
        { SIGUSR1, TB_POWER_HALT },  { SIGUSR2, TB_POWER_OFF }, { SIGTERM, TB_POWER_REBOOT },
        { SIGINT, TB_POWER_REBOOT }, { SIGPWR, TB_POWER_OFF },
    };
    struct signalfd_siginfo s;

    if (read(fd, &s, sizeof s) != (ssize_t)sizeof s)
        return;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].signal == s.ssi_signo)
            end_system(table[i].what);
    reap();
}

static void take_button(int fd)
{
    struct input_event e;

    if (read(fd, &e, sizeof e) == (ssize_t)sizeof e && e.type == EV_KEY && e.code == KEY_POWER &&
        e.value == 1)
        end_system(TB_POWER_OFF);
}

/* ---- the loop ---- */

static int open_signals(void)
{
    static const int signals[] = { SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGPWR };
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)sigaddset(&set, signals[i]);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Machines without such devices, or kernels without their driver, have none. */
static nfds_t open_buttons(struct pollfd *fds)
{
    nfds_t n = 0;

    for (int i = 0; i < BUTTONS_MAX; i++) {
        char path[32];

        (void)snprintf(path, sizeof path, "/dev/input/event%d", i);
        fds[n].fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        fds[n].events = POLLIN;
        n += fds[n].fd >= 0;
    }
    return n;
}

/* Starts what is due. Returns when the next one is. */
static int64_t start_due(void)
{
    int64_t next = NEVER;

    for (size_t i = 0; i < n_children; i++) {
        struct child *c = &children[i];

        if (c->pid == 0 && c->start_ms <= now_ms())
            start_child(c);
        next = c->pid == 0 && c->start_ms < next ? c->start_ms : next;
    }
    return next;
}

void tb_services_run(int s)
{
    int64_t off_ms = s < 0 ? NEVER : now_ms() + (int64_t)s * 1000;
    struct pollfd fds[1 + BUTTONS_MAX] = { { .events = POLLIN } };
    nfds_t n;

    fds[0].fd = open_signals();
    n = 1 + open_buttons(&fds[1]);
    for (;;) {
        int64_t next = start_due(), now = now_ms();

        if (now >= off_ms)
            end_system(TB_POWER_OFF);
        next = next < off_ms ? next : off_ms;
        (void)poll(fds, n, next == NEVER ? -1 : next <= now ? 0 : (int)(next - now));
        if (fds[0].revents != 0)
            take_signal(fds[0].fd);
        for (nfds_t i = 1; i < n; i++)
            if (fds[i].revents != 0)
                take_button(fds[i].fd);
        reap();
    }
}
