/* tools/sbv/main.c - trueboot-sbv, the Secure Boot Verifier. docs/man/trueboot-sbv.8. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "files/files.h"
#include "tools/sbv/sbv.h"
#include "tpm/tpm.h"

#define VENDORS_MAX (1024 * 1024)

enum option_id {
    OPT_CHECK = 256,
    OPT_COMPLETE,
    OPT_DB,
    OPT_DBX,
    OPT_ESP,
    OPT_EVENTS,
    OPT_HELP,
    OPT_LEVEL,
    OPT_NO_TPM,
    OPT_RESCUE,
    OPT_ROOT,
    OPT_RUN,
    OPT_SET,
    OPT_STATE,
    OPT_STATUS,
    OPT_TCTI,
    OPT_VENDORS,
    OPT_VERSION,
};

static const struct option options[] = {
    { "check", no_argument, NULL, OPT_CHECK },
    { "complete", no_argument, NULL, OPT_COMPLETE },
    { "db", required_argument, NULL, OPT_DB },
    { "dbx", required_argument, NULL, OPT_DBX },
    { "esp", required_argument, NULL, OPT_ESP },
    { "events", required_argument, NULL, OPT_EVENTS },
    { "help", no_argument, NULL, OPT_HELP },
    { "level", required_argument, NULL, OPT_LEVEL },
    { "no-tpm", no_argument, NULL, OPT_NO_TPM },
    { "rescue", no_argument, NULL, OPT_RESCUE },
    { "root", required_argument, NULL, OPT_ROOT },
    { "run", required_argument, NULL, OPT_RUN },
    { "set", required_argument, NULL, OPT_SET },
    { "state", required_argument, NULL, OPT_STATE },
    { "status", no_argument, NULL, OPT_STATUS },
    { "tcti", required_argument, NULL, OPT_TCTI },
    { "vendors", required_argument, NULL, OPT_VENDORS },
    { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

static const char usage_text[] =
    "usage: trueboot-sbv [OPTION]...              judge the boot set that runs, and measure it\n"
    "       trueboot-sbv --complete | --rescue    measure that the boot is complete, or that a\n"
    "                                             rescue shell is opened\n"
    "       trueboot-sbv --status                 how this host was booted\n"
    "       trueboot-sbv --check                  what stands in the way of Secure Boot here\n\n"
    "  --esp DIR        where the EFI system partition is mounted [" TB_SBV_ESP "]\n"
    "  --set a|b        the set [of the kernel's command line]\n"
    "  --state DIR      where the state partition is mounted; - for none [" TB_SBV_STATE ",\n"
    "                   where that is there]\n"
    "  --vendors FILE   root certificates, PEM [" TB_SBV_VENDORS "]\n"
    "  --level LEVEL    least acceptance level [community]; a signed command line may raise it\n"
    "  --events FILE    the event log [" TB_SBV_EVENTS "]\n"
    "  --run DIR        where verified software is unpacked; - for nowhere [" TB_SBV_RUN "]\n"
    "  --tcti TCTI      way to the TPM; --no-tpm: measures nothing\n"
    "  --db FILE, --dbx FILE   for --check: in place of the firmware's lists\n"
    "  --root DIR       for --status, --check: prefix of /sys, /proc, /boot and /lib\n"
    "Exit: 0 passed or done, 1 not, 2 usage. trueboot-sbv(8) tells all.\n";

int sbv_fail(int code, const char *format, ...)
{
    va_list args;

    (void)fflush(stdout);
    (void)fputs("trueboot-sbv: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return code;
}

struct tb_vendors *sbv_vendors(const char *path)
{
    struct tb_vendors *v = tb_vendors_new();
    char err[TB_FILE_ERR_LEN], *pem = NULL;
    struct tb_reason why;
    size_t len;
    bool ok = false;

    if (v == NULL)
        (void)sbv_fail(1, "out of memory");
    else if (tb_file_read(path, VENDORS_MAX, &pem, &len, err) != TB_FILE_OK)
        (void)sbv_fail(1, "%s", err);
    else if (!tb_vendors_add(v, tb_slice(pem, len), path, &why))
        (void)sbv_fail(1, "%s: %s: expected %s, found %s", path, why.where, why.expected,
                       why.observed);
    else
        ok = true;
    free(pem);
    if (ok)
        return v;
    tb_vendors_free(v);
    return NULL;
}

static int measure_one(const struct sbv *s, enum tb_record_kind kind)
{
    struct tb_record r = { .kind = kind };
    char note[TB_EVENTS_ERR_LEN], err[TB_EVENTS_ERR_LEN];
    struct tb_events *e = tb_events_open(s->events, true, s->with_tpm, s->tcti, note, err);
    bool ok = e != NULL && tb_events_add(e, &r, err);

    tb_events_close(e);
    return ok ? 0 : sbv_fail(1, "%s", err);
}

static int run(struct sbv *s, int mode)
{
    struct tb_vendors *vendors;
    int code;

    if (mode == OPT_STATUS)
        return sbv_status(s);
    if (mode == OPT_CHECK)
        return sbv_check(s);
    if (mode == OPT_COMPLETE)
        return measure_one(s, TB_RECORD_COMPLETE);
    if (mode == OPT_RESCUE)
        return measure_one(s, TB_RECORD_RESCUE);
    vendors = sbv_vendors(s->vendors);
    s->question.vendors = vendors;
    code = vendors == NULL ? 1 : sbv_judge(s);
    tb_vendors_free(vendors);
    return code;
}

static bool take_level(const char *text, enum tb_level *out)
{
    return tb_level_of_name(tb_slice(text, strlen(text)), out) ||
           sbv_fail(0, "--level: certified, accepted, partner or community; found %s", text);
}

static bool take_set(const char *text, char *out)
{
    if (strcmp(text, "a") != 0 && strcmp(text, "b") != 0)
        return sbv_fail(0, "--set: a or b; found %s", text);
    *out = text[0];
    return true;
}

static const char *or_none(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

static bool take_option(struct sbv *s, int option, int *mode)
{
    switch (option) {
    case OPT_DB: s->db = optarg; return true;
    case OPT_DBX: s->dbx = optarg; return true;
    case OPT_ESP:
        s->question.esp = optarg;
        s->esp_given = true;
        return true;
    case OPT_EVENTS: s->events = optarg; return true;
    case OPT_LEVEL: return take_level(optarg, &s->question.least);
    case OPT_NO_TPM: s->with_tpm = false; return true;
    case OPT_ROOT: s->root = optarg; return true;
    case OPT_RUN: s->question.run = or_none(optarg); return true;
    case OPT_SET: return take_set(optarg, &s->question.set);
    case OPT_STATE: s->question.state = or_none(optarg); return true;
    case OPT_TCTI: s->tcti = optarg; return true;
    case OPT_VENDORS: s->vendors = optarg; return true;
    case OPT_CHECK:
    case OPT_COMPLETE:
    case OPT_RESCUE:
    case OPT_STATUS:
        if (*mode != 0)
            return sbv_fail(0, "--check, --complete, --rescue, --status: one of them");
        *mode = option;
        return true;
    default: return false;
    }
}

int main(int argc, char **argv)
{
    struct sbv s = {
        .question = { .esp = TB_SBV_ESP, .least = TB_LEVEL_COMMUNITY, .run = TB_SBV_RUN },
        .vendors = TB_SBV_VENDORS,
        .events = TB_SBV_EVENTS,
        .with_tpm = true,
        .root = "",
        .now_s = (int64_t)time(NULL),
    };
    struct stat st;
    int option, mode = 0;

    if (stat(TB_SBV_STATE, &st) == 0)
        s.question.state = TB_SBV_STATE;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPT_HELP)
            return fputs(usage_text, stdout) < 0;
        if (option == OPT_VERSION)
            return printf("trueboot-sbv %s\n", TB_VERSION) < 0;
        if (!take_option(&s, option, &mode))
            return sbv_fail(2, "trueboot-sbv --help tells the options");
    }
    if (optind != argc)
        return sbv_fail(2, "%s: no argument is expected", argv[optind]);
    tb_tpm_silence_library();
    (void)umask(022);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    return run(&s, mode);
}
