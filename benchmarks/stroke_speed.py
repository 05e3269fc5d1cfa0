"""How fast strokes are drawn with gradients, beside plain PyTorch and diffvg.

    python benchmarks/stroke_speed.py [--repeats 9] [--threads N] [--json]

Forward and backward of one canvas, once for each renderer in turn and so on, in one process;
medians. Black strokes want gradients for their control points alone, coloured ones for widths,
colours and opacities too. **dense** is what one writes in PyTorch without more ado: every stroke
against every sample, vectorised over the samples and 20 straight pieces of the stroke (ours takes
as many on average at 224 pixels), gradients by autograd; with 4 samples a pixel, as ours has, which
are drawn one after the other, and with one. It is left out where it would keep more than `--most`
GB. diffvg takes part where `import pydiffvg` works. Ratios, taken in the same run, carry over to
other machines to some degree; the times themselves do not.

Peak memory is what drawing 512 strokes on 1024x1024 pixels and going back adds to a new process
that has drawn one stroke on a small canvas (Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from printing import run, table
from stroke_peers import Render, dense, dense_gigabytes, diffvg
from stroke_scenes import Strokes, strokes
from torch import Tensor

from compose.core.devices import available_cores, tune_malloc
from compose.models.stroke_render import FINE, SHARP, Edge, render

COUNTS = (16, 48, 128, 512)
SIDES = (224, 512)
PEAK = (512, 1024)


def main() -> int:
    """Measure and print."""
    options = _options()
    tune_malloc()
    torch.set_num_threads(options.threads)
    if options.peak:
        print(json.dumps(_added(*PEAK, black=options.peak == "black")))
        return 0
    rows = [
        _measured(count, side, black, options.repeats, options.most)
        for black in (True, False)
        for side in SIDES
        for count in COUNTS
    ]
    peaks = {kind: _peak(kind, options.threads) for kind in ("black", "colour")}
    result = {
        "torch": torch.__version__, "cores": available_cores(), "threads": options.threads,
        "repeats": options.repeats, "rows": rows, "peak_mb": peaks,
    }  # fmt: skip
    if options.json:
        print(json.dumps(result))
    else:
        _print(result)
    return 0


def ours(edge: Edge) -> Render:
    """Our renderer for one canvas."""

    def draw(made: Strokes) -> Tensor:
        values = (made.points, made.width, made.color, made.opacity)
        return render(*(x[None] for x in values), (made.side, made.side), edge=edge)[0]

    return draw


def _measured(count: int, side: int, black: bool, repeats: int, most: float) -> dict[str, Any]:
    made = strokes(count, side, black=black)
    renderers: dict[str, list[Render]] = {"ours": [ours(SHARP)], "ours, fine": [ours(FINE)]}
    if dense_gigabytes(count, side) <= most:
        renderers["dense"], renderers["dense, 1 sample"] = dense(SHARP.samples), dense(1)
    other = diffvg()
    if other is not None:
        renderers["diffvg"] = [other]
    taken: dict[str, list[float]] = {name: [] for name in renderers}
    for name, draw in renderers.items():
        print(f"{count} strokes, {side} pixels, black: {black}, {name}", file=sys.stderr)
        for _ in range(3):  # the first use of memory is slow
            _once(draw, made)
    for _ in range(repeats):
        for name, draw in renderers.items():
            if name.startswith("ours"):
                _once(draw, made)  # the one before has emptied the caches
            taken[name].append(_once(draw, made))
    times = {name: median(values) * 1e3 for name, values in taken.items()}
    return {"strokes": count, "side": side, "black": black, "ms": times}


def _once(parts: list[Render], made: Strokes) -> float:
    """Seconds for one picture, the mean of its parts, and its gradients."""
    began = time.perf_counter()
    for draw in parts:
        torch.autograd.grad((draw(made) * made.pull).sum() / len(parts), made.leaves())
    return time.perf_counter() - began


def _added(count: int, side: int, *, black: bool) -> float | None:
    """MB that one picture adds to the peak of this process."""
    _once([ours(SHARP)], strokes(1, 32, black=black))
    made, before = strokes(count, side, black=black), _high_water()
    _once([ours(SHARP)], made)
    after = _high_water()
    return None if before is None or after is None else after - before


def _high_water() -> float | None:
    """Most that this process has held so far, MB."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) / 1e3 if found else None


def _peak(kind: str, threads: int) -> float | None:
    command = [sys.executable, os.path.abspath(__file__), "--peak", kind, "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    value: float | None = json.loads(done.stdout)
    return value


def _print(result: dict[str, Any]) -> None:
    print(f"threads: {result['threads']}, cores: {result['cores']}, torch {result['torch']}")
    peers = [
        p
        for p in ("dense", "dense, 1 sample", "diffvg")
        if any(p in row["ms"] for row in result["rows"])
    ]
    for black in (True, False):
        print(f"\n{'Black' if black else 'Coloured'} strokes, forward and backward, ms:\n")
        rows = []
        for row in (row for row in result["rows"] if row["black"] == black):
            ms = row["ms"]
            cells = [f"{row['side']}, {row['strokes']}", f"{ms['ours']:.1f}"]
            cells.append(f"{ms['ours, fine']:.1f}")
            for peer in peers:
                cells += [f"{ms[peer]:.0f}" if peer in ms else "-"]
                cells += [f"{ms[peer] / ms['ours']:.0f}" if peer in ms else "-"]
            rows.append(cells)
        columns = ["side, strokes", "ours", "ours, fine"]
        print(table(columns + [name for p in peers for name in (p, f"{p} : ours")], rows))
    print("\nFrom 16 to 512 strokes, which is 32 times as many, time grows by:\n")
    first, last = (
        {(r["black"], r["side"]): r["ms"]["ours"] for r in result["rows"] if r["strokes"] == n}
        for n in (COUNTS[0], COUNTS[-1])
    )
    growth = [
        [f"{'black' if black else 'coloured'}, {side}", f"{last[black, side] / ms:.1f}"]
        for (black, side), ms in first.items()
    ]
    print(table(["strokes, side", "times"], growth))
    for kind, mb in result["peak_mb"].items():
        if mb is not None:
            print(f"\nPeak memory added by {PEAK[0]} {kind} strokes at {PEAK[1]}²: {mb:.0f} MB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=9, metavar="N")
    parser.add_argument("--threads", type=int, default=available_cores(), metavar="N")
    parser.add_argument("--most", type=float, default=4, metavar="GB", help="for the dense way")
    parser.add_argument("--peak", choices=["black", "colour"], help="memory alone, of this process")
    parser.add_argument("--json", action="store_true", help="one object")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
