#include "crypto/ek_internal.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define FILE_CERTS_MAX 1024 /* certificates in one bundle file */

static const enum tb_check C = TB_CHECK_IDENTITY_EK_CERT;

struct tb_roots *tb_roots_new(void)
{
    struct tb_roots *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->store = X509_STORE_new();
    r->intermediates = sk_X509_new_null();
    r->all = sk_X509_new_null();
    r->sha1 = sk_X509_new_null();
    if (r->store == NULL || r->intermediates == NULL || r->all == NULL || r->sha1 == NULL) {
        tb_roots_free(r);
        return NULL;
    }
    return r;
}

void tb_roots_free(struct tb_roots *r)
{
    if (r == NULL)
        return;
    X509_STORE_free(r->store);
    sk_X509_pop_free(r->intermediates, X509_free);
    sk_X509_pop_free(r->all, X509_free);
    sk_X509_free(r->sha1); /* what is in it is in `all` */
    free(r);
}

size_t tb_roots_count(const struct tb_roots *r)
{
    return r->n_roots;
}

size_t tb_roots_intermediates(const struct tb_roots *r)
{
    return (size_t)sk_X509_num(r->intermediates);
}

static bool self_issued(X509 *x)
{
    return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

bool tb_x509_is_in(STACK_OF(X509) * stack, const X509 *x)
{
    for (int i = 0; i < sk_X509_num(stack); i++)
        if (X509_cmp(sk_X509_value(stack, i), x) == 0)
            return true;
    return false;
}

static bool is_there(const struct tb_roots *r, X509 *x)
{
    return tb_x509_is_in(r->all, x);
}

static bool add_one(struct tb_roots *r, X509 *x, const char *name, struct tb_reason *why)
{
    if (is_there(r, x))
        return true;
    if (X509_up_ref(x) != 1 || sk_X509_push(r->all, x) <= 0)
        return tb_refuse(why, C, name, "memory", "none left");
    if (self_issued(x)) {
        if (X509_STORE_add_cert(r->store, x) != 1)
            return tb_refuse(why, C, name, "memory", "none left");
        r->n_roots++;
        return true;
    }
    if (X509_up_ref(x) != 1 || sk_X509_push(r->intermediates, x) <= 0)
        return tb_refuse(why, C, name, "memory", "none left");
    return true;
}

/* Every certificate of a PEM file. Text between and other PEM blocks are passed over, as everywhere
 * where PEM is used; a certificate that does not parse is refused. */
static bool read_pem(struct tb_reader file, STACK_OF(X509) * out, const char *name,
                     struct tb_reason *why)
{
    BIO *bio = BIO_new_mem_buf(file.p, (int)file.left);
    unsigned long err;
    X509 *x;

    if (bio == NULL)
        return tb_refuse(why, C, name, "memory", "none left");
    ERR_clear_error();
    while (sk_X509_num(out) < FILE_CERTS_MAX &&
           (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (sk_X509_push(out, x) <= 0)
            X509_free(x);
    err = ERR_peek_last_error();
    ERR_clear_error();
    BIO_free(bio);
    /* "no start line" is how the end of the file looks. */
    if (ERR_GET_LIB(err) != ERR_LIB_PEM || ERR_GET_REASON(err) != PEM_R_NO_START_LINE)
        return tb_refuse(why, C, name, "at most 1024 PEM certificates",
                         "a block that is none, after %d", sk_X509_num(out));
    if (sk_X509_num(out) == 0) /* other blocks only: a key, say */
        return tb_refuse(why, C, name, "a PEM certificate", "none");
    return true;
}

static bool read_der(struct tb_reader file, STACK_OF(X509) * out, const char *name,
                     struct tb_reason *why)
{
    struct tb_cert *c = tb_cert_parse(file, C, why);
    X509 *x;

    if (c == NULL)
        return tb_refuse(why, C, name, "a PEM or DER certificate", "%zu bytes of another kind",
                         file.left);
    x = c->x509;
    c->x509 = NULL;
    tb_cert_free(c);
    if (sk_X509_push(out, x) > 0)
        return true;
    X509_free(x);
    return tb_refuse(why, C, name, "memory", "none left");
}

static bool none_self_issued(STACK_OF(X509) * certs, const char *name, struct tb_reason *why)
{
    char subject[TB_CERT_NAME_MAX];

    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *x = sk_X509_value(certs, i);

        tb_name_text(X509_get_subject_name(x), subject, sizeof subject);
        if (self_issued(x))
            return tb_refuse(why, C, name, "intermediates only", "a self-issued certificate: %s",
                             subject);
    }
    return true;
}

static bool add_file(struct tb_roots *r, struct tb_reader file, const char *name, bool with_roots,
                     struct tb_reason *why)
{
    static const char begin[] = "-----BEGIN";
    STACK_OF(X509) *certs = sk_X509_new_null();
    bool pem = file.left != 0 && memmem(file.p, file.left, begin, sizeof begin - 1) != NULL;
    bool ok;

    if (certs == NULL)
        return tb_refuse(why, C, name, "memory", "none left");
    if (file.left > INT32_MAX)
        ok = tb_refuse(why, C, name, "less than 2 GiB", "%zu bytes", file.left);
    else
        ok = pem ? read_pem(file, certs, name, why) : read_der(file, certs, name, why);
    if (ok &&
        (size_t)sk_X509_num(certs) > TB_ROOTS_MAX - tb_roots_count(r) - tb_roots_intermediates(r))
        ok = tb_refuse(why, C, name, "at most 4096 certificates in all", "more");
    if (ok && !with_roots)
        ok = none_self_issued(certs, name, why);
    for (int i = 0; ok && i < sk_X509_num(certs); i++)
        ok = add_one(r, sk_X509_value(certs, i), name, why);
    sk_X509_pop_free(certs, X509_free);
    return ok;
}

bool tb_roots_add(struct tb_roots *r, struct tb_reader file, const char *name,
                  struct tb_reason *why)
{
    return add_file(r, file, name, true, why);
}

bool tb_roots_add_intermediates(struct tb_roots *r, struct tb_reader file, const char *name,
                                struct tb_reason *why)
{
    return add_file(r, file, name, false, why);
}

bool tb_roots_allow_sha1(struct tb_roots *r, const uint8_t sha256[32])
{
    uint8_t own[32];

    for (int i = 0; i < sk_X509_num(r->all); i++) {
        X509 *x = sk_X509_value(r->all, i);

        if (self_issued(x) && tb_x509_sha256(x, own) && memcmp(own, sha256, sizeof own) == 0)
            return tb_x509_is_in(r->sha1, x) || sk_X509_push(r->sha1, x) > 0;
    }
    return false;
}

void tb_roots_get(const struct tb_roots *r, size_t i, struct tb_root_facts *out)
{
    X509 *x = sk_X509_value(r->all, (int)i);

    *out =
        (struct tb_root_facts){ .root = self_issued(x), .allow_sha1 = tb_x509_is_in(r->sha1, x) };
    out->has_times = tb_time_of(X509_get0_notBefore(x), &out->not_before_s) &&
                     tb_time_of(X509_get0_notAfter(x), &out->not_after_s);
    tb_name_text(X509_get_subject_name(x), out->subject, sizeof out->subject);
    tb_name_text(X509_get_issuer_name(x), out->issuer, sizeof out->issuer);
    if (!tb_x509_sha256(x, out->sha256)) /* no input can bring this about */
        memset(out->sha256, 0, sizeof out->sha256);
}

char *tb_roots_pem(const struct tb_roots *r, size_t i)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *text = NULL;
    long len;

    if (bio != NULL && PEM_write_bio_X509(bio, sk_X509_value(r->all, (int)i)) == 1 &&
        (len = BIO_get_mem_data(bio, &data)) > 0)
        text = strndup(data, (size_t)len);
    ERR_clear_error();
    BIO_free(bio);
    return text;
}
