/* core/sipa.h - the nested measurements of Windows ("SIPA events") in its boot configuration log.
 *
 * The event data is a TCG_PCClientTaggedEvent (PFP 1.06, 10.4.2.1): u32le id, u32le size, data.
 * Windows nests more of the same within those whose id has the bit TB_SIPA_CONTAINER. Ids are those
 * of the Windows SDK (wbcl.h), as published in Microsoft's metadata of the Windows API.
 * Nothing recurses or allocates; a fault within loses only the frame that it stands in. */
#ifndef TB_CORE_SIPA_H
#define TB_CORE_SIPA_H

#include "core/reader.h"

#define TB_SIPA_DEPTH_MAX 8 /* frames within frames, the outermost counted */
#define TB_SIPA_CONTAINER 0x40000000u

/* Ids of which something is made; the names of all others are in sipa.c. */
enum {
    TB_SIPA_TRUST_BOUNDARY = 0x40010001,
    TB_SIPA_ELAM_AGGREGATION = 0x40010002,
    TB_SIPA_LOADED_MODULE = 0x40010003,
    TB_SIPA_BOOT_COUNTER = 0x00020002,
    TB_SIPA_BITLOCKER_UNLOCK = 0x00020005,
    TB_SIPA_BOOT_DEBUGGING = 0x00040001,
    TB_SIPA_OS_KERNEL_DEBUG = 0x00050001,
    TB_SIPA_CODE_INTEGRITY = 0x00050002,
    TB_SIPA_TEST_SIGNING = 0x00050003,
    TB_SIPA_SAFE_MODE = 0x00050005,
    TB_SIPA_WINPE = 0x00050006,
    TB_SIPA_HYPERVISOR_LAUNCH = 0x0005000a,
    TB_SIPA_VSM_LAUNCH = 0x00050012,
    TB_SIPA_FLIGHT_SIGNING = 0x00050021,
    TB_SIPA_FILE_PATH = 0x00070001,
    TB_SIPA_IMAGE_HASH = 0x00070004,
    TB_SIPA_AUTHORITY_ISSUER = 0x00070005,
    TB_SIPA_IMAGE_BASE = 0x00070007,
    TB_SIPA_AUTHORITY_PUBLISHER = 0x00070008,
    TB_SIPA_IMAGE_VALIDATED = 0x0007000a,
    TB_SIPA_ELAM_KEY_NAME = 0x00090001,
};
#define TB_SIPA_TRUST_POINT 0xc0010004u /* never measured */

/* The id has the shape of one: flags and one of the categories that Windows has. */
bool tb_sipa_is_id(uint32_t id);

/* What the data of an id is. */
enum tb_sipa_kind { TB_SIPA_BYTES, TB_SIPA_BOOL, TB_SIPA_NUMBER, TB_SIPA_TEXT };
/* "test-signing"; NULL for one that is not in the table, *kind is then TB_SIPA_BYTES. */
const char *tb_sipa_name(uint32_t id, enum tb_sipa_kind *kind);

struct tb_sipa_frame {
    uint32_t id;
    uint32_t parent; /* id of the frame around it; 0: outermost */
    unsigned depth;  /* 1: outermost */
    struct tb_reader data;
};

/* Iteration over all frames, those within a container after it. */
struct tb_sipa {
    struct {
        struct tb_reader rest;
        uint32_t id;
    } level[TB_SIPA_DEPTH_MAX];
    unsigned depth; /* levels that are open */
};

enum tb_sipa_step {
    TB_SIPA_FRAME,
    TB_SIPA_END,
    TB_SIPA_BAD, /* a frame longer than what is around it, or nested too deep: it is left out (the
                  * first with the rest of what is around it), and reading goes on behind */
};
struct tb_sipa tb_sipa_begin(struct tb_reader in);
/* *out is written for TB_SIPA_FRAME, and for TB_SIPA_BAD with the bytes that are left out. */
TB_MUST_CHECK enum tb_sipa_step tb_sipa_next(struct tb_sipa *it, struct tb_sipa_frame *out);

#endif
