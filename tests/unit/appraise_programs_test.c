/* Group 7 on Trueboot's own boot chain: whoever wrote the records, PCR 4 names him. */
#include "tests/unit/chain_world.h"

#include <stdlib.h>
#include <string.h>

static void other_loader(struct chain *c)
{
    c->program = "another loader, signed with an allowed key";
}

static void kernel_for_loader(struct chain *c)
{
    c->program = "the kernel";
}

static void loader_not_installed(struct chain *c)
{
    c->package[LOADER].measured = false;
}

static void loader_of_a_foreign_signer(struct chain *c)
{
    c->package[LOADER].by = chain_foreign_vendor;
}

static void one_digest_of_another(struct chain *c)
{
    c->package[LOADER].m.payload[0].authenticode512[3] ^= 1;
}

/* The firmware starts this program, which is this payload. */
static void is_started(struct chain *c, struct tb_payload *of, const char *image)
{
    const struct tb_reader bytes = tb_slice(image, strlen(image));
    uint8_t digest[TB_DIGEST_MAX];

    of->kind = TB_PAYLOAD_EFI;
    of->has_authenticode = true;
    assert_true(tb_hash(c->h, TB_BANK_SHA512, bytes, digest));
    memcpy(of->authenticode512, digest, 64);
    assert_true(tb_hash(c->h, TB_BANK_SHA256, bytes, digest));
    memcpy(of->authenticode256, digest, 32);
    c->program = image;
}

static void program_of_another_package(struct chain *c)
{
    is_started(c, &c->package[HELLO].m.payload[1], "a shell for the firmware");
}

static void program_of_the_base(struct chain *c)
{
    is_started(c, &c->package[BASE].m.payload[3], "a shell for the firmware");
}

static void second_program_of_the_loader(struct chain *c)
{
    struct tb_manifest *m = &c->package[LOADER].m;

    m->payload[1] = m->payload[0];
    m->payload[1].name = S("second.efi");
    m->n_payloads = 2;
    is_started(c, &m->payload[1], "a second loader");
}

static void loader_below_the_level_of_the_command_line(struct chain *c)
{
    c->package[LOADER].by = chain_weak_vendor;
    c->package[LOADER].m.level = TB_LEVEL_COMMUNITY;
    c->signed_options = "trueboot.level=accepted";
}

static void loader_below_the_level_of_the_base(struct chain *c)
{
    c->package[LOADER].by = chain_weak_vendor;
    c->package[LOADER].m.level = TB_LEVEL_COMMUNITY;
}

static void b09_every_program_of_the_firmware_is_a_payload_of_the_loaders_package(void **state)
{
    static const struct chain_change list[] = {
        { "another loader that forges all records", "loader.unclaimed", other_loader, NULL, NULL },
        { "the kernel in its place", "loader.unclaimed", kernel_for_loader, NULL, NULL },
        { "no package of it", "loader.unclaimed", loader_not_installed, NULL, NULL },
        { "a foreign package of it", "loader.unclaimed", loader_of_a_foreign_signer, NULL, NULL },
        { "another one in one bank", "loader.unclaimed", one_digest_of_another, NULL, NULL },
        { "of another package", "loader.unclaimed", program_of_another_package, NULL, NULL },
        { "of the base package", "loader.unclaimed", program_of_the_base, NULL, NULL },
        { "a second one of the loader's", "", second_program_of_the_loader, NULL, NULL },
        { "a loader of too low a level", "loader.unclaimed",
          loader_below_the_level_of_the_command_line, NULL, NULL },
        { "a loader below the base", "package.level", loader_below_the_level_of_the_base, NULL,
          NULL },
    };

    (void)state;
    RUN(list);
}

/* The other set has a newer loader, which is sent and in no record; it started this set. */
static struct chain_package *put_loader_of_other_set(struct chain *c)
{
    struct chain_package *p = &c->package[c->n_packages++];

    *p = c->package[LOADER];
    p->measured = false;
    p->m.version = tb_slice("2.2", 3);
    p->m.security_version = 6;
    is_started(c, &p->m.payload[0], "the loader of the other set");
    return p;
}

static void loader_of_other_set(struct chain *c)
{
    (void)put_loader_of_other_set(c);
}

static void loader_of_other_set_by_a_stranger(struct chain *c)
{
    put_loader_of_other_set(c)->by = chain_foreign_vendor;
}

static void loader_of_other_set_below_the_level(struct chain *c)
{
    struct chain_package *p = put_loader_of_other_set(c);

    p->by = chain_weak_vendor;
    p->m.level = TB_LEVEL_COMMUNITY;
    c->policy.packages.level = TB_LEVEL_ACCEPTED;
}

