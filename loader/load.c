#include "loader/load_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ASSET_TAG_MAX 64 /* characters of an SMBIOS string that count (SMBIOS 3.6, 6.1.3) */

static struct tb_reader text_of(const char *s)
{
    return tb_slice(s, strlen(s));
}

void tb_loader_say(const struct tb_loader *l, const char *format, ...)
{
    char line[TB_LOADER_SAY_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    l->ops->say(l->ctx, line);
}

/* ---- measuring, hashing, reading ---- */

static bool broken(struct tb_loader *l, const char *what)
{
    l->broken = true;
    tb_loader_say(l, "stopped: %s, so nothing is started", what);
    return false;
}

static enum tb_measured measure(struct tb_loader *l, unsigned pcr, const struct tb_record *r)
{
    uint64_t start = l->ops->time_us(l->ctx);
    enum tb_measured m;
    size_t len;

    if (!tb_record_print(r, l->record, sizeof l->record, &len))
        return TB_MEASURE_FAILED;
    m = l->ops->measure == NULL ? TB_MEASURED
                                : l->ops->measure(l->ctx, pcr, tb_slice(l->record, len));
    l->stage_us[TB_STAGE_MEASURE] += l->ops->time_us(l->ctx) - start;
    return m;
}

bool tb_loader_record(struct tb_loader *l, unsigned pcr, const struct tb_record *r)
{
    enum tb_measured m = l->broken ? TB_MEASURE_FAILED : measure(l, pcr, r);

    if (m == TB_MEASURED_LOG_FULL && !l->log_full) {
        l->log_full = true;
        tb_loader_say(l, "the firmware's event log is full: no Verifier can trust this boot");
        m = measure(l, TB_PCR_SETTINGS, &(struct tb_record){ .kind = TB_RECORD_LOST });
    }
    return m != TB_MEASURE_FAILED || broken(l, "a measurement failed");
}

bool tb_loader_hash(struct tb_loader *l, enum tb_bank bank, struct tb_reader in, uint8_t *out,
                    size_t out_len)
{
    uint64_t start = l->ops->time_us(l->ctx);
    uint8_t digest[TB_DIGEST_MAX];

    if (!tb_hash(l->hasher, bank, in, digest))
        return broken(l, "hashing failed");
    memcpy(out, digest, out_len);
    l->stage_us[TB_STAGE_HASH] += l->ops->time_us(l->ctx) - start;
    return true;
}

bool tb_loader_read(struct tb_loader *l, const char *path, uint64_t at, uint64_t len,
                    struct tb_module *out, struct tb_reason *why)
{
    uint64_t start = l->ops->time_us(l->ctx);
    struct tb_module m = { .len = (size_t)len };
    bool ok;

    if (len > TB_LOADER_FILE_MAX)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, path, "at most 1 GiB at once", "%llu bytes",
                         (unsigned long long)len);
    m.p = l->ops->take(l->ctx, m.len == 0 ? 1 : m.len);
    if (m.p == NULL)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, path, "memory for it", "none for %zu bytes",
                         m.len);
    ok = l->ops->file_read(l->ctx, path, at, m.p, m.len);
    l->stage_us[TB_STAGE_READ] += l->ops->time_us(l->ctx) - start;
    if (!ok) {
        tb_loader_give_back(l, &m);
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, path, "a file that can be read whole",
                         "a failure of the medium, or its end");
    }
    *out = m;
    return true;
}

void tb_loader_give_back(const struct tb_loader *l, struct tb_module *m)
{
    if (m->p != NULL)
        l->ops->give_back(l->ctx, m->p, m->len == 0 ? 1 : m->len);
    *m = (struct tb_module){ 0 };
}

/* ---- settings: configuration, firmware, vendors ---- */

