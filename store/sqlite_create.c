/* store/sqlite_create.c - a host comes into being, or is taken over by its new TPM.
 *
 * The one place where an identity is written. An EK or a name that is in use is never overwritten
 * (T-22, T-23): the attempt is remembered on the host that has it, and refused. */
#include "store/sqlite.h"

#include <string.h>

struct owner {
    char id[TB_STORE_ID_MAX + 1];
    bool may_replace; /* an operator allows this very enrolment now */
    bool by_digest;   /* and named its EK */
    enum tb_verdict verdict;
    bool has_ek;
    uint8_t ek_digest[TB_SHA256_LEN];
};

/* What came is what the operator named, if he named it. */
static bool is_named(bool named, const uint8_t *expected, const uint8_t *found)
{
    return !named || (found && memcmp(expected, found, TB_SHA256_LEN) == 0);
}

/* The host that has what `literal` asks for. NOT_FOUND: it is free. */
static enum tb_store_status find_owner(struct tb_sql *q, const struct tb_op_args *a,
                                       struct owner *out)
{
    const struct tb_host_new *h = a->host_new;
    enum tb_store_status status = tb_sql_step(q);
    uint8_t ek[TB_SHA256_LEN], token[TB_SHA256_LEN];
    enum tb_host_state state;
    int64_t until;
    bool by_token;

    if (status != TB_STORE_OK)
        return status;
    tb_get_text(q, out->id, sizeof out->id);
    state = (enum tb_host_state)tb_get_i64(q);
    out->verdict = (enum tb_verdict)tb_get_i64(q);
    until = tb_get_i64(q);
    out->by_digest = tb_get_digest(q, ek);
    by_token = tb_get_digest(q, token);
    out->has_ek = tb_get_digest(q, out->ek_digest);
    out->may_replace = (state == TB_HOST_PENDING || state == TB_HOST_ACTIVE) && h->ek_digest &&
                       until > a->by->now_ms && (out->by_digest || by_token) &&
                       is_named(out->by_digest, ek, h->ek_digest) &&
                       is_named(by_token, token, h->enrol_token_hash);
    return tb_row_status(q);
}

#define OWNER_COLUMNS "id, state, verdict, replace_until_ms, replace_ek, replace_token, ek_digest"

/* Whose EK, whose name, whose id, whose token; *by_ek and *by_name have an empty id when free. */
static enum tb_store_status find_owners(struct tb_sqlite *c, const struct tb_op_args *a,
                                        struct owner *by_ek, struct owner *by_name,
                                        struct owner *by_id)
{
    const struct tb_host_new *h = a->host_new;
    TB_SQL ek = tb_sql(c, "SELECT " OWNER_COLUMNS " FROM host WHERE ek_digest = ?1 AND state <> 4");
    TB_SQL name = tb_sql(c, "SELECT " OWNER_COLUMNS " FROM host WHERE name = ?1 AND state < 3");
    TB_SQL id = tb_sql(c, "SELECT " OWNER_COLUMNS " FROM host WHERE id = ?1");
    enum tb_store_status status;

    tb_put_digest(&ek, h->ek_digest);
    tb_put_text(&name, h->name);
    tb_put_text(&id, h->id);
    status = find_owner(&ek, a, by_ek);
    if (status != TB_STORE_UNAVAILABLE)
        status = find_owner(&name, a, by_name);
    if (status != TB_STORE_UNAVAILABLE)
        status = find_owner(&id, a, by_id);
    return status == TB_STORE_UNAVAILABLE ? status : TB_STORE_OK;
}

/* OK: an hour has gone by since the last audit entry about a claim to this host, and now another is
 * due. NOT_FOUND: not yet. Anybody can claim, and the audit log is kept for ever. */
static enum tb_store_status claim_is_due(struct tb_sqlite *c, const char *owner, int64_t now_ms)
{
    TB_SQL q = tb_sql(c, "UPDATE host SET duplicate_ms = ?2 WHERE id = ?1"
                         " AND duplicate_ms NOT BETWEEN ?2 - 3599999 AND ?2");

