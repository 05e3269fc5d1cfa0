"""Segmentation and inpainting in turn: what stands behind what was found is found next.

A round segments the picture, accepts what is new, and erases what stands in front; the next one
looks at the picture so filled. An instance's visible part is never taken from it again, so that
what is found behind others extends below them and does not overwrite them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.instances import Instance
from ..models.segmenter import Segmenter
from .segment_canvas import Fill, PlainCanvas
from .segment_config import SegmentConfig
from .segment_found import LoopResult
from .segment_order import front_layer
from .segment_state import AnyCanvas, LoopHooks, LoopState

__all__ = ["Fill", "LoopHooks", "run_loop", "run_loop_on"]


def run_loop(
    rgb: NDArray[np.uint8],
    segmenter: Segmenter,
    fill: Fill,
    config: SegmentConfig | None = None,
    seed: int = 0,
    hooks: LoopHooks | None = None,
    *,
    first: Sequence[Instance] | None = None,
    clean: bool = True,
) -> LoopResult[PlainCanvas]:
    """Find the objects of a picture and what stands behind them.

    The same arguments give the same result, and what a longer run has found after N rounds is
    what a run of N rounds finds: see `LoopResult.after`.

    Args:
        rgb: HxWx3, upright sRGB, at the size at which objects are looked for.
        segmenter: opened.
        fill: called with a picture, a hole (never empty, never everything) and a seed; of what it
            returns only the hole is used. Once a round, and at the end for the background.
        config: how.
        seed: of random draws of `fill`.
        hooks: for progress and interruption.
        first: what the first round finds in place of the segmenter; not sifted by area or score.
        clean: erase from the background at the end what is left on it.

    Raises:
        Interrupted: `hooks.should_stop` said so.
    """
    canvas = PlainCanvas(rgb, fill)
    return run_loop_on(canvas, segmenter, config, seed, hooks, first=first, clean=clean)


def run_loop_on(
    canvas: AnyCanvas,
    segmenter: Segmenter,
    config: SegmentConfig | None = None,
    seed: int = 0,
    hooks: LoopHooks | None = None,
    *,
    first: Sequence[Instance] | None = None,
    clean: bool = True,
) -> LoopResult[AnyCanvas]:
    """`run_loop` on a canvas that fills its own holes."""
    config = config or SegmentConfig()
    state = LoopState(canvas, segmenter, config, seed, hooks or LoopHooks())
    for number in range(config.iterations):
        state.told(number, "segmenting")
        state.look(number, first if number == 0 else None)
        present = state.present
        if number + 1 == config.iterations or not present:
            state.close(number)
            break
        state.told(number, "filling")
        if not state.erase(number, present if config.erase == "all" else front_layer(present)):
            break
    return state.result(clean=clean)
