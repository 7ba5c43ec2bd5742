#!/usr/bin/env python3
"""trueboot-pkg predict: the events and PCR values of the next boot, against a second computation here.

usage: pkg_predict_test.py TRUEBOOT_PKG"""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from boot_sets import COMMAND_LINE, World  # noqa: E402

TOOL = os.path.abspath(sys.argv[1])
BANKS = {"sha1": 4, "sha256": 0xb, "sha384": 0xc, "sha512": 0xd}
TAGS = {"secure-boot": 1, "vendor": 2, "configuration": 3, "asset-tag": 4, "set": 5, "package": 6,
        "module": 7, "signer": 8, "unverified": 9, "fallback": 10, "option": 11, "command-line": 12,
        "end": 13, "checked": 32, "unclaimed": 33, "verdict": 34, "boot-complete": 36}
PACKAGES = ["base_1.tbp", "hello_1.tbp", "trueboot-loader_1.tbp"]


def predict(esp, *args, code=0):
    """What is told, and what is said on standard error."""
    done = subprocess.run([TOOL, "predict", "--esp", esp, "--json", *args], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == code, (args, done.returncode, done.stdout[:300], done.stderr)
    return json.loads(done.stdout) if done.stdout else None, done.stderr


def fresh(packages=PACKAGES, **conf):
    shutil.rmtree("esp", ignore_errors=True)
    return world.esp("esp", packages, **conf)


def record(line, content=b""):
    text = (line + "\n").encode() + content
    return struct.pack("<II", 0x54420000 + TAGS[line.split()[0]], len(text)) + text


def replay(values, start=0, banks=BANKS):
    """values: bytes that are hashed, or {bank: digest}. {bank: hex}"""
    values = list(values)
    out = {}
    for bank in banks:
        pcr = bytes([0] * (hashlib.new(bank).digest_size - 1) + [start])
        for value in values:
            digest = value[bank] if isinstance(value, dict) else hashlib.new(bank, value).digest()
            pcr = hashlib.new(bank, pcr + digest).digest()
        out[bank] = pcr.hex()
    return out


def lines(told, pcr):
    return [e["text"] for e in told["events"] if e["pcr"] == pcr]


def value_of(told, pcr):
    return {bank: values[str(pcr)] for bank, values in told["pcrs"].items()}


def read(path):
    with open(path, "rb") as f:
        return f.read()


def the_events_lead_to_the_values():
    esp = fresh(conf="default a\ngood a\nappend x=1\n")
    told, said = predict(esp)
    assert told["set"] == "a" and told["passes"], said
    conf = read("esp/trueboot/boot.conf")
    assert [line.split()[0] for line in lines(told, 14)] == [
        "secure-boot", "vendor", "configuration", "asset-tag", "option", "set", "signer", "signer",
        "signer", "command-line", "end"]
    assert lines(told, 14)[1] == "vendor " + hashlib.sha256(world.vendor_section[1]).hexdigest()
    assert lines(told, 14)[2] == f"configuration {len(conf)} {hashlib.sha512(conf).hexdigest()}"
    assert [line.split()[:3] for line in lines(told, 12)] == [
        ["set", "a"], ["package", "base", "1"], ["module", "kernel", "base"],
        ["module", "initrd", "base"], ["module", "roothash", "base"], ["end", "a"]]
    assert [line.split()[:2] for line in lines(told, 13)] == [
        ["set", "a"], ["package", "hello"], ["package", "trueboot-loader"], ["end", "a"]]
    for pcr in (11, 12, 13, 14):
        assert value_of(told, pcr) == replay(
            record(line, conf if line.startswith("configuration") else b"")
            for line in lines(told, pcr)), pcr
    assert sorted(told["pcrs"]["sha256"], key=int) == ["9", "11", "12", "13", "14"]


def the_digests_told_lead_to_the_values_told():
    told, _ = predict(fresh())
    for bank, values in told["pcrs"].items():
        for pcr, value in values.items():
            digests = [{bank: bytes.fromhex(e["digests"][bank])} for e in told["events"]
                       if e["pcr"] == int(pcr)]
            assert replay(digests, banks=[bank])[bank] == value, (bank, pcr)


def the_kernel_measures_its_command_line_and_initrd():
    told, _ = predict(fresh())
    options = f"{COMMAND_LINE} trueboot.set=a\0".encode("utf-16-le")
    initrd = b"cpio 1\0\0" + b"hash 1\0\0"  # each piece up to four bytes
    assert value_of(told, 9) == replay([options, initrd])


def the_verdict_of_user_space_is_predicted():
    told, _ = predict(fresh())
    assert [line.split()[0:3] for line in lines(told, 11)] == [
        ["checked", "base", "1"], ["checked", "hello", "1"], ["checked", "trueboot-loader", "1"],
        ["verdict", "pass", "3"], ["boot-complete"]]
    with open("esp/EFI/BOOT/stray.efi", "wb") as f:
        f.write(b"x")
    told, said = predict("esp", code=1)
    assert not told["passes"] and lines(told, 11)[-2:] == ["unclaimed /EFI/BOOT/stray.efi",
                                                         "verdict fail 3 1"]
    assert "/EFI/BOOT/stray.efi" in said and "stops set a" in said, said


def another_set_is_predicted_before_it_is_switched_to():
    esp = fresh()
    world.run("update", "--esp", esp, "--vendor", "vendor/root.crt", "hello_2.tbp",
              "trueboot-loader_2.tbp")
    after, _ = predict(esp)
    shutil.copytree(esp, "before")
    with open("before/trueboot/boot.conf", "w") as f:
        f.write("trueboot-boot 1\ndefault a\ngood a\nend\n")
    early, _ = predict("before", "--set", "b")
    shutil.rmtree("before")
    assert after["set"] == "b" and early == after
    old, _ = predict(esp, "--set", "a")
    assert old["set"] == "a" and old["passes"] and old["pcrs"] != after["pcrs"]


def what_the_loader_would_not_start_is_told():
    esp = fresh()
    path = "esp/trueboot/a/base_1.tbp"
    whole = read(path)
    with open(path, "wb") as f:
        f.write(whole.replace(b"cpio 1", b"cpio 2"))
    told, said = predict(esp, code=1)
    assert told["set"] is None and not told["passes"], told
    assert "loader: set a: base_1.tbp" in said and "starts nothing" in said, said
    os.makedirs("esp/trueboot/b")
    for name in PACKAGES:
        shutil.copy(name, f"esp/trueboot/b/{name}")
    told, said = predict(esp)
    assert told["set"] == "b" and "fallback a b package.payload" in lines(told, 14), told


def a_malformed_configuration_stops_no_prediction():
    esp = fresh()
    with open("esp/trueboot/boot.conf", "w") as f:
        f.write("nonsense\n")
    told, said = predict(esp)
    assert told["set"] == "a" and "boot.conf" in said
    assert "boot.conf" in predict(esp, "--set", "a", code=2)[1]
    os.remove("esp/trueboot/boot.conf")
    told, _ = predict(esp)
    assert lines(told, 14)[2].startswith("configuration 0 ")
    told, _ = predict(esp, "--set", "b")
    assert told["set"] == "a" and "fallback b a package.required" in lines(told, 14), told["set"]


# ---- with the log of the current boot ----


def firmware_log(events, locality=None):
    """A crypto-agile log; events: (pcr, type, data, what is hashed or {bank: digest})."""
    spec = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, len(BANKS))
    for bank, alg in BANKS.items():
        spec += struct.pack("<HH", alg, hashlib.new(bank).digest_size)
    log = struct.pack("<II20sI", 0, 3, b"", len(spec) + 1) + spec + b"\0"
    if locality is not None:
        events = [(0, 3, b"StartupLocality\0" + bytes([locality]),
                   {b: bytes(hashlib.new(b).digest_size) for b in BANKS}), *events]
    for pcr, kind, data, value in events:
        log += struct.pack("<III", pcr, kind, len(BANKS))
        for bank, alg in BANKS.items():
            digest = value[bank] if isinstance(value, dict) else hashlib.new(bank, value).digest()
            log += struct.pack("<H", alg) + digest
        log += struct.pack("<I", len(data)) + data
    return log


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)
    return path


