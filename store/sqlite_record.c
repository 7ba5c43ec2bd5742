/* store/sqlite_record.c - what stays: verdict periods, incidents, the audit log. */
#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>

/* The words of tb_verdict_name(), which is in a library that store/ does not link. */
static const char *verdict_word(enum tb_verdict v)
{
    static const char *const words[TB_N_VERDICTS] = {
        [TB_VERDICT_NONE] = "none",
        [TB_VERDICT_TRUSTED] = "trusted",
        [TB_VERDICT_CHANGED] = "changed",
        [TB_VERDICT_FAILED] = "failed",
        [TB_VERDICT_NOT_CAPABLE] = "not-capable",
        [TB_VERDICT_PENDING] = "pending",
        [TB_VERDICT_STALE] = "stale",
        [TB_VERDICT_UNREACHABLE] = "unreachable",
    };

    return (unsigned)v < TB_N_VERDICTS ? words[v] : "none";
}

/* Their numbers stand in the database. */
_Static_assert(TB_VERDICT_TRUSTED == 1 && TB_VERDICT_CHANGED == 2 && TB_VERDICT_FAILED == 3 &&
                   TB_VERDICT_NOT_CAPABLE == 4 && TB_VERDICT_PENDING == 5 &&
                   TB_VERDICT_STALE == 6 && TB_VERDICT_UNREACHABLE == 7,
               "verdicts keep their numbers");

/* ---- audit log ---- */

static enum tb_store_status append(struct tb_sqlite *c, const struct tb_store_by *by,
                                   const char *action, const char *target, const char *detail)
{
    TB_SQL q = tb_sql(c, "INSERT INTO audit (seq, time_ms, actor, actor_id, action, target, detail)"
                         " SELECT coalesce(max(seq), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6 FROM audit");

    tb_put_i64(&q, by->now_ms);
    tb_put_text(&q, by->actor);
    tb_put_text(&q, by->actor_id);
    tb_put_text(&q, action);
    tb_put_text(&q, target);
    tb_put_text(&q, detail);
    return tb_sql_run(&q);
}

