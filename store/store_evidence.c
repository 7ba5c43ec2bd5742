/* store/store_evidence.c - the functions of store.h for evidence and all that is recorded. */
#include "store/backend.h"

#include <stdlib.h>
#include <string.h>

#define WRITE(s, op, ...) tb_store_write(s, TB_OP_##op, &(struct tb_op_args){ __VA_ARGS__ })
#define READ(s, op, ...) tb_store_read(s, TB_OP_##op, &(struct tb_op_args){ __VA_ARGS__ })
#define PURGE_SLICE 2000 /* rows of each kind that one transaction of a purge deletes */

static uint64_t page_limit(size_t limit)
{
    return limit == 0 || limit > TB_STORE_PAGE_MAX ? TB_STORE_PAGE_MAX : limit;
}

/* ---- challenge and evidence ---- */

enum tb_store_status tb_store_challenge_put(struct tb_store *s, const char *host_id,
                                            const struct tb_challenge_record *c)
{
    if (!tb_store_id_ok(host_id))
        return TB_STORE_NOT_FOUND;
    if (c->wanted_len > TB_STORE_WANTED_MAX)
        return TB_STORE_INVALID;
    return WRITE(s, challenge_put, .id = host_id, .challenge = c);
}

enum tb_store_status tb_store_challenge_get(struct tb_store *s, const char *host_id, int64_t now_ms,
                                            struct tb_challenge_record *out)
{
    struct tb_challenge_record found;
    enum tb_store_status status;

    if (!tb_store_id_ok(host_id))
        return TB_STORE_NOT_FOUND;
    status = READ(s, challenge_get, .id = host_id, .now_ms = now_ms, .challenge_out = &found);
    if (status == TB_STORE_OK)
        *out = found;
    return status;
}

enum tb_store_status tb_store_spend_nonce(struct tb_store *s, const char *host_id,
                                          const uint8_t nonce[TB_NONCE_LEN], int64_t now_ms)
{
    if (!tb_store_id_ok(host_id))
        return TB_STORE_NOT_FOUND;
    return WRITE(s, spend_nonce, .id = host_id, .digest = nonce, .now_ms = now_ms);
}

static bool appraised_ok(const struct tb_appraised *in)
{
    return (in->verdict == TB_VERDICT_TRUSTED || in->verdict == TB_VERDICT_CHANGED ||
            in->verdict == TB_VERDICT_FAILED) &&
           (in->genuine || in->verdict == TB_VERDICT_FAILED) &&
           tb_store_text_ok(in->headline_code, TB_STORE_CODE_MAX) &&
           tb_store_text_ok(in->headline, TB_STORE_TEXT_MAX) &&
           tb_store_text_ok(in->agent_version, TB_STORE_FACT_MAX) &&
           tb_store_text_ok(in->memory.boot_id, sizeof in->memory.boot_id - 1) &&
           (!in->firmware || (unsigned)in->firmware->bank < TB_N_BANKS) &&
           in->quote.left <= TB_STORE_BLOB_MAX && in->signature.left <= TB_STORE_BLOB_MAX &&
           in->content.left <= TB_STORE_BLOB_MAX && in->context.left <= TB_STORE_BLOB_MAX &&
           in->log.bytes.left <= TB_STORE_BLOB_MAX && in->pcrs.bytes.left <= TB_STORE_BLOB_MAX &&
           in->result.bytes.left <= TB_STORE_BLOB_MAX &&
           in->user_log.bytes.left <= TB_STORE_BLOB_MAX &&
           in->packages.bytes.left <= TB_STORE_BLOB_MAX &&
           in->versions.bytes.left <= TB_STORE_BLOB_MAX;
}

/* Compressed here, in the caller's thread. Bytes that are held already are not even that: the
 * writer finds them, or (a purge came between) takes them as they are. */
static bool pack_ref(struct tb_store *s, const struct tb_content_ref *ref, struct tb_packed *out,
                     uint8_t **heap)
{
    out->digest = ref->digest;
    out->len = ref->bytes.left;
    out->data = ref->bytes;
    if (!ref->digest || ref->bytes.left == 0) {
        out->len = 1; /* unknown, and not empty: must be held */
        return true;
    }
    if (READ(s, blob_held, .digest = ref->digest) == TB_STORE_OK)
        return true;
    return tb_store_pack(ref->bytes, &out->data, heap);
}

