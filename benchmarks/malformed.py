"""Files that look like pictures and are none, or are broken ones."""

from __future__ import annotations

import os
import random
import re
import socket
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wellformed import FLAVOURS, encoded

Random = random.Random
_NAMES = list(FLAVOURS)


@dataclass(frozen=True)
class Case:
    """A file and what may become of it."""

    path: Path
    kind: str
    fails: bool | None  # None: it may still be a picture


def write_malformed(folder: Path, numbers: list[int], seed: int) -> list[Case]:
    """Write one malformed file a number, of every kind in turn; the same ones for a seed."""
    cases = []
    lanes: list[Callable[[Path, int, Random], Case]] = [_truncated, _node, _pretended, _flipped]
    for turn, number in enumerate(numbers):
        chance = Random(f"{seed}-{number}")
        lane = lanes[turn % len(lanes)]
        cases.append(lane(folder / f"{number:04}", turn // len(lanes), chance))
    return cases


def _truncated(stem: Path, turn: int, chance: Random) -> Case:
    flavour = _NAMES[turn % len(_NAMES)]
    whole = encoded(flavour, chance.randrange(1000))
    path = stem.with_name(f"{stem.name} cut{FLAVOURS[flavour][1]}")
    path.write_bytes(whole[: int(len(whole) * chance.uniform(0.02, 0.9))])
    return Case(path, f"truncated {flavour}", True)


def _flipped(stem: Path, turn: int, chance: Random) -> Case:
    flavour = _NAMES[turn % len(_NAMES)]
    data = bytearray(encoded(flavour, chance.randrange(1000)))
    early = chance.random() < 0.5  # headers are a small share of the file
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(min(len(data), 600) if early else len(data))
        data[place] ^= 1 << chance.randrange(8)
    path = stem.with_name(f"{stem.name} flipped{FLAVOURS[flavour][1]}")
    path.write_bytes(data)
    return Case(path, f"bits flipped in {flavour}", None)


def _pretended(stem: Path, turn: int, chance: Random) -> Case:
    makers = [*_BOMBS.items(), *_CONTENTS.items()]
    # bombs and wrong contents by turns, so that a few files show some of both
    kind, (suffix, make) = makers[(turn * len(_BOMBS) + turn // 2) % len(makers)]
    path = stem.with_name(f"{stem.name} pretended{suffix}")
    path.write_bytes(make())
    return Case(path, kind, True)


def _node(stem: Path, turn: int, chance: Random) -> Case:
    """Something whose trouble is its entry in the folder."""
    makers = [_empty, _folder, _newline, _link_to_nothing, _link_to_itself, _unreadable, _too_long]
    if hasattr(os, "mkfifo"):
        makers += [_fifo, _socket, _device]
    if sys.platform == "linux":
        makers.append(_not_text)
    return makers[turn % len(makers)](stem.with_name(f"{stem.name} node.jpg"))


def _empty(path: Path) -> Case:
    path.touch()
    return Case(path, "empty", True)


def _folder(path: Path) -> Case:
    path.mkdir()
    return Case(path, "empty folder named like a picture", True)


def _newline(path: Path) -> Case:
    path = path.with_name(f"{path.stem}\nerror: no\n.jpg")
    path.write_bytes(encoded("JPEG", 1)[:-800])
    return Case(path, "newline in a bad file's name", True)


def _not_text(path: Path) -> Case:
    path = path.with_name(path.stem + os.fsdecode(b" \xc3\xff\x80.jpg"))
    path.write_bytes(b"no picture")
    return Case(path, "bad file's name is no UTF-8", True)


def _too_long(path: Path) -> Case:
    path = path.with_name(path.stem.ljust(251, "x") + ".jpg")
    path.write_bytes(encoded("JPEG", 2))
    return Case(path, "no room in its name for that of a crop", True)


def _unreadable(path: Path) -> Case:
    path.write_bytes(encoded("JPEG", 3))
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read whatever there is
        return Case(path, "forbidden, but not to this user", False)
    return Case(path, "unreadable", True)


def _link_to_nothing(path: Path) -> Case:
    path.symlink_to("gone.jpg")
    return Case(path, "link to nothing", True)


def _link_to_itself(path: Path) -> Case:
    path.symlink_to(path.name)
    return Case(path, "link to itself", True)


def _fifo(path: Path) -> Case:
    os.mkfifo(path)
    return Case(path, "FIFO", True)


def _device(path: Path) -> Case:
    path.symlink_to("/dev/zero")
    return Case(path, "device", True)


def _socket(path: Path) -> Case:
    with socket.socket(socket.AF_UNIX) as end:
        here = os.getcwd()
        os.chdir(path.parent)  # the address of a socket has room for about 100 bytes
        try:
            end.bind(path.name)
        finally:
            os.chdir(here)
    return Case(path, "socket", True)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    head = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = _png_chunk(b"IDAT", zlib.compress(bytes(3000)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + pixels + _png_chunk(b"IEND", b"")


def _jpeg_bomb() -> bytes:
    data = bytearray(encoded("JPEG", 4))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", 65000, 65000)
    return bytes(data)


def _webp_bomb() -> bytes:
    size = (16383).to_bytes(3, "little") * 2  # 16384 pixels
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size


def _gif_bomb() -> bytes:
    size = struct.pack("<HH", 65535, 65535)
    return b"GIF89a" + size + b"\x00\x00\x00," + bytes(4) + size + b"\x00\x08\x02\x4c\x01\x00;"


def _bmp_bomb() -> bytes:
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 9000, 0, 54, 40, 50000, 50000, 1, 24, *[0] * 6)


def _tiff_bomb() -> bytes:
    tags = [(256, 60000), (257, 60000), (258, 8), (259, 1), (262, 1), (273, 8), (278, 60000)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def _box_bomb(flavour: str) -> bytes:
    """An ISO base media file whose boxes of extents, `ispe`, promise 65000x65000 pixels."""
    huge = b"ispe" + bytes(4) + struct.pack(">II", 65000, 65000)
    return re.sub(rb"ispe.{12}", lambda _: huge, encoded(flavour, 5), flags=re.DOTALL)


_BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "PNG bomb": (".png", lambda: _png(60000, 60000)),
    "PNG of no width": (".png", lambda: _png(0, 100)),
    "PNG whose text unpacks to 200 MB": (
        ".png",
        lambda: _png(9000, 9000, _png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))),
    ),
    "JPEG bomb": (".jpg", _jpeg_bomb),
    "WebP bomb": (".webp", _webp_bomb),
    "GIF bomb": (".gif", _gif_bomb),
    "BMP bomb": (".bmp", _bmp_bomb),
    "TIFF bomb": (".tif", _tiff_bomb),
    "AVIF bomb": (".avif", lambda: _box_bomb("AVIF")),
    "HEIC bomb": (".heic", lambda: _box_bomb("HEIC")),
}
_CONTENTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "text": (".jpg", lambda: b"once upon a time\n" * 40),
    "EPS": (".jpg", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) run\n"),
    "ZIP": (".jpg", lambda: b"PK\x05\x06" + bytes(18)),
    "PDF": (".png", lambda: b"%PDF-1.7\n%%EOF\n"),
    "SVG": (".webp", lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    "HTML": (".jpeg", lambda: b"<!doctype html><title>404</title>"),
    "PPM, no format of ours": (".jpg", lambda: b"P6 9 9 255\n" + bytes(243)),
    "zeros": (".tif", lambda: bytes(5000)),
    "noise": (".png", lambda: Random(6).randbytes(5000)),
    "JPEG of three bytes": (".jpg", lambda: b"\xff\xd8\xff"),
    "one byte": (".gif", lambda: b"G"),
    "AVIF of a brand alone": (".avif", lambda: b"\0\0\0\x14ftypavif\0\0\0\0avif"),
}
