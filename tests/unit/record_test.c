/* The records of the boot chain: one meaning, one encoding. */
#include <stdlib.h>
#include <string.h>

#include "pkg/record.h"
#include "tests/unit/test_support.h"

#define TEXT(s) .p = (const uint8_t *)(s), .left = sizeof(s) - 1
#define PACKAGE_NAME .name = { TEXT("linux+base") }, .version = { TEXT("6.1~1") }
#define A512                                                                                       \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                             \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B256 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* One of each kind; the digests are set by filled(). */
static const struct {
    const char *text;
    struct tb_record r;
} samples[] = {
    { "secure-boot setup-mode\n",
      { .kind = TB_RECORD_SECURE_BOOT, .code = { TEXT("setup-mode") } } },
    { "vendor " B256 "\n", { .kind = TB_RECORD_VENDOR } },
    { "configuration 5 " A512 "\na\n\0\xff\n",
      { .kind = TB_RECORD_CONFIGURATION, .size = 5, .text = { TEXT("a\n\0\xff\n") } } },
    { "asset-tag Rack 7, unit 3\n",
      { .kind = TB_RECORD_ASSET_TAG, .text = { TEXT("Rack 7, unit 3") } } },
    { "set a\n", { .kind = TB_RECORD_SET, .set = 'a' } },
    { "package linux+base 6.1~1 7 software 900 " A512 " " B256 "\n",
      { .kind = TB_RECORD_PACKAGE,
        PACKAGE_NAME,
        .security_version = 7,
        .package_kind = TB_PACKAGE_SOFTWARE,
        .size = 900 } },
    { "module roothash linux+base 6.1~1 Root_1.cpio 8589934591 " A512 " " B256 "\n",
      { .kind = TB_RECORD_MODULE,
        PACKAGE_NAME,
        .payload_kind = TB_PAYLOAD_ROOT_HASH,
        .file = { TEXT("Root_1.cpio") },
        .size = TB_PAYLOAD_SIZE_MAX } },
    { "signer linux+base " B256 "\n",
      { .kind = TB_RECORD_SIGNER, .name = { TEXT("linux+base") } } },
    { "unverified A_b(1).tbp package.signature\n",
      { .kind = TB_RECORD_UNVERIFIED,
        .name = { TEXT("A_b(1).tbp") },
        .code = { TEXT("package.signature") } } },
    { "fallback b a package.payload\n",
      { .kind = TB_RECORD_FALLBACK, .set = 'b', .to = 'a', .code = { TEXT("package.payload") } } },
    { "option append x y=z\n",
      { .kind = TB_RECORD_OPTION, .name = { TEXT("append") }, .text = { TEXT("x y=z") } } },
    { "command-line console=ttyS0  quiet\n",
      { .kind = TB_RECORD_COMMAND_LINE, .text = { TEXT("console=ttyS0  quiet") } } },
    { "end b\n", { .kind = TB_RECORD_END, .set = 'b' } },
    { "lost\n", { .kind = TB_RECORD_LOST } },
    { "checked linux+base 6.1~1 4294967295 " A512 " pass\n",
      { .kind = TB_RECORD_CHECKED,
        PACKAGE_NAME,
        .security_version = UINT32_MAX,
        .code = { TEXT("pass") } } },
    { "unclaimed /trueboot/a/some file\n",
      { .kind = TB_RECORD_UNCLAIMED, .text = { TEXT("/trueboot/a/some file") } } },
    { "verdict fail 3 1\n",
      { .kind = TB_RECORD_VERDICT, .code = { TEXT("fail") }, .size = 3, .faults = 1 } },
    { "rescue\n", { .kind = TB_RECORD_RESCUE } },
    { "boot-complete\n", { .kind = TB_RECORD_COMPLETE } },
};
#define N_SAMPLES (sizeof samples / sizeof *samples)

static struct tb_record filled(size_t i)
{
    struct tb_record r = samples[i].r;

