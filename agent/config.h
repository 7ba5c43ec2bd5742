/* agent/config.h - the agent's configuration file: one JSON object, strictly read.
 *
 *   server     "https://HOST:PORT" of the Verifier; nothing without it (standalone)
 *   pin        SHA-256 of a certificate (DER) that the server presents, 64 hex digits; or
 *   ca         file with the certificates (PEM) to which the server's must chain
 *   proxy      "http://HOST:PORT", as libcurl takes it; otherwise https_proxy of the environment
 *   state      directory for the enrolment
 *   tcti       way to the TPM, as tpm2-tss takes it; /dev/tpmrm0, else /dev/tpm0 without it
 *   event_log  the firmware's event log
 *   user_log   the log of what user space measured (canonical event log); none without it
 *   boot_set   directory with the packages of the boot set; none without it
 *   name       the host's name; that of the system without it
 *   ak         "ecc" or "rsa": attestation key made at enrolment
 *   serial     true, or false: the machine's serial number is not told */
#ifndef TB_AGENT_CONFIG_H
#define TB_AGENT_CONFIG_H

#include "files/files.h"
#include "wire/messages.h"

#define TB_AGENT_CONFIG_PATH "/etc/trueboot/agent.json"
#define TB_AGENT_STATE_PATH "/var/lib/trueboot-agent"
#define TB_AGENT_CONFIG_MAX 16384 /* bytes of the file */
#define TB_AGENT_PATH_MAX 512

enum tb_agent_ak { TB_AGENT_AK_ECC, TB_AGENT_AK_RSA };

struct tb_agent_config {
    char server[300]; /* "" none; no '/' at its end */
    bool has_pin;
    uint8_t pin[32];
    char ca[TB_AGENT_PATH_MAX]; /* "" none */
    char proxy[300];            /* "" none */
    char state[TB_AGENT_PATH_MAX];
    char tcti[256];                    /* "" the default */
    char event_log[TB_AGENT_PATH_MAX]; /* "" the kernel's */
    char user_log[TB_AGENT_PATH_MAX];  /* "" none */
    char boot_set[TB_AGENT_PATH_MAX];  /* "" none */
    char name[TB_HOST_NAME_MAX + 1];   /* "" the system's */
    enum tb_agent_ak ak;
    bool withhold_serial;
};

void tb_agent_config_init(struct tb_agent_config *out); /* the defaults */

/* One member by its name in the file, from the text of an option. False, and what was expected. */
TB_MUST_CHECK bool tb_agent_config_set(struct tb_agent_config *c, const char *key,
                                       const char *value, char expected[128]);

/* file names the text in errors: "file:line: message". *out is written on success only. */
TB_MUST_CHECK bool tb_agent_config_parse(const char *file, const char *text, size_t len,
                                         struct tb_agent_config *out, char err[TB_FILE_ERR_LEN]);
TB_MUST_CHECK enum tb_file_status
tb_agent_config_load(const char *path, struct tb_agent_config *out, char err[TB_FILE_ERR_LEN]);
TB_MUST_CHECK bool tb_agent_config_save(const char *path, const struct tb_agent_config *c,
                                        const struct stat *owner, char err[TB_FILE_ERR_LEN]);

/* 2n hex digits of either case, and nothing else. */
TB_MUST_CHECK bool tb_agent_hex_parse(const char *text, uint8_t *out, size_t n);

#endif
