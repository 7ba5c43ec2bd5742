/* tools/pkg/esp.h - the EFI system partition of a host, as a directory: boot.conf and two boot
 * sets.
 */
#ifndef TB_TOOLS_PKG_ESP_H
#define TB_TOOLS_PKG_ESP_H

#include "pkg/bootconf.h"
#include "tools/pkg/tool.h"

#define ESP_PATH_MAX 4096
#define ESP_FILE_MAX (TB_PKG_NAME_MAX + TB_PKG_VERSION_MAX + 6) /* NAME_VERSION.tbp and a NUL */
#define ESP_LOADER "EFI/BOOT/BOOTX64.EFI"

struct tool_esp {
    const char *dir;
    char *conf_text; /* what the configuration points into */
    struct tb_bootconf conf;
};
/* --esp. A boot.conf that is absent reads as "default a", as the loader takes it. False: told. */
TB_MUST_CHECK bool tool_esp_open(const struct tool *t, struct tool_esp *out);
void tool_esp_close(struct tool_esp *e);
/* DIR/below. False: told, too long. */
TB_MUST_CHECK bool tool_esp_path(const struct tool_esp *e, const char *below,
                                 char out[ESP_PATH_MAX]);
/* --set; 0: not given. False: told. */
TB_MUST_CHECK bool tool_set_option(const struct tool *t, char *out);

/* The packages of a set, by the names of their files; n + 1 may be of one who adds. */
struct tool_set {
    char letter;
    size_t n;
    struct tool_package *package[TB_SET_PACKAGES_MAX + 1];
};
/* A folder that is not there is an empty set. What is in it and is not a package, or not named as
 * one, is told and refused; *code is for the shell. close frees. */
TB_MUST_CHECK bool tool_set_open(const struct tool_esp *e, char letter, struct tool_set *out,
                                 enum tool_exit *code);
void tool_set_close(struct tool_set *s);
/* The text with '?' for what could act in a terminal: names on the partition are anybody's. */
#define TOOL_SHOWN_MAX 2048
void tool_shown(const char *text, char out[TOOL_SHOWN_MAX]);
/* For struct tb_judge_to: tells a fault as tool_refused() does. */
void tool_tell_fault(void *ctx, const char *path, const struct tb_reason *why);
/* NAME_VERSION.tbp */
void tool_package_file(const struct tool_package *p, char out[ESP_FILE_MAX]);
/* Its place in the set; s->n: it is not there. */
size_t tool_set_find(const struct tool_set *s, struct tb_reader name);

#endif
