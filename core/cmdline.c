#include "core/cmdline.h"

#include <string.h>

/* The kernel's isspace(). Whoever made the text printable put '?' for all of them but the blank. */
static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

struct tb_cmdline_options tb_cmdline_begin(const char *line, enum tb_cmdline_cut cut)
{
    return (struct tb_cmdline_options){ tb_slice(line, strlen(line)), cut, false };
}

static bool is_end(const struct tb_cmdline_options *it, uint8_t c)
{
    return is_blank(c) || (it->cut == TB_CUT_PLAIN && c == '?');
}

/* The bytes of one option, quotes included. */
static struct tb_reader take(struct tb_cmdline_options *it)
{
    struct tb_reader *r = &it->rest, token;
    bool in_quotes = it->cut == TB_CUT_PLAIN && it->in_quotes;
    size_t n = 0;

    while (r->left != 0 && is_end(it, r->p[0])) {
        r->p++;
        r->left--;
    }
    while (n < r->left && ((in_quotes && it->cut != TB_CUT_PLAIN) || !is_end(it, r->p[n])))
        in_quotes ^= r->p[n++] == '"';
    it->in_quotes = in_quotes;
    token = (struct tb_reader){ r->p, n };
    r->p += n;
    r->left -= n;
    return token;
}

static void drop_last_quote(struct tb_reader *r)
{
    if (r->left != 0 && r->p[r->left - 1] == '"')
        r->left--;
}

/* Quotes around the whole and around the value are dropped, those inside stay: lib/cmdline.c. */
static void split(struct tb_reader token, struct tb_cmdline_option *out)
{
    const bool quoted = out->cut != TB_CUT_PLAIN && token.p[0] == '"';
    const uint8_t *equals;

    if (quoted) {
        token.p++;
        token.left--;
        drop_last_quote(&token);
    }
    /* A '=' in front of everything belongs to the name. */
    equals = token.left > 1 ? memchr(token.p + 1, '=', token.left - 1) : NULL;
    out->has_value = equals != NULL;
    out->name = token;
    out->value = (struct tb_reader){ NULL, 0 };
    if (equals == NULL)
        return;
    out->name.left = (size_t)(equals - token.p);
    out->value = tb_slice(equals + 1, token.left - out->name.left - 1);
    if (out->cut != TB_CUT_PLAIN && out->value.left != 0 && out->value.p[0] == '"') {
        out->value.p++;
        out->value.left--;
        drop_last_quote(&out->value);
    }
}

bool tb_cmdline_next(struct tb_cmdline_options *it, struct tb_cmdline_option *out)
{
    const bool in_quotes = it->cut == TB_CUT_PLAIN && it->in_quotes;
    struct tb_reader token = take(it);

    if (token.left == 0)
        return false;
    if (it->cut == TB_CUT_KERNEL && tb_slice_equal(token, tb_slice("--", 2))) {
        it->rest.left = 0;
        return false;
    }
    out->whole = token;
    out->cut = it->cut;
    out->in_quotes = in_quotes;
    split(token, out);
    return true;
}

bool tb_option_rule_valid(const char *text, size_t len)
{
    if (len == 0 || len >= TB_OPTION_RULE_MAX || text[0] == '=')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\'')
            return false;
        if (text[i] == '*' && (i + 1 != len || memchr(text, '=', len) == NULL))
            return false;
    }
    return true;
}

static bool is_quote(const struct tb_cmdline_option *o, uint8_t c)
{
    return o->cut == TB_CUT_PLAIN && (c == '"' || c == '\'' || c == '\\');
}

static char name_byte(char c)
{
    return c == '-' ? '_' : c;
}

/* The text is these bytes, or they begin with it. */
static bool is_text(const struct tb_cmdline_option *o, struct tb_reader in, const char *text,
                    size_t len, bool is_name, bool is_start)
{
    size_t k = 0;

    for (size_t i = 0; i < in.left; i++) {
        const char c = (char)in.p[i];

        if (is_quote(o, in.p[i]))
            continue;
        if (k == len)
            return is_start;
        if (is_name ? name_byte(c) != name_byte(text[k]) : c != text[k])
            return false;
        k++;
    }
    return k == len;
}

bool tb_option_rule_names(const char *rule, const struct tb_cmdline_option *option)
{
    const uint8_t first = option->name.left != 0 ? option->name.p[0] : 0;
    size_t len = strcspn(rule, "=");
    const bool is_start = rule[len] == '\0' && len > 1 && rule[len - 1] == '*';

    /* Most rules are about something else, which the first byte tells. */
    if (!is_quote(option, first) && name_byte((char)first) != name_byte(rule[0]))
        return false;
    /* A number or a letter inside of somebody's quotes (as dm-verity's tables have) is no word. */
    if (rule[1] == '\0' && option->in_quotes)
        return false;
    return is_text(option, option->name, rule, len - is_start, true, is_start);
}

