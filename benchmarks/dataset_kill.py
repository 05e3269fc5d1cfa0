"""`compose build-dataset pairs` or `cad` killed again and again: does it end with the same bytes?

    python benchmarks/dataset_kill.py --raw SET:DIR --work DIR [--kills 10] [--jobs 2]
    python benchmarks/dataset_kill.py --photos DIR --work DIR [--cluster ray | --disk 3]

The same set is built once without, and once with kills of the whole run (SIGKILL) at random
moments of the time that is left. After each it is gone on with. With --cluster ray, instead, one
of the cluster's workers is killed each time and the run goes on by itself. With --disk, nothing is
killed: the set is built on a disk of so many MiB, which is made larger when it is full.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from random import Random

from batch_check import snapshot
from processes import compose

from compose.core.files import is_part_file


def whole_files(out: Path) -> dict[str, str]:
    """What stands below a folder under its own name, by digest."""
    found = {name: text for name, text in snapshot(out).items() if (out / name).is_file()}
    return {name: text for name, text in found.items() if not is_part_file(Path(name))}


def ray_workers() -> list[int]:
    """Processes of Ray that are at work on one of our tasks."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                title = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::_call_in"):
                found.append(int(entry.name))
    return found


def killed_whole(
    command: list[str], out: Path, kills: int, files: int, pause: float, chance: Random
) -> int:
    """Kill the run so often; how often it was not over before.

    Each time it may add some files, and then up to `pause` seconds, so that it is in the midst of
    the next.
    """
    hit = 0
    for number in range(kills):
        goal = count_of(out) + chance.randint(0, max(files // (kills + 1), 1))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        began = time.perf_counter()
        while process.poll() is None and count_of(out) < goal:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, pause))
        process.send_signal(signal.SIGKILL)
        hit += process.wait() == -signal.SIGKILL
        seconds = time.perf_counter() - began
        print(f"kill {number + 1}: after {seconds:.2f} s, {count_of(out)} files stand", flush=True)
    return hit


def count_of(out: Path) -> int:
    """How many files stand; the run may be at work on others."""
    names = (name for _, _, below in os.walk(out) for name in below)
    return sum(not is_part_file(Path(name)) for name in names)


def killed_workers(command: list[str], kills: int, chance: Random) -> int:
    """Kill single workers of Ray while the run goes on; how many."""
    hit = 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and hit < kills:
        time.sleep(chance.uniform(0.5, 1.5))
        workers = ray_workers()
        if workers:
            victim = chance.choice(workers)
            os.kill(victim, signal.SIGKILL)
            hit += 1
            print(f"killed worker {victim} of {len(workers)}", flush=True)
    if process.wait():
        raise SystemExit("the run did not get over a killed worker")
    return hit


def filled(command: list[str], place: Path, size: int) -> int:
    """Build on a disk that is too small, make it larger, go on; how often it was full."""
    full = 0
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", place], check=True)
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stderr.splitlines()
        print(f"{size} MiB: exit code {done.returncode}, {lines[-1] if lines else 'no word'}")
        if done.returncode == 0:
            return full
        sentences = [line for line in lines if line.startswith("error: ")]
        if done.returncode != 1 or len(sentences) != 1 or "free some space" not in sentences[0]:
            raise SystemExit("a full disk is not one sentence:\n" + done.stderr)
        full += 1
        size *= 2
        subprocess.run(["mount", "-o", f"remount,size={size}m", place], check=True)


def building(given: argparse.Namespace) -> list[str]:
    """The command without --out."""
    start = [*compose(), "build-dataset"]
    if given.raw:
        size = str(given.samples_per_shard)
        return [*start, "pairs", "--raw", given.raw, "--quiet", "--samples-per-shard", size]
    return [*start, "cad", given.photos, "--quiet", "--variants", str(given.variants)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made_of = parser.add_mutually_exclusive_group(required=True)
    made_of.add_argument("--raw", help="for pairs")
    made_of.add_argument("--photos", help="for cad")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--cluster", choices=["ray"])
    instead.add_argument("--disk", type=int, metavar="MIB", help="needs the right to mount")
    parser.add_argument("--samples-per-shard", type=int, default=25)
    parser.add_argument("--variants", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    start = building(given)
    for name in ("whole", "killed"):
        shutil.rmtree(given.work / name, ignore_errors=True)
    alone = [*start, "--out", os.fspath(given.work / "whole")]
    began = time.perf_counter()
    subprocess.run(alone, check=True, stdout=subprocess.DEVNULL)
    pause = min(0.1 * (time.perf_counter() - began) / max(given.kills, 1), 0.8)
    truth = whole_files(given.work / "whole")
    print(f"{len(truth)} files")
    place = given.work / "killed"
    out = place / "set"
    place.mkdir(parents=True)
    command = [*start, "--out", os.fspath(out), "--jobs", str(given.jobs), "--skip-existing"]
    chance = Random(given.seed)
    try:
        if given.cluster:
            hit = killed_workers([*command, "--cluster", "ray"], given.kills, chance)
        elif given.disk:
            hit = filled(command, place, given.disk)
        else:
            hit = killed_whole(command, out, given.kills, len(truth), pause, chance)
            odd = [name for name, text in whole_files(out).items() if truth.get(name) != text]
            print(f"{len(odd)} files stood with other bytes after the last kill")
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        same = snapshot(out) == snapshot(given.work / "whole")
    finally:
        if given.disk:
            subprocess.run(["umount", place], check=False)
    what = "full disks" if given.disk else "kills"
    print(f"{hit} {what}; the set is {'the same' if same else 'NOT THE SAME'}, byte for byte")
    raise SystemExit(not same)


if __name__ == "__main__":
    main()
