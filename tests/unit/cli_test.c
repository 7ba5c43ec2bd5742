/* tests/unit/cli_test.c - the parts of the CLI that need no server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/config.h"
#include "cli/help.h"
#include "cli/pin.h"
#include "cli/table.h"
#include "cli/text.h"

int tb_cli_main(int argc, char **argv); /* main() of cli/main.c, renamed for this test */

static void assert_shown(const char *in, size_t len, const char *expected)
{
    char *text = tb_text_safe(in, len);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}
#define SHOWN(in, expected) assert_shown(in, sizeof(in) - 1, expected)

static void t44_escape_sequences_and_control_bytes_are_shown_not_sent(void **state)
{
    (void)state;
    SHOWN("a\033[31mb", "a\\x1b[31mb");
    SHOWN("\r\n\t\a\b\177", "\\x0d\\x0a\\x09\\x07\\x08\\x7f");
    SHOWN("nul\0behind", "nul\\x00behind");
    SHOWN("\302\233"
          "31m",
          "\\u{9b}31m"); /* U+009B: CSI in one character */
}

static void t44_bidirectional_and_invisible_characters_are_shown_by_their_number(void **state)
{
    (void)state;
    SHOWN("host\342\200\256moc", "host\\u{202e}moc");
    SHOWN("\342\201\246x\342\201\251", "\\u{2066}x\\u{2069}");
    SHOWN("a\342\200\213b", "a\\u{200b}b");
    SHOWN("\330\234", "\\u{61c}");
    SHOWN("\357\273\277", "\\u{feff}");
    SHOWN("\342\200\250", "\\u{2028}");
    SHOWN("\363\240\200\201", "\\u{e0001}"); /* a tag */
}

static void t44_bytes_that_are_not_utf8_are_shown_in_hex(void **state)
{
    (void)state;
    SHOWN("\377\376", "\\xff\\xfe");
    SHOWN("\300\257", "\\xc0\\xaf");                   /* over-long '/' */
    SHOWN("\340\200\257", "\\xe0\\x80\\xaf");          /* over-long in three bytes */
    SHOWN("\355\240\200", "\\xed\\xa0\\x80");          /* a surrogate */
    SHOWN("\364\220\200\200", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
    SHOWN("\342\202", "\\xe2\\x82");                   /* cut */
    SHOWN("\302\033[2J", "\\xc2\\x1b[2J");             /* a lead byte does not swallow the escape */
}

static void ordinary_text_of_any_language_stays_as_it_is(void **state)
{
    (void)state;
    SHOWN("", "");
    SHOWN("\\EFI\\BOOT\\BOOTX64.EFI", "\\EFI\\BOOT\\BOOTX64.EFI");
    SHOWN("Gr\303\274n \346\235\261\344\272\254 \360\237\224\222", "Gr\303\274n \346\235\261"
                                                                   "\344\272\254 \360\237\224\222");
}

static void durations_are_read_with_their_unit_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        int64_t s;
    } good[] = { { "90", 90 },   { "90s", 90 },    { "30m", 1800 },
                 { "1h", 3600 }, { "7d", 604800 }, { "2w", 1209600 } };
    static const char *const bad[] = { "",      "h",    "0",   "0h", "-1h", "+1h",         " 1h",
                                       "1h ",   "1.5h", "1hh", "1y", "1 h", "99999999999", "0x10",
                                       "1h30m", "1H" };
    int64_t s = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(tb_duration_parse(good[i].text, &s));
        assert_int_equal(s, good[i].s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s = 7;
        assert_false(tb_duration_parse(bad[i], &s));
        assert_int_equal(s, 7);
    }
}

static void numbers_keep_their_limits(void **state)
{
    int64_t n;

    (void)state;
    assert_true(tb_number_parse("1", 1, 10, &n) && n == 1);
    assert_true(tb_number_parse("9223372036854775799", 1, INT64_MAX, &n));
    assert_false(tb_number_parse("0", 1, 10, &n));
    assert_false(tb_number_parse("11", 1, 10, &n));
    assert_false(tb_number_parse("9223372036854775808", 0, INT64_MAX, &n));
    assert_false(tb_number_parse("99999999999999999999999", 0, INT64_MAX, &n));
    assert_false(tb_number_parse("", 0, 10, &n));
    assert_false(tb_number_parse("1x", 0, 10, &n));
}

static void times_are_utc_in_rfc_3339(void **state)
{
    char text[32];

    (void)state;
    assert_true(tb_time_format(0, text));
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    assert_true(tb_time_format(1900000000, text));
    assert_string_equal(text, "2030-03-17T17:46:40Z");
}

static const struct tb_column columns[] = { { "HOST", "name" },
                                            { "VERDICT", "verdict" },
                                            { "REASON", "reason" } };

