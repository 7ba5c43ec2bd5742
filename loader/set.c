/* loader/set.c - one boot set: its packages in the order of their files' names, each measured, then
 * verified, then used. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loader/load_internal.h"
#include "pkg/relations.h"

static struct tb_reader text_of(const char *s)
{
    return tb_slice(s, strlen(s));
}

/* ---- faults ---- */

static void tell(const struct tb_loader *l, const char *file, bool goes_on)
{
    const struct tb_check_text *text = tb_check_text(l->fault.check);

    tb_loader_say(l, "set %c: %s: %s%s", l->boot.set, file, text->title,
                  goes_on ? " (Secure Boot is off: going on)" : "");
    tb_loader_say(l, "  at %s: expected %.64s", l->fault.where, l->fault.expected);
    tb_loader_say(l, "  found %.64s", l->fault.observed);
    if (!goes_on)
        tb_loader_say(l, "  what to do: %s", text->next);
}

/* What makes the set impossible to start. Returns false. */
static bool stop(const struct tb_loader *l, const char *file)
{
    tell(l, file, false);
    return false;
}

/* A name that a record can hold. */
static struct tb_reader plain(const char *name, char out[TB_LOADER_NAME_MAX + 1])
{
    size_t n = 0;

    for (; name[n] != '\0' && n < TB_LOADER_NAME_MAX; n++)
        out[n] =
            (char)(tb_lines_is_alnum((uint8_t)name[n]) || strchr("._+-", name[n]) != NULL ? name[n]
                                                                                          : '_');
    return tb_slice(out, n);
}

/* l->fault is told. True: Secure Boot is off, it is measured, and the loading goes on. */
static bool forgiven(struct tb_loader *l)
{
    char name[TB_LOADER_NAME_MAX + 1];
    const struct tb_record r = { .kind = TB_RECORD_UNVERIFIED,
                                 .name = plain(l->at_file, name),
                                 .code = text_of(tb_check_text(l->fault.check)->code) };

    tell(l, l->at_file, !l->enforces);
    return !l->enforces && tb_loader_record(l, TB_PCR_SETTINGS, &r);
}

/* ---- the folder ---- */

static bool is_package_file(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".tbp") == 0;
}

/* Sorted in; what there is no room for is only counted. */
static void take_name(void *arg, const char *name)
{
    struct tb_loader *l = arg;
    size_t i = l->n_files;

    if (!is_package_file(name) || l->n_files > TB_SET_PACKAGES_MAX)
        return;
    l->n_files++;
    if (i == TB_SET_PACKAGES_MAX)
        return;
    for (; i > 0 && strcmp(l->file[i - 1], name) > 0; i--)
        memcpy(l->file[i], l->file[i - 1], sizeof l->file[i]);
    snprintf(l->file[i], sizeof l->file[i], "%s", name);
}

size_t tb_loader_list(struct tb_loader *l, char set)
{
    l->n_files = 0;
    return l->ops->list(l->ctx, set, take_name, l) ? l->n_files : 0;
}

static void path_of(const struct tb_loader *l, char out[TB_LOADER_PATH_MAX + 1])
{
    snprintf(out, TB_LOADER_PATH_MAX + 1, "%c/%s", l->boot.set, l->at_file);
}

/* ---- early modules ---- */

static bool is_early(enum tb_payload_kind kind, bool of_base)
{
    return kind == TB_PAYLOAD_INITRD ||
           (of_base && (kind == TB_PAYLOAD_KERNEL || kind == TB_PAYLOAD_ROOT_HASH));
}

static unsigned pcr_of(const struct tb_manifest *m)
{
    return m->kind == TB_PACKAGE_BASE ? TB_PCR_BASE : TB_PCR_OTHERS;
}

/* Where it is used from; the base's come last, since of two files of one name the kernel keeps the
 * later; else the order is that of reading. */