    if (strstr(samples[i].text, A512) != NULL)
        memset(r.sha512, 0xaa, sizeof r.sha512);
    if (strstr(samples[i].text, B256) != NULL)
        memset(r.sha256, 0xbb, sizeof r.sha256);
    return r;
}

/* The event that says this text. */
static size_t event_of(uint32_t tag, const void *text, size_t len, uint8_t *out)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(tag >> 8 * i);
        out[4 + i] = (uint8_t)(len >> 8 * i);
    }
    memcpy(out + 8, text, len);
    return 8 + len;
}

static void assert_same(const struct tb_record *a, const struct tb_record *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(tb_slice_equal(a->name, b->name));
    assert_true(tb_slice_equal(a->version, b->version));
    assert_true(tb_slice_equal(a->file, b->file));
    assert_true(tb_slice_equal(a->code, b->code));
    assert_true(tb_slice_equal(a->text, b->text));
    assert_int_equal(a->security_version, b->security_version);
    assert_int_equal(a->package_kind, b->package_kind);
    assert_int_equal(a->payload_kind, b->payload_kind);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->faults, b->faults);
    assert_int_equal(a->set, b->set);
    assert_int_equal(a->to, b->to);
    assert_memory_equal(a->sha512, b->sha512, 64);
    assert_memory_equal(a->sha256, b->sha256, 32);
}

/* Parses a copy of exactly these bytes. */
static bool is_record(const uint8_t *event, size_t len, struct tb_reason *why)
{
    uint8_t *copy = test_memdup(event, len);
    struct tb_record r;
    bool ok;

    *why = (struct tb_reason){ .check = TB_N_CHECKS };
    ok = tb_record_parse(tb_slice(copy, len), &r, why);
    if (!ok) {
        assert_int_equal(why->check, TB_CHECK_PACKAGE_FORMAT);
        assert_string_not_equal(why->where, "");
        assert_string_not_equal(why->expected, "");
        assert_int_equal(r.kind, TB_RECORD_NONE);
        assert_null(r.text.p);
    }
    free(copy);
    return ok;
}

static void every_kind_is_written_and_read_again(void **state)
{
    unsigned kinds_seen = 0;

    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct tb_record r = filled(i), again;
        uint8_t event[TB_RECORD_LEN_MAX], expected[TB_RECORD_LEN_MAX];
        size_t len, text_len = strlen(samples[i].text);
        struct tb_reason why;

        if (r.kind == TB_RECORD_CONFIGURATION) /* its content has a NUL */
            text_len = strlen("configuration 5 ") + 128 + 1 + 5;
        len = event_of(TB_RECORD_TAG + r.kind, samples[i].text, text_len, expected);
        assert_true(tb_record_print(&r, event, sizeof event, &text_len));
        assert_int_equal(text_len, len);
        assert_memory_equal(event, expected, len);
        assert_true(tb_record_is(tb_slice(event, len)));
        assert_true(tb_record_parse(tb_slice(event, len), &again, &why));
        assert_same(&r, &again);
        for (size_t cap = 0; cap < len; cap++)
            assert_false(tb_record_print(&r, event, cap, &text_len));
        assert_memory_equal(samples[i].text, tb_record_kind_name(r.kind),
                            strlen(tb_record_kind_name(r.kind)));
    }
    for (unsigned k = 0; k < 64; k++)
        kinds_seen += strcmp(tb_record_kind_name((enum tb_record_kind)k), "none") != 0;
    assert_int_equal(kinds_seen, N_SAMPLES);
}

static void b16_every_truncation_is_refused_and_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct tb_record r = filled(i);
        uint8_t event[TB_RECORD_LEN_MAX];
        struct tb_reason why;
        size_t len;

        assert_true(tb_record_print(&r, event, sizeof event, &len));
        for (size_t n = 0; n < len; n++) {
            assert_false(is_record(event, n, &why));
            if (n < 8)
                continue;
            event_of(TB_RECORD_TAG + r.kind, event + 8, n - 8, event); /* the size is right again */
            assert_false(is_record(event, n, &why));
            event_of(TB_RECORD_TAG + r.kind, event + 8, len - 8, event);
        }
        event[len] = ' ';
        assert_false(is_record(event, len + 1, &why));
    }
}

