/* wire/story_json.c - the boot story as JSON: what each program told of itself, and the order in
 * which a reader wants it. A program that told nothing is null. */
#include "wire/facts_json.h"

#include <string.h>

#include "wire/json_build.h"

static json_t *tristate(enum tb_tristate t)
{
    return json_string(tb_tristate_name(t));
}

static json_t *parts(uint32_t mask)
{
    json_t *a = json_array();
    int bad = 0;

    for (unsigned p = 0; p < TB_N_STORY_PARTS; p++)
        if (mask >> p & 1)
            bad |= json_array_append_new(a, json_string(tb_story_part_name((enum tb_story_part)p)));
    return tb_json_done(a, bad);
}

static json_t *lines(const char *text)
{
    json_t *a = json_array();
    int bad = 0;

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        if (n != 0)
            bad |= json_array_append_new(a, json_stringn(text, n));
        text += text[n] == '\n' ? n + 1 : n;
    }
    return tb_json_done(a, bad);
}

static json_t *shim(const struct tb_story *s)
{
    json_t *o = json_object();
    int bad = tb_json_set(o, "sbat_level", lines(s->shim.sbat_level));

    bad |= tb_json_set(o, "sbat_level_cut", json_boolean(s->shim.sbat_level_cut));
    bad |= tb_json_set(o, "validation", tristate(s->shim.validation));
    bad |= tb_json_set(o, "mok_trusted", tristate(s->shim.mok_trusted));
    bad |= tb_json_set(o, "owner_keys", tristate(s->shim.owner_keys));
    bad |= tb_json_set(o, "lists", tb_json_number(s->shim.n_lists));
    return tb_json_done(o, bad);
}

static json_t *grub(const struct tb_story *s)
{
    json_t *o = json_object();
    int bad = tb_json_set(o, "commands", tb_json_number(s->grub.n_commands));

    bad |= tb_json_set(o, "files", tb_json_number(s->grub.n_files));
    bad |= tb_json_set(o, "kernel", tb_json_host_text(s->grub.kernel));
    return tb_json_done(o, bad);
}

static json_t *cmdline(const struct tb_cmdline *c)
{
    bool told = c->state == TB_CMDLINE_PROVED || c->state == TB_CMDLINE_SEVERAL;
    json_t *o = json_object();
    int bad = tb_json_set(o, "state", json_string(tb_cmdline_state_name(c->state)));

    bad |= tb_json_set(o, "only_digest", json_boolean(c->only_digest));
    if (told) {
        bad |= tb_json_set(o, "part", json_string(tb_story_part_name(c->part)));
        bad |= tb_json_set(o, "event", tb_json_number(c->event));
        bad |= tb_json_set(o, "text", tb_json_host_text(c->text));
        bad |= tb_json_set(o, "cut", json_boolean(c->cut));
    }
    return tb_json_done(o, bad);
}

static json_t *sections(const struct tb_story *s, size_t len)
{
    json_t *a = json_array();
    int bad = 0;

    for (uint32_t i = 0; i < s->n_sections; i++) {
        const struct tb_story_section *e = &s->section[i];
        json_t *o = json_object();

        bad |= tb_json_set(o, "name", json_string(e->name));
        bad |= tb_json_set(o, "event", tb_json_number(e->event));
        bad |= tb_json_set(o, "digest", tb_build_hex(e->digest, len));
        bad |= json_array_append_new(a, o);
    }
    return tb_json_done(a, bad);
}

static json_t *initrds(const struct tb_story *s, size_t len)
{
    json_t *a = json_array();
    int bad = 0;

    for (uint32_t i = 0; i < s->n_initrds; i++) {
        const struct tb_story_initrd *e = &s->initrd[i];
        json_t *o = json_object();

        bad |= tb_json_set(o, "event", tb_json_number(e->event));
        bad |= tb_json_set(o, "digest", tb_build_hex(e->digest, len));
        bad |= json_array_append_new(a, o);
    }
    return tb_json_done(a, bad);
}

