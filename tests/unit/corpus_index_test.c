/* Real logs against the columns of their index: secure_boot, authorities and loaders, the end of
 * the firmware, the firmware's version, the platform key. The index was made by another program. */
#include "core/uefi.h"
#include "tests/unit/lrow_world.h"
#include "wire/log_json.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 21

enum column { FILE_NAME, PK = 13, SECURE_BOOT, LOADER, SCRTM, EXIT_BOOT_SERVICES };

/* Where facts are not the column, and why. */
static const struct {
    const char *file;
    enum column column;
    const char *why;
} differ[] = {
    { "hpe-dl160-pcr0mismatch.bin", SCRTM, "PCR 0 does not match: the maker's log is incomplete" },
    { "dell-gdc-ubuntu.bin", SCRTM, "its digest does not cover it" },
    { "thinkpad-debian-tpm12.bin", PK, "TPM 1.2 firmware: the digest covers no names" },
    { "dell-legacy-27-sha1.bin", LOADER, "one of the two is measured into PCR 2, not 4" },
    { "fragment-uefivar.bin", SECURE_BOOT, "one event: no keys, no separator, no program" },
};
static bool used[N_OF(differ)];

static size_t n_bad;

static void differs(char **field, enum column c, const char *fact)
{
    for (size_t i = 0; i < N_OF(differ); i++)
        if (differ[i].column == c && strcmp(differ[i].file, field[FILE_NAME]) == 0) {
            used[i] = true;
            return;
        }
    printf("  %s: column %d is \"%s\", the fact \"%s\"\n", field[FILE_NAME], (int)c, field[c],
           fact);
    n_bad++;
}

static void check_secure_boot(char **field, const struct tb_boot_facts *f)
{
    static const struct {
        const char *column;
        enum tb_secure_boot fact;
    } list[] = { { "on", TB_SECURE_BOOT_ON },
                 { "off", TB_SECURE_BOOT_OFF },
                 { "empty var", TB_SECURE_BOOT_NOT_SET },
                 { "no SecureBoot event", TB_SECURE_BOOT_UNKNOWN },
                 { "-", TB_SECURE_BOOT_UNKNOWN } };

    for (size_t i = 0; i < N_OF(list); i++)
        if (strcmp(field[SECURE_BOOT], list[i].column) == 0 && f->secure_boot == list[i].fact)
            return;
    differs(field, SECURE_BOOT, tb_secure_boot_name(f->secure_boot));
}

/* The text has these words, whatever their case. */
static bool has_text(const char *text, const char *words)
{
    return strcasestr(text, words) != NULL;
}

static bool is_told(const struct lrow *r, const char *what)
{
    const struct tb_boot_facts *f = &r->boot.facts;

    if (strncmp(what, "auth:", 5) == 0) {
        for (size_t i = 0; i < f->n_authorities; i++)
            if (strcmp(f->authority[i].variable, what + 5) == 0)
                return true;
        return false;
    }
    if (strcmp(what, "grub") == 0)
        return r->boot.story.parts >> TB_PART_GRUB & 1;
    if (strcmp(what, "shim") == 0)
        return r->boot.story.parts >> TB_PART_SHIM & 1;
    if (strcmp(what, "WindowsBCL") == 0)
        return r->boot.story.parts >> TB_PART_WINDOWS & 1;
    if (strstr(what, " pcr") != NULL || strcmp(what, "-") == 0 || strcmp(what, "kernel") == 0)
        return true; /* a kind of event, not a fact */
    for (size_t i = 0; i < f->n_programs; i++)
        if (has_text(f->program[i].path, what))
            return true;
    return false;
}

/* Every loader and authority of the index is told; and no other authority. */
static void check_loader(char **field, const struct lrow *r)
{
    char list[1024], *rest = list, *word;
    const struct tb_boot_facts *f = &r->boot.facts;

    snprintf(list, sizeof list, "%s", field[LOADER]);
    while ((word = strsep(&rest, "|")) != NULL) {
        while (*word == ' ')
            word++;
        while (*word != '\0' && word[strlen(word) - 1] == ' ')
            word[strlen(word) - 1] = '\0';
        if (*word != '\0' && !is_told(r, word))
            differs(field, LOADER, word);
    }
    for (size_t i = 0; i < f->n_authorities; i++) {
        char name[48];

        snprintf(name, sizeof name, "auth:%s", f->authority[i].variable);
        if (strstr(field[LOADER], name) == NULL)
            differs(field, LOADER, name);
    }
}

static void check_end(char **field, const struct tb_boot_facts *f)
{
    bool ended = strcmp(field[EXIT_BOOT_SERVICES], "Invocation; Returned with Success") == 0;

    if (f->exit_boot_services != ended)
        differs(field, EXIT_BOOT_SERVICES, f->exit_boot_services ? "yes" : "no");
}

