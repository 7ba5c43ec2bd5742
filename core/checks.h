/* core/checks.h - what an appraisal asks, in the order in which it is asked.
 *
 * X(id, group, code, severity, title, cause, next). The code is stored, shown and documented: never
 * renamed, never reused. The order is the order of the headline: the first failed check leads,
 * because later ones mean nothing before it holds. The severity is the default of the built-in
 * policy; a policy file may change it.
 *
 * This is the only place where these texts stand; API, page, CLI, log and docs all take them from
 * here. They never contain a string that a host sent. */
#ifndef TB_CORE_CHECKS_H
#define TB_CORE_CHECKS_H

/* clang-format off */
#define TB_CHECKS(X) \
  /* 1 evidence */ \
  X(EVIDENCE_FORMAT, EVIDENCE, "evidence.format", REQUIRED, \
    "the evidence is not well formed", \
    "the agent and the Verifier are of different versions, or the message was altered on the host", \
    "compare the versions of agent and server; then look at the host") \
  X(EVIDENCE_LIMITS, EVIDENCE, "evidence.limits", REQUIRED, \
    "the evidence exceeds a limit", \
    "an event log larger than any real firmware writes, or an attempt to exhaust the Verifier", \
    "look at the size of the host's event log; the limits are in docs/limits.md") \
  X(EVIDENCE_COMPLETE, EVIDENCE, "evidence.complete", REQUIRED, \
    "a part of the evidence is missing", \
    "the agent could not read the event log or the PCRs, or left them out; or Secure Boot is off and GRUB started the kernel past its EFI stub, so that the kernel has no log", \
    "run `trueboot-agent status` on the host and read what it cannot reach; if the kernel offers no event log, see whether Secure Boot is on") \
  /* 2 identity */ \
  X(IDENTITY_ENROLLED, IDENTITY, "identity.enrolled", REQUIRED, \
    "the host is not enrolled and active", \
    "the enrolment was refused, is waiting for approval, or was removed", \
    "approve the host, or enrol it again") \
  X(IDENTITY_AK, IDENTITY, "identity.ak-template", REQUIRED, \
    "the attestation key is not the restricted signing key that it must be", \
    "the key was made by other software or with other attributes; such a key could sign anything", \
    "enrol the host again with the agent of this project") \
  X(IDENTITY_EK_KEY, IDENTITY, "identity.ek-key", REQUIRED, \
    "the endorsement key is not the key in its certificate, or not of a known template", \
    "a certificate of another TPM was presented, or the TPM uses an unusual template", \
    "do not approve the host before its TPM's maker and model are known") \
  X(IDENTITY_EK_CERT, IDENTITY, "identity.ek-certificate", REQUIRED, \
    "the endorsement certificate does not lead to a trusted root", \
    "the TPM vendor's root or intermediate is not installed, or the TPM is not genuine", \
    "install the vendor's root after checking it, or approve this TPM by its key digest") \
  X(IDENTITY_EK_EXPIRED, IDENTITY, "identity.ek-expired", REQUIRED, \
    "the endorsement certificate, or one above it, is outside its validity", \
    "many a TPM outlives its certificate; or the Verifier's clock is wrong", \
    "compare the dates; then approve the host, or make this check advisory in the policy") \
  X(IDENTITY_ROCA, IDENTITY, "identity.roca", REQUIRED, \
    "an RSA key of the TPM has the structure of the ROCA weakness", \
    "the TPM made it with the faulty library of CVE-2017-15361, so the private key can be computed from the public one", \
    "update the TPM's firmware and clear the TPM, then use `trueboot host replace-tpm`; ECC keys are not affected") \
  X(IDENTITY_TPM_CLASS, IDENTITY, "identity.tpm-class", REQUIRED, \
    "the TPM is not of a class that the policy allows", \
    "the host has a firmware, virtual or software TPM where another is asked for, or no certificate proves what it has", \
    "move the work to a host with such a TPM, or allow the class in the policy") \
  X(IDENTITY_TPM_ADVISORY, IDENTITY, "identity.tpm-advisory", ADVISORY, \
    "an advisory of the policy names this TPM's vendor and firmware version", \
    "the TPM's firmware has a known weakness", \
    "update the TPM's firmware as its maker's advisory says") \
  X(IDENTITY_ACTIVATION, IDENTITY, "identity.activation", REQUIRED, \
    "the host could not prove that its attestation key lives in the TPM of its endorsement key", \
    "the attestation key is in software or in another TPM", \
    "treat the enrolment as hostile until the host has been looked at") \
  X(IDENTITY_DUPLICATE, IDENTITY, "identity.duplicate", REQUIRED, \
    "this TPM or host name is already enrolled", \
    "a TPM or main board was replaced, a disk was cloned, or somebody claims another host's name", \
    "if the hardware was replaced, use `trueboot host replace-tpm`; otherwise look into it") \
  X(IDENTITY_PLATFORM, IDENTITY, "identity.platform", ADVISORY, \
    "the host tells another serial number than when it was enrolled, or another TPM maker than is known of it", \
    "the TPM or the disk was moved to another machine, the main board was replaced, another machine shows this TPM's evidence, or the agent lies about its TPM", \
    "look at the machine; if its hardware was replaced, use `trueboot host replace-tpm`") \
  /* 3 quote */ \
  X(QUOTE_STRUCTURE, QUOTE, "quote.structure", REQUIRED, \
    "the quote is not a well-formed TPM attestation structure", \
    "the message was altered, or was not made by a TPM 2.0", \
    "look at the host; a TPM does not produce this") \
  X(QUOTE_MAGIC, QUOTE, "quote.magic", REQUIRED, \
    "the signed data was not generated by the TPM", \
    "data made outside of the TPM was signed with the attestation key", \
    "treat the host as compromised") \
  X(QUOTE_TYPE, QUOTE, "quote.type", REQUIRED, \
    "the TPM signed something other than a quote", \
    "another attestation structure of the same key was presented as a quote", \
    "treat the host as compromised") \
  X(QUOTE_SCHEME, QUOTE, "quote.scheme", REQUIRED, \
    "the signature's scheme is not the enrolled key's scheme", \
    "a signature with a weaker or other algorithm was presented", \
    "treat the host as compromised") \
  X(QUOTE_SIGNATURE, QUOTE, "quote.signature", REQUIRED, \
    "the enrolled attestation key did not sign this quote", \
    "the TPM was replaced or cleared, or the quote comes from another machine", \
    "if the TPM was replaced or cleared, use `trueboot host replace-tpm`; otherwise look into it") \
  X(QUOTE_BINDING, QUOTE, "quote.binding", REQUIRED, \
    "the quote does not answer this challenge", \
    "an old quote was replayed, carried to another session or host, or the evidence sent with it was exchanged", \
    "attest again; if it happens again, treat the host as compromised") \
  X(QUOTE_CLOCK, QUOTE, "quote.clock", REQUIRED, \
    "the TPM's clock or reset counter went backwards", \
    "the quote was made before the last accepted one, or the TPM was cleared", \
    "if the TPM was cleared, enrol the host again; otherwise look into it") \
  X(QUOTE_RESET, QUOTE, "quote.reset", REQUIRED, \
    "the TPM was reset without a reboot of the host", \
    "the TPM was power-cycled or reset on the bus while the operating system kept running, which lets an attacker choose PCR values", \
    "treat the host as compromised until the cause is known") \
  X(QUOTE_KEXEC, QUOTE, "quote.kexec", REQUIRED, \
    "another kernel was started without a reset of the TPM", \
    "kexec, for a fast reboot or by an attacker: the measurements are of the kernel before it", \
    "reboot through the firmware; where fast reboots by kexec are wanted, lower this check in the policy") \
  X(QUOTE_CLOCK_SAFE, QUOTE, "quote.clock-safe", INFORM, \
    "the TPM cannot vouch that its clock never went backwards", \
    "the TPM lost power without an orderly shutdown", \
    "nothing, if the host lost power") \
  X(QUOTE_RESTART, QUOTE, "quote.restart", INFORM, \
    "the host resumed from sleep since the last attestation", \
    "suspend and resume", \
    "nothing, if this host is allowed to sleep") \
  X(QUOTE_FIRMWARE, QUOTE, "quote.firmware-version", ADVISORY, \
    "the TPM's own firmware version changed", \
    "the TPM's firmware was updated", \
    "if the update was planned, accept it; otherwise look into it") \
  /* 4 pcrs */ \
  X(PCR_SELECTION, PCRS, "pcr.selection", REQUIRED, \
    "a PCR or bank that was asked for is not in the quote", \
    "the agent asked the TPM for something else than the challenge said", \
    "look at the host: the agent of this project does not do this") \
  X(PCR_VALUES, PCRS, "pcr.values", REQUIRED, \
    "the PCR values sent do not hash to the quoted digest", \
    "a PCR was extended between reading and quoting, or the values were altered", \
    "attest again; if it happens again, look at the host") \
  X(PCR_BANK_WEAK, PCRS, "pcr.bank-weak", REQUIRED, \
    "no bank of sufficient strength is quoted", \
    "only the SHA-1 bank is active on this TPM", \
    "activate the SHA-256 bank in the firmware's setup") \
  X(PCR_BANK_UNUSED, PCRS, "pcr.bank-unused", REQUIRED, \
    "a quoted bank was never extended by the firmware", \
    "the firmware does not measure into this active bank, so anybody on the host could write any history into it", \
    "deactivate the bank in the firmware's setup, or update the firmware") \
  X(PCR_BANK_GONE, PCRS, "pcr.bank-gone", REQUIRED, \
    "a bank that was quoted before is missing", \
    "the bank was deactivated in the firmware's setup, or the host hides it", \
    "if the change was planned, accept it with `trueboot host accept-firmware`; otherwise look into it") \
  X(PCR_BANK_UNQUOTED, PCRS, "pcr.bank-unquoted", INFORM, \
    "an active bank is not covered by the quote", \
    "the event log names a bank that was not quoted", \
    "add the bank to the policy's selection") \
  /* 5 event log */ \
  X(LOG_FORMAT, LOG, "log.format", REQUIRED, \
    "the event log is not well formed", \
    "the log was altered or cut, or the firmware wrote it wrongly", \
    "read the log with `trueboot log show`; the offset of the fault is in the finding") \
  X(LOG_HEADER, LOG, "log.header", REQUIRED, \
    "the event log's header is missing, repeated, or contradicts the events", \
    "the log was altered or is not a TPM's log", \
    "read the log with `trueboot log show`") \
  X(LOG_LOCALITY, LOG, "log.locality", REQUIRED, \
    "the event log's startup locality is misplaced, repeated or impossible", \
    "the log was altered", \
    "read the log with `trueboot log show`") \
  X(LOG_LOST, LOG, "log.lost", REQUIRED, \
    "events were lost because the firmware had no room for them", \
    "the boot measured more than the firmware's log holds", \
    "install fewer packages, or update the firmware") \
  X(LOG_REPLAY, LOG, "log.replay", REQUIRED, \
    "the event log does not replay to the quoted PCR values", \
    "the log was edited after the boot, or events were lost", \
    "see what changed since the last trusted boot with `trueboot host diff HOST`; reboot and attest again; if it happens again, treat the host as compromised") \
  X(LOG_UNEXPLAINED, LOG, "log.unexplained", REQUIRED, \
    "a quoted PCR has a value that no event explains", \
    "events were removed from the log, or software extended the PCR without a log", \
    "find out which software extends this PCR") \
  X(LOG_USER_SPACE, LOG, "log.user-space", INFORM, \
    "a PCR that the operating system uses (10 to 22) has a value that the log does not explain", \
    "software extended it after the boot: IMA, systemd and others do, in logs of their own", \
    "nothing; make this check required in the policy if no software of yours extends these PCRs") \
  X(LOG_SEPARATOR, LOG, "log.separator", REQUIRED, \
    "the separator that ends the firmware's measurements is missing, repeated or late", \
    "the log was altered, or events were added after the boot", \
    "read the log with `trueboot log show`") \
  X(LOG_SEPARATOR_OTHER, LOG, "log.separator-other", INFORM, \
    "a separator of PCR 0 to 6 is missing, repeated or of an unusual value", \
    "some firmware leaves separators out or writes them twice; only PCR 7's decides about Secure Boot", \
    "nothing, if this firmware is known to do so") \
  X(LOG_FIRMWARE_ERROR, LOG, "log.firmware-error", REQUIRED, \
    "the firmware recorded an error during the boot", \
    "a separator with the error value was measured", \
    "read the firmware's own event log, then reboot") \
  X(LOG_NO_ACTION, LOG, "log.no-action", INFORM, \
    "an event that is not measured carries a digest", \
    "some firmware writes one; it has no meaning", \
    "nothing") \
  /* 6 Secure Boot */ \
  X(SB_UNEXPLAINED, SECURE_BOOT, "secureboot.unexplained", REQUIRED, \
    "PCR 7 measures something that the log does not explain", \
    "an event's type or data was altered on the host, or the firmware measures something unknown", \
    "read the log with `trueboot log show`; treat the host as compromised if its maker cannot explain it") \
  X(SB_MISSING, SECURE_BOOT, "secureboot.missing", REQUIRED, \
    "the firmware did not measure whether Secure Boot was on", \
    "the firmware does not support Secure Boot, boots in legacy mode, or the log was altered", \
    "boot in UEFI mode with Secure Boot on") \
  X(SB_DUPLICATE, SECURE_BOOT, "secureboot.duplicate", REQUIRED, \
    "a Secure Boot variable is measured more than once", \
    "events were added to the log and to PCR 7 after the firmware's own", \
    "treat the host as compromised") \
  X(SB_EMPTY, SECURE_BOOT, "secureboot.empty", REQUIRED, \
    "the SecureBoot variable is present but empty", \
    "Secure Boot is not set up on this machine", \
    "turn Secure Boot on in the firmware's setup") \
  X(SB_VALUE, SECURE_BOOT, "secureboot.value", REQUIRED, \
    "the SecureBoot variable has an impossible value or place", \
    "the firmware is faulty, or the log was altered", \
    "read the log with `trueboot log show`") \
  X(SB_OFF, SECURE_BOOT, "secureboot.off", REQUIRED, \
    "Secure Boot was off", \
    "somebody turned it off in the firmware's setup", \
    "turn Secure Boot on in the firmware's setup and reboot") \
  X(SB_SETUP_MODE, SECURE_BOOT, "secureboot.setup-mode", REQUIRED, \
    "the firmware was in setup mode", \
    "no platform key is enrolled, so anybody can change the Secure Boot keys", \
    "enrol the keys (restore the factory keys in the firmware's setup) and reboot") \
  X(SB_AUDIT_MODE, SECURE_BOOT, "secureboot.audit-mode", REQUIRED, \
    "the firmware was in audit mode", \
    "audit mode runs images whatever their signature", \
    "leave audit mode in the firmware's setup and reboot") \
  X(SB_CONTRADICTION, SECURE_BOOT, "secureboot.contradiction", REQUIRED, \
    "the Secure Boot variables contradict each other", \
    "the log was altered, or the firmware is faulty", \
    "treat the host as compromised until the firmware is known to do this") \
  X(SB_AUTHORITY, SECURE_BOOT, "secureboot.authority", REQUIRED, \
    "nothing proves that a Secure Boot authority vouched for the boot programs", \
    "the log names no program, or no certificate of the firmware's own list that verified one", \
    "find out what the firmware loaded: `trueboot log show`") \
  X(SB_SHIM, SECURE_BOOT, "secureboot.shim-validation", REQUIRED, \
    "shim was told not to verify what it starts", \
    "validation was switched off with `mokutil --disable-validation`, or the log was altered", \
    "switch it on again with `mokutil --enable-validation` and reboot; find out who switched it off") \
  X(SB_KEYS, SECURE_BOOT, "secureboot.keys", REQUIRED, \
    "a Secure Boot key is not one that the policy allows", \
    "other keys were enrolled in the firmware", \
    "compare the keys with the policy; restore them or allow them") \
  X(SB_MOK, SECURE_BOOT, "secureboot.mok", INFORM, \
    "shim trusts a machine owner's key", \
    "somebody enrolled a key with mokutil, as DKMS does for modules built on the host; what it signs starts like the distribution's own", \
    "nothing, if the key is yours; `mokutil --list-enrolled` shows it; \"mok\": \"forbid\" in the policy refuses such keys") \
  X(SB_SBAT, SECURE_BOOT, "secureboot.sbat", REQUIRED, \
    "shim does not enforce the SBAT level that the policy requires", \
    "the level was never raised or was reset, shim is too old, or the host boots without shim; loaders with known holes can be started", \
    "update shim, then raise the level (`mokutil --set-sbat-policy latest`, or the distribution's update) and reboot; where PCR 4 is named, list your shims' digests in \"programs\" of the policy") \
  X(SB_DBX, SECURE_BOOT, "secureboot.dbx", REQUIRED, \
    "the firmware's list of revoked programs lacks entries that the policy requires", \
    "dbx was not updated, or it was reset to the factory's", \
    "update dbx (`fwupdmgr update`, or the vendor's update) and reboot") \
  X(SB_TEST_KEY, SECURE_BOOT, "secureboot.test-key", ADVISORY, \
    "a Secure Boot key is a published test key", \
    "the maker shipped the firmware with a key that was never meant for it; its private half is known", \
    "update the firmware, or enrol keys of your own") \
  X(SB_DEBUG, SECURE_BOOT, "secureboot.debug-mode", REQUIRED, \
    "the firmware was in debug mode", \
    "a debugger could control the machine below Secure Boot", \
    "turn debug mode off in the firmware's setup") \
  X(SB_DMA, SECURE_BOOT, "secureboot.dma-protection", ADVISORY, \
    "protection against DMA was off before the operating system started", \
    "the option is off in the firmware's setup", \
    "turn DMA protection on in the firmware's setup") \
  /* 7 loader and kernel */ \
  X(LOADER_ALLOWED, LOADER, "loader.allowed", REQUIRED, \
    "a program that the firmware started is not one that the policy allows", \
    "another boot loader or kernel was installed", \
    "compare the program's digest with the policy") \
  X(LOADER_REVOKED, LOADER, "loader.revoked", REQUIRED, \
    "a program was started, or a certificate vouched for one, that the policy names as revoked", \
    "an old, signed boot program with a known hole was installed, as attackers do to switch Secure Boot off from inside", \
    "treat the host as compromised until it is known who installed the program; then update the boot programs and dbx") \
  X(LOADER_UNCLAIMED, LOADER, "loader.unclaimed", REQUIRED, \
    "the firmware started a program that no signed package claims", \
    "another boot loader, signed with a key that the firmware accepts, was installed in place of ours", \
    "look into who installed the program; install the loader's package again") \
  X(LOADER_DRIVER, LOADER, "loader.driver", ADVISORY, \
    "the firmware ran a driver or an option ROM that nobody vouches for", \
    "an option ROM of a card, or a driver that somebody registered with the firmware", \
    "compare its digest with that of the card's maker; then put it on the policy's list of programs, or make this check required") \
  /* 8 packages */ \
  X(PACKAGE_FORMAT, PACKAGES, "package.format", REQUIRED, \
    "a package is not well formed", \
    "the package was altered or cut, or was built by another version", \
    "build or fetch the package again") \
  X(PACKAGE_SIGNATURE, PACKAGES, "package.signature", REQUIRED, \
    "no trusted signer vouches for a package", \
    "the package was altered, or signed by somebody whose certificate does not lead to a vendor that is trusted", \
    "fetch the package from its vendor; trust the vendor's certificate only after checking it") \
  X(PACKAGE_LEVEL, PACKAGES, "package.level", REQUIRED, \
    "a package is below the acceptance level", \
    "its signer may not vouch for as much as the host asks, or the manifest claims more than the signer may; or it adds to the initrd, or is the loader, and is below the base package's level", \
    "use a package of the level that the host asks") \
  X(PACKAGE_REVOKED, PACKAGES, "package.revoked", REQUIRED, \
    "a package or its signer is revoked", \
    "a hole was found in this version, or the signer's key was lost", \
    "install the version that replaces it") \
  X(PACKAGE_PAYLOAD, PACKAGES, "package.payload", REQUIRED, \
    "a payload is not what the package's manifest says", \
    "the package was altered or damaged after it was signed", \
    "fetch the package again; if it happens again, look into where it comes from") \
  X(PACKAGE_UNCLAIMED, PACKAGES, "package.unclaimed", REQUIRED, \
    "there is something that no signed package claims", \
    "a file was put on the host without a package, or the host did not send the package's metadata", \
    "install it as a signed package, or remove it") \
  X(PACKAGE_ROLLED_BACK, PACKAGES, "package.rolled-back", REQUIRED, \
    "a package is older than it may be", \
    "an old version, with holes that are known, was put back", \
    "install the version that was there before, or a newer one; if the older one is wanted, accept it with `trueboot host accept-rollback`") \
  X(PACKAGE_DUPLICATE, PACKAGES, "package.duplicate", REQUIRED, \
    "a package is there twice", \
    "an old version was left behind, or somebody added a second one", \
    "remove all but one") \
  X(PACKAGE_RELATION, PACKAGES, "package.relation", REQUIRED, \
    "a package needs another one that is not there, or conflicts with one that is", \
    "the packages were not installed with trueboot-pkg, which looks at this first", \
    "install what it needs, or remove what it conflicts with") \
  X(PACKAGE_REQUIRED, PACKAGES, "package.required", REQUIRED, \
    "a package that the policy requires is not there", \
    "it was removed, or never installed", \
    "install the package") \
  /* 9 settings */ \
  X(CMDLINE, SETTINGS, "settings.cmdline", REQUIRED, \
    "the kernel's command line has an option that is forbidden, or lacks one that is required", \
    "somebody edited the boot menu or the boot loader's configuration", \
    "find out who set the option; take it out, or allow it in the policy (\"cmdline\")") \
  X(CMDLINE_WEAK, SETTINGS, "settings.cmdline-weak", ADVISORY, \
    "the kernel's command line takes a protection away", \
    "an option was set to debug the host, or to make it faster", \
    "take the option out, or allow it in the policy (\"cmdline\")") \
  X(CMDLINE_UNPROVED, SETTINGS, "settings.cmdline-unproved", INFORM, \
    "nothing proves which command line the kernel was started with", \
    "the boot loader does not measure it, or the log was altered", \
    "update the boot loader; make this check required where all of yours measure it") \
  X(PCR_PINNED, SETTINGS, "pcr.pinned", REQUIRED, \
    "a PCR does not have the value that the policy pins", \
    "what this PCR measures has changed", \
    "if the change was planned, update the policy") \
  X(UNSIGNED_OPTION, SETTINGS, "settings.unsigned-option", REQUIRED, \
    "an option was added to the signed command line", \
    "somebody edited the boot configuration on the host", \
    "find out who added the option; take it out, or allow it in the policy (\"cmdline\")") \
  X(FALLBACK, SETTINGS, "settings.fallback", ADVISORY, \
    "the host fell back to its other boot set", \
    "the set that it was to start is damaged or did not come up", \
    "install the update again; the finding says what was wrong with it") \
  X(RESCUE, SETTINGS, "settings.rescue", REQUIRED, \
    "a rescue shell was opened", \
    "somebody asked for it in the boot configuration", \
    "reboot without it when the repair is done") \
  /* 10 boot completion */ \
  X(BOOT_VERIFIER, COMPLETION, "boot.verifier", REQUIRED, \
    "the Secure Boot Verifier did not pass the installed packages", \
    "a package or a file on the host is not as it was signed; the findings of its packages say which", \
    "repair the package that is named, or fall back to the other boot set") \
  X(BOOT_COMPLETE, COMPLETION, "boot.complete", ADVISORY, \
    "the boot did not come to its end", \
    "the host attested before its workloads were started, or could not start them", \
    "wait for the next attestation; then look at the host's console") \
  X(BOOT_END, COMPLETION, "boot.end", INFORM, \
    "the log does not show the firmware handing over to the operating system", \
    "the firmware does not record it, or the log was read too early", \
    "nothing, if the firmware is known to leave it out") \
  /* 11 firmware */ \
  X(FIRMWARE_VERSION, FIRMWARE, "firmware.version", REQUIRED, \
    "the firmware's version is not one that the policy allows", \
    "the firmware is older or newer than the versions in the policy, or does not measure its version in a way that can be proved", \
    "update the firmware, or add the version to the policy") \
  X(FIRMWARE_CHANGED, FIRMWARE, "firmware.changed", ADVISORY, \
    "the firmware or its configuration is not what was last accepted", \
    "a firmware update, a changed setting, or other hardware", \
    "if the change was planned, accept it with `trueboot host accept-firmware`; otherwise look into it")

/* Y(id, title): what is said where it could not be told whether a check holds, and "could not be
 * told whether" before its title would not do: the title is a question of its own, or says so. */
#define TB_CHECKS_UNTOLD(Y) \
  Y(LOG_SEPARATOR, \
    "could not be told whether the separator that ends the firmware's measurements is in its place") \
  Y(SB_MISSING, \
    "could not be told whether Secure Boot was on") \
  Y(SB_AUTHORITY, \
    "nothing proves that a Secure Boot authority vouched for the boot programs") \
  Y(CMDLINE_UNPROVED, \
    "nothing proves which command line the kernel was started with") \
  Y(BOOT_END, \
    "could not be told whether the firmware handed over to the operating system")
/* clang-format on */

#endif