enum tb_store_status tb_sqlite_log(struct tb_sqlite *c, const struct tb_store_by *by,
                                   const char *action, const char *target, const char *const *pairs)
{
    static const char *const object[] = {
        "SELECT '{}'",
        "SELECT json_object(?1, ?2)",
        "SELECT json_object(?1, ?2, ?3, ?4)",
        "SELECT json_object(?1, ?2, ?3, ?4, ?5, ?6)",
        "SELECT json_object(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    };
    const char *kept[8];
    size_t n = 0;

    for (; *pairs && n < 8; pairs += 2)
        if (pairs[0][0] != '\0') { /* an empty key stands for a pair that does not apply */
            kept[n++] = pairs[0];
            kept[n++] = pairs[1];
        }

    TB_SQL q = tb_sql(c, object[n / 2]);

    for (size_t i = 0; i < n; i++)
        tb_put_text(&q, kept[i]);
    if (tb_sql_step(&q) != TB_STORE_OK)
        return TB_STORE_UNAVAILABLE;
    return append(c, by, action, target, tb_get_borrowed(&q));
}

enum tb_store_status tb_sqlite_audit_append(struct tb_sqlite *c, const struct tb_op_args *a)
{
    return append(c, a->by, a->code, a->text, a->detail);
}

enum tb_store_status tb_sqlite_audit(struct tb_sqlite *c, const struct tb_op_args *a)
{
#define AUDIT_ROWS "SELECT seq, time_ms, actor, actor_id, action, target, detail FROM audit WHERE "
    static const char *const text[2][2] = {
        /* [of one target][ascending] */
        { AUDIT_ROWS "seq < ?1 AND ?2 = '' ORDER BY seq DESC LIMIT ?3",
          AUDIT_ROWS "seq > ?1 AND ?2 = '' ORDER BY seq ASC LIMIT ?3" },
        { AUDIT_ROWS "seq < ?1 AND target = ?2 ORDER BY seq DESC LIMIT ?3",
          AUDIT_ROWS "seq > ?1 AND target = ?2 ORDER BY seq ASC LIMIT ?3" },
    };
    const struct tb_audit_query *query = a->audit_query;
    bool from_end = !query->ascending && query->from == 0;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, text[query->target != NULL][query->ascending]);

    tb_put_i64(&q, from_end ? INT64_MAX : query->from);
    tb_put_text(&q, query->target);
    tb_put_i64(&q, (int64_t)a->limit);
    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_audit_entry e = { .seq = tb_get_i64(&q) };

        e.time_ms = tb_get_i64(&q);
        e.actor = tb_get_borrowed(&q);
        e.actor_id = tb_get_borrowed(&q);
        e.action = tb_get_borrowed(&q);
        e.target = tb_get_borrowed(&q);
        e.detail = tb_get_borrowed(&q);
        if (!a->audit_fn(a->ctx, &e))
            return TB_STORE_OK;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

/* ---- verdict periods ---- */

static enum tb_store_status end_period(struct tb_sqlite *c, const char *host_id)
{
    TB_SQL q = tb_sql(c, "UPDATE period SET (last_ms, count) ="
                         " (SELECT period_last_ms, period_count FROM host WHERE id = ?1)"
                         " WHERE id = (SELECT period_id FROM host WHERE id = ?1)");

    tb_put_text(&q, host_id);
    return tb_sql_run(&q);
}

static void put_period(struct tb_sql *q, const struct tb_new_period *p)
{
    tb_put_text(q, p->host_id);
    tb_put_i64(q, p->verdict);
    tb_put_text(q, p->code);
    tb_put_text(q, p->headline);
    tb_put_digest(q, p->result_digest);
    tb_put_digest(q, p->log_digest);
    tb_put_digest(q, p->pcrs_digest);
    tb_put_digest(q, p->policy_digest);
}

static enum tb_store_status insert_period(struct tb_sqlite *c, const struct tb_new_period *p,
                                          int64_t now_ms)
{
    TB_SQL q = tb_sql(c, "INSERT INTO period (host_id, verdict, headline_code, headline,"
                         " result_digest, log_digest, pcrs_digest, policy_digest, first_ms,"
                         " last_ms, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 0)");

    put_period(&q, p);
    tb_put_i64(&q, now_ms);
    return tb_sql_run(&q);
}

/* The period before the newest ones lets go of its blobs; the purge takes them. */
static enum tb_store_status trim_periods(struct tb_sqlite *c, const char *host_id)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE period SET result_digest = NULL, log_digest = NULL,"
                         " pcrs_digest = NULL WHERE id = (SELECT id FROM period"
                         " WHERE host_id = ?1 AND result_digest NOT NULL"
                         " ORDER BY id DESC LIMIT 1 OFFSET ?2)");

    tb_put_text(&q, host_id);
    tb_put_i64(&q, TB_STORE_PERIODS_KEPT_MAX);
    status = tb_sql_run_one(&q);
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

/* ---- a host that changes its verdict all the time ---- */

#define HOUR_MS INT64_C(3600000)
_Static_assert(TB_STORE_CHANGES_MAX == 20, "the number in the texts here and in the schema");

/* Words to the changes of the hour that nobody was told of one by one. */
static enum tb_store_status tell_folded(struct tb_sqlite *c, const char *host_id, int64_t changes,
                                        int64_t now_ms)
{
    const struct tb_store_by by = { .actor = "verifier", .now_ms = now_ms };
    char more[24];

    if (changes <= TB_STORE_CHANGES_MAX)
        return TB_STORE_OK;
    snprintf(more, sizeof more, "%lld", (long long)changes - TB_STORE_CHANGES_MAX);
    return tb_sqlite_log(c, &by, "verdict.folded", host_id, TB_PAIRS("changes", more));
}

