/* tests/unit/describe_tagged_test.c - what Windows and ESXi measured, as lines for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/describe.h"
#include "pkg/record.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/sipa_builder.h"

static struct log_builder *b;
static struct tb_hasher *h;
static struct sipa_builder s;
static char lines[262144]; /* "+key=value\n": verified, "-key=value\n": not */
static size_t lines_len, n_lines;

static int set_up(void **state)
{
    (void)state;
    b = log_new();
    h = tb_hasher_new();
    return h == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    log_free(b);
    tb_hasher_free(h);
    return 0;
}

static void collect(void *ctx, const char *key, const char *value, bool verified)
{
    (void)ctx;
    for (const char *c = value; *c != '\0'; c++)
        assert_true(*c >= ' ' && *c <= '~'); /* T-44 */
    lines_len += (size_t)snprintf(lines + lines_len, sizeof lines - lines_len, "%c%s=%s\n",
                                  verified ? '+' : '-', key, value);
    assert_true(lines_len < sizeof lines);
    n_lines++;
}

/* The lines of the last event of the builder's log. */
static void describe_last(void)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    log_finish(b);
    assert_true(tb_log_open(log_slice(b), &log, &why));
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        lines_len = n_lines = 0;
        lines[0] = '\0';
        tb_event_describe(&log, &e, e.banks, h, collect, NULL);
    }
}

static void assert_line(const char *line)
{
    if (strstr(lines, line) == NULL)
        fail_msg("no line %s in\n%s", line, lines);
}

/* What is in the builder of frames, as an event of PCR 13. */
static void describe_frames(void)
{
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    log_event_data(b, 13, TB_EV_EVENT_TAG, tb_slice(s.p, s.n));
    describe_last();
}

static void settings_and_modules_of_windows_are_a_line_each(void **state)
{
    size_t at, elam;

    (void)state;
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 0, 1);
    sipa_number(&s, TB_SIPA_BOOT_COUNTER, 77, 8);
    sipa_number(&s, 0x00050008, 0x10004, 4);
    sipa_text(&s, 0x00050009, "\\Windows");
    sipa_module(&s, "0123456789abcdef0123456789abcdef", "\\Windows\\a.sys");
    sipa_module(&s, "0123456789abcdef0123456789abcdee", NULL);
    elam = sipa_open(&s, TB_SIPA_ELAM_AGGREGATION);
    sipa_text(&s, TB_SIPA_ELAM_KEY_NAME, "Defender");
    sipa_close(&s, elam);
    sipa_number(&s, 0x0005fff0, 7, 2);
    sipa_number(&s, TB_SIPA_WINPE, 2, 1); /* neither no nor yes */
    sipa_close(&s, at);
    describe_frames();
    assert_line(
        "+windows=test-signing: no\n+windows=boot-counter: 77\n+windows=os-device: 0x10004\n"
        "+windows=system-root: \\Windows\n"
        "+module=3031323334353637383961626364656630313233343536373839616263646566 validated, "
        "signed by Microsoft Windows of Microsoft Windows Production PCA 2011 at 0x140000000: "
        "\\Windows\\a.sys\n"
        "+module=3031323334353637383961626364656630313233343536373839616263646565 at 0x140000000\n"
        "+windows=elam: ");
    assert_line("+windows=elam-key-name: Defender\n+windows=0x0005fff0: 0700\n+windows=winpe: 02");
}

static void nested_lines_are_verified_only_where_the_digest_covers_the_event(void **state)
{
    (void)state;
    s.n = 0;
    sipa_close(&s, sipa_open(&s, TB_SIPA_TRUST_BOUNDARY));
    sipa_u32(&s, 4, 9);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 0, 1);
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    log_event(b, 13, TB_EV_EVENT_TAG, log_text("other"), tb_slice(s.p, s.n));
    describe_last();
    assert_line("-tag=0x40010001 Windows trust boundary, 9 bytes\n-windows=test-signing: no\n");
}

