/* tests/fuzz/sbat_fuzz.c - a level that is accepted prints to lines that read back to the same. */
#include <assert.h>
#include <string.h>

#include "core/sbat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reason why = { .where = "" };
    struct tb_sbat level;

    if (!tb_sbat_parse(tb_slice(data, size), &level, &why)) {
        assert(why.check == TB_CHECK_SB_SBAT && why.where[0] != '\0');
        return 0;
    }
    assert(level.n > 0 && level.n <= TB_SBAT_ENTRIES_MAX);
    for (size_t i = 0; i < level.n; i++) {
        char line[TB_SBAT_LINE_MAX];
        struct tb_sbat_entry again;

        tb_sbat_entry_text(&level.entry[i], line);
        assert(tb_sbat_entry_parse(tb_slice(line, strlen(line)), &again));
        assert(tb_sbat_reaches(&again, &level.entry[i]));
        assert(tb_sbat_reaches(&level.entry[i], &again));
        assert(tb_sbat_find(&level, again.component) == &level.entry[i]);
    }
    return 0;
}
