#include "tests/unit/loader_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the machine ---- */

struct world_file *world_file(struct world *w, const char *path)
{
    for (size_t i = 0; i < w->n_files; i++)
        if (strcmp(w->file[i].path, path) == 0)
            return &w->file[i];
    return NULL;
}

static enum tb_loader_file file_size(void *ctx, const char *path, uint64_t *out)
{
    const struct world_file *f = world_file(ctx, path);

    if (f == NULL)
        return TB_FILE_ABSENT;
    *out = f->len;
    return TB_FILE_OK;
}

static bool file_read(void *ctx, const char *path, uint64_t at, void *out, size_t len)
{
    const struct world_file *f = world_file(ctx, path);

    if (f == NULL || f->unreadable || at > f->len || len > f->len - at)
        return false;
    if (len != 0)
        memcpy(out, f->p + at, len);
    return true;
}

/* Backwards, since the loader has an order of its own. */
static bool list(void *ctx, char set, void (*each)(void *arg, const char *name), void *arg)
{
    const struct world *w = ctx;
    const char folder[] = { set, '/', '\0' };
    bool found = false;

    for (size_t i = w->n_files; i-- > 0;)
        if (strncmp(w->file[i].path, folder, 2) == 0) {
            found = true;
            each(arg, w->file[i].path + 2);
        }
    return found;
}

static void *take(void *ctx, size_t len)
{
    struct world *w = ctx;

    if (++w->n_taken == w->take_fails_at)
        return NULL;
    w->held += len;
    return malloc(len);
}

static void give_back(void *ctx, void *p, size_t len)
{
    struct world *w = ctx;

    w->held -= len;
    free(p);
}

static enum tb_measured measure(void *ctx, unsigned pcr, struct tb_reader event)
{
    struct world *w = ctx;

    if (++w->n_measured == w->measure_fails_at)
        return TB_MEASURE_FAILED;
    assert_true(w->n_records < WORLD_RECORDS_MAX && event.left <= TB_RECORD_LEN_MAX);
    w->record[w->n_records].pcr = pcr;
    w->record[w->n_records].len = event.left;
    memcpy(w->record[w->n_records++].event, event.p, event.left);
    return w->log_is_full_at != 0 && w->n_measured >= w->log_is_full_at ? TB_MEASURED_LOG_FULL
                                                                        : TB_MEASURED;
}

static const char *secure_boot(void *ctx)
{
    return ((const struct world *)ctx)->secure_boot;
}

static void asset_tag(void *ctx, char *out, size_t cap)
{
    snprintf(out, cap, "%s", ((const struct world *)ctx)->asset_tag);
}

static enum tb_loader_file variable_get(void *ctx, enum tb_loader_variable v, uint8_t *out,
                                        size_t cap, size_t *out_len)
{
    const struct world_variable *x = &((struct world *)ctx)->variable[v];

    if (x->cannot_be_read || x->len > cap)
        return TB_FILE_FAILED;
    if (!x->is_there)
        return TB_FILE_ABSENT;
    memcpy(out, x->value, x->len);
    *out_len = x->len;
    return TB_FILE_OK;
}

static bool variable_set(void *ctx, enum tb_loader_variable v, struct tb_reader value)
{
    struct world_variable *x = &((struct world *)ctx)->variable[v];

    if (x->cannot_be_set)
        return false;
    x->is_there = true;
    x->len = value.left;
    memcpy(x->value, value.p, value.left);
    return true;
}

static void say(void *ctx, const char *line)
{
    struct world *w = ctx;
    size_t n = strlen(w->said);

    snprintf(w->said + n, sizeof w->said - n, "%s\n", line);
}

static uint64_t time_us(void *ctx)
{
    (void)ctx;
    return 0;
}

static const struct tb_loader_ops ops = {
    .file_size = file_size,
    .file_read = file_read,
    .list = list,
    .take = take,
    .give_back = give_back,
    .measure = measure,
    .secure_boot = secure_boot,
    .asset_tag = asset_tag,
    .variable_get = variable_get,
    .variable_set = variable_set,
    .say = say,
    .time_us = time_us,
};

/* Keys take time to make: all worlds have the same. */
static struct test_vendor *vendors[2];

struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->secure_boot = "on";
    w->asset_tag = "rack 7";
    for (size_t i = 0; i < 2; i++)
        if (vendors[i] == NULL)
            vendors[i] = test_vendor_new("certified");
    w->vendor = vendors[0];
    w->stranger = vendors[1];
    w->vendors = test_vendors_of(w->vendor, NULL);
    return w;
}

void world_give_back(struct world *w)
{
    struct tb_boot *b;

    if (w->l == NULL)
        return;
    b = &w->l->boot;
    if (b->kernel.p != NULL)
        give_back(w, b->kernel.p, b->kernel.len);
    while (b->n_modules > 0) {
        b->n_modules--;
        give_back(w, b->module[b->n_modules].p, b->module[b->n_modules].len);
    }
    tb_hasher_free(w->l->hasher);
    free(w->l);
    w->l = NULL;
}

void world_free(struct world *w)
{
    world_give_back(w);
    for (size_t i = 0; i < w->n_files; i++)
        free(w->file[i].p);
    tb_vendors_free(w->vendors);
    free(w);
}

