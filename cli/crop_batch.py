"""What `compose crop` does with each input, as this process or one of a cluster does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import crop_guidance

if TYPE_CHECKING:
    from ..core.inputs import Source
    from ..stages.crop_engines import CropEngineOptions
    from ..stages.crop_report import CropEntry
    from ..stages.crop_request import CropRequest

Record = dict[str, Any]


@dataclass(frozen=True)
class CropBatch:
    """All that the answer for an input depends on; can be sent to another process."""

    engine: str  # never auto
    extra: CropEngineOptions
    weights: Path | None
    request: CropRequest
    subject: Path | None
    per_subject: bool
    finder: str  # of subjects
    refs: str | None
    like: tuple[Path, ...]
    prefer: tuple[str, ...]
    guidance: float
    explain: bool
    out: Path | None
    overlay: Path | None
    quality: int | None
    keep_metadata: bool
    hints: bool  # whether records have Google Vision's, too
    report: bool  # whether there is a page that wants entries
    jobs: int  # that share the cores
    alone: bool  # whether the only input is a file
    max_pixels: int

    def overlays(self, source: Source) -> list[Path]:
        """The overlay of an input, where it gets one."""
        from ..stages.crop_names import overlay_name

        return [overlay_name(self.overlay / source.relative)] if self.overlay else []

    def open(
        self, note: Callable[[str], None] = lambda text: None
    ) -> Callable[[Source], tuple[Record, CropEntry | None]]:
        """Load the engine and what guides it; the function gives an input's record, and its part
        of the page.

        Raises:
            UsageError, ModelError, DataError: something cannot be loaded as it was asked for.
        """
        from ..core.devices import available_cores
        from ..stages.crop import CropOutputs, crop_one
        from ..stages.crop_engines import open_engine
        from ..stages.crop_finders import open_finder, placed
        from ..stages.crop_hints import crop_hints
        from ..stages.crop_subject import mask_for

        opened = open_engine(self.engine, jobs=self.jobs, weights=self.weights, options=self.extra)
        guide = crop_guidance.open_guidance(
            self.refs,
            self.like,
            self.prefer,
            self.guidance,
            explain=self.explain,
            threads=max(available_cores() // self.jobs, 1),
            max_pixels=self.max_pixels,
            note=note,
        )
        finder = None
        if self.per_subject:
            finder = open_finder(
                self.subject,
                name=self.finder,
                user=self.extra.user,
                jobs=self.jobs,
                alone=self.alone,
            )
        masked = self.subject if not self.per_subject else None

        def work(source: Source) -> tuple[Record, CropEntry | None]:
            result = crop_one(
                source.path,
                opened,
                self.request,
                subject=mask_for(masked, source) if masked else None,
                finder=placed(finder, source.relative) if finder else None,
                outputs=CropOutputs(
                    self.out / source.relative if self.out else None,
                    next(iter(self.overlays(source)), None),
                    self.quality,
                    self.keep_metadata,
                ),
                guidance=guide,
                max_pixels=self.max_pixels,
            )
            entry = None
            if self.report:
                from ..stages.crop_report import crop_entry

                entry = crop_entry(result)
            return result.record() | (crop_hints(result.crops) if self.hints else {}), entry

        return work
