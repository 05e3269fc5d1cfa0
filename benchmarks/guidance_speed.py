"""What references add to the time of `compose crop`, a picture of 640 pixels.

    python benchmarks/guidance_speed.py --data DIR [--count 60] [--references 255000] [--json]

One thread, medians over the pictures, of wall time and of the processor's: the engine's look (with
the trunk that layouts share); retrieval, which is the vector, the perceptual hash, the source id
and the search among drawn vectors with the layouts of the index that ships; the layout's
measurement; and the search for crops, without and with a guide. What `--refs` adds is the sum of
all but the engine, less the plain search.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from photographs import lay_out
from printing import run, table

from compose.core.images import load_reduced
from compose.data.reference_index import Reference
from compose.data.reference_write import index_in_memory
from compose.models.crop_builtin import BuiltinCropper
from compose.stages.crop_guide import Guide
from compose.stages.crop_guided import GuidedChoice
from compose.stages.crop_references import ReferenceSet, layouts_of, nearness
from compose.stages.crop_search import CropRequest, search
from compose.stages.index_open import open_named_index
from compose.stages.index_reader import open_photo_reader
from compose.stages.layout_reader import LayoutReader


def main() -> int:
    """Measure and print."""
    options = _options()
    cv2.setNumThreads(1)
    engine, reader = BuiltinCropper(), LayoutReader()
    references = _references(options.references, reader)
    parts = ("engine", "plain search", "layout", "retrieval", "guided search")
    times: dict[str, list[tuple[float, float]]] = {part: [] for part in parts}
    with tempfile.TemporaryDirectory() as folder:
        photos = lay_out(Path(folder) / "photos", options.count, 640, options.data)
        for path in photos[: options.count]:
            for part, figure in one(path, engine, reader, references).items():
                times[part].append(figure)
    rows = {
        part: [float(np.median([1000 * t[kind] for t in times[part]])) for kind in (0, 1)]
        for part in parts
    }
    rows["added"] = [
        rows["layout"][i]
        + rows["retrieval"][i]
        + rows["guided search"][i]
        - rows["plain search"][i]
        for i in (0, 1)
    ]
    if options.json:
        print(json.dumps({part: {"ms": ms, "cpu_ms": cpu} for part, (ms, cpu) in rows.items()}))
        return 0
    lines = [[part, f"{ms:.1f}", f"{cpu:.1f}"] for part, (ms, cpu) in rows.items()]
    print(table(["part", "ms", "ms of the processor"], lines))
    return 0


def one(
    path: Path, engine: BuiltinCropper, reader: LayoutReader, references: ReferenceSet
) -> dict[str, tuple[float, float]]:
    """Seconds and processor seconds of every part, for one picture."""
    picture = load_reduced(path, engine.side)
    rgb, times = picture.over(), {}
    size = picture.header.width, picture.header.height

    def timed(part: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        value = work()
        times[part] = (time.perf_counter() - wall, time.process_time() - cpu)
        return value

    belief, maps = timed("engine", lambda: engine.look(rgb))
    timed("plain search", lambda: search(belief, *size, CropRequest()))
    seen = timed("layout", lambda: reader.read(rgb, maps["tokens"][0]))
    found = timed("retrieval", lambda: references.nearest(path, rgb, seen))
    guide = Guide(layouts_of(found), nearness(found))
    choice = GuidedChoice(seen.scene, guide)
    timed("guided search", lambda: search(belief, *size, CropRequest(), choice))
    return times


def _references(count: int, layout: LayoutReader) -> ReferenceSet:
    reader = open_photo_reader(layout=layout)
    header, random = reader.header(), np.random.default_rng(0)
    shipped = open_named_index("builtin")  # for layouts that photographs have

    def real(row: int) -> tuple[Any, Any]:
        found = shipped.reference(row % len(shipped))
        return found.layout, found.geometry

    hashes = random.integers(1 << 62, size=count).tolist()
    rows = [
        Reference(f"{row}.jpg", str(row), value, (3, 2), *real(row))
        for row, value in enumerate(hashes)
    ]
    vectors = random.standard_normal((count, header.dims), np.float32).astype(np.float16)
    return ReferenceSet(index_in_memory(header, rows, vectors, Path("drawn")), reader)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="photographs; drawn without it")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--references", type=int, default=255_000)
    parser.add_argument("--json", action="store_true", help="one object")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
