/* Bytes become changes of a good machine's disk: under Secure Boot, what is started was signed and
 * measured, whatever boot.conf and packages are; never a crash, and nothing taken stays.
 *
 * Input: one byte of switches, then edits: file, kind, offset (u16), length (u16), bytes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/loader_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES 9
#define SIGNED_MAX 16

static const char *const paths[FILES] = {
    "boot.conf",    "a/base_1.tbp", "a/an-extra_1.tbp", "a/plain_1.tbp", "b/base_1.tbp",
    "a/free_1.tbp", "revocations",  "revocations.sig",  "b/plain_1.tbp",
};

/* The machine as it was made, and the content of what is signed on it. */
static struct {
    struct world *w;
    struct world_file file[WORLD_FILES_MAX];
    size_t n_files, n_signed;
    struct tb_module content[SIGNED_MAX];
} good;

static void remember_content(const struct tb_module *m)
{
    assert(good.n_signed < SIGNED_MAX);
    good.content[good.n_signed++] = (struct tb_module){ test_memdup(m->p, m->len), m->len, false };
}

static void make_good(void)
{
    struct world *w = good.w = world_new();

    world_good(w, 'a');
    world_good(w, 'b');
    world_put(w, "b/an-extra_1.tbp", NULL, 0);
    world_put(w, "b/plain_1.tbp", NULL, 0);
    assert(world_boot(w));
    remember_content(&w->l->boot.kernel);
    for (size_t i = 0; i < w->l->boot.n_modules; i++)
        remember_content(&w->l->boot.module[i]);
    memcpy(good.file, w->file, sizeof good.file);
    good.n_files = w->n_files;
}

/* Each run has files of its own. */
static void restore(struct world *w)
{
    memset(w->file, 0, sizeof w->file);
    for (w->n_files = 0; w->n_files < good.n_files; w->n_files++) {
        w->file[w->n_files] = good.file[w->n_files];
        w->file[w->n_files].p = test_memdup(good.file[w->n_files].p, good.file[w->n_files].len);
    }
    memset(w->variable, 0, sizeof w->variable);
    w->measure_fails_at = w->log_is_full_at = w->take_fails_at = 0;
}

static void edit(struct world *w, const char *path, uint8_t kind, size_t at, struct tb_reader bytes)
{
    struct world_file *f = world_file(w, path);

    if (f == NULL || kind % 4 == 0) {
        world_put(w, path, bytes.left != 0 ? bytes.p : (const uint8_t *)"", bytes.left);
        return;
    }
    if (at > f->len)
        at = f->len;
    if (kind % 4 == 1)
        f->len = at;
    else if (kind % 4 == 2)
        world_put(w, path, NULL, 0);
    else
        memcpy(f->p + at, bytes.p, bytes.left < f->len - at ? bytes.left : f->len - at);
}

static void apply(struct world *w, struct tb_reader in)
{
    struct tb_reader bytes;
    uint16_t at, len;
    uint8_t file, kind;

    while (tb_read_u8(&in, &file) && tb_read_u8(&in, &kind) && tb_read_u16be(&in, &at) &&
           tb_read_u16be(&in, &len) && tb_read_slice(&in, len < in.left ? len : in.left, &bytes))
        edit(w, paths[file % FILES], kind, at, bytes);
}

static bool is_signed(const struct tb_module *m)
{
    for (size_t i = 0; i < good.n_signed; i++)
        if (tb_slice_equal(tb_slice(m->p, m->len),
                           tb_slice(good.content[i].p, good.content[i].len)))
            return true;
    return false;
}

static bool is_measured(const struct world *w, const struct tb_module *m)
{
    struct tb_hasher *h = tb_hasher_new();
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_record r;
    struct tb_reason why;
    bool found = false;

    assert(tb_hash(h, TB_BANK_SHA512, tb_slice(m->p, m->len), digest));
    for (size_t i = 0; i < w->n_records && !found; i++)
        found = tb_record_parse(tb_slice(w->record[i].event, w->record[i].len), &r, &why) &&
                r.kind == TB_RECORD_MODULE && memcmp(r.sha512, digest, 64) == 0;
    tb_hasher_free(h);
    return found;
}

static void check_module(const struct world *w, const struct tb_module *m)
{
    assert(is_measured(w, m));
    assert(strcmp(w->secure_boot, "on") != 0 || is_signed(m));
}

static void check_started(const struct world *w)
{
    const struct tb_boot *b = &w->l->boot;

    check_module(w, &b->kernel);
    for (size_t i = 0; i < b->n_modules; i++)
        check_module(w, &b->module[i]);
    assert(w->n_records > 3 &&
           strncmp((const char *)w->record[w->n_records - 1].event + 8, "end ", 4) == 0);
    for (size_t i = 0; i < w->n_records && strcmp(w->secure_boot, "on") == 0; i++)
        assert(strncmp((const char *)w->record[i].event + 8, "unverified ", 11) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reader in = tb_slice(data, size);
    uint8_t switches = 0;
    struct world *w;

    if (good.w == NULL)
        make_good();
    w = good.w;
    restore(w);
    (void)!tb_read_u8(&in, &switches);
    w->secure_boot = (switches & 1) != 0 ? "off" : "on";
    if ((switches & 2) != 0)
        w->measure_fails_at = switches >> 3;
    if ((switches & 4) != 0)
        w->take_fails_at = switches >> 3;
    apply(w, in);
    if (world_boot(w))
        check_started(w);
    else
        assert(w->l->boot.kernel.p == NULL && w->l->boot.n_modules == 0);
    world_give_back(w);
    assert(w->held == 0);
    for (size_t i = 0; i < w->n_files; i++)
        free(w->file[i].p);
    return 0;
}
