#include "pkg/verify.h"

#include <stdio.h>
#include <string.h>

#include "pkg/pe.h"

/* ---- who vouches ---- */

static bool signer_holds(const struct tb_signer *s, enum tb_signed_kind kind, struct tb_reader text,
                         const struct tb_vendors *vendors, struct tb_code_signer *who,
                         struct tb_reason *why)
{
    uint8_t head[TB_SIGNED_HEAD_LEN];
    struct tb_reader parts[2];

    tb_signed_parts(kind, s->signed_s, text, head, parts);
    return tb_code_verify(vendors, s->alg == TB_SIGN_RSA ? TB_CODE_RSA_SHA512 : TB_CODE_P384_SHA512,
                          s->cert, s->n_certs, s->signed_s, parts, 2, s->signature, who, why);
}

static bool signer_is_revoked(const struct tb_revocations *r, const struct tb_code_signer *who,
                              struct tb_reason *why)
{
    for (size_t i = 0; r != NULL && i < who->n_chain; i++)
        if (tb_revokes_signer(r, who->key_sha256[i])) {
            char hex[65];

            tb_hex(tb_slice(who->key_sha256[i], 32), hex, sizeof hex);
            return !tb_refuse(why, TB_CHECK_PACKAGE_REVOKED, who->subject, "keys in force",
                              "%s is revoked", hex);
        }
    return false;
}

/* Without a level in the certificate, or with one that nobody knows: the lowest. */
static enum tb_level level_of(const struct tb_code_signer *who)
{
    enum tb_level level;

    return tb_level_of_name(tb_slice(who->level, strlen(who->level)), &level) ? level
                                                                              : TB_LEVEL_COMMUNITY;
}

static bool may_vouch(const struct tb_package *p, const struct tb_code_signer *who,
                      struct tb_reason *why)
{
    char expected[48];

    if (level_of(who) <= p->manifest.level)
        return true;
    snprintf(expected, sizeof expected, "a signer for the level %s",
             tb_level_name(p->manifest.level));
    return tb_refuse(why, TB_CHECK_PACKAGE_LEVEL, who->subject, expected, "one for the level %s",
                     tb_level_name(level_of(who)));
}

/* What the package says about itself, once somebody vouches for it. */
static bool is_wanted(const struct tb_package *p, const struct tb_package_rules *rules,
                      struct tb_reason *why)
{
    const struct tb_manifest *m = &p->manifest;
    char where[TB_PKG_NAME_MAX + 1];

    snprintf(where, sizeof where, "%.*s", (int)m->name.left, (const char *)m->name.p);
    if (m->level > rules->least)
        return tb_refuse(why, TB_CHECK_PACKAGE_LEVEL, where, tb_level_name(rules->least), "%s",
                         tb_level_name(m->level));
    if (rules->revocations == NULL)
        return true;
    if (tb_revokes_package(rules->revocations, m->name, m->security_version))
        return tb_refuse(why, TB_CHECK_PACKAGE_REVOKED, where, "a security version in force",
                         "%u is revoked", m->security_version);
    for (size_t i = 0; i < m->n_payloads; i++)
        if (tb_revokes_digest(rules->revocations, m->payload[i].sha512))
            return tb_refuse(why, TB_CHECK_PACKAGE_REVOKED, where, "payloads in force",
                             "%.*s is revoked", (int)m->payload[i].name.left,
                             (const char *)m->payload[i].name.p);
    return true;
}

bool tb_package_verify(const struct tb_package *p, const struct tb_package_rules *rules,
                       struct tb_package_trust *out, struct tb_reason *why)
{
    tb_refuse(why, TB_CHECK_PACKAGE_SIGNATURE, "signature", "a signer", "none");
    for (size_t i = 0; i < p->signatures.n; i++) {
        struct tb_package_trust t = { .signer = i };

        if (!signer_holds(&p->signatures.signer[i], TB_SIGNED_PACKAGE, p->manifest_text,
                          rules->vendors, &t.who, why) ||
            signer_is_revoked(rules->revocations, &t.who, why) || !may_vouch(p, &t.who, why))
            continue;
        if (!is_wanted(p, rules, why))
            return false; /* whoever signs it */
        *out = t;
        return true;
    }
    return false;
}

static bool may_revoke(const struct tb_code_signer *who, struct tb_reason *why)
{
    return level_of(who) == TB_LEVEL_CERTIFIED ||
           tb_refuse(why, TB_CHECK_PACKAGE_LEVEL, who->subject, "a signer for the level certified",
                     "one for the level %s", tb_level_name(level_of(who)));
}

