/* tools/pkg/vendor.c - trueboot-pkg make-vendor, revoke. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/pki.h"
#include "tools/pkg/tool.h"

static bool write_in(const char *dir, const char *name, const char *text)
{
    char path[8192];

    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return tool_fail(TOOL_USAGE, "%s: the name is too long", dir), false;
    return tool_write(path, tb_slice(text, strlen(text)));
}

/* In a new directory, so that no key is ever written over. */
static bool make_vendor(const char *dir, const char *name, enum tb_code_scheme scheme,
                        const char *level, int64_t now_s, struct tb_pki_pair *root,
                        struct tb_pki_pair *signer)
{
    char root_name[64], signer_name[64], err[TB_PKI_ERROR_MAX];

    snprintf(root_name, sizeof root_name, "%.50s root", name);
    snprintf(signer_name, sizeof signer_name, "%.40s signer (%s)", name, level);
    if (!tb_vendor_root_make(root_name, scheme, now_s, root, err) ||
        !tb_vendor_signer_make(root, signer_name, scheme, level, now_s, signer, err))
        return tool_fail(TOOL_USAGE, "%s", err), false;
    if (mkdir(dir, 0700) != 0)
        return tool_fail(TOOL_USAGE, "%s: %s", dir, strerror(errno)), false;
    return write_in(dir, "root.key", root->key) && write_in(dir, "root.crt", root->cert) &&
           write_in(dir, "signer.key", signer->key) && write_in(dir, "signer.crt", signer->cert);
}

static bool scheme_of_name(const char *name, enum tb_code_scheme *out)
{
    *out = name != NULL && strcmp(name, "rsa") == 0 ? TB_CODE_RSA_SHA512 : TB_CODE_P384_SHA512;
    return name == NULL || strcmp(name, "rsa") == 0 || strcmp(name, "p384") == 0;
}

enum tool_exit tool_vendor_make(struct tool *t)
{
    const char *name = t->option[OPT_NAME] != NULL ? t->option[OPT_NAME] : "Trueboot vendor";
    const char *level = t->option[OPT_LEVEL] != NULL ? t->option[OPT_LEVEL] : "certified";
    struct tb_pki_pair *pairs = calloc(2, sizeof *pairs);
    enum tb_code_scheme scheme;
    enum tb_level known;
    int64_t now_s;
    bool ok = false;

    if (!tb_level_of_name(tb_slice(level, strlen(level)), &known))
        tool_fail(TOOL_USAGE, "--level: certified, accepted, partner or community; found %s",
                  level);
    else if (!scheme_of_name(t->option[OPT_ALGORITHM], &scheme))
        tool_fail(TOOL_USAGE, "--algorithm: rsa or p384; found %s", t->option[OPT_ALGORITHM]);
    else
        ok = pairs != NULL && tool_date(t, &now_s) &&
             make_vendor(t->argument[0], name, scheme, level, now_s, &pairs[0], &pairs[1]);
    if (pairs != NULL) {
        tb_pki_pair_wipe(&pairs[0]);
        tb_pki_pair_wipe(&pairs[1]);
    }
    free(pairs);
    return ok ? TOOL_OK : TOOL_USAGE;
}

/* LIST is copied to --out, its signature stands beside it in OUT.sig. */
static bool sign_list(const struct tool *t, struct tb_code_key *key, struct tb_reader list)
{
    uint8_t value[TB_CODE_SIGNATURE_MAX], member[TB_SIGNATURE_LEN_MAX];
    struct tb_signatures s = { 0 };
    char path[4096];
    int64_t now_s;
    size_t len;

    if (snprintf(path, sizeof path, "%s.sig", t->option[OPT_OUT]) >= (int)sizeof path)
        return tool_fail(TOOL_USAGE, "%s: the name is too long", t->option[OPT_OUT]), false;
    return tool_date(t, &now_s) && tool_sign(key, TB_SIGNED_REVOCATIONS, now_s, list, &s, value) &&
           tb_signatures_encode(&s, member, sizeof member, &len) &&
           tool_write(t->option[OPT_OUT], list) && tool_write(path, tb_slice(member, len));
}

enum tool_exit tool_revoke(struct tool *t)
{
    struct tb_revocations *parsed = malloc(sizeof *parsed);
    struct tb_code_key *key = tool_key(t);
    struct tb_reason why;
    size_t len = 0;
    char *list = tool_read(t->argument[0], &len);
    bool ok = false;

    if (parsed != NULL && key != NULL && list != NULL) {
        if (!tb_revocations_parse(tb_slice(list, len), parsed, &why))
            tool_refused(t->argument[0], &why);
        else
            ok = sign_list(t, key, tb_slice(list, len));
    }
    free(list);
    free(parsed);
    tb_code_key_free(key);
    return ok ? TOOL_OK : TOOL_USAGE;
}
