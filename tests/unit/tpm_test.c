/* tests/unit/tpm_test.c - tpm/ against real TPM emulators, which this program starts and ends.
 *
 * The emulator's own tools (tpm2-tools) are the second opinion: what they read, make and check has
 * to agree with what tpm/ does. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tpm_emulator.h"
#include "tpm/internal.h"

#define TIMEOUT_MS 5000

static struct emulator tpm_a, tpm_b;

/* --- helpers ---------------------------------------------------------------------------------- */

static struct tb_tpm_options options_of(const struct emulator *e)
{
    return (struct tb_tpm_options){ .tcti = e->tcti, .timeout_ms = TIMEOUT_MS };
}

static struct tb_tpm *open_tpm(const struct emulator *e)
{
    struct tb_tpm_options o = options_of(e);
    struct tb_tpm_error why = { 0 };
    struct tb_tpm *t = NULL;

    if (tb_tpm_open(&o, &t, &why) != TB_TPM_OK)
        fail_msg("%s", why.text);
    return t;
}

#define ok(call)                                                                                   \
    do {                                                                                           \
        if ((call) != TB_TPM_OK)                                                                   \
            fail_msg("%s: %s", #call, why.text);                                                   \
    } while (0)

#define tool(e, format, ...)                                                                       \
    emulator_run("cd %s && TPM2TOOLS_TCTI=%s " format " >tool.log 2>&1", emulator_scratch,         \
                 (e)->tcti, ##__VA_ARGS__)

static void write_tpm2b(const char *name, struct tb_reader r)
{
    uint8_t b[2048] = { (uint8_t)(r.left >> 8), (uint8_t)r.left };

    assert_true(r.left < sizeof b - 2);
    memcpy(b + 2, r.p, r.left);
    emulator_write_file(name, b, r.left + 2);
}

static void hex(struct tb_reader r, char *out)
{
    for (size_t i = 0; i < r.left; i++)
        (void)sprintf(out + 2 * i, "%02x", r.p[i]);
    out[2 * r.left] = '\0';
}

static const struct tb_tpm_selection two_banks[] = {
    { 0x000B, 0x0000F8FF },
    { 0x000D, 0x008001FF },
};

/* --- what is there ---------------------------------------------------------------------------- */

static void properties_are_those_of_the_emulator(void **state)
{
    struct tb_tpm *t = open_tpm(&tpm_a);
    struct tb_tpm_properties p;
    struct tb_tpm_error why = { 0 };

    (void)state;
    ok(tb_tpm_read_properties(t, &p, &why));
    assert_string_equal(p.family, "2.0");
    assert_string_equal(p.manufacturer, "IBM");
    assert_string_equal(p.vendor, "SW   TPM");
    assert_true(p.revision >= 138);
    assert_true(p.firmware_1 != 0);
    assert_false(p.in_lockout || p.owner_auth_set || p.endorsement_auth_set);
    assert_int_equal(p.n_banks, 2);
    assert_int_equal(p.bank[0].alg, 0x000B);
    assert_int_equal(p.bank[0].pcrs, 0x00FFFFFF);
    assert_int_equal(p.bank[1].alg, 0x000D);
    tb_tpm_close(t);
}

/* --- EK --------------------------------------------------------------------------------------- */

static void the_best_ek_has_a_certificate_of_the_same_key(void **state)
{
    uint8_t expected[4096];
    size_t n = emulator_read_file("ek-secp384r1.crt", expected, sizeof expected);
    struct tb_tpm *t = open_tpm(&tpm_a);
    const struct tb_tpm_ek *ek, *again;
    struct tb_tpm_error why = { 0 };

    (void)state;
    ok(tb_tpm_ek_load(t, TB_TPM_EK_BEST, &ek, &why));
    assert_int_equal(ek->id, TB_TPM_EK_P384_HIGH);
    assert_int_equal(ek->persistent, 0x81010016);
    assert_true(n > 0);
    assert_int_equal(ek->certificate.left, n);
    assert_memory_equal(ek->certificate.p, expected, n);
    assert_string_equal(ek->note, "");
    ok(tb_tpm_ek_load(t, TB_TPM_EK_BEST, &again, &why));
    assert_ptr_equal(ek, again);
    assert_int_equal(tb_tpm_ek_load(t, TB_TPM_EK_RSA_2048, &again, &why), TB_TPM_REFUSED);
    tb_tpm_close(t);
}

static void an_rsa_ek_made_by_template_is_the_persistent_one(void **state)
{
    uint8_t expected[4096];
    size_t n = emulator_read_file("ek-rsa2048.crt", expected, sizeof expected);
    struct tb_tpm_error why = { 0 };
    const struct tb_tpm_ek *ek;
    uint8_t name[64];
    size_t name_len;
    struct tb_tpm *t;

    (void)state;
    t = open_tpm(&tpm_a);
    ok(tb_tpm_ek_load(t, TB_TPM_EK_RSA_2048, &ek, &why));
    assert_int_equal(ek->persistent, 0x81010001);
    assert_int_equal(ek->certificate.left, n);
    assert_memory_equal(ek->certificate.p, expected, n);
    name_len = ek->name.left;
    memcpy(name, ek->name.p, name_len);
    tb_tpm_close(t);

    assert_int_equal(tool(&tpm_a, "tpm2_evictcontrol -C o -c 0x81010001"), 0);
    t = open_tpm(&tpm_a);
    ok(tb_tpm_ek_load(t, TB_TPM_EK_RSA_2048, &ek, &why));
    assert_int_equal(ek->persistent, 0);
    assert_int_equal(ek->certificate.left, n);
    assert_int_equal(ek->name.left, name_len);
    assert_memory_equal(ek->name.p, name, name_len);
    tb_tpm_close(t);
}

static void every_kind_of_ek_can_be_made_or_is_refused_by_the_tpm(void **state)
{
    (void)state;
    for (size_t i = 0; i < tb_n_ek_templates; i++) {
        struct tb_tpm *t;
        struct tb_tpm_error why = { 0 };
        const struct tb_tpm_ek *ek;
        uint32_t id = tb_ek_templates[i].id;
        uint8_t blob[TB_TPM_AK_BLOB_MAX];
        size_t n;

        if (id == TB_TPM_EK_RSA_4096_HIGH || id == TB_TPM_EK_RSA_3072_HIGH)
            continue; /* not in this emulator, or half a minute */
        t = open_tpm(&tpm_b);
        ok(tb_tpm_ek_load(t, id, &ek, &why));
        assert_int_equal(ek->id, id);
        ok(tb_tpm_ak_create(t, TB_TPM_AK_P256, blob, &n, &why)); /* and it serves as parent */
        tb_tpm_close(t);
    }
    {
        struct tb_tpm *t = open_tpm(&tpm_b);
        struct tb_tpm_error why = { 0 };
        const struct tb_tpm_ek *ek;

        assert_int_equal(tb_tpm_ek_load(t, 0x01C00099, &ek, &why), TB_TPM_REFUSED);
        tb_tpm_close(t);
    }
}

static void nv_write(const struct emulator *e, uint32_t index, const void *p, size_t n)
{
    (void)tool(e, "tpm2_nvundefine -C o 0x%x", index);
    emulator_write_file("nv.bin", p, n);
    assert_int_equal(tool(e,
                          "tpm2_nvdefine -C o -s %zu -a "
                          "'ownerread|ownerwrite|authread|authwrite|no_da' 0x%x",
                          n, index),
                     0);
    assert_int_equal(tool(e, "tpm2_nvwrite -C o -i nv.bin 0x%x", index), 0);
}

static void a_certificate_of_another_key_is_passed_over_and_noted(void **state)
{
    uint8_t foreign[4096];
    size_t n = emulator_read_file("ek-secp384r1.crt", foreign, sizeof foreign);
    struct tb_tpm_error why = { 0 };
    const struct tb_tpm_ek *ek;
    struct tb_tpm *t;

    (void)state;
    nv_write(&tpm_b, 0x01C0000A, foreign, n); /* of TPM A and of another curve */
    t = open_tpm(&tpm_b);
    ok(tb_tpm_ek_load(t, TB_TPM_EK_BEST, &ek, &why));
    assert_int_not_equal(ek->id, TB_TPM_EK_P256);
    assert_non_null(strstr(ek->note, "01c0000a"));
    assert_true(ek->certificate.left > 0);
    tb_tpm_close(t);
    assert_int_equal(tool(&tpm_b, "tpm2_nvundefine -C o 0x01C0000A"), 0);
}

static void a_certificate_for_an_sm2_key_is_passed_over_with_its_reason(void **state)
{
    struct tb_tpm_error why = { 0 };
    const struct tb_tpm_ek *ek;
    struct emulator bare = { 0 };
    struct tb_tpm *t;

    (void)state;
    emulator_make(&bare, "sm2", "--tpm2");
    emulator_start(&bare, true);
    nv_write(&bare, 0x01C0001A, "0", 1);
    t = open_tpm(&bare);
    ok(tb_tpm_ek_load(t, TB_TPM_EK_BEST, &ek, &why));
    assert_int_equal(ek->id, TB_TPM_EK_P256);
    assert_string_equal(ek->note, "certificate in NV 01c0001a: it is for an SM2 key (H-5), which "
                                  "is not used");
    tb_tpm_close(t);
    emulator_stop(&bare);
}

static void a_chain_that_runs_over_two_indexes_is_put_together(void **state)
{
    uint8_t a[4096], b[4096], both[8192];
    size_t n = emulator_read_file("ek-secp384r1.crt", a, sizeof a);
    size_t m = emulator_read_file("ek-rsa2048.crt", b, sizeof b);
    struct tb_tpm_error why = { 0 };
    const struct tb_tpm_ek *ek;
    struct tb_tpm *t;

    (void)state;
    memcpy(both, a, n);
    memcpy(both + n, b, m);
    memset(both + n + m, 0xFF, 10);
    nv_write(&tpm_b, 0x01C00100, both, 1000);
    nv_write(&tpm_b, 0x01C00101, both + 1000, n + m + 10 - 1000);
    t = open_tpm(&tpm_b);
    ok(tb_tpm_ek_load(t, TB_TPM_EK_BEST, &ek, &why));
    assert_int_equal(ek->n_chain, 2);
    assert_int_equal(ek->chain[0].left, n);
    assert_memory_equal(ek->chain[0].p, a, n);
    assert_int_equal(ek->chain[1].left, m);
    assert_memory_equal(ek->chain[1].p, b, m);
    tb_tpm_close(t);
    (void)tool(&tpm_b, "tpm2_nvundefine -C o 0x01C00100");
    (void)tool(&tpm_b, "tpm2_nvundefine -C o 0x01C00101");
}

static void an_ek_template_in_nv_takes_the_place_of_the_standard_one(void **state)
{
    struct tb_tpm_error why = { 0 };
    const struct tb_tpm_ek *ek;
    TPMT_PUBLIC p;
    uint8_t bytes[600], standard[64];
    size_t n = 0, name_len;
    struct tb_tpm *t = open_tpm(&tpm_b);

    (void)state;
    ok(tb_tpm_ek_load(t, TB_TPM_EK_P256, &ek, &why));
    assert_false(ek->own_template);
    name_len = ek->name.left;
    memcpy(standard, ek->name.p, name_len);
    tb_tpm_close(t);

    tb_ek_public(&tb_ek_templates[0], &p);
    p.unique.ecc.x.buffer[0] = 1;
    assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&p, bytes, sizeof bytes, &n), 0);
    nv_write(&tpm_b, 0x01C0000C, bytes, n);
    t = open_tpm(&tpm_b);
    ok(tb_tpm_ek_load(t, TB_TPM_EK_P256, &ek, &why));
    assert_true(ek->own_template);
    assert_memory_not_equal(ek->name.p, standard, name_len);
    tb_tpm_close(t);

    nv_write(&tpm_b, 0x01C0000C, bytes, n - 1); /* cut short */
    t = open_tpm(&tpm_b);
    assert_int_equal(tb_tpm_ek_load(t, TB_TPM_EK_P256, &ek, &why), TB_TPM_REFUSED);
    assert_non_null(strstr(why.text, "01c0000c"));
    tb_tpm_close(t);
    (void)tool(&tpm_b, "tpm2_nvundefine -C o 0x01C0000C");
}

