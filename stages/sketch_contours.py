"""What finds a sketch's lines, by what `SketchConfig.edges` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..core.errors import UsageError
from ..models.cache import UserPaths
from ..models.hub import is_here, resolve
from ..models.line_segments import LINE_SEGMENTS, LineSegments, open_line_segments
from ..models.segmenters import MOBILE_SAM, SegmenterOptions, objects_segmenter
from .segment_tools import SharedSegmenter
from .sketch_config import Edges

if TYPE_CHECKING:
    from ..models.contours import ContourReader
    from ..models.segment_parts import SegmentParts
    from ..models.segmenter import Segmenter


@dataclass(frozen=True)
class LineFinders:
    """Opened once a process, for several threads; what is None is done without."""

    contours: ContourReader | None = None  # without it Canny's edges count
    objects: Segmenter | None = None  # whose outlines count
    parts: SegmentParts | None = None  # small ones, that are drawn first
    straights: LineSegments | None = None  # that finds straight lines


def edges_named(name: Edges | Literal["auto"], user: UserPaths | None = None) -> Edges:
    """The lines that a name stands for; `auto` is segments where MobileSAM is on this machine.

    Raises:
        ModelError: the user named a file that is not there.
    """
    if name != "auto":
        return name
    return "segments" if is_here(MOBILE_SAM, user) else "contours"


def straight_named(wanted: bool | None, edges: Edges, user: UserPaths | None = None) -> bool:
    """Whether straight lines are looked for; None is wherever M-LSD is on this machine.

    Raises:
        UsageError: they are wanted beside Canny's edges.
        ModelError: the user named a file that is not there.
    """
    if edges == "canny":
        if wanted:
            raise UsageError("--straight counts beside contours; leave out --edges canny.")
        return False
    return is_here(LINE_SEGMENTS, user) if wanted is None else wanted


def open_lines(
    edges: Edges, user: UserPaths | None = None, threads: int = 1, *, straight: bool = False
) -> LineFinders:
    """What finds these lines.

    Args:
        edges: which lines.
        user: see `hub.resolve`.
        threads: of one call of MobileSAM or M-LSD.
        straight: whether straight lines are looked for; not beside Canny's edges.

    Raises:
        ModelError: weights are not on this machine, or are damaged.
    """
    if edges == "canny":
        return LineFinders()
    from ..models.contours import open_contours

    contours = open_contours()
    straights = open_line_segments(threads, user) if straight else None
    if edges == "contours":
        return LineFinders(contours, straights=straights)
    from ..models.mobile_sam import MobileSamNetwork
    from ..models.segment_contours import SegmentContours
    from ..models.segment_parts import SegmentParts

    network = MobileSamNetwork(resolve(MOBILE_SAM, user), threads)
    objects = objects_segmenter(network, SegmenterOptions(threads=threads))
    return LineFinders(
        SegmentContours(contours, network),
        SharedSegmenter(objects),
        SegmentParts(network),
        straights,
    )