static void loader_of_other_set_below_the_base(struct chain *c)
{
    loader_of_other_set_below_the_level(c);
    c->policy.packages.level = TB_LEVEL_COMMUNITY;
}

static void loader_of_other_set_below_the_level_of_the_command_line(struct chain *c)
{
    loader_of_other_set_below_the_level(c);
    c->policy.packages.level = TB_LEVEL_COMMUNITY;
    c->signed_options = "trueboot.level=accepted";
}

static void loader_of_other_set_not_sent(struct chain *c)
{
    put_loader_of_other_set(c)->sent = false;
}

static void loader_of_other_set_under_another_name(struct chain *c)
{
    put_loader_of_other_set(c)->m.name = tb_slice("hello", 5);
}

static void loader_of_other_set_alone(struct chain *c)
{
    (void)put_loader_of_other_set(c);
    c->package[LOADER].measured = false;
}

static void loader_of_other_set_older_than_its_own(struct chain *c)
{
    put_loader_of_other_set(c)->m.security_version = 4;
}

static void loader_of_other_set_older_than_the_policy_takes(struct chain *c)
{
    c->package[LOADER].m.security_version = 4;
    c->policy.severity[TB_CHECK_PACKAGE_ROLLED_BACK] = TB_SEVERITY_INFORM;
    put_loader_of_other_set(c)->m.security_version = 4;
    assert_true(tb_minimum_raise(&c->policy.packages.minimum, c->package[LOADER].m.name, 5));
}

static void loader_of_other_set_older_than_the_host_had(struct chain *c)
{
    c->package[LOADER].m.security_version = 4;
    c->policy.severity[TB_CHECK_PACKAGE_ROLLED_BACK] = TB_SEVERITY_INFORM;
    put_loader_of_other_set(c)->m.security_version = 4;
    assert_true(tb_minimum_raise(&c->versions, c->package[LOADER].m.name, 5));
    c->in.versions = &c->versions;
}

static void b09_the_loader_of_the_other_set_is_held_to_the_same(void **state)
{
    static const struct chain_change list[] = {
        { "it started this set", "", loader_of_other_set, NULL, NULL },
        { "by a stranger", "loader.unclaimed", loader_of_other_set_by_a_stranger, NULL, NULL },
        { "of too low a level", "loader.unclaimed", loader_of_other_set_below_the_level, NULL,
          NULL },
        { "below the base", "loader.unclaimed", loader_of_other_set_below_the_base, NULL, NULL },
        { "of too low a level for the command line", "loader.unclaimed",
          loader_of_other_set_below_the_level_of_the_command_line, NULL, NULL },
        { "not sent", "loader.unclaimed", loader_of_other_set_not_sent, NULL, NULL },
        { "another package", "loader.unclaimed", loader_of_other_set_under_another_name, NULL,
          NULL },
        { "this set has none", "loader.unclaimed", loader_of_other_set_alone, NULL, NULL },
        { "older than this set's", "loader.unclaimed", loader_of_other_set_older_than_its_own, NULL,
          NULL },
        { "too old for the policy", "loader.unclaimed",
          loader_of_other_set_older_than_the_policy_takes, NULL, NULL },
        { "older than the host had", "loader.unclaimed",
          loader_of_other_set_older_than_the_host_had, NULL, NULL },
    };

    (void)state;
    RUN(list);
}

static void b09_more_programs_than_are_kept_are_told(void **state)
{
    struct chain *c = chain_new();

    (void)state;
    chain_records(c);
    chain_firmware(c);
    for (size_t i = 0; i < TB_PROGRAMS_MAX; i++)
        log_application(c->log, c->program, "\\EFI\\BOOT\\BOOTX64.EFI");
    chain_rest(c);
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.unclaimed");
    chain_free(c);
}

static void b09_a_second_program_is_told_and_none_is_as_bad(void **state)
{
    struct chain *c = chain_new();
    struct log_item *item;

    (void)state;
    chain_records(c);
    chain_firmware(c);
    log_application(c->log, "a second one", "\\EFI\\other.efi");
    chain_rest(c);
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.unclaimed");
    chain_free(c);

    c = chain_new();
    chain_records(c);
    chain_firmware(c);
    item = log_find(c->log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);
    log_remove(c->log, item);
    chain_rest(c);
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "secureboot.authority");
    assert_int_equal(c->result.findings.outcome[TB_CHECK_LOADER_UNCLAIMED], TB_FAIL);
    chain_free(c);
}

/* ---- PCR 2: drivers and option ROMs ---- */

#define DRIVER "MZ a driver, signed with an allowed key"

