/* cli/story.c - see story.h. All text comes from a host, by way of a server or of a file. */
#include "cli/story.h"

#include <string.h>

#include "cli/table.h"
#include "cli/text.h"

struct line {
    FILE *out;
    bool colour;
};

/* The beginning of a line; what follows is its text, and end() ends it. */
static void begin(const struct line *l, bool verified, const char *title)
{
    const char *colour = !l->colour ? "" : verified ? "\033[32m" : "\033[33m";

    fprintf(l->out, "    %s%s%s  %-14s", colour, verified ? "verified  " : "unverified",
            l->colour ? TB_COLOUR_RESET : "", title);
}

static void end(const struct line *l)
{
    fputc('\n', l->out);
}

static void line(const struct line *l, bool verified, const char *title, const char *text)
{
    begin(l, verified, title);
    tb_text_put(l->out, text);
    end(l);
}

static const json_t *member(const json_t *o, const char *key)
{
    return json_object_get(o, key);
}

static json_int_t number(const json_t *o, const char *key)
{
    return json_integer_value(member(o, key));
}

static void put_count(const struct line *l, json_int_t n, const char *one, const char *many)
{
    fprintf(l->out, "%" JSON_INTEGER_FORMAT " %s", n, n == 1 ? one : many);
}

static void firmware(const struct line *l, const json_t *facts)
{
    const char *version = tb_json_string(facts, "firmware_version");
    json_int_t n = number(member(facts, "story"), "option_roms");

    line(l, version[0] != '\0', "firmware", version[0] != '\0' ? version : "no version is proved");
    if (n != 0) {
        begin(l, false, "option ROMs");
        put_count(l, n, "measurement in PCR 2 whose contents are not in the log",
                  "measurements in PCR 2 whose contents are not in the log");
        end(l);
    }
}

/* Whose certificate it is: its subject, its name in our table, and whether all have its key. */
static void put_certificate(const struct line *l, const json_t *o)
{
    const char *known = tb_json_string(o, "known");

    tb_text_put(l->out, tb_json_string(o, "subject"));
    if (known[0] != '\0') {
        fputs(" (known: ", l->out);
        tb_text_put(l->out, known);
        fputc(')', l->out);
    }
    if (json_is_true(member(o, "test_key")))
        fputs("; A PUBLISHED TEST KEY", l->out);
}

static void keysets(const struct line *l, const json_t *facts)
{
    static const char *const names[] = { "PK", "KEK", "db", "dbx" };

    for (size_t i = 0; i < 4; i++) {
        const json_t *set = member(member(facts, "keys"), names[i]);

        if (!json_is_true(member(set, "measured")))
            continue;
        begin(l, true, names[i]);
        put_count(l, number(set, "certificates"), "certificate", "certificates");
        if (number(set, "hashes") != 0) {
            fputs(", ", l->out);
            put_count(l, number(set, "hashes"), "hash", "hashes");
        }
        if (tb_json_string(set, "subject")[0] != '\0') {
            fputs(number(set, "certificates") > 1 ? "; the first: " : ": ", l->out);
            put_certificate(l, set);
        }
        end(l);
    }
}

static void secure_boot(const struct line *l, const json_t *facts)
{
    const char *state = tb_json_string(facts, "secure_boot");
    const json_t *a;
    size_t i;

    line(l, strcmp(state, "unknown") != 0, "Secure Boot", state);
    keysets(l, facts);
    json_array_foreach(member(facts, "authorities"), i, a)
    {
        if (json_is_true(member(a, "setting")))
            continue;
        begin(l, true, "vouched");
        tb_text_put(l->out, tb_json_string(a, "variable"));
        fputs(": ", l->out);
        if (tb_json_string(a, "subject")[0] != '\0')
            put_certificate(l, a);
        else
            tb_text_put(l->out, tb_json_string(a, "digest"));
        end(l);
    }
}

static void programs(const struct line *l, const json_t *facts)
{
    const json_t *p;
    size_t i;

    json_array_foreach(member(facts, "programs"), i, p)
    {
        begin(l, true, "program");
        fputs(tb_json_string(p, "bank"), l->out);
        fputc(' ', l->out);
        tb_text_put(l->out, tb_json_string(p, "digest"));
        end(l);
        if (tb_json_string(p, "unverified_path")[0] != '\0')
            line(l, false, "  its path", tb_json_string(p, "unverified_path"));
    }
}

static void put_setting(const struct line *l, const json_t *o, const char *key, const char *name)
{
    const char *value = tb_json_string(o, key);

    if (strcmp(value, "unknown") != 0 && value[0] != '\0')
        fprintf(l->out, "; %s: %s", name, strcmp(value, "yes") == 0 ? "yes" : "no");
}

static bool is_proved(const json_t *story, const char *part)
{
    const json_t *p;
    size_t i;

    json_array_foreach(member(story, "parts"), i, p)
    {
        if (json_string_value(p) != NULL && strcmp(json_string_value(p), part) == 0)
            return true;
    }
    return false;
}

