#include "tests/unit/package_builder.h"

#include <stdio.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

const char test_payload[] = "what the package brings\n";

struct test_vendor *test_vendor_make(enum tb_code_scheme scheme, const char *level)
{
    struct test_vendor *v = calloc(1, sizeof *v);
    char err[TB_PKI_ERROR_MAX];
    struct tb_reason why;

    assert_non_null(v);
    assert_true(tb_vendor_root_make("Example root", scheme, PACKAGE_NOW_S, &v->root, err));
    assert_true(tb_vendor_signer_make(&v->root, "Example signer", scheme, level, PACKAGE_NOW_S,
                                      &v->signer, err));
    v->key = tb_code_key_open(tb_slice(v->signer.key, strlen(v->signer.key)), NULL,
                              tb_slice(v->signer.cert, strlen(v->signer.cert)), &why);
    assert_non_null(v->key);
    return v;
}

struct test_vendor *test_vendor_new(const char *level)
{
    return test_vendor_make(TB_CODE_P384_SHA512, level);
}

void test_vendor_free(struct test_vendor *v)
{
    tb_code_key_free(v->key);
    free(v);
}

void test_pem_to_der(const char *pem, struct test_bytes *out)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    uint8_t *p = out->b;

    assert_true(x != NULL && i2d_X509(x, NULL) <= (int)sizeof out->b);
    out->n = (size_t)i2d_X509(x, &p);
    X509_free(x);
    BIO_free(bio);
}

struct tb_vendors *test_vendors_of(const struct test_vendor *a, const struct test_vendor *b)
{
    struct tb_vendors *all = tb_vendors_new();
    struct tb_reason why;

    assert_non_null(all);
    assert_true(tb_vendors_add(all, tb_slice(a->root.cert, strlen(a->root.cert)), "a", &why));
    if (b != NULL)
        assert_true(tb_vendors_add(all, tb_slice(b->root.cert, strlen(b->root.cert)), "b", &why));
    return all;
}

void test_manifest(struct tb_manifest *m)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;

    *m = (struct tb_manifest){
        .name = tb_slice("hello", 5),
        .version = tb_slice("1.2-3", 5),
        .security_version = 3,
        .vendor = tb_slice("Example Inc.", 12),
        .built_s = PACKAGE_NOW_S,
        .level = TB_LEVEL_ACCEPTED,
        .kind = TB_PACKAGE_SOFTWARE,
        .n_payloads = 1,
        .payload[0] = { .kind = TB_PAYLOAD_FILE,
                        .name = tb_slice("a.txt", 5),
                        .size = strlen(test_payload) },
    };
    assert_true(
        tb_payload_digest(&m->payload[0], tb_slice(test_payload, strlen(test_payload)), h, &why));
    tb_hasher_free(h);
}

struct tb_reader test_manifest_text(const struct tb_manifest *m)
{
    static char text[TB_MANIFEST_LEN_MAX + 1];
    size_t len;

    assert_true(tb_manifest_print(m, text, sizeof text, &len));
    return tb_slice(text, len);
}

static void put_member(struct test_package *p, const char *name, struct tb_reader content)
{
    size_t len = (size_t)tb_member_len(content.left);

    assert_true(p->len + len <= sizeof p->bytes);
    memset(p->bytes + p->len, 0, len);
    tb_member_header(tb_slice(name, strlen(name)), content.left, p->bytes + p->len);
    memcpy(p->bytes + p->len + TB_BLOCK_LEN, content.p, content.left);
    p->len += len;
}

static void sign(struct test_package *p, const struct test_vendor *v, struct tb_reader manifest,
                 int64_t signed_s)
{
    struct tb_signer *s = &p->signatures.signer[p->signatures.n];
    uint8_t *value = p->signature_value[p->signatures.n++], head[TB_SIGNED_HEAD_LEN];
    struct tb_reader parts[2];
    struct tb_reason why;
    size_t len;

    tb_signed_parts(TB_SIGNED_PACKAGE, signed_s, manifest, head, parts);
    assert_true(tb_code_sign(v->key, parts, 2, value, &len, &why));
    s->alg = tb_code_key_scheme(v->key) == TB_CODE_RSA_SHA512 ? TB_SIGN_RSA : TB_SIGN_P384;
    s->signed_s = signed_s;
    s->n_certs = tb_code_key_chain(v->key, s->cert);
    s->signature = tb_slice(value, len);
}

