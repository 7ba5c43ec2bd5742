/* server/api/evidence.c - a host's last evidence: the event log in words, the bundle to take away. */
#include "server/api/api.h"

#include "server/pcrs.h"
#include "wire/bundle.h"
#include "wire/log_json.h"

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

void tb_api_host_log(struct tb_http_request *rq, void *ctx)
{
    struct tb_evidence_record evidence = { 0 };
    struct tb_host host;
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;
    json_t *log = NULL;

    if (!evidence_of(rq, ctx, &host, &evidence))
        ;
    else if (h == NULL)
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
    else if ((log = tb_log_json(tb_slice(evidence.log.p, evidence.log.len), h, &why)) == NULL)
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
