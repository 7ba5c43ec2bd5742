/* tools/sbv/judge.c - see judge.h.
 *
 * Order: all manifests are read and their signatures verified, then what they say of each other is
 * held together, then every payload of what is vouched for is hashed, then the rest of the
 * partitions is looked through. Nothing is reported as passed before all of that is done. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "pkg/relations.h"
#include "tools/sbv/judge_internal.h"

bool tb_judging_unable(struct tb_judging *j, const char *where, const char *what)
{
    j->unable = true;
    return tb_refuse(j->why, TB_CHECK_PACKAGE_FORMAT, where, what, "%s", strerror(errno));
}

void tb_judging_fault(struct tb_judging *j, const char *path, const struct tb_reason *why)
{
    j->faults++;
    if (j->to->fault != NULL)
        j->to->fault(j->to->ctx, path, why);
}

void tb_judging_unclaimed(struct tb_judging *j, const char *path, const struct tb_reason *why)
{
    if (j->n_unclaimed < TB_JUDGE_UNCLAIMED_MAX)
        (void)snprintf(j->unclaimed[j->n_unclaimed++], TB_PATH_MAX, "%s", path);
    tb_judging_fault(j, path, why);
}

/* ---- the set's directory ---- */

static bool ends_with_tbp(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".tbp") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static void path_of(const struct tb_judging *j, const char *file, char out[TB_PATH_MAX])
{
    (void)snprintf(out, TB_PATH_MAX, "/trueboot/%c/%s", j->q->set, file);
}

static void fault_of(struct tb_judging *j, struct tb_set_entry *e, const struct tb_reason *why)
{
    char path[TB_PATH_MAX];

    path_of(j, e->file, path);
    if (!e->is_faulty)
        e->fault = *why;
    e->is_faulty = true;
    tb_judging_fault(j, path, why);
}

static void open_entry(struct tb_judging *j, int dir, struct tb_set_entry *e)
{
    struct tb_reason why;

    e->fd = -1;
    if (!ends_with_tbp(e->file)) {
        (void)tb_refuse(&why, TB_CHECK_PACKAGE_UNCLAIMED, "file name", "NAME_VERSION.tbp", "%s",
                        e->file);
        fault_of(j, e, &why);
    } else if (!tb_set_open(dir, e, &why) || !tb_set_name_fits(e, &why)) {
        fault_of(j, e, &why);
    }
}

static bool take_names(struct tb_judging *j, struct dirent **list, int n, int dir)
{
    j->entry = calloc((size_t)n + 1, sizeof *j->entry);
    if (j->entry == NULL)
        return tb_judging_unable(j, "set", "memory");
    for (int i = 0; i < n; i++) {
        struct tb_set_entry *e = &j->entry[j->n++];

        (void)snprintf(e->file, sizeof e->file, "%s", list[i]->d_name);
        open_entry(j, dir, e);
    }
    return true;
}

static bool open_set(struct tb_judging *j)
{
    struct dirent **list = NULL;
    char path[TB_PATH_MAX];
    int dir, n;
    bool ok;

    (void)snprintf(path, sizeof path, "%s/trueboot/%c", j->q->esp, j->q->set);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    n = dir < 0 ? -1 : scandirat(dir, ".", &list, not_dots, by_bytes);
    if (n < 0)
        ok = tb_judging_unable(j, path, "the directory of the boot set");
    else if (n > TB_SET_PACKAGES_MAX)
        ok = (errno = E2BIG, tb_judging_unable(j, path, "at most 64 files"));
    else
        ok = take_names(j, list, n, dir);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    if (dir >= 0)
        (void)close(dir);
    return ok;
}

/* ---- revocations, level, signatures ---- */

static bool read_text(const char *esp, const char *name, size_t max, char **out, size_t *len)
{
    char path[TB_PATH_MAX], err[TB_FILE_ERR_LEN];

    *out = NULL;
    return snprintf(path, sizeof path, "%s/trueboot/%s", esp, name) < (int)sizeof path &&
           tb_file_read(path, max, out, len, err) == TB_FILE_OK;
}

