"""Photographs with masks of objects that teach outlines, and how far their masks are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.instances import Instance
from ..data.sod import SubjectRecord, read_subjects, read_truth
from ..data.voc import connected_parts
from .occlusion_sources import Annotated, AnnotatedPhoto, open_photos

# how often objects of a set are drawn: COCO's are polygons, whose corners are no outlines
_TRUST = {"voc": 1.0, "coco": 0.4, "sod": 1.5}


@dataclass(frozen=True, eq=False)
class OutlineSource:
    """A photograph of a data set."""

    photo: AnnotatedPhoto
    weight: float


def open_outline_sources(data: Sequence[Path], limit: int | None = None) -> list[OutlineSource]:
    """The train parts of PASCAL VOC, COCO or salient objects; which it is, the folders tell.

    Args:
        data: folders of the sets.
        limit: photographs of each set at most, spread over it.

    Raises:
        DataError: a set is incomplete or damaged, or no set.
    """
    sources = list[OutlineSource]()
    for root in data:
        kind = _kind(root)
        photos = (
            [_subject_photo(r) for r in read_subjects(root, "train")]
            if kind == "sod"
            else open_photos(kind, root, "train")
        )
        if limit is not None and limit < len(photos):
            photos = [photos[k * len(photos) // limit] for k in range(limit)]
        sources += [OutlineSource(photo, _TRUST[kind]) for photo in photos]
    return sources


def _kind(root: Path) -> str:
    if (root / "masks").is_dir():
        return "sod"
    return "coco" if any(root.rglob("instances_train2017.json")) else "voc"


def _subject_photo(record: SubjectRecord) -> AnnotatedPhoto:
    def read(size: tuple[int, int]) -> Annotated:
        truth, counts = read_truth(record, size)
        objects = tuple(Instance(mask, 1.0) for mask in connected_parts(truth))
        return Annotated(objects, ~counts)

    return AnnotatedPhoto(record.name, record.photo, read)
