/* core/devpath.c - UEFI device paths as text (UEFI 2.10, 10.3 and 10.6.1).
 *
 * A path in an image load event is not covered by the event's digest, so this text is for people
 * and never for a comparison. */
#include "core/uefi.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text being written, always with a NUL, cut when full. */
struct text {
    char *p;
    size_t left; /* NUL included, at least 1 */
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->p, t->left, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n >= t->left)
        n = (int)t->left - 1;
    t->p += n;
    t->left -= (size_t)n;
}

typedef bool (*node_text)(struct tb_reader r, struct text *t);

static bool pci(struct tb_reader r, struct text *t)
{
    uint8_t function, device;

    if (!tb_read_u8(&r, &function) || !tb_read_u8(&r, &device))
        return false;
    add(t, "Pci(0x%x,0x%x)", device, function);
    return true;
}

static bool guid_node(struct tb_reader r, struct text *t, const char *name)
{
    char guid[TB_GUID_TEXT_LEN];
    struct tb_reader g;

    if (!tb_read_slice(&r, 16, &g))
        return false;
    tb_guid_text(g, guid);
    add(t, "%s(%s)", name, guid);
    return true;
}

static bool ven_hw(struct tb_reader r, struct text *t)
{
    return guid_node(r, t, "VenHw");
}

static bool ven_msg(struct tb_reader r, struct text *t)
{
    return guid_node(r, t, "VenMsg");
}

static bool ven_media(struct tb_reader r, struct text *t)
{
    return guid_node(r, t, "VenMedia");
}

static bool fv_file(struct tb_reader r, struct text *t)
{
    return guid_node(r, t, "FvFile");
}

static bool fv(struct tb_reader r, struct text *t)
{
    return guid_node(r, t, "Fv");
}

static bool memory(struct tb_reader r, struct text *t)
{
    uint32_t type;
    uint64_t start, end;

    if (!tb_read_u32le(&r, &type) || !tb_read_u64le(&r, &start) || !tb_read_u64le(&r, &end))
        return false;
    add(t, "MemoryMapped(0x%" PRIx32 ",0x%" PRIx64 ",0x%" PRIx64 ")", type, start, end);
    return true;
}

#define EISA_PNP0A03 0x0a0341d0 /* a PCI root bridge */
#define EISA_PNP0A08 0x0a0841d0 /* a PCI Express root bridge */

static bool acpi(struct tb_reader r, struct text *t)
{
    uint32_t hid, uid;

    if (!tb_read_u32le(&r, &hid) || !tb_read_u32le(&r, &uid))
        return false;
    if (hid == EISA_PNP0A03 || hid == EISA_PNP0A08)
        add(t, "%s(0x%" PRIx32 ")", hid == EISA_PNP0A03 ? "PciRoot" : "PcieRoot", uid);
    else
        add(t, "Acpi(0x%08" PRIx32 ",0x%" PRIx32 ")", hid, uid);
    return true;
}

static bool scsi(struct tb_reader r, struct text *t)
{
    uint16_t target, lun;

    if (!tb_read_u16le(&r, &target) || !tb_read_u16le(&r, &lun))
        return false;
    add(t, "Scsi(0x%x,0x%x)", target, lun);
    return true;
}

static bool usb(struct tb_reader r, struct text *t)
{
    uint8_t port, interface;

    if (!tb_read_u8(&r, &port) || !tb_read_u8(&r, &interface))
        return false;
    add(t, "USB(0x%x,0x%x)", port, interface);
    return true;
}

static bool mac(struct tb_reader r, struct text *t)
{
    uint8_t a[6];

    if (!tb_read_copy(&r, sizeof a, a))
        return false;
    add(t, "MAC(%02x%02x%02x%02x%02x%02x)", a[0], a[1], a[2], a[3], a[4], a[5]);
    return true;
}

static bool sata(struct tb_reader r, struct text *t)
{
    uint16_t port, multiplier, lun;

    if (!tb_read_u16le(&r, &port) || !tb_read_u16le(&r, &multiplier) || !tb_read_u16le(&r, &lun))
        return false;
    add(t, "Sata(0x%x,0x%x,0x%x)", port, multiplier, lun);
    return true;
}

