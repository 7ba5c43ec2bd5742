/* tools/sbv/judge_walk.c - what no package claims.
 *
 * On the EFI system partition a file is claimed as a package of a set, by its name among the
 * boot configuration's, or as an EFI program by its Authenticode digest: what the firmware starts
 * is our loader or told. On the state partition everything is data: nothing that could run is in
 * its place there. Empty directories hold nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "pkg/pe.h"
#include "tools/sbv/judge_internal.h"

#define DEPTH_MAX 64
#define ENTRIES_MAX 262144             /* of one partition */
#define PROGRAM_MAX (64 * 1024 * 1024) /* bytes of an EFI program outside of packages */

struct walk {
    struct tb_judging *j;
    const char *root;   /* the directory where the partition is mounted */
    const char *prefix; /* of paths as they are told: "", "state:" */
    /* Told of each entry that is no directory. */
    void (*each)(struct walk *w, const char *path, const struct stat *st);
    size_t n;
};

static int not_dots(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void tell(struct walk *w, const char *path, enum tb_check check, const char *expected,
                 const char *found)
{
    char told[TB_PATH_MAX + 8];
    struct tb_reason why;

    (void)snprintf(told, sizeof told, "%s%s", w->prefix, path);
    (void)tb_refuse(&why, check, "file", expected, "%s", found);
    tb_judging_unclaimed(w->j, told, &why);
}

static bool walk(struct walk *w, const char *path, unsigned depth);

static bool visit(struct walk *w, const char *dir, const char *name, unsigned depth)
{
    char path[TB_PATH_MAX], full[2 * TB_PATH_MAX];
    struct stat st;

    if (++w->n > ENTRIES_MAX) {
        if (w->n == ENTRIES_MAX + 1) /* told once; the others are not looked at */
            tell(w, dir[0] == '\0' ? "/" : dir, TB_CHECK_PACKAGE_UNCLAIMED,
                 "at most 262144 entries of the partition", "more");
        return true;
    }
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path ||
        snprintf(full, sizeof full, "%s%s", w->root, path) >= (int)sizeof full) {
        tell(w, dir, TB_CHECK_PACKAGE_UNCLAIMED, "a path of at most 1023 bytes", "a longer one");
        return true;
    }
    if (lstat(full, &st) != 0)
        return tb_judging_unable(w->j, path, "a file that can be looked at");
    if (S_ISDIR(st.st_mode))
        return walk(w, path, depth + 1);
    w->each(w, path, &st);
    return true;
}

static bool walk(struct walk *w, const char *path, unsigned depth)
{
    struct dirent **list = NULL;
    char full[2 * TB_PATH_MAX];
    bool ok = true;
    int n;

    if (depth > DEPTH_MAX) {
        tell(w, path, TB_CHECK_PACKAGE_UNCLAIMED, "at most 64 folders deep", "a deeper one");
        return true;
    }
    (void)snprintf(full, sizeof full, "%s%s", w->root, path);
    n = scandir(full, &list, not_dots, by_bytes);
    if (n < 0)
        return tb_judging_unable(w->j, path, "a directory that can be read");
    for (int i = 0; i < n; i++) {
        ok = ok && visit(w, path, list[i]->d_name, depth);
        free(list[i]);
    }
    free(list);
    return ok;
}

/* ---- the EFI system partition ---- */

/* FAT does not tell upper from lower case, so neither do these names. */
static bool is_configuration(const char *path)
{
    static const char *const names[] = { "/trueboot/boot.conf", "/trueboot/boot.conf.new",
                                         "/trueboot/revocations", "/trueboot/revocations.sig" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(path, names[i]) == 0)
            return true;
    return false;
}

/* A file of the set that runs, which was judged as such; or a package of the other set, which the
 * loader judges when its turn comes. */
static bool is_of_set(const struct tb_judging *j, const char *path)
{
    static const char dir[] = "/trueboot/";
    size_t len = strlen(path);
    char set;

    if (len < sizeof dir + 2 || strncasecmp(path, dir, sizeof dir - 1) != 0 ||
        path[sizeof dir] != '/' || strchr(path + sizeof dir + 1, '/') != NULL)
        return false;
    set = path[sizeof dir - 1];
    return set == j->q->set ||
           (set == (j->q->set == 'a' ? 'b' : 'a') && strcmp(path + len - 4, ".tbp") == 0);
}

/* Any other package's program would be started without all that the loader does. */
static bool claims(const struct tb_set_entry *e, const struct tb_payload *program)
{
    const struct tb_manifest *m = &e->package->manifest;

    if (!tb_lines_text_is(m->name, TB_LOADER_PACKAGE))
        return false;
    for (size_t k = 0; k < m->n_payloads; k++)
        if (m->payload[k].kind == TB_PAYLOAD_EFI &&
            memcmp(m->payload[k].authenticode512, program->authenticode512, 64) == 0)
            return true;
    return false;
}

/* A program that the set's package of the loader, which somebody vouches for, claims. */
static bool is_claimed(const struct tb_judging *j, const struct tb_payload *program)
{
    for (size_t i = 0; i < j->n; i++)
        if (j->entry[i].trusted && claims(&j->entry[i], program))
            return true;
    return false;
}