static bool record_firmware(struct tb_loader *l)
{
    const char *state = l->ops->secure_boot(l->ctx);
    struct tb_record r = { .kind = TB_RECORD_SECURE_BOOT, .code = text_of(state) };

    /* What cannot be told is enforced as if it were on. */
    l->enforces = strcmp(state, "on") == 0 || strcmp(state, "unknown") == 0;
    if (!tb_loader_record(l, TB_PCR_SETTINGS, &r))
        return false;
    for (size_t i = 0; i < l->n_vendors; i++) {
        r = (struct tb_record){ .kind = TB_RECORD_VENDOR };
        if (!tb_loader_hash(l, TB_BANK_SHA256, l->vendor[i], r.sha256, sizeof r.sha256) ||
            !tb_loader_record(l, TB_PCR_SETTINGS, &r))
            return false;
    }
    return true;
}

/* The file's bytes; none where there is none. */
static struct tb_module read_configuration(struct tb_loader *l)
{
    struct tb_module file = { 0 };
    struct tb_reason why;
    uint64_t size;

    switch (l->ops->file_size(l->ctx, "boot.conf", &size)) {
    case TB_FILE_OK:
        if (tb_loader_read(l, "boot.conf", 0, size, &file, &why))
            break;
        /* fall through */
    case TB_FILE_FAILED: tb_loader_say(l, "boot.conf cannot be read"); break;
    case TB_FILE_ABSENT: tb_loader_say(l, "there is no boot.conf"); break;
    }
    return file;
}

/* Which state of the disk is being tried: the configuration, and the set. */
static bool hash_tried(struct tb_loader *l, struct tb_reader conf)
{
    for (size_t i = 0; i < TB_N_BOOT_SETS; i++) {
        const uint8_t set = (uint8_t)('a' + i);
        const struct tb_reader parts[] = { conf, tb_slice(&set, 1) };
        uint8_t digest[TB_DIGEST_MAX];

        if (!tb_hash_parts(l->hasher, TB_BANK_SHA256, parts, 2, digest))
            return broken(l, "hashing failed");
        memcpy(l->tried[i], digest, sizeof l->tried[i]);
    }
    return true;
}

/* Nobody signs the configuration, so one that is malformed stops no boot: the defaults are used. */
static void parse_configuration(struct tb_loader *l, struct tb_reader conf)
{
    struct tb_reason why;

    if (conf.left != 0 && conf.left <= sizeof l->conf_bytes) {
        memcpy(l->conf_bytes, conf.p, conf.left);
        if (tb_bootconf_parse(tb_slice(l->conf_bytes, conf.left), &l->conf, &why)) {
            l->quiet = l->conf.quiet;
            return;
        }
        tb_loader_say(l, "boot.conf: %s: expected %s, found %s", why.where, why.expected,
                      why.observed);
    } else if (conf.left != 0) {
        tb_loader_say(l, "boot.conf: %zu bytes, at most %d may be", conf.left, TB_BOOTCONF_LEN_MAX);
    }
    l->conf = (struct tb_bootconf){ .start = 'a' };
    tb_loader_say(l, "starting without a configuration: set a, no option");
}

static bool record_configuration(struct tb_loader *l)
{
    struct tb_module file = read_configuration(l);
    struct tb_reader conf = tb_slice(file.p, file.len);
    struct tb_record r = { .kind = TB_RECORD_CONFIGURATION, .size = file.len };
    bool ok;

    if (file.len <= TB_BOOTCONF_LEN_MAX)
        r.text = conf;
    ok = tb_loader_hash(l, TB_BANK_SHA512, conf, r.sha512, sizeof r.sha512) &&
         hash_tried(l, conf) && tb_loader_record(l, TB_PCR_SETTINGS, &r);
    if (ok)
        parse_configuration(l, conf);
    tb_loader_give_back(l, &file);
    return ok;
}