static json_t *windows(const struct tb_story_windows *w)
{
    const struct {
        const char *name;
        enum tb_tristate value;
    } settings[] = {
        { "code_integrity", w->code_integrity },
        { "test_signing", w->test_signing },
        { "boot_debugging", w->boot_debugging },
        { "os_debugging", w->os_debugging },
        { "bitlocker_unlock", w->bitlocker_unlock },
        { "safe_mode", w->safe_mode },
        { "winpe", w->winpe },
        { "flight_signing", w->flight_signing },
        { "hypervisor", w->hypervisor },
        { "vbs", w->vbs },
        { "elam", w->elam },
    };
    json_t *o = json_object();
    int bad = tb_json_set(o, "present", json_boolean(w->present));

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        bad |= tb_json_set(o, settings[i].name, tristate(settings[i].value));
    bad |= tb_json_set(o, "boot_count",
                       w->boot_count_known ? tb_json_number(w->boot_count) : json_null());
    bad |= tb_json_set(o, "modules", tb_json_number(w->n_modules));
    bad |= tb_json_set(o, "unproved", tb_json_number(w->n_unproved));
    return tb_json_done(o, bad);
}

static json_t *esxi_modules(const struct tb_story_esxi *x, size_t len)
{
    json_t *a = json_array();
    int bad = 0;

    for (uint32_t i = 0; i < x->n_modules; i++) {
        const struct tb_story_esxi_module *m = &x->module[i];
        json_t *o = json_object();

        bad |= tb_json_set(o, "event", tb_json_number(m->event));
        bad |= tb_json_set(o, "id", tb_json_number(m->id));
        bad |= tb_json_set(o, "unverified_name", tb_json_host_text(m->name));
        bad |= tb_json_set(o, "digest", tb_build_hex(m->digest, len));
        bad |= json_array_append_new(a, o);
    }
    return tb_json_done(a, bad);
}

static json_t *esxi(const struct tb_story_esxi *x, size_t len)
{
    json_t *o = json_object();
    int bad = tb_json_set(o, "cmdline", tb_json_host_text(x->cmdline));

    bad |= tb_json_set(o, "modules", esxi_modules(x, len));
    bad |= tb_json_set(o, "modules_lost", tb_json_number(x->n_modules_lost));
    bad |= tb_json_set(o, "signers", tb_json_number(x->n_signers));
    bad |= tb_json_set(o, "malformed", tb_json_number(x->n_malformed));
    return tb_json_done(o, bad);
}

json_t *tb_story_json(const struct tb_story *s, enum tb_bank bank)
{
    const size_t len = tb_bank_digest_len(bank);
    const uint32_t told = s->parts | s->named;
    json_t *o = json_object();
    int bad = tb_json_set(o, "parts", parts(s->parts));

    bad |= tb_json_set(o, "unverified_parts", parts(s->named & ~s->parts));
    bad |= tb_json_set(o, "option_roms", tb_json_number(s->n_option_roms));
    bad |= tb_json_set(o, "shim", told >> TB_PART_SHIM & 1 ? shim(s) : json_null());
    bad |= tb_json_set(o, "grub", told >> TB_PART_GRUB & 1 ? grub(s) : json_null());
    bad |= tb_json_set(o, "cmdline", cmdline(&s->cmdline));
    bad |= tb_json_set(o, "uname", tb_json_host_text(s->uname));
    bad |= tb_json_set(o, "sections", sections(s, len));
    bad |= tb_json_set(o, "initrds", initrds(s, len));
    bad |= tb_json_set(o, "extras", tb_json_number(s->n_extras));
    bad |= tb_json_set(o, "sysexts", tb_json_number(s->n_sysexts));
    bad |= tb_json_set(o, "windows", s->windows.told ? windows(&s->windows) : json_null());
    bad |= tb_json_set(o, "esxi", s->esxi.present ? esxi(&s->esxi, len) : json_null());
    return tb_json_done(o, bad);
}
