#include "crypto/cert.h"
#include "crypto/cert_internal.h"
#include "crypto/openssl_names.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One certificate and nothing after it; NULL otherwise. */
static X509 *x509_of(struct tb_reader in)
{
    const uint8_t *p = in.p;
    X509 *x;

    if (in.left == 0 || in.left > TB_CERT_DER_MAX)
        return NULL;
    x = d2i_X509(NULL, &p, (long)in.left);
    if (x == NULL)
        ERR_clear_error();
    else if (p != in.p + in.left) {
        X509_free(x);
        return NULL;
    }
    return x;
}

bool tb_x509_sha256(X509 *x, uint8_t out[32])
{
    unsigned len;

    return X509_digest(x, EVP_sha256(), out, &len) == 1 && len == 32;
}

struct tb_cert *tb_cert_take(X509 *x509)
{
    struct tb_cert *c = calloc(1, sizeof *c);

    if (c == NULL || !tb_x509_sha256(x509, c->sha256)) {
        X509_free(x509);
        free(c);
        return NULL;
    }
    c->x509 = x509;
    return c;
}

struct tb_cert *tb_cert_parse(struct tb_reader in, enum tb_check check, struct tb_reason *why)
{
    struct tb_cert *c;
    X509 *x = x509_of(in);

    if (x == NULL) {
        (void)tb_refuse(why, check, "certificate", "one DER certificate",
                        "%zu bytes of another kind", in.left);
        return NULL;
    }
    c = tb_cert_take(x);
    if (c == NULL)
        (void)tb_refuse(why, check, "certificate", "memory", "none left");
    return c;
}

void tb_cert_free(struct tb_cert *c)
{
    if (c == NULL)
        return;
    X509_free(c->x509);
    free(c);
}

/* RFC 2253 escapes control characters and bytes above 127, and dumps unknown types as hex. */
void tb_name_text(const X509_NAME *name, char *out, size_t out_len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    size_t n = 0;
    char *text;
    long len;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        len = BIO_get_mem_data(bio, &text);
        n = len < 0 ? 0 : (size_t)len;
        if (n > out_len - 1)
            n = out_len - 1;
        for (size_t i = 0; i < n; i++)
            out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
    out[n] = '\0';
    ERR_clear_error();
    BIO_free(bio);
}

void tb_cert_subject_text(const struct tb_cert *c, char out[TB_CERT_NAME_MAX])
{
    tb_name_text(X509_get_subject_name(c->x509), out, TB_CERT_NAME_MAX);
}

void tb_cert_issuer_text(const struct tb_cert *c, char out[TB_CERT_NAME_MAX])
{
    tb_name_text(X509_get_issuer_name(c->x509), out, TB_CERT_NAME_MAX);
}

bool tb_time_of(const ASN1_TIME *t, int64_t *out_s)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(t, &tm) != 1) {
        ERR_clear_error();
        return false;
    }
    *out_s = timegm(&tm);
    return true;
}

bool tb_cert_validity(const struct tb_cert *c, int64_t *not_before_s, int64_t *not_after_s)
{
    int64_t before, after;

    if (!tb_time_of(X509_get0_notBefore(c->x509), &before) ||
        !tb_time_of(X509_get0_notAfter(c->x509), &after))
        return false;
    *not_before_s = before;
    *not_after_s = after;
    return true;
}

void tb_cert_sha256(const struct tb_cert *c, uint8_t out[32])
{
    memcpy(out, c->sha256, 32);
}

bool tb_cert_is_about(const struct tb_cert *c, const struct tb_public *pub)
{
    EVP_PKEY *key = pub->type == TB_ALG_RSA ? tb_openssl_rsa(pub->n_or_x, pub->rsa_exponent)
                                            : tb_openssl_ec(pub->curve, pub->n_or_x, pub->y);
    EVP_PKEY *own = X509_get0_pubkey(c->x509);
    /* 1 is equal; 0, -1 (another type) and -2 are not. */
    bool equal = key != NULL && EVP_PKEY_eq(own, key) == 1;

    EVP_PKEY_free(key);
    ERR_clear_error();
    return equal;
}
