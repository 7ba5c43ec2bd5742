/* cli/main.c - the table of subcommands, and the way from a command line to one of them. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/text.h"

/* Options of every subcommand that asks the server. */
#define ASKS                                                                                       \
    (TB_OPT_BIT(URL) | TB_OPT_BIT(TOKEN_FILE) | TB_OPT_BIT(CA) | TB_OPT_BIT(CONFIG) |              \
     TB_OPT_BIT(JSON))
#define O(id) TB_OPT_BIT(id)
#define IMPORT_FILES_MAX 1024 /* files named in one call; a directory may hold more */

/* clang-format off */
const struct tb_subcommand tb_subcommands[] = {
    { "api-token", "create", "", ASKS | O(ROLE) | O(LABEL) | O(EXPIRES), 0, 0,
      "make a token for the REST interface",
      "The token is printed once, alone on standard output. --role is required.",
      tb_cmd_api_token_create },
    { "api-token", "list", "", ASKS | O(COLOUR), 0, 0, "list the tokens of the REST interface",
      "", tb_cmd_api_token_list },
    { "api-token", "revoke", "ID", ASKS, 1, 1, "revoke a token at once", "",
      tb_cmd_api_token_revoke },
    { "attest", NULL, "HOST", ASKS | O(COLOUR) | O(WAIT) | O(TIMEOUT) | O(SELF), 0, 1,
      "ask a host to attest now",
      "With --wait it waits for the new evidence and tells the verdict: exit 0 for trusted, 1 for "
      "every other verdict or no answer in time. --self is always refused (exit 4).",
      tb_cmd_attest },
    { "audit", NULL, "", ASKS | O(COLOUR), 0, 0, "print the audit log, newest first", "",
      tb_cmd_audit },
    { "clusters", NULL, "", ASKS | O(COLOUR), 0, 0, "list groups of hosts that boot alike",
      "The largest first; of each the larger one that it differs from in the fewest PCRs.",
      tb_cmd_clusters },
    { "clusters", "diff", "SHAPE SHAPE", ASKS | O(COLOUR), 2, 2,
      "which events differ between two clusters",
      "Compares the logs of the hosts that stand for them. SHAPE is the beginning that `clusters` "
      "prints. Exit 0 if the boots are the same, 1 if they differ.", tb_cmd_clusters_diff },
    { "ek", "allow", "EK-DIGEST", ASKS | O(GROUP) | O(NOTE), 1, 1,
      "let the host with this endorsement key enrol without a token",
      "EK-DIGEST is the SHA-256 digest that `trueboot host show` and the agent print.",
      tb_cmd_ek_allow },
    { "ek", "disallow", "EK-DIGEST", ASKS, 1, 1, "take an endorsement key off the list", "",
      tb_cmd_ek_disallow },
    { "ek", "list", "", ASKS | O(COLOUR), 0, 0, "list the endorsement keys that may enrol", "",
      tb_cmd_ek_list },
    { "enrol-token", NULL, "", ASKS | O(LABEL) | O(GROUP) | O(USES) | O(EXPIRES), 0, 0,
      "make a token with which hosts enrol",
      "The token is printed once, alone on standard output; the line to run on the host goes to "
      "standard error. One use and one hour unless told otherwise.", tb_cmd_enrol_token },
    { "enrol-token", "list", "", ASKS | O(COLOUR), 0, 0, "list the tokens of enrolment", "",
      tb_cmd_enrol_token_list },
    { "enrol-token", "revoke", "ID", ASKS, 1, 1, "revoke a token of enrolment", "",
      tb_cmd_enrol_token_revoke },
    { "export", NULL, "HOST", ASKS | O(OUTPUT), 1, 1,
      "save the last evidence of a host as a bundle",
      "A bundle holds quote, event log, keys, policy and result; `trueboot verify` recomputes the "
      "verdict from it, on any machine. Without --output it goes to standard output, unless that "
      "is a terminal.", tb_cmd_export },
    { "findings", NULL, "", O(JSON) | O(COLOUR), 0, 0,
      "print every code that a verdict can give as its reason", "", tb_cmd_findings },
    { "help", NULL, "[COMMAND...]", 0, 0, 2, "print help", "", tb_cmd_help },
    { "host", "accept-firmware", "HOST", ASKS | O(EVIDENCE), 1, 1,
      "take the firmware measured last as the reference",
      "With --evidence it is taken only if the host has sent no other evidence since `host show` "
      "printed that.", tb_cmd_host_accept_firmware },
    { "host", "accept-rollback", "HOST", ASKS | O(EVIDENCE), 1, 1,
      "take the packages measured last, though they are older than before",
      "The security versions that the host was trusted with become those of its last evidence. With "
      "--evidence only if the host has sent no other evidence since `host show` printed that.",
      tb_cmd_host_accept_rollback },
    { "host", "approve", "HOST", ASKS | O(EVIDENCE), 1, 1, "approve a host that is pending",
      "With --evidence it is approved only with the keys that `host show` printed.",
      tb_cmd_host_approve },
    { "host", "attest", "HOST", ASKS | O(COLOUR) | O(WAIT) | O(TIMEOUT) | O(SELF), 0, 1,
      "the same as attest", "", tb_cmd_attest },
    { "host", "diff", "HOST", ASKS | O(COLOUR) | O(FROM) | O(TO), 1, 1,
      "what changed in a host's boot since the last trusted one",
      "A sentence for each event that has another digest, is new, gone or moved; certificates and "
      "hashes that came and went; options of the command line. --from and --to name other boots, "
      "by the periods of `host history`. Exit 0 if the boots are the same, 1 if they differ.",
      tb_cmd_host_diff },
    { "host", "history", "HOST", ASKS | O(COLOUR), 1, 1, "list the verdicts of a host, newest first",
      "", tb_cmd_host_history },
    { "host", "list", "", ASKS | O(COLOUR) | O(VERDICT) | O(GROUP) | O(SEARCH) | O(SORT), 0, 0,
      "list hosts with verdict and reason", "", tb_cmd_host_list },
    { "host", "packages", "HOST", ASKS | O(COLOUR), 1, 1,
      "print the packages that a host booted from",
      "Of a host on Trueboot's own boot chain: what its measurements prove, and which signer vouches "
      "for each. Exit 1 if nothing is proved of it.", tb_cmd_host_packages },
    { "host", "refuse", "HOST", ASKS, 1, 1, "refuse a host that is pending", "",
      tb_cmd_host_refuse },
    { "host", "remove", "HOST", ASKS, 1, 1, "remove a host; its history stays in the audit log",
      "", tb_cmd_host_remove },
    { "host", "replace-tpm", "HOST", ASKS, 1, 1,
      "let a host enrol once more, after its TPM or board was replaced",
      "Prints a token of enrolment, once; only with it may another TPM take the host over.", tb_cmd_host_replace_tpm },
    { "host", "set", "HOST", ASKS | O(COLOUR) | O(GROUP) | O(NAME) | O(MAINTENANCE), 1, 1,
      "change group, name or maintenance of a host", "", tb_cmd_host_set },
    { "host", "show", "HOST", ASKS | O(COLOUR), 1, 1,
      "print a host with its findings, their causes and the next steps", "", tb_cmd_host_show },
    { "incident", "acknowledge", "INCIDENT", ASKS | O(UNTIL) | O(NOTE), 1, 1,
      "tell that somebody looks at an incident",
      "An incident is closed only by an attestation that passes.", tb_cmd_incident_acknowledge },
    { "incident", "list", "", ASKS | O(COLOUR) | O(OPEN), 0, 0, "list incidents, newest first", "",
      tb_cmd_incident_list },
    { "log", "diff", "BEFORE AFTER", O(JSON) | O(COLOUR), 2, 2,
      "what changed between two boots, from their event logs",
      "Events of each PCR that changed their digest, are new, gone or moved; PCRs that are the same "
      "are named. Which old event belongs to which new one is read from names that mostly no digest "
      "covers. Data that no digest covers make no difference. Exit 0 if the logs say the same, 1 if "
      "they differ, 2 for a log that cannot be read.", tb_cmd_log_diff },
    { "log", "pcrs", "FILE", O(JSON) | O(QUOTED), 1, 1,
      "replay an event log and print the PCRs that follow",
      "Lines of bank, PCR and value, for the PCRs that the log measures into. FILE - is standard "
      "input. PCRs that lack a digest of a bank are left out and named on standard error. With "
      "--quoted the log is compared with those values: lines of bank, PCR, state, quoted value and, "
      "where it is another, replayed value; then what would explain each difference, as far as a "
      "computation can tell. Exit 0 if all match, 1 if not, 2 for what cannot be read.",
      tb_cmd_log_pcrs },
    { "log", "show", "FILE", O(JSON) | O(COLOUR), 1, 1, "print a TCG event log in words",
      "Data that the digest of its event does not cover is marked `unverified`: whoever hands over "
      "the log can write there what they like. FILE - is standard input.", tb_cmd_log_show },
    { "policy", "check", "FILE", O(JSON), 1, 1, "check a policy file without a server", "",
      tb_cmd_policy_check },
    { "policy", "revocations", "POLICY", O(DBX) | O(SBAT), 1, 1,
      "print a policy with published revocations added",
      "--dbx adds the digests of a list of revocations (DBXUpdate.bin, or bare signature lists), --sbat "
      "raises the SBAT level. The signature of a list is not verified: you vouch for the file. For "
      "more than one list of a kind give the output to the next call: POLICY - is standard input.",
      tb_cmd_policy_revocations },
    { "policy", "set", "FILE", ASKS, 1, 1, "put a policy in force", "", tb_cmd_policy_set },
    { "policy", "show", "", ASKS, 0, 0, "print the policy in force",
      "What is printed can be saved, edited and given to `policy set`; --json adds version and "
      "author.", tb_cmd_policy_show },
    { "policy", "try", "FILE", ASKS | O(COLOUR), 1, 1,
      "what a policy would say of the stored evidence",
      "Exit 0 if no verdict would change, 1 if one would.", tb_cmd_policy_try },
    { "report", NULL, "", ASKS | O(COLOUR), 0, 0,
      "print the security report: hosts, verdicts, reasons, limits",
      "Hosts that cannot attest (TPM 1.2 or none) are N/A, not failed.", tb_cmd_report },
    { "roots", "check", "PATH", O(JSON) | O(COLOUR), 1, 1,
      "tell what is wrong with the TPM vendors' certificates in a file or directory",
      "Intermediates that lead to no root there, with the issuer that is missing; certificates that "
      "are expired or no CA; files that hold none, or that are not what manifest.json says. Exit 0 if all is well, 1 if something is wrong.",
      tb_cmd_roots_check },
    { "roots", "import", "FILE...",
      O(JSON) | O(COLOUR) | O(INTO) | O(SHA256) | O(ALLOW_INTERMEDIATES) | O(ALLOW_SHA1) |
          O(VENDOR) | O(SOURCE),
      1, IMPORT_FILES_MAX, "add TPM vendors' certificates to the server's directory",
      "FILE is PEM with one or many certificates, DER, or a directory of such files, with folders. "
      "--into is required. Everything is read before anything is written; each new certificate "
      "becomes a file of its own, listed in manifest.json with its digest, vendor and source, and "
      "none is overwritten; intermediates go to a folder of that name. A vendor's root trusts every "
      "TPM of that vendor.",
      tb_cmd_roots_import },
    { "roots", "list", "PATH", O(JSON) | O(COLOUR), 1, 1,
      "print the TPM vendors' certificates in a file or directory",
      "Exit 1 if a file was left out because it holds no certificates.", tb_cmd_roots_list },
    { "server", NULL, "init|run ...", 0, 0, 0, "run trueboot-server",
      "Becomes trueboot-server with all arguments that follow; see trueboot-server(8).", NULL },
    { "verify", NULL, "BUNDLE", O(JSON) | O(COLOUR) | O(AK) | O(POLICY) | O(SELF), 0, 1,
      "recompute the verdict of a bundle, offline",
      "Uses the functions of the server on the evidence in the bundle, prints verdict and findings "
      "and whether they agree with what was recorded. Anybody can make a bundle with a key of their "
      "own: --ak compares the key with the Name that you know of the host (`trueboot host show`); "
      "without it only the bundle's consistency is shown. Exit 0 for trusted, 1 for every other "
      "verdict or another key, 2 if the bundle is damaged. --policy judges by another policy. "
      "--self is always refused (exit 4). BUNDLE - is standard input.", tb_cmd_verify },
    { "version", NULL, "", 0, 0, 0, "print the version", "", tb_cmd_version },
};
/* clang-format on */
const size_t tb_n_subcommands = sizeof tb_subcommands / sizeof tb_subcommands[0];

