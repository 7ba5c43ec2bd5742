/* tools/pkg/predict.h - what the next boot will measure: events, and the PCR values they lead to.
 */
#ifndef TB_TOOLS_PKG_PREDICT_H
#define TB_TOOLS_PKG_PREDICT_H

#include "core/eventlog.h"
#include "pkg/record.h"
#include "tools/pkg/esp.h"

enum {
    PREDICT_PCR_LOADER = 4,
    PREDICT_PCR_KERNEL = 9,
    PREDICT_PCR_USER = 11,
};

struct predicted_event {
    uint32_t pcr;
    const char *by; /* "firmware", "loader", "kernel", "verifier" */
    char text[TB_RECORD_LINE_MAX + 64];
    uint32_t banks; /* bits of enum tb_bank that have a digest here */
    uint8_t digest[TB_N_BANKS][TB_DIGEST_MAX];
};

struct prediction {
    struct tb_hasher *h;
    struct tb_pcrs pcrs; /* mask: values that are known */
    size_t n, room;
    struct predicted_event *event;
    char set;    /* that is started; 0: none */
    bool passes; /* and the Secure Boot Verifier lets it come up */
};
void predict_clear(struct prediction *p);
/* An event with these digests, in these banks; the PCR is not known any more in the others. False:
 * told. */
TB_MUST_CHECK bool predict_extend(struct prediction *p, uint32_t pcr, const char *by,
                                  const char *text, uint32_t banks,
                                  const struct tb_reader digest[TB_N_BANKS]);
/* An event whose digests are those of the bytes. */
TB_MUST_CHECK bool predict_measure(struct prediction *p, uint32_t pcr, const char *by,
                                   const char *text, struct tb_reader bytes);
/* The event of a record; its text is the record's line. */
TB_MUST_CHECK bool predict_record(struct prediction *p, uint32_t pcr, const char *by,
                                  struct tb_reader event);

/* The boot that runs, by its firmware's log. Zeroed: nothing is known of it. */
struct current_boot {
    char *bytes;
    size_t len;
    char secure_boot[16];               /* "": not known */
    char asset_tag[TB_RECORD_LINE_MAX]; /* "-": none */
    bool tried;                         /* the loader keeps that it tried a set: */
    char tried_set;
    char tried_conf[TB_BOOTCONF_LEN_MAX]; /* with this configuration */
    size_t tried_conf_len;
};
/* False: told, not a log of our loader. */
TB_MUST_CHECK bool current_boot_open(const char *path, struct current_boot *out);
void current_boot_close(struct current_boot *c);
/* PCR 0 to 7: the firmware's events, with this program started. Without a log, nothing. */
TB_MUST_CHECK bool predict_firmware(struct prediction *p, const struct current_boot *c,
                                    struct tb_reader program);

/* PCR 12 to 14 and 9: the loader's own code over the directory, then the kernel's. set: a or b
 * instead of what boot.conf says, 0: as it says. vendors: new; those that the loader carries.
 * *code: for the shell; p->set is 0 when the loader would start nothing, which is told. */
TB_MUST_CHECK bool predict_loader(struct prediction *p, const struct tool_esp *e, char set,
                                  const struct current_boot *c, struct tb_reader program,
                                  struct tb_vendors **vendors, enum tool_exit *code);

/* PCR values of a boot: lines "BANK PCR HEX", or a firmware's log, to which user_log (NULL: none)
 * adds PCR 11. False: told. */
TB_MUST_CHECK bool predict_read_pcrs(const char *path, const char *user_log, struct tb_hasher *h,
                                     struct tb_pcrs *out);

#endif
