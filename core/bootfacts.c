/* core/bootfacts.c - separators, programs, the end of the firmware; secureboot.c reads PCR 7.
 *
 * The attacker of this file is root on the host, after the boot: he cannot change what was extended
 * before him, but may extend more, and may rewrite everything in the log that no digest covers:
 * every type, and data where the digest is not its hash. So events are told apart by recomputing
 * digests of what we know, and what cannot be explained counts against the host. */
#include "core/bootfacts_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *data;
    size_t len;
} known_data[TB_N_KNOWN] = {
#define TEXT(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }
    [TB_KNOWN_SEPARATOR] = TEXT("\0\0\0\0"),
    [TB_KNOWN_SEPARATOR_ONES] = TEXT("\xff\xff\xff\xff"),
    [TB_KNOWN_SEPARATOR_ERROR] = TEXT("\1\0\0\0"),
    [TB_KNOWN_CALLING] = TEXT("Calling EFI Application from Boot Option"),
    [TB_KNOWN_RETURNING] = TEXT("Returning from EFI Application from Boot Option"),
    [TB_KNOWN_EXIT_INVOCATION] = TEXT("Exit Boot Services Invocation"),
    [TB_KNOWN_EXIT_SUCCESS] = TEXT("Exit Boot Services Returned with Success"),
#undef TEXT
};

const char *tb_secure_boot_name(enum tb_secure_boot s)
{
    static const char *const names[] = {
        [TB_SECURE_BOOT_UNKNOWN] = "unknown",
        [TB_SECURE_BOOT_NOT_SET] = "not-set",
        [TB_SECURE_BOOT_OFF] = "off",
        [TB_SECURE_BOOT_ON] = "on",
    };

    return names[s];
}

bool tb_boot_pcr_matches(const struct tb_boot_scan *s, uint32_t pcr)
{
    return s->states->state[s->bank][pcr] == TB_PCR_MATCH;
}

static bool has_digest(const struct tb_event *e, enum tb_bank bank, const uint8_t *digest)
{
    return tb_slice_equal(e->digest[bank], tb_slice(digest, tb_bank_digest_len(bank)));
}

static struct tb_log_trust trust(const struct tb_boot_scan *s)
{
    return (struct tb_log_trust){ s->bank, s->states };
}

static bool bank_counts(const struct tb_boot_scan *s, enum tb_bank bank, const struct tb_event *e)
{
    return tb_event_counts(e, trust(s), bank);
}

bool tb_boot_covers(const struct tb_boot_scan *s, const struct tb_event *e, struct tb_reader data)
{
    return tb_event_covers(e, trust(s), s->h, &data, 1);
}

static enum tb_known known_in(const struct tb_boot_scan *s, enum tb_bank bank,
                              const struct tb_event *e)
{
    unsigned k = 0;

    while (k < TB_N_KNOWN && !has_digest(e, bank, s->known[bank][k]))
        k++;
    return (enum tb_known)k;
}

/* What the event is in every bank that counts. Where they differ it is nothing that is known, and
 * of a separator that is told. */
static enum tb_known known_event(struct tb_boot_scan *s, const struct tb_event *e)
{
    enum tb_known known = known_in(s, s->bank, e);
    bool separator = known <= TB_KNOWN_SEPARATOR_ERROR, differ = false;
    char where[64];

    for (unsigned i = 0; i < TB_N_BANKS; i++)
        if (bank_counts(s, (enum tb_bank)i, e) && known_in(s, (enum tb_bank)i, e) != known) {
            separator = separator || known_in(s, (enum tb_bank)i, e) <= TB_KNOWN_SEPARATOR_ERROR;
            differ = true;
        }
    if (!differ)
        return known;
    snprintf(where, sizeof where, "PCR %" PRIu32 ", event %" PRIu32, e->pcr, e->index);
    if (separator)
        tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR, where, "one value in all banks",
                         "a separator in some of them");
    return TB_N_KNOWN;
}

/* An event of the type EV_SEPARATOR. PFP 1.06, 3.3.2.3 and 10.4.1: one in each of PCR 0-7, of four
 * zero bytes; other values are an error of the firmware. */
