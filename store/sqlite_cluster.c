/* store/sqlite_cluster.c - hosts that boot alike, counted.
 *
 * Everything comes from the index host_shape: a hundred thousand hosts are one walk over it. */
#include "store/sqlite.h"

/* Of each shape: hosts, by verdict, one of them; and how many shapes and hosts there are in all. */
#define CLUSTERS(and)                                                                              \
    "SELECT shape, sum(n) AS hosts, sum(iif(verdict = 1, n, 0)), sum(iif(verdict = 2, n, 0)),"     \
    " sum(iif(verdict = 3, n, 0)), sum(iif(verdict = 4, n, 0)), sum(iif(verdict = 5, n, 0)),"      \
    " sum(iif(verdict = 6, n, 0)), sum(iif(verdict = 7, n, 0)),"                                   \
    " coalesce(min(iif(verdict = 1, sample, NULL)), min(sample)), count(*) OVER (),"               \
    " sum(sum(n)) OVER () FROM (SELECT shape, verdict, count(*) AS n, min(id) AS sample FROM host" \
    " WHERE state = 2 AND shape NOT NULL" and                                                      \
        " GROUP BY shape, verdict) GROUP BY shape"

static enum tb_store_status get_cluster(struct tb_sql *q, struct tb_cluster *out)
{
    if (!tb_get_digest(q, out->shape))
        q->failed = true;
    out->n_hosts = (uint64_t)tb_get_i64(q);
    out->verdict[TB_VERDICT_NONE] = 0;
    for (size_t v = TB_VERDICT_TRUSTED; v < TB_N_VERDICTS; v++)
        out->verdict[v] = (uint64_t)tb_get_i64(q);
    tb_get_text(q, out->sample, sizeof out->sample);
    return tb_row_status(q);
}

static enum tb_store_status one_cluster(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_cluster cluster;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, CLUSTERS(" AND shape = ?1"));

    tb_put_digest(&q, a->digest);
    status = tb_sql_step(&q);
    if (status == TB_STORE_OK)
        status = get_cluster(&q, &cluster);
    if (status == TB_STORE_OK)
        (void)a->cluster_fn(a->ctx, &cluster);
    return status;
}

/* digest: that one only. */
enum tb_store_status tb_sqlite_clusters(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, CLUSTERS("") " ORDER BY hosts DESC, shape LIMIT ?1");

    if (a->digest)
        return one_cluster(c, a);
    *a->totals_out = (struct tb_cluster_totals){ 0 };
    tb_put_i64(&q, (int64_t)a->limit);
    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_cluster cluster;

        status = get_cluster(&q, &cluster);
        a->totals_out->n_clusters = (uint64_t)tb_get_i64(&q);
        a->totals_out->n_hosts = (uint64_t)tb_get_i64(&q);
        if (status != TB_STORE_OK || !a->cluster_fn(a->ctx, &cluster))
            return status;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}
