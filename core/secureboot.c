/* core/secureboot.c - what PCR 7 proves about Secure Boot (PFP 1.06, 3.3.4.8).
 *
 * Every event of PCR 7 must be explained: its data has the digest, and is a variable, an authority
 * or an action of the type that the log gives it. One that is not may hide the firmware's own
 * SecureBoot=0 behind a forged set of variables, so it ends all claims. The order of events within
 * PCR 7 is proved by the replay; order between PCRs never is. */
#include "core/bootfacts_internal.h"
#include "core/known_certs.h"
#include "crypto/cert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHIM_EXCESS_MAX 6 /* bytes that old versions of shim left behind the variable's data */

static const struct {
    const char *name;
    const uint8_t *guid;
} variables[TB_N_SB_VARIABLES] = {
    [TB_SB_SECURE_BOOT] = { "SecureBoot", tb_guid_global_variable },
    [TB_SB_SETUP_MODE] = { "SetupMode", tb_guid_global_variable },
    [TB_SB_AUDIT_MODE] = { "AuditMode", tb_guid_global_variable },
    [TB_SB_DEPLOYED_MODE] = { "DeployedMode", tb_guid_global_variable },
    [TB_SB_SHIM_STATE] = { "MokSBState", tb_guid_shim_lock },
    [TB_SB_PK] = { "PK", tb_guid_global_variable },
    [TB_SB_KEK] = { "KEK", tb_guid_global_variable },
    [TB_SB_DB] = { "db", tb_guid_image_security },
    [TB_SB_DBX] = { "dbx", tb_guid_image_security },
};

/* Where in PCR 7, for a reason. */
struct place {
    char text[64];
};

static const char *place_of(struct place *p, const char *what, uint32_t event)
{
    snprintf(p->text, sizeof p->text, "PCR 7 %s, event %" PRIu32, what, event);
    return p->text;
}

static enum tb_sb_variable variable_of(const struct tb_uefi_variable *v)
{
    unsigned i = 0;

    while (i < TB_N_SB_VARIABLES &&
           !(tb_guid_is(v->guid, variables[i].guid) && tb_uefi_name_is(v, variables[i].name)))
        i++;
    return (enum tb_sb_variable)i;
}

/* The data is signature lists from its first to its last byte. *n_entries counts what they hold. */
static bool is_signature_lists(struct tb_reader data, size_t *n_entries)
{
    struct tb_signature_lists it = tb_signature_lists_begin(data);
    struct tb_signature_entry e;
    enum tb_list_step step;

    *n_entries = 0;
    while ((step = tb_signature_lists_next(&it, &e)) == TB_LIST_ENTRY)
        ++*n_entries;
    return step == TB_LIST_END;
}

/* An action is text. UEFI variables are not: their lengths have zeros in them. */
static bool action(struct tb_boot_scan *s, const struct tb_event *e)
{
    struct place p;
    char text[64];

    if (e->type != TB_EV_EFI_ACTION)
        return tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "action", e->index),
                                "the type EV_EFI_ACTION", "type 0x%08" PRIx32, e->type);
    tb_ascii_text(e->data, text, sizeof text);
    if (strcmp(text, "UEFI Debug Mode") == 0) /* PFP 1.06, 3.3.4.8, item 2 */
        return tb_findings_fail(s->f, TB_CHECK_SB_DEBUG, place_of(&p, "action", e->index),
                                "no debug mode", "%s", text);
    /* Windows' requirement on kernel DMA protection, and its like for Thunderbolt. */
    if (strcmp(text, "DMA Protection Disabled") == 0 ||
        strcmp(text, "Security Level is Downgraded to 0") == 0)
        return tb_findings_fail(s->f, TB_CHECK_SB_DMA, place_of(&p, "action", e->index),
                                "protection on", "%s", text);
    return true; /* an action that we do not know, but know for one */
}

