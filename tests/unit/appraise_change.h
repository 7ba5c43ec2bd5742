/* tests/unit/appraise_change.h - one thing changed in a good attestation, and what follows from it.
 */
#ifndef TB_TESTS_APPRAISE_CHANGE_H
#define TB_TESTS_APPRAISE_CHANGE_H

#include "tests/unit/evidence_builder.h"

#include <stdlib.h>
#include <string.h>

#define SHA256_ONLY LOG_BANK(TB_BANK_SHA256)

/* The findings, for a test that is about to fail. */
void show(const struct evidence *e);
/* The verdict, and the headline behind it; -1: none. */
void expect(const struct evidence *e, enum tb_verdict verdict, int headline);

/* The value of the SecureBoot variable, and its digest with it; before evidence_prepare(). */
void set_secure_boot(struct evidence *e, uint8_t value);

/* Each function may be NULL. */
struct change {
    const char *what;
    int check; /* the headline; -1 none */
    enum tb_verdict verdict;
    void (*boot)(struct evidence *e);  /* before PCR values and quote are made */
    void (*quote)(struct evidence *e); /* before the AK signs */
    void (*input)(struct evidence *e); /* before the Verifier looks */
};

void run_change(const struct change *c);
void run_changes(const struct change *list, size_t n);
#define RUN(list) run_changes(list, sizeof list / sizeof list[0])

#endif
