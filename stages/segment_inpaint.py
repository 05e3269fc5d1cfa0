"""Taking a picture apart into layers, from its file to theirs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..core.encoding import save_rgb
from ..core.errors import UsageError
from ..core.files import remove_stale_parts
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.images import load_picture
from ..core.seeds import derive_seed
from .segment_canvas import Filling, FullCanvas
from .segment_config import SegmentConfig
from .segment_files import (
    write_coco_file,
    write_iterations,
    write_layers,
    write_masks,
    write_stack,
)
from .segment_first import brought, prompted
from .segment_found import LoopResult
from .segment_layers import Recomposition, in_order
from .segment_loop import LoopHooks, run_loop_on
from .segment_merge import LabelMap, by_rank, enlarged_labels, merge_rounds
from .segment_names import STACK, Wanted, clear
from .segment_prompts import Request
from .segment_record import stack_record
from .segment_tools import SegmentTools

_BEHIND = 0.2  # least hidden share of what is found behind something that was pointed at


@dataclass(frozen=True)
class SegmentInputs:
    """What belongs to one picture beside it: masks that are brought, or prompts, not both.

    Raises:
        UsageError: both.
    """

    masks: Path | None = None  # a file or folder of its masks
    requests: Sequence[Request] = ()
    name: str = ""  # which random draws depend on
    max_pixels: int = DEFAULT_MAX_PIXELS

    def __post_init__(self) -> None:
        if self.masks is not None and self.requests:
            raise UsageError("masks and prompts exclude each other; give one of them.")


@dataclass(frozen=True, eq=False)
class Parts:
    """A picture taken apart."""

    result: LoopResult[FullCanvas]
    visible: LabelMap = field(repr=False)  # HxW of the original, ranks from 1; first-wins
    labels: LabelMap = field(repr=False)  # the same by the rule that was asked for


def take_apart(
    path: Path,
    tools: SegmentTools,
    config: SegmentConfig | None = None,
    inputs: SegmentInputs | None = None,
    hooks: LoopHooks | None = None,
    *,
    seed: int = 0,
    clean: bool = True,
) -> Parts:
    """Find the objects of a picture, what of them is hidden, and what stands behind them.

    A picture with transparent parts is laid over white. Of masks that are brought or prompts,
    what is found later has to stand behind them.

    Args:
        path: the picture.
        tools: engines.
        config: how.
        inputs: masks, prompts, the name.
        hooks: for progress and interruption.
        seed: of all random draws, with the name.
        clean: erase everything from the background at the end.

    Raises:
        InputError: the picture, a mask or a prompt cannot be used.
        Interrupted: `hooks.should_stop` said so.
    """
    config, inputs = config or SegmentConfig(), inputs or SegmentInputs(name=path.name)
    rgb = load_picture(path, max_pixels=inputs.max_pixels).over()
    filling = Filling(tools.inpainter, config.working, config.feather)
    canvas = FullCanvas.of(rgb, config.working, filling)
    size, working = (rgb.shape[1], rgb.shape[0]), (canvas.rgb.shape[1], canvas.rgb.shape[0])
    first = None
    if inputs.masks is not None:
        first = brought(
            inputs.masks, size, working, picture=path.name, max_pixels=inputs.max_pixels
        )
    elif inputs.requests:
        first = prompted(
            tools.segmenter, canvas.rgb, inputs.requests, size, max_pixels=inputs.max_pixels
        )
    if first is not None:
        config = replace(config, min_hidden=max(config.min_hidden, _BEHIND))
    named = derive_seed(seed, "segment-inpaint", inputs.name)
    result = run_loop_on(canvas, tools.segmenter, config, named, hooks, first=first, clean=clean)
    shape = canvas.rgb.shape[:2]
    visible = _ranked(result, merge_rounds(result.rounds, "first-wins", shape), rgb.shape)
    labels = visible
    if config.merge != "first-wins":
        labels = _ranked(result, merge_rounds(result.rounds, config.merge, shape), rgb.shape)
    return Parts(result, visible, labels)


def segment_into(
    folder: Path,
    path: Path,
    tools: SegmentTools,
    config: SegmentConfig,
    inputs: SegmentInputs,
    hooks: LoopHooks,
    wanted: Wanted,
    *,
    seed: int = 0,
) -> tuple[dict[str, Any], Parts]:
    """Take a picture apart and write its folder; see `take_apart` and `segment_names`.

    Returns:
        The record of `stack.json` with the files, and what it was made from.

    Raises:
        see `take_apart`; and OutputError: a file cannot be written.
    """
    began = time.monotonic()
    parts = take_apart(path, tools, config, inputs, hooks, seed=seed, clean=wanted.clean)
    result, ranked = parts.result, in_order(parts.result)
    clear(folder)
    for place in ("layers", "masks", "iterations"):
        remove_stale_parts(folder / place)
    recomposition: Recomposition | None = None
    files: list[Path] = []
    if wanted.background:
        files.append(folder / "background.png")
        save_rgb(result.clean.full, files[0])
    if wanted.layers or wanted.ora:
        more, recomposition = write_layers(folder, result, wanted)
        files += more
    if wanted.masks:
        files += write_masks(folder, result, parts.visible, parts.labels)
    if wanted.coco:
        files.append(folder / "coco.json")
        write_coco_file(files[-1], path.name, ranked, parts.visible)
    if wanted.iterations:
        files += write_iterations(folder, result)
    record = {
        "segmenter": tools.segmenter.name,
        "inpainter": tools.inpainter.name,
        "seed": seed,
        **stack_record(result, parts.visible, config, wanted, recomposition),
        "seconds": round(time.monotonic() - began, 3),
    }
    write_stack(folder, {"input": str(path), **record})
    files.append(folder / STACK)
    return {**record, "files": [{"file": str(file)} for file in files]}, parts


def _ranked(result: LoopResult[FullCanvas], labels: LabelMap, shape: tuple[int, ...]) -> LabelMap:
    return enlarged_labels(by_rank(labels, result.order), shape)
