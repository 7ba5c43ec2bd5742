#include "core/tpm_class.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/reason.h"

#define ID(a, b, c, d)                                                                             \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct {
    const char *name;
    const char *limit;
} classes[TB_N_TPM_CLASSES] = {
    [TB_TPM_UNKNOWN] = { "unknown",
                         "Nothing that is believed says what kind of TPM this is; it may be a "
                         "program whose keys can be copied. What it signs proves no more than that "
                         "the same keys signed before." },
    [TB_TPM_DISCRETE] = { "discrete",
                          "A device between this TPM and the main board (a bus interposer) can "
                          "reset the TPM and replay the measurements of a good boot; no Verifier "
                          "can see that. Guard physical access to the machine." },
    [TB_TPM_FIRMWARE] = { "firmware",
                          "This TPM is a program of the processor's firmware: who breaks that "
                          "firmware has the TPM's keys and can sign anything; no Verifier can see "
                          "that. Keep the machine's firmware at its maker's newest version." },
    [TB_TPM_VIRTUAL] = { "virtual",
                         "This TPM belongs to the hypervisor, and so do its keys and PCR values: "
                         "who controls the hypervisor controls what it says; no Verifier can see "
                         "that. Attest the machine below, too." },
    [TB_TPM_SOFTWARE] = { "software",
                          "This TPM is an emulator: its keys are in files that whoever runs it "
                          "can read, copy and use for another machine; no Verifier can see that. "
                          "It proves nothing against who runs it." },
};

const char *tb_tpm_class_name(enum tb_tpm_class c)
{
    return classes[c].name;
}

bool tb_tpm_class_of_name(const char *name, enum tb_tpm_class *out)
{
    for (unsigned c = 0; c < TB_N_TPM_CLASSES; c++)
        if (strcmp(classes[c].name, name) == 0) {
            *out = (enum tb_tpm_class)c;
            return true;
        }
    return false;
}

/* Ids that are not here belong to makers of discrete chips. */
static const struct {
    uint32_t id;
    enum tb_tpm_class tpm_class;
} makers[] = {
    { ID(0, 0, 0x10, 0x14), TB_TPM_SOFTWARE },   /* IBM's number: swtpm's certificates */
    { ID('I', 'B', 'M', 0), TB_TPM_SOFTWARE },   /* libtpms, and IBM's reference code */
    { ID('S', 'I', 'M', '0'), TB_TPM_SOFTWARE }, /* simulators */
    { ID('S', 'I', 'M', '1'), TB_TPM_SOFTWARE }, { ID('S', 'I', 'M', '2'), TB_TPM_SOFTWARE },
    { ID('X', 'C', 'G', 0), TB_TPM_SOFTWARE },  /* the TCG's reference code */
    { ID('M', 'S', 'F', 'T'), TB_TPM_UNKNOWN }, /* Hyper-V and Azure, or Pluton in a processor */
    { ID('G', 'O', 'O', 'G'), TB_TPM_VIRTUAL }, /* Shielded VM */
    { ID('V', 'M', 'W', 0), TB_TPM_VIRTUAL },    { ID('V', 'M', 'W', 'A'), TB_TPM_VIRTUAL },
    { ID('A', 'M', 'Z', 'N'), TB_TPM_VIRTUAL },  /* NitroTPM */
    { ID('I', 'N', 'T', 'C'), TB_TPM_FIRMWARE }, /* PTT */
    { ID('A', 'M', 'D', 0), TB_TPM_FIRMWARE },   /* fTPM */
    { ID('Q', 'C', 'O', 'M'), TB_TPM_FIRMWARE },
};

enum tb_tpm_class tb_tpm_class_of_vendor(uint32_t vendor)
{
    if (vendor == 0)
        return TB_TPM_UNKNOWN;
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
        if (makers[i].id == vendor)
            return makers[i].tpm_class;
    return TB_TPM_DISCRETE;
}

uint32_t tb_tpm_maker(uint32_t vendor)
{
    return vendor == ID(0, 0, 0x10, 0x14) ? ID('I', 'B', 'M', 0) : vendor;
}

enum tb_tpm_class tb_tpm_class_to_rely_on(enum tb_tpm_class told, bool proved)
{
    return proved || told == TB_TPM_SOFTWARE || told == TB_TPM_VIRTUAL ? told : TB_TPM_UNKNOWN;
}

const char *tb_tpm_class_limit(enum tb_tpm_class c)
{
    return classes[c].limit;
}

/* ---- ids as text ---- */

/* Eight hex digits, all of them. */
static uint32_t of_hex(const char *p)
{
    uint32_t id = 0;

    for (int i = 0; i < 8; i++) {
        int digit = tb_hex_digit_any_case(p[i]);

        if (digit < 0)
            return 0;
        id = id << 4 | (uint32_t)digit;
    }
    return p[8] == '\0' ? id : 0;
}

static uint32_t of_letters(const char *p)
{
    size_t n = strlen(p);
    uint32_t id = 0;

    if (n > 4)
        return 0;
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = i < n ? (uint8_t)p[i] : 0;

        if (c != 0 && (c < ' ' || c > '~'))
            return 0;
        id = id << 8 | c;
    }
    return id;
}

void tb_tpm_vendor_text(uint32_t vendor, char out[TB_TPM_VENDOR_TEXT_LEN])
{
    uint32_t maker = tb_tpm_maker(vendor);

    (void)snprintf(out, TB_TPM_VENDOR_TEXT_LEN, "%c%c%c%c", (char)(maker >> 24),
                   (char)(maker >> 16), (char)(maker >> 8), (char)maker);
    if (maker != 0 && of_letters(out) != maker)
        (void)snprintf(out, TB_TPM_VENDOR_TEXT_LEN, "id:%08" PRIX32, maker);
}

uint32_t tb_tpm_vendor_of_text(const char *text)
{
    uint32_t id =
        strncmp(text, "id:", 3) == 0 && strlen(text) > 4 ? of_hex(text + 3) : of_letters(text);

    for (unsigned shift = 0; shift < 32; shift += 8) { /* trailing blanks */
        uint32_t byte = id >> shift & 0xff;

        if (byte != 0 && byte != ' ')
            break;
        id &= ~(UINT32_C(0xff) << shift);
    }
    return id;
}
