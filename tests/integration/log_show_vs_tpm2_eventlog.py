#!/usr/bin/env python3
"""Does `trueboot log show --json` tell at least what tpm2_eventlog tells, event by event, and replay
to the same PCRs?

usage: log_show_vs_tpm2_eventlog.py TRUEBOOT [LOG...]
Without logs: the recorded boots, and the corpus in TRUEBOOT_FIXTURES. Prints what is missing per
file; exit 1 if anything is. Logs on which tpm2_eventlog fails are counted and left out.
Exit 77: no tpm2_eventlog, or no PyYAML.
"""
import binascii
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import uuid

try:
    import yaml
except ImportError:
    print("no PyYAML")
    sys.exit(77)
if shutil.which("tpm2_eventlog") is None:
    print("no tpm2_eventlog")
    sys.exit(77)

LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every scalar stays text
BANKS = ("sha1", "sha256", "sha384", "sha512")
# (log, event): a Boot variable logged without its attributes, so that every reader is off by six
# bytes; they read on behind the length that they print
EXPLAINED = {("eve-tcglog1.bin", 12)}


def theirs(log):
    """Their events and PCRs, or None when they fail. Version 2 tells most; it wants valid UTF-8 and YAML."""
    done = subprocess.run(["tpm2_eventlog", "--eventlog-version=2", str(log)], capture_output=True,
                          check=False, timeout=60)
    if done.returncode != 0:
        return None
    try:
        text = done.stdout.decode("utf-8", "replace").replace("\x00", "")
        whole = yaml.load(text, Loader=LOADER)
        events, pcrs = whole["events"] or [], whole.get("pcrs") or {}
    except (yaml.YAMLError, KeyError, TypeError):
        return None
    return (events, pcrs) if all(isinstance(e, dict) for e in events) else None


class Event:
    """One of our events with all that its details say as one lower-case text."""

    def __init__(self, event):
        self.event = event
        self.data = bytes.fromhex(event["data"])
        lines = [f"{d['name']}: {d['value']}" for d in event["details"]]
        # "grub_cmd: insmod gzio" is a kind and a text of ours: only the text is what the digest covers
        lines += [f"{a['value']} {b['value']}" for a, b in zip(event["details"], event["details"][1:])
                  if (a["name"], b["name"]) == ("kind", "text")]
        self.text = "\n".join(lines).lower()

    def says(self, *values):
        return any(plain(v).lower() in self.text for v in values)

    def says_number(self, value):
        n = int(value, 0)
        return self.says(hex(n), str(n))


def plain(text):
    """As we show text: printable ASCII, other bytes in hex; blanks at the ends do not count."""
    return "".join(chr(c) if 0x20 <= c <= 0x7E else " " if c < 0x20 else f"\\x{c:02x}"
                   for c in str(text).strip("\x00\r\n ").encode("utf-8", "replace"))


def path_parts(hex_path):
    """Names and GUIDs in the nodes of a device path (UEFI 2.10, 10.3)."""
    try:
        path = binascii.unhexlify(hex_path)
    except (binascii.Error, ValueError):
        return
    while len(path) >= 4:
        kind, sub, length = struct.unpack("<BBH", path[:4])
        if kind == 0x7F or length < 4 or length > len(path):
            return
        node, path = path[4:length], path[length:]
        if (kind, sub) == (4, 4):
            yield node.decode("utf-16-le", "replace").split("\0")[0]
        elif (kind, sub) == (4, 1) and len(node) >= 38:
            yield str(uuid.UUID(bytes_le=node[20:36])) if node[37] == 2 else "hd("
        elif (kind, sub) in ((4, 6), (4, 7)) and len(node) == 16:
            yield str(uuid.UUID(bytes_le=node))
        elif (kind, sub) == (1, 1) and len(node) == 2:
            yield f"pci(0x{node[1]:x},0x{node[0]:x})"