/* What a table of these pages looks like; the caller frees. */
static char *table_of(const char *const *pages, size_t n, bool colour)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct tb_table t;

    tb_table_init(&t, columns, 3, colour, out);
    for (size_t i = 0; i < n; i++) {
        json_t *items = json_loads(pages[i], 0, NULL);

        assert_non_null(items);
        assert_true(tb_table_page(&t, items));
        json_decref(items);
    }
    tb_table_end(&t);
    fclose(out);
    return text;
}

static void tables_align_and_keep_their_widths_over_pages(void **state)
{
    static const char *const pages[] = {
        "[{\"name\":\"alpha-long\",\"verdict\":\"trusted\",\"reason\":\"\"},"
        " {\"name\":\"b\",\"verdict\":\"not-capable\",\"reason\":null}]",
        "[{\"name\":\"c\",\"verdict\":\"failed\",\"reason\":\"Secure Boot was off\"}]",
    };
    char *text = table_of(pages, 2, false);

    (void)state;
    assert_string_equal(text, "HOST        VERDICT  REASON\n"
                              "alpha-long  trusted  -\n"
                              "b           N/A      -\n"
                              "c           failed   Secure Boot was off\n");
    free(text);
}

static void an_empty_table_has_its_titles(void **state)
{
    char *text = table_of(NULL, 0, false);

    (void)state;
    assert_string_equal(text, "HOST  VERDICT  REASON\n");
    free(text);
}

static void t44_a_host_cannot_write_colours_or_lines_into_a_table(void **state)
{
    static const char *const pages[] = {
        "[{\"name\":\"a\\u001b[2J\\nb\",\"verdict\":\"failed\",\"reason\":\"\\u202eko\"}]",
    };
    char *text = table_of(pages, 1, true);

    (void)state;
    assert_null(strstr(text, "\033[2J"));
    assert_null(strstr(text, "\342\200\256"));
    assert_non_null(strstr(text, "a\\x1b[2J\\x0ab"));
    assert_non_null(strstr(text, "\033[1;31mfailed\033[0m")); /* our own colour is there */
    free(text);
}

static void t44_json_for_a_terminal_is_ascii_without_control_bytes(void **state)
{
    json_t *value = json_pack("{ss}", "name", "\033[31m\177\302\233\342\200\256\n");
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_t *again;

    (void)state;
    assert_true(tb_json_print(out, value, true));
    fclose(out);
    for (const char *p = text; *p != '\0'; p++)
        assert_true(*p >= ' ' && *p <= '~');
    again = json_loads(text, 0, NULL);
    assert_true(json_equal(again, value)); /* and says the same */
    json_decref(again);
    json_decref(value);
    free(text);
}

static void a_configuration_file_is_read(void **state)
{
    static const char text[] = "{\"url\": \"https://v.example:8443\",\n \"token_file\": \"/t\",\n"
                               " \"ca\": \"/c.pem\"}\n";
    char error[256] = "";
    json_t *config = NULL;

    (void)state;
    assert_true(tb_config_parse("cli.json", text, sizeof text - 1, &config, error));
    assert_string_equal(tb_json_string(config, "url"), "https://v.example:8443");
    json_decref(config);
}

static void a_wrong_configuration_is_refused_with_file_and_line(void **state)
{
    static const struct {
        const char *text, *where;
    } bad[] = {
        { "{\n \"url\": \"https://v\",\n \"tokenfile\": \"/t\"\n}", "cli.json:3: \"tokenfile\"" },
        { "{\n\n \"url\": 7}", "cli.json:3: \"url\": expected a text" },
        { "{\"url\": \"\"}", "cli.json:1: \"url\": expected a text" },
        { "{\"url\": \"a\",\n\"url\": \"b\"}", "cli.json:2: duplicate" },
        { "[]", "cli.json:1: expected an object" },
        { "{", "cli.json:1: " },
        { "", "cli.json:1: " },
        { "{} x", "cli.json:1: " },
        { "{\"ca\\u0000\": \"x\"}", "cli.json:1: " },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char error[256] = "";
        json_t *config = NULL;

        assert_false(tb_config_parse("cli.json", bad[i].text, strlen(bad[i].text), &config, error));
        assert_null(config);
        assert_memory_equal(error, bad[i].where, strlen(bad[i].where));
    }
}

