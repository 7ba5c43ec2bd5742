/* The first byte chooses the message, the rest is the message. What is accepted has one encoding.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read, written again and compared: deterministic encoding means that nothing else was there. */
#define X(name)                                                                                    \
    static void fuzz_##name(struct tb_reader in)                                                   \
    {                                                                                              \
        struct tb_reason why = { .where = "" };                                                    \
        struct tb_##name m;                                                                        \
        uint8_t *buf;                                                                              \
        size_t len;                                                                                \
                                                                                                   \
        if (!tb_##name##_decode(in, &m, &why)) {                                                   \
            assert(why.where[0] != '\0'); /* a refusal always says where */                        \
            return;                                                                                \
        }                                                                                          \
        buf = malloc(in.left);                                                                     \
        assert(buf != NULL);                                                                       \
        assert(tb_##name##_encode(&m, buf, in.left, &len));                                        \
        assert(len == in.left && memcmp(buf, in.p, len) == 0);                                     \
        free(buf);                                                                                 \
    }
TB_MESSAGES(X)
#undef X

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const fuzz[])(struct tb_reader in) = {
#define X(name) fuzz_##name,
        TB_MESSAGES(X)
#undef X
    };

    if (size != 0)
        fuzz[data[0] % (sizeof fuzz / sizeof fuzz[0])](tb_slice(data + 1, size - 1));
    return 0;
}
