/* agent/daemon.c - see daemon.h.
 *
 * One thread. The long poll waits together with signals and the timer, so that an operator's
 * request is served at once; an attestation itself blocks. The TPM is open only during one. */
#include "agent/daemon.h"

#include "agent/attest.h"
#include "agent/journal.h"
#include "agent/notify.h"
#include "agent/schedule.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S 75L         /* of a long poll; the Verifier answers after 50 */
#define ENROLMENT_MS 5000  /* look for an enrolment */
#define INTERVAL_S 300     /* where the Verifier has not said one */
#define QUIET_MS 1000      /* between two attestations, whoever asks */
#define SLEEP_MAX_MS 60000 /* one wait, whatever is due */
#define FAR_S 9000000000   /* later than any clock will show: in the year 2255 */
#define PENDING_S 60       /* between two looks whether an operator has approved this host */

struct daemon {
    const struct tb_daemon_options *o;
    struct tb_enrolment enrolment;
    bool enrolled, told_unenrolled, ready;
    struct tb_link *link, *wait_link;
    struct tb_hasher *hasher;
    struct tb_poll *poll;
    int signal_fd, clock_fd;
    int64_t next_ms; /* attest at */
    int64_t wait_ms; /* begin a long poll at */
    int64_t wait_begun_ms;
    int64_t alive_ms; /* tell the watchdog at */
    int64_t slept_ms;
    unsigned failures; /* in a row */
    bool stop;
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec t = { 0 };

