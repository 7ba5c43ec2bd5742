"""Test keys: Secure Boot's, and vendors that sign packages."""
import os
import shutil

from steps import need, read, run, write
import varstore

DATE = '2026-01-01 00:00:00'  # of the updates: later ones need a later one


def make(folder, build):
    for old in 'vendor', 'foreign':
        shutil.rmtree(f'{folder}/{old}', ignore_errors=True)
    for place, owner in (folder, 'Trueboot test'), (f'{folder}/foreign', 'Somebody else'):
        os.makedirs(place, mode=0o700, exist_ok=True)
        for name in 'PK', 'KEK', 'db':
            secure_boot_key(f'{place}/{name}', owner, name)
        vendor(f'{place}/vendor', owner, build)


def secure_boot_key(path, owner, name):
    run('openssl', 'req', '-new', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256',
        '-days', '3650', '-subj', f'/O={owner}/CN={name}', '-keyout', f'{path}.key',
        '-out', f'{path}.crt')
    run('openssl', 'x509', '-in', f'{path}.crt', '-outform', 'DER', '-out', f'{path}.der')


def vendor(folder, owner, build):
    """RSA: the kernel verifies the root hash with the same chain."""
    run(f'{build}/tools/pkg/trueboot-pkg', 'make-vendor', folder, '--name', owner,
        '--level', 'certified', '--algorithm', 'rsa')
    run('openssl', 'x509', '-in', f'{folder}/root.crt', '-outform', 'DER',
        '-out', f'{folder}/root.der')


def updates(folder, keys):
    """Signed updates of the firmware's variables, for a machine in setup mode: PK.auth (signed by
    itself), KEK.auth (by PK), db.auth (by KEK)."""
    need('sign-efi-sig-list')
    for name, by in ('PK', 'PK'), ('KEK', 'PK'), ('db', 'KEK'):
        owner = str(varstore.OWNER)
        write(f'{folder}/{name}.esl', varstore.signature_list(varstore.CERT_X509,
                                                              read(f'{keys}/{name}.der')))
        run('sign-efi-sig-list', '-g', owner, '-t', DATE, '-k', f'{keys}/{by}.key',
            '-c', f'{keys}/{by}.crt', name, f'{folder}/{name}.esl', f'{folder}/{name}.auth')
