/* core/chain.h - Trueboot's own boot chain, as its records tell of it (docs/boot-chain.md).
 *
 * The loader's records stand in PCR 12 (base package), 13 (other packages) and 14 (settings) of the
 * firmware's log, those of user space in PCR 11 of the canonical event log that goes on where the
 * firmware's ends. A record is believed only where the digests of all banks that match cover the
 * whole of it. That the right loader wrote them is said by PCR 4 alone, and by the order within a
 * PCR: who is root on the running host may add to each of them, but only behind what must be the
 * last. */
#ifndef TB_CORE_CHAIN_H
#define TB_CORE_CHAIN_H

#include "core/eventlog.h"
#include "pkg/record.h"

/* PCRs of the chain, as bits. */
#define TB_CHAIN_LOADER_PCRS UINT32_C(0x7000) /* 12 to 14 */
#define TB_CHAIN_USER_PCR 11
#define TB_CHAIN_RECORDS_MAX 384 /* kept of one boot; more are refused */
#define TB_CHAIN_VENDORS_MAX 8
#define TB_CHAIN_TEXT_MAX 128

/* A package of the boot set that runs. */
struct tb_chain_package {
    char name[TB_PKG_NAME_MAX + 1];
    char version[TB_PKG_VERSION_MAX + 1];
    uint32_t security_version;
    enum tb_package_kind kind;
    bool checked;  /* the Secure Boot Verifier looked at it and passed it */
    bool verified; /* a vendor of the policy vouches for it; else what follows is zero */
    enum tb_level level;
    uint8_t signer_sha256[32]; /* of the signer's public key */
    char signer[TB_CHAIN_TEXT_MAX];
    char vendor[TB_CHAIN_TEXT_MAX + 1];
};

enum tb_chain_verdict { TB_CHAIN_NO_VERDICT = 0, TB_CHAIN_PASS, TB_CHAIN_FAIL };
const char *tb_chain_verdict_name(enum tb_chain_verdict v); /* "none", "pass", "fail" */

/* What is kept of it; all of it proved. Zero: the host is not on this chain. */
struct tb_chain_facts {
    bool present; /* the log claims records of ours, or the policy asks for them */
    bool proved;  /* PCR 12 to 14 match, and hold whole records in their places and nothing else */
    char set;     /* 'a', 'b'; 0 unknown */
    bool fell_back;
    char fallback_code[TB_PKG_TEXT_MAX]; /* why; "" */
    char secure_boot[16];                /* as the loader saw it; "" unknown */
    char asset_tag[TB_CHAIN_TEXT_MAX];   /* cut to fit */
    enum tb_chain_verdict verdict;       /* the Secure Boot Verifier's */
    bool rescue, complete;
    uint32_t n_unused_metadata; /* sent, and of no package that was measured */
    size_t n_vendors;           /* roots that the loader carries: SHA-256 */
    uint8_t vendor[TB_CHAIN_VENDORS_MAX][32];
    size_t n_packages;
    struct tb_chain_package package[TB_SET_PACKAGES_MAX];
};

/* The records of one boot; they point into the logs. Large: not to be kept. */
struct tb_chain {
    bool ended[3];   /* PCR 12 + i has its END; nothing is behind it, or that is told */
    bool ends[3];    /* the log claims one, proved or not */
    bool lost;       /* claimed, which is enough */
    bool user_known; /* PCR 11 matches */
    size_t n;
    struct {
        uint32_t pcr, event;
        struct tb_record record;
    } at[TB_CHAIN_RECORDS_MAX]; /* of the set that runs, in the order of the logs */
};

/* The log has an event in PCR 11 to 14 that calls itself one of ours. */
bool tb_chain_claimed(struct tb_reader log);
/* Extend a replay by the user log. Each of its events must be a record of user space that its
 * digests cover, so that nothing else can be moved there. False: *why (TB_CHECK_LOG_FORMAT), and
 * *replay is as it was. */
TB_MUST_CHECK bool tb_chain_replay(struct tb_reader user_log, struct tb_hasher *h,
                                   struct tb_replay *replay, struct tb_reason *why);

/* Whose word counts: core/eventlog.h. */
struct tb_chain_logs {
    struct tb_reader log, user_log; /* both have replayed */
    enum tb_bank bank;
    const struct tb_pcr_states *states;
};
/* The records. What is no record, in the wrong place, or behind the end fails
 * TB_CHECK_LOG_UNEXPLAINED, in PCR 11 TB_CHECK_BOOT_VERIFIER. Returns whether PCR 12 to 14 match
 * and hold nothing else. */
bool tb_chain_read(const struct tb_chain_logs *in, struct tb_hasher *h, struct tb_chain *out,
                   struct tb_findings *f);

/* The next record of this kind from *i on, which is moved behind it; NULL: none. */
const struct tb_record *tb_chain_next(const struct tb_chain *c, enum tb_record_kind kind,
                                      size_t *i);
/* The first of this kind; NULL: none. */
const struct tb_record *tb_chain_first(const struct tb_chain *c, enum tb_record_kind kind);

#endif