/* --- certificate.c ---------------------------------------------------------------------------- */

static void padding_and_the_header_of_tpm_1_2_are_cut_off_and_nothing_else(void **state)
{
    uint8_t der[4096], raw[5000];
    size_t n = emulator_read_file("ek-rsa2048.crt", der, sizeof der);
    struct tb_reader found;

    (void)state;
    assert_true(tb_certificate_find(tb_slice(der, n), &found));
    assert_int_equal(found.left, n);
    for (int fill = 0; fill < 256; fill++) {
        memset(raw, fill, sizeof raw);
        memcpy(raw, der, n);
        assert_int_equal(tb_certificate_find(tb_slice(raw, n + 400), &found),
                         fill == 0x00 || fill == 0xFF);
    }
    memset(raw, 0xFF, sizeof raw);
    memcpy(raw, der, n);
    raw[n + 7] = 0; /* two kinds of padding */
    assert_false(tb_certificate_find(tb_slice(raw, n + 400), &found));
    memset(raw, 0xFF, sizeof raw);
    memcpy(raw, (uint8_t[]){ 0x10, 0x01, 0x00, (uint8_t)(n >> 8), (uint8_t)n }, 5);
    memcpy(raw + 5, der, n);
    assert_true(tb_certificate_find(tb_slice(raw, n + 50), &found));
    assert_int_equal(found.left, n);
    assert_memory_equal(found.p, der, n);
    assert_false(tb_certificate_find(tb_slice(raw, n + 4), &found)); /* header says more */
    for (size_t i = 0; i < n; i++) {
        uint8_t *exact = malloc(i + 1); /* so that a byte too far is noticed */

        memcpy(exact, der, i);
        assert_false(tb_certificate_find(tb_slice(exact, i), &found));
        free(exact);
    }
}

