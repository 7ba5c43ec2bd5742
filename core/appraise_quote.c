/* core/appraise_quote.c - groups 1 to 4: is the quote genuine, fresh, and this host's?
 *
 * TPM 2.0 Library Part 1, rev 01.59: 36 (timing components); Part 3: 18.4 TPM2_Quote. Each step
 * rests on those before it, so a step that fails ends the appraisal where the next could not mean
 * anything. Evidence of a host is hostile input until the signature and the binding hold. */
#include "core/appraise.h"
#include "crypto/roca.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the steps share. */
struct work {
    const struct tb_appraisal_input *in;
    struct tb_hasher *h;
    struct tb_findings *f;
    struct tb_public ak;
    struct tb_quote quote;
    struct tb_signature signature;
};

/* Group 1. Format and limits were looked at by whoever decoded the message: without a decoded
 * content there is nothing here to appraise. */
static bool evidence_is_complete(struct work *w)
{
    const enum tb_check c = TB_CHECK_EVIDENCE_COMPLETE;
    const struct tb_appraisal_input *in = w->in;

    if (in->content == NULL || in->content_bytes.left == 0)
        return tb_findings_fail(w->f, c, "evidence.content", "the content", "none");
    if (in->quote.left == 0)
        return tb_findings_fail(w->f, c, "evidence.quote", "a quote", "none");
    if (in->signature.left == 0)
        return tb_findings_fail(w->f, c, "evidence.signature", "a signature", "none");
    tb_findings_pass(w->f, TB_CHECK_EVIDENCE_FORMAT);
    tb_findings_pass(w->f, TB_CHECK_EVIDENCE_LIMITS);
    if (!in->content->has_log) /* the quote still tells whether the host is who it says */
        tb_findings_fail(w->f, c, "evidence.content.log", "the event log", "%s",
                         in->content->log_missing[0] != '\0' ? in->content->log_missing : "none");
    else
        tb_findings_pass(w->f, c);
    return true;
}

enum tb_roca tb_roca_of_keys(struct tb_reader ak_public, struct tb_reader ek_public)
{
    struct tb_public key;
    struct tb_reason why;

    if (tb_public_check_ak(ak_public, &key, &why) && key.type == TB_ALG_RSA &&
        tb_roca_has_structure(key.n_or_x))
        return TB_ROCA_AK;
    if (tb_public_check_ek(ek_public, &key, &why) && key.type == TB_ALG_RSA &&
        tb_roca_has_structure(key.n_or_x))
        return TB_ROCA_EK;
    return TB_ROCA_NONE;
}

