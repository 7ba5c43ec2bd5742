#!/usr/bin/env python3
"""Writes Secure Boot variables into an empty OVMF variable store, without booting anything.

The layout is EDK2's authenticated variable store (MdeModulePkg VariableFormat.h): a firmware volume
header, a variable store header, then one record after another. The firmware derives SecureBoot and
SetupMode itself at the next boot.
"""
import argparse
import struct
import uuid

NV_BS_RT_TIME_AUTH = 0x27
NV_BS = 0x03
EFI_GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
IMAGE_SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
SECURE_BOOT_ENABLE = uuid.UUID("f0a30bc7-af08-4556-99c4-001009c93a44")
CUSTOM_MODE = uuid.UUID("c076ec0c-7028-4399-a072-71ee5c448b9f")
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
CERT_SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328")
NVRAM_VOLUME = uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50")
AUTH_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
OWNER = uuid.UUID("7ca5c6a5-5c3c-4d58-9d4b-2b3d1c6f0a11")
STORE_HEADER_SIZE = 28


def signature_list(kind, data):
    """One EFI_SIGNATURE_LIST with one entry (UEFI specification, 32.4.1)."""
    entry = OWNER.bytes_le + data
    return kind.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry


def record(name, guid, attributes, data):
    """One AUTHENTICATED_VARIABLE_HEADER with its name and data, padded to 4 bytes."""
    when = bytes(16)
    if attributes & 0x20:
        when = struct.pack("<HBBBBBBIhBB", 2026, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    text = (name + "\0").encode("utf-16-le")
    head = struct.pack("<HBBIQ", 0x55AA, 0x3F, 0, attributes, 0) + when
    head += struct.pack("<III", 0, len(text), len(data)) + guid.bytes_le
    out = head + text + data
    return out + b"\xff" * (-len(out) % 4)


def start_of_records(store):
    """The offset of the first record, or an error when this is not an empty store that we know."""
    if store[16:32] != NVRAM_VOLUME.bytes_le:
        raise SystemExit("varstore: no NVRAM firmware volume at offset 0")
    at = struct.unpack_from("<H", store, 48)[0]
    if store[at:at + 16] != AUTH_STORE.bytes_le:
        raise SystemExit(f"varstore: no authenticated variable store at offset {at}")
    at += STORE_HEADER_SIZE
    if store[at:at + 2] != b"\xff\xff":
        raise SystemExit("varstore: the template is not empty")
    return at


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("template")
    parser.add_argument("output")
    for key in ("pk", "kek", "db"):
        parser.add_argument("--" + key, required=True, help="certificate, DER")
    parser.add_argument("--dbx", required=True, help="one SHA-256 image digest, hex")
    parser.add_argument("--secure-boot", type=int, choices=(0, 1), default=1)
    args = parser.parse_args()

    def x509(path):
        with open(path, "rb") as file:
            return signature_list(CERT_X509, file.read())

    digest = bytes.fromhex(args.dbx)
    if len(digest) != 32:
        raise SystemExit("varstore: --dbx wants 32 bytes")
    records = b"".join((
        record("PK", EFI_GLOBAL, NV_BS_RT_TIME_AUTH, x509(args.pk)),
        record("KEK", EFI_GLOBAL, NV_BS_RT_TIME_AUTH, x509(args.kek)),
        record("db", IMAGE_SECURITY, NV_BS_RT_TIME_AUTH, x509(args.db)),
        record("dbx", IMAGE_SECURITY, NV_BS_RT_TIME_AUTH, signature_list(CERT_SHA256, digest)),
        record("SecureBootEnable", SECURE_BOOT_ENABLE, NV_BS, bytes([args.secure_boot])),
        record("CustomMode", CUSTOM_MODE, NV_BS, b"\0")))
    with open(args.template, "rb") as file:
        store = bytearray(file.read())
    at = start_of_records(store)
    store[at:at + len(records)] = records
    with open(args.output, "wb") as file:
        file.write(store)


if __name__ == "__main__":
    main()
