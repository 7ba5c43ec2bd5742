/* The boot loader's reader of certificates: every rule of its own, on structures without a
 * signature. tests/unit/small_test.c holds the whole verifier beside OpenSSL's. */
#include <stdlib.h>
#include <string.h>

#include "crypto/bearssl/cert.h"
#include "crypto/codesign.h"
#include "tests/unit/test_support.h"

/* The pieces of a certificate, in hex; NULL takes the good one. */
enum piece {
    VERSION,
    SERIAL,
    INNER,
    ISSUER,
    VALIDITY,
    SUBJECT,
    KEY,
    EXTENSIONS,
    OUTER,
    VALUE,
    N_PIECES
};

#define RSA_SHA256 "300d06092a864886f70d01010b0500"
#define NAME "3011310f300d06035504030c0656656e646f72" /* CN=Vendor */
#define TIME "170d3236303130313030303030305a"
#define KEY_P256 "301306072a8648ce3d020106082a8648ce3d030107"
#define BASIC "300f0603551d130101ff040530030101ff"
#define LEVEL_OID "06146981de8abe87cbb0e2b1bd9dabe3a5f6fabcf411"

static const char *const good[N_PIECES] = {
    [VERSION] = "a003020102",
    [SERIAL] = "02014d",
    [INNER] = RSA_SHA256,
    [ISSUER] = NAME,
    [VALIDITY] = "301e" TIME TIME,
    [SUBJECT] = NAME,
    [KEY] = "301a" KEY_P256 "0303000401",
    [EXTENSIONS] = BASIC,
    [OUTER] = RSA_SHA256,
    [VALUE] = "03020055",
};

static void put_hex(struct test_bytes *o, const char *hex)
{
    const size_t n = strlen(hex) / 2;

    assert_true(o->n + n <= sizeof o->b && tb_unhex(hex, o->b + o->n, n));
    o->n += n;
}

/* Always with a length of two bytes or, where it is short, of one: DER. */
static void put_element(struct test_bytes *o, uint8_t tag, const struct test_bytes *content)
{
    test_put_u8(o, tag);
    if (content->n > 0xff) {
        test_put_u8(o, 0x82);
        test_put_u16(o, (uint16_t)content->n);
    } else {
        if (content->n > 0x7f)
            test_put_u8(o, 0x81);
        test_put_u8(o, (uint8_t)content->n);
    }
    test_put(o, content->b, content->n);
}

static void build(const char *const piece[N_PIECES], struct test_bytes *out)
{
    static struct test_bytes body, all, list, tagged;

    body.n = all.n = list.n = tagged.n = out->n = 0;
    for (int i = VERSION; i <= KEY; i++)
        put_hex(&body, piece[i] != NULL ? piece[i] : good[i]);
    put_hex(&list, piece[EXTENSIONS] != NULL ? piece[EXTENSIONS] : good[EXTENSIONS]);
    put_element(&tagged, 0x30, &list);
    put_element(&body, 0xa3, &tagged);
    put_element(&all, 0x30, &body);
    put_hex(&all, piece[OUTER] != NULL ? piece[OUTER] : good[OUTER]);
    put_hex(&all, piece[VALUE] != NULL ? piece[VALUE] : good[VALUE]);
    put_element(out, 0x30, &all);
}

static bool is_read(const struct test_bytes *der, struct tb_small_cert *c)
{
    uint8_t *exact = test_memdup(der->b, der->n);
    struct tb_reader in = tb_slice(exact, der->n);
    bool ok = tb_small_cert_read(&in, c) && in.left == 0;

    free(exact); /* *c is only good for its numbers now */
    return ok;
}

static bool with(enum piece p, const char *hex, struct tb_small_cert *c)
{
    static struct test_bytes der;
    const char *piece[N_PIECES] = { [0] = NULL };

    piece[p] = hex;
    if (p == INNER)
        piece[OUTER] = hex;
    build(piece, &der);
    return is_read(&der, c);
}

struct change {
    enum piece piece;
    const char *hex;
};

