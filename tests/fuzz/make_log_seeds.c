/* tests/fuzz/make_log_seeds.c - write the seeds of the event log's fuzz targets.
 *
 * make_log_seeds DIR: DIR is tests/fuzz/seeds. Run by hand when the builder of logs changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/log_builder.h"
#include "tests/unit/sipa_builder.h"

static const char *root;

static void put(const char *target, const char *name, struct tb_reader in)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(in.p, 1, in.left, f) != in.left || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static void put_log(struct log_builder *b, const char *name)
{
    log_finish(b);
    put("eventlog", name, log_slice(b));
    put("bootfacts", name, log_slice(b));
}

/* Events for tests/fuzz/sipa_fuzz.c: PCR less 11, what the digest is of, the data. */
static void put_event(struct sipa_builder *out, unsigned pcr, unsigned cover, const void *data,
                      size_t len)
{
    out->p[out->n++] = (uint8_t)((pcr - 11) | cover << 2);
    out->p[out->n++] = (uint8_t)len;
    out->p[out->n++] = (uint8_t)(len >> 8);
    memcpy(out->p + out->n, data, len);
    out->n += len;
}

static void windows_program(struct sipa_builder *s, bool loader)
{
    size_t at, elam;

    s->n = 0;
    at = sipa_open(s, TB_SIPA_TRUST_BOUNDARY);
    sipa_number(s, TB_SIPA_BOOT_COUNTER, 77, 8);
    sipa_module(s, "0123456789abcdef0123456789abcdef", loader ? "\\Windows\\winload.efi" : NULL);
    if (loader) {
        elam = sipa_open(s, TB_SIPA_ELAM_AGGREGATION);
        sipa_text(s, TB_SIPA_ELAM_KEY_NAME, "Windows Defender");
        sipa_close(s, elam);
        sipa_number(s, TB_SIPA_OS_KERNEL_DEBUG, 0, 1);
        sipa_number(s, TB_SIPA_HYPERVISOR_LAUNCH, 1, 8);
        sipa_number(s, TB_SIPA_VSM_LAUNCH, 1, 8);
    }
    sipa_number(s, TB_SIPA_TEST_SIGNING, 0, 1);
    sipa_number(s, TB_SIPA_CODE_INTEGRITY, 1, 1);
    sipa_number(s, TB_SIPA_BITLOCKER_UNLOCK, 4, 4);
    sipa_close(s, at);
}

static void put_windows_and_esxi(void)
{
    static struct sipa_builder program, out;

    for (unsigned loader = 0; loader < 2; loader++)
        for (unsigned pcr = 12; pcr <= 13; pcr++) {
            windows_program(&program, loader != 0);
            put_event(&out, pcr, 0, program.p, program.n);
        }
    for (unsigned pcr = 12; pcr <= 14; pcr++)
        put_event(&out, pcr, 3, "WBCL", 4);
    put("sipa", "windows", tb_slice(out.p, out.n));
    put_event(&out, 12, 2, program.p, program.n);
    put("sipa", "windows-uncovered", tb_slice(out.p, out.n));
    out.n = 0;
    put_event(&out, 12, 2, "\2\0\0\0\6\0\0\0b.b00", 14);
    put_event(&out, 13, 1,
              "\x8\0\0\0\x28\0\0\0\x28\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0"
              "\x20\0\2\0\x22\0\2\0\x24\0\2\0\x26\0\2\0a\0b\0c\0d",
              48);
    put_event(&out, 14, 1, "\4\0\0\0\4\0\0\0quiet", 13);
    put_event(&out, 14, 1, "\7\0\0\0\1\0\0\0x", 9);
    put("sipa", "esxi", tb_slice(out.p, out.n));
}

static void utf16_event(struct log_builder *b, uint32_t pcr, const char *hashed, size_t hashed_len,
                        const char *text)
{
    uint8_t wide[256] = { 0 };
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        wide[2 * i] = (uint8_t)text[i];
    log_event(b, pcr, TB_EV_IPL,
              hashed != NULL ? tb_slice(hashed, hashed_len) : tb_slice(wide, 2 * n + 2),
              tb_slice(wide, 2 * n + 2));
}

static void put_stories(struct log_builder *b)
{
    log_begin(b, LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256));
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_shim, "SbatLevel",
                 log_text("sbat,1,2024010900"));
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_shim, "MokListTrusted",
                 log_text("\1"));
    log_event(b, 14, TB_EV_IPL, log_text("\1"), tb_slice("MokListTrusted", 15));
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_shim, "Shim", log_cert_db);
    log_event(b, 8, TB_EV_IPL, log_text("linux /v quiet"), log_text("grub_cmd: linux /v quiet"));
    log_event(b, 9, TB_EV_IPL, log_text("a kernel"), log_text("/v"));
    log_event(b, 8, TB_EV_IPL, log_text("/v quiet"), log_text("kernel_cmdline: /v quiet"));
    utf16_event(b, 12, NULL, 0, "/v quiet");
    log_event(b, 9, TB_EV_EVENT_TAG, tb_slice("/\0v\0 \0q\0u\0i\0e\0t\0", 16),
              tb_slice("\xed\x22\x3b\x8f\2\0\0\0LO", 10));
    log_finish(b);
    put("story", "shim-grub-stub", log_slice(b));
    log_begin(b, LOG_BANK(TB_BANK_SHA256));
    utf16_event(b, 11, ".linux", 7, ".linux");
    utf16_event(b, 11, "a kernel", 8, ".linux");
    utf16_event(b, 11, ".cmdline", 9, ".cmdline");
    utf16_event(b, 11, "quiet", 5, ".cmdline");
    utf16_event(b, 12, NULL, 0, "quiet");
    utf16_event(b, 12, "an archive", 10, "Credentials initrd");
    utf16_event(b, 13, "an archive", 10, "System extension initrd");
    log_finish(b);
    put("story", "unified-image", log_slice(b));
}

int main(int argc, char **argv)
{
    struct log_builder *b = log_new();

    if (argc != 2)
        return 2;
    root = argv[1];
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    put("uefi", "db",
        tb_slice(log_find_variable(b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "db")->data,
                 log_find_variable(b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "db")->data_len));
    put("uefi", "device-path",
        tb_slice("\2\1\14\0\xd0\x41\3\xa\0\0\0\0\1\1\6\0\0\1\4\4\x8\0\\\0a\0"
                 "\x7f\xff\4\0",
                 30));
    put_log(b, "good-sha256");
    put_stories(b);
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
    log_find(b, 7, TB_EV_SEPARATOR, 0)->type = TB_EV_ACTION;
    put_log(b, "separator-in-disguise");
    log_good_boot(b, 0xf);
    put_log(b, "good-four-banks");
    log_good_boot_sha1(b);
    put_log(b, "good-sha1-format");
    log_good_boot(b, LOG_BANK(TB_BANK_SHA384));
    log_move_before(b, log_locality(b, 3), &b->item[0]);
    log_event_data(b, 9, TB_EV_EVENT_TAG, tb_slice("\xed\x22\x3b\x8f\2\0\0\0LO", 10));
    log_no_action(b, 0xffffffff, log_text("trust point"));
    log_action(b, 7, "UEFI Debug Mode");
    put_log(b, "locality-tags-debug");
    log_begin(b, LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256));
    log_hcrtm(b);
    log_finish(b);
    memset(b->bytes + b->len, 0xff, 64);
    b->len += 64;
    put("eventlog", "padded", log_slice(b));
    put_windows_and_esxi();
    log_free(b);
    return 0;
}
