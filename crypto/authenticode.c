#include "crypto/authenticode.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert_internal.h"

#define SPC_INDIRECT_DATA "1.3.6.1.4.1.311.2.1.4"
#define PKCS7_MAX (1024 * 1024) /* bytes */

struct tb_program_keys {
    X509_STORE *store;
    size_t n;
};

struct tb_program_keys *tb_program_keys_new(void)
{
    struct tb_program_keys *k = calloc(1, sizeof *k);

    if (k == NULL)
        return NULL;
    k->store = X509_STORE_new();
    if (k->store != NULL &&
        X509_STORE_set_flags(k->store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) ==
            1 &&
        X509_STORE_set_purpose(k->store, X509_PURPOSE_ANY) == 1)
        return k;
    tb_program_keys_free(k);
    return NULL;
}

void tb_program_keys_free(struct tb_program_keys *k)
{
    if (k == NULL)
        return;
    X509_STORE_free(k->store);
    free(k);
}

size_t tb_program_keys_count(const struct tb_program_keys *k)
{
    return k->n;
}

bool tb_program_keys_add(struct tb_program_keys *k, struct tb_reader der)
{
    const unsigned char *p = der.p;
    X509 *x = der.left > TB_CERT_DER_MAX ? NULL : d2i_X509(NULL, &p, (long)der.left);
    bool ok = x != NULL && p == der.p + der.left && X509_STORE_add_cert(k->store, x) == 1;

    X509_free(x);
    ERR_clear_error();
    k->n += ok;
    return ok;
}

static PKCS7 *parse(struct tb_reader der)
{
    const unsigned char *p = der.p;
    PKCS7 *p7 = der.left == 0 || der.left > PKCS7_MAX ? NULL : d2i_PKCS7(NULL, &p, (long)der.left);

    ERR_clear_error();
    if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL &&
        p7->d.sign->contents != NULL && sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info) > 0)
        return p7;
    PKCS7_free(p7);
    return NULL;
}

/* The bytes of SpcIndirectDataContent behind its tag and length: what the signature covers. */
static bool read_content(const PKCS7 *p7, struct tb_reader *out)
{
    const PKCS7 *contents = p7->d.sign->contents;
    char oid[64];
    const unsigned char *p;
    long len;
    int tag, class;

    if (OBJ_obj2txt(oid, sizeof oid, contents->type, 1) <= 0 ||
        strcmp(oid, SPC_INDIRECT_DATA) != 0 || contents->d.other == NULL ||
        contents->d.other->type != V_ASN1_SEQUENCE)
        return false;
    p = contents->d.other->value.sequence->data;
    if ((ASN1_get_object(&p, &len, &tag, &class, contents->d.other->value.sequence->length) &
         0x80) != 0)
        return false;
    *out = tb_slice(p, (size_t)len);
    return true;
}

/* The content ends with the digest, of which the encoding is known. */
static bool ends_with_digest(struct tb_reader content, const uint8_t sha256[32])
{
    static const uint8_t info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
    const uint8_t *end = content.p + content.left;

    return content.left > sizeof info + 32 &&
           memcmp(end - 32 - sizeof info, info, sizeof info) == 0 &&
           memcmp(end - 32, sha256, 32) == 0;
}

static bool verify(PKCS7 *p7, struct tb_reader content, X509_STORE *store, int flags)
{
    BIO *bio = BIO_new_mem_buf(content.p, (int)content.left);
    bool ok = bio != NULL && PKCS7_verify(p7, NULL, store, bio, NULL, flags | PKCS7_BINARY) == 1;

    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

static void name_signer(PKCS7 *p7, char out[TB_PROGRAM_SIGNER_MAX])
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(p7, NULL, 0);

    if (signers != NULL && sk_X509_num(signers) > 0)
        tb_name_text(X509_get_subject_name(sk_X509_value(signers, 0)), out, TB_PROGRAM_SIGNER_MAX);
    sk_X509_free(signers);
    ERR_clear_error();
}

enum tb_program_signature tb_program_signature_check(struct tb_reader pkcs7,
                                                     const uint8_t sha256[32],
                                                     const struct tb_program_keys *keys,
                                                     char signer[TB_PROGRAM_SIGNER_MAX])
{
    enum tb_program_signature result = TB_PROGRAM_MALFORMED;
    PKCS7 *p7 = parse(pkcs7);
    struct tb_reader content;

    signer[0] = '\0';
    if (p7 != NULL && read_content(p7, &content) && ends_with_digest(content, sha256) &&
        verify(p7, content, NULL, PKCS7_NOVERIFY)) {
        name_signer(p7, signer);
        result = verify(p7, content, keys->store, 0) ? TB_PROGRAM_VOUCHED : TB_PROGRAM_STRANGER;
    }
    PKCS7_free(p7);
    return result;
}

bool tb_pkcs7_signer(struct tb_reader pkcs7, char out[TB_PROGRAM_SIGNER_MAX])
{
    PKCS7 *p7 = parse(pkcs7);
    const PKCS7_ISSUER_AND_SERIAL *who;
    char issuer[160];
    BIGNUM *serial;
    char *hex;

    if (p7 == NULL)
        return false;
    who = sk_PKCS7_SIGNER_INFO_value(p7->d.sign->signer_info, 0)->issuer_and_serial;
    tb_name_text(who->issuer, issuer, sizeof issuer);
    serial = ASN1_INTEGER_to_BN(who->serial, NULL);
    hex = serial == NULL ? NULL : BN_bn2hex(serial);
    (void)snprintf(out, TB_PROGRAM_SIGNER_MAX, "a certificate of %s, serial number %.60s", issuer,
                   hex == NULL ? "?" : hex);
    OPENSSL_free(hex);
    BN_free(serial);
    PKCS7_free(p7);
    return true;
}
