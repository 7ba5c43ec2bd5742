/* cli/policy_revocations.c - trueboot policy revocations: published lists put into a policy. */
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/table.h"
#include "cli/policy_file.h"
#include "cli/text.h"
#include "core/dbx.h"

/* The file's entries into the policy. False: said on standard error. */
static bool add_entries(const char *path, struct tb_reader lists, struct tb_hasher *h,
                        struct tb_policy *policy)
{
    struct tb_signature_lists it = tb_signature_lists_begin(lists);
    const size_t before = policy->n_revoked;
    size_t n = 0, n_other = 0;
    struct tb_signature_entry e;
    uint8_t digest[32];

    while (tb_signature_lists_next(&it, &e) == TB_LIST_ENTRY) {
        n++;
        if (!tb_dbx_digest(&e, h, digest)) {
            n_other++;
        } else if (!tb_policy_revoke(policy, digest)) {
            tb_cli_fail(TB_EXIT_USAGE, "%s: a policy holds at most %d revocations", path,
                        TB_POLICY_REVOKED_MAX);
            return false;
        }
    }
    fputs("trueboot: ", stderr);
    tb_text_put(stderr, path);
    fprintf(stderr, ": %zu entries, %zu of them new", n, policy->n_revoked - before);
    if (n_other != 0)
        fprintf(stderr, "; %zu of a kind that cannot be used were left out", n_other);
    fputc('\n', stderr);
    return true;
}

/* A reader's refusal, with the file. Returns false. */
static bool refused(const char *path, const struct tb_reason *why)
{
    tb_cli_fail(TB_EXIT_USAGE, "%s: %s: expected %s, found %s", path, why->where, why->expected,
                why->observed);
    return false;
}

static bool add_dbx(const char *path, struct tb_policy *policy)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reader lists;
    struct tb_reason why;
    char *bytes = NULL;
    size_t len;
    bool ok =
        h != NULL && tb_cli_file_read(path, "a revocation list", TB_DBX_FILE_MAX, &bytes, &len);

    if (ok)
        ok = tb_dbx_open(tb_slice(bytes, len), &lists, &why) ? add_entries(path, lists, h, policy)
                                                             : refused(path, &why);
    free(bytes);
    tb_hasher_free(h);
    return ok;
}

/* A component keeps the higher of its generations. */
static bool raise_to(const char *path, const struct tb_sbat *level, struct tb_sbat *out)
{
    for (size_t i = 0; i < level->n; i++) {
        const struct tb_sbat_entry *need = &level->entry[i];
        size_t k = 0;

        while (k < out->n && strcmp(out->entry[k].component, need->component) != 0)
            k++;
        if (k == TB_SBAT_ENTRIES_MAX) {
            tb_cli_fail(TB_EXIT_USAGE, "%s: a policy holds at most %d components", path,
                        TB_SBAT_ENTRIES_MAX);
            return false;
        }
        if (k == out->n)
            out->entry[out->n++] = *need;
        else if (tb_sbat_reaches(need, &out->entry[k]))
            out->entry[k] = *need;
    }
    return true;
}

static bool add_sbat(const char *path, struct tb_policy *policy)
{
    struct tb_sbat level;
    struct tb_reason why;
    char *bytes = NULL;
    size_t len;
    bool ok = tb_cli_file_read(path, "an SBAT level", TB_SBAT_TEXT_MAX, &bytes, &len);

    if (ok)
        ok = tb_sbat_parse(tb_slice(bytes, len), &level, &why)
                 ? raise_to(path, &level, &policy->sbat)
                 : refused(path, &why);
    free(bytes);
    return ok;
}

static bool print(struct tb_cli *cli, const struct tb_policy *policy)
{
    char *text = tb_policy_print(policy);
    json_t *json = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool ok = json != NULL && tb_json_print(cli->out, json, false);

    if (!ok)
        tb_cli_fail(TB_EXIT_USAGE, "the policy cannot be printed");
    json_decref(json);
    free(text);
    return ok;
}

enum tb_exit tb_cmd_policy_revocations(struct tb_cli *cli)
{
    const char *dbx = cli->value[TB_OPT_DBX], *sbat = cli->value[TB_OPT_SBAT];
    struct tb_policy *policy = malloc(sizeof *policy);
    bool ok = false;

    if (policy == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (dbx == NULL && sbat == NULL)
        tb_cli_fail(TB_EXIT_USAGE, "expected --dbx, --sbat or both");
    else
        ok = tb_policy_file_read(cli->args[0], policy, NULL) &&
             (dbx == NULL || add_dbx(dbx, policy)) && (sbat == NULL || add_sbat(sbat, policy)) &&
             print(cli, policy);
    free(policy);
    return ok ? TB_EXIT_OK : TB_EXIT_USAGE;
}
