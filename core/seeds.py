"""Random numbers that depend on one seed and on names, and on nothing else."""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str) -> int:
    """A seed in [0, 2**63) for this use of `seed`, the same on every machine and version.

    Python's own hash of text changes from process to process; SHA-256 does not. Lengths are
    hashed with the names, so that ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.sha256(str(int(seed)).encode())
    for name in names:
        data = name.encode("utf-8", "surrogatepass")
        digest.update(b":%d:" % len(data))
        digest.update(data)
    return int.from_bytes(digest.digest()[:8], "little") >> 1


def generator(seed: int, *names: str) -> np.random.Generator:
    """The generator for one use of `seed`, say `generator(seed, "sketch", source.relative.name)`.

    Equal arguments give equal streams; other names give independent ones.
    """
    return np.random.Generator(np.random.PCG64(derive_seed(seed, *names)))
