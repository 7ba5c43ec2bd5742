/* The member `signature` of a package: one encoding of who signed. */
#include <stdlib.h>
#include <string.h>

#include "pkg/signature.h"
#include "tests/unit/test_support.h"

static uint8_t value[513], cert[4097];

/* Two signers, of each algorithm one; the second with two certificates. */
static struct tb_signatures good(void)
{
    return (struct tb_signatures){
        .n = 2,
        .signer = { { .alg = TB_SIGN_RSA,
                      .signed_s = 1790000000,
                      .n_certs = 1,
                      .cert = { tb_slice(cert, 5) },
                      .signature = tb_slice(value, 384) },
                    { .alg = TB_SIGN_P384,
                      .signed_s = INT64_MAX / 2,
                      .n_certs = 2,
                      .cert = { tb_slice(cert, 4096), tb_slice(cert, 1) },
                      .signature = tb_slice(value, 96) } },
    };
}

static struct tb_reader encoded(const struct tb_signatures *s)
{
    static uint8_t bytes[TB_SIGNATURE_LEN_MAX];
    size_t len;

    assert_true(tb_signatures_encode(s, bytes, sizeof bytes, &len));
    return tb_slice(bytes, len);
}

static bool parsed(struct tb_reader in, struct tb_reason *why)
{
    uint8_t *copy = test_memdup(in.p, in.left);
    struct tb_signatures s = { 0 };
    bool ok = tb_signatures_parse(tb_slice(copy, in.left), &s, why);

    free(copy);
    if (!ok) {
        assert_int_equal(why->check, TB_CHECK_PACKAGE_FORMAT);
        assert_int_equal(s.n, 0);
    }
    return ok;
}

static void what_is_written_is_read(void **state)
{
    const struct tb_signatures s = good();
    struct tb_reader in = encoded(&s);
    struct tb_signatures again;
    struct tb_reason why;

    (void)state;
    assert_true(tb_signatures_parse(in, &again, &why));
    assert_int_equal(again.n, 2);
    assert_int_equal(again.signer[0].alg, TB_SIGN_RSA);
    assert_int_equal(again.signer[0].signature.left, 384);
    assert_int_equal(again.signer[1].signed_s, INT64_MAX / 2);
    assert_int_equal(again.signer[1].n_certs, 2);
    assert_int_equal(again.signer[1].cert[0].left, 4096);
    assert_ptr_equal(again.signer[1].signature.p + 96, in.p + in.left);
}

static void every_truncation_and_what_follows_is_refused(void **state)
{
    const struct tb_signatures s = good();
    struct tb_reader in = encoded(&s);
    struct tb_reason why;

    (void)state;
    for (size_t n = 0; n < in.left; n++)
        assert_false(parsed(tb_slice(in.p, n), &why));
    assert_true(parsed(in, &why));
    assert_false(parsed(tb_slice(in.p, in.left + 1), &why));
    assert_string_equal(why.expected, "its end");
    assert_false(parsed(tb_slice(in.p, TB_SIGNATURE_LEN_MAX), &why));
    assert_string_equal(why.expected, "its end");
}

static void what_is_too_long_is_not_looked_at(void **state)
{
    static uint8_t bytes[TB_SIGNATURE_LEN_MAX + 1];
    struct tb_reason why;

    (void)state;
    assert_false(parsed(tb_slice(bytes, sizeof bytes), &why));
    assert_string_equal(why.expected, "at most 32768 bytes");
}

/* One byte of the encoding of the first signer: magic 0, format 4, signers 5, algorithm 6, time 8,
 * certificates 16, its length 17, it 19, length of the signature 24. */
static void every_field_has_its_values(void **state)
{
    static const struct {
        size_t at;
        uint8_t by;
        const char *where;
    } fields[] = {
        { 0, 'X', "signature" },
        { 3, 'X', "signature" },
        { 4, 0, "signature" },
        { 4, 2, "signature" },
        { 5, 0, "signature.signers" },
        { 5, TB_SIGNERS_MAX + 1, "signature.signers" },
        { 6, 1, "signature.algorithm" },
        { 7, 0, "signature.algorithm" },
        { 7, 3, "signature.algorithm" },
        { 7, TB_SIGN_P384, "signature.value" },
        { 8, 0x40, "signature.time" },
        { 8, 0x80, "signature.time" },
        { 16, 0, "signature.certificates" },
        { 16, TB_CHAIN_MAX + 1, "signature.certificates" },
        { 18, 0, "signature.certificates" },
    };
    const struct tb_signatures s = good();
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct tb_reader in = encoded(&s);

        ((uint8_t *)(uintptr_t)in.p)[fields[i].at] = fields[i].by;
        if (parsed(in, &why))
            fail_msg("byte %zu as %u", fields[i].at, fields[i].by);
        if (strcmp(why.where, fields[i].where) != 0)
            fail_msg("byte %zu as %u: %s", fields[i].at, fields[i].by, why.where);
    }
}