static void a_certificate_is_only_of_the_key_that_it_holds(void **state)
{
    uint8_t der[4096];
    size_t n = emulator_read_file("ek-secp384r1.crt", der, sizeof der);
    struct tb_tpm *t = open_tpm(&tpm_a);
    struct tb_tpm_error why = { 0 };
    const struct tb_tpm_ek *ek;
    TPMT_PUBLIC p;

    (void)state;
    ok(tb_tpm_ek_load(t, TB_TPM_EK_P384_HIGH, &ek, &why));
    p = t->ek_key.public_area;
    assert_true(tb_certificate_is_of(tb_slice(der, n), &p));
    for (size_t i = 0; i < n; i++) {
        uint8_t *exact = malloc(i + 1);

        memcpy(exact, der, i);
        assert_false(tb_certificate_is_of(tb_slice(exact, i), &p));
        free(exact);
    }
    p.unique.ecc.y.buffer[47] ^= 1;
    assert_false(tb_certificate_is_of(tb_slice(der, n), &p));
    tb_tpm_close(t);
}

/* --- AK --------------------------------------------------------------------------------------- */

static void t20_the_ak_is_of_the_one_template_and_loads_again_after_a_restart(void **state)
{
    (void)state;
    for (int kind = TB_TPM_AK_P256; kind <= TB_TPM_AK_RSA_2048; kind++) {
        struct tb_tpm_error why = { 0 };
        uint8_t blob[TB_TPM_AK_BLOB_MAX], name[64];
        size_t n = 0;
        struct tb_tpm *t = open_tpm(&tpm_a);

        assert_int_equal(tb_tpm_ak_public(t).left, 0);
        ok(tb_tpm_ak_create(t, (enum tb_tpm_ak_kind)kind, blob, &n, &why));
        assert_int_equal(t->ak_key.public_area.objectAttributes, 0x00050472);
        assert_int_equal(t->ak_key.public_area.authPolicy.size, 0);
        assert_int_equal(tb_tpm_ak_name(t).left, 34);
        memcpy(name, tb_tpm_ak_name(t).p, 34);
        tb_tpm_close(t);
        emulator_restart(&tpm_a);
        t = open_tpm(&tpm_a);
        ok(tb_tpm_ak_load(t, tb_slice(blob, n), &why));
        assert_memory_equal(tb_tpm_ak_name(t).p, name, 34);
        ok(tb_tpm_ak_load(t, tb_slice(blob, n), &why)); /* again, over itself */
        tb_tpm_close(t);
    }
}