def ours(told, conf):
    """The events of a predicted boot as a firmware's log has them."""
    return [(pcr, 6, event, event) for pcr, event in (
        (e["pcr"], record(e["text"], conf if e["text"].startswith("configuration") else b""))
        for e in told["events"] if e["by"] == "loader")]


FIRMWARE = [(0, 8, b"", b"crtm"), (7, 0x80000001, b"", b"SecureBoot"), (1, 0x80000002, b"", b"order"),
            (4, 0x80000007, b"", b"Calling EFI Application from Boot Option"),
            *[(pcr, 4, bytes(4), bytes(4)) for pcr in range(8)]]


def started(path):
    """The firmware's event of the loader in this package."""
    shown = json.loads(world.run("inspect", path, "--json"))["payloads"][0]["authenticode"]
    return {"sha1": bytes(20), **{bank: bytes.fromhex(shown[bank]) for bank in shown}}


def the_firmwares_events_are_kept_and_the_loader_is_the_one_on_the_disk():
    esp = fresh()
    told, _ = predict(esp)
    conf = read("esp/trueboot/boot.conf")
    first = [*FIRMWARE, (4, 0x80000003, b"", {b: b"\1" * hashlib.new(b).digest_size for b in BANKS})]
    after = [(5, 0x80000007, b"", b"Exit Boot Services Invocation")]
    log = write("log", firmware_log([*first, *ours(told, conf), *after], locality=3))
    with_log, _ = predict(esp, "--log", log)
    assert with_log["pcrs"]["sha512"].keys() == {*map(str, range(8)), "9", "11", "12", "13", "14"}
    for pcr in (0, 1, 5, 7):
        assert value_of(with_log, pcr) == replay(
            [e[3] for e in [*FIRMWARE, *after] if e[0] == pcr], 3 if pcr == 0 else 0), pcr
    for version in "1", "2":
        expected = replay([*(e[3] for e in FIRMWARE if e[0] == 4),
                           started(f"trueboot-loader_{version}.tbp")])
        found = value_of(predict(esp, "--log", log)[0], 4)
        for bank in ("sha256", "sha384", "sha512"):  # a manifest has no SHA-1
            assert found[bank] == expected[bank], (version, bank)
        world.run("update", "--esp", esp, "--vendor", "vendor/root.crt", "trueboot-loader_2.tbp")
        esp = "esp"


