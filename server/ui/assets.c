/* server/ui/assets.c - see assets.h. The table is in assets_table.h, which the build makes: one
 * X(id, path, content type, file, etag, len, gz_len) for each file. The etags in it change with
 * the content, and so make the compiler run again, which does not know what .incbin reads. */
#include "server/ui/assets.h"

#include <string.h>

#include "assets_table.h"

/* One file in .rodata, as long as the table says, with a zero byte behind it that does not count.
 */
#define EMBED(symbol, file, len)                                                                   \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n"                                                                         \
            ".hidden " symbol "\n.globl " symbol "\n"                                              \
            ".type " symbol ", %object\n" symbol ":\n"                                             \
            ".incbin \"" file "\", 0, " #len "\n"                                                  \
            ".byte 0\n"                                                                            \
            ".popsection\n");

#define X(id, path, type, file, etag, len, gz_len)                                                 \
    EMBED("tb_ui_" #id, TB_UI_SOURCE "/" file, len)                                                \
    EMBED("tb_ui_gz_" #id, TB_UI_BUILD "/" file ".gz", gz_len)                                     \
    extern const uint8_t tb_ui_##id[] __attribute__((visibility("hidden")));                       \
    extern const uint8_t tb_ui_gz_##id[] __attribute__((visibility("hidden")));
TB_UI_ASSETS(X)
#undef X

static const struct tb_ui_asset assets[] = {
#define X(id, path, type, file, etag, len, gz_len)                                                 \
    { path, type, etag, tb_ui_##id, len, tb_ui_gz_##id, gz_len },
    TB_UI_ASSETS(X)
#undef X
};

const struct tb_ui_asset *tb_ui_asset_at(size_t i)
{
    return i < sizeof assets / sizeof *assets ? &assets[i] : NULL;
}

const struct tb_ui_asset *tb_ui_asset_find(const char *path)
{
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i];
    return NULL;
}
