"""Samples a second and core of every builder of pairs, and memory against the number of samples.

python benchmarks/dataset_speed.py --work DIR [--samples 300] [--memory 1000 10000] [--raw SET:DIR]

Sets are drawn in the layouts of the real ones, pictures of 120x80; a --raw is taken as it is. Each
run is a process of its own; the time of one that finds everything done is taken off.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import compose

sys.path.append(os.fspath(Path(__file__).parents[1] / "tests" / "data"))
from raw_trees import TREES


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    cpu: float  # seconds, of all its threads
    peak: float  # MiB of resident memory


def cost(raw: str, out: Path, *more: str) -> Cost:
    command = [*compose(), "build-dataset", "pairs", "--raw", raw, "--out", os.fspath(out), *more]
    process = subprocess.Popen([*command, "--quiet"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def built(raw: str, work: Path) -> tuple[int, Cost, Cost]:
    """How many samples, what building them took, and what finding them done took."""
    out = work / "set"
    shutil.rmtree(out, ignore_errors=True)
    whole = cost(raw, out, "--test-share", "0")
    rest = cost(raw, out, "--test-share", "0", "--skip-existing")
    samples = sum(
        line.count(b'"objects"') for path in out.glob("plan/*/*.jsonl")
        for line in path.read_bytes().splitlines()
    )  # fmt: skip
    shutil.rmtree(out)
    return samples, whole, rest


def drawn(name: str, count: int, work: Path) -> str:
    root = work / f"{name}-{count}"
    if not root.exists():
        part = work / "part"
        shutil.rmtree(part, ignore_errors=True)
        TREES[name](part, count)
        part.rename(root)
    return f"{name}:{root}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--memory", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--memory-of", nargs="*", default=["vitonhd", "coco"])
    parser.add_argument("--raw", action="append", default=[])
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    sets = [drawn(name, given.samples, given.work) for name in TREES] if given.samples else []
    for raw in [*sets, *given.raw]:
        samples, whole, rest = built(raw, given.work)
        seconds = whole.cpu - rest.cpu
        print(
            f"{raw.partition(':')[0]:11} {samples:5} samples {samples / seconds:7.1f} a second and "
            f"core, {whole.peak:.0f} MiB at most",
            flush=True,
        )
    for name in given.memory_of if given.memory else ():
        for count in given.memory:
            samples, whole, rest = built(drawn(name, count, given.work), given.work)
            print(
                f"{name:11} {samples:5} samples, {whole.peak:.0f} MiB at most, "
                f"{samples / (whole.cpu - rest.cpu):.1f} a second and core",
                flush=True,
            )


if __name__ == "__main__":
    main()
