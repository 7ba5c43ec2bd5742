/* The name on a certificate in a Secure Boot variable. d2i_X509() would build its key too, which
 * costs a hundred times as much; so this is the same structure (RFC 5280, 4.1) for OpenSSL's own
 * decoder, with the key and the signature left as they are. Nothing rests on it: the name is only
 * shown. */
#include "crypto/cert_internal.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>

struct named_body {
    ASN1_INTEGER *version, *serial;
    X509_ALGOR *algorithm;
    X509_NAME *issuer;
    X509_VAL *validity;
    X509_NAME *subject;
    ASN1_TYPE *key;
    ASN1_BIT_STRING *issuer_id, *subject_id;
    STACK_OF(X509_EXTENSION) * extensions;
};

struct named {
    struct named_body *body;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
};

typedef struct named_body NAMED_BODY; /* the macros of asn1t.h want names of one word */
typedef struct named NAMED;

/* clang-format off */
ASN1_SEQUENCE(NAMED_BODY) = {
    ASN1_EXP_OPT(NAMED_BODY, version, ASN1_INTEGER, 0),
    ASN1_SIMPLE(NAMED_BODY, serial, ASN1_INTEGER),
    ASN1_SIMPLE(NAMED_BODY, algorithm, X509_ALGOR),
    ASN1_SIMPLE(NAMED_BODY, issuer, X509_NAME),
    ASN1_SIMPLE(NAMED_BODY, validity, X509_VAL),
    ASN1_SIMPLE(NAMED_BODY, subject, X509_NAME),
    ASN1_SIMPLE(NAMED_BODY, key, ASN1_ANY),
    ASN1_IMP_OPT(NAMED_BODY, issuer_id, ASN1_BIT_STRING, 1),
    ASN1_IMP_OPT(NAMED_BODY, subject_id, ASN1_BIT_STRING, 2),
    ASN1_EXP_SEQUENCE_OF_OPT(NAMED_BODY, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END(NAMED_BODY)

ASN1_SEQUENCE(NAMED) = {
    ASN1_SIMPLE(NAMED, body, NAMED_BODY),
    ASN1_SIMPLE(NAMED, algorithm, X509_ALGOR),
    ASN1_SIMPLE(NAMED, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(NAMED)
/* clang-format on */

bool tb_cert_subject(struct tb_reader der, char *out, size_t out_len)
{
    const uint8_t *p = der.p;
    struct named *c = NULL;
    bool whole;

    out[0] = '\0';
    if (der.left != 0 && der.left <= TB_CERT_DER_MAX)
        c = (struct named *)ASN1_item_d2i(NULL, &p, (long)der.left, ASN1_ITEM_rptr(NAMED));
    whole = c != NULL && p == der.p + der.left;
    if (whole)
        tb_name_text(c->body->subject, out, out_len);
    ASN1_item_free((ASN1_VALUE *)c, ASN1_ITEM_rptr(NAMED));
    ERR_clear_error();
    return whole;
}
