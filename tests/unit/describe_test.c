/* tests/unit/describe_test.c - events as lines, and which of them a digest vouches for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/describe.h"
#include "tests/unit/log_builder.h"

static struct log_builder *b;
static struct tb_hasher *h;
static char lines[65536]; /* "+key=value\n": verified, "-key=value\n": not */
static size_t lines_len;

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
        lines_len = 0;
        lines[0] = '\0';
        tb_event_describe(&log, &e, e.banks, h, collect, NULL);
    }
}

static void begin(void)
{
    log_begin(b, LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256));
}

static void assert_line(const char *line)
{
    if (strstr(lines, line) == NULL)
        fail_msg("no line %s in\n%s", line, lines);
}

static void assert_no_line(const char *line)
{
    if (strstr(lines, line) != NULL)
        fail_msg("line %s in\n%s", line, lines);
}

static void assert_data(uint32_t type, const char *data, size_t len, const char *line)
{
    begin();
    log_event_data(b, 1, type, tb_slice(data, len));
    describe_last();
    assert_line(line);
}

static void every_event_has_its_frame(void **state)
{
    (void)state;
    begin();
    log_separator(b, 3);
    describe_last();
    assert_line(
        "+event=1\n+pcr=3\n-type=EV_SEPARATOR\n+sha1=9069ca78e7450a285173431b3e52c5c25299e473\n"
        "+sha256=df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119\n-size=4\n");
    assert_line("+separator=00000000\n");
    assert_data(0x8401, "vendor", 6, "-type=0x00008401\n");
    assert_line("+data=vendor\n");
}

static void the_spec_id_event_tells_versions_and_algorithms(void **state)
{
    (void)state;
    begin();
    describe_last();
    assert_line("-spec=2.0 errata 105, uintn 2\n-algorithm=sha1 0x0004, 20 bytes\n"
                "-algorithm=sha256 0x000b, 32 bytes\n");
    assert_no_line("+spec");
}

static void t37_a_datum_is_verified_only_if_the_digest_covers_it(void **state)
{
    struct log_item *item;

    (void)state;
    begin();
    item = log_action(b, 4, "Calling EFI Application from Boot Option");
    describe_last();
    assert_line("+text=Calling EFI Application from Boot Option\n");
    log_set_data(b, item, log_text("Calling something else"));
    describe_last();
    assert_line("-text=Calling something else\n");
    for (unsigned bank = TB_BANK_SHA1; bank <= TB_BANK_SHA256; bank++) { /* one is not enough */
        log_rehash(b, item, log_text("Calling something else"));
        item->digest[bank][0] ^= 1;
        describe_last();
        assert_line("-text=Calling something else\n");
    }
}

static void variables_tell_name_guid_value_and_certificates(void **state)
{
    struct log_item *item;
    struct tb_reader v;

    (void)state;
    begin();
    log_variable(b, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, log_guid_global, "SecureBoot",
                 tb_slice("\1", 1));
    describe_last();
    assert_line("+variable=SecureBoot\n+guid=8be4df61-93ca-11d2-aa0d-00e098032b8c "
                "EFI_GLOBAL_VARIABLE\n+length=1\n+enabled=yes\n");
    begin();
    log_variable(b, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, log_guid_image_db, "db",
                 log_signature_list(b, log_guid_cert_x509, log_cert_db));
    describe_last();
    assert_line("+certificate=CN=Trueboot test loader CA,O=Example sha256 ");
    assert_line("+signature-lists=1 entries\n");
    begin();
    log_variable(b, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, log_guid_image_db, "dbx",
                 log_signature_list(b, log_guid_cert_sha256, log_text("0123")));
    describe_last();
    assert_line("+hash=EFI_CERT_SHA256 30313233\n");
    begin();
    log_variable(b, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, log_guid_image_db, "dbx", log_text("bad"));
    describe_last();
    assert_line("+signature-lists=malformed after 0 entries\n");
    begin();
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_image_db, "db",
                 log_signature_data(b, log_cert_db));
    describe_last();
    assert_line("+owner=");
    assert_line("+certificate=CN=Trueboot test loader CA,O=Example\n");
    begin();
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_shim, "SbatLevel",
                 log_text("sbat,1"));
    describe_last();
    assert_line("+value=sbat,1\n");
    /* L-48: the digest of a boot variable is of its data, so its name is not. */
    begin();
    item = log_variable(b, 1, TB_EV_EFI_VARIABLE_BOOT, log_guid_global, "BootOrder",
                        tb_slice("\1\0\0\0", 4));
    log_rehash(b, item, tb_slice("\1\0\0\0", 4));
    describe_last();
    assert_line("-variable=BootOrder\n");
    assert_line("+order=Boot0001 Boot0000\n");
    begin();
    v = log_uefi_variable(b, log_guid_global, "Boot0001",
                          tb_slice("\1\0\0\0\x0c\0L\0\0\0\4\4\x8\0\\\0a\0\x7f\xff\4\0", 22));
    log_event_data(b, 1, TB_EV_EFI_VARIABLE_BOOT2, v);
    describe_last();
    assert_line("+enabled=yes\n+description=L\n+path=\\a\n");
}