/* One is enough, as the firmware starts one. */
static void keep_loader(struct tb_judging *j, const struct tb_set_entry *e)
{
    char path[TB_PATH_MAX], file[TB_PATH_MAX], err[TB_FILE_ERR_LEN];

    if (j->q->run == NULL || j->kept[0] != '\0')
        return;
    (void)snprintf(j->kept, sizeof j->kept, "%s", e->file);
    if (!tb_judging_run_path(j, "loaders", path) || mkdir(path, 0755) != 0 ||
        snprintf(file, sizeof file, "%s/%s", path, e->file) >= (int)sizeof file ||
        !tb_file_create(file, tb_slice(e->prefix, (size_t)e->payloads_at), err))
        (void)tb_judging_unable(j, "loaders", "a file that can be written");
}

/* This file is the package of the loader, whole and vouched for, and claims the program. */
static bool is_claimed_in(struct tb_judging *j, int dir, const char *file,
                          const struct tb_payload *program)
{
    struct tb_set_entry e = { .fd = -1 };
    struct tb_reason why;
    bool ok;

    (void)snprintf(e.file, sizeof e.file, "%s", file);
    ok = tb_set_open(dir, &e, &why) && tb_set_name_fits(&e, &why) &&
         tb_package_verify(e.package, &j->rules, &e.trust, &why) &&
         tb_set_payloads(&e, j->hasher, NULL, &why) && claims(&e, program);
    if (ok)
        keep_loader(j, &e);
    tb_set_close(&e);
    return ok;
}

/* An update replaces the loader before it switches, and a fallback comes after it: the loader of
 * either set may start both. */
static bool is_claimed_by_other_set(struct tb_judging *j, const struct tb_payload *program)
{
    char path[TB_PATH_MAX];
    struct dirent **list;
    bool claimed = false;
    int dir, n;

    if (snprintf(path, sizeof path, "%s/trueboot/%c", j->q->esp, j->q->set == 'a' ? 'b' : 'a') >=
        (int)sizeof path)
        return false;
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    n = dir < 0 ? 0 : scandirat(dir, ".", &list, not_dots, by_bytes);
    for (int i = 0; i < n; i++) {
        claimed = claimed ||
                  (strncmp(list[i]->d_name, TB_LOADER_PACKAGE "_", sizeof TB_LOADER_PACKAGE) == 0 &&
                   is_claimed_in(j, dir, list[i]->d_name, program));
        free(list[i]);
    }
    if (n > 0)
        free(list);
    if (dir >= 0)
        (void)close(dir);
    return claimed;
}

static void check_esp_file(struct walk *w, const char *path, const struct stat *st)
{
    struct tb_payload program = { .kind = TB_PAYLOAD_EFI };
    char full[2 * TB_PATH_MAX], err[TB_FILE_ERR_LEN], hex[132], *bytes = NULL;
    struct tb_reason why;
    bool is_program;
    size_t len;

    if (is_configuration(path) || is_of_set(w->j, path))
        return;
    (void)snprintf(full, sizeof full, "%s%s", w->root, path);
    is_program = S_ISREG(st->st_mode) && st->st_size <= PROGRAM_MAX &&
                 tb_file_read(full, PROGRAM_MAX, &bytes, &len, err) == TB_FILE_OK &&
                 tb_payload_digest(&program, tb_slice(bytes, len), w->j->hasher, &why);
    free(bytes);
    if (!is_program) {
        tell(w, path, TB_CHECK_PACKAGE_UNCLAIMED, "nothing but packages and programs of packages",
             "this file");
    } else if (!is_claimed(w->j, &program) && !is_claimed_by_other_set(w->j, &program)) {
        tb_hex(tb_slice(program.authenticode512, 64), hex, sizeof hex);
        tell(w, path, TB_CHECK_LOADER_UNCLAIMED, "a program that the loader's package claims", hex);
    }
}

bool tb_judge_esp(struct tb_judging *j)
{
    struct walk w = { .j = j, .root = j->q->esp, .prefix = "", .each = check_esp_file };

    return walk(&w, "", 0);
}

/* ---- the state partition ---- */

/* By its mode or its first bytes, so that `sh FILE` or a loader's `ld.so FILE` is thought of too.
 */
static bool could_run(const struct walk *w, const char *path, const struct stat *st)
{
    char full[2 * TB_PATH_MAX], head[4] = "";
    ssize_t n;
    int fd;

    if ((st->st_mode & 0111) != 0)
        return true;
    (void)snprintf(full, sizeof full, "%s%s", w->root, path);
    fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    n = fd < 0 ? -1 : read(fd, head, sizeof head);
    if (fd >= 0)
        (void)close(fd);
    return n < 0 || (n >= 2 && memcmp(head, "#!", 2) == 0) ||
           (n == 4 && memcmp(head, "\177ELF", 4) == 0);
}

/* Sockets and pipes are left by programs that run, and hold nothing that could. */
static void check_state_file(struct walk *w, const char *path, const struct stat *st)
{
    bool in_place = strncmp(path, "/data/", 6) == 0 || strncmp(path, "/lost+found/", 12) == 0;

    if (!in_place)
        tell(w, path, TB_CHECK_PACKAGE_UNCLAIMED, "nothing outside of /data", "this file");
    else if (S_ISREG(st->st_mode) && could_run(w, path, st))
        tell(w, path, TB_CHECK_PACKAGE_UNCLAIMED, "data only", "a program or script");
    else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        tell(w, path, TB_CHECK_PACKAGE_UNCLAIMED, "data only", "a device");
}

bool tb_judge_state(struct tb_judging *j)
{
    struct walk w = { .j = j, .root = j->q->state, .prefix = "state:", .each = check_state_file };

    return j->q->state == NULL || walk(&w, "", 0);
}
