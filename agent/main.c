/* agent/main.c - trueboot-agent: the Attester's program. docs/man/trueboot-agent.8. */
#include "agent/command.h"
#include "agent/link.h"
#include "agent/journal.h"
#include "tpm/tpm.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const struct command {
    const char *name;
    int (*run)(const struct tb_command_line *line);
    const char *does;
} commands[] = {
    { "enrol", tb_command_enrol, "make this host known to a Verifier" },
    { "run", tb_command_run, "attest at start, on a timer, and when the Verifier asks" },
    { "once", tb_command_once, "attest once; print verdict and reasons" },
    { "status", tb_command_status, "what this host can and cannot do, and why" },
    { "verdict", tb_command_verdict, "say why a host does not attest itself" },
    { "attest-self", tb_command_verdict, "the same" },
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

enum { OPT_CONFIG = 256, OPT_TOKEN, OPT_AGAIN, OPT_JOURNAL, OPT_HELP, OPT_VERSION, OPT_MEMBER };

/* Options from OPT_MEMBER on are members of the configuration file, in this order. */
static const char *const members[] = { "server",   "pin",  "ca",        "proxy",
                                       "state",    "tcti", "event_log", "user_log",
                                       "boot_set", "name", "ak" };

static const struct option options[] = {
    { "server", required_argument, NULL, OPT_MEMBER },
    { "pin", required_argument, NULL, OPT_MEMBER + 1 },
    { "ca", required_argument, NULL, OPT_MEMBER + 2 },
    { "proxy", required_argument, NULL, OPT_MEMBER + 3 },
    { "state", required_argument, NULL, OPT_MEMBER + 4 },
    { "tcti", required_argument, NULL, OPT_MEMBER + 5 },
    { "event-log", required_argument, NULL, OPT_MEMBER + 6 },
    { "user-log", required_argument, NULL, OPT_MEMBER + 7 },
    { "boot-set", required_argument, NULL, OPT_MEMBER + 8 },
    { "name", required_argument, NULL, OPT_MEMBER + 9 },
    { "ak", required_argument, NULL, OPT_MEMBER + 10 },
    { "config", required_argument, NULL, OPT_CONFIG },
    { "token", required_argument, NULL, OPT_TOKEN },
    { "again", no_argument, NULL, OPT_AGAIN },
    { "journal", no_argument, NULL, OPT_JOURNAL },
    { "help", no_argument, NULL, OPT_HELP },
    { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

static int usage(FILE *to, int code)
{
    (void)fprintf(
        to, "usage: trueboot-agent COMMAND [OPTION]...\n"
            "       trueboot-agent enrol --server https://HOST:PORT --pin SHA256|--ca FILE\n"
            "                            [--token T] [--name N] [--ak ecc|rsa] [--again]\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        (void)fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].does);
    (void)fprintf(to,
                  "\nOptions of all commands: --config FILE [" TB_AGENT_CONFIG_PATH "],\n"
                  "  --state DIR, --tcti TCTI, --event-log FILE, --user-log FILE, --boot-set DIR,\n"
                  "  --proxy URL, --journal\n"
                  "Exit: 0 trusted or done, 1 not trusted, 2 usage, 3 Verifier or TPM "
                  "unavailable,\n  4 a host does not attest itself\n");
    return code;
}

/* Secrets are in memory: nobody gets a core of it, and no other process of the user looks in
 * (T-65). */
static bool close_up(void)
{
    const struct rlimit none = { 0, 0 };

    (void)umask(077);
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static bool take_option(int option, struct tb_command_line *line, bool *journal)
{
    switch (option) {
    case OPT_CONFIG:
        line->config_path = optarg;
        line->config_given = true;
        return true;
    case OPT_TOKEN: line->token = optarg; return true;
    case OPT_AGAIN: line->again = true; return true;
    case OPT_JOURNAL: *journal = true; return true;
    default: break;
    }
    if (option < OPT_MEMBER || line->n_set == sizeof line->key / sizeof line->key[0])
        return false;
    line->key[line->n_set] = members[option - OPT_MEMBER];
    line->value[line->n_set++] = optarg;
    return true;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* "-": the first line of standard input, since others can see the command line. */
static bool read_token(struct tb_command_line *line, char token[256])
{
    if (strcmp(line->token, "-") != 0)
        return true;
    if (fgets(token, 256, stdin) == NULL)
        return false;
    token[strcspn(token, "\r\n")] = '\0';
    line->token = token;
    return true;
}

int main(int argc, char **argv)
{
    struct tb_command_line line = { .config_path = TB_AGENT_CONFIG_PATH, .token = "" };
    bool journal = getenv("JOURNAL_STREAM") != NULL;
    const struct command *command;
    char token[256];
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPT_HELP)
            return usage(stdout, TB_EXIT_TRUSTED);
        if (option == OPT_VERSION)
            return printf("trueboot-agent %s\n", TB_VERSION) < 0 ? TB_EXIT_UNAVAILABLE
                                                                 : TB_EXIT_TRUSTED;
        if (!take_option(option, &line, &journal))
            return usage(stderr, TB_EXIT_USAGE);
    }
    if (argc - optind != 1)
        return usage(stderr, TB_EXIT_USAGE);
    command = find_command(argv[optind]);
    if (command == NULL || !read_token(&line, token))
        return usage(stderr, TB_EXIT_USAGE);
    line.notify_socket = getenv("NOTIFY_SOCKET");
    line.watchdog_usec = getenv("WATCHDOG_USEC");
    tb_journal_open(journal);
    tb_tpm_silence_library();
    if (!close_up() || !tb_link_global_init()) {
        tb_journal(TB_JOURNAL_ERR, "cannot set up this process");
        return TB_EXIT_UNAVAILABLE;
    }
    return command->run(&line);
}
