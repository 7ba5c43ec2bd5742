/* tools/sbv/events.c - see events.h. */
#include "tools/sbv/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/cel.h"
#include "crypto/hash.h"
#include "files/files.h"
#include "tpm/tpm.h"

#define USER_PCR 11
#define EVENT_LEN_MAX (TB_RECORD_LEN_MAX + 512)
#define TURNS_MAX 250 /* of 20 ms each */

struct tb_events {
    int fd;
    struct tb_tpm *tpm; /* NULL: none is extended */
    struct tb_hasher *hasher;
    uint32_t n;     /* events in the log */
    uint32_t banks; /* bits of enum tb_bank that are extended and logged */
};

static bool failed(char err[TB_EVENTS_ERR_LEN], const char *what)
{
    (void)snprintf(err, TB_EVENTS_ERR_LEN, "%.300s: %s", what, strerror(errno));
    return false;
}

static bool count_events(const char *path, uint32_t *n, char err[TB_EVENTS_ERR_LEN])
{
    struct tb_cel_event event;
    struct tb_cel log;
    struct tb_reason why;
    enum tb_cel_step step = TB_CEL_FAULT;
    char *bytes;
    size_t len;

    if (tb_file_read(path, TB_CEL_LEN_MAX, &bytes, &len, err) != TB_FILE_OK)
        return false;
    if (tb_cel_open(tb_slice(bytes, len), &log, &why))
        do
            step = tb_cel_next(&log, &event, &why);
        while (step == TB_CEL_EVENT);
    *n = log.n;
    free(bytes);
    if (step != TB_CEL_END)
        (void)snprintf(err, TB_EVENTS_ERR_LEN, "%.100s: %s: expected %s, found %s", path, why.where,
                       why.expected, why.observed);
    return step == TB_CEL_END;
}

/* The agent shares this lock from reading the log until PCR 11 is quoted, so that both are of one
 * moment. Who holds it for longer does not keep a host from coming up. */
static void wait_for_turn(int fd)
{
    const struct timespec pause = { .tv_nsec = 20000000 };

    for (int i = 0; i < TURNS_MAX && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
        (void)nanosleep(&pause, NULL);
}

static bool open_log(struct tb_events *e, const char *path, bool more, char err[TB_EVENTS_ERR_LEN])
{
    if (more && !count_events(path, &e->n, err))
        return false;
    e->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (more ? 0 : O_CREAT | O_EXCL),
                 0644);
    if (e->fd < 0)
        return failed(err, path);
    wait_for_turn(e->fd);
    return true;
}

/* PCR 11 of a bank that is active but unknown stays as the firmware left it: said by who quotes. */
static bool open_tpm(struct tb_events *e, const char *tcti, char note[TB_EVENTS_ERR_LEN],
                     char err[TB_EVENTS_ERR_LEN])
{
    struct tb_tpm_options options = { .tcti = tcti };
    struct tb_tpm_properties properties;
    struct tb_tpm_error why;
    enum tb_tpm_status status = tb_tpm_open(&options, &e->tpm, &why);

    if (status == TB_TPM_NONE || status == TB_TPM_IS_12) {
        (void)snprintf(note, TB_EVENTS_ERR_LEN, "%s: the verdict is not measured", why.text);
        return true;
    }
    if (status == TB_TPM_OK)
        status = tb_tpm_read_properties(e->tpm, &properties, &why);
    if (status != TB_TPM_OK) {
        (void)snprintf(err, TB_EVENTS_ERR_LEN, "%s", why.text);
        return false;
    }
    e->banks = 0;
    for (size_t i = 0; i < properties.n_banks; i++) {
        enum tb_bank bank;

        if (tb_bank_of_alg(properties.bank[i].alg, &bank))
            e->banks |= UINT32_C(1) << bank;
    }
    if (e->banks == 0)
        (void)snprintf(err, TB_EVENTS_ERR_LEN, "the TPM has no PCR bank of a known algorithm");
    return e->banks != 0;
}

struct tb_events *tb_events_open(const char *path, bool more, bool with_tpm, const char *tcti,
                                 char note[TB_EVENTS_ERR_LEN], char err[TB_EVENTS_ERR_LEN])
{
    struct tb_events *e = calloc(1, sizeof *e);

    note[0] = '\0';
    if (e == NULL)
        return failed(err, path), NULL;
    e->fd = -1;
    e->hasher = tb_hasher_new();
    e->banks = UINT32_C(1) << TB_BANK_SHA256 | UINT32_C(1) << TB_BANK_SHA512;
    if (e->hasher == NULL)
        (void)snprintf(err, TB_EVENTS_ERR_LEN, "the crypto library cannot be used");
    else if (open_log(e, path, more, err) && (!with_tpm || open_tpm(e, tcti, note, err)))
        return e;
    tb_events_close(e);
    return NULL;
}

void tb_events_close(struct tb_events *e)
{
    if (e == NULL)
        return;
    if (e->fd >= 0)
        (void)close(e->fd);
    tb_tpm_close(e->tpm);
    tb_hasher_free(e->hasher);
    free(e);
}

static bool extend(struct tb_events *e, struct tb_reader data, struct tb_cel_event *event,
                   char err[TB_EVENTS_ERR_LEN])
{
    struct tb_tpm_digest digest[TB_N_BANKS] = { 0 };
    struct tb_tpm_error why;
    size_t n = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if ((e->banks >> b & 1) == 0)
            continue;
        if (!tb_hash(e->hasher, (enum tb_bank)b, data, event->digest[b])) {
            (void)snprintf(err, TB_EVENTS_ERR_LEN, "the crypto library failed");
            return false;
        }
        digest[n].alg = tb_bank_alg((enum tb_bank)b);
        memcpy(digest[n++].bytes, event->digest[b], TB_DIGEST_MAX);
    }
    if (e->tpm == NULL || tb_tpm_extend(e->tpm, USER_PCR, digest, n, &why) == TB_TPM_OK)
        return true;
    (void)snprintf(err, TB_EVENTS_ERR_LEN, "%s", why.text);
    return false;
}

static bool write_all(int fd, const uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool tb_events_add(struct tb_events *e, const struct tb_record *r, char err[TB_EVENTS_ERR_LEN])
{
    uint8_t data[TB_RECORD_LEN_MAX], bytes[EVENT_LEN_MAX];
    struct tb_cel_event event = {
        .number = e->n, .pcr = USER_PCR, .banks = e->banks, .type = TB_EV_EVENT_TAG
    };
    size_t data_len, len;

    if (!tb_record_print(r, data, sizeof data, &data_len)) {
        (void)snprintf(err, TB_EVENTS_ERR_LEN, "no record can hold this: %s",
                       tb_record_kind_name(r->kind));
        return false;
    }
    event.data = tb_slice(data, data_len);
    if (!extend(e, event.data, &event, err))
        return false;
    if (e->n == TB_CEL_EVENTS_MAX || !tb_cel_print(&event, bytes, sizeof bytes, &len)) {
        (void)snprintf(err, TB_EVENTS_ERR_LEN, "the event log is full");
        return false;
    }
    e->n++;
    return write_all(e->fd, bytes, len) || failed(err, "writing the event log");
}
