/* What init reads from the command line and from small files is read within its bounds. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "init/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_option(const char *line)
{
    char value[16];

    if (tb_kernel_option(line, "trueboot.set", value, sizeof value)) {
        assert(strlen(value) < sizeof value && strpbrk(value, " \n") == NULL);
        assert(strstr(line, "trueboot.set") != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_reason why = { .where = "" };
    struct tb_reader in = tb_slice(data, size);
    struct tb_verity verity;
    struct tb_network network;
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_option(text);
    if (tb_network_of_option(text, &network))
        assert(network.mask.s_addr != 0);
    free(text);
    if (tb_verity_parse(in, &verity, &why))
        assert(verity.data_blocks > 0 && strpbrk(verity.salt, " \n") == NULL);
    else
        assert(why.where[0] != '\0');
    if (!tb_network_parse(in, &network, &why))
        assert(why.where[0] != '\0');
    return 0;
}
