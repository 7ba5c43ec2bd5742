/* store/sqlite_list.c - pages of hosts and their numbers.
 *
 * A page begins behind the last row of the one before (keyset), so that it costs the same wherever
 * it is and rows that come and go shift nothing. The text of the statement is put together from the
 * constants below only; every value is a parameter. */
#include "store/sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/reason.h"

static const struct {
    const char *column;
    bool text;
} sorts[TB_N_SORTS] = {
    [TB_SORT_NAME] = { "name", true },
    [TB_SORT_VERDICT] = { "rank", false },
    [TB_SORT_SINCE] = { "since_ms", false },
    [TB_SORT_LAST_SEEN] = { "last_seen_ms", false },
};

struct cursor {
    int64_t number;
    char text[TB_STORE_NAME_MAX + 1];
    char id[TB_STORE_ID_MAX + 1];
};

static bool read_hex_text(const char *p, size_t n, char *out, size_t size)
{
    if (n % 2 != 0 || n / 2 >= size)
        return false;
    for (size_t i = 0; i < n; i += 2) {
        int hi = tb_hex_digit(p[i]), lo = tb_hex_digit(p[i + 1]);

        if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
            return false;
        out[i / 2] = (char)(hi << 4 | lo);
    }
    out[n / 2] = '\0';
    return true;
}

/* KEY.ID, where KEY is a decimal number or the name in hex. Comes back from a client: hostile. */
static bool read_cursor(const char *in, bool text, struct cursor *out)
{
    const char *dot = strchr(in, '.');
    char *end;

    if (!dot || !tb_store_id_ok(dot + 1))
        return false;
    snprintf(out->id, sizeof out->id, "%s", dot + 1);
    if (text)
        return read_hex_text(in, (size_t)(dot - in), out->text, sizeof out->text) &&
               tb_store_text_ok(out->text, TB_STORE_NAME_MAX);
    errno = 0;
    out->number = strtoll(in, &end, 10);
    return end == dot && dot != in && errno == 0;
}

static void write_cursor(const struct tb_host *h, enum tb_host_sort sort, int64_t rank,
                         char out[TB_STORE_CURSOR_LEN])
{
    char hex[2 * TB_STORE_NAME_MAX + 1];
    int64_t number = sort == TB_SORT_VERDICT ? rank
                     : sort == TB_SORT_SINCE ? h->since_ms
                                             : h->last_seen_ms;

    if (sorts[sort].text) {
        tb_hex(tb_slice(h->name, strlen(h->name)), hex, sizeof hex);
        snprintf(out, TB_STORE_CURSOR_LEN, "%s.%s", hex, h->id);
    } else {
        snprintf(out, TB_STORE_CURSOR_LEN, "%" PRId64 ".%s", number, h->id);
    }
}

/* ?1 verdict, ?2 group, ?3 text, ?4 shape. A verdict that few hosts have is found by its index
 * (host_rank),
 * one that most have by walking in the order asked for. */
static const char *condition(const struct tb_host_query *q, char *out, size_t size)
{
    bool few = q->verdict != TB_VERDICT_NONE && q->verdict != TB_VERDICT_TRUSTED;

    snprintf(out, size, "state <> 4%s%s%s%s%s%s", q->refused ? "" : " AND state <> 3",
             few ? " AND rank = (CASE ?1 WHEN 3 THEN 0 WHEN 2 THEN 1 WHEN 7 THEN 2 WHEN 6 THEN 3"
                   " WHEN 5 THEN 4 WHEN 4 THEN 5 ELSE 6 END)"
                 : "",
             q->verdict != TB_VERDICT_NONE ? " AND +verdict = ?1" : " AND ?1 = 0",
             q->group ? " AND grp = ?2" : " AND ?2 = ''",
             q->text && q->text[0] ? " AND (instr(lower(name), lower(?3)) > 0"
                                     " OR instr(id, lower(?3)) > 0"
                                     " OR instr(lower(headline), lower(?3)) > 0)"
                                   : " AND ?3 = ''",
             q->shape ? " AND state = 2 AND shape = ?4" : " AND ?4 IS NULL");
    return out;
}

