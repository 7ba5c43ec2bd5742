/* crypto/ek_internal.h - private to crypto/. */
#ifndef TB_CRYPTO_EK_INTERNAL_H
#define TB_CRYPTO_EK_INTERNAL_H

#include "crypto/cert_internal.h"
#include "crypto/ek.h"

struct tb_roots {
    X509_STORE *store;
    size_t n_roots;
    STACK_OF(X509) * intermediates;
    STACK_OF(X509) * all;  /* both, in the order in which they were added */
    STACK_OF(X509) * sha1; /* roots that may have intermediates signed with SHA-1 */
};

/* True if the very same certificate is in the stack. */
bool tb_x509_is_in(STACK_OF(X509) * stack, const X509 *x);

#endif
