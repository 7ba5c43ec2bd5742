/* core/reason.h - why: one finding, its text, and the list of all findings of an appraisal.
 *
 * A reason is data (which check, where, what was expected, what was observed); the words about it
 * come from the one table in core/checks.h. */
#ifndef TB_CORE_REASON_H
#define TB_CORE_REASON_H

#include "core/checks.h"
#include "core/reader.h"

enum tb_check {
#define X(id, group, code, severity, title, cause, next) TB_CHECK_##id,
    TB_CHECKS(X)
#undef X
        TB_N_CHECKS
};

/* The groups of DESIGN section 5, in the order in which they are asked. */
enum tb_group {
    TB_GROUP_EVIDENCE,
    TB_GROUP_IDENTITY,
    TB_GROUP_QUOTE,
    TB_GROUP_PCRS,
    TB_GROUP_LOG,
    TB_GROUP_SECURE_BOOT,
    TB_GROUP_LOADER,
    TB_GROUP_PACKAGES,
    TB_GROUP_SETTINGS,
    TB_GROUP_COMPLETION,
    TB_GROUP_FIRMWARE,
    TB_GROUP_RUN_TIME,
    TB_N_GROUPS
};

/* What a failed check does to the verdict. */
enum tb_severity {
    TB_SEVERITY_REQUIRED, /* failed or not looked at: not trusted */
    TB_SEVERITY_ADVISORY, /* failed: changed, needs a look */
    TB_SEVERITY_INFORM,   /* kept and shown, without effect */
    TB_N_SEVERITIES
};

/* Zero is "nobody looked", so that a forgotten check can never read as a pass. Worse is greater. */
enum tb_outcome { TB_NOT_CHECKED = 0, TB_PASS, TB_UNKNOWN, TB_FAIL, TB_N_OUTCOMES };

struct tb_check_text {
    const char *code; /* "quote.signature" */
    enum tb_group group;
    enum tb_severity severity; /* the built-in policy's */
    const char *title;         /* what was found, as half a sentence */
    const char *cause;         /* the likely cause */
    const char *next;          /* the next step */
};

const struct tb_check_text *tb_check_text(enum tb_check check);
/* The title for an outcome: where it is unknown, that it could not be told. */
const char *tb_check_title(enum tb_check check, enum tb_outcome outcome);
TB_MUST_CHECK bool tb_check_of_code(const char *code, enum tb_check *out);
const char *tb_group_name(enum tb_group group);       /* "evidence", "secure-boot", ... */
const char *tb_outcome_name(enum tb_outcome outcome); /* "not-checked", "pass", "unknown", "fail" */
const char *tb_severity_name(enum tb_severity severity); /* "required", "advisory", "inform" */
TB_MUST_CHECK bool tb_severity_of_name(const char *name, enum tb_severity *out);

struct tb_reason {
    enum tb_check check;
    char where[64];     /* "TPMS_ATTEST.magic", "PCR 7 sha256", "event 41" */
    char expected[132]; /* text or lower-case hex; 132 holds a SHA-512 digest */
    char observed[132]; /* the same form, so that the two can be compared */
};

/* Fill *why and return false, so that a parser can say `return tb_refuse(...)`. The observed part
 * is a format with its arguments. Too long texts are cut; bytes that are not printable ASCII are
 * shown as '?', so that nothing a host sent can act in a terminal or a page. */
bool tb_refuse(struct tb_reason *why, enum tb_check check, const char *where, const char *expected,
               const char *observed_format, ...) __attribute__((format(printf, 5, 6)));

/* Lower-case hex of the bytes into out, cut to fit; out_len includes the NUL. */
void tb_hex(struct tb_reader in, char *out, size_t out_len);
/* The digit's value, -1 for any other byte. Only lower case, where one text is one value. */
int tb_hex_digit(char c);
int tb_hex_digit_any_case(char c);
/* The other way: exactly out_len bytes of lower-case hex. *out is as it was if it is not. */
TB_MUST_CHECK bool tb_unhex(const char *text, uint8_t *out, size_t out_len);

struct tb_finding {
    enum tb_outcome outcome; /* TB_FAIL or TB_UNKNOWN; passes are only in tb_findings.outcome */
    struct tb_reason reason;
};

#define TB_FINDINGS_MAX 64 /* findings kept; more are counted in n_lost and change no outcome */

/* All findings of an appraisal: the worst outcome of each check, and the reasons behind those that
 * did not pass, in the order found. Zeroed memory is a valid, empty list. */
struct tb_findings {
    enum tb_outcome outcome[TB_N_CHECKS];
    size_t n;
    size_t n_lost;
    struct tb_finding list[TB_FINDINGS_MAX];
};

void tb_findings_pass(struct tb_findings *f, enum tb_check check); /* a worse outcome stays */
void tb_findings_add(struct tb_findings *f, enum tb_outcome outcome, const struct tb_reason *why);
/* tb_findings_add with the reason made in place; outcome is TB_FAIL. Returns false. */
bool tb_findings_fail(struct tb_findings *f, enum tb_check check, const char *where,
                      const char *expected, const char *observed_format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same with the outcome TB_UNKNOWN. */
bool tb_findings_unknown(struct tb_findings *f, enum tb_check check, const char *where,
                         const char *expected, const char *observed_format, ...)
    __attribute__((format(printf, 5, 6)));
/* What counts of src to dst; the unused end of the list, most of it, is not copied. */
void tb_findings_copy(struct tb_findings *dst, const struct tb_findings *src);
/* Append all of src to dst, outcomes and reasons. */
void tb_findings_merge(struct tb_findings *dst, const struct tb_findings *src);

#endif