static size_t put(uint8_t *out, size_t at, const void *p, size_t n)
{
    out[at] = (uint8_t)(n >> 8);
    out[at + 1] = (uint8_t)n;
    memcpy(out + at + 2, p, n);
    return at + 2 + n;
}

/* The blob of a key that this TPM really made under this EK, but not of our template. */
static size_t make_foreign_blob(struct tb_tpm *t, const TPMT_PUBLIC *public_area, uint8_t *blob)
{
    static const uint8_t head[] = { 'T', 'B', 'A', 'K', 0, 1 };
    struct tb_tpm_error why = { 0 };
    TPM2B_PUBLIC in = { .publicArea = *public_area }, *out = NULL;
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPM2B_DATA outside = { 0 };
    TPML_PCR_SELECTION pcrs = { 0 };
    TPM2B_PRIVATE *private_part = NULL;
    const struct tb_tpm_ek *ek;
    uint8_t bytes[600];
    size_t n = 0, at = sizeof head + 4;
    ESYS_TR session;

    ok(tb_tpm_ek_load(t, TB_TPM_EK_P256, &ek, &why));
    ok(tb_session_ek(t, 0, &session, &why));
    assert_int_equal(Esys_Create(t->esys, t->ek_key.handle, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &sensitive, &in, &outside, &pcrs, &private_part, &out, NULL, NULL,
                                 NULL),
                     0);
    tb_session_ek_end(t, session);
    assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&out->publicArea, bytes, sizeof bytes, &n), 0);
    memcpy(blob, head, sizeof head);
    memcpy(blob + sizeof head, (uint8_t[]){ 0x01, 0xC0, 0x00, 0x0A }, 4);
    at = put(blob, at, ek->name.p, ek->name.left);
    at = put(blob, at, bytes, n);
    at = put(blob, at, private_part->buffer, private_part->size);
    Esys_Free(out);
    Esys_Free(private_part);
    return at;
}

