"""The tables of `compose evaluate segment-inpaint`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .output import Output

if TYPE_CHECKING:
    from ..stages.evaluate_segment import Seconds

Row = Mapping[str, Any]

_FIGURES = {  # of a scene with a hidden object: heading and form
    "amodal": ("amodal", ".3f"),
    "invisible": ("invisible", ".3f"),
    "recall": ("recall", ".3f"),
    "false": ("false", ".3f"),
    "false_new": ("new false", ".3f"),
    "order": ("order", ".3f"),
    "object_psnr": ("object dB", ".2f"),
    "behind_psnr": ("behind dB", ".2f"),
}
_GAIN = ("gain over one", "95 % interval", "p")


def print_voc(output: Output, rows: Sequence[Row], about: Row, photographs: int) -> None:
    """Mean IoU by inpainter, rule of merging and number of iterations."""
    lines = []
    for row in rows:
        output.record({**about, **row})
        place = [row["inpainter"], row["merge"], row["iterations"]]
        gain = _gain(row.get("gain"), ".4f")
        lines.append([*place, *_value(row["miou"], ".4f"), *gain, row["instances"]])
    head = ["inpainter", "merge", "iterations", "mIoU", "95 % interval", *_GAIN, "instances"]
    output.table(head, lines, title=f"{photographs} photographs")


def print_occlusion(output: Output, rows: Sequence[Row], about: Row, scenes: int) -> None:
    """All figures by inpainter and number of iterations, then by hidden share too."""
    overall, parts = [], []
    for row in rows:
        output.record({**about, **row})
        place = [row["inpainter"], row["iterations"]]
        if row["hidden"] == [0, 1]:
            for name, (heading, form) in _FIGURES.items():
                gain = _gain(row.get("gain", {}).get(name), form)
                overall.append([*place, heading, *_value(row[name], form), *gain])
        else:
            span = "-".join(f"{share:.0%}" for share in row["hidden"])
            values = [_value(row[name], form)[0] for name, (_, form) in _FIGURES.items()]
            parts.append([*place, span, *values, row["scenes"]])
    head = ["inpainter", "iterations", "figure", "value", "95 % interval", *_GAIN]
    output.table(head, overall, title=f"{scenes} scenes")
    headings = [heading for heading, _ in _FIGURES.values()]
    output.table(["inpainter", "iterations", "hidden", *headings, "scenes"], parts)


def print_costs(output: Output, seconds: Mapping[str, Seconds], about: Row) -> None:
    """Seconds of each iteration by inpainter, and the greatest memory of the whole run."""
    from ..core.memory import peak_memory

    peak = peak_memory()
    lines = []
    for inpainter, taken in seconds.items():
        means = taken.means()
        costs = {"seconds_by_iteration": means, "seconds": taken.total(), "peak_memory": peak}
        output.record({**about, "inpainter": inpainter, **costs})
        each = ", ".join(f"{mean:.2f}" for mean in means)
        memory = "-" if peak is None else f"{peak / 1e6:.0f} MB"
        lines.append([inpainter, each, f"{taken.total():.0f}", memory])
    output.table(["inpainter", "seconds by iteration", "seconds in all", "peak memory"], lines)


def _value(value: Row, form: str) -> tuple[str, str]:
    if value["value"] is None:
        return "-", "-"
    return format(value["value"], form), f"[{value['low']:{form}}, {value['high']:{form}}]"


def _gain(gain: Row | None, form: str) -> tuple[str, str, str]:
    if gain is None or gain["difference"] is None:
        return "-", "-", "-"
    from ..core.metrics import p_text

    interval = f"[{gain['low']:+{form}}, {gain['high']:+{form}}]"
    return format(gain["difference"], f"+{form}"), interval, p_text(gain["p"])
