/* wire/content.c - names of hosts, fingerprints of PCR values, and what a content message means
 * together with what the Verifier already holds. */
#include "wire/messages.h"

#include <string.h>

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool label_is_valid(const char *label, size_t len)
{
    if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_name_char(label[i]))
            return false;
    return true;
}

bool tb_host_name_is_valid(const char *name, size_t max_len)
{
    size_t len = strlen(name), start = 0;

    if (len > max_len)
        return false;
    for (size_t i = 0; i <= len; i++)
        if (i == len || name[i] == '.') {
            if (!label_is_valid(name + start, i - start))
                return false;
            start = i + 1;
        }
    return true;
}

bool tb_pcrs_fingerprint(const struct tb_pcrs *pcrs, struct tb_hasher *h,
                         uint8_t out[TB_DIGEST_MAX])
{
    struct tb_reader parts[TB_N_BANKS * (1 + TB_N_PCRS)];
    uint8_t head[TB_N_BANKS][6];
    size_t n = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        uint16_t alg = tb_bank_alg((enum tb_bank)b);
        uint32_t mask = pcrs->mask[b] & TB_PCR_MASK;

        if (mask == 0)
            continue;
        memcpy(head[b],
               (uint8_t[]){ (uint8_t)(alg >> 8), (uint8_t)alg, (uint8_t)(mask >> 24),
                            (uint8_t)(mask >> 16), (uint8_t)(mask >> 8), (uint8_t)mask },
               sizeof head[b]);
        parts[n++] = tb_slice(head[b], sizeof head[b]);
        for (unsigned i = 0; i < TB_N_PCRS; i++)
            if (mask >> i & 1)
                parts[n++] = tb_slice(pcrs->value[b][i], tb_bank_digest_len((enum tb_bank)b));
    }
    return tb_hash_parts(h, TB_BANK_SHA256, parts, n, out);
}

/* Refuse with two digests of 32 bytes. */
static bool refuse_digest(enum tb_check check, const char *where, const uint8_t *expected,
                          const uint8_t *observed, struct tb_reason *why)
{
    char a[65], b[65];

    tb_hex(tb_slice(expected, 32), a, sizeof a);
    tb_hex(tb_slice(observed, 32), b, sizeof b);
    return tb_refuse(why, check, where, a, "%s", b);
}

static bool resolve_pcrs(const struct tb_evidence_content *m, const struct tb_held_evidence *held,
                         struct tb_hasher *h, const struct tb_pcrs **out, struct tb_reason *why)
{
    static const char where[] = "evidence.content.pcrs";
    uint8_t digest[TB_DIGEST_MAX];

    if (m->has_pcrs) {
        if (!tb_pcrs_fingerprint(&m->pcrs, h, digest))
            return tb_refuse(why, TB_CHECK_EVIDENCE_FORMAT, where, "a digest", "no memory");
        if (memcmp(digest, m->pcrs_fingerprint, 32) != 0)
            return refuse_digest(TB_CHECK_EVIDENCE_FORMAT, where, m->pcrs_fingerprint, digest, why);
        *out = &m->pcrs;
        return true;
    }
    if (held->pcrs == NULL)
        return tb_refuse(why, TB_CHECK_EVIDENCE_COMPLETE, where, "the PCR values",
                         "neither sent nor held");
    if (memcmp(held->pcrs_fingerprint, m->pcrs_fingerprint, 32) != 0)
        return refuse_digest(TB_CHECK_EVIDENCE_COMPLETE, where, held->pcrs_fingerprint,
                             m->pcrs_fingerprint, why);
    *out = held->pcrs;
    return true;
}

/* A part that is known by the SHA-256 of its bytes. */
static bool resolve_part(const char *where, const char *what, const uint8_t digest[32],
                         struct tb_reader sent, const struct tb_held_part *held,
                         struct tb_hasher *h, struct tb_reader *out, struct tb_reason *why)
{
    uint8_t observed[TB_DIGEST_MAX];

    if (sent.left != 0) {
        if (!tb_hash(h, TB_BANK_SHA256, sent, observed))
            return tb_refuse(why, TB_CHECK_EVIDENCE_FORMAT, where, "a digest", "no memory");
        if (memcmp(observed, digest, 32) != 0)
            return refuse_digest(TB_CHECK_EVIDENCE_FORMAT, where, digest, observed, why);
        *out = sent;
        return true;
    }
    if (!held->has)
        return tb_refuse(why, TB_CHECK_EVIDENCE_COMPLETE, where, what, "neither sent nor held");
    if (memcmp(held->digest, digest, 32) != 0)
        return refuse_digest(TB_CHECK_EVIDENCE_COMPLETE, where, held->digest, digest, why);
    *out = held->bytes;
    return true;
}

struct parts {
    struct tb_reader log, user_log, packages;
};

static bool resolve_parts(const struct tb_evidence_content *m, const struct tb_held_evidence *held,
                          struct tb_hasher *h, struct parts *out, struct tb_reason *why)
{
    return (m->log_missing || resolve_part("evidence.content.log", "the event log", m->log_digest,
                                           m->log, &held->log, h, &out->log, why)) &&
           (!m->has_user_log_digest ||
            resolve_part("evidence.content.user_log", "the user log", m->user_log_digest,
                         m->user_log, &held->user_log, h, &out->user_log, why)) &&
           (!m->has_packages_digest ||
            resolve_part("evidence.content.packages", "the package metadata", m->packages_digest,
                         m->packages, &held->packages, h, &out->packages, why));
}

bool tb_content_resolve(const struct tb_evidence_content *m, const struct tb_held_evidence *held,
                        struct tb_hasher *h, struct tb_content *out, struct tb_reason *why)
{
    const struct tb_pcrs *pcrs = NULL;
    struct parts parts = { 0 };

    if (!resolve_pcrs(m, held, h, &pcrs, why) || !resolve_parts(m, held, h, &parts, why))
        return false;
    out->pcrs = *pcrs;
    out->has_log = !m->log_missing;
    out->log = parts.log;
    out->user_log = parts.user_log;
    out->packages = parts.packages;
    _Static_assert(sizeof out->log_missing == sizeof m->log_missing_reason, "one text");
    memcpy(out->log_missing, m->log_missing_reason, sizeof out->log_missing);
    memcpy(out->boot_id, m->boot_id, sizeof out->boot_id);
    out->uptime_ms = m->uptime_ms;
    memcpy(out->serial, m->serial, sizeof out->serial);
    out->tpm_vendor = tb_tpm_vendor_of_text(m->tpm.manufacturer);
    return true;
}
