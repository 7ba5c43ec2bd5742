/* core/known_certs.h - certificates that stand in the Secure Boot variables of many makers.
 *
 * A name is given to the certificate itself, by its SHA-256, and never to a subject, which anybody
 * can choose. It is shown and judged by nobody. */
#ifndef TB_CORE_KNOWN_CERTS_H
#define TB_CORE_KNOWN_CERTS_H

#include "core/reader.h"

/* "Microsoft Corporation UEFI CA 2011"; NULL: not one of the table. */
const char *tb_known_certificate(const uint8_t sha256[32]);
/* What AMI's reference firmware carries, and shipped machines with it. subject: as text. */
bool tb_is_test_key(const char *subject);

#endif
