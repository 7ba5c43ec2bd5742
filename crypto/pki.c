#include "crypto/pki_internal.h"
#include "crypto/cert_internal.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define BACKDATED_S 3600 /* an agent's clock may be a little behind */
#define DAY_S 86400

bool tb_pki_fail(char err[TB_PKI_ERROR_MAX], const char *what)
{
    snprintf(err, TB_PKI_ERROR_MAX, "%s", what);
    ERR_clear_error();
    return false;
}

void tb_pki_pair_wipe(struct tb_pki_pair *p)
{
    tb_wipe(p, sizeof *p);
}

/* ---- PEM ---- */

X509 *tb_pki_cert_of(struct tb_reader pem)
{
    BIO *bio = pem.left > TB_PEM_MAX ? NULL : BIO_new_mem_buf(pem.p, (int)pem.left);
    X509 *x = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    ERR_clear_error();
    return x;
}

EVP_PKEY *tb_pki_key_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *k = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    ERR_clear_error();
    return k;
}

/* The bio's contents as text, appended at out + *n. Wipes the bio, which may hold a key. */
static bool bio_text(BIO *bio, char *out, size_t *n)
{
    char *p = NULL;
    long len = BIO_get_mem_data(bio, &p);
    bool ok = len > 0 && (size_t)len < TB_PEM_MAX - *n;

    if (ok) {
        memcpy(out + *n, p, (size_t)len);
        *n += (size_t)len;
        out[*n] = '\0';
    }
    if (len > 0)
        tb_wipe(p, (size_t)len);
    return ok;
}

static bool put_cert(X509 *x, char *out, size_t *n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL && PEM_write_bio_X509(bio, x) == 1 && bio_text(bio, out, n);

    BIO_free(bio);
    return ok;
}

static bool put_key(EVP_PKEY *k, char *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    size_t n = 0;
    bool ok = bio != NULL &&
              PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL) == 1 &&
              bio_text(bio, out, &n);

    BIO_free(bio);
    return ok;
}

bool tb_pki_put_pair(X509 *x, EVP_PKEY *key, struct tb_pki_pair *out)
{
    size_t n = 0;

    memset(out, 0, sizeof *out);
    if (put_cert(x, out->cert, &n) && put_key(key, out->key))
        return true;
    tb_pki_pair_wipe(out);
    return false;
}

/* ---- certificates ---- */

/* RFC 5280, 4.1.2.2: positive, at most 20 octets; random, so that two CAs never meet in one. */
static bool set_serial(X509 *x)
{
    uint8_t serial[16];
    BIGNUM *n;
    bool ok;

    if (!tb_random(serial, sizeof serial))
        return false;
    serial[0] &= 0x7f;
    serial[0] |= 0x40;
    n = BN_bin2bn(serial, sizeof serial, NULL);
    ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return ok;
}

static bool set_times(X509 *x, int64_t now_s, int days)
{
    return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now_s - BACKDATED_S)) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(now_s + (int64_t)days * DAY_S)) != NULL;
}

bool tb_pki_add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;
    bool ok;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool set_subject(X509 *x, const char *name)
{
    X509_NAME *n = X509_get_subject_name(x);

    return X509_NAME_add_entry_by_NID(n, NID_commonName, MBSTRING_UTF8, (const unsigned char *)name,
                                      -1, -1, 0) == 1;
}

X509 *tb_pki_cert_begin(EVP_PKEY *key, const char *name, X509 *issuer, int64_t now_s, int days)
{
    X509 *x = X509_new();

    if (x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
        set_times(x, now_s, days) && set_subject(x, name) &&
        X509_set_issuer_name(x, X509_get_subject_name(issuer == NULL ? x : issuer)) == 1 &&
        X509_set_pubkey(x, key) == 1)
        return x;
    X509_free(x);
    return NULL;
}

bool tb_pki_ca_make(const char *name, int64_t now_s, struct tb_pki_pair *out,
                    char err[TB_PKI_ERROR_MAX])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key == NULL ? NULL : tb_pki_cert_begin(key, name, NULL, now_s, TB_PKI_CA_DAYS);
    size_t n = 0;
    bool ok;

    memset(out, 0, sizeof *out);
    ok = x != NULL &&
         tb_pki_add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
         tb_pki_add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         tb_pki_add_extension(x, x, NID_subject_key_identifier, "hash") &&
         X509_sign(x, key, EVP_sha256()) > 0 && put_cert(x, out->cert, &n) &&
         put_key(key, out->key);
    X509_free(x);
    EVP_PKEY_free(key);
    if (ok)
        return true;
    tb_pki_pair_wipe(out);
    return tb_pki_fail(err, "the CA's certificate could not be made");
}

static bool is_address(const char *name)
{
    uint8_t buf[16];

    return inet_pton(AF_INET, name, buf) == 1 || inet_pton(AF_INET6, name, buf) == 1;
}

