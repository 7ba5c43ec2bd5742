/* core/eventlog.c - structure and replay of the TCG event log.
 *
 * The log comes from the host's disk and memory: every byte is hostile. What a log says is only
 * worth something after tb_log_compare() found that it leads to quoted PCR values; until then the
 * only question is whether it has a structure at all. Strict here, because a structure that two
 * readers understand differently is how a lie is hidden from one of them. */
#include "core/eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* PFP 1.06, 10.4.5.1: the signature, with its NUL. */
#define SPEC_ID "Spec ID Event03"
#define SHA1_RECORD_MIN 32  /* bytes of an event without data in the SHA-1 format */
#define AGILE_RECORD_MIN 16 /* bytes of an event without digests and data, crypto-agile */

static const struct {
    uint32_t type;
    const char *name;
} types[] = {
#define T(x)                                                                                       \
    {                                                                                              \
        TB_##x, #x                                                                                 \
    }
    T(EV_PREBOOT_CERT),
    T(EV_POST_CODE),
    T(EV_UNUSED),
    T(EV_NO_ACTION),
    T(EV_SEPARATOR),
    T(EV_ACTION),
    T(EV_EVENT_TAG),
    T(EV_S_CRTM_CONTENTS),
    T(EV_S_CRTM_VERSION),
    T(EV_CPU_MICROCODE),
    T(EV_PLATFORM_CONFIG_FLAGS),
    T(EV_TABLE_OF_DEVICES),
    T(EV_COMPACT_HASH),
    T(EV_IPL),
    T(EV_IPL_PARTITION_DATA),
    T(EV_NONHOST_CODE),
    T(EV_NONHOST_CONFIG),
    T(EV_NONHOST_INFO),
    T(EV_OMIT_BOOT_DEVICE_EVENTS),
    T(EV_POST_CODE2),
    T(EV_EFI_VARIABLE_DRIVER_CONFIG),
    T(EV_EFI_VARIABLE_BOOT),
    T(EV_EFI_BOOT_SERVICES_APPLICATION),
    T(EV_EFI_BOOT_SERVICES_DRIVER),
    T(EV_EFI_RUNTIME_SERVICES_DRIVER),
    T(EV_EFI_GPT_EVENT),
    T(EV_EFI_ACTION),
    T(EV_EFI_PLATFORM_FIRMWARE_BLOB),
    T(EV_EFI_HANDOFF_TABLES),
    T(EV_EFI_PLATFORM_FIRMWARE_BLOB2),
    T(EV_EFI_HANDOFF_TABLES2),
    T(EV_EFI_VARIABLE_BOOT2),
    T(EV_EFI_GPT_EVENT2),
    T(EV_EFI_HCRTM_EVENT),
    T(EV_EFI_VARIABLE_AUTHORITY),
    T(EV_EFI_SPDM_FIRMWARE_BLOB),
    T(EV_EFI_SPDM_FIRMWARE_CONFIG),
#undef T
};

const char *tb_event_type_name(uint32_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return types[i].name;
    return NULL;
}

/* Where in the log, for a reason. */
struct place {
    char text[64];
};

static const char *place_of(struct place *p, size_t offset, uint32_t event)
{
    snprintf(p->text, sizeof p->text, "log offset %zu, event %" PRIu32, offset, event);
    return p->text;
}

static bool starts_with(struct tb_reader in, const char *text, size_t n)
{
    return in.left >= n && memcmp(in.p, text, n) == 0;
}

/* Logs that are copies of a fixed memory area end in 0x00 or 0xff. Where that run begins is looked
 * for once, so that no log can make us look again at each event. */
static size_t find_padding(struct tb_reader in)
{
    uint8_t last = in.p[in.left - 1];
    size_t n = in.left;

    if (last != 0x00 && last != 0xff)
        return n;
    while (n > 0 && in.p[n - 1] == last)
        n--;
    return n;
}

/* One TCG_PCR_EVENT (PFP 1.06, 10.2.1), from a copy of the cursor. */
static bool read_sha1_record(struct tb_reader *rest, struct tb_event *e)
{
    uint32_t size;

    if (!tb_read_u32le(rest, &e->pcr) || !tb_read_u32le(rest, &e->type) ||
        !tb_read_slice(rest, 20, &e->digest[TB_BANK_SHA1]) || !tb_read_u32le(rest, &size) ||
        !tb_read_slice(rest, size, &e->data))
        return false;
    e->banks = 1u << TB_BANK_SHA1;
    return true;
}

