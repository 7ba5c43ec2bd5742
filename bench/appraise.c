/* bench/appraise.c - what the Verifier's own work costs beside the bare signature.
 *
 * Each figure is measured in turn with its ceiling, round by round, by the thread's CPU clock; what
 * counts is the median of the ratios, because the machine's speed drifts. The ceiling is
 * EVP_PKEY_verify of the same OpenSSL over the finished digest with a prepared context.
 * usage: appraise [--short] [LOG] */
#include "server/boot_key.h"
#include "server/lru.h"
#include "tests/unit/evidence_builder.h"
#include "wire/messages.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX 101

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof v[0], by_value);
    return v[n / 2];
}

struct timing {
    void (*run)(void *ctx);
    void *ctx;
};

/* Microseconds per run: as many as fit into a few milliseconds. */
static double time_once(const struct timing *t, unsigned times)
{
    double start = cpu_us();

    for (unsigned i = 0; i < times; i++)
        t->run(t->ctx);
    return (cpu_us() - start) / times;
}

static unsigned times_for(const struct timing *t, double slice_us)
{
    double one;

    t->run(t->ctx);
    one = time_once(t, 20);
    return one > slice_us ? 1 : (unsigned)(slice_us / (one > 0.01 ? one : 0.01)) + 1;
}

/* Median microseconds of a and b, and the median of their ratios. */
static double compare(const struct timing *a, const struct timing *b, unsigned rounds, double *a_us,
                      double *b_us)
{
    double as[ROUNDS_MAX], bs[ROUNDS_MAX], ratios[ROUNDS_MAX];
    unsigned na = times_for(a, 4000), nb = times_for(b, 4000);

    for (unsigned i = 0; i < rounds; i++) {
        as[i] = time_once(a, na);
        bs[i] = time_once(b, nb);
        ratios[i] = as[i] / bs[i];
    }
    *a_us = median(as, rounds);
    *b_us = median(bs, rounds);
    return median(ratios, rounds);
}

/* --- The ceiling: one signature --- */

struct bare {
    EVP_PKEY_CTX *ctx;
    uint8_t sig[1024];
    size_t sig_len;
    uint8_t digest[32];
};

static EVP_PKEY *bare_key(const struct tb_public *pub)
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *c;
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params;
    uint8_t point[65] = { 4 };
    BIGNUM *n = NULL, *e = NULL;

    if (pub->type == TB_ALG_RSA) {
        n = BN_bin2bn(pub->n_or_x.p, (int)pub->n_or_x.left, NULL);
        e = BN_new();
        BN_set_word(e, pub->rsa_exponent);
        OSSL_PARAM_BLD_push_BN(b, "n", n);
        OSSL_PARAM_BLD_push_BN(b, "e", e);
        c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    } else {
        memcpy(point + 33 - pub->n_or_x.left, pub->n_or_x.p, pub->n_or_x.left);
        memcpy(point + 65 - pub->y.left, pub->y.p, pub->y.left);
        OSSL_PARAM_BLD_push_utf8_string(b, "group", "prime256v1", 0);
        OSSL_PARAM_BLD_push_octet_string(b, "pub", point, sizeof point);
        c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    }
    params = OSSL_PARAM_BLD_to_param(b);
    if (EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        die("bare key");
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    BN_free(n);
    BN_free(e);
    return key;
}

static void bare_init(struct bare *b, const struct evidence *e)
{
    struct tb_public pub;
    struct tb_signature sig;
    struct tb_reason why;
    EVP_PKEY *key;
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);

    if (!tb_public_check_ak(e->in.ak_public, &pub, &why) ||
        !tb_signature_parse(e->in.signature, &sig, &why))
        die(why.where);
    key = bare_key(&pub);
    b->ctx = EVP_PKEY_CTX_new(key, NULL);
    if (EVP_PKEY_verify_init(b->ctx) != 1 || EVP_PKEY_CTX_set_signature_md(b->ctx, md) != 1)
        die("bare context");
    if (pub.type == TB_ALG_RSA) {
        memcpy(b->sig, sig.sig_or_r.p, sig.sig_or_r.left);
        b->sig_len = sig.sig_or_r.left;
    } else {
        ECDSA_SIG *s = ECDSA_SIG_new();
        unsigned char *p = b->sig;

        ECDSA_SIG_set0(s, BN_bin2bn(sig.sig_or_r.p, (int)sig.sig_or_r.left, NULL),
                       BN_bin2bn(sig.s.p, (int)sig.s.left, NULL));
        b->sig_len = (size_t)i2d_ECDSA_SIG(s, &p);
        ECDSA_SIG_free(s);
    }
    SHA256(e->in.quote.p, e->in.quote.left, b->digest);
    EVP_PKEY_free(key);
    EVP_MD_free(md);
}

static void bare_run(void *ctx)
{
    struct bare *b = ctx;

    if (EVP_PKEY_verify(b->ctx, b->sig, b->sig_len, b->digest, sizeof b->digest) != 1)
        die("the bare signature does not verify");
}

