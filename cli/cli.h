/* cli/cli.h - what every subcommand of `trueboot` gets, and what it gives back.
 *
 * The operator's tool: it asks the Verifier through its REST interface and verifies offline with
 * the server's own functions. It never judges the machine it runs on. Options and environment are
 * read in main.c and handed down in struct tb_cli; nothing below reads the environment. */
#ifndef TB_CLI_CLI_H
#define TB_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "core/reader.h"

/* Documented in trueboot(1); never renumbered. */
enum tb_exit {
    TB_EXIT_OK = 0,
    TB_EXIT_NEGATIVE = 1, /* not trusted, or a finding */
    TB_EXIT_USAGE = 2,    /* wrong usage or bad input */
    TB_EXIT_SERVER = 3,   /* the server refused or cannot be reached */
    TB_EXIT_SELF = 4,     /* asked to attest the host it runs on */
};

/* X(id, name, letter or 0, argument or NULL, text). A subcommand names those that it takes. */
/* clang-format off */
#define TB_OPTIONS(X) \
    X(URL,         "url",         'u', "URL",      "address of the server, https://HOST[:PORT]") \
    X(TOKEN_FILE,  "token-file",  't', "FILE",     "file with the API token") \
    X(CA,          "ca",          0,   "CA",       "PEM file of CAs, or the SHA-256 fingerprint of the server's certificate") \
    X(CONFIG,      "config",      0,   "FILE",     "configuration file instead of ~/.config/trueboot/cli.json") \
    X(JSON,        "json",        'j', NULL,       "print JSON") \
    X(COLOUR,      "colour",      0,   "WHEN",     "auto, always or never") \
    X(LABEL,       "label",       'l', "TEXT",     "what it is for, in words") \
    X(GROUP,       "group",       'g', "GROUP",    "group of hosts") \
    X(USES,        "uses",        0,   "N",        "how many hosts may use it") \
    X(EXPIRES,     "expires",     'e', "DURATION", "how long it is good for: 90s, 30m, 1h, 7d, 2w") \
    X(VERDICT,     "verdict",     0,   "VERDICT",  "only hosts of this verdict") \
    X(SEARCH,      "search",      0,   "TEXT",     "only hosts whose name or id holds this text") \
    X(SORT,        "sort",        0,   "KEY",      "name, verdict, since or last_seen") \
    X(OPEN,        "open",        0,   NULL,       "only incidents that are open") \
    X(UNTIL,       "until",       0,   "WHEN",     "end: a duration from now, or a time such as 2030-01-31T12:00:00Z") \
    X(NOTE,        "note",        0,   "TEXT",     "a note, kept with it") \
    X(ROLE,        "role",        'r', "ROLE",     "viewer, operator, admin or auditor") \
    X(MAINTENANCE, "maintenance", 0,   "ON|OFF",   "set or clear the maintenance flag") \
    X(NAME,        "name",        0,   "NAME",     "new name of the host") \
    X(OUTPUT,      "output",      'o', "FILE",     "write to this file") \
    X(POLICY,      "policy",      'p', "FILE",     "judge by this policy") \
    X(DBX,         "dbx",         0,   "FILE",     "list of revocations, such as DBXUpdate.bin") \
    X(SBAT,        "sbat",        0,   "FILE",     "SBAT level, as shim's SbatLevel holds it") \
    X(AK,          "ak",          0,   "HEX",      "Name of the attestation key that must have signed") \
    X(WAIT,        "wait",        'w', NULL,       "wait for the host's new answer") \
    X(TIMEOUT,     "timeout",     0,   "DURATION", "how long to wait; 60s") \
    X(QUOTED,      "quoted",      'q', "FILE",     "PCR values to compare with, as `log pcrs` or tpm2_pcrread print them") \
    X(INTO,        "into",        0,   "DIR",      "directory of the roots, such as roots in the server's state directory") \
    X(SHA256,      "sha256",      0,   "HEX",      "the digest that the file must have") \
    X(ALLOW_INTERMEDIATES, "allow-intermediates", 0, NULL, "also certificates that are not self-issued") \
    X(FROM,        "from",        0,   "PERIOD",   "the boot before: a period of `host history`; the last trusted boot") \
    X(TO,          "to",          0,   "PERIOD",   "the boot after: a period of `host history`; the last evidence") \
    X(EVIDENCE,    "evidence",    0,   "HEX",      "what `host show` named; refused if the host has sent other evidence since") \
    X(ALLOW_SHA1,  "allow-sha1",  0,   NULL,       "these roots may have intermediates that are signed with SHA-1") \
    X(VENDOR,      "vendor",      0,   "TEXT",     "whose certificates these are; the organisation that they name") \
    X(SOURCE,      "source",      0,   "TEXT",     "where they come from; the name of the file") \
    X(SELF,        "self",        0,   NULL,       "the host this runs on: always refused") \
    X(HELP,        "help",        'h', NULL,       "print help")
/* clang-format on */

enum tb_option_id {
#define X(id, name, letter, arg, text) TB_OPT_##id,
    TB_OPTIONS(X)
#undef X
        TB_N_OPTS
};

#define TB_OPT_BIT(id) (UINT64_C(1) << TB_OPT_##id)

