#include "tests/unit/chain_world.h"

#include <stdlib.h>
#include <string.h>

#include "core/cel.h"

struct test_vendor *chain_vendor, *chain_weak_vendor, *chain_foreign_vendor;
static struct test_bytes roots[2]; /* of the first two, DER */

#define LOADER_IMAGE "trueboot.efi of these packages"

int chain_vendors_make(void **state)
{
    (void)state;
    chain_vendor = test_vendor_new("certified");
    chain_weak_vendor = test_vendor_new(NULL);
    chain_foreign_vendor = test_vendor_new("certified");
    test_pem_to_der(chain_vendor->root.cert, &roots[0]);
    test_pem_to_der(chain_weak_vendor->root.cert, &roots[1]);
    return 0;
}

int chain_vendors_free(void **state)
{
    (void)state;
    test_vendor_free(chain_vendor);
    test_vendor_free(chain_weak_vendor);
    test_vendor_free(chain_foreign_vendor);
    return 0;
}

static struct tb_reader text(const char *s)
{
    return tb_slice(s, strlen(s));
}

/* ---- what is installed ---- */

static void put_payload(struct chain *c, struct tb_manifest *m, enum tb_payload_kind kind,
                        const char *name, const char *content)
{
    struct tb_payload *p = &m->payload[m->n_payloads++];
    uint8_t digest[TB_DIGEST_MAX];

    *p = (struct tb_payload){ .kind = kind, .name = text(name), .size = strlen(content) };
    p->has_authenticode = tb_payload_is_efi(kind);
    assert_true(tb_hash(c->h, TB_BANK_SHA512, text(content), digest));
    memcpy(p->sha512, digest, 64);
    if (p->has_authenticode)
        memcpy(p->authenticode512, digest, 64);
    assert_true(tb_hash(c->h, TB_BANK_SHA256, text(content), digest));
    memcpy(p->sha256, digest, 32);
    if (p->has_authenticode)
        memcpy(p->authenticode256, digest, 32);
    assert_true(tb_hash(c->h, TB_BANK_SHA384, text(content), digest));
    if (p->has_authenticode)
        memcpy(p->authenticode384, digest, 48);
}

static struct tb_manifest *put_package(struct chain *c, const char *name, enum tb_package_kind kind)
{
    struct chain_package *p = &c->package[c->n_packages++];

    p->by = chain_vendor;
    p->measured = p->sent = true;
    p->m = (struct tb_manifest){
        .name = text(name),
        .version = text("2.1"),
        .security_version = 5,
        .vendor = text("Example Inc."),
        .built_s = PACKAGE_NOW_S,
        .level = TB_LEVEL_ACCEPTED,
        .kind = kind,
    };
    return &p->m;
}

static struct tb_reader root(size_t i)
{
    return test_slice(&roots[i]);
}

static void add_vendor(struct tb_policy *p, struct tb_reader der)
{
    struct tb_policy_bytes *at = &p->packages.vendor[p->packages.n_vendors++];

    *at = (struct tb_policy_bytes){ (uint32_t)p->packages.n_bytes, (uint32_t)der.left };
    memcpy(p->packages.bytes + at->at, der.p, der.left);
    p->packages.n_bytes += der.left;
}

struct chain *chain_new(void)
{
    struct chain *c = calloc(1, sizeof *c);
    struct tb_manifest *m;

    assert_non_null(c);
    c->h = tb_hasher_new();
    c->log = log_new();
    c->banks = LOG_BANK(TB_BANK_SHA256) | LOG_BANK(TB_BANK_SHA512);
    c->start = c->set = 'a';
    c->signed_options = "console=ttyS0 quiet";
    c->append = "";
    c->program = LOADER_IMAGE;
    m = put_package(c, "base", TB_PACKAGE_BASE);
    put_payload(c, m, TB_PAYLOAD_KERNEL, "vmlinuz", "the kernel");
    put_payload(c, m, TB_PAYLOAD_INITRD, "initrd", "the initrd");
    put_payload(c, m, TB_PAYLOAD_ROOT_HASH, "roothash.cpio", "the root hash");
    put_payload(c, m, TB_PAYLOAD_SYSTEM, "system.img", "the system");
    m = put_package(c, "trueboot-loader", TB_PACKAGE_SOFTWARE);
    put_payload(c, m, TB_PAYLOAD_EFI, "trueboot.efi", LOADER_IMAGE);
    m = put_package(c, "hello", TB_PACKAGE_SOFTWARE);
    put_payload(c, m, TB_PAYLOAD_INITRD, "early.cpio", "what comes early");
    put_payload(c, m, TB_PAYLOAD_FILE, "hello", "what comes late");
    tb_policy_builtin(&c->policy);
    add_vendor(&c->policy, root(0));
    add_vendor(&c->policy, root(1));
    return c;
}

