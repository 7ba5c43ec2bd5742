/* Writes the seeds of the fuzz targets of wire/ and of the appraisal into the folder given. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/evidence_builder.h"
#include "wire/bundle.h"
#include "wire/result_json.h"

static const char *folder;

/* first: a byte in front, or -1. */
static void save(const char *name, int first, const void *p, size_t n)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wb");
    if (f == NULL || (first >= 0 && fputc(first, f) == EOF) || fwrite(p, 1, n, f) != n ||
        fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

enum {
#define X(name) INDEX_##name,
    TB_MESSAGES(X)
#undef X
};

static uint8_t buf[TB_BUNDLE_MAX];

#define SAVE(name, m)                                                                              \
    do {                                                                                           \
        size_t n;                                                                                  \
                                                                                                   \
        assert_true(tb_##name##_encode(&(m), buf, sizeof buf, &n));                                \
        save("cbor_messages/" #name, INDEX_##name, buf, n);                                        \
    } while (0)

static void messages(struct evidence *e)
{
    struct tb_enrol_request q = { .token = "token",
                                  .host_name = "web-1.example.org",
                                  .tpm_state = TB_TPM_STATE_20,
                                  .ek_public = e->in.ak_public,
                                  .ek_certificate = tb_slice("cert", 4),
                                  .n_ek_chain = 1,
                                  .ek_chain = { tb_slice("cert", 4) },
                                  .ak_public = e->in.ak_public,
                                  .agent_version = "0.1.0" };
    struct tb_enrol_offer o = { .credential = tb_slice("cred", 4),
                                .encrypted_secret = tb_slice("secr", 4),
                                .lifetime_s = 60 };
    struct tb_activate_request a = { .secret = tb_slice(e->nonce, 32) };
    struct tb_activate_reply r = { TB_ENROL_ACTIVE, "host-1", { 1 }, 300 };
    struct tb_challenge_request c = { "host-1", TB_TPM_STATE_20, "0.1.0" };
    struct tb_challenge ch = { .n_wanted = 1,
                               .wanted = { { TB_ALG_SHA256, 0xfbff } },
                               .has_held_log = true,
                               .has_held_pcrs = true,
                               .lifetime_s = 60,
                               .interval_s = 300 };
    struct tb_evidence_message m = { .host_id = "host-1",
                                     .quote = e->in.quote,
                                     .signature = e->in.signature,
                                     .content = e->in.content_bytes };
    struct tb_evidence_answer v = { TB_VERDICT_FAILED,
                                    "secureboot.off",
                                    "Secure Boot was off",
                                    300,
                                    1,
                                    { { TB_FAIL, "secureboot.off", "event 3", "01", "00" } } };
    struct tb_wait_request w = { "host-1" };
    struct tb_wait_reply wr = { TB_COMMAND_ATTEST };

    ch.has_held_user_log = ch.has_held_packages = true;
    SAVE(enrol_request, q);
    SAVE(enrol_offer, o);
    SAVE(activate_request, a);
    SAVE(activate_reply, r);
    SAVE(challenge_request, c);
    SAVE(challenge, ch);
    SAVE(evidence_message, m);
    e->message.has_user_log_digest = e->message.has_packages_digest = true;
    e->message.user_log = tb_slice("log", 3);
    e->message.packages = tb_slice("pkg", 3);
    SAVE(evidence_content, e->message);
    SAVE(evidence_answer, v);
    SAVE(wait_request, w);
    SAVE(wait_reply, wr);
}

static void bundle(struct evidence *e)
{
    char *policy = tb_policy_print(&e->policy), *result = tb_result_print(&e->result, &e->policy);
    struct tb_bundle b = { .host_id = "host-1",
                           .host_name = "web-1",
                           .enrolled = true,
                           .ak_public = e->in.ak_public,
                           .n_wanted = e->n_wanted,
                           .quote = e->in.quote,
                           .signature = e->in.signature,
                           .content = e->in.content_bytes,
                           .last = { .present = true, .boot_id = "boot-1" },
                           .firmware = { .present = true, .bank = TB_BANK_SHA256 },
                           .policy = tb_slice(policy, strlen(policy)),
                           .verdict = e->result.verdict,
                           .result = tb_slice(result, strlen(result)) };
    size_t n;

    memcpy(b.nonce, e->nonce, 32);
    memcpy(b.exporter, e->exporter, 32);
    memcpy(b.wanted, e->wanted, sizeof b.wanted);
    assert_true(tb_bundle_encode(&b, buf, sizeof buf, &n));
    save("bundle/trusted", -1, buf, n);
    b.has_held_pcrs = true;
    b.held_pcrs = e->content.pcrs;
    b.held_log = e->content.log;
    b.held_user_log = tb_slice("log", 3);
    b.held_packages = tb_slice("pkg", 3);
    b.versions = tb_slice("base 3\n", 7);
    assert_true(tb_bundle_encode(&b, buf, sizeof buf, &n));
    save("bundle/held", -1, buf, n);
    save("policy/built-in", -1, policy, strlen(policy));
    free(policy);
    free(result);
}

int main(int argc, char **argv)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));

    folder = argc > 1 ? argv[1] : ".";
    evidence_run(e);
    messages(e);
    bundle(e);
    save("appraise/good", -1, e->content.log.p, e->content.log.left);
    evidence_free(e);
    return 0;
}
