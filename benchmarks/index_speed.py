"""Time of finding the 10 nearest of 255,000 references (ProCrop's AVA: 0.954 s as published).

    python benchmarks/index_speed.py [--count 255000] [--dims 256] [--queries 40] [--json]

Vectors are drawn: 2,000 clusters, so that there is something to find; queries are new members
of the clusters. Exact search is timed in both ways it has, from half precision as it is mapped
and from float32 kept in memory; then usearch and faiss where they are installed, built from the
same file, with the share of the exact answers that they find. Times are medians over the
queries, one query at a time, all of it: products, exclusion of copies by hash, and the exact
distances of the best.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from printing import run, table

from compose.core.devices import available_cores
from compose.core.errors import UsageError
from compose.data.reference_backends import FaissSearcher, UsearchSearcher
from compose.data.reference_index import IndexHeader, Reference, ReferenceIndex, open_index
from compose.data.reference_search import ExactSearcher, Query, Searcher
from compose.data.reference_write import write_index

K = 10
_CLUSTERS, _WIDTH = 2000, 0.5


def main() -> int:
    """Measure and print."""
    options = _options()
    random = np.random.default_rng(0)
    middles = random.standard_normal((_CLUSTERS, options.dims), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        index = _index(Path(folder) / "drawn.idx", random, middles, options.count)
        queries = [
            Query(row, None, int(random.integers(1 << 62)))
            for row in _members(random, middles, options.queries)
        ]
        rows = measure(index, queries, approximate=not options.exact_only)
    if options.json:
        for row in rows:
            print(json.dumps(row))
        return 0
    print(f"10 of {options.count:,} x {options.dims}, {available_cores()} cores:\n")
    lines = [
        [
            row["way"],
            f"{row['ms']:.1f}",
            f"{row['p95_ms']:.1f}",
            f"{row['recall']:.3f}",
            f"{row['open_s']:.1f}",
        ]
        for row in rows
    ]
    print(table(["way", "ms a query", "95th of 100", "found", "s to open"], lines))
    return 0


def measure(
    index: ReferenceIndex, queries: list[Query], *, approximate: bool
) -> list[dict[str, Any]]:
    """One row a way to search."""
    ways: dict[str, Callable[[], Searcher]] = {
        "exact, float32 in memory": lambda: ExactSearcher(index, resident=True),
        "exact, float16 mapped": lambda: ExactSearcher(index, resident=False),
    }
    if approximate:
        ways |= {
            "usearch HNSW": lambda: UsearchSearcher(index),
            "faiss HNSW": lambda: FaissSearcher(index),
        }
    rows, truth = [], []
    for name, make in ways.items():
        began = time.perf_counter()
        try:
            searcher = make()
        except UsageError:  # it is not installed
            continue
        opened = time.perf_counter() - began
        searcher.search(queries[0], K)
        times, found = [], []
        for query in queries:
            start = time.perf_counter()
            answer = searcher.search(query, K)
            times.append(1000 * (time.perf_counter() - start))
            found.append({neighbour.row for neighbour in answer})
        truth = truth or found
        shared = [len(a & b) / len(b) for a, b in zip(found, truth, strict=True)]
        rows.append(
            {
                "way": name,
                "ms": float(np.median(times)),
                "p95_ms": float(np.percentile(times, 95)),
                "recall": float(np.mean(shared)),
                "open_s": opened,
            }
        )
    return rows


def _members(random: np.random.Generator, middles: Any, count: int) -> Any:
    rows = middles[random.integers(len(middles), size=count)]
    return rows + _WIDTH * random.standard_normal(rows.shape, np.float32)


def _index(path: Path, random: np.random.Generator, middles: Any, count: int) -> ReferenceIndex:
    dims = middles.shape[1]
    vectors = np.empty((count, dims), np.float16)
    for first in range(0, count, 10_000):
        part = vectors[first : first + 10_000]
        part[:] = _members(random, middles, len(part))
    header = IndexHeader("drawn", "0" * 64, (1, dims), "cosine", ("a",), ("b",))
    none = np.zeros(1)
    hashes = random.integers(1 << 62, size=count).tolist()
    references = [
        Reference(f"{row}.jpg", f"{row}", value, (3, 2), none, none)
        for row, value in enumerate(hashes)
    ]
    write_index(path, header, references, vectors, range(count))
    return open_index(path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=255_000)
    parser.add_argument("--dims", type=int, default=256)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--exact-only", action="store_true", help="leave usearch and faiss out")
    parser.add_argument("--json", action="store_true", help="one object a line")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
