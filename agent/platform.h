/* agent/platform.h - what the host says about itself, beside the TPM. Claims: shown, never
 * believed.
 *
 * Every path is under `root`, a prefix for tests; "" is the machine itself. What cannot be read is
 * left empty, since a claim that is missing must not stop an attestation; only the event log says
 * why. */
#ifndef TB_AGENT_PLATFORM_H
#define TB_AGENT_PLATFORM_H

#include "crypto/hash.h"
#include "wire/messages.h"

struct tb_host_facts {
    char host_name[TB_HOST_NAME_MAX + 1]; /* letters, digits, '-', '_', '.'; "" unknown */
    char boot_id[40];                     /* new with every boot; "" unknown */
    uint64_t uptime_ms;                   /* since boot, sleep included */
    bool has_machine_id;
    uint8_t machine_id_digest[32]; /* machine-id(5) asks that the id itself stays on the host */
    struct tb_platform_facts platform;
};

void tb_host_facts_read(const char *root, struct tb_hasher *hasher, struct tb_host_facts *out);

/* The kernel's log of the firmware's events, in the form of the TCG (PC Client Platform Firmware
 * Profile 1.06, 10). */
#define TB_HOST_LOG_PATH "/sys/kernel/security/tpm0/binary_bios_measurements"
#define TB_HOST_LOG_REASON_LEN 129

/* Read the whole log. path: NULL for TB_HOST_LOG_PATH. *out: new memory, the caller frees. False
 * when there is none, it may not be read, it is empty, or it has more than max bytes: reason says
 * which; nothing is ever cut. */
TB_MUST_CHECK bool tb_host_log_read(const char *root, const char *path, size_t max, uint8_t **out,
                                    size_t *out_len, char reason[TB_HOST_LOG_REASON_LEN]);

#endif
