/* loader/efi_sbat.c - the generation of this loader, for whoever revokes by generations (shim's
 * SBAT.md). The second line's number grows when an older loader must not be started any more. */
static const char sbat[] __attribute__((section(".sbat"), used, aligned(4096))) =
    "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"
    "trueboot,1,Trueboot,trueboot," TB_VERSION ",docs/boot-chain.md\n";
