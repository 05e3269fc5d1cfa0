"""How well the loop finds hidden objects, on scenes of which all is known.

What the figures are is said in `occlusion_figures`. Intervals come from a bootstrap
over the photographs that the scenes were made of, for scenes of one photograph are no independent
evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.bootstrap import Statistic, difference, interval, ratio_of_sums
from ..core.instances import Instance
from ..data.occlusion import read_scene
from .evaluate_segment import Engines, Seconds, difference_row, interval_row
from .occlusion_figures import FIGURES, SceneFigures, scene_figures

LEVELS = 3  # equal parts of the range of hidden shares


@dataclass
class OcclusionScores:
    """Figures of one inpainter by number of iterations, one a scene."""

    inpainter: str
    scenes: dict[int, list[SceneFigures]] = field(default_factory=dict)
    seconds: Seconds = field(default_factory=Seconds)

    def rows(self, span: tuple[float, float]) -> list[dict[str, Any]]:
        """A row for every number of iterations over all scenes, then for every third of the range
        of hidden shares; each with its difference to one iteration, if that was measured.

        Args:
            span: the least and the greatest hidden share of the set.
        """
        edges = np.linspace(*span, LEVELS + 1)
        parts = [(0.0, 1.0), *zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
        rows = []
        for low, high in parts:
            last = high >= edges[-1]
            for count, every in self.scenes.items():
                inside = [low <= one.hidden and (one.hidden < high or last) for one in every]
                chosen = _chosen(every, inside)
                if not chosen:
                    continue
                single = _chosen(self.scenes.get(1, []), inside) if count != 1 else []
                row: dict[str, Any] = {
                    "inpainter": self.inpainter,
                    "iterations": count,
                    "hidden": [round(low, 3), round(high, 3)],
                    "scenes": len(chosen),
                }
                rows.append(row | _summary(chosen, single))
        return rows


def evaluate_occlusion(
    root: Path,
    names: Sequence[str],
    engines: Engines,
    iterations: Sequence[int],
    *,
    given: bool = False,
    advance: Callable[[], object] = lambda: None,
) -> OcclusionScores:
    """Run the loop on every scene and score what it finds.

    Args:
        root: a set that `data.occlusion` describes.
        names: of its scenes.
        engines: what is measured; its config says the most iterations.
        iterations: numbers of iterations.
        given: the first iteration finds the occluder as it is, in place of the segmenter.
        advance: called after each scene, for a progress bar.

    Raises:
        InputError: a scene is incomplete or damaged.
    """
    scores = OcclusionScores(engines.inpainter.name)
    for name in names:
        scene = read_scene(root, name)
        first = None
        if given:
            first = [Instance(scene.occluder, 1.0, scene.notes.occluder_label)]
        result = engines.run(scene.image, name, scores.seconds, first=first)
        for count in iterations:
            scores.scenes.setdefault(count, []).append(scene_figures(scene, result, count))
        advance()
    return scores


def _summary(chosen: Sequence[SceneFigures], single: Sequence[SceneFigures]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    gains: dict[str, Any] = {}
    photographs = sorted({one.source for one in chosen})
    for figure in FIGURES:
        statistic = _statistic(chosen, figure, photographs)
        values[figure] = interval_row(interval(statistic, len(photographs)))
        if single:
            before = _statistic(single, figure, photographs)
            gains[figure] = difference_row(difference(statistic, before, len(photographs)))
    return values | ({"gain": gains} if gains else {})


def _statistic(
    scenes: Sequence[SceneFigures], figure: str, photographs: Sequence[str]
) -> Statistic:
    """The figure over a set whose photographs are drawn: each with all of its scenes."""
    sums = np.zeros((2, len(photographs)))
    for one in scenes:
        sums[:, photographs.index(one.source)] += one.fractions[figure]
    return ratio_of_sums(sums[0], sums[1])


def _chosen(scenes: Sequence[SceneFigures], inside: Sequence[bool]) -> list[SceneFigures]:
    return [one for one, wanted in zip(scenes, inside, strict=False) if wanted]