static void t20_a_key_with_other_attributes_is_never_loaded_as_ak(void **state)
{
    static const TPMA_OBJECT other[] = {
        TB_TPM_AK_ATTRIBUTES, /* the control: this one loads */
        TB_TPM_AK_ATTRIBUTES & ~TPMA_OBJECT_NODA,
        TB_TPM_AK_ATTRIBUTES & ~TPMA_OBJECT_RESTRICTED,
        (TB_TPM_AK_ATTRIBUTES & ~TPMA_OBJECT_RESTRICTED) | TPMA_OBJECT_DECRYPT,
        TB_TPM_AK_ATTRIBUTES & ~TPMA_OBJECT_USERWITHAUTH,
        TB_TPM_AK_ATTRIBUTES | TPMA_OBJECT_ADMINWITHPOLICY,
    };

    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        struct tb_tpm *t = open_tpm(&tpm_b);
        struct tb_tpm_error why = { 0 };
        uint8_t blob[TB_TPM_AK_BLOB_MAX];
        TPMT_PUBLIC p;
        size_t n;

        tb_ak_public(TB_TPM_AK_P256, &p);
        p.objectAttributes = other[i];
        if ((other[i] & TPMA_OBJECT_DECRYPT) != 0) /* of such a key the scheme is open */
            p.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
        n = make_foreign_blob(t, &p, blob);
        if (i == 0) {
            ok(tb_tpm_ak_load(t, tb_slice(blob, n), &why));
        } else {
            assert_int_equal(tb_tpm_ak_load(t, tb_slice(blob, n), &why), TB_TPM_REFUSED);
            assert_non_null(strstr(why.text, "not a restricted signing key"));
        }
        tb_tpm_close(t);
    }
}

static void t21_the_ak_of_another_tpm_is_refused_in_clear_words(void **state)
{
    struct tb_tpm_error why = { 0 };
    uint8_t blob[TB_TPM_AK_BLOB_MAX];
    const struct tb_tpm_ek *ek;
    size_t n = 0;
    struct tb_tpm *t = open_tpm(&tpm_a);

    (void)state;
    ok(tb_tpm_ak_create(t, TB_TPM_AK_P256, blob, &n, &why));
    tb_tpm_close(t);
    t = open_tpm(&tpm_b);
    assert_int_equal(tb_tpm_ak_load(t, tb_slice(blob, n), &why), TB_TPM_REFUSED);
    assert_non_null(strstr(why.text, "another TPM"));
    assert_int_equal(tb_tpm_ak_public(t).left, 0);
    /* Even when the blob is made to name this TPM's EK, the TPM itself does not open it. */
    ok(tb_tpm_ek_load(t, TB_TPM_EK_P384_HIGH, &ek, &why));
    memcpy(blob + 12, ek->name.p, ek->name.left);
    assert_int_equal(tb_tpm_ak_load(t, tb_slice(blob, n), &why), TB_TPM_REFUSED);
    assert_int_not_equal(why.rc, 0);
    assert_non_null(strstr(why.text, "another TPM"));
    tb_tpm_close(t);
}

static void a_damaged_ak_blob_is_refused_at_every_length_and_byte_of_its_frame(void **state)
{
    struct tb_tpm_error why = { 0 };
    uint8_t blob[TB_TPM_AK_BLOB_MAX + 1];
    size_t n = 0;
    struct tb_tpm *t = open_tpm(&tpm_a);

    (void)state;
    ok(tb_tpm_ak_create(t, TB_TPM_AK_P256, blob, &n, &why));
    for (size_t i = 0; i < n; i++) {
        uint8_t *exact = malloc(i + 1);

        memcpy(exact, blob, i);
        assert_int_equal(tb_tpm_ak_load(t, tb_slice(exact, i), &why), TB_TPM_REFUSED);
        free(exact);
    }
    blob[n] = 0;
    assert_int_equal(tb_tpm_ak_load(t, tb_slice(blob, n + 1), &why), TB_TPM_REFUSED);
    for (size_t i = 0; i < n; i += i < 160 ? 1 : 7) {
        blob[i] ^= 0x04;
        if (i < 6 || i >= 10) /* the id of the EK is a hint, when the EK is loaded already */
            assert_int_equal(tb_tpm_ak_load(t, tb_slice(blob, n), &why), TB_TPM_REFUSED);
        blob[i] ^= 0x04;
    }
    ok(tb_tpm_ak_load(t, tb_slice(blob, n), &why));
    tb_tpm_close(t);
}