void test_package_head(struct test_package *p, struct tb_reader manifest,
                       const struct test_vendor *a, const struct test_vendor *b, int64_t signed_s)
{
    uint8_t member[TB_SIGNATURE_LEN_MAX];
    size_t len;

    memset(p, 0, sizeof *p);
    sign(p, a, manifest, signed_s);
    if (b != NULL)
        sign(p, b, manifest, signed_s);
    assert_true(tb_signatures_encode(&p->signatures, member, sizeof member, &len));
    put_member(p, "manifest", manifest);
    put_member(p, "signature", tb_slice(member, len));
}

void test_package_make(struct test_package *p, struct tb_reader manifest,
                       const struct test_vendor *a, const struct test_vendor *b, int64_t signed_s)
{
    test_package_head(p, manifest, a, b, signed_s);
    put_member(p, "a.txt", tb_slice(test_payload, strlen(test_payload)));
    p->len += (size_t)2 * TB_BLOCK_LEN; /* zero already */
}

void test_package_of(struct test_package *p, struct tb_manifest *m, const struct tb_reader *payload,
                     const struct test_vendor *v)
{
    struct tb_hasher *h = tb_hasher_new();
    char name[TB_PKG_NAME_MAX + 1];
    struct tb_reason why;

    for (size_t i = 0; i < m->n_payloads; i++) {
        m->payload[i].size = payload[i].left;
        assert_true(tb_payload_digest(&m->payload[i], payload[i], h, &why));
    }
    tb_hasher_free(h);
    test_package_head(p, test_manifest_text(m), v, NULL, PACKAGE_NOW_S);
    for (size_t i = 0; i < m->n_payloads; i++) {
        snprintf(name, sizeof name, "%.*s", (int)m->payload[i].name.left,
                 (const char *)m->payload[i].name.p);
        put_member(p, name, payload[i]);
    }
    p->len += (size_t)2 * TB_BLOCK_LEN;
}

static void put_le(uint8_t *p, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void pe_section(uint8_t *p, const char *name, uint32_t at, uint32_t size, uint32_t file_at,
                       uint32_t file_size)
{
    memcpy(p, name, strlen(name));
    put_le(p + 8, size, 4);
    put_le(p + 12, at, 4);
    put_le(p + 16, file_size, 4);
    put_le(p + 20, file_at, 4);
}

/* Headers of 0x400 bytes; .text at 0x400, .data at 0x600, the file ends at 0x800. */
size_t test_pe_build(uint8_t out[4096])
{
    uint8_t *coff = out + 0x80, *optional = coff + 24;

    memset(out, 0, 4096);
    memcpy(out, "MZ", 2);
    put_le(out + 0x3c, 0x80, 4);
    memcpy(coff, "PE\0\0", 4);
    put_le(coff + 4, 0x8664, 2);
    put_le(coff + 6, 2, 2);    /* sections */
    put_le(coff + 20, 240, 2); /* optional header */
    put_le(optional, 0x20b, 2);
    put_le(optional + 16, 0x1010, 4); /* entry */
    put_le(optional + 32, 0x1000, 4);
    put_le(optional + 36, 0x200, 4);
    put_le(optional + 56, 0x3000, 4);
    put_le(optional + 60, 0x400, 4);
    put_le(optional + 64, 0x12345678, 4); /* checksum */
    put_le(optional + 108, 16, 4);
    pe_section(optional + 240, ".text", 0x1000, 0x180, 0x400, 0x200);
    pe_section(optional + 280, ".data", 0x2000, 0x200, 0x600, 0x200);
    memset(out + 0x400, 0x90, 0x200);
    memset(out + 0x600, 0xdd, 0x200);
    return 0x800;
}