static bool is_there(const char *esp, const char *name)
{
    char path[TB_PATH_MAX];
    struct stat st;

    return snprintf(path, sizeof path, "%s/trueboot/%s", esp, name) < (int)sizeof path &&
           lstat(path, &st) == 0;
}

/* There is no list, or it holds. One that does not is no list, and nobody claims it. */
static bool read_revocations(struct tb_judging *j)
{
    struct tb_code_signer who;
    struct tb_reason why;
    size_t len, sig_len;
    char *sig = NULL;

    if (!is_there(j->q->esp, "revocations") && !is_there(j->q->esp, "revocations.sig"))
        return true;
    j->revocations = malloc(sizeof *j->revocations);
    if (j->revocations == NULL)
        return tb_judging_unable(j, "revocations", "memory");
    if (!read_text(j->q->esp, "revocations", TB_REVOCATIONS_LEN_MAX, &j->list, &len) ||
        !read_text(j->q->esp, "revocations.sig", TB_SIGNATURE_LEN_MAX, &sig, &sig_len))
        (void)tb_refuse(&why, TB_CHECK_PACKAGE_FORMAT, "revocations",
                        "the list and its signature, revocations.sig", "one alone, or too long");
    else if (tb_revocations_verify(tb_slice(j->list, len), tb_slice(sig, sig_len), j->q->vendors,
                                   NULL, j->revocations, &who, &why))
        j->rules.revocations = j->revocations;
    free(sig);
    if (j->rules.revocations == NULL)
        tb_judging_unclaimed(j, "/trueboot/revocations", &why);
    return true;
}

static struct tb_reader option_of(const struct tb_manifest *m, const char *name)
{
    for (size_t i = 0; i < m->n_options; i++)
        if (tb_lines_text_is(m->option[i].name, name))
            return m->option[i].value;
    return tb_slice(NULL, 0);
}

static void find_level(struct tb_judging *j)
{
    struct tb_package_rules any = j->rules;
    struct tb_package_trust trust;
    struct tb_reason why;
    enum tb_level least;

    any.least = TB_LEVEL_COMMUNITY;
    for (size_t i = 0; i < j->n; i++) {
        const struct tb_package *p = j->entry[i].package;

        if (p == NULL || p->manifest.kind != TB_PACKAGE_BASE ||
            !tb_package_verify(p, &any, &trust, &why))
            continue;
        least = tb_relations_least_level(option_of(&p->manifest, "cmdline"));
        j->rules.least = least < j->rules.least ? least : j->rules.least;
    }
}

static void verify_signatures(struct tb_judging *j)
{
    for (size_t i = 0; i < j->n; i++) {
        struct tb_set_entry *e = &j->entry[i];
        struct tb_reason why;

        if (e->package == NULL)
            continue;
        e->trusted = tb_package_verify(e->package, &j->rules, &e->trust, &why);
        if (!e->trusted)
            fault_of(j, e, &why);
    }
}

/* ---- what packages say of each other ---- */

static void check_together(struct tb_judging *j)
{
    const struct tb_manifest *set[TB_SET_PACKAGES_MAX];
    struct tb_set_entry *of[TB_SET_PACKAGES_MAX];
    struct tb_reader service;
    struct tb_reason why;
    uint64_t metadata = 0;
    size_t n = 0;

    for (size_t i = 0; i < j->n; i++)
        if (j->entry[i].package != NULL) {
            metadata += tb_package_metadata_len(j->entry[i].package);
            of[n] = &j->entry[i];
            set[n++] = &j->entry[i].package->manifest;
        }
    for (size_t i = 0; i < n; i++) {
        if (!tb_relations_hold(set, n, i, &why))
            fault_of(j, of[i], &why);
        if (!tb_set_service(set[i], &service, &why))
            fault_of(j, of[i], &why);
    }
    if (!tb_relations_have_base(set, n, &why))
        tb_judging_fault(j, "/trueboot", &why);
    if (!tb_relations_metadata_fits(metadata, &why))
        tb_judging_fault(j, "/trueboot", &why);
}

/* ---- payloads ---- */

static bool has_files(const struct tb_manifest *m)
{
    for (size_t i = 0; i < m->n_payloads; i++)
        if (m->payload[i].kind == TB_PAYLOAD_FILE)
            return true;
    return false;
}

