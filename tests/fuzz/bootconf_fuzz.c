/* A boot.conf that is accepted has one text. */
#include <assert.h>

#include "pkg/bootconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TB_BOOTCONF_LEN_MAX], line[TB_COMMAND_LINE_MAX + 1];
    struct tb_reason why = { .where = "" };
    struct tb_bootconf c;
    size_t len;

    if (!tb_bootconf_parse(tb_slice(data, size), &c, &why)) {
        assert(why.where[0] != '\0' && c.start == 0 && c.append.left == 0);
        return 0;
    }
    assert(tb_bootconf_print(&c, text, sizeof text, &len));
    assert(tb_slice_equal(tb_slice(text, len), tb_slice(data, size)));
    assert(tb_boot_command_line(tb_slice(NULL, 0), c.append, c.start, line, &why));
    return 0;
}