/* Make a credential with tpm2_makecredential and activate it. */
static void activate_with(uint32_t ek_id, enum tb_tpm_ak_kind kind)
{
    static const char secret[33] = "0123456789abcdef0123456789abcdef";
    struct tb_tpm_error why = { 0 };
    uint8_t blob[TB_TPM_AK_BLOB_MAX], file[2048], got[TB_TPM_SECRET_MAX];
    char name[200];
    size_t n, got_len = 0;
    const struct tb_tpm_ek *ek;
    struct tb_reader r, credential = { 0 }, seed = { 0 };
    uint32_t magic, version;
    struct tb_tpm *t = open_tpm(&tpm_a);

    ok(tb_tpm_ek_load(t, ek_id, &ek, &why));
    ok(tb_tpm_ak_create(t, kind, blob, &n, &why));
    write_tpm2b("ek.pub", ek->public_area);
    emulator_write_file("secret", secret, 32);
    hex(tb_tpm_ak_name(t), name);
    assert_int_equal(
        tool(&tpm_a, "tpm2_makecredential -Q -T none -u ek.pub -s secret -n %s -o cred", name), 0);
    n = emulator_read_file("cred", file, sizeof file);
    r = tb_slice(file, n);
    assert_true(tb_read_u32be(&r, &magic) && tb_read_u32be(&r, &version) &&
                tb_read_tpm2b(&r, &credential) && tb_read_tpm2b(&r, &seed));
    ok(tb_tpm_activate(t, credential, seed, got, &got_len, &why));
    assert_int_equal(got_len, 32);
    assert_memory_equal(got, secret, 32);
    file[8 + 2 + 10] ^= 1; /* inside the credential's HMAC */
    assert_int_equal(tb_tpm_activate(t, credential, seed, got, &got_len, &why), TB_TPM_REFUSED);
    assert_int_equal(tb_tpm_activate(t, credential, tb_slice(NULL, 0), got, &got_len, &why),
                     TB_TPM_REFUSED);
    file[8 + 2 + 10] ^= 1;
    ok(tb_tpm_activate(t, credential, seed, got, &got_len, &why)); /* the sessions survived it */
    ok(tb_tpm_ak_create(t, kind, blob, &n, &why));
    /* T-21: for another AK of the same TPM */
    assert_int_equal(tb_tpm_activate(t, credential, seed, got, &got_len, &why), TB_TPM_REFUSED);
    tb_tpm_close(t);
}

static void t21_a_credential_is_activated_by_its_ek_and_ak_alone(void **state)
{
    (void)state;
    activate_with(TB_TPM_EK_P384_HIGH, TB_TPM_AK_P256);
    activate_with(TB_TPM_EK_RSA_2048, TB_TPM_AK_P256);
    activate_with(TB_TPM_EK_P256, TB_TPM_AK_RSA_2048);
}

/* --- PCRs and quote --------------------------------------------------------------------------- */

static void pcr_values_are_those_that_tpm2_pcrread_shows(void **state)
{
    struct tb_tpm_error why = { 0 };
    struct tb_tpm_pcrs *p = calloc(1, sizeof *p);
    uint8_t file[8192];
    size_t n, at = 0;
    struct tb_tpm *t;

    (void)state;
    assert_int_equal(
        tool(&tpm_a, "tpm2_pcrextend 0:sha256=%064d,sha512=%0128d 3:sha512=%0128d", 7, 8, 9), 0);
    t = open_tpm(&tpm_a);
    ok(tb_tpm_pcr_read(t, two_banks, 2, p, &why));
    tb_tpm_close(t);
    assert_int_equal(tool(&tpm_a,
                          "tpm2_pcrread -Q -o pcrs "
                          "sha256:0,1,2,3,4,5,6,7,11,12,13,14,15+sha512:0,1,2,3,4,5,6,7,8,23"),
                     0);
    n = emulator_read_file("pcrs", file, sizeof file);
    assert_int_equal(p->n_banks, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(p->bank[i].alg, two_banks[i].alg);
        assert_int_equal(p->bank[i].pcrs, two_banks[i].pcrs);
        assert_int_equal(p->bank[i].digest_len, i == 0 ? 32 : 64);
        for (unsigned k = 0; k < 32; k++) {
            if ((two_banks[i].pcrs >> k & 1) == 0)
                continue;
            assert_true(at + p->bank[i].digest_len <= n);
            assert_memory_equal(p->bank[i].digest[k], file + at, p->bank[i].digest_len);
            at += p->bank[i].digest_len;
        }
    }
    assert_int_equal(at, n);
    free(p);
}

static void a_bank_that_is_not_active_is_refused(void **state)
{
    static const struct tb_tpm_selection sha1 = { 0x0004, 1 }, twice[] = { { 11, 1 }, { 11, 2 } },
                                         none = { 0x000B, 0 };
    struct tb_tpm_error why = { 0 };
    struct tb_tpm_pcrs *p = calloc(1, sizeof *p);
    struct tb_tpm *t = open_tpm(&tpm_a);

    (void)state;
    assert_int_equal(tb_tpm_pcr_read(t, &sha1, 1, p, &why), TB_TPM_REFUSED);
    assert_int_equal(tb_tpm_pcr_read(t, twice, 2, p, &why), TB_TPM_BUG);
    assert_int_equal(tb_tpm_pcr_read(t, &none, 1, p, &why), TB_TPM_BUG);
    tb_tpm_close(t);
    free(p);
}

