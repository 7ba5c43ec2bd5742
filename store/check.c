/* store/check.c - arguments are looked at once, before any backend sees them (T-63). */
#include "store/backend.h"

#include <stdlib.h>
#include <string.h>

/* One code point of UTF-8 (RFC 3629, 4): shortest form, no surrogates, up to U+10FFFF. Its length,
 * 0 if it is none. */
static size_t code_point(const uint8_t *p, size_t left)
{
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
               : (p[0] & 0xf0) == 0xe0       ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;

    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

bool tb_store_text_ok(const char *text, size_t max)
{
    size_t left = text ? strnlen(text, max + 1) : 0;

    if (left > max)
        return false;
    while (left > 0) {
        size_t n = code_point((const uint8_t *)text, left);

        if (n == 0)
            return false;
        text += n;
        left -= n;
    }
    return true;
}

bool tb_store_id_ok(const char *id)
{
    static const char set[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
    size_t n = id ? strnlen(id, TB_STORE_ID_MAX + 1) : 0;

    return n > 0 && n <= TB_STORE_ID_MAX && strspn(id, set) == n;
}

bool tb_store_by_ok(const struct tb_store_by *by)
{
    return by && tb_store_text_ok(by->actor, TB_STORE_NAME_MAX) &&
           tb_store_text_ok(by->actor_id, TB_STORE_ID_MAX);
}

const char *tb_store_status_name(enum tb_store_status status)
{
    static const char *const names[] = {
        [TB_STORE_OK] = "ok",
        [TB_STORE_NOT_FOUND] = "not-found",
        [TB_STORE_CONFLICT] = "conflict",
        [TB_STORE_LIMIT] = "limit",
        [TB_STORE_STALE] = "stale",
        [TB_STORE_REFUSED] = "refused",
        [TB_STORE_INVALID] = "invalid",
        [TB_STORE_UNAVAILABLE] = "unavailable",
    };

    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown";
}

const char *tb_host_state_name(enum tb_host_state state)
{
    static const char *const names[TB_N_HOST_STATES] = {
        [TB_HOST_PENDING] = "pending",
        [TB_HOST_ACTIVE] = "active",
        [TB_HOST_REFUSED] = "refused",
        [TB_HOST_REMOVED] = "removed",
    };

    return (unsigned)state < TB_N_HOST_STATES && names[state] ? names[state] : "unknown";
}

const char *tb_ek_basis_name(enum tb_ek_basis basis)
{
    static const char *const names[TB_N_EK_BASES] = {
        [TB_EK_BASIS_NONE] = "none",
        [TB_EK_BASIS_CERTIFICATE] = "certificate",
        [TB_EK_BASIS_ALLOW_LIST] = "allow-list",
        [TB_EK_BASIS_OPERATOR] = "operator",
        [TB_EK_BASIS_TOKEN] = "token",
    };

    return (unsigned)basis < TB_N_EK_BASES ? names[basis] : "unknown";
}

void tb_blob_clear(struct tb_blob *b)
{
    if (b->p)
        explicit_bzero(b->p, b->len);
    free(b->p);
    *b = (struct tb_blob){ 0 };
}

bool tb_blob_set(struct tb_blob *b, struct tb_reader in)
{
    *b = (struct tb_blob){ 0 };
    if (in.left == 0)
        return true;
    b->p = malloc(in.left + 1);
    if (!b->p)
        return false;
    memcpy(b->p, in.p, in.left);
    b->p[in.left] = '\0';
    b->len = in.left;
    return true;
}

void tb_evidence_record_clear(struct tb_evidence_record *e)
{
    tb_blob_clear(&e->quote);
    tb_blob_clear(&e->signature);
    tb_blob_clear(&e->context);
    tb_blob_clear(&e->content);
    tb_blob_clear(&e->log);
    tb_blob_clear(&e->pcrs);
    tb_blob_clear(&e->result);
    tb_blob_clear(&e->user_log);
    tb_blob_clear(&e->packages);
    tb_blob_clear(&e->versions);
    *e = (struct tb_evidence_record){ 0 };
}