const struct tb_option_text tb_option_texts[TB_N_OPTS] = {
#define X(id, name, letter, arg, text) { name, letter, arg, text },
    TB_OPTIONS(X)
#undef X
};

enum tb_exit tb_cli_fail(enum tb_exit code, const char *format, ...)
{
    char *line = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&line, format, args) < 0)
        line = NULL;
    va_end(args);
    fputs("trueboot: ", stderr);
    tb_text_put(stderr, line != NULL ? line : "out of memory");
    fputc('\n', stderr);
    free(line);
    return code;
}

/* The row of the first one or two words; NULL: said why. *n_words: words that it took. */
static const struct tb_subcommand *find_subcommand(int argc, char **argv, int *n_words,
                                                   bool *want_help)
{
    const struct tb_subcommand *bare = NULL, *group = NULL;

    for (size_t i = 0; i < tb_n_subcommands; i++) {
        const struct tb_subcommand *s = &tb_subcommands[i];

        if (strcmp(s->name, argv[1]) != 0)
            continue;
        group = s;
        if (s->verb == NULL)
            bare = s;
        else if (argc > 2 && strcmp(s->verb, argv[2]) == 0)
            return *n_words = 2, s;
    }
    *n_words = 1;
    if (bare != NULL)
        return bare;
    if (group != NULL && argc > 2 &&
        (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
        *want_help = true;
        return group;
    }
    if (group == NULL)
        tb_cli_fail(TB_EXIT_USAGE, "unknown command \"%s\"; trueboot help prints the list",
                    argv[1]);
    else
        tb_help_verbs(argv[1], argc > 2 ? argv[2] : NULL);
    return NULL;
}

/* The options of one subcommand in getopt_long's form; `val` is 1000 + id. */
static void make_getopt_tables(uint64_t allowed, struct option longs[TB_N_OPTS + 1],
                               char shorts[2 * TB_N_OPTS + 3])
{
    size_t n = 0, k = 0;

    shorts[k++] = ':'; /* a missing argument is told apart from an unknown option */
    for (int id = 0; id < TB_N_OPTS; id++) {
        const struct tb_option_text *o = &tb_option_texts[id];

        if ((allowed >> id & 1) == 0)
            continue;
        longs[n++] = (struct option){ o->name, o->arg != NULL, NULL, 1000 + id };
        if (o->letter == 0)
            continue;
        shorts[k++] = o->letter;
        if (o->arg != NULL)
            shorts[k++] = ':';
    }
    longs[n] = (struct option){ 0 };
    shorts[k] = '\0';
}

static int option_of(int c)
{
    for (int id = 0; id < TB_N_OPTS; id++)
        if (c == 1000 + id || (tb_option_texts[id].letter != 0 && c == tb_option_texts[id].letter))
            return id;
    return -1;
}

/* argv[0] is the last word of the subcommand. */
static bool read_options(struct tb_cli *cli, const struct tb_subcommand *s, int argc, char **argv)
{
    struct option longs[TB_N_OPTS + 1];
    char shorts[2 * TB_N_OPTS + 3];
    int c;

    make_getopt_tables(s->options | O(HELP), longs, shorts);
    opterr = 0;
    optind = 0;
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        int id = option_of(c);
        const char *what = optind > 0 && optind <= argc ? argv[optind - 1] : "";

        if (c == ':')
            return tb_cli_fail(TB_EXIT_USAGE, "%s: expected a value", what), false;
        if (id < 0 && option_of(optopt) >= 0) /* the way in which getopt_long tells this apart */
            return tb_cli_fail(TB_EXIT_USAGE, "%s: takes no value", what), false;
        if (id < 0)
            return tb_cli_fail(TB_EXIT_USAGE, "unknown option %s; trueboot help %s%s%s", what,
                               s->name, s->verb != NULL ? " " : "", s->verb != NULL ? s->verb : ""),
                   false;
        if (cli->value[id] != NULL)
            return tb_cli_fail(TB_EXIT_USAGE, "--%s: given twice", tb_option_texts[id].name), false;
        cli->value[id] = optarg != NULL ? optarg : "";
    }
    cli->args = argv + optind;
    cli->n_args = argc - optind;
    return true;
}

