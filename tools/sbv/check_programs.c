/* tools/sbv/check_programs.c - would the firmware, or shim, start these programs? */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/files.h"
#include "pkg/pe.h"
#include "tools/sbv/check.h"
#include "tools/sbv/signed_files.h"

#define PROGRAM_MAX (64 * 1024 * 1024)
#define PROGRAMS_MAX 256

struct program {
    char *bytes;
    struct tb_reader image;
    struct tb_pe pe;
    uint8_t sha256[32]; /* Authenticode */
};

enum verdict { UNSIGNED, BROKEN, STRANGER, FORBIDDEN, BY_DB, BY_SHIM };

static bool open_program(const struct check *c, const char *path, struct program *out)
{
    struct tb_payload digests = { .kind = TB_PAYLOAD_EFI };
    char err[TB_FILE_ERR_LEN];
    struct tb_reason why;
    size_t len;

    memset(out, 0, sizeof *out);
    if (tb_file_read(path, PROGRAM_MAX, &out->bytes, &len, err) != TB_FILE_OK)
        return false;
    out->image = tb_slice(out->bytes, len);
    if (tb_pe_parse(out->image, &out->pe, &why) &&
        tb_payload_digest(&digests, out->image, c->hasher, &why)) {
        memcpy(out->sha256, digests.authenticode256, sizeof out->sha256);
        return true;
    }
    free(out->bytes);
    return false;
}

/* Every signature is tried; the best answer counts, but what dbx forbids is forbidden. */
static enum verdict judge(const struct check *c, const struct program *p,
                          char signer[TB_PROGRAM_SIGNER_MAX])
{
    struct tb_reader table = tb_slice(p->image.p + p->pe.certs_at, p->pe.certs_size), pkcs7;
    enum verdict best = check_list_has(&c->db, p->sha256) ? BY_DB : UNSIGNED;
    char name[TB_PROGRAM_SIGNER_MAX];

    signer[0] = '\0';
    if (check_list_has(&c->dbx, p->sha256))
        return FORBIDDEN;
    while (signed_program_next(&table, &pkcs7)) {
        enum tb_program_signature by_db =
            tb_program_signature_check(pkcs7, p->sha256, c->db.keys, name);
        enum verdict v = STRANGER;

        if (by_db == TB_PROGRAM_MALFORMED)
            v = BROKEN;
        else if (tb_program_signature_check(pkcs7, p->sha256, c->dbx.keys, name) ==
                 TB_PROGRAM_VOUCHED)
            v = FORBIDDEN;
        else if (by_db == TB_PROGRAM_VOUCHED)
            v = BY_DB;
        else if (tb_program_signature_check(pkcs7, p->sha256, c->shim, name) == TB_PROGRAM_VOUCHED)
            v = BY_SHIM;
        if (v == FORBIDDEN || v > best) {
            best = v;
            memcpy(signer, name, sizeof name);
        }
        if (best == FORBIDDEN)
            break;
    }
    return best;
}

/* ---- shim ---- */

/* The section's name is .vendor_cert, which a PE header of eight characters does not hold: any
 * section counts that has such a table with a certificate where it leads. */
static void take_vendor(struct check *c, const struct program *p)
{
    for (size_t i = 0; i < p->pe.n_sections; i++) {
        const struct tb_pe_section *s = &p->pe.section[i];
        struct tb_reader allowed;

        if (shim_vendor(tb_slice(p->image.p + s->offset, s->size), &allowed) && allowed.left > 0)
            check_keys_take(allowed, c->shim);
    }
}

/* ---- each program ---- */

static void tell(struct check *c, const char *path, const struct program *p)
{
    static const struct {
        const char *why, *to_do;
    } table[] = {
        [UNSIGNED] = { "not signed", "sign it with a key of db (sbsign), install a signed one, or "
                                     "remove it if nothing starts it" },
        [BROKEN] = { "its signature does not hold", "install it again: it was changed" },
        [STRANGER] = { "signed by somebody whom neither db nor shim knows",
                       "enrol that certificate in db (or as a MOK, where shim starts it), sign it "
                       "with a key of db, or remove it if nothing starts it" },
        [FORBIDDEN] = { "dbx forbids it, or its signer", "install the version that replaces it" },
    };
    char signer[TB_PROGRAM_SIGNER_MAX], why[TB_PROGRAM_SIGNER_MAX + 64];
    enum verdict v = judge(c, p, signer);

    if (v == BY_DB || v == BY_SHIM) {
        (void)snprintf(why, sizeof why, "%s%s%s", v == BY_DB ? "db" : "shim",
                       signer[0] != '\0' ? ": " : "", signer);
        check_ok(path, why);
        return;
    }
    (void)snprintf(why, sizeof why, "%s%s%s", table[v].why, signer[0] != '\0' ? ": " : "", signer);
    check_stop(c, path, why, table[v].to_do);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Calls each for every program below a directory, but not below left_out. Returns their number. */
static unsigned walk(struct check *c, const char *directory, const char *left_out,
                     void (*each)(struct check *c, const char *path, const struct program *p))
{
    char copy[CHECK_PATH_MAX];
    char *const paths[] = { copy, NULL };
    unsigned n = 0;
    FTS *fts;

    (void)snprintf(copy, sizeof copy, "%s", directory);
    fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, by_name);
    for (FTSENT *e = fts == NULL ? NULL : fts_read(fts); e != NULL && n < PROGRAMS_MAX;
         e = fts_read(fts)) {
        struct program p;

        if (e->fts_info == FTS_D && left_out != NULL && strcmp(e->fts_path, left_out) == 0)
            (void)fts_set(fts, e, FTS_SKIP);
        if (e->fts_info != FTS_F || !open_program(c, e->fts_path, &p))
            continue;
        each(c, e->fts_path + strlen(c->s->root), &p);
        free(p.bytes);
        n++;
    }
    if (fts != NULL)
        (void)fts_close(fts);
    return n;
}

static void learn(struct check *c, const char *path, const struct program *p)
{
    char signer[TB_PROGRAM_SIGNER_MAX];

    (void)path;
    if (judge(c, p, signer) == BY_DB)
        take_vendor(c, p);
}

/* Where the EFI system partition is: as given, or the usual places. */
static bool find_esp(const struct check *c, char out[CHECK_PATH_MAX])
{
    static const char *const places[] = { "/esp", "/boot/efi", "/efi", "/boot" };
    char efi[CHECK_PATH_MAX + 4];
    struct stat st;

    if (c->s->esp_given) {
        (void)snprintf(out, CHECK_PATH_MAX, "%s", c->s->question.esp);
        return stat(out, &st) == 0 && S_ISDIR(st.st_mode);
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        (void)snprintf(out, CHECK_PATH_MAX, "%s%s", c->s->root, places[i]);
        (void)snprintf(efi, sizeof efi, "%s/EFI", out);
        if (stat(efi, &st) == 0 && S_ISDIR(st.st_mode))
            return true;
    }
    return false;
}

void check_programs(struct check *c)
{
    char esp[CHECK_PATH_MAX], boot[CHECK_PATH_MAX];

    if (!find_esp(c, esp)) {
        check_stop(c, "boot partition", "no EFI system partition is mounted",
                   "mount it, or name it with --esp");
    } else {
        (void)walk(c, esp, NULL, learn);
        if (walk(c, esp, NULL, tell) == 0)
            check_stop(c, esp, "no EFI program is there", "install a boot loader for UEFI");
    }
    (void)snprintf(boot, sizeof boot, "%s/boot", c->s->root);
    if (strcmp(boot, esp) != 0)
        (void)walk(c, boot, esp, tell);
}
