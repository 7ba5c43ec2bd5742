/* wire/policy_print.c - the canonical form of a policy, whose digest names its version. */
#include "wire/policy_json_internal.h"

#include <stdlib.h>

#include "wire/json_text.h"

/* jansson's *_new functions take NULL and fail, so one test at the end is enough. */
static json_t *hex_string(const uint8_t *p, size_t len)
{
    char hex[2 * TB_DIGEST_MAX + 2];

    tb_hex(tb_slice(p, len), hex, sizeof hex);
    return json_string(hex);
}

json_t *tb_policy_digests_json(const uint8_t list[][32], size_t n)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(a, hex_string(list[i], 32)) != 0) {
            json_decref(a);
            return NULL;
        }
    return a;
}

static int print_masks(json_t *root, const struct tb_policy *p)
{
    json_t *banks = json_array(), *pcrs = json_array();
    int bad = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (p->banks >> b & 1)
            bad |= json_array_append_new(banks, json_string(tb_bank_name((enum tb_bank)b)));
    for (unsigned i = 0; i < TB_N_PCRS; i++)
        if (p->pcrs >> i & 1)
            bad |= json_array_append_new(pcrs, json_integer((json_int_t)i));
    bad |= json_object_set_new(root, "banks", banks);
    return bad | json_object_set_new(root, "pcrs", pcrs);
}

static int print_checks(json_t *root, const struct tb_policy *p)
{
    json_t *checks = json_object();
    int bad = 0;

    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        enum tb_severity severity = tb_policy_severity(p, (enum tb_check)c);
        const struct tb_check_text *text = tb_check_text((enum tb_check)c);

        if (severity != text->severity)
            bad |= json_object_set_new(checks, text->code, json_string(tb_severity_name(severity)));
    }
    if (json_object_size(checks) != 0)
        return bad | json_object_set_new(root, "checks", checks);
    json_decref(checks);
    return bad;
}

static int print_keys(json_t *root, const struct tb_policy *p)
{
    json_t *keys = json_object();
    int bad = 0;

    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        if (p->n_keys[k] != 0)
            bad |= json_object_set_new(keys, tb_policy_keyset_names[k],
                                       tb_policy_digests_json(p->keys[k], p->n_keys[k]));
    if (json_object_size(keys) != 0)
        bad |= json_object_set_new(root, "keys", keys);
    else
        json_decref(keys);
    if (p->n_authorities != 0)
        bad |= json_object_set_new(root, "authorities",
                                   tb_policy_digests_json(p->authorities, p->n_authorities));
    return bad;
}

static int print_lists(json_t *root, const struct tb_policy *p)
{
    json_t *programs = json_array(), *pins = json_array();
    int bad = 0;

    for (size_t i = 0; i < p->n_programs; i++) {
        const struct tb_digest_entry *e = &p->programs[i];

        bad |= json_array_append_new(
            programs, json_pack("{s:s, s:o}", "bank", tb_bank_name(e->bank), "digest",
                                hex_string(e->digest, tb_bank_digest_len(e->bank))));
    }
    for (size_t i = 0; i < p->n_pins; i++) {
        const struct tb_pin *e = &p->pin[i];

        bad |= json_array_append_new(
            pins, json_pack("{s:s, s:i, s:o}", "bank", tb_bank_name(e->bank), "pcr", (int)e->pcr,
                            "value", hex_string(e->value, tb_bank_digest_len(e->bank))));
    }
    if (p->n_programs != 0)
        bad |= json_object_set(root, "programs", programs);
    if (p->n_pins != 0)
        bad |= json_object_set(root, "pins", pins);
    json_decref(programs);
    json_decref(pins);
    return bad;
}

char *tb_policy_print(const struct tb_policy *p)
{
    json_t *root =
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:I}", "format", TB_POLICY_FORMAT, "name", p->name,
                  "mode", p->enforce ? "enforce" : "observe", "ek_trust",
                  p->ek_trust == TB_EK_TRUST_TOKEN ? "token" : "certificate", "interval_s",
                  (json_int_t)p->interval_s, "stale_s", (json_int_t)p->stale_s);
    char *text = NULL;

    if (root != NULL && print_masks(root, p) == 0 && print_checks(root, p) == 0 &&
        print_keys(root, p) == 0 && print_lists(root, p) == 0 &&
        tb_policy_print_levels(root, p) == 0 && tb_policy_print_packages(root, p) == 0)
        text = tb_json_text(root);
    json_decref(root);
    return text;
}
