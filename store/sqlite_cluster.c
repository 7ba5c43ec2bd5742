/* store/sqlite_cluster.c - hosts that boot alike, counted.
 *
 * Everything comes from the index host_shape: a hundred thousand hosts are one walk over it. */
#include "store/sqlite.h"

#define CLUSTERS                                                                                   \
    "SELECT shape, count(*) AS n, sum(verdict = 1), sum(verdict = 2), sum(verdict = 3),"           \
    " sum(verdict = 4), sum(verdict = 5), sum(verdict = 6), sum(verdict = 7), min(id)"             \
    " FROM host WHERE state = 2 AND shape NOT NULL"

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

static enum tb_store_status get_totals(struct tb_sqlite *c, struct tb_cluster_totals *out)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT count(DISTINCT shape), count(*) FROM host"
                         " WHERE state = 2 AND shape NOT NULL");

    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    out->n_clusters = (uint64_t)tb_get_i64(&q);
    out->n_hosts = (uint64_t)tb_get_i64(&q);
    return tb_row_status(&q);
}

static enum tb_store_status one_cluster(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_cluster cluster;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, CLUSTERS " AND shape = ?1 GROUP BY shape");

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
    TB_SQL q = tb_sql(c, CLUSTERS " GROUP BY shape ORDER BY n DESC, shape LIMIT ?1");

    if (a->digest)
        return one_cluster(c, a);
    tb_put_i64(&q, (int64_t)a->limit);
    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_cluster cluster;

        status = get_cluster(&q, &cluster);
        if (status != TB_STORE_OK)
            return status;
        if (!a->cluster_fn(a->ctx, &cluster))
            break;
    }
    if (status != TB_STORE_OK && status != TB_STORE_NOT_FOUND)
        return status;
    return get_totals(c, a->totals_out);
}
