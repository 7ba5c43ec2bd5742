/* tools/pkg/predict_loader.c - the loader's code over a directory, as it would run at boot. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/load.h"
#include "tools/pkg/predict.h"

struct world {
    struct prediction *p;
    const struct tool_esp *esp;
    const struct current_boot *now;
    bool has_conf; /* boot.conf is this text and not the file */
    char conf[TB_BOOTCONF_LEN_MAX];
    size_t conf_len;
    bool failed; /* not for what is on the partition */
};

/* ---- what the loader asks for ---- */

static bool path_of(const struct world *w, const char *below, char out[ESP_PATH_MAX])
{
    char full[TB_LOADER_PATH_MAX + 16];

    snprintf(full, sizeof full, "trueboot/%s", below);
    return tool_esp_path(w->esp, full, out);
}

static bool is_conf(const struct world *w, const char *path)
{
    return w->has_conf && strcmp(path, "boot.conf") == 0;
}

static enum tb_loader_file file_size(void *ctx, const char *path, uint64_t *out)
{
    const struct world *w = ctx;
    char full[ESP_PATH_MAX];
    struct stat st;

    if (is_conf(w, path)) {
        *out = w->conf_len;
        return TB_FILE_OK;
    }
    if (!path_of(w, path, full) || stat(full, &st) != 0)
        return TB_FILE_ABSENT;
    *out = (uint64_t)st.st_size;
    return S_ISREG(st.st_mode) ? TB_FILE_OK : TB_FILE_FAILED;
}

static bool file_read(void *ctx, const char *path, uint64_t at, void *out, size_t len)
{
    const struct world *w = ctx;
    char full[ESP_PATH_MAX];
    size_t done = 0;
    ssize_t n = 1;
    int fd;

    if (is_conf(w, path)) {
        memcpy(out, w->conf + at, len);
        return true;
    }
    fd = path_of(w, path, full) ? open(full, O_RDONLY | O_CLOEXEC) : -1;
    for (; fd >= 0 && done < len && n > 0; done += (size_t)n)
        n = pread(fd, (uint8_t *)out + done, len - done, (off_t)(at + done));
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0 && n > 0 && done == len;
}

static bool list(void *ctx, char set, void (*each)(void *arg, const char *name), void *arg)
{
    const char below[] = { set, '\0' };
    const struct world *w = ctx;
    char full[ESP_PATH_MAX];
    const struct dirent *d;
    DIR *dir = path_of(w, below, full) ? opendir(full) : NULL;

    if (dir == NULL)
        return false;
    while ((d = readdir(dir)) != NULL)
        each(arg, d->d_name);
    (void)closedir(dir);
    return true;
}

static void *take(void *ctx, size_t len)
{
    (void)ctx;
    return malloc(len);
}

static void give_back(void *ctx, void *p, size_t len)
{
    (void)ctx;
    (void)len;
    free(p);
}

static enum tb_measured measure(void *ctx, unsigned pcr, struct tb_reader event)
{
    struct world *w = ctx;

    if (predict_record(w->p, pcr, "loader", event))
        return TB_MEASURED;
    w->failed = true;
    return TB_MEASURE_FAILED;
}

static const char *secure_boot(void *ctx)
{
    const struct world *w = ctx;

    return w->now->secure_boot[0] != '\0' ? w->now->secure_boot : "on";
}

static void asset_tag(void *ctx, char *out, size_t cap)
{
    const struct world *w = ctx;

    snprintf(out, cap, "%s", strcmp(w->now->asset_tag, "-") == 0 ? "" : w->now->asset_tag);
}

/* What the loader keeps out of reach is not known; what it tried, the log of that boot tells. */
static enum tb_loader_file variable_get(void *ctx, enum tb_loader_variable v, uint8_t *out,
                                        size_t cap, size_t *out_len)
{
    const struct world *w = ctx;
    struct tb_reader parts[2];
    uint8_t digest[TB_DIGEST_MAX];

    if (v != TB_VARIABLE_TRIED || !w->now->tried || cap < 32)
        return TB_FILE_ABSENT;
    parts[0] = tb_slice(w->now->tried_conf, w->now->tried_conf_len);
    parts[1] = tb_slice(&w->now->tried_set, 1);
    if (!tb_hash_parts(w->p->h, TB_BANK_SHA256, parts, 2, digest))
        return TB_FILE_FAILED;
    memcpy(out, digest, 32);
    *out_len = 32;
    return TB_FILE_OK;
}

