/* core/cel.c - one record, one encoding: a TLV of another length or order is refused. */
#include "core/cel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pkg/lines.h"

/* CEL 1.0, 5.1: types of the fields; lengths of integers as written here. */
enum { NUMBER = 0, PCR = 1, DIGESTS = 3, PCCLIENT_STD = 5 };
enum { EVENT_TYPE = 0, EVENT_DATA = 1 };
#define HEAD_LEN 5 /* type and length */
#define NUMBER_LEN 8
#define PCR_LEN 1
#define EVENT_TYPE_LEN 4
#define USER_PCR 11

/* ---- reading ---- */

static bool read_tlv(struct tb_reader *r, uint8_t *type, struct tb_reader *value)
{
    uint32_t len;

    return tb_read_u8(r, type) && tb_read_u32be(r, &len) && tb_read_slice(r, len, value);
}

static bool read_field(struct tb_reader *r, uint8_t expected, struct tb_reader *value)
{
    uint8_t type;

    return read_tlv(r, &type, value) && type == expected;
}

/* Banks in rising order of their ids' bits, each once. */
static const char *read_digests(struct tb_reader in, struct tb_cel_event *e)
{
    struct tb_reader value;
    enum tb_bank bank;
    uint8_t type;

    while (in.left != 0) {
        if (!read_tlv(&in, &type, &value) || !tb_bank_of_alg(type, &bank) ||
            e->banks >> bank != 0 || value.left != tb_bank_digest_len(bank))
            return "digests of known banks, each once";
        memcpy(e->digest[bank], value.p, value.left);
        e->banks |= UINT32_C(1) << bank;
    }
    return e->banks != 0 ? NULL : "a digest";
}

/* NULL, or what was expected. */
static const char *read_event(struct tb_reader *in, uint32_t n, struct tb_cel_event *e)
{
    struct tb_reader number, pcr, digests, content, type;
    const char *wrong;
    uint64_t v = 0;
    uint8_t p = 0;

    if (!read_field(in, NUMBER, &number) || number.left != NUMBER_LEN ||
        !tb_read_u64be(&number, &v) || v != n)
        return "the next number";
    if (!read_field(in, PCR, &pcr) || pcr.left != PCR_LEN || !tb_read_u8(&pcr, &p) || p != USER_PCR)
        return "PCR 11";
    if (!read_field(in, DIGESTS, &digests))
        return "digests";
    wrong = read_digests(digests, e);
    if (wrong != NULL)
        return wrong;
    if (!read_field(in, PCCLIENT_STD, &content) || !read_field(&content, EVENT_TYPE, &type) ||
        type.left != EVENT_TYPE_LEN || !tb_read_u32be(&type, &e->type) ||
        e->type != TB_EV_EVENT_TAG)
        return "content of type 5, an EV_EVENT_TAG";
    if (!read_field(&content, EVENT_DATA, &e->data) || content.left != 0)
        return "the event's data";
    e->number = n;
    e->pcr = USER_PCR;
    return NULL;
}

bool tb_cel_open(struct tb_reader in, struct tb_cel *out, struct tb_reason *why)
{
    if (in.left > TB_CEL_LEN_MAX)
        return tb_refuse(why, TB_CHECK_LOG_FORMAT, "user log", "at most 262144 bytes", "%zu",
                         in.left);
    *out = (struct tb_cel){ .in = in };
    return true;
}

enum tb_cel_step tb_cel_next(struct tb_cel *l, struct tb_cel_event *out, struct tb_reason *why)
{
    struct tb_cel_event e = { 0 };
    const char *wrong;
    char where[48];

    if (l->in.left == 0)
        return TB_CEL_END;
    wrong = l->n == TB_CEL_EVENTS_MAX ? "at most 512 events" : read_event(&l->in, l->n, &e);
    if (wrong == NULL) {
        l->n++;
        *out = e;
        return TB_CEL_EVENT;
    }
    snprintf(where, sizeof where, "user log event %" PRIu32, l->n);
    tb_refuse(why, TB_CHECK_LOG_FORMAT, where, wrong, "%zu bytes left", l->in.left);
    l->in = tb_slice(NULL, 0);
    return TB_CEL_FAULT;
}

/* ---- writing ---- */

static bool put_integer(struct tb_bytes *o, uint64_t v, size_t len)
{
    uint8_t b[8];

    for (size_t i = 0; i < len; i++)
        b[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
    return tb_bytes_put(o, b, len);
}

static bool put_head(struct tb_bytes *o, uint8_t type, size_t len)
{
    return put_integer(o, type, 1) && put_integer(o, len, 4);
}

static bool put_digests(struct tb_bytes *o, const struct tb_cel_event *e)
{
    size_t len = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((e->banks >> b & 1) != 0)
            len += HEAD_LEN + tb_bank_digest_len((enum tb_bank)b);
    if (len == 0 || e->banks >> TB_N_BANKS != 0 || !put_head(o, DIGESTS, len))
        return false;
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        len = tb_bank_digest_len((enum tb_bank)b);
        if ((e->banks >> b & 1) != 0 && (!put_head(o, (uint8_t)tb_bank_alg((enum tb_bank)b), len) ||
                                         !tb_bytes_put(o, e->digest[b], len)))
            return false;
    }
    return true;
}

bool tb_cel_print(const struct tb_cel_event *e, uint8_t *buf, size_t cap, size_t *out_len)
{
    struct tb_bytes o = { buf, cap < TB_CEL_LEN_MAX ? cap : TB_CEL_LEN_MAX, 0 };

    if (e->pcr != USER_PCR || e->type != TB_EV_EVENT_TAG || e->data.left > TB_CEL_LEN_MAX ||
        !put_head(&o, NUMBER, NUMBER_LEN) || !put_integer(&o, e->number, NUMBER_LEN) ||
        !put_head(&o, PCR, PCR_LEN) || !put_integer(&o, e->pcr, PCR_LEN) || !put_digests(&o, e) ||
        !put_head(&o, PCCLIENT_STD, 2 * HEAD_LEN + EVENT_TYPE_LEN + e->data.left) ||
        !put_head(&o, EVENT_TYPE, EVENT_TYPE_LEN) || !put_integer(&o, e->type, EVENT_TYPE_LEN) ||
        !put_head(&o, EVENT_DATA, e->data.left) || !tb_bytes_put(&o, e->data.p, e->data.left))
        return false;
    *out_len = o.n;
    return true;
}
