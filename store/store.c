/* store/store.c - the functions of store.h for hosts, enrolment, settings: arguments in order, then
 * one operation of the backend. */
#include "store/backend.h"

#include <string.h>

#define WRITE(s, op, ...) tb_store_write(s, TB_OP_##op, &(struct tb_op_args){ __VA_ARGS__ })
#define READ(s, op, ...) tb_store_read(s, TB_OP_##op, &(struct tb_op_args){ __VA_ARGS__ })

static bool name_ok(const char *name) /* of a thing that must have one */
{
    return name && name[0] != '\0' && tb_store_text_ok(name, TB_STORE_NAME_MAX);
}

static bool bytes_ok(struct tb_reader in, size_t max)
{
    return in.left <= max;
}

enum tb_store_status tb_store_backup(struct tb_store *s, const char *path)
{
    return path ? READ(s, backup, .text = path) : TB_STORE_INVALID;
}

/* ---- settings ---- */

enum tb_store_status tb_store_setting_get(struct tb_store *s, const char *name, struct tb_blob *out)
{
    return name_ok(name) ? READ(s, setting_get, .text = name, .blob_out = out) : TB_STORE_INVALID;
}

enum tb_store_status tb_store_setting_put(struct tb_store *s, const char *name,
                                          struct tb_reader value)
{
    if (!name_ok(name) || !bytes_ok(value, TB_STORE_BLOB_MAX))
        return TB_STORE_INVALID;
    return WRITE(s, setting_put, .text = name, .bytes = value);
}

enum tb_store_status tb_store_setting_init(struct tb_store *s, const char *name,
                                           struct tb_reader value, struct tb_blob *out)
{
    struct tb_blob b = { 0 };
    enum tb_store_status status;

    if (!name_ok(name) || !bytes_ok(value, TB_STORE_BLOB_MAX))
        return TB_STORE_INVALID;
    status = WRITE(s, setting_init, .text = name, .bytes = value, .blob_out = &b);
    if (status == TB_STORE_OK)
        *out = b;
    else
        tb_blob_clear(&b); /* read, but its transaction failed */
    return status;
}

/* ---- hosts ---- */

static bool facts_ok(const struct tb_host_facts *f)
{
    return !f || (tb_store_text_ok(f->tpm_manufacturer, TB_STORE_FACT_MAX) &&
                  tb_store_text_ok(f->tpm_model, TB_STORE_FACT_MAX) &&
                  tb_store_text_ok(f->tpm_firmware, TB_STORE_FACT_MAX) &&
                  tb_store_text_ok(f->tpm_class, TB_STORE_FACT_MAX) &&
                  tb_store_text_ok(f->product, TB_STORE_FACT_MAX) &&
                  tb_store_text_ok(f->serial, TB_STORE_FACT_MAX) &&
                  tb_store_text_ok(f->agent_version, TB_STORE_FACT_MAX));
}

static bool host_ok(const struct tb_host_new *h)
{
    bool capable = h->tpm == TB_TPM_STATE_20;

    return tb_store_id_ok(h->id) && name_ok(h->name) &&
           tb_store_text_ok(h->group, TB_STORE_NAME_MAX) &&
           (h->state == TB_HOST_PENDING || h->state == TB_HOST_ACTIVE) &&
           (unsigned)h->tpm <= TB_TPM_STATE_20 && (unsigned)h->ek_basis < TB_N_EK_BASES &&
           (h->ek_digest != NULL) == capable && (h->ak_public.left > 0) == capable &&
           bytes_ok(h->ak_public, TB_PUBLIC_MAX) && bytes_ok(h->ak_name, TB_NAME_MAX) &&
           bytes_ok(h->ek_public, TB_PUBLIC_MAX) &&
           bytes_ok(h->ek_certificate, TB_STORE_BLOB_MAX) && h->host_token_hash &&
           facts_ok(h->facts);
}

enum tb_store_status tb_store_host_create(struct tb_store *s, const struct tb_host_new *host,
                                          const struct tb_store_by *by, struct tb_host_created *out,
                                          struct tb_store_conflict *conflict)
{
    struct tb_host_created created = { .id = "" };
    struct tb_store_conflict found = { .what = TB_UNIQUE_NONE };
    enum tb_store_status status;