static enum tb_cover cover_of(const struct tb_boot_scan *s, const struct tb_event *e,
                              const struct tb_uefi_variable *v)
{
    if (tb_boot_covers(s, e, e->data))
        return TB_COVER_ALL;
    if (v == NULL)
        return TB_COVER_NONE;
    if (v->excess.left != 0 &&
        tb_boot_covers(s, e, (struct tb_reader){ e->data.p, e->data.left - 1 }))
        return TB_COVER_BUT_LAST;
    return tb_boot_covers(s, e, v->data) ? TB_COVER_VARIABLE : TB_COVER_NONE;
}

/* Shim measures its setting like an authority, and may do so behind the separator. It vouches for
 * nothing. Whatever type the log gives the event, the value counts. */
static bool shim_state(struct tb_boot_scan *s, const struct tb_event *e,
                       const struct tb_uefi_variable *v)
{
    struct tb_sb_seen *seen = &s->seen[TB_SB_SHIM_STATE];
    struct place p;

    if (seen->n++ != 0)
        return tb_findings_fail(s->f, TB_CHECK_SB_SHIM, place_of(&p, "MokSBState", e->index),
                                "one measurement", "a second one");
    if (v->data.left != 1)
        return tb_findings_fail(s->f, TB_CHECK_SB_SHIM, place_of(&p, "MokSBState", e->index),
                                "1 byte", "%zu bytes", v->data.left);
    if (v->data.p[0] != 0)
        return tb_findings_fail(s->f, TB_CHECK_SB_SHIM, place_of(&p, "MokSBState", e->index), "00",
                                "%02x", v->data.p[0]);
    return true;
}

/* What shim logs as an authority and is none. Others under its GUID are keys: Shim, MokList. */
static bool is_shim_setting(const struct tb_uefi_variable *v)
{
    static const char *const names[] = { "SbatLevel", "MokSBState", "MokDBState", "MokListTrusted",
                                         "MokPolicy" };
    size_t i = 0;

    while (i < sizeof names / sizeof *names && !tb_uefi_name_is(v, names[i]))
        i++;
    return i < sizeof names / sizeof *names && tb_guid_is(v->guid, tb_guid_shim_lock);
}

/* PFP 1.06, 10.4.2.6: EV_EFI_VARIABLE_AUTHORITY has the entry of db that vouched for an image; shim
 * logs its own authorities and a few settings in the same way, partly without the owner. */
static bool authority(struct tb_boot_scan *s, const struct tb_event *e,
                      const struct tb_uefi_variable *v, enum tb_cover cover)
{
    struct tb_boot_facts *facts = s->facts;
    enum tb_sb_variable which = variable_of(v);
    struct tb_reader owner, data = v->data;
    uint8_t digest[TB_DIGEST_MAX] = { 0 };
    struct tb_authority *a;
    struct place p;
    size_t n_entries;

    if (cover == TB_COVER_VARIABLE)
        return tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "authority", e->index),
                                "a digest that covers the variable's name", "one of its data only");
    if (v->excess.left > SHIM_EXCESS_MAX)
        return tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "authority", e->index),
                                "its end", "%zu bytes more", v->excess.left);
    if (which == TB_SB_SHIM_STATE)
        return shim_state(s, e, v);
    if (which != TB_N_SB_VARIABLES && which != TB_SB_DB)
        return tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "authority", e->index),
                                "an authority", "the variable %s", variables[which].name);
    if (which == TB_SB_DB && is_signature_lists(data, &n_entries))
        return tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "authority", e->index),
                                "one entry of db", "db itself");
    if (facts->n_authorities == TB_AUTHORITIES_MAX) {
        facts->n_authorities_lost++;
        return true;
    }
    s->authority_data[facts->n_authorities] = data;
    s->authority_is_db[facts->n_authorities] = which == TB_SB_DB;
    a = &facts->authority[facts->n_authorities++];
    a->before_separator = s->n_separators[7] == 0;
    a->is_setting = is_shim_setting(v);
    tb_utf16_text(v->name, a->variable, sizeof a->variable);
    if (!tb_cert_subject(data, a->subject, sizeof a->subject) && tb_read_slice(&data, 16, &owner) &&
        !tb_cert_subject(data, a->subject, sizeof a->subject))
        data = v->data; /* no certificate: a hash with its owner, or a setting */
    if (tb_hash(s->h, TB_BANK_SHA256, data, digest))
        memcpy(a->digest, digest, sizeof a->digest);
    return true;
}

