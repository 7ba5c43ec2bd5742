/* wire/facts_json.c - see facts_json.h. */
#include "wire/facts_json.h"

#include <stdlib.h>
#include <string.h>

#include "core/known_certs.h"
#include "core/uefi.h"
#include "crypto/cert.h"
#include "wire/json_build.h"

static const char *const keyset_names[TB_N_KEYSETS] = { "PK", "KEK", "db", "dbx" };

/* The name of a certificate in our table, and whether it is a published test key. */
static int set_marks(json_t *o, const uint8_t sha256[32], const char *subject)
{
    const char *known = tb_known_certificate(sha256);

    return tb_json_set(o, "known", known != NULL ? json_string(known) : json_null()) |
           tb_json_set(o, "test_key", json_boolean(tb_is_test_key(subject)));
}

static json_t *keysets(const struct tb_boot_facts *f)
{
    json_t *all = json_object();
    int bad = 0;

    for (unsigned k = 0; k < TB_N_KEYSETS; k++) {
        const struct tb_keyset *s = &f->keyset[k];
        json_t *o = json_object();

        bad |= tb_json_set(o, "measured", json_boolean(s->measured));
        if (s->measured) {
            bad |= tb_json_set(o, "certificates", tb_json_number(s->n_certs));
            bad |= tb_json_set(o, "hashes", tb_json_number(s->n_hashes));
            bad |= tb_json_set(o, "digest", tb_build_hex(s->digest, sizeof s->digest));
            bad |= tb_json_set(o, "subject", tb_json_host_text(s->subject));
            bad |= set_marks(o, s->certificate, s->subject);
        }
        bad |= tb_json_set(all, keyset_names[k], o);
    }
    return tb_json_done(all, bad);
}

static json_t *authorities(const struct tb_boot_facts *f)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < f->n_authorities; i++) {
        const struct tb_authority *s = &f->authority[i];
        json_t *o = json_object();

        bad |= tb_json_set(o, "variable", tb_json_host_text(s->variable));
        bad |= tb_json_set(o, "digest", tb_build_hex(s->digest, sizeof s->digest));
        bad |= tb_json_set(o, "subject", tb_json_host_text(s->subject));
        bad |= set_marks(o, s->digest, s->subject);
        bad |= tb_json_set(o, "setting", json_boolean(s->is_setting));
        bad |= tb_json_set(o, "in_db", json_boolean(s->in_db));
        bad |= tb_json_set(o, "before_separator", json_boolean(s->before_separator));
        bad |= json_array_append_new(a, o);
    }
    return tb_json_done(a, bad);
}

static json_t *programs(const struct tb_boot_facts *f)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < f->n_programs; i++) {
        const struct tb_program *s = &f->program[i];
        json_t *o = json_object();

        bad |= tb_json_set(o, "event", tb_json_number(s->event));
        bad |= tb_json_set(o, "bank", json_string(tb_bank_name(s->bank)));
        bad |=
            tb_json_set(o, "digest", tb_build_hex(s->digest[s->bank], tb_bank_digest_len(s->bank)));
        bad |= tb_json_set(o, "unverified_path", tb_json_host_text(s->path));
        bad |= json_array_append_new(a, o);
    }
    return tb_json_done(a, bad);
}

int tb_facts_json_add(json_t *o, const struct tb_boot_facts *f, const struct tb_story *s,
                      enum tb_bank bank)
{
    int bad = tb_json_set(o, "secure_boot", json_string(tb_secure_boot_name(f->secure_boot)));

    bad |= tb_json_set(o, "keys", keysets(f));
    bad |= tb_json_set(o, "authorities", authorities(f));
    bad |= tb_json_set(o, "authorities_lost", tb_json_number(f->n_authorities_lost));
    bad |= tb_json_set(o, "programs", programs(f));
    bad |= tb_json_set(o, "programs_lost", tb_json_number(f->n_programs_lost));
    bad |= tb_json_set(o, "exit_boot_services", json_boolean(f->exit_boot_services));
    bad |= tb_json_set(o, "firmware_version", tb_json_host_text(f->firmware_version));
    bad |= tb_json_set(o, "story", tb_story_json(s, bank));
    return bad;
}

