"""What `compose segment-inpaint` does with each input, as this process or one of a cluster does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.inputs import Source
    from ..models.amg import AutomaticMasks
    from ..models.cache import UserPaths
    from ..stages.segment_config import SegmentConfig
    from ..stages.segment_loop import LoopHooks
    from ..stages.segment_names import Wanted
    from ..stages.segment_prompts import Request
    from ..stages.segment_report import SegmentEntry

Record = dict[str, Any]


@dataclass(frozen=True)
class SegmentBatch:
    """All that the answer for an input depends on; can be sent to another process."""

    finder: str  # of `segmenters`, or "file" for masks that are brought alone
    filler: str  # of `inpainters`
    threads: int  # of every engine
    device: str
    user: UserPaths
    sam: str | None
    automatic: AutomaticMasks | None
    settings: SegmentConfig
    wanted: Wanted
    masks: Path | None
    given: Sequence[Request]  # of single prompts
    prompts: Path | None
    out: Path
    report: bool  # whether there is a page that wants entries
    alone: bool  # whether the only input is a file
    seed: int
    max_pixels: int

    def open(
        self,
        note: Callable[[str], None] = lambda text: None,
        hooks: Callable[[Source], LoopHooks] | None = None,
    ) -> Callable[[Source], tuple[Record, SegmentEntry | None]]:
        """Load the engines; the function gives an input's record, and its part of the page.

        Args:
            note: is told the engines.
            hooks: for an input, what is told of progress and may stop it.

        Raises:
            UsageError, ModelError: something cannot be loaded as it was asked for.
        """
        from ..data.mask_files import find_masks
        from ..models.inpainters import open_inpainter
        from ..models.segmenters import SegmenterOptions, open_prompt_segmenter, open_segmenter
        from ..stages.segment_first import NoSegmenter
        from ..stages.segment_inpaint import SegmentInputs, segment_into
        from ..stages.segment_loop import LoopHooks
        from ..stages.segment_names import stack_folder
        from ..stages.segment_prompts import read_requests
        from ..stages.segment_tools import SegmentTools

        asked = bool(self.given) or self.prompts is not None
        opener = open_prompt_segmenter if asked else open_segmenter
        how = SegmenterOptions(
            self.threads, self.device, self.user, sam=self.sam, automatic=self.automatic
        )
        tools = SegmentTools.shared(
            NoSegmenter() if self.finder == "file" else opener(self.finder, how),
            open_inpainter(self.filler, threads=self.threads, device=self.device, user=self.user),
        )
        note(f"segmenter {tools.segmenter.name}, inpainter {tools.inpainter.name}")

        def work(source: Source) -> tuple[Record, SegmentEntry | None]:
            masks = (
                find_masks(self.masks, source.relative, alone=self.alone) if self.masks else None
            )
            name = source.relative.name
            record, parts = segment_into(
                stack_folder(self.out, source.relative),
                source.path,
                tools,
                self.settings,
                SegmentInputs(
                    masks,
                    read_requests(self.prompts, name) if self.prompts else self.given,
                    source.relative.as_posix(),
                    self.max_pixels,
                ),
                hooks(source) if hooks else LoopHooks(),
                self.wanted,
                seed=self.seed,
            )
            entry = None
            if self.report:
                from ..stages.segment_report import segment_entry

                entry = segment_entry(parts, record)
            return record, entry

        return work