static void l37_a_malformed_frame_is_told_and_the_rest_still_shown(void **state)
{
    size_t at, module;

    (void)state;
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    module = sipa_open(&s, TB_SIPA_LOADED_MODULE);
    sipa_put(&s, TB_SIPA_IMAGE_HASH, "0123", 4);
    sipa_close(&s, module);
    sipa_u32(&s, module + 12, 0xffffffff);
    sipa_number(&s, TB_SIPA_TEST_SIGNING, 1, 1);
    sipa_close(&s, at);
    describe_frames();
    assert_line("+malformed=12 bytes\n");
    assert_line("+module=(without a hash)\n+windows=test-signing: yes\n");
}

static void l37_one_event_makes_no_more_than_some_hundred_lines(void **state)
{
    size_t at;

    (void)state;
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    for (unsigned i = 0; i < 800; i++)
        sipa_number(&s, TB_SIPA_TEST_SIGNING, 0, 1);
    sipa_close(&s, at);
    describe_frames();
    assert_true(n_lines < 540);
    assert_line("+windows=(288 more)\n");
}

static void t44_names_that_windows_measured_do_not_act(void **state)
{
    static const uint8_t hostile[] = { 0x1b, 0,    '[',  0,    '2', 0, 'J', 0, 0x0d, 0,
                                       0x0a, 0,    'a',  0,    '<', 0, 's', 0, '>',  0,
                                       0x2e, 0x20, 0x3d, 0xd8, 0,   0, '=', 0, '1',  0xff };
    size_t at, module;

    (void)state;
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
    sipa_put(&s, 0x00050009, hostile, sizeof hostile);
    module = sipa_open(&s, TB_SIPA_LOADED_MODULE);
    sipa_put(&s, TB_SIPA_FILE_PATH, hostile, sizeof hostile);
    sipa_put(&s, TB_SIPA_AUTHORITY_PUBLISHER, hostile, sizeof hostile);
    sipa_put(&s, TB_SIPA_AUTHORITY_ISSUER, hostile, 11);
    sipa_close(&s, module);
    sipa_put(&s, TB_SIPA_ELAM_KEY_NAME, "=1+1", 4);
    sipa_close(&s, at);
    describe_frames(); /* collect() looks at every character */
    assert_line("+windows=system-root: ?[2J??a<s>??\n");
    assert_line("+module=, signed by ?[2J??a<s>?? of ?[2J?: ?[2J??a<s>??"
                "(without a hash)\n");
}

static void the_trust_point_is_unfolded_and_never_verified(void **state)
{
    size_t at;

    (void)state;
    s.n = 0;
    at = sipa_open(&s, TB_SIPA_TRUST_POINT);
    sipa_text(&s, 0x80080003, "Windows AIK");
    sipa_put(&s, 0x80080004, "01234567890123456789", 20);
    sipa_close(&s, at);
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    log_event_data(b, 0xffffffff, TB_EV_NO_ACTION, tb_slice(s.p, s.n));
    describe_last();
    assert_line("-tag=0xc0010004 Windows trust point, 60 bytes\n"
                "-windows=aik-name: Windows AIK\n-windows=aik-public-digest: 3031");
    assert_null(strstr(lines, "+windows"));
}

static void tags_of_esxi_are_named_and_their_data_verified_where_they_are(void **state)
{
    static const char version[] = "\x8\0\0\0\x29\0\0\0" /* the tag */
                                  "\x29\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0"
                                  "\x20\0\2\0\x22\0\2\0\x24\0\4\0\xff\xff\2\0b\0E\0"
                                  "8.0\0x";

    (void)state;
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    log_event(b, 12, TB_EV_EVENT_TAG, log_text("content"), tb_slice("\2\0\0\0\6\0\0\0b.b00", 14));
    describe_last();
    assert_line("-tag=0x00000002 ESXi module, 6 bytes\n-tag-data=b.b00\n");
    log_event(b, 14, TB_EV_EVENT_TAG, log_text("quiet"), tb_slice("\4\0\0\0\5\0\0\0quiet", 13));
    describe_last();
    assert_line("-tag=0x00000004 ESXi command line, 5 bytes\n+tag-data=quiet\n");
    log_event(b, 14, TB_EV_EVENT_TAG, log_text("quiet"), tb_slice("\4\0\0\0\5\0\0\0quiet\0", 14));
    describe_last();
    assert_line("+tag-data=quiet\n");
    assert_null(strstr(lines, "data=04")); /* the stray byte is no fault */
    log_event(b, 13, TB_EV_EVENT_TAG, tb_slice(version + 8, 41), tb_slice(version, 49));
    describe_last();
    assert_line("+component=b\n+product=E\n+version=8.0\n"); /* a part outside is left out */
    log_event(b, 9, TB_EV_EVENT_TAG, log_text("x"), tb_slice("\2\0\0\0\1\0\0\0x", 9));
    describe_last();
    assert_line("0x00000002 unknown"); /* only in the PCRs of ESXi */
    log_event_data(b, 12, TB_EV_EVENT_TAG, tb_slice("\1\0\xff\x4f\1\0\0\0x", 9));
    describe_last(); /* nor is each tag with that bit one of Windows */
    assert_line("+tag=0x4fff0001 unknown, 1 bytes\n+tag-data=x\n");
}

