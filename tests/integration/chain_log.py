"""The event log of a boot on Trueboot's own boot chain, written apart from the project's code: the
firmware's part is a recorded boot's, the loader's records are made of the packages of a boot set."""
import hashlib
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../tools/boot-logs'))
from tcglog import read_log  # noqa: E402

ALGORITHMS = {'sha1': 0x4, 'sha256': 0xb, 'sha384': 0xc, 'sha512': 0xd}
APPLICATION, TAG = 0x80000003, 6
BASE, OTHERS, SETTINGS = 12, 13, 14
KINDS = {'secure-boot': 1, 'vendor': 2, 'configuration': 3, 'asset-tag': 4, 'set': 5, 'package': 6,
         'module': 7, 'signer': 8, 'option': 11, 'command-line': 12, 'end': 13}


def authenticode(image):
    """What is hashed of a PE32+ image without signatures: all but checksum and certificate entry."""
    pe = struct.unpack_from('<I', image, 0x3c)[0] + 24
    return image[:pe + 64] + image[pe + 68:pe + 144] + image[pe + 152:]


def members(package):
    """[(name, content)] of a container, and the length of its first two members."""
    out, at, ends = [], 0, []
    while package[at]:
        name = package[at:at + 100].rstrip(b'\0').decode()
        size = int(package[at + 124:at + 135], 8)
        out.append((name, package[at + 512:at + 512 + size]))
        at += 512 + -(-size // 512) * 512
        ends.append(at)
    return out, ends[1]


def prefix(package):
    """The metadata that an agent sends."""
    return package[:members(package)[1]]


def event(pcr, kind, data, hashed=None, banks=ALGORITHMS):
    """One event of the crypto-agile format."""
    hashed = data if hashed is None else hashed
    return struct.pack('<III', pcr, kind, len(banks)) + b''.join(
        struct.pack('<H', ALGORITHMS[b]) + hashlib.new(b, hashed).digest() for b in banks) + \
        struct.pack('<I', len(data)) + data


def record(name, *words, more=b''):
    text = ' '.join([name, *(str(w) for w in words)]).encode() + b'\n' + more
    return struct.pack('<II', 0x54420000 + KINDS[name], len(text)) + text


def digests(content):
    return hashlib.sha512(content).hexdigest(), hashlib.sha256(content).hexdigest()


def lines(manifest, word):
    return [line.split(' ')[1:] for line in manifest.decode().split('\n')
            if line.split(' ')[0] == word]


def package_records(package, signer):
    """[(pcr, record)] of one package as the loader measures it."""
    found, _ = members(package)
    manifest = found[0][1]
    name, version, security_version, kind = (lines(manifest, w)[0][0] for w in (
        'name', 'version', 'security-version', 'kind'))
    pcr = BASE if kind == 'base' else OTHERS
    out = [(pcr, record('package', name, version, security_version, kind, len(manifest),
                        *digests(manifest))), (SETTINGS, record('signer', name, signer))]
    for payload in lines(manifest, 'payload'):
        if payload[0] in (('kernel', 'initrd', 'roothash') if kind == 'base' else ('initrd',)):
            content = dict(found)[payload[1]]
            out.append((pcr, record('module', payload[0], name, version, payload[1], len(content),
                                    *digests(content))))
    return out


def loader_records(folder, conf, vendor, signer, command_line, asset='-'):
    """[(pcr, record)] of a boot from set a in this folder."""
    out = [(SETTINGS, record('secure-boot', 'on')),
           (SETTINGS, record('vendor', hashlib.sha256(vendor).hexdigest())),
           (SETTINGS, record('configuration', len(conf), hashlib.sha512(conf).hexdigest(), more=conf)),
           (SETTINGS, record('asset-tag', asset))]
    out += [(pcr, record('set', 'a')) for pcr in (BASE, OTHERS, SETTINGS)]
    for name in sorted(os.listdir(folder)):
        with open(f'{folder}/{name}', 'rb') as f:
            out += package_records(f.read(), signer)
    out.append((SETTINGS, record('command-line', command_line)))
    return out + [(pcr, record('end', 'a')) for pcr in (BASE, OTHERS, SETTINGS)]


def kernel_events(initrd, command_line):
    """What Linux' EFI stub measures: of each the content is hashed, and a name is logged."""
    options = command_line.encode('utf-16-le') + bytes(2)
    return [(9, struct.pack('<II', 0x8f3b22ec, 13) + b'Linux initrd\0', initrd),
            (9, struct.pack('<II', 0x8f3b22ed, 26) + b'LOADED_IMAGE::LoadOptions\0', options)]


def boot_log(recorded, program, records):
    """The recorded boot's log, whose program gives way to this one and to what it and the kernel
    measured: (pcr, data) or, where something else is hashed, (pcr, data, hashed)."""
    events = list(read_log(recorded))
    spec = events[0]
    out = struct.pack('<II', spec[0], spec[1]) + bytes(20) + struct.pack('<I', len(spec[3])) + spec[3]
    for pcr, kind, values, data in events[1:]:
        if kind == APPLICATION:
            out += event(pcr, kind, data, authenticode(program))
            for r in records:
                out += event(r[0], TAG, *r[1:])
        elif pcr not in (8, 9, 10, 11):
            out += struct.pack('<III', pcr, kind, len(values)) + b''.join(
                struct.pack('<H', ALGORITHMS[b]) + v for b, v in values.items()) + \
                struct.pack('<I', len(data)) + data
    return out
