/* Rows L-31 to L-38 of docs/event-log-cases.md: what stands in events, and how much of it. */
#include "tests/unit/lrow_world.h"

#include "core/uefi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const logs[] = {
    "built",     "built-sha1",      "built-two-banks",   "boots/good",
    "gce-rhel8", "ownkeys-debian1", "gce-debian10-sha1", "hp-windows-optionrom-sha1"
};
/* Secure Boot is on, and the log builder's or the recorded boot's variables are in PCR 7. */
static const char *const on[] = { "built", "built-two-banks", "boots/good", "gce-rhel8",
                                  "ownkeys-debian1" };

static const struct tb_reader anything = { (const uint8_t *)"anything", 8 };

/* ---- L-31 to L-37: data ---- */

/* Another boot, in which the variable had other data. */
static bool variable_is(struct mlog *m, const char *name, struct tb_reader data)
{
    struct mevent *e = mlog_variable(m, name, 0);
    struct tb_reader whole;

    if (e == NULL || e->type != TB_EV_EFI_VARIABLE_DRIVER_CONFIG)
        return false;
    whole = mlog_uefi_variable(m, e->data.p, name, data);
    e->data = whole;
    mlog_rehash(m, e, whole);
    mlog_quote_as_logged(m);
    return true;
}

/* An EFI_SIGNATURE_LIST with these three sizes and `there` bytes behind them. */
static bool db_with_sizes(struct mlog *m, uint32_t list, uint32_t header, uint32_t entry,
                          size_t there)
{
    uint8_t data[256] = { 0 };
    const uint32_t sizes[3] = { list, header, entry };

    memcpy(data, tb_guid_cert_x509, 16);
    for (size_t i = 0; i < 12; i++)
        data[16 + i] = (uint8_t)(sizes[i / 4] >> 8 * (i % 4));
    return variable_is(m, "db", tb_slice(data, 28 + there));
}
static bool list_27(struct mlog *m)
{
    return db_with_sizes(m, 27, 0, 44, 44);
}
static bool list_beyond(struct mlog *m)
{
    return db_with_sizes(m, 28 + 45, 0, 45, 44);
}
static bool list_4g(struct mlog *m)
{
    return db_with_sizes(m, 0xffffffff, 0, 44, 44);
}
static bool entry_15(struct mlog *m)
{
    return db_with_sizes(m, 28 + 45, 0, 15, 45);
}
static bool entry_0(struct mlog *m)
{
    return db_with_sizes(m, 28 + 44, 0, 0, 44);
}
static bool entry_4g(struct mlog *m)
{
    return db_with_sizes(m, 28 + 44, 0, 0xffffffff, 44);
}
static bool header_beyond(struct mlog *m)
{
    return db_with_sizes(m, 28 + 44, 45, 44, 44);
}
static void db_is_none(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_false(after->boot.facts.keyset[TB_KEYSET_DB].measured);
    assert_int_equal(after->boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
}

static void l31_a_signature_list_of_impossible_sizes_is_no_key_set(void **state)
{
    static const struct attack list[] = {
        { "list of 27 bytes", list_27, false, TB_CHECK_SB_UNEXPLAINED, db_is_none },
        { "list beyond the data", list_beyond, false, TB_CHECK_SB_UNEXPLAINED, db_is_none },
        { "list of 2^32-1 bytes", list_4g, false, TB_CHECK_SB_UNEXPLAINED, db_is_none },
        { "entries of 15 bytes", entry_15, false, TB_CHECK_SB_UNEXPLAINED, db_is_none },
        { "entries of none", entry_0, false, TB_CHECK_SB_UNEXPLAINED, db_is_none },
        { "entries of 2^32-1 bytes", entry_4g, false, TB_CHECK_SB_UNEXPLAINED, db_is_none },
        { "header beyond the list", header_beyond, false, TB_CHECK_SB_UNEXPLAINED, db_is_none },
    };

    (void)state;
    MOUNT(on, list);
}

static void l32_a_signature_list_of_a_header_only_has_no_entries(void **state)
{
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(on); i++) {
        struct mlog *m = mlog_load(on[i]);
        uint8_t data[28 + 16] = { 0 };

        if (m == NULL)
            continue;
        memcpy(data, tb_guid_cert_sha256, 16);
        data[16] = sizeof data;
        data[20] = 16; /* the vendor's header is all there is */
        data[24] = 48;
        assert_true(variable_is(m, "dbx", tb_slice(data, sizeof data)));
        appraise(m, &r);
        assert_true(r.boot.facts.keyset[TB_KEYSET_DBX].measured);
        assert_int_equal(r.boot.facts.keyset[TB_KEYSET_DBX].n_certs, 0);
        assert_int_equal(r.boot.facts.keyset[TB_KEYSET_DBX].n_hashes, 0);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        mlog_free(m);
    }
}

