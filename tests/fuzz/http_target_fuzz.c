/* tests/fuzz/http_target_fuzz.c - target, Host, cookie, credentials, media type.
 *
 * The first byte chooses the parser, the rest is its text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void target(const char *text, size_t len)
{
    char *store = malloc(len + 2); /* exact, so that ASan sees one byte too far */
    struct tb_target t;

    if (store == NULL)
        return;
    if (len <= TB_HTTP_TARGET_MAX && tb_target_parse(text, store, &t) == NULL) {
        assert(text[0] == '/' && t.n_segments <= TB_HTTP_SEGMENTS_MAX);
        for (size_t i = 0; i < t.n_segments; i++) {
            assert(strchr(t.segment[i], '/') == NULL && strcmp(t.segment[i], "..") != 0);
            for (const char *p = t.segment[i]; *p != '\0'; p++)
                assert((unsigned char)*p >= 0x20 && *p != 0x7f);
        }
        for (size_t i = 0; i < t.n_query; i++)
            assert(t.query[i].name[0] != '\0');
    }
    free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[64], *text;
    uint64_t n;

    if (size == 0)
        return 0;
    text = malloc(size);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] & 7) {
    case 0: target(text, strlen(text)); break;
    case 1: (void)!tb_host_is_valid(text); break;
    case 2: (void)!tb_length_parse(text, &n); break;
    case 3: assert(!tb_cookie_find(text, "session", out, sizeof out) || out[0] != '\0'); break;
    case 4: assert(!tb_bearer_find(text, out, sizeof out) || out[0] != '\0'); break;
    case 5: (void)!tb_media_type_is_one_of(text, "application/json application/cbor"); break;
    case 6: (void)!tb_accepts_gzip(text); break;
    default: (void)!tb_etag_matches(text, "\"abc\""); break;
    }
    free(text);
    return 0;
}