static void a_token_is_sent_to_https_addresses_only(void **state)
{
    static const char *const good[] = { "https://v", "https://v.example:8443", "https://[::1]:1" };
    static const char *const bad[] = { "",
                                       "v",
                                       "http://v",
                                       "https://",
                                       "https://v/x",
                                       "https://a@b",
                                       "https://v?x",
                                       "file:///etc",
                                       "HTTPS://v",
                                       "https://v\r\nX:",
                                       "https://v#",
                                       "https://a b" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(tb_url_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(tb_url_is_valid(bad[i]));
}

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void fingerprints_are_read_in_their_usual_forms(void **state)
{
    uint8_t out[32] = { 0 };

    (void)state;
    assert_true(tb_fingerprint_parse(HEX64, out));
    assert_int_equal(out[15], 0xff);
    assert_true(tb_fingerprint_parse("sha256:" HEX64, out));
    assert_true(tb_fingerprint_parse(
        "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:"
        "DD:EE:FE",
        out));
    assert_int_equal(out[31], 0xfe);
    assert_false(tb_fingerprint_parse("", out));
    assert_false(tb_fingerprint_parse("sha256:", out));
    assert_false(tb_fingerprint_parse(HEX64 "0", out));
    assert_false(tb_fingerprint_parse("/etc/ssl/certs/ca-certificates.crt", out));
    assert_false(
        tb_fingerprint_parse("g0112233445566778899aabbccddeeff00112233445566778899aabbccddee"
                             "ff",
                             out));
}

static void a_certificate_is_taken_out_of_pem(void **state)
{
    static const char pem[] =
        "-----BEGIN CERTIFICATE-----\nMAA\nB/+A=\n-----END CERTIFICATE-----\n";
    static const uint8_t der[] = { 0x30, 0x00, 0x01, 0xff, 0xe0 };
    uint8_t out[8];
    size_t len = 0;

    (void)state;
    assert_true(tb_pem_decode(pem, out, sizeof out, &len));
    assert_int_equal(len, sizeof der);
    assert_memory_equal(out, der, sizeof der);
    assert_false(tb_pem_decode(pem, out, 4, &len));
    assert_false(tb_pem_decode("MAAB", out, sizeof out, &len));
    assert_false(tb_pem_decode("-----BEGIN CERTIFICATE-----\nMA", out, sizeof out, &len));
    assert_false(tb_pem_decode("-----BEGIN CERTIFICATE-----\nM\033A=\n", out, sizeof out, &len));
}

static void t63_what_a_user_types_stays_one_segment_of_a_path(void **state)
{
    char *path = tb_api_path("/v1/hosts/", "../api-tokens?x=1#y%00 \r\n", "/log");

    (void)state;
    assert_string_equal(path, "/v1/hosts/..%2Fapi-tokens%3Fx%3D1%23y%2500%20%0D%0A/log");
    assert_true(tb_api_query(&path, "q", "a&b=c"));
    assert_true(tb_api_query(&path, "cursor", NULL));
    assert_true(tb_api_query(&path, "cursor", "d"));
    assert_string_equal(strchr(path, '?'), "?q=a%26b%3Dc&cursor=d");
    free(path);
}

static char *file_of_source(const char *name)
{
    char path[4096], *text = calloc(1, 256 * 1024);
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", getenv("TRUEBOOT_SOURCE"), name);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, 256 * 1024 - 1, f) > 0);
    fclose(f);
    return text;
}

static void every_subcommand_and_option_stands_in_the_man_page(void **state)
{
    char *page = file_of_source("docs/man/trueboot.1"), line[256];

    (void)state;
    for (size_t i = 0; i < tb_n_subcommands; i++) {
        const struct tb_subcommand *s = &tb_subcommands[i];

        snprintf(line, sizeof line, "\n.It Cm %s%s%s", s->name, s->verb ? " " : "",
                 s->verb ? s->verb : "");
        if (strstr(page, line) == NULL)
            fail_msg("docs/man/trueboot.1 lacks%s", line);
    }
    for (int id = 0; id < TB_N_OPTS; id++) {
        snprintf(line, sizeof line, "Fl -%s", tb_option_texts[id].name);
        if (strstr(page, line) == NULL)
            fail_msg("docs/man/trueboot.1 lacks %s", line);
    }
    free(page);
}

static void every_subcommand_and_option_is_completed(void **state)
{
    char *script = file_of_source("cli/completion.bash");

    (void)state;
    for (size_t i = 0; i < tb_n_subcommands; i++) {
        assert_non_null(strstr(script, tb_subcommands[i].name));
        if (tb_subcommands[i].verb != NULL)
            assert_non_null(strstr(script, tb_subcommands[i].verb));
    }
    for (int id = 0; id < TB_N_OPTS; id++)
        assert_non_null(strstr(script, tb_option_texts[id].name));
    free(script);
}

static void every_subcommand_has_help_and_stands_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < tb_n_subcommands; i++) {
        const struct tb_subcommand *s = &tb_subcommands[i], *p = s - 1;
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_true(strlen(s->summary) > 8);
        assert_true(s->min_args <= s->max_args);
        assert_true(s->run != NULL || strcmp(s->name, "server") == 0);
        if (i > 0) { /* in order, so none stands twice */
            int by_name = strcmp(p->name, s->name);

            assert_true(by_name < 0 ||
                        (by_name == 0 && strcmp(p->verb ? p->verb : "", s->verb) < 0));
        }
        assert_int_equal(tb_help_print(out, s), TB_EXIT_OK);
        fclose(out);
        assert_non_null(strstr(text, s->name));
        assert_non_null(strstr(text, s->summary));
        assert_non_null(strstr(text, "--help"));
        free(text);
    }
}

