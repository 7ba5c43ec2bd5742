/* server/api/diff.c - what changed between two boots: of one host, or of the samples of two
 * clusters.
 *
 * Both logs came from hosts; wire/log_diff.h bounds what is told of them. */
#include "server/api/api.h"

#include "server/pcrs.h"
#include "wire/log_diff.h"

#include <stdlib.h>
#include <string.h>

/* A boot whose log may be held. */
struct boot {
    json_t *told; /* what the answer says of it; owned */
    bool has_log, has_pcrs;
    uint8_t log[TB_SHA256_LEN], pcrs[TB_SHA256_LEN];
};

static void set_digests(struct boot *b, bool has_log, const uint8_t *log, bool has_pcrs,
                        const uint8_t *pcrs)
{
    b->has_log = has_log;
    b->has_pcrs = has_pcrs;
    memcpy(b->log, log, TB_SHA256_LEN);
    memcpy(b->pcrs, pcrs, TB_SHA256_LEN);
}

/* --- Comparing --- */

struct pair {
    struct tb_blob log[2], bytes[2];
    struct tb_pcrs quoted[2];
};

static bool refuse(struct tb_http_request *rq, int status, const char *code, const char *message)
{
    tb_http_reply_error(rq, status, code, "%s", message);
    return false;
}

/* Values that were quoted; none when they are not held, and nothing is vouched for then. */
static bool fetch(struct tb_http_request *rq, struct tb_app *app, const struct boot *boot, int side,
                  struct pair *p)
{
    enum tb_store_status status = TB_STORE_NOT_FOUND;

    if (boot->has_log)
        status = tb_store_blob_get(app->store, boot->log, &p->log[side]);
    if (status == TB_STORE_NOT_FOUND)
        return refuse(rq, 404, "no-log",
                      side == 0 ? "the log of the boot before is not held"
                                : "the log of the boot after is not held");
    if (!tb_api_ok(rq, status))
        return false;
    if (boot->has_pcrs &&
        (tb_store_blob_get(app->store, boot->pcrs, &p->bytes[side]) != TB_STORE_OK ||
         !tb_pcrs_read(tb_slice(p->bytes[side].p, p->bytes[side].len), &p->quoted[side])))
        memset(&p->quoted[side], 0, sizeof p->quoted[side]);
    return true;
}

static void reply_diff(struct tb_http_request *rq, const struct boot boot[2], const struct pair *p)
{
    const struct tb_log_diff in = {
        .log = { tb_slice(p->log[0].p, p->log[0].len), tb_slice(p->log[1].p, p->log[1].len) },
        .quoted = { &p->quoted[0], &p->quoted[1] },
        .brief = true,
    };
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why = { .where = "" };
    bool in_after = false;
    json_t *diff = h != NULL ? tb_log_diff_json(&in, h, &in_after, &why) : NULL;

    if (diff != NULL)
        tb_http_reply_json(
            rq, 200,
            json_pack("{sO sO so}", "from", boot[0].told, "to", boot[1].told, "diff", diff));
    else if (why.where[0] == '\0')
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
    else
        tb_http_reply_refusal(rq, 422,
                              &(struct tb_http_error){ .code = tb_check_text(why.check)->code,
                                                       .message = in_after
                                                                      ? "the log of the boot after"
                                                                        " cannot be read"
                                                                      : "the log of the boot before"
                                                                        " cannot be read",
                                                       .where = why.where,
                                                       .expected = why.expected,
                                                       .found = why.observed });
    tb_hasher_free(h);
}

static void compare(struct tb_http_request *rq, struct tb_app *app, const struct boot boot[2])
{
    struct pair *p = calloc(1, sizeof *p);

    if (p == NULL)
        (void)refuse(rq, 503, "unavailable", "out of memory");
    else if (fetch(rq, app, &boot[0], 0, p) && fetch(rq, app, &boot[1], 1, p))
        reply_diff(rq, boot, p);
    for (int s = 0; p != NULL && s < 2; s++) {
        tb_blob_clear(&p->log[s]);
        tb_blob_clear(&p->bytes[s]);
    }
    free(p);
}

/* --- Of one host --- */

static bool take_period(void *ctx, const struct tb_period *p)
{
    *(struct tb_period *)ctx = *p;
    return false;
}

static bool take_trusted(void *ctx, const struct tb_period *p)
{
    if (p->verdict != TB_VERDICT_TRUSTED)
        return true;
    *(struct tb_period *)ctx = *p;
    return false;
}

#define PERIODS_SEARCHED 100

json_t *tb_json_changed_since(struct tb_app *app, const struct tb_host *host)
{
    struct tb_period p = { .id = 0 };

    if (host->verdict == TB_VERDICT_TRUSTED || host->trusted_ms == 0 ||
        (host->has_log == host->has_trusted_log && host->has_pcrs == host->has_trusted_pcrs &&
         memcmp(host->log_digest, host->trusted_log, TB_SHA256_LEN) == 0 &&
         memcmp(host->pcrs_digest, host->trusted_pcrs, TB_SHA256_LEN) == 0) ||
        tb_store_history(app->store, host->id, 0, PERIODS_SEARCHED, take_trusted, &p) !=
            TB_STORE_OK)
        return json_null();
    return json_pack("{so so}", "period", p.id != 0 ? json_integer(p.id) : json_null(), "when",
                     tb_json_time(host->trusted_ms));
}

