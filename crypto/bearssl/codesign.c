/* crypto/bearssl/codesign.c - crypto/codesign.h for the boot loader: the side that verifies.
 *
 * br_x509_minimal judges the chain, with one root at a time; then the certificates are read for
 * what that engine skips. Where the two verifiers of this project could differ, this one refuses.
 */
#include "crypto/codesign.h"

#include <bearssl.h>
#include <string.h>

#include "crypto/bearssl/cert.h"
#include "crypto/bearssl/small.h"
#include "crypto/hash.h"

#define ROOTS_MAX 8
#define ROOT_LEN_MAX 2048 /* bytes of DER; RSA 4096 needs 1300 */
#define CHAIN_MAX 4
#define DAY_S 86400
#define DAYS_BEFORE_1970 719528 /* BearSSL counts from the year 0 */
#define YEAR_10000_S INT64_C(253402300800)
#define RSA_LEAST_LEN                                                                              \
    256 /* bytes of a modulus within the chain, as the other verifier's level 2                    \
         */
#define RSA_MOST_LEN 512

static const enum tb_check C = TB_CHECK_PACKAGE_SIGNATURE;

struct tb_vendors {
    bool taken;
    size_t n;
    struct root {
        struct tb_small_cert cert; /* points into der */
        uint8_t der[ROOT_LEN_MAX];
    } root[ROOTS_MAX];
};

struct tb_vendors *tb_vendors_new(void)
{
    static struct tb_vendors only;

    if (only.taken)
        return NULL;
    only.taken = true;
    only.n = 0;
    return &only;
}

void tb_vendors_free(struct tb_vendors *v)
{
    if (v != NULL)
        v->taken = false;
}

size_t tb_vendors_count(const struct tb_vendors *v)
{
    return v->n;
}

/* ---- BearSSL ---- */

/* Its key, its dates, whether it is a CA. NULL: it does not parse. */
static const br_x509_pkey *decode(struct tb_reader der, br_x509_decoder_context *d)
{
    tb_small_enter();
    br_x509_decoder_init(d, NULL, NULL);
    br_x509_decoder_push(d, der.p, der.left);
    tb_small_leave();
    return br_x509_decoder_last_error(d) == 0 ? br_x509_decoder_get_pkey(d) : NULL;
}

/* Seconds since the year 0. */
static uint64_t seconds(uint32_t days, uint32_t seconds_of_day)
{
    return (uint64_t)days * DAY_S + seconds_of_day;
}

/* Not after means before, to the second, as the other verifier has it. */
static bool is_in_force(const br_x509_decoder_context *d, int64_t at_s)
{
    const uint64_t at = (uint64_t)at_s + (uint64_t)DAYS_BEFORE_1970 * DAY_S;

    return seconds(d->notbefore_days, d->notbefore_seconds) <= at &&
           at < seconds(d->notafter_days, d->notafter_seconds);
}

