#include "tests/unit/bootfacts_world.h"

#include <stdio.h>
#include <string.h>

struct log_builder *b;
struct tb_hasher *h;
struct tb_boot_facts facts;
struct tb_findings f;
struct tb_pcr_states states;

int set_up(void **state)
{
    (void)state;
    b = log_new();
    h = tb_hasher_new();
    return h == NULL;
}

int tear_down(void **state)
{
    (void)state;
    log_free(b);
    tb_hasher_free(h);
    return 0;
}

/* Read the builder's log against a TPM that was extended as the log says: what an attacker can make
 * of any log whose digests he does not change. */
void read_in(enum tb_bank bank)
{
    struct tb_reason why;
    struct tb_replay r;

    log_finish(b);
    if (!tb_log_replay(log_slice(b), 0xf, h, &r, &why))
        fail_msg("%s: %s", why.where, why.observed);
    assert_true(tb_log_compare(&r, &b->pcrs, h, &states));
    memset(&f, 0, sizeof f);
    tb_boot_facts_read(log_slice(b), bank, &states, h, &facts, &f);
}

void read_facts(void)
{
    read_in(TB_BANK_SHA256);
}

void good(void)
{
    log_good_boot(b, LOG_BANK(TB_BANK_SHA256));
}

struct log_item *var(const char *name)
{
    return log_find_variable(b, CONFIG, name);
}

bool has_reason(enum tb_check check, const char *observed)
{
    for (size_t i = 0; i < f.n; i++)
        if (f.list[i].reason.check == check && strstr(f.list[i].reason.observed, observed) != NULL)
            return true;
    return false;
}

void print_findings(void)
{
    for (size_t i = 0; i < f.n; i++)
        printf("  %s %s: %s: expected %s, observed %s\n", tb_outcome_name(f.list[i].outcome),
               tb_check_text(f.list[i].reason.check)->code, f.list[i].reason.where,
               f.list[i].reason.expected, f.list[i].reason.observed);
}

/* The check has the outcome, and nothing claims that Secure Boot was on. */
void assert_found(enum tb_check check, enum tb_outcome outcome)
{
    read_facts();
    if (f.outcome[check] != outcome || facts.secure_boot == TB_SECURE_BOOT_ON) {
        print_findings();
        fail_msg("%s is %s, Secure Boot %s", tb_check_text(check)->code,
                 tb_outcome_name(f.outcome[check]), tb_secure_boot_name(facts.secure_boot));
    }
}

void assert_still_on(void)
{
    read_facts();
    if (facts.secure_boot != TB_SECURE_BOOT_ON) {
        print_findings();
        fail_msg("Secure Boot %s", tb_secure_boot_name(facts.secure_boot));
    }
}

void set_variable(const char *name, const uint8_t guid[16], struct tb_reader data)
{
    struct log_item *item = var(name);
    struct tb_reader whole = log_uefi_variable(b, guid, name, data);

    log_set_data(b, item, whole);
    log_rehash(b, item, whole);
}

struct log_item *add_early(const char *name, const uint8_t guid[16], struct tb_reader data)
{
    log_variable(b, 7, CONFIG, guid, name, data);
    log_move_before(b, &b->item[b->n - 1], log_find(b, 7, TB_EV_SEPARATOR, 0));
    return var(name);
}