/* One change more; *out: the how manieth of its hour. */
static enum tb_store_status count_change(struct tb_sqlite *c, const char *host_id, int64_t now_ms,
                                         int64_t *out)
{
    enum tb_store_status status;
    int64_t from_ms, changes;
    TB_SQL q = tb_sql(c, "SELECT changes_from_ms, changes FROM host WHERE id = ?1");
    TB_SQL set = tb_sql(c, "UPDATE host SET changes_from_ms = ?2, changes = ?3 WHERE id = ?1");

    tb_put_text(&q, host_id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    from_ms = tb_get_i64(&q);
    changes = tb_get_i64(&q);
    status = tb_row_status(&q);
    if (status != TB_STORE_OK)
        return status;
    if (now_ms < from_ms || now_ms - from_ms >= HOUR_MS) {
        status = tell_folded(c, host_id, changes, now_ms);
        from_ms = now_ms;
        changes = 0;
    }
    if (status != TB_STORE_OK)
        return status;
    *out = ++changes;
    tb_put_text(&set, host_id);
    tb_put_i64(&set, from_ms);
    tb_put_i64(&set, changes);
    return tb_sql_run_one(&set);
}

/* Hours that are over, of at most a->limit hosts; those of hosts that change no more, too. */
enum tb_store_status tb_sqlite_end_hours(struct tb_sqlite *c, const struct tb_op_args *a)
{
    for (size_t i = 0; i < a->limit; i++) {
        char host_id[TB_STORE_ID_MAX + 1];
        enum tb_store_status status;
        int64_t changes;
        TB_SQL q = tb_sql(c, "SELECT id, changes FROM host WHERE changes > 20"
                             " AND changes_from_ms <= ?1 LIMIT 1");
        TB_SQL set = tb_sql(c, "UPDATE host SET changes = 0 WHERE id = ?1");

        tb_put_i64(&q, a->now_ms - HOUR_MS);
        status = tb_sql_step(&q);
        if (status != TB_STORE_OK)
            return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
        tb_get_text(&q, host_id, sizeof host_id);
        changes = tb_get_i64(&q);
        status = tb_row_status(&q);
        tb_put_text(&set, host_id);
        if (status == TB_STORE_OK)
            status = tb_sql_run_one(&set);
        if (status == TB_STORE_OK)
            status = tell_folded(c, host_id, changes, a->now_ms);
        if (status != TB_STORE_OK)
            return status;
        ++*a->n_out;
    }
    return TB_STORE_OK;
}

/* The present period gets another verdict and goes on. */
static enum tb_store_status fold_period(struct tb_sqlite *c, const struct tb_new_period *p)
{
    TB_SQL q = tb_sql(c, "UPDATE period SET verdict = ?2, headline_code = ?3, headline = ?4,"
                         " result_digest = ?5, log_digest = ?6, pcrs_digest = ?7,"
                         " policy_digest = ?8"
                         " WHERE id = (SELECT period_id FROM host WHERE id = ?1)");

    put_period(&q, p);
    return tb_sql_run_one(&q);
}

/* What the host's row says of it; id: of another period, or 0. */
static enum tb_store_status set_period(struct tb_sqlite *c, const struct tb_new_period *p,
                                       int64_t now_ms, int64_t id)
{
    TB_SQL q = tb_sql(c, "UPDATE host SET verdict = ?2, headline_code = ?3, headline = ?4,"
                         " since_ms = ?5, period_last_ms = ?5,"
                         " period_id = iif(?6 > 0, ?6, period_id),"
                         " period_count = iif(?6 > 0, 0, period_count) WHERE id = ?1");

    tb_put_text(&q, p->host_id);
    tb_put_i64(&q, p->verdict);
    tb_put_text(&q, p->code);
    tb_put_text(&q, p->headline);
    tb_put_i64(&q, now_ms);
    tb_put_i64(&q, id);
    return tb_sql_run_one(&q);
}

static enum tb_store_status begin_period(struct tb_sqlite *c, const struct tb_new_period *p,
                                         int64_t now_ms)
{
    enum tb_store_status status = end_period(c, p->host_id);

    if (status == TB_STORE_OK)
        status = insert_period(c, p, now_ms);
    if (status == TB_STORE_OK)
        status = set_period(c, p, now_ms, sqlite3_last_insert_rowid(c->db));
    return status == TB_STORE_OK && p->result_digest ? trim_periods(c, p->host_id) : status;
}

enum tb_store_status tb_sqlite_new_period(struct tb_sqlite *c, const struct tb_new_period *p,
                                          const struct tb_store_by *by)
{
    enum tb_store_status status;
    int64_t changes;

    if (p->before == TB_VERDICT_NONE)
        return begin_period(c, p, by->now_ms);
    status = count_change(c, p->host_id, by->now_ms, &changes);
    if (status != TB_STORE_OK)
        return status;
    if (changes <= TB_STORE_CHANGES_MAX + 1)
        status = begin_period(c, p, by->now_ms);
    else
        status = fold_period(c, p);
    if (status == TB_STORE_OK && changes > TB_STORE_CHANGES_MAX + 1)
        status = set_period(c, p, by->now_ms, 0);
    if (status != TB_STORE_OK || changes > TB_STORE_CHANGES_MAX)
        return status;
    return tb_sqlite_log(c, by, "verdict", p->host_id,
                         TB_PAIRS("before", verdict_word(p->before), "now",
                                  verdict_word(p->verdict), "code", p->code));
}

enum tb_store_status tb_sqlite_history(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    /* The present period counts in its host's row. */
    TB_SQL q = tb_sql(c, "SELECT p.id, p.verdict, p.headline_code, p.headline, p.first_ms,"
                         " iif(h.period_id = p.id, h.period_last_ms, p.last_ms),"
                         " iif(h.period_id = p.id, h.period_count, p.count),"
                         " p.result_digest, p.log_digest, p.pcrs_digest, p.policy_digest"
                         " FROM period p JOIN host h ON h.id = p.host_id"
                         " WHERE p.host_id = ?1 AND p.id < ?2 ORDER BY p.id DESC LIMIT ?3");

    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->before > 0 ? a->before : INT64_MAX);
    tb_put_i64(&q, (int64_t)a->limit);
    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_period p = { .id = tb_get_i64(&q) };

        p.verdict = (enum tb_verdict)tb_get_i64(&q);
        tb_get_text(&q, p.headline_code, sizeof p.headline_code);
        tb_get_text(&q, p.headline, sizeof p.headline);
        p.first_ms = tb_get_i64(&q);
        p.last_ms = tb_get_i64(&q);
        p.count = (uint64_t)tb_get_i64(&q);
        p.has_result = tb_get_digest(&q, p.result_digest);
        p.has_log = tb_get_digest(&q, p.log_digest);
        p.has_pcrs = tb_get_digest(&q, p.pcrs_digest);
        (void)tb_get_digest(&q, p.policy_digest);
        status = tb_row_status(&q);
        if (status != TB_STORE_OK || !a->period_fn(a->ctx, &p))
            return status;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

/* ---- incidents ---- */

/* Of a host whose changes are folded: the incident of the same code that was closed within the
 * hour, as new to people as another one would be. NOT_FOUND: there is none. */
static enum tb_store_status reopen_incident(struct tb_sqlite *c, const char *host_id,
                                            enum tb_verdict verdict, const char *code,
                                            const char *text, int64_t now_ms)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE incident SET closed_ms = 0, last_ms = ?5, count = count + 1,"
                         " verdict = ?2, text = ?4, owner = '', acknowledged_ms = 0, until_ms = 0"
                         " WHERE id = (SELECT max(i.id) FROM incident i JOIN host h"
                         " ON h.id = i.host_id WHERE i.host_id = ?1 AND i.event = 0"
                         " AND i.code = ?3 AND i.closed_ms > ?5 - 3600000"
                         " AND h.changes > 20 AND h.changes_from_ms > ?5 - 3600000)");

    tb_put_text(&q, host_id);
    tb_put_i64(&q, verdict);
    tb_put_text(&q, code);
    tb_put_text(&q, text);
    tb_put_i64(&q, now_ms);
    status = tb_sql_run_one(&q);
    if (status == TB_STORE_OK)
        tb_conn_changed(&c->base, TB_CHANGE_INCIDENT, host_id);
    return status;
}

