/* tools/sbv/check.c - trueboot-sbv --check. See check.h. */
#include "tools/sbv/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/uefi.h"

/* Names of files are anybody's. */
static void say(const char *mark, const char *what, const char *why)
{
    char shown[CHECK_PATH_MAX];

    tb_ascii_text(tb_slice(what, strlen(what)), shown, sizeof shown);
    (void)printf("%-5s %s: %s\n", mark, shown, why);
}

void check_ok(const char *what, const char *why)
{
    say("ok", what, why);
}

void check_stop(struct check *c, const char *what, const char *why, const char *to_do)
{
    c->stops++;
    say("STOPS", what, why);
    (void)printf("      to do: %s\n", to_do);
}

static void check_firmware(struct check *c)
{
    size_t n = tb_program_keys_count(c->db.keys) + c->db.n;
    char text[128];
    struct firmware f;

    firmware_read(c->s->root, &f);
    if (!f.is_uefi) {
        check_stop(c, "firmware", "this host was started in legacy mode",
                   "install it to boot by UEFI");
        return;
    }
    (void)snprintf(text, sizeof text, "UEFI, Secure Boot %s", firmware_state(&f));
    if (f.setup_mode == 1 && c->s->db == NULL)
        check_stop(c, "firmware", "no keys are enrolled (setup mode)",
                   "enrol PK, KEK and db; check with --db what would be enrolled");
    else
        check_ok("firmware", text);
    if (n == 0)
        check_stop(c, "db", "it is empty or cannot be read",
                   "run this as root, or name with --db what the firmware has or will have");
}

/* ---- packages of a host with our own chain ---- */

static void tell_fault(void *ctx, const char *path, const struct tb_reason *why)
{
    const struct tb_check_text *t = tb_check_text(why->check);
    char text[512];

    (void)snprintf(text, sizeof text, "%s (%s: expected %s, found %s)", t->title, why->where,
                   why->expected, why->observed);
    check_stop(ctx, path, text, t->next);
}

static void tell_package(void *ctx, const struct tb_judged *p)
{
    (void)ctx;
    if (p->fault == NULL)
        check_ok(p->file, p->trust->who.subject);
}

static void check_packages(struct check *c)
{
    const struct tb_judge_to to = { .ctx = c, .package = tell_package, .fault = tell_fault };
    struct tb_judge_question q = c->s->question;
    char path[CHECK_PATH_MAX];
    struct tb_reason why;
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/trueboot/%c", q.esp, q.set == 0 ? 'a' : q.set);
    if (stat(path, &st) != 0)
        return; /* another chain */
    q.set = q.set == 0 ? 'a' : q.set;
    q.run = NULL;
    q.vendors = sbv_vendors(c->s->vendors);
    if (q.vendors == NULL)
        c->stops++;
    else if (tb_judge(&q, &to, &why) == TB_JUDGE_UNABLE)
        check_stop(c, why.where, why.observed, why.expected);
    tb_vendors_free((struct tb_vendors *)(uintptr_t)q.vendors);
}

int sbv_check(const struct sbv *s)
{
    struct check c = { .s = s, .hasher = tb_hasher_new() };
    bool ok = c.hasher != NULL && check_keys_open(&c);

    if (ok) {
        check_firmware(&c);
        check_packages(&c);
        check_programs(&c);
        check_modules(&c);
        if (c.stops == 0)
            (void)printf("nothing stands in the way of Secure Boot\n");
        else
            (void)printf("%u stand in the way of Secure Boot\n", c.stops);
    }
    check_keys_close(&c);
    tb_hasher_free(c.hasher);
    return ok && c.stops == 0 ? 0 : 1;
}