bool tb_judging_run_path(const struct tb_judging *j, const char *name, char out[TB_PATH_MAX])
{
    return snprintf(out, TB_PATH_MAX, "%s/%s", j->q->run, name) < TB_PATH_MAX;
}

static bool make_software(const struct tb_judging *j)
{
    char path[TB_PATH_MAX];

    return j->q->run == NULL ||
           (tb_judging_run_path(j, "software", path) && mkdir(path, 0755) == 0);
}

/* The directory for a package's files, made; NULL: none is asked for. */
static const char *directory_of(struct tb_judging *j, const struct tb_set_entry *e,
                                char out[TB_PATH_MAX])
{
    const struct tb_manifest *m = &e->package->manifest;

    if (j->q->run == NULL || e->is_faulty || !has_files(m))
        return NULL;
    if (snprintf(out, TB_PATH_MAX, "%s/software/%.*s", j->q->run, (int)m->name.left,
                 (const char *)m->name.p) >= TB_PATH_MAX ||
        mkdir(out, 0755) != 0)
        (void)tb_judging_unable(j, "software", "a directory that can be made");
    return out;
}

static bool check_payloads(struct tb_judging *j)
{
    char directory[TB_PATH_MAX];

    for (size_t i = 0; i < j->n && !j->unable; i++) {
        struct tb_set_entry *e = &j->entry[i];
        struct tb_reason why;

        if (e->trusted && !tb_set_payloads(e, j->hasher, directory_of(j, e, directory), &why))
            fault_of(j, e, &why);
    }
    return !j->unable;
}

static void write_services(struct tb_judging *j)
{
    char path[TB_PATH_MAX], text[TB_SET_PACKAGES_MAX * (2 * TB_PKG_NAME_MAX + 2) + 1];
    char err[TB_FILE_ERR_LEN];
    size_t len = 0;

    for (size_t i = 0; i < j->n; i++) {
        const struct tb_manifest *m = &j->entry[i].package->manifest;
        struct tb_reader service;
        struct tb_reason why;

        if (tb_set_service(m, &service, &why) && service.left > 0)
            len += (size_t)snprintf(text + len, sizeof text - len, "%.*s/%.*s\n", (int)m->name.left,
                                    (const char *)m->name.p, (int)service.left,
                                    (const char *)service.p);
    }
    if (!tb_judging_run_path(j, "services", path) ||
        !tb_file_replace(path, tb_slice(text, len), NULL, err))
        (void)tb_judging_unable(j, "services", "a file that can be written");
}

/* ---- what comes out ---- */

static bool record(struct tb_judging *j, const struct tb_record *r)
{
    if (j->to->record == NULL || j->to->record(j->to->ctx, r))
        return true;
    errno = ECANCELED;
    return tb_judging_unable(j, tb_record_kind_name(r->kind), "a record that is taken");
}

static bool record_unclaimed(struct tb_judging *j, const char *path)
{
    char line[TB_RECORD_LINE_MAX];
    struct tb_record r = { .kind = TB_RECORD_UNCLAIMED };

    r.text = tb_record_line(tb_slice(path, strlen(path)), false, line);
    return record(j, &r);
}

static bool record_checked(struct tb_judging *j, const struct tb_set_entry *e)
{
    const struct tb_manifest *m = &e->package->manifest;
    const char *code = e->is_faulty ? tb_check_text(e->fault.check)->code : "pass";
    struct tb_record r = { .kind = TB_RECORD_CHECKED,
                           .name = m->name,
                           .version = m->version,
                           .security_version = m->security_version,
                           .code = tb_slice(code, strlen(code)) };

    return (tb_hash(j->hasher, TB_BANK_SHA512, e->package->manifest_text, r.sha512) ||
            tb_judging_unable(j, "manifest", "a digest")) &&
           record(j, &r);
}