/* What is accepted says the same in no other bytes: every byte of every record, changed to each of
 * a few others, is refused or means something else, which is then written as it was read. */
static void every_meaning_has_one_encoding(void **state)
{
    static const uint8_t others[] = { 0, '\n', ' ', '0', '1', 'a', 'A', '.', 0xff };

    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct tb_record r = filled(i), changed;
        uint8_t event[TB_RECORD_LEN_MAX], again[TB_RECORD_LEN_MAX];
        struct tb_reason why;
        size_t len, again_len;

        assert_true(tb_record_print(&r, event, sizeof event, &len));
        for (size_t at = 0; at < len; at++) {
            uint8_t was = event[at];

            for (size_t o = 0; o < sizeof others; o++) {
                event[at] = others[o];
                if (!tb_record_parse(tb_slice(event, len), &changed, &why))
                    continue;
                assert_true(tb_record_print(&changed, again, sizeof again, &again_len));
                assert_int_equal(again_len, len);
                assert_memory_equal(again, event, len);
            }
            event[at] = was;
        }
    }
}

static const struct {
    enum tb_record_kind kind;
    const char *text, *where;
} broken[] = {
    { TB_RECORD_NONE, "none\n", "record" },
    { 15, "x\n", "record" },
    { 31, "x\n", "record" },
    { 37, "x\n", "record" },
    { TB_RECORD_SET, "end a\n", "record" },
    { TB_RECORD_SET, "set\n", "set" },
    { TB_RECORD_SET, "set \n", "set" },
    { TB_RECORD_SET, "set c\n", "set" },
    { TB_RECORD_SET, "set  a\n", "set" },
    { TB_RECORD_SET, "set a \n", "set" },
    { TB_RECORD_SET, "set a b\n", "set" },
    { TB_RECORD_SET, " set a\n", "record" },
    { TB_RECORD_SET, "set a\n\n", "set" },
    { TB_RECORD_SET, "set a\nset a\n", "set" },
    { TB_RECORD_SECURE_BOOT, "secure-boot yes\n", "secure-boot" },
    { TB_RECORD_VENDOR, "vendor " B256 "b\n", "vendor" },
    { TB_RECORD_VENDOR, "vendor BB\n", "vendor" },
    { TB_RECORD_CONFIGURATION, "configuration 2 " A512 "\na", "configuration" },
    { TB_RECORD_CONFIGURATION, "configuration 0 " A512 "\na", "configuration" },
    { TB_RECORD_CONFIGURATION, "configuration 2049 " A512 "\na", "configuration" },
    { TB_RECORD_CONFIGURATION, "configuration 01 " A512 "\na", "configuration" },
    { TB_RECORD_ASSET_TAG, "asset-tag \n", "asset-tag" },
    { TB_RECORD_ASSET_TAG, "asset-tag  x\n", "asset-tag" },
    { TB_RECORD_ASSET_TAG, "asset-tag x \n", "asset-tag" },
    { TB_RECORD_ASSET_TAG, "asset-tag x\x1b[31m\n", "asset-tag" },
    { TB_RECORD_PACKAGE, "package A 1 1 base 1 " A512 " " B256 "\n", "package" },
    { TB_RECORD_PACKAGE, "package a _ 1 base 1 " A512 " " B256 "\n", "package" },
    { TB_RECORD_PACKAGE, "package a 1 4294967296 base 1 " A512 " " B256 "\n", "package" },
    { TB_RECORD_PACKAGE, "package a 1 1 Base 1 " A512 " " B256 "\n", "package" },
    { TB_RECORD_PACKAGE, "package a 1 1 base x " A512 " " B256 "\n", "package" },
    { TB_RECORD_PACKAGE, "package a 1 1 base 1 " B256 " " B256 "\n", "package" },
    { TB_RECORD_PACKAGE, "package a 1 1 base 1 " A512 " " A512 "\n", "package" },
    { TB_RECORD_PACKAGE, "package a 1 1 base 1 " A512 "\n", "package" },
    { TB_RECORD_MODULE, "module base a 1 f 1 " A512 " " B256 "\n", "module" },
    { TB_RECORD_MODULE, "module file a 1 ../f 1 " A512 " " B256 "\n", "module" },
    { TB_RECORD_MODULE, "module file a 1 f 8589934592 " A512 " " B256 "\n", "module" },
    { TB_RECORD_UNVERIFIED, "unverified a b package.format\n", "unverified" },
    { TB_RECORD_UNVERIFIED, "unverified a Package\n", "unverified" },
    { TB_RECORD_FALLBACK, "fallback a a package.payload\n", "fallback" },
    { TB_RECORD_FALLBACK, "fallback a package.payload\n", "fallback" },
    { TB_RECORD_OPTION, "option append\n", "option" },
    { TB_RECORD_OPTION, "option /x y\n", "option" },
    { TB_RECORD_LOST, "lost \n", "record" },
    { TB_RECORD_LOST, "lost x\n", "record" },
    { TB_RECORD_CHECKED, "checked a 1 1 " A512 " \n", "checked" },
    { TB_RECORD_CHECKED, "checked a 1 1 " A512 " pass x\n", "checked" },
    { TB_RECORD_VERDICT, "verdict maybe 1 0\n", "verdict" },
    { TB_RECORD_VERDICT, "verdict pass 1 1\n", "verdict" },
    { TB_RECORD_VERDICT, "verdict pass 1\n", "verdict" },
    { TB_RECORD_VERDICT, "verdict pass 1 4294967296\n", "verdict" },
};