static bool separator(struct tb_boot_scan *s, const struct tb_event *e, enum tb_known known)
{
    char where[64];

    snprintf(where, sizeof where, "PCR %" PRIu32 ", event %" PRIu32, e->pcr, e->index);
    if (known == TB_KNOWN_SEPARATOR_ONES || known == TB_KNOWN_SEPARATOR_ERROR) {
        s->n_separators[e->pcr]++;
        return tb_findings_fail(s->f, TB_CHECK_LOG_FIRMWARE_ERROR, where, "a separator of zeros",
                                "the error value %s",
                                known == TB_KNOWN_SEPARATOR_ONES ? "ffffffff" : "01000000");
    }
    if (known == TB_KNOWN_SEPARATOR) {
        s->n_separators[e->pcr]++;
        if (!tb_slice_equal(e->data, tb_slice("\0\0\0\0", 4)))
            return tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR, where, "the data 00000000",
                                    "other data than its digest is of");
        return true;
    }
    if (e->pcr == 7)
        return tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR, where, "a separator of zeros",
                                "a separator of another value, %zu bytes", e->data.left);
    return tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR_OTHER, where, "a separator of zeros",
                            "a separator of another value, %zu bytes", e->data.left);
}

/* A separator's digest under another type. In PCR 0 to 6 four bytes of zeros may be a setting (real
 * firmware measures such), so there it is a separator in disguise only if there is no other. */
static bool disguised(struct tb_boot_scan *s, const struct tb_event *e, enum tb_known known)
{
    char where[64];

    if (s->n_disguised[e->pcr]++ == 0) {
        s->disguised[e->pcr] = *e;
        s->disguised_as[e->pcr] = known;
    }
    if (e->pcr != 7)
        return true;
    snprintf(where, sizeof where, "PCR 7, event %" PRIu32, e->index);
    return tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR, where, "the type EV_SEPARATOR",
                            "a separator's digest with type 0x%08" PRIx32, e->type);
}

/* What was read from a PCR whose separator the log hides. */
static void forget(struct tb_boot_scan *s, uint32_t pcr)
{
    if (pcr == 0)
        s->facts->firmware_version[0] = '\0';
    if (pcr == 4)
        s->facts->n_programs = s->facts->n_programs_lost = 0;
    if (pcr == 5)
        s->exit_invocation = s->exit_success = false;
}

static bool conclude_disguised(struct tb_boot_scan *s, uint32_t pcr)
{
    char where[64];

    if (s->n_disguised[pcr] == 0 || s->n_separators[pcr] != 0)
        return true;
    forget(s, pcr);
    snprintf(where, sizeof where, "PCR %" PRIu32 ", event %" PRIu32, pcr, s->disguised[pcr].index);
    if (s->disguised_as[pcr] != TB_KNOWN_SEPARATOR)
        return tb_findings_fail(s->f, TB_CHECK_LOG_FIRMWARE_ERROR, where, "a separator of zeros",
                                "an error value's digest with type 0x%08" PRIx32,
                                s->disguised[pcr].type);
    return tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR, where, "the type EV_SEPARATOR",
                            "a separator's digest with type 0x%08" PRIx32, s->disguised[pcr].type);
}

/* EFI_IMAGE_LOAD_EVENT (PFP 1.06, 10.2.3): location, length and link time address, 8 bytes each;
 * then the device path's length and the path. */
static void program_path(struct tb_reader data, char out[TB_TEXT_MAX])
{
    struct tb_reader skipped, path;
    char whole[512];
    uint64_t len;
    size_t n;

    out[0] = '\0';
    if (!tb_read_slice(&data, 24, &skipped) || !tb_read_u64le(&data, &len) || len > data.left ||
        !tb_read_slice(&data, (size_t)len, &path))
        return;
    if (!tb_device_path_text(path, whole, sizeof whole) && whole[0] == '\0')
        return; /* else as far as it could be read: it is only shown */
    n = strlen(whole);
    if (n < TB_TEXT_MAX) {
        memcpy(out, whole, n + 1);
        return;
    }
    /* The file's name stands at the end, behind a controller, a disk and a partition. */
    memcpy(out, "...", 3);
    memcpy(out + 3, whole + n - (TB_TEXT_MAX - 4), TB_TEXT_MAX - 3);
}