/* --- The quote check --- */

struct quote_work {
    struct evidence *e;
    struct tb_quote_result result;
};

static void quote_run(void *ctx)
{
    struct quote_work *q = ctx;

    tb_appraise_quote(&q->e->in, q->e->h, &q->result);
    if (!q->result.genuine)
        die("the quote is not genuine");
}

/* --- A steady attestation: decode, resolve, quote, cached boot, conclude --- */

struct steady {
    struct evidence *e;
    struct tb_lru *boots;
    struct tb_boot_key key;
    uint8_t message[8192];
    size_t message_len;
    struct tb_held_evidence held;
    struct tb_pcrs held_pcrs;
    struct tb_boot_result boot;
    struct tb_result result;
};

static void nothing(void *value)
{
    (void)value;
}

static void boot_key(const struct steady *s, const struct tb_evidence_content *m,
                     struct tb_boot_key *key)
{
    memset(key, 0, sizeof *key);
    memcpy(key->pcrs_fingerprint, m->pcrs_fingerprint, 32);
    memcpy(key->log_digest, m->log_digest, 32);
    memcpy(key->user_log_digest, m->user_log_digest, 32);
    memcpy(key->packages_digest, m->packages_digest, 32);
    memcpy(key->policy_digest, s->e->policy.digest, 32);
    tb_boot_key_set_firmware(key, &s->e->in.firmware);
}

/* The message as a host sends it that knows what the Verifier holds. */
static void steady_init(struct steady *s, struct evidence *e)
{
    struct tb_evidence_message m = { 0 };

    s->e = e;
    s->held_pcrs = e->content.pcrs;
    s->held.pcrs = &s->held_pcrs;
    memcpy(s->held.pcrs_fingerprint, e->message.pcrs_fingerprint, 32);
    s->held.log.has = true;
    memcpy(s->held.log.digest, e->message.log_digest, 32);
    tb_appraise_boot(&(struct tb_boot_input){ .log = e->content.log,
                                              .user_log = e->content.user_log,
                                              .packages = e->content.packages,
                                              .quoted = &e->content.pcrs,
                                              .policy = &e->policy,
                                              .firmware = &e->in.firmware },
                     e->h, &s->boot);
    e->message.has_pcrs = false;
    e->message.log = tb_slice(NULL, 0);
    evidence_bind(e);
    evidence_sign(e);
    snprintf(m.host_id, sizeof m.host_id, "%.*s", (int)e->in.host_id.left,
             (const char *)e->in.host_id.p);
    memcpy(m.nonce, e->nonce, sizeof m.nonce);
    m.quote = e->in.quote;
    m.signature = e->in.signature;
    m.content = e->in.content_bytes;
    if (!tb_evidence_message_encode(&m, s->message, sizeof s->message, &s->message_len))
        die("the evidence message does not encode");
    s->boots = tb_lru_new(16, sizeof(struct tb_boot_key), nothing);
    boot_key(s, &e->message, &s->key);
    tb_lru_release(s->boots, tb_lru_put(s->boots, &s->key, &s->boot));
}

static void steady_run(void *ctx)
{
    struct steady *s = ctx;
    struct tb_evidence_message m;
    struct tb_evidence_content c;
    struct tb_content content;
    struct tb_appraisal_input in = s->e->in;
    struct tb_lru_item *item;
    struct tb_reason why;
    struct tb_boot_key key;

    if (!tb_evidence_message_decode(tb_slice(s->message, s->message_len), &m, &why) ||
        !tb_evidence_content_decode(m.content, &c, &why) ||
        !tb_content_resolve(&c, &s->held, s->e->h, &content, &why))
        die(why.where);
    in.quote = m.quote;
    in.signature = m.signature;
    in.content_bytes = m.content;
    in.content = &content;
    tb_appraise_quote(&in, s->e->h, &s->result.quote);
    boot_key(s, &c, &key);
    item = tb_lru_get(s->boots, &key);
    if (item == NULL || !s->result.quote.genuine)
        die("not a steady attestation");
    tb_conclude(&s->result.quote, tb_lru_value(item), &s->e->policy, &s->result);
    tb_lru_release(s->boots, item);
    if (s->result.verdict != TB_VERDICT_TRUSTED)
        die("the steady attestation is not trusted");
}

/* --- Replay
 * -----------------------------------------------------------------------------------------------
 */

struct replay_work {
    uint8_t *log;
    size_t len;
    struct tb_hasher *h;
    struct tb_replay replay;
};

static void replay_run(void *ctx)
{
    struct replay_work *r = ctx;
    struct tb_reason why;

    if (!tb_log_replay(tb_slice(r->log, r->len), 1u << TB_BANK_SHA256, r->h, &r->replay, &why))
        die(why.where);
}

#define LOG_LEN 34034