/* One TCG_EfiSpecIdEventAlgorithmSize. */
static bool read_alg(struct tb_reader *r, struct tb_log *log, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_LOG_HEADER;
    const char *where = "Spec ID event, digestSizes";
    enum tb_bank bank = TB_BANK_SHA1;
    uint16_t alg, len;
    bool known;

    if (!tb_read_u16le(r, &alg) || !tb_read_u16le(r, &len))
        return tb_refuse(why, c, where, "a whole entry", "%zu bytes left", r->left);
    for (size_t i = 0; i < log->n_algs; i++)
        if (log->alg[i].alg == alg)
            return tb_refuse(why, c, where, "each algorithm once", "0x%04x twice", alg);
    known = tb_bank_of_alg(alg, &bank);
    if (known && len != tb_bank_digest_len(bank))
        return tb_refuse(why, c, where, "the algorithm's digest size", "0x%04x with %u bytes", alg,
                         len);
    if (len == 0 || len > TB_DIGEST_MAX)
        return tb_refuse(why, c, where, "1 to 64 bytes", "0x%04x with %u bytes", alg, len);
    if (known)
        log->banks |= 1u << bank;
    log->alg[log->n_algs].alg = alg;
    log->alg[log->n_algs].len = len;
    log->alg[log->n_algs++].bank = known ? (int)bank : -1;
    return true;
}

/* TCG_EfiSpecIDEvent, PFP 1.06, 10.4.5.1. The errata byte is not looked at: real firmware writes
 * 0, 2, 105 or 106 there whatever it follows. */
static bool read_spec_id(struct tb_reader r, struct tb_log *log, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_LOG_HEADER;
    struct tb_reader skipped;
    uint32_t n_algs;
    uint8_t vendor_len;

    if (!tb_read_slice(&r, sizeof SPEC_ID + 4, &skipped) || !tb_read_u8(&r, &log->spec_minor) ||
        !tb_read_u8(&r, &log->spec_major) || !tb_read_u8(&r, &log->spec_errata) ||
        !tb_read_u8(&r, &log->uintn) || !tb_read_u32le(&r, &n_algs))
        return tb_refuse(why, c, "Spec ID event", "a whole structure", "%zu bytes left", r.left);
    if (log->spec_major != 2)
        return tb_refuse(why, c, "Spec ID event, specVersionMajor", "2", "%u", log->spec_major);
    if (log->uintn != 1 && log->uintn != 2)
        return tb_refuse(why, c, "Spec ID event, uintnSize", "1 or 2", "%u", log->uintn);
    if (n_algs == 0 || n_algs > TB_LOG_ALGS_MAX)
        return tb_refuse(why, c, "Spec ID event, numberOfAlgorithms", "1 to 16", "%" PRIu32,
                         n_algs);
    while (n_algs-- != 0)
        if (!read_alg(&r, log, why))
            return false;
    if (!tb_read_u8(&r, &vendor_len) || !tb_read_slice(&r, vendor_len, &log->vendor_info))
        return tb_refuse(why, c, "Spec ID event, vendorInfo", "as many bytes as its size says",
                         "%zu bytes left", r.left);
    if (r.left != 0)
        return tb_refuse(why, c, "Spec ID event", "its end", "%zu bytes more", r.left);
    return true;
}

bool tb_log_open(struct tb_reader in, struct tb_log *out, struct tb_reason *why)
{
    struct tb_log log = { .whole = in, .rest = in, .format = TB_LOG_SHA1 };
    struct tb_event first = { 0 };
    struct tb_reader rest = in;

    if (in.left == 0)
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, "event log", "events", "an empty log");
    if (in.left > TB_LOG_SIZE_MAX)
        return tb_refuse(why, TB_CHECK_EVIDENCE_LIMITS, "event log", "at most 1048576 bytes",
                         "%zu bytes", in.left);
    log.padding_from = find_padding(in);
    if (log.padding_from == 0)
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, "event log", "events", "only padding");
    if (!read_sha1_record(&rest, &first))
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, "log offset 0, event 0", "a whole event",
                         "%zu bytes", in.left);
    if (first.type != TB_EV_NO_ACTION || !starts_with(first.data, SPEC_ID, sizeof SPEC_ID)) {
        log.banks = 1u << TB_BANK_SHA1;
        *out = log;
        return true;
    }
    /* A confidential guest's log counts measurement registers from 1, its header included. Their
     * numbers mean something else than PCRs of the same number. */
    if (first.pcr == 1)
        return tb_refuse(why, TB_CHECK_LOG_HEADER, "Spec ID event, PCR index", "0, a TPM's log",
                         "1: a CC log (of measurement registers, not of PCRs)");
    if (first.pcr != 0)
        return tb_refuse(why, TB_CHECK_LOG_HEADER, "Spec ID event, PCR index", "0", "%" PRIu32,
                         first.pcr);
    if (!read_spec_id(first.data, &log, why))
        return false;
    log.format = TB_LOG_CRYPTO_AGILE;
    *out = log;
    return true;
}

