/* tools/pkg/tool.h - what the subcommands of trueboot-pkg share. */
#ifndef TB_TOOLS_PKG_TOOL_H
#define TB_TOOLS_PKG_TOOL_H

#include "pkg/verify.h"

enum tool_exit { TOOL_OK = 0, TOOL_REFUSED = 1, TOOL_USAGE = 2 };

enum tool_option {
    OPT_ALGORITHM,
    OPT_CERTS,
    OPT_COMPARE,
    OPT_DATE,
    OPT_ESP,
    OPT_JSON,
    OPT_KEY,
    OPT_LEVEL,
    OPT_LOG,
    OPT_NAME,
    OPT_OUT,
    OPT_REVOCATIONS,
    OPT_SET,
    OPT_TO,
    OPT_USER_LOG,
    OPT_VENDOR,
    OPT_HELP,
    N_OPTIONS
};

/* A command line that fits the subcommand's row. */
struct tool {
    const char *option[N_OPTIONS]; /* NULL: not given; "" for one without argument */
    char **argument;
    int n_arguments;
};

/* A line on standard error. Returns code. */
enum tool_exit tool_fail(enum tool_exit code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for a reason: "NAME: what (where: expected, found)". */
enum tool_exit tool_refused(const char *name, const struct tb_reason *why);
/* The same for what somebody gave to work with: no check of a package. */
enum tool_exit tool_unusable(const char *name, const struct tb_reason *why);

/* A copy of a whole file, so that what is verified is what is used whoever writes to the file
 * meanwhile; drop frees. False: told. */
#define TOOL_FILE_MAX 4294967296
TB_MUST_CHECK bool tool_load(const char *path, struct tb_reader *out);
void tool_drop(struct tb_reader *r);
/* A small file. The caller frees. NULL: told. */
char *tool_read(const char *path, size_t *len);
/* The whole file or none, on the disk. False: told. */
TB_MUST_CHECK bool tool_write(const char *path, struct tb_reader contents);

/* --date, or the environment's SOURCE_DATE_EPOCH as main() read it, or now. False: told. */
TB_MUST_CHECK bool tool_date(const struct tool *t, int64_t *out_s);
/* --key and --certs. NULL: told. The caller frees. */
struct tb_code_key *tool_key(const struct tool *t);
/* A signature member by the key, behind those of *s (n may be 0). False: told. */
TB_MUST_CHECK bool tool_sign(struct tb_code_key *key, enum tb_signed_kind kind, int64_t signed_s,
                             struct tb_reader text, struct tb_signatures *s,
                             uint8_t value[TB_CODE_SIGNATURE_MAX]);

/* --vendor, --level, --revocations. False: told. clear frees. */
struct tool_trust {
    struct tb_vendors *vendors;
    struct tb_revocations *revocations;
    char *list; /* that the revocations point into */
    struct tb_package_rules rules;
};
TB_MUST_CHECK bool tool_trust_open(const struct tool *t, struct tool_trust *out);
void tool_trust_clear(struct tool_trust *t);

/* A package that is open; large. */
struct tool_package {
    struct tb_reader file;
    struct tb_package package;
    struct tb_reader payload[TB_PAYLOADS_MAX];
};
/* NULL: told; *code: for the shell. */
struct tool_package *tool_package_open(const char *path, enum tool_exit *code);
void tool_package_close(struct tool_package *p); /* NULL is a no-op */
/* Signature, level, revocations, and every payload. False: told. */
TB_MUST_CHECK bool tool_package_verify(struct tool_package *p, const char *path,
                                       const struct tool_trust *trust,
                                       struct tb_package_trust *who);

enum tool_exit tool_build(struct tool *t);
enum tool_exit tool_sign_package(struct tool *t);
enum tool_exit tool_verify(struct tool *t);
enum tool_exit tool_inspect(struct tool *t);
enum tool_exit tool_list(struct tool *t);
enum tool_exit tool_extract(struct tool *t);
enum tool_exit tool_vendor_make(struct tool *t);
enum tool_exit tool_revoke(struct tool *t);
enum tool_exit tool_list_sets(struct tool *t);
enum tool_exit tool_install(struct tool *t);
enum tool_exit tool_update(struct tool *t);
enum tool_exit tool_remove(struct tool *t);
enum tool_exit tool_predict(struct tool *t);

#endif
