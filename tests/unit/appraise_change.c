#include "tests/unit/appraise_change.h"

void show(const struct evidence *e)
{
    for (size_t i = 0; i < e->result.findings.n; i++) {
        const struct tb_finding *f = &e->result.findings.list[i];

        print_message("  %s %s: %s: %s / %s\n", tb_outcome_name(f->outcome),
                      tb_check_text(f->reason.check)->code, f->reason.where, f->reason.expected,
                      f->reason.observed);
    }
}

void expect(const struct evidence *e, enum tb_verdict verdict, int headline)
{
    const struct tb_result *r = &e->result;

    if (r->verdict != verdict || (headline >= 0 && (int)r->headline != headline))
        show(e);
    assert_string_equal(tb_verdict_name(r->verdict), tb_verdict_name(verdict));
    assert_int_equal(r->has_headline, headline >= 0);
    if (headline >= 0) {
        assert_string_equal(tb_check_text(r->headline)->code,
                            tb_check_text((enum tb_check)headline)->code);
        assert_string_equal(tb_result_headline(r),
                            tb_check_title((enum tb_check)headline, r->findings.outcome[headline]));
        assert_true(r->findings.outcome[headline] >= TB_UNKNOWN);
    } else {
        assert_string_equal(tb_result_headline(r), "");
    }
}

void run_change(const struct change *c)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    print_message("- %s\n", c->what);
    if (c->boot != NULL)
        c->boot(e);
    evidence_prepare(e);
    if (c->quote != NULL)
        c->quote(e);
    evidence_sign(e);
    if (c->input != NULL)
        c->input(e);
    evidence_appraise(e);
    expect(e, c->verdict, c->check);
    evidence_free(e);
}

void run_changes(const struct change *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        run_change(&list[i]);
}

void set_secure_boot(struct evidence *e, uint8_t value)
{
    static uint8_t bytes[2];
    struct log_item *item =
        log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");
    struct tb_reader data;

    bytes[0] = value;
    data = log_uefi_variable(e->log, log_guid_global, "SecureBoot", tb_slice(bytes, 1));
    log_set_data(e->log, item, data);
    log_rehash(e->log, item, data);
}
