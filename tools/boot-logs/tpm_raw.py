#!/usr/bin/env python3
"""Raw TPM commands to a swtpm on 127.0.0.1, for tools/test-tpm.

usage: tpm_raw.py free-ports
       tpm_raw.py count SWTPM-LOG 2.0|1.2 [CODE]...
       tpm_raw.py PORT 2.0|1.2 shutdown
       tpm_raw.py PORT 2.0|1.2 reset [--sudden]
       tpm_raw.py PORT 2.0|1.2 extend|boot EVENT-LOG

PORT is swtpm's command port, PORT + 1 its control port.
"""
import re
import socket
import struct
import sys

from tcglog import ALGORITHMS, EV_NO_ACTION, read_log, startup_locality

# TPM 2.0 Library, part 2, 6.5.2 (TPM_CC); TPM 1.2 main specification, part 2, section 17.
CC_STARTUP, CC_SHUTDOWN, CC_SIGN, CC_QUOTE = 0x144, 0x145, 0x15D, 0x158
CC_GET_CAPABILITY, CC_PCR_EXTEND = 0x17A, 0x182
TPM12_STARTUP, TPM12_EXTEND, TPM12_SIGN, TPM12_QUOTE = 0x99, 0x14, 0x3C, 0x16
EV_EFI_HCRTM_EVENT = 0x80000010
# swtpm's control channel, include/swtpm/tpm_ioctl.h.
CTRL_INIT, CTRL_SET_LOCALITY = 2, 5
TIMEOUT = 20


class TpmError(Exception):
    pass


def receive(sock, size):
    out = b""
    while len(out) < size:
        part = sock.recv(size - len(out))
        if not part:
            raise TpmError("the TPM closed the connection")
        out += part
    return out


class Tpm:
    def __init__(self, port, version):
        self.two = version == "2.0"
        self.port = port
        self.data = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.locality = 0

    def control(self, command, body):
        with socket.create_connection(("127.0.0.1", self.port + 1), TIMEOUT) as sock:
            sock.sendall(struct.pack(">I", command) + body)
            result = struct.unpack(">I", receive(sock, 4))[0]
        if result:
            raise TpmError(f"control command {command} failed with {result:#x}")

    def run(self, code, body=b"", tag=None):
        tag = tag or (0x8001 if self.two else 0xC1)
        self.data.sendall(struct.pack(">HII", tag, 10 + len(body), code) + body)
        head = receive(self.data, 10)
        size, result = struct.unpack(">II", head[2:])
        answer = receive(self.data, size - 10)
        if result:
            raise TpmError(f"command {code:#x} failed with {result:#x}")
        return answer

    def shutdown(self):
        if self.two:
            self.run(CC_SHUTDOWN, b"\0\0")

    def power_cycle(self, locality=0, sudden=False):
        """_TPM_Init and TPM2_Startup(CLEAR), the latter at the given locality (part 1, 12.2.3)."""
        if locality not in (0, 3):
            raise TpmError(f"a start at locality {locality} needs an H-CRTM measurement sequence, "
                           "whose data is not in any log")
        if locality and not self.two:
            raise TpmError("a TPM 1.2 has no start at another locality")
        if not sudden:
            self.shutdown()
        self.control(CTRL_INIT, struct.pack(">I", 0))
        self.control(CTRL_SET_LOCALITY, bytes([locality]))
        if self.two:
            self.run(CC_STARTUP, b"\0\0")
        else:
            self.run(TPM12_STARTUP, b"\0\1")
        self.control(CTRL_SET_LOCALITY, b"\0")

    def banks(self):
        """The active banks: TPM_CAP_PCRS, those with at least one PCR."""
        if not self.two:
            return {"sha1": 0x0004}
        answer = self.run(CC_GET_CAPABILITY, struct.pack(">III", 5, 0, 1))
        count = struct.unpack_from(">I", answer, 5)[0]
        out, at = {}, 9
        for _ in range(count):
            alg, size = struct.unpack_from(">HB", answer, at)
            if any(answer[at + 3:at + 3 + size]) and alg in ALGORITHMS:
                out[ALGORITHMS[alg]] = alg
            at += 3 + size
        return out

    def extend(self, pcr, digests, banks):
        """One command with the digests of all banks; the empty password authorises it."""
        if not self.two:
            self.run(TPM12_EXTEND, struct.pack(">I", pcr) + digests["sha1"])
            return
        values = [struct.pack(">H", banks[b]) + digests[b] for b in banks if b in digests]
        body = struct.pack(">IIIHBH", pcr, 9, 0x40000009, 0, 0, 0)
        self.run(CC_PCR_EXTEND, body + struct.pack(">I", len(values)) + b"".join(values), 0x8002)


def replay(tpm, path, always_cycle):
    with open(path, "rb") as file:
        events = list(read_log(file.read()))
    if any(kind == EV_EFI_HCRTM_EVENT for _, kind, _, _ in events):
        raise TpmError("the log has an H-CRTM event: its measured data is not in any log")
    locality = startup_locality(events)
    if locality or always_cycle:
        tpm.power_cycle(locality)
    banks = tpm.banks()
    done = 0
    for number, (pcr, kind, digests, _) in enumerate(events, 1):
        if kind == EV_NO_ACTION or not any(bank in digests for bank in banks):
            continue
        try:
            tpm.extend(pcr, digests, banks)
        except TpmError as error:
            raise TpmError(f"event {number} into PCR {pcr}: {error}") from error
        done += 1
    print(f"extended {done} of {len(events)} events in {' '.join(banks)}", file=sys.stderr)


def count(path, version, codes):
    """Counts commands that succeeded, from swtpm's own log of what it read and wrote."""
    wanted = {code: int(code, 0) for code in codes}
    if not wanted and version == "2.0":
        wanted = {"quote": CC_QUOTE, "sign": CC_SIGN}
    elif not wanted:
        wanted = {"quote": TPM12_QUOTE, "sign": TPM12_SIGN}
    totals = dict.fromkeys(wanted, 0)
    pending = None
    packets = []
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            if found := re.search(r"SWTPM_IO_(Read|Write): length (\d+)", line):
                packets.append([found[1], int(found[2]), bytearray()])
            elif packets and len(packets[-1][2]) < min(10, packets[-1][1]):
                if found := re.fullmatch(r"\s*((?:[0-9A-F]{2} ?)+)\s*", line):
                    packets[-1][2] += bytes.fromhex(found[1])
    for direction, _, head in packets:
        code = struct.unpack_from(">I", head, 6)[0] if len(head) >= 10 else None
        if direction == "Read":
            pending = code
        elif pending is not None:
            for name, value in wanted.items():
                totals[name] += pending == value and code == 0
            pending = None
    for name, total in totals.items():
        print(name, total)


def free_ports():
    """A port P of 127.0.0.1 such that P and P + 1 are free."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise TpmError("no two neighbouring free ports")


def main(args):
    if args[:1] == ["free-ports"]:
        print(free_ports())
        return
    if args[:1] == ["count"]:
        count(args[1], args[2], args[3:])
        return
    tpm = Tpm(int(args[0]), args[1])
    if args[2] == "shutdown":
        tpm.shutdown()
    elif args[2] == "reset":
        tpm.power_cycle(sudden=args[3:] == ["--sudden"])
    else:
        replay(tpm, args[3], args[2] == "boot")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except TimeoutError:
        sys.exit("test-tpm: no answer from the TPM: another program may hold its one connection")
    except (OSError, ValueError, TpmError) as error:
        sys.exit(f"test-tpm: {error}")
