"""The picture formats that are read and written, told apart by their first bytes.

Only these are ever handed to a decoder; the name of a file decides nothing about reading it.
"""

from __future__ import annotations

from pathlib import PurePath

DEFAULT_MAX_PIXELS = 100_000_000  # about what the largest cameras on sale deliver

# Pillow's name of a format → the suffixes it goes by, the usual one first.
SUFFIXES: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
}
IMAGE_SUFFIXES: frozenset[str] = frozenset(s for group in SUFFIXES.values() for s in group)
READABLE = "JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF and BMP"

SNIFF_BYTES = 256  # enough for the brands of an ISO base media file
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}


def sniff(head: bytes) -> str | None:
    """The format of a file that begins with `head` (SNIFF_BYTES of it), or None."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        size = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIF"
    return None


def format_of_suffix(name: str | PurePath) -> str | None:
    """The format that a file's suffix stands for, or None if it stands for none of ours."""
    suffix = PurePath(name).suffix.lower()
    return next((fmt for fmt, suffixes in SUFFIXES.items() if suffix in suffixes), None)
