/* store/sqlite_purge.c - what is not kept for ever. The audit log is not in the list. */
#include "store/sqlite.h"

/* ?1 now, ?2 what is older than this goes, ?3 at most so many rows at a time. In this order: a blob
 * goes after what named it. A blob that nothing names serves nobody and is kept for an hour at most
 * (an answer that is under way may lean on it): each attestation of a host could leave one. */
static const char *const purge[] = {
    "DELETE FROM challenge WHERE host_id IN (SELECT host_id FROM challenge"
    " WHERE expires_ms <= ?1 AND ?2 IS NOT NULL LIMIT ?3)",
    "DELETE FROM offer WHERE id IN (SELECT id FROM offer"
    " WHERE expires_ms <= ?1 AND ?2 IS NOT NULL LIMIT ?3)",
    "DELETE FROM session WHERE hash IN (SELECT hash FROM session"
    " WHERE expires_ms <= ?1 AND ?2 IS NOT NULL LIMIT ?3)",
    "DELETE FROM enrol_token WHERE id IN (SELECT id FROM enrol_token WHERE ?1 IS NOT NULL"
    " AND (expires_ms < ?2 OR (revoked_ms > 0 AND revoked_ms < ?2)) LIMIT ?3)",
    "DELETE FROM api_key WHERE id IN (SELECT id FROM api_key WHERE ?1 IS NOT NULL"
    " AND ((expires_ms > 0 AND expires_ms < ?2) OR (revoked_ms > 0 AND revoked_ms < ?2)) LIMIT ?3)",
    "DELETE FROM incident WHERE id IN (SELECT id FROM incident WHERE ?1 IS NOT NULL"
    " AND closed_ms > 0 AND closed_ms < ?2 LIMIT ?3)",
    "DELETE FROM period WHERE id IN (SELECT id FROM period WHERE ?1 IS NOT NULL"
    " AND last_ms < ?2 AND id <> (SELECT period_id FROM host WHERE host.id = period.host_id)"
    " LIMIT ?3)",
    "DELETE FROM host WHERE id IN (SELECT id FROM host WHERE ?1 IS NOT NULL"
    " AND state = 4 AND removed_ms < ?2 LIMIT ?3)",
    "DELETE FROM blob WHERE digest IN (SELECT digest FROM blob WHERE ?1 IS NOT NULL"
    " AND created_ms < max(?2, ?1 - 3600000)"
    " AND digest NOT IN (SELECT log_digest FROM host WHERE log_digest NOT NULL)"
    " AND digest NOT IN (SELECT pcrs_digest FROM host WHERE pcrs_digest NOT NULL)"
    " AND digest NOT IN (SELECT result_digest FROM host WHERE result_digest NOT NULL)"
    " AND digest NOT IN (SELECT trusted_log FROM host WHERE trusted_log NOT NULL)"
    " AND digest NOT IN (SELECT trusted_pcrs FROM host WHERE trusted_pcrs NOT NULL)"
    " AND digest NOT IN (SELECT user_log_digest FROM host WHERE user_log_digest NOT NULL)"
    " AND digest NOT IN (SELECT packages_digest FROM host WHERE packages_digest NOT NULL)"
    " AND digest NOT IN (SELECT versions_digest FROM host WHERE versions_digest NOT NULL)"
    " AND digest NOT IN (SELECT user_log_digest FROM evidence WHERE user_log_digest NOT NULL)"
    " AND digest NOT IN (SELECT packages_digest FROM evidence WHERE packages_digest NOT NULL)"
    " AND digest NOT IN (SELECT versions_digest FROM evidence WHERE versions_digest NOT NULL)"
    " AND digest NOT IN (SELECT log_digest FROM evidence WHERE log_digest NOT NULL)"
    " AND digest NOT IN (SELECT pcrs_digest FROM evidence WHERE pcrs_digest NOT NULL)"
    " AND digest NOT IN (SELECT result_digest FROM evidence WHERE result_digest NOT NULL)"
    " AND digest NOT IN (SELECT log_digest FROM period WHERE log_digest NOT NULL)"
    " AND digest NOT IN (SELECT pcrs_digest FROM period WHERE pcrs_digest NOT NULL)"
    " AND digest NOT IN (SELECT result_digest FROM period WHERE result_digest NOT NULL)"
    " LIMIT ?3)",
};

/* One slice: at most a->limit rows of each kind. *n_out counts them; 0 means done. */
enum tb_store_status tb_sqlite_purge(struct tb_sqlite *c, const struct tb_op_args *a)
{
    for (size_t i = 0; i < sizeof purge / sizeof *purge; i++) {
        enum tb_store_status status;
        TB_SQL q = tb_sql(c, purge[i]);

        tb_put_i64(&q, a->now_ms);
        tb_put_i64(&q, a->before);
        tb_put_i64(&q, (int64_t)a->limit);
        status = tb_sql_run_one(&q);
        if (status == TB_STORE_NOT_FOUND)
            continue;
        if (status != TB_STORE_OK)
            return status;
        *a->n_out += (uint64_t)sqlite3_changes(c->db);
    }
    return tb_sqlite_end_hours(c, a);
}
