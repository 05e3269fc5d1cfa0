"""What finds a sketch's lines, by what `SketchConfig.edges` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..models.cache import UserPaths
from ..models.hub import resolve
from ..models.segmenters import MOBILE_SAM, SegmenterOptions, has_mobile_sam, objects_segmenter
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


def edges_named(name: Edges | Literal["auto"], user: UserPaths | None = None) -> Edges:
    """The lines that a name stands for; `auto` is segments where MobileSAM is on this machine.

    Raises:
        ModelError: the user named a file that is not there.
    """
    if name != "auto":
        return name
    return "segments" if has_mobile_sam(user) else "contours"


def open_lines(edges: Edges, user: UserPaths | None = None, threads: int = 1) -> LineFinders:
    """What finds these lines.

    Args:
        edges: which lines.
        user: see `hub.resolve`.
        threads: of one call of MobileSAM.

    Raises:
        ModelError: its weights are not on this machine, or are damaged.
    """
    if edges == "canny":
        return LineFinders()
    from ..models.contours import open_contours

    contours = open_contours()
    if edges == "contours":
        return LineFinders(contours)
    from ..models.mobile_sam import MobileSamNetwork
    from ..models.segment_contours import SegmentContours
    from ..models.segment_parts import SegmentParts

    network = MobileSamNetwork(resolve(MOBILE_SAM, user), threads)
    objects = objects_segmenter(network, SegmenterOptions(threads=threads))
    return LineFinders(
        SegmentContours(contours, network), SharedSegmenter(objects), SegmentParts(network)
    )
