/* tests/unit/log_builder.c - see the header. */
#include "tests/unit/log_builder.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: log builder: %s\n", __FILE__, __LINE__, #cond);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

const uint8_t log_guid_global[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                      0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
const uint8_t log_guid_image_db[16] = { 0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
                                        0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f };
const uint8_t log_guid_shim[16] = { 0x50, 0xab, 0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43,
                                    0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 };
const uint8_t log_guid_cert_x509[16] = { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
                                         0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 };
const uint8_t log_guid_cert_sha256[16] = { 0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
                                           0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28 };
static const uint8_t owner[16] = { 0x74, 0x72, 0x75, 0x65, 0x62, 0x6f, 0x6f, 0x74,
                                   0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x30, 0x31 };

/* Self-signed test certificates; their private keys were thrown away. */
/* clang-format off */
static const uint8_t cert_pk[] = {
    0x30, 0x82, 0x01, 0xc5, 0x30, 0x82, 0x01, 0x6b, 0xa0, 0x03, 0x02, 0x01,
    0x02, 0x02, 0x14, 0x36, 0xc4, 0xa2, 0x60, 0x52, 0x72, 0x20, 0x33, 0x12,
    0x58, 0xfd, 0xa3, 0xbc, 0xcd, 0x37, 0xbe, 0xfe, 0x85, 0x0f, 0x6e, 0x30,
    0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x30,
    0x37, 0x31, 0x10, 0x30, 0x0e, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x07,
    0x45, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x31, 0x23, 0x30, 0x21, 0x06,
    0x03, 0x55, 0x04, 0x03, 0x0c, 0x1a, 0x54, 0x72, 0x75, 0x65, 0x62, 0x6f,
    0x6f, 0x74, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x70, 0x6c, 0x61, 0x74,
    0x66, 0x6f, 0x72, 0x6d, 0x20, 0x6b, 0x65, 0x79, 0x30, 0x20, 0x17, 0x0d,
    0x32, 0x36, 0x31, 0x31, 0x32, 0x33, 0x30, 0x30, 0x31, 0x30, 0x30, 0x33,
    0x5a, 0x18, 0x0f, 0x32, 0x31, 0x32, 0x36, 0x31, 0x30, 0x33, 0x30, 0x30,
    0x30, 0x31, 0x30, 0x30, 0x33, 0x5a, 0x30, 0x37, 0x31, 0x10, 0x30, 0x0e,
    0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x07, 0x45, 0x78, 0x61, 0x6d, 0x70,
    0x6c, 0x65, 0x31, 0x23, 0x30, 0x21, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c,
    0x1a, 0x54, 0x72, 0x75, 0x65, 0x62, 0x6f, 0x6f, 0x74, 0x20, 0x74, 0x65,
    0x73, 0x74, 0x20, 0x70, 0x6c, 0x61, 0x74, 0x66, 0x6f, 0x72, 0x6d, 0x20,
    0x6b, 0x65, 0x79, 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0xd6, 0xa9, 0x4b, 0x69, 0x63, 0x53,
    0x93, 0x25, 0xac, 0xea, 0x0d, 0x43, 0xb2, 0xd8, 0xb2, 0x74, 0x30, 0x89,
    0x89, 0xf2, 0xd3, 0xe2, 0x9d, 0x2d, 0x2e, 0x91, 0x61, 0xdd, 0x9a, 0xcc,
    0x10, 0x36, 0x08, 0x7c, 0xd2, 0xbf, 0xdb, 0x0a, 0x2b, 0x96, 0x3f, 0x4d,
    0x36, 0xd6, 0xa4, 0xbe, 0x8f, 0xcb, 0xd6, 0x67, 0x8f, 0x4e, 0x03, 0x61,
    0x71, 0xac, 0xca, 0xe9, 0x72, 0x1e, 0xf5, 0x8f, 0x59, 0x68, 0xa3, 0x53,
    0x30, 0x51, 0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04,
    0x14, 0x85, 0x8d, 0xb9, 0x7a, 0x21, 0xce, 0x1a, 0x0a, 0xa4, 0x45, 0x5e,
    0x6b, 0x39, 0xee, 0xe0, 0xc7, 0x07, 0x8b, 0x17, 0x27, 0x30, 0x1f, 0x06,
    0x03, 0x55, 0x1d, 0x23, 0x04, 0x18, 0x30, 0x16, 0x80, 0x14, 0x85, 0x8d,
    0xb9, 0x7a, 0x21, 0xce, 0x1a, 0x0a, 0xa4, 0x45, 0x5e, 0x6b, 0x39, 0xee,
    0xe0, 0xc7, 0x07, 0x8b, 0x17, 0x27, 0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d,
    0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xff, 0x30,
    0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03,
    0x48, 0x00, 0x30, 0x45, 0x02, 0x21, 0x00, 0xc6, 0x93, 0x46, 0x94, 0x8b,
    0xf4, 0x01, 0x63, 0x68, 0x0b, 0xe8, 0xc0, 0x73, 0x12, 0xc0, 0xae, 0x3b,
    0xbf, 0x16, 0x3c, 0xd5, 0x18, 0x15, 0x04, 0x78, 0x17, 0x4c, 0x41, 0xd3,
    0x86, 0x21, 0xff, 0x02, 0x20, 0x34, 0x2a, 0x1b, 0xe9, 0x5c, 0x19, 0x9a,
    0xc1, 0x31, 0x41, 0x0c, 0x1d, 0x62, 0xc0, 0xeb, 0xc1, 0x92, 0xb3, 0x85,
    0x91, 0x44, 0xc2, 0x61, 0xdf, 0x77, 0x13, 0xa8, 0x40, 0xb9, 0x11, 0x48,
    0xce
};
static const uint8_t cert_db[] = {
    0x30, 0x82, 0x01, 0xc0, 0x30, 0x82, 0x01, 0x65, 0xa0, 0x03, 0x02, 0x01,
    0x02, 0x02, 0x14, 0x50, 0x58, 0x99, 0xfb, 0x58, 0x2e, 0x21, 0x57, 0xe7,
    0x01, 0x50, 0x9d, 0xe6, 0xc9, 0xbf, 0xa2, 0x30, 0x0d, 0x2a, 0x37, 0x30,
    0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x30,
    0x34, 0x31, 0x10, 0x30, 0x0e, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x07,
    0x45, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x31, 0x20, 0x30, 0x1e, 0x06,
    0x03, 0x55, 0x04, 0x03, 0x0c, 0x17, 0x54, 0x72, 0x75, 0x65, 0x62, 0x6f,
    0x6f, 0x74, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x6c, 0x6f, 0x61, 0x64,
    0x65, 0x72, 0x20, 0x43, 0x41, 0x30, 0x20, 0x17, 0x0d, 0x32, 0x36, 0x31,
    0x31, 0x32, 0x33, 0x30, 0x30, 0x31, 0x30, 0x30, 0x33, 0x5a, 0x18, 0x0f,
    0x32, 0x31, 0x32, 0x36, 0x31, 0x30, 0x33, 0x30, 0x30, 0x30, 0x31, 0x30,
    0x30, 0x33, 0x5a, 0x30, 0x34, 0x31, 0x10, 0x30, 0x0e, 0x06, 0x03, 0x55,
    0x04, 0x0a, 0x0c, 0x07, 0x45, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x31,
    0x20, 0x30, 0x1e, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x17, 0x54, 0x72,
    0x75, 0x65, 0x62, 0x6f, 0x6f, 0x74, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20,
    0x6c, 0x6f, 0x61, 0x64, 0x65, 0x72, 0x20, 0x43, 0x41, 0x30, 0x59, 0x30,
    0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    0x4b, 0x63, 0x11, 0x6a, 0x40, 0x7d, 0xcd, 0x75, 0xf5, 0x39, 0x74, 0x84,
    0x98, 0x44, 0x23, 0x17, 0x08, 0x6e, 0xd9, 0xe4, 0xf7, 0x2c, 0x35, 0x88,
    0x13, 0x1f, 0xfc, 0x44, 0x16, 0xcf, 0x64, 0xb3, 0x44, 0x5e, 0x21, 0xf6,
    0xb7, 0xb5, 0x0f, 0x26, 0x0b, 0x3a, 0x20, 0xfa, 0xe5, 0x16, 0xbf, 0xe8,
    0xc4, 0x92, 0xd3, 0x1d, 0x59, 0x86, 0x68, 0x71, 0x17, 0x26, 0x15, 0xed,
    0x70, 0x91, 0x97, 0x77, 0xa3, 0x53, 0x30, 0x51, 0x30, 0x1d, 0x06, 0x03,
    0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14, 0x58, 0x7c, 0x6d, 0x4a, 0xf2,
    0x5d, 0x0d, 0x11, 0xa4, 0x39, 0x37, 0x9c, 0x6e, 0x7a, 0x2f, 0x82, 0x89,
    0xa0, 0x7b, 0xbd, 0x30, 0x1f, 0x06, 0x03, 0x55, 0x1d, 0x23, 0x04, 0x18,
    0x30, 0x16, 0x80, 0x14, 0x58, 0x7c, 0x6d, 0x4a, 0xf2, 0x5d, 0x0d, 0x11,
    0xa4, 0x39, 0x37, 0x9c, 0x6e, 0x7a, 0x2f, 0x82, 0x89, 0xa0, 0x7b, 0xbd,
    0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05,
    0x30, 0x03, 0x01, 0x01, 0xff, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x49, 0x00, 0x30, 0x46, 0x02, 0x21,
    0x00, 0xfc, 0x03, 0xca, 0x23, 0x15, 0x89, 0x12, 0x2f, 0x0c, 0xcc, 0xc6,
    0x75, 0x04, 0x27, 0x0d, 0xb1, 0x8e, 0x26, 0x00, 0xe8, 0x34, 0x13, 0x00,
    0x98, 0x34, 0xab, 0xcf, 0x6f, 0x7a, 0xf3, 0x53, 0xdc, 0x02, 0x21, 0x00,
    0xb9, 0xba, 0x72, 0x1a, 0x96, 0x0f, 0x81, 0x24, 0x09, 0x66, 0x1b, 0x7d,
    0x79, 0x98, 0xcd, 0xa3, 0x47, 0x6a, 0xa9, 0x26, 0xad, 0x31, 0xf8, 0x22,
    0x4e, 0x39, 0xa4, 0xf6, 0x7f, 0xf2, 0x10, 0x0a
};
/* clang-format on */
const struct tb_reader log_cert_pk = { cert_pk, sizeof cert_pk };
const struct tb_reader log_cert_db = { cert_db, sizeof cert_db };

static const char *const openssl_name[TB_N_BANKS] = { "SHA1", "SHA256", "SHA384", "SHA512" };

static void digest_of(unsigned bank, struct tb_reader in, uint8_t out[TB_DIGEST_MAX])
{
    EVP_MD *md = EVP_MD_fetch(NULL, openssl_name[bank], NULL);

    CHECK(md != NULL);
    CHECK(EVP_Digest(in.left == 0 ? (const void *)"" : in.p, in.left, out, NULL, md, NULL) == 1);
    EVP_MD_free(md);
}

struct log_builder *log_new(void)
{
    struct log_builder *b = calloc(1, sizeof *b);

    CHECK(b != NULL);
    return b;
}

void log_free(struct log_builder *b)
{
    free(b);
}

void log_begin(struct log_builder *b, uint32_t banks)
{
    memset(b, 0, sizeof *b);
    b->banks = banks;
}

void log_begin_sha1(struct log_builder *b)
{
    log_begin(b, LOG_BANK(TB_BANK_SHA1));
    b->sha1_format = true;
}

static uint8_t *keep(struct log_builder *b, const void *p, size_t len)
{
    uint8_t *at = b->arena + b->arena_len;

    CHECK(len <= LOG_BYTES_MAX - b->arena_len);
    if (len != 0)
        memcpy(at, p, len);
    b->arena_len += len;
    return at;
}

static void keep_uint(struct log_builder *b, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        keep(b, &(uint8_t){ (uint8_t)v }, 1);
}

static struct tb_reader kept_from(const struct log_builder *b, size_t start)
{
    return tb_slice(b->arena + start, b->arena_len - start);
}

void log_rehash(struct log_builder *b, struct log_item *item, struct tb_reader hashed)
{
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        if (b->banks & LOG_BANK(bank))
            digest_of(bank, hashed, item->digest[bank]);
}

void log_set_data(struct log_builder *b, struct log_item *item, struct tb_reader data)
{
    item->data = keep(b, data.p, data.left);
    item->data_len = data.left;
}

static struct log_item *append(struct log_builder *b, uint32_t pcr, uint32_t type,
                               struct tb_reader data)
{
    struct log_item *item = &b->item[b->n++];

    CHECK(b->n <= LOG_ITEMS_MAX);
    *item = (struct log_item){ .pcr = pcr, .type = type, .banks = b->banks };
    log_set_data(b, item, data);
    return item;
}

struct log_item *log_event(struct log_builder *b, uint32_t pcr, uint32_t type,
                           struct tb_reader hashed, struct tb_reader data)
{
    struct log_item *item = append(b, pcr, type, data);

    log_rehash(b, item, hashed);
    return item;
}

struct log_item *log_event_data(struct log_builder *b, uint32_t pcr, uint32_t type,
                                struct tb_reader data)
{
    return log_event(b, pcr, type, data, data);
}

struct log_item *log_no_action(struct log_builder *b, uint32_t pcr, struct tb_reader data)
{
    return append(b, pcr, TB_EV_NO_ACTION, data);
}

struct log_item *log_locality(struct log_builder *b, uint8_t locality)
{
    uint8_t data[17] = "StartupLocality";

    data[16] = locality;
    b->locality = locality;
    return log_no_action(b, 0, tb_slice(data, sizeof data));
}

struct log_item *log_hcrtm(struct log_builder *b)
{
    b->locality = 4;
    return log_event(b, 0, TB_EV_EFI_HCRTM_EVENT, log_text("what the H-CRTM hashed"),
                     log_text("HCRTM"));
}

struct log_item *log_separator(struct log_builder *b, uint32_t pcr)
{
    return log_event_data(b, pcr, TB_EV_SEPARATOR, tb_slice("\0\0\0\0", 4));
}

struct tb_reader log_text(const char *s)
{
    return tb_slice(s, strlen(s));
}

struct log_item *log_action(struct log_builder *b, uint32_t pcr, const char *text)
{
    return log_event_data(b, pcr, TB_EV_EFI_ACTION, log_text(text));
}

struct tb_reader log_uefi_variable(struct log_builder *b, const uint8_t guid[16], const char *name,
                                   struct tb_reader data)
{
    size_t start = b->arena_len;

    keep(b, guid, 16);
    keep_uint(b, strlen(name), 8);
    keep_uint(b, data.left, 8);
    for (const char *c = name; *c != '\0'; c++)
        keep_uint(b, (uint8_t)*c, 2);
    keep(b, data.p, data.left);
    return kept_from(b, start);
}

struct log_item *log_variable(struct log_builder *b, uint32_t pcr, uint32_t type,
                              const uint8_t guid[16], const char *name, struct tb_reader data)
{
    return log_event_data(b, pcr, type, log_uefi_variable(b, guid, name, data));
}

struct tb_reader log_signature_data(struct log_builder *b, struct tb_reader data)
{
    size_t start = b->arena_len;

    keep(b, owner, sizeof owner);
    keep(b, data.p, data.left);
    return kept_from(b, start);
}

struct tb_reader log_signature_list(struct log_builder *b, const uint8_t type[16],
                                    struct tb_reader signature_data)
{
    size_t start = b->arena_len;

    keep(b, type, 16);
    keep_uint(b, 28 + 16 + signature_data.left, 4);
    keep_uint(b, 0, 4);
    keep_uint(b, 16 + signature_data.left, 4);
    keep(b, owner, sizeof owner);
    keep(b, signature_data.p, signature_data.left);
    return kept_from(b, start);
}

struct log_item *log_application(struct log_builder *b, const char *image, const char *path)
{
    size_t start = b->arena_len, path_len = 2 * strlen(path) + 2;

    keep_uint(b, 0x1d042018, 8); /* ImageLocationInMemory */
    keep_uint(b, 86688, 8);
    keep_uint(b, 0, 8);
    keep_uint(b, 4 + path_len + 4, 8); /* LengthOfDevicePath */
    keep_uint(b, 0x0404, 2);           /* media, file path */
    keep_uint(b, 4 + path_len, 2);
    for (const char *c = path; *c != '\0'; c++)
        keep_uint(b, (uint8_t)*c, 2);
    keep_uint(b, 0, 2);
    keep_uint(b, 0x0004ff7f, 4); /* end of the device path */
    return log_event(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, log_text(image),
                     kept_from(b, start));
}

static void good_secure_boot(struct log_builder *b)
{
    const uint32_t type = TB_EV_EFI_VARIABLE_DRIVER_CONFIG;
    uint8_t hash[TB_DIGEST_MAX];

    digest_of(TB_BANK_SHA256, log_text("a revoked image"), hash);
    log_variable(b, 7, type, log_guid_global, "SecureBoot", tb_slice("\1", 1));
    log_variable(b, 7, type, log_guid_global, "PK",
                 log_signature_list(b, log_guid_cert_x509, log_cert_pk));
    log_variable(b, 7, type, log_guid_global, "KEK",
                 log_signature_list(b, log_guid_cert_x509, log_cert_pk));
    log_variable(b, 7, type, log_guid_image_db, "db",
                 log_signature_list(b, log_guid_cert_x509, log_cert_db));
    log_variable(b, 7, type, log_guid_image_db, "dbx",
                 log_signature_list(b, log_guid_cert_sha256, tb_slice(hash, 32)));
    log_separator(b, 7);
}

static void good_events(struct log_builder *b)
{
    uint8_t blob[16] = { 0, 0, 0x82, 0, 0, 0, 0, 0, 0, 0, 0x0e, 0, 0, 0, 0, 0 };

    log_event_data(b, 0, TB_EV_S_CRTM_VERSION, tb_slice("1\0.\0007\0\0\0", 8));
    log_event(b, 0, TB_EV_EFI_PLATFORM_FIRMWARE_BLOB, log_text("PEI volume"), tb_slice(blob, 16));
    good_secure_boot(b);
    log_event_data(b, 1, TB_EV_EFI_VARIABLE_BOOT,
                   log_uefi_variable(b, log_guid_global, "BootOrder", tb_slice("\1\0", 2)));
    log_action(b, 4, "Calling EFI Application from Boot Option");
    for (uint32_t pcr = 0; pcr < 7; pcr++)
        log_separator(b, pcr);
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_image_db, "db",
                 log_signature_data(b, log_cert_db));
    log_application(b, "the boot loader", "\\EFI\\BOOT\\BOOTX64.EFI");
    log_event(b, 8, TB_EV_IPL, log_text("/vmlinuz root=/dev/vda1 ro quiet"),
              tb_slice("kernel_cmdline: /vmlinuz root=/dev/vda1 ro quiet", 49));
    log_event(b, 9, TB_EV_IPL, log_text("the initrd"), tb_slice("initrd initrd", 14));
    log_action(b, 5, "Exit Boot Services Invocation");
    log_action(b, 5, "Exit Boot Services Returned with Success");
}