static void put_condition(struct tb_sql *s, const struct tb_host_query *q)
{
    tb_put_i64(s, q->verdict);
    tb_put_text(s, q->group);
    tb_put_text(s, q->text);
    tb_put_digest(s, q->shape);
}

/* The rows of a page to the callback, and the cursor behind it. */
static enum tb_store_status walk(struct tb_sql *s, const struct tb_op_args *a, size_t limit)
{
    struct tb_host h;
    enum tb_store_status status;
    int64_t rank = 0;

    a->cursor_out[0] = '\0';
    for (size_t n = 0; (status = tb_sql_step(s)) == TB_STORE_OK; n++) {
        if (n == limit) { /* there is more: the next page begins behind the row before */
            write_cursor(&h, a->query->sort, rank, a->cursor_out);
            return TB_STORE_OK;
        }
        status = tb_get_host(s, &h);
        if (status != TB_STORE_OK)
            return status;
        rank = tb_get_i64(s);
        if (!a->host_fn(a->ctx, &h)) {
            write_cursor(&h, a->query->sort, rank, a->cursor_out);
            return TB_STORE_OK;
        }
    }
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_sqlite_hosts_page(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_host_query *query = a->query;
    const char *key = sorts[query->sort].column, *way = query->descending ? "DESC" : "ASC";
    bool from_start = !query->cursor || query->cursor[0] == '\0';
    struct cursor cursor = { 0 };
    char text[2048], where[640], behind[96] = "";

    if (!from_start && !read_cursor(query->cursor, sorts[query->sort].text, &cursor))
        return TB_STORE_INVALID;
    if (!from_start)
        snprintf(behind, sizeof behind, " AND (%s, id) %s (?6, ?7)", key,
                 query->descending ? "<" : ">");
    snprintf(text, sizeof text,
             "SELECT " TB_HOST_COLUMNS ", rank FROM host WHERE %s%s ORDER BY %s %s, id %s LIMIT ?5",
             condition(query, where, sizeof where), behind, key, way, way);

    TB_SQL s = tb_sql_made(c, text);

    put_condition(&s, query);
    tb_put_i64(&s, (int64_t)a->limit + 1);
    if (!from_start) {
        if (sorts[query->sort].text)
            tb_put_text(&s, cursor.text);
        else
            tb_put_i64(&s, cursor.number);
        tb_put_text(&s, cursor.id);
    }
    return walk(&s, a, a->limit);
}

enum tb_store_status tb_sqlite_hosts_count(struct tb_sqlite *c, const struct tb_op_args *a)
{
    char text[1024], where[640];
    enum tb_store_status status;

    snprintf(text, sizeof text, "SELECT count(*) FROM host WHERE %s",
             condition(a->query, where, sizeof where));
    TB_SQL s = tb_sql_made(c, text);

    put_condition(&s, a->query);
    status = tb_sql_step(&s);
    if (status == TB_STORE_OK)
        *a->n_out = (uint64_t)tb_get_i64(&s);
    return status;
}

enum tb_store_status tb_sqlite_summary(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_store_summary *out = a->summary_out;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "SELECT state, verdict, maintenance, count(*) FROM host"
                         " GROUP BY state, verdict, maintenance");
    TB_SQL open = tb_sql(c, "SELECT count(*) FROM incident WHERE closed_ms = 0");

    *out = (struct tb_store_summary){ 0 };
    while ((status = tb_sql_step(&q)) == TB_STORE_OK) {
        int64_t state = tb_get_i64(&q), verdict = tb_get_i64(&q), maintenance = tb_get_i64(&q);
        uint64_t n = (uint64_t)tb_get_i64(&q);

        if (state == TB_HOST_REFUSED)
            out->n_refused += n;
        if (state != TB_HOST_PENDING && state != TB_HOST_ACTIVE)
            continue;
        out->n_hosts += n;
        out->n_waiting += state == TB_HOST_PENDING ? n : 0;
        out->n_maintenance += maintenance ? n : 0;
        if (verdict >= 0 && verdict < TB_N_VERDICTS)
            out->verdict[verdict] += n;
    }
    if (status != TB_STORE_NOT_FOUND)
        return status;
    status = tb_sql_step(&open);
    if (status == TB_STORE_OK)
        out->n_open_incidents = (uint64_t)tb_get_i64(&open);
    return status;
}