/* "hex:1efb..." of 16 bytes is a GUID; of more, its beginning. */
static void check_version(char **field, const struct tb_boot_facts *f)
{
    const char *want = field[SCRTM];
    uint8_t guid[16];
    char text[TB_GUID_TEXT_LEN];
    size_t len = strlen(want);

    if (strncmp(want, "hex:", 4) == 0 && len == 4 + 32) {
        for (size_t i = 0; i < 16; i++) {
            unsigned v;

            assert_int_equal(sscanf(want + 4 + 2 * i, "%2x", &v), 1);
            guid[i] = (uint8_t)v;
        }
        tb_guid_text(tb_slice(guid, 16), text);
        want = text;
        len = strlen(text);
    } else if (strncmp(want, "hex:", 4) == 0) {
        want += 4;
        len -= 4;
    } else if (strcmp(want, "None") == 0 || strcmp(want, "-") == 0) {
        want = "";
        len = 0;
    }
    while (len > 0 && want[len - 1] == ' ')
        len--;
    if (strncmp(f->firmware_version, want, len) != 0 ||
        (len == 0 && f->firmware_version[0] != '\0'))
        differs(field, SCRTM, f->firmware_version);
}

/* The common name. */
static void check_pk(char **field, const struct tb_boot_facts *f)
{
    const struct tb_keyset *pk = &f->keyset[TB_KEYSET_PK];
    const char *cn = strstr(field[PK], "CN=");
    char want[160];

    if (cn == NULL) {
        if (pk->subject[0] != '\0')
            differs(field, PK, pk->subject);
        return;
    }
    snprintf(want, sizeof want, "%.*s", (int)strcspn(cn + 3, ","), cn + 3);
    if (!has_text(pk->subject, want))
        differs(field, PK, pk->subject);
}

/* What `trueboot log show --json` prints of the log alone is what an appraisal would find in a boot
 * that led to it. */
static void check_json(struct mlog *m)
{
    static struct lrow r;
    struct tb_reason why;
    json_t *root = tb_log_json(mlog_bytes(m), NULL, h, &why), *facts;

    facts = json_object_get(root, "facts");
    if (root == NULL || facts == NULL)
        fail_msg("%s: no facts in JSON", m->name);
    mlog_quote_as_logged(m);
    appraise(m, &r);
    assert_string_equal(json_string_value(json_object_get(facts, "secure_boot")),
                        tb_secure_boot_name(r.boot.facts.secure_boot));
    assert_int_equal(json_array_size(json_object_get(facts, "authorities")),
                     r.boot.facts.n_authorities);
    assert_int_equal(json_array_size(json_object_get(facts, "programs")), r.boot.facts.n_programs);
    assert_int_equal(json_is_true(json_object_get(facts, "exit_boot_services")),
                     r.boot.facts.exit_boot_services);
    assert_string_equal(json_string_value(json_object_get(facts, "firmware_version")),
                        r.boot.facts.firmware_version);
    json_decref(root);
}

static void check_row(char **field)
{
    static struct lrow r;
    char name[128];
    struct mlog *m;
    size_t len = strlen(field[FILE_NAME]);

    if (len < 5 || strcmp(field[FILE_NAME] + len - 4, ".bin") != 0 ||
        strncmp(field[FILE_NAME], "ccel-", 5) == 0 ||                    /* refused: L-18 */
        strcmp(field[FILE_NAME], "fragment-specid-vendordata.bin") == 0) /* refused: L-21 */
        return;
    snprintf(name, sizeof name, "%.*s", (int)len - 4, field[FILE_NAME]);
    m = mlog_load(name);
    assert_non_null(m);
    appraise(m, &r);
    check_secure_boot(field, &r.boot.facts);
    check_loader(field, &r);
    check_end(field, &r.boot.facts);
    check_version(field, &r.boot.facts);
    check_pk(field, &r.boot.facts);
    check_json(m);
    mlog_free(m);
}

static void facts_of_every_real_log_are_those_of_its_index(void **state)
{
    size_t len, n = 0;
    char *text = (char *)read_sample("INDEX.tsv", &len), *rest = text, *line;

    (void)state;
    if (text == NULL) {
        printf("SKIPPED: no corpus\n");
        skip();
    }
    text[len] = '\0'; /* log_read_file() leaves room */
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *field[COLUMNS] = { NULL };
        size_t k = 0;

        while (k < COLUMNS && (field[k] = strsep(&line, "\t")) != NULL)
            k++;
        if (k > EXIT_BOOT_SERVICES) {
            check_row(field);
            n++;
        }
    }
    free(text);
    printf("%zu rows\n", n);
    for (size_t i = 0; i < N_OF(differ); i++)
        if (!used[i]) {
            printf("  %s: differs no more: %s\n", differ[i].file, differ[i].why);
            n_bad++;
        }
    assert_int_equal(n_bad, 0);
    assert_true(n >= 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(facts_of_every_real_log_are_those_of_its_index, lrow_set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
