from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from compose.core.errors import OutputError, UsageError
from compose.data.animation import save_animation


def frames(count: int) -> Iterator[NDArray[np.uint8]]:
    for i in range(count):
        frame = np.full((20, 30, 3), 255, np.uint8)
        frame[5:15, : 3 * i + 1] = (200, 30 * i, 0)
        yield frame


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".GIF"])
def test_frames_and_their_times_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    save_animation(frames(6), path, 25)
    with Image.open(path) as opened:
        seen, durations = [], []
        for frame in ImageSequence.Iterator(opened):
            seen.append(np.asarray(frame.convert("RGB")))
            durations.append(frame.info["duration"])
        assert opened.info["loop"] == 0
    np.testing.assert_array_equal(seen, list(frames(6)))
    assert durations == [40] * 5 + [2040]
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_equal_frames_keep_their_time(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    first, *_, last = frames(4)
    save_animation([first, first, first, last, last], path, 10)
    assert durations_of(path) == [300, 2200]
    save_animation([first] * 5, path, 10)  # WebP of a picture that never changes is a still
    assert durations_of(path) == [{".gif": 2500, ".webp": 0}[suffix]]


def durations_of(path: Path) -> list[int]:
    durations = []
    with Image.open(path) as opened:
        for frame in ImageSequence.Iterator(opened):
            frame.load()
            durations.append(frame.info["duration"])
    return durations


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"end it in \.webp or \.gif\.$"):
        save_animation(frames(2), tmp_path / "a.mp4", 10)
    for fps in (0, -1, 51, float("nan")):
        with pytest.raises(UsageError, match="frames a second"):
            save_animation(frames(2), tmp_path / "a.gif", fps)
    with pytest.raises(ValueError, match="at least one"):
        save_animation([], tmp_path / "a.gif", 10)
    with pytest.raises(ValueError, match="one size"):
        save_animation([np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2, 3), np.uint8)],
                       tmp_path / "a.gif", 10)  # fmt: skip
    assert os.listdir(tmp_path) == []