enum tb_store_status tb_sqlite_incident(struct tb_sqlite *c, const char *host_id, bool event,
                                        enum tb_verdict verdict, const char *code, const char *text,
                                        int64_t now_ms, int64_t *id)
{
    enum tb_store_status status;
    TB_SQL count = tb_sql(c, "UPDATE incident SET last_ms = max(last_ms, ?4), count = count + 1"
                             " WHERE host_id = ?1 AND event = ?2 AND code = ?3 AND closed_ms = 0");

    *id = 0;
    tb_put_text(&count, host_id);
    tb_put_i64(&count, event);
    tb_put_text(&count, code);
    tb_put_i64(&count, now_ms);
    status = tb_sql_run_one(&count);
    if (status != TB_STORE_NOT_FOUND)
        return status;

    if (!event) {
        status = reopen_incident(c, host_id, verdict, code, text, now_ms);
        if (status != TB_STORE_NOT_FOUND)
            return status;
    }

    TB_SQL open = tb_sql(c, "INSERT INTO incident (host_id, event, verdict, code, text, opened_ms,"
                            " last_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)");

    tb_put_text(&open, host_id);
    tb_put_i64(&open, event);
    tb_put_i64(&open, verdict);
    tb_put_text(&open, code);
    tb_put_text(&open, text);
    tb_put_i64(&open, now_ms);
    status = tb_sql_run(&open);
    if (status != TB_STORE_OK)
        return status;
    *id = sqlite3_last_insert_rowid(c->db);
    tb_conn_changed(&c->base, TB_CHANGE_INCIDENT, host_id);
    return TB_STORE_OK;
}

