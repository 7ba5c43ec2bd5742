/* Real logs against the columns of their index: platform, secure_boot, authorities and loaders, the
 * end of the firmware, the firmware's version, the platform key. The index was made by another
 * program. And what the built-in policy says of those with Secure Boot on. */
#include "core/known_certs.h"
#include "core/uefi.h"
#include "tests/unit/lrow_world.h"
#include "wire/log_json.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 21

enum column { FILE_NAME, PLATFORM = 12, PK, SECURE_BOOT, LOADER, SCRTM, EXIT_BOOT_SERVICES };

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
    { "thinkpad-debian-tpm12.bin", PLATFORM, "its platform key, the same" },
    { "gce-debian10-sha1.bin", PLATFORM,
      "started from \\EFI\\BOOT, and its GRUB measures nothing" },
    { "dell-gdc-ubuntu.bin", PLATFORM, "its version, the same" },
    { "qemu-fedora37-sdboot.bin", PLATFORM, "started from \\EFI\\systemd" },
    { "qemu-ubuntu3.bin", PLATFORM, "the system that the keys of its firmware are of" },
    { "dell-legacy-27-sha1.bin", PLATFORM, "no platform key" },
    { "supermicro-win2022.bin", PLATFORM, "no platform key is logged" },
    { "hpe-dl160-pcr0mismatch.bin", PLATFORM, "its version, the same" },
    { "fragment-uefivar.bin", SECURE_BOOT, "one event: no keys, no separator, no program" },
};
static bool used[N_OF(differ)];

static size_t n_bad, n_known;

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

/* What the platform's words must be found in. The other words name what no event says: the
 * machine's model and maker where its key does not, the cloud, the processor, the release of a
 * system, and systems that have no folder of their own on the boot partition (EVE-OS,
 * Container-Optimized OS). */
static const struct {
    const char *word;
    enum { IN_PARTS, IN_PATHS, IN_VERSION, IN_PK } where;
    enum tb_story_part part;
    const char *text; /* in the path; NULL: the word */
} words[] = {
    { "Windows", IN_PARTS, TB_PART_WINDOWS, NULL },
    { "shim", IN_PARTS, TB_PART_SHIM, "shim" },
    { "GRUB", IN_PARTS, TB_PART_GRUB, "grub" },
    { "systemd-boot", IN_PARTS, TB_PART_SYSTEMD_BOOT, "systemd-boot" },
    { "EFI stub", IN_PARTS, TB_PART_LINUX_STUB, NULL },
    { "Fedora", IN_PATHS, 0, NULL },
    { "CentOS", IN_PATHS, 0, NULL },
    { "Ubuntu", IN_PATHS, 0, NULL },
    { "Debian", IN_PATHS, 0, NULL },
    { "RHEL", IN_PATHS, 0, "redhat" },
    { "Arch", IN_PATHS, 0, "vmlinuz-linux" },
    { "N1FET43W", IN_VERSION, 0, NULL },
    { "N3VET59W", IN_VERSION, 0, NULL },
    { "N1UET78W", IN_VERSION, 0, NULL },
    { "R1BET56W", IN_VERSION, 0, NULL },
    { "N1NET22W", IN_VERSION, 0, NULL },
    { "N22ET50W", IN_VERSION, 0, NULL },
    { "SDV.RP.B11.04", IN_VERSION, 0, NULL },
    { "Dhyana", IN_VERSION, 0, NULL },
    { "2.3.5", IN_VERSION, 0, NULL },
    { "U31 v2.58", IN_VERSION, 0, NULL },
    { "Intel(R) Desktop Boards", IN_PK, 0, NULL },
    { "SBoot1", IN_PK, 0, NULL },
    { "Lenovo", IN_PK, 0, NULL },
    { "Dell", IN_PK, 0, NULL },
    { "Supermicro", IN_PK, 0, NULL },
};
static size_t n_found[N_OF(words)];

static bool in_paths(const struct tb_boot_facts *f, const char *text)
{
    for (size_t i = 0; i < f->n_programs; i++)
        if (has_text(f->program[i].path, text))
            return true;
    return false;
}

/* Part or path: old loaders measure nothing themselves. */
static bool is_found(const struct tb_boot_result *b, size_t w)
{
    const char *text = words[w].text != NULL ? words[w].text : words[w].word;

    switch (words[w].where) {
    case IN_PARTS:
        return ((b->story.parts | b->story.named) >> words[w].part & 1) ||
               (words[w].text != NULL && in_paths(&b->facts, text));
    case IN_PATHS: return in_paths(&b->facts, text);
    case IN_VERSION: return strstr(b->facts.firmware_version, text) != NULL;
    default: return has_text(b->facts.keyset[TB_KEYSET_PK].subject, text);
    }
}