/* CVE-2017-15361: a key of this structure is anybody's, and then so is what it signs. */
static void keys_are_sound(struct work *w)
{
    const enum tb_check c = TB_CHECK_IDENTITY_ROCA;
    enum tb_roca roca = w->in->roca;

    if (roca == TB_ROCA_NOT_ASKED)
        roca = w->ak.type == TB_ALG_RSA && tb_roca_has_structure(w->ak.n_or_x) ? TB_ROCA_AK
                                                                               : TB_ROCA_NONE;
    if (roca != TB_ROCA_NONE)
        tb_findings_fail(w->f, c, roca == TB_ROCA_AK ? "attestation key" : "endorsement key",
                         "a modulus of random primes", "one of the ROCA structure");
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

/* Serial number and maker are the host's word, so this catches the move that is not hidden, and a
 * TPM that calls itself another's than its certificate does (T-26). */
static void machine_is_the_same(struct work *w)
{
    const enum tb_check c = TB_CHECK_IDENTITY_PLATFORM;
    const char *enrolled = w->in->serial, *told = w->in->content->serial;
    const uint32_t vendor = w->in->content->tpm_vendor;
    char maker[TB_TPM_VENDOR_TEXT_LEN], other[TB_TPM_VENDOR_TEXT_LEN];

    if (enrolled != NULL && enrolled[0] != '\0' && told[0] != '\0' && strcmp(enrolled, told) != 0)
        tb_findings_fail(w->f, c, "serial number", enrolled, "%s", told);
    if (w->in->tpm_vendor != 0 && vendor != 0 &&
        tb_tpm_maker(vendor) != tb_tpm_maker(w->in->tpm_vendor)) {
        tb_tpm_vendor_text(w->in->tpm_vendor, maker);
        tb_tpm_vendor_text(vendor, other);
        tb_findings_fail(w->f, c, "TPM maker", maker, "%s", other);
    }
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

/* T-25. What no certificate proves is of an unknown class. */
static void tpm_class_is_allowed(struct work *w)
{
    const enum tb_check c = TB_CHECK_IDENTITY_TPM_CLASS;
    const struct tb_policy *policy = w->in->policy;

    if (policy->tpm_classes != 0 && !(policy->tpm_classes >> w->in->tpm_class & 1)) {
        if (w->in->tpm_class == TB_TPM_UNKNOWN)
            tb_findings_unknown(w->f, c, "TPM", "an allowed class", "none that is proved");
        else
            tb_findings_fail(w->f, c, "TPM", "an allowed class", "%s",
                             tb_tpm_class_name(w->in->tpm_class));
    }
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

/* T-26. The version is what this quote says; group 3 has shown that the TPM signed it. */
static void tpm_is_on_no_advisory(struct work *w)
{
    const enum tb_check c = TB_CHECK_IDENTITY_TPM_ADVISORY;
    const struct tb_policy *policy = w->in->policy;
    const uint64_t version = w->quote.firmware_version;

    if (policy->n_advisories != 0 && w->in->tpm_vendor == 0)
        tb_findings_unknown(w->f, c, "TPM", "a known vendor", "none");
    for (size_t i = 0; i < policy->n_advisories; i++) {
        const struct tb_tpm_advisory *a = &policy->advisory[i];

        if (tb_tpm_maker(a->vendor) == tb_tpm_maker(w->in->tpm_vendor) && version >= a->from &&
            version <= a->to)
            tb_findings_fail(w->f, c, a->name, "another firmware version", "%u.%u.%u.%u",
                             (unsigned)(version >> 48 & 0xffff), (unsigned)(version >> 32 & 0xffff),
                             (unsigned)(version >> 16 & 0xffff), (unsigned)(version & 0xffff));
    }
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

/* Group 2. */
static bool identity_holds(struct work *w)
{
    struct tb_reason why;

    if (!w->in->enrolled)
        return tb_findings_fail(w->f, TB_CHECK_IDENTITY_ENROLLED, "host", "enrolled and active",
                                "it is not");
    tb_findings_pass(w->f, TB_CHECK_IDENTITY_ENROLLED);
    if (!tb_public_check_ak(w->in->ak_public, &w->ak, &why)) {
        tb_findings_add(w->f, TB_FAIL, &why);
        return false;
    }
    tb_findings_pass(w->f, TB_CHECK_IDENTITY_AK);
    keys_are_sound(w);
    machine_is_the_same(w);
    return true;
}

static bool structures_parse(struct work *w)
{
    struct tb_reason why;

    if (!tb_quote_parse(w->in->quote, &w->quote, &why) ||
        !tb_signature_parse(w->in->signature, &w->signature, &why)) {
        tb_findings_add(w->f, TB_FAIL, &why);
        return false;
    }
    tb_findings_pass(w->f, TB_CHECK_QUOTE_STRUCTURE);
    tb_findings_pass(w->f, TB_CHECK_QUOTE_MAGIC);
    tb_findings_pass(w->f, TB_CHECK_QUOTE_TYPE);
    return true;
}

static bool scheme_is_enrolled(struct work *w)
{
    const enum tb_check c = TB_CHECK_QUOTE_SCHEME;

    if (w->signature.scheme != w->ak.scheme)
        return tb_findings_fail(w->f, c, "TPMT_SIGNATURE.sigAlg", "the enrolled key's scheme",
                                "%04x", w->signature.scheme);
    if (w->signature.hash != w->ak.scheme_hash)
        return tb_findings_fail(w->f, c, "TPMT_SIGNATURE.hash", tb_bank_name(w->ak.scheme_hash),
                                "%s", tb_bank_name(w->signature.hash));
    tb_findings_pass(w->f, c);
    return true;
}

static bool signature_holds(struct work *w)
{
    const enum tb_check c = TB_CHECK_QUOTE_SIGNATURE;
    struct tb_key *built = NULL, *key = w->in->ak_key;
    uint8_t digest[TB_DIGEST_MAX];
    bool holds;

    if (key == NULL)
        key = built = tb_public_key(&w->ak);
    holds = key != NULL && tb_hash(w->h, w->signature.hash, w->in->quote, digest) &&
            tb_key_verify(key, w->signature.scheme, w->signature.hash, digest,
                          w->signature.sig_or_r, w->signature.s);
    tb_key_free(built);
    if (!holds)
        return tb_findings_fail(w->f, c, "TPMT_SIGNATURE", "a signature by the enrolled key",
                                "it does not verify");
    tb_findings_pass(w->f, c);
    return true;
}

/* The quote must answer our nonce, on this connection, for this host, with this content. */
static bool binding_holds(struct work *w)
{
    const enum tb_check c = TB_CHECK_QUOTE_BINDING;
    const struct tb_appraisal_input *in = w->in;
    uint8_t expected[TB_DIGEST_MAX];
    char hex_expected[65], hex_observed[2 * 64 + 1];

    /* A caller that forgot one of these would accept a quote that is bound to nothing. */
    if (in->nonce.left != TB_NONCE_LEN || in->exporter.left != TB_EXPORTER_LEN ||
        in->host_id.left == 0 || in->host_id.left > TB_HOST_ID_MAX)
        return tb_findings_fail(w->f, c, "challenge", "nonce, exporter and host id",
                                "%zu, %zu and %zu bytes", in->nonce.left, in->exporter.left,
                                in->host_id.left);
    if (!tb_binding(w->h, in->nonce, in->host_id, in->exporter, in->content_bytes, expected))
        return tb_findings_fail(w->f, c, "challenge", "a digest", "none");
    if (!tb_slice_equal(w->quote.extra_data, tb_slice(expected, 32))) {
        tb_hex(tb_slice(expected, 32), hex_expected, sizeof hex_expected);
        tb_hex(w->quote.extra_data, hex_observed, sizeof hex_observed);
        return tb_findings_fail(w->f, c, "TPMS_ATTEST.extraData", hex_expected, "%s", hex_observed);
    }
    tb_findings_pass(w->f, c);
    return true;
}

/* Part 1, 36.3 and 36.4: the reset count never falls; the restart count only with a reset; Clock
 * never, save for what was lost when the TPM was switched off without an orderly shutdown, and then
 * `safe` is clear until it has caught up. */
static void clock_went_on(struct work *w)
{
    const enum tb_check c = TB_CHECK_QUOTE_CLOCK;
    const struct tb_quote_memory *last = &w->in->last;
    const struct tb_quote *q = &w->quote;
    char expected[48];

    if (!last->present) {
        tb_findings_pass(w->f, c);
        return;
    }
    if (q->reset_count < last->reset_count) {
        snprintf(expected, sizeof expected, "at least %u", last->reset_count);
        tb_findings_fail(w->f, c, "resetCount", expected, "%u", q->reset_count);
    }
    if (q->reset_count == last->reset_count && q->restart_count < last->restart_count) {
        snprintf(expected, sizeof expected, "at least %u", last->restart_count);
        tb_findings_fail(w->f, c, "restartCount", expected, "%u", q->restart_count);
    }
    if (q->clock_ms < last->clock_ms && (q->clock_safe || q->reset_count == last->reset_count)) {
        snprintf(expected, sizeof expected, "at least %" PRIu64 " ms", last->clock_ms);
        tb_findings_fail(w->f, c, "clock", expected, "%" PRIu64 " ms", q->clock_ms);
    }
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

/* A TPM that was reset under a running system has PCRs that anybody may fill. The boot id and the
 * uptime are the host's word, so this catches the reset that is not hidden; hiding it means to lie
 * about a reboot, which then must be a boot with a log that replays. Clock counts only while the
 * TPM has power and may be set to run up to 3/16 slow or fast (Part 3, 29.3), hence the slack. */
static void reset_was_a_reboot(struct work *w)
{
    const enum tb_check c = TB_CHECK_QUOTE_RESET;
    const struct tb_quote_memory *last = &w->in->last;
    const struct tb_content *content = w->in->content;
    const uint64_t slack_ms = 60000;
    uint64_t since_ms;

    if (!last->present || w->quote.reset_count <= last->reset_count) {
        tb_findings_pass(w->f, c);
        return;
    }
    if (content->boot_id[0] != '\0' && strcmp(content->boot_id, last->boot_id) == 0)
        tb_findings_fail(w->f, c, "boot id", "another boot, since the TPM was reset",
                         "the same boot, %u resets later",
                         w->quote.reset_count - last->reset_count);
    since_ms = w->quote.clock_ms > last->clock_ms ? w->quote.clock_ms - last->clock_ms : 0;
    if (content->uptime_ms > slack_ms && content->uptime_ms - slack_ms > since_ms &&
        content->uptime_ms - slack_ms - since_ms > since_ms / 4)
        tb_findings_fail(w->f, c, "uptime", "less than the time since the last quote",
                         "%" PRIu64 " ms, against %" PRIu64 " ms of the TPM's clock",
                         content->uptime_ms, since_ms);
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

/* B-14. The other way round: a boot that did not go through the firmware leaves the PCRs as the
 * kernel before it had them. The boot id is the host's word here, too, so this catches the kexec
 * that is not hidden. A restart of the TPM may be a boot of its own (Startup(CLEAR) after
 * Shutdown(STATE): Part 3, 9.3), and is told by another check. */
static void boot_was_measured(struct work *w)
{
    const enum tb_check c = TB_CHECK_QUOTE_KEXEC;
    const struct tb_quote_memory *last = &w->in->last;
    const char *now = w->in->content->boot_id;

    if (last->present && w->quote.reset_count == last->reset_count &&
        w->quote.restart_count == last->restart_count && last->boot_id[0] != '\0' &&
        now[0] != '\0' && strcmp(now, last->boot_id) != 0)
        tb_findings_fail(w->f, c, "boot id", "the same boot, since the TPM was not reset",
                         "another boot");
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

static void tpm_is_the_same(struct work *w)
{
    const struct tb_quote_memory *last = &w->in->last;
    const struct tb_quote *q = &w->quote;
    char expected[24];

    if (!q->clock_safe)
        tb_findings_fail(w->f, TB_CHECK_QUOTE_CLOCK_SAFE, "TPMS_CLOCK_INFO.safe", "1", "0");
    tb_findings_pass(w->f, TB_CHECK_QUOTE_CLOCK_SAFE);

    if (last->present && q->reset_count == last->reset_count &&
        q->restart_count > last->restart_count) {
        snprintf(expected, sizeof expected, "%u", last->restart_count);
        tb_findings_fail(w->f, TB_CHECK_QUOTE_RESTART, "restartCount", expected, "%u",
                         q->restart_count);
    }
    tb_findings_pass(w->f, TB_CHECK_QUOTE_RESTART);

    if (last->present && q->firmware_version != last->firmware_version) {
        snprintf(expected, sizeof expected, "%016" PRIx64, last->firmware_version);
        tb_findings_fail(w->f, TB_CHECK_QUOTE_FIRMWARE, "firmwareVersion", expected, "%016" PRIx64,
                         q->firmware_version);
    }
    tb_findings_pass(w->f, TB_CHECK_QUOTE_FIRMWARE);
}

static const char *alg_name(uint16_t alg)
{
    enum tb_bank b;

    return tb_bank_of_alg(alg, &b) ? tb_bank_name(b) : "an unknown algorithm";
}

static bool wrong_pcrs(struct work *w, uint16_t alg, uint32_t wanted, uint32_t got)
{
    char expected[16];

    snprintf(expected, sizeof expected, "%06x", wanted);
    return tb_findings_fail(w->f, TB_CHECK_PCR_SELECTION, alg_name(alg), expected, "%06x", got);
}

/* Group 4: the quoted selections are those asked for, in that order. A TPM leaves a bank that it
 * does not have out of the answer, or answers it empty; it never answers half of one. */
static bool selection_is_wanted(struct work *w)
{
    const enum tb_check c = TB_CHECK_PCR_SELECTION;
    size_t next = 0;

    for (size_t i = 0; i < w->quote.n_selections; i++) {
        const struct tb_selection *got = &w->quote.selection[i];

        while (next < w->in->n_wanted && w->in->wanted[next].alg != got->alg)
            next++;
        if (next == w->in->n_wanted)
            return tb_findings_fail(w->f, c, "PCR selection", "the banks asked for, in order",
                                    "%s besides or too late", alg_name(got->alg));
        if (got->pcrs != 0 && got->pcrs != w->in->wanted[next].pcrs)
            return wrong_pcrs(w, got->alg, w->in->wanted[next].pcrs, got->pcrs);
        next++;
    }
    return true;
}

/* Every PCR that the policy needs is in every bank that is quoted and may be relied on. Masks of
 * the quoted PCRs by bank into *quoted. */
static bool selection_is_enough(struct work *w, uint32_t quoted[TB_N_BANKS])
{
    const struct tb_policy *policy = w->in->policy;
    const enum tb_check c = TB_CHECK_PCR_SELECTION;
    enum tb_bank b;

    if (policy->pcrs == 0 || (policy->pcrs & TB_POLICY_PCRS_NEVER) != 0)
        return tb_findings_fail(w->f, c, "policy", "PCRs other than 16 and 23", "%06x",
                                policy->pcrs);
    for (size_t i = 0; i < w->quote.n_selections; i++) {
        const struct tb_selection *got = &w->quote.selection[i];

        if (!tb_bank_of_alg(got->alg, &b))
            continue; /* its values cannot be checked, and are never relied on */
        quoted[b] = got->pcrs;
        if (got->pcrs != 0 && (policy->banks >> b & 1) && (policy->pcrs & ~got->pcrs) != 0)
            return wrong_pcrs(w, got->alg, policy->pcrs, got->pcrs);
    }
    tb_findings_pass(w->f, c);
    return true;
}

static bool values_hash_to_quote(struct work *w, const uint32_t quoted[TB_N_BANKS])
{
    const enum tb_check c = TB_CHECK_PCR_VALUES;
    const struct tb_pcrs *values = &w->in->content->pcrs;
    uint8_t digest[TB_DIGEST_MAX];
    char expected[132], observed[132];
    struct tb_reader computed;
    struct tb_reason why;

    /* A value that nobody signed must not ride along. */
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (values->mask[b] != quoted[b])
            return tb_findings_fail(w->f, c, tb_bank_name((enum tb_bank)b),
                                    "values of the quoted PCRs", "values %06x, quoted %06x",
                                    values->mask[b], quoted[b]);
    if (!tb_pcrs_digest(values, w->quote.selection, w->quote.n_selections, w->signature.hash, w->h,
                        digest, &why)) {
        tb_findings_add(w->f, TB_FAIL, &why);
        return false;
    }
    computed = tb_slice(digest, tb_bank_digest_len(w->signature.hash));
    if (!tb_slice_equal(computed, w->quote.pcr_digest)) {
        tb_hex(w->quote.pcr_digest, expected, sizeof expected);
        tb_hex(computed, observed, sizeof observed);
        return tb_findings_fail(w->f, c, "TPMS_QUOTE_INFO.pcrDigest", expected, "%s", observed);
    }
    tb_findings_pass(w->f, c);
    return true;
}

/* PCR 1 to 7 only: PCR 0 starts with the startup locality in it, and a firmware that measures
 * itself there measures Secure Boot in PCR 7 too. */
static bool firmware_measured(const struct tb_pcrs *values, enum tb_bank b)
{
    for (unsigned i = 1; i < 8; i++)
        if ((values->mask[b] >> i & 1) && !tb_pcr_is_unmeasured(b, values->value[b][i]))
            return true;
    return false;
}

/* CVE-2021-42299: the firmware measures into one bank only, and another active bank can then be
 * extended with any history. A bank that tells of no firmware carries nothing. */
static void banks_are_used(struct work *w, const uint32_t quoted[TB_N_BANKS])
{
    const enum tb_check c = TB_CHECK_PCR_BANK_UNUSED;

    for (unsigned i = 0; i < TB_N_BANKS; i++) {
        enum tb_bank b = (enum tb_bank)i;

        if (quoted[b] == 0 || !(w->in->policy->banks >> b & 1))
            continue; /* not relied on */
        if (!firmware_measured(&w->in->content->pcrs, b))
            tb_findings_fail(w->f, c, tb_bank_name(b), "measurements of the firmware", "none");
    }
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

static void banks_are_strong(struct work *w, const uint32_t quoted[TB_N_BANKS])
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (quoted[b] != 0 && (w->in->policy->banks >> b & 1)) {
            tb_findings_pass(w->f, TB_CHECK_PCR_BANK_WEAK);
            return;
        }
    tb_findings_fail(w->f, TB_CHECK_PCR_BANK_WEAK, "PCR selection", "a bank that the policy allows",
                     "%s", quoted[TB_BANK_SHA1] != 0 ? "sha1" : "none");
}

/* A host that may choose the banks of its quote can leave out the one that tells. The Verifier asks
 * for all that it knows, so a bank once seen is missing only because it was switched off, or
 * because it is hidden. */
static void banks_are_there(struct work *w, const uint32_t quoted[TB_N_BANKS])
{
    const enum tb_check c = TB_CHECK_PCR_BANK_GONE;
    const struct tb_quote_memory *last = &w->in->last;

    for (size_t i = 0; i < w->in->n_wanted; i++) {
        enum tb_bank b;

        if (tb_bank_of_alg(w->in->wanted[i].alg, &b) && quoted[b] == 0 && last->present &&
            (last->banks >> b & 1))
            tb_findings_fail(w->f, c, tb_bank_name(b), "quoted, as before", "not quoted");
    }
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

static void appraise(struct work *w)
{
    uint32_t quoted[TB_N_BANKS] = { 0 };

    if (!evidence_is_complete(w) || !identity_holds(w) || !structures_parse(w) ||
        !scheme_is_enrolled(w) || !signature_holds(w) || !binding_holds(w))
        return;
    clock_went_on(w);
    reset_was_a_reboot(w);
    boot_was_measured(w);
    tpm_is_the_same(w);
    tpm_class_is_allowed(w);
    tpm_is_on_no_advisory(w);
    if (!selection_is_wanted(w) || !selection_is_enough(w, quoted) ||
        !values_hash_to_quote(w, quoted))
        return;
    banks_are_strong(w, quoted);
    banks_are_used(w, quoted);
    banks_are_there(w, quoted);
}

/* Every required check of groups 1 to 4 that an attestation asks has passed. *but_for_log: every
 * one but the completeness, which then lacks the log alone, since without any other part some of
 * the rest is not looked at. */
static bool is_genuine(const struct tb_findings *f, const struct tb_policy *policy,
                       bool *but_for_log)
{
    static const bool elsewhere[TB_N_CHECKS] = {
        [TB_CHECK_IDENTITY_EK_KEY] = true,
        [TB_CHECK_IDENTITY_EK_CERT] = true,
        [TB_CHECK_IDENTITY_EK_EXPIRED] = true,
        [TB_CHECK_IDENTITY_ACTIVATION] = true,
        [TB_CHECK_IDENTITY_DUPLICATE] = true,
        [TB_CHECK_IDENTITY_TPM_CLASS] = true, /* what the TPM is, not whether it signed */
        [TB_CHECK_IDENTITY_TPM_ADVISORY] = true,
        [TB_CHECK_IDENTITY_PLATFORM] = true, /* the host's word, about another thing */
        [TB_CHECK_PCR_BANK_UNQUOTED] = true, /* the log tells: appraise_boot.c */
        /* Fails the host, but what is quoted is this host's: only so can it be accepted. */
        [TB_CHECK_PCR_BANK_GONE] = true,
    };

    *but_for_log = false;
    /* Checks stand in the order of their groups. */
    for (unsigned c = 0; tb_check_text((enum tb_check)c)->group <= TB_GROUP_PCRS; c++)
        if (f->outcome[c] != TB_PASS && !elsewhere[c] && c != TB_CHECK_EVIDENCE_COMPLETE &&
            tb_policy_severity(policy, (enum tb_check)c) == TB_SEVERITY_REQUIRED)
            return false;
    *but_for_log = f->outcome[TB_CHECK_EVIDENCE_COMPLETE] != TB_PASS;
    return !*but_for_log;
}

static void remember(const struct work *w, struct tb_quote_result *out)
{
    struct tb_quote_memory *m = &out->memory;
    const struct tb_quote_memory *last = &w->in->last;

    out->quoted_firmware_version = w->quote.firmware_version;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (w->in->content->pcrs.mask[b] != 0) /* the quoted ones: values_hash_to_quote() */
            out->quoted_banks |= 1U << b;
    *m = (struct tb_quote_memory){
        .present = true,
        .clock_ms = w->quote.clock_ms,
        .reset_count = w->quote.reset_count,
        .restart_count = w->quote.restart_count,
        .firmware_version = last->present ? last->firmware_version : w->quote.firmware_version,
        .banks = (last->present ? last->banks : 0) | out->quoted_banks,
    };
    memcpy(m->boot_id, w->in->content->boot_id, sizeof m->boot_id);
}

void tb_appraise_quote(const struct tb_appraisal_input *in, struct tb_hasher *h,
                       struct tb_quote_result *out)
{
    struct work w = { .in = in, .h = h, .f = &out->findings };

    /* Not the whole of *out: the list of findings is long, and empty on most hosts. */
    memset(out->findings.outcome, 0, sizeof out->findings.outcome);
    out->findings.n = out->findings.n_lost = 0;
    memset(&out->memory, 0, sizeof out->memory);
    out->quoted_firmware_version = 0;
    out->quoted_banks = 0;
    appraise(&w);
    out->genuine = is_genuine(&out->findings, in->policy, &out->only_log_missing);
    if (out->genuine)
        remember(&w, out);
}