/* A variable's value, EV_EFI_VARIABLE_DRIVER_CONFIG. */
static bool config(struct tb_boot_scan *s, const struct tb_event *e,
                   const struct tb_uefi_variable *v, enum tb_cover cover)
{
    enum tb_sb_variable which = variable_of(v);
    struct tb_sb_seen *seen = &s->seen[which];
    struct place p;
    size_t n_entries;

    if (v->excess.left != 0)
        return tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "variable", e->index),
                                "its end", "%zu bytes more", v->excess.left);
    /* Such a digest could be of any event: the log wrapped it in a variable of its choice. */
    if (cover == TB_COVER_VARIABLE)
        s->n_names_unproved++;
    if (which == TB_SB_SHIM_STATE)
        return shim_state(s, e, v);
    if (which == TB_N_SB_VARIABLES)
        return true; /* dbt, dbr, MokList, ...; or a known name under a foreign GUID */
    if (s->n_separators[7] != 0)
        return tb_findings_fail(s->f, TB_CHECK_SB_VALUE,
                                place_of(&p, variables[which].name, e->index),
                                "in front of the separator", "behind it");
    if (which >= TB_SB_PK && !is_signature_lists(v->data, &n_entries))
        return tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED,
                                place_of(&p, variables[which].name, e->index), "signature lists",
                                "something else, %zu bytes", v->data.left);
    if (seen->n++ != 0)
        return tb_findings_fail(s->f, TB_CHECK_SB_DUPLICATE,
                                place_of(&p, variables[which].name, e->index), "one measurement",
                                "a second one");
    seen->event = e->index;
    seen->cover = cover;
    seen->data = v->data;
    return true;
}

void tb_secure_boot_event(struct tb_boot_scan *s, const struct tb_event *e)
{
    struct tb_uefi_variable v;
    bool is_variable = tb_uefi_variable_parse(e->data, &v);
    enum tb_cover cover = cover_of(s, e, is_variable ? &v : NULL);
    struct place p;

    if (cover == TB_COVER_NONE)
        tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "event", e->index),
                         "data that the digest covers", "other data");
    else if (cover == TB_COVER_ALL && tb_is_text(e->data))
        action(s, e);
    else if (!is_variable)
        tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "event", e->index),
                         "a variable or an action", "neither, %zu bytes", e->data.left);
    else if (e->type == TB_EV_EFI_VARIABLE_AUTHORITY)
        authority(s, e, &v, cover);
    else if (e->type == TB_EV_EFI_VARIABLE_DRIVER_CONFIG)
        config(s, e, &v, cover);
    else
        tb_findings_fail(s->f, TB_CHECK_SB_UNEXPLAINED, place_of(&p, "variable", e->index),
                         "a type that PCR 7 has", "type 0x%08" PRIx32, e->type);
}

/* The first test key of a variable is told. One that dbx forbids is as it should be. */
static void judge_certificate(struct tb_boot_scan *s, enum tb_keyset_index i, const char *subject,
                              bool *told)
{
    struct place p;

    if (*told || i == TB_KEYSET_DBX || !tb_is_test_key(subject))
        return;
    *told = true;
    snprintf(p.text, sizeof p.text, "PCR 7 %s", variables[(unsigned)TB_SB_PK + i].name);
    tb_findings_fail(s->f, TB_CHECK_SB_TEST_KEY, p.text, "a key of the maker or the owner", "%s",
                     subject);
}

