#include "tools/pkg/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "files/files.h"

#define SMALL_MAX (1024 * 1024)

enum tool_exit tool_fail(enum tool_exit code, const char *format, ...)
{
    va_list args;

    fputs("trueboot-pkg: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

enum tool_exit tool_refused(const char *name, const struct tb_reason *why)
{
    return tool_fail(TOOL_REFUSED, "%s: %s (%s: expected %s, found %s)", name,
                     tb_check_text(why->check)->title, why->where, why->expected, why->observed);
}

enum tool_exit tool_unusable(const char *name, const struct tb_reason *why)
{
    return tool_fail(TOOL_USAGE, "%s: %s: expected %s, found %s", name, why->where, why->expected,
                     why->observed);
}

bool tool_load(const char *path, struct tb_reader *out)
{
    char err[TB_FILE_ERR_LEN];
    struct stat st;
    char *bytes;
    size_t len;

    *out = tb_slice(NULL, 0);
    if (stat(path, &st) != 0)
        return tool_fail(TOOL_USAGE, "%s: %s", path, strerror(errno)), false;
    if (!S_ISREG(st.st_mode) || st.st_size > TOOL_FILE_MAX)
        return tool_fail(TOOL_USAGE, "%s: expected a file of at most 4 GiB", path), false;
    if (tb_file_read(path, (size_t)st.st_size, &bytes, &len, err) != TB_FILE_OK)
        return tool_fail(TOOL_USAGE, "%s", err), false;
    *out = tb_slice(bytes, len);
    return true;
}

void tool_drop(struct tb_reader *r)
{
    free((void *)(uintptr_t)r->p);
    *r = tb_slice(NULL, 0);
}

char *tool_read(const char *path, size_t *len)
{
    char err[TB_FILE_ERR_LEN];
    char *text = NULL;

    switch (tb_file_read(path, SMALL_MAX, &text, len, err)) {
    case TB_FILE_OK: return text;
    case TB_FILE_ABSENT: tool_fail(TOOL_USAGE, "%s: no such file", path); return NULL;
    default: tool_fail(TOOL_USAGE, "%s", err); return NULL;
    }
}

bool tool_write(const char *path, struct tb_reader contents)
{
    char err[TB_FILE_ERR_LEN];

    if (tb_file_replace(path, contents, NULL, err))
        return true;
    tool_fail(TOOL_USAGE, "%s", err);
    return false;
}

bool tool_date(const struct tool *t, int64_t *out_s)
{
    const char *text = t->option[OPT_DATE];
    uint64_t v;

    if (text == NULL) {
        *out_s = (int64_t)time(NULL);
        return true;
    }
    if (!tb_lines_number(tb_slice(text, strlen(text)), INT32_MAX * UINT64_C(100), &v)) {
        tool_fail(TOOL_USAGE, "--date: expected seconds since 1970; found %s", text);
        return false;
    }
    *out_s = (int64_t)v;
    return true;
}

struct tb_code_key *tool_key(const struct tool *t)
{
    const char *key = t->option[OPT_KEY];
    bool is_uri = strncmp(key, "pkcs11:", 7) == 0;
    size_t key_len = 0, certs_len = 0;
    char *key_text = is_uri ? NULL : tool_read(key, &key_len);
    char *certs = tool_read(t->option[OPT_CERTS], &certs_len);
    struct tb_code_key *k = NULL;
    struct tb_reason why;

    if (certs != NULL && (is_uri || key_text != NULL)) {
        k = tb_code_key_open(tb_slice(key_text, key_len), is_uri ? key : NULL,
                             tb_slice(certs, certs_len), &why);
        if (k == NULL)
            tool_unusable(key, &why);
    }
    if (key_text != NULL)
        explicit_bzero(key_text, key_len);
    free(key_text);
    free(certs);
    return k;
}

bool tool_sign(struct tb_code_key *key, enum tb_signed_kind kind, int64_t signed_s,
               struct tb_reader text, struct tb_signatures *s, uint8_t value[TB_CODE_SIGNATURE_MAX])
{
    struct tb_signer *signer = &s->signer[s->n];
    uint8_t head[TB_SIGNED_HEAD_LEN];
    struct tb_reader parts[2];
    struct tb_reason why;
    size_t len;

    if (s->n == TB_SIGNERS_MAX) {
        tool_fail(TOOL_REFUSED, "a package has at most %d signers", TB_SIGNERS_MAX);
        return false;
    }
    tb_signed_parts(kind, signed_s, text, head, parts);
    if (!tb_code_sign(key, parts, 2, value, &len, &why)) {
        tool_unusable("signature", &why);
        return false;
    }
    *signer = (struct tb_signer){
        .alg = tb_code_key_scheme(key) == TB_CODE_RSA_SHA512 ? TB_SIGN_RSA : TB_SIGN_P384,
        .signed_s = signed_s,
        .signature = tb_slice(value, len),
    };
    signer->n_certs = tb_code_key_chain(key, signer->cert);
    s->n++;
    return true;
}

/* ---- trust ---- */

static bool open_revocations(struct tool_trust *t, const char *path)
{
    struct tb_code_signer who;
    struct tb_reason why;
    char sig_path[4096];
    size_t len, sig_len;
    char *sig;
    bool ok = false;

    if (snprintf(sig_path, sizeof sig_path, "%s.sig", path) >= (int)sizeof sig_path)
        return tool_fail(TOOL_USAGE, "%s: the name is too long", path), false;
    t->list = tool_read(path, &len);
    sig = tool_read(sig_path, &sig_len);
    t->revocations = malloc(sizeof *t->revocations);
    if (t->list != NULL && sig != NULL && t->revocations != NULL) {
        ok = tb_revocations_verify(tb_slice(t->list, len), tb_slice(sig, sig_len), t->vendors, NULL,
                                   t->revocations, &who, &why);
        if (!ok)
            tool_refused(path, &why);
    }
    free(sig);
    t->rules.revocations = t->revocations;
    return ok;
}

bool tool_trust_open(const struct tool *t, struct tool_trust *out)
{
    const char *level = t->option[OPT_LEVEL], *vendor = t->option[OPT_VENDOR];
    struct tb_reason why;
    size_t len;
    char *pem;
    bool ok;

    *out = (struct tool_trust){ .rules.least = TB_LEVEL_COMMUNITY };
    if (level != NULL && !tb_level_of_name(tb_slice(level, strlen(level)), &out->rules.least)) {
        tool_fail(TOOL_USAGE, "--level: certified, accepted, partner or community; found %s",
                  level);
        return false;
    }
    pem = tool_read(vendor, &len);
    out->vendors = tb_vendors_new();
    out->rules.vendors = out->vendors;
    ok = pem != NULL && out->vendors != NULL;
    if (ok && !tb_vendors_add(out->vendors, tb_slice(pem, len), vendor, &why)) {
        tool_unusable(vendor, &why);
        ok = false;
    }
    free(pem);
    if (ok && t->option[OPT_REVOCATIONS] != NULL)
        ok = open_revocations(out, t->option[OPT_REVOCATIONS]);
    if (!ok)
        tool_trust_clear(out);
    return ok;
}

void tool_trust_clear(struct tool_trust *t)
{
    tb_vendors_free(t->vendors);
    free(t->revocations);
    free(t->list);
    *t = (struct tool_trust){ 0 };
}

/* ---- packages ---- */

struct tool_package *tool_package_open(const char *path, enum tool_exit *code)
{
    struct tool_package *p = calloc(1, sizeof *p);
    struct tb_reason why;

    *code = TOOL_USAGE;
    if (p == NULL) {
        tool_fail(TOOL_USAGE, "out of memory");
        return NULL;
    }
    if (tool_load(path, &p->file)) {
        if (tb_package_open(p->file, &p->package, &why))
            return p;
        *code = tool_refused(path, &why);
    }
    tool_package_close(p);
    return NULL;
}

void tool_package_close(struct tool_package *p)
{
    if (p == NULL)
        return;
    tool_drop(&p->file);
    free(p);
}

bool tool_package_verify(struct tool_package *p, const char *path, const struct tool_trust *trust,
                         struct tb_package_trust *who)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why = { .check = TB_CHECK_PACKAGE_PAYLOAD };
    bool ok = h != NULL && tb_package_verify(&p->package, &trust->rules, who, &why) &&
              tb_package_payloads(&p->package, p->payload, &why);

    for (size_t i = 0; ok && i < p->package.manifest.n_payloads; i++)
        ok = tb_payload_check(&p->package.manifest.payload[i], p->payload[i], h, &why);
    tb_hasher_free(h);
    if (!ok)
        tool_refused(path, &why);
    return ok;
}