void log_good_boot(struct log_builder *b, uint32_t banks)
{
    log_begin(b, banks);
    good_events(b);
}

void log_good_boot_sha1(struct log_builder *b)
{
    log_begin_sha1(b);
    good_events(b);
}

struct log_item *log_find(struct log_builder *b, uint32_t pcr, uint32_t type, size_t nth)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->item[i].pcr == pcr && b->item[i].type == type && nth-- == 0)
            return &b->item[i];
    CHECK(false); /* no such event */
    return NULL;
}

static bool has_name(const struct log_item *item, const char *name)
{
    size_t n = strlen(name);

    if (item->data_len < 32 + 2 * n || item->data[16] != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (item->data[32 + 2 * i] != (uint8_t)name[i])
            return false;
    return true;
}

struct log_item *log_find_variable(struct log_builder *b, uint32_t type, const char *name)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->item[i].pcr == 7 && b->item[i].type == type && has_name(&b->item[i], name))
            return &b->item[i];
    CHECK(false); /* no such variable */
    return NULL;
}

static size_t index_of(const struct log_builder *b, const struct log_item *item)
{
    size_t i = (size_t)(item - b->item);

    CHECK(i < b->n);
    return i;
}

void log_remove(struct log_builder *b, struct log_item *item)
{
    size_t i = index_of(b, item);

    memmove(item, item + 1, (b->n - i - 1) * sizeof *item);
    b->n--;
}

