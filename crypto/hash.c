#include "crypto/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct tb_hasher {
    EVP_MD *md[TB_N_BANKS]; /* fetched once: an implicit fetch takes global locks each time */
    EVP_MD_CTX *ctx;
};

static const char *const md_names[TB_N_BANKS] = {
    [TB_BANK_SHA1] = "SHA1",
    [TB_BANK_SHA256] = "SHA256",
    [TB_BANK_SHA384] = "SHA384",
    [TB_BANK_SHA512] = "SHA512",
};

struct tb_hasher *tb_hasher_new(void)
{
    struct tb_hasher *h = calloc(1, sizeof *h);

    if (h == NULL)
        return NULL;
    h->ctx = EVP_MD_CTX_new();
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        h->md[b] = EVP_MD_fetch(NULL, md_names[b], NULL);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (h->md[b] == NULL || h->ctx == NULL) {
            tb_hasher_free(h);
            return NULL;
        }
    return h;
}

void tb_hasher_free(struct tb_hasher *h)
{
    if (h == NULL)
        return;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        EVP_MD_free(h->md[b]);
    EVP_MD_CTX_free(h->ctx);
    free(h);
}

/* Parts are digests and lengths, mostly: a call of the library for each would cost as much as the
 * hashing, so those in front are gathered. One part alone may be a secret, and is not copied. */
bool tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts, size_t n,
                   uint8_t out[TB_DIGEST_MAX])
{
    uint8_t gathered[1024];
    size_t len = 0, i = 0;

    for (; n > 1 && i < n && parts[i].left <= sizeof gathered - len; i++) {
        if (parts[i].left != 0)
            memcpy(gathered + len, parts[i].p, parts[i].left);
        len += parts[i].left;
    }
    if (EVP_DigestInit_ex2(h->ctx, h->md[bank], NULL) != 1 ||
        EVP_DigestUpdate(h->ctx, gathered, len) != 1)
        return false;
    for (; i < n; i++)
        if (EVP_DigestUpdate(h->ctx, parts[i].p, parts[i].left) != 1)
            return false;
    return EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;
}

bool tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in,
             uint8_t out[TB_DIGEST_MAX])
{
    return tb_hash_parts(h, bank, &in, 1, out);
}

struct tb_hash_stream {
    EVP_MD_CTX *ctx;
};

struct tb_hash_stream *tb_hash_stream_new(struct tb_hasher *h, enum tb_bank bank)
{
    struct tb_hash_stream *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->ctx = EVP_MD_CTX_new();
    if (s->ctx != NULL && EVP_DigestInit_ex2(s->ctx, h->md[bank], NULL) == 1)
        return s;
    tb_hash_stream_free(s);
    return NULL;
}

void tb_hash_stream_free(struct tb_hash_stream *s)
{
    if (s == NULL)
        return;
    EVP_MD_CTX_free(s->ctx);
    free(s);
}

bool tb_hash_stream_add(struct tb_hash_stream *s, struct tb_reader piece)
{
    return EVP_DigestUpdate(s->ctx, piece.p, piece.left) == 1;
}

bool tb_hash_stream_end(struct tb_hash_stream *s, uint8_t out[TB_DIGEST_MAX])
{
    return EVP_DigestFinal_ex(s->ctx, out, NULL) == 1;
}