static bool keep(struct tb_loader *l, const struct tb_payload *p, const struct tb_module *m)
{
    struct tb_boot *b = &l->boot;
    size_t i = b->n_modules;

    if (p->kind == TB_PAYLOAD_KERNEL) {
        if (b->kernel.p != NULL)
            return tb_refuse(&l->fault, TB_CHECK_PACKAGE_FORMAT, "payloads", "one kernel", "two");
        b->kernel = *m;
        return true;
    }
    if (i == TB_LOADER_MODULES_MAX)
        return tb_refuse(&l->fault, TB_CHECK_PACKAGE_FORMAT, "payloads of the set",
                         "at most 64 early ones", "more");
    for (; !m->of_base && i > 0 && b->module[i - 1].of_base; i--)
        b->module[i] = b->module[i - 1];
    b->module[i] = *m;
    b->n_modules++;
    return true;
}

static bool same_digests(struct tb_loader *l, const struct tb_payload *p, const struct tb_record *r)
{
    char where[TB_PKG_NAME_MAX + 1], expected[132], observed[132];

    if (memcmp(r->sha512, p->sha512, 64) == 0 && memcmp(r->sha256, p->sha256, 32) == 0)
        return true;
    snprintf(where, sizeof where, "%.*s", (int)p->name.left, (const char *)p->name.p);
    tb_hex(tb_slice(p->sha512, 64), expected, sizeof expected);
    tb_hex(tb_slice(r->sha512, 64), observed, sizeof observed);
    return tb_refuse(&l->fault, TB_CHECK_PACKAGE_PAYLOAD, where, expected, "%s", observed);
}

/* Measured with the digests that its bytes have, whatever the manifest says. */
static bool measure_module(struct tb_loader *l, const struct tb_payload *p, struct tb_reader bytes)
{
    const struct tb_manifest *m = &l->package.manifest;
    struct tb_record r = { .kind = TB_RECORD_MODULE,
                           .payload_kind = p->kind,
                           .name = m->name,
                           .version = m->version,
                           .file = p->name,
                           .size = bytes.left };

    return tb_loader_hash(l, TB_BANK_SHA512, bytes, r.sha512, sizeof r.sha512) &&
           tb_loader_hash(l, TB_BANK_SHA256, bytes, r.sha256, sizeof r.sha256) &&
           tb_loader_record(l, pcr_of(m), &r) && (same_digests(l, p, &r) || forgiven(l));
}

static bool load_module(struct tb_loader *l, const struct tb_payload *p, uint64_t at)
{
    char path[TB_LOADER_PATH_MAX + 1];
    struct tb_module m;

    path_of(l, path);
    if (!tb_loader_read(l, path, at, p->size, &m, &l->fault))
        return stop(l, l->at_file);
    m.of_base = l->package.manifest.kind == TB_PACKAGE_BASE;
    if (!measure_module(l, p, tb_slice(m.p, m.len))) {
        tb_loader_give_back(l, &m);
        return false;
    }
    if (!keep(l, p, &m)) {
        tb_loader_give_back(l, &m);
        return stop(l, l->at_file);
    }
    return true;
}

static bool load_modules(struct tb_loader *l)
{
    const struct tb_manifest *m = &l->package.manifest;
    uint64_t at = tb_member_len(l->package.manifest_text.left) +
                  tb_member_len(l->package.signature_bytes.left);

    for (size_t i = 0; i < m->n_payloads; i++) {
        if (is_early(m->payload[i].kind, m->kind == TB_PACKAGE_BASE) &&
            !load_module(l, &m->payload[i], at + TB_BLOCK_LEN))
            return false;
        at += tb_member_len(m->payload[i].size);
    }
    return true;
}

/* ---- a package ---- */

static bool open_package(struct tb_loader *l)
{
    char path[TB_LOADER_PATH_MAX + 1];
    uint64_t size, start = l->ops->time_us(l->ctx);
    size_t len;

    path_of(l, path);
    if (l->ops->file_size(l->ctx, path, &size) != TB_FILE_OK)
        return tb_refuse(&l->fault, TB_CHECK_PACKAGE_FORMAT, "file", "one that can be read",
                         "a failure of the medium");
    len = size < sizeof l->prefix ? (size_t)size : sizeof l->prefix;
    if (!l->ops->file_read(l->ctx, path, 0, l->prefix, len))
        return tb_refuse(&l->fault, TB_CHECK_PACKAGE_FORMAT, "file", "one that can be read",
                         "a failure of the medium");
    l->stage_us[TB_STAGE_READ] += l->ops->time_us(l->ctx) - start;
    return tb_package_open(tb_slice(l->prefix, len), &l->package, &l->fault);
}

