/* store/sqlite_host.c - hosts: reading one, and what operators and contacts change. */
#include "store/sqlite.h"

#include <string.h>

void tb_firmware_pack(const struct tb_firmware_reference *f, uint8_t out[TB_FIRMWARE_BYTES_MAX],
                      size_t *len)
{
    size_t n = tb_bank_digest_len(f->bank);

    out[0] = (uint8_t)f->bank;
    for (size_t i = 0; i < 4; i++)
        memcpy(out + 1 + i * n, f->value[i], n);
    *len = 1 + 4 * n;
}

static void get_firmware(struct tb_sql *q, struct tb_firmware_reference *out)
{
    struct tb_reader in = tb_get_slice(q);
    uint8_t bank;
    size_t n;

    *out = (struct tb_firmware_reference){ 0 };
    if (in.left == 0)
        return;
    if (!tb_read_u8(&in, &bank) || bank >= TB_N_BANKS ||
        in.left != 4 * (n = tb_bank_digest_len((enum tb_bank)bank))) {
        q->failed = true;
        return;
    }
    out->present = true;
    out->bank = (enum tb_bank)bank;
    for (size_t i = 0; i < 4; i++)
        memcpy(out->value[i], in.p + i * n, n);
}

static void get_memory(struct tb_sql *q, struct tb_quote_memory *m)
{
    m->present = tb_get_bool(q);
    m->clock_ms = (uint64_t)tb_get_i64(q);
    m->reset_count = (uint32_t)tb_get_i64(q);
    m->restart_count = (uint32_t)tb_get_i64(q);
    m->firmware_version = (uint64_t)tb_get_i64(q);
    m->banks = (uint32_t)tb_get_i64(q);
    tb_get_text(q, m->boot_id, sizeof m->boot_id);
}

static void get_facts(struct tb_sql *q, struct tb_host_facts *f)
{
    tb_get_text(q, f->tpm_manufacturer, sizeof f->tpm_manufacturer);
    tb_get_text(q, f->tpm_model, sizeof f->tpm_model);
    tb_get_text(q, f->tpm_firmware, sizeof f->tpm_firmware);
    tb_get_text(q, f->tpm_class, sizeof f->tpm_class);
    tb_get_text(q, f->product, sizeof f->product);
    tb_get_text(q, f->serial, sizeof f->serial);
    tb_get_text(q, f->agent_version, sizeof f->agent_version);
}

static void get_verdict(struct tb_sql *q, struct tb_host *h)
{
    h->created_ms = tb_get_i64(q);
    h->approved_ms = tb_get_i64(q);
    tb_get_text(q, h->approved_by, sizeof h->approved_by);
    h->last_seen_ms = tb_get_i64(q);
    h->last_evidence_ms = tb_get_i64(q);
    h->last_verified_ms = tb_get_i64(q);
    h->verdict = (enum tb_verdict)tb_get_i64(q);
    tb_get_text(q, h->headline_code, sizeof h->headline_code);
    tb_get_text(q, h->headline, sizeof h->headline);
    h->since_ms = tb_get_i64(q);
    h->secure_boot = (enum tb_switch)tb_get_i64(q);
    h->maintenance = tb_get_bool(q);
    h->want_attest = tb_get_bool(q);
    h->replace_until_ms = tb_get_i64(q);
}

enum tb_store_status tb_get_host(struct tb_sql *q, struct tb_host *h)
{
    memset(h, 0, sizeof *h); /* behind the end of each text and digest too */
    tb_get_text(q, h->id, sizeof h->id);
    tb_get_text(q, h->name, sizeof h->name);
    tb_get_text(q, h->group, sizeof h->group);
    h->state = (enum tb_host_state)tb_get_i64(q);
    h->tpm = (enum tb_tpm_state)tb_get_i64(q);
    h->ek_basis = (enum tb_ek_basis)tb_get_i64(q);
    h->has_ek = tb_get_digest(q, h->ek_digest);
    h->ak_public_len = tb_get_bytes(q, h->ak_public, sizeof h->ak_public);
    h->ak_name_len = tb_get_bytes(q, h->ak_name, sizeof h->ak_name);
    get_facts(q, &h->facts);
    get_verdict(q, h);
    get_memory(q, &h->memory);
    get_firmware(q, &h->firmware);
    h->has_log = tb_get_digest(q, h->log_digest);
    h->has_pcrs = tb_get_digest(q, h->pcrs_digest);
    h->has_result = tb_get_digest(q, h->result_digest);
    h->has_shape = tb_get_digest(q, h->shape);
    h->trusted_ms = tb_get_i64(q);
    h->has_trusted_log = tb_get_digest(q, h->trusted_log);
    h->has_trusted_pcrs = tb_get_digest(q, h->trusted_pcrs);
    h->has_user_log = tb_get_digest(q, h->user_log_digest);
    h->has_packages = tb_get_digest(q, h->packages_digest);
    h->has_versions = tb_get_digest(q, h->versions_digest);
    return tb_row_status(q);
}

