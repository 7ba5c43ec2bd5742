/* core/sipa.c - frames within frames, and their names. */
#include "core/sipa.h"

bool tb_sipa_is_id(uint32_t id)
{
    uint32_t category = id >> 16 & 0xf;

    return (id & 0x3ff00000u) == 0 && category >= 1 && category <= 0xc && (id & 0xffff) != 0;
}

static const struct {
    uint32_t id;
    enum tb_sipa_kind kind;
    const char *name;
} names[] = {
    { TB_SIPA_TRUST_BOUNDARY, TB_SIPA_BYTES, "trust-boundary" },
    { TB_SIPA_ELAM_AGGREGATION, TB_SIPA_BYTES, "elam" },
    { TB_SIPA_LOADED_MODULE, TB_SIPA_BYTES, "loaded-module" },
    { TB_SIPA_TRUST_POINT, TB_SIPA_BYTES, "trust-point" },
    { 0x40010005, TB_SIPA_BYTES, "ksr" },
    { 0x40010006, TB_SIPA_BYTES, "ksr-signed-measurement" },
    { 0x00020001, TB_SIPA_BYTES, "information" },
    { TB_SIPA_BOOT_COUNTER, TB_SIPA_NUMBER, "boot-counter" },
    { 0x00020003, TB_SIPA_NUMBER, "transfer-control" },
    { 0x00020004, TB_SIPA_BYTES, "application-return" },
    { TB_SIPA_BITLOCKER_UNLOCK, TB_SIPA_NUMBER, "bitlocker-unlock" },
    { 0x00020006, TB_SIPA_NUMBER, "event-counter" },
    { 0x00020007, TB_SIPA_NUMBER, "counter-id" },
    { 0x00020008, TB_SIPA_NUMBER, "mor-bit-not-cancelable" },
    { 0x00020009, TB_SIPA_NUMBER, "application-svn" },
    { 0x0002000a, TB_SIPA_NUMBER, "svn-chain-status" },
    { 0x0002000b, TB_SIPA_NUMBER, "mor-bit-api-status" },
    { 0x0002000c, TB_SIPA_NUMBER, "idk-generation-status" },
    { 0x00030001, TB_SIPA_BYTES, "firmware-failure" },
    { 0x00030003, TB_SIPA_BYTES, "internal-failure" },
    { TB_SIPA_BOOT_DEBUGGING, TB_SIPA_BOOL, "boot-debugging" },
    { 0x00040002, TB_SIPA_BYTES, "boot-revocation-list" },
    { TB_SIPA_OS_KERNEL_DEBUG, TB_SIPA_BOOL, "os-kernel-debug" },
    { TB_SIPA_CODE_INTEGRITY, TB_SIPA_BOOL, "code-integrity" },
    { TB_SIPA_TEST_SIGNING, TB_SIPA_BOOL, "test-signing" },
    { 0x00050004, TB_SIPA_NUMBER, "data-execution-prevention" },
    { TB_SIPA_SAFE_MODE, TB_SIPA_BOOL, "safe-mode" },
    { TB_SIPA_WINPE, TB_SIPA_BOOL, "winpe" },
    { 0x00050007, TB_SIPA_NUMBER, "physical-address-extension" },
    { 0x00050008, TB_SIPA_NUMBER, "os-device" },
    { 0x00050009, TB_SIPA_TEXT, "system-root" },
    { TB_SIPA_HYPERVISOR_LAUNCH, TB_SIPA_NUMBER, "hypervisor-launch-type" },
    { 0x0005000b, TB_SIPA_TEXT, "hypervisor-path" },
    { 0x0005000c, TB_SIPA_NUMBER, "hypervisor-iommu-policy" },
    { 0x0005000d, TB_SIPA_BOOL, "hypervisor-debug" },
    { 0x0005000e, TB_SIPA_NUMBER, "driver-load-policy" },
    { 0x0005000f, TB_SIPA_BYTES, "code-integrity-policy" },
    { 0x00050010, TB_SIPA_NUMBER, "hypervisor-mmio-nx-policy" },
    { 0x00050011, TB_SIPA_NUMBER, "hypervisor-msr-filter-policy" },
    { TB_SIPA_VSM_LAUNCH, TB_SIPA_NUMBER, "vsm-launch-type" },
    { 0x00050013, TB_SIPA_BYTES, "os-revocation-list" },
    { 0x00050014, TB_SIPA_NUMBER, "smt-status" },
    { 0x00050020, TB_SIPA_BYTES, "vsm-idk" },
    { TB_SIPA_FLIGHT_SIGNING, TB_SIPA_BOOL, "flight-signing" },
    { 0x00050022, TB_SIPA_BOOL, "pagefile-encryption" },
    { 0x00050023, TB_SIPA_BYTES, "vsm-idks" },
    { 0x00050024, TB_SIPA_BOOL, "hibernation-disabled" },
    { 0x00050025, TB_SIPA_BOOL, "dumps-disabled" },
    { 0x00050026, TB_SIPA_BOOL, "dump-encryption" },
    { 0x00050027, TB_SIPA_BYTES, "dump-encryption-key-digest" },
    { 0x00050028, TB_SIPA_NUMBER, "lsaiso-config" },
    { 0x00050029, TB_SIPA_BYTES, "secure-boot-custom-policy" },
    { 0x00050030, TB_SIPA_BOOL, "hypervisor-boot-dma-protection" },
    { 0x00050031, TB_SIPA_BYTES, "code-integrity-policy-signer" },
    { 0x00050032, TB_SIPA_BYTES, "code-integrity-policy-update-signer" },
    { 0x00060001, TB_SIPA_BYTES, "no-authority" },
    { 0x00060002, TB_SIPA_BYTES, "authority-public-key" },
    { TB_SIPA_FILE_PATH, TB_SIPA_TEXT, "file-path" },
    { 0x00070002, TB_SIPA_NUMBER, "image-size" },
    { 0x00070003, TB_SIPA_NUMBER, "hash-algorithm" },
    { TB_SIPA_IMAGE_HASH, TB_SIPA_BYTES, "authenticode-hash" },
    { TB_SIPA_AUTHORITY_ISSUER, TB_SIPA_TEXT, "authority-issuer" },
    { 0x00070006, TB_SIPA_BYTES, "authority-serial" },
    { TB_SIPA_IMAGE_BASE, TB_SIPA_NUMBER, "image-base" },
    { TB_SIPA_AUTHORITY_PUBLISHER, TB_SIPA_TEXT, "authority-publisher" },
    { 0x00070009, TB_SIPA_BYTES, "authority-sha1" },
    { TB_SIPA_IMAGE_VALIDATED, TB_SIPA_BOOL, "image-validated" },
    { 0x0007000b, TB_SIPA_NUMBER, "module-svn" },
    { 0x80080001, TB_SIPA_BYTES, "quote" },
    { 0x80080002, TB_SIPA_BYTES, "quote-signature" },
    { 0x80080003, TB_SIPA_TEXT, "aik-name" },
    { 0x80080004, TB_SIPA_BYTES, "aik-public-digest" },
    { TB_SIPA_ELAM_KEY_NAME, TB_SIPA_TEXT, "elam-key-name" },
    { 0x00090002, TB_SIPA_BYTES, "elam-configuration" },
    { 0x00090003, TB_SIPA_BYTES, "elam-policy" },
    { 0x00090004, TB_SIPA_BYTES, "elam-measured" },
    { 0x000a0001, TB_SIPA_BOOL, "vbs-vsm-required" },
    { 0x000a0002, TB_SIPA_BOOL, "vbs-secure-boot-required" },
    { 0x000a0003, TB_SIPA_BOOL, "vbs-iommu-required" },
    { 0x000a0004, TB_SIPA_BOOL, "vbs-mmio-nx-required" },
    { 0x000a0005, TB_SIPA_BOOL, "vbs-msr-filtering-required" },
    { 0x000a0006, TB_SIPA_BOOL, "vbs-mandatory" },
    { 0x000a0007, TB_SIPA_NUMBER, "vbs-hvci-policy" },
    { 0x000a0008, TB_SIPA_BOOL, "vbs-microsoft-boot-chain-required" },
    { 0x000a0009, TB_SIPA_BOOL, "vbs-dump-uses-ameroot" },
    { 0x000a000a, TB_SIPA_BOOL, "vbs-no-secrets-enforced" },
    { 0x000b0001, TB_SIPA_BYTES, "ksr-signature" },
    { 0x000c0001, TB_SIPA_BYTES, "drtm-state-authority" },
    { 0x000c0002, TB_SIPA_BYTES, "drtm-smm-level" },
};

