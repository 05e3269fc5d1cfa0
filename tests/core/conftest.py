"""Drawn pictures and colour profiles; nothing here is read from the disk or the network."""

import struct

import numpy as np
import pytest
from PIL import Image

WIDTH, HEIGHT = 56, 40


@pytest.fixture(scope="session")
def drawn():
    """HxWx3 uint8, not square, smooth, and unlike itself in every other orientation."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    picture = np.stack([40 + 3 * x, 20 + 5 * y, 200 - 2 * x - y], -1).astype(np.uint8)
    picture[4:14, 6:18] = (250, 240, 20)
    return picture


@pytest.fixture(scope="session")
def veil():
    """HxW uint8: alpha that rises from transparent to opaque from left to right."""
    return np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))


def turned_upright(stored, orientation):
    """What EXIF's orientations mean, written down a second time, by numpy."""
    swapped = stored.swapaxes(0, 1)
    return {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: swapped,
        6: np.rot90(stored, -1),
        7: swapped[::-1, ::-1],
        8: np.rot90(stored, 1),
    }[orientation]


@pytest.fixture(scope="session")
def upright():
    return turned_upright


@pytest.fixture(scope="session")
def exif_of():
    def make(orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        return exif

    return make


def _profile(space, connection, kind, tags):
    """An ICC profile of version 2: `tags` are pairs of a signature and its data."""
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags:
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, start + len(data), len(content))
        data += content
    head = struct.pack(
        ">I4sI4s4s4s", start + len(data), b"test", 0x02100000, kind, space, connection
    )
    head += bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">iii", 0xF6D6, 0x10000, 0xD32D)  # D50
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _xyz(*values):
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(v * 65536) for v in values))


def _text():
    description = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78)
    return [(b"desc", description), (b"cprt", b"text" + bytes(4) + b"none\0")]


@pytest.fixture(scope="session")
def swapped_profile():
    """RGB whose red is sRGB's blue and the other way round, with a curve of 2.2."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256))
    red, green, blue = (0.436, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139)
    tags = [(b"wtpt", _xyz(0.9642, 1, 0.8249))]
    tags += [(b"rXYZ", _xyz(*blue)), (b"gXYZ", _xyz(*green)), (b"bXYZ", _xyz(*red))]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile(b"RGB ", b"XYZ ", b"mntr", _text() + tags)


@pytest.fixture(scope="session")
def linear_grey_profile():
    curve = b"curv" + bytes(4) + struct.pack(">I", 0)
    tags = [(b"wtpt", _xyz(0.9642, 1, 0.8249)), (b"kTRC", curve)]
    return _profile(b"GRAY", b"XYZ ", b"mntr", _text() + tags)


@pytest.fixture(scope="session")
def only_black_ink_profile():
    """CMYK of which only K shows: L* falls from 100 to 0 with it, whatever C, M and Y say."""
    ramp = bytes(range(256))
    corners = b"".join(bytes([255 if not i & 1 else 0, 128, 128]) for i in range(16))
    table = b"mft1" + bytes(4) + struct.pack(">BBBB", 4, 3, 2, 0)
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += ramp * 4 + corners + ramp * 3
    tags = [(b"wtpt", _xyz(0.9642, 1, 0.8249)), (b"A2B0", table)]
    return _profile(b"CMYK", b"Lab ", b"prtr", _text() + tags)
