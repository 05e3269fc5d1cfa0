"""Subjects that a user brings: each mask of a file or folder is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.images import Picture
from ..data.mask_files import find_masks, read_instances
from .crop_per_subject import Subject


@dataclass(frozen=True)
class BroughtSubjects:
    """See `crop_per_subject.SubjectFinder`.

    Masks are read as `compose segment-inpaint --masks` reads them: a black and white picture, a
    label map, a folder of pictures, COCO's JSON.
    """

    masks: Path  # a file, or a folder with one a picture; see `data.mask_files.find_masks`
    alone: bool  # whether no other picture is asked for
    most: int  # subjects of a picture, the first
    relative: Path | None = None  # the picture's place below the input, where masks lie alike
    side: int = 1  # it does not look at the picture
    name: str = "masks"

    def find(self, path: Path, picture: Picture, max_pixels: int) -> Sequence[Subject]:
        """The masks' boxes in the file's order.

        Raises:
            InputError: they cannot be read, or do not fit the picture.
        """
        size = picture.header.width, picture.header.height
        masks = find_masks(self.masks, self.relative or Path(path.name), alone=self.alone)
        found = read_instances(masks, size, picture=path.name, max_pixels=max_pixels)
        return [
            Subject(number, instance.box, instance.score)
            for number, instance in enumerate(found[: self.most], 1)
        ]
