"""Writing the parts of a picture; see `segment_names` for the files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..core.encoding import save_rgb
from ..core.files import atomic_write
from ..core.instances import Instance
from ..core.masks import Mask
from ..core.rle import encode_rle
from ..data.coco_write import CocoEntry, write_coco
from ..data.label_map import write_label_map
from ..data.ora import OraFile
from .segment_canvas import FullCanvas, enlarged
from .segment_found import Found, LoopResult
from .segment_layers import Layer, Recomposition, in_order, paint_layers
from .segment_merge import LabelMap
from .segment_names import STACK, Wanted, object_name
from .segment_overlay import Mark, draw_objects, marks_of


def write_layers(
    folder: Path, result: LoopResult[FullCanvas], wanted: Wanted
) -> tuple[list[Path], Recomposition]:
    """Write the layers as PNG, as OpenRaster, or both; and compare their stack with the picture.

    Raises:
        OutputError: a file cannot be written.
    """
    clean = result.clean.full
    height, width = clean.shape[:2]
    files: list[Path] = []
    with ExitStack() as context:
        ora = None
        if wanted.ora:
            ora = context.enter_context(OraFile(folder / "stack.ora", (width, height)))
            ora.layer("background", clean)

        def emit(layer: Layer) -> None:
            name = object_name(layer.rank, layer.found.label)
            if ora is not None:
                ora.layer(name, layer.rgba, layer.x, layer.y)
            if wanted.layers:
                path = folder / "layers" / f"{name}.png"
                high, wide = layer.rgba.shape[:2]
                canvas = np.zeros((height, width, 4), np.uint8)
                canvas[layer.y : layer.y + high, layer.x : layer.x + wide] = layer.rgba
                _save(Image.fromarray(canvas), path)
                files.insert(0, path)

        stack = paint_layers(result, emit)
        if ora is not None:
            ora.merged(stack)
            files.append(folder / "stack.ora")
    original = result.rounds[0].canvas.full if result.rounds else clean
    return files, Recomposition.of(original, stack)


def write_masks(
    folder: Path, result: LoopResult[FullCanvas], visible: LabelMap, labels: LabelMap
) -> list[Path]:
    """Write both masks of every object, black and white, the label map, and the overlay.

    Args:
        folder: of the picture.
        result: of the loop.
        visible: what shows where, by rank, at the size of the original.
        labels: the map to write.

    Raises:
        OutputError: a file cannot be written.
    """
    files = []
    for rank, found in enumerate(in_order(result), 1):
        base = folder / "masks" / object_name(rank, found.label)
        for kind, mask in (
            ("visible", visible == rank),
            ("amodal", enlarged(found.amodal, labels.shape)),
        ):
            files.append(base.with_name(f"{base.name}_{kind}.png"))
            _save_mask(mask, files[-1])
    files += [folder / "labels.png", folder / "overlay.png"]
    write_label_map(files[-2], labels)
    shown = result.rounds[0].canvas.rgb if result.rounds else result.clean.rgb
    save_rgb(draw_objects(shown, marks_of(in_order(result))), files[-1])
    return files


def write_iterations(folder: Path, result: LoopResult[FullCanvas]) -> list[Path]:
    """Write what every iteration looked at, what it found, and what it erased.

    Raises:
        OutputError: a file cannot be written.
    """
    files = []
    for entry in result.rounds:
        base = folder / "iterations" / f"{entry.number + 1}"
        paths = [base.with_name(base.name + end) for end in (".png", "_found.png", "_hole.png")]
        save_rgb(entry.canvas.full, paths[0])
        found = [
            Mark(place + 1, str(place + 1), d.mask, d.mask)
            for place, d in enumerate(entry.detections)
        ]
        save_rgb(draw_objects(entry.picture, found), paths[1])
        _save_mask(enlarged(entry.hole, entry.canvas.full.shape), paths[2])
        files += paths
    return files


def write_coco_file(path: Path, file: str, ranked: Sequence[Found], visible: LabelMap) -> None:
    """Write the objects as COCO's JSON, their whole extent as segmentation.

    Beside COCO's fields stand `visible` (run lengths; empty where nothing shows), `iteration`,
    `rank` and `speculative`.

    Raises:
        OutputError: the file cannot be written.
    """
    height, width = visible.shape
    instances = [Instance(enlarged(k.amodal, visible.shape), k.score, k.label) for k in ranked]
    extra = [
        {
            "visible": encode_rle(visible == rank),
            "iteration": k.iteration + 1,
            "rank": rank,
            "speculative": k.speculative,
        }
        for rank, k in enumerate(ranked, 1)
    ]
    write_coco(path, [CocoEntry(file, (width, height), instances, extra)])


def write_stack(folder: Path, record: dict[str, Any]) -> None:
    """Write `stack.json`, which says that all else is there.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(folder / STACK) as part:
        part.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", "utf-8")


def _save_mask(mask: Mask, path: Path) -> None:
    _save(Image.fromarray(mask), path)


def _save(image: Image.Image, path: Path) -> None:
    with atomic_write(path) as part:
        image.save(part, "PNG", compress_level=4)
