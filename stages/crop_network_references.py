"""The photographs that a cropper of ProCrop looks at, out of a folder (sections 3.2 and 3.3).

What BLIP makes of a photograph and its caption is for networks with the paper's text branch; the
caption of `a.jpg` is what stands in `a.txt` beside it, and without one BLIP sees the picture alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import UsageError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.images import load_reduced
from ..core.inputs import expand_inputs
from ..core.names import printable

if TYPE_CHECKING:
    from ..models.reference_set import ReferenceSet

_WORDS = 30  # of a caption (ProCrop)
_MOST = 4096  # bytes of a caption's file


def network_references(
    folder: Path,
    blip: Path | None = None,
    *,
    device: str = "cpu",
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> ReferenceSet:
    """Read the photographs of a folder, or of one file.

    Args:
        folder: of photographs, and their captions where there are any.
        blip: the folder of BLIP for image-text retrieval; None leaves texts out.
        device: torch's name, of BLIP.
        begin: called with the name and length of the work; gives what to call at every photograph.
        max_pixels: larger ones are refused.

    Raises:
        UsageError: there is none, or one cannot be read.
        ImageError: one is damaged.
        ModelError: BLIP cannot be opened.
    """
    from ..models.reference_set import SIDE, ReferenceEncoder, encode_all

    sources = expand_inputs([str(folder)])
    for source in sources:
        if source.problem is not None:
            raise UsageError(source.problem)
    if not sources:
        raise UsageError(f"{printable(folder)} holds no photograph to crop like; name another.")
    told = None
    if blip is not None:
        from ..models.blip_text import BlipTokens

        told = BlipTokens(blip, device)
    advance = begin("references", len(sources))
    pictures, texts = [], []
    for source in sources:
        side = SIDE if told is None else max(SIDE, told.side)
        rgb = load_reduced(source.path, side, max_pixels=max_pixels).over()
        pictures.append(rgb)
        if told is not None:
            tokens, _ = told.encode([rgb], [caption_beside(source.path)])
            texts.append(tokens[0].float().cpu())
        advance()
    names = [source.path.name for source in sources]
    return encode_all(pictures, names, ReferenceEncoder(), texts if told else None)


def caption_beside(photo: Path) -> str:
    """The first words of the text file of a photograph's name, in one line; empty without one.

    Raises:
        UsageError: it is there and cannot be read.
    """
    path = photo.with_suffix(".txt")
    try:
        with path.open("rb") as file:
            text = file.read(_MOST).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(
            f"cannot read the caption {printable(path)} ({error.strerror}); mend or move it."
        ) from None
    return " ".join(text.split()[:_WORDS])
