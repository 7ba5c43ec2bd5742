/* The whole appraisal of a log whose quote is believed: an attacker who writes any log, and whose
 * TPM holds exactly what that log replays to. Trust must then rest on what the log proves. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/appraise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every bank of the log, and the PCRs of the policy in it. */
static void quote_what_replays(struct tb_reader log, const struct tb_policy *policy,
                               struct tb_hasher *h, struct tb_pcrs *out)
{
    static struct tb_replay replay;
    struct tb_reason why;

    memset(out, 0, sizeof *out);
    if (!tb_log_replay(log, (1U << TB_N_BANKS) - 1, h, &replay, &why))
        return;
    *out = replay.pcrs;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        out->mask[b] = replay.banks >> b & 1 ? policy->pcrs : 0;
}

/* A quote and a signature of hostile bytes: never genuine, never a crash. */
static void appraise_bytes(struct tb_reader in, const struct tb_policy *policy, struct tb_hasher *h)
{
    static const struct tb_selection wanted = { TB_ALG_SHA256, 0xfbff };
    static struct tb_quote_result result;
    static struct tb_content content = { .has_log = true };
    const struct tb_appraisal_input input = {
        .enrolled = true,
        .ak_public = in,
        .host_id = tb_slice("h", 1),
        .nonce = in,
        .exporter = in,
        .wanted = &wanted,
        .n_wanted = 1,
        .quote = in,
        .signature = in,
        .content = &content,
        .content_bytes = in,
        .policy = policy,
    };

    tb_appraise_quote(&input, h, &result);
    assert(!result.genuine && !result.memory.present);
}

/* Another boot's values: the log does not lead to them, and why not is computed. Which they are
 * follows from the log, so that a mutation reaches each way to explain. */
static void appraise_other_values(struct tb_reader log, const struct tb_policy *policy,
                                  const struct tb_pcrs *replayed, struct tb_hasher *h)
{
    static const struct tb_firmware_reference none;
    static struct tb_boot_result boot;
    struct tb_pcrs q = *replayed;
    const struct tb_explanations *x = &boot.explanations;

    if (log.left == 0)
        return;
    for (uint32_t i = 0; i < TB_N_BANKS * TB_N_PCRS; i++) {
        uint8_t *value = q.value[i / TB_N_PCRS][i % TB_N_PCRS], how = log.p[i % log.left];

        if (how % 4 == 1)
            value[0] ^= how;
        else if (how % 4 == 2)
            memcpy(value, replayed->value[how / 4 % TB_N_BANKS][how / 16 % TB_N_PCRS],
                   TB_DIGEST_MAX);
        else if (how % 4 == 3 &&
                 !tb_pcr_extend(h, (enum tb_bank)(i / TB_N_PCRS), value,
                                tb_slice(replayed->value[0][how / 8 % TB_N_PCRS], TB_DIGEST_MAX)))
            assert(false);
    }
    tb_appraise_boot(
        &(struct tb_boot_input){ .log = log, .quoted = &q, .policy = policy, .firmware = &none }, h,
        &boot);
    assert(x->n <= TB_EXPLANATIONS_MAX && (x->n == TB_EXPLANATIONS_MAX || x->n_lost == 0));
    for (uint32_t i = 0; i < x->n; i++) {
        const struct tb_explanation *e = &x->list[i];

        assert(e->kind < TB_N_EXPLANATION_KINDS && e->n_values <= TB_EXPLAIN_VALUES_MAX);
        assert(e->banks != 0 && e->pcrs != 0 && (e->pcrs & ~TB_PCR_MASK) == 0);
        for (uint32_t k = 0; k < TB_N_BANKS * TB_N_PCRS;
             k++) /* nothing that matches is explained */
            assert(!(e->banks >> k / TB_N_PCRS & 1) || !(e->pcrs >> k % TB_N_PCRS & 1) ||
                   e->kind == TB_EXPLAIN_SEVERAL_LOGS ||
                   boot.states.state[k / TB_N_PCRS][k % TB_N_PCRS] != TB_PCR_MATCH);
    }
}

/* The log as that of an earlier boot, with the values that it leads to itself. */
static void appraise_without_log(struct tb_reader log, const struct tb_policy *policy,
                                 const struct tb_pcrs *replayed, struct tb_hasher *h)
{
    static struct tb_boot_result boot;
    const struct tb_findings *f = &boot.findings;

    if (!tb_appraise_no_log(log, replayed, policy, h, &boot))
        return;
    assert(f->n == 1 && f->list[0].outcome == TB_FAIL);
    assert((f->outcome[TB_CHECK_SB_OFF] == TB_FAIL) != (f->outcome[TB_CHECK_SB_SHIM] == TB_FAIL));
    assert(boot.facts.secure_boot != TB_SECURE_BOOT_ON && !boot.bank_chosen);
}

/* Something of each kind that a policy can ask of a boot, and what no boot fulfils. */
static void ask_for_more(const struct tb_policy *from, struct tb_policy *out)
{
    *out = *from;
    out->sbat.n = 1;
    out->sbat.entry[0] = (struct tb_sbat_entry){ "shim", 2, 0 };
    out->n_revoked = 2;
    memset(out->revoked[1], 0xff, 32);
    out->forbid_mok = true;
    out->forbid.n = out->require.n = out->allow.n = 1;
    snprintf(out->forbid.rule[0], sizeof out->forbid.rule[0], "ro");
    snprintf(out->allow.rule[0], sizeof out->allow.rule[0], "rw=x*");
    snprintf(out->require.rule[0], sizeof out->require.rule[0], "ro");
    out->n_firmware_versions = 1;
    snprintf(out->firmware_version[0], sizeof out->firmware_version[0], "1.7");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_hasher *h;
    static struct tb_policy policy, strict;
    static const struct tb_firmware_reference none;
    static struct tb_boot_result boot;
    static struct tb_quote_result quote;
    static struct tb_result result;
    struct tb_pcrs pcrs;

    if (h == NULL) {
        h = tb_hasher_new();
        tb_policy_builtin(&policy);
        ask_for_more(&policy, &strict);
        for (unsigned c = 0; c < TB_N_CHECKS; c++)
            if (tb_check_text((enum tb_check)c)->group <= TB_GROUP_PCRS)
                tb_findings_pass(&quote.findings, (enum tb_check)c);
        quote.genuine = true;
    }
    quote_what_replays(tb_slice(data, size), &policy, h, &pcrs);
    tb_appraise_boot(
        &(struct tb_boot_input){
            .log = tb_slice(data, size), .quoted = &pcrs, .policy = &policy, .firmware = &none },
        h, &boot);
    tb_conclude(&quote, &boot, &policy, &result);
    assert(result.verdict == TB_VERDICT_TRUSTED || result.has_headline);
    if (result.verdict == TB_VERDICT_TRUSTED) {
        assert(boot.bank_chosen && boot.bank != TB_BANK_SHA1);
        assert(boot.facts.secure_boot == TB_SECURE_BOOT_ON);
        assert(boot.states.state[boot.bank][7] == TB_PCR_MATCH);
    }
    tb_appraise_boot(
        &(struct tb_boot_input){
            .log = tb_slice(data, size), .quoted = &pcrs, .policy = &strict, .firmware = &none },
        h, &boot);
    tb_conclude(&quote, &boot, &strict, &result);
    assert(result.verdict != TB_VERDICT_TRUSTED); /* it asks for two contrary options */
    appraise_bytes(tb_slice(data, size), &policy, h);
    appraise_other_values(tb_slice(data, size), &policy, &pcrs, h);
    appraise_without_log(tb_slice(data, size), &policy, &pcrs, h);
    return 0;
}
