"""Crops in the shape of Google Cloud Vision's answers (`CropHintsAnnotation`, API v1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .crop_search import Crop

_INVALID_ARGUMENT = 3  # google.rpc.Code


def crop_hints(crops: Sequence[Crop]) -> dict[str, Any]:
    """The annotation of a picture's crops, in their order.

    Vertices are the corners, clockwise from the upper left, in pixels of the upright original;
    right and bottom are exclusive. `confidence` is the score, `importanceFraction` the share of
    the photographer's crop that is expected within.
    """
    return {"cropHintsAnnotation": {"cropHints": [_hint(crop) for crop in crops]}}


def failed_hints(record: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in place of the annotation for the record of an input that failed."""
    return {"error": {"code": _INVALID_ARGUMENT, "message": record["error"]}}


def _hint(crop: Crop) -> dict[str, Any]:
    x1, y1, x2, y2 = crop.box
    corners = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    return {
        "boundingPoly": {"vertices": [{"x": x, "y": y} for x, y in corners]},
        "confidence": round(crop.score, 4),
        "importanceFraction": round(crop.importance, 4),
    }