    tb_put_text(&q, owner);
    tb_put_i64(&q, now_ms);
    return tb_sql_run_one(&q);
}

/* Refuse, and tell: incident on the host that is there, which counts, and an audit entry an hour
 * (T-22, T-23). */
static enum tb_store_status refuse(struct tb_sqlite *c, const struct tb_op_args *a,
                                   enum tb_store_unique what, const char *owner)
{
    static const char *const words[] = {
        [TB_UNIQUE_EK] = "another enrolment showed this host's TPM",
        [TB_UNIQUE_NAME] = "another TPM asked for this host's name",
        [TB_UNIQUE_ID] = "another enrolment asked for this host's id",
    };
    char ek[2 * TB_SHA256_LEN + 1] = "";
    enum tb_store_status status;
    int64_t id;

    a->conflict->what = what;
    memcpy(a->conflict->host_id, owner, strlen(owner) + 1);
    status = tb_sqlite_incident(c, owner, true, TB_VERDICT_NONE, "identity.duplicate", words[what],
                                a->by->now_ms, &id);
    if (status == TB_STORE_OK)
        status = claim_is_due(c, owner, a->by->now_ms);
    if (a->host_new->ek_digest)
        tb_hex(tb_slice(a->host_new->ek_digest, TB_SHA256_LEN), ek, sizeof ek);
    if (status == TB_STORE_OK)
        status = tb_sqlite_log(c, a->by, "identity.duplicate", owner,
                               TB_PAIRS("name", a->host_new->name, "ek", ek, "claim",
                                        what == TB_UNIQUE_EK   ? "ek"
                                        : what == TB_UNIQUE_ID ? "id"
                                                               : "name"));
    if (status != TB_STORE_OK && status != TB_STORE_NOT_FOUND)
        return status;
    c->base.keep = true; /* the refusal itself is remembered */
    return TB_STORE_CONFLICT;
}

/* One use of the token; its group goes to out->group if the host names none. */
static enum tb_store_status use_token(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct tb_enrol_token token;
    const uint8_t *hash = a->host_new->enrol_token_hash;
    enum tb_store_status status;

    if (!hash)
        return TB_STORE_OK;
    status = tb_sqlite_enrol_token_check(
        c,
        &(struct tb_op_args){ .digest = hash, .now_ms = a->by->now_ms, .enrol_token_out = &token });
    if (status != TB_STORE_OK)
        return status;
    if (a->created_out->group[0] == '\0')
        memcpy(a->created_out->group, token.group, sizeof token.group);
    TB_SQL q = tb_sql(c, "UPDATE enrol_token SET uses_left = uses_left - 1 WHERE hash = ?1");

    tb_put_digest(&q, hash);
    status = tb_sql_run_one(&q);
    return status;
}

static void put_facts(struct tb_sql *q, const struct tb_host_facts *f)
{
    tb_put_text(q, f->tpm_manufacturer);
    tb_put_text(q, f->tpm_model);
    tb_put_text(q, f->tpm_firmware);
    tb_put_text(q, f->tpm_class);
    tb_put_text(q, f->product);
    tb_put_text(q, f->serial);
    tb_put_text(q, f->agent_version);
}

static enum tb_store_status write_keys(struct tb_sqlite *c, const struct tb_op_args *a)
{
    TB_SQL q = tb_sql(c, "INSERT OR REPLACE INTO host_key (host_id, ek_public, ek_certificate)"
                         " VALUES (?1, ?2, ?3)");

    tb_put_text(&q, a->created_out->id);
    tb_put_bytes(&q, a->host_new->ek_public);
    tb_put_bytes(&q, a->host_new->ek_certificate);
    return tb_sql_run(&q);
}

static enum tb_store_status write_host(struct tb_sqlite *c, const struct tb_op_args *a,
                                       enum tb_verdict verdict)
{
    const struct tb_host_new *h = a->host_new;
    static const struct tb_host_facts none;
    bool active = h->state == TB_HOST_ACTIVE;
    enum tb_store_status status;
    TB_SQL q = tb_sql(
        c, "INSERT INTO host (id, name, grp, state, tpm, ek_basis, ek_digest, ak_public, ak_name,"
           " token_hash, tpm_manufacturer, tpm_model, tpm_firmware, tpm_class, product, serial,"
           " agent_version, created_ms, last_seen_ms, approved_ms, approved_by, verdict, since_ms)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
           " ?18, ?18, ?19, ?20, ?21, ?18)");

