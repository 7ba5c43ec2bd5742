#include "tests/unit/judge_world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tb_reader text(const char *s)
{
    return tb_slice(s, strlen(s));
}

/* ---- files ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void full_path(const struct judge_world *w, const char *path, char out[512])
{
    assert_true(snprintf(out, 512, "%s/%s", w->dir, path) < 512);
}

void world_write(struct judge_world *w, const char *path, struct tb_reader content)
{
    char full[512];
    FILE *f;

    full_path(w, path, full);
    for (char *slash = strchr(full + strlen(w->dir) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    f = fopen(full, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(content.p, 1, content.left, f), content.left);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(full, 0644), 0);
}

void world_put(struct judge_world *w, const char *path, const char *content)
{
    world_write(w, path, text(content));
}

void world_remove(struct judge_world *w, const char *path)
{
    char full[512];

    full_path(w, path, full);
    assert_int_equal(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

size_t world_read(const struct judge_world *w, const char *path, char *out, size_t cap)
{
    char full[512];
    FILE *f;
    size_t n;

    full_path(w, path, full);
    f = fopen(full, "r");
    assert_non_null(f);
    n = fread(out, 1, cap - 1, f);
    out[n] = '\0';
    fclose(f);
    return n;
}

bool world_has(const struct judge_world *w, const char *path)
{
    char full[512];
    struct stat st;

    full_path(w, path, full);
    return lstat(full, &st) == 0;
}

/* ---- packages ---- */

void world_manifest(struct judge_world *w, const char *name)
{
    *w->manifest = (struct tb_manifest){
        .name = text(name),
        .version = text("1.0"),
        .security_version = 3,
        .vendor = text("Example Inc."),
        .built_s = PACKAGE_NOW_S,
        .level = TB_LEVEL_CERTIFIED,
        .kind = TB_PACKAGE_SOFTWARE,
        .n_payloads = 1,
        .payload[0] = { .kind = TB_PAYLOAD_FILE, .name = text("run") },
    };
}

void world_package(struct judge_world *w, const char *file, const struct test_vendor *v,
                   const struct tb_reader *content)
{
    const struct tb_manifest *m = w->manifest;
    char path[256];

    test_package_of(w->package, w->manifest, content, v);
    if (file != NULL)
        snprintf(path, sizeof path, "esp/trueboot/a/%s", file);
    else
        snprintf(path, sizeof path, "esp/trueboot/a/%.*s_%.*s.tbp", (int)m->name.left,
                 (const char *)m->name.p, (int)m->version.left, (const char *)m->version.p);
    world_write(w, path, tb_slice(w->package->bytes, w->package->len));
}

void world_software(struct judge_world *w, const struct test_vendor *v)
{
    const struct tb_reader content = text("#!/bin/sh\necho hello\n");

    world_package(w, NULL, v, &content);
}

void world_verbose(struct judge_world *w, const char *name)
{
    static char names[TB_PKG_OPTIONS_MAX][8], value[1000];

    memset(value, 'x', sizeof value);
    world_manifest(w, name);
    for (size_t i = 0; i < TB_PKG_OPTIONS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "o%02zu", i);
        w->manifest->option[i] =
            (struct tb_package_option){ .name = text(names[i]), .value = tb_slice(value, 1000) };
    }
    w->manifest->n_options = TB_PKG_OPTIONS_MAX;
    world_software(w, w->ours);
}

void world_base(struct judge_world *w, const char *command_line)
{
    static uint8_t image[300000]; /* more than one piece */
    const struct tb_reader content[] = { text("initrd"), tb_slice(image, sizeof image) };

    memset(image, 0x5a, sizeof image);
    world_manifest(w, "base");
    w->manifest->kind = TB_PACKAGE_BASE;
    w->manifest->n_options = 1;
    w->manifest->option[0] =
        (struct tb_package_option){ .name = text("cmdline"), .value = text(command_line) };
    w->manifest->n_payloads = 2;
    w->manifest->payload[0] =
        (struct tb_payload){ .kind = TB_PAYLOAD_INITRD, .name = text("initrd") };
    w->manifest->payload[1] =
        (struct tb_payload){ .kind = TB_PAYLOAD_SYSTEM, .name = text("system.img") };
    world_package(w, NULL, w->ours, content);
}

static void put_loader(struct judge_world *w)
{
    uint8_t image[4096];
    const struct tb_reader content = tb_slice(image, test_pe_build(image));

    world_manifest(w, "trueboot-loader");
    w->manifest->payload[0] =
        (struct tb_payload){ .kind = TB_PAYLOAD_EFI, .name = text("trueboot.efi") };
    world_package(w, NULL, w->ours, &content);
    world_write(w, "esp/EFI/BOOT/BOOTX64.EFI", content);
}

static void put_hello(struct judge_world *w)
{
    world_manifest(w, "hello");
    w->manifest->n_options = 1;
    w->manifest->option[0] =
        (struct tb_package_option){ .name = text("service"), .value = text("run") };
    world_software(w, w->ours);
}

/* Keys cost more than judgements: made once, for all worlds of a program. */
static void take_vendors(struct judge_world *w)
{
    static struct test_vendor *ours, *other, *weak;

    if (ours == NULL) {
        ours = test_vendor_new("certified");
        other = test_vendor_new("certified");
        weak = test_vendor_new("partner");
    }
    w->ours = ours;
    w->other = other;
    w->weak = weak;
}

