/* wire/policy_json_internal.h - what the files about the policy's JSON share; for nobody else. */
#ifndef TB_WIRE_POLICY_JSON_INTERNAL_H
#define TB_WIRE_POLICY_JSON_INTERNAL_H

#include "wire/policy_json.h"

#include <jansson.h>

#define TB_POLICY_FORMAT 1
#define TB_POLICY_PATH_DEPTH 4

/* A file being read, and where in it: names of members, "" for an element of a list. */
struct tb_policy_reading {
    const char *file;
    struct tb_reader text;
    struct tb_policy *policy;
    char *err;
    size_t depth;
    struct {
        const char *name;
        size_t index;
    } path[TB_POLICY_PATH_DEPTH];
};

/* The error, with file, line and path; returns false. */
bool tb_policy_refuse(struct tb_policy_reading *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tb_policy_enter(struct tb_policy_reading *s, const char *name, size_t index);
void tb_policy_leave(struct tb_policy_reading *s);

TB_MUST_CHECK bool tb_policy_read_number(struct tb_policy_reading *s, const json_t *v,
                                         json_int_t min, json_int_t max, uint32_t *out);
TB_MUST_CHECK bool tb_policy_read_digest(struct tb_policy_reading *s, const json_t *v,
                                         enum tb_bank bank, uint8_t *out);
/* A list of at most max elements, each read by one; a path element is entered for each. */
TB_MUST_CHECK bool
tb_policy_read_list(struct tb_policy_reading *s, const json_t *v, size_t max,
                    bool (*one)(struct tb_policy_reading *s, const json_t *v, void *to), void *to);
/* Printable text of 1 to cap - 1 bytes, the rest of cap zero. */
TB_MUST_CHECK bool tb_policy_read_text(struct tb_policy_reading *s, const json_t *v, char *out,
                                       size_t cap);

/* Members about levels, options, versions and the TPM: policy_levels.c. */
TB_MUST_CHECK bool tb_policy_read_sbat(struct tb_policy_reading *s, const json_t *v);
TB_MUST_CHECK bool tb_policy_read_revoked(struct tb_policy_reading *s, const json_t *v);
TB_MUST_CHECK bool tb_policy_read_cmdline(struct tb_policy_reading *s, const json_t *v);
TB_MUST_CHECK bool tb_policy_read_mok(struct tb_policy_reading *s, const json_t *v);
TB_MUST_CHECK bool tb_policy_read_firmware_versions(struct tb_policy_reading *s, const json_t *v);
TB_MUST_CHECK bool tb_policy_read_tpm_classes(struct tb_policy_reading *s, const json_t *v);
TB_MUST_CHECK bool tb_policy_read_advisories(struct tb_policy_reading *s, const json_t *v);

/* What is asked of signed packages: policy_packages.c. */
TB_MUST_CHECK bool tb_policy_read_packages(struct tb_policy_reading *s, const json_t *v);
int tb_policy_print_packages(json_t *root, const struct tb_policy *p);

/* Those members into root; not 0: out of memory. */
int tb_policy_print_levels(json_t *root, const struct tb_policy *p);
/* SHA-256 digests in lower-case hexadecimal; NULL: out of memory. */
json_t *tb_policy_digests_json(const uint8_t list[][32], size_t n);

extern const char *const tb_policy_keyset_names[TB_N_KEYSETS];

#endif
