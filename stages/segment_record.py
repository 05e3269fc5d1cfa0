"""What `stack.json` says of a picture that was taken apart."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from ..core.masks import Mask, mask_box
from ..models.own_weights import own_digests
from .segment_canvas import FullCanvas, enlarged
from .segment_config import SegmentConfig
from .segment_found import Found, LoopResult, Round
from .segment_layers import Recomposition, in_order
from .segment_merge import LabelMap
from .segment_names import Wanted, object_name


def stack_record(
    result: LoopResult[FullCanvas],
    visible: LabelMap,
    config: SegmentConfig,
    wanted: Wanted,
    recomposition: Recomposition | None,
) -> dict[str, Any]:
    """Objects from front to back, who stands before whom, and the course of the iterations.

    Boxes are x1, y1, x2, y2 in pixels of the upright original, right and bottom exclusive, and
    areas are its pixels. `before` holds pairs of ranks, the front one first.

    Args:
        result: of the loop.
        visible: what shows where, by rank, at the size of the original.
        config: the settings.
        wanted: what is written.
        recomposition: if layers were made.
    """
    height, width = visible.shape
    ranked = in_order(result)
    ranks = {found.number: rank for rank, found in enumerate(ranked, 1)}
    search = result.clean.rgb.shape
    return {
        "width": width,
        "height": height,
        "working": [search[1], search[0]],
        "objects": [_object(k, ranks[k.number], visible, wanted) for k in ranked],
        "before": sorted([ranks[front], ranks[behind]] for front, behind in result.before),
        "iterations": [_round(entry, result.rounds, ranks) for entry in result.rounds],
        "holes": round(float(result.holes.mean()), 6),
        "recomposition": _error(recomposition),
        "arguments": dataclasses.asdict(config),
        "versions": {name: version(name) for name in ("compose-toolkit", "numpy")},
        "trained": own_digests(),
    }


def _object(found: Found, rank: int, visible: LabelMap, wanted: Wanted) -> dict[str, Any]:
    name = object_name(rank, found.label)
    shown = visible == rank
    amodal = enlarged(found.amodal, visible.shape)
    files: dict[str, str] = {}
    if wanted.layers:
        files["layer"] = f"layers/{name}.png"
    if wanted.masks:
        files |= {kind: f"masks/{name}_{kind}.png" for kind in ("visible", "amodal")}
    return {
        "rank": rank,
        "label": found.label,
        "score": round(found.score, 4),
        "iteration": found.iteration + 1,
        "erased": None if found.erased is None else found.erased + 1,
        "speculative": found.speculative,
        "hidden": round(1 - int(shown.sum()) / max(int((amodal | shown).sum()), 1), 4),
        "guessed": _share(found.guessed, found.amodal),
        "box": _box(shown),
        "amodal_box": _box(amodal),
        "area": int(shown.sum()),
        "amodal_area": int(amodal.sum()),
        **files,
    }


def _round(
    entry: Round[FullCanvas], rounds: Sequence[Round[FullCanvas]], ranks: dict[int, int]
) -> dict[str, Any]:
    known = {k.number: k for k in entry.instances}
    before = rounds[entry.number - 1].instances if entry.number else ()
    return {
        "iteration": entry.number + 1,
        "detections": len(entry.detections),
        "found": sorted(ranks[k.number] for k in known.values() if k.iteration == entry.number),
        "extended": sorted(
            ranks[old.number]
            for old in before
            if not np.array_equal(old.seen_extent, known[old.number].seen_extent)
        ),
        "rejected": dict(sorted(Counter(r.reason for r in entry.rejected).items())),
        "erased": round(float(entry.hole.mean()), 6),
    }


def _share(part: Mask | None, whole: Mask) -> float:
    return 0.0 if part is None else round(int(part.sum()) / max(int(whole.sum()), 1), 4)


def _box(mask: Mask) -> list[int] | None:
    return [int(edge) for edge in mask_box(mask)] if mask.any() else None


def _error(found: Recomposition | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "mean": round(found.mean, 4),
        "largest": found.largest,
        "changed": round(found.changed, 6),
    }