static void images_tell_their_unverified_path(void **state)
{
    (void)state;
    begin();
    log_application(b, "image", "\\EFI\\a.efi");
    describe_last();
    assert_line("-image-location=0x1d042018\n-image-length=86688\n");
    assert_line("-path=\\EFI\\a.efi\n");
}

static void blobs_tables_partitions_and_versions_are_told(void **state)
{
    char disk[92 + 8 + 128] = { 0 };

    (void)state;
    assert_data(TB_EV_EFI_PLATFORM_FIRMWARE_BLOB, "\0\0\x82\0\0\0\0\0\0\0\x0e\0\0\0\0\0", 16,
                "+blob-base=0x820000\n+blob-length=0xe0000\n");
    assert_data(TB_EV_EFI_PLATFORM_FIRMWARE_BLOB2, "\3PEI\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 20,
                "+description=PEI\n+blob-base=0x1\n+blob-length=0x2\n");
    assert_data(TB_EV_EFI_HANDOFF_TABLES,
                "\1\0\0\0\0\0\0\0"
                "0123456789abcdef"
                "\1\0\0\0\0\0\0\0",
                32, "+table-address=0x1\n");
    assert_data(TB_EV_EFI_HANDOFF_TABLES2,
                "\2HT\1\0\0\0\0\0\0\0"
                "0123456789abcdef"
                "\1\0\0\0\0\0\0\0",
                35, "+description=HT\n+table=33323130-3534-3736-3839-616263646566\n");
    assert_data(TB_EV_S_CRTM_VERSION,
                "1\0.\0"
                "2\0\0\0",
                8, "+version=1.2\n");
    assert_data(TB_EV_S_CRTM_VERSION, "0123456789abcdef", 16,
                "+version=33323130-3534-3736-3839-616263646566\n");
    assert_data(TB_EV_S_CRTM_VERSION, "text!", 5, "+version=text!\n");
    assert_data(TB_EV_POST_CODE, "ACPI DATA", 9, "+text=ACPI DATA\n");
    assert_data(TB_EV_POST_CODE, "\0\0\x82\0\0\0\0\0\0\0\x0e\0\0\0\0\0", 16,
                "+blob-base=0x820000\n");
    disk[84] = (char)128; /* SizeOfPartitionEntry */
    disk[92] = 1;
    memcpy(disk + 100 + 56, "E\0S\0P\0", 6);
    disk[100 + 32] = 8;
    assert_data(TB_EV_EFI_GPT_EVENT, disk, sizeof disk,
                "+partition=00000000-0000-0000-0000-000000000000 8-0 ESP\n");
    disk[92] = 2; /* more entries than there are bytes */
    assert_data(TB_EV_EFI_GPT_EVENT, disk, sizeof disk, "+data=");
    assert_no_line("+partition=");
    disk[84] = 0;
    assert_data(TB_EV_EFI_GPT_EVENT, disk, sizeof disk, "+data=");
    assert_no_line("+disk=");
}