static bool measure_package(struct tb_loader *l)
{
    const struct tb_manifest *m = &l->package.manifest;
    struct tb_record r = { .kind = TB_RECORD_PACKAGE,
                           .name = m->name,
                           .version = m->version,
                           .security_version = m->security_version,
                           .package_kind = m->kind,
                           .size = l->package.manifest_text.left };

    return tb_loader_hash(l, TB_BANK_SHA512, l->package.manifest_text, r.sha512, sizeof r.sha512) &&
           tb_loader_hash(l, TB_BANK_SHA256, l->package.manifest_text, r.sha256, sizeof r.sha256) &&
           tb_loader_record(l, pcr_of(m), &r);
}

static bool name_fits(struct tb_loader *l)
{
    const struct tb_manifest *m = &l->package.manifest;
    char expected[TB_LOADER_NAME_MAX + 1];

    snprintf(expected, sizeof expected, "%.*s_%.*s.tbp", (int)m->name.left, (const char *)m->name.p,
             (int)m->version.left, (const char *)m->version.p);
    return strcmp(expected, l->at_file) == 0 ||
           tb_refuse(&l->fault, TB_CHECK_PACKAGE_FORMAT, "name of the file", expected, "%s",
                     l->at_file);
}

static bool not_rolled_back(struct tb_loader *l)
{
    const struct tb_manifest *m = &l->package.manifest;
    const uint32_t least = tb_minimum_of(&l->minimum, m->name);
    char expected[48];

    snprintf(expected, sizeof expected, "at least %" PRIu32, least);
    return m->security_version >= least ||
           tb_refuse(&l->fault, TB_CHECK_PACKAGE_ROLLED_BACK, "security version", expected,
                     "%" PRIu32, m->security_version);
}

static bool verify_package(struct tb_loader *l)
{
    const struct tb_package_rules rules = { l->vendors, l->revoked, TB_LEVEL_COMMUNITY };
    struct tb_record r = { .kind = TB_RECORD_SIGNER, .name = l->package.manifest.name };
    uint64_t start = l->ops->time_us(l->ctx);
    struct tb_package_trust trust;
    bool ok = tb_package_verify(&l->package, &rules, &trust, &l->fault);

    l->stage_us[TB_STAGE_VERIFY] += l->ops->time_us(l->ctx) - start;
    if (!ok)
        return forgiven(l);
    memcpy(r.sha256, trust.who.key_sha256[0], sizeof r.sha256);
    return tb_loader_record(l, TB_PCR_SETTINGS, &r);
}

/* What the base package alone tells. */
static void take_base(struct tb_loader *l)
{
    const struct tb_manifest *m = &l->package.manifest;

    l->has_base = true;
    l->base_level = m->level;
    for (size_t i = 0; i < m->n_options; i++)
        if (tb_lines_text_is(m->option[i].name, "cmdline"))
            snprintf(l->signed_options, sizeof l->signed_options, "%.*s",
                     (int)m->option[i].value.left, (const char *)m->option[i].value.p);
}

/* Among those that were read so far. */
static bool is_alone(struct tb_loader *l)
{
    const struct tb_manifest *m = &l->package.manifest;

    if (m->kind == TB_PACKAGE_BASE && l->has_base)
        return tb_refuse(&l->fault, TB_CHECK_PACKAGE_DUPLICATE, "base packages", "one", "two");
    for (size_t i = 0; i < l->seen.n; i++)
        if (tb_lines_text_is(m->name, l->seen.package[i].name))
            return tb_refuse(&l->fault, TB_CHECK_PACKAGE_DUPLICATE, "name", "each name once",
                             "%s twice", l->seen.package[i].name);
    return true;
}

