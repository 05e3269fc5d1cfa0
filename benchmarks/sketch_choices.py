"""Which rounds, strokes, init and encoder draw best: every choice against the default.

    python benchmarks/sketch_choices.py --targets target_images --work DIR

Each choice is one run of `compose sketch` over all targets, resumed where it was interrupted, and
one of `compose evaluate sketch` against the default's. The judges are networks that took no part
in the fit, where they are here (HED's VGG-16: `compose models pull hed`), and the edges.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from processes import compose

CHOICES: dict[str, list[str]] = {
    "default": [],
    "1 round": ["--rounds", "1"],
    "1 round, 400 iterations": ["--rounds", "1", "--iterations", "400"],
    "3 rounds": ["--rounds", "3"],
    "no washes": ["--washes", "0"],
    "12 washes": ["--washes", "12"],
    "24 washes": ["--washes", "24"],
    "36 washes": ["--washes", "36"],
    "16 strokes": ["--strokes", "16"],
    "96 strokes": ["--strokes", "96"],
    "as MROSS begins": ["--edges", "canny", "--init", "edge-fps"],
    "contours, init edge-fps": ["--init", "edge-fps"],
    "edges canny": ["--edges", "canny"],
    "init saliency": ["--init", "saliency"],
    "init random": ["--init", "random"],
    "freeze previous": ["--freeze-previous"],
    "400 iterations": ["--iterations", "400"],
    "encoder vgg16-hed": ["--encoder", "vgg16-hed", "--iterations", "120"],
}
FIGURES = ("perceptual", "cosine", "edge_f1", "edge_recall", "edge_precision", "ssim", "length")


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--targets", nargs="+", required=True, help="as for compose sketch")
    parser.add_argument("--work", type=Path, required=True, help="keeps the sketches")
    parser.add_argument("--only", nargs="*", choices=CHOICES, help="these choices only")
    parser.add_argument("--num-sketches", default="1")
    arguments = parser.parse_args()
    chosen = ["default", *(name for name in arguments.only or CHOICES if name != "default")]
    for name in chosen:
        options = [*CHOICES[name], "--num-sketches", arguments.num_sketches]
        print(f"sketching: {name}", file=sys.stderr)
        command = ["sketch", *arguments.targets, "--out", _folder(arguments.work, name)]
        _compose([*command, *options, "--resume", "--quiet"])
    rows = {name: _evaluate(arguments.work, name) for name in chosen}
    first = rows["default"][0]
    print(f"{first['sketches']} pictures, {arguments.num_sketches} sketch of each; judged by")
    print(f"{first['perceptual_network']} (distance) and {first['cosine_network']} (cosine)\n")
    print("| choice | " + " | ".join(FIGURES) + " | distance better than default's on |")
    print("| --- |" + " ---: |" * (len(FIGURES) + 1))
    for name, (means, versus) in rows.items():
        figures = " | ".join(f"{means[figure]:.4g}" for figure in FIGURES)
        better = f"{versus['wins']} of {versus['photographs']}" if versus else "-"
        print(f"| {name} | {figures} | {better} |")


def _folder(work: Path, name: str) -> str:
    return str(work / name.replace(",", "").replace(" ", "-"))


def _compose(arguments: list[str]) -> str:
    command = [*compose(), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _evaluate(work: Path, name: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    command = ["evaluate", "sketch", _folder(work, name), "--json"]
    if name != "default":
        command += ["--against", _folder(work, "default")]
    print(f"measuring: {name}", file=sys.stderr)
    records = [json.loads(line) for line in _compose(command).splitlines()]
    means = next(record for record in records if "sketches" in record and "mean" in record)
    first = next(record for record in records if record.get("status") == "ok")
    versus = next((r for r in records if r.get("measure") == "perceptual"), None)
    return {**means, **first, **means["mean"]}, versus


if __name__ == "__main__":
    main()