/* An event of ours in PCR 14, with the right digest or that of something else. */
static void describe_record(const struct tb_record *r, const char *hashed)
{
    uint8_t event[TB_RECORD_LEN_MAX];
    size_t len;

    assert_true(tb_record_print(r, event, sizeof event, &len));
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    if (hashed == NULL)
        log_event_data(b, 14, TB_EV_EVENT_TAG, tb_slice(event, len));
    else
        log_event(b, 14, TB_EV_EVENT_TAG, log_text(hashed), tb_slice(event, len));
    describe_last();
}

static void records_are_told_and_verified_as_a_whole(void **state)
{
    static const char conf[] = "trueboot-boot 1\ndefault a\nend\n";
    struct tb_record r = { .kind = TB_RECORD_COMMAND_LINE, .text = tb_slice("ro quiet", 8) };

    (void)state;
    describe_record(&r, NULL);
    assert_line("+tag=0x5442000c Trueboot command-line, 22 bytes\n+record=command-line ro quiet\n");
    describe_record(&r, "command-line ro quiet\n"); /* not what is hashed: the tag is missing */
    assert_line("-tag=0x5442000c Trueboot command-line, 22 bytes\n-record=command-line ro quiet\n");
    r = (struct tb_record){ .kind = TB_RECORD_CONFIGURATION,
                            .size = sizeof conf - 1,
                            .text = tb_slice(conf, sizeof conf - 1) };
    describe_record(&r, NULL);
    assert_line("+record=configuration 30 00000000");
    assert_line("+configuration=trueboot-boot 1\n+configuration=default a\n+configuration=end\n");
    r = (struct tb_record){ .kind = TB_RECORD_CONFIGURATION };
    describe_record(&r, NULL);
    assert_null(strstr(lines, "configuration="));
}

static void t44_a_malformed_record_is_told_and_its_bytes_shown(void **state)
{
    static const char wrong[] = "\x0d\0\x42\x54\7\0\0\0end \x1b[2";

    (void)state;
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    log_event_data(b, 14, TB_EV_EVENT_TAG, tb_slice(wrong, sizeof wrong - 1));
    describe_last();
    assert_line("+malformed=end: expected a line that ends, found 7 bytes\n+data=0d004254070000");
    log_event_data(b, 14, TB_EV_EVENT_TAG, tb_slice(wrong, 4));
    describe_last();
    assert_line("+malformed=record: expected a tag and a size, found 0 bytes\n+data=0d004254\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_and_modules_of_windows_are_a_line_each),
        cmocka_unit_test(nested_lines_are_verified_only_where_the_digest_covers_the_event),
        cmocka_unit_test(l37_a_malformed_frame_is_told_and_the_rest_still_shown),
        cmocka_unit_test(l37_one_event_makes_no_more_than_some_hundred_lines),
        cmocka_unit_test(t44_names_that_windows_measured_do_not_act),
        cmocka_unit_test(the_trust_point_is_unfolded_and_never_verified),
        cmocka_unit_test(tags_of_esxi_are_named_and_their_data_verified_where_they_are),
        cmocka_unit_test(records_are_told_and_verified_as_a_whole),
        cmocka_unit_test(t44_a_malformed_record_is_told_and_its_bytes_shown),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
