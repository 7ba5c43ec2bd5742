/* A bundle that is accepted has one encoding, and appraising it ends in a verdict with a reason. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/bundle.h"
#include "wire/result_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void appraise(const struct tb_bundle *b, struct tb_hasher *h)
{
    static struct tb_appraisal a;
    const struct tb_result *result = &a.result;
    char err[TB_POLICY_ERR_LEN];
    struct tb_policy used;
    char *text;

    if (!tb_bundle_appraise(b, NULL, h, &used, &a, err))
        return;
    assert(result->verdict == TB_VERDICT_TRUSTED || result->has_headline);
    assert(result->verdict != TB_VERDICT_TRUSTED || result->quote.genuine);
    text = tb_result_print(result, &used);
    assert(text != NULL);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_hasher *h;
    struct tb_reason why = { .where = "" };
    struct tb_bundle b;
    uint8_t *buf;
    size_t len;

    if (h == NULL)
        h = tb_hasher_new();
    if (!tb_bundle_decode(tb_slice(data, size), &b, &why)) {
        assert(why.where[0] != '\0');
        return 0;
    }
    buf = malloc(size);
    assert(buf != NULL && tb_bundle_encode(&b, buf, size, &len));
    assert(len == size && memcmp(buf, data, size) == 0);
    free(buf);
    appraise(&b, h);
    return 0;
}
