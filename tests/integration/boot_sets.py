"""What a host's EFI system partition holds, made of nothing: programs, packages, boot sets."""
import hashlib
import json
import os
import struct
import subprocess

COMMAND_LINE = "console=ttyS0 quiet trueboot.level=community"


def program(marker, sections=()):
    """A PE32+ image for x86-64 that does nothing, with a section .text and these: (name, bytes)."""
    sections = [(".text", marker.encode().ljust(32, b"\x90")), *sections]
    headers = -(-(0x80 + 24 + 240 + 40 * len(sections)) // 0x200) * 0x200
    table, body, address = b"", b"", 0x1000
    for name, content in sections:
        raw = content + bytes(-len(content) % 0x200)
        table += struct.pack("<8sIIII12xI", name.encode(), len(content), address, len(raw),
                             headers + len(body), 0x60000020)
        body += raw
        address += -(-len(content) // 0x1000) * 0x1000
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, len(sections), 0, 0, 0, 240, 0x22)
    optional = struct.pack("<H14xI12xII16xII", 0x20b, 0x1000, 0x1000, 0x200, address, headers)
    optional = optional.ljust(108, b"\0") + struct.pack("<I", 16)
    head = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x80)
    return (head.ljust(0x80, b"\0") + coff + optional.ljust(240, b"\0") + table).ljust(
        headers, b"\0") + body


class World:
    """A vendor, and packages by it, in the current directory."""

    def __init__(self, tool):
        self.tool = tool
        self.run("make-vendor", "vendor", "--name", "Vendor", "--level", "certified")
        self.run("make-vendor", "low", "--name", "Low", "--level", "community")
        der = subprocess.run(["openssl", "x509", "-in", "vendor/root.crt", "-outform", "DER"],
                             check=True, capture_output=True).stdout
        self.vendor_section = (".vendor", der)
        os.mkdir("payload")

    def run(self, *args, code=0, env=None):
        done = subprocess.run([self.tool, *args], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **(env or {})})
        assert done.returncode == code, (args, done.returncode, done.stdout, done.stderr)
        assert code == 0 or "trueboot-pkg: " in done.stderr, done.stderr
        return done.stdout if code == 0 else done.stderr

    def build(self, name, payloads, *, version="1", security_version=1, signer="vendor",
              kind="software", **more):
        """payloads: (kind, name, bytes). Returns the package's path."""
        listed = []
        for payload_kind, file, content in payloads:
            with open(f"payload/{file}", "wb") as f:
                f.write(content)
            listed.append({"kind": payload_kind, "file": f"payload/{file}"})
        with open("spec.json", "w") as f:
            json.dump({"name": name, "version": version, "security_version": security_version,
                       "vendor": "Test", "level": "community", "kind": kind, "payloads": listed,
                       **more}, f)
        out = f"{name}_{version}.tbp"
        self.run("build", "spec.json", "--key", f"{signer}/signer.key", "--certs",
                 f"{signer}/signer.crt", "--out", out)
        return out

    def base(self, version="1", **more):
        return self.build("base", [("kernel", "vmlinuz", program("kernel " + version)),
                                   ("initrd", "initrd", b"cpio " + version.encode()),
                                   ("roothash", "roothash.cpio", b"hash " + version.encode()),
                                   ("system", "system.img", hashlib.sha512(b"x").digest() * 999)],
                          kind="base", version=version,
                          options={"cmdline": COMMAND_LINE, **more.pop("options", {})}, **more)

    def loader(self, version="1", **more):
        return self.build("trueboot-loader", [("efi", "trueboot.efi", self.program(version))],
                          version=version, **more)

    def program(self, version="1"):
        return program("loader " + version, [self.vendor_section])

    def hello(self, version="1", **more):
        return self.build("hello", [("file", "hello", b"#!/bin/sh\n# " + version.encode())],
                          version=version, options={"service": "hello"}, **more)

    def esp(self, path, packages, *, conf="default a\ngood a\n"):
        """Boot set a with these packages, and the loader of version 1."""
        os.makedirs(f"{path}/EFI/BOOT")
        os.makedirs(f"{path}/trueboot/a")
        with open(f"{path}/EFI/BOOT/BOOTX64.EFI", "wb") as f:
            f.write(self.program())
        with open(f"{path}/trueboot/boot.conf", "w") as f:
            f.write(f"trueboot-boot 1\n{conf}end\n")
        for package in packages:
            with open(package, "rb") as f, open(f"{path}/trueboot/a/{package}", "wb") as g:
                g.write(f.read())
        return path


def tree(path):
    """Every file below it, by name."""
    return {os.path.relpath(os.path.join(folder, name), path):
            open(os.path.join(folder, name), "rb").read()
            for folder, _, names in os.walk(path) for name in names}