static const char pem[] = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUbm90IGEgY2VydGlm\n"
                          "-----END CERTIFICATE-----\n";

/* A list of one entry of this type, 16 bytes of owner first. */
static struct tb_reader one_entry(const uint8_t type[16], struct tb_reader entry, uint8_t out[512])
{
    const uint32_t size = (uint32_t)entry.left + 16;

    memset(out, 0, 512);
    memcpy(out, type, 16);
    out[16] = (uint8_t)(size + 28);
    out[17] = (uint8_t)((size + 28) >> 8);
    out[24] = (uint8_t)size;
    out[25] = (uint8_t)(size >> 8);
    memcpy(out + 28 + 16, entry.p, entry.left);
    return tb_slice(out, 28 + size);
}

static bool pk_is(struct mlog *m, const uint8_t type[16], struct tb_reader entry)
{
    uint8_t list[512];

    return variable_is(m, "PK", one_entry(type, entry, list));
}
static bool pk_of_unknown_type(struct mlog *m)
{
    return pk_is(m, (const uint8_t *)"an unknown type!", anything);
}
static bool pk_of_rubbish(struct mlog *m)
{
    return pk_is(m, tb_guid_cert_x509, anything);
}
static bool pk_of_pem(struct mlog *m)
{
    return pk_is(m, tb_guid_cert_x509, tb_slice(pem, sizeof pem - 1));
}

