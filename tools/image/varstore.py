#!/usr/bin/env python3
"""Writes and changes an OVMF variable store, without booting anything.

usage: varstore.py TEMPLATE OUTPUT [--pk CERT --kek CERT --db CERT... [--dbx SHA256]...]
                   [--secure-boot on|off] [--shim-validation on|off] [--left-key CERT]
                   [--boot-entry LABEL=PARTITION-UUID:START:SECTORS:PATH [--boot-options WORDS]]

The layout is EDK2's authenticated variable store (MdeModulePkg VariableFormat.h): a firmware volume
header, a variable store header, then one record after another. A record that is replaced is marked
as deleted, as the firmware does, and the new one is written behind the last. The firmware derives
SecureBoot and SetupMode itself at the next boot.
"""
import argparse
import struct
import uuid

NV_BS_RT_TIME_AUTH = 0x27
NV_BS_RT = 0x07
NV_BS = 0x03
EFI_GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
IMAGE_SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
SECURE_BOOT_ENABLE = uuid.UUID("f0a30bc7-af08-4556-99c4-001009c93a44")
CUSTOM_MODE = uuid.UUID("c076ec0c-7028-4399-a072-71ee5c448b9f")
SHIM_LOCK = uuid.UUID("605dab50-e046-4300-abb6-3dd810dd8b23")
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
CERT_SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328")
NVRAM_VOLUME = uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50")
AUTH_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
OWNER = uuid.UUID("7ca5c6a5-5c3c-4d58-9d4b-2b3d1c6f0a11")
STORE_HEADER = 28
HEADER = 60     # AUTHENTICATED_VARIABLE_HEADER
ADDED = 0x3F    # VAR_ADDED
DELETED = 0x3D  # VAR_ADDED & VAR_DELETED


def signature_list(kind, *entries):
    """One EFI_SIGNATURE_LIST, of entries of one size (UEFI specification 2.10, 32.4.1)."""
    owned = b"".join(OWNER.bytes_le + entry for entry in entries)
    return kind.bytes_le + struct.pack("<III", 28 + len(owned), 0, 16 + len(entries[0])) + owned