enum tb_store_status tb_store_accept_evidence(struct tb_store *s, const struct tb_appraised *in,
                                              struct tb_accepted *out)
{
    struct tb_appraised kept = *in;
    const struct tb_content_ref *const ref[TB_N_BLOB_PARTS] = {
        [TB_PART_LOG] = &kept.log,           [TB_PART_PCRS] = &kept.pcrs,
        [TB_PART_RESULT] = &kept.result,     [TB_PART_USER_LOG] = &kept.user_log,
        [TB_PART_PACKAGES] = &kept.packages, [TB_PART_VERSIONS] = &kept.versions,
    };
    struct tb_packed packed[TB_N_PARTS] = { { 0 } };
    uint8_t *heap[TB_N_PARTS] = { NULL };
    struct tb_accepted accepted = { 0 };
    enum tb_store_status status = TB_STORE_UNAVAILABLE;
    bool ok;

    if (!tb_store_id_ok(in->host_id))
        return TB_STORE_NOT_FOUND;
    if (!appraised_ok(in))
        return TB_STORE_INVALID;
    if (!in->genuine) /* a host that nobody vouches for could fill the disk with other ones */
        kept.log = kept.pcrs = kept.user_log = kept.packages = kept.versions =
            (struct tb_content_ref){ 0 };
    packed[TB_PART_CONTENT].len = in->content.left;
    ok = tb_store_pack(in->content, &packed[TB_PART_CONTENT].data, &heap[TB_PART_CONTENT]);
    for (size_t i = 0; i < TB_N_BLOB_PARTS && ok; i++)
        ok = pack_ref(s, ref[i], &packed[i], &heap[i]);
    if (ok)
        status = WRITE(s, accept_evidence, .appraised = &kept, .packed = packed,
                       .accepted_out = &accepted);
    for (size_t i = 0; i < TB_N_PARTS; i++)
        free(heap[i]);
    if (status == TB_STORE_OK)
        *out = accepted;
    return status;
}

enum tb_store_status tb_store_host_set_versions(struct tb_store *s, const char *id,
                                                const uint8_t digest[TB_SHA256_LEN],
                                                const char *text, const struct tb_store_by *by)
{
    const struct tb_content_ref ref = { text[0] != '\0' ? digest : NULL,
                                        tb_slice(text, strlen(text)) };
    enum tb_store_status status = TB_STORE_UNAVAILABLE;
    struct tb_packed packed;
    uint8_t *heap = NULL;

    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    if (!tb_store_by_ok(by) || !tb_store_text_ok(text, TB_STORE_DETAIL_MAX))
        return TB_STORE_INVALID;
    if (pack_ref(s, &ref, &packed, &heap))
        status = WRITE(s, host_set_versions, .id = id, .text = text, .packed = &packed, .by = by);
    free(heap);
    return status;
}

enum tb_store_status tb_store_blob_get(struct tb_store *s, const uint8_t digest[TB_SHA256_LEN],
                                       struct tb_blob *out)
{
    return READ(s, blob_get, .digest = digest, .blob_out = out);
}

enum tb_store_status tb_store_evidence_get(struct tb_store *s, const char *host_id,
                                           struct tb_evidence_record *out)
{
    struct tb_evidence_record e = { .host_id = "" };
    enum tb_store_status status;

    if (!tb_store_id_ok(host_id))
        return TB_STORE_NOT_FOUND;
    status = READ(s, evidence_get, .id = host_id, .evidence_out = &e);
    if (status == TB_STORE_OK)
        *out = e;
    else
        tb_evidence_record_clear(&e);
    return status;
}

enum tb_store_status tb_store_evidence_each(struct tb_store *s, const char *group,
                                            tb_evidence_fn fn, void *ctx)
{
    struct tb_host *host;
    char after[TB_STORE_ID_MAX + 1] = "";
    enum tb_store_status status = TB_STORE_OK;
    bool more = true;

    if (!tb_store_text_ok(group, TB_STORE_NAME_MAX))
        return TB_STORE_INVALID;
    host = malloc(sizeof *host);
    if (!host)
        return TB_STORE_UNAVAILABLE;
    while (more && status == TB_STORE_OK) {
        struct tb_evidence_record e = { .host_id = "" };

        status = READ(s, evidence_next, .id = after, .text = group, .host_out = host,
                      .evidence_out = &e);
        if (status == TB_STORE_OK) {
            memcpy(after, host->id, sizeof after);
            more = fn(ctx, host, &e);
        }
        tb_evidence_record_clear(&e);
    }
    free(host);
    return status == TB_STORE_NOT_FOUND ? TB_STORE_OK : status;
}