static bool choose_colour(struct tb_cli *cli)
{
    const char *when = cli->value[TB_OPT_COLOUR];

    if (when == NULL || strcmp(when, "auto") == 0)
        cli->colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL &&
                      strcmp(getenv("TERM") != NULL ? getenv("TERM") : "dumb", "dumb") != 0;
    else if (strcmp(when, "always") == 0)
        cli->colour = true;
    else if (strcmp(when, "never") != 0)
        return tb_cli_fail(TB_EXIT_USAGE, "--colour: expected auto, always or never, found %s",
                           when),
               false;
    return true;
}

static void read_environment(struct tb_cli *cli, char path[4096])
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n = -1;

    cli->env_url = getenv("TRUEBOOT_URL");
    cli->env_token = getenv("TRUEBOOT_TOKEN");
    cli->env_ca = getenv("TRUEBOOT_CA");
    if (xdg != NULL && xdg[0] == '/')
        n = snprintf(path, 4096, "%s/trueboot/cli.json", xdg);
    else if (home != NULL && home[0] == '/')
        n = snprintf(path, 4096, "%s/.config/trueboot/cli.json", home);
    if (n > 0 && n < 4096)
        cli->config_path = path;
}

static enum tb_exit run(struct tb_cli *cli, const struct tb_subcommand *s)
{
    enum tb_exit code;

