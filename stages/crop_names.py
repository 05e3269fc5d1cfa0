"""Where the files of a picture go: crops `NAME_1.jpg` or `NAME_16x9_1.jpg`, `NAME_overlay.jpg`."""

from __future__ import annotations

from pathlib import Path

from ..core.formats import format_of_suffix
from .crop_request import Aspect, CropRequest


def crop_name(target: Path, aspect: Aspect | None, rank: int) -> Path:
    """The file of one crop.

    Args:
        target: where the picture itself would go.
        aspect: None where only one aspect, or none, was asked for.
        rank: of the crop, from 1.
    """
    label = f"_{aspect.label.replace(':', 'x')}" if aspect else ""
    return target.with_name(f"{target.stem}{label}_{rank}{target.suffix}")


def crop_names(target: Path, request: CropRequest) -> list[Path]:
    """Every file that the crops of a picture may take, in the order of the crops."""
    ranks = range(1, request.topk + 1)
    return [crop_name(target, shape, rank) for shape in named_shapes(request) for rank in ranks]


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