bool world_boot(struct world *w)
{
    bool ok;

    world_give_back(w);
    w->n_measured = w->n_taken = 0;
    w->held = w->n_records = 0;
    w->said[0] = '\0';
    w->l = calloc(1, sizeof *w->l);
    assert_non_null(w->l);
    w->l->ops = &ops;
    w->l->ctx = w;
    w->l->hasher = tb_hasher_new();
    w->l->vendors = w->vendors;
    w->l->vendor[w->l->n_vendors++] = tb_slice("root", 4); /* hashed only */
    ok = tb_load(w->l);
    assert_true(ok || w->held == 0);
    return ok;
}

/* ---- its disk ---- */

void world_put(struct world *w, const char *path, const void *p, size_t len)
{
    struct world_file *f = world_file(w, path);

    if (f == NULL) {
        assert_true(w->n_files < WORLD_FILES_MAX);
        f = &w->file[w->n_files++];
    }
    free(f->p);
    if (p == NULL) {
        *f = w->file[--w->n_files];
        w->file[w->n_files] = (struct world_file){ .path = "" };
        return;
    }
    *f = (struct world_file){ .p = test_memdup(p, len), .len = len };
    snprintf(f->path, sizeof f->path, "%s", path);
}

void world_put_text(struct world *w, const char *path, const char *text)
{
    world_put(w, path, text, strlen(text));
}

void world_conf(struct world *w, const char *lines)
{
    char text[TB_BOOTCONF_LEN_MAX];

    snprintf(text, sizeof text, "trueboot-boot 1\n%send\n", lines);
    world_put_text(w, "boot.conf", text);
}

static void payload(struct tb_manifest *m, enum tb_payload_kind kind, const char *name)
{
    m->payload[m->n_payloads].kind = kind;
    m->payload[m->n_payloads++].name = tb_slice(name, strlen(name));
}

static void describe(struct tb_manifest *m, const char *name, enum tb_package_kind kind)
{
    *m = (struct tb_manifest){ .name = tb_slice(name, strlen(name)),
                               .version = tb_slice("1", 1),
                               .security_version = 3,
                               .vendor = tb_slice("Example Inc.", 12),
                               .built_s = PACKAGE_NOW_S,
                               .level = TB_LEVEL_ACCEPTED,
                               .kind = kind };
}

struct tb_manifest *world_base(void)
{
    static struct tb_manifest m;

    describe(&m, "base", TB_PACKAGE_BASE);
    m.option[m.n_options++] =
        (struct tb_package_option){ tb_slice("cmdline", 7), tb_slice("quiet ro", 8) };
    payload(&m, TB_PAYLOAD_KERNEL, "vmlinuz");
    payload(&m, TB_PAYLOAD_INITRD, "initrd");
    payload(&m, TB_PAYLOAD_ROOT_HASH, "roothash.cpio");
    payload(&m, TB_PAYLOAD_SYSTEM, "system.img");
    return &m;
}

struct tb_manifest *world_extra(void)
{
    static struct tb_manifest m;

    describe(&m, "an-extra", TB_PACKAGE_SOFTWARE);
    payload(&m, TB_PAYLOAD_INITRD, "early.cpio");
    payload(&m, TB_PAYLOAD_FILE, "late");
    return &m;
}

struct tb_manifest *world_plain(void)
{
    static struct tb_manifest m;

    describe(&m, "plain", TB_PACKAGE_SOFTWARE);
    payload(&m, TB_PAYLOAD_FILE, "tool");
    return &m;
}

/* The kernel is a program; of anything else, the content is its name. */
void world_package(struct world *w, char set, struct tb_manifest *m, const struct test_vendor *v)
{
    struct test_package *made = malloc(sizeof *made);
    struct tb_reader content[TB_PAYLOADS_MAX];
    uint8_t kernel[4096];
    char path[160];

    for (size_t i = 0; i < m->n_payloads; i++)
        content[i] = m->payload[i].kind == TB_PAYLOAD_KERNEL
                         ? tb_slice(kernel, test_pe_build(kernel))
                         : m->payload[i].name;
    test_package_of(made, m, content, v);
    snprintf(path, sizeof path, "%c/%.*s_%.*s.tbp", set, (int)m->name.left, (const char *)m->name.p,
             (int)m->version.left, (const char *)m->version.p);
    world_put(w, path, made->bytes, made->len);
    free(made);
}

void world_good(struct world *w, char set)
{
    world_package(w, set, world_base(), w->vendor);
    world_package(w, set, world_extra(), w->vendor);
    world_package(w, set, world_plain(), w->vendor);
    if (world_file(w, "boot.conf") == NULL)
        world_conf(w, "default a\n");
}

/* ---- what was measured ---- */

static bool is_digest(const char *word, size_t len)
{
    return (len == 64 || len == 128) && strspn(word, "0123456789abcdef") >= len;
}

/* Of a file that is made anew each time. */
static bool is_size(const char *word, size_t len)
{
    return len > 2 && strspn(word, "0123456789") >= len;
}

const char *world_records(const struct world *w)
{
    static char text[65536];
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < w->n_records; i++) {
        const char *word = (const char *)w->record[i].event + 8;
        const char *end = memchr(word, '\n', w->record[i].len - 8);

        n += (size_t)snprintf(text + n, sizeof text - n, "%u", w->record[i].pcr);
        for (size_t len; word < end; word += len + (word[len] == ' ')) {
            for (len = 0; word + len < end && word[len] != ' '; len++)
                ;
            if (is_size(word, len))
                n += (size_t)snprintf(text + n, sizeof text - n, " N");
            else if (!is_digest(word, len))
                n += (size_t)snprintf(text + n, sizeof text - n, " %.*s", (int)len, word);
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "\n");
    }
    return text;
}
