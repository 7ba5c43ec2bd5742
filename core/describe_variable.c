/* core/describe_variable.c - UEFI variables in events, as lines. */
#include "core/describe_internal.h"
#include "core/uefi.h"
#include "crypto/cert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void signature(const struct tb_describing *d, bool verified,
                      const struct tb_signature_entry *e)
{
    char subject[TB_CERT_NAME_MAX], hex[2 * TB_DIGEST_MAX + 1];
    uint8_t digest[TB_DIGEST_MAX] = { 0 };
    const char *type = tb_guid_name(e->type);

    if (!tb_guid_is(e->type, tb_guid_cert_x509)) {
        tb_hex(e->data, hex, sizeof hex);
        tb_describe_line(d, verified, "hash", "%s %s", type != NULL ? type : "unknown type", hex);
        return;
    }
    if (!tb_cert_subject(e->data, subject, sizeof subject))
        snprintf(subject, sizeof subject, "not readable");
    if (tb_hash(d->h, TB_BANK_SHA256, e->data, digest))
        tb_hex(tb_slice(digest, 32), hex, sizeof hex);
    else
        hex[0] = '\0';
    tb_describe_line(d, verified, "certificate", "%s sha256 %s", subject, hex);
}

static void signature_lists(const struct tb_describing *d, bool verified, struct tb_reader data)
{
    struct tb_signature_lists it = tb_signature_lists_begin(data);
    struct tb_signature_entry e;
    struct tb_reader owner = { 0 };
    enum tb_list_step step;
    size_t n = 0;

    for (; (step = tb_signature_lists_next(&it, &e)) == TB_LIST_ENTRY; n++) {
        if (n == 0 || !tb_slice_equal(owner, e.owner)) /* said once for all that follow */
            tb_describe_guid(d, verified, "owner", e.owner);
        owner = e.owner;
        signature(d, verified, &e);
    }
    if (step == TB_LIST_BAD)
        tb_describe_line(d, verified, "signature-lists", "malformed after %zu entries", n);
    else
        tb_describe_line(d, verified, "signature-lists", "%zu entries", n);
}

/* EFI_SIGNATURE_DATA, or a certificate alone. */
static void authority(const struct tb_describing *d, bool verified, struct tb_reader data)
{
    struct tb_reader rest = data, owner;
    char subject[TB_CERT_NAME_MAX];

    if (tb_cert_subject(data, subject, sizeof subject)) {
        tb_describe_line(d, verified, "certificate", "%s", subject);
        return;
    }
    if (tb_read_slice(&rest, 16, &owner) && tb_cert_subject(rest, subject, sizeof subject)) {
        tb_describe_guid(d, verified, "owner", owner);
        tb_describe_line(d, verified, "certificate", "%s", subject);
        return;
    }
    tb_describe_bytes(d, verified, "value", data);
}

/* UEFI 2.10, 3.1.3: EFI_LOAD_OPTION */
static bool load_option(const struct tb_describing *d, bool verified, struct tb_reader r)
{
    struct tb_reader description, path;
    char text[128];
    uint32_t attributes;
    uint16_t path_len, c = 1;
    size_t n = 0;

    if (!tb_read_u32le(&r, &attributes) || !tb_read_u16le(&r, &path_len))
        return false;
    description = r;
    while (c != 0) {
        if (!tb_read_u16le(&r, &c))
            return false;
        n += 2;
    }
    description.left = n;
    if (!tb_read_slice(&r, path_len, &path))
        return false;
    tb_utf16_text(description, text, sizeof text);
    tb_describe_line(d, verified, "enabled", "%s", (attributes & 1) != 0 ? "yes" : "no");
    tb_describe_line(d, verified, "description", "%s", text);
    tb_describe_path(d, verified, path);
    return true;
}

static void boot_order(const struct tb_describing *d, bool verified, struct tb_reader r)
{
    char text[TB_LINE_MAX];
    size_t n = 0;
    uint16_t option;

    text[0] = '\0';
    while (n + 10 < sizeof text && tb_read_u16le(&r, &option))
        n += (size_t)snprintf(text + n, sizeof text - n, "%sBoot%04X", n == 0 ? "" : " ", option);
    tb_describe_line(d, verified, "order", "%s", text);
}

static bool is_boot_option(const char *name)
{
    return strncmp(name, "Boot", 4) == 0 && strlen(name) == 8 &&
           strspn(name + 4, "0123456789ABCDEFabcdef") == 4;
}

static void value(const struct tb_describing *d, bool verified, const char *name,
                  struct tb_reader data)
{
    static const char *const flags[] = { "SecureBoot", "SetupMode", "AuditMode", "DeployedMode",
                                         "MokListTrusted" };
    static const char *const lists[] = { "PK", "KEK", "db", "dbx", "dbt", "dbr" };

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(name, flags[i]) == 0 && data.left <= 1) {
            tb_describe_line(d, verified, "enabled", "%s",
                             data.left == 0   ? "not set"
                             : data.p[0] == 1 ? "yes"
                                              : "no");
            return;
        }
    if (d->e->type == TB_EV_EFI_VARIABLE_AUTHORITY) {
        authority(d, verified, data);
        return;
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(name, lists[i]) == 0) {
            signature_lists(d, verified, data);
            return;
        }
    if (strcmp(name, "BootOrder") == 0)
        boot_order(d, verified, data);
    else if (!is_boot_option(name) || !load_option(d, verified, data))
        tb_describe_bytes(d, verified, "value", data);
}

bool tb_describe_variable(const struct tb_describing *d)
{
    struct tb_uefi_variable v;
    bool name_verified = d->whole, value_verified;
    char name[128];

    if (!tb_uefi_variable_parse(d->e->data, &v))
        return false;
    /* Old versions of shim log one byte more than they hash. */
    if (!name_verified && v.excess.left != 0)
        name_verified =
            tb_describe_covers(d, (struct tb_reader){ d->e->data.p, d->e->data.left - 1 });
    value_verified = name_verified || tb_describe_covers(d, v.data);
    tb_utf16_text(v.name, name, sizeof name);
    tb_describe_line(d, name_verified, "variable", "%s", name);
    tb_describe_guid(d, name_verified, "guid", v.guid);
    tb_describe_line(d, value_verified, "length", "%zu", v.data.left);
    value(d, value_verified, name, v.data);
    if (v.excess.left != 0)
        tb_describe_line(d, false, "excess", "%zu bytes", v.excess.left);
    return true;
}
