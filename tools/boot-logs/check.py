#!/usr/bin/env python3
"""Compares a recorded TCG event log with the PCRs that the TPM held in the same boot.

usage: check.py BOOT-DIR...

The replay here is a small one of its own; tpm2_eventlog gives a second opinion where it is installed.
PCR 10 is IMA's and 16-23 are no firmware's: they are not compared.
"""
import hashlib
import re
import shutil
import subprocess
import sys

from tcglog import EV_NO_ACTION, read_log, startup_locality

COMPARED = [*range(0, 10), *range(11, 16)]


def replay(log, banks):
    state = {b: {i: bytes(hashlib.new(b).digest_size) for i in range(24)} for b in banks}
    logged = set()
    events = list(read_log(log))
    for bank in banks:
        state[bank][0] = state[bank][0][:-1] + bytes([startup_locality(events)])
    for pcr, kind, digests, _ in events:
        if kind == EV_NO_ACTION:
            continue
        logged.add(pcr)
        for bank in banks:
            state[bank][pcr] = hashlib.new(bank, state[bank][pcr] + digests[bank]).digest()
    return state, logged


def tool_replay(path):
    """What tpm2_eventlog replays, as {bank: {pcr: digest}}; None when it is not installed."""
    if not shutil.which("tpm2_eventlog"):
        return None
    text = subprocess.run(["tpm2_eventlog", path], check=True, capture_output=True,
                          text=True).stdout
    out, bank = {}, None
    for line in text[text.rindex("\npcrs:"):].splitlines():
        if found := re.fullmatch(r"  (sha\d+):", line):
            bank = out.setdefault(found[1], {})
        elif found := re.fullmatch(r"    (\d+)\s*: 0x([0-9a-fA-F]+)", line):
            bank[int(found[1])] = bytes.fromhex(found[2])
    return out


def check(folder):
    path = folder + "/binary_bios_measurements"
    with open(path, "rb") as file:
        log = file.read()
    pcrs = {}
    with open(folder + "/pcrs", encoding="ascii") as file:
        for line in file:
            bank, index, value = line.split()
            pcrs.setdefault(bank, {})[int(index)] = bytes.fromhex(value)
    state, logged = replay(log, list(pcrs))
    opinions = [("own replay", state)]
    tool = tool_replay(path)
    if tool is not None:
        opinions.append(("tpm2_eventlog", tool))
    wrong = 0
    for who, values in opinions:
        compared = 0
        for bank in pcrs:
            for index in COMPARED:
                if index not in logged and who == "tpm2_eventlog":
                    continue
                compared += 1
                if values.get(bank, {}).get(index) != pcrs[bank][index]:
                    wrong += 1
                    print(f"{folder}: {bank} PCR {index}: {who} differs from the TPM")
        print(f"{folder}: {who}: {compared} PCR values compared in {' '.join(pcrs)}; "
              f"PCRs in the log: {' '.join(map(str, sorted(logged)))}")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if sum(check(folder.rstrip("/")) for folder in sys.argv[1:]) else 0)
