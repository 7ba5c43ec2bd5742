#include "crypto/random.h"
#include "crypto/secret.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

bool tb_random(void *out, size_t len)
{
    if (len <= INT_MAX && RAND_bytes(out, (int)len) == 1)
        return true;
    ERR_clear_error();
    memset(out, 0, len);
    return false;
}

bool tb_secret_equal(struct tb_reader a, struct tb_reader b)
{
    return a.left == b.left && (a.left == 0 || CRYPTO_memcmp(a.p, b.p, a.left) == 0);
}

void tb_wipe(void *p, size_t len)
{
    if (p != NULL)
        OPENSSL_cleanse(p, len);
}
