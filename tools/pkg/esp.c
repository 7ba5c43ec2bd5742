#include "tools/pkg/esp.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/files.h"

bool tool_esp_path(const struct tool_esp *e, const char *below, char out[ESP_PATH_MAX])
{
    if (snprintf(out, ESP_PATH_MAX, "%s/%s", e->dir, below) < ESP_PATH_MAX)
        return true;
    tool_fail(TOOL_USAGE, "%s: the name is too long", e->dir);
    return false;
}

bool tool_esp_open(const struct tool *t, struct tool_esp *out)
{
    char path[ESP_PATH_MAX], err[TB_FILE_ERR_LEN];
    struct tb_reason why;
    size_t len;

    *out = (struct tool_esp){ .dir = t->option[OPT_ESP], .conf.start = 'a' };
    if (!tool_esp_path(out, "trueboot/boot.conf", path))
        return false;
    switch (tb_file_read(path, TB_BOOTCONF_LEN_MAX, &out->conf_text, &len, err)) {
    case TB_FILE_ABSENT: return true;
    case TB_FILE_FAILED: tool_fail(TOOL_USAGE, "%s", err); return false;
    case TB_FILE_OK: break;
    }
    if (tb_bootconf_parse(tb_slice(out->conf_text, len), &out->conf, &why))
        return true;
    tool_refused(path, &why);
    tool_esp_close(out);
    return false;
}

void tool_esp_close(struct tool_esp *e)
{
    free(e->conf_text);
    *e = (struct tool_esp){ 0 };
}

bool tool_set_option(const struct tool *t, char *out)
{
    const char *text = t->option[OPT_SET];

    *out = text == NULL ? '\0' : text[0];
    if (text == NULL || strcmp(text, "a") == 0 || strcmp(text, "b") == 0)
        return true;
    tool_fail(TOOL_USAGE, "--set: a or b; found %s", text);
    return false;
}

void tool_package_file(const struct tool_package *p, char out[ESP_FILE_MAX])
{
    const struct tb_manifest *m = &p->package.manifest;

    snprintf(out, ESP_FILE_MAX, "%.*s_%.*s.tbp", (int)m->name.left, (const char *)m->name.p,
             (int)m->version.left, (const char *)m->version.p);
}

void tool_shown(const char *text, char out[TOOL_SHOWN_MAX])
{
    size_t n = 0;

    for (; text[n] != '\0' && n + 1 < TOOL_SHOWN_MAX; n++)
        out[n] = (char)(text[n] < ' ' || text[n] > '~' ? '?' : text[n]);
    out[n] = '\0';
}

void tool_tell_fault(void *ctx, const char *path, const struct tb_reason *why)
{
    char line[TOOL_SHOWN_MAX];

    (void)ctx;
    tool_shown(path, line);
    tool_refused(line, why);
}

static bool open_entry(const char *folder, const char *name, struct tool_set *s,
                       enum tool_exit *code)
{
    char path[ESP_PATH_MAX + 256], expected[ESP_FILE_MAX], line[TOOL_SHOWN_MAX];
    struct tool_package *p;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    tool_shown(name, line);
    if (strcmp(name, line) != 0) {
        *code = tool_fail(TOOL_REFUSED, "%s: %s: no name of a package", folder, line);
        return false;
    }
    if (s->n == TB_SET_PACKAGES_MAX) {
        *code = tool_fail(TOOL_REFUSED, "%s: more than %d packages", folder, TB_SET_PACKAGES_MAX);
        return false;
    }
    p = tool_package_open(path, code);
    if (p == NULL)
        return false;
    s->package[s->n++] = p;
    tool_package_file(p, expected);
    if (strcmp(name, expected) == 0)
        return true;
    *code = tool_fail(TOOL_REFUSED, "%s: expected the name %s", path, expected);
    return false;
}

static int is_entry(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

bool tool_set_open(const struct tool_esp *e, char letter, struct tool_set *out,
                   enum tool_exit *code)
{
    char below[] = "trueboot/?", folder[ESP_PATH_MAX];
    struct dirent **entry;
    bool ok = true;
    int n;

    *out = (struct tool_set){ .letter = letter };
    *code = TOOL_USAGE;
    below[sizeof below - 2] = letter;
    if (!tool_esp_path(e, below, folder))
        return false;
    n = scandir(folder, &entry, is_entry, by_bytes);
    if (n < 0 && errno == ENOENT)
        return true;
    if (n < 0)
        return *code = tool_fail(TOOL_USAGE, "%s: %s", folder, strerror(errno)), false;
    for (int i = 0; i < n; i++) {
        ok = ok && open_entry(folder, entry[i]->d_name, out, code);
        free(entry[i]);
    }
    free(entry);
    if (!ok)
        tool_set_close(out);
    return ok;
}

void tool_set_close(struct tool_set *s)
{
    for (size_t i = 0; i < s->n; i++)
        tool_package_close(s->package[i]);
    s->n = 0;
}

size_t tool_set_find(const struct tool_set *s, struct tb_reader name)
{
    size_t i = 0;

    while (i < s->n && !tb_slice_equal(s->package[i]->package.manifest.name, name))
        i++;
    return i;
}