enum tb_store_status tb_sqlite_host_get(struct tb_sqlite *c, const struct tb_op_args *a)
{
    static const char *const by[] = {
        [TB_HOST_BY_ID] = "SELECT " TB_HOST_COLUMNS " FROM host WHERE id = ?1",
        [TB_HOST_BY_TOKEN] =
            "SELECT " TB_HOST_COLUMNS " FROM host WHERE token_hash = ?1 AND state <> 4",
        [TB_HOST_BY_EK] =
            "SELECT " TB_HOST_COLUMNS " FROM host WHERE ek_digest = ?1 AND state <> 4",
        [TB_HOST_BY_NAME] = "SELECT " TB_HOST_COLUMNS " FROM host WHERE name = ?1 AND state <> 4"
                            " ORDER BY state, created_ms DESC LIMIT 1",
    };
    TB_SQL q = tb_sql(c, by[a->key]);
    enum tb_store_status status;

    if (a->key == TB_HOST_BY_ID || a->key == TB_HOST_BY_NAME)
        tb_put_text(&q, a->id);
    else
        tb_put_digest(&q, a->digest);
    status = tb_sql_step(&q);
    return status == TB_STORE_OK ? tb_get_host(&q, a->host_out) : status;
}

enum tb_store_status tb_sqlite_host_ek(struct tb_sqlite *c, const struct tb_op_args *a)
{
    TB_SQL q = tb_sql(c, "SELECT ek_public, ek_certificate FROM host_key WHERE host_id = ?1");
    enum tb_store_status status;

    tb_put_text(&q, a->id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    if (tb_blob_set(a->blob_out, tb_get_slice(&q)) && tb_blob_set(a->blob2_out, tb_get_slice(&q)))
        return TB_STORE_OK;
    tb_blob_clear(a->blob_out);
    return TB_STORE_UNAVAILABLE;
}

/* ---- operators ---- */

/* State and name of a host; NOT_FOUND for one that was removed. */
struct standing {
    enum tb_host_state state;
    enum tb_tpm_state tpm;
    enum tb_verdict verdict;
    char name[TB_STORE_NAME_MAX + 1];
};

static enum tb_store_status get_standing(struct tb_sqlite *c, const char *id, struct standing *out)
{
    TB_SQL q = tb_sql(c, "SELECT state, tpm, verdict, name FROM host WHERE id = ?1 AND state <> 4");
    enum tb_store_status status;

    tb_put_text(&q, id);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    out->state = (enum tb_host_state)tb_get_i64(&q);
    out->tpm = (enum tb_tpm_state)tb_get_i64(&q);
    out->verdict = (enum tb_verdict)tb_get_i64(&q);
    tb_get_text(&q, out->name, sizeof out->name);
    return tb_row_status(&q);
}

static enum tb_store_status name_owner(struct tb_sqlite *c, const char *name,
                                       struct tb_store_conflict *conflict)
{
    TB_SQL q = tb_sql(c, "SELECT id FROM host WHERE name = ?1 AND state < 3");
    enum tb_store_status status;