enum tb_store_status tb_sqlite_incident_event(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_host h;
    int64_t id;
    enum tb_store_status status = tb_sqlite_host_get(
        c, &(struct tb_op_args){ .key = TB_HOST_BY_ID, .id = a->id, .host_out = &h });

    if (status == TB_STORE_OK && h.state == TB_HOST_REMOVED)
        status = TB_STORE_NOT_FOUND;
    if (status == TB_STORE_OK)
        status = tb_sqlite_incident(c, a->id, true, TB_VERDICT_NONE, a->code, a->text,
                                    a->by->now_ms, &id);
    if (status != TB_STORE_OK)
        return status;
    return tb_sqlite_log(c, a->by, "incident", a->id, TB_PAIRS("code", a->code));
}

static void get_incident(struct tb_sql *q, struct tb_incident *out)
{
    out->id = tb_get_i64(q);
    tb_get_text(q, out->host_id, sizeof out->host_id);
    tb_get_text(q, out->host_name, sizeof out->host_name);
    out->event = tb_get_bool(q);
    out->verdict = (enum tb_verdict)tb_get_i64(q);
    tb_get_text(q, out->code, sizeof out->code);
    tb_get_text(q, out->text, sizeof out->text);
    out->opened_ms = tb_get_i64(q);
    out->last_ms = tb_get_i64(q);
    out->closed_ms = tb_get_i64(q);
    out->count = (uint64_t)tb_get_i64(q);
    tb_get_text(q, out->owner, sizeof out->owner);
    out->acknowledged_ms = tb_get_i64(q);
    out->until_ms = tb_get_i64(q);
    tb_get_text(q, out->note, sizeof out->note);
}

enum tb_store_status tb_sqlite_incidents(struct tb_sqlite *c, const struct tb_op_args *a)
{
#define INCIDENT_ROWS                                                                              \
    "SELECT i.id, i.host_id, h.name, i.event, i.verdict, i.code, i.text, i.opened_ms, i.last_ms,"  \
    " i.closed_ms, i.count, i.owner, i.acknowledged_ms, i.until_ms, i.note"                        \
    " FROM incident i JOIN host h ON h.id = i.host_id WHERE "
#define INCIDENT_PAGE " AND i.id < ?2 ORDER BY i.id DESC LIMIT ?3"
    static const char *const text[2][2] = {
        /* [of one host][open only] */
        { INCIDENT_ROWS "?1 = ''" INCIDENT_PAGE,
          INCIDENT_ROWS "?1 = '' AND i.closed_ms = 0" INCIDENT_PAGE },
        { INCIDENT_ROWS "i.host_id = ?1" INCIDENT_PAGE,
          INCIDENT_ROWS "i.host_id = ?1 AND i.closed_ms = 0" INCIDENT_PAGE },
    };
    const struct tb_incident_query *query = a->incident_query;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, text[query->host_id != NULL][query->open_only]);

    tb_put_text(&q, query->host_id);
    tb_put_i64(&q, query->before > 0 ? query->before : INT64_MAX);
    tb_put_i64(&q, (int64_t)a->limit);
    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        struct tb_incident incident;

        get_incident(&q, &incident);
        status = tb_row_status(&q);
        if (status != TB_STORE_OK || !a->incident_fn(a->ctx, &incident))
            return status;
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_sqlite_incident_acknowledge(struct tb_sqlite *c, const struct tb_op_args *a)
{
    char host_id[TB_STORE_ID_MAX + 1], number[24];
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE incident SET owner = ?2, acknowledged_ms = ?3, until_ms = ?4,"
                         " note = ?5, closed_ms = iif(event AND closed_ms = 0, ?3, closed_ms)"
                         " WHERE id = ?1 RETURNING host_id");

    tb_put_i64(&q, a->before);
    tb_put_text(&q, a->by->actor);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_i64(&q, a->until_ms);
    tb_put_text(&q, a->text);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_get_text(&q, host_id, sizeof host_id);
    status = tb_sql_run(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_INCIDENT, host_id);
    snprintf(number, sizeof number, "%lld", (long long)a->before);
    return tb_sqlite_log(c, a->by, "incident.acknowledge", host_id,
                         TB_PAIRS("incident", number, "note", a->text));
}
