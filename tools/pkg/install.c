/* tools/pkg/install.c - trueboot-pkg install, update, remove: the next boot gets another set.
 *
 * What runs is never written to. The changed set is written to the other folder, and boot.conf is
 * replaced last, so that a power cut at any step leaves the old set to be started: until then its
 * folder, its loader and its line in boot.conf are whole, and from the first step on boot.conf does
 * not call good what is being written. What is left over stands in the folder that is written to,
 * as a package that nobody judges before it is started, and as boot.conf.new beside boot.conf. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "files/files.h"
#include "pkg/relations.h"
#include "tools/pkg/esp.h"
#include "tools/sbv/judge.h"

#define VENDORS "/etc/trueboot/vendors.pem"
#define COMMAND_LINE "/proc/cmdline"
#define COMMAND_LINE_MAX 4096

struct change {
    const struct tool *t;
    struct tool_esp esp;
    struct tool_trust trust;
    struct tool_set now, next; /* next borrows from now and from added */
    struct tool_set added;     /* what the command line names */
    char target;
    bool refused;            /* by the judgement of what was written */
    int lock;                /* -1: none */
    char list[ESP_PATH_MAX]; /* of revocations, on the partition */
};

/* ---- which set ---- */

/* The set that this very system was started from; 0: another system's disk. */
static char running_set(void)
{
    static const char key[] = "trueboot.set=";
    char err[TB_FILE_ERR_LEN], *line, *at, set = '\0';
    size_t len;

    if (tb_file_read(COMMAND_LINE, COMMAND_LINE_MAX, &line, &len, err) != TB_FILE_OK)
        return '\0';
    for (at = line; (at = strstr(at, key)) != NULL; at += sizeof key - 1)
        set = at[sizeof key - 1]; /* the loader's own stands last */
    free(line);
    return set;
}

static char other(char set)
{
    return set == 'a' ? 'b' : 'a';
}

/* Not the set that runs; where that cannot be told, never the only one that is good. */
static bool choose(struct change *c)
{
    const struct tb_bootconf *conf = &c->esp.conf;
    char running = running_set();

    if (!tool_set_option(c->t, &c->target))
        return false;
    if (c->target != '\0' && c->target == running)
        return tool_fail(TOOL_USAGE, "--set: set %c runs, and is never written to", running), false;
    if (c->target != '\0')
        return true;
    if (running == 'a' || running == 'b')
        c->target = other(running);
    else if (conf->good[0] != conf->good[1])
        c->target = conf->good[0] ? 'b' : 'a';
    else
        c->target = other(conf->start);
    return true;
}

/* ---- what the next set is ---- */

static bool open_added(struct change *c)
{
    enum tool_exit code;

    for (int i = 0; i < c->t->n_arguments; i++) {
        struct tool_package *p;

        if (c->added.n == TB_SET_PACKAGES_MAX) {
            tool_fail(TOOL_REFUSED, "at most %d packages at once", TB_SET_PACKAGES_MAX);
            return false;
        }
        p = tool_package_open(c->t->argument[i], &code);
        if (p == NULL)
            return false;
        c->added.package[c->added.n++] = p;
    }
    return true;
}

static bool add(struct change *c, struct tool_package *p)
{
    size_t i = tool_set_find(&c->next, p->package.manifest.name);
    char file[ESP_FILE_MAX];

    tool_package_file(p, file);
    if (i != c->next.n) {
        tool_fail(TOOL_REFUSED, "%s: a package of this name is there; use update", file);
        return false;
    }
    if (i == TB_SET_PACKAGES_MAX) {
        tool_fail(TOOL_REFUSED, "%s: a set has at most %d packages", file, TB_SET_PACKAGES_MAX);
        return false;
    }
    c->next.package[c->next.n++] = p;
    return true;
}

static bool install(struct change *c)
{
    for (size_t i = 0; i < c->added.n; i++)
        if (!add(c, c->added.package[i]))
            return false;
    return true;
}