/* SHA-256 over the values in the order of the selection: what TPMS_QUOTE_INFO.pcrDigest holds. */
static void an_extend_changes_one_pcr_and_no_other(void **state)
{
    const struct tb_tpm_digest digests[] = { { TPM2_ALG_SHA256, { 1 } },
                                             { TPM2_ALG_SHA512, { 2 } } };
    struct tb_tpm_pcrs *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
    struct tb_tpm_error why = { 0 };
    struct tb_tpm *t = open_tpm(&tpm_a);

    (void)state;
    ok(tb_tpm_pcr_read(t, two_banks, 1, before, &why));
    ok(tb_tpm_extend(t, 11, digests, 1, &why));
    ok(tb_tpm_pcr_read(t, two_banks, 1, after, &why));
    assert_memory_not_equal(after->bank[0].digest[11], before->bank[0].digest[11], 32);
    memcpy(before->bank[0].digest[11], after->bank[0].digest[11], 32);
    assert_memory_equal(after->bank[0].digest, before->bank[0].digest,
                        sizeof after->bank[0].digest);
    ok(tb_tpm_extend(t, 11, digests, 2, &why));
    ok(tb_tpm_pcr_read(t, two_banks, 1, before, &why));
    assert_memory_not_equal(after->bank[0].digest[11], before->bank[0].digest[11], 32);
    assert_int_equal(tb_tpm_extend(t, 11, digests, 0, &why), TB_TPM_BUG);
    assert_int_equal(tb_tpm_extend(t, 32, digests, 1, &why), TB_TPM_BUG);
    tb_tpm_close(t);
    free(before);
    free(after);
}

static void digest_of(const struct tb_tpm_pcrs *p, uint8_t out[32])
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    unsigned len;

    assert_int_equal(EVP_DigestInit_ex(c, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < p->n_banks; i++)
        for (unsigned k = 0; k < 32; k++)
            if ((p->bank[i].pcrs >> k & 1) != 0)
                assert_int_equal(EVP_DigestUpdate(c, p->bank[i].digest[k], p->bank[i].digest_len),
                                 1);
    assert_int_equal(EVP_DigestFinal_ex(c, out, &len), 1);
    EVP_MD_CTX_free(c);
}

static void check_quote(enum tb_tpm_ak_kind kind)
{
    static const uint8_t extra[32] = "an extraData of thirty-two byte";
    struct tb_tpm_error why = { 0 };
    struct tb_tpm_pcrs *p = calloc(1, sizeof *p);
    uint8_t blob[TB_TPM_AK_BLOB_MAX], digest[32];
    char extra_hex[80];
    struct tb_tpm_quote q;
    TPMS_ATTEST a;
    size_t n = 0;
    struct tb_tpm *t = open_tpm(&tpm_a);

    ok(tb_tpm_ak_create(t, kind, blob, &n, &why));
    ok(tb_tpm_pcr_read(t, two_banks, 2, p, &why));
    ok(tb_tpm_quote(t, tb_slice(extra, 32), two_banks, 2, &q, &why));
    write_tpm2b("ak.pub", tb_tpm_ak_public(t));
    n = 0;
    assert_int_equal(Tss2_MU_TPMS_ATTEST_Unmarshal(q.attest, q.attest_len, &n, &a), 0);
    assert_int_equal(n, q.attest_len);
    assert_int_equal(a.extraData.size, 32);
    assert_memory_equal(a.extraData.buffer, extra, 32);
    assert_int_equal(a.attested.quote.pcrSelect.count, 2);
    assert_int_equal(a.attested.quote.pcrSelect.pcrSelections[1].hash, 0x000D);
    digest_of(p, digest);
    assert_int_equal(a.attested.quote.pcrDigest.size, 32);
    assert_memory_equal(a.attested.quote.pcrDigest.buffer, digest, 32);
    tb_tpm_close(t);

    emulator_write_file("quote.msg", q.attest, q.attest_len);
    emulator_write_file("quote.sig", q.signature, q.signature_len);
    hex(tb_slice(extra, 32), extra_hex);
    assert_int_equal(tool(&tpm_a,
                          "tpm2_print -t TPM2B_PUBLIC -f pem ak.pub > ak.pem; "
                          "tpm2_checkquote -u ak.pub -m quote.msg -s quote.sig -g sha256 -q %s",
                          extra_hex),
                     0);
    q.attest[q.attest_len - 1] ^= 1; /* the check can fail */
    emulator_write_file("quote.msg", q.attest, q.attest_len);
    assert_int_not_equal(tool(&tpm_a,
                              "tpm2_checkquote -u ak.pub -m quote.msg -s quote.sig -g sha256 -q %s",
                              extra_hex),
                         0);
    free(p);
}

