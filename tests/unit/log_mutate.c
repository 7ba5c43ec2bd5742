/* tests/unit/log_mutate.c - see the header. */
#include "tests/unit/log_mutate.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/log_builder.h"

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: log: %s\n", __FILE__, __LINE__, #cond);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static size_t n_absent;

static void digest_of(unsigned bank, const struct tb_reader *parts, size_t n,
                      uint8_t out[TB_DIGEST_MAX])
{
    static EVP_MD *md[TB_N_BANKS];
    static const char *const names[TB_N_BANKS] = { "SHA1", "SHA256", "SHA384", "SHA512" };
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (md[bank] == NULL)
        md[bank] = EVP_MD_fetch(NULL, names[bank], NULL);
    CHECK(ctx != NULL && md[bank] != NULL && EVP_DigestInit_ex2(ctx, md[bank], NULL) == 1);
    for (size_t i = 0; i < n; i++)
        CHECK(EVP_DigestUpdate(ctx, parts[i].p, parts[i].left) == 1);
    CHECK(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
    EVP_MD_CTX_free(ctx);
}

/* ---- reading ---- */

/* The digests of an event stand between its type and the size of its data. */
static void take_digests(const struct tb_log *log, const struct tb_event *e, struct mevent *out)
{
    const uint8_t *start = log->whole.p + e->offset + 8;

    out->digests_len = (size_t)(e->data.p - 4 - start);
    CHECK(out->digests_len <= sizeof out->digests);
    memcpy(out->digests, start, out->digests_len);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        out->at[b] = e->banks >> b & 1 ? (int)(e->digest[b].p - start) : -1;
}

struct mlog *mlog_of(const char *name, struct tb_reader in)
{
    struct mlog *m = calloc(1, sizeof *m);
    enum tb_log_step step;
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    CHECK(m != NULL && in.left <= sizeof m->arena);
    snprintf(m->name, sizeof m->name, "%s", name);
    in = mlog_keep(m, in);
    if (!tb_log_open(in, &log, &why)) {
        free(m);
        return NULL;
    }
    m->banks = log.banks;
    m->sha1_format = log.format == TB_LOG_SHA1;
    while ((step = tb_log_next(&log, &e, &why)) == TB_LOG_EVENT) {
        if (e.index == 0 && !m->sha1_format) {
            m->header_len = (size_t)(log.rest.p - in.p);
            CHECK(m->header_len <= sizeof m->header);
            memcpy(m->header, in.p, m->header_len);
            continue;
        }
        CHECK(m->n < MLOG_EVENTS_MAX);
        m->event[m->n] = (struct mevent){ .pcr = e.pcr, .type = e.type, .data = e.data };
        take_digests(&log, &e, &m->event[m->n++]);
    }
    if (step != TB_LOG_END) {
        free(m);
        return NULL;
    }
    m->padding = log.padding;
    m->padding_byte = in.p[in.left - 1];
    mlog_quote_as_logged(m);
    return m;
}

static struct mlog *of_builder(const char *name, uint32_t banks)
{
    struct log_builder *b = log_new();
    struct mlog *m;

    if (banks == 0)
        log_good_boot_sha1(b);
    else
        log_good_boot(b, banks);
    log_finish(b);
    m = mlog_of(name, log_slice(b));
    CHECK(m != NULL);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        CHECK(memcmp(m->quoted.value[bank], b->pcrs.value[bank], sizeof b->pcrs.value[bank]) == 0 ||
              b->pcrs.mask[bank] == 0);
    log_free(b);
    return m;
}

/* Lines "bank PCR hex". */
static void read_pcrs(const char *path, struct tb_pcrs *out)
{
    FILE *f = fopen(path, "r");
    char line[512], name[32], hex[256];
    unsigned pcr;

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        enum tb_bank bank;

        if (sscanf(line, "%31s %u %255s", name, &pcr, hex) != 3 || !tb_bank_of_name(name, &bank))
            continue;
        CHECK(pcr < TB_N_PCRS && strlen(hex) == 2 * tb_bank_digest_len(bank));
        for (size_t i = 0; i < tb_bank_digest_len(bank); i++) {
            unsigned v;

            CHECK(sscanf(hex + 2 * i, "%2x", &v) == 1);
            out->value[bank][pcr][i] = (uint8_t)v;
        }
        out->mask[bank] |= UINT32_C(1) << pcr;
    }
    if (f != NULL)
        fclose(f);
}