/* tb_cli_main() with the words of a line. */
static int run(const char *line)
{
    char words[128], *argv[16] = { NULL }, *rest = words;
    int n = 0;

    snprintf(words, sizeof words, "%s", line);
    while ((argv[n] = strsep(&rest, " ")) != NULL)
        n++;
    return tb_cli_main(n, argv);
}

static void wrong_usage_is_exit_2(void **state)
{
    static const char *const lines[] = {
        "trueboot",
        "trueboot nonsense",
        "trueboot host",
        "trueboot host nonsense",
        "trueboot host show",
        "trueboot host list extra",
        "trueboot findings extra",
        "trueboot findings --nonsense",
        "trueboot findings -Z",
        "trueboot findings --wait",
        "trueboot findings --colour",
        "trueboot findings --colour maybe",
        "trueboot findings --json --json",
        "trueboot findings --json=x",
        "trueboot host list --verdict good",
        "trueboot enrol-token --uses 0",
        "trueboot enrol-token --expires 1y",
        "trueboot enrol-token --expires 10s",
        "trueboot api-token create --role root",
        "trueboot api-token create",
        "trueboot ek allow 0123",
        "trueboot incident acknowledge one",
        "trueboot incident acknowledge 1 --until tomorrow",
        "trueboot attest host --timeout 0",
        "trueboot policy check /nonexistent",
        "trueboot log diff one",
        "trueboot roots",
        "trueboot roots import",
        "trueboot roots import /nonexistent --into /",
        "trueboot roots list /nonexistent",
        "trueboot verify",
        "trueboot help nonsense",
        "trueboot help host nonsense",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (run(lines[i]) != TB_EXIT_USAGE)
            fail_msg("%s: not exit %d", lines[i], TB_EXIT_USAGE);
}

static void self_attestation_is_refused_with_its_own_exit_status(void **state)
{
    (void)state;
    assert_int_equal(run("trueboot verify --self"), TB_EXIT_SELF);
    assert_int_equal(run("trueboot verify --self some.bundle"), TB_EXIT_SELF);
    assert_int_equal(run("trueboot attest --self"), TB_EXIT_SELF);
    assert_int_equal(run("trueboot host attest --self --wait"), TB_EXIT_SELF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t44_escape_sequences_and_control_bytes_are_shown_not_sent),
        cmocka_unit_test(t44_bidirectional_and_invisible_characters_are_shown_by_their_number),
        cmocka_unit_test(t44_bytes_that_are_not_utf8_are_shown_in_hex),
        cmocka_unit_test(ordinary_text_of_any_language_stays_as_it_is),
        cmocka_unit_test(durations_are_read_with_their_unit_and_nothing_else),
        cmocka_unit_test(numbers_keep_their_limits),
        cmocka_unit_test(times_are_utc_in_rfc_3339),
        cmocka_unit_test(tables_align_and_keep_their_widths_over_pages),
        cmocka_unit_test(an_empty_table_has_its_titles),
        cmocka_unit_test(t44_a_host_cannot_write_colours_or_lines_into_a_table),
        cmocka_unit_test(t44_json_for_a_terminal_is_ascii_without_control_bytes),
        cmocka_unit_test(a_configuration_file_is_read),
        cmocka_unit_test(a_wrong_configuration_is_refused_with_file_and_line),
        cmocka_unit_test(a_token_is_sent_to_https_addresses_only),
        cmocka_unit_test(fingerprints_are_read_in_their_usual_forms),
        cmocka_unit_test(a_certificate_is_taken_out_of_pem),
        cmocka_unit_test(t63_what_a_user_types_stays_one_segment_of_a_path),
        cmocka_unit_test(every_subcommand_and_option_stands_in_the_man_page),
        cmocka_unit_test(every_subcommand_and_option_is_completed),
        cmocka_unit_test(every_subcommand_has_help_and_stands_once),
        cmocka_unit_test(wrong_usage_is_exit_2),
        cmocka_unit_test(self_attestation_is_refused_with_its_own_exit_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