def what_lasts_of_the_current_boot_is_taken_from_its_log():
    esp = fresh(conf="default a\ngood b\n")
    os.makedirs("esp/trueboot/b")
    for name in PACKAGES:
        shutil.copy(name, f"esp/trueboot/b/{name}")
    told, _ = predict(esp)
    assert told["set"] == "a" and "fallback" not in str(told["events"])
    conf = read("esp/trueboot/boot.conf")
    program = (4, 0x80000003, b"", b"loader")
    log = write("log", firmware_log([*FIRMWARE, program, *ours(told, conf)]))
    told, _ = predict(esp, "--log", log)  # it ran, and nobody called it good
    assert told["set"] == "b" and "fallback a b boot.incomplete" in lines(told, 14), told
    log = write("log", firmware_log([*FIRMWARE, program, *ours(told, conf)]))
    told, _ = predict(esp, "--log", log)  # the fallback does not make it forget
    assert told["set"] == "b"
    with open("esp/trueboot/boot.conf", "w") as f:  # it is another state of the disk
        f.write("trueboot-boot 1\ndefault a\ngood b\nquiet\nend\n")
    assert predict(esp, "--log", log)[0]["set"] == "a"
    for event in told["events"]:
        event["text"] = event["text"].replace("secure-boot on", "secure-boot off").replace(
            "asset-tag -", "asset-tag Rack 7")
    log = write("log", firmware_log([*FIRMWARE, program, *ours(told, conf)]))
    assert lines(predict(esp, "--log", log)[0], 14)[0] == "secure-boot off"
    assert "asset-tag Rack 7" in lines(predict(esp, "--log", log)[0], 14)


