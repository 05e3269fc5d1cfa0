"""Who stands in front: by ground contact, then by size.

On level ground seen from above, what touches the ground lower in the picture is nearer. Where the
lower edges are level (within 2 % of the picture's height) the smaller object comes in front, for
behind the larger one it would vanish.
"""

from __future__ import annotations

from collections.abc import Sequence

from .composite_engine import Placed

_LEVEL = 0.02  # of the picture's height


def guess_order(objects: Sequence[Placed], height: int) -> tuple[int, ...]:
    """Numbers of objects from front to back.

    Args:
        objects: placed; only boxes count.
        height: of the picture in pixels.
    """
    remaining = sorted(range(len(objects)), key=lambda k: (-objects[k].box[3], _area(objects[k])))
    order: list[int] = []
    while remaining:
        lowest = objects[remaining[0]].box[3]
        level = [k for k in remaining if lowest - objects[k].box[3] <= _LEVEL * height]
        chosen = min(level, key=lambda k: (_area(objects[k]), -objects[k].box[3]))
        order.append(chosen)
        remaining.remove(chosen)
    return tuple(order)


def _area(placed: Placed) -> int:
    x1, y1, x2, y2 = placed.box
    return (x2 - x1) * (y2 - y1)