void tb_program_of_event(const struct tb_event *e, struct tb_log_trust t, struct tb_program *out)
{
    *out = (struct tb_program){ .event = e->index, .bank = t.bank };
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (tb_event_counts(e, t, (enum tb_bank)b) && (e->banks >> b & 1)) {
            memcpy(out->digest[b], e->digest[b].p, e->digest[b].left);
            out->banks |= 1u << b;
        }
}

/* Everything in PCR 4 that is not known to be something else is a program, whatever its type says.
 * An action has text for data and the digest of that text; no image hashes to it. */
static void program(struct tb_boot_scan *s, const struct tb_event *e)
{
    struct tb_boot_facts *facts = s->facts;
    struct tb_program *p = &facts->program[facts->n_programs];

    if (e->type == TB_EV_EFI_ACTION && tb_is_text(e->data) && tb_boot_covers(s, e, e->data))
        return;
    if (facts->n_programs == TB_PROGRAMS_MAX) {
        facts->n_programs_lost++;
        return;
    }
    tb_program_of_event(e, trust(s), p);
    program_path(e->data, p->path);
    facts->n_programs++;
}

/* The version as text; what does not fit is told by its digest, so that a policy's list never meets
 * a part of one. HP measures 280 bytes that are no text. */
static void version_text(struct tb_boot_scan *s, struct tb_reader data)
{
    char *out = s->facts->firmware_version, text[TB_TEXT_MAX + 1];
    bool utf16 = data.left % 2 == 0;
    uint8_t digest[TB_DIGEST_MAX];

    for (size_t i = 1; utf16 && i < data.left; i += 2)
        utf16 = data.p[i] == 0;
    if (utf16)
        tb_utf16_text(data, text, sizeof text);
    else if (data.left == 16)
        tb_guid_text(data, text);
    else if (tb_is_text(data))
        tb_ascii_text(data, text, sizeof text);
    else
        tb_hex(data, text, sizeof text);
    if (strlen(text) < TB_TEXT_MAX) {
        memcpy(out, text, strlen(text) + 1);
    } else if (tb_hash(s->h, TB_BANK_SHA256, data, digest)) {
        memcpy(out, "sha256:", 7);
        tb_hex(tb_slice(digest, 32), out + 7, TB_TEXT_MAX - 7);
    }
}

/* PFP 1.06, 10.4.1, EV_S_CRTM_VERSION: UTF-16 text or a GUID. Some makers hash something else than
 * what they log, so it is only a fact where the digest covers it. What stands behind a separator
 * somebody else measured than the firmware, whatever type the log gives that separator. */
static void crtm_version(struct tb_boot_scan *s, const struct tb_event *e)
{
    const bool late = s->n_separators[0] != 0 || s->n_disguised[0] != 0;

    s->facts->firmware_version[0] = '\0';
    if (s->n_crtm_versions++ == 0 && !late && tb_boot_covers(s, e, e->data))
        version_text(s, e->data);
}

static void boot_event(struct tb_boot_scan *s, const struct tb_event *e)
{
    enum tb_known known;

    if (e->type == TB_EV_NO_ACTION || e->pcr > 7 || !tb_boot_pcr_matches(s, e->pcr))
        return;
    known = known_event(s, e);
    if (e->pcr == 4 && known == TB_N_KNOWN)
        program(s, e); /* a separator by its type, too: whoever made the log chose that */
    if (e->type == TB_EV_SEPARATOR)
        separator(s, e, known);
    else if (known <= TB_KNOWN_SEPARATOR_ERROR)
        disguised(s, e, known);
    else if (e->pcr == 7)
        tb_secure_boot_event(s, e);
    else if (e->pcr == 5 && known == TB_KNOWN_EXIT_INVOCATION)
        s->exit_invocation = true;
    else if (e->pcr == 5 && known == TB_KNOWN_EXIT_SUCCESS)
        s->exit_success = true;
    else if (e->pcr == 0 && e->type == TB_EV_S_CRTM_VERSION)
        crtm_version(s, e);
}