static bool replace(struct change *c, struct tool_package *p)
{
    const struct tb_manifest *m = &p->package.manifest, *old;
    size_t i = tool_set_find(&c->next, m->name);
    char file[ESP_FILE_MAX], expected[64];
    struct tb_reason why;

    tool_package_file(p, file);
    if (i == c->next.n) {
        tool_fail(TOOL_REFUSED, "%s: no package of this name is there; use install", file);
        return false;
    }
    old = &c->next.package[i]->package.manifest;
    if (m->security_version >= old->security_version) {
        c->next.package[i] = p;
        return true;
    }
    snprintf(expected, sizeof expected, "at least %u, as is installed", old->security_version);
    tb_refuse(&why, TB_CHECK_PACKAGE_ROLLED_BACK, "security version", expected, "%u",
              m->security_version);
    tool_refused(file, &why);
    return false;
}

static bool update(struct change *c)
{
    for (size_t i = 0; i < c->added.n; i++)
        if (!replace(c, c->added.package[i]))
            return false;
    return true;
}

static bool take_away(struct change *c)
{
    for (int k = 0; k < c->t->n_arguments; k++) {
        const char *name = c->t->argument[k];
        size_t i = tool_set_find(&c->next, tb_slice(name, strlen(name)));

        if (i == c->next.n) {
            tool_fail(TOOL_REFUSED, "%s: no such package in set %c", name, c->now.letter);
            return false;
        }
        memmove(&c->next.package[i], &c->next.package[i + 1],
                (--c->next.n - i) * sizeof c->next.package[0]);
    }
    return true;
}

/* ---- whether it may be ---- */

static struct tool_package *loader_of(const struct tool_set *s)
{
    size_t i = tool_set_find(s, tb_slice(TB_LOADER_PACKAGE, sizeof TB_LOADER_PACKAGE - 1));

    return i == s->n ? NULL : s->package[i];
}

/* The one program of the loader's package; not verified here. NULL: told. */
static const struct tb_reader *loader_program(const struct tool_set *s)
{
    struct tool_package *p = loader_of(s);
    struct tb_reason why;

    if (p != NULL && p->package.manifest.n_payloads == 1 &&
        p->package.manifest.payload[0].kind == TB_PAYLOAD_EFI &&
        tb_package_payloads(&p->package, p->payload, &why))
        return &p->payload[0];
    tool_fail(TOOL_REFUSED, "set %c: expected the package %s with one program", s->letter,
              TB_LOADER_PACKAGE);
    return NULL;
}

/* A package that asks for more than it is signed for fails here, before anything is written. */
static bool verify_all(const struct change *c)
{
    const struct tb_manifest *all[TB_SET_PACKAGES_MAX];
    char file[ESP_FILE_MAX];
    struct tb_package_trust who;
    struct tb_reason why;
    uint64_t metadata = 0;

    for (size_t i = 0; i < c->next.n; i++) {
        tool_package_file(c->next.package[i], file);
        metadata += tb_package_metadata_len(&c->next.package[i]->package);
        if (!tool_package_verify(c->next.package[i], file, &c->trust, &who))
            return false;
        all[i] = &c->next.package[i]->package.manifest;
    }
    for (size_t i = 0; i < c->next.n; i++) {
        tool_package_file(c->next.package[i], file);
        if (!tb_relations_hold(all, c->next.n, i, &why))
            return tool_refused(file, &why), false;
    }
    if (!tb_relations_have_base(all, c->next.n, &why) ||
        !tb_relations_metadata_fits(metadata, &why))
        return tool_refused("the changed set", &why), false;
    return loader_program(&c->next) != NULL;
}

/* ---- writing ---- */