static const struct change taken[] = {
    { SERIAL, "020100" },
    { SERIAL, "02020080" },
    { INNER, "300d06092a864886f70d01010c0500" },
    { INNER, "300d06092a864886f70d01010d0500" },
    { INNER, "300a06082a8648ce3d040302" },
    { INNER, "300a06082a8648ce3d040303" },
    { INNER, "300a06082a8648ce3d040304" },
    { VALIDITY, "3020" TIME "180f32303530303130313030303030305a" },
    { SUBJECT, "3000" },
    { SUBJECT, "300c310a30080603550403130141" }, /* PrintableString */
    { SUBJECT, "300c310a3008060355040a160141" }, /* IA5String, O */
    { SUBJECT, "3017310a3008060355040a0c014131093007060355040b0c00" },
    { SUBJECT, "300d310b300906035504030c02c3bc" },     /* two bytes of UTF-8 */
    { SUBJECT, "300e310c300a06035504030c03e282ac" },   /* three */
    { SUBJECT, "300f310d300b06035504030c04f09f9880" }, /* four */
    { SUBJECT, "300e310c300a06035504030c03ed9fbf" },   /* before the surrogates */
    { SUBJECT, "300e310c300a06035504030c03ee8080" },   /* behind them */
    { SUBJECT, "300f310d300b06035504030c04f48fbfbf" }, /* the last of all */
    { SUBJECT, "300c310a300806035584030c0141" },       /* a number of two bytes */
    { KEY, "3017301006072a8648ce3d020106052b810400220303000401" },
    { KEY, "3017301006072a8648ce3d020106052b810400230303000401" },
    { KEY, "3014300d06092a864886f70d01010105000303000401" },
    { EXTENSIONS, "300c0603551d130101ff04023000" },
    { EXTENSIONS, "30120603551d130101ff040830060101ff02017f" },
    { EXTENSIONS, "300e0603551d0f0101ff040403020780" },
    { EXTENSIONS, "300f0603551d0f0101ff04050303070080" },
    { EXTENSIONS, "30130603551d25040c300a06082b06010505070303" },
    { EXTENSIONS, "300c0603551d0e04050403010203" },
    { EXTENSIONS, "300e0603551d23040730058003010203" },
    { EXTENSIONS, "300b0603551d20040430020500" },
    { EXTENSIONS, "300b0603551d1f040430020500" },
    { EXTENSIONS, "301006082b06010505070101040430020500" },
    { EXTENSIONS, "301d" LEVEL_OID "04050c03616263" },
};

