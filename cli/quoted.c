/* cli/quoted.c - PCR values from a file: as this program prints them, as tpm2_pcrread does, or
 * JSON. Each value once; nothing that is not understood is passed over. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/file.h"

#define QUOTED_FILE_MAX (64 * 1024) /* bytes; all 24 PCRs of four banks have some 9,000 */

struct reading {
    const char *path;
    size_t line; /* 0: JSON has none */
    struct tb_pcrs *out;
};

static bool refuse(const struct reading *r, const char *expected, const char *found)
{
    if (r->line != 0)
        tb_cli_fail(TB_EXIT_USAGE, "%s:%zu: expected %s, found \"%.80s\"", r->path, r->line,
                    expected, found);
    else
        tb_cli_fail(TB_EXIT_USAGE, "%s: expected %s, found \"%.80s\"", r->path, expected, found);
    return false;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A value in hex, with or without 0x in front, as long as the bank's digest. */
static bool read_value(const struct reading *r, enum tb_bank bank, uint32_t pcr, const char *hex)
{
    const size_t len = tb_bank_digest_len(bank);
    uint8_t *value = r->out->value[bank][pcr];

    if (strncmp(hex, "0x", 2) == 0 || strncmp(hex, "0X", 2) == 0)
        hex += 2;
    if (strlen(hex) != 2 * len)
        return refuse(r, "a value of the bank's length in hex", hex);
    for (size_t i = 0; i < len; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return refuse(r, "a value in hex", hex);
        value[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool add(const struct reading *r, enum tb_bank bank, const char *pcr_text, const char *hex)
{
    char *end;
    unsigned long pcr = strtoul(pcr_text, &end, 10);

    if (!isdigit((unsigned char)pcr_text[0]) || *end != '\0' || pcr >= TB_N_PCRS)
        return refuse(r, "a PCR from 0 to 23", pcr_text);
    if ((r->out->mask[bank] >> pcr & 1) != 0) /* L-07: two values, and nobody knows which */
        return refuse(r, "each PCR of a bank once", pcr_text);
    r->out->mask[bank] |= UINT32_C(1) << pcr;
    return read_value(r, bank, (uint32_t)pcr, hex);
}

static bool read_json(struct reading *r, const char *text, size_t len)
{
    json_t *all = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *banks = all;
    const char *name, *pcr;
    json_t *values, *value;
    bool ok = json_is_object(all);

    if (!ok)
        refuse(r, "PCR values in JSON", "something else");
    if (json_is_object(json_object_get(all, "banks")))
        banks = json_object_get(all, "banks");
    json_object_foreach(banks, name, values)
    {
        enum tb_bank bank;

        if (!ok)
            break;
        ok = (tb_bank_of_name(name, &bank) && json_is_object(values)) ||
             refuse(r, "{\"sha256\": {\"0\": VALUE, ...}, ...}", name);
        json_object_foreach(ok ? values : NULL, pcr, value)
        {
            ok = ok && (json_is_string(value) || refuse(r, "a value in hex", pcr)) &&
                 add(r, bank, pcr, json_string_value(value));
        }
    }
    json_decref(all);
    return ok;
}

/* The words of a line, cut off from each other. Returns how many, at most max. */
static size_t split(char *line, char *word[], size_t max)
{
    size_t n = 0;
    char *rest = line, *next;

    while (n < max && (next = strsep(&rest, " \t\r")) != NULL)
        if (*next != '\0')
            word[n++] = next;
    return n;
}

/* "sha256:" begins a bank in what tpm2_pcrread prints, and "0 : 0x..." or "10: 0x..." belong to it;
 * "sha256 0 VALUE" stands for itself, and what follows is a remark. */
static bool read_line(struct reading *r, char *line, int *bank)
{
    char *word[4];
    size_t n, len;
    enum tb_bank named;

    if ((n = split(line, word, 4)) == 0 || word[0][0] == '#')
        return true;
    len = strlen(word[0]);
    if (n >= 3 && tb_bank_of_name(word[0], &named))
        return add(r, named, word[1], word[2]);
    if (n >= 3 && strcmp(word[1], ":") == 0 && *bank >= 0)
        return add(r, (enum tb_bank) * bank, word[0], word[2]);
    if (word[0][len - 1] == ':')
        word[0][len - 1] = '\0';
    else
        return refuse(r, "BANK PCR VALUE, or what tpm2_pcrread prints", word[0]);
    if (n == 2 && *bank >= 0)
        return add(r, (enum tb_bank) * bank, word[0], word[1]);
    if (n != 1 || !tb_bank_of_name(word[0], &named))
        return refuse(r, "sha1, sha256, sha384 or sha512", word[0]);
    *bank = (int)named;
    return true;
}

static bool read_lines(struct reading *r, char *text)
{
    char *rest = text, *line;
    int bank = -1;

    while ((line = strsep(&rest, "\n")) != NULL) {
        r->line++;
        if (!read_line(r, line, &bank))
            return false;
    }
    return true;
}

bool tb_quoted_read(const char *path, struct tb_pcrs *out)
{
    struct reading r = { .path = path, .out = out };
    uint32_t any = 0;
    char *text;
    size_t len;
    bool ok;

    memset(out, 0, sizeof *out);
    if (!tb_cli_file_read(path, "PCR values", QUOTED_FILE_MAX, &text, &len))
        return false;
    if (strlen(text) != len)
        ok = refuse(&r, "text", "a NUL");
    else
        ok = text[strspn(text, " \t\r\n")] == '{' ? read_json(&r, text, len) : read_lines(&r, text);
    free(text);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        any |= out->mask[b];
    return ok && (any != 0 || refuse(&r, "PCR values", "none"));
}