static struct mlog *of_files(const char *name, const char *log_path, const char *pcrs_path)
{
    struct mlog *m = NULL;
    size_t len = 0;
    uint8_t *p = log_read_file(log_path, &len);

    if (p == NULL) {
        printf("  sample %s is not there\n", name);
        n_absent++;
        return NULL;
    }
    m = mlog_of(name, tb_slice(p, len));
    CHECK(m != NULL); /* not one that is refused */
    free(p);
    read_pcrs(pcrs_path, &m->recorded);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
            if (m->recorded.mask[b] >> pcr & 1) {
                memcpy(m->quoted.value[b][pcr], m->recorded.value[b][pcr], TB_DIGEST_MAX);
                m->quoted.mask[b] |= UINT32_C(1) << pcr;
            }
    return m;
}

/* What GRUB measures: a command, the kernel's command line, and the files that it read. */
static struct mlog *of_builder_and_grub(const char *name, const char *arguments)
{
    struct mlog *m = of_builder(name, LOG_BANK(TB_BANK_SHA256));
    char text[256];

    for (int i; (i = mlog_find(m, 8, MLOG_ANY, 0)) >= 0 || (i = mlog_find(m, 9, MLOG_ANY, 0)) >= 0;)
        mlog_remove(m, (size_t)i);
    mlog_quote_as_logged(m);
    snprintf(text, sizeof text, "grub_cmd: linux %s", arguments);
    mlog_extend(m, 8, TB_EV_IPL, mlog_text(text + 10), mlog_text(text));
    mlog_extend(m, 9, TB_EV_IPL, mlog_text("a kernel"), mlog_text("/boot/vmlinuz"));
    snprintf(text, sizeof text, "kernel_cmdline: %s", arguments);
    mlog_extend(m, 8, TB_EV_IPL, mlog_text(text + 16), mlog_text(text));
    mlog_extend(m, 9, TB_EV_IPL, mlog_text("an initrd"), mlog_text("/boot/initrd.img"));
    return m;
}

struct mlog *mlog_load(const char *name)
{
    const char *source = getenv("TRUEBOOT_SOURCE"), *fixtures = getenv("TRUEBOOT_FIXTURES");
    char log[1024], pcrs[1024];
    struct mlog *m;

    if (strcmp(name, "built") == 0)
        return of_builder(name, LOG_BANK(TB_BANK_SHA256));
    if (strcmp(name, "built-grub") == 0)
        return of_builder_and_grub(name, "/boot/vmlinuz root=/dev/sda1 ro quiet");
    if (strcmp(name, "built-shell") == 0)
        return of_builder_and_grub(name, "/boot/vmlinuz root=/dev/sda1 rw init=/bin/sh");
    if (strcmp(name, "built-sha1") == 0)
        return of_builder(name, 0);
    if (strcmp(name, "built-sha384") == 0)
        return of_builder(name, LOG_BANK(TB_BANK_SHA384));
    if (strcmp(name, "built-two-banks") == 0)
        return of_builder(name, LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256));
    if (strncmp(name, "boots/", 6) == 0) {
        snprintf(log, sizeof log, "%s/tests/data/%s/binary_bios_measurements",
                 source != NULL ? source : ".", name);
        snprintf(pcrs, sizeof pcrs, "%s/tests/data/%s/pcrs", source != NULL ? source : ".", name);
        m = of_files(name, log, pcrs);
        CHECK(m != NULL); /* it is in the repository */
        return m;
    }
    if (fixtures == NULL)
        fixtures = "../shared/fixtures";
    snprintf(log, sizeof log, "%s/eventlogs/%s.bin", fixtures, name);
    snprintf(pcrs, sizeof pcrs, "%s/eventlogs/%s.pcrs", fixtures, name);
    return of_files(name, log, pcrs);
}