struct judge_world *judge_world_new(void)
{
    struct judge_world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    take_vendors(w);
    w->vendors = test_vendors_of(w->ours, w->weak);
    assert_true(tb_vendors_count(w->vendors) == 2);
    w->package = malloc(sizeof *w->package);
    w->manifest = malloc(sizeof *w->manifest);
    snprintf(w->dir, sizeof w->dir, "/tmp/trueboot-judge-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->esp, sizeof w->esp, "%s/esp", w->dir);
    snprintf(w->state, sizeof w->state, "%s/state", w->dir);
    assert_int_equal(mkdir(w->state, 0755), 0);
    w->question = (struct tb_judge_question){ .esp = w->esp,
                                              .set = 'a',
                                              .state = w->state,
                                              .vendors = w->vendors,
                                              .least = TB_LEVEL_COMMUNITY,
                                              .run = w->dir };
    w->records_max = WORLD_TOLD_MAX;
    world_base(w, "quiet");
    put_loader(w);
    put_hello(w);
    world_put(w, "esp/trueboot/boot.conf", "trueboot-boot 1\ndefault a\nend\n");
    return w;
}

void judge_world_free(struct judge_world *w)
{
    assert_int_equal(nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    tb_vendors_free(w->vendors);
    free(w->package);
    free(w->manifest);
    free(w);
}

/* ---- the judgement ---- */

static void take_package(void *ctx, const struct tb_judged *p)
{
    struct judge_world *w = ctx;

    assert_non_null(p->file);
    assert_true(p->manifest != NULL || p->fault != NULL);
    w->n_packages++;
}

static void take_fault(void *ctx, const char *path, const struct tb_reason *why)
{
    struct judge_world *w = ctx;

    if (w->n_faults == WORLD_TOLD_MAX)
        return;
    assert_string_not_equal(why->where, "");
    snprintf(w->path[w->n_faults], sizeof w->path[0], "%.255s", path);
    w->fault[w->n_faults++] = *why;
}

/* Every record is one that can be written and read again. */
static bool take_record(void *ctx, const struct tb_record *r)
{
    struct judge_world *w = ctx;
    uint8_t bytes[TB_RECORD_LEN_MAX];
    size_t len, n = w->n_records;
    struct tb_record again;
    struct tb_reason why;
    char *digest;

    if (n == w->records_max)
        return false;
    assert_true(tb_record_print(r, bytes, sizeof bytes, &len));
    assert_true(tb_record_parse(tb_slice(bytes, len), &again, &why));
    snprintf(w->record[n], sizeof w->record[0], "%.*s", (int)len - 9, (char *)bytes + 8);
    digest = r->kind == TB_RECORD_CHECKED ? strrchr(w->record[n], ' ') - 128 : NULL;
    if (digest != NULL) /* "checked hello 1.0 3 pass" */
        memmove(digest, digest + 129, strlen(digest + 129) + 1);
    w->n_records++;
    return true;
}

void world_judge(struct judge_world *w)
{
    const struct tb_judge_to to = {
        .ctx = w, .package = take_package, .fault = take_fault, .record = take_record
    };

    if (world_has(w, "software"))
        world_remove(w, "software"), world_remove(w, "services");
    if (world_has(w, "loaders"))
        world_remove(w, "loaders");
    w->n_records = w->n_faults = w->n_packages = 0;
    w->judgement = tb_judge(&w->question, &to, &w->why);
    assert_true(world_has(w, "software") ==
                (w->judgement == TB_JUDGE_PASS && w->question.run != NULL));
    assert_true(world_has(w, "services") == world_has(w, "software"));
}

void world_passes(struct judge_world *w)
{
    world_judge(w);
    if (w->judgement == TB_JUDGE_UNABLE)
        fail_msg("unable: %s: %s: %s", w->why.where, w->why.expected, w->why.observed);
    if (w->n_faults > 0)
        fail_msg("%s: %s: %s: expected %s, found %s", w->path[0],
                 tb_check_text(w->fault[0].check)->code, w->fault[0].where, w->fault[0].expected,
                 w->fault[0].observed);
    assert_int_equal(w->judgement, TB_JUDGE_PASS);
    assert_memory_equal(w->record[w->n_records - 1], "verdict pass ", 13);
}

void world_fails(struct judge_world *w, enum tb_check check, const char *path, const char *record)
{
    bool found = false;

    world_judge(w);
    if (w->judgement == TB_JUDGE_UNABLE)
        fail_msg("unable: %s: %s: %s", w->why.where, w->why.expected, w->why.observed);
    assert_int_equal(w->judgement, TB_JUDGE_FAIL);
    for (size_t i = 0; i < w->n_faults; i++)
        if (w->n_faults != 1 || w->fault[i].check != check || strcmp(w->path[i], path) != 0)
            print_message("%s: %s: %s: expected %s, found %s\n", w->path[i],
                          tb_check_text(w->fault[i].check)->code, w->fault[i].where,
                          w->fault[i].expected, w->fault[i].observed);
    assert_int_equal(w->n_faults, 1);
    assert_int_equal(w->fault[0].check, check);
    assert_string_equal(w->path[0], path);
    for (size_t i = 0; i < w->n_records; i++)
        found = found || strcmp(w->record[i], record) == 0;
    for (size_t i = 0; i < w->n_records && !found; i++)
        print_message("record: %s\n", w->record[i]);
    assert_true(found);
    assert_memory_equal(w->record[w->n_records - 1], "verdict fail ", 13);
}

void world_kept_loader(const struct judge_world *w, const char *file)
{
    struct tb_package *p = malloc(sizeof *p);
    char kept[TB_PACKAGE_METADATA_MAX + 1];
    struct tb_reason why;
    char path[256];
    size_t len;

    assert_non_null(p);
    snprintf(path, sizeof path, "loaders/%s", file);
    assert_true(tb_package_open(tb_slice(w->package->bytes, w->package->len), p, &why));
    len = world_read(w, path, kept, sizeof kept);
    assert_int_equal(len, w->package->len - p->rest.left);
    assert_memory_equal(kept, w->package->bytes, len);
    free(p);
}