static void check_platform(char **field, const struct tb_boot_result *b)
{
    for (size_t w = 0; w < N_OF(words); w++) {
        if (strstr(field[PLATFORM], words[w].word) == NULL)
            continue;
        if (is_found(b, w))
            n_found[w]++;
        else
            differs(field, PLATFORM, words[w].word);
    }
    if (b->story.parts >> TB_PART_WINDOWS & 1 && strstr(field[PLATFORM], "Windows") == NULL)
        differs(field, PLATFORM, "Windows");
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
        if (strncmp(f->firmware_version, "sha256:", 7) == 0)
            return; /* more than fits, of which the index has the start */
        want += 4;
        len -= 4;
    } else if (strcmp(want, "None") == 0 || strcmp(want, "-") == 0) {
        want = "";
        len = 0;
    }
    /* Has the digest of a separator in front of its version: nobody can tell whose that is. */
    if (strcmp(field[FILE_NAME], "lenovo-glinux-nosb.bin") == 0)
        len = 0;
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

static const char *text_at(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text != NULL ? text : "";
}

static uint32_t parts_of(const json_t *story, const char *key)
{
    uint32_t mask = 0;
    const json_t *name;
    size_t i;

    json_array_foreach(json_object_get(story, key), i, name)
    {
        for (unsigned p = 0; p < TB_N_STORY_PARTS; p++)
            if (strcmp(tb_story_part_name((enum tb_story_part)p), json_string_value(name)) == 0)
                mask |= 1U << p;
    }
    return mask;
}

static void check_json_story(const json_t *story, const struct tb_story *s)
{
    const json_t *line = json_object_get(story, "cmdline"), *grub = json_object_get(story, "grub");
    const bool told =
        s->cmdline.state == TB_CMDLINE_PROVED || s->cmdline.state == TB_CMDLINE_SEVERAL;

    assert_int_equal(parts_of(story, "parts"), s->parts);
    assert_int_equal(parts_of(story, "unverified_parts"), s->named & ~s->parts);
    assert_string_equal(text_at(line, "state"), tb_cmdline_state_name(s->cmdline.state));
    assert_string_equal(text_at(line, "text"), told ? s->cmdline.text : "");
    assert_string_equal(text_at(grub, "kernel"), json_is_object(grub) ? s->grub.kernel : "");
    assert_int_equal(json_integer_value(json_object_get(grub, "commands")), s->grub.n_commands);
    assert_int_equal(json_array_size(json_object_get(story, "initrds")), s->n_initrds);
    assert_int_equal(json_array_size(json_object_get(story, "sections")), s->n_sections);
    assert_int_equal(json_is_object(json_object_get(story, "windows")), s->windows.told);
    assert_int_equal(json_is_object(json_object_get(story, "esxi")), s->esxi.present);
}

/* Who started whom, and who vouched. */
static void check_json_loader(const json_t *facts, const struct tb_boot_facts *f)
{
    for (size_t i = 0; i < f->n_programs; i++)
        assert_string_equal(
            text_at(json_array_get(json_object_get(facts, "programs"), i), "unverified_path"),
            f->program[i].path);
    for (size_t i = 0; i < f->n_authorities; i++) {
        const json_t *a = json_array_get(json_object_get(facts, "authorities"), i);

        assert_string_equal(text_at(a, "variable"), f->authority[i].variable);
        assert_string_equal(text_at(a, "subject"), f->authority[i].subject);
        assert_string_equal(text_at(a, "known"),
                            tb_known_certificate(f->authority[i].digest) != NULL
                                ? tb_known_certificate(f->authority[i].digest)
                                : "");
        n_known += text_at(a, "known")[0] != '\0';
    }
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
    check_json_loader(facts, &r.boot.facts);
    check_json_story(json_object_get(facts, "story"), &r.boot.story);
    json_decref(root);
}

/* NULL: no log, or one that is refused. */
static struct mlog *log_of(char **field)
{
    char name[128];
    struct mlog *m;
    size_t len = strlen(field[FILE_NAME]);

