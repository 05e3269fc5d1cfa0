"""Samples a second and core of every builder, and memory against the number of samples.

    python benchmarks/dataset_speed.py --work DIR [--samples 300] [--memory 1000 10000]
        [--raw SET:DIR] [--annotate tiny | --annotate vit-b | --annotate FILE]
        [--cad PHOTOS] [--occlusion voc:DIR]

Sets are drawn in the layouts of the real ones, pictures of 120x80; a --raw is taken as it is. Each
run is a process of its own; the time of one that finds everything done is taken off. --annotate
times `build-dataset annotate` alone, with a file of Segment Anything, or with a network of random
weights: its masks are worth nothing, but vit-b takes what SAM's smallest published network takes.
--cad and --occlusion time these builders alone, on photographs of the user's.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from processes import compose

from compose.core.names import printable

sys.path.append(os.fspath(Path(__file__).parents[1] / "tests" / "data"))
from raw_trees import RECTS, TREES, objects365_boxes

BOXES = len(RECTS)  # of a drawn picture


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    cpu: float  # seconds, of all its threads
    peak: float  # MiB of resident memory


def cost(*arguments: str | Path) -> Cost:
    command = [*compose(), "build-dataset", *map(os.fspath, arguments)]
    process = subprocess.Popen([*command, "--quiet"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def built(raw: str, work: Path) -> tuple[int, Cost, Cost]:
    """How many samples, what building them took, and what finding them done took."""
    out = work / "set"
    shutil.rmtree(out, ignore_errors=True)
    command = ("pairs", "--raw", raw, "--out", out, "--test-share", "0")
    whole = cost(*command)
    rest = cost(*command, "--skip-existing")
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
        # by a process of its own: the memory of this one counts as its children's at their start
        drawing = multiprocessing.get_context("spawn").Process(
            target=TREES[name], args=(part, count)
        )
        drawing.start()
        drawing.join()
        part.rename(root)
    return f"{name}:{root}"


def random_sam(kind: str, folder: Path) -> Path:
    """A network that nobody trained, as transformers writes it: as large as SAM ViT-B, or tiny."""
    import torch
    from transformers import SamConfig, SamModel

    torch.manual_seed(0)
    if kind == "vit-b":
        config = SamConfig()
    else:
        size = {"hidden_size": 32, "num_attention_heads": 4, "output_channels": 32}
        small = {"image_size": 64, "patch_size": 8}
        config = SamConfig(
            vision_config={**size, **small, "num_hidden_layers": 3, "mlp_dim": 48,
                           "window_size": 3, "global_attn_indexes": [2], "num_pos_feats": 16},
            prompt_encoder_config={"hidden_size": 32, **small},
            mask_decoder_config={"hidden_size": 32, "mlp_dim": 40, "iou_head_hidden_dim": 24},
        )  # fmt: skip
    SamModel(config).save_pretrained(folder)
    return folder


def annotated(kind: str, count: int, work: Path) -> None:
    """Time masks for the boxes of a drawn Objects365."""
    root = work / f"boxes-{count}"
    shutil.rmtree(root, ignore_errors=True)
    objects365_boxes(root, count)
    known = kind in ("tiny", "vit-b")
    sam = random_sam(kind, work / f"sam-{kind}") if known else Path(kind)
    command = ("annotate", "--raw", f"objects365:{root}", "--sam", sam, "--end")
    first = cost(*command, "1")  # loading the network, and one picture
    whole = cost(*command, str(count), "--skip-existing")
    rate = (count - 2) / (whole.cpu - first.cpu)
    name = f"SAM {kind} of random weights" if known else f"SAM {printable(kind)}"
    print(
        f"annotate    {count} pictures with {BOXES} boxes each, {name}: {rate:.2f} pictures and "
        f"{BOXES * rate:.2f} boxes a second and core, {whole.peak:.0f} MiB at most",
        flush=True,
    )


def one_by_one(name: str, unit: str, count: int, command: Sequence[str | Path], out: Path) -> None:
    """Time a builder that makes so many, each by itself, in one process and thread."""
    shutil.rmtree(out, ignore_errors=True)
    whole = cost(*command, "--out", out)
    rest = cost(*command, "--out", out, "--skip-existing")
    rate = count / (whole.cpu - rest.cpu)
    print(f"{name:11} {count} {unit}, {rate:.2f} a second and core, {whole.peak:.0f} MiB at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--memory", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--memory-of", nargs="*", default=["vitonhd", "coco"])
    parser.add_argument("--raw", action="append", default=[])
    parser.add_argument("--annotate", metavar="tiny|vit-b|FILE", help="and no pairs")
    parser.add_argument("--cad", metavar="PHOTOS", help="and no pairs")
    parser.add_argument("--occlusion", metavar="SET:DIR", help="and no pairs")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    count, out = given.samples, given.work / "set"
    if given.annotate:
        annotated(given.annotate, max(count, 4), given.work)
    if given.cad:
        command = ["cad", given.cad, "--limit", str(count), "--variants", "1"]
        one_by_one("cad", "pictures", count, command, out)
    if given.occlusion:
        kind, _, folder = given.occlusion.partition(":")
        command = ["occlusion", "--from", kind, "--data", folder, "--count", str(count)]
        one_by_one("occlusion", "scenes", count, command, out)
    if given.annotate or given.cad or given.occlusion:
        return
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
