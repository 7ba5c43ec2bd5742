/* server/boot_key.h - what the appraisal of a boot depends on, and so the key of what is kept of
 * it. */
#ifndef TB_SERVER_BOOT_KEY_H
#define TB_SERVER_BOOT_KEY_H

#include "core/appraise.h"

#include <string.h>

/* Compared whole, as bytes: no padding, and what is absent is zero. */
struct tb_boot_key {
    uint8_t pcrs_fingerprint[32];
    uint8_t log_digest[32];
    uint8_t user_log_digest[32];
    uint8_t packages_digest[32];
    uint8_t versions_digest[32]; /* of what the host was trusted with */
    uint8_t policy_digest[32];
    uint8_t has_firmware, firmware_bank;
    uint8_t firmware[4][TB_DIGEST_MAX];
};
_Static_assert(sizeof(struct tb_boot_key) == 194 + 4 * TB_DIGEST_MAX, "no padding");

static inline void tb_boot_key_set_firmware(struct tb_boot_key *key,
                                            const struct tb_firmware_reference *f)
{
    if (!f->present)
        return;
    key->has_firmware = 1;
    key->firmware_bank = (uint8_t)f->bank;
    memcpy(key->firmware, f->value, sizeof key->firmware);
}

#endif