static void a_quote_over_two_banks_verifies_and_holds_what_was_asked(void **state)
{
    (void)state;
    check_quote(TB_TPM_AK_P256);
    check_quote(TB_TPM_AK_RSA_2048);
}

static void many_quotes_use_one_session_and_leave_nothing_behind(void **state)
{
    struct tb_tpm_error why = { 0 };
    uint8_t blob[TB_TPM_AK_BLOB_MAX];
    struct tb_tpm_quote q;
    size_t n = 0;
    uint8_t out[256];
    struct tb_tpm *t = open_tpm(&tpm_a);

    (void)state;
    assert_int_equal(tb_tpm_quote(t, tb_slice("x", 1), two_banks, 2, &q, &why), TB_TPM_BUG);
    ok(tb_tpm_ak_create(t, TB_TPM_AK_P256, blob, &n, &why));
    for (int i = 0; i < 50; i++)
        ok(tb_tpm_quote(t, tb_slice("x", 1), two_banks, 2, &q, &why));
    tb_tpm_close(t);
    assert_int_equal(emulator_run("cd %s && for h in transient loaded-session saved-session; do "
                                  "TPM2TOOLS_TCTI=%s tpm2_getcap handles-$h; done >left 2>&1",
                                  emulator_scratch, tpm_a.tcti),
                     0);
    assert_int_equal(emulator_read_file("left", out, sizeof out), 0);
}

static void a_tpm_with_an_endorsement_password_is_refused_in_clear_words(void **state)
{
    struct tb_tpm_error why = { 0 };
    const struct tb_tpm_ek *ek;
    struct tb_tpm *t;

    (void)state;
    assert_int_equal(tool(&tpm_b, "tpm2_changeauth -c endorsement secret"), 0);
    t = open_tpm(&tpm_b);
    assert_int_equal(tb_tpm_ek_load(t, TB_TPM_EK_P256, &ek, &why), TB_TPM_REFUSED);
    assert_non_null(strstr(why.text, "endorsement password"));
    tb_tpm_close(t);
    assert_int_equal(tool(&tpm_b, "tpm2_changeauth -c endorsement -p secret"), 0);
}

/* --- frame ------------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    char options[256];

    (void)state;
    tb_tpm_silence_library();
    if (!emulator_scratch_make())
        return -1;
    (void)snprintf(options, sizeof options,
                   "--tpm2 --create-ek-cert --pcr-banks sha256,sha512 --write-ek-cert-files %s",
                   emulator_scratch);
    emulator_make(&tpm_b, "b", options); /* first: A's files are the ones that stay */
    emulator_make(&tpm_a, "a", options);
    emulator_start(&tpm_a, true);
    emulator_start(&tpm_b, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    emulator_stop(&tpm_a);
    emulator_stop(&tpm_b);
    emulator_scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_are_those_of_the_emulator),
        cmocka_unit_test(the_best_ek_has_a_certificate_of_the_same_key),
        cmocka_unit_test(an_rsa_ek_made_by_template_is_the_persistent_one),
        cmocka_unit_test(every_kind_of_ek_can_be_made_or_is_refused_by_the_tpm),
        cmocka_unit_test(a_certificate_of_another_key_is_passed_over_and_noted),
        cmocka_unit_test(a_certificate_for_an_sm2_key_is_passed_over_with_its_reason),
        cmocka_unit_test(a_chain_that_runs_over_two_indexes_is_put_together),
        cmocka_unit_test(an_ek_template_in_nv_takes_the_place_of_the_standard_one),
        cmocka_unit_test(padding_and_the_header_of_tpm_1_2_are_cut_off_and_nothing_else),
        cmocka_unit_test(a_certificate_is_only_of_the_key_that_it_holds),
        cmocka_unit_test(t20_the_ak_is_of_the_one_template_and_loads_again_after_a_restart),
        cmocka_unit_test(t20_a_key_with_other_attributes_is_never_loaded_as_ak),
        cmocka_unit_test(t21_the_ak_of_another_tpm_is_refused_in_clear_words),
        cmocka_unit_test(a_damaged_ak_blob_is_refused_at_every_length_and_byte_of_its_frame),
        cmocka_unit_test(t21_a_credential_is_activated_by_its_ek_and_ak_alone),
        cmocka_unit_test(pcr_values_are_those_that_tpm2_pcrread_shows),
        cmocka_unit_test(a_bank_that_is_not_active_is_refused),
        cmocka_unit_test(an_extend_changes_one_pcr_and_no_other),
        cmocka_unit_test(a_quote_over_two_banks_verifies_and_holds_what_was_asked),
        cmocka_unit_test(many_quotes_use_one_session_and_leave_nothing_behind),
        cmocka_unit_test(a_tpm_with_an_endorsement_password_is_refused_in_clear_words),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