    (void)clock_gettime(clock, &t); /* cannot fail for the clocks used here */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

static uint32_t chance(void)
{
    uint32_t bits = 0;

    if (!tb_random(&bits, sizeof bits))
        bits = (uint32_t)now_ms() * 2654435761u; /* only for spreading */
    return bits;
}

static void status(const struct daemon *d, const char *text)
{
    char line[640];

    (void)snprintf(line, sizeof line, "STATUS=%.600s", text);
    tb_notify(d->o->notify_socket, line);
}

bool tb_daemon_has_slept(int64_t *slept_ms, int64_t boottime_ms, int64_t monotonic_ms)
{
    int64_t slept = boottime_ms - monotonic_ms, before = *slept_ms;

    *slept_ms = slept;
    return slept - before > 1000;
}

/* --- Attestation --------------------------------------------------------------------------------
 */

static void drop_links(struct daemon *d)
{
    tb_poll_end(d->poll);
    tb_link_close(d->link);
    tb_link_close(d->wait_link);
    d->link = d->wait_link = NULL;
}

/* The enrolment is read when there is none yet, and again after the Verifier refused it: it may
 * have been made anew in the meantime. */
static bool read_enrolment(struct daemon *d)
{
    char err[TB_FILE_ERR_LEN];
    enum tb_file_status found;

    drop_links(d);
    found = tb_enrolment_load(d->o->config->state, &d->enrolment, err);
    d->enrolled = found == TB_FILE_OK;
    if (d->enrolled) {
        d->link = tb_link_open(d->o->config, d->enrolment.token);
        d->wait_link = tb_link_open(d->o->config, d->enrolment.token);
        d->told_unenrolled = false;
        if (d->link == NULL || d->wait_link == NULL) {
            drop_links(d);
            d->enrolled = false;
        }
        return d->enrolled;
    }
    if (!d->told_unenrolled) {
        tb_journal(TB_JOURNAL_WARNING, "not enrolled: %s; run trueboot-agent enrol",
                   found == TB_FILE_ABSENT ? "there is no enrolment yet" : err);
        status(d, "not enrolled");
        d->told_unenrolled = true;
    }
    return false;
}

static void tell_answer(const struct daemon *d, const struct tb_evidence_answer *a)
{
    char line[400];

    (void)snprintf(line, sizeof line, "verdict %s%s%s%s%s", tb_verdict_name(a->verdict),
                   a->headline[0] != '\0' ? ": " : "", a->headline, a->text[0] != '\0' ? ": " : "",
                   a->text);
    tb_journal(a->verdict == TB_VERDICT_TRUSTED ? TB_JOURNAL_INFO : TB_JOURNAL_WARNING, "%s", line);
    status(d, line);
}

static const char *const status_words[TB_N_ATTEST_STATUS] = {
    [TB_ATTEST_NOT_CAPABLE] = "not capable of attestation",
    [TB_ATTEST_PENDING] = "waiting for approval",
    [TB_ATTEST_REFUSED] = "refused",
    [TB_ATTEST_NO_SERVER] = "no answer of the Verifier",
    [TB_ATTEST_NO_TPM] = "the TPM cannot be used",
};

static void schedule_next(struct daemon *d, const struct tb_attest_result *r)
{
    int64_t now = now_ms();
    uint32_t interval_s = r->interval_s != 0 ? r->interval_s : INTERVAL_S;

    if (r->status == TB_ATTEST_PENDING)
        interval_s = r->retry_after_s != 0 ? r->retry_after_s : PENDING_S;
    if (r->status == TB_ATTEST_DONE || r->status == TB_ATTEST_NOT_CAPABLE ||
        r->status == TB_ATTEST_PENDING) {
        d->failures = 0;
        d->next_ms = now + tb_interval_ms(interval_s, chance());
        if (d->wait_ms > now + QUIET_MS)
            d->wait_ms = now;
        return;
    }
    if (d->failures < 1000)
        d->failures++;
    d->next_ms = now + tb_backoff_ms(d->failures, r->retry_after_s, chance());
    tb_journal(TB_JOURNAL_INFO, "next try in %lld s", (long long)(d->next_ms - now + 500) / 1000);
}

static void attest(struct daemon *d)
{
    struct tb_attester a = { d->o->config, &d->enrolment, d->link, d->hasher };
    struct tb_attest_result *r;
    char line[640];

    if (!d->enrolled && !read_enrolment(d)) {
        d->next_ms = now_ms() + ENROLMENT_MS;
        return;
    }
    a.link = d->link;
    r = malloc(sizeof *r);
    if (r == NULL) {
        d->next_ms = now_ms() + TB_BACKOFF_MAX_MS;
        return;
    }
    tb_attest(&a, r);
    if (r->status == TB_ATTEST_DONE) {
        tell_answer(d, &r->answer);
    } else {
        (void)snprintf(line, sizeof line, "%s: %s", status_words[r->status], r->text);
        tb_journal(r->status == TB_ATTEST_NOT_CAPABLE ? TB_JOURNAL_INFO : TB_JOURNAL_WARNING, "%s",
                   line);
        status(d, line);
    }
    schedule_next(d, r);
    if (r->status == TB_ATTEST_REFUSED) {
        d->enrolled = false;
        drop_links(d);
    }
    free(r);
    (void)malloc_trim(0); /* until the next one the memory is of no use */
}

/* --- Long poll ----------------------------------------------------------------------------------
 */

/* A wait that ended: the next one begins at once, but never in a busy loop. */
static void wait_ended(struct daemon *d, enum tb_link_status link_status,
                       const struct tb_link_reply *reply)
{
    int64_t now = now_ms();
    struct tb_wait_reply command;
    struct tb_reason why;

    d->wait_ms = d->wait_begun_ms + QUIET_MS;
    if (link_status == TB_LINK_ANSWERED && reply->status == 200 &&
        tb_wait_reply_decode(reply->body, &command, &why)) {
        if (command.command == TB_COMMAND_ATTEST && d->next_ms > now + TB_WISH_SPREAD_MS) {
            tb_journal(TB_JOURNAL_INFO, "the Verifier asks for an attestation");
            d->next_ms = now + tb_wish_ms(chance());
        }
        return;
    }
    /* Told by the attestation that follows, so not twice here. */
    d->wait_ms = now + tb_backoff_ms(3, reply->retry_after_s, chance());
}

static void begin_wait(struct daemon *d)
{
    struct tb_wait_request request = { 0 };
    uint8_t bytes[128];
    size_t len;

    memcpy(request.host_id, d->enrolment.host_id, sizeof request.host_id);
    d->wait_begun_ms = now_ms();
    d->wait_ms = d->wait_begun_ms + TB_BACKOFF_MAX_MS;
    if (!tb_wait_request_encode(&request, bytes, sizeof bytes, &len) ||
        !tb_poll_begin(d->poll, d->wait_link, "/v1/agent/wait", tb_slice(bytes, len), WAIT_S))
        tb_journal(TB_JOURNAL_WARNING, "waiting for the Verifier's requests cannot be begun");
}

/* --- The loop -----------------------------------------------------------------------------------
 */

static void take_signals(struct daemon *d)
{
    struct signalfd_siginfo s;

    while (read(d->signal_fd, &s, sizeof s) == (ssize_t)sizeof s) {
        if (s.ssi_signo == SIGHUP)
            d->next_ms = now_ms();
        else
            d->stop = true;
    }
}

/* The timer never ends by itself: it is set to be cancelled when the clock is set, and so when the
 * machine wakes up (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). */
static void arm_clock(const struct daemon *d)
{
    struct itimerspec far = { .it_value = { .tv_sec = FAR_S } };
    uint64_t n;

    if (d->clock_fd < 0)
        return;
    if (read(d->clock_fd, &n, sizeof n) < 0 && errno == EAGAIN)
        return; /* nothing happened, and it is armed */
    (void)timerfd_settime(d->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL);
}

static void tell_alive(struct daemon *d)
{
    int64_t now = now_ms();

    if (d->o->watchdog_ms <= 0 || now < d->alive_ms)
        return;
    tb_notify(d->o->notify_socket, "WATCHDOG=1");
    d->alive_ms = now + d->o->watchdog_ms / 3;
}

static int time_to_sleep(const struct daemon *d)
{
    int64_t now = now_ms(), until = now + SLEEP_MAX_MS;

    if (d->next_ms < until)
        until = d->next_ms;
    if (d->enrolled && d->failures == 0 && !tb_poll_busy(d->poll) && d->wait_ms < until)
        until = d->wait_ms;
    if (d->o->watchdog_ms > 0 && d->alive_ms < until)
        until = d->alive_ms;
    return until <= now ? 0 : (int)(until - now);
}

static void turn(struct daemon *d)
{
    const int fds[] = { d->signal_fd, d->clock_fd };
    enum tb_link_status link_status;
    struct tb_link_reply reply;

    if (tb_poll_wait(d->poll, fds, sizeof fds / sizeof fds[0], time_to_sleep(d), &link_status,
                     &reply))
        wait_ended(d, link_status, &reply);
    take_signals(d);
    arm_clock(d);
    tell_alive(d);
    if (tb_daemon_has_slept(&d->slept_ms, now_ms(), clock_ms(CLOCK_MONOTONIC))) {
        tb_journal(TB_JOURNAL_INFO, "the machine was asleep");
        d->next_ms = now_ms();
    }
    if (!d->stop && now_ms() >= d->next_ms)
        attest(d);
    /* Pending hosts wait too: their approval is such a request. */
    if (!d->stop && d->enrolled && !tb_poll_busy(d->poll) && d->failures == 0 &&
        now_ms() >= d->wait_ms)
        begin_wait(d);
}

static bool open_descriptors(struct daemon *d)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    d->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (d->clock_fd >= 0) {
        struct itimerspec far = { .it_value = { .tv_sec = FAR_S } };

        (void)timerfd_settime(d->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL);
    }
    return d->signal_fd >= 0;
}