static void move(struct log_builder *b, size_t from, size_t to)
{
    struct log_item moved = b->item[from];

    log_remove(b, &b->item[from]);
    if (from < to)
        to--;
    memmove(&b->item[to + 1], &b->item[to], (b->n - to) * sizeof moved);
    b->item[to] = moved;
    b->n++;
}

void log_move_before(struct log_builder *b, struct log_item *item, struct log_item *other)
{
    move(b, index_of(b, item), index_of(b, other));
}

void log_move_after(struct log_builder *b, struct log_item *item, struct log_item *other)
{
    move(b, index_of(b, item), index_of(b, other) + 1);
}

static void put(struct log_builder *b, const void *p, size_t len)
{
    CHECK(len <= LOG_BYTES_MAX - b->len);
    if (len != 0)
        memcpy(b->bytes + b->len, p, len);
    b->len += len;
}

static void put_uint(struct log_builder *b, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        put(b, &(uint8_t){ (uint8_t)v }, 1);
}

static uint32_t count_bits(uint32_t v)
{
    return (uint32_t)__builtin_popcount(v);
}

/* PFP 1.06, 10.4.5.1 */
static void put_spec_id(struct log_builder *b)
{
    uint8_t zero[20] = { 0 };

    put_uint(b, 0, 4);
    put_uint(b, TB_EV_NO_ACTION, 4);
    put(b, zero, sizeof zero);
    put_uint(b, 16 + 4 + 4 + 4 + 4 * count_bits(b->banks) + 1, 4);
    put(b, "Spec ID Event03", 16);
    put_uint(b, 0, 4);                      /* platform class: client */
    put(b, (uint8_t[]){ 0, 2, 105, 2 }, 4); /* minor, major, errata, uintn */
    put_uint(b, count_bits(b->banks), 4);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        if (b->banks & LOG_BANK(bank)) {
            put_uint(b, tb_bank_alg((enum tb_bank)bank), 2);
            put_uint(b, tb_bank_digest_len((enum tb_bank)bank), 2);
        }
    put_uint(b, 0, 1); /* no vendor information */
}

