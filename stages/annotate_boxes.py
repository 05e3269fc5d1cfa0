"""Masks of the boxes of Objects365 by Segment Anything (METHODS of PICS, data construction).

Every box is a prompt; of the mask that answers it the largest connected part is kept, as a polygon.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..core.boxes import Box, to_xywh
from ..core.errors import MaskError
from ..core.files import atomic_write
from ..core.images import load_picture
from ..core.masks import mask_box
from ..core.polygons import fill_polygons, largest_outline
from ..data.raw_objects365 import BoxedPicture
from ..models.segmenter import Prompt, PromptSegmenter
from ..models.segmenters import SegmenterOptions, open_prompt_segmenter

_DIGITS = 2  # of a polygon's corners, after the point


def open_annotator(options: SegmenterOptions) -> Callable[[BoxedPicture], int]:
    """Load Segment Anything; the function is `annotate_picture` with it.

    Raises:
        UsageError, ModelError: it cannot be loaded.
    """
    return partial(annotate_picture, open_prompt_segmenter("sam", options))


def annotate_picture(segmenter: PromptSegmenter, picture: BoxedPicture) -> int:
    """Write the masks of a picture's boxes, and return how many there are.

    A box in which nothing is found is left out, as is a box outside of the picture.

    Raises:
        ImageError: the picture is missing or damaged.
        OutputError: the masks cannot be written.
    """
    rgb = load_picture(picture.photo).over()
    height, width = rgb.shape[:2]
    rows: list[dict[str, Any]] = []
    for each in picture.boxes:
        box = Box(
            max(each.box.x1, 0.0),
            max(each.box.y1, 0.0),
            min(each.box.x2, float(width)),
            min(each.box.y2, float(height)),
        )
        if box.width <= 0 or box.height <= 0:
            continue
        try:
            (found,) = segmenter.prompt(rgb, [Prompt(box=box)])
        except MaskError:
            continue
        outline = largest_outline(found.mask).round(_DIGITS)
        mask = fill_polygons([outline], (width, height))
        rows.append(
            {
                "segmentation": [outline.ravel().tolist()],
                "bbox": to_xywh(np.array(mask_box(mask))).tolist(),
                "area": float(mask.sum()),
                "category_id": each.category,
                "category": each.label,
                "iscrowd": int(each.crowd),
                "score": round(found.score, 6),
            }
        )
    document = {
        "image_id": picture.number, "width": width, "height": height, "annotations": rows,
    }  # fmt: skip
    with atomic_write(picture.labels) as part:
        part.write_text(json.dumps(document) + "\n", "ascii")
    return len(rows)
