/* core/story_shim.c - what shim tells: settings and keys in PCR 7, its lists in PCR 14.
 *
 * shim, README.tpm: variables that it acts on go into PCR 7 whole, in the form of an authority
 * (secureboot.c judges those as such); the lists go into PCR 14, where the log has a name and the
 * digest is over the contents. The names are claims, so PCR 14 is read by computing what shim
 * measures on a machine whose owner enrolled nothing. */
#include "core/known_certs.h"
#include "core/story_internal.h"

#include <string.h>

/* A variable that the digest covers. Versions of shim before 15.3 log up to six bytes
 * more than there are and hash one byte less than they log. */
static bool covered_variable(const struct tb_story_scan *s, const struct tb_event *e,
                             struct tb_uefi_variable *v, bool *covered)
{
    *covered = tb_story_covers(s, e, e->data);
    if (!tb_uefi_variable_parse(e->data, v))
        return false;
    if (!*covered && v->excess.left != 0)
        *covered = tb_story_covers(s, e, (struct tb_reader){ e->data.p, e->data.left - 1 });
    return *covered;
}

/* A setting of one byte. Different values are none. Behind one of shim's keys only what is bad for
 * the host counts: whoever adds something afterwards adds what is good for him. */
static void flag(struct tb_story_flag *f, struct tb_reader data, bool late)
{
    enum tb_tristate value = data.left != 1 || data.p[0] > 1 ? TB_UNTOLD
                             : data.p[0] == 1                ? TB_YES
                                                             : TB_NO;

    if (f->n != 0 && f->value != value)
        f->differs = true;
    f->is_set = f->is_set || value != TB_NO;
    f->late = f->late || late;
    f->value = value;
    f->n++;
}

static enum tb_tristate flag_value(const struct tb_story_flag *f)
{
    return f->n == 0 || f->differs || f->late ? TB_UNTOLD : f->value;
}

static void sbat_level(struct tb_story_scan *s, struct tb_reader data)
{
    struct tb_story_shim *shim = &s->out->shim;
    char text[TB_SBAT_LEVEL_MAX] = ""; /* all of it: a result is compared as bytes */
    size_t n = 0;

    data = tb_story_without_nuls(data);
    for (; n < data.left && n + 1 < sizeof text; n++)
        text[n] =
            (char)((data.p[n] >= ' ' && data.p[n] <= '~') || data.p[n] == '\n' ? data.p[n] : '?');
    text[n] = '\0';
    if (s->notes.n_sbat_levels != 0 && strcmp(text, shim->sbat_level) == 0)
        return;
    s->notes.n_sbat_levels++;
    memcpy(shim->sbat_level, text, sizeof text);
    shim->sbat_level_cut = n < data.left;
}

static bool is_known(const struct tb_story_scan *s, struct tb_reader cert)
{
    uint8_t digest[TB_DIGEST_MAX];

    return tb_hash(s->h, TB_BANK_SHA256, cert, digest) && tb_known_certificate(digest) != NULL;
}

/* A key of the list that shim has at run time, since version 15.5 its maker's own among them. */
static void list_key(struct tb_story_scan *s, struct tb_reader cert)
{
    struct tb_story_notes *notes = &s->notes;
    const bool known_list = is_known(s, cert);

    if (notes->shim_vouched)
        notes->unknown_key = notes->unknown_key || !known_list;
    else if (known_list)
        notes->vendor_cert = cert;
    else
        notes->first_key = cert;
}

/* A key that shim used; its maker's only if it is the first: others may have been added after the
 * boot. */
static void key(struct tb_story_scan *s, const struct tb_uefi_variable *v)
{
    struct tb_reader owner, cert = v->data;

    if (tb_uefi_name_is(v, "MokListRT") && tb_read_slice(&cert, 16, &owner))
        list_key(s, cert);
    else if (tb_uefi_name_is(v, "MokListRT"))
        s->notes.unknown_key = true;
    else if (tb_uefi_name_is(v, "Shim") && !s->notes.shim_vouched)
        s->notes.vendor_cert = v->data;
    s->notes.shim_vouched = true;
    if (tb_uefi_name_is(v, "MokList"))
        s->out->shim.owner_keys = TB_YES;
}

static void variable(struct tb_story_scan *s, const struct tb_uefi_variable *v)
{
    bool late = s->notes.shim_vouched;

    tb_story_saw(s, TB_PART_SHIM);
    if (tb_uefi_name_is(v, "SbatLevel")) {
        if (!late)
            sbat_level(s, v->data);
    } else if (tb_uefi_name_is(v, "MokSBState")) {
        flag(&s->notes.mok_sb_state, v->data, late);
    } else if (tb_uefi_name_is(v, "MokListTrusted")) {
        flag(&s->notes.mok_list_trusted, v->data, late);
    } else if (!tb_uefi_name_is(v, "MokDBState") && !tb_uefi_name_is(v, "MokPolicy")) {
        key(s, v);
    }
}