static bool folder_path(const struct change *c, const char *name, char out[ESP_PATH_MAX])
{
    char below[16 + ESP_FILE_MAX];

    snprintf(below, sizeof below, "trueboot/%c%s%s", c->target, name[0] != '\0' ? "/" : "", name);
    return tool_esp_path(&c->esp, below, out);
}

static bool empty_folder(const char *folder)
{
    char path[ESP_PATH_MAX + 256], err[TB_FILE_ERR_LEN];
    const struct dirent *d;
    DIR *dir = opendir(folder);
    bool ok = true;

    if (dir == NULL)
        return tool_fail(TOOL_USAGE, "%s: %s", folder, strerror(errno)), false;
    while (ok && (d = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            ok = tb_file_remove(path, err) || (tool_fail(TOOL_USAGE, "%s", err), false);
    }
    (void)closedir(dir);
    return ok;
}

/* In the folder that is written to, where half a package is what a power cut leaves. */
static bool write_new(const struct change *c, const char *file, struct tb_reader content,
                      char path[ESP_PATH_MAX])
{
    char err[TB_FILE_ERR_LEN];

    return folder_path(c, file, path) &&
           (tb_file_create(path, content, err) || (tool_fail(TOOL_USAGE, "%s", err), false));
}

static bool write_set(const struct change *c)
{
    char path[ESP_PATH_MAX], file[ESP_FILE_MAX];

    if (!folder_path(c, "", path) || !empty_folder(path))
        return false;
    for (size_t i = 0; i < c->next.n; i++) {
        tool_package_file(c->next.package[i], file);
        if (!write_new(c, file, c->next.package[i]->file, path))
            return false;
    }
    return true;
}

static bool write_configuration(const struct change *c, const struct tb_bootconf *conf)
{
    char text[TB_BOOTCONF_LEN_MAX], path[ESP_PATH_MAX];
    size_t len;

    if (!tb_bootconf_print(conf, text, sizeof text, &len))
        return tool_fail(TOOL_USAGE, "boot.conf: too long"), false;
    return tool_esp_path(&c->esp, "trueboot/boot.conf", path) &&
           tool_write(path, tb_slice(text, len));
}

/* Under a name that nobody minds in that folder, then moved. */
static bool move_loader(const struct change *c, struct tb_reader program, const char *to)
{
    char from[ESP_PATH_MAX], err[TB_FILE_ERR_LEN];

    return write_new(c, "unfinished.tbp", program, from) &&
           (tb_file_move(from, to, err) || (tool_fail(TOOL_USAGE, "%s", err), false));
}

/* The one of this set's package, if another is there. It is verified again: a set that is left is
 * not verified as a whole. */
static bool write_loader(const struct change *c, const struct tool_set *s)
{
    const struct tb_reader *program = loader_program(s);
    char path[ESP_PATH_MAX];
    struct tb_package_trust who;
    struct tb_reader there;
    bool same;

    if (program == NULL || !tool_esp_path(&c->esp, ESP_LOADER, path))
        return false;
    if (access(path, F_OK) == 0) {
        if (!tool_load(path, &there))
            return false;
        same = tb_slice_equal(there, *program);
        tool_drop(&there);
        if (same)
            return true;
    }
    return tool_package_verify(loader_of(s), TB_LOADER_PACKAGE, &c->trust, &who) &&
           move_loader(c, *program, path);
}

/* What the Secure Boot Verifier will say of the set as it is on the disk now. */
static bool judged(struct change *c)
{
    const struct tb_judge_question q = { .esp = c->esp.dir,
                                         .set = c->target,
                                         .vendors = c->trust.vendors,
                                         .least = c->trust.rules.least };
    const struct tb_judge_to to = { .fault = tool_tell_fault };
    struct tb_reason why;

    switch (tb_judge(&q, &to, &why)) {
    case TB_JUDGE_PASS: return true;
    case TB_JUDGE_UNABLE: tool_unusable(c->esp.dir, &why); break;
    case TB_JUDGE_FAIL:
        c->refused = true;
        tool_fail(TOOL_REFUSED, "set %c would not come up, so it is not switched to", c->target);
    }
    return false;
}

/* Nothing starts, or falls back to, what is written over; not even the loader stands there alone.
 */
static bool leave_alone(const struct change *c, struct tb_bootconf *conf)
{
    bool named = conf->good[c->target - 'a'] || conf->start == c->target;

    conf->good[c->target - 'a'] = false;
    if (c->now.n == 0)
        return true; /* the first set of all */
    conf->start = c->now.letter;
    return (!named || write_configuration(c, conf)) && write_loader(c, &c->now);
}

/* In the order in which each step leaves something that starts. */
static bool write_all(struct change *c)
{
    struct tb_bootconf conf = c->esp.conf;
    char path[ESP_PATH_MAX], err[TB_FILE_ERR_LEN];

    if (!folder_path(c, "", path))
        return false;
    if (!tb_directory_make(path, err))
        return tool_fail(TOOL_USAGE, "%s", err), false;
    if (!leave_alone(c, &conf) || !write_set(c) || !judged(c) || !write_loader(c, &c->next))
        return false;
    conf.start = c->target;
    return write_configuration(c, &conf);
}

/* ---- the commands ---- */

/* Two changes at once would write one folder. The lock goes when the process ends, however. */
static bool lock(struct change *c, const char *dir)
{
    c->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->lock >= 0 && flock(c->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    tool_fail(TOOL_USAGE, "%s: %s", dir,
              c->lock >= 0 && errno == EWOULDBLOCK ? "is being changed by somebody else"
                                                   : strerror(errno));
    return false;
}

static bool open_change(struct tool *t, struct change *c)
{
    enum tool_exit code;

    c->t = t;
    c->lock = -1;
    if (t->option[OPT_VENDOR] == NULL)
        t->option[OPT_VENDOR] = VENDORS;
    if (!lock(c, t->option[OPT_ESP]) || !tool_esp_open(t, &c->esp) ||
        !tool_esp_path(&c->esp, "trueboot/revocations", c->list))
        return false;
    if (t->option[OPT_REVOCATIONS] == NULL && access(c->list, F_OK) == 0)
        t->option[OPT_REVOCATIONS] = c->list;
    if (!choose(c) || !tool_trust_open(t, &c->trust))
        return false;
    return tool_set_open(&c->esp, other(c->target), &c->now, &code);
}

static void tell(const struct change *c)
{
    if (c->esp.conf.start == c->target && !c->esp.conf.good[c->target - 'a'])
        printf("set %c held a change that never came up: this one takes its place\n", c->target);
    printf("set %c is complete: %zu packages; the next boot starts it\n", c->target, c->next.n);
}

static enum tool_exit change(struct tool *t, bool opens, bool (*decide)(struct change *))
{
    struct change *c = calloc(1, sizeof *c);
    bool ok = c != NULL && open_change(t, c) && (!opens || open_added(c));
    enum tool_exit code = TOOL_USAGE;

    if (ok) {
        c->next = c->now;
        c->next.letter = c->target;
        code = TOOL_REFUSED;
        ok = decide(c) && verify_all(c);
    }
    if (ok) {
        code = write_all(c) ? TOOL_OK : c->refused ? TOOL_REFUSED : TOOL_USAGE;
        if (code == TOOL_OK)
            tell(c);
    }
    if (c != NULL) {
        tool_set_close(&c->now);
        tool_set_close(&c->added);
        tool_trust_clear(&c->trust);
        tool_esp_close(&c->esp);
        if (c->lock >= 0)
            (void)close(c->lock);
    }
    free(c);
    return code;
}

enum tool_exit tool_install(struct tool *t)
{
    return change(t, true, install);
}

enum tool_exit tool_update(struct tool *t)
{
    return change(t, true, update);
}

enum tool_exit tool_remove(struct tool *t)
{
    return change(t, false, take_away);
}
