"""Time and memory of one composite of a 12-megapixel photograph, in a process of its own.

python benchmarks/composite_speed.py BACKGROUND OBJECT OBJECT --work DIR
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

SIZE = (4240, 2832)
PLACES = ("400,600,2600,2500", "1800,900,3900,2700")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("background", type=Path)
    parser.add_argument("objects", type=Path, nargs=2)
    parser.add_argument("--work", type=Path, required=True)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    background = given.work / "background.jpg"
    Image.open(given.background).convert("RGB").resize(SIZE).save(background, quality=92)
    for suffix in ("jpg", "png"):
        command = [sys.executable, "-m", "compose.cli", "composite", str(background)]
        for each, place in zip(given.objects, PLACES, strict=True):
            command += ["--object", str(each), "--at", place]
        command += ["-o", str(given.work / f"out.{suffix}"), "--overwrite", "--json"]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - start
        record = json.loads(done.stdout)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"{suffix}: {SIZE[0]}x{SIZE[1]}, {100 * record['zone_share']:.0f} % blended, "
            f"{seconds:.1f} s ({record['seconds']:.1f} s without start), at most {peak:.0f} MiB so "
            f"far, {os.cpu_count()} cores, outside {record['outside_difference']}"
        )


if __name__ == "__main__":
    main()
