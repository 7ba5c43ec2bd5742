/* cli/log.c - trueboot log: a TCG event log in words, and the PCR values that follow from it. */
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/file.h"
#include "cli/log.h"
#include "cli/table.h"
#include "cli/text.h"
#include "wire/log_json.h"

bool tb_log_file_read(const char *path, char **out, size_t *out_len)
{
    return tb_cli_file_read(path, "an event log", TB_LOG_SIZE_MAX, out, out_len);
}

enum tb_exit tb_log_refuse(const char *path, const struct tb_reason *why)
{
    return tb_cli_fail(TB_EXIT_USAGE, "%s: %s: %s: expected %s, found %s", path,
                       tb_check_text(why->check)->title, why->where, why->expected, why->observed);
}

/* PCRs of a bank that the log's digests give whole. */
static uint32_t whole_pcrs(const struct tb_replay *r, enum tb_bank bank)
{
    return (r->banks >> bank & 1) != 0 ? r->pcrs.mask[bank] & ~r->incomplete[bank] : 0;
}

static void warn_of_incomplete(const char *path, const struct tb_replay *r)
{
    for (int b = 0; b < TB_N_BANKS; b++)
        for (unsigned i = 0; i < TB_N_PCRS; i++)
            if ((r->banks >> b & 1) != 0 && (r->incomplete[b] >> i & 1) != 0)
                tb_cli_fail(TB_EXIT_OK,
                            "%s: PCR %u %s cannot be replayed: an event lacks this "
                            "bank's digest",
                            path, i, tb_bank_name((enum tb_bank)b));
}

static void print_pcrs(FILE *out, const struct tb_replay *r)
{
    char hex[2 * TB_DIGEST_MAX + 1];

    for (int b = 0; b < TB_N_BANKS; b++)
        for (unsigned i = 0; i < TB_N_PCRS; i++) {
            enum tb_bank bank = (enum tb_bank)b;

            if ((whole_pcrs(r, bank) >> i & 1) == 0)
                continue;
            tb_hex(tb_slice(r->pcrs.value[b][i], tb_bank_digest_len(bank)), hex, sizeof hex);
            fprintf(out, "%s %u %s\n", tb_bank_name(bank), i, hex);
        }
}

static json_t *pcrs_json(const struct tb_replay *r)
{
    json_t *banks = tb_replay_json(r);

    return banks != NULL ? json_pack("{so}", "banks", banks) : NULL;
}

enum tb_exit tb_cmd_log_pcrs(struct tb_cli *cli)
{
    const char *path = cli->args[0];
    struct tb_replay *r = calloc(1, sizeof *r);
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;
    char *bytes = NULL;
    size_t len;
    enum tb_exit code = TB_EXIT_USAGE;

    if (r == NULL || h == NULL) {
        tb_cli_fail(code, "out of memory");
    } else if (tb_log_file_read(path, &bytes, &len)) {
        if (cli->value[TB_OPT_QUOTED] != NULL) {
            code = tb_log_compare_cmd(cli, tb_slice(bytes, len), h);
        } else if (tb_log_replay(tb_slice(bytes, len), (1u << TB_N_BANKS) - 1, h, r, &why)) {
            json_t *answer = tb_cli_has(cli, TB_OPT_JSON) ? pcrs_json(r) : NULL;

            code = TB_EXIT_OK;
            warn_of_incomplete(path, r);
            if (!tb_cli_has(cli, TB_OPT_JSON))
                print_pcrs(cli->out, r);
            else if (answer == NULL || !tb_json_print(cli->out, answer, false))
                code = tb_cli_fail(TB_EXIT_USAGE, "the PCRs cannot be printed");
            json_decref(answer);
        } else {
            code = tb_log_refuse(path, &why);
        }
    }
    free(bytes);
    tb_hasher_free(h);
    free(r);
    return code;
}
