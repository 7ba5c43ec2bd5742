/* crypto/ek_internal.h - private to crypto/. */
#ifndef TB_CRYPTO_EK_INTERNAL_H
#define TB_CRYPTO_EK_INTERNAL_H

#include "crypto/cert_internal.h"
#include "crypto/ek.h"

struct tb_roots {
    X509_STORE *store;
    size_t n_roots;
    STACK_OF(X509) * intermediates;
    STACK_OF(X509) * all; /* both, in the order in which they were added */
};

#endif
