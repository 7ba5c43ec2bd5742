/* The embedded files of the page: whole, typed, and without what the content security policy
 * forbids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/ui/assets.h"

static bool contains(const struct tb_ui_asset *a, const char *text)
{
    return memmem(a->data, a->len, text, strlen(text)) != NULL;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

static void the_page_is_at_the_root_and_an_unknown_path_has_no_asset(void **state)
{
    (void)state;
    const struct tb_ui_asset *a = tb_ui_asset_find("/");

    assert_non_null(a);
    assert_string_equal(a->content_type, "text/html; charset=utf-8");
    assert_memory_equal(a->data, "<!doctype html>", 15);
    assert_null(tb_ui_asset_find("/index.html"));
    assert_null(tb_ui_asset_find("/ui/../ui/app.js"));
    assert_null(tb_ui_asset_find(""));
}

static void every_embedded_file_is_the_file_in_the_source(void **state)
{
    (void)state;
    const char *source = getenv("TRUEBOOT_SOURCE");
    char path[4096];

    if (source == NULL)
        skip();
    for (size_t i = 0; tb_ui_asset_at(i) != NULL; i++) {
        const struct tb_ui_asset *a = tb_ui_asset_at(i);
        const char *name = strcmp(a->path, "/") == 0 ? "index.html" : a->path + strlen("/ui/");
        uint8_t *disk = malloc(a->len + 1);

        assert_non_null(disk);
        assert_true(snprintf(path, sizeof path, "%s/server/ui/%s", source, name) <
                    (int)sizeof path);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        assert_int_equal(fread(disk, 1, a->len + 1, f), a->len);
        (void)fclose(f);
        assert_memory_equal(disk, a->data, a->len);
        free(disk);
    }
}

/* RFC 1952, 2.3: magic, method, and at the end the length. No time and no name, so that the same
 * source gives the same bytes. */
static void every_compressed_file_is_gzip_of_the_same_length_without_a_time(void **state)
{
    (void)state;
    size_t i = 0;

    for (; tb_ui_asset_at(i) != NULL; i++) {
        const struct tb_ui_asset *a = tb_ui_asset_at(i);
        const uint8_t *end = a->gz + a->gz_len - 4;

        assert_true(a->gz_len > 18);
        assert_memory_equal(a->gz, "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8);
        assert_int_equal((size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16, a->len);
    }
    assert_true(i > 5);
}

static void every_etag_is_quoted_and_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; tb_ui_asset_at(i) != NULL; i++) {
        const char *etag = tb_ui_asset_at(i)->etag;

        assert_int_equal(strlen(etag), 34);
        assert_true(etag[0] == '"' && etag[33] == '"');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(etag, tb_ui_asset_at(j)->etag);
    }
}

/* What would let a string that a host sent become markup, or would need a weaker policy. */
static void t44_no_file_builds_markup_from_strings_or_needs_inline_code(void **state)
{
    (void)state;
    static const char *const banned[] = {
        "innerHTML", "outerHTML",    "insertAdjacentHTML", "document.write",
        "eval(",     "new Function", "DOMParser",          "createContextualFragment",
        "srcdoc",    "setHTML",      "javascript:",        "@import",
        "style=\"",  "onclick=\"",   "onload=\"",          "url(",
    };

    for (size_t i = 0; tb_ui_asset_at(i) != NULL; i++)
        for (size_t k = 0; k < sizeof banned / sizeof *banned; k++)
            if (contains(tb_ui_asset_at(i), banned[k]))
                fail_msg("%s has %s", tb_ui_asset_at(i)->path, banned[k]);
}

static void no_file_is_loaded_from_outside(void **state)
{
    (void)state;
    for (size_t i = 0; tb_ui_asset_at(i) != NULL; i++) {
        const struct tb_ui_asset *a = tb_ui_asset_at(i);

        assert_false(contains(a, "https://"));
        if (!contains(a, "http://"))
            continue;
        /* The name of the SVG namespace is no address. */
        assert_true(contains(a, "http://www.w3.org/2000/svg"));
        const uint8_t *first = memmem(a->data, a->len, "http://", 7);
        size_t left = (size_t)(a->data + a->len - first) - 7;
        assert_null(memmem(first + 7, left, "http://", 7));
    }
}

static void every_module_that_is_imported_is_embedded(void **state)
{
    (void)state;
    char path[64];

    for (size_t i = 0; tb_ui_asset_at(i) != NULL; i++) {
        const struct tb_ui_asset *a = tb_ui_asset_at(i);
        const char *p = (const char *)a->data;

        if (!ends_with(a->path, ".js"))
            continue;
        while ((p = strstr(p, "from './")) != NULL) {
            p += strlen("from './");
            assert_true(snprintf(path, sizeof path, "/ui/%.*s", (int)strcspn(p, "'"), p) > 0);
            if (tb_ui_asset_find(path) == NULL)
                fail_msg("%s imports %s", a->path, path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_at_the_root_and_an_unknown_path_has_no_asset),
        cmocka_unit_test(every_embedded_file_is_the_file_in_the_source),
        cmocka_unit_test(every_compressed_file_is_gzip_of_the_same_length_without_a_time),
        cmocka_unit_test(every_etag_is_quoted_and_its_own),
        cmocka_unit_test(t44_no_file_builds_markup_from_strings_or_needs_inline_code),
        cmocka_unit_test(no_file_is_loaded_from_outside),
        cmocka_unit_test(every_module_that_is_imported_is_embedded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