static void read_keyset(struct tb_boot_scan *s, enum tb_keyset_index i)
{
    const struct tb_sb_seen *seen = &s->seen[(unsigned)TB_SB_PK + i];
    struct tb_keyset *k = &s->facts->keyset[i];
    struct tb_signature_lists it = tb_signature_lists_begin(seen->data);
    struct tb_signature_entry e;
    uint8_t digest[TB_DIGEST_MAX];
    char subject[TB_TEXT_MAX];
    bool told = false;

    if (seen->n != 1 || seen->cover != TB_COVER_ALL)
        return;
    if (!tb_hash(s->h, TB_BANK_SHA256, seen->data, digest)) {
        tb_findings_unknown(s->f, TB_CHECK_SB_TEST_KEY, "hashing", "a digest", "a library failure");
        return;
    }
    k->measured = true;
    k->at = (uint32_t)(seen->data.p - s->log.p);
    k->len = (uint32_t)seen->data.left;
    memcpy(k->digest, digest, sizeof k->digest);
    while (tb_signature_lists_next(&it, &e) == TB_LIST_ENTRY) {
        if (!tb_guid_is(e.type, tb_guid_cert_x509)) {
            k->n_hashes++;
            continue;
        }
        if (!tb_cert_subject(e.data, subject, sizeof subject))
            subject[0] = '\0'; /* a PEM file, a broken certificate: it stays a digest */
        if (k->n_certs++ == 0) {
            memcpy(k->subject, subject, strlen(subject) + 1);  /* the rest stays zero */
            if (tb_hash(s->h, TB_BANK_SHA256, e.data, digest)) /* a name is all that is lost */
                memcpy(k->certificate, digest, sizeof k->certificate);
        }
        judge_certificate(s, i, subject, &told);
    }
}

/* A variable of one byte that is 0 or 1: its value; otherwise -1. */
static int flag(const struct tb_boot_scan *s, enum tb_sb_variable which)
{
    const struct tb_sb_seen *seen = &s->seen[which];

    return seen->n == 1 && seen->data.left == 1 && seen->data.p[0] <= 1 ? seen->data.p[0] : -1;
}

/* The value of SecureBoot; false when nothing follows from it. */
static bool conclude_value(struct tb_boot_scan *s, enum tb_secure_boot *out)
{
    const struct tb_sb_seen *seen = &s->seen[TB_SB_SECURE_BOOT];
    struct place p;

    if (seen->n == 0)
        return tb_findings_fail(s->f, TB_CHECK_SB_MISSING, "PCR 7 SecureBoot", "a measurement",
                                "none in front of the separator");
    place_of(&p, "SecureBoot", seen->event);
    tb_findings_pass(s->f, TB_CHECK_SB_MISSING);
    if (seen->data.left == 0) {
        *out = TB_SECURE_BOOT_NOT_SET;
        tb_findings_fail(s->f, TB_CHECK_SB_EMPTY, p.text, "01", "no byte");
        return true;
    }
    tb_findings_pass(s->f, TB_CHECK_SB_EMPTY);
    if (seen->data.left != 1)
        return tb_findings_fail(s->f, TB_CHECK_SB_VALUE, p.text, "1 byte", "%zu bytes",
                                seen->data.left);
    if (seen->data.p[0] > 1)
        return tb_findings_fail(s->f, TB_CHECK_SB_VALUE, p.text, "00 or 01", "%02x",
                                seen->data.p[0]);
    if (seen->data.p[0] == 0) {
        *out = TB_SECURE_BOOT_OFF;
        tb_findings_fail(s->f, TB_CHECK_SB_OFF, p.text, "01", "00");
        return true;
    }
    /* Without names a byte 01 could be any variable, and a variable any event. */
    if (s->n_names_unproved != 0)
        return tb_findings_unknown(s->f, TB_CHECK_SB_VALUE, p.text,
                                   "digests that cover the variables' names",
                                   "%" PRIu32 " of the data only", s->n_names_unproved);
    tb_findings_pass(s->f, TB_CHECK_SB_OFF);
    *out = TB_SECURE_BOOT_ON;
    return true;
}

