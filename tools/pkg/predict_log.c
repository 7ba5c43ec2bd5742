/* tools/pkg/predict_log.c - what the boot that runs, or ran, measured: a firmware's log, PCR
 * values.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cel.h"
#include "pkg/pe.h"
#include "tools/pkg/predict.h"

#define ALL_BANKS ((UINT32_C(1) << TB_N_BANKS) - 1)
#define FIRMWARE_PCRS 8

static bool unusable(const char *path, const struct tb_reason *why)
{
    return tool_unusable(path, why), false;
}

/* ---- the current boot ---- */

static void copy_text(struct tb_reader in, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s", (int)in.left, (const char *)in.p);
}

/* What of the boot before lasts: the loader keeps which set it tried with which configuration,
 * unless that configuration calls the set good (loader/load.c, remember()). */
static void take_tried(struct current_boot *c, char started, char fell_back_from)
{
    struct tb_reader text = tb_slice(c->tried_conf, c->tried_conf_len);
    struct tb_bootconf conf;
    struct tb_reason why;

    if (!tb_bootconf_parse(text, &conf, &why))
        conf = (struct tb_bootconf){ .start = 'a' };
    c->tried_set = !conf.good[started - 'a'] ? started : fell_back_from;
    c->tried = c->tried_set != '\0';
}

static bool take_records(const char *path, struct current_boot *c)
{
    char started = '\0', fell_back_from = '\0';
    enum tb_log_step step;
    struct tb_reason why;
    struct tb_record r;
    struct tb_event e;
    struct tb_log log;

    if (!tb_log_open(tb_slice(c->bytes, c->len), &log, &why))
        return unusable(path, &why);
    while ((step = tb_log_next(&log, &e, &why)) == TB_LOG_EVENT) {
        if (e.type != TB_EV_EVENT_TAG || !tb_record_is(e.data) ||
            !tb_record_parse(e.data, &r, &why))
            continue;
        if (r.kind == TB_RECORD_SECURE_BOOT)
            copy_text(r.code, c->secure_boot, sizeof c->secure_boot);
        else if (r.kind == TB_RECORD_ASSET_TAG)
            copy_text(r.text, c->asset_tag, sizeof c->asset_tag);
        else if (r.kind == TB_RECORD_CONFIGURATION && r.text.left <= sizeof c->tried_conf)
            memcpy(c->tried_conf, r.text.p, c->tried_conf_len = r.text.left);
        else if (r.kind == TB_RECORD_FALLBACK && tb_lines_text_is(r.code, TB_RECORD_INCOMPLETE))
            fell_back_from = r.set;
        else if (r.kind == TB_RECORD_END)
            started = r.set;
    }
    if (step == TB_LOG_BAD)
        return unusable(path, &why);
    if (c->secure_boot[0] == '\0' || started == '\0')
        return tool_fail(TOOL_USAGE, "%s: expected the log of a boot by Trueboot's loader", path),
               false;
    take_tried(c, started, fell_back_from);
    return true;
}

bool current_boot_open(const char *path, struct current_boot *out)
{
    *out = (struct current_boot){ 0 };
    out->bytes = tool_read(path, &out->len);
    if (out->bytes != NULL && take_records(path, out))
        return true;
    current_boot_close(out);
    return false;
}

void current_boot_close(struct current_boot *c)
{
    free(c->bytes);
    *c = (struct current_boot){ 0 };
}

/* ---- the firmware's events ---- */

/* The digest that the firmware measures of a program (Authenticode), in every bank. */
static bool program_digests(struct prediction *p, struct tb_reader program,
                            uint8_t out[TB_N_BANKS][TB_DIGEST_MAX])
{
    struct tb_reader parts[TB_PE_PARTS_MAX];
    struct tb_reason why;
    struct tb_pe pe;
    size_t n;

    if (!tb_pe_parse(program, &pe, &why))
        return tool_refused(ESP_LOADER, &why), false;
    n = tb_pe_hashed_parts(&pe, program, parts);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (!tb_hash_parts(p->h, (enum tb_bank)b, parts, n, out[b]))
            return tool_fail(TOOL_USAGE, "hashing failed"), false;
    return true;
}

/* The last program that was started before our first record: index of its event; 0: none. */
static uint32_t loader_event(const struct current_boot *c)
{
    struct tb_reason why;
    uint32_t found = 0;
    struct tb_event e;
    struct tb_log log;

    if (!tb_log_open(tb_slice(c->bytes, c->len), &log, &why))
        return 0;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT &&
           !(e.type == TB_EV_EVENT_TAG && tb_record_is(e.data)))
        if (e.pcr == PREDICT_PCR_LOADER && e.type == TB_EV_EFI_BOOT_SERVICES_APPLICATION)
            found = e.index;
    return found;
}

static bool firmware_event(struct prediction *p, const struct tb_event *e)
{
    const char *name = tb_event_type_name(e->type);

    return predict_extend(p, e->pcr, "firmware", name != NULL ? name : "unknown", e->banks,
                          e->digest);
}

static bool loader_started(struct prediction *p, struct tb_reader program, uint32_t banks)
{
    uint8_t digest[TB_N_BANKS][TB_DIGEST_MAX];
    struct tb_reader slices[TB_N_BANKS];

    if (!program_digests(p, program, digest))
        return false;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        slices[b] = tb_slice(digest[b], tb_bank_digest_len((enum tb_bank)b));
    return predict_extend(p, PREDICT_PCR_LOADER, "firmware",
                          "EV_EFI_BOOT_SERVICES_APPLICATION " ESP_LOADER, banks, slices);
}