static const struct change refused[] = {
    { VERSION, "a003020101" },
    { VERSION, "a003020103" },
    { VERSION, "a103020102" },
    { VERSION, "" },
    { SERIAL, "0200" },
    { SERIAL, "020180" },
    { SERIAL, "0202004d" },
    { SERIAL, "04014d" },
    { INNER, "300d06092a864886f70d0101050500" }, /* SHA-1 */
    { INNER, "300b06092a864886f70d01010b" },     /* without parameters */
    { INNER, "300d06092a864886f70d01010b0400" }, /* with others */
    { OUTER, "300d06092a864886f70d01010c0500" },
    { ISSUER, "3111310f300d06035504030c0656656e646f72" },
    { ISSUER, "300d310b300906035504030c02c328" },
    { VALIDITY, "301c" TIME "170b323630313031303030305a" },
    { VALIDITY, "3020" TIME "170f32303236303130313030303030305a" },
    { VALIDITY, "301e" TIME "180d3236303130313030303030305a" },
    { VALIDITY, "301e" TIME "170d3236303130313030303036305a" }, /* second 60 */
    { VALIDITY, "301e170d3236303130313030303036305a" TIME },
    { VALIDITY, "3020" TIME TIME "0500" },
    { VALIDITY, "300f" TIME },
    { SUBJECT, "3011300f300d06035504030c0656656e646f72" }, /* no SET */
    { SUBJECT, "30023100" },                               /* an empty one */
    { SUBJECT, "300c310a300806035504031e0141" },           /* BMPString */
    { SUBJECT, "300b3109300706035504030c0241" },           /* cut */
    { SUBJECT, "300e310c300a06035504030c01410500" },       /* more than a pair */
    { SUBJECT, "300c310a300806038004030c0141" },           /* a number with a zero in front */
    { SUBJECT, "300c310a300806035504830c0141" },           /* the last one goes on */
    { SUBJECT, "30093107300506000c0141" },                 /* no number at all */
    { SUBJECT, "300c310a300806035504030c0180" },           /* UTF-8: a tail alone */
    { SUBJECT, "300c310a300806035504030c01c3" },           /* a head alone */
    { SUBJECT, "300d310b300906035504030c02c341" },         /* no tail */
    { SUBJECT, "300d310b300906035504030c02c181" },         /* too long for its value */
    { SUBJECT, "300e310c300a06035504030c03e08081" },
    { SUBJECT, "300f310d300b06035504030c04f0808081" },
    { SUBJECT, "300e310c300a06035504030c03eda080" }, /* a surrogate */
    { SUBJECT, "300e310c300a06035504030c03edbfbf" },
    { SUBJECT, "300f310d300b06035504030c04f4908080" }, /* beyond the last */
    { SUBJECT, "300f310d300b06035504030c04f5808080" },
    { SUBJECT, "300c310a300806035504031301fc" }, /* Latin-1 as PrintableString */
    { KEY, "301a301306072a8648ce3d020106082a8648ce3d0301060303000401" }, /* another curve */
    { KEY, "301a" KEY_P256 "0303010401" },
    { KEY, "3018" KEY_P256 "030100" },
    { KEY, "301a" KEY_P256 "0403000401" },
    { KEY, "301c" KEY_P256 "03030004010500" },
    { KEY, "3012300b06092a864886f70d0101010303000401" },
    { EXTENSIONS, "" },
    { EXTENSIONS, "0500" },
    { EXTENSIONS, BASIC "0500" },
    { EXTENSIONS, BASIC BASIC },
    { EXTENSIONS, "300f0603551d13010101040530030101ff" }, /* TRUE is ff */
    { EXTENSIONS, "300f0603551d13010100040530030101ff" }, /* FALSE is left out */
    { EXTENSIONS, "30100603551d130102ffff040530030101ff" },
    { EXTENSIONS, "300f0603551d130101ff030530030101ff" },
    { EXTENSIONS, "30110603551d130101ff040530030101ff0500" },
    { EXTENSIONS, "300f0603551d120101ff040530030101ff" }, /* not in the set */
    { EXTENSIONS, "300f0603551d130101ff04053003010101" },
    { EXTENSIONS, "300f0603551d130101ff04053003010100" },
    { EXTENSIONS, "30110603551d130101ff040730050101ff0200" },
    { EXTENSIONS, "30120603551d130101ff040830060101ff020180" },   /* negative */
    { EXTENSIONS, "30130603551d130101ff040930070101ff02020080" }, /* beyond 127 */
    { EXTENSIONS, "30140603551d130101ff040a30080101ff0201000500" },
    { EXTENSIONS, "30110603551d130101ff040730030101ff0500" },
    { EXTENSIONS, "300d0603551d0f0101ff0403030107" },   /* no bits */
    { EXTENSIONS, "300e0603551d0f0101ff040403020700" }, /* none of them set */
    { EXTENSIONS, "300f0603551d0f0101ff04050303070000" },
    { EXTENSIONS, "300e0603551d0f0101ff040403020880" },
    { EXTENSIONS, "300e0603551d0f0101ff040403020781" }, /* bits that do not count */
    { EXTENSIONS, "30100603551d0f0101ff0406030400800000" },
    { EXTENSIONS, "300e0603551d0f0101ff040404020780" },
    { EXTENSIONS, "30090603551d2504023000" },
    { EXTENSIONS, "300b0603551d25040430020500" },
    { EXTENSIONS, "30150603551d25040e300a06082b060105050703030500" },
    { EXTENSIONS, "30160603551d250101ff040c300a06082b06010505070303" }, /* critical */
    { EXTENSIONS, "30090603551d0e04020400" },
    { EXTENSIONS, "300c0603551d0e04050303010203" },
    { EXTENSIONS, "300b0603551d23040430028000" },
    { EXTENSIONS, "300e0603551d23040730058203010203" },
    { EXTENSIONS, "30110603551d23040a3008800301020382014d" },
    { EXTENSIONS, "30090603551d2004023000" },
    { EXTENSIONS, "300b0603551d20040431020500" },
    { EXTENSIONS, "301d" LEVEL_OID "04050c03616263301d" LEVEL_OID "04050c03616263" },
    { VALUE, "0300" },
    { VALUE, "03020155" },
    { VALUE, "04020055" },
    { VALUE, "030200550500" },
};

static void every_rule_holds(void **state)
{
    struct tb_small_cert c;

    (void)state;
    assert_true(with(VERSION, good[VERSION], &c));
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!with(taken[i].piece, taken[i].hex, &c))
            fail_msg("refused: %s", taken[i].hex);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (with(refused[i].piece, refused[i].hex, &c))
            fail_msg("taken: %s", refused[i].hex);
}