/* UEFI 2.10, 32.3: setup mode is when no PK is enrolled; audit mode runs images that fail. */
static void conclude_modes(struct tb_boot_scan *s)
{
    const struct tb_sb_seen *pk = &s->seen[TB_SB_PK];
    int setup = flag(s, TB_SB_SETUP_MODE);
    size_t n_keys = 0;

    if (setup == 1)
        tb_findings_fail(s->f, TB_CHECK_SB_SETUP_MODE, "PCR 7 SetupMode", "00", "01");
    if (pk->n != 0 && (!is_signature_lists(pk->data, &n_keys) || n_keys == 0))
        tb_findings_fail(s->f, TB_CHECK_SB_SETUP_MODE, "PCR 7 PK", "a platform key", "none");
    else if (pk->n == 0 && setup != 0)
        tb_findings_unknown(s->f, TB_CHECK_SB_SETUP_MODE, "PCR 7 PK", "a measurement", "none");
    tb_findings_pass(s->f, TB_CHECK_SB_SETUP_MODE);
    if (flag(s, TB_SB_AUDIT_MODE) == 1)
        tb_findings_fail(s->f, TB_CHECK_SB_AUDIT_MODE, "PCR 7 AuditMode", "00", "01");
    tb_findings_pass(s->f, TB_CHECK_SB_AUDIT_MODE);
}

/* UEFI 2.10, 32.3, figure 32-4: the states that there are. */
static void conclude_contradictions(struct tb_boot_scan *s)
{
    const enum tb_check c = TB_CHECK_SB_CONTRADICTION;
    int on = flag(s, TB_SB_SECURE_BOOT), setup = flag(s, TB_SB_SETUP_MODE);
    int audit = flag(s, TB_SB_AUDIT_MODE), deployed = flag(s, TB_SB_DEPLOYED_MODE);
    const struct tb_sb_seen *pk = &s->seen[TB_SB_PK];
    bool pk_empty = pk->n != 0 && pk->data.left == 0;
    bool pk_there = pk->data.left != 0;

    if (on == 1 && pk_empty)
        tb_findings_fail(s->f, c, "PCR 7 SecureBoot and PK", "a key with SecureBoot 01", "no key");
    if (on == 1 && setup == 1)
        tb_findings_fail(s->f, c, "PCR 7 SecureBoot and SetupMode", "not both 01", "both");
    if (on == 1 && audit == 1)
        tb_findings_fail(s->f, c, "PCR 7 SecureBoot and AuditMode", "not both 01", "both");
    if (setup == 1 && pk_there)
        tb_findings_fail(s->f, c, "PCR 7 SetupMode and PK", "no key in setup mode", "a key");
    if (setup == 0 && pk_empty)
        tb_findings_fail(s->f, c, "PCR 7 SetupMode and PK", "a key outside of setup mode", "none");
    if (deployed == 1 && (setup == 1 || audit == 1))
        tb_findings_fail(s->f, c, "PCR 7 DeployedMode", "00 in setup or audit mode", "01");
    tb_findings_pass(s->f, c);
}

/* Secure Boot without keys that were measured is a word without a meaning. */
static void conclude_keys(struct tb_boot_scan *s)
{
    struct place p;

    for (unsigned i = 0; i < TB_N_KEYSETS; i++)
        read_keyset(s, (enum tb_keyset_index)i);
    for (unsigned i = TB_KEYSET_PK; i <= TB_KEYSET_DB; i++) {
        const struct tb_keyset *k = &s->facts->keyset[i];

        snprintf(p.text, sizeof p.text, "PCR 7 %s", variables[TB_SB_PK + i].name);
        if (!k->measured && s->seen[TB_SB_PK + i].n == 0)
            tb_findings_fail(s->f, TB_CHECK_SB_MISSING, p.text, "a measurement",
                             "none in front of the separator");
    }
    tb_findings_pass(s->f, TB_CHECK_SB_TEST_KEY);
}

