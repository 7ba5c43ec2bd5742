"""A small reader of TCG event logs for the tools here, deliberately apart from the project's core,
so that recorded boots and test TPMs are not judged by the code which is tested with them."""
import struct

ALGORITHMS = {0x0004: "sha1", 0x000B: "sha256", 0x000C: "sha384", 0x000D: "sha512"}
EV_NO_ACTION = 3
PAD = {b"\x00", b"\xff"}


def _bytes(log, at, size):
    if at + size > len(log):
        raise ValueError(f"the log ends at {len(log)}, within a field at {at}")
    return log[at:at + size]


def read_log(log):
    """Yields (pcr, type, {bank: digest}, data) of a log in the SHA-1 or the crypto-agile format.

    Digests of algorithms that are not in ALGORITHMS are left out; padding at the end is not read.
    """
    sizes = None
    at = 0
    while at < len(log):
        if log[at:at + 1] in PAD and log[at:].count(log[at]) == len(log) - at:
            return
        pcr, kind = struct.unpack("<II", _bytes(log, at, 8))
        at += 8
        digests = {}
        if sizes is None:
            digests["sha1"] = _bytes(log, at, 20)
            at += 20
        else:
            count = struct.unpack("<I", _bytes(log, at, 4))[0]
            at += 4
            for _ in range(count):
                alg = struct.unpack("<H", _bytes(log, at, 2))[0]
                if alg not in sizes:
                    raise ValueError(f"algorithm {alg:#06x} at {at} is not in the Spec ID event")
                digest = _bytes(log, at + 2, sizes[alg])
                at += 2 + sizes[alg]
                if alg in ALGORITHMS:
                    digests[ALGORITHMS[alg]] = digest
        size = struct.unpack("<I", _bytes(log, at, 4))[0]
        data = _bytes(log, at + 4, size)
        at += 4 + size
        yield pcr, kind, digests, data
        if sizes is None:
            sizes = {}
            if kind == EV_NO_ACTION and data.startswith(b"Spec ID Event03\0"):
                count = struct.unpack("<I", _bytes(data, 24, 4))[0]
                for i in range(count):
                    alg, length = struct.unpack("<HH", _bytes(data, 28 + 4 * i, 4))
                    sizes[alg] = length
            sizes = sizes or None


def startup_locality(events):
    """The locality of TPM2_Startup that the events tell: 0 without a StartupLocality event."""
    for _, kind, _, data in events:
        if kind == EV_NO_ACTION and data[:16] == b"StartupLocality\0" and len(data) > 16:
            return data[16]
    return 0
