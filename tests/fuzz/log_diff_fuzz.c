/* tests/fuzz/log_diff_fuzz.c - two logs compared, and every change in words.
 *
 * Input: u16le length of the first log, the first log, the second. Properties: a brief diff is
 * bounded, no text acts in a terminal, what is not vouched for is never verified, and a log is
 * equal to itself. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/log_change.h"
#include "wire/log_diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const json_t *text)
{
    const char *s = json_string_value(text);

    assert(s != NULL);
    for (; *s != '\0'; s++)
        assert(*s >= ' ' && *s <= '~');
}

static size_t check_pcr(const json_t *pcr)
{
    const json_t *change, *detail, *changes = json_object_get(pcr, "changes");
    size_t i, k;

    json_array_foreach(changes, i, change)
    {
        const json_t *details = json_object_get(change, "details");

        check_text(json_object_get(change, "text"));
        assert(json_is_true(json_object_get(change, "vouched")) ||
               !json_is_true(json_object_get(change, "verified")));
        assert(json_array_size(details) <= TB_CHANGE_DETAILS_MAX);
        json_array_foreach(details, k, detail) check_text(json_object_get(detail, "text"));
    }
    return json_array_size(changes);
}

static void compare(struct tb_reader a, struct tb_reader b, const struct tb_pcrs *quoted, bool same,
                    struct tb_hasher *h)
{
    const struct tb_log_diff in = { .log = { a, b }, .quoted = { quoted, quoted }, .brief = true };
    struct tb_reason why;
    bool in_after;
    json_t *diff = tb_log_diff_json(&in, h, &in_after, &why), *pcr;
    size_t i, n = 0;

    if (diff == NULL)
        return;
    json_array_foreach(json_object_get(diff, "pcrs"), i, pcr) n += check_pcr(pcr);
    assert(n <= TB_LOG_DIFF_TOLD_MAX);
    assert(json_array_size(json_object_get(diff, "top")) <= TB_LOG_DIFF_TOP_MAX);
    assert(!same || n == 0);
    json_decref(diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tb_pcrs nothing;
    struct tb_reader in = tb_slice(data, size), first;
    struct tb_hasher *h;
    uint16_t len;

    if (!tb_read_u16le(&in, &len) || len > in.left || !tb_read_slice(&in, len, &first))
        return 0;
    h = tb_hasher_new();
    assert(h != NULL);
    compare(first, in, NULL, false, h);
    compare(in, first, &nothing, false, h);
    compare(first, first, NULL, true, h);
    tb_hasher_free(h);
    return 0;
}