static void b16_every_field_is_refused_in_any_other_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        uint8_t event[TB_RECORD_LEN_MAX];
        struct tb_reason why;
        size_t len =
            event_of(TB_RECORD_TAG + broken[i].kind, broken[i].text, strlen(broken[i].text), event);

        if (is_record(event, len, &why))
            fail_msg("taken: %s", broken[i].text);
        if (strcmp(why.where, broken[i].where) != 0)
            fail_msg("%s: refused at %s", broken[i].text, why.where);
    }
}

static void tags_of_others_and_two_records_in_one_event_are_none(void **state)
{
    uint8_t event[64];
    struct tb_reason why;
    size_t len = event_of(TB_RECORD_TAG + TB_RECORD_LOST, "lost\n", 5, event);

    (void)state;
    memcpy(event + len, event, len);
    assert_false(is_record(event, 2 * len, &why));
    assert_true(tb_record_is(tb_slice(event, 4)));
    assert_false(tb_record_is(tb_slice(event, 3)));
    event_of(0x8f3b22ec, "lost\n", 5, event);
    assert_false(is_record(event, len, &why));
    assert_false(tb_record_is(tb_slice(event, len)));
}

static void a_configuration_that_is_too_long_is_told_by_its_digest_alone(void **state)
{
    uint8_t content[TB_BOOTCONF_LEN_MAX + 1], event[TB_RECORD_LEN_MAX];
    struct tb_record r = { .kind = TB_RECORD_CONFIGURATION }, again;
    struct tb_reason why;
    size_t len;

    (void)state;
    memset(content, 0, sizeof content);
    for (size_t n = 0; n <= sizeof content; n++) {
        r.size = n;
        r.text = tb_slice(content, n > TB_BOOTCONF_LEN_MAX ? 0 : n);
        assert_true(tb_record_print(&r, event, sizeof event, &len));
        assert_true(tb_record_parse(tb_slice(event, len), &again, &why));
        assert_int_equal(again.size, n);
        assert_int_equal(again.text.left, n > TB_BOOTCONF_LEN_MAX ? 0 : n);
        r.text = tb_slice(content, n > TB_BOOTCONF_LEN_MAX || n == 0 ? 1 : n - 1);
        assert_false(tb_record_print(&r, event, sizeof event, &len));
    }
}