static bool variable_set(void *ctx, enum tb_loader_variable v, struct tb_reader value)
{
    (void)ctx;
    (void)v;
    (void)value;
    return true;
}

static void say(void *ctx, const char *line)
{
    char text[TOOL_SHOWN_MAX];

    (void)ctx;
    tool_shown(line, text);
    fprintf(stderr, "loader: %s\n", text);
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

/* ---- the vendors that the program carries ---- */

static bool read_vendors(struct tb_loader *l, struct tb_reader program, struct tb_vendors *vendors)
{
    struct tb_reader section = tb_slice(NULL, 0);
    struct tb_reason why;
    struct tb_pe pe;

    if (!tb_pe_parse(program, &pe, &why))
        return tool_refused(ESP_LOADER, &why), false;
    for (size_t i = 0; i < pe.n_sections; i++)
        if (strcmp(pe.section[i].name, ".vendor") == 0)
            section = tb_slice(program.p + pe.section[i].offset, pe.section[i].size);
    if (!tb_vendor_certificates(section, l->vendor, &l->n_vendors, &why))
        return tool_refused(ESP_LOADER, &why), false;
    for (size_t i = 0; i < l->n_vendors; i++)
        if (!tb_vendors_add(vendors, l->vendor[i], ".vendor", &why))
            return tool_refused(ESP_LOADER, &why), false;
    return true;
}

/* ---- the kernel ---- */

/* Linux, drivers/firmware/efi/libstub/efi-stub-helper.c, efi_measure_tagged_event(): the digests
 * are over the load options, and over the initrd, themselves. */
static bool kernel_events(struct prediction *p, const struct tb_boot *b)
{
    uint8_t options[2 * sizeof b->command_line];
    size_t n = strlen(b->command_line) + 1, len = tb_initrd_len(b);
    uint8_t *initrd = malloc(len + 1);
    bool ok;

    for (size_t i = 0; i < n; i++) {
        options[2 * i] = (uint8_t)b->command_line[i];
        options[2 * i + 1] = 0;
    }
    if (initrd == NULL)
        return tool_fail(TOOL_USAGE, "out of memory"), false;
    tb_initrd_copy(b, initrd);
    ok = predict_measure(p, PREDICT_PCR_KERNEL, "kernel", "load options",
                         tb_slice(options, 2 * n)) &&
         predict_measure(p, PREDICT_PCR_KERNEL, "kernel", "initrd", tb_slice(initrd, len));
    free(initrd);
    return ok;
}

static void drop(struct tb_boot *b)
{
    free(b->kernel.p);
    for (size_t i = 0; i < b->n_modules; i++)
        free(b->module[i].p);
}

static bool load(struct world *w, struct tb_loader *l, enum tool_exit *code)
{
    bool ok;

    if (!tb_load(l)) {
        *code = w->failed ? TOOL_USAGE : tool_fail(TOOL_REFUSED, "the loader starts nothing");
        return !w->failed;
    }
    w->p->set = l->boot.set;
    ok = kernel_events(w->p, &l->boot);
    drop(&l->boot);
    return ok;
}

/* As if boot.conf named this set. */
static bool choose_set(struct world *w, char set)
{
    struct tb_bootconf conf = w->esp->conf;

    if (set == '\0' || (w->esp->conf_text != NULL && set == conf.start))
        return true;
    conf.start = set;
    w->has_conf = true;
    return tb_bootconf_print(&conf, w->conf, sizeof w->conf, &w->conf_len);
}

bool predict_loader(struct prediction *p, const struct tool_esp *e, char set,
                    const struct current_boot *c, struct tb_reader program,
                    struct tb_vendors **vendors, enum tool_exit *code)
{
    struct tb_loader *l = calloc(1, sizeof *l);
    struct world w = { .p = p, .esp = e, .now = c };
    bool ok = false;

    *code = TOOL_USAGE;
    *vendors = tb_vendors_new();
    if (l == NULL || *vendors == NULL || !choose_set(&w, set)) {
        tool_fail(TOOL_USAGE, "out of memory");
    } else if (!read_vendors(l, program, *vendors)) {
        *code = TOOL_REFUSED;
    } else {
        l->ops = &ops;
        l->ctx = &w;
        l->hasher = p->h;
        l->vendors = *vendors;
        *code = TOOL_OK;
        ok = load(&w, l, code);
    }
    free(l);
    return ok;
}