size_t mlog_n_absent(void)
{
    return n_absent;
}

struct mlog *mlog_copy(const struct mlog *m)
{
    struct mlog *c = calloc(1, sizeof *c);

    CHECK(c != NULL);
    memcpy(c, m, offsetof(struct mlog, bytes));
    c->len = 0;
    memcpy(c->arena, m->arena, m->arena_len);
    for (size_t i = 0; i < c->n; i++)
        if (c->event[i].data.p != NULL) /* in the copy's own memory */
            c->event[i].data.p = c->arena + (m->event[i].data.p - m->arena);
    return c;
}

void mlog_free(struct mlog *m)
{
    free(m);
}

/* ---- finding ---- */

int mlog_find(const struct mlog *m, uint32_t pcr, uint32_t type, size_t nth)
{
    for (size_t i = 0; i < m->n; i++)
        if ((pcr == MLOG_ANY || m->event[i].pcr == pcr) &&
            (type == MLOG_ANY || m->event[i].type == type) && nth-- == 0)
            return (int)i;
    return -1;
}

struct mevent *mlog_event(struct mlog *m, uint32_t pcr, uint32_t type, size_t nth)
{
    int i = mlog_find(m, pcr, type, nth);

    CHECK(i >= 0);
    return &m->event[i];
}

bool mlog_covers(const struct mevent *e, struct tb_reader data)
{
    size_t n = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        uint8_t digest[TB_DIGEST_MAX];

        if (e->at[b] < 0)
            continue;
        digest_of(b, &data, 1, digest);
        if (memcmp(e->digests + e->at[b], digest, tb_bank_digest_len((enum tb_bank)b)) != 0)
            return false;
        n++;
    }
    return n != 0;
}

struct mevent *mlog_event_of(struct mlog *m, uint32_t pcr, struct tb_reader hashed)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == pcr && mlog_covers(&m->event[i], hashed))
            return &m->event[i];
    return NULL;
}

static bool has_name(const struct mevent *e, const char *name)
{
    size_t n = strlen(name);

    if (e->data.left < 32 + 2 * n || e->data.p[16] != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (e->data.p[32 + 2 * i] != (uint8_t)name[i] || e->data.p[33 + 2 * i] != 0)
            return false;
    return true;
}

struct mevent *mlog_variable(struct mlog *m, const char *name, size_t nth)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 7 && has_name(&m->event[i], name) && nth-- == 0)
            return &m->event[i];
    return NULL;
}

size_t mlog_index(const struct mlog *m, const struct mevent *e)
{
    size_t i = (size_t)(e - m->event);

    CHECK(i < m->n);
    return i;
}

/* ---- what the log says ---- */

struct tb_reader mlog_keep(struct mlog *m, struct tb_reader in)
{
    uint8_t *at = m->arena + m->arena_len;

    CHECK(in.left <= sizeof m->arena - m->arena_len);
    if (in.left != 0)
        memcpy(at, in.p, in.left);
    m->arena_len += in.left;
    return tb_slice(at, in.left);
}

static void put_uint(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        at[i] = (uint8_t)v;
}

struct tb_reader mlog_text(const char *s)
{
    return tb_slice(s, strlen(s));
}

struct tb_reader mlog_uefi_variable(struct mlog *m, const uint8_t guid[16], const char *name,
                                    struct tb_reader data)
{
    uint8_t head[32], character[2] = { 0 };
    struct tb_reader out;