void chain_free(struct chain *c)
{
    log_free(c->log);
    tb_hasher_free(c->h);
    free(c);
}

/* ---- what is measured ---- */

struct chain_event *chain_add(struct chain *c, uint32_t pcr, const struct tb_record *r)
{
    struct chain_event *e = &c->event[c->n++];

    assert_true(c->n <= CHAIN_EVENTS_MAX);
    *e = (struct chain_event){ .pcr = pcr, .r = *r };
    return e;
}

void chain_remove(struct chain *c, struct chain_event *e)
{
    const size_t i = (size_t)(e - c->event);

    memmove(e, e + 1, (c->n - i - 1) * sizeof *e);
    c->n--;
}

void chain_swap(struct chain_event *a, struct chain_event *b)
{
    const struct chain_event kept = *a;

    *a = *b;
    *b = kept;
}

struct chain_event *chain_find(struct chain *c, enum tb_record_kind kind, size_t nth)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->event[i].r.kind == kind && nth-- == 0)
            return &c->event[i];
    fail_msg("no such record");
    return NULL;
}

static void digests_of(struct chain *c, struct tb_reader in, struct tb_record *r)
{
    uint8_t digest[TB_DIGEST_MAX];

    assert_true(tb_hash(c->h, TB_BANK_SHA512, in, digest));
    memcpy(r->sha512, digest, 64);
    assert_true(tb_hash(c->h, TB_BANK_SHA256, in, digest));
    memcpy(r->sha256, digest, 32);
}

static void add_text(struct chain *c, enum tb_record_kind kind, const char *value)
{
    chain_add(c, 14, &(struct tb_record){ .kind = kind, .text = text(value) });
}

static void settings_before(struct chain *c)
{
    struct tb_record r = { .kind = TB_RECORD_SECURE_BOOT,
                           .code = text(c->secure_boot_off ? "off" : "on") };
    struct tb_bootconf conf = { .start = c->start, .append = text(c->append) };
    size_t len = 0;

    chain_add(c, 14, &r);
    for (size_t i = 0; i < 2; i++) {
        r = (struct tb_record){ .kind = TB_RECORD_VENDOR };
        digests_of(c, root(i), &r);
        chain_add(c, 14, &r);
    }
    if (!c->no_configuration)
        assert_true(tb_bootconf_print(&conf, c->configuration, sizeof c->configuration, &len));
    r = (struct tb_record){ .kind = TB_RECORD_CONFIGURATION,
                            .size = len,
                            .text = tb_slice(c->configuration, len) };
    digests_of(c, r.text, &r);
    chain_add(c, 14, &r);
    add_text(c, TB_RECORD_ASSET_TAG, "rack 7");
    if (c->append[0] != '\0')
        chain_add(c, 14,
                  &(struct tb_record){
                      .kind = TB_RECORD_OPTION, .name = text("append"), .text = text(c->append) });
}

static void sign_package(struct chain_package *p)
{
    static struct test_package built;

    test_package_head(&built, test_manifest_text(&p->m), p->by, NULL, PACKAGE_NOW_S);
    assert_true(built.len <= sizeof p->head);
    memcpy(p->head, built.bytes, built.len);
    p->head_len = built.len;
    p->manifest_text = tb_slice(p->head + TB_BLOCK_LEN, test_manifest_text(&p->m).left);
}

static bool is_early(const struct tb_manifest *m, const struct tb_payload *p)
{
    return p->kind == TB_PAYLOAD_INITRD ||
           (m->kind == TB_PACKAGE_BASE && p->kind != TB_PAYLOAD_SYSTEM);
}

static void package_records(struct chain *c, struct chain_package *p)
{
    const uint32_t pcr = p->m.kind == TB_PACKAGE_BASE ? 12 : 13;
    struct tb_record r = { .kind = TB_RECORD_PACKAGE,
                           .name = p->m.name,
                           .version = p->m.version,
                           .security_version = p->m.security_version,
                           .package_kind = p->m.kind,
                           .size = p->manifest_text.left };
    struct tb_reader certs[4];

    digests_of(c, p->manifest_text, &r);
    chain_add(c, pcr, &r);
    r = (struct tb_record){ .kind = TB_RECORD_SIGNER, .name = p->m.name };
    assert_true(tb_code_key_chain(p->by->key, certs) > 0);
    assert_true(tb_code_cert_key(certs[0], r.sha256));
    chain_add(c, 14, &r);
    for (size_t i = 0; i < p->m.n_payloads; i++) {
        const struct tb_payload *payload = &p->m.payload[i];

        if (!is_early(&p->m, payload))
            continue;
        r = (struct tb_record){ .kind = TB_RECORD_MODULE,
                                .name = p->m.name,
                                .version = p->m.version,
                                .payload_kind = payload->kind,
                                .file = payload->name,
                                .size = payload->size };
        memcpy(r.sha512, payload->sha512, 64);
        memcpy(r.sha256, payload->sha256, 32);
        chain_add(c, pcr, &r);
    }
}