    tb_put_text(&q, h->id);
    tb_put_text(&q, h->name);
    tb_put_text(&q, a->created_out->group);
    tb_put_i64(&q, h->state);
    tb_put_i64(&q, h->tpm);
    tb_put_i64(&q, h->ek_basis);
    tb_put_digest(&q, h->ek_digest);
    tb_put_bytes(&q, h->ak_public);
    tb_put_bytes(&q, h->ak_name);
    tb_put_digest(&q, h->host_token_hash);
    put_facts(&q, h->facts ? h->facts : &none);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_i64(&q, active ? a->by->now_ms : 0);
    tb_put_text(&q, active ? a->by->actor : "");
    tb_put_i64(&q, verdict);
    status = tb_sql_run(&q);
    if (status == TB_STORE_CONFLICT)
        a->conflict->what = TB_UNIQUE_TOKEN; /* EK, name and id were looked at */
    return status;
}

static enum tb_store_status create(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_host_new *h = a->host_new;
    bool capable = h->tpm == TB_TPM_STATE_20;
    enum tb_verdict verdict =
        h->state == TB_HOST_ACTIVE && !capable ? TB_VERDICT_NOT_CAPABLE : TB_VERDICT_PENDING;
    struct tb_new_period period = {
        .host_id = h->id, .before = TB_VERDICT_NONE, .verdict = verdict, .code = "", .headline = ""
    };
    char ek[2 * TB_SHA256_LEN + 1] = "";
    enum tb_store_status status;

    memcpy(a->created_out->id, h->id, strlen(h->id) + 1);
    a->created_out->state = h->state;
    if (h->ek_digest)
        tb_hex(tb_slice(h->ek_digest, TB_SHA256_LEN), ek, sizeof ek);
    status = write_host(c, a, verdict);
    if (status == TB_STORE_OK)
        status = write_keys(c, a);
    if (status == TB_STORE_OK)
        status = tb_sqlite_new_period(c, &period, a->by);
    if (status == TB_STORE_OK)
        status = tb_sqlite_log(c, a->by, "host.enrol", h->id,
                               TB_PAIRS("name", h->name, "state", tb_host_state_name(h->state),
                                        "ek-basis", tb_ek_basis_name(h->ek_basis), "ek", ek));
    return status;
}

/* The keys of the new TPM; everything that was remembered of the old one is void. */
static enum tb_store_status exchange_keys(struct tb_sqlite *c, const struct tb_op_args *a)
{
    const struct tb_host_new *h = a->host_new;
    static const struct tb_host_facts none;
    bool active = a->created_out->state == TB_HOST_ACTIVE;
    enum tb_store_status status;
    TB_SQL q = tb_sql(
        c, "UPDATE host SET state = ?2, tpm = ?3, ek_basis = ?4, ek_digest = ?5, ak_public = ?6,"
           " ak_name = ?7, token_hash = ?8, tpm_manufacturer = ?9, tpm_model = ?10,"
           " tpm_firmware = ?11, tpm_class = ?12, product = ?13, serial = ?14, agent_version = ?15,"
           " last_seen_ms = max(last_seen_ms, ?16), last_evidence_ms = 0, last_verified_ms = 0,"
           " secure_boot = 0, want_attest = 0, replace_until_ms = 0, replace_ek = NULL,"
           " replace_token = NULL, approved_ms = ?17, approved_by = ?18,"
           " memory_present = 0, clock_ms = 0, reset_count = 0, restart_count = 0,"
           " firmware_version = 0, banks = 0, boot_id = '', firmware = NULL, log_digest = NULL,"
           " pcrs_digest = NULL, result_digest = NULL, shape = NULL, trusted_ms = 0,"
           " trusted_log = NULL, trusted_pcrs = NULL, user_log_digest = NULL,"
           " packages_digest = NULL, versions_digest = NULL WHERE id = ?1");

