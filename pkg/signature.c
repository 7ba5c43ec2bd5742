#include "pkg/signature.h"

#include <stdio.h>
#include <string.h>

#define FORMAT 1
#define CERT_LEN_MAX 4096

static const char magic[4] = { 'T', 'B', 'S', 'G' };

const char *tb_sign_alg_name(enum tb_sign_alg alg)
{
    return alg == TB_SIGN_RSA ? "rsa-sha512" : "ecdsa-p384-sha512";
}

static bool refuse(struct tb_reason *why, const char *where, const char *expected, unsigned found)
{
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, where, expected, "%u", found);
}

static bool ends(struct tb_reason *why)
{
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "signature", "more bytes", "it ends");
}

static bool alg_is_known(uint16_t alg)
{
    return alg == TB_SIGN_RSA || alg == TB_SIGN_P384;
}

/* RSA 3072 to 4096 bits, in whole bytes; two numbers of the curve's size. */
static bool len_fits(enum tb_sign_alg alg, size_t len)
{
    return alg == TB_SIGN_P384 ? len == 96 : len >= 384 && len <= 512;
}

static bool read_sized(struct tb_reader *in, size_t max, struct tb_reader *out)
{
    uint16_t len;

    return tb_read_u16be(in, &len) && len != 0 && len <= max && tb_read_slice(in, len, out);
}

static bool parse_signer(struct tb_reader *in, struct tb_signer *s, struct tb_reason *why)
{
    uint16_t alg;
    uint64_t signed_s;
    uint8_t n;

    if (!tb_read_u16be(in, &alg) || !tb_read_u64be(in, &signed_s) || !tb_read_u8(in, &n))
        return ends(why);
    if (!alg_is_known(alg))
        return refuse(why, "signature.algorithm", "1 (RSA) or 2 (P-384)", alg);
    if (signed_s > INT64_MAX / 2)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "signature.time", "a time", "none");
    if (n == 0 || n > TB_CHAIN_MAX)
        return refuse(why, "signature.certificates", "1 to 4", n);
    s->alg = (enum tb_sign_alg)alg;
    s->signed_s = (int64_t)signed_s;
    for (s->n_certs = 0; s->n_certs < n; s->n_certs++)
        if (!read_sized(in, CERT_LEN_MAX, &s->cert[s->n_certs]))
            return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "signature.certificates",
                             "1 to 4096 bytes each", "other");
    if (!read_sized(in, 512, &s->signature) || !len_fits(s->alg, s->signature.left))
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "signature.value",
                         "the length of the algorithm's signatures", "another");
    return true;
}

bool tb_signatures_parse(struct tb_reader in, struct tb_signatures *out, struct tb_reason *why)
{
    struct tb_signatures s = { 0 };
    struct tb_reader head;
    uint8_t format, n;

    if (in.left > TB_SIGNATURE_LEN_MAX)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "signature", "at most 32768 bytes", "%zu",
                         in.left);
    if (!tb_read_slice(&in, sizeof magic, &head) || !tb_read_u8(&in, &format) ||
        !tb_read_u8(&in, &n))
        return ends(why);
    if (!tb_slice_equal(head, tb_slice(magic, sizeof magic)) || format != FORMAT)
        return refuse(why, "signature", "TBSG, format 1", format);
    if (n == 0 || n > TB_SIGNERS_MAX)
        return refuse(why, "signature.signers", "1 to 4", n);
    for (s.n = 0; s.n < n; s.n++)
        if (!parse_signer(&in, &s.signer[s.n], why))
            return false;
    if (in.left != 0)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "signature", "its end",
                         "%zu bytes behind it", in.left);
    *out = s;
    return true;
}

struct out {
    uint8_t *p;
    size_t cap, n;
    bool full;
};

static void put(struct out *o, const void *p, size_t len)
{
    if (o->full || len > o->cap - o->n) {
        o->full = true;
        return;
    }
    memcpy(o->p + o->n, p, len);
    o->n += len;
}

static void put_number(struct out *o, uint64_t v, unsigned bytes)
{
    while (bytes-- > 0)
        put(o, &(uint8_t){ (uint8_t)(v >> 8 * bytes) }, 1);
}

static void put_sized(struct out *o, struct tb_reader r)
{
    put_number(o, r.left, 2);
    put(o, r.p, r.left);
}

bool tb_signatures_encode(const struct tb_signatures *s, uint8_t *buf, size_t cap, size_t *out_len)
{
    struct out o = { .p = buf, .cap = cap };
    struct tb_signatures again;
    struct tb_reason why;

    put(&o, magic, sizeof magic);
    put_number(&o, FORMAT, 1);
    put_number(&o, s->n, 1);
    for (size_t i = 0; i < s->n; i++) {
        const struct tb_signer *signer = &s->signer[i];

        put_number(&o, signer->alg, 2);
        put_number(&o, (uint64_t)signer->signed_s, 8);
        put_number(&o, signer->n_certs, 1);
        for (size_t c = 0; c < signer->n_certs; c++)
            put_sized(&o, signer->cert[c]);
        put_sized(&o, signer->signature);
    }
    *out_len = o.n;
    return !o.full && tb_signatures_parse(tb_slice(buf, o.n), &again, &why);
}

void tb_signed_parts(enum tb_signed_kind kind, int64_t signed_s, struct tb_reader text,
                     uint8_t head[TB_SIGNED_HEAD_LEN], struct tb_reader parts[2])
{
    static const char package[] = "trueboot package 1", revocations[] = "trueboot revocations 1";
    struct out o = { .p = head, .cap = TB_SIGNED_HEAD_LEN };

    if (kind == TB_SIGNED_PACKAGE)
        put(&o, package, sizeof package); /* with the NUL */
    else
        put(&o, revocations, sizeof revocations);
    put_number(&o, (uint64_t)signed_s, 8);
    parts[0] = tb_slice(head, o.n);
    parts[1] = text;
}
