"""Which network finds a sketch's lines, by what `SketchConfig.edges` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..models.cache import UserPaths, find, parse_user_paths
from ..models.hub import resolve
from ..models.registry import checkpoint
from ..models.segmenters import MOBILE_SAM
from .sketch_config import Edges

if TYPE_CHECKING:
    from ..models.contours import ContourReader


def edges_named(name: Edges | Literal["auto"], user: UserPaths | None = None) -> Edges:
    """The lines that a name stands for; `auto` is segments where MobileSAM is on this machine.

    Raises:
        ModelError: the user named a file that is not there.
    """
    if name != "auto":
        return name
    paths = parse_user_paths() if user is None else user
    return "segments" if find(checkpoint(MOBILE_SAM), paths) else "contours"


def open_lines(
    edges: Edges, user: UserPaths | None = None, threads: int = 1
) -> ContourReader | None:
    """The network that finds these lines; None where they are Canny's.

    Args:
        edges: which lines.
        user: see `hub.resolve`.
        threads: of one call of MobileSAM.

    Raises:
        ModelError: its weights are not on this machine, or are damaged.
    """
    if edges == "canny":
        return None
    from ..models.contours import open_contours

    contours = open_contours()
    if edges == "contours":
        return contours
    from ..models.mobile_sam import MobileSamNetwork
    from ..models.segment_contours import SegmentContours

    return SegmentContours(contours, MobileSamNetwork(resolve(MOBILE_SAM, user), threads))
