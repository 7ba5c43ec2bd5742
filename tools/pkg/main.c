/* tools/pkg/main.c - trueboot-pkg: build, sign, look into and verify packages. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pkg/tool.h"

#define BIT(name) (UINT32_C(1) << OPT_##name)
#define ANY 1000
#define CHANGE (BIT(ESP) | BIT(SET) | BIT(VENDOR) | BIT(LEVEL) | BIT(REVOCATIONS))

static const struct {
    const char *name;
    enum tool_exit (*run)(struct tool *t);
    int least, most; /* arguments */
    uint32_t options, needed;
    const char *arguments, *summary;
} commands[] = {
    { "build", tool_build, 1, 1, BIT(KEY) | BIT(CERTS) | BIT(OUT) | BIT(DATE),
      BIT(KEY) | BIT(CERTS) | BIT(OUT), "SPEC", "build and sign a package from a description" },
    { "extract", tool_extract, 1, 1, BIT(VENDOR) | BIT(LEVEL) | BIT(REVOCATIONS) | BIT(TO),
      BIT(VENDOR) | BIT(TO), "FILE", "verify, and write the payloads to a directory" },
    { "inspect", tool_inspect, 1, 1, BIT(JSON), 0, "FILE",
      "show the manifest and who claims to have signed it; trusts nothing" },
    { "install", tool_install, 1, ANY, CHANGE, BIT(ESP), "FILE...",
      "add packages: the next boot starts the other set, with them" },
    { "list", tool_list, 0, 1, BIT(ESP) | BIT(JSON) | BIT(VENDOR), 0, "[FILE]",
      "list the payloads, trusting nothing; with --esp, the packages of both boot sets" },
    { "make-vendor", tool_vendor_make, 1, 1, BIT(NAME) | BIT(ALGORITHM) | BIT(LEVEL) | BIT(DATE), 0,
      "DIR", "make a vendor of one's own: a root and a signer, keys and certificates" },
    { "predict", tool_predict, 0, 0,
      BIT(ESP) | BIT(SET) | BIT(LOG) | BIT(COMPARE) | BIT(USER_LOG) | BIT(JSON), BIT(ESP), "",
      "the events and PCR values of the next boot" },
    { "remove", tool_remove, 1, ANY, CHANGE, BIT(ESP), "NAME...",
      "take packages away: the next boot starts the other set, without them" },
    { "revoke", tool_revoke, 1, 1, BIT(KEY) | BIT(CERTS) | BIT(OUT) | BIT(DATE),
      BIT(KEY) | BIT(CERTS) | BIT(OUT), "LIST", "sign a list of revocations" },
    { "sign", tool_sign_package, 1, 1, BIT(KEY) | BIT(CERTS) | BIT(DATE), BIT(KEY) | BIT(CERTS),
      "FILE", "add a signer to a package" },
    { "update", tool_update, 1, ANY, CHANGE, BIT(ESP), "FILE...",
      "replace packages by these: the next boot starts the other set, with them" },
    { "verify", tool_verify, 1, ANY, BIT(VENDOR) | BIT(LEVEL) | BIT(REVOCATIONS), BIT(VENDOR),
      "FILE...", "verify signature, level, revocations and every payload" },
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static const struct {
    const char *name, *arg, *text;
} options[N_OPTIONS] = {
    [OPT_ALGORITHM] = { "algorithm", "NAME", "of a vendor's keys: p384, or rsa for RSA 4096" },
    [OPT_CERTS] = { "certs", "FILE", "certificates of the signer, PEM, his own first" },
    [OPT_ESP] = { "esp", "DIR", "where the EFI system partition is mounted" },
    [OPT_COMPARE] = { "compare", "FILE", "PCR values, or the log of a boot, to compare with" },
    [OPT_DATE] = { "date", "SECONDS", "time since 1970 of build and signature; else now" },
    [OPT_JSON] = { "json", NULL, "print JSON" },
    [OPT_KEY] = { "key", "FILE|URI", "private key: a PEM file, or pkcs11:..." },
    [OPT_LEVEL] = { "level", "LEVEL", "certified, accepted, partner or community" },
    [OPT_LOG] = { "log", "FILE", "the firmware's event log of the current boot" },
    [OPT_NAME] = { "name", "NAME", "of the vendor" },
    [OPT_OUT] = { "out", "FILE", "what is written" },
    [OPT_REVOCATIONS] = { "revocations", "FILE", "list; its signature is FILE.sig" },
    [OPT_SET] = { "set", "SET", "a or b; else the one that does not run" },
    [OPT_TO] = { "to", "DIR", "an existing directory" },
    [OPT_USER_LOG] = { "user-log", "FILE", "the log of user space of the boot compared with" },
    [OPT_VENDOR] = { "vendor", "FILE", "root certificates that are trusted" },
    [OPT_HELP] = { "help", NULL, "show this" },
};

static enum tool_exit help(FILE *out)
{
    fputs("usage: trueboot-pkg COMMAND [OPTION...] ARGUMENT...\n\n", out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-12s %-8s %s\n", commands[i].name, commands[i].arguments,
                commands[i].summary);
    fputc('\n', out);
    for (int i = 0; i < N_OPTIONS; i++)
        fprintf(out, "  --%s%s%-*s %s\n", options[i].name, options[i].arg != NULL ? " " : "",
                20 - (int)strlen(options[i].name), options[i].arg != NULL ? options[i].arg : "",
                options[i].text);
    fputs("\nExit: 0 done or good, 1 refused, 2 usage or a file that cannot be used.\n"
          "trueboot-pkg(1) tells all.\n",
          out);
    return TOOL_OK;
}

static bool read_options(struct tool *t, int argc, char **argv)
{
    struct option longs[N_OPTIONS + 1] = { 0 };
    int c;

    for (int i = 0; i < N_OPTIONS; i++)
        longs[i] = (struct option){ options[i].name, options[i].arg != NULL, NULL, ANY + i };
    optind = 1;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
        if (c < ANY)
            return tool_fail(TOOL_USAGE, "%s: %s", argv[optind - 1],
                             c == ':' ? "an argument is missing" : "no such option"),
                   false;
        if (t->option[c - ANY] != NULL)
            return tool_fail(TOOL_USAGE, "--%s: given twice", options[c - ANY].name), false;
        t->option[c - ANY] = optarg != NULL ? optarg : "";
    }
    t->argument = argv + optind;
    t->n_arguments = argc - optind;
    return true;
}