static void what_is_read_is_what_it_says(void **state)
{
    struct tb_small_cert c;

    (void)state;
    assert_true(with(EXTENSIONS, "30120603551d130101ff040830060101ff020105", &c));
    assert_true(c.is_ca && c.has_path_len && c.path_len == 5 && c.usage == 0xff && !c.for_code);
    assert_true(with(EXTENSIONS, BASIC, &c));
    assert_true(c.is_ca && !c.has_path_len);
    assert_true(with(EXTENSIONS, "300c0603551d130101ff04023000", &c));
    assert_false(c.is_ca);
    assert_true(with(EXTENSIONS, "300e0603551d0f0101ff040403020204", &c));
    assert_int_equal(c.usage, TB_USAGE_CERT_SIGN);
    assert_true(with(EXTENSIONS, "30130603551d25040c300a06082b06010505070303", &c));
    assert_true(c.for_code);
    assert_true(with(EXTENSIONS,
                     "301d0603551d250416301406082b06010505070303"
                     "06082b06010505070301",
                     &c));
    assert_true(c.for_code);
    assert_true(with(EXTENSIONS, "30130603551d25040c300a06082b06010505070301", &c));
    assert_false(c.for_code);
    assert_true(with(EXTENSIONS, "300c0603551d0e04050403010203", &c));
    assert_int_equal(c.subject_key_id.left, 3);
    assert_true(with(EXTENSIONS, "300e0603551d23040730058003010203", &c));
    assert_int_equal(c.issuer_key_id.left, 3);
    assert_true(with(EXTENSIONS, "301d" LEVEL_OID "04050c03616263", &c));
    assert_string_equal(c.level, "abc");
    assert_true(with(EXTENSIONS, "301d" LEVEL_OID "04050c03610063", &c));
    assert_string_equal(c.level, "");
    assert_true(with(EXTENSIONS, "301d" LEVEL_OID "04050403616263", &c));
    assert_string_equal(c.level, "");
}

/* One length for one element (X.690, 10.1), and what it says is there. */
static void lengths_have_one_form(void **state)
{
    static const char *const forms[] = { "3081",       "308100", "30820001", "3080",
                                         "3083000001", "30ff",   "30" };
    static struct test_bytes der, other;
    const char *const piece[N_PIECES] = { [0] = NULL };
    struct tb_small_cert c;

    (void)state;
    build(piece, &der);
    assert_int_equal(der.b[1], 0x81);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        other.n = 0;
        put_hex(&other, forms[i]);
        if (i == 2) /* the same length in two bytes */
            other.b[3] = der.b[2];
        test_put(&other, der.b + 3, der.n - 3);
        if (is_read(&other, &c))
            fail_msg("taken: %s", forms[i]);
    }
    other.n = 0; /* of less than 128 in a byte of its own: the version's */
    assert_false(with(VERSION, "a08103020102", &c));
    assert_false(with(VERSION, "a0820003020102", &c));
    for (size_t n = 0; n < der.n; n++) {
        other = der;
        other.n = n;
        assert_false(is_read(&other, &c));
    }
}

/* The reader is moved by the certificate that was read, and by nothing else. */
static void certificates_are_taken_off_the_front(void **state)
{
    static struct test_bytes der, two;
    const char *const piece[N_PIECES] = { [0] = NULL };
    struct tb_small_cert c;
    struct tb_reader in;

    (void)state;
    build(piece, &der);
    test_put(&two, der.b, der.n);
    test_put(&two, der.b, der.n);
    test_put_u8(&two, 0);
    in = test_slice(&two);
    assert_true(tb_small_cert_read(&in, &c) && in.left == der.n + 1 && c.whole.p == two.b);
    assert_true(tb_small_cert_read(&in, &c) && in.left == 1 && c.whole.p == two.b + der.n);
    assert_false(tb_small_cert_read(&in, &c));
    assert_int_equal(in.left, 1);
}

static void a_name_is_printable_and_fits(void **state)
{
    static struct test_bytes der;
    const char *piece[N_PIECES] = { [SUBJECT] = "301a310b3009060355040a0c024f4f"
                                                "310b300906035504030c02c3bc" };
    struct tb_small_cert c;
    struct tb_reader in;
    char name[8];

    (void)state;
    build(piece, &der);
    in = test_slice(&der);
    assert_true(tb_small_cert_read(&in, &c));
    tb_small_cert_name(&c, name, sizeof name);
    assert_string_equal(name, "CN=??");
    piece[SUBJECT] = "30193117301506035504030c0e4142434445464748494a4b4c4d4e";
    build(piece, &der);
    in = test_slice(&der);
    assert_true(tb_small_cert_read(&in, &c));
    tb_small_cert_name(&c, name, sizeof name);
    assert_string_equal(name, "CN=ABCD");
    piece[SUBJECT] = "3000";
    build(piece, &der);
    in = test_slice(&der);
    assert_true(tb_small_cert_read(&in, &c));
    tb_small_cert_name(&c, name, sizeof name);
    assert_string_equal(name, "CN=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_holds),
        cmocka_unit_test(what_is_read_is_what_it_says),
        cmocka_unit_test(lengths_have_one_form),
        cmocka_unit_test(certificates_are_taken_off_the_front),
        cmocka_unit_test(a_name_is_printable_and_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