bool tb_daemon_run(const struct tb_daemon_options *options)
{
    struct daemon d = { .o = options, .signal_fd = -1, .clock_fd = -1 };
    bool good;

    d.hasher = tb_hasher_new();
    d.poll = tb_poll_new();
    d.slept_ms = now_ms() - clock_ms(CLOCK_MONOTONIC);
    good = d.hasher != NULL && d.poll != NULL && open_descriptors(&d);
    if (good) {
        tb_journal(TB_JOURNAL_NOTICE, "started, version %s, Verifier %s", TB_VERSION,
                   options->config->server);
        tb_notify(options->notify_socket, "READY=1");
    } else {
        tb_journal(TB_JOURNAL_ERR, "cannot start: %s", strerror(errno));
    }
    while (good && !d.stop)
        turn(&d);
    if (good) {
        tb_notify(options->notify_socket, "STOPPING=1");
        tb_journal(TB_JOURNAL_NOTICE, "stopped");
    }
    if (d.poll != NULL)
        drop_links(&d);
    tb_poll_free(d.poll);
    tb_hasher_free(d.hasher);
    if (d.signal_fd >= 0)
        (void)close(d.signal_fd);
    if (d.clock_fd >= 0)
        (void)close(d.clock_fd);
    tb_wipe(&d.enrolment, sizeof d.enrolment);
    return good;
}
