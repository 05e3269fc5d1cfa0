"""The basic shapes of SVG 1.1 (section 9), each as the path data that it stands for."""

from __future__ import annotations

from .svg_path import numbers_in
from .svg_style import diagonal, length

SHAPES = ("path", "line", "polyline", "polygon", "rect", "circle", "ellipse")


def path_data(tag: str, attributes: dict[str, str], view: tuple[float, float]) -> str:
    """The path data of a shape, empty where it has no extent.

    Args:
        tag: one of `SHAPES`.
        attributes: the element's.
        view: width and height that percentages refer to.

    Raises:
        ValueError: a coordinate is no number.
    """
    if tag == "path":
        return attributes.get("d", "")
    if tag in ("polyline", "polygon"):
        values = numbers_in(attributes.get("points", ""))
        values = values[: len(values) // 2 * 2]
        if not values:
            return ""
        return "M" + " ".join(map(repr, values)) + ("Z" if tag == "polygon" else "")

    def get(name: str, whole: float) -> float:
        return length(attributes.get(name, "0"), whole)

    if tag == "line":
        x1, x2 = get("x1", view[0]), get("x2", view[0])
        y1, y2 = get("y1", view[1]), get("y2", view[1])
        return f"M{x1} {y1}L{x2} {y2}"
    if tag == "rect":
        x, y, width, height = rectangle(attributes, view)
        if width <= 0 or height <= 0:
            return ""
        rx, ry = _corner(attributes, "rx", view[0]), _corner(attributes, "ry", view[1])
        rx, ry = rx if rx is not None else ry or 0.0, ry if ry is not None else rx or 0.0
        rx, ry = min(rx, width / 2), min(ry, height / 2)
        if rx <= 0 or ry <= 0:
            return f"M{x} {y}h{width}v{height}h{-width}Z"
        turn = f"a{rx} {ry} 0 0 1 "
        return (
            f"M{x + rx} {y}H{x + width - rx}{turn}{rx} {ry}V{y + height - ry}{turn}{-rx} {ry}"
            f"H{x + rx}{turn}{-rx} {-ry}V{y + ry}{turn}{rx} {-ry}Z"
        )
    cx, cy = get("cx", view[0]), get("cy", view[1])
    if tag == "circle":
        rx = ry = get("r", diagonal(*view))
    else:
        rx, ry = get("rx", view[0]), get("ry", view[1])
    if rx <= 0 or ry <= 0:
        return ""
    half = f"a{rx} {ry} 0 0 1 "
    return f"M{cx + rx} {cy}{half}{-2 * rx} 0{half}{2 * rx} 0Z"


def rectangle(
    attributes: dict[str, str], view: tuple[float, float]
) -> tuple[float, float, float, float]:
    """The x, y, width and height of a `rect`, in user units.

    Raises:
        ValueError: one of them is no length.
    """
    x, width = (length(attributes.get(name, "0"), view[0]) for name in ("x", "width"))
    y, height = (length(attributes.get(name, "0"), view[1]) for name in ("y", "height"))
    return x, y, width, height


def _corner(attributes: dict[str, str], name: str, whole: float) -> float | None:
    text = attributes.get(name, "auto")
    return None if text.strip() == "auto" else length(text, whole)
