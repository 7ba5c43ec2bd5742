#include "core/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct tb_check_text texts[TB_N_CHECKS] = {
#define X(id, group, code, severity, title, cause, next)                                           \
    [TB_CHECK_##id] = { code, TB_GROUP_##group, TB_SEVERITY_##severity, title, cause, next },
    TB_CHECKS(X)
#undef X
};

/* The same where it could not be told. */
static const char *const untold[TB_N_CHECKS] = {
#define X(id, group, code, severity, title, cause, next)                                           \
    [TB_CHECK_##id] = "could not be told whether " title,
    TB_CHECKS(X)
#undef X
};

static const char *const untold_otherwise[TB_N_CHECKS] = {
#define Y(id, title) [TB_CHECK_##id] = title,
    TB_CHECKS_UNTOLD(Y)
#undef Y
};

static const char *const group_names[TB_N_GROUPS] = {
    [TB_GROUP_EVIDENCE] = "evidence", [TB_GROUP_IDENTITY] = "identity",
    [TB_GROUP_QUOTE] = "quote",       [TB_GROUP_PCRS] = "pcrs",
    [TB_GROUP_LOG] = "event-log",     [TB_GROUP_SECURE_BOOT] = "secure-boot",
    [TB_GROUP_LOADER] = "loader",     [TB_GROUP_PACKAGES] = "packages",
    [TB_GROUP_SETTINGS] = "settings", [TB_GROUP_COMPLETION] = "boot-completion",
    [TB_GROUP_FIRMWARE] = "firmware", [TB_GROUP_RUN_TIME] = "run-time",
};

static const char *const outcome_names[TB_N_OUTCOMES] = {
    [TB_NOT_CHECKED] = "not-checked",
    [TB_PASS] = "pass",
    [TB_UNKNOWN] = "unknown",
    [TB_FAIL] = "fail",
};

static const char *const severity_names[TB_N_SEVERITIES] = {
    [TB_SEVERITY_REQUIRED] = "required",
    [TB_SEVERITY_ADVISORY] = "advisory",
    [TB_SEVERITY_INFORM] = "inform",
};

const struct tb_check_text *tb_check_text(enum tb_check check)
{
    return &texts[check];
}

const char *tb_check_title(enum tb_check check, enum tb_outcome outcome)
{
    if (outcome != TB_UNKNOWN)
        return texts[check].title;
    return untold_otherwise[check] != NULL ? untold_otherwise[check] : untold[check];
}

bool tb_check_of_code(const char *code, enum tb_check *out)
{
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        if (strcmp(texts[c].code, code) == 0) {
            *out = (enum tb_check)c;
            return true;
        }
    return false;
}

const char *tb_group_name(enum tb_group group)
{
    return group_names[group];
}

const char *tb_outcome_name(enum tb_outcome outcome)
{
    return outcome_names[outcome];
}

const char *tb_severity_name(enum tb_severity severity)
{
    return severity_names[severity];
}

bool tb_severity_of_name(const char *name, enum tb_severity *out)
{
    for (unsigned s = 0; s < TB_N_SEVERITIES; s++)
        if (strcmp(severity_names[s], name) == 0) {
            *out = (enum tb_severity)s;
            return true;
        }
    return false;
}

void tb_hex(struct tb_reader in, char *out, size_t out_len)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; n < in.left && 2 * n + 2 < out_len; n++) {
        out[2 * n] = digits[in.p[n] >> 4];
        out[2 * n + 1] = digits[in.p[n] & 15];
    }
    out[2 * n] = '\0';
}

int tb_hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int tb_hex_digit_any_case(char c)
{
    return tb_hex_digit(c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c);
}

bool tb_unhex(const char *text, uint8_t *out, size_t out_len)
{
    if (strlen(text) != 2 * out_len)
        return false;
    for (size_t i = 0; i < 2 * out_len; i++)
        if (tb_hex_digit(text[i]) < 0)
            return false;
    for (size_t i = 0; i < out_len; i++)
        out[i] = (uint8_t)(tb_hex_digit(text[2 * i]) << 4 | tb_hex_digit(text[2 * i + 1]));
    return true;
}

static void make_printable(char *s)
{
    for (; *s != '\0'; s++)
        if (*s < ' ' || *s > '~')
            *s = '?';
}

__attribute__((format(printf, 5, 0))) static void reason_set(struct tb_reason *why,
                                                             enum tb_check check, const char *where,
                                                             const char *expected,
                                                             const char *format, va_list args)
{
    *why = (struct tb_reason){ .check = check };
    snprintf(why->where, sizeof why->where, "%s", where);
    snprintf(why->expected, sizeof why->expected, "%s", expected);
    vsnprintf(why->observed, sizeof why->observed, format, args);
    make_printable(why->where);
    make_printable(why->expected);
    make_printable(why->observed);
}

bool tb_refuse(struct tb_reason *why, enum tb_check check, const char *where, const char *expected,
               const char *observed_format, ...)
{
    va_list args;

    va_start(args, observed_format);
    reason_set(why, check, where, expected, observed_format, args);
    va_end(args);
    return false;
}

static void raise_outcome(struct tb_findings *f, enum tb_check check, enum tb_outcome outcome)
{
    if (outcome > f->outcome[check])
        f->outcome[check] = outcome;
}

void tb_findings_pass(struct tb_findings *f, enum tb_check check)
{
    raise_outcome(f, check, TB_PASS);
}

void tb_findings_add(struct tb_findings *f, enum tb_outcome outcome, const struct tb_reason *why)
{
    raise_outcome(f, why->check, outcome);
    if (f->n == TB_FINDINGS_MAX) {
        f->n_lost++;
        return;
    }
    f->list[f->n++] = (struct tb_finding){ outcome, *why };
}

bool tb_findings_fail(struct tb_findings *f, enum tb_check check, const char *where,
                      const char *expected, const char *observed_format, ...)
{
    struct tb_reason why;
    va_list args;

    va_start(args, observed_format);
    reason_set(&why, check, where, expected, observed_format, args);
    va_end(args);
    tb_findings_add(f, TB_FAIL, &why);
    return false;
}

bool tb_findings_unknown(struct tb_findings *f, enum tb_check check, const char *where,
                         const char *expected, const char *observed_format, ...)
{
    struct tb_reason why;
    va_list args;

    va_start(args, observed_format);
    reason_set(&why, check, where, expected, observed_format, args);
    va_end(args);
    tb_findings_add(f, TB_UNKNOWN, &why);
    return false;
}

void tb_findings_copy(struct tb_findings *dst, const struct tb_findings *src)
{
    memcpy(dst->outcome, src->outcome, sizeof dst->outcome);
    memcpy(dst->list, src->list, src->n * sizeof src->list[0]);
    dst->n = src->n;
    dst->n_lost = src->n_lost;
}

void tb_findings_merge(struct tb_findings *dst, const struct tb_findings *src)
{
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        raise_outcome(dst, (enum tb_check)c, src->outcome[c]);
    for (size_t i = 0; i < src->n; i++)
        tb_findings_add(dst, src->list[i].outcome, &src->list[i].reason);
    dst->n_lost += src->n_lost;
}