    if (tb_cli_has(cli, TB_OPT_HELP))
        return tb_help_print(cli->out, s);
    if (cli->n_args < s->min_args || cli->n_args > s->max_args)
        return tb_cli_fail(TB_EXIT_USAGE, "usage: trueboot %s%s%s%s%s", s->name,
                           s->verb != NULL ? " " : "", s->verb != NULL ? s->verb : "",
                           s->arguments[0] != '\0' ? " " : "", s->arguments);
    if (!choose_colour(cli))
        return TB_EXIT_USAGE;
    code = s->run(cli);
    if (fflush(cli->out) != 0 || ferror(cli->out))
        return tb_cli_fail(TB_EXIT_USAGE, "standard output cannot be written: %s", strerror(errno));
    return code;
}

static enum tb_exit start(int argc, char **argv)
{
    struct tb_cli cli = { .out = stdout };
    const struct tb_subcommand *s;
    char config_path[4096];
    int n_words = 0;
    bool want_help = false;

    prctl(PR_SET_DUMPABLE, 0); /* a core dump would hold the API token */
    read_environment(&cli, config_path);
    if (argc < 2) {
        tb_help_all(stderr);
        return TB_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return tb_help_all(stdout);
    if (strcmp(argv[1], "--version") == 0)
        return tb_cmd_version(&cli);
    s = find_subcommand(argc, argv, &n_words, &want_help);
    if (s == NULL)
        return TB_EXIT_USAGE;
    if (want_help)
        return tb_help_group(stdout, s->name);
    if (strcmp(s->name, "server") == 0)
        return tb_cmd_server(argv + 1);
    if (!read_options(&cli, s, argc - n_words, argv + n_words))
        return TB_EXIT_USAGE;
    return run(&cli, s);
}

int main(int argc, char **argv)
{
    return (int)start(argc, argv);
}