    if (len < 5 || strcmp(field[FILE_NAME] + len - 4, ".bin") != 0 ||
        strncmp(field[FILE_NAME], "ccel-", 5) == 0 ||                    /* refused: L-18 */
        strcmp(field[FILE_NAME], "fragment-specid-vendordata.bin") == 0) /* refused: L-21 */
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)len - 4, field[FILE_NAME]);
    m = mlog_load(name);
    assert_non_null(m);
    return m;
}

static void check_row(char **field)
{
    static struct lrow r;
    struct mlog *m = log_of(field);

    if (m == NULL)
        return;
    appraise(m, &r);
    check_secure_boot(field, &r.boot.facts);
    check_loader(field, &r);
    check_end(field, &r.boot.facts);
    check_version(field, &r.boot.facts);
    check_pk(field, &r.boot.facts);
    check_platform(field, &r.boot);
    check_json(m);
    mlog_free(m);
}

/* Real boots with Secure Boot on that are not trusted under the built-in policy, and why. */
static const struct {
    const char *file;
    enum tb_check headline;
    const char *why;
} not_trusted[] = {
    { "qemu-ovmf-rhel-moklisttrusted.bin", TB_CHECK_CMDLINE_WEAK, "started with ima_appraise=fix" },
    { "hpe-dl160-pcr0mismatch.bin", TB_CHECK_CMDLINE_WEAK, "started with ima_appraise=off" },
    { "hp-elitebook830-before.bin", TB_CHECK_SB_DMA, "DMA protection was off" },
    { "hp-elitebook830-update.bin", TB_CHECK_SB_DMA, "DMA protection was off" },
    { "hp-elitebook830-mokbase.bin", TB_CHECK_SB_DMA, "DMA protection was off" },
    { "hp-elitebook830-mokadd.bin", TB_CHECK_SB_DMA, "DMA protection was off" },
    { "fragment-uefivar.bin", TB_CHECK_SB_MISSING, "one event, no boot" },
};
static bool told[N_OF(not_trusted)];
static size_t n_trusted;

/* As if the TPM held what the log says: not each log has recorded values of all its PCRs. */
static void check_verdict(char **field)
{
    static struct lrow r;
    struct mlog *m = strcmp(field[SECURE_BOOT], "on") == 0 ? log_of(field) : NULL;
    size_t i = 0;

    if (m == NULL)
        return;
    mlog_quote_as_logged(m);
    appraise(m, &r);
    while (i < N_OF(not_trusted) && strcmp(not_trusted[i].file, field[FILE_NAME]) != 0)
        i++;
    if (r.verdict == TB_VERDICT_TRUSTED && i == N_OF(not_trusted)) {
        n_trusted++;
    } else if (r.verdict != TB_VERDICT_TRUSTED && i < N_OF(not_trusted) &&
               r.findings.outcome[not_trusted[i].headline] >= TB_UNKNOWN) {
        told[i] = true;
    } else {
        printf("  %s (%s): %s\n", field[FILE_NAME], field[PLATFORM], tb_verdict_name(r.verdict));
        show(&r);
        n_bad++;
    }
    mlog_free(m);
}

static size_t each_row(void (*check)(char **field))
{
    size_t len, n = 0;
    char *text = (char *)read_sample("INDEX.tsv", &len), *rest = text, *line;

    n_bad = 0;
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
            check(field);
            n++;
        }
    }
    free(text);
    return n;
}

static void real_boots_with_secure_boot_are_trusted_or_it_is_known_why_not(void **state)
{
    (void)state;
    assert_true(each_row(check_verdict) >= 60);
    printf("%zu are trusted\n", n_trusted);
    for (size_t i = 0; i < N_OF(not_trusted); i++)
        if (!told[i]) {
            printf("  %s: no more so: %s\n", not_trusted[i].file, not_trusted[i].why);
            n_bad++;
        }
    assert_int_equal(n_bad, 0);
    assert_true(n_trusted >= 5);
}

static void facts_of_every_real_log_are_those_of_its_index(void **state)
{
    size_t n = each_row(check_row);

    (void)state;
    printf("%zu rows\n", n);
    for (size_t w = 0; w < N_OF(words); w++)
        if (n_found[w] == 0 && words[w].where != IN_VERSION) {
            printf("  \"%s\" is found in no log\n", words[w].word);
            n_bad++;
        }
    assert_true(n_known > 0);
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
        cmocka_unit_test_setup(real_boots_with_secure_boot_are_trusted_or_it_is_known_why_not,
                               lrow_set_up),
        cmocka_unit_test_setup(facts_of_every_real_log_are_those_of_its_index, lrow_set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
