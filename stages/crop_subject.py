"""Which mask belongs to which picture."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import MaskError, UsageError
from ..core.formats import SUFFIXES
from ..core.inputs import Source
from ..core.names import printable

# formats without loss first, for what JPEG makes of a mask's edge is a guess
_SUFFIXES = tuple(
    suffix
    for fmt in ("PNG", "TIFF", "BMP", "GIF", "WEBP", "AVIF", "JPEG", "HEIF")
    for suffix in SUFFIXES[fmt]
)


def require_subject(subject: Path) -> None:
    """Refuse what is neither a mask nor a folder of masks.

    Raises:
        UsageError: nothing is there.
    """
    if not subject.exists():
        raise UsageError(f"{printable(subject)} does not exist; give a mask or a folder of masks.")


def mask_for(subject: Path, source: Source) -> Path:
    """The mask of an input: `subject` itself, or the file of the input's stem in that folder.

    In a folder, masks lie as the inputs do, or else all together.

    Raises:
        MaskError: the folder holds no mask for it.
    """
    if not subject.is_dir():
        return subject
    for place in (subject / source.relative, subject / source.relative.name):
        for suffix in _SUFFIXES:
            mask = place.with_name(f"{place.stem}{suffix}")
            if mask.is_file():
                return mask
    raise MaskError(
        f"{printable(subject)} holds no mask for it; add {printable(source.relative.stem)}.png."
    )
