/* server/api/evidence.c - a host's last evidence: the event log in words, the bundle to take away.
 */
#include "server/api/api.h"

#include "server/context.h"
#include "server/pcrs.h"
#include "wire/bundle.h"
#include "wire/log_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last evidence of {id}; false: an error was replied. The caller clears *out. */
static bool evidence_of(struct tb_http_request *rq, struct tb_app *app, struct tb_host *host,
                        struct tb_evidence_record *out)
{
    enum tb_store_status status;

    if (!tb_api_host(rq, app, host))
        return false;
    status = tb_store_evidence_get(app->store, host->id, out);
    if (status == TB_STORE_NOT_FOUND) {
        tb_http_reply_error(rq, 404, "no-evidence", "this host has not sent evidence yet");
        return false;
    }
    return tb_api_ok(rq, status);
}

/* The log with the values that this host's TPM signed; none when the quote was not genuine. */
static json_t *log_json(const struct tb_evidence_record *e, struct tb_hasher *h,
                        struct tb_reason *why)
{
    struct tb_pcrs quoted = { 0 };

    if (e->genuine && !tb_pcrs_read(tb_slice(e->pcrs.p, e->pcrs.len), &quoted))
        memset(&quoted, 0, sizeof quoted);
    return tb_log_json(tb_slice(e->log.p, e->log.len), &quoted, h, why);
}

void tb_api_host_log(struct tb_http_request *rq, void *ctx)
{
    struct tb_evidence_record evidence = { 0 };
    struct tb_host host;
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;
    json_t *log = NULL;

    if (!evidence_of(rq, ctx, &host, &evidence))
        ;
    else if (evidence.log.len == 0)
        tb_http_reply_error(rq, 404, "no-log",
                            "the last evidence came without a log, or nobody vouched for it");
    else if (h == NULL)
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
    else if ((log = log_json(&evidence, h, &why)) == NULL)
        tb_http_reply_refusal(rq, 422,
                              &(struct tb_http_error){ .code = tb_check_text(why.check)->code,
                                                       .message = tb_check_text(why.check)->title,
                                                       .where = why.where,
                                                       .expected = why.expected,
                                                       .found = why.observed });
    else
        tb_http_reply_json(rq, 200, log);
    tb_hasher_free(h);
    tb_evidence_record_clear(&evidence);
}

/* --- Bundle --- */

/* The text of the policy with this digest: a version that was put, or the built-in one. */
struct wanted_policy {
    const uint8_t *digest;
    int64_t version; /* 0: not found */
};

static bool find_version(void *ctx, const struct tb_policy_record *p)
{
    struct wanted_policy *w = ctx;

    if (memcmp(p->digest, w->digest, TB_SHA256_LEN) != 0)
        return true;
    w->version = p->version;
    return false;
}

static bool policy_text(struct tb_app *app, const uint8_t digest[TB_SHA256_LEN],
                        struct tb_blob *out)
{
    struct wanted_policy w = { digest, 0 };
    struct tb_policy_record record;
    struct tb_policy *builtin = malloc(sizeof *builtin); /* too large for a thread's stack */
    bool is_builtin;

    if (builtin == NULL)
        return false;
    tb_policy_builtin(builtin);
    is_builtin = memcmp(builtin->digest, digest, TB_SHA256_LEN) == 0;
    if (is_builtin)
        out->p = (uint8_t *)tb_policy_print(builtin);
    free(builtin);
    if (is_builtin) {
        out->len = out->p != NULL ? strlen((char *)out->p) : 0;
        return out->p != NULL;
    }
    return tb_store_policies(app->store, 0, TB_STORE_PAGE_MAX, find_version, &w) == TB_STORE_OK &&
           w.version != 0 &&
           tb_store_policy_get(app->store, w.version, &record, out) == TB_STORE_OK;
}

/* What the bundle's slices point into. */
struct bundle_parts {
    struct tb_evidence_record evidence;
    struct tb_blob ek_public, ek_certificate, policy;
    struct tb_blob held_pcrs, held_log, held_user_log, held_packages;
    struct tb_host host;
    struct tb_context context;
    struct tb_bundle bundle;
};

static struct tb_reader slice_of(const struct tb_blob *b)
{
    return tb_slice(b->p, b->len);
}

/* What enrolment kept and the appraisal looks at; a text that does not fit is none. */
static void host_facts(const struct tb_host *host, struct tb_bundle *b)
{
    enum tb_tpm_class told = TB_TPM_UNKNOWN;

    if (!tb_tpm_class_of_name(host->facts.tpm_class, &told))
        told = TB_TPM_UNKNOWN;
    told = tb_tpm_class_to_rely_on(told, host->ek_basis == TB_EK_BASIS_CERTIFICATE);
    snprintf(b->tpm_class, sizeof b->tpm_class, "%s", tb_tpm_class_name(told));
    if (strlen(host->facts.tpm_manufacturer) < sizeof b->tpm_vendor)
        memcpy(b->tpm_vendor, host->facts.tpm_manufacturer, strlen(host->facts.tpm_manufacturer));
    if (strlen(host->facts.serial) < sizeof b->serial)
        memcpy(b->serial, host->facts.serial, strlen(host->facts.serial));
}

