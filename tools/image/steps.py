"""What every step of trueboot-image uses: running programs, and saying why one failed."""
import os
import shutil
import subprocess
import time

os.environ['PATH'] += ':/usr/sbin:/sbin'
# What is compared later must not follow the user's language or time zone.
os.environ.update(LC_ALL='C', TZ='UTC')

NEEDED = {'mcopy': 'mtools', 'sfdisk': 'fdisk', 'mke2fs': 'e2fsprogs', 'mksquashfs': 'squashfs-tools',
          'veritysetup': 'cryptsetup-bin', 'sbsign': 'sbsigntool', 'objcopy': 'binutils',
          'depmod': 'kmod', 'openssl': 'openssl', 'ldd': 'libc-bin', 'sign-efi-sig-list': 'efitools',
          'hash-to-efi-sig-list': 'efitools', 'dpkg-deb': 'dpkg',
          '/bin/busybox': 'busybox-static'}


class Failed(Exception):
    def __init__(self, text, code=1):
        super().__init__(text)
        self.code = code


def die(text, code=1):
    raise Failed(text, code)


def need(*things):
    """Each is a program or a file of NEEDED."""
    for thing in things:
        if not os.path.exists(thing) and not shutil.which(thing):
            die(f'{thing} is missing: install {NEEDED[thing]}', 77)


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False, **options)
    text = done.stdout.decode(errors='replace')
    if done.returncode != 0:
        die(f'{" ".join(str(a) for a in argv)}: exit {done.returncode}\n{text}')
    return text


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def write(path, content):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content if isinstance(content, bytes) else content.encode())


class Timer:
    """Prints what a step made, its size, and how long it took."""

    def __init__(self, quiet=False):
        self.quiet, self.since = quiet, time.monotonic()

    def tell(self, path):
        now = time.monotonic()
        if not self.quiet:
            print(f'{now - self.since:6.2f} s {os.path.getsize(path):>11,} bytes  {path}')
        self.since = now
