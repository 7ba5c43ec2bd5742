/* server/api/clusters.c - hosts that boot alike, and what sets the others apart.
 *
 * One walk over the store's index counts them; what is told of a cluster is read from one host that
 * stands for it: all of them have its values in the PCRs of the shape. */
#include "server/api/api.h"

#include "server/pcrs.h"
#include "server/shape.h"

#include <stdlib.h>
#include <string.h>

#define CLUSTERS_TOLD_MAX 200 /* told in one answer; each is compared with those before it */

struct told {
    struct tb_cluster c;
    struct tb_pcrs *pcrs; /* of the sample; NULL: not known */
    uint32_t shape_pcrs;
};

struct list {
    struct told *item; /* CLUSTERS_TOLD_MAX of them */
    size_t n;
};

static bool add_cluster(void *ctx, const struct tb_cluster *c)
{
    struct list *l = ctx;

    l->item[l->n++].c = *c;
    return l->n < CLUSTERS_TOLD_MAX;
}

static json_t *pcr_list(uint32_t pcrs)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < TB_N_PCRS; i++)
        if ((pcrs >> i & 1) != 0)
            json_array_append_new(list, json_integer(i));
    return list;
}

/* --- What one host tells of its cluster --- */

/* The part of its result that names the boot, or NULL. */
static json_t *boot_part(struct tb_app *app, const struct tb_host *h)
{
    struct tb_blob blob = { 0 };
    json_t *result = NULL, *boot = NULL;

    if (h->has_result && tb_store_blob_get(app->store, h->result_digest, &blob) == TB_STORE_OK)
        result = json_loadb((const char *)blob.p, blob.len, JSON_REJECT_DUPLICATES, NULL);
    tb_blob_clear(&blob);
    boot = json_incref(json_object_get(result, "boot"));
    json_decref(result);
    return boot;
}

static json_t *programs(const json_t *boot)
{
    json_t *list = json_array();
    const json_t *program;
    size_t i;

    json_array_foreach(json_object_get(boot, "programs"), i, program) json_array_append_new(
        list, json_pack("{sO sO}", "digest", json_object_get(program, "digest"), "unverified_path",
                        json_object_get(program, "unverified_path")));
    return list;
}

static struct tb_pcrs *pcrs_of(struct tb_app *app, const struct tb_host *h)
{
    struct tb_pcrs *pcrs = calloc(1, sizeof *pcrs);
    struct tb_blob blob = { 0 };

    if (pcrs == NULL || !h->has_pcrs ||
        tb_store_blob_get(app->store, h->pcrs_digest, &blob) != TB_STORE_OK ||
        !tb_pcrs_read(tb_slice(blob.p, blob.len), pcrs)) {
        free(pcrs);
        pcrs = NULL;
    }
    tb_blob_clear(&blob);
    return pcrs;
}

/* A member of the boot's facts, or null. */
static json_t *fact(const json_t *boot, const char *name)
{
    const json_t *value = json_object_get(boot, name);

    return value != NULL ? json_incref((json_t *)(uintptr_t)value) : json_null();
}

/* What a unified kernel image or GRUB proved to have named; "": neither. Of the sample alone:
 * GRUB's commands are no part of the shape. */
static const char *kernel(const json_t *story)
{
    const char *uname = json_string_value(json_object_get(story, "uname"));
    const char *name = json_string_value(json_object_get(json_object_get(story, "grub"), "kernel"));

    return uname != NULL && uname[0] != '\0' ? uname : name != NULL ? name : "";
}

static json_t *parts(const json_t *story)
{
    json_t *list = json_object_get(story, "parts");

    return json_is_array(list) ? json_incref(list) : json_array();
}