static void validator_init(br_x509_minimal_context *m, const br_x509_trust_anchor *anchor,
                           int64_t at_s)
{
    br_x509_minimal_init(m, &br_sha256_vtable, anchor, 1);
    br_x509_minimal_set_rsa(m, br_rsa_i62_pkcs1_vrfy_get());
    br_x509_minimal_set_ecdsa(m, &br_ec_prime_i31, br_ecdsa_i31_vrfy_asn1);
    br_x509_minimal_set_hash(m, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_hash(m, br_sha384_ID, &br_sha384_vtable);
    br_x509_minimal_set_hash(m, br_sha512_ID, &br_sha512_vtable);
    br_x509_minimal_set_minrsa(m, RSA_LEAST_LEN);
    br_x509_minimal_set_time(m, (uint32_t)(at_s / DAY_S + DAYS_BEFORE_1970),
                             (uint32_t)(at_s % DAY_S));
}

/* 0, or BearSSL's reason why these certificates do not lead to the root. */
static unsigned chain_error(const struct tb_small_cert *root, const struct tb_reader *chain,
                            size_t n, int64_t at_s)
{
    br_x509_decoder_context d;
    const br_x509_pkey *key = decode(root->whole, &d);
    /* BearSSL takes the name without const, and does not write to it. */
    br_x509_trust_anchor anchor = { .dn = { (unsigned char *)(uintptr_t)root->subject.p,
                                            root->subject.left },
                                    .flags = BR_X509_TA_CA };
    br_x509_minimal_context m;
    unsigned error;

    if (key == NULL)
        return BR_ERR_X509_NOT_TRUSTED;
    anchor.pkey = *key;
    tb_small_enter();
    validator_init(&m, &anchor, at_s);
    m.vtable->start_chain(&m.vtable, NULL);
    tb_small_leave();
    for (size_t i = 0; i < n; i++) {
        tb_small_enter();
        m.vtable->start_cert(&m.vtable, (uint32_t)chain[i].left);
        m.vtable->append(&m.vtable, chain[i].p, chain[i].left);
        m.vtable->end_cert(&m.vtable);
        tb_small_leave();
    }
    tb_small_enter();
    error = m.vtable->end_chain(&m.vtable);
    tb_small_leave();
    return error;
}

/* ---- vendors ---- */

static size_t rsa_bits(const br_rsa_public_key *k)
{
    size_t zeros = 0, bits;

    while (zeros < k->nlen && k->n[zeros] == 0)
        zeros++;
    bits = 8 * (k->nlen - zeros);
    for (uint8_t top = bits == 0 ? 0x80 : k->n[zeros]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

static bool is_root(const struct tb_small_cert *c)
{
    br_x509_decoder_context d;
    const br_x509_pkey *key = decode(c->whole, &d);

    if (key == NULL || !c->is_ca || (c->usage & TB_USAGE_CERT_SIGN) == 0)
        return false;
    if (key->key_type == BR_KEYTYPE_RSA &&
        (key->key.rsa.nlen < RSA_LEAST_LEN || key->key.rsa.nlen > RSA_MOST_LEN))
        return false;
    return chain_error(c, &c->whole, 1,
                       (int64_t)seconds(d.notbefore_days, d.notbefore_seconds) -
                           (int64_t)DAYS_BEFORE_1970 * DAY_S) == 0;
}

/* Keeps a copy, and judges that. */
static bool take_root(struct tb_reader der, struct root *out)
{
    struct tb_reader own = tb_slice(out->der, der.left);

    memcpy(out->der, der.p, der.left);
    return tb_small_cert_read(&own, &out->cert) && is_root(&out->cert);
}

/* DER only; several certificates may follow each other. */
bool tb_vendors_add(struct tb_vendors *v, struct tb_reader file, const char *name,
                    struct tb_reason *why)
{
    struct tb_small_cert c;
    size_t n = v->n;

    if (file.left == 0)
        return tb_refuse(why, C, name, "a certificate", "none");
    for (; file.left != 0; n++) {
        const bool is_cert = tb_small_cert_read(&file, &c);

        if (is_cert && (n == ROOTS_MAX || c.whole.left > ROOT_LEN_MAX))
            return tb_refuse(why, C, name, "at most 8 roots of 2048 bytes", "more");
        if (!is_cert || !take_root(c.whole, &v->root[n]))
            return tb_refuse(why, C, name, "root certificates (self-signed, of a CA)",
                             "certificate %zu is none", n - v->n + 1);
    }
    v->n = n;
    return true;
}

/* ---- verifying ---- */

static bool refuse_chain(unsigned error, struct tb_reason *why)
{
    static const struct {
        unsigned error;
        const char *text;
    } texts[] = {
        { BR_ERR_X509_NOT_TRUSTED, "none of the vendors signed it" },
        { BR_ERR_X509_BAD_SIGNATURE, "a certificate's signature does not hold" },
        { BR_ERR_X509_DN_MISMATCH, "a certificate is not the issuer of the one before" },
        { BR_ERR_X509_EXPIRED, "a certificate was not in force at the time of signing" },
        { BR_ERR_X509_NOT_CA, "a certificate of no CA issued another" },
        { BR_ERR_X509_FORBIDDEN_KEY_USAGE, "a key is used for what it is not meant for" },
        { BR_ERR_X509_WEAK_PUBLIC_KEY, "a key is too weak" },
        { BR_ERR_X509_CRITICAL_EXTENSION, "a critical extension is not known" },
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].error == error)
            return tb_refuse(why, C, "certificates", "a chain to a trusted vendor", "%s",
                             texts[i].text);
    return tb_refuse(why, C, "certificates", "a chain to a trusted vendor", "BearSSL's error %u",
                     error);
}

/* The root to which all of the chain, and no shorter beginning of it, leads. */
static bool find_root(const struct tb_vendors *v, const struct tb_reader *chain, size_t n,
                      int64_t at_s, struct tb_small_cert *root, struct tb_reason *why)
{
    unsigned error = BR_ERR_X509_NOT_TRUSTED;

    for (size_t len = 1; len <= n; len++)
        for (size_t r = 0; r < v->n; r++) {
            const unsigned e = chain_error(&v->root[r].cert, chain, len, at_s);

            *root = v->root[r].cert;
            if (e == 0)
                return len == n || tb_refuse(why, C, "certificates", "those of the chain",
                                             "%zu more than it needs", n - len);
            if (len == n && error == BR_ERR_X509_NOT_TRUSTED)
                error = e;
        }
    return refuse_chain(error, why);
}

static bool names_issuer(const struct tb_small_cert *c, const struct tb_small_cert *issuer)
{
    return c->issuer_key_id.left == 0 || issuer->subject_key_id.left == 0 ||
           tb_slice_equal(c->issuer_key_id, issuer->subject_key_id);
}

/* What br_x509_minimal leaves open. chain[n - 1] is the root. */
static bool chain_is_whole(struct tb_small_cert *chain, size_t n, int64_t at_s,
                           struct tb_reason *why)
{
    for (size_t i = 0; i < n; i++) {
        const struct tb_small_cert *c = &chain[i];
        br_x509_decoder_context d;

        if (decode(c->whole, &d) == NULL || !is_in_force(&d, at_s))
            return refuse_chain(BR_ERR_X509_EXPIRED, why);
        if (i > 0 && (!c->is_ca || (c->usage & TB_USAGE_CERT_SIGN) == 0 ||
                      (c->has_path_len && c->path_len < i - 1)))
            return refuse_chain(BR_ERR_X509_NOT_CA, why);
        if (!names_issuer(c, &chain[i + 1 < n ? i + 1 : i]))
            return refuse_chain(BR_ERR_X509_DN_MISMATCH, why);
    }
    return true;
}

static bool read_chain(const struct tb_reader *chain, size_t n, struct tb_small_cert *out,
                       struct tb_reason *why)
{
    for (size_t i = 0; i < n; i++) {
        struct tb_reader in = chain[i];

        if (!tb_small_cert_read(&in, &out[i]) || in.left != 0)
            return tb_refuse(why, C, "certificates", "those that a boot loader can judge",
                             "certificate %zu is another", i + 1);
    }
    return true;
}

static bool key_fits(const br_x509_pkey *key, enum tb_code_scheme scheme, struct tb_reader value)
{
    if (scheme == TB_CODE_RSA_SHA512)
        return key->key_type == BR_KEYTYPE_RSA && rsa_bits(&key->key.rsa) >= 3072 &&
               rsa_bits(&key->key.rsa) <= 4096;
    return key->key_type == BR_KEYTYPE_EC && key->key.ec.curve == BR_EC_secp384r1 &&
           value.left == 96;
}

static bool signature_holds(struct tb_reader leaf, enum tb_code_scheme scheme,
                            const struct tb_reader *parts, size_t n_parts, struct tb_reader value)
{
    static const unsigned char sha512[] = "\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03";
    br_x509_decoder_context d;
    const br_x509_pkey *key = decode(leaf, &d);
    uint8_t digest[TB_DIGEST_MAX], signed_digest[TB_DIGEST_MAX];
    bool ok;

    if (key == NULL || !key_fits(key, scheme, value) ||
        !tb_hash_parts(tb_hasher_new(), TB_BANK_SHA512, parts, n_parts, digest))
        return false;
    tb_small_enter();
    if (scheme == TB_CODE_RSA_SHA512)
        ok = br_rsa_i62_pkcs1_vrfy_get()(value.p, value.left, sha512, sizeof digest, &key->key.rsa,
                                         signed_digest) == 1 &&
             memcmp(digest, signed_digest, sizeof digest) == 0;
    else
        ok = br_ecdsa_i31_vrfy_raw(&br_ec_prime_i31, digest, sizeof digest, &key->key.ec, value.p,
                                   value.left) == 1;
    tb_small_leave();
    return ok;
}

static bool describe(const struct tb_small_cert *chain, size_t n, struct tb_code_signer *out)
{
    uint8_t digest[TB_DIGEST_MAX];

    memset(out, 0, sizeof *out);
    tb_small_cert_name(&chain[0], out->subject, sizeof out->subject);
    tb_small_cert_name(&chain[n - 1], out->root, sizeof out->root);
    memcpy(out->level, chain[0].level, sizeof out->level);
    for (out->n_chain = 0; out->n_chain < n; out->n_chain++) {
        if (!tb_hash(tb_hasher_new(), TB_BANK_SHA256, chain[out->n_chain].key, digest))
            return false;
        memcpy(out->key_sha256[out->n_chain], digest, 32);
    }
    return true;
}

bool tb_code_verify(const struct tb_vendors *vendors, enum tb_code_scheme scheme,
                    const struct tb_reader *chain, size_t n_chain, int64_t signed_s,
                    const struct tb_reader *parts, size_t n_parts, struct tb_reader signature,
                    struct tb_code_signer *out, struct tb_reason *why)
{
    struct tb_small_cert cert[CHAIN_MAX + 1];

    if (n_chain == 0 || n_chain > CHAIN_MAX)
        return tb_refuse(why, C, "certificates", "1 to 4", "%zu", n_chain);
    if (signed_s < 0 || signed_s >= YEAR_10000_S)
        return tb_refuse(why, C, "signature", "a time of signing before the year 10000", "another");
    if (!find_root(vendors, chain, n_chain, signed_s, &cert[n_chain], why) ||
        !read_chain(chain, n_chain, cert, why) || !chain_is_whole(cert, n_chain + 1, signed_s, why))
        return false;
    if (cert[0].is_ca || !cert[0].for_code || (cert[0].usage & TB_USAGE_SIGN) == 0)
        return tb_refuse(why, C, "signer's certificate", "one for code signing", "another");
    if (!signature_holds(chain[0], scheme, parts, n_parts, signature))
        return tb_refuse(why, C, "signature", "one by the signer's key", "it does not verify");
    return describe(cert, n_chain + 1, out) ||
           tb_refuse(why, C, "certificates", "digests", "a library failure");
}