/* What stands behind a length that is too great is not taken for the field behind. */
static void a_certificate_ends_within_the_member(void **state)
{
    struct tb_signatures s = good();
    struct test_bytes member = { 0 };
    struct tb_reader in;
    struct tb_reason why;

    (void)state;
    s.n = 1;
    in = encoded(&s);
    test_put(&member, in.p, 17);
    test_put_u16(&member, 400);
    test_put(&member, in.p + 24, in.left - 24); /* the signature, 386 bytes */
    assert_false(parsed(test_slice(&member), &why));
    assert_string_equal(why.where, "signature.certificates");
    assert_string_equal(why.expected, "1 to 4096 bytes each");
    member.b[16] = TB_CHAIN_MAX + 1;
    assert_false(parsed(test_slice(&member), &why));
    assert_string_equal(why.expected, "1 to 4");
}

static bool fits(struct tb_signatures s)
{
    static uint8_t bytes[TB_SIGNATURE_LEN_MAX + 100];
    size_t len;

    return tb_signatures_encode(&s, bytes, sizeof bytes, &len);
}

static void lengths_are_those_of_the_algorithms(void **state)
{
    static const struct {
        enum tb_sign_alg alg;
        size_t len;
        bool ok;
    } lengths[] = {
        { TB_SIGN_RSA, 383, false }, { TB_SIGN_RSA, 384, true },  { TB_SIGN_RSA, 512, true },
        { TB_SIGN_RSA, 513, false }, { TB_SIGN_P384, 95, false }, { TB_SIGN_P384, 96, true },
        { TB_SIGN_P384, 97, false }, { TB_SIGN_P384, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct tb_signatures s = good();

        s.signer[0].alg = lengths[i].alg;
        s.signer[0].signature = tb_slice(value, lengths[i].len);
        assert_int_equal(fits(s), lengths[i].ok);
    }
}

/* A writer cannot make what no reader takes. */
static void what_cannot_be_is_not_written(void **state)
{
    struct tb_signatures s = good();
    uint8_t bytes[TB_SIGNATURE_LEN_MAX];
    size_t len, whole = encoded(&s).left;

    (void)state;
    for (size_t cap = 0; cap < whole; cap++)
        assert_false(tb_signatures_encode(&s, bytes, cap, &len));
    assert_true(tb_signatures_encode(&s, bytes, whole, &len) && len == whole);
    s.signer[1].cert[0].left = 4097;
    assert_false(fits(s));
    s = good();
    s.signer[1].cert[0].left = 0;
    assert_false(fits(s));
    s = good();
    s.n = 0;
    assert_false(fits(s));
    s = good();
    s.signer[0].signed_s = -1;
    assert_false(fits(s));
}

/* The domain, its NUL, the time; then the text. */
static void what_is_signed_names_its_purpose_and_time(void **state)
{
    static const char package[] = "trueboot package 1\0\1\2\3\4\5\6\7\10";
    static const char revocations[] = "trueboot revocations 1\0\1\2\3\4\5\6\7\10";
    const struct tb_reader text = tb_slice("text", 4);
    uint8_t head[TB_SIGNED_HEAD_LEN];
    struct tb_reader parts[2];

    (void)state;
    tb_signed_parts(TB_SIGNED_PACKAGE, 0x0102030405060708, text, head, parts);
    assert_true(tb_slice_equal(parts[0], tb_slice(package, sizeof package - 1)));
    assert_true(tb_slice_equal(parts[1], text));
    tb_signed_parts(TB_SIGNED_REVOCATIONS, 0x0102030405060708, text, head, parts);
    assert_true(tb_slice_equal(parts[0], tb_slice(revocations, sizeof revocations - 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(every_truncation_and_what_follows_is_refused),
        cmocka_unit_test(what_is_too_long_is_not_looked_at),
        cmocka_unit_test(every_field_has_its_values),
        cmocka_unit_test(a_certificate_ends_within_the_member),
        cmocka_unit_test(lengths_are_those_of_the_algorithms),
        cmocka_unit_test(what_cannot_be_is_not_written),
        cmocka_unit_test(what_is_signed_names_its_purpose_and_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
