"""A set of expanded pictures with labels: photographs in, files out, one photograph at a time.

All that is made of a photograph depends on the settings, the seed and the photograph's name, so
that a set made in parts, or gone on with after a crash, has the bytes of one made in one go.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import UsageError
from ..core.files import atomic_write
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.inputs import Source
from ..data import cad_files as cad
from ..models.picture_look import PictureReader
from .cad_filter import FilterConfig, Verdict, verdict
from .cad_labels import Label, LabelConfig, first_labels, predicted, refined
from .cad_photo import Photo, open_photo
from .cad_picture import Expanded
from .layout import read_layout

_QUALITY = 92  # of the pictures
_SMALL, _SMALL_QUALITY = 320, 80  # long side in pixels of copies of what was dropped
_PLAIN = ("images", "jpegimages", "jpg")  # folders whose names say nothing

Make = Callable[[Photo, str, int, str], Expanded]  # of a photograph, its name, a number, a prompt
Score = Callable[[Mapping[str, NDArray[np.float32]], Expanded], float]


@dataclass(frozen=True)
class CadConfig:
    """What is made of every photograph.

    Raises:
        UsageError: there is no such number of variants, or no such stage.
    """

    variants: int = 3  # pictures of each photograph
    stage: int = 2  # labels: 1 the original region, 2 refined too
    filter: FilterConfig | None = field(default_factory=FilterConfig)  # None: all are kept
    labels: LabelConfig = field(default_factory=LabelConfig)

    def __post_init__(self) -> None:
        if not 1 <= self.variants <= cad.MOST_VARIANTS:
            raise UsageError(
                f"{self.variants} variants cannot be numbered by one digit; give 1 to 10."
            )
        if self.stage not in (1, 2):
            raise UsageError(f"there is no stage {self.stage} of labels; give 1 or 2.")


@dataclass(frozen=True, eq=False)
class CadSet:
    """All that a set depends on."""

    root: Path
    config: CadConfig
    make: Make = field(repr=False)
    reader: PictureReader = field(repr=False)
    score: Score | None = field(repr=False)  # probability that a picture looks bad
    prompt: Callable[[str, Photo], str] = field(repr=False)
    max_pixels: int = DEFAULT_MAX_PIXELS

    def write(self, source: Source) -> dict[str, Any]:
        """Make the pictures of one photograph and return its record, as it is written.

        Raises:
            ImageError: the photograph cannot be read.
            OutputError: a file cannot be written.
        """
        name = photo_name(source)
        photo = open_photo(source.path, self.reader, self.max_pixels)
        prompt = self.prompt(source.relative.as_posix(), photo)
        pictures, labels = [], {}
        for number in range(self.config.variants):
            picture = cad.picture_name(name, number)
            entry, found = self._picture(photo, name, number, prompt)
            pictures.append({"picture": picture, **entry})
            if found:
                labels[picture] = found
        self._write_labels(name, labels)
        record = {
            "name": name,
            "file": source.relative.as_posix(),
            "source": source_of(source),
            "width": photo.original[0],
            "height": photo.original[1],
            "part": [round(edge, 6) for edge in photo.part],
            "subject": round(float(photo.subject.mean()), 6),
            "prompt": prompt,
            "pictures": pictures,
        }
        cad.write_json(cad.record_file(self.root, name), record)
        return record

    def _picture(
        self, photo: Photo, name: str, number: int, prompt: str
    ) -> tuple[dict[str, Any], list[list[Label]]]:
        """Make and write one picture: what is known of it, and its labels by version."""
        made = self.make(photo, name, number, prompt)
        look = self.reader.look(made.rgb)
        found = None
        if self.config.filter is not None:
            bad = self.score(look.maps, made) if self.score else None
            found = verdict(made, look.saliency, bad, self.config.filter)
        height, width = made.rgb.shape[:2]
        entry: dict[str, Any] = {
            "width": width,
            "height": height,
            "region": list(made.region),
            "layout": read_layout(made.rgb, look.saliency).names()[0],
            **_filter_notes(found),
        }
        picture = cad.picture_name(name, number)
        if found is not None and found.dropped:
            write_jpeg(cad.dropped_file(self.root, picture), _small(made.rgb), _SMALL_QUALITY)
            return entry, []
        write_jpeg(cad.image_file(self.root, picture), made.rgb, _QUALITY)
        labels = [first_labels(made.region)]
        if self.config.stage == 2:
            belief = self.reader.crops(look, width, height)
            best = predicted(belief, width, height, self.reader.name, self.config.labels)
            labels.append(refined(labels[0], best, width, height, self.config.labels))
        entry["labels"] = len(labels[-1])
        return entry, labels

    def _write_labels(self, name: str, labels: Mapping[str, list[list[Label]]]) -> None:
        for version in range(1, self.config.stage + 1):
            own = {picture: found[version - 1] for picture, found in labels.items()}
            write_version(self.root, version, name, own)
        for picture, found in labels.items():
            lines = [label.line() for label in found[-1]]
            cad.write_text(cad.beside_file(self.root, picture), lines)


def write_version(root: Path, version: int, name: str, labels: Mapping[str, list[Label]]) -> None:
    """Write a photograph's labels of a version, those with their origins last.

    Raises:
        OutputError: a file cannot be written.
    """
    for picture, found in labels.items():
        lines = [label.line() for label in found]
        cad.write_text(cad.label_file(root, version, picture), lines)
    rows = {
        picture: [[*label.box, round(label.score, 3), label.origin] for label in found]
        for picture, found in labels.items()
    }
    cad.write_json(cad.origins_file(root, version, name), rows)


def photo_name(source: Source) -> str:
    """The identity of a photograph: where it lies, without suffix."""
    return source.relative.with_suffix("").as_posix()


def source_of(source: Source) -> str:
    """Where a photograph comes from: the folder that it lies in, or that one's if its name says
    nothing."""
    telling = [
        name for name in source.path.absolute().parent.parts[1:] if name.lower() not in _PLAIN
    ]
    return telling[-1] if telling else "photographs"


def planned_files(root: Path, source: Source, variants: int) -> list[Path]:
    """The files that a photograph may get, its record last."""
    name = photo_name(source)
    pictures = [cad.picture_name(name, number) for number in range(variants)]
    return [*(cad.image_file(root, each) for each in pictures), cad.record_file(root, name)]


def record_path(root: Path, source: Source) -> Path:
    """The file that marks a photograph as done."""
    return cad.record_file(root, photo_name(source))


def write_jpeg(path: Path, rgb: NDArray[np.uint8], quality: int) -> None:
    """Write a picture HxWx3, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    with atomic_write(path) as part:
        part.write_bytes(buffer.getvalue())


def _filter_notes(found: Verdict | None) -> dict[str, Any]:
    if found is None:
        return {"dropped": None}
    return {
        "dropped": found.dropped,
        "bad": None if found.bad is None else round(found.bad, 4),
        "again": None if found.again is None else round(found.again, 4),
        "other": round(found.other, 4),
        "grown": round(found.grown, 4),
    }


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(_SMALL / max(rgb.shape[:2]), 1.0)
    size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