def a_log_of_another_boot_chain_is_refused():
    log = write("log", firmware_log(FIRMWARE))
    assert "by Trueboot's loader" in predict(fresh(), "--log", log, code=2)[1]
    log = write("log", b"nonsense")
    assert "log" in predict(fresh(), "--log", log, code=2)[1]
    assert "absent" in predict(fresh(), "--log", "absent", code=2)[1]


# ---- comparing ----


def values_of_a_boot_are_compared():
    esp = fresh()
    text = subprocess.run([TOOL, "predict", "--esp", esp], capture_output=True, text=True, check=True)
    values = [line for line in text.stdout.splitlines() if not line.startswith("event ")]
    assert len(values) == 20 and values[0].startswith("sha1 9 ")
    write("pcrs", "".join(line + "\n" for line in values).encode())
    predict(esp, "--compare", "pcrs")
    other = values[-1][:-1] + ("0" if values[-1][-1] != "0" else "1")
    write("pcrs", "".join(line + "\n" for line in [*values[:-1], other]).encode())
    _, said = predict(esp, "--compare", "pcrs", code=1)
    assert f"PCR 14 sha512: predicted {values[-1].split()[2]}, found {other.split()[2]}" in said
    assert said.count("predicted") == 1, said
    for wrong in (b"sha256 14\n", b"sha3 14 00\n", b"sha256 24 " + b"0" * 64 + b"\n", b"sha256 1 0"):
        write("pcrs", wrong)
        assert "line 1" in predict(esp, "--compare", "pcrs", code=2)[1]
    write("pcrs", b"sha256 10 " + b"0" * 64 + b"\n")
    assert "no value that is predicted" in predict(esp, "--compare", "pcrs", code=2)[1]


def tlv(kind, value):
    return struct.pack(">BI", kind, len(value)) + value


def user_log(told):
    out = b""
    for n, line in enumerate(lines(told, 11)):
        digests = b"".join(tlv(alg, hashlib.new(bank, record(line)).digest())
                           for bank, alg in BANKS.items())
        out += tlv(0, struct.pack(">Q", n)) + tlv(1, b"\x0b") + tlv(3, digests) + tlv(
            5, tlv(0, struct.pack(">I", 6)) + tlv(1, record(line)))
    return out


def logs_of_a_boot_are_compared():
    esp = fresh()
    told, _ = predict(esp)
    conf = read("esp/trueboot/boot.conf")
    log = write("log", firmware_log([*FIRMWARE, (4, 0x80000003, b"", b"x"), *ours(told, conf)]))
    predict(esp, "--compare", log)
    cel = write("cel", user_log(told))
    predict(esp, "--compare", log, "--user-log", cel)
    write("cel", read("cel") + tlv(0, b""))
    assert "user log event 5" in predict(esp, "--compare", log, "--user-log", cel, code=2)[1]
    assert "is for --compare" in predict(esp, "--user-log", cel, code=2)[1]
    world.run("update", "--esp", esp, "--vendor", "vendor/root.crt", "hello_2.tbp")
    write("cel", user_log(told))
    _, said = predict(esp, "--compare", log, "--user-log", cel, code=1)
    for pcr in (11, 12, 13, 14):
        assert f"PCR {pcr} sha256: predicted" in said, said


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    world = World(TOOL)
    for make in (world.base, world.loader, world.hello):
        make("1"), make("2")
    for test in (the_events_lead_to_the_values, the_digests_told_lead_to_the_values_told,
                 the_kernel_measures_its_command_line_and_initrd,
                 the_verdict_of_user_space_is_predicted,
                 another_set_is_predicted_before_it_is_switched_to,
                 what_the_loader_would_not_start_is_told,
                 a_malformed_configuration_stops_no_prediction,
                 the_firmwares_events_are_kept_and_the_loader_is_the_one_on_the_disk,
                 what_lasts_of_the_current_boot_is_taken_from_its_log,
                 a_log_of_another_boot_chain_is_refused, values_of_a_boot_are_compared,
                 logs_of_a_boot_are_compared):
        test()
        print("ok", test.__name__)
    os.chdir("/")
