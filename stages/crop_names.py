"""Where the files of a picture go: crops `NAME_1.jpg` or `NAME_16x9_1.jpg`, `NAME_overlay.jpg`.

With crops for each subject, `NAME_s2_1.jpg` or `NAME_s2_16x9_1.jpg`.
"""

from __future__ import annotations

from pathlib import Path

from ..core.formats import format_of_suffix
from .crop_request import Aspect, CropRequest


def crop_name(target: Path, aspect: Aspect | None, rank: int, subject: int | None = None) -> Path:
    """The file of one crop.

    Args:
        target: where the picture itself would go.
        aspect: None where only one aspect, or none, was asked for.
        rank: of the crop, from 1.
        subject: that it serves, from 1; None where it is about the whole picture.
    """
    whose = f"_s{subject}" if subject else ""
    label = f"_{aspect.label.replace(':', 'x')}" if aspect else ""
    return target.with_name(f"{target.stem}{whose}{label}_{rank}{target.suffix}")


def crop_names(target: Path, request: CropRequest, subjects: int | None = None) -> list[Path]:
    """Every file that the crops of a picture may take, in the order of the crops.

    Args:
        target: where the picture itself would go.
        request: says how many of which aspects.
        subjects: how many there may be; None without crops for each.
    """
    whose = range(1, subjects + 1) if subjects else (None,)
    shapes, ranks = named_shapes(request), range(1, request.topk + 1)
    return [
        crop_name(target, shape, rank, subject)
        for subject in whose
        for shape in shapes
        for rank in ranks
    ]


def named_shapes(request: CropRequest) -> tuple[Aspect | None, ...]:
    """The aspects that stand in the names, in the order of the crops."""
    return request.aspects if len(request.aspects) > 1 else (None,)


def overlay_name(target: Path) -> Path:
    """The file of a picture with its crops drawn: JPEG for JPEG, PNG for all others.

    So that `a.webp` and `a.png` can lie side by side, the former gives `a_webp_overlay.png`.
    """
    kind = format_of_suffix(target)
    if kind == "JPEG":
        return target.with_name(f"{target.stem}_overlay{target.suffix}")
    other = "" if kind == "PNG" else target.suffix.replace(".", "_")
    return target.with_name(f"{target.stem}{other}_overlay.png")
