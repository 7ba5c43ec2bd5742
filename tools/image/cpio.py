"""Writes cpio archives (newc), as the kernel's initramfs reads them, with nothing in them that
differs between two runs."""


def archive(members):
    """members: {path: (mode, bytes)}; a directory that a path needs is added."""
    tree = dict(members)
    for path in members:
        parts = path.split('/')[:-1]
        for i in range(len(parts)):
            tree.setdefault('/'.join(parts[:i + 1]), (0o40755, b''))
    out = b''.join(member(number, path, *tree[path])
                   for number, path in enumerate(sorted(tree), 1))
    return out + member(0, 'TRAILER!!!', 0, b'')


def member(number, path, mode, content):
    name = path.encode() + b'\0'
    # inode, mode, uid, gid, links, time, size, device (2), special device (2), name size, check
    links = 2 if mode & 0o40000 and not mode & 0o100000 else 1
    fields = number, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name), 0
    head = b'070701' + b''.join(b'%08X' % field for field in fields) + name
    return padded(head) + padded(content)


def padded(data):
    return data + bytes(-len(data) % 4)


def file(content, mode=0o644):
    return 0o100000 | mode, content