    memcpy(head, guid, 16);
    put_uint(head + 16, strlen(name), 8);
    put_uint(head + 24, data.left, 8);
    out = mlog_keep(m, tb_slice(head, sizeof head));
    for (; *name != '\0'; name++) {
        character[0] = (uint8_t)*name;
        out.left += mlog_keep(m, tb_slice(character, 2)).left;
    }
    out.left += mlog_keep(m, data).left;
    return out;
}

void mlog_set_data(struct mlog *m, struct mevent *e, struct tb_reader data)
{
    e->data = mlog_keep(m, data);
}

void mlog_rehash(struct mlog *m, struct mevent *e, struct tb_reader hashed)
{
    (void)m;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (e->at[b] >= 0) {
            uint8_t digest[TB_DIGEST_MAX];

            digest_of(b, &hashed, 1, digest);
            memcpy(e->digests + e->at[b], digest, tb_bank_digest_len((enum tb_bank)b));
        }
}

/* The digests of a new event: of the algorithms that the header declares and we know. */
static void lay_out(const struct mlog *m, struct mevent *e)
{
    size_t len = 4;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        e->at[b] = -1;
        if (!(m->banks >> b & 1))
            continue;
        if (!m->sha1_format)
            put_uint(e->digests + len, tb_bank_alg((enum tb_bank)b), 2);
        e->at[b] = m->sha1_format ? 0 : (int)len + 2;
        len += 2 + tb_bank_digest_len((enum tb_bank)b);
    }
    put_uint(e->digests, m->sha1_format ? 0 : (uint32_t)__builtin_popcount(m->banks), 4);
    e->digests_len = m->sha1_format ? 20 : len;
}

struct mevent *mlog_insert(struct mlog *m, size_t at, uint32_t pcr, uint32_t type,
                           struct tb_reader hashed, struct tb_reader data)
{
    struct mevent *e = &m->event[at];

    CHECK(at <= m->n && m->n < MLOG_EVENTS_MAX);
    memmove(e + 1, e, (m->n++ - at) * sizeof *e);
    *e = (struct mevent){ .pcr = pcr, .type = type };
    lay_out(m, e);
    mlog_set_data(m, e, data);
    mlog_rehash(m, e, hashed);
    return e;
}

struct mevent *mlog_append(struct mlog *m, uint32_t pcr, uint32_t type, struct tb_reader hashed,
                           struct tb_reader data)
{
    return mlog_insert(m, m->n, pcr, type, hashed, data);
}

void mlog_remove(struct mlog *m, size_t at)
{
    CHECK(at < m->n);
    memmove(&m->event[at], &m->event[at + 1], (--m->n - at) * sizeof m->event[0]);
}

void mlog_move(struct mlog *m, size_t from, size_t to)
{
    struct mevent moved = m->event[from];

    mlog_remove(m, from);
    CHECK(to <= m->n);
    memmove(&m->event[to + 1], &m->event[to], (m->n++ - to) * sizeof moved);
    m->event[to] = moved;
}

void mlog_drop_digest(struct mlog *m, struct mevent *e, enum tb_bank bank)
{
    size_t start = (size_t)e->at[bank] - 2, len = 2 + tb_bank_digest_len(bank);

    CHECK(!m->sha1_format && e->at[bank] >= 0);
    memmove(e->digests + start, e->digests + start + len, e->digests_len - start - len);
    e->digests_len -= len;
    e->digests[0]--;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (e->at[b] > e->at[bank])
            e->at[b] -= (int)len;
    e->at[bank] = -1;
}

/* ---- what is measured ---- */

static void extend(struct tb_pcrs *pcrs, unsigned bank, uint32_t pcr, const uint8_t *digest)
{
    const size_t len = tb_bank_digest_len((enum tb_bank)bank);
    uint8_t *value = pcrs->value[bank][pcr];
    const struct tb_reader parts[2] = { { value, len }, { digest, len } };
    uint8_t out[TB_DIGEST_MAX] = { 0 };

    digest_of(bank, parts, 2, out);
    memcpy(value, out, len);
}

