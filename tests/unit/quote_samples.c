#include "tests/unit/quote_samples.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/log_builder.h"

static size_t n_absent;

size_t sample_base64(const char *text, uint8_t *out, size_t max)
{
    size_t n = text == NULL ? 0 : strlen(text);
    int len;

    assert_true(n % 4 == 0 && n / 4 * 3 <= max);
    if (n == 0)
        return 0;
    len = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
    assert_true(len >= 0);
    while (n > 0 && text[n - 1] == '=')
        n--, len--;
    return (size_t)len;
}

static const char *path_of(const char *file)
{
    static char path[1024];
    const char *fixtures = getenv("TRUEBOOT_FIXTURES");

    snprintf(path, sizeof path, "%s/eventlogs/%s",
             fixtures != NULL ? fixtures : "../shared/fixtures", file);
    return path;
}

static void count(const char *file, bool there)
{
    if (there)
        return;
    printf("  sample %s is not there\n", file);
    n_absent++;
}

json_t *sample_json(const char *file)
{
    json_t *root = json_load_file(path_of(file), 0, NULL);

    count(file, root != NULL);
    return root;
}

uint8_t *sample_bytes(const char *file, size_t *len)
{
    uint8_t *p = log_read_file(path_of(file), len);

    count(file, p != NULL);
    return p;
}

bool sample_has_digest(const struct tb_pcrs *pcrs, const struct tb_quote *q)
{
    struct tb_hasher *h = tb_hasher_new();
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_reason why;

    assert_true(
        tb_pcrs_digest(pcrs, q->selection, q->n_selections, TB_BANK_SHA256, h, digest, &why));
    tb_hasher_free(h);
    return tb_slice_equal(q->pcr_digest, tb_slice(digest, 32));
}

void samples_of_the_corpus_were_there(void **state)
{
    (void)state;
    if (n_absent != 0) {
        printf("SKIPPED: %zu samples were not there\n", n_absent);
        skip();
    }
}