static bool nvme(struct tb_reader r, struct text *t)
{
    uint32_t namespace_id;
    uint64_t eui64;

    if (!tb_read_u32le(&r, &namespace_id) || !tb_read_u64be(&r, &eui64))
        return false;
    add(t, "NVMe(0x%" PRIx32 ",%016" PRIx64 ")", namespace_id, eui64);
    return true;
}

static bool uri(struct tb_reader r, struct text *t)
{
    char text[128];

    tb_ascii_text(r, text, sizeof text);
    add(t, "Uri(%s)", text);
    return true;
}

static bool hard_drive(struct tb_reader r, struct text *t)
{
    uint32_t partition;
    uint64_t start, size;
    struct tb_reader signature;
    uint8_t format, signature_type;
    char guid[TB_GUID_TEXT_LEN];

    if (!tb_read_u32le(&r, &partition) || !tb_read_u64le(&r, &start) || !tb_read_u64le(&r, &size) ||
        !tb_read_slice(&r, 16, &signature) || !tb_read_u8(&r, &format) ||
        !tb_read_u8(&r, &signature_type))
        return false;
    tb_guid_text(signature, guid);
    add(t, "HD(%" PRIu32 ",%s,%s,0x%" PRIx64 ",0x%" PRIx64 ")", partition,
        signature_type == 2 ? "GPT" : "MBR", guid, start, size);
    return true;
}

static bool cdrom(struct tb_reader r, struct text *t)
{
    uint32_t entry;

    if (!tb_read_u32le(&r, &entry))
        return false;
    add(t, "CDROM(0x%" PRIx32 ")", entry);
    return true;
}

static bool file_path(struct tb_reader r, struct text *t)
{
    char text[512];

    tb_utf16_text(r, text, sizeof text);
    add(t, "%s", text);
    return true;
}

static bool offset(struct tb_reader r, struct text *t)
{
    uint32_t reserved;
    uint64_t start, end;

    if (!tb_read_u32le(&r, &reserved) || !tb_read_u64le(&r, &start) || !tb_read_u64le(&r, &end))
        return false;
    add(t, "Offset(0x%" PRIx64 ",0x%" PRIx64 ")", start, end);
    return true;
}

static const struct {
    uint8_t type, subtype;
    node_text text;
} nodes[] = {
    { 1, 1, pci },   { 1, 3, memory },    { 1, 4, ven_hw },    { 2, 1, acpi },
    { 3, 2, scsi },  { 3, 5, usb },       { 3, 10, ven_msg },  { 3, 11, mac },
    { 3, 18, sata }, { 3, 23, nvme },     { 3, 24, uri },      { 4, 1, hard_drive },
    { 4, 2, cdrom }, { 4, 3, ven_media }, { 4, 4, file_path }, { 4, 6, fv_file },
    { 4, 7, fv },    { 4, 8, offset },
};

static bool node(uint8_t type, uint8_t subtype, struct tb_reader body, struct text *t)
{
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        if (nodes[i].type == type && nodes[i].subtype == subtype)
            return nodes[i].text(body, t);
    add(t, "Path(%u,%u)", type, subtype);
    return true;
}

bool tb_device_path_text(struct tb_reader in, char *out, size_t out_len)
{
    struct text t = { out, out_len };
    const char *between = "";

    *out = '\0';
    while (in.left != 0) {
        struct tb_reader body;
        uint8_t type, subtype;
        uint16_t len; /* of the node with these four bytes */

        if (!tb_read_u8(&in, &type) || !tb_read_u8(&in, &subtype) || !tb_read_u16le(&in, &len))
            return false;
        if (len < 4 || !tb_read_slice(&in, len - 4u, &body))
            return false;
        if (type == 0x7f) { /* 0xff: the end; 1: another path follows */
            between = ",";
            if (subtype == 0xff)
                return in.left == 0;
            continue;
        }
        add(&t, "%s", between);
        if (!node(type, subtype, body, &t))
            return false;
        between = "/";
    }
    return false; /* no end node */
}