/* Nothing that stands in one member can become another: no spaces, no line feeds. */
static void what_no_record_may_hold_is_not_written(void **state)
{
    static char long_text[TB_RECORD_LINE_MAX + 1];
    const struct tb_record wrong[] = {
        { .kind = TB_RECORD_NONE },
        { .kind = 15 },
        { .kind = 99 },
        { .kind = TB_RECORD_SET },
        { .kind = TB_RECORD_SET, .set = 'A' },
        { .kind = TB_RECORD_FALLBACK, .set = 'a', .to = 'a', .code = { TEXT("x") } },
        { .kind = TB_RECORD_SIGNER, .name = { TEXT("a b") } },
        { .kind = TB_RECORD_OPTION, .name = { TEXT("a b") }, .text = { TEXT("x") } },
        { .kind = TB_RECORD_COMMAND_LINE, .text = { TEXT("a\nend a") } },
        { .kind = TB_RECORD_COMMAND_LINE },
        { .kind = TB_RECORD_COMMAND_LINE, .text = { (uint8_t *)long_text, sizeof long_text } },
        { .kind = TB_RECORD_UNVERIFIED, .name = { TEXT("a b.tbp") }, .code = { TEXT("x") } },
        { .kind = TB_RECORD_PACKAGE, PACKAGE_NAME, .package_kind = TB_N_PACKAGE_KINDS },
        { .kind = TB_RECORD_MODULE,
          PACKAGE_NAME,
          .file = { TEXT("x") },
          .payload_kind = TB_N_PAYLOAD_KINDS },
        { .kind = TB_RECORD_PACKAGE, PACKAGE_NAME, .size = UINT64_MAX },
        { .kind = TB_RECORD_VERDICT, .code = { TEXT("pass") }, .faults = 1 },
        { .kind = TB_RECORD_SECURE_BOOT, .code = { TEXT("maybe") } },
    };
    uint8_t event[TB_RECORD_LEN_MAX];
    size_t len;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (tb_record_print(&wrong[i], event, sizeof event, &len))
            fail_msg("written: %s", event + 8);
}

static void what_was_found_outside_becomes_a_text_that_a_record_may_hold(void **state)
{
    static const struct {
        const char *in, *line, *word;
    } cases[] = {
        { "", "-", "-" },
        { "Rack 7", "Rack 7", "Rack?7" },
        { " x ", "?x?", "?x?" },
        { "a\nb\x1b\xff", "a?b??", "a?b??" },
    };
    static char long_text[TB_RECORD_LINE_MAX + 1];
    char out[TB_RECORD_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tb_reader in = tb_slice(cases[i].in, strlen(cases[i].in));

        assert_true(tb_slice_equal(tb_record_line(in, false, out),
                                   tb_slice(cases[i].line, strlen(cases[i].line))));
        assert_true(tb_slice_equal(tb_record_line(in, true, out),
                                   tb_slice(cases[i].word, strlen(cases[i].word))));
    }
    memset(long_text, 'x', sizeof long_text);
    long_text[TB_RECORD_LINE_MAX - 1] = ' ';
    assert_int_equal(tb_record_line(tb_slice(long_text, sizeof long_text), false, out).left,
                     TB_RECORD_LINE_MAX);
    assert_int_equal(out[TB_RECORD_LINE_MAX - 1], '?');
    assert_int_equal(tb_record_line(tb_slice(long_text, sizeof long_text), true, out).left, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_written_and_read_again),
        cmocka_unit_test(b16_every_truncation_is_refused_and_says_where),
        cmocka_unit_test(every_meaning_has_one_encoding),
        cmocka_unit_test(b16_every_field_is_refused_in_any_other_form),
        cmocka_unit_test(tags_of_others_and_two_records_in_one_event_are_none),
        cmocka_unit_test(a_configuration_that_is_too_long_is_told_by_its_digest_alone),
        cmocka_unit_test(what_no_record_may_hold_is_not_written),
        cmocka_unit_test(what_was_found_outside_becomes_a_text_that_a_record_may_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