static void texts_of_boot_loaders_are_verified_in_each_of_their_ways(void **state)
{
    static const struct {
        const char *hashed;
        size_t len;
        const char *line;
    } cases[] = {
        { "cmdline quiet\0", 14, "+text=cmdline quiet\n" },
        { "cmdline quiet", 13, "+text=cmdline quiet\n" },
        { "quiet", 5, "-kind=cmdline\n+text=quiet\n" },
        { "quiet\0", 6, "-kind=cmdline\n+text=quiet\n" },
        { "a file", 6, "-text=cmdline quiet\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        log_event(b, 8, TB_EV_IPL, tb_slice(cases[i].hashed, cases[i].len),
                  tb_slice("cmdline quiet", 14));
        describe_last();
        assert_line(cases[i].line);
    }
    assert_data(TB_EV_IPL, ".\0u\0n\0a\0m\0e\0\0\0", 14, "+text=.uname\n");
    assert_data(TB_EV_IPL, "grub_cmd: ", 10, "+text=grub_cmd: \n"); /* L-35 */
    begin();
    log_event(b, 8, TB_EV_IPL, log_text("x"), log_text("grub_cmd: "));
    describe_last();
    assert_line("-text=grub_cmd: \n");
}

static void texts_in_utf16_are_verified_by_what_systemd_hashes(void **state)
{
    static const struct {
        const char *hashed;
        size_t len;
        const char *line;
    } cases[] = {
        { ".linux", 7, "+text=.linux\n" },                /* systemd-stub: ASCII with NUL */
        { ".\0l\0i\0n\0u\0x\0\0", 14, "+text=.linux\n" }, /* systemd-boot: all of it */
        { ".\0l\0i\0n\0u\0x\0", 12, "-text=.linux\n" },
        { ".linux", 6, "-text=.linux\n" },
        { "the section", 11, "-text=.linux\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t cut = 0; cut < 2; cut++) { /* old versions log one byte less */
            begin();
            log_event(b, 11, TB_EV_IPL, tb_slice(cases[i].hashed, cases[i].len),
                      tb_slice(".\0l\0i\0n\0u\0x\0\0", 14 - cut));
            describe_last();
            assert_line(cases[i].line);
        }
    begin(); /* 13 bytes of which the last is no NUL */
    log_event_data(b, 11, TB_EV_IPL, tb_slice(".\0l\0i\0n\0u\0x\0A", 13));
    describe_last();
    assert_no_line("text=");
}

static void t44_long_texts_are_told_line_by_line_and_stay_ascii(void **state)
{
    char longer[3000];

    (void)state;
    assert_data(TB_EV_IPL, "menu {\n\tlinux\r\n}\n", 18, "+text=menu {\n+text= linux \n+text=}\n");
    assert_data(TB_EV_IPL, "caf\303\251", 5, "+text=caf\\xc3\\xa9\n");
    assert_data(TB_EV_IPL, "caf\303", 4, "+data=636166c3\n"); /* not UTF-8: no text */
    assert_data(TB_EV_IPL, "a\033[2J", 5, "+data=611b5b324a\n");
    memset(longer, 'x', sizeof longer);
    assert_data(TB_EV_IPL, longer, sizeof longer, "x\n+text=x");
    for (size_t i = 1; i < sizeof longer; i += 2)
        longer[i] = '\n';
    assert_data(TB_EV_IPL, longer, sizeof longer, "x\n+text=(2488 bytes more)\n");
    begin();
    log_event_data(b, 11, TB_EV_IPL, tb_slice("MokList\0\257", 9)); /* shim: a byte too much */
    describe_last();
    assert_line("+text=MokList\n");
}

static void owners_of_signatures_are_told_when_they_change(void **state)
{
    (void)state;
    begin();
    log_variable(b, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, log_guid_image_db, "db",
                 log_signature_list(b, log_guid_cert_x509, log_cert_db));
    describe_last();
    assert_line("+length=");
    assert_line("+owner=");
    assert_true(strstr(lines, "owner=") < strstr(lines, "certificate="));
}

static void l65_tags_of_linux_systemd_and_windows_are_named(void **state)
{
    (void)state;
    begin();
    log_event(b, 9, TB_EV_EVENT_TAG, log_text("the command line"),
              tb_slice("\xed\x22\x3b\x8f\2\0\0\0LO", 10));
    describe_last();
    assert_line("-tag=0x8f3b22ed Linux load options, 2 bytes\n-tag-data=LO\n");
    assert_data(TB_EV_EVENT_TAG, "\xec\x22\x3b\x8f\0\0\0\0", 8, "+tag=0x8f3b22ec Linux initrd");
    assert_data(TB_EV_EVENT_TAG, "\1\0\1\x40\0\0\0\0", 8, "Windows trust boundary");
    assert_data(TB_EV_EVENT_TAG, "\x2a\x58\xbc\xf5\0\0\0\0", 8, "systemd loader.conf");
    assert_data(TB_EV_EVENT_TAG, "\1\0\1\x40\xff\xff\xff\xff", 8,
                "+data="); /* size above the rest */
}

static void events_that_are_not_measured_are_never_verified(void **state)
{
    (void)state;
    begin();
    log_locality(b, 3);
    describe_last();
    assert_line("-startup-locality=3\n");
    begin();
    log_no_action(b, 0,
                  tb_slice("SP800-155 Event3\1\0\0\0"
                           "0123456789abcdef\2ab\2cd\2ef",
                           45));
    describe_last();
    assert_line("-vendor=1\n");
    assert_line("-manufacturer=ab\n-model=cd\n-version=ef\n");
    begin();
    log_rehash(b, log_no_action(b, 0, log_text("x")), log_text("x"));
    describe_last();
    assert_line("-data=x\n");
    assert_no_line("sha256=");
}

/* L-37 and T-42: every reader on every truncation, and with every length field broken. */
static void every_type_is_described_whatever_its_data_is(void **state)
{
    static const uint32_t more_types[] = {
        TB_EV_EFI_GPT_EVENT, TB_EV_EFI_HANDOFF_TABLES2, TB_EV_EFI_PLATFORM_FIRMWARE_BLOB2,
        TB_EV_EVENT_TAG,     TB_EV_NO_ACTION,           TB_EV_POST_CODE
    };
    struct tb_reason why;
    struct tb_log log;
    struct tb_event e;

    (void)state;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_finish(b);
    assert_true(tb_log_open(log_slice(b), &log, &why));
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        struct tb_reader data = e.data;

        for (size_t n = 0; n <= data.left && n < 200; n++) {
            uint8_t *exact = malloc(n + 1);

            memcpy(exact + 1, data.p, n);
            e.data = (struct tb_reader){ exact + 1, n };
            for (size_t t = 0; t <= sizeof more_types / sizeof *more_types; t++) {
                struct tb_event other = e;

                if (t != 0)
                    other.type = more_types[t - 1];
                lines_len = 0;
                tb_event_describe(&log, &other, other.banks, h, collect, NULL);
            }
            if (n > 0)
                exact[n] ^= 0xff;
            lines_len = 0;
            tb_event_describe(&log, &e, e.banks, h, collect, NULL);
            free(exact);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_has_its_frame),
        cmocka_unit_test(the_spec_id_event_tells_versions_and_algorithms),
        cmocka_unit_test(t37_a_datum_is_verified_only_if_the_digest_covers_it),
        cmocka_unit_test(variables_tell_name_guid_value_and_certificates),
        cmocka_unit_test(images_tell_their_unverified_path),
        cmocka_unit_test(blobs_tables_partitions_and_versions_are_told),
        cmocka_unit_test(texts_of_boot_loaders_are_verified_in_each_of_their_ways),
        cmocka_unit_test(texts_in_utf16_are_verified_by_what_systemd_hashes),
        cmocka_unit_test(t44_long_texts_are_told_line_by_line_and_stay_ascii),
        cmocka_unit_test(owners_of_signatures_are_told_when_they_change),
        cmocka_unit_test(l65_tags_of_linux_systemd_and_windows_are_named),
        cmocka_unit_test(events_that_are_not_measured_are_never_verified),
        cmocka_unit_test(every_type_is_described_whatever_its_data_is),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
