/* tests/fuzz/bootfacts_fuzz.c - facts from any log, as if every PCR matched the quote.
 *
 * The property: "on" is said only if PCR 7 really measured SecureBoot=01, once and in front of one
 * separator, whatever the types and data in the log are. */
#include <assert.h>
#include <string.h>

#include "core/bootfacts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t secure_boot_on[] = {
    0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03,
    0x2b, 0x8c, 10,   0,    0,    0,    0,    0,    0,    0,    1,    0,    0,    0,
    0,    0,    0,    0,    'S',  0,    'e',  0,    'c',  0,    'u',  0,    'r',  0,
    'e',  0,    'B',  0,    'o',  0,    'o',  0,    't',  0,    1,
};

static bool really_on(struct tb_reader in, enum tb_bank bank, struct tb_hasher *h)
{
    uint8_t on[TB_DIGEST_MAX], separator[TB_DIGEST_MAX];
    size_t len = tb_bank_digest_len(bank), n_on = 0, n_late = 0, n_separators = 0;
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (!tb_hash(h, bank, tb_slice(secure_boot_on, sizeof secure_boot_on), on) ||
        !tb_hash(h, bank, tb_slice("\0\0\0\0", 4), separator) || !tb_log_open(in, &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        if (e.type == TB_EV_NO_ACTION || e.pcr != 7 || (e.banks & 1u << bank) == 0)
            continue;
        if (memcmp(e.digest[bank].p, separator, len) == 0)
            n_separators++;
        if (memcmp(e.digest[bank].p, on, len) == 0)
            n_separators == 0 ? n_on++ : n_late++;
    }
    return n_on == 1 && n_late == 0 && n_separators == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum tb_check must_pass[] = {
        TB_CHECK_LOG_SEPARATOR, TB_CHECK_SB_UNEXPLAINED, TB_CHECK_SB_DUPLICATE,
        TB_CHECK_SB_AUTHORITY,  TB_CHECK_SB_DEBUG,       TB_CHECK_SB_CONTRADICTION,
        TB_CHECK_SB_SETUP_MODE,
    };
    static struct tb_hasher *h;
    static struct tb_boot_facts facts;
    static struct tb_findings f;
    struct tb_reader in = tb_slice(data, size);
    struct tb_pcr_states states;
    struct tb_reason why;
    struct tb_replay r;

    if (h == NULL)
        h = tb_hasher_new();
    assert(h != NULL);
    memset(&states, TB_PCR_MATCH, sizeof states);
    if (!tb_log_replay(in, 0, h, &r, &why))
        return 0;
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) {
        if ((r.banks & 1u << bank) == 0)
            continue;
        memset(&f, 0, sizeof f);
        tb_boot_facts_read(in, (enum tb_bank)bank, &states, h, &facts, &f);
        assert(facts.n_programs <= TB_PROGRAMS_MAX && facts.n_authorities <= TB_AUTHORITIES_MAX);
        if (facts.secure_boot != TB_SECURE_BOOT_ON)
            continue;
        assert(really_on(in, (enum tb_bank)bank, h));
        for (size_t i = 0; i < sizeof must_pass / sizeof *must_pass; i++)
            assert(f.outcome[must_pass[i]] == TB_PASS);
    }
    return 0;
}