static bool is_newer(const struct tb_revocations *held, const struct tb_revocations *r,
                     struct tb_reason *why)
{
    char expected[32];

    if (held == NULL || r->serial >= held->serial)
        return true;
    snprintf(expected, sizeof expected, "at least %u", held->serial);
    return tb_refuse(why, TB_CHECK_PACKAGE_REVOKED, "serial of the list", expected, "%u",
                     r->serial);
}

bool tb_revocations_verify(struct tb_reader text, struct tb_reader signatures,
                           const struct tb_vendors *vendors, const struct tb_revocations *held,
                           struct tb_revocations *out, struct tb_code_signer *who,
                           struct tb_reason *why)
{
    struct tb_signatures s;

    if (!tb_signatures_parse(signatures, &s, why))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (signer_holds(&s.signer[i], TB_SIGNED_REVOCATIONS, text, vendors, who, why) &&
            !signer_is_revoked(held, who, why) && may_revoke(who, why))
            return tb_revocations_parse(text, out, why) && is_newer(held, out, why);
    return false;
}

/* ---- what is vouched for ---- */

static bool hash_failed(struct tb_reason *why)
{
    return tb_refuse(why, TB_CHECK_PACKAGE_PAYLOAD, "hashing", "a digest", "a library failure");
}

static bool digest_image(struct tb_payload *p, struct tb_reader bytes, struct tb_hasher *h,
                         struct tb_reason *why)
{
    struct tb_reader parts[TB_PE_PARTS_MAX];
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_pe pe;
    size_t n;

    if (!tb_pe_parse(bytes, &pe, why)) {
        why->check = TB_CHECK_PACKAGE_PAYLOAD;
        return false;
    }
    n = tb_pe_hashed_parts(&pe, bytes, parts);
    if (!tb_hash_parts(h, TB_BANK_SHA512, parts, n, p->authenticode512) ||
        !tb_hash_parts(h, TB_BANK_SHA384, parts, n, digest))
        return hash_failed(why);
    memcpy(p->authenticode384, digest, 48);
    if (!tb_hash_parts(h, TB_BANK_SHA256, parts, n, digest))
        return hash_failed(why);
    memcpy(p->authenticode256, digest, 32);
    p->has_authenticode = true;
    return true;
}

bool tb_payload_digest(struct tb_payload *p, struct tb_reader bytes, struct tb_hasher *h,
                       struct tb_reason *why)
{
    uint8_t digest[TB_DIGEST_MAX];

    if (!tb_hash(h, TB_BANK_SHA512, bytes, p->sha512) || !tb_hash(h, TB_BANK_SHA256, bytes, digest))
        return hash_failed(why);
    memcpy(p->sha256, digest, 32);
    return !tb_payload_is_efi(p->kind) || digest_image(p, bytes, h, why);
}

bool tb_payload_check(const struct tb_payload *payload, struct tb_reader bytes, struct tb_hasher *h,
                      struct tb_reason *why)
{
    struct tb_payload again = { .kind = payload->kind, .name = payload->name };
    char where[TB_PKG_NAME_MAX + 1], expected[132], observed[132];

    snprintf(where, sizeof where, "%.*s", (int)payload->name.left, (const char *)payload->name.p);
    if (bytes.left != payload->size)
        return tb_refuse(why, TB_CHECK_PACKAGE_PAYLOAD, where, "the manifest's size", "%zu bytes",
                         bytes.left);
    if (!tb_hash(h, TB_BANK_SHA512, bytes, again.sha512))
        return hash_failed(why);
    if (memcmp(again.sha512, payload->sha512, 64) != 0) {
        tb_hex(tb_slice(payload->sha512, 64), expected, sizeof expected);
        tb_hex(tb_slice(again.sha512, 64), observed, sizeof observed);
        return tb_refuse(why, TB_CHECK_PACKAGE_PAYLOAD, where, expected, "%s", observed);
    }
    /* The content is the signed one; the other digests are the builder's sums over it. */
    if (!tb_payload_digest(&again, bytes, h, why))
        return false;
    if (memcmp(again.sha256, payload->sha256, 32) != 0 ||
        memcmp(again.authenticode512, payload->authenticode512, 64) != 0 ||
        memcmp(again.authenticode384, payload->authenticode384, 48) != 0 ||
        memcmp(again.authenticode256, payload->authenticode256, 32) != 0)
        return tb_refuse(why, TB_CHECK_PACKAGE_PAYLOAD, where, "digests of one content",
                         "SHA-256 or Authenticode digests of another");
    return true;
}
