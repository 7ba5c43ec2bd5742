/* tools/sbv/judge.h - is everything that is on this host's boot partition as it was signed?
 *
 * The judgement of the Secure Boot Verifier over directories: the mounted EFI system partition and,
 * where there is one, the state partition. Reads files, measures and prints nothing: records and
 * faults go to who asked, in the order in which they are measured into PCR 11. So the same function
 * predicts what a host will measure (trueboot-pkg predict).
 *
 * Records: for each file of the set, in byte order of the names, CHECKED, or UNCLAIMED if it is no
 * package; then UNCLAIMED for each other file that no package claims; then one VERDICT.
 *
 * Packages of the other set are not looked at: trueboot-pkg writes them, and half of one is left
 * after a power cut; they are judged when they are started. Only a package of the loader among them
 * that is whole and vouched for also claims \EFI\BOOT\BOOTX64.EFI, because an update replaces the
 * loader before it switches, and a fallback comes after it. */
#ifndef TB_TOOLS_SBV_JUDGE_H
#define TB_TOOLS_SBV_JUDGE_H

#include "pkg/record.h"
#include "pkg/verify.h"

#define TB_JUDGE_UNCLAIMED_MAX 128 /* told one by one; further ones are counted as faults */

struct tb_judge_question {
    const char *esp;   /* directory where the EFI system partition is mounted */
    char set;          /* 'a' or 'b': the set that runs */
    const char *state; /* directory where the state partition is mounted; NULL: not looked at */
    const struct tb_vendors *vendors;
    enum tb_level least; /* the signed command line (trueboot.level=LEVEL) may ask for more */
    const char *run;     /* a directory where what passed is written, and left only when all did;
                          * NULL: not written. RUN/software, which is not there yet, has payloads
                          * of the kind file as PACKAGE/FILE, written while they are hashed;
                          * RUN/services names those to start, lines PACKAGE/FILE; RUN/loaders has
                          * manifest and signature of the other set's loader, for the agent, if
                          * that started this set */
};

/* What was found about one package of the set. */
struct tb_judged {
    const char *file;                     /* its name in the set's directory */
    const struct tb_manifest *manifest;   /* NULL: not a package */
    const struct tb_package_trust *trust; /* NULL: nobody vouches for it */
    int64_t signed_s;                     /* by that signer's word */
    const struct tb_reason *fault;        /* its first fault; NULL: it passed */
};

/* Who asked. NULL members are not called. What is handed over is borrowed. */
struct tb_judge_to {
    void *ctx;
    void (*package)(void *ctx, const struct tb_judged *p);
    /* path: of the partition, "/trueboot/a/x_1.tbp", or "state:/data/x"; what
     * to do about it stands in tb_check_text() */
    void (*fault)(void *ctx, const char *path, const struct tb_reason *why);
    /* False ends the judgement. */
    bool (*record)(void *ctx, const struct tb_record *r);
};

enum tb_judgement {
    TB_JUDGE_PASS,
    TB_JUDGE_FAIL,   /* faults were told */
    TB_JUDGE_UNABLE, /* *why: memory, a directory that cannot be read, record() said no */
};

TB_MUST_CHECK enum tb_judgement tb_judge(const struct tb_judge_question *q,
                                         const struct tb_judge_to *to, struct tb_reason *why);

#endif