/* Letters, digits, '-', '.', '*' only: a comma would start another extension value. */
static bool is_dns_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= 253 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_") ==
               len;
}

static bool add_alt_names(X509 *x, X509 *issuer, const char *const *names, size_t n_names)
{
    char value[TB_PKI_NAMES_MAX * 260] = "";
    size_t n = 0;

    for (size_t i = 0; i < n_names; i++)
        n += (size_t)snprintf(value + n, sizeof value - n, "%s%s:%s", i == 0 ? "" : ",",
                              is_address(names[i]) ? "IP" : "DNS", names[i]);
    return tb_pki_add_extension(x, issuer, NID_subject_alt_name, value);
}

static X509 *server_cert(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const char *const *names,
                         size_t n_names, int64_t now_s)
{
    /* ub-common-name is 64 (RFC 5280, A.1); browsers and curl read the alternative names only. */
    const char *common = strlen(names[0]) <= 64 ? names[0] : "trueboot-server";
    X509 *x = tb_pki_cert_begin(key, common, ca, now_s, TB_PKI_SERVER_DAYS);

    if (x != NULL && tb_pki_add_extension(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
        tb_pki_add_extension(x, ca, NID_key_usage, "critical,digitalSignature") &&
        tb_pki_add_extension(x, ca, NID_ext_key_usage, "serverAuth") &&
        tb_pki_add_extension(x, ca, NID_subject_key_identifier, "hash") &&
        tb_pki_add_extension(x, ca, NID_authority_key_identifier, "keyid:always") &&
        add_alt_names(x, ca, names, n_names) && X509_sign(x, ca_key, EVP_sha256()) > 0)
        return x;
    X509_free(x);
    return NULL;
}

bool tb_pki_server_make(const struct tb_pki_pair *ca, const char *const *names, size_t n_names,
                        int64_t now_s, struct tb_pki_pair *out, char err[TB_PKI_ERROR_MAX])
{
    X509 *ca_cert, *x = NULL;
    EVP_PKEY *ca_key, *key = NULL;
    size_t n = 0;
    bool ok;

    memset(out, 0, sizeof *out);
    if (n_names == 0 || n_names > TB_PKI_NAMES_MAX)
        return tb_pki_fail(err, "a server certificate has 1 to 16 names");
    for (size_t i = 0; i < n_names; i++)
        if (!is_address(names[i]) && !is_dns_name(names[i]))
            return tb_pki_fail(err, "a name is neither an IP address nor a DNS name");
    ca_cert = tb_pki_cert_of(tb_slice(ca->cert, strnlen(ca->cert, sizeof ca->cert)));
    ca_key = tb_pki_key_of(ca->key);
    if (ca_cert != NULL && ca_key != NULL && X509_check_private_key(ca_cert, ca_key) == 1)
        key = EVP_EC_gen("P-256");
    if (key != NULL)
        x = server_cert(key, ca_cert, ca_key, names, n_names, now_s);
    ok = x != NULL && put_cert(x, out->cert, &n) && put_cert(ca_cert, out->cert, &n) &&
         put_key(key, out->key);
    X509_free(x);
    X509_free(ca_cert);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    if (ok)
        return true;
    tb_pki_pair_wipe(out);
    return tb_pki_fail(
        err, "the server's certificate could not be made: the CA's key or certificate does "
             "not fit");
}

bool tb_pki_fingerprint(struct tb_reader cert_pem, uint8_t out[32])
{
    X509 *x = tb_pki_cert_of(cert_pem);
    bool ok = x != NULL && tb_x509_sha256(x, out);

    X509_free(x);
    return ok;
}

static bool has_names(X509 *x, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++)
        if ((is_address(names[i]) ? X509_check_ip_asc(x, names[i], 0)
                                  : X509_check_host(x, names[i], 0, 0, NULL)) != 1)
            return false;
    return true;
}

static bool is_good_until_later(X509 *x, int64_t now_s)
{
    int64_t before, after;

    if (!tb_time_of(X509_get0_notBefore(x), &before) ||
        !tb_time_of(X509_get0_notAfter(x), &after) || now_s < before)
        return false;
    return after - now_s >= (after - before) / 3;
}

bool tb_pki_needs_renewal(struct tb_reader cert_pem, struct tb_reader ca_pem,
                          const char *const *names, size_t n_names, int64_t now_s)
{
    X509 *x = tb_pki_cert_of(cert_pem), *ca = tb_pki_cert_of(ca_pem);
    bool good = x != NULL && ca != NULL && X509_verify(x, X509_get0_pubkey(ca)) == 1 &&
                is_good_until_later(x, now_s) && has_names(x, names, n_names);

    ERR_clear_error();
    X509_free(x);
    X509_free(ca);
    return !good;
}