static bool report_entry(struct tb_judging *j, const struct tb_set_entry *e)
{
    const struct tb_package *p = e->package;
    char path[TB_PATH_MAX];
    struct tb_judged told = {
        .file = e->file,
        .manifest = p == NULL ? NULL : &p->manifest,
        .trust = e->trusted ? &e->trust : NULL,
        .signed_s = e->trusted ? p->signatures.signer[e->trust.signer].signed_s : 0,
        .fault = e->is_faulty ? &e->fault : NULL,
    };

    if (j->to->package != NULL)
        j->to->package(j->to->ctx, &told);
    path_of(j, e->file, path);
    return p == NULL ? record_unclaimed(j, path) : record_checked(j, e);
}

static bool report(struct tb_judging *j)
{
    const char *result = j->faults == 0 ? "pass" : "fail";
    struct tb_record verdict = { .kind = TB_RECORD_VERDICT,
                                 .code = tb_slice(result, strlen(result)),
                                 .faults = j->faults };
    bool ok = true;

    for (size_t i = 0; ok && i < j->n; i++) {
        ok = report_entry(j, &j->entry[i]);
        verdict.size += j->entry[i].package != NULL;
    }
    for (size_t i = 0; ok && i < j->n_unclaimed; i++)
        ok = record_unclaimed(j, j->unclaimed[i]);
    return ok && record(j, &verdict);
}

static bool judge(struct tb_judging *j)
{
    if (j->hasher == NULL || j->unclaimed == NULL)
        return tb_judging_unable(j, "start", "memory");
    if (!open_set(j) || !read_revocations(j))
        return false;
    find_level(j);
    verify_signatures(j);
    check_together(j);
    if (!make_software(j))
        return tb_judging_unable(j, "software", "a directory that can be made");
    if (!check_payloads(j) || !tb_judge_esp(j) || !tb_judge_state(j))
        return false;
    if (j->faults == 0 && j->q->run != NULL)
        write_services(j);
    return !j->unable && report(j);
}

/* What stays of it nobody starts. */
static void remove_run(const struct tb_judging *j)
{
    char path[TB_PATH_MAX];

    for (size_t i = 0; i < j->n; i++) {
        const struct tb_package *p = j->entry[i].package;

        for (size_t k = 0; p != NULL && k < p->manifest.n_payloads; k++)
            if (snprintf(path, sizeof path, "%s/software/%.*s/%.*s", j->q->run,
                         (int)p->manifest.name.left, (const char *)p->manifest.name.p,
                         (int)p->manifest.payload[k].name.left,
                         (const char *)p->manifest.payload[k].name.p) < (int)sizeof path)
                (void)unlink(path);
        if (p != NULL &&
            snprintf(path, sizeof path, "%s/software/%.*s", j->q->run, (int)p->manifest.name.left,
                     (const char *)p->manifest.name.p) < (int)sizeof path)
            (void)rmdir(path);
    }
    if (tb_judging_run_path(j, "services", path))
        (void)unlink(path);
    if (tb_judging_run_path(j, "software", path))
        (void)rmdir(path);
    if (snprintf(path, sizeof path, "%s/loaders/%s", j->q->run, j->kept) < (int)sizeof path)
        (void)unlink(path);
    if (tb_judging_run_path(j, "loaders", path))
        (void)rmdir(path);
}

enum tb_judgement tb_judge(const struct tb_judge_question *q, const struct tb_judge_to *to,
                           struct tb_reason *why)
{
    struct tb_judging j = {
        .q = q,
        .to = to,
        .rules = { .vendors = q->vendors, .least = q->least },
        .hasher = tb_hasher_new(),
        .unclaimed = calloc(TB_JUDGE_UNCLAIMED_MAX, sizeof *j.unclaimed),
        .why = why,
    };
    bool done = judge(&j);
    enum tb_judgement result = !done           ? TB_JUDGE_UNABLE
                               : j.faults == 0 ? TB_JUDGE_PASS
                                               : TB_JUDGE_FAIL;

    if (result != TB_JUDGE_PASS && q->run != NULL)
        remove_run(&j);
    for (size_t i = 0; i < j.n; i++)
        tb_set_close(&j.entry[i]);
    free(j.entry);
    free(j.unclaimed);
    free(j.list);
    free(j.revocations);
    tb_hasher_free(j.hasher);
    return result;
}