void mlog_extend_pcr(struct mlog *m, uint32_t pcr, const struct mevent *e)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (e->at[b] >= 0)
            extend(&m->quoted, b, pcr, e->digests + e->at[b]);
}

struct mevent *mlog_extend(struct mlog *m, uint32_t pcr, uint32_t type, struct tb_reader hashed,
                           struct tb_reader data)
{
    struct mevent *e = mlog_append(m, pcr, type, hashed, data);

    mlog_extend_pcr(m, pcr, e);
    return e;
}

void mlog_cap(struct mlog *m, enum tb_bank bank, uint32_t pcr)
{
    static const uint8_t zeros[TB_DIGEST_MAX];

    extend(&m->quoted, bank, pcr, zeros);
}

/* From where TPM2_Startup came (PFP 1.06, 10.4.5.3). */
static uint8_t locality_of(const struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct mevent *e = &m->event[i];

        if (e->type == TB_EV_EFI_HCRTM_EVENT)
            return 4;
        if (e->type == TB_EV_NO_ACTION && e->data.left == 17 &&
            memcmp(e->data.p, "StartupLocality", 16) == 0)
            return e->data.p[16];
    }
    return 0;
}

void mlog_quote_as_logged(struct mlog *m)
{
    uint8_t locality = locality_of(m);
    bool launched[TB_N_PCRS] = { false };

    memset(&m->quoted, 0, sizeof m->quoted);
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if (!(m->banks >> b & 1))
            continue;
        m->quoted.mask[b] = 0xffff & ~(UINT32_C(1) << 10);
        for (unsigned pcr = 17; pcr <= 22; pcr++)
            memset(m->quoted.value[b][pcr], 0xff, tb_bank_digest_len((enum tb_bank)b));
        m->quoted.value[b][0][tb_bank_digest_len((enum tb_bank)b) - 1] = locality;
    }
    for (size_t i = 0; i < m->n; i++) {
        const struct mevent *e = &m->event[i];

        if (e->type == TB_EV_NO_ACTION || e->pcr >= TB_N_PCRS)
            continue;
        for (unsigned b = 0; !launched[e->pcr] && b < TB_N_BANKS; b++)
            if (e->pcr >= 17 && e->pcr <= 22)
                memset(m->quoted.value[b][e->pcr], 0, TB_DIGEST_MAX);
        launched[e->pcr] = true;
        mlog_extend_pcr(m, e->pcr, e);
    }
}

/* ---- writing ---- */

static void put(struct mlog *m, const void *p, size_t n)
{
    CHECK(n <= sizeof m->bytes - m->len);
    if (n != 0)
        memcpy(m->bytes + m->len, p, n);
    m->len += n;
}

struct tb_reader mlog_bytes(struct mlog *m)
{
    uint8_t four[4];

    m->len = 0;
    put(m, m->header, m->header_len);
    for (size_t i = 0; i < m->n; i++) {
        const struct mevent *e = &m->event[i];

        put_uint(four, e->pcr, 4);
        put(m, four, 4);
        put_uint(four, e->type, 4);
        put(m, four, 4);
        put(m, e->digests, e->digests_len);
        put_uint(four, e->data.left, 4);
        put(m, four, 4);
        put(m, e->data.p, e->data.left);
    }
    CHECK(m->padding <= sizeof m->bytes - m->len);
    memset(m->bytes + m->len, m->padding_byte, m->padding);
    m->len += m->padding;
    return tb_slice(m->bytes, m->len);
}

size_t mlog_offset(const struct mlog *m, size_t n)
{
    size_t at = m->header_len;

    CHECK(n <= m->n);
    for (size_t i = 0; i < n; i++)
        at += 12 + m->event[i].digests_len + m->event[i].data.left;
    return at;
}
