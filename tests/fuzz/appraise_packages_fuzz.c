/* Logs, user log and metadata of a boot, and the roots of two vendors, all from the bytes: whatever
 * they are, a host is trusted only with a whole chain of packages that these vendors vouch for. And
 * with a vendor whose key nobody has, never. */
#include <assert.h>
#include <string.h>

#include "core/appraise.h"
#include "core/cel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool part(struct tb_reader *in, struct tb_reader *out)
{
    uint32_t len;

    return tb_read_u32be(in, &len) && tb_read_slice(in, len, out);
}

static bool add_vendor(struct tb_policy *p, struct tb_reader der)
{
    struct tb_policy_packages *to = &p->packages;

    if (der.left == 0 || der.left > sizeof to->bytes - to->n_bytes)
        return false;
    memcpy(to->bytes + to->n_bytes, der.p, der.left);
    to->vendor[to->n_vendors++] =
        (struct tb_policy_bytes){ (uint32_t)to->n_bytes, (uint32_t)der.left };
    to->n_bytes += der.left;
    return true;
}

/* Records whose digests are right, whatever they say: what another loader could measure. */
static struct tb_reader measured(struct tb_reader in, struct tb_hasher *h)
{
    static uint8_t bytes[TB_LOG_SIZE_MAX];
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (in.left > sizeof bytes)
        return in;
    memcpy(bytes, in.p, in.left);
    if (!tb_log_open(tb_slice(bytes, in.left), &log, &why))
        return in;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        for (unsigned b = 0; tb_record_is(e.data) && b < TB_N_BANKS; b++)
            if ((e.banks >> b & 1) &&
                !tb_hash(h, (enum tb_bank)b, e.data, bytes + (e.digest[b].p - bytes)))
                assert(false);
    return tb_slice(bytes, in.left);
}

static struct tb_reader user_measured(struct tb_reader in, struct tb_hasher *h)
{
    static uint8_t bytes[TB_CEL_LEN_MAX];
    struct tb_cel_event e;
    struct tb_reason why;
    struct tb_cel log;
    size_t n = 0, len;

    if (!tb_cel_open(in, &log, &why))
        return in;
    while (tb_cel_next(&log, &e, &why) == TB_CEL_EVENT) {
        for (unsigned b = 0; b < TB_N_BANKS; b++)
            if ((e.banks >> b & 1) && !tb_hash(h, (enum tb_bank)b, e.data, e.digest[b]))
                assert(false);
        if (!tb_cel_print(&e, bytes + n, sizeof bytes - n, &len))
            return in;
        n += len;
    }
    return tb_slice(bytes, n);
}

/* What the logs lead to, so that every record in them is proved. */
static bool quote(const struct tb_boot_input *in, const struct tb_policy *policy,
                  struct tb_hasher *h, struct tb_pcrs *out)
{
    static struct tb_replay replay;
    struct tb_reason why;

    if (!tb_log_replay(in->log, (1u << TB_N_BANKS) - 1, h, &replay, &why) ||
        (in->user_log.left != 0 && !tb_chain_replay(in->user_log, h, &replay, &why)))
        return false;
    *out = replay.pcrs;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        out->mask[b] = replay.banks >> b & 1 ? policy->pcrs : 0;
    return true;
}

static void check_facts(const struct tb_chain_facts *f)
{
    assert(f->n_packages <= TB_SET_PACKAGES_MAX && f->n_vendors <= TB_CHAIN_VENDORS_MAX);
    for (size_t i = 0; i < f->n_packages; i++) {
        assert(memchr(f->package[i].name, 0, sizeof f->package[i].name) != NULL);
        assert(f->package[i].verified || f->package[i].signer[0] == '\0');
    }
}

static void check_trusted(const struct tb_chain_facts *f)
{
    assert(f->present && f->proved && (f->set == 'a' || f->set == 'b') && !f->fell_back);
    assert(f->verdict == TB_CHAIN_PASS && f->complete && !f->rescue && f->n_packages != 0);
    for (size_t i = 0; i < f->n_packages; i++)
        assert(f->package[i].verified && f->package[i].checked);
}

static void appraise(const struct tb_boot_input *in, struct tb_hasher *h, struct tb_result *out)
{
    static struct tb_quote_result genuine;
    static struct tb_boot_result boot;

    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        if (tb_check_text((enum tb_check)c)->group <= TB_GROUP_PCRS)
            tb_findings_pass(&genuine.findings, (enum tb_check)c);
    genuine.genuine = true;
    tb_appraise_boot(in, h, &boot);
    tb_conclude(&genuine, &boot, in->policy, out);
    check_facts(&boot.chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_policy policy;
    static struct tb_result result;
    static struct tb_pcrs quoted;
    static struct tb_hasher *h;
    struct tb_reader in = tb_slice(data, size), vendor[2];
    struct tb_boot_input boot = { .quoted = &quoted, .policy = &policy };

    if (h == NULL)
        h = tb_hasher_new();
    tb_policy_builtin(&policy);
    if (!part(&in, &vendor[0]) || !part(&in, &vendor[1]) || !part(&in, &boot.log) ||
        !part(&in, &boot.user_log))
        return 0;
    boot.packages = in;
    boot.log = measured(boot.log, h);
    boot.user_log = user_measured(boot.user_log, h);
    if (!quote(&boot, &policy, h, &quoted))
        return 0;
    appraise(&boot, h, &result); /* without vendors */
    if (result.boot->chain.present)
        assert(result.verdict != TB_VERDICT_TRUSTED);
    if (!add_vendor(&policy, vendor[0]))
        return 0;
    if (vendor[1].left != 0 && !add_vendor(&policy, vendor[1]))
        return 0;
    appraise(&boot, h, &result);
    if (result.verdict == TB_VERDICT_TRUSTED)
        check_trusted(&result.boot->chain);
    policy.packages.bytes[policy.packages.vendor[0].len / 2] ^= 1; /* and now of nobody */
    policy.packages.n_vendors = 1;
    appraise(&boot, h, &result);
    assert(result.verdict != TB_VERDICT_TRUSTED);
    return 0;
}