static enum tool_exit run(size_t command, struct tool *t)
{
    for (int i = 0; i < N_OPTIONS; i++) {
        if (t->option[i] != NULL && !(commands[command].options >> i & 1))
            return tool_fail(TOOL_USAGE, "%s: has no option --%s", commands[command].name,
                             options[i].name);
        if (t->option[i] == NULL && (commands[command].needed >> i & 1))
            return tool_fail(TOOL_USAGE, "%s: needs --%s %s", commands[command].name,
                             options[i].name, options[i].arg);
    }
    if (t->n_arguments < commands[command].least || t->n_arguments > commands[command].most)
        return tool_fail(TOOL_USAGE, "%s: expected %s; found %d arguments", commands[command].name,
                         commands[command].arguments, t->n_arguments);
    return commands[command].run(t);
}

static enum tool_exit run_command_line(int argc, char **argv)
{
    struct tool t = { 0 };

    if (argc < 2)
        return help(stderr), TOOL_USAGE;
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return help(stdout);
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            if (!read_options(&t, argc - 1, argv + 1))
                return TOOL_USAGE;
            if (t.option[OPT_HELP] != NULL)
                return help(stdout);
            if (t.option[OPT_DATE] == NULL) /* reproducible-builds.org */
                t.option[OPT_DATE] =
                    commands[i].options & BIT(DATE) ? getenv("SOURCE_DATE_EPOCH") : NULL;
            return run(i, &t);
        }
    return tool_fail(TOOL_USAGE, "%s: no such command; trueboot-pkg help lists them", argv[1]);
}

int main(int argc, char **argv)
{
    return (int)run_command_line(argc, argv);
}