    tb_put_text(&q, a->created_out->id);
    tb_put_i64(&q, a->created_out->state);
    tb_put_i64(&q, h->tpm);
    tb_put_i64(&q, h->ek_basis);
    tb_put_digest(&q, h->ek_digest);
    tb_put_bytes(&q, h->ak_public);
    tb_put_bytes(&q, h->ak_name);
    tb_put_digest(&q, h->host_token_hash);
    put_facts(&q, h->facts ? h->facts : &none);
    tb_put_i64(&q, a->by->now_ms);
    tb_put_i64(&q, active ? a->by->now_ms : 0); /* the approval was the old TPM's */
    tb_put_text(&q, active ? a->by->actor : "");
    status = tb_sql_run_one(&q);
    if (status == TB_STORE_CONFLICT)
        a->conflict->what = TB_UNIQUE_TOKEN;
    return status;
}

static enum tb_store_status forget(struct tb_sqlite *c, const char *literal, const char *id)
{
    TB_SQL q = tb_sql(c, literal);

    tb_put_text(&q, id);
    return tb_sql_run(&q);
}

static enum tb_store_status take_over(struct tb_sqlite *c, const struct tb_op_args *a,
                                      const struct owner *owner)
{
    const struct tb_host_new *h = a->host_new;
    struct tb_new_period period = { .host_id = owner->id,
                                    .before = owner->verdict,
                                    .verdict = TB_VERDICT_PENDING,
                                    .code = "",
                                    .headline = "" };
    char before[2 * TB_SHA256_LEN + 1] = "", now[2 * TB_SHA256_LEN + 1];
    enum tb_store_status status;

    memcpy(a->created_out->id, owner->id, sizeof owner->id);
    a->created_out->state = owner->by_digest ? TB_HOST_ACTIVE : h->state; /* the operator's word */
    a->created_out->replaced = true;
    status = exchange_keys(c, a);
    if (status == TB_STORE_OK)
        status = write_keys(c, a);
    if (status == TB_STORE_OK)
        status = forget(c, "DELETE FROM challenge WHERE host_id = ?1", owner->id);
    if (status == TB_STORE_OK)
        status = forget(c, "DELETE FROM evidence WHERE host_id = ?1", owner->id);
    if (status == TB_STORE_OK)
        status = tb_sqlite_new_period(c, &period, a->by);
    if (status != TB_STORE_OK)
        return status;
    if (owner->has_ek)
        tb_hex(tb_slice(owner->ek_digest, TB_SHA256_LEN), before, sizeof before);
    tb_hex(tb_slice(h->ek_digest, TB_SHA256_LEN), now, sizeof now);
    return tb_sqlite_log(c, a->by, "host.tpm-replaced", owner->id,
                         TB_PAIRS("name", h->name, "old-ek", before, "new-ek", now));
}

enum tb_store_status tb_sqlite_host_create(struct tb_sqlite *c, const struct tb_op_args *a)
{
    struct owner by_ek = { .id = "" }, by_name = { .id = "" }, by_id = { .id = "" };
    const struct owner *owner;
    enum tb_store_status status = find_owners(c, a, &by_ek, &by_name, &by_id);

    if (status != TB_STORE_OK)
        return status;
    if (by_id.id[0] != '\0')
        return refuse(c, a, TB_UNIQUE_ID, by_id.id);
    owner = by_ek.id[0] ? &by_ek : &by_name;
    if (owner->id[0] != '\0' && !owner->may_replace)
        return refuse(c, a, owner == &by_ek ? TB_UNIQUE_EK : TB_UNIQUE_NAME, owner->id);
    if (by_ek.id[0] && by_name.id[0] && strcmp(by_ek.id, by_name.id) != 0)
        return refuse(c, a, TB_UNIQUE_NAME, by_name.id);
    status = use_token(c, a);
    if (status == TB_STORE_OK)
        status = owner->id[0] ? take_over(c, a, owner) : create(c, a);
    if (status == TB_STORE_OK)
        tb_conn_changed(&c->base, TB_CHANGE_HOST, a->created_out->id);
    return status;
}
