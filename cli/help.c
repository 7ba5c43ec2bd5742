/* cli/help.c - trueboot help, version. */
#include "cli/help.h"

#include <string.h>

#define TEXT_WIDTH 78

static int put_words(FILE *out, const struct tb_subcommand *s)
{
    return fprintf(out, "%s%s%s%s%s", s->name, s->verb != NULL ? " " : "",
                   s->verb != NULL ? s->verb : "", s->arguments[0] != '\0' ? " " : "",
                   s->arguments);
}

static void put_summary(FILE *out, const struct tb_subcommand *s)
{
    int n;

    fputs("  ", out);
    n = put_words(out, s);
    fprintf(out, "%*s%s\n", n < 30 ? 30 - n : 1, "", s->summary);
}

enum tb_exit tb_help_all(FILE *out)
{
    fputs("usage: trueboot COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
    for (size_t i = 0; i < tb_n_subcommands; i++)
        put_summary(out, &tb_subcommands[i]);
    fputs("\ntrueboot help COMMAND tells more; trueboot(1) tells all.\n", out);
    return TB_EXIT_OK;
}

enum tb_exit tb_help_group(FILE *out, const char *name)
{
    fprintf(out, "usage: trueboot %s COMMAND [OPTION...] [ARGUMENT...]\n\n", name);
    for (size_t i = 0; i < tb_n_subcommands; i++)
        if (strcmp(tb_subcommands[i].name, name) == 0)
            put_summary(out, &tb_subcommands[i]);
    return TB_EXIT_OK;
}

void tb_help_verbs(const char *name, const char *found)
{
    char verbs[512] = "";

    for (size_t i = 0; i < tb_n_subcommands; i++) {
        const struct tb_subcommand *s = &tb_subcommands[i];
        size_t len = strlen(verbs);

        if (strcmp(s->name, name) == 0 && s->verb != NULL)
            snprintf(verbs + len, sizeof verbs - len, "%s%s", len > 0 ? ", " : "", s->verb);
    }
    tb_cli_fail(TB_EXIT_USAGE, "%s: expected one of %s; found %s", name, verbs,
                found != NULL ? found : "nothing");
}

/* Words of a paragraph, in lines of at most TEXT_WIDTH. */
static void put_paragraph(FILE *out, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (column > 0 && column + 1 + len > TEXT_WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%s%.*s", column > 0 ? " " : "", (int)len, text);
        text += len + (text[len] == ' ' ? 1 : 0);
    }
    fputc('\n', out);
}

enum tb_exit tb_help_print(FILE *out, const struct tb_subcommand *s)
{
    uint64_t options = s->options | TB_OPT_BIT(HELP);

    fputs("usage: trueboot ", out);
    put_words(out, s);
    fprintf(out, " [OPTION...]\n\n%s.\n", s->summary);
    if (s->help[0] != '\0') {
        fputc('\n', out);
        put_paragraph(out, s->help);
    }
    fputc('\n', out);
    for (int id = 0; id < TB_N_OPTS; id++) {
        const struct tb_option_text *o = &tb_option_texts[id];
        char letter[8] = "    ";
        int n;

        if ((options >> id & 1) == 0)
            continue;
        if (o->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        n = fprintf(out, "  %s--%s%s%s", letter, o->name, o->arg != NULL ? " " : "",
                    o->arg != NULL ? o->arg : "");
        fprintf(out, "%*s%s\n", n < 28 ? 28 - n : 1, "", o->text);
    }
    return TB_EXIT_OK;
}

enum tb_exit tb_cmd_help(struct tb_cli *cli)
{
    const char *name = cli->n_args > 0 ? cli->args[0] : NULL;
    const char *verb = cli->n_args > 1 ? cli->args[1] : NULL;
    const struct tb_subcommand *bare = NULL;
    size_t n = 0;

    if (name == NULL)
        return tb_help_all(cli->out);
    for (size_t i = 0; i < tb_n_subcommands; i++) {
        const struct tb_subcommand *s = &tb_subcommands[i];

        if (strcmp(s->name, name) != 0)
            continue;
        n++;
        if (s->verb == NULL)
            bare = s;
        if (verb != NULL && s->verb != NULL && strcmp(s->verb, verb) == 0)
            return tb_help_print(cli->out, s);
    }
    if (n == 0 || verb != NULL)
        return tb_cli_fail(TB_EXIT_USAGE,
                           "unknown command \"%s%s%s\"; trueboot help prints the "
                           "list",
                           name, verb != NULL ? " " : "", verb != NULL ? verb : "");
    return n == 1 && bare != NULL ? tb_help_print(cli->out, bare) : tb_help_group(cli->out, name);
}

enum tb_exit tb_cmd_version(struct tb_cli *cli)
{
    fprintf(cli->out, "trueboot %s\n", TB_VERSION);
    return TB_EXIT_OK;
}