/* A certificate as it stands in a variable. What does not parse keeps its digest. */
static json_t *certificate(const char *variable, bool authority, struct tb_reader der,
                           const uint8_t sha256[32])
{
    char subject[TB_CERT_NAME_MAX] = "", issuer[TB_CERT_NAME_MAX] = "";
    int64_t not_before_s, not_after_s;
    struct tb_reason why;
    struct tb_cert *c = tb_cert_parse(der, TB_CHECK_SB_KEYS, &why);
    json_t *o = json_object();
    int bad = 0;

    if (c != NULL) {
        tb_cert_subject_text(c, subject);
        tb_cert_issuer_text(c, issuer);
        if (tb_cert_validity(c, &not_before_s, &not_after_s)) {
            bad |= tb_json_set(o, "not_before_s", json_integer(not_before_s));
            bad |= tb_json_set(o, "not_after_s", json_integer(not_after_s));
        }
        tb_cert_free(c);
    }
    bad |= tb_json_set(o, "variable", tb_json_host_text(variable));
    bad |= tb_json_set(o, "authority", json_boolean(authority));
    bad |= tb_json_set(o, "subject", tb_json_host_text(subject));
    bad |= tb_json_set(o, "issuer", tb_json_host_text(issuer));
    bad |= tb_json_set(o, "sha256", tb_build_hex(sha256, 32));
    bad |= set_marks(o, sha256, subject);
    return tb_json_done(o, bad);
}

struct certificates {
    const struct tb_boot_facts *f;
    struct tb_hasher *h;
    json_t *list;
    int bad;
};

/* These bytes are a key set that was proved: it is told apart by their digest, so that nothing has
 * to be judged again. */
static void add_keyset(struct certificates *c, struct tb_reader data, const uint8_t sha256[32])
{
    struct tb_signature_lists it = tb_signature_lists_begin(data);
    struct tb_signature_entry e;
    uint8_t digest[TB_DIGEST_MAX];

    for (unsigned k = 0; k < TB_N_KEYSETS; k++) {
        if (!c->f->keyset[k].measured || memcmp(c->f->keyset[k].digest, sha256, 32) != 0)
            continue;
        while (tb_signature_lists_next(&it, &e) == TB_LIST_ENTRY)
            if (tb_guid_is(e.type, tb_guid_cert_x509) &&
                tb_hash(c->h, TB_BANK_SHA256, e.data, digest))
                c->bad |= json_array_append_new(
                    c->list, certificate(keyset_names[k], false, e.data, digest));
        return;
    }
}

/* The same of an authority: a certificate, with its owner in front or without. */
static bool add_authority(struct certificates *c, struct tb_reader data)
{
    uint8_t digest[TB_DIGEST_MAX];

    if (data.left == 0 || !tb_hash(c->h, TB_BANK_SHA256, data, digest))
        return false;
    for (size_t i = 0; i < c->f->n_authorities; i++) {
        const struct tb_authority *a = &c->f->authority[i];

        if (a->is_setting || a->subject[0] == '\0' || memcmp(a->digest, digest, 32) != 0)
            continue;
        c->bad |= json_array_append_new(c->list, certificate(a->variable, true, data, digest));
        return true;
    }
    return false;
}

static void add_event(struct certificates *c, const struct tb_event *e)
{
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_reader owner, data;
    struct tb_uefi_variable v;

    if (e->type == TB_EV_NO_ACTION || e->pcr != 7 || !tb_uefi_variable_parse(e->data, &v) ||
        !tb_hash(c->h, TB_BANK_SHA256, v.data, digest))
        return;
    data = v.data;
    add_keyset(c, data, digest);
    if (!add_authority(c, data) && tb_read_slice(&data, 16, &owner))
        add_authority(c, data);
}

json_t *tb_certificates_json(struct tb_reader in, const struct tb_boot_facts *f,
                             struct tb_hasher *h)
{
    struct certificates c = { .f = f, .h = h, .list = json_array() };
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (tb_log_open(in, &log, &why))
        while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
            add_event(&c, &e);
    return tb_json_done(c.list, c.bad);
}

/* What a result relies on, as far as a log and values without a policy can tell. */
static bool strongest_bank(const struct tb_pcr_states *states, enum tb_bank *out)
{
    bool found = false;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (unsigned pcr = 0; pcr < 8; pcr++)
            if (states->state[b][pcr] == TB_PCR_MATCH) {
                *out = (enum tb_bank)b;
                found = true;
            }
    return found;
}

struct facts {
    struct tb_boot_facts boot;
    struct tb_story story;
    struct tb_findings findings;
};

json_t *tb_log_facts_json(struct tb_reader log, const struct tb_pcr_states *states,
                          struct tb_hasher *h)
{
    struct facts *f = calloc(1, sizeof *f);
    json_t *o = json_object();
    enum tb_bank bank = TB_BANK_SHA256;
    bool found = strongest_bank(states, &bank);
    int bad = f == NULL;

    if (f != NULL && found) {
        tb_boot_facts_read(log, bank, states, h, &f->boot, &f->findings);
        bad |= !tb_story_read(log, bank, states, h, &f->story);
    }
    if (f != NULL) {
        bad |= tb_json_set(o, "bank", found ? json_string(tb_bank_name(bank)) : json_null());
        bad |= tb_facts_json_add(o, &f->boot, &f->story, bank);
        bad |= tb_json_set(o, "certificates", tb_certificates_json(log, &f->boot, h));
    }
    free(f);
    return tb_json_done(o, bad);
}