const char *tb_sipa_name(uint32_t id, enum tb_sipa_kind *kind)
{
    *kind = TB_SIPA_BYTES;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].id == id) {
            *kind = names[i].kind;
            return names[i].name;
        }
    return NULL;
}

struct tb_sipa tb_sipa_begin(struct tb_reader in)
{
    struct tb_sipa it = { .depth = 1 };

    it.level[0].rest = in;
    return it;
}

enum tb_sipa_step tb_sipa_next(struct tb_sipa *it, struct tb_sipa_frame *out)
{
    struct tb_reader *rest, frame;
    uint32_t len;

    while (it->depth > 0 && it->level[it->depth - 1].rest.left == 0)
        it->depth--;
    if (it->depth == 0)
        return TB_SIPA_END;
    *out = (struct tb_sipa_frame){ .depth = it->depth, .parent = it->level[it->depth - 1].id };
    rest = &it->level[it->depth - 1].rest;
    frame = *rest;
    if (!tb_read_u32le(&frame, &out->id) || !tb_read_u32le(&frame, &len) ||
        !tb_read_slice(&frame, len, &out->data)) {
        out->data = *rest;
        rest->left = 0;
        return TB_SIPA_BAD;
    }
    *rest = frame;
    if ((out->id & TB_SIPA_CONTAINER) == 0)
        return TB_SIPA_FRAME;
    if (it->depth == TB_SIPA_DEPTH_MAX)
        return TB_SIPA_BAD;
    it->level[it->depth].rest = out->data;
    it->level[it->depth].id = out->id;
    it->depth++;
    return TB_SIPA_FRAME;
}