static bool conclude_separators(struct tb_boot_scan *s)
{
    for (uint32_t pcr = 0; pcr < 7; pcr++) {
        char where[16];

        snprintf(where, sizeof where, "PCR %" PRIu32, pcr);
        conclude_disguised(s, pcr);
        if (tb_boot_pcr_matches(s, pcr) && s->n_separators[pcr] != 1)
            tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR_OTHER, where, "one separator", "%" PRIu32,
                             s->n_separators[pcr]);
    }
    if (s->n_separators[0] == 0) /* nothing says what is the firmware's */
        s->facts->firmware_version[0] = '\0';
    tb_findings_pass(s->f, TB_CHECK_LOG_SEPARATOR_OTHER);
    tb_findings_pass(s->f, TB_CHECK_LOG_FIRMWARE_ERROR);
    if (!tb_boot_pcr_matches(s, 7))
        return tb_findings_unknown(s->f, TB_CHECK_LOG_SEPARATOR, "PCR 7",
                                   "a PCR that matches the quote", "%s",
                                   tb_pcr_state_name(s->states->state[s->bank][7]));
    if (s->n_separators[7] != 1)
        return tb_findings_fail(s->f, TB_CHECK_LOG_SEPARATOR, "PCR 7", "one separator", "%" PRIu32,
                                s->n_separators[7]);
    tb_findings_pass(s->f, TB_CHECK_LOG_SEPARATOR);
    return true;
}

static bool conclude_end(struct tb_boot_scan *s)
{
    if (!tb_boot_pcr_matches(s, 5))
        return tb_findings_unknown(s->f, TB_CHECK_BOOT_END, "PCR 5", "a PCR that matches the quote",
                                   "%s", tb_pcr_state_name(s->states->state[s->bank][5]));
    if (!s->exit_invocation || !s->exit_success)
        return tb_findings_fail(s->f, TB_CHECK_BOOT_END, "PCR 5",
                                "ExitBootServices invoked and returned with success",
                                "invoked: %s, returned: %s", s->exit_invocation ? "yes" : "no",
                                s->exit_success ? "yes" : "no");
    s->facts->exit_boot_services = true;
    tb_findings_pass(s->f, TB_CHECK_BOOT_END);
    return true;
}

static bool hash_known(struct tb_boot_scan *s)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (unsigned k = 0; k < TB_N_KNOWN; k++)
            if (!tb_hash(s->h, (enum tb_bank)b, tb_slice(known_data[k].data, known_data[k].len),
                         s->known[b][k]))
                return false;
    return true;
}

static bool scan(struct tb_boot_scan *s, struct tb_reader in, struct tb_reason *why)
{
    enum tb_log_step step;
    struct tb_event e;
    struct tb_log log;

    if (!hash_known(s))
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, "hashing", "a digest", "a library failure");
    if (!tb_log_open(in, &log, why))
        return false;
    while ((step = tb_log_next(&log, &e, why)) == TB_LOG_EVENT)
        boot_event(s, &e);
    return step == TB_LOG_END;
}

void tb_boot_facts_read(struct tb_reader in, enum tb_bank bank, const struct tb_pcr_states *states,
                        struct tb_hasher *h, struct tb_boot_facts *out, struct tb_findings *f)
{
    struct tb_boot_scan s = {
        .log = in, .bank = bank, .states = states, .h = h, .facts = out, .f = f
    };
    struct tb_reason why;

    *out = (struct tb_boot_facts){ 0 };
    if (!scan(&s, in, &why)) { /* a caller that did not replay first */
        *out = (struct tb_boot_facts){ 0 };
        tb_findings_add(f, TB_FAIL, &why);
        return;
    }
    conclude_separators(&s);
    if (!tb_boot_pcr_matches(&s, 7))
        tb_findings_unknown(f, TB_CHECK_SB_MISSING, "PCR 7", "a PCR that matches the quote", "%s",
                            tb_pcr_state_name(states->state[bank][7]));
    else
        tb_secure_boot_conclude(&s);
    conclude_end(&s);
}