static void user_records(struct chain *c)
{
    struct tb_record verdict = { .kind = TB_RECORD_VERDICT, .code = text("pass") };

    for (size_t i = 0; i < c->n_packages; i++) {
        const struct chain_package *p = &c->package[i];
        struct tb_record r = { .kind = TB_RECORD_CHECKED,
                               .name = p->m.name,
                               .version = p->m.version,
                               .security_version = p->m.security_version,
                               .code = text("pass") };

        if (!p->measured)
            continue;
        digests_of(c, p->manifest_text, &r);
        chain_add(c, 11, &r);
        verdict.size++;
    }
    chain_add(c, 11, &verdict);
    chain_add(c, 11, &(struct tb_record){ .kind = TB_RECORD_COMPLETE });
}

void chain_records(struct chain *c)
{
    struct tb_record r = { .kind = TB_RECORD_SET, .set = c->set };
    struct tb_reason why;

    c->package[BASE].m.n_options = 1;
    c->package[BASE].m.option[0] =
        (struct tb_package_option){ text("cmdline"), text(c->signed_options) };
    settings_before(c);
    for (uint32_t pcr = 12; pcr <= 14; pcr++)
        chain_add(c, pcr, &r);
    for (size_t i = 0; i < c->n_packages; i++) {
        sign_package(&c->package[i]);
        if (c->package[i].measured)
            package_records(c, &c->package[i]);
    }
    assert_true(
        tb_boot_command_line(text(c->signed_options), text(c->append), c->set, c->line, &why));
    add_text(c, TB_RECORD_COMMAND_LINE, c->line);
    r.kind = TB_RECORD_END;
    for (uint32_t pcr = 12; pcr <= 14; pcr++)
        chain_add(c, pcr, &r);
    user_records(c);
}

/* ---- logs, PCR values, metadata ---- */

/* The kernel's EFI stub: the digest is of the text in UTF-16, its NUL included. */
static void kernel_events(struct chain *c)
{
    static const uint8_t tag[] = { 0xed, 0x22, 0x3b, 0x8f, 4, 0, 0, 0, 'L', 'O', 'A', 'D' };
    const char *line = c->kernel_options != NULL ? c->kernel_options : c->line;
    uint8_t wide[2 * (TB_COMMAND_LINE_MAX + 1)] = { 0 };
    size_t n = strlen(line) + 1;

    for (size_t i = 0; i < n; i++)
        wide[2 * i] = (uint8_t)line[i];
    if (n > 1)
        log_event(c->log, 9, TB_EV_EVENT_TAG, tb_slice(wide, 2 * n), tb_slice(tag, sizeof tag));
}

void chain_firmware(struct chain *c)
{
    static const uint8_t off = 0;
    struct log_item *item;

    log_good_boot(c->log, c->banks);
    for (size_t i = c->log->n; i-- > 0;) /* of another loader */
        if (c->log->item[i].type == TB_EV_IPL)
            log_remove(c->log, &c->log->item[i]);
    item = log_find(c->log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);
    log_rehash(c->log, item, text(c->program));
    if (!c->secure_boot_off)
        return;
    item = log_find_variable(c->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");
    log_set_data(c->log, item,
                 log_uefi_variable(c->log, log_guid_global, "SecureBoot", tb_slice(&off, 1)));
    log_rehash(c->log, item, tb_slice(item->data, item->data_len));
}

static void user_event(struct chain *c, uint32_t number, const struct chain_event *e,
                       struct tb_reader data)
{
    struct tb_cel_event out = {
        .number = number, .pcr = 11, .banks = c->banks, .type = TB_EV_EVENT_TAG, .data = data
    };
    size_t len;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        const struct tb_reader digest =
            tb_slice(out.digest[b], tb_bank_digest_len((enum tb_bank)b));

        if (!(c->banks >> b & 1))
            continue;
        assert_true(
            tb_hash(c->h, (enum tb_bank)b, e->hashed.p != NULL ? e->hashed : data, out.digest[b]));
        assert_true(tb_pcr_extend(c->h, (enum tb_bank)b, c->quoted.value[b][11], digest));
    }
    assert_true(tb_cel_print(&out, c->cel + c->cel_len, sizeof c->cel - c->cel_len, &len));
    c->cel_len += len;
}