enum tb_store_status tb_store_mark_silent(struct tb_store *s, const struct tb_silence *silence,
                                          const struct tb_store_by *by, tb_silent_fn fn, void *ctx)
{
    uint64_t limit = page_limit(silence->limit);
    struct tb_silent_list list = { 0 };
    enum tb_store_status status;

    if (!tb_store_by_ok(by) || !tb_store_text_ok(silence->group, TB_STORE_NAME_MAX) ||
        !tb_store_text_ok(silence->stale_headline, TB_STORE_TEXT_MAX) ||
        !tb_store_text_ok(silence->unreachable_headline, TB_STORE_TEXT_MAX))
        return TB_STORE_INVALID;
    list.p = calloc(limit, sizeof *list.p);
    if (!list.p)
        return TB_STORE_UNAVAILABLE;
    /* Found by a reader, so that the writer looks at the few and not at all hosts. */
    status = READ(s, silent, .silence = silence, .limit = limit, .silent_io = &list);
    if (status == TB_STORE_OK && list.n > 0)
        status = WRITE(s, mark_silent, .silence = silence, .by = by, .silent_io = &list);
    for (size_t i = 0; fn && status == TB_STORE_OK && i < list.n; i++)
        if (list.p[i].changed && !fn(ctx, list.p[i].id, list.p[i].before, list.p[i].now))
            break;
    free(list.p);
    return status;
}

/* ---- history, incidents, audit ---- */

enum tb_store_status tb_store_history(struct tb_store *s, const char *host_id, int64_t before,
                                      size_t limit, tb_period_fn fn, void *ctx)
{
    if (!tb_store_id_ok(host_id))
        return TB_STORE_NOT_FOUND;
    return READ(s, history, .id = host_id, .before = before, .limit = page_limit(limit),
                .period_fn = fn, .ctx = ctx);
}

enum tb_store_status tb_store_incidents(struct tb_store *s, const struct tb_incident_query *query,
                                        tb_incident_fn fn, void *ctx)
{
    if (query->host_id && !tb_store_id_ok(query->host_id))
        return TB_STORE_NOT_FOUND;
    return READ(s, incidents, .incident_query = query, .limit = page_limit(query->limit),
                .incident_fn = fn, .ctx = ctx);
}

enum tb_store_status tb_store_incident_acknowledge(struct tb_store *s, int64_t id, int64_t until_ms,
                                                   const char *note, const struct tb_store_by *by)
{
    if (!tb_store_text_ok(note, TB_STORE_TEXT_MAX) || !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, incident_acknowledge, .before = id, .until_ms = until_ms,
                 .text = note ? note : "", .by = by);
}

enum tb_store_status tb_store_incident_event(struct tb_store *s, const char *host_id,
                                             const char *code, const char *text,
                                             const struct tb_store_by *by)
{
    if (!tb_store_id_ok(host_id))
        return TB_STORE_NOT_FOUND;
    if (!code || !tb_store_text_ok(code, TB_STORE_CODE_MAX) ||
        !tb_store_text_ok(text, TB_STORE_TEXT_MAX) || !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, incident_event, .id = host_id, .code = code, .text = text, .by = by);
}

enum tb_store_status tb_store_audit_append(struct tb_store *s, const char *action,
                                           const char *target, const char *detail,
                                           const struct tb_store_by *by)
{
    if (!action || !tb_store_text_ok(action, TB_STORE_CODE_MAX) ||
        !tb_store_text_ok(target, TB_STORE_NAME_MAX) || !detail ||
        !tb_store_text_ok(detail, TB_STORE_DETAIL_MAX) || !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, audit_append, .code = action, .text = target, .detail = detail, .by = by);
}

enum tb_store_status tb_store_audit(struct tb_store *s, const struct tb_audit_query *query,
                                    tb_audit_fn fn, void *ctx)
{
    if (!tb_store_text_ok(query->target, TB_STORE_NAME_MAX))
        return TB_STORE_INVALID;
    return READ(s, audit, .audit_query = query, .limit = page_limit(query->limit), .audit_fn = fn,
                .ctx = ctx);
}

/* ---- policies ---- */

