"""`compose crop` by references, a photograph to be like, or a layout; and what explains a crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.crop_belief import CropBelief
from ..models.crop_builtin import BuiltinCropper
from ..models.crop_engine import CropEngine
from .crop_guide import Guide
from .crop_guided import GuidedChoice, GuidedConfig
from .crop_references import Liked, ReferenceSet, layouts_of, nearness
from .crop_search import Crop
from .index_query import Match
from .layout import Layouts, layouts
from .layout_geometry import Geometry
from .layout_reader import LayoutReader, Seen


@dataclass(frozen=True, eq=False)
class Guidance:
    """What guides the crops of every picture of a run; shared by threads."""

    reader: LayoutReader
    references: ReferenceSet | None = None
    liked: Sequence[Liked] = ()
    prefer: tuple[int, ...] = ()  # classes by their place in `layout.CLASSES`
    config: GuidedConfig = field(default_factory=GuidedConfig)
    explain: bool = False  # whether records tell of layouts and references

    def read(self, engine: CropEngine, rgb: NDArray[np.uint8], path: Path) -> Guided:
        """Let an engine read a picture HxWx3, and find out what its crops are to be like.

        Raises:
            ImageError: the file cannot be read.
        """
        belief, tokens = _believed(engine, rgb)
        seen = self.reader.read(rgb, tokens)
        found = self.references.nearest(path, rgb, seen) if self.references else []
        guide = self._guide(found)
        choice = GuidedChoice(seen.scene, guide, self.config) if guide else None
        return Guided(self, belief, seen, found, guide, choice)

    def _guide(self, found: Sequence[Match]) -> Guide | None:
        rows = [liked.layout for liked in self.liked]
        weights = [np.full(len(rows), 1 / len(rows))] if rows else []
        if found:
            rows.append(layouts_of(found))
            weights.append(nearness(found))
        if not rows and not self.prefer:
            return None
        if not rows:
            return Guide(prefer=self.prefer)
        return Guide(_stacked(rows), np.concatenate(weights) / len(weights), self.prefer)


@dataclass(frozen=True, eq=False)
class Guided:
    """One picture under guidance."""

    guidance: Guidance
    belief: CropBelief
    seen: Seen
    found: Sequence[Match]  # references retrieved for it, nearest first
    guide: Guide | None
    choice: GuidedChoice | None  # in place of the search's own

    def explain(self, crops: Sequence[Crop], width: int, height: int) -> Explained:
        """What there is to say of crops of this picture, whose sides are given in pixels."""
        sides = np.array([width, height, width, height], np.float64)
        boxes = np.array([crop.box for crop in crops], np.float64).reshape(-1, 4)
        told = layouts(self.seen.scene, boxes / sides)
        agreement = None if self.guide is None else self.guide.agreement(told)
        return Explained(self.seen, told, agreement, self.found, self.guidance)


@dataclass(frozen=True, eq=False)
class Explained:
    """The layouts of a picture's crops, and what they were to be like."""

    seen: Seen
    layouts: Layouts  # one a crop
    agreement: NDArray[np.float64] | None  # (N,) with the guide, None without one
    found: Sequence[Match]
    guidance: Guidance

    def of_crop(self, index: int) -> dict[str, Any]:
        """What the record of one crop has more."""
        fields: dict[str, Any] = {}
        if self.guidance.explain:
            fields["layout"] = self.layouts.record(index)
        if self.agreement is not None:
            fields["agreement"] = round(float(self.agreement[index]), 4)
        return fields

    def of_picture(self) -> dict[str, Any]:
        """What the record of the picture has more."""
        fields: dict[str, Any] = {}
        if not self.guidance.explain:
            return fields
        if self.guidance.references is not None:
            fields["references"] = [match.record() for match in self.found]
        if self.guidance.liked:
            fields["like"] = [
                {"name": liked.name, "layout": liked.layout.names()[0]}
                for liked in self.guidance.liked
            ]
        return fields

    def draw(self, canvas: NDArray[np.uint8], crops: Sequence[Crop]) -> None:
        """Draw the best crop's layout on the picture HxWx3 in place, if it is to be explained."""
        if self.guidance.explain and crops:
            from .layout_draw import draw_layout

            draw_layout(canvas, self.seen.scene, self.layouts, crops[0].box)


def _believed(
    engine: CropEngine, rgb: NDArray[np.uint8]
) -> tuple[CropBelief, NDArray[np.float32] | None]:
    """An engine's belief, and the trunk's tokens (384,16,16) where it has run the trunk anyway."""
    if isinstance(engine, BuiltinCropper) and engine.shipped:
        belief, maps = engine.look(rgb)
        return belief, maps["tokens"][0]
    return engine.read(rgb), None


def _stacked(rows: Sequence[Layouts]) -> Layouts:
    count = [range(len(row)) for row in rows]
    numbers = [row.geometry.row(i) for row, places in zip(rows, count, strict=True) for i in places]
    return Layouts(
        np.concatenate([row.scores for row in rows]), Geometry.from_rows(np.stack(numbers))
    )