ESCAPES = {"0": "", "n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "v": "\v", "f": "\f"}


def strings_of(value):
    """Lines of a text as they print it: each in quotes, with escapes as in C. NULs are left out, so
    that UTF-16 reads as what it says."""
    for line in str(value).splitlines():
        text = re.sub(r"\\(x[0-9a-f]{2}|[0-7]{3}|.)",
                      lambda m: ESCAPES.get(m[1], "?" if len(m[1]) > 1 else m[1]), line.strip()[1:-1])
        text = text.strip().rstrip("\ufffd")  # the byte too much of some versions of shim
        if text:
            yield text


def is_der(guid):
    """What they take for an owner's GUID is the beginning of a certificate: shim leaves it out."""
    return uuid.UUID(guid).bytes_le[:2] == b"\x30\x82"


def is_told(ours, key, value, parent):
    """True if our event has the information of their scalar `key: value`."""
    if key in ("VariableName", "SignatureOwner", "UniquePartitionGUID", "DiskGUID", "PartitionTypeGUID"):
        return ours.says(value) or (key == "SignatureOwner" and is_der(value))
    if key == "SignatureType":
        return True  # told by `certificate` or `hash`, which are compared
    if key == "SignatureData":
        raw = bytes.fromhex(value) if re.fullmatch("([0-9a-f]{2})+", value) else b""
        return ours.says(value, hashlib.sha256(raw).hexdigest()) or (
            len(raw) > 64 and raw in ours.data and ours.says("certificate: "))
    if key in ("UnicodeName", "Description", "PartitionName"):
        return value == "(null)" or ours.says(value.strip('"')[:100])
    if key == "Enabled":
        return ours.says("enabled: " + value.strip("'"))
    if key == "DevicePath":
        return all(ours.says(part) for part in path_parts(value)) if re.fullmatch("[0-9a-f]*", value) \
            else ours.says(value)
    if key in ("BlobBase", "BlobLength", "ImageLocationInMemory", "ImageLengthInMemory",
               "ImageLinkTimeAddress"):
        # they read every S-CRTM and POST event as an address, texts as well
        return ours.says_number(value) or ours.event["size"] != 16 or ours.says("text: ", "data: ")
    if key in ("StartupLocality", "StartingLBA", "EndingLBA"):
        return ours.says_number(value)
    if key == "String":
        return all(ours.says(line[:100]) for line in strings_of(value))
    if key == "" and parent == "VariableData":  # elements of BootOrder
        return ours.says(value)
    if key in ("Event", "VariableData") and re.fullmatch('"?([0-9a-f]{2})*"?', value):
        raw = bytes.fromhex(value.strip('"'))
        return raw in ours.data
    if key == "Event":
        return all(ours.says(line[:100]) for line in strings_of(value))
    return None  # numbers of the encoding: lengths, counts, checksums


def walk(value, key="", parent=""):
    """All scalars of their event as (key, value, key of the parent)."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield from walk(v, k, key)
    elif isinstance(value, list):
        for v in value:
            yield from walk(v, "", key)
    elif value is not None:
        yield key, value, parent


def compare_event(ours, they, missing, told):
    event = ours.event
    if str(event["pcr"]) != they["PCRIndex"]:
        missing.append(f"PCR {they['PCRIndex']}, ours {event['pcr']}")
    if they["EventType"].startswith("EV_") and they["EventType"] != event["type"]:
        missing.append(f"type {they['EventType']}, ours {event['type']}")
    if int(they["EventSize"]) != event["size"]:
        missing.append(f"size {they['EventSize']}, ours {event['size']}")
    digests = {d["AlgorithmId"]: d["Digest"] for d in they.get("Digests") or []}
    if "Digest" in they:
        digests["sha1"] = they["Digest"]
    for bank in BANKS:
        if bank in digests and event["digests"].get(bank) != digests[bank]:
            missing.append(f"{bank} {digests[bank]}, ours {event['digests'].get(bank)}")
    body = {k: v for k, v in they.items() if k in ("Event", "SpecID", "VendorData")}
    if "StartupLocality" in they:
        body["StartupLocality"] = they["StartupLocality"]
    for key, value, parent in walk(body):
        answer = is_told(ours, key, value, parent)
        if answer is not None:
            told[key or parent] += 1
        if answer is False:
            missing.append(f"{key or parent}: {str(value)[:70]!r}")


def compare_pcrs(log, ours, they, told):
    """PCRs that differ. They do not know StartupLocality and H-CRTM and extend SP800-155 events, so
    PCR 0 is left out where a log has such; and they go on where an event lacks a bank's digest,
    where we give no value."""
    special = any(word in log.read_bytes() for word in (b"StartupLocality", b"HCRTM", b"SP800-155 Event"))
    for bank in set(they) & set(BANKS):
        for pcr, value in they[bank].items():
            our = ours.get(bank, {}).get(pcr.strip())
            if our is None or (special and pcr.strip() == "0"):
                continue
            told["PCR"] += 1
            if our != value.lower().removeprefix("0x"):
                yield f"{bank} PCR {pcr.strip()} {value}, ours {our}"


def compare(program, log, told):
    """('same' | 'they fail' | 'we refuse', list of what we lack)."""
    done = subprocess.run([program, "log", "show", "--json", str(log)], capture_output=True,
                          check=False, timeout=60)
    they = theirs(log)
    if done.returncode not in (0, 2):
        return "crash", [f"exit {done.returncode}"]
    if they is None:
        return "they fail", []
    if done.returncode == 2:
        return "we refuse", []
    answer = json.loads(done.stdout)
    they, their_pcrs = they
    ours = [Event(e) for e in answer["events"]]
    missing = list(compare_pcrs(pathlib.Path(log), answer["pcrs"], their_pcrs, told))
    if len(ours) != len(they):
        missing.append(f"{len(they)} events, ours {len(ours)}")
    for our, their in zip(ours, they):
        lacks = []
        compare_event(our, their, lacks, told)
        if (pathlib.Path(log).name, our.event["index"]) in EXPLAINED:
            continue
        missing += [f"event {our.event['index']} {our.event['type']}: {m}" for m in lacks]
    return "compared", missing


def main():
    program, *logs = sys.argv[1:]
    if not logs:
        source = pathlib.Path(os.environ["TRUEBOOT_SOURCE"])
        corpus = pathlib.Path(os.environ.get("TRUEBOOT_FIXTURES", "/nonexistent"))
        logs = sorted(source.glob("tests/data/boots/*/binary_bios_measurements"))
        logs += sorted(corpus.glob("eventlogs/*.bin"))
    counts, told, bad = collections.Counter(), collections.Counter(), 0
    for log in logs:
        outcome, missing = compare(program, log, told)
        counts[outcome] += 1
        bad += len(missing)
        name = "/".join(pathlib.Path(log).parts[-2:])
        if missing or outcome != "compared":
            print(f"{name}: {outcome}, {len(missing)} differences")
        for line in missing[:20]:
            print(f"    {line}")
    print(f"{len(logs)} logs: " + ", ".join(f"{n} {k}" for k, n in sorted(counts.items())))
    print(f"{sum(told.values())} facts compared: " + ", ".join(f"{k} {n}" for k, n in told.most_common()))
    print(f"{bad} differences")
    # a comparison of nothing is no success
    return 1 if bad or counts["crash"] or counts["compared"] < 6 or not told["PCR"] else 0


if __name__ == "__main__":
    sys.exit(main())
