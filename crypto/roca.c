#include "crypto/roca.h"

#define GENERATOR 65537

/* Section 2.1 of the paper: M has all primes up to 167 for every size of key, and up to 701 for
 * keys of 1984 bits and more. Testing more primes means fewer false alarms. */
#define LAST_PRIME_SHORT 167
#define LAST_PRIME_LONG 701
#define LONG_KEY 248 /* bytes: 1984 bits */

static bool is_prime(unsigned n)
{
    for (unsigned d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return true;
}

static unsigned remainder_of(struct tb_reader n, unsigned prime)
{
    unsigned r = 0;

    for (size_t i = 0; i < n.left; i++)
        r = (r << 8 | n.p[i]) % prime;
    return r;
}

/* True if r is 65537^i mod prime for some i. At most prime - 1 steps: a power comes back to 1. */
static bool is_power(unsigned r, unsigned prime)
{
    unsigned power = 1;

    do {
        if (power == r)
            return true;
        power = power * (GENERATOR % prime) % prime;
    } while (power != 1 && power != 0);
    return false;
}

bool tb_roca_has_structure(struct tb_reader modulus)
{
    unsigned last = modulus.left >= LONG_KEY ? LAST_PRIME_LONG : LAST_PRIME_SHORT;

    /* No power is 0, which a modulus of no bytes is. */
    for (unsigned prime = 2; prime <= last; prime++)
        if (is_prime(prime) && !is_power(remainder_of(modulus, prime), prime))
            return false;
    return true;
}