    tb_put_text(&q, name);
    status = tb_sql_step(&q);
    if (status != TB_STORE_OK)
        return status;
    conflict->what = TB_UNIQUE_NAME;
    tb_get_text(&q, conflict->host_id, sizeof conflict->host_id);
    return tb_row_status(&q);
}

enum tb_store_status tb_sqlite_host_edit(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_host_edit *e = a->host_edit;
    struct standing was;
    enum tb_store_status status = get_standing(c, a->id, &was);
    TB_SQL q = tb_sql(c, "UPDATE host SET name = iif(?2, ?3, name), grp = iif(?4, ?5, grp),"
                         " maintenance = iif(?6, ?7, maintenance) WHERE id = ?1");

    if (status != TB_STORE_OK)
        return status;
    tb_put_text(&q, a->id);
    tb_put_i64(&q, e->name != NULL);
    tb_put_text(&q, e->name);
    tb_put_i64(&q, e->group != NULL);
    tb_put_text(&q, e->group);
    tb_put_i64(&q, e->maintenance != NULL);
    tb_put_i64(&q, e->maintenance && *e->maintenance);
    status = tb_sql_run_one(&q);
    if (status == TB_STORE_CONFLICT) {
        enum tb_store_status found = name_owner(c, e->name, a->conflict);

        return found == TB_STORE_UNAVAILABLE ? found : status;
    }
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_HOST, a->id);
    return tb_sqlite_log(c, a->by, "host.edit", a->id,
                         TB_PAIRS("before", was.name, "name", e->name ? e->name : was.name,
                                  e->group ? "group" : "", e->group ? e->group : "",
                                  e->maintenance ? "maintenance" : "",
                                  e->maintenance && *e->maintenance ? "on" : "off"));
}

/* bytes: the name of the attestation key that was looked at; of NULL: any. Compared where the state
 * changes, so that no enrolment comes in between. */
enum tb_store_status tb_sqlite_host_approve(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct standing was;
    enum tb_store_status status = get_standing(c, a->id, &was);
    TB_SQL q = tb_sql(c, "UPDATE host SET state = 2, approved_ms = ?2, approved_by = ?3,"
                         " ek_basis = iif(ek_basis = 0 AND tpm = 2, ?4, ek_basis)"
                         " WHERE id = ?1 AND (?5 OR ak_name = ?6)");

    if (status == TB_STORE_OK && was.state == TB_HOST_ACTIVE)
        status = TB_STORE_REFUSED;
    if (status != TB_STORE_OK)
        return status;
    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_text(&q, a->by->actor);
    tb_put_i64(&q, TB_EK_BASIS_OPERATOR);
    tb_put_i64(&q, a->bytes.p == NULL);
    tb_put_bytes(&q, a->bytes);
    status = tb_sql_run_one(&q);
    if (status == TB_STORE_NOT_FOUND)
        return TB_STORE_STALE; /* the host is there: it is its key that is another */
    if (status == TB_STORE_OK)
        status = tb_sqlite_log(c, a->by, "host.approve", a->id, TB_PAIRS("name", was.name));
    if (status == TB_STORE_OK && was.tpm != TB_TPM_STATE_20)
        status = tb_sqlite_new_period(c,
                                      &(struct tb_new_period){ .host_id = a->id,
                                                               .before = was.verdict,
                                                               .verdict = TB_VERDICT_NOT_CAPABLE,
                                                               .code = "",
                                                               .headline = "" },
                                      a->by);
    tb_conn_changed(&c->base, TB_CHANGE_HOST, a->id);
    return status;
}

enum tb_store_status tb_sqlite_host_refuse(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct standing was;
    enum tb_store_status status = get_standing(c, a->id, &was);
    TB_SQL q = tb_sql(c, "UPDATE host SET state = 3 WHERE id = ?1");

    if (status == TB_STORE_OK && was.state != TB_HOST_PENDING)
        status = TB_STORE_REFUSED;
    if (status != TB_STORE_OK)
        return status;
    tb_put_text(&q, a->id);
    status = tb_sql_run_one(&q);
    tb_conn_changed(&c->base, TB_CHANGE_HOST, a->id);
    if (status != TB_STORE_OK)
        return status;
    return tb_sqlite_log(c, a->by, "host.refuse", a->id, TB_PAIRS("name", was.name));
}

static enum tb_store_status run_for(struct tb_sqlite *c, const char *literal, const char *id,
                                    int64_t now_ms)
{
    TB_SQL q = tb_sql(c, literal);

    tb_put_text(&q, id);
    tb_put_i64(&q, now_ms);
    return tb_sql_run(&q);
}

