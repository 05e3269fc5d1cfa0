"""Style of SVG elements: declarations, simple style sheets, colours and lengths (CSS 2)."""

from __future__ import annotations

import math
import re

from PIL import ImageColor

from .svg_path import to_number

Declarations = dict[str, str]

# What an element without a declaration, and without a parent that has one, goes by.
INHERITED = {
    "stroke": "none",
    "stroke-width": "1",
    "stroke-opacity": "1",
    "stroke-dasharray": "none",
    "fill": "black",
    "fill-opacity": "1",
    "color": "black",
    "visibility": "visible",
}
UNHEEDED = ("clip-path", "mask", "filter", "transform-origin")
_PROPERTIES = {*INHERITED, *UNHEEDED, "opacity", "display", "transform", "vector-effect"}
# Values reach many elements by inheritance, so that a long one would be read again and again.
LONGEST_VALUE = 256  # characters; what is read here takes 50

_PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "mm": 96 / 25.4, "cm": 96 / 2.54}
_FONTS = {"em": 16.0, "ex": 8.0}  # of the font that browsers begin with
_WIDE = ("inherit", "initial", "unset", "revert", "revert-layer")  # values of every property
_SELECTOR = re.compile(r"(?P<tag>[\w-]*|\*)(?:(?P<mark>[.#])(?P<name>[\w-]+))?")
_FUNCTION = re.compile(r"rgba?\(([^()]*)\)", re.IGNORECASE)


def declarations(text: str) -> Declarations:
    """`stroke: red; stroke-width: 2` as a mapping, of the properties that are read here."""
    found = {}
    for part in _without_comments(text).split(";"):
        name, colon, value = part.partition(":")
        name = name.strip().lower()
        if colon and name in _PROPERTIES and len(value) <= LONGEST_VALUE:
            found[name] = value.replace("!important", "").strip()
    return found


class StyleSheet:
    """The rules of `style` elements whose selector is a tag, a class, an id, or a tag with one.

    Other selectors and everything in @-rules (which hold animations and print styles) are left
    aside.
    """

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str, str], Declarations] = {}  # tag, mark, name

    def add(self, text: str) -> None:
        """Take a style element's text."""
        for rule in _without_at_rules(_without_comments(text)).split("}"):
            selectors, _, body = rule.partition("{")
            for selector in selectors.split(","):
                match = _SELECTOR.fullmatch(selector.strip())
                if match is not None and match.group():
                    tag, mark, name = match["tag"], match["mark"] or "", match["name"] or ""
                    key = ("" if tag == "*" else tag, mark, name)
                    self._rules.setdefault(key, {}).update(declarations(body))

    def style_of(self, tag: str, attributes: dict[str, str]) -> Declarations:
        """The declarations for an element: by tag, then by class, then by id."""
        style: Declarations = {}
        names = [("", "")] + [(".", name) for name in attributes.get("class", "").split()]
        names += [("#", attributes["id"])] if "id" in attributes else []
        for mark, name in names if self._rules else ():
            for of in ("", tag):
                style |= self._rules.get((of, mark, name), {})
        return style


def _without_comments(text: str) -> str:
    first, *others = text.split("/*")
    return first + "".join(part.partition("*/")[2] for part in others)


def _without_at_rules(text: str) -> str:
    kept, depth, skipping = [], 0, False
    for token in re.split(r"([{};@])", text):
        if token == "@" and depth == 0:
            skipping = True
        if not skipping:
            kept.append(token)
        depth += {"{": 1, "}": -1}.get(token, 0)
        if skipping and depth <= 0 and token in ("}", ";"):
            skipping, depth = False, 0
    return "".join(kept)


def color(text: str, current: str = "black") -> tuple[float, float, float, float] | None:
    """Red, green, blue (sRGB) and alpha in [0, 1]; None for `none` and whatever is no colour.

    Args:
        text: hexadecimal, `rgb()`, `rgba()`, `hsl()`, a name, or `currentColor`.
        current: what `currentColor` stands for.
    """
    text = text.strip().lower()
    if text == "currentcolor":
        text = current.strip().lower()
    if text.startswith("url("):  # a gradient or pattern; a colour for want of it may follow
        text = text.partition(")")[2].strip()
    if text in ("none", ""):
        return None
    if text == "transparent":
        return 0.0, 0.0, 0.0, 0.0
    function = _FUNCTION.fullmatch(text)
    try:
        if function is not None:
            parts = [part for part in re.split(r"[\s,/]+", function[1]) if part]
            values = [_share(part, 255) for part in parts[:3]] + [_share(p, 1) for p in parts[3:]]
            values += [1.0] * (4 - len(values)) if len(parts) == 3 else []
        else:
            rgb = ImageColor.getrgb(text)
            values = [v / 255 for v in (*rgb, 255)[:4]]
    except ValueError:
        return None
    if len(values) != 4:
        return None
    red, green, blue, alpha = values
    return red, green, blue, alpha


def share(text: str) -> float:
    """An opacity, a number or a percentage, held within [0, 1].

    Raises:
        ValueError: it is neither.
    """
    return _share(text, 1)


def length(text: str, whole: float) -> float:
    """A length in user units.

    Args:
        text: a number with or without a unit of CSS 2.
        whole: what 100 % are.

    Raises:
        ValueError: it is no length.
    """
    text = text.strip().lower()
    if text.endswith("%"):
        return to_number(text[:-1]) * whole / 100
    text = text.removesuffix("rem") + "em" if text.endswith("rem") else text
    factor = (_PIXELS | _FONTS).get(text[-2:])
    return to_number(text) if factor is None else to_number(text[:-2]) * factor


def settled(own: Declarations) -> Declarations:
    """Declarations and attributes without CSS's keywords for all properties.

    What then is missing has its parent's value, or its first one where it is not inherited.
    """
    found = {}
    for name, value in own.items():
        word = value.strip().lower() if name in _PROPERTIES else ""
        if word not in _WIDE:
            found[name] = value
        elif word == "initial" and name in INHERITED:
            found[name] = INHERITED[name]
    return found


def diagonal(width: float, height: float) -> float:
    """What percentages of lengths that have no direction refer to."""
    return math.hypot(width, height) / math.sqrt(2)


def _share(text: str, whole: float) -> float:
    text = text.strip()
    value = to_number(text[:-1]) / 100 if text.endswith("%") else to_number(text) / whole
    return min(max(value, 0.0), 1.0)