    if (!host_ok(host) || !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    if (host->group)
        memcpy(created.group, host->group, strlen(host->group) + 1);
    status = WRITE(s, host_create, .host_new = host, .by = by, .created_out = &created,
                   .conflict = &found);
    if (status == TB_STORE_OK)
        *out = created;
    if (status == TB_STORE_CONFLICT)
        *conflict = found;
    return status;
}

enum tb_store_status tb_store_host_get(struct tb_store *s, const char *id, struct tb_host *out)
{
    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND; /* no host has such an id */
    return READ(s, host_get, .key = TB_HOST_BY_ID, .id = id, .host_out = out);
}

enum tb_store_status tb_store_host_by_token(struct tb_store *s,
                                            const uint8_t token_hash[TB_SHA256_LEN],
                                            struct tb_host *out)
{
    return READ(s, host_get, .key = TB_HOST_BY_TOKEN, .digest = token_hash, .host_out = out);
}

enum tb_store_status tb_store_host_by_ek(struct tb_store *s, const uint8_t ek_digest[TB_SHA256_LEN],
                                         struct tb_host *out)
{
    return READ(s, host_get, .key = TB_HOST_BY_EK, .digest = ek_digest, .host_out = out);
}

enum tb_store_status tb_store_host_by_name(struct tb_store *s, const char *name,
                                           struct tb_host *out)
{
    if (!name_ok(name))
        return TB_STORE_NOT_FOUND;
    return READ(s, host_get, .key = TB_HOST_BY_NAME, .id = name, .host_out = out);
}

enum tb_store_status tb_store_host_ek(struct tb_store *s, const char *id, struct tb_blob *ek_public,
                                      struct tb_blob *ek_certificate)
{
    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    return READ(s, host_ek, .id = id, .blob_out = ek_public, .blob2_out = ek_certificate);
}

static uint64_t page_limit(size_t limit)
{
    return limit == 0 || limit > TB_STORE_PAGE_MAX ? TB_STORE_PAGE_MAX : limit;
}

static bool query_ok(const struct tb_host_query *q)
{
    return (unsigned)q->sort < TB_N_SORTS && (unsigned)q->verdict < TB_N_VERDICTS &&
           tb_store_text_ok(q->group, TB_STORE_NAME_MAX) &&
           tb_store_text_ok(q->text, TB_STORE_NAME_MAX) &&
           tb_store_text_ok(q->cursor, TB_STORE_CURSOR_LEN - 1);
}

enum tb_store_status tb_store_hosts_page(struct tb_store *s, const struct tb_host_query *query,
                                         tb_host_fn fn, void *ctx, char next[TB_STORE_CURSOR_LEN])
{
    if (!query_ok(query))
        return TB_STORE_INVALID;
    return READ(s, hosts_page, .query = query, .limit = page_limit(query->limit), .host_fn = fn,
                .ctx = ctx, .cursor_out = next);
}

enum tb_store_status tb_store_hosts_count(struct tb_store *s, const struct tb_host_query *query,
                                          uint64_t *out)
{
    return query_ok(query) ? READ(s, hosts_count, .query = query, .n_out = out) : TB_STORE_INVALID;
}

enum tb_store_status tb_store_clusters(struct tb_store *s, size_t limit, tb_cluster_fn fn,
                                       void *ctx, struct tb_cluster_totals *totals)
{
    struct tb_cluster_totals found;
    enum tb_store_status status;

    if (limit == 0 || limit > TB_STORE_CLUSTERS_MAX)
        limit = TB_STORE_CLUSTERS_MAX;
    status = READ(s, clusters, .limit = limit, .cluster_fn = fn, .ctx = ctx, .totals_out = &found);
    if (status == TB_STORE_OK)
        *totals = found;
    return status;
}

static bool take_cluster(void *ctx, const struct tb_cluster *cluster)
{
    *(struct tb_cluster *)ctx = *cluster;
    return false;
}

enum tb_store_status tb_store_cluster_get(struct tb_store *s, const uint8_t shape[TB_SHA256_LEN],
                                          struct tb_cluster *out)
{
    return READ(s, clusters, .digest = shape, .cluster_fn = take_cluster, .ctx = out);
}

enum tb_store_status tb_store_summary(struct tb_store *s, struct tb_store_summary *out)
{
    return READ(s, summary, .summary_out = out);
}

enum tb_store_status tb_store_host_edit(struct tb_store *s, const char *id,
                                        const struct tb_host_edit *edit,
                                        const struct tb_store_by *by,
                                        struct tb_store_conflict *conflict)
{
    struct tb_store_conflict found = { .what = TB_UNIQUE_NONE };
    enum tb_store_status status;

    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    if (!tb_store_by_ok(by) || (edit->name && !name_ok(edit->name)) ||
        !tb_store_text_ok(edit->group, TB_STORE_NAME_MAX))
        return TB_STORE_INVALID;
    status = WRITE(s, host_edit, .id = id, .host_edit = edit, .by = by, .conflict = &found);
    if (status == TB_STORE_CONFLICT)
        *conflict = found;
    return status;
}

/* The operations that take an id and who it was. */
static enum tb_store_status by_id(struct tb_store *s, enum tb_op op, const char *id,
                                  const struct tb_store_by *by)
{
    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    if (!tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return tb_store_write(s, op, &(struct tb_op_args){ .id = id, .by = by });
}

enum tb_store_status tb_store_host_approve(struct tb_store *s, const char *id,
                                           const struct tb_host *seen, const struct tb_store_by *by)
{
    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    if (!tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return tb_store_write(
        s, TB_OP_host_approve,
        &(struct tb_op_args){ .id = id,
                              .by = by,
                              .bytes = seen ? tb_slice(seen->ak_name, seen->ak_name_len)
                                            : tb_slice(NULL, 0) });
}

enum tb_store_status tb_store_host_refuse(struct tb_store *s, const char *id,
                                          const struct tb_store_by *by)
{
    return by_id(s, TB_OP_host_refuse, id, by);
}

enum tb_store_status tb_store_host_remove(struct tb_store *s, const char *id,
                                          const struct tb_store_by *by)
{
    return by_id(s, TB_OP_host_remove, id, by);
}

enum tb_store_status tb_store_host_allow_replace(struct tb_store *s, const char *id,
                                                 const uint8_t *new_ek, const uint8_t *token_hash,
                                                 int64_t until_ms, const struct tb_store_by *by)
{
    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    if (!tb_store_by_ok(by) || (until_ms && !new_ek && !token_hash))
        return TB_STORE_INVALID;
    return WRITE(s, host_allow_replace, .id = id, .digest = until_ms ? new_ek : NULL,
                 .token_hash = until_ms ? token_hash : NULL, .until_ms = until_ms, .by = by);
}

enum tb_store_status tb_store_host_set_firmware(struct tb_store *s, const char *id,
                                                const struct tb_firmware_reference *reference,
                                                const struct tb_tpm_accepted *tpm,
                                                const struct tb_store_by *by)
{
    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    if (!tb_store_by_ok(by) || (unsigned)reference->bank >= TB_N_BANKS)
        return TB_STORE_INVALID;
    return WRITE(s, host_set_firmware, .id = id, .firmware = reference, .tpm_accepted = tpm,
                 .by = by);
}

enum tb_store_status tb_store_host_want_attest(struct tb_store *s, const char *id,
                                               const struct tb_store_by *by)
{
    if (id && !tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    if (by && !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, host_want_attest, .id = id, .by = by);
}

enum tb_store_status tb_store_host_take_attest(struct tb_store *s, const char *id, bool *wanted)
{
    struct tb_host host;
    bool taken = false;
    enum tb_store_status status = tb_store_host_get(s, id, &host);

    if (status == TB_STORE_OK && host.want_attest) /* most polls find nothing and write nothing */
        status = WRITE(s, host_take_attest, .id = id, .bool_out = &taken);
    if (status == TB_STORE_OK)
        *wanted = taken;
    return status;
}

enum tb_store_status tb_store_host_seen(struct tb_store *s, const char *id, int64_t now_ms)
{
    return tb_store_id_ok(id) ? WRITE(s, host_seen, .id = id, .now_ms = now_ms)
                              : TB_STORE_NOT_FOUND;
}

/* ---- enrolment ---- */

enum tb_store_status tb_store_enrol_token_create(struct tb_store *s,
                                                 const struct tb_enrol_token *token,
                                                 const uint8_t hash[TB_SHA256_LEN],
                                                 const struct tb_store_by *by)
{
    if (!tb_store_id_ok(token->id) || !tb_store_text_ok(token->label, TB_STORE_NAME_MAX) ||
        !tb_store_text_ok(token->group, TB_STORE_NAME_MAX) || token->uses == 0 ||
        !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, enrol_token_create, .enrol_token = token, .digest = hash, .by = by);
}

enum tb_store_status tb_store_enrol_token_check(struct tb_store *s,
                                                const uint8_t hash[TB_SHA256_LEN], int64_t now_ms,
                                                struct tb_enrol_token *out)
{
    struct tb_enrol_token found;
    enum tb_store_status status =
        READ(s, enrol_token_check, .digest = hash, .now_ms = now_ms, .enrol_token_out = &found);

    if (status == TB_STORE_OK)
        *out = found;
    return status;
}

enum tb_store_status tb_store_enrol_tokens(struct tb_store *s, tb_enrol_token_fn fn, void *ctx)
{
    return READ(s, enrol_tokens, .enrol_token_fn = fn, .ctx = ctx);
}

enum tb_store_status tb_store_enrol_token_revoke(struct tb_store *s, const char *id,
                                                 const struct tb_store_by *by)
{
    return by_id(s, TB_OP_enrol_token_revoke, id, by);
}

enum tb_store_status tb_store_ek_allow_add(struct tb_store *s, const struct tb_ek_allowed *entry,
                                           const struct tb_store_by *by)
{
    if (!tb_store_text_ok(entry->host_name, TB_STORE_NAME_MAX) ||
        !tb_store_text_ok(entry->group, TB_STORE_NAME_MAX) ||
        !tb_store_text_ok(entry->note, TB_STORE_TEXT_MAX) || !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, ek_allow_add, .ek_allowed = entry, .by = by);
}

enum tb_store_status tb_store_ek_allow_find(struct tb_store *s,
                                            const uint8_t ek_digest[TB_SHA256_LEN],
                                            struct tb_ek_allowed *out)
{
    return READ(s, ek_allow_find, .digest = ek_digest, .ek_allowed_out = out);
}

enum tb_store_status tb_store_ek_allow_list(struct tb_store *s, tb_ek_allowed_fn fn, void *ctx)
{
    return READ(s, ek_allow_list, .ek_allowed_fn = fn, .ctx = ctx);
}

enum tb_store_status tb_store_ek_allow_remove(struct tb_store *s,
                                              const uint8_t ek_digest[TB_SHA256_LEN],
                                              const struct tb_store_by *by)
{
    if (!tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, ek_allow_remove, .digest = ek_digest, .by = by);
}

enum tb_store_status tb_store_offer_put(struct tb_store *s, const char *id, struct tb_reader state,
                                        int64_t now_ms, int64_t expires_ms, uint64_t max_live)
{
    if (!tb_store_id_ok(id) || !bytes_ok(state, TB_STORE_BLOB_MAX))
        return TB_STORE_INVALID;
    return WRITE(s, offer_put, .id = id, .bytes = state, .now_ms = now_ms, .until_ms = expires_ms,
                 .limit = max_live);
}

enum tb_store_status tb_store_offer_take(struct tb_store *s, const char *id, int64_t now_ms,
                                         struct tb_blob *state)
{
    struct tb_blob b = { 0 };
    enum tb_store_status status;

    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    status = WRITE(s, offer_take, .id = id, .now_ms = now_ms, .blob_out = &b);
    if (status == TB_STORE_OK)
        *state = b;
    else
        tb_blob_clear(&b);
    return status;
}
