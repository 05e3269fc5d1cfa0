"""How fast `compose crop` is beside other programs: a folder of photographs, and a cold start.

    python benchmarks/crop_speed.py [--data DIR] [--count 1000] [--engine NAME] [--json]

**Folder**: `compose crop FOLDER --json` is run as a process of its own, so its time has
start-up, the loading of the network and the printing in it. Its resident memory is read after
every record. smartcrop and libvips run in loops inside this process, which spares them the
start; they find one square in each photograph in the way that their documentation shows
(smartcrop: `SmartCrop().crop(image, 100, 100)`, which looks at the picture scaled down; libvips:
`smartcrop(side, side, interesting="attention")`), where `compose crop` gives five crops of any
ratio. smartcrop uses one core, the others all of them.

**Cold start**: a new process for one photograph, the median of seven; files are in the cache of
the system. Times of processors include every thread.

The photographs lie under many names, made of 50 different ones at most: of `--data`, scaled to
640 pixels, or drawn. Ratios to the peers, taken in the same run on the same files, carry over
to other machines to some degree; the times themselves do not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peers import Peer, open_peers, versions
from photographs import lay_out
from printing import run, table
from processes import Batch, compose, timed, watched

from compose.core.devices import available_cores
from compose.core.errors import ComposeError

STARTS = 7
SETTLED = 100  # records after which memory has to be flat


def main() -> int:
    """Measure and print."""
    options = _options()
    peers = open_peers()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photographs"
        paths = lay_out(folder, options.count, options.side, options.data)
        command = [*compose(), "crop", "--engine", options.engine]
        _say(f"compose crop on {len(paths)} photographs")
        batch = watched([*command, folder, "--json"])
        loops = [_loop(peer, paths[: options.peer_count or None]) for peer in peers]
        starts = {
            "compose crop one.jpg": [*command, paths[0]],
            "compose --version": [*compose(), "--version"],
            "compose --help": [*compose(), "--help"],
            "compose crop --help": [*compose(), "crop", "--help"],
            **{
                f"{p.name}, one photograph": [sys.executable, "-c", p.script, paths[0]]
                for p in peers
            },
        }
        cold = {name: _cold(name, line) for name, line in starts.items()}
    result = {
        "cores": available_cores(),
        "python": sys.version.split()[0],
        "versions": versions(),
        "engine": options.engine,
        "folder": _folder_figures(batch, len(paths)),
        "peers": loops,
        "cold": cold,
    }
    if options.json:
        print(json.dumps(result))
    else:
        _print(result, options.side)
    return 0


def _folder_figures(batch: Batch, count: int) -> dict[str, Any]:
    resident = np.array(batch.resident)
    settled = resident[min(SETTLED, count) - 1 :]
    marks = np.unique(np.linspace(1, count, min(count, 11)).round().astype(int))
    return {
        "photographs": count,
        "seconds": batch.wall,
        "per_second": count / batch.wall,
        "cores_used": batch.cpu / batch.wall,
        "peak_mb": float(resident.max()),
        "settled_mb": float(settled[0]),
        "highest_settled_mb": float(settled.max()),
        "end_mb": float(resident[-1]),
        "curve_mb": {int(mark): round(float(resident[mark - 1]), 1) for mark in marks},
    }


def _loop(peer: Peer, paths: list[Path]) -> dict[str, Any]:
    _say(f"{peer.name} on {len(paths)} photographs")
    peer.square(paths[0])  # what is loaded with the first is not counted
    began, used = time.perf_counter(), time.process_time()
    for path in paths:
        peer.square(path)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    return {
        "name": peer.name,
        "photographs": len(paths),
        "per_second": len(paths) / wall,
        "cores_used": cpu / wall,
    }


def _cold(name: str, command: list[str | Path]) -> dict[str, float]:
    _say(f"{name}, {STARTS} times")
    runs = [timed(command) for _ in range(STARTS)]
    if any(one.code for one in runs):
        raise ComposeError(f"{name} failed; run it to see why.")
    median: Callable[[list[float]], float] = statistics.median
    return {
        "wall": median([one.wall for one in runs]),
        "cpu": median([one.cpu for one in runs]),
    }


def _print(result: dict[str, Any], side: int) -> None:
    ours = result["folder"]
    print(f"{result['cores']} cores, Python {result['python']}, ", end="")
    print(", ".join(f"{name} {version}" for name, version in result["versions"].items()))
    print(f"\nA folder of photographs of {side} pixels:\n")
    rows = [[f"compose crop ({result['engine']})", *_rate(ours), "1.00"]]
    for peer in result["peers"]:
        ratio = ours["per_second"] / peer["per_second"]
        rows.append([f"{peer['name']}, in process", *_rate(peer), f"{ratio:.2f}"])
    columns = ["program", "photographs", "a second", "cores used", "compose : it"]
    print(table(columns, rows))
    print(
        f"\nResident memory of compose crop: {ours['settled_mb']:.0f} MB after "
        f"{min(SETTLED, ours['photographs'])}, "
        f"{ours['end_mb']:.0f} MB at the end, {ours['highest_settled_mb']:.0f} MB at most between, "
        f"{ours['peak_mb']:.0f} MB at most in all.\n"
    )
    curve = ours["curve_mb"].items()
    print(
        table(["after", *(str(n) for n, _ in curve)], [["MB", *(f"{mb:.0f}" for _, mb in curve)]])
    )
    print(f"\nOne new process, median of {STARTS}:\n")
    rows = [[name, f"{t['wall']:.3f}", f"{t['cpu']:.3f}"] for name, t in result["cold"].items()]
    print(table(["process", "seconds", "of processor"], rows))


def _rate(figures: dict[str, Any]) -> list[str]:
    return [
        str(figures["photographs"]),
        f"{figures['per_second']:.1f}",
        f"{figures['cores_used']:.1f}",
    ]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="photographs; else drawn ones")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="photographs")
    parser.add_argument(
        "--peer-count", type=int, default=200, metavar="N", help="for the peers; 0: as many"
    )
    parser.add_argument("--side", type=int, default=640, metavar="PX", help="the long one")
    parser.add_argument("--engine", default="auto", metavar="NAME", help="of compose crop")
    parser.add_argument("--json", action="store_true", help="one object")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