/* The host may have booted anew since it was counted: then it tells nothing. */
static bool describe(struct tb_app *app, struct told *t, json_t *out)
{
    struct tb_host h;
    json_t *boot;
    enum tb_bank bank;

    if (tb_store_host_get(app->store, t->c.sample, &h) != TB_STORE_OK || !h.has_shape ||
        memcmp(h.shape, t->c.shape, sizeof h.shape) != 0)
        return false;
    t->pcrs = pcrs_of(app, &h);
    boot = boot_part(app, &h);
    t->shape_pcrs = json_is_true(json_object_get(json_object_get(boot, "chain"), "proved"))
                        ? TB_SHAPE_CHAIN_PCRS
                        : TB_SHAPE_PCRS;
    json_object_update_new(out,
                           json_pack("{s{ss ss} ss so so so so so ss}", "sample", "id", h.id,
                                     "name", h.name, "product", h.facts.product, "bank",
                                     t->pcrs != NULL && tb_shape_bank(t->pcrs, &bank)
                                         ? json_string(tb_bank_name(bank))
                                         : json_null(),
                                     "secure_boot", fact(boot, "secure_boot"), "firmware_version",
                                     fact(boot, "firmware_version"), "programs", programs(boot),
                                     "parts", parts(json_object_get(boot, "story")), "kernel",
                                     kernel(json_object_get(boot, "story"))));
    json_decref(boot);
    return true;
}

static unsigned count_bits(uint32_t v)
{
    return (unsigned)__builtin_popcount(v);
}

/* The larger cluster that differs in the fewest PCRs; of equals the largest. One without a bank in
 * common cannot be compared, and comes behind all others. */
static json_t *nearest(const struct list *l, size_t at)
{
    size_t best = at;
    enum tb_bank bank, best_bank = TB_BANK_SHA256;
    uint32_t differ, best_differ = UINT32_MAX;
    bool comparable = false;

    for (size_t i = 0; i < at && l->item[at].pcrs != NULL; i++) {
        if (l->item[i].pcrs == NULL)
            continue;
        if (best == at)
            best = i;
        if (tb_shape_differ(l->item[i].pcrs, l->item[at].pcrs,
                            l->item[i].shape_pcrs & l->item[at].shape_pcrs, &bank, &differ) &&
            (!comparable || count_bits(differ) < count_bits(best_differ))) {
            comparable = true;
            best = i;
            best_bank = bank;
            best_differ = differ;
        }
    }
    if (best == at)
        return json_null();
    return json_pack("{so so so}", "shape", tb_json_hex(l->item[best].c.shape, TB_SHA256_LEN),
                     "bank", comparable ? json_string(tb_bank_name(best_bank)) : json_null(),
                     "pcrs", pcr_list(comparable ? best_differ : 0));
}

static json_t *cluster_json(struct tb_app *app, struct list *l, size_t at)
{
    struct told *t = &l->item[at];
    json_t *o = json_pack("{so sI so}", "shape", tb_json_hex(t->c.shape, TB_SHA256_LEN), "hosts",
                          (json_int_t)t->c.n_hosts, "verdicts", tb_json_verdicts(t->c.verdict));

    if (o == NULL)
        return NULL;
    if (!describe(app, t, o))
        json_object_update_new(o, json_pack("{sn ss sn sn sn s[] s[] ss}", "sample", "product", "",
                                            "bank", "secure_boot", "firmware_version", "programs",
                                            "parts", "kernel", ""));
    json_object_set_new(o, "nearest", nearest(l, at));
    return o;
}

void tb_api_clusters(struct tb_http_request *rq, void *ctx)
{
    static const char *const known[] = { "limit", NULL };
    struct tb_app *app = ctx;
    struct list l = { .item = calloc(CLUSTERS_TOLD_MAX, sizeof *l.item) };
    struct tb_cluster_totals totals;
    json_t *items = json_array();
    uint64_t limit;

    if (l.item == NULL)
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
    else if (tb_api_query_only(rq, known) &&
             tb_http_query_u64(rq, "limit", 1, CLUSTERS_TOLD_MAX, 50, &limit) &&
             tb_api_ok(rq,
                       tb_store_clusters(app->store, (size_t)limit, add_cluster, &l, &totals))) {
        for (size_t i = 0; i < l.n; i++)
            json_array_append_new(items, cluster_json(app, &l, i));
        tb_http_reply_json(
            rq, 200,
            json_pack("{sO sI sI so}", "items", items, "clusters", (json_int_t)totals.n_clusters,
                      "hosts", (json_int_t)totals.n_hosts, "shape_pcrs", pcr_list(TB_SHAPE_PCRS)));
    }
    for (size_t i = 0; i < l.n; i++)
        free(l.item[i].pcrs);
    free(l.item);
    json_decref(items);
}