static struct tb_reader data_of(struct chain_event *e)
{
    if (e->instead.p != NULL)
        return e->instead;
    assert_true(tb_record_print(&e->r, e->data, sizeof e->data, &e->len));
    return tb_slice(e->data, e->len);
}

static bool is_user(const struct chain_event *e)
{
    return e->pcr == 11 && !e->in_firmware_log;
}

static void metadata(struct chain *c)
{
    for (size_t i = 0; i < c->n_packages; i++) {
        const struct chain_package *p = &c->package[i];

        if (!p->sent)
            continue;
        assert_true(c->metadata_len + p->head_len <= sizeof c->metadata);
        memcpy(c->metadata + c->metadata_len, p->head, p->head_len);
        c->metadata_len += p->head_len;
    }
}

void chain_finish(struct chain *c)
{
    chain_firmware(c);
    chain_rest(c);
}

void chain_rest(struct chain *c)
{
    uint32_t number = 0;

    for (size_t i = 0; i < c->n; i++) {
        struct chain_event *e = &c->event[i];
        struct tb_reader data = data_of(e);

        if (!is_user(e))
            log_event(c->log, e->pcr, TB_EV_EVENT_TAG, e->hashed.p != NULL ? e->hashed : data,
                      data);
    }
    kernel_events(c);
    log_finish(c->log);
    c->quoted = c->log->pcrs;
    for (size_t i = 0; i < c->n; i++)
        if (is_user(&c->event[i]))
            user_event(c, number++, &c->event[i], data_of(&c->event[i]));
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        c->quoted.mask[b] = c->banks >> b & 1 ? c->policy.pcrs : 0;
    metadata(c);
    c->in = (struct tb_boot_input){ .log = log_slice(c->log),
                                    .user_log = tb_slice(c->cel, c->cel_len),
                                    .packages = tb_slice(c->metadata, c->metadata_len),
                                    .quoted = &c->quoted,
                                    .policy = &c->policy,
                                    .versions = &c->versions };
}

void chain_appraise(struct chain *c)
{
    memset(&c->quote, 0, sizeof c->quote);
    for (unsigned k = 0; k < TB_N_CHECKS; k++)
        if (tb_check_text((enum tb_check)k)->group <= TB_GROUP_PCRS)
            tb_findings_pass(&c->quote.findings, (enum tb_check)k);
    c->quote.genuine = true;
    memset(&c->boot, 0xa5, sizeof c->boot); /* nothing of what was there may show */
    tb_appraise_boot(&c->in, c->h, &c->boot);
    tb_conclude(&c->quote, &c->boot, &c->policy, &c->result);
}

void chain_run(struct chain *c)
{
    chain_records(c);
    chain_finish(c);
    chain_appraise(c);
}

void chain_expect(const struct chain *c, enum tb_verdict verdict, const char *code)
{
    const char *found = c->result.has_headline ? tb_check_text(c->result.headline)->code : "";

    if (c->result.verdict != verdict || strcmp(found, code) != 0)
        for (size_t i = 0; i < c->result.findings.n; i++) {
            const struct tb_reason *r = &c->result.findings.list[i].reason;

            print_message("%s at %s: expected %s, observed %s\n", tb_check_text(r->check)->code,
                          r->where, r->expected, r->observed);
        }
    assert_string_equal(found, code);
    assert_string_equal(tb_verdict_name(c->result.verdict), tb_verdict_name(verdict));
}

const struct tb_reason *chain_reason(const struct chain *c, enum tb_check check)
{
    for (size_t i = 0; i < c->result.findings.n; i++)
        if (c->result.findings.list[i].reason.check == check)
            return &c->result.findings.list[i].reason;
    fail_msg("no finding of %s", tb_check_text(check)->code);
    return NULL;
}

static enum tb_verdict verdict_of(const struct chain *c, const char *code)
{
    enum tb_check check;

    if (code[0] == '\0')
        return TB_VERDICT_TRUSTED;
    assert_true(tb_check_of_code(code, &check));
    return tb_policy_severity(&c->policy, check) == TB_SEVERITY_REQUIRED ? TB_VERDICT_FAILED
                                                                         : TB_VERDICT_CHANGED;
}

struct chain *chain_changed(const struct chain_change *change)
{
    struct chain *c = chain_new();

    print_message("%s\n", change->what);
    if (change->installed != NULL)
        change->installed(c);
    chain_records(c);
    if (change->measured != NULL)
        change->measured(c);
    chain_finish(c);
    if (change->sent != NULL)
        change->sent(c);
    chain_appraise(c);
    chain_expect(c, verdict_of(c, change->code), change->code);
    return c;
}

void chain_run_changes(const struct chain_change *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        chain_free(chain_changed(&list[i]));
}