/* Printable, without spaces at its ends; "-": none. */
static bool record_asset_tag(struct tb_loader *l)
{
    char tag[ASSET_TAG_MAX + 1] = "";
    struct tb_reader r;

    l->ops->asset_tag(l->ctx, tag, sizeof tag);
    tag[ASSET_TAG_MAX] = '\0';
    r = text_of(tag);
    for (size_t i = 0; i < r.left; i++)
        if (tag[i] < ' ' || tag[i] > '~')
            tag[i] = '?';
    for (; r.left != 0 && r.p[0] == ' '; r.p++)
        r.left--;
    while (r.left != 0 && r.p[r.left - 1] == ' ')
        r.left--;
    return tb_loader_record(
        l, TB_PCR_SETTINGS,
        &(struct tb_record){ .kind = TB_RECORD_ASSET_TAG, .text = r.left == 0 ? text_of("-") : r });
}

static bool record_option(struct tb_loader *l, const char *name, struct tb_reader value)
{
    return tb_loader_record(
        l, TB_PCR_SETTINGS,
        &(struct tb_record){ .kind = TB_RECORD_OPTION, .name = text_of(name), .text = value });
}

static bool record_options(struct tb_loader *l)
{
    return (!l->conf.quiet || record_option(l, "quiet", text_of("yes"))) &&
           (l->conf.append.left == 0 || record_option(l, "append", l->conf.append));
}

/* ---- what the firmware keeps, and what is revoked ---- */

static bool read_minimum(struct tb_loader *l)
{
    uint8_t value[TB_VARIABLE_LEN_MAX];
    struct tb_reason why;
    size_t len;

    tb_refuse(&why, TB_CHECK_PACKAGE_ROLLED_BACK, "TruebootMinimum", "a variable that can be read",
              "a failure of the firmware");
    switch (l->ops->variable_get(l->ctx, TB_VARIABLE_MINIMUM, value, sizeof value, &len)) {
    case TB_FILE_ABSENT: return true;
    case TB_FILE_OK:
        if (tb_minimum_parse(tb_slice(value, len), &l->minimum, &why))
            return true;
        break;
    case TB_FILE_FAILED: break;
    }
    tb_loader_say(l, "TruebootMinimum: %s: expected %s, found %s", why.where, why.expected,
                  why.observed);
    return !l->enforces || broken(l, "what must not come back cannot be told");
}

static bool read_small(struct tb_loader *l, const char *path, uint8_t *out, size_t cap, size_t *len)
{
    uint64_t size;

    if (l->ops->file_size(l->ctx, path, &size) != TB_FILE_OK || size > cap)
        return false;
    *len = (size_t)size;
    return l->ops->file_read(l->ctx, path, 0, out, *len);
}

/* Whoever could change the list could also remove it, so a bad one is told and not used. */
static void read_revocations(struct tb_loader *l)
{
    struct tb_code_signer who;
    struct tb_reason why;
    uint64_t size, start = l->ops->time_us(l->ctx);
    size_t text_len, signature_len;

    if (l->ops->file_size(l->ctx, "revocations", &size) == TB_FILE_ABSENT)
        return;
    if (!read_small(l, "revocations", l->revocations_text, sizeof l->revocations_text, &text_len) ||
        !read_small(l, "revocations.sig", l->revocations_signature, sizeof l->revocations_signature,
                    &signature_len)) {
        tb_loader_say(l, "the list of revocations cannot be read, and is not used");
        return;
    }
    if (tb_revocations_verify(tb_slice(l->revocations_text, text_len),
                              tb_slice(l->revocations_signature, signature_len), l->vendors, NULL,
                              &l->revocations, &who, &why))
        l->revoked = &l->revocations;
    else
        tb_loader_say(l, "the list of revocations is not used: %s: expected %s, found %s",
                      why.where, why.expected, why.observed);
    l->stage_us[TB_STAGE_VERIFY] += l->ops->time_us(l->ctx) - start;
}

/* ---- which set ---- */