bool tb_option_rule_matches(const char *rule, const struct tb_cmdline_option *option)
{
    const char *value = strchr(rule, '=');
    size_t len;

    if (!tb_option_rule_names(rule, option))
        return false;
    if (value == NULL)
        return true;
    len = strlen(++value);
    if (len != 0 && value[len - 1] == '*')
        return option->has_value && is_text(option, option->value, value, len - 1, false, true);
    return option->has_value && is_text(option, option->value, value, len, false, false);
}

/* clang-format off */
const char *const tb_options_forbidden[] = {
    /* another first program, or options and programs from elsewhere */
    "init=*", "rdinit=*", "systemd.run=*", "rd.cmdline=ask", "bootconfig",
    "cloud-config-url", "ds=nocloud;*", "ds=nocloud-net;*", "cc:*", "end_cc", "ignition.config.url",
    /* a shell without a password */
    "break", "rd.break", "systemd.debug_shell", "rd.systemd.debug_shell", "systemd.crash_shell",
    "systemd.wants=debug-shell*", "rd.systemd.wants=debug-shell*", "systemd.unit=debug-shell*",
    "rd.systemd.unit=debug-shell*", "SYSTEMD_SULOGIN_FORCE",
    "systemd.setenv=SYSTEMD_SULOGIN_FORCE*",
    /* files of one's own in the running system */
    "systemd.set_credential", "systemd.set_credential_binary", "systemd.mount-extra",
    "rd.systemd.mount-extra", "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "systemd.setenv=LD_*",
    /* a program that the kernel calls */
    "sysctl.kernel.core_pattern", "sysctl.kernel.modprobe", "sysctl.kernel.hotplug",
    "sysctl.kernel/core_pattern", "sysctl.kernel/modprobe", "sysctl.kernel/hotplug",
    "sysctl/kernel.core_pattern", "sysctl/kernel.modprobe", "sysctl/kernel.hotplug",
    "sysctl/kernel/core_pattern", "sysctl/kernel/modprobe", "sysctl/kernel/hotplug",
    "sysctl.kernel.poweroff_cmd", "sysctl.kernel/poweroff_cmd",
    "sysctl/kernel.poweroff_cmd", "sysctl/kernel/poweroff_cmd",
    /* a debugger */
    "kgdboc", "kgdboc.kgdboc", "kgdboc_earlycon", "kgdbwait", "kgdbdbgp", "ekgdboc", "kdb",
    /* what the kernel verifies */
    "module.sig_enforce=0", "module.sig_enforce=n*", "module.sig_enforce=N*", "lockdown=none",
    "evm=fix", "initcall_blacklist", "acpi_rsdp",
    NULL
};

const char *const tb_options_weak[] = {
    "selinux=0", "enforcing=0", "apparmor=0", "security=none", "lsm", "audit=0", "audit=off",
    "ima=off", "ima_appraise=off", "ima_appraise=log", "ima_appraise=fix",
    "mitigations=off", "nokaslr", "nosmap", "nosmep", "nopti", "pti=off", "noexec=off",
    "iommu=off", "intel_iommu=off", "amd_iommu=off", "dis_ucode_ldr",
    "single", "S", "s", "1", "-s", "-b", "emergency", "rescue", "systemd.unit=emergency*",
    "systemd.unit=rescue*", "rd.systemd.unit=emergency*", "rd.systemd.unit=rescue*", "rd.shell",
    NULL
};

const char *const tb_options_harmless[] = {
    /* the system's own first program */
    "init=/sbin/init", "init=/usr/sbin/init", "init=/bin/systemd", "init=/lib/systemd/systemd",
    "init=/usr/lib/systemd/systemd", "rdinit=/init", "rdinit=/sbin/init",
    /* lets a graphics card be handed to a guest */
    "initcall_blacklist=sysfb_init",
    /* Container-Optimized OS: a folder of a partition that dm-verity guards */
    "ds=nocloud;s=/usr/share/oem/",
    /* switches a security module on, and leaves none of the usual ones out */
    "lsm=landlock,lockdown,yama,integrity,apparmor*",
    "lsm=landlock,lockdown,yama,integrity,selinux*",
    "rd.shell=0", "rd.shell=no", "systemd.debug_shell=0", "systemd.debug_shell=no",
    "systemd.crash_shell=0", "systemd.crash_shell=no",
    NULL
};
/* clang-format on */
