#include "tests/unit/evidence_builder.h"

#include <stdlib.h>
#include <string.h>

#define CONTENT_MAX (LOG_BYTES_MAX + 16384)

struct evidence *evidence_new(uint32_t banks)
{
    struct evidence *e = calloc(1, sizeof *e);

    assert_non_null(e);
    e->ak = test_ak_new(TEST_AK_P256);
    e->log = log_new();
    e->h = tb_hasher_new();
    e->content_bytes = malloc(CONTENT_MAX);
    assert_true(e->h != NULL && e->content_bytes != NULL);
    log_good_boot(e->log, banks);
    tb_policy_builtin(&e->policy);
    memset(e->nonce, 0x6e, sizeof e->nonce);
    memset(e->exporter, 0x65, sizeof e->exporter);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (banks >> b & 1)
            e->wanted[e->n_wanted++] =
                (struct tb_selection){ tb_bank_alg((enum tb_bank)b), e->policy.pcrs };
    return e;
}

void evidence_free(struct evidence *e)
{
    test_ak_free(e->ak);
    log_free(e->log);
    tb_hasher_free(e->h);
    free(e->content_bytes);
    free(e);
}

void evidence_bind(struct evidence *e)
{
    static const char host_id[] = "host-1";

    assert_true(
        tb_evidence_content_encode(&e->message, e->content_bytes, CONTENT_MAX, &e->content_len));
    assert_true(tb_binding(e->h, tb_slice(e->nonce, sizeof e->nonce), tb_slice(host_id, 6),
                           tb_slice(e->exporter, sizeof e->exporter),
                           tb_slice(e->content_bytes, e->content_len), e->binding));
    e->in.host_id = tb_slice(host_id, 6);
    e->in.content_bytes = tb_slice(e->content_bytes, e->content_len);
    e->q.extra_data = tb_slice(e->binding, 32);
}

void evidence_digest_pcrs(struct evidence *e)
{
    struct tb_selection sel[TB_SELECTIONS_MAX];
    struct tb_reason why;

    for (size_t i = 0; i < e->q.n_selections; i++)
        sel[i] = (struct tb_selection){ e->q.selection[i].alg, e->q.selection[i].pcrs };
    assert_true(tb_pcrs_digest(&e->content.pcrs, sel, e->q.n_selections, test_ak_hash(e->ak), e->h,
                               e->pcr_digest, &why));
    e->q.pcr_digest = tb_slice(e->pcr_digest, tb_bank_digest_len(test_ak_hash(e->ak)));
}

/* The values of the wanted PCRs, as the log's builder computed them. */
static void take_pcrs(struct evidence *e)
{
    memset(&e->content.pcrs, 0, sizeof e->content.pcrs);
    for (size_t i = 0; i < e->n_wanted; i++) {
        enum tb_bank b;

        assert_true(tb_bank_of_alg(e->wanted[i].alg, &b));
        e->content.pcrs.mask[b] = e->wanted[i].pcrs;
        for (unsigned p = 0; p < TB_N_PCRS; p++)
            if (e->wanted[i].pcrs >> p & 1)
                memcpy(e->content.pcrs.value[b][p], e->log->pcrs.value[b][p], TB_DIGEST_MAX);
    }
}

void evidence_prepare(struct evidence *e)
{
    uint8_t digest[TB_DIGEST_MAX];
    enum tb_bank b;

    log_finish(e->log);
    take_pcrs(e);
    e->content.has_log = true;
    e->content.log = log_slice(e->log);
    e->content.uptime_ms = 60000;
    memcpy(e->content.boot_id, "boot-2", 7);
    e->message.has_pcrs = true;
    e->message.pcrs = e->content.pcrs;
    assert_true(tb_pcrs_fingerprint(&e->message.pcrs, e->h, digest));
    memcpy(e->message.pcrs_fingerprint, digest, 32);
    e->message.log = e->content.log;
    assert_true(tb_hash(e->h, TB_BANK_SHA256, e->message.log, digest));
    memcpy(e->message.log_digest, digest, 32);
    e->message.tpm_state = TB_TPM_STATE_20;
    memcpy(e->message.boot_id, "boot-2", 7);
    e->message.uptime_ms = 60000;

    e->q = test_quote_new(tb_slice(NULL, 0));
    e->q.clock_ms = 1000000;
    for (size_t i = 0; i < e->n_wanted; i++) {
        assert_true(tb_bank_of_alg(e->wanted[i].alg, &b));
        test_quote_select(&e->q, b, e->wanted[i].pcrs);
    }
    evidence_digest_pcrs(e);
    e->in = (struct tb_appraisal_input){
        .enrolled = true,
        .ak_public = test_ak_public(e->ak),
        .nonce = tb_slice(e->nonce, sizeof e->nonce),
        .exporter = tb_slice(e->exporter, sizeof e->exporter),
        .wanted = e->wanted,
        .n_wanted = e->n_wanted,
        .content = &e->content,
        .policy = &e->policy,
    };
    evidence_bind(e);
}

void evidence_sign(struct evidence *e)
{
    e->attest.n = e->signature.n = 0;
    test_quote_build(&e->q, &e->attest);
    test_ak_sign(e->ak, test_slice(&e->attest), &e->signature);
    e->in.quote = test_slice(&e->attest);
    e->in.signature = test_slice(&e->signature);
}

void evidence_appraise(struct evidence *e)
{
    struct tb_appraisal *a = malloc(sizeof *a);

    assert_non_null(a);
    memset(a, 0xa5, sizeof *a); /* nothing of what was there may show */
    tb_appraise(&e->in, e->h, a);
    e->result = a->result;
    e->boot = a->boot;
    if (a->result.boot == &a->boot)
        e->result.boot = &e->boot;
    free(a);
}

void evidence_run(struct evidence *e)
{
    evidence_prepare(e);
    evidence_sign(e);
    evidence_appraise(e);
}

const struct tb_reason *evidence_reason(const struct evidence *e, enum tb_check check)
{
    for (size_t i = 0; i < e->result.findings.n; i++)
        if (e->result.findings.list[i].reason.check == check)
            return &e->result.findings.list[i].reason;
    print_error("no finding of %s\n", tb_check_text(check)->code);
    fail();
    return NULL;
}