struct tb_option_text {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* NULL: a flag */
    const char *text;
};
extern const struct tb_option_text tb_option_texts[TB_N_OPTS];

/* What main() read from options and environment. */
struct tb_cli {
    const char *value[TB_N_OPTS]; /* NULL: not given; "" for a flag that is */
    int n_args;
    char **args; /* positional arguments after the subcommand's words */
    bool colour;
    const char *env_url, *env_token, *env_ca; /* NULL: not set */
    const char *config_path;                  /* the default one; NULL: no home directory */
    FILE *out;
};

struct tb_subcommand {
    const char *name;
    const char *verb;      /* NULL: the subcommand itself */
    const char *arguments; /* "HOST", "" */
    uint64_t options;      /* TB_OPT_BITs */
    int min_args, max_args;
    const char *summary; /* half a sentence */
    const char *help;    /* a paragraph, or "" */
    enum tb_exit (*run)(struct tb_cli *cli);
};

extern const struct tb_subcommand tb_subcommands[];
extern const size_t tb_n_subcommands;

/* One line on standard error, "trueboot: ...", made safe for a terminal. Returns `code`. */
enum tb_exit tb_cli_fail(enum tb_exit code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline bool tb_cli_has(const struct tb_cli *cli, enum tb_option_id id)
{
    return cli->value[id] != NULL;
}

/* The subcommands, one file per word. */
enum tb_exit tb_cmd_api_token_create(struct tb_cli *cli);
enum tb_exit tb_cmd_api_token_list(struct tb_cli *cli);
enum tb_exit tb_cmd_api_token_revoke(struct tb_cli *cli);
enum tb_exit tb_cmd_attest(struct tb_cli *cli);
enum tb_exit tb_cmd_audit(struct tb_cli *cli);
enum tb_exit tb_cmd_ek_allow(struct tb_cli *cli);
enum tb_exit tb_cmd_ek_disallow(struct tb_cli *cli);
enum tb_exit tb_cmd_ek_list(struct tb_cli *cli);
enum tb_exit tb_cmd_enrol_token(struct tb_cli *cli);
enum tb_exit tb_cmd_enrol_token_list(struct tb_cli *cli);
enum tb_exit tb_cmd_enrol_token_revoke(struct tb_cli *cli);
enum tb_exit tb_cmd_export(struct tb_cli *cli);
enum tb_exit tb_cmd_findings(struct tb_cli *cli);
enum tb_exit tb_cmd_help(struct tb_cli *cli);
enum tb_exit tb_cmd_clusters(struct tb_cli *cli);
enum tb_exit tb_cmd_clusters_diff(struct tb_cli *cli);
enum tb_exit tb_cmd_host_accept_firmware(struct tb_cli *cli);
enum tb_exit tb_cmd_host_accept_rollback(struct tb_cli *cli);
enum tb_exit tb_cmd_host_approve(struct tb_cli *cli);
enum tb_exit tb_cmd_host_diff(struct tb_cli *cli);
enum tb_exit tb_cmd_host_history(struct tb_cli *cli);
enum tb_exit tb_cmd_host_list(struct tb_cli *cli);
enum tb_exit tb_cmd_host_packages(struct tb_cli *cli);
enum tb_exit tb_cmd_host_refuse(struct tb_cli *cli);
enum tb_exit tb_cmd_host_remove(struct tb_cli *cli);
enum tb_exit tb_cmd_host_replace_tpm(struct tb_cli *cli);
enum tb_exit tb_cmd_host_set(struct tb_cli *cli);
enum tb_exit tb_cmd_host_show(struct tb_cli *cli);
enum tb_exit tb_cmd_incident_acknowledge(struct tb_cli *cli);
enum tb_exit tb_cmd_incident_list(struct tb_cli *cli);
enum tb_exit tb_cmd_log_diff(struct tb_cli *cli);
enum tb_exit tb_cmd_log_pcrs(struct tb_cli *cli);
enum tb_exit tb_cmd_log_show(struct tb_cli *cli);
enum tb_exit tb_cmd_policy_check(struct tb_cli *cli);
enum tb_exit tb_cmd_policy_revocations(struct tb_cli *cli);
enum tb_exit tb_cmd_policy_set(struct tb_cli *cli);
enum tb_exit tb_cmd_policy_show(struct tb_cli *cli);
enum tb_exit tb_cmd_policy_try(struct tb_cli *cli);
enum tb_exit tb_cmd_report(struct tb_cli *cli);
enum tb_exit tb_cmd_roots_check(struct tb_cli *cli);
enum tb_exit tb_cmd_roots_import(struct tb_cli *cli);
enum tb_exit tb_cmd_roots_list(struct tb_cli *cli);
enum tb_exit tb_cmd_verify(struct tb_cli *cli);
enum tb_exit tb_cmd_version(struct tb_cli *cli);

/* `trueboot server ...`: becomes trueboot-server, with all arguments after the word, which is
 * argv[0]; returns only when that is not possible. */
enum tb_exit tb_cmd_server(char **argv);

/* Why a host never judges itself; TB_EXIT_SELF. */
enum tb_exit tb_cli_refuse_self(void);

#endif