enum tb_store_status tb_sqlite_host_remove(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct standing was;
    enum tb_store_status status = get_standing(c, a->id, &was);
    int64_t now = a->by->now_ms;

    if (status == TB_STORE_OK)
        status = run_for(c,
                         "UPDATE host SET state = 4, removed_ms = ?2, replace_until_ms = 0,"
                         " want_attest = 0 WHERE id = ?1",
                         a->id, now);
    if (status == TB_STORE_OK)
        status =
            run_for(c, "DELETE FROM challenge WHERE host_id = ?1 AND ?2 IS NOT NULL", a->id, now);
    if (status == TB_STORE_OK)
        status = run_for(c,
                         "UPDATE incident SET closed_ms = ?2"
                         " WHERE host_id = ?1 AND closed_ms = 0",
                         a->id, now);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_HOST_REMOVED, a->id);
    return tb_sqlite_log(c, a->by, "host.remove", a->id, TB_PAIRS("name", was.name));
}

enum tb_store_status tb_sqlite_host_allow_replace(struct tb_sqlite *c, const struct tb_op_args *a)
{
    char hex[2 * TB_SHA256_LEN + 1] = "";
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE host SET replace_until_ms = ?2, replace_ek = ?3,"
                         " replace_token = ?4 WHERE id = ?1 AND state <> 4");

    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->until_ms);
    tb_put_digest(&q, a->digest);
    tb_put_digest(&q, a->token_hash);
    status = tb_sql_run_one(&q);
    if (status != TB_STORE_OK)
        return status;
    if (a->digest)
        tb_hex(tb_slice(a->digest, TB_SHA256_LEN), hex, sizeof hex);
    tb_conn_changed(&c->base, TB_CHANGE_HOST, a->id);
    return tb_sqlite_log(c, a->by, a->until_ms ? "host.replace-tpm" : "host.replace-tpm.end", a->id,
                         TB_PAIRS("new-ek", hex));
}

enum tb_store_status tb_sqlite_host_set_firmware(struct tb_sqlite *c, const struct tb_op_args *a)
{
    uint8_t bytes[TB_FIRMWARE_BYTES_MAX];
    size_t len;
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE host SET firmware = ?2,"
                         " firmware_version = coalesce(?3, firmware_version),"
                         " banks = coalesce(?4, banks)"
                         " WHERE id = ?1 AND state <> 4");

    tb_put_text(&q, a->id);
    if (a->firmware->present) {
        tb_firmware_pack(a->firmware, bytes, &len);
        tb_put_bytes(&q, tb_slice(bytes, len));
    } else {
        tb_put_null(&q);
    }
    if (a->tpm_accepted) {
        tb_put_i64(&q, (int64_t)a->tpm_accepted->firmware_version);
        tb_put_i64(&q, a->tpm_accepted->banks);
    } else {
        tb_put_null(&q);
        tb_put_null(&q);
    }
    status = tb_sql_run_one(&q);
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_HOST, a->id);
    return tb_sqlite_log(
        c, a->by, "host.accept-firmware", a->id,
        TB_PAIRS("bank", a->firmware->present ? tb_bank_name(a->firmware->bank) : "none"));
}

enum tb_store_status tb_sqlite_host_want_attest(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;

    if (a->id) {
        TB_SQL q = tb_sql(c, "UPDATE host SET want_attest = 1 WHERE id = ?1 AND state = 2");

        tb_put_text(&q, a->id);
        status = tb_sql_run_one(&q);
    } else {
        TB_SQL q = tb_sql(c, "UPDATE host SET want_attest = 1 WHERE state = 2 AND tpm = 2");

        status = tb_sql_run(&q);
    }
    if (status != TB_STORE_OK)
        return status;
    tb_conn_changed(&c->base, TB_CHANGE_ATTEST_WANTED, a->id);
    if (!a->by)
        return TB_STORE_OK;
    return tb_sqlite_log(c, a->by, "host.attest", a->id ? a->id : "", TB_PAIRS(NULL));
}

enum tb_store_status tb_sqlite_host_take_attest(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE host SET want_attest = 0 WHERE id = ?1 AND want_attest = 1");

    tb_put_text(&q, a->id);
    status = tb_sql_run_one(&q);
    *a->bool_out = status == TB_STORE_OK;
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_sqlite_host_seen(struct tb_sqlite *c, const struct tb_op_args *a)
{
    enum tb_store_status status;
    TB_SQL q = tb_sql(c, "UPDATE host SET last_seen_ms = max(last_seen_ms, ?2)"
                         " WHERE id = ?1 AND state <> 4");

    tb_put_text(&q, a->id);
    tb_put_i64(&q, a->now_ms);
    status = tb_sql_run_one(&q);
    if (status == TB_STORE_OK)
        tb_conn_changed(&c->base, TB_CHANGE_SEEN, a->id);
    return status;
}
