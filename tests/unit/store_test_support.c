#include "tests/unit/store_test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct tb_store_by op = { .actor = "ops", .now_ms = T0 };

struct tb_store_by at(int64_t ms)
{
    return (struct tb_store_by){ .actor = "ops", .now_ms = T0 + ms };
}

struct tb_store *place_open(struct place *p)
{
    char err[TB_STORE_ERR_LEN];
    struct tb_store *s = tb_store_open_sqlite(p->path, err);

    if (!s)
        fail_msg("%s", err);
    return s;
}

int place_new(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    snprintf(p->dir, sizeof p->dir, "/tmp/tb-store-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/trueboot.db", p->dir);
    p->s = place_open(p);
    *state = p;
    return 0;
}

int place_free(void **state)
{
    static const char *const suffix[] = { "", "-wal", "-shm", "-journal", ".copy" };
    struct place *p = *state;
    char path[128];

    tb_store_close(p->s);
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        snprintf(path, sizeof path, "%s%s", p->path, suffix[i]);
        unlink(path);
    }
    rmdir(p->dir);
    free(p);
    return 0;
}

void fill(uint8_t *out, size_t n, unsigned seed)
{
    uint32_t x = seed * 2654435761u + 12345u;

    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        out[i] = (uint8_t)(x >> 24);
    }
}

const char *host_id(unsigned n)
{
    static _Thread_local char ids[16][33];
    static _Thread_local unsigned next;
    char *id = ids[next++ % 16];

    snprintf(id, 33, "%032x", n);
    return id;
}

void new_host(struct new_host *out, unsigned n)
{
    memset(out, 0, sizeof *out);
    snprintf(out->id, sizeof out->id, "%s", host_id(n));
    snprintf(out->name, sizeof out->name, "host%05u", n);
    fill(out->ek, sizeof out->ek, n);
    fill(out->token, sizeof out->token, n + 1000000);
    fill(out->ak, sizeof out->ak, n + 2000000);
    fill(out->ak_name, sizeof out->ak_name, n + 3000000);
    fill(out->ek_public, sizeof out->ek_public, n + 4000000);
    fill(out->ek_certificate, sizeof out->ek_certificate, n + 5000000);
    snprintf(out->facts.tpm_manufacturer, sizeof out->facts.tpm_manufacturer, "IBM");
    snprintf(out->facts.product, sizeof out->facts.product, "Standard PC");
    out->h = (struct tb_host_new){
        .id = out->id,
        .name = out->name,
        .group = "lab",
        .state = TB_HOST_ACTIVE,
        .tpm = TB_TPM_STATE_20,
        .ek_basis = TB_EK_BASIS_CERTIFICATE,
        .ek_digest = out->ek,
        .ek_public = tb_slice(out->ek_public, sizeof out->ek_public),
        .ek_certificate = tb_slice(out->ek_certificate, sizeof out->ek_certificate),
        .ak_public = tb_slice(out->ak, sizeof out->ak),
        .ak_name = tb_slice(out->ak_name, sizeof out->ak_name),
        .host_token_hash = out->token,
        .facts = &out->facts,
    };
}

void add_host(struct tb_store *s, unsigned n)
{
    struct new_host h;
    struct tb_host_created created;
    struct tb_store_conflict conflict;

    new_host(&h, n);
    assert_ok(tb_store_host_create(s, &h.h, &op, &created, &conflict));
}

void evidence(struct evidence *e, const char *id, unsigned nonce, enum tb_verdict verdict,
              int64_t now_ms)
{
    memset(e, 0, sizeof *e);
    fill(e->quote, sizeof e->quote, nonce);
    fill(e->signature, sizeof e->signature, nonce + 1);
    fill(e->content, sizeof e->content, nonce + 2);
    memset(e->log, 'l', sizeof e->log);
    fill(e->pcrs, sizeof e->pcrs, verdict);
    memset(e->result, 'r', sizeof e->result);
    fill(e->log_digest, 32, 77);
    fill(e->pcrs_digest, 32, 78 + verdict);
    fill(e->result_digest, 32, 99 + verdict);
    e->a = (struct tb_appraised){
        .host_id = id,
        .now_ms = now_ms,
        .verdict = verdict,
        .headline_code = verdict == TB_VERDICT_TRUSTED ? "" : "secure-boot.off",
        .headline = verdict == TB_VERDICT_TRUSTED ? "" : "Secure Boot was off",
        .secure_boot = verdict == TB_VERDICT_TRUSTED ? TB_SWITCH_ON : TB_SWITCH_OFF,
        .genuine = true,
        .memory = { true, UINT64_MAX - 5, 4, 5, UINT64_MAX, 6, "boot-1" },
        .quote = tb_slice(e->quote, sizeof e->quote),
        .signature = tb_slice(e->signature, sizeof e->signature),
        .content = tb_slice(e->content, sizeof e->content),
        .log = { e->log_digest, tb_slice(e->log, sizeof e->log) },
        .pcrs = { e->pcrs_digest, tb_slice(e->pcrs, sizeof e->pcrs) },
        .result = { e->result_digest, tb_slice(e->result, sizeof e->result) },
    };
    fill(e->a.nonce, sizeof e->a.nonce, nonce);
    fill(e->a.exporter, sizeof e->a.exporter, nonce + 3);
    fill(e->a.policy_digest, sizeof e->a.policy_digest, 5);
}

void give_nonce(struct tb_store *s, const char *id, unsigned nonce, int64_t now_ms)
{
    struct tb_challenge_record c = {
        .issued_ms = now_ms, .expires_ms = now_ms + 60000, .wanted_len = 5, .wanted = "want"
    };

    fill(c.nonce, sizeof c.nonce, nonce);
    assert_ok(tb_store_challenge_put(s, id, &c));
}

struct tb_accepted attest(struct tb_store *s, const char *id, unsigned nonce,
                          enum tb_verdict verdict, int64_t now_ms)
{
    struct evidence e;
    struct tb_accepted accepted;

    give_nonce(s, id, nonce, now_ms);
    evidence(&e, id, nonce, verdict, now_ms);
    assert_ok(tb_store_accept_evidence(s, &e.a, &accepted));
    return accepted;
}