/* What the Verifier held of the host when it appraised. Of evidence that is not genuine neither PCR
 * values nor log are kept; the host's are then still those of the last genuine quote. */
static bool add_held(struct tb_app *app, struct bundle_parts *p)
{
    const struct tb_evidence_record *e = &p->evidence;
    const struct tb_host *host = &p->host;
    struct tb_bundle *b = &p->bundle;
    enum tb_store_status status[4] = { TB_STORE_OK, TB_STORE_OK, TB_STORE_OK, TB_STORE_OK };

    if (!e->genuine && host->has_pcrs)
        status[0] = tb_store_blob_get(app->store, host->pcrs_digest, &p->held_pcrs);
    if (!e->genuine && host->has_log)
        status[1] = tb_store_blob_get(app->store, host->log_digest, &p->held_log);
    if (!e->genuine && host->has_user_log)
        status[2] = tb_store_blob_get(app->store, host->user_log_digest, &p->held_user_log);
    if (!e->genuine && host->has_packages)
        status[3] = tb_store_blob_get(app->store, host->packages_digest, &p->held_packages);
    for (size_t i = 0; i < 4; i++)
        if (status[i] != TB_STORE_OK && status[i] != TB_STORE_NOT_FOUND)
            return false;
    b->held_log = slice_of(e->genuine ? &e->log : &p->held_log);
    b->held_user_log = slice_of(e->genuine ? &e->user_log : &p->held_user_log);
    b->held_packages = slice_of(e->genuine ? &e->packages : &p->held_packages);
    b->has_held_pcrs = e->genuine || p->held_pcrs.len != 0;
    return !b->has_held_pcrs ||
           tb_pcrs_read(slice_of(e->genuine ? &e->pcrs : &p->held_pcrs), &b->held_pcrs);
}

static bool fill_bundle(struct tb_app *app, struct bundle_parts *p)
{
    const struct tb_evidence_record *e = &p->evidence;
    struct tb_bundle *b = &p->bundle;

    if (!tb_context_read(slice_of(&e->context), &p->context) || !add_held(app, p) ||
        !policy_text(app, e->policy_digest, &p->policy) ||
        tb_store_host_ek(app->store, p->host.id, &p->ek_public, &p->ek_certificate) != TB_STORE_OK)
        return false;
    snprintf(b->host_id, sizeof b->host_id, "%s", p->host.id);
    snprintf(b->host_name, sizeof b->host_name, "%s", p->host.name);
    b->enrolled = true; /* only an active host's evidence is taken */
    b->ak_public = tb_slice(p->host.ak_public, p->host.ak_public_len);
    b->ek_certificate = slice_of(&p->ek_certificate);
    b->ek_public = slice_of(&p->ek_public);
    host_facts(&p->host, b);
    b->time_ms = (uint64_t)e->received_ms;
    memcpy(b->nonce, e->nonce, sizeof b->nonce);
    memcpy(b->exporter, e->exporter, sizeof b->exporter);
    b->n_wanted = p->context.n_wanted;
    memcpy(b->wanted, p->context.wanted, sizeof b->wanted);
    b->quote = slice_of(&e->quote);
    b->signature = slice_of(&e->signature);
    b->content = slice_of(&e->content);
    b->last = p->context.last;
    b->firmware = p->context.firmware;
    b->versions = slice_of(&e->versions);
    b->policy = slice_of(&p->policy);
    b->verdict = e->verdict;
    b->result = slice_of(&e->result);
    return true;
}

static void bundle_parts_free(struct bundle_parts *p)
{
    if (p == NULL)
        return;
    tb_evidence_record_clear(&p->evidence);
    tb_blob_clear(&p->ek_public);
    tb_blob_clear(&p->ek_certificate);
    tb_blob_clear(&p->policy);
    tb_blob_clear(&p->held_pcrs);
    tb_blob_clear(&p->held_log);
    tb_blob_clear(&p->held_user_log);
    tb_blob_clear(&p->held_packages);
    free(p);
}

void tb_api_host_bundle(struct tb_http_request *rq, void *ctx)
{
    struct bundle_parts *p = calloc(1, sizeof *p);
    uint8_t *bytes = malloc(TB_BUNDLE_MAX);
    size_t len;

    if (p == NULL || bytes == NULL)
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
    else if (!evidence_of(rq, ctx, &p->host, &p->evidence))
        ;
    else if (!fill_bundle(ctx, p) || !tb_bundle_encode(&p->bundle, bytes, TB_BUNDLE_MAX, &len))
        tb_http_reply_error(rq, 409, "incomplete",
                            "parts of this host's last evidence are not held any more");
    else {
        tb_http_reply_header(rq, "Content-Disposition", "attachment; filename=\"trueboot.bundle\"");
        tb_http_reply(rq, 200, "application/cbor", bytes, len);
    }
    free(bytes);
    bundle_parts_free(p);
}
