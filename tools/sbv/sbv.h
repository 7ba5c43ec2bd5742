/* tools/sbv/sbv.h - what the parts of trueboot-sbv share. */
#ifndef TB_TOOLS_SBV_SBV_H
#define TB_TOOLS_SBV_SBV_H

#include "tools/sbv/events.h"
#include "tools/sbv/judge.h"

/* Where init has it on a Trueboot host. */
#define TB_SBV_ESP "/esp"
#define TB_SBV_STATE "/run/trueboot/state"
#define TB_SBV_VENDORS "/etc/trueboot/vendors.pem"
#define TB_SBV_EVENTS "/run/trueboot/events.cel"
#define TB_SBV_SOFTWARE "/run/trueboot/software"

struct sbv {
    struct tb_judge_question question; /* set: 0: of the kernel's command line */
    const char *vendors, *events;
    const char *tcti; /* NULL: as tpm/tpm.h chooses */
    bool with_tpm;
    int64_t now_s; /* the clock; only told of, never a reason to refuse */
};

/* A line on standard error. Returns code. */
int sbv_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Judges, prints and measures. For the shell. */
int sbv_judge(struct sbv *s);

#endif
