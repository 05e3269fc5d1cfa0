"""A page that shows some samples of shards."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import DataError, InputError
from ..core.report import Figure, Report, Shape, Thumbnail, thumbnail
from ..core.seeds import generator
from ..data.composite_sample import CompositeSample
from ..data.pics_shards import decode_pair
from ..data.shard_read import index_members, read_samples
from ..data.shard_store import ShardStore
from ..data.shard_writer import ShardStats, read_stats, shard_stems

_LONGEST = 480  # pixels of a picture on the page
_COLOURS = ((225, 60, 50), (50, 110, 230), (60, 170, 70))
_TINT = 0.45


@dataclass(frozen=True)
class ReportedSet:
    """What a page tells."""

    shards: int
    samples: int
    shown: int
    unfinished: int


def write_shard_report(
    store: ShardStore,
    page: Path,
    count: int,
    seed: int,
    advance: Callable[[], object] = lambda: None,
) -> ReportedSet:
    """Write a page of `count` samples, drawn from all finished shards.

    Raises:
        DataError: there are no finished shards, or one cannot be read.
        OutputError: the page cannot be written.
    """
    stems = shard_stems(store)
    stats = {stem: read_stats(store, stem) for stem in stems}
    finished = [(stem, each) for stem, each in stats.items() if each is not None and each.samples]
    if not finished:
        raise DataError(f"{store.name('')} has no finished shards; build a set there first.")
    sizes = np.array([each.samples for _, each in finished])
    total = int(sizes.sum())
    chosen = generator(seed, "shard report").permutation(total)[:count]
    ends = np.cumsum(sizes)
    unfinished = [stem for stem in stems if stats[stem] is None]
    lead = f"{total} samples in {len(finished)} shards; {_labels(finished)}".rstrip("; ")
    with Report(page, "Shards", lead) as report:
        for stem in unfinished:
            report.failure(f"{stem}.tar", "It is not finished; run the command that builds it.")
        for place, (stem, each) in enumerate(finished):
            begin = int(ends[place]) - each.samples
            here = sorted(int(k) - begin for k in chosen if begin <= k < ends[place])
            if here:
                _show(store, stem, each.kind, here, report, advance)
    return ReportedSet(len(finished), total, len(chosen), len(unfinished))


def _show(
    store: ShardStore,
    stem: str,
    kind: str,
    places: list[int],
    report: Report,
    advance: Callable[[], object],
) -> None:
    name = store.name(f"{stem}.tar")
    with store.open(f"{stem}.tar") as file:
        members = index_members(file, name, kind)
        if places[-1] >= len(members):
            raise DataError(f"{name} has fewer samples than were written; verify it.")
        for place, (key, data) in enumerate(read_samples(file, name, members)):
            if place in places:
                title = f"{stem} {key}"
                try:
                    if kind == "pairs":
                        _pair_entry(report, title, decode_pair(data, key, name), data)
                    else:
                        _plain_entry(report, title, data)
                except InputError as error:
                    report.failure(title, str(error))
                advance()
            if place == places[-1]:
                break


def _pair_entry(
    report: Report, title: str, sample: CompositeSample, data: Mapping[str, bytes]
) -> None:
    height, width = sample.picture.shape[:2]
    meta: dict[str, Any] = json.loads(data["meta.json"]) if "meta.json" in data else {}
    notes = meta.get("objects") or [{}] * len(sample.objects)
    labels = [str(each.get("label") or f"object {k}") for k, each in enumerate(notes)]
    shapes = [
        Shape((b.x1 / width, b.y1 / height, b.x2 / width, b.y2 / height), label, colour)
        for b, label, colour in zip(sample.boxes, labels, _COLOURS, strict=False)
    ]
    tinted = sample.picture.astype(np.float32)
    for k, colour in zip(range(len(sample.objects)), _COLOURS, strict=False):
        mask = np.asarray(Image.open(io.BytesIO(data[f"mask{k}.png"])).convert("L")) > 127
        tinted[mask] = (1 - _TINT) * tinted[mask] + _TINT * np.array(colour, np.float32)
    report.entry(
        title,
        [f"{width}x{height}", *_facts(meta, labels)],
        Figure(thumbnail(sample.picture, _LONGEST), "the photograph", shapes=shapes),
        [
            Figure(thumbnail(each.rgb, _LONGEST // 2), label, colour=colour)
            for each, label, colour in zip(sample.objects, labels, _COLOURS, strict=False)
        ],
        Figure(thumbnail(np.rint(tinted).astype(np.uint8), _LONGEST), "its masks"),
    )


def _facts(meta: Mapping[str, Any], labels: list[str]) -> list[str]:
    facts = []
    if order := meta.get("order"):
        facts.append(f"{labels[order[0]]} in front (by {meta.get('order_by')})")
    for pair in meta.get("pairs", []):
        a, b = pair["objects"]
        facts.append(
            f"{labels[a]} and {labels[b]}: IoU {pair['iou']:.2f}, contact {pair['contact']:.0f} px"
        )
    return facts


def _plain_entry(report: Report, title: str, data: Mapping[str, bytes]) -> None:
    pictures = {part: _thumb(content) for part, content in data.items() if _is_picture(part)}
    texts = [content.decode("utf-8", "replace")[:200] for part, content in data.items()
             if not _is_picture(part)]  # fmt: skip
    if not pictures:
        report.remark(title, " ".join(texts) or "It has no picture.")
        return
    first, *others = pictures
    figures = [Figure(pictures[part], part) for part in others]
    report.entry(title, texts, Figure(pictures[first], first), figures)


def _is_picture(part: str) -> bool:
    return part.rpartition(".")[2] in ("jpg", "jpeg", "png", "webp")


def _thumb(content: bytes) -> Thumbnail:
    with Image.open(io.BytesIO(content), "r", ("JPEG", "PNG", "WEBP")) as image:
        pixels: NDArray[np.uint8] = np.asarray(image.convert("RGB"), np.uint8)
    return thumbnail(pixels, _LONGEST)


def _labels(finished: list[tuple[str, ShardStats]]) -> str:
    counts: dict[str, int] = {}
    for _, each in finished:
        labels = each.notes.get("labels")
        for label, count in labels.items() if isinstance(labels, dict) else ():
            counts[label] = counts.get(label, 0) + count
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:12]
    return ", ".join(f"{label or 'unnamed'} {count}" for label, count in most)
