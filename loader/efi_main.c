/* loader/efi_main.c - trueboot.efi: from the firmware's start of it to the kernel's. */
#include <stdio.h>
#include <string.h>

#include "crypto/bearssl/small.h"
#include "loader/efi_glue.h"

enum { STOP_WAIT_S = 10, CALIBRATION_US = 2000, MSR_FS_BASE = 0xC0000100 };

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

/* ---- around BearSSL ---- */

/* The library uses the red zone, which an interrupt on this stack would write over, and a canary at
 * offset 40 of the thread's block, which the firmware does not have. */
static struct {
    EFI_BOOT_SERVICES *boot;
    EFI_TPL tpl;
    uint64_t fs_base;
    uint64_t block[8];
} small;

static uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

void tb_small_enter(void)
{
    small.tpl = small.boot->RaiseTPL(TPL_HIGH_LEVEL);
    small.fs_base = read_msr(MSR_FS_BASE);
    write_msr(MSR_FS_BASE, (uint64_t)(UINTN)small.block);
}

void tb_small_leave(void)
{
    write_msr(MSR_FS_BASE, small.fs_base);
    small.boot->RestoreTPL(small.tpl);
}

/* ---- memory, time, console ---- */

void *tb_efi_take(void *ctx, size_t len)
{
    struct tb_efi *efi = ctx;
    EFI_PHYSICAL_ADDRESS at = 0;

    return efi->boot->AllocatePages(AllocateAnyPages, EfiLoaderData, EFI_SIZE_TO_PAGES(len), &at) ==
                   EFI_SUCCESS
               ? (void *)(UINTN)at
               : NULL;
}

void tb_efi_give_back(void *ctx, void *p, size_t len)
{
    struct tb_efi *efi = ctx;

    efi->boot->FreePages((UINTN)p, EFI_SIZE_TO_PAGES(len));
}

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint64_t time_us(void *ctx)
{
    const struct tb_efi *efi = ctx;

    return (ticks() - efi->ticks_at_start) / efi->ticks_per_us;
}

static void start_clock(struct tb_efi *efi)
{
    efi->ticks_at_start = ticks();
    efi->boot->Stall(CALIBRATION_US);
    efi->ticks_per_us = (ticks() - efi->ticks_at_start) / CALIBRATION_US + 1;
}

static void print(struct tb_efi *efi, const char *text)
{
    CHAR16 wide[TB_LOADER_SAY_MAX];
    size_t n = 0;

    for (; text[n] != '\0' && n + 1 < TB_LOADER_SAY_MAX; n++)
        wide[n] = (CHAR16)(unsigned char)text[n];
    wide[n] = 0;
    if (efi->table->ConOut != NULL)
        efi->table->ConOut->OutputString(efi->table->ConOut, wide);
}

static void say(void *efi, const char *line)
{
    print(efi, "trueboot: ");
    print(efi, line);
    print(efi, "\r\n");
}

/* Time to read the console, then off: what does not start must not look as if it did. */
static void stop(struct tb_efi *efi, const char *why)
{
    EFI_EVENT events[2] = { NULL, NULL };
    UINTN which, n = 1;

    print(efi, "trueboot: stopped: ");
    print(efi, why);
    print(efi, "\r\ntrueboot: power off in 10 seconds, or with a key\r\n");
    if (efi->table->ConIn != NULL)
        events[n++] = efi->table->ConIn->WaitForKey;
    if (efi->boot->CreateEvent(EVT_TIMER, 0, NULL, NULL, &events[0]) == EFI_SUCCESS &&
        efi->boot->SetTimer(events[0], TimerRelative, STOP_WAIT_S * UINT64_C(10000000)) ==
            EFI_SUCCESS)
        efi->boot->WaitForEvent(n, events, &which);
    efi->runtime->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
    for (;;)
        efi->boot->Stall(1000000);
}

/* ---- the way ---- */

static struct tb_loader_ops ops = {
    .file_size = tb_efi_file_size,
    .file_read = tb_efi_file_read,
    .list = tb_efi_list,
    .take = tb_efi_take,
    .give_back = tb_efi_give_back,
    .measure = tb_efi_measure,
    .secure_boot = tb_efi_secure_boot,
    .asset_tag = tb_efi_asset_tag,
    .variable_get = tb_efi_variable_get,
    .variable_set = tb_efi_variable_set,
    .say = say,
    .time_us = time_us,
};

/* The vendors' roots, as the verifier wants them and as the records name them. */
static bool take_vendors(struct tb_efi *efi, struct tb_loader *l)
{
    struct tb_vendors *v = tb_vendors_new();
    struct tb_reason why = { .where = "memory" };
    char line[TB_LOADER_SAY_MAX];
    bool ok = v != NULL &&
              tb_vendor_certificates(tb_efi_vendor_section(efi), l->vendor, &l->n_vendors, &why);

    for (size_t i = 0; ok && i < l->n_vendors; i++)
        ok = tb_vendors_add(v, l->vendor[i], "section .vendor", &why);
    if (!ok) {
        snprintf(line, sizeof line, "%s: expected %s, found %s", why.where, why.expected,
                 why.observed);
        say(efi, line);
    }
    l->vendors = v;
    return ok;
}

static void say_times(struct tb_efi *efi, const struct tb_loader *l)
{
    static const char *const names[TB_N_STAGES] = { "read", "hash", "verify", "measure" };
    char line[TB_LOADER_SAY_MAX];
    size_t n = (size_t)snprintf(line, sizeof line, "set %c: %zu early modules; ms:", l->boot.set,
                                l->boot.n_modules + 1);

    for (size_t i = 0; i < TB_N_STAGES; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, " %s %llu,", names[i],
                              (unsigned long long)l->stage_us[i] / 1000);
    snprintf(line + n, sizeof line - n, " total %llu", (unsigned long long)time_us(efi) / 1000);
    say(efi, line);
}

/* NULL never: what stopped it. */
static const char *boot(struct tb_efi *efi, struct tb_loader *l)
{
    const char *no_tpm = tb_efi_find_tpm(efi);

    if (!tb_efi_open_volume(efi))
        return "the volume of the loader cannot be read";
    if (no_tpm != NULL) {
        say(efi, no_tpm);
        ops.measure = NULL;
    }
    l->ops = &ops;
    l->ctx = efi;
    l->hasher = tb_hasher_new();
    if (!take_vendors(efi, l))
        return "the loader carries no certificate of a vendor";
    if (!tb_load(l))
        return "no boot set can be started";
    /* Without Secure Boot the kernel does not look at them. */
    if (!tb_efi_hand_over_vendors(efi, l->vendor, l->n_vendors) && l->enforces)
        return "the vendors' certificates cannot be handed to the kernel";
    if (!l->quiet)
        say_times(efi, l);
    return tb_efi_start(efi, &l->boot);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    static EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    struct tb_efi efi = { .image = image,
                          .table = table,
                          .boot = table->BootServices,
                          .runtime = table->RuntimeServices };
    struct tb_loader *l;

    small.boot = efi.boot;
    start_clock(&efi);
    l = tb_efi_take(&efi, sizeof *l);
    if (l == NULL ||
        efi.boot->HandleProtocol(image, &loaded_image_guid, (VOID **)&efi.self) != EFI_SUCCESS) {
        stop(&efi, "the firmware gives no memory, or does not tell what it started");
    } else {
        memset(l, 0, sizeof *l);
        stop(&efi, boot(&efi, l));
    }
    return EFI_ABORTED;
}