static void put_item(struct log_builder *b, struct log_item *item)
{
    item->offset = b->len;
    put_uint(b, item->pcr, 4);
    put_uint(b, item->type, 4);
    if (b->sha1_format) {
        put(b, item->digest[TB_BANK_SHA1], 20);
    } else {
        put_uint(b, count_bits(item->banks), 4);
        for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
            if (item->banks & LOG_BANK(bank)) {
                put_uint(b, tb_bank_alg((enum tb_bank)bank), 2);
                put(b, item->digest[bank], tb_bank_digest_len((enum tb_bank)bank));
            }
    }
    put_uint(b, item->data_len, 4);
    put(b, item->data, item->data_len);
    item->end = b->len;
}

static void extend_all(struct log_builder *b, const struct log_item *item)
{
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) {
        size_t len = tb_bank_digest_len((enum tb_bank)bank);
        uint8_t both[2 * TB_DIGEST_MAX];

        if ((b->banks & item->banks & LOG_BANK(bank)) == 0)
            continue;
        memcpy(both, b->pcrs.value[bank][item->pcr], len);
        memcpy(both + len, item->digest[bank], len);
        digest_of(bank, tb_slice(both, 2 * len), b->pcrs.value[bank][item->pcr]);
    }
}

static void start_pcrs(struct log_builder *b)
{
    memset(&b->pcrs, 0, sizeof b->pcrs);
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) {
        if ((b->banks & LOG_BANK(bank)) == 0)
            continue;
        b->pcrs.mask[bank] = TB_PCR_MASK;
        for (unsigned pcr = 17; pcr <= 22; pcr++)
            memset(b->pcrs.value[bank][pcr], 0xff, tb_bank_digest_len((enum tb_bank)bank));
        b->pcrs.value[bank][0][tb_bank_digest_len((enum tb_bank)bank) - 1] = b->locality;
    }
}

void log_finish(struct log_builder *b)
{
    b->len = 0;
    if (!b->sha1_format)
        put_spec_id(b);
    b->header_len = b->len;
    start_pcrs(b);
    for (size_t i = 0; i < b->n; i++) {
        put_item(b, &b->item[i]);
        if (b->item[i].type != TB_EV_NO_ACTION && b->item[i].pcr < TB_N_PCRS)
            extend_all(b, &b->item[i]);
    }
}

struct tb_reader log_slice(const struct log_builder *b)
{
    return tb_slice(b->bytes, b->len);
}

uint8_t *log_read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = NULL;
    long size;

    if (f == NULL)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        p = malloc((size_t)size + 1);
        if (p != NULL && fread(p, 1, (size_t)size, f) == (size_t)size) {
            *len = (size_t)size;
        } else {
            free(p);
            p = NULL;
        }
    }
    fclose(f);
    return p;
}
