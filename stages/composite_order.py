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
    return order_boxes([placed.box for placed in objects], height)


def order_boxes(boxes: Sequence[tuple[float, float, float, float]], height: int) -> tuple[int, ...]:
    """Numbers of boxes (x1, y1, x2, y2 in pixels) from front to back; see `guess_order`."""
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in boxes]
    remaining = sorted(range(len(boxes)), key=lambda k: (-boxes[k][3], areas[k]))
    order: list[int] = []
    while remaining:
        lowest = boxes[remaining[0]][3]
        level = [k for k in remaining if lowest - boxes[k][3] <= _LEVEL * height]
        chosen = min(level, key=lambda k: (areas[k], -boxes[k][3]))
        order.append(chosen)
        remaining.remove(chosen)
    return tuple(order)
