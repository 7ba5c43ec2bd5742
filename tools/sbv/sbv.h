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
#define TB_SBV_RUN "/run/trueboot"

struct sbv {
    struct tb_judge_question question; /* set: 0: of the kernel's command line */
    const char *vendors, *events;
    const char *tcti; /* NULL: as tpm/tpm.h chooses */
    bool with_tpm;
    /* --status, --check */
    const char *root;     /* prefix of /sys, /proc, /boot, /lib; "" */
    const char *db, *dbx; /* files; NULL: the firmware's variables */
    bool esp_given;
    int64_t now_s; /* the clock; only told of, never a reason to refuse */
};

/* A line on standard error. Returns code. */
int sbv_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* PEM. NULL: told. The caller frees. */
struct tb_vendors *sbv_vendors(const char *path);

/* Each for the shell. */
int sbv_judge(struct sbv *s); /* judges, prints and measures */
int sbv_status(const struct sbv *s);
int sbv_check(const struct sbv *s);

#endif