enum tb_store_status tb_store_policy_put(struct tb_store *s, const char *group,
                                         struct tb_reader text, const uint8_t digest[TB_SHA256_LEN],
                                         const struct tb_store_by *by, int64_t *version)
{
    int64_t made = 0;
    enum tb_store_status status;

    if (!tb_store_text_ok(group, TB_STORE_NAME_MAX) || text.left > TB_STORE_BLOB_MAX ||
        !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    status = WRITE(s, policy_put, .text = group ? group : "", .bytes = text, .digest = digest,
                   .by = by, .i_out = &made);
    if (status == TB_STORE_OK)
        *version = made;
    return status;
}

enum tb_store_status tb_store_policy_current(struct tb_store *s, const char *group,
                                             struct tb_policy_record *out, struct tb_blob *text)
{
    if (!tb_store_text_ok(group, TB_STORE_NAME_MAX))
        return TB_STORE_INVALID;
    return READ(s, policy_get, .text = group ? group : "", .policy_out = out, .blob_out = text);
}

enum tb_store_status tb_store_policy_get(struct tb_store *s, int64_t version,
                                         struct tb_policy_record *out, struct tb_blob *text)
{
    if (version <= 0)
        return TB_STORE_NOT_FOUND;
    return READ(s, policy_get, .before = version, .policy_out = out, .blob_out = text);
}

enum tb_store_status tb_store_policies(struct tb_store *s, int64_t before, size_t limit,
                                       tb_policy_fn fn, void *ctx)
{
    return READ(s, policies, .before = before, .limit = page_limit(limit), .policy_fn = fn,
                .ctx = ctx);
}

/* ---- people's keys and sessions ---- */

enum tb_store_status tb_store_api_key_create(struct tb_store *s, const struct tb_api_key *key,
                                             const uint8_t hash[TB_SHA256_LEN],
                                             const struct tb_store_by *by)
{
    if (!tb_store_id_ok(key->id) || key->label[0] == '\0' || key->role[0] == '\0' ||
        !tb_store_text_ok(key->label, TB_STORE_NAME_MAX) ||
        !tb_store_text_ok(key->role, TB_STORE_CODE_MAX) || !tb_store_by_ok(by))
        return TB_STORE_INVALID;
    return WRITE(s, api_key_create, .api_key = key, .digest = hash, .by = by);
}

enum tb_store_status tb_store_api_key_find(struct tb_store *s, const uint8_t hash[TB_SHA256_LEN],
                                           int64_t now_ms, struct tb_api_key *out)
{
    struct tb_api_key found;
    enum tb_store_status status =
        READ(s, api_key_find, .digest = hash, .now_ms = now_ms, .api_key_out = &found);

    if (status == TB_STORE_OK)
        *out = found;
    return status;
}

enum tb_store_status tb_store_api_keys(struct tb_store *s, tb_api_key_fn fn, void *ctx)
{
    return READ(s, api_keys, .api_key_fn = fn, .ctx = ctx);
}

enum tb_store_status tb_store_api_key_revoke(struct tb_store *s, const char *id,
                                             const struct tb_store_by *by)
{
    if (!tb_store_id_ok(id))
        return TB_STORE_NOT_FOUND;
    return tb_store_by_ok(by) ? WRITE(s, api_key_revoke, .id = id, .by = by) : TB_STORE_INVALID;
}

enum tb_store_status tb_store_session_create(struct tb_store *s, const uint8_t hash[TB_SHA256_LEN],
                                             const char *key_id, int64_t now_ms, int64_t expires_ms)
{
    if (!tb_store_id_ok(key_id))
        return TB_STORE_NOT_FOUND;
    return WRITE(s, session_create, .digest = hash, .id = key_id, .now_ms = now_ms,
                 .until_ms = expires_ms);
}

enum tb_store_status tb_store_session_find(struct tb_store *s, const uint8_t hash[TB_SHA256_LEN],
                                           int64_t now_ms, struct tb_api_key *out)
{
    struct tb_api_key found;
    enum tb_store_status status =
        READ(s, session_find, .digest = hash, .now_ms = now_ms, .api_key_out = &found);

    if (status == TB_STORE_OK)
        *out = found;
    return status;
}

enum tb_store_status tb_store_session_delete(struct tb_store *s, const uint8_t hash[TB_SHA256_LEN])
{
    return WRITE(s, session_delete, .digest = hash);
}

/* ---- retention ---- */

enum tb_store_status tb_store_purge(struct tb_store *s, int64_t now_ms, int64_t before_ms,
                                    uint64_t *n_rows)
{
    uint64_t total = 0, n = 1;
    enum tb_store_status status = TB_STORE_OK;

    while (status == TB_STORE_OK && n > 0) {
        n = 0;
        status = WRITE(s, purge, .now_ms = now_ms, .before = before_ms, .limit = PURGE_SLICE,
                       .n_out = &n);
        if (status == TB_STORE_OK)
            total += n;
    }
    if (n_rows && status == TB_STORE_OK)
        *n_rows = total;
    return status;
}