/* The project's own boot, with events like those of a boot loader behind it up to LOG_LEN. */
static void grow_log(struct replay_work *r)
{
    static const uint8_t head[] = { 8, 0, 0, 0, 0x0d, 0, 0, 0, 4, 0, 0, 0 };
    static const struct {
        uint8_t alg;
        size_t len;
    } algs[] = { { 4, 20 }, { 11, 32 }, { 12, 48 }, { 13, 64 } };
    static const char text[] = "grub_cmd: menuentry a line as a boot loader measures it";

    r->log = realloc(r->log, LOG_LEN + 512);
    while (r->len < LOG_LEN) {
        uint8_t *p = r->log + r->len;

        memcpy(p, head, sizeof head);
        p += sizeof head;
        for (size_t i = 0; i < 4; i++) {
            *p++ = algs[i].alg;
            *p++ = 0;
            memset(p, (int)r->len & 0xff, algs[i].len);
            p += algs[i].len;
        }
        *p++ = (uint8_t)sizeof text;
        memset(p, 0, 3);
        p += 3;
        memcpy(p, text, sizeof text);
        r->len = (size_t)(p + sizeof text - r->log);
    }
}

static void load_log(struct replay_work *r, const char *given)
{
    const char *source = getenv("TRUEBOOT_SOURCE");
    char path[4096];
    FILE *f;

    snprintf(path, sizeof path, "%s/tests/data/boots/good/binary_bios_measurements",
             source != NULL ? source : TB_SOURCE_DIR);
    f = fopen(given != NULL ? given : path, "rb");
    r->log = malloc(TB_LOG_SIZE_MAX);
    if (f == NULL || r->log == NULL)
        die(given != NULL ? given : path);
    r->len = fread(r->log, 1, TB_LOG_SIZE_MAX, f);
    fclose(f);
    if (given == NULL)
        grow_log(r);
}

/* --- Table
 * -------------------------------------------------------------------------------------------------
 */

static void row(const char *what, double us, double ceiling_us, double ratio, double most)
{
    printf("%-44s %9.1f us  ceiling %8.1f us  ratio %5.3f (at most %.2f) %s\n", what, us,
           ceiling_us, ratio, most, ratio <= most ? "ok" : "OVER");
}

static struct evidence *evidence_of_kind(enum test_ak_kind kind)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));

    if (kind != TEST_AK_P256) {
        test_ak_free(e->ak);
        e->ak = test_ak_new(kind);
        e->in.ak_public = test_ak_public(e->ak);
    }
    evidence_run(e);
    if (e->result.verdict != TB_VERDICT_TRUSTED)
        die(tb_result_headline(&e->result));
    return e;
}

static void bench_key(const char *name, enum test_ak_kind kind, unsigned rounds)
{
    struct evidence *e = evidence_of_kind(kind);
    struct bare bare = { 0 };
    struct quote_work quote = { .e = e };
    struct steady *steady = calloc(1, sizeof *steady);
    struct tb_public pub;
    struct tb_reason why;
    double us, ceiling, ratio;
    char text[64];

    if (!tb_public_check_ak(e->in.ak_public, &pub, &why))
        die(why.where);
    e->in.ak_key = tb_public_key(&pub);
    e->in.roca = TB_ROCA_NONE; /* looked at once for a key, as the server does */
    steady_init(steady, e);
    bare_init(&bare, e);
    ratio = compare(&(struct timing){ quote_run, &quote }, &(struct timing){ bare_run, &bare },
                    rounds, &us, &ceiling);
    snprintf(text, sizeof text, "quote check, %s", name);
    row(text, us, ceiling, ratio, 1.15);
    ratio = compare(&(struct timing){ steady_run, steady }, &(struct timing){ bare_run, &bare },
                    rounds, &us, &ceiling);
    snprintf(text, sizeof text, "steady attestation (cached boot), %s", name);
    row(text, us, ceiling, ratio, 1.2);
    tb_lru_free(steady->boots);
    free(steady);
    EVP_PKEY_CTX_free(bare.ctx);
    tb_key_free(e->in.ak_key);
    evidence_free(e);
}

int main(int argc, char **argv)
{
    struct replay_work replay = { .h = tb_hasher_new() };
    unsigned rounds = ROUNDS_MAX;
    double us[ROUNDS_MAX], middle;
    const char *given = NULL;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--short") == 0)
            rounds = 15;
        else
            given = argv[i];
    load_log(&replay, given);
    for (unsigned i = 0; i < rounds; i++)
        us[i] = time_once(&(struct timing){ replay_run, &replay }, 40);
    middle = median(us, rounds);
    printf("parse and replay, %zu bytes, %u events, one bank %8.1f us (at most 100) %s\n",
           replay.len, replay.replay.n_events, middle, middle <= 100 ? "ok" : "OVER");
    bench_key("P-256", TEST_AK_P256, rounds);
    bench_key("RSA 2048", TEST_AK_RSA2048, rounds);
    tb_hasher_free(replay.h);
    free(replay.log);
    return 0;
}