static void list(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_story_notes *notes = &s->notes;

    if (e->data.left >= 3 && memcmp(e->data.p, "Mok", 3) == 0)
        tb_story_named(s, TB_PART_SHIM);
    if (notes->n_lists++ == 0)
        notes->first_list = *e;
}

void tb_story_shim_event(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_uefi_variable v;
    bool covered;

    if (e->pcr == 14)
        list(s, e);
    if (e->pcr != 7)
        return;
    if (covered_variable(s, e, &v, &covered) && tb_guid_is(v.guid, tb_guid_shim_lock))
        variable(s, &v);
    else if (covered && tb_story_has(s, TB_PART_SHIM))
        s->notes.shim_vouched = true; /* an entry of db with which shim verified GRUB */
    if (!covered)
        s->notes.keys_unproved = true;
}

/* EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1) of one entry whose owner is shim. */
static bool is_list_of(const struct tb_story_scan *s, const struct tb_event *e,
                       const uint8_t type[16], struct tb_reader entry)
{
    size_t len = entry.left + 16, total = len + 28;
    uint8_t sizes[12] = {
        (uint8_t)total, (uint8_t)(total >> 8), (uint8_t)(total >> 16), 0, 0, 0, 0, 0,
        (uint8_t)len,   (uint8_t)(len >> 8),   (uint8_t)(len >> 16),   0
    };
    const struct tb_reader parts[] = { tb_slice(type, 16), tb_slice(sizes, sizeof sizes),
                                       tb_slice(tb_guid_shim_lock, 16), entry };

    return total < 1u << 24 && tb_story_covers_parts(s, e, parts, 4);
}

/* shim measures MokList first, and nothing can be put in front of it afterwards. Where the owner
 * enrolled nothing, it is a list with a hash of zeros, or with the certificate that shim carries.
 */
static bool has_no_owners_keys(const struct tb_story_scan *s)
{
    static const uint8_t zeros[32];
    const struct tb_story_notes *notes = &s->notes;

    if (notes->n_lists == 0)
        return false;
    return is_list_of(s, &notes->first_list, tb_guid_cert_sha256, tb_slice(zeros, sizeof zeros)) ||
           (notes->vendor_cert.left != 0 &&
            is_list_of(s, &notes->first_list, tb_guid_cert_x509, notes->vendor_cert));
}

/* Keys of MokListRT that nobody knows are the owner's, but for one: where the list is that key
 * alone it is what shim has there by itself, its maker's certificate. A shim that carries none
 * would have the owner's, which is why that is not believed but left to the policy. */
static void conclude_unknown_keys(struct tb_story_scan *s)
{
    struct tb_story_shim *shim = &s->out->shim;
    const struct tb_reader cert = s->notes.first_key;
    uint8_t digest[TB_DIGEST_MAX];

    shim->has_only_key = cert.left != 0 && s->notes.n_lists != 0 && !s->notes.unknown_key &&
                         is_list_of(s, &s->notes.first_list, tb_guid_cert_x509, cert) &&
                         tb_hash(s->h, TB_BANK_SHA256, cert, digest);
    if (shim->has_only_key)
        memcpy(shim->only_key, digest, sizeof shim->only_key);
    else if (cert.left != 0 || s->notes.unknown_key)
        shim->owner_keys = TB_YES;
}

/* MokSBState set is "verify nothing", and one such measurement is enough. */
static void conclude_settings(struct tb_story_scan *s)
{
    const struct tb_story_flag *state = &s->notes.mok_sb_state;
    struct tb_story_shim *shim = &s->out->shim;

    shim->mok_trusted = flag_value(&s->notes.mok_list_trusted);
    if (state->is_set)
        shim->validation = TB_NO;
    else if (flag_value(state) == TB_NO)
        shim->validation = TB_YES;
    if (s->notes.n_sbat_levels > 1) {
        shim->sbat_level[0] = '\0';
        shim->sbat_level_cut = false;
    }
}

void tb_story_shim_conclude(struct tb_story_scan *s)
{
    struct tb_story_shim *shim = &s->out->shim;

    conclude_settings(s);
    conclude_unknown_keys(s);
    if (s->notes.keys_unproved) { /* what is not explained may be shim's own word */
        memset(shim, 0, sizeof *shim);
        s->notes.vendor_cert = tb_slice(NULL, 0);
    }
    if (!tb_story_has(s, TB_PART_SHIM) && (s->out->named >> TB_PART_SHIM & 1) == 0)
        return; /* PCR 14 is used by others too */
    shim->n_lists = s->notes.n_lists;
    if (shim->owner_keys == TB_UNTOLD && has_no_owners_keys(s))
        shim->owner_keys = TB_NO;
}
