/* tests/integration/make_bundle.c - write a bundle of a good boot, for tests of `trueboot verify`.
 *
 * usage: make_bundle FILE [failed | edited]   with `failed` the bundle says so although the boot is
 * good; with `edited` the log is not the one that the TPM saw
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/evidence_builder.h"
#include "wire/bundle.h"
#include "wire/result_json.h"

/* SecureBoot's digest in the log is another than the one that was measured. */
static void run_edited(struct evidence *e)
{
    uint8_t digest[TB_DIGEST_MAX];

    evidence_prepare(e);
    log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot")
        ->digest[TB_BANK_SHA256][0] ^= 1;
    log_finish(e->log);
    e->content.log = e->message.log = log_slice(e->log); /* the PCRs stay */
    assert_true(tb_hash(e->h, TB_BANK_SHA256, e->message.log, digest));
    memcpy(e->message.log_digest, digest, 32);
    evidence_bind(e);
    evidence_sign(e);
    evidence_appraise(e);
}

int main(int argc, char **argv)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    uint8_t *buf = malloc(TB_BUNDLE_MAX);
    struct tb_bundle *b = calloc(1, sizeof *b);
    char *policy, *result;
    size_t len = 0;
    FILE *file = argc > 1 ? fopen(argv[1], "wb") : NULL;
    bool ok;

    if (argc > 2 && strcmp(argv[2], "edited") == 0)
        run_edited(e);
    else
        evidence_run(e);
    policy = tb_policy_print(&e->policy);
    result = tb_result_print(&e->result, &e->policy);
    *b = (struct tb_bundle){
        .host_id = "host-1",
        .host_name = "web-1.example.org",
        .enrolled = true,
        .ak_public = e->in.ak_public,
        .time_ms = 1700000000000,
        .n_wanted = e->n_wanted,
        .quote = e->in.quote,
        .signature = e->in.signature,
        .content = e->in.content_bytes,
        .last = e->in.last,
        .firmware = e->in.firmware,
        .policy = tb_slice(policy, strlen(policy)),
        .verdict = argc > 2 ? TB_VERDICT_FAILED : e->result.verdict,
        .result = tb_slice(result, strlen(result)),
    };
    memcpy(b->nonce, e->nonce, sizeof b->nonce);
    memcpy(b->exporter, e->exporter, sizeof b->exporter);
    memcpy(b->wanted, e->wanted, sizeof b->wanted);
    ok = file != NULL && tb_bundle_encode(b, buf, TB_BUNDLE_MAX, &len) &&
         fwrite(buf, 1, len, file) == len && fclose(file) == 0;
    evidence_free(e);
    free(result);
    free(policy);
    free(b);
    free(buf);
    return ok ? 0 : 1;
}