/* The boot of a period of this host: that of its first attestation. */
static bool boot_of_period(struct tb_http_request *rq, struct tb_app *app,
                           const struct tb_host *host, uint64_t id, struct boot *out)
{
    struct tb_period p = { .id = 0 };

    if (!tb_api_ok(rq, tb_store_history(app->store, host->id, (int64_t)id + 1, 1, take_period, &p)))
        return false;
    if (p.id != (int64_t)id)
        return refuse(rq, 404, "no-such-period", "this host has no period of this number");
    set_digests(out, p.has_log, p.log_digest, p.has_pcrs, p.pcrs_digest);
    out->told = json_pack("{sI so ss}", "period", (json_int_t)p.id, "when",
                          tb_json_time(p.first_ms), "verdict", tb_verdict_name(p.verdict));
    return true;
}

static bool last_trusted(struct tb_http_request *rq, const struct tb_host *host, struct boot *out)
{
    if (host->trusted_ms == 0)
        return refuse(rq, 404, "no-trusted-boot",
                      "this host has had no trusted boot to compare with: name two periods of its "
                      "history");
    set_digests(out, host->has_trusted_log, host->trusted_log, host->has_trusted_pcrs,
                host->trusted_pcrs);
    out->told = json_pack("{sn so ss}", "period", "when", tb_json_time(host->trusted_ms), "verdict",
                          tb_verdict_name(TB_VERDICT_TRUSTED));
    return true;
}

static void latest(const struct tb_host *host, struct boot *out)
{
    set_digests(out, host->has_log, host->log_digest, host->has_pcrs, host->pcrs_digest);
    out->told = json_pack("{sn so ss}", "period", "when", tb_json_time(host->last_verified_ms),
                          "verdict", tb_verdict_name(host->verdict));
}

void tb_api_host_diff(struct tb_http_request *rq, void *ctx)
{
    static const char *const known[] = { "from", "to", NULL };
    struct tb_app *app = ctx;
    struct boot boot[2] = { { .told = NULL }, { .told = NULL } };
    struct tb_host host;
    uint64_t from, to;
    bool ok;

    if (!tb_api_query_only(rq, known) ||
        !tb_http_query_u64(rq, "from", 1, INT64_MAX - 1, 0, &from) ||
        !tb_http_query_u64(rq, "to", 1, INT64_MAX - 1, 0, &to) || !tb_api_host(rq, app, &host))
        return;
    ok = from != 0 ? boot_of_period(rq, app, &host, from, &boot[0])
                   : last_trusted(rq, &host, &boot[0]);
    if (ok && to == 0)
        latest(&host, &boot[1]);
    else if (ok)
        ok = boot_of_period(rq, app, &host, to, &boot[1]);
    if (ok)
        compare(rq, app, boot);
    json_decref(boot[0].told);
    json_decref(boot[1].told);
}

/* --- Of two clusters --- */

/* The cluster of a shape, and the boot of the host that stands for it. */
static bool boot_of_shape(struct tb_http_request *rq, struct tb_app *app, const char *hex,
                          struct boot *out)
{
    uint8_t shape[TB_SHA256_LEN];
    struct tb_cluster cluster;
    struct tb_host host;
    enum tb_store_status status;

    if (hex == NULL || !tb_unhex(hex, shape, sizeof shape))
        return refuse(rq, 400, "bad-shape", "a shape is 64 hex digits");
    status = tb_store_cluster_get(app->store, shape, &cluster);
    if (status == TB_STORE_OK)
        status = tb_store_host_get(app->store, cluster.sample, &host);
    if (status == TB_STORE_NOT_FOUND)
        return refuse(rq, 404, "no-such-shape", "no host has this boot shape");
    if (!tb_api_ok(rq, status))
        return false;
    set_digests(out, host.has_log, host.log_digest, host.has_pcrs, host.pcrs_digest);
    out->told = json_pack("{so sI s{ss ss}}", "shape", tb_json_hex(shape, sizeof shape), "hosts",
                          (json_int_t)cluster.n_hosts, "sample", "id", host.id, "name", host.name);
    return true;
}

void tb_api_cluster_diff(struct tb_http_request *rq, void *ctx)
{
    static const char *const known[] = { "to", NULL };
    struct tb_app *app = ctx;
    struct boot boot[2] = { { .told = NULL }, { .told = NULL } };

    if (tb_api_query_only(rq, known) &&
        boot_of_shape(rq, app, tb_http_param(rq, "shape"), &boot[0]) &&
        boot_of_shape(rq, app, tb_http_query(rq, "to"), &boot[1]))
        compare(rq, app, boot);
    json_decref(boot[0].told);
    json_decref(boot[1].told);
}
