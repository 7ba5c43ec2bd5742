/* tools/sbv/run.c - the judgement at boot: told on the console and measured, in this order. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files/files.h"
#include "tools/sbv/sbv.h"

struct run {
    struct tb_events *events;
    unsigned packages, faults;
    int64_t newest_s; /* signature */
    char err[TB_EVENTS_ERR_LEN];
};

static void say_slice(const char *before, struct tb_reader r)
{
    (void)printf("%s%.*s", before, (int)r.left, (const char *)r.p);
}

static void tell_package(void *ctx, const struct tb_judged *p)
{
    const char *verdict = p->fault == NULL ? "pass" : tb_check_text(p->fault->check)->code;
    struct run *r = ctx;

    r->packages++;
    if (p->manifest == NULL) {
        (void)printf("  %s: not a package: %s\n", p->file, verdict);
        return;
    }
    say_slice("  ", p->manifest->name);
    say_slice(" ", p->manifest->version);
    (void)printf(" (%s): %s: %s\n", tb_level_name(p->manifest->level),
                 p->trust == NULL ? "nobody vouches for it" : p->trust->who.subject, verdict);
    r->newest_s = p->signed_s > r->newest_s ? p->signed_s : r->newest_s;
}

static void tell_fault(void *ctx, const char *path, const struct tb_reason *why)
{
    const struct tb_check_text *t = tb_check_text(why->check);
    struct run *r = ctx;
    char line[TB_RECORD_LINE_MAX];
    struct tb_reader shown = tb_record_line(tb_slice(path, strlen(path)), false, line);

    if (r->faults++ == 0)
        (void)printf("----------------------------------------------------------------\n");
    (void)printf("trueboot-sbv: FAULT %.*s: %s: %s\n", (int)shown.left, (const char *)shown.p,
                 t->code, t->title);
    (void)printf("    %s: expected %s\n    found %s\n    to do: %s\n", why->where, why->expected,
                 why->observed, t->next);
}

static bool measure(void *ctx, const struct tb_record *record)
{
    struct run *r = ctx;

    return tb_events_add(r->events, record, r->err);
}

/* Dates of signatures are judged at the time of signing; so a wrong clock refuses nothing. */
static void tell_clock(const struct run *r, int64_t now_s)
{
    char now[TB_DATE_TEXT_LEN], newest[TB_DATE_TEXT_LEN];

    if (now_s >= r->newest_s)
        return;
    tb_date_text(now_s < 0 ? 0 : now_s, now);
    tb_date_text(r->newest_s, newest);
    (void)printf("trueboot-sbv: the clock says %s, before the newest signature (%s): set it; "
                 "signatures are not judged by it\n",
                 now, newest);
}

/* The last word trueboot.set=SET: the loader writes it behind everything else. */
static bool set_of_kernel(char *out)
{
    static const char key[] = "trueboot.set=";
    char err[TB_FILE_ERR_LEN], *line;
    struct tb_reader rest;
    size_t len;

    if (tb_file_read("/proc/cmdline", 65536, &line, &len, err) != TB_FILE_OK)
        return sbv_fail(0, "%s", err);
    for (rest = tb_slice(line, strcspn(line, "\n")); rest.left > 0;) {
        struct tb_reader word = tb_lines_word(&rest);

        if (word.left == sizeof key && memcmp(word.p, key, sizeof key - 1) == 0)
            *out = (char)word.p[sizeof key - 1];
    }
    free(line);
    return *out == 'a' || *out == 'b' ||
           sbv_fail(0, "the kernel's command line has no trueboot.set=a or b: give --set");
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int judge(struct sbv *s, struct run *r)
{
    const struct tb_judge_to to = {
        .ctx = r, .package = tell_package, .fault = tell_fault, .record = measure
    };
    enum tb_judgement judgement;
    int64_t begin_ms = now_ms();
    struct tb_reason why;

    (void)printf("trueboot-sbv: boot set %c, least level %s\n", s->question.set,
                 tb_level_name(s->question.least));
    judgement = tb_judge(&s->question, &to, &why);
    tell_clock(r, s->now_s);
    if (judgement == TB_JUDGE_UNABLE)
        return sbv_fail(1, "verdict: fail: %s", r->err[0] != '\0' ? r->err : why.where);
    (void)printf("trueboot-sbv: verdict: %s, %u packages, %u faults, %" PRId64 " ms\n",
                 judgement == TB_JUDGE_PASS ? "pass" : "fail", r->packages, r->faults,
                 now_ms() - begin_ms);
    return judgement == TB_JUDGE_PASS ? 0 : 1;
}

int sbv_judge(struct sbv *s)
{
    char note[TB_EVENTS_ERR_LEN];
    struct run r = { 0 };
    int code;

    if (s->question.set == 0 && !set_of_kernel(&s->question.set))
        return 2;
    r.events = tb_events_open(s->events, false, s->with_tpm, s->tcti, note, r.err);
    if (r.events == NULL)
        return sbv_fail(1, "verdict: fail: it cannot be measured: %s", r.err);
    if (note[0] != '\0')
        (void)printf("trueboot-sbv: %s\n", note);
    code = judge(s, &r);
    tb_events_close(r.events);
    return code;
}