/* One TPMT_HA of the event at hand. *seen has a bit for each declared algorithm. */
static bool read_digest(struct tb_reader *rest, const struct tb_log *log, struct tb_event *e,
                        uint32_t *seen, struct tb_reason *why)
{
    struct place p;
    struct tb_reader digest;
    uint16_t alg;
    size_t i = 0;

    if (!tb_read_u16le(rest, &alg))
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, place_of(&p, e->offset, e->index),
                         "a whole event", "its end in the digests");
    while (i < log->n_algs && log->alg[i].alg != alg)
        i++;
    if (i == log->n_algs)
        return tb_refuse(why, TB_CHECK_LOG_HEADER, place_of(&p, e->offset, e->index),
                         "digests of the algorithms in the Spec ID event", "algorithm 0x%04x", alg);
    if (*seen & 1u << i)
        return tb_refuse(why, TB_CHECK_LOG_HEADER, place_of(&p, e->offset, e->index),
                         "one digest of each algorithm", "two of algorithm 0x%04x", alg);
    if (!tb_read_slice(rest, log->alg[i].len, &digest))
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, place_of(&p, e->offset, e->index),
                         "a whole digest", "%zu bytes left", rest->left);
    *seen |= 1u << i;
    if (log->alg[i].bank >= 0) {
        e->banks |= 1u << log->alg[i].bank;
        e->digest[log->alg[i].bank] = digest;
    }
    return true;
}

/* One TCG_PCR_EVENT2 (PFP 1.06, 10.2.2), from a copy of the cursor. */
static bool read_agile_record(struct tb_reader *rest, const struct tb_log *log, struct tb_event *e,
                              struct tb_reason *why)
{
    struct place p;
    uint32_t n_digests, size, seen = 0;

    if (!tb_read_u32le(rest, &e->pcr) || !tb_read_u32le(rest, &e->type) ||
        !tb_read_u32le(rest, &n_digests))
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, place_of(&p, e->offset, e->index),
                         "a whole event", "%zu bytes left", rest->left);
    if (n_digests > log->n_algs)
        return tb_refuse(why, TB_CHECK_LOG_HEADER, place_of(&p, e->offset, e->index),
                         "at most as many digests as the Spec ID event names", "%" PRIu32,
                         n_digests);
    if (n_digests == 0 && e->type != TB_EV_NO_ACTION)
        return tb_refuse(why, TB_CHECK_LOG_HEADER, place_of(&p, e->offset, e->index),
                         "a digest in an event that is measured", "none");
    while (n_digests-- != 0)
        if (!read_digest(rest, log, e, &seen, why))
            return false;
    if (!tb_read_u32le(rest, &size))
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, place_of(&p, e->offset, e->index),
                         "a whole event", "its end before the data's size");
    if (!tb_read_slice(rest, size, &e->data))
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, place_of(&p, e->offset, e->index),
                         "as much data as the event's size says",
                         "size %" PRIu32 " with %zu bytes left", size, rest->left);
    return true;
}

/* Rules that hold for an event in either format. */
static bool check_event(const struct tb_log *log, const struct tb_event *e, struct tb_reason *why)
{
    struct place p;

    /* Windows writes its trust point into "PCR" 0xffffffff, as EV_NO_ACTION. */
    if (e->type != TB_EV_NO_ACTION && e->pcr >= TB_N_PCRS)
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, place_of(&p, e->offset, e->index),
                         "a PCR below 24", "PCR %" PRIu32, e->pcr);
    if (e->type == TB_EV_NO_ACTION && e->index != 0 &&
        starts_with(e->data, SPEC_ID, sizeof SPEC_ID))
        return tb_refuse(why, TB_CHECK_LOG_HEADER, place_of(&p, e->offset, e->index),
                         "one Spec ID event, the first", "%s",
                         log->format == TB_LOG_SHA1 ? "one in a log of the SHA-1 format"
                                                    : "a second one");
    return true;
}

static bool read_event(struct tb_log *log, struct tb_event *out, struct tb_reason *why)
{
    struct tb_event e = { .index = log->n_events, .offset = (size_t)(log->rest.p - log->whole.p) };
    struct tb_reader rest = log->rest;
    struct place p;

    if (e.index == TB_LOG_EVENTS_MAX)
        return tb_refuse(why, TB_CHECK_EVIDENCE_LIMITS, place_of(&p, e.offset, e.index),
                         "at most 65536 events", "more");
    /* The Spec ID event is a record of the SHA-1 format in front of the others. */
    if (log->format == TB_LOG_SHA1 || e.index == 0) {
        if (!read_sha1_record(&rest, &e))
            return tb_refuse(why, TB_CHECK_LOG_FORMAT, place_of(&p, e.offset, e.index),
                             "a whole event", "%zu bytes left", log->rest.left);
    } else if (!read_agile_record(&rest, log, &e, why)) {
        return false;
    }
    if (!check_event(log, &e, why))
        return false;
    log->rest = rest;
    log->n_events++;
    *out = e;
    return true;
}

/* Fewer bytes than the smallest event are a cut event, not padding. */
static bool at_padding(const struct tb_log *log)
{
    size_t least = log->format == TB_LOG_SHA1 ? SHA1_RECORD_MIN : AGILE_RECORD_MIN;

    return log->whole.left - log->rest.left >= log->padding_from && log->rest.left >= least;
}

enum tb_log_step tb_log_next(struct tb_log *log, struct tb_event *out, struct tb_reason *why)
{
    if (log->rest.left == 0)
        return TB_LOG_END;
    if (at_padding(log)) {
        log->padding = log->rest.left;
        log->rest = (struct tb_reader){ NULL, 0 };
        return TB_LOG_END;
    }
    return read_event(log, out, why) ? TB_LOG_EVENT : TB_LOG_BAD;
}