/* PFP 1.06, 3.3.4.8: the authority is the very entry of db, its owner included. */
static bool is_in_db(const struct tb_boot_scan *s, struct tb_reader authority)
{
    struct tb_signature_lists it = tb_signature_lists_begin(s->seen[TB_SB_DB].data);
    struct tb_signature_entry e;

    while (tb_signature_lists_next(&it, &e) == TB_LIST_ENTRY)
        if (authority.left == 16 + e.data.left && memcmp(authority.p, e.owner.p, 16) == 0 &&
            memcmp(authority.p + 16, e.data.p, e.data.left) == 0)
            return true;
    return false;
}

/* The firmware measures an authority once, so one may stand for many programs, and an authority of
 * a driver for the boot loader too. None at all means that nothing was verified. */
static bool conclude_authority(struct tb_boot_scan *s)
{
    const enum tb_check c = TB_CHECK_SB_AUTHORITY;
    struct tb_boot_facts *facts = s->facts;
    size_t n_in_db = 0;

    for (size_t i = 0; i < facts->n_authorities; i++) {
        facts->authority[i].in_db = s->authority_is_db[i] && is_in_db(s, s->authority_data[i]);
        n_in_db += facts->authority[i].in_db;
    }
    if (!tb_boot_pcr_matches(s, 4))
        return tb_findings_unknown(s->f, c, "PCR 4", "a PCR that matches the quote", "%s",
                                   tb_pcr_state_name(s->states->state[s->bank][4]));
    if (facts->n_programs == 0)
        return tb_findings_unknown(s->f, c, "PCR 4", "a program", "none");
    if (n_in_db == 0)
        return tb_findings_fail(s->f, c, "PCR 7", "an authority that is in the measured db",
                                "%zu authorities, none of them in db", facts->n_authorities);
    tb_findings_pass(s->f, c);
    return true;
}

/* What must hold before anything in PCR 7 is believed; and before "on" is. */
static bool all_pass(const struct tb_findings *f, const enum tb_check *checks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (f->outcome[checks[i]] != TB_PASS)
            return false;
    return true;
}

void tb_secure_boot_conclude(struct tb_boot_scan *s)
{
    static const enum tb_check for_any[] = { TB_CHECK_LOG_SEPARATOR, TB_CHECK_LOG_FIRMWARE_ERROR,
                                             TB_CHECK_SB_UNEXPLAINED, TB_CHECK_SB_DUPLICATE };
    static const enum tb_check for_on[] = { TB_CHECK_SB_MISSING,       TB_CHECK_SB_OFF,
                                            TB_CHECK_SB_SETUP_MODE,    TB_CHECK_SB_AUDIT_MODE,
                                            TB_CHECK_SB_CONTRADICTION, TB_CHECK_SB_AUTHORITY,
                                            TB_CHECK_SB_SHIM,          TB_CHECK_SB_DEBUG };
    enum tb_secure_boot value = TB_SECURE_BOOT_UNKNOWN;

    tb_findings_pass(s->f, TB_CHECK_SB_UNEXPLAINED);
    tb_findings_pass(s->f, TB_CHECK_SB_DUPLICATE);
    tb_findings_pass(s->f, TB_CHECK_SB_SHIM);
    tb_findings_pass(s->f, TB_CHECK_SB_DEBUG);
    tb_findings_pass(s->f, TB_CHECK_SB_DMA);
    conclude_keys(s);
    conclude_modes(s);
    conclude_contradictions(s);
    if (conclude_value(s, &value))
        tb_findings_pass(s->f, TB_CHECK_SB_VALUE);
    if (value == TB_SECURE_BOOT_ON)
        conclude_authority(s);
    if (!all_pass(s->f, for_any, sizeof for_any / sizeof *for_any)) {
        memset(s->facts->keyset, 0, sizeof s->facts->keyset);
        s->facts->n_authorities = 0;
        return;
    }
    if (s->f->outcome[TB_CHECK_SB_VALUE] != TB_PASS)
        return; /* two values, or one in an impossible place */
    if (value == TB_SECURE_BOOT_ON && !all_pass(s->f, for_on, sizeof for_on / sizeof *for_on))
        return;
    s->facts->secure_boot = value;
}
