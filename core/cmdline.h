/* core/cmdline.h - options of the kernel's command line, and rules about them.
 *
 * Linux, Documentation/admin-guide/kernel-parameters.rst: options end at a blank outside of double
 * quotes, quotes around a value are not part of it, "--" ends the kernel's own options, and '-' and
 * '_' are equal in names. Programs of the initrd and systemd read the same line and cut it in ways
 * of their own (they know no "--", some know no quotes), so what is forbidden is looked for in each
 * of these ways, and what is required in the kernel's alone. No I/O, no allocation. */
#ifndef TB_CORE_CMDLINE_H
#define TB_CORE_CMDLINE_H

#include "core/reader.h"

#define TB_OPTION_RULE_MAX 96 /* bytes of a rule, NUL included */

/* How a line is cut into options. */
enum tb_cmdline_cut {
    TB_CUT_KERNEL, /* quotes hold blanks together; ends at "--" */
    TB_CUT_QUOTED, /* the same without an end */
    TB_CUT_PLAIN,  /* at each blank and at each byte that stands for one that cannot be printed;
                    * quotes are as if they were not there */
    TB_N_CUTS
};

struct tb_cmdline_options {
    struct tb_reader rest;
    enum tb_cmdline_cut cut;
    bool in_quotes; /* TB_CUT_PLAIN: a quote is open */
};

struct tb_cmdline_option {
    struct tb_reader whole; /* as it stands there */
    struct tb_reader name;
    bool has_value;
    struct tb_reader value;
    enum tb_cmdline_cut cut;
    bool in_quotes; /* TB_CUT_PLAIN: begins inside of somebody's quotes */
};

struct tb_cmdline_options tb_cmdline_begin(const char *line, enum tb_cmdline_cut cut);
/* The next option; false: no more. */
TB_MUST_CHECK bool tb_cmdline_next(struct tb_cmdline_options *it, struct tb_cmdline_option *out);

/* "name": the option with or without a value; "name=value": with exactly this one; "name=start*":
 * with a value that begins so. True if the text is such a rule: printable ASCII without blanks and
 * quotes, '*' at the end only. */
TB_MUST_CHECK bool tb_option_rule_valid(const char *text, size_t len);
bool tb_option_rule_matches(const char *rule, const struct tb_cmdline_option *option);
/* The rule is about an option of this name. */
bool tb_option_rule_names(const char *rule, const struct tb_cmdline_option *option);

/* What no stock system needs, with which whoever edits the boot menu takes over a system that
 * Secure Boot vouches for; what only takes a protection away; and what looks like the first and is
 * harmless. Each ends with NULL. docs/policy.md says why each stands there. One form more than a
 * policy has: "start*", an option whose name begins so. */
#define TB_N_OPTION_BANS 128 /* the first two together are no more, which a test holds */
extern const char *const tb_options_forbidden[];
extern const char *const tb_options_weak[];
extern const char *const tb_options_harmless[];

#endif