/* Where TPM2_Startup came from is in PCR 0 from the start. */
static bool start_values(struct prediction *p, const struct current_boot *c)
{
    struct tb_replay *r = malloc(sizeof *r);
    struct tb_reason why;
    bool ok = r != NULL && tb_log_replay(tb_slice(c->bytes, c->len), 1, p->h, r, &why);

    for (unsigned b = 0; ok && b < TB_N_BANKS; b++) {
        for (uint32_t pcr = 0; pcr < FIRMWARE_PCRS; pcr++)
            if ((r->banks >> b & 1) == 0)
                p->pcrs.mask[b] &= ~(UINT32_C(1) << pcr);
        p->pcrs.value[b][0][tb_bank_digest_len((enum tb_bank)b) - 1] = r->startup_locality;
    }
    free(r);
    return ok || (tool_fail(TOOL_USAGE, "--log: it cannot be replayed"), false);
}

bool predict_firmware(struct prediction *p, const struct current_boot *c, struct tb_reader program)
{
    uint32_t ours = c->bytes == NULL ? 0 : loader_event(c);
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (c->bytes == NULL)
            p->pcrs.mask[b] &= ~((UINT32_C(1) << FIRMWARE_PCRS) - 1);
    if (c->bytes == NULL)
        return true;
    if (!start_values(p, c) || !tb_log_open(tb_slice(c->bytes, c->len), &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        if (e.type == TB_EV_NO_ACTION || e.pcr >= FIRMWARE_PCRS)
            continue;
        if (!(e.index == ours ? loader_started(p, program, e.banks) : firmware_event(p, &e)))
            return false;
    }
    return ours != 0 || (tool_fail(TOOL_USAGE, "--log: no program was started by it"), false);
}

/* ---- values to compare with ---- */

static bool pcr_line(struct tb_reader line, struct tb_pcrs *out)
{
    struct tb_reader bank_name = tb_lines_word(&line), number = tb_lines_word(&line);
    char name[16];
    enum tb_bank bank;
    uint64_t pcr;

    copy_text(bank_name, name, sizeof name);
    if (!tb_bank_of_name(name, &bank) || !tb_lines_number(number, TB_N_PCRS - 1, &pcr) ||
        !tb_lines_hex(line, out->value[bank][pcr], tb_bank_digest_len(bank)))
        return false;
    out->mask[bank] |= UINT32_C(1) << pcr;
    return true;
}

static bool read_values(const char *path, struct tb_reader in, struct tb_pcrs *out)
{
    struct tb_reason why;
    struct tb_lines l = { .in = in, .why = &why };

    for (;;) {
        if (!tb_lines_next(&l))
            return unusable(path, &why);
        if (l.end)
            return true;
        if (!pcr_line(l.line, out)) {
            tb_lines_refuse(&l, "a firmware's log, or lines of bank, PCR and value in hex");
            return unusable(path, &why);
        }
    }
}

static bool read_log(const char *path, struct tb_reader in, struct tb_hasher *h,
                     struct tb_pcrs *out)
{
    struct tb_replay *r = malloc(sizeof *r);
    struct tb_reason why;
    bool ok = r != NULL && tb_log_replay(in, ALL_BANKS, h, r, &why);

    if (ok)
        *out = r->pcrs;
    for (unsigned b = 0; ok && b < TB_N_BANKS; b++)
        out->mask[b] &= (r->banks >> b & 1) != 0 ? ~r->incomplete[b] : 0;
    free(r);
    return ok || unusable(path, &why);
}

static bool add_user_event(const struct tb_cel_event *e, struct tb_hasher *h, struct tb_pcrs *out)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((e->banks >> b & 1) == 0)
            out->mask[b] &= ~(UINT32_C(1) << PREDICT_PCR_USER);
        else if (!tb_pcr_extend(h, (enum tb_bank)b, out->value[b][PREDICT_PCR_USER],
                                tb_slice(e->digest[b], tb_bank_digest_len((enum tb_bank)b))))
            return false;
    return true;
}

static bool read_user_log(const char *path, struct tb_hasher *h, struct tb_pcrs *out)
{
    enum tb_cel_step step = TB_CEL_FAULT;
    struct tb_cel_event e;
    struct tb_reason why;
    struct tb_cel log;
    size_t len;
    char *bytes = tool_read(path, &len);

    if (bytes == NULL)
        return false;
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        memset(out->value[b][PREDICT_PCR_USER], 0, TB_DIGEST_MAX);
        out->mask[b] |= UINT32_C(1) << PREDICT_PCR_USER;
    }
    if (tb_cel_open(tb_slice(bytes, len), &log, &why))
        do
            step = tb_cel_next(&log, &e, &why);
        while (step == TB_CEL_EVENT && add_user_event(&e, h, out));
    free(bytes);
    return step == TB_CEL_END || unusable(path, &why);
}

bool predict_read_pcrs(const char *path, const char *user_log, struct tb_hasher *h,
                       struct tb_pcrs *out)
{
    struct tb_reason why;
    struct tb_log log;
    size_t len;
    char *bytes = tool_read(path, &len);
    struct tb_reader in = tb_slice(bytes, len);
    bool ok;

    memset(out, 0, sizeof *out);
    if (bytes == NULL)
        return false;
    if (tb_log_open(in, &log, &why))
        ok = read_log(path, in, h, out);
    else
        ok = read_values(path, in, out);
    free(bytes);
    return ok && (user_log == NULL || read_user_log(user_log, h, out));
}
