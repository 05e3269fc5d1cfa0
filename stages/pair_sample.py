"""A training sample of PICS made of objects of a photograph (METHODS of PICS, data construction).

The photograph stays as it is, the objects in it. An object is cut out without what covers it, laid
on white, padded and made square; its mask is where it is to be seen. What is known of how the
objects meet goes into `meta.json`, which PICS's own reader passes over.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.boxes import Boxes, areas, iou_matrix
from ..core.errors import MaskError
from ..core.images import Header, load_picture
from ..core.masks import Mask, mask_box
from ..core.names import printable
from ..core.seeds import generator
from ..data.raw import RawObject, RawPicture
from ..models.pics_input import object_square
from .composite_order import order_boxes
from .pair_masks import contact_length, seen_parts
from .pair_mining import group_of
from .segment_order import in_front, topological, without_circles

VERSION = 1
SIDE = 224  # pixels of an object's picture
_PADS = (1.1, 1.4)  # of an object's box, drawn anew for each
_CLAIMED = 0.05  # of the smaller mask: less is the annotators' inaccuracy
_NESTED = 0.9  # of the smaller one's box in the other's: it lies upon it
_CERTAIN = 10.0
_QUALITY = 95  # of photographs that were no JPEG
_COPIED = ("RGB", "L")  # modes of JPEG that every reader takes alike


def make_sample(
    picture: RawPicture, places: Sequence[int], set_name: str, seed: int
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a sample by their names in a shard, and what its `meta.json` says.

    Args:
        picture: of a data set.
        places: of the objects in `picture.objects()`.
        set_name: goes into the notes and the draws.
        seed: of how far the objects are padded.

    Raises:
        InputError: the photograph or an annotation is damaged.
    """
    listed = group_of(picture, places)
    loaded = load_picture(picture.photo)
    rgb = loaded.over()
    size = loaded.width, loaded.height
    claimed = [each.shape.mask(size) for each in listed]
    if not all(mask.any() for mask in claimed):
        raise MaskError(f"an object of {printable(picture.photo)} has an empty mask; leave it out.")
    order, by = find_order(listed, claimed)
    masks = seen_parts(claimed, order)
    parts = {"bg.jpg": _background(loaded.header, rgb)}
    for k, mask in enumerate(masks):
        low, high = _PADS
        pad = float(generator(seed, "pad", set_name, picture.id, str(k)).uniform(low, high))
        parts[f"obj{k}.png"] = _png(_cut_out(rgb, mask, pad))
        parts[f"mask{k}.png"] = _png(np.where(mask, np.uint8(255), np.uint8(0)))
    meta = {
        **describe_group(listed, claimed, masks),
        "order": list(order),
        "order_by": by,
        "version": VERSION,
        "set": set_name,
        "id": picture.id,
        "source": picture.photo.name,
        "size": list(size),
    }
    for each, place in zip(meta["objects"], places, strict=True):
        each["annotation"] = place
    parts["meta.json"] = (json.dumps(meta, sort_keys=True) + "\n").encode()
    return parts, meta


def describe_group(
    listed: Sequence[RawObject], claimed: Sequence[Mask], masks: Sequence[Mask]
) -> dict[str, Any]:
    """What is known of objects and how each two of them meet.

    Args:
        listed: the objects.
        claimed: their masks (HxW) as annotated, which may overlap.
        masks: those without what covers them.

    Returns:
        objects: label, box (x1, y1, x2, y2 in pixels, of the mask), area in pixels.
        pairs: for each two, `iou` of their boxes, `overlap` (pixels that both claim), `contact`
            (length of the seam in pixels), `containment` (share of each one's box in the other's).
    """
    boxes = np.array([mask_box(mask) for mask in masks])
    overlap = iou_matrix(boxes, boxes)
    return {
        "objects": [
            {"label": each.label, "box": box.tolist(), "area": int(mask.sum())}
            for each, box, mask in zip(listed, boxes, masks, strict=True)
        ],
        "pairs": [
            {
                "objects": [a, b],
                "iou": round(float(overlap[a, b]), 6),
                "overlap": int((claimed[a] & claimed[b]).sum()),
                "contact": contact_length(masks[a], masks[b]),
                "containment": _containment(boxes[[a, b]]),
            }
            for a, b in combinations(range(len(masks)), 2)
        ],
    }


def find_order(listed: Sequence[RawObject], claimed: Sequence[Mask]) -> tuple[list[int], str]:
    """The objects from front to back, and how that was found.

    "annotation": the set knows. "masks": of two that claim many of the same pixels the smaller one
    is in front, for the larger one's outline was drawn around both, and so is a smaller one whose
    box lies nearly in the other's; else how they bite into each other tells (`segment_order`).
    "ground": they are apart, and who stands lower in the picture is in front.

    Args:
        listed: the objects.
        claimed: their masks (HxW) as annotated.
    """
    layers = [each.layer for each in listed]
    if None not in layers:
        return sorted(range(len(listed)), key=lambda k: -(layers[k] or 0)), "annotation"
    weighed = []
    for a, b in combinations(range(len(claimed)), 2):
        force = _claims(claimed[a], claimed[b]) or in_front(claimed[a], claimed[b])
        if force:
            weighed.append((-abs(force), a, b) if force > 0 else (-abs(force), b, a))
    boxes = [mask_box(mask) for mask in claimed]
    by_ground = order_boxes(boxes, claimed[0].shape[0])
    order = topological(by_ground, without_circles(weighed))
    return list(order), "masks" if weighed else "ground"


def _claims(a: Mask, b: Mask) -> float:
    small, large = (a, b) if a.sum() < b.sum() else (b, a)
    areas_of = int(small.sum()), int(large.sum())
    boxes = np.array([mask_box(small), mask_box(large)])
    many = (a & b).sum() > _CLAIMED * areas_of[0]
    if areas_of[0] == areas_of[1] or not (many or _containment(boxes)[0] > _NESTED):
        return 0.0
    return _CERTAIN if small is a else -_CERTAIN


def _containment(two: Boxes) -> list[float]:
    low, high = np.maximum(two[0, :2], two[1, :2]), np.minimum(two[0, 2:], two[1, 2:])
    common = float(np.prod(np.maximum(high - low, 0)))
    return [round(common / float(area), 6) for area in areas(two)]


def _background(header: Header, rgb: NDArray[np.uint8]) -> bytes:
    """The photograph's own file where it is a JPEG that needs no turning, else a new one."""
    if header.format == "JPEG" and header.orientation == 1 and header.mode in _COPIED:
        return header.path.read_bytes()
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return buffer.getvalue()


def _cut_out(rgb: NDArray[np.uint8], mask: Mask, pad: float) -> NDArray[np.uint8]:
    """The object on white with its alpha beside it: (SIDE,SIDE,4)."""
    x1, y1, x2, y2 = map(int, mask_box(mask))
    rgb, mask = rgb[y1:y2, x1:x2], mask[y1:y2, x1:x2]
    alpha = np.where(mask, np.uint8(255), np.uint8(0))
    colours = object_square(rgb, alpha, SIDE, pad)
    shade = object_square(np.zeros_like(rgb), alpha, SIDE, pad)[..., :1]
    return np.concatenate([colours, 255 - shade], -1)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