/* A good boot, in which the firmware also ran the driver; NULL: with this data in PCR 2. */
static struct chain *boot_with_driver(const char *driver, const char *logged)
{
    struct chain *c = chain_new();
    struct log_item *item;

    chain_records(c);
    chain_firmware(c);
    item = log_event(c->log, 2, TB_EV_EFI_BOOT_SERVICES_DRIVER,
                     log_text(driver != NULL ? driver : logged), log_text(logged));
    log_move_before(c->log, item, log_find(c->log, 2, TB_EV_SEPARATOR, 0));
    chain_rest(c);
    return c;
}

static void list_program(struct chain *c, enum tb_bank b, const char *image)
{
    struct tb_digest_entry *e = &c->policy.programs[c->policy.n_programs++];

    e->bank = b;
    assert_true(tb_hash(c->h, b, S(image), e->digest));
}

static void list_driver(struct chain *c)
{
    list_program(c, TB_BANK_SHA512, DRIVER);
    list_program(c, TB_BANK_SHA256, DRIVER);
}

static void b09_a_driver_that_nobody_vouches_for_is_told(void **state)
{
    struct chain *c = boot_with_driver(DRIVER, "where it was");

    (void)state;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_CHANGED, "loader.driver");
    assert_non_null(strstr(chain_reason(c, TB_CHECK_LOADER_DRIVER)->where, "sha512"));
    c->policy.severity[TB_CHECK_LOADER_DRIVER] = TB_SEVERITY_REQUIRED;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.driver");
    chain_free(c);
}

/* And the list asks nothing of the programs that packages claim. */
static void b09_a_driver_on_the_list_of_the_policy_is_vouched_for(void **state)
{
    struct chain *c = boot_with_driver(DRIVER, "where it was");

    (void)state;
    list_driver(c);
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    c->policy.programs[1].digest[3] ^= 1; /* in one bank it is another one */
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_CHANGED, "loader.driver");
    c->policy.n_programs = 0;
    list_program(c, TB_BANK_SHA256, DRIVER); /* not in the bank that is relied on */
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_CHANGED, "loader.driver");
    chain_free(c);
}

static void b09_a_list_of_programs_claims_no_other_loader(void **state)
{
    struct chain *c = chain_new();

    (void)state;
    list_driver(c);
    c->program = "another loader, signed with an allowed key";
    chain_run(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.allowed");
    assert_int_equal(c->result.findings.outcome[TB_CHECK_LOADER_UNCLAIMED], TB_FAIL);
    chain_free(c);
}

/* Root chooses what the log shows for a digest: type, and what Authenticode hashes of an image. */
static void b09_neither_type_nor_data_of_the_log_hides_a_driver(void **state)
{
    static const char *const images[] = { DRIVER, "PE without a DOS header", "\x55\xaa of a card" };
    static const uint32_t types[] = { TB_EV_SEPARATOR, TB_EV_ACTION, TB_EV_EFI_VARIABLE_BOOT };
    struct chain *c;

    (void)state;
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        c = boot_with_driver(NULL, images[i]);
        chain_appraise(c);
        chain_expect(c, TB_VERDICT_CHANGED, "loader.driver");
        chain_free(c);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        c = boot_with_driver(DRIVER, "where it was");
        log_find(c->log, 2, TB_EV_EFI_BOOT_SERVICES_DRIVER, 0)->type = types[i];
        log_finish(c->log);
        c->in.log = log_slice(c->log);
        chain_appraise(c);
        assert_int_equal(c->result.findings.outcome[TB_CHECK_LOADER_DRIVER], TB_FAIL);
        chain_free(c);
    }
}

static void what_the_log_has_the_data_of_is_no_driver(void **state)
{
    struct chain *c = boot_with_driver(NULL, "a setting of a card");

    (void)state;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    chain_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b09_every_program_of_the_firmware_is_a_payload_of_the_loaders_package),
        cmocka_unit_test(b09_the_loader_of_the_other_set_is_held_to_the_same),
        cmocka_unit_test(b09_more_programs_than_are_kept_are_told),
        cmocka_unit_test(b09_a_second_program_is_told_and_none_is_as_bad),
        cmocka_unit_test(b09_a_driver_that_nobody_vouches_for_is_told),
        cmocka_unit_test(b09_a_driver_on_the_list_of_the_policy_is_vouched_for),
        cmocka_unit_test(b09_a_list_of_programs_claims_no_other_loader),
        cmocka_unit_test(b09_neither_type_nor_data_of_the_log_hides_a_driver),
        cmocka_unit_test(what_the_log_has_the_data_of_is_no_driver),
    };

    return cmocka_run_group_tests(tests, chain_vendors_make, chain_vendors_free);
}