static void shim(const struct line *l, const json_t *story)
{
    const json_t *o = member(story, "shim");
    const json_t *level;
    size_t i;

    if (!json_is_object(o))
        return;
    begin(l, is_proved(story, "shim"), "shim");
    fputs(json_array_size(member(o, "sbat_level")) != 0 ? "SBAT level" : "no SBAT level is proved",
          l->out);
    json_array_foreach(member(o, "sbat_level"), i, level)
    {
        fputc(' ', l->out);
        tb_text_put(l->out, json_string_value(level) != NULL ? json_string_value(level) : "?");
    }
    put_setting(l, o, "validation", "verifies");
    put_setting(l, o, "mok_trusted", "owner's keys trusted by the kernel");
    put_setting(l, o, "owner_keys", "keys of the machine's owner");
    end(l);
}

static void grub(const struct line *l, const json_t *story)
{
    const json_t *o = member(story, "grub");

    if (!json_is_object(o))
        return;
    begin(l, is_proved(story, "grub"), "GRUB");
    put_count(l, number(o, "commands"), "command", "commands");
    if (tb_json_string(o, "kernel")[0] != '\0') {
        fputs("; kernel ", l->out);
        tb_text_put(l->out, tb_json_string(o, "kernel"));
    }
    end(l);
}

static void digests(const struct line *l, bool verified, const char *title, const json_t *list)
{
    const json_t *e;
    size_t i;

    json_array_foreach(list, i, e)
    {
        begin(l, verified, title);
        if (tb_json_string(e, "name")[0] != '\0') {
            tb_text_put(l->out, tb_json_string(e, "name"));
            fputc(' ', l->out);
        }
        tb_text_put(l->out, tb_json_string(e, "digest"));
        end(l);
    }
}

static void cmdline(const struct line *l, const json_t *o)
{
    const char *state = tb_json_string(o, "state");

    if (strcmp(state, "proved") == 0)
        line(l, true, "command line", tb_json_string(o, "text"));
    else if (strcmp(state, "several") == 0)
        line(l, false, "command line", "different ones were measured");
    else if (strcmp(state, "unproved") == 0)
        line(l, false, "command line",
             json_is_true(member(o, "only_digest")) ? "measured, but the log has its digest only"
                                                    : "nothing proves which it was");
    if (json_is_true(member(o, "cut")))
        line(l, false, "command line", "the rest of it cannot be shown");
}

static void windows(const struct line *l, const json_t *o)
{
    static const struct {
        const char *key, *name;
    } settings[] = {
        { "code_integrity", "code integrity" },
        { "test_signing", "test signing" },
        { "boot_debugging", "boot debugging" },
        { "os_debugging", "debugging" },
        { "bitlocker_unlock", "BitLocker unlocked without the TPM" },
        { "safe_mode", "safe mode" },
        { "winpe", "WinPE" },
        { "flight_signing", "flight signing" },
        { "hypervisor", "hypervisor" },
        { "vbs", "VBS" },
        { "elam", "ELAM" },
    };

    if (!json_is_object(o))
        return;
    begin(l, true, "Windows");
    if (json_is_false(member(o, "present"))) /* bad answers stand all the same */
        fputs("events of it, not as it leaves them", l->out);
    else
        put_count(l, number(o, "modules"), "module", "modules");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        put_setting(l, o, settings[i].key, settings[i].name);
    end(l);
}

static void esxi(const struct line *l, const json_t *o)
{
    if (!json_is_object(o))
        return;
    begin(l, true, "ESXi");
    put_count(l, (json_int_t)json_array_size(member(o, "modules")) + number(o, "modules_lost"),
              "module", "modules");
    if (tb_json_string(o, "cmdline")[0] != '\0') {
        fputs("; ", l->out);
        tb_text_put(l->out, tb_json_string(o, "cmdline"));
    }
    end(l);
}

void tb_story_print(struct tb_cli *cli, const json_t *facts)
{
    const struct line l = { cli->out, cli->colour };
    const json_t *story = member(facts, "story"), *part;
    bool ended = json_is_true(member(facts, "exit_boot_services"));
    size_t i;

    if (!json_is_object(facts) || !json_is_object(story))
        return;
    firmware(&l, facts);
    secure_boot(&l, facts);
    programs(&l, facts);
    shim(&l, story);
    json_array_foreach(member(story, "parts"), i, part)
    {
        if (json_string_value(part) != NULL && strncmp(json_string_value(part), "systemd", 7) == 0)
            line(&l, true, json_string_value(part), "measured what follows");
    }
    grub(&l, story);
    digests(&l, true, "section", member(story, "sections"));
    cmdline(&l, member(story, "cmdline"));
    digests(&l, false, "initrd", member(story, "initrds"));
    windows(&l, member(story, "windows"));
    esxi(&l, member(story, "esxi"));
    line(&l, ended, "end",
         ended ? "the firmware handed over to the operating system"
               : "the log does not show the hand-over");
}