static void l33_keys_that_are_no_certificates_stay_digests(void **state)
{
    static const struct {
        const char *what;
        bool (*make)(struct mlog *m);
    } list[] = { { "unknown type", pk_of_unknown_type },
                 { "rubbish", pk_of_rubbish },
                 { "PEM", pk_of_pem } };
    static struct lrow r;
    struct mlog *real = mlog_load("intel-ubuntu-pempk");

    (void)state;
    for (size_t i = 0; i < N_OF(on) * N_OF(list); i++) {
        struct mlog *m = mlog_load(on[i / N_OF(list)]);

        if (m == NULL)
            continue;
        assert_true(list[i % N_OF(list)].make(m));
        appraise(m, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_true(r.boot.facts.keyset[TB_KEYSET_PK].measured);
        assert_string_equal(r.boot.facts.keyset[TB_KEYSET_PK].subject, "");
        mlog_free(m);
    }
    if (real != NULL) {
        appraise(real, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_OFF);
        assert_true(r.boot.facts.keyset[TB_KEYSET_PK].measured);
        assert_string_equal(r.boot.facts.keyset[TB_KEYSET_PK].subject, "");
    }
    mlog_free(real);
}

/* A SecureBoot variable whose structure is broken; the digest is of the broken bytes. */
static bool broken_variable(struct mlog *m, size_t at, uint8_t v, size_t more)
{
    struct mevent *e = mlog_variable(m, "SecureBoot", 0);
    uint8_t bytes[256] = { 0 };
    size_t len = e->data.left;

    assert_true(len + more <= sizeof bytes);
    memcpy(bytes, e->data.p, len);
    bytes[at] = v;
    mlog_set_data(m, e, tb_slice(bytes, len + more));
    mlog_rehash(m, e, e->data);
    mlog_quote_as_logged(m);
    return true;
}
static bool name_of_2_to_63(struct mlog *m)
{
    return broken_variable(m, 23, 0x80, 0);
}
static bool data_overflow(struct mlog *m)
{
    return broken_variable(m, 31, 0xff, 0);
}
static bool name_one_too_many(struct mlog *m)
{
    return broken_variable(m, 16, 11, 0);
}
static bool trailing(struct mlog *m)
{
    return broken_variable(m, 16, 10, 3);
}

static void l34_a_variable_whose_lengths_lie_is_not_explained(void **state)
{
    static const struct attack list[] = {
        { "a name of 2^63 characters", name_of_2_to_63, false, TB_CHECK_SB_UNEXPLAINED, NULL },
        { "data of 2^64 bytes", data_overflow, false, TB_CHECK_SB_UNEXPLAINED, NULL },
        { "a name of a character more", name_one_too_many, false, TB_CHECK_SB_UNEXPLAINED, NULL },
        { "three bytes behind the data", trailing, false, TB_CHECK_SB_UNEXPLAINED, NULL },
    };

    (void)state;
    MOUNT(on, list);
}

static bool empty_command(struct mlog *m)
{
    mlog_extend(m, 8, TB_EV_IPL, tb_slice("", 0), mlog_text("grub_cmd: "));
    mlog_extend(m, 8, TB_EV_IPL, tb_slice("", 1), tb_slice("grub_cmd: ", 11));
    mlog_extend(m, 9, TB_EV_IPL, tb_slice("", 0), tb_slice("", 0));
    return true;
}
static void same_verdict(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    assert_int_equal(after->verdict, before->verdict);
    assert_int_equal(after->boot.facts.secure_boot, before->boot.facts.secure_boot);
    assert_int_equal(after->boot.facts.n_programs, before->boot.facts.n_programs);
}

static void l35_a_grub_command_of_nothing_is_an_empty_command(void **state)
{
    static const struct attack list[] = { { "grub_cmd: without more", empty_command, true, -1,
                                            same_verdict } };

    (void)state;
    MOUNT(logs, list);
}

static bool vendor_events(struct mlog *m)
{
    for (uint32_t pcr = 0; pcr < 16; pcr++)
        if (pcr != 7 && pcr != 4 && (m->quoted.mask[TB_BANK_SHA256] >> pcr & 1))
            mlog_extend(m, pcr, 0x8401, anything, anything);
    return true;
}
static bool vendor_event_in_pcr_7(struct mlog *m)
{
    mlog_extend(m, 7, 0x8401, anything, anything);
    return true;
}
static void no_claim(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_int_equal(after->boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
}

static void l36_an_unknown_type_ends_the_claims_of_pcr_7_and_of_no_other(void **state)
{
    static const struct attack elsewhere[] = { { "0x8401 in every PCR but 4 and 7", vendor_events,
                                                 true, -1, same_verdict } };
    static const struct attack pcr_7[] = { { "0x8401 in PCR 7", vendor_event_in_pcr_7, true,
                                             TB_CHECK_SB_UNEXPLAINED, no_claim } };
    static struct lrow before, after;

    (void)state;
    MOUNT(logs, elsewhere);
    MOUNT(logs, pcr_7);
    for (size_t i = 0; i < N_OF(on); i++) { /* every event, one at a time */
        struct mlog *m = mlog_load(on[i]);

        for (size_t k = 0; m != NULL && k < m->n; k++) {
            uint32_t type = m->event[k].type;

            if (k == 0)
                appraise(m, &before);
            if (type == TB_EV_NO_ACTION)
                continue;
            m->event[k].type = 0x8401;
            appraise(m, &after);
            m->event[k].type = type;
            assert_null(gain(&before, &after, false));
            assert_outcome(m, &after, TB_CHECK_LOG_REPLAY,
                           type == TB_EV_EFI_HCRTM_EVENT ? TB_FAIL : TB_PASS);
            if (m->event[k].pcr == 7)
                no_claim(m, &before, &after);
        }
        mlog_free(m);
    }
}

/* EFI_IMAGE_LOAD_EVENT: 24 bytes, the path's length, the path; no digest covers any of it. */
static bool path_with(struct mlog *m, size_t at, uint8_t v)
{
    int i = mlog_find(m, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);
    uint8_t bytes[1024];

    if (i < 0 || m->event[i].data.left > sizeof bytes || m->event[i].data.left < 40)
        return false;
    memcpy(bytes, m->event[i].data.p, m->event[i].data.left);
    bytes[at] = v;
    mlog_set_data(m, &m->event[i], tb_slice(bytes, m->event[i].data.left));
    return true;
}
static bool node_0(struct mlog *m)
{
    return path_with(m, 34, 0);
}
static bool node_1(struct mlog *m)
{
    return path_with(m, 34, 1);
}
static bool node_2(struct mlog *m)
{
    return path_with(m, 34, 2);
}
static bool node_3(struct mlog *m)
{
    return path_with(m, 34, 3);
}
static bool node_64k(struct mlog *m)
{
    return path_with(m, 35, 0xff);
}
static bool path_longer(struct mlog *m)
{
    return path_with(m, 31, 0x80);
}

static struct tb_reader nested(uint8_t *out, size_t depth, uint32_t last_size)
{
    size_t len = 8 * depth;

    for (size_t i = 0; i < depth; i++) {
        uint32_t size = i + 1 == depth ? last_size : (uint32_t)(len - 8 * (i + 1));
        const uint8_t head[8] = { 0x01,
                                  0,
                                  0x01,
                                  0x40,
                                  (uint8_t)size,
                                  (uint8_t)(size >> 8),
                                  (uint8_t)(size >> 16),
                                  (uint8_t)(size >> 24) };

        memcpy(out + 8 * i, head, 8);
    }
    return tb_slice(out, len);
}
static bool sipa_deep(struct mlog *m)
{
    uint8_t bytes[8 * 64];
    struct tb_reader data = nested(bytes, 64, 0);

    for (uint32_t pcr = 11; pcr < 15; pcr++)
        mlog_extend(m, pcr, TB_EV_EVENT_TAG, data, data);
    return true;
}
static bool sipa_larger(struct mlog *m)
{
    static const uint32_t sizes[] = { 1, 0x7fffffff, 0xffffffff };
    uint8_t bytes[8 * 3];

    for (size_t i = 0; i < N_OF(sizes); i++)
        for (uint32_t pcr = 11; pcr < 15; pcr++) {
            struct tb_reader data = nested(bytes, 1 + i, sizes[i]);

            mlog_extend(m, pcr, TB_EV_EVENT_TAG, data, data);
        }
    return true;
}

static void l37_malformed_paths_and_nested_events_lose_their_own_detail_only(void **state)
{
    static const struct oddity odd[] = {
        { "path node of 0 bytes", node_0 }, { "of 1 byte", node_1 },
        { "of 2 bytes", node_2 },           { "of 3 bytes", node_3 },
        { "of 64 KiB", node_64k },          { "path longer than the event", path_longer },
    };
    static const struct attack list[] = {
        { "Windows events nested 64 deep", sipa_deep, true, -1, same_verdict },
        { "Windows events larger than the rest", sipa_larger, true, -1, same_verdict },
    };

    (void)state;
    ODDITIES(logs, odd);
    MOUNT(logs, list);
}

/* Of a path that is longer than can be shown, the end is: the file. */
static void l37_a_long_path_keeps_the_name_of_its_file(void **state)
{
    static const char file[] = "\\EFI\\debian\\shimx64.efi";
    struct mlog *m = mlog_load("built");
    struct mevent *e = mlog_event(m, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);
    uint8_t bytes[32 + 20 * 6 + 4 + 2 * sizeof file + 4] = { 0 };
    static struct lrow r;
    size_t n = 32;

    (void)state;
    for (unsigned i = 0; i < 20; i++, n += 6) /* Pci(0x1,0x0), twelve characters each and a slash */
        memcpy(bytes + n, "\1\1\6\0\0\1", 6);
    memcpy(bytes + n, (uint8_t[]){ 4, 4, 4 + 2 * sizeof file, 0 }, 4);
    for (size_t i = 0; i < sizeof file; i++)
        bytes[n + 4 + 2 * i] = (uint8_t)file[i];
    memcpy(bytes + sizeof bytes - 4, "\x7f\xff\4\0", 4);
    bytes[24] = (uint8_t)(sizeof bytes - 32);
    mlog_set_data(m, e, tb_slice(bytes, sizeof bytes));
    appraise(m, &r);
    assert_int_equal(strlen(r.boot.facts.program[0].path), TB_TEXT_MAX - 1);
    assert_memory_equal(r.boot.facts.program[0].path, "...", 3);
    assert_string_equal(r.boot.facts.program[0].path + TB_TEXT_MAX - sizeof file, file);
    mlog_free(m);
}

/* ---- L-38: limits ---- */

static void l38_logs_above_the_limits_are_refused_in_bounded_time(void **state)
{
    static const struct {
        size_t size;
        bool events;
    } list[] = { { 64 << 20, false }, { 16 << 20, true }, { TB_LOG_SIZE_MAX + 1, false } };
    struct mlog *m = mlog_load("built");
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(list); i++) {
        clock_t since = clock();
        uint8_t *p = calloc(1, list[i].size);

        assert_non_null(p);
        memcpy(p, m->header, m->header_len);
        for (size_t at = m->header_len; list[i].events && at + 16 <= list[i].size; at += 16)
            p[at + 4] = TB_EV_NO_ACTION; /* a million events of no digest and no data */
        appraise_bytes(tb_slice(p, list[i].size), &m->quoted, &r);
        assert_refused("too large", &r, TB_CHECK_EVIDENCE_LIMITS);
        assert_true(clock() - since < CLOCKS_PER_SEC);
        free(p);
    }
    mlog_free(m);
}

#define ROW(f) cmocka_unit_test_setup(f, lrow_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(l31_a_signature_list_of_impossible_sizes_is_no_key_set),
        ROW(l32_a_signature_list_of_a_header_only_has_no_entries),
        ROW(l33_keys_that_are_no_certificates_stay_digests),
        ROW(l34_a_variable_whose_lengths_lie_is_not_explained),
        ROW(l35_a_grub_command_of_nothing_is_an_empty_command),
        ROW(l36_an_unknown_type_ends_the_claims_of_pcr_7_and_of_no_other),
        ROW(l37_malformed_paths_and_nested_events_lose_their_own_detail_only),
        ROW(l37_a_long_path_keeps_the_name_of_its_file),
        ROW(l38_logs_above_the_limits_are_refused_in_bounded_time),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
