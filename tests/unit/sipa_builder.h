/* tests/unit/sipa_builder.h - Windows' nested measurements for tests: frames within frames. */
#ifndef TB_TESTS_SIPA_BUILDER_H
#define TB_TESTS_SIPA_BUILDER_H

#include "core/sipa.h"

#define SIPA_BYTES_MAX 8192

struct sipa_builder {
    size_t n;
    uint8_t p[SIPA_BYTES_MAX];
};

static inline void sipa_u32(struct sipa_builder *s, size_t at, uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        s->p[at + i] = (uint8_t)(v >> 8 * i);
}

/* Begin a frame; sipa_close() writes its size. Returns where it begins. */
static inline size_t sipa_open(struct sipa_builder *s, uint32_t id)
{
    size_t at = s->n;

    sipa_u32(s, at, id);
    s->n += 8;
    return at;
}

static inline void sipa_close(struct sipa_builder *s, size_t at)
{
    sipa_u32(s, at + 4, (uint32_t)(s->n - at - 8));
}

static inline void sipa_put(struct sipa_builder *s, uint32_t id, const void *data, size_t len)
{
    size_t at = sipa_open(s, id);

    for (size_t i = 0; i < len; i++)
        s->p[s->n++] = ((const uint8_t *)data)[i];
    sipa_close(s, at);
}

static inline void sipa_number(struct sipa_builder *s, uint32_t id, uint64_t value, size_t len)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    sipa_put(s, id, bytes, len);
}

/* ASCII as UTF-16LE with its NUL. */
static inline void sipa_text(struct sipa_builder *s, uint32_t id, const char *text)
{
    size_t at = sipa_open(s, id), i = 0;

    do {
        s->p[s->n++] = (uint8_t)text[i];
        s->p[s->n++] = 0;
    } while (text[i++] != '\0');
    sipa_close(s, at);
}

static inline void sipa_module(struct sipa_builder *s, const char *hash32, const char *path)
{
    size_t at = sipa_open(s, TB_SIPA_LOADED_MODULE);

    sipa_put(s, TB_SIPA_IMAGE_HASH, hash32, 32);
    sipa_number(s, TB_SIPA_IMAGE_BASE, 0x140000000, 8);
    if (path != NULL) {
        sipa_text(s, TB_SIPA_FILE_PATH, path);
        sipa_text(s, TB_SIPA_AUTHORITY_PUBLISHER, "Microsoft Windows");
        sipa_text(s, TB_SIPA_AUTHORITY_ISSUER, "Microsoft Windows Production PCA 2011");
        sipa_number(s, TB_SIPA_IMAGE_VALIDATED, 1, 1);
    }
    sipa_close(s, at);
}

#endif