/* It was started before, with this configuration, and nobody has called it good since. */
static bool was_tried(struct tb_loader *l, char set)
{
    uint8_t value[sizeof l->tried[0] + 1];
    size_t len;

    return !l->conf.good[set - 'a'] && l->conf.good[tb_other_set(set) - 'a'] &&
           l->ops->variable_get(l->ctx, TB_VARIABLE_TRIED, value, sizeof value, &len) ==
               TB_FILE_OK &&
           tb_slice_equal(tb_slice(value, len), tb_slice(l->tried[set - 'a'], sizeof l->tried[0]));
}

static bool fall_back(struct tb_loader *l, char *set, const char *code)
{
    const char to = tb_other_set(*set);
    const struct tb_record r = {
        .kind = TB_RECORD_FALLBACK, .set = *set, .to = to, .code = text_of(code)
    };

    tb_loader_say(l, "falling back from set %c to set %c: %s", *set, to, code);
    *set = to;
    return tb_loader_record(l, TB_PCR_SETTINGS, &r);
}

/* The set of the configuration, or once the other. */
static bool load_a_set(struct tb_loader *l)
{
    char set = l->conf.start;

    if (was_tried(l, set))
        return fall_back(l, &set, TB_RECORD_INCOMPLETE) && tb_loader_set(l, set);
    if (tb_loader_set(l, set))
        return true;
    return !l->broken && tb_loader_list(l, tb_other_set(set)) != 0 &&
           fall_back(l, &set, tb_check_text(l->fault.check)->code) && tb_loader_set(l, set);
}

/* Under Secure Boot, only what came up whole once may forbid what was before it. A minimum that the
 * firmware does not keep stops nothing, but is measured: rollback is not held off on this host. */
bool tb_loader_raise_minimum(struct tb_loader *l)
{
    const struct tb_record r = { .kind = TB_RECORD_UNVERIFIED,
                                 .name = text_of("TruebootMinimum"),
                                 .code =
                                     text_of(tb_check_text(TB_CHECK_PACKAGE_ROLLED_BACK)->code) };
    struct tb_minimum raised = l->minimum;
    char text[TB_VARIABLE_LEN_MAX];

    if (!l->enforces || !l->conf.good[l->boot.set - 'a'] || !tb_minimum_take(&raised, &l->seen) ||
        l->ops->variable_set(l->ctx, TB_VARIABLE_MINIMUM,
                             tb_slice(text, tb_minimum_print(&raised, text))))
        return true;
    tb_loader_say(l, "the firmware does not keep which versions must not come back");
    return tb_loader_record(l, TB_PCR_SETTINGS, &r);
}

static void remember(struct tb_loader *l)
{
    const size_t i = (size_t)(l->boot.set - 'a');

    if (!l->conf.good[i] &&
        !l->ops->variable_set(l->ctx, TB_VARIABLE_TRIED, tb_slice(l->tried[i], sizeof l->tried[i])))
        tb_loader_say(l, "the firmware does not keep that set %c is tried", l->boot.set);
}

bool tb_load(struct tb_loader *l)
{
    if (!record_firmware(l) || !record_configuration(l) || !record_asset_tag(l) ||
        !record_options(l) || !read_minimum(l))
        return false;
    read_revocations(l);
    if (!load_a_set(l)) {
        tb_loader_drop(l);
        return false;
    }
    remember(l);
    return true;
}

/* ---- the initrd ---- */

static size_t padded(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

size_t tb_initrd_len(const struct tb_boot *b)
{
    size_t len = 0;

    for (size_t i = 0; i < b->n_modules; i++)
        len += padded(b->module[i].len);
    return len;
}

void tb_initrd_copy(const struct tb_boot *b, uint8_t *out)
{
    for (size_t i = 0; i < b->n_modules; i++) {
        const struct tb_module *m = &b->module[i];

        memcpy(out, m->p, m->len);
        memset(out + m->len, 0, padded(m->len) - m->len);
        out += padded(m->len);
    }
}