static bool load_package(struct tb_loader *l, size_t at)
{
    const struct tb_manifest *m = &l->package.manifest;

    if (!open_package(l))
        return forgiven(l);
    if (!measure_package(l))
        return false;
    if (!is_alone(l))
        return forgiven(l); /* of the second, nothing is used */
    if ((!name_fits(l) && !forgiven(l)) || !verify_package(l) ||
        (!not_rolled_back(l) && !forgiven(l)))
        return false;
    if (m->kind == TB_PACKAGE_BASE)
        take_base(l);
    l->level[at] = m->level;
    l->early_level[at] = tb_relations_early_level(m);
    return tb_minimum_raise(&l->seen, m->name, m->security_version) && load_modules(l);
}

/* ---- the set ---- */

/* What the base package's command line asks of all. */
static bool level_holds(struct tb_loader *l, enum tb_level level)
{
    const enum tb_level least = tb_relations_least_level(text_of(l->signed_options));

    return level <= least || tb_refuse(&l->fault, TB_CHECK_PACKAGE_LEVEL, "level",
                                       tb_level_name(least), "%s", tb_level_name(level));
}

/* The whole set is read: what the base package asks for is known, wherever its file stands. */
static bool levels_hold(struct tb_loader *l)
{
    for (size_t i = 0; i < l->n_files; i++) {
        l->at_file = l->file[i];
        if ((!level_holds(l, l->level[i]) ||
             !tb_relations_early_holds(l->early_level[i], l->base_level, &l->fault)) &&
            !forgiven(l))
            return false;
    }
    return true;
}

static bool load_packages(struct tb_loader *l)
{
    if (tb_loader_list(l, l->boot.set) > TB_SET_PACKAGES_MAX) {
        tb_refuse(&l->fault, TB_CHECK_PACKAGE_FORMAT, "packages of the set", "at most 64", "more");
        return stop(l, "folder");
    }
    for (size_t i = 0; i < l->n_files; i++) {
        l->at_file = l->file[i];
        if (!load_package(l, i))
            return false;
    }
    if (l->boot.kernel.p != NULL)
        return levels_hold(l);
    tb_refuse(&l->fault, TB_CHECK_PACKAGE_REQUIRED, "base package", "one with a kernel", "none");
    return stop(l, "folder");
}

static bool command_line(struct tb_loader *l)
{
    struct tb_record r = { .kind = TB_RECORD_COMMAND_LINE };

    if (!tb_boot_command_line(text_of(l->signed_options), l->conf.append, l->boot.set,
                              l->boot.command_line, &l->fault))
        return stop(l, "command line");
    r.text = text_of(l->boot.command_line);
    return tb_loader_record(l, TB_PCR_SETTINGS, &r);
}

/* The set's beginning and end, in each PCR that tells of it. */
static bool bound(struct tb_loader *l, enum tb_record_kind kind)
{
    const struct tb_record r = { .kind = kind, .set = l->boot.set };

    return tb_loader_record(l, TB_PCR_BASE, &r) && tb_loader_record(l, TB_PCR_OTHERS, &r) &&
           tb_loader_record(l, TB_PCR_SETTINGS, &r);
}

void tb_loader_drop(struct tb_loader *l)
{
    tb_loader_give_back(l, &l->boot.kernel);
    while (l->boot.n_modules > 0)
        tb_loader_give_back(l, &l->boot.module[--l->boot.n_modules]);
    memset(&l->boot, 0, sizeof l->boot);
    memset(&l->seen, 0, sizeof l->seen);
    memset(l->signed_options, 0, sizeof l->signed_options);
    /* TB_LEVEL_CERTIFIED: neither a level nor anything early is amiss. */
    memset(l->level, 0, sizeof l->level);
    memset(l->early_level, 0, sizeof l->early_level);
    l->has_base = false;
}

bool tb_loader_set(struct tb_loader *l, char set)
{
    tb_loader_drop(l);
    l->boot.set = set;
    if (!bound(l, TB_RECORD_SET) || !load_packages(l))
        return false;
    if (!tb_pe_parse(tb_slice(l->boot.kernel.p, l->boot.kernel.len), &l->boot.kernel_image,
                     &l->fault))
        return stop(l, "kernel");
    return command_line(l) && tb_loader_raise_minimum(l) && bound(l, TB_RECORD_END);
}
