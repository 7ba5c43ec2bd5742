#!/usr/bin/env python3
"""trueboot.efi: the same bytes each time, small, and with the sections that it must have.

usage: loader_image_test.py LOADER BUILD-SCRIPT SOURCE VERSION
"""
import os
import struct
import subprocess
import sys
import tempfile
import unittest

LOADER, SCRIPT, SOURCE, VERSION = (os.path.abspath(a) if i < 3 else a
                                   for i, a in enumerate(sys.argv[1:5]))


def sections(image):
    """{name: (address, content)} of a PE file, and its size in memory."""
    at = struct.unpack_from('<I', image, 0x3C)[0]
    count, optional = struct.unpack_from('<6xH12xH', image, at)
    [size] = struct.unpack_from('<I', image, at + 24 + 56)
    table = {}
    for i in range(count):
        name, length, address, raw, offset = struct.unpack_from(
            '<8sIIII', image, at + 24 + optional + 40 * i)
        table[name.rstrip(b'\0').decode()] = address, image[offset:offset + min(raw, length)]
    return table, size


class LoaderImage(unittest.TestCase):
    def setUp(self):
        with open(LOADER, 'rb') as file:
            self.image = file.read()

    def test_two_builds_are_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            again = f'{folder}/elsewhere.efi'
            subprocess.run([SCRIPT, SOURCE, again, VERSION], check=True, timeout=300)
            with open(again, 'rb') as file:
                self.assertEqual(file.read(), self.image)

    def test_it_is_below_300_kilobytes(self):
        self.assertLess(len(self.image), 300 * 1000)

    def test_its_sections_are_apart_and_on_pages_of_their_own(self):
        table, size = sections(self.image)
        end = 0
        for address, content in sorted(table.values()):
            self.assertEqual(address % 4096, 0)
            self.assertGreaterEqual(address, end)
            end = address + len(content)
        self.assertLessEqual(end, size)

    def test_it_names_its_generation_and_carries_no_vendor_yet(self):
        table, _ = sections(self.image)
        self.assertNotIn('.vendor', table)
        lines = table['.sbat'][1].rstrip(b'\0').decode().splitlines()
        self.assertEqual(lines[0].split(',')[:2], ['sbat', '1'])
        self.assertEqual(lines[1].split(',')[:5], ['trueboot', '1', 'Trueboot', 'trueboot', VERSION])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
