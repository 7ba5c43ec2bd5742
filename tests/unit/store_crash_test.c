/* The store when things go wrong: kill -9, two replicas, full disks, damaged and foreign files. */
#include "tests/unit/store_test_support.h"

#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define P(state) ((struct place *)*(state))
#define S(state) (P(state)->s)

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static void assert_integrity(struct place *p)
{
    sqlite3 *db;
    sqlite3_stmt *st;

    assert_int_equal(sqlite3_open_v2(p->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok");
    sqlite3_finalize(st);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

struct sum {
    uint64_t count;
    int64_t last; /* id of the oldest period seen */
    size_t n;
};

static bool sum_counts(void *ctx, const struct tb_period *p)
{
    struct sum *sum = ctx;

    sum->count += p->count;
    sum->last = p->id;
    sum->n++;
    return true;
}

/* Evidence accepted of a host, over all pages of its history. */
static uint64_t accepted_of(struct tb_store *s, const char *id)
{
    struct sum sum = { .n = 0 };

    do {
        sum.n = 0;
        assert_ok(tb_store_history(s, id, sum.last, 0, sum_counts, &sum));
    } while (sum.n == TB_STORE_PAGE_MAX);
    return sum.count;
}

/* ---- group commit ---- */

#define N_THREADS 16
#define N_EACH 60

struct worker {
    struct tb_store *s;
    unsigned n;
    unsigned taken;
    pthread_barrier_t *barrier;
};

static void *attest_many(void *arg)
{
    struct worker *w = arg;

    for (unsigned i = 0; i < N_EACH; i++)
        attest(w->s, host_id(w->n), w->n * 1000 + i, TB_VERDICT_TRUSTED, T0 + i);
    return NULL;
}

static void many_writers_share_commits_and_each_is_done(void **state)
{
    struct worker w[N_THREADS];
    pthread_t t[N_THREADS];
    struct tb_store_stats before, after;

    for (unsigned i = 0; i < N_THREADS; i++)
        add_host(S(state), i);
    tb_store_stats(S(state), &before);
    for (unsigned i = 0; i < N_THREADS; i++) {
        w[i] = (struct worker){ .s = S(state), .n = i };
        assert_int_equal(pthread_create(&t[i], NULL, attest_many, &w[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++)
        pthread_join(t[i], NULL);
    tb_store_stats(S(state), &after);
    assert_int_equal(after.n_writes - before.n_writes, N_THREADS * N_EACH * 2);
    print_message("%u writes in %u commits\n", (unsigned)(after.n_writes - before.n_writes),
                  (unsigned)(after.n_commits - before.n_commits));
    assert_true(after.n_commits - before.n_commits < (after.n_writes - before.n_writes) / 2);
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(accepted_of(S(state), host_id(i)), N_EACH);
    assert_int_equal(after.n_queued, 0);
}

/* ---- one nonce, many takers ---- */

#define N_RACES 40

static unsigned take_all(struct tb_store *s, pthread_barrier_t *barrier)
{
    struct evidence e;
    struct tb_accepted a;
    unsigned taken = 0;

    for (unsigned i = 1; i <= N_RACES; i++) {
        enum tb_store_status status;

        evidence(&e, host_id(i), i, TB_VERDICT_TRUSTED, T0 + 1);
        if (barrier)
            pthread_barrier_wait(barrier);
        status = tb_store_accept_evidence(s, &e.a, &a);
        if (status == TB_STORE_OK)
            taken++;
        else if (status != TB_STORE_NOT_FOUND)
            return 1000;
    }
    return taken;
}

static void *race(void *arg)
{
    struct worker *w = arg;

    w->taken = take_all(w->s, w->barrier);
    return NULL;
}

static void prepare_races(struct tb_store *s)
{
    for (unsigned i = 1; i <= N_RACES; i++) {
        add_host(s, i);
        give_nonce(s, host_id(i), i, T0);
    }
}

static void assert_each_once(struct tb_store *s)
{
    for (unsigned i = 1; i <= N_RACES; i++)
        assert_int_equal(accepted_of(s, host_id(i)), 1);
}

static void t11_threads_on_two_handles_take_a_nonce_exactly_once(void **state)
{
    struct tb_store *other = place_open(P(state));
    struct worker w[4];
    pthread_barrier_t barrier;
    pthread_t t[4];
    unsigned taken = 0;

    prepare_races(S(state));
    pthread_barrier_init(&barrier, NULL, 4);
    for (unsigned i = 0; i < 4; i++) {
        w[i] = (struct worker){ .s = i % 2 ? other : S(state), .n = i, .barrier = &barrier };
        assert_int_equal(pthread_create(&t[i], NULL, race, &w[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        taken += w[i].taken;
    }
    pthread_barrier_destroy(&barrier);
    assert_int_equal(taken, N_RACES);
    assert_each_once(other);
    tb_store_close(other);
}

static void t11_two_processes_take_a_nonce_exactly_once(void **state)
{
    struct place *p = P(state);
    unsigned taken;
    int status, fd[2];
    char go = 'g';
    pid_t pid;

    prepare_races(p->s);
    tb_store_close(p->s); /* SQLite's connections must not cross a fork */
    p->s = NULL;
    assert_int_equal(pipe(fd), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct tb_store *s = place_open(p);

        if (write(fd[1], &go, 1) != 1)
            _exit(255);
        taken = take_all(s, NULL);
        tb_store_close(s);
        _exit(taken <= N_RACES ? (int)taken : 255);
    }
    p->s = place_open(p);
    assert_int_equal(read(fd[0], &go, 1), 1);
    taken = take_all(p->s, NULL);
    close(fd[0]);
    close(fd[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    print_message("%u and %d of %u\n", taken, WEXITSTATUS(status), N_RACES);
    assert_int_equal(taken + (unsigned)WEXITSTATUS(status), N_RACES);
    assert_each_once(p->s);
}

/* ---- kill -9 ---- */

#define N_LIVES 20
#define N_CHILD_THREADS 4

struct life {
    struct tb_store *s;
    unsigned thread, first; /* first nonce and host number of this life */
    int pipe;
};

/* What was acknowledged: thread t's host of this number exists, evidence `nonce` is accepted. */
struct acknowledged {
    unsigned thread, nonce;
};

static void *live(void *arg)
{
    struct life *l = arg;
    const unsigned host = l->thread;

    for (unsigned i = 0;; i++) {
        struct acknowledged a = { l->thread, l->first + i };

        attest(l->s, host_id(host), a.nonce, i % 2 ? TB_VERDICT_FAILED : TB_VERDICT_TRUSTED,
               T0 + a.nonce);
        add_host(l->s, 1000 + a.nonce * N_CHILD_THREADS + l->thread);
        if (write(l->pipe, &a, sizeof a) != sizeof a)
            return NULL;
    }
}

static void child_lives(struct place *p, const unsigned *first, int fd)
{
    struct life l[N_CHILD_THREADS];
    pthread_t t[N_CHILD_THREADS];
    struct tb_store *s = place_open(p);

    for (unsigned i = 0; i < N_CHILD_THREADS; i++) {
        l[i] = (struct life){ s, i, first[i], fd };
        pthread_create(&t[i], NULL, live, &l[i]);
    }
    for (unsigned i = 0; i < N_CHILD_THREADS; i++)
        pthread_join(t[i], NULL);
    _exit(1);
}

/* One life of the server: acknowledged work until kill -9. next[t]: first nonce without. */
static void one_life(struct place *p, unsigned life, unsigned *next)
{
    struct acknowledged a;
    int fd[2], status;
    pid_t pid;

    assert_int_equal(pipe(fd), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fd[0]);
        child_lives(p, next, fd[1]);
    }
    close(fd[1]);
    sleep_ms(10 + (long)(life * 37 % 120));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (read(fd[0], &a, sizeof a) == sizeof a)
        next[a.thread] = a.nonce + 1;
    close(fd[0]);
}

/* Hosts of acknowledged numbers exist, and their nonces are spent. */
static void assert_all_there(struct tb_store *s, unsigned thread, unsigned from, unsigned to)
{
    struct evidence e;
    struct tb_accepted a;
    struct tb_host h;

    for (unsigned i = from; i < to; i++) {
        evidence(&e, host_id(thread), i, TB_VERDICT_TRUSTED, T0 + i);
        assert_status(tb_store_accept_evidence(s, &e.a, &a), TB_STORE_NOT_FOUND);
        assert_ok(tb_store_host_get(s, host_id(1000 + i * N_CHILD_THREADS + thread), &h));
    }
}

static void t67_kill_9_loses_nothing_acknowledged_and_takes_no_nonce_twice(void **state)
{
    struct place *p = P(state);
    unsigned next[N_CHILD_THREADS], total = 0;
    uint64_t had[N_CHILD_THREADS] = { 0 }; /* accepted before this life */

    for (unsigned t = 0; t < N_CHILD_THREADS; t++) {
        add_host(p->s, t);
        next[t] = 1;
    }
    for (unsigned life = 0; life < N_LIVES; life++) {
        unsigned first[N_CHILD_THREADS];

        memcpy(first, next, sizeof first);
        tb_store_close(p->s);
        p->s = NULL;
        one_life(p, life, next);
        assert_integrity(p);
        p->s = place_open(p);
        for (unsigned t = 0; t < N_CHILD_THREADS; t++) {
            uint64_t n = accepted_of(p->s, host_id(t)) - had[t];
            unsigned acknowledged = next[t] - first[t];

            /* All that was acknowledged, and at most the one under way when the process died. */
            assert_in_range(n, acknowledged, acknowledged + 1);
            had[t] += n;
            assert_all_there(p->s, t, first[t], next[t]);
            total += acknowledged;
            next[t]++; /* the one under way may have left its host behind: its number is used */
        }
    }
    print_message("%u acknowledgements checked\n", total);
    assert_true(total > 0); /* or nothing was tried */
}

/* ---- disks ---- */

static long writes_left = -1; /* of the database: -1 all succeed */
static unsigned writes_failed;

static ssize_t failing_pwrite(int fd, const void *p, size_t n, off_t at_offset)
{
    if (__atomic_load_n(&writes_left, __ATOMIC_SEQ_CST) >= 0 &&
        __atomic_fetch_sub(&writes_left, 1, __ATOMIC_SEQ_CST) <= 0) {
        __atomic_store_n(&writes_left, 0, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&writes_failed, 1, __ATOMIC_SEQ_CST);
        errno = ENOSPC;
        return -1;
    }
    return pwrite(fd, p, n, at_offset);
}

static void set_disk(long left)
{
    static const char *const calls[] = { "pwrite", "pwrite64" };
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    __atomic_store_n(&writes_left, left, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < 2; i++)
        vfs->xSetSystemCall(vfs, calls[i], left < 0 ? NULL : (sqlite3_syscall_ptr)failing_pwrite);
}

static void a_full_disk_is_unavailable_and_what_was_refused_is_not_there(void **state)
{
    struct tb_store *s = S(state);
    struct new_host n;
    struct tb_host h;
    struct tb_host_created created;
    struct tb_store_conflict conflict;
    char err[TB_STORE_ERR_LEN];
    unsigned refused = 0;

    for (unsigned i = 0; i < 30; i++) {
        enum tb_store_status status;

        new_host(&n, i);
        set_disk((long)i);
        status = tb_store_host_create(s, &n.h, &op, &created, &conflict);
        set_disk(-1);
        if (status != TB_STORE_OK) {
            assert_status(status, TB_STORE_UNAVAILABLE);
            tb_store_error(s, err);
            assert_string_not_equal(err, "");
            assert_status(tb_store_host_get(s, n.id, &h), TB_STORE_NOT_FOUND);
            refused++;
            assert_ok(tb_store_host_create(s, &n.h, &op, &created, &conflict));
        }
        assert_ok(tb_store_host_get(s, n.id, &h));
    }
    assert_true(refused > 5);
    assert_true(writes_failed >= refused);
    assert_integrity(P(state));
}

/* kill -9 spares the page cache and so cannot show a missing fsync: it is counted. */
static int (*real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
static const sqlite3_io_methods *real_methods;
static sqlite3_io_methods counting_methods;
static unsigned n_syncs;

static int counting_sync(sqlite3_file *f, int flags)
{
    __atomic_add_fetch(&n_syncs, 1, __ATOMIC_SEQ_CST);
    return real_methods->xSync(f, flags);
}

static int counting_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    int rc = real_open(vfs, name, f, flags, out);

    if (rc != SQLITE_OK || !f->pMethods || !(flags & SQLITE_OPEN_WAL))
        return rc;
    if (!real_methods) {
        counting_methods = *f->pMethods;
        counting_methods.xSync = counting_sync;
        real_methods = f->pMethods;
    }
    if (f->pMethods == real_methods)
        f->pMethods = &counting_methods;
    return rc;
}

static void a_write_returns_only_after_the_disk_was_asked_to_keep_it(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    struct place *p = P(state);

    tb_store_close(p->s);
    real_open = vfs->xOpen;
    vfs->xOpen = counting_open;
    p->s = place_open(p);
    add_host(p->s, 0); /* opens the log */
    for (unsigned i = 1; i < 6; i++) {
        unsigned before = __atomic_load_n(&n_syncs, __ATOMIC_SEQ_CST);

        add_host(p->s, i);
        assert_true(__atomic_load_n(&n_syncs, __ATOMIC_SEQ_CST) > before);
    }
    vfs->xOpen = real_open;
}

static char *contents(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *p = malloc(1 << 20);

    assert_non_null(f);
    assert_non_null(p);
    *len = fread(p, 1, 1 << 20, f);
    fclose(f);
    return p;
}

/* Opening must fail with these words and leave the file as it is. */
static void assert_refused(const char *path, const struct tb_migrations *m, const char *words)
{
    char err[TB_STORE_ERR_LEN];
    size_t before_len, after_len;
    char *before = contents(path, &before_len), *after;

    assert_null(tb_store_open_sqlite_with(path, m, err));
    if (!strstr(err, words))
        fail_msg("\"%s\" does not say \"%s\"", err, words);
    after = contents(path, &after_len);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    free(before);
    free(after);
}

static void overwrite(const char *path, off_t from, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, from), (ssize_t)n);
    close(fd);
}

static void a_foreign_file_is_refused_and_left_as_it_is(void **state)
{
    struct place *p = P(state);
    char text[128], other[128], err[TB_STORE_ERR_LEN];
    sqlite3 *db;

    snprintf(text, sizeof text, "%s/notes.txt", p->dir);
    overwrite(text, 0, "just some notes, no database at all\n", 36);
    assert_refused(text, &tb_sqlite_migrations, "not a database of this program");
    snprintf(other, sizeof other, "%s/other.db", p->dir);
    assert_int_equal(sqlite3_open(other, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE meta (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_refused(other, &tb_sqlite_migrations, "not a database of this program");
    unlink(text);
    unlink(other);
    assert_null(tb_store_open_sqlite(p->dir, err));
    assert_non_null(strstr(err, "not a regular file"));
    assert_null(tb_store_open_sqlite("/nonexistent/x.db", err));
    assert_non_null(strstr(err, "No such file"));
}

static void a_damaged_file_is_refused_and_left_as_it_is(void **state)
{
    struct place *p = P(state);
    char junk[4000];

    for (unsigned i = 0; i < 40; i++)
        add_host(p->s, i);
    tb_store_close(p->s);
    p->s = NULL;
    memset(junk, 0x5a, sizeof junk);
    overwrite(p->path, 8192, junk, sizeof junk);
    assert_refused(p->path, &tb_sqlite_migrations, "damaged");
    assert_int_equal(truncate(p->path, 5000), 0);
    assert_refused(p->path, &tb_sqlite_migrations, "damaged");
}

static void the_file_is_its_owners_alone(void **state)
{
    static const char *const suffix[] = { "", "-wal", "-shm" };
    struct stat st;
    char path[128];
    mode_t mask = umask(0);

    add_host(S(state), 1);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", P(state)->path, suffix[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    umask(mask);
}

static void a_backup_is_a_whole_store_of_its_own(void **state)
{
    struct place copy = { .s = NULL };
    struct tb_host h;
    struct stat st;

    snprintf(copy.path, sizeof copy.path, "%.80s.copy", P(state)->path);
    for (unsigned i = 0; i < 20; i++)
        add_host(S(state), i);
    assert_ok(tb_store_backup(S(state), copy.path));
    assert_status(tb_store_backup(S(state), copy.path), TB_STORE_CONFLICT);
    assert_int_equal(stat(copy.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    copy.s = place_open(&copy);
    assert_ok(tb_store_host_get(copy.s, host_id(19), &h));
    tb_store_close(copy.s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)
    const struct CMUnitTest tests[] = {
        TEST(many_writers_share_commits_and_each_is_done),
        TEST(t11_threads_on_two_handles_take_a_nonce_exactly_once),
        TEST(t11_two_processes_take_a_nonce_exactly_once),
        TEST(t67_kill_9_loses_nothing_acknowledged_and_takes_no_nonce_twice),
        TEST(a_full_disk_is_unavailable_and_what_was_refused_is_not_there),
        TEST(a_write_returns_only_after_the_disk_was_asked_to_keep_it),
        TEST(a_foreign_file_is_refused_and_left_as_it_is),
        TEST(a_damaged_file_is_refused_and_left_as_it_is),
        TEST(the_file_is_its_owners_alone),
        TEST(a_backup_is_a_whole_store_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