def record(name, guid, attributes, data):
    """One AUTHENTICATED_VARIABLE_HEADER with its name and data, padded to 4 bytes."""
    when = bytes(16)
    if attributes & 0x20:
        when = struct.pack("<HBBBBBBIhBB", 2026, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    text = (name + "\0").encode("utf-16-le")
    head = struct.pack("<HBBIQ", 0x55AA, ADDED, 0, attributes, 0) + when
    head += struct.pack("<III", 0, len(text), len(data)) + guid.bytes_le
    out = head + text + data
    return out + b"\xff" * (-len(out) % 4)


def records(store):
    """(offset, state, name, guid, data) of each record; the last is (end, None, ...)."""
    if store[16:32] != NVRAM_VOLUME.bytes_le:
        raise SystemExit("varstore: no NVRAM firmware volume at offset 0")
    at = struct.unpack_from("<H", store, 48)[0]
    if store[at:at + 16] != AUTH_STORE.bytes_le:
        raise SystemExit(f"varstore: no authenticated variable store at offset {at}")
    at += STORE_HEADER
    while store[at:at + 2] == b"\xaa\x55":
        name_size, data_size = struct.unpack_from("<II", store, at + 36)
        name = store[at + HEADER:at + HEADER + name_size].decode("utf-16-le").rstrip("\0")
        data_at = at + HEADER + name_size
        yield (at, store[at + 2], name, uuid.UUID(bytes_le=bytes(store[at + 44:at + HEADER])),
               bytes(store[data_at:data_at + data_size]))
        at = (data_at + data_size + 3) // 4 * 4
    yield at, None, None, None, None


def put(store, name, guid, attributes, data):
    """Sets one variable, whether it was there or not."""
    for at, state, found, owner, _ in list(records(store)):
        if state == ADDED and found == name and owner == guid:
            store[at + 2] = DELETED
        elif state is None:
            new = record(name, guid, attributes, data)
            if store[at:at + len(new)] != b"\xff" * len(new):
                raise SystemExit("varstore: the store is full")
            store[at:at + len(new)] = new


def put_keys(store, pk, kek, db, dbx):
    """pk, kek: DER; db: list of DER; dbx: list of SHA-256 digests."""
    for name, guid, lists in (("PK", EFI_GLOBAL, [signature_list(CERT_X509, pk)]),
                              ("KEK", EFI_GLOBAL, [signature_list(CERT_X509, kek)]),
                              ("db", IMAGE_SECURITY, [signature_list(CERT_X509, c) for c in db]),
                              ("dbx", IMAGE_SECURITY,
                               [signature_list(CERT_SHA256, *dbx)] if dbx else [])):
        if lists:
            put(store, name, guid, NV_BS_RT_TIME_AUTH, b"".join(lists))
    put(store, "SecureBootEnable", SECURE_BOOT_ENABLE, NV_BS, b"\1")
    put(store, "CustomMode", CUSTOM_MODE, NV_BS, b"\0")


def put_secure_boot(store, on):
    put(store, "SecureBootEnable", SECURE_BOOT_ENABLE, NV_BS, bytes([on]))


def load_option(text, options):
    """EFI_LOAD_OPTION of a file on a GPT partition (UEFI specification 2.10, 3.1.3, 10.3.5)."""
    label, _, where = text.partition("=")
    part, start, sectors, path = where.split(":", 3)
    drive = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, int(start), int(sectors),
                        uuid.UUID(part).bytes_le, 2, 2)
    name = (path + "\0").encode("utf-16-le")
    file = struct.pack("<BBH", 4, 4, 4 + len(name)) + name
    end = struct.pack("<BBH", 0x7F, 0xFF, 4)
    paths = drive + file + end
    given = (options + "\0").encode("utf-16-le") if options else b""
    return struct.pack("<IH", 1, len(paths)) + (label + "\0").encode("utf-16-le") + paths + given


def digest(text):
    if len(text) != 64:
        raise argparse.ArgumentTypeError("expected 64 hex digits")
    return bytes.fromhex(text)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("template")
    parser.add_argument("output")
    for key in ("--pk", "--kek"):
        parser.add_argument(key, type=content, help="certificate, DER")
    parser.add_argument("--db", type=content, action="append", help="certificate, DER")
    parser.add_argument("--dbx", type=digest, action="append", default=[],
                        help="Authenticode digest, hex")
    parser.add_argument("--secure-boot", choices=("on", "off"))
    parser.add_argument("--shim-validation", choices=("on", "off"))
    parser.add_argument("--left-key", type=content,
                        help="certificate, DER: left for the next kernel by an operating system")
    parser.add_argument("--boot-entry")
    parser.add_argument("--boot-options", default="", help="what the entry's program is given")
    args = parser.parse_args()
    if (args.pk is None, args.kek is None, args.db is None) not in ((True,) * 3, (False,) * 3):
        parser.error("--pk, --kek and --db: all or none")
    store = bytearray(content(args.template))
    if args.pk:
        put_keys(store, args.pk, args.kek, args.db, args.dbx)
    if args.secure_boot:
        put_secure_boot(store, args.secure_boot == "on")
    if args.shim_validation:
        # MokSBState as mokutil --disable-validation leaves it after the restart: 1 is off.
        put(store, "MokSBState", SHIM_LOCK, NV_BS, bytes([args.shim_validation == "off"]))
    if args.left_key:
        put(store, "MokListRT", SHIM_LOCK, NV_BS_RT, signature_list(CERT_X509, args.left_key))
        put(store, "MokListTrustedRT", SHIM_LOCK, NV_BS_RT, b"\1")
    if args.boot_entry:
        put(store, "Boot0004", EFI_GLOBAL, NV_BS_RT,
            load_option(args.boot_entry, args.boot_options))
        put(store, "BootOrder", EFI_GLOBAL, NV_BS_RT, struct.pack("<H", 4))
    with open(args.output, "wb") as file:
        file.write(store)


if __name__ == "__main__":
    main()
