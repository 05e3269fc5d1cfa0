"""`compose crop` for one picture: read, search, and write what is asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.boxes import Box
from ..core.errors import InputError
from ..core.images import DEFAULT_MAX_PIXELS, Picture, load_picture, load_reduced
from ..core.masks import load_mask, mask_box
from ..models.crop_belief import CropBelief
from ..models.crop_engine import CropEngine
from .crop_cutout import cutout_box
from .crop_names import crop_name, named_shapes
from .crop_per_subject import Subject, SubjectFinder, about_best, search_subjects
from .crop_request import CropRequest
from .crop_search import Choose, Crop, search

if TYPE_CHECKING:
    from .crop_guidance import Explained, Guidance


@dataclass(frozen=True)
class CropOutputs:
    """What to write of a picture; nothing by default."""

    target: Path | None = None  # crops go beside it, `a.jpg` gives `a_1.jpg`, …; it is not written
    overlay: Path | None = None  # the picture with its crops drawn, in the suffix's format
    quality: int | None = None  # 1…100 of lossy crops; None: the original's own
    keep_metadata: bool = False  # keep EXIF in crops


@dataclass(frozen=True, eq=False)
class CropResult:
    """The crops of a picture and what was written."""

    width: int  # of the upright original in pixels
    height: int
    engine: str
    crops: tuple[Crop, ...]
    files: tuple[Path, ...]  # one a crop, or none at all
    overlay: Path | None
    seconds: float
    picture: Picture  # reduced, as it was analysed
    explained: Explained | None = None  # where there was guidance
    subjects: tuple[Subject, ...] | None = None  # where crops are asked for of each
    finder: str | None = None  # of subjects

    def record(self) -> dict[str, Any]:
        """The result as `--json` prints it.

        Boxes are in pixels of the upright original, right and bottom exclusive; `score` has
        four digits; `aspect` is as asked, else a common ratio that the box has to within a
        pixel, else a decimal such as "1.42:1". `seconds` is all that differs between runs.
        """
        crops: list[dict[str, Any]] = [
            {
                "rank": crop.rank,
                "box": list(crop.box),
                "score": round(crop.score, 4),
                "aspect": crop.aspect,
            }
            for crop in self.crops
        ]
        if self.explained is not None:
            for index, crop in enumerate(crops):
                crop |= self.explained.of_crop(index)
        for found, crop in zip(self.crops, crops, strict=True):
            if found.subject is not None:
                crop["subject"] = found.subject
        for crop, file in zip(crops, self.files, strict=False):
            crop["file"] = file
        record: dict[str, Any] = {
            "width": self.width,
            "height": self.height,
            "engine": self.engine,
            "crops": crops,
        }
        if self.subjects is not None:
            record["finder"] = self.finder
            record["subjects"] = [subject.record() for subject in self.subjects]
        if self.explained is not None:
            record |= self.explained.of_picture()
        if self.overlay is not None:
            record["overlay"] = {"file": self.overlay}
        record["seconds"] = round(self.seconds, 3)
        return record


def crop_one(
    path: str | Path,
    engine: CropEngine,
    request: CropRequest | None = None,
    *,
    subject: Path | None = None,
    finder: SubjectFinder | None = None,
    outputs: CropOutputs | None = None,
    guidance: Guidance | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> CropResult:
    """Find the best crops of one picture and write what `outputs` names.

    All is read, searched and encoded before the first file is written; the file of the first
    crop is written last of the crops, so that where it stands the others stand too.

        engine = open_engine("auto")
        request = CropRequest(topk=3, aspects=(parse_aspect("16:9"),))
        result = crop_one("beach.jpg", engine, request, outputs=CropOutputs(Path("out/beach.jpg")))
        print(result.crops[0].box, result.files)

    Args:
        path: the picture.
        engine: from `open_engine`.
        request: five crops of any aspect by default. Where nothing has to be kept, crops of a
            cut-out (a picture with transparent parts) keep what is opaque, if they can.
        subject: a mask of the picture's upright size; no crop cuts what is white in it.
        finder: says what the picture's subjects are; each gets its own crops.
        outputs: what to write.
        guidance: references or a layout that crops are to be like; without it, only the engine
            says what is good.
        max_pixels: refuse larger pictures.

    Raises:
        ImageError: the picture cannot be read.
        MaskError: the mask does not fit the picture, or is empty.
        InputError: no crop of this picture satisfies the request.
        OutputError: a file cannot be written.
    """
    began = time.perf_counter()
    path, request, outputs = Path(path), request or CropRequest(), outputs or CropOutputs()
    side = max(engine.side, finder.side if finder else 0)
    picture = load_reduced(path, side, max_pixels=max_pixels)
    width, height = picture.header.width, picture.header.height
    if subject is not None:
        mask = load_mask(subject, size=(width, height), max_pixels=max_pixels)
        request = dataclasses.replace(request, keep=_hull(request.keep, mask_box(mask)))
    explained = None
    choose = None
    if guidance is None:
        belief = engine.read(picture.over())
    else:
        guided = guidance.read(engine, picture.over(), path)
        belief, choose = guided.belief, guided.choice
    subjects: tuple[Subject, ...] | None = None
    if finder is None:
        crops = _search(belief, picture, request, choose)
    else:
        subjects = tuple(finder.find(path, picture, max_pixels))
        crops = search_subjects(belief, width, height, request, subjects, choose=choose)
        if not subjects:  # nothing stands out: the picture is about all of its best crop
            subjects, crops = about_best(_search(belief, picture, request, choose))
    if guidance is not None:
        explained = guided.explain(crops, width, height)
    files = _write(path, crops, subjects, request, outputs, max_pixels, explained)
    return CropResult(
        width,
        height,
        engine.name,
        tuple(crops),
        files,
        outputs.overlay,
        time.perf_counter() - began,
        picture,
        explained,
        subjects,
        finder.name if finder else None,
    )


def _search(
    belief: CropBelief, picture: Picture, request: CropRequest, choose: Choose | None = None
) -> list[Crop]:
    """The best crops; none cuts a cut-out's subject where the request can be had without."""
    width, height = picture.header.width, picture.header.height
    box = cutout_box(picture.alpha, width, height) if request.keep is None else None
    if box is not None:
        with contextlib.suppress(InputError):
            return search(belief, width, height, dataclasses.replace(request, keep=box), choose)
    return search(belief, width, height, request, choose)


def _write(
    path: Path,
    crops: list[Crop],
    subjects: tuple[Subject, ...] | None,
    request: CropRequest,
    outputs: CropOutputs,
    max_pixels: int,
    explained: Explained | None,
) -> tuple[Path, ...]:
    if outputs.target is None and outputs.overlay is None:
        return ()
    # what only writing needs; a run that prints starts sooner without
    from ..core.encoding import Crop as CropFile
    from ..core.encoding import crop_files, save_rgb
    from .crop_overlay import draw_crops
    from .crop_subject_overlay import draw_subjects

    drawn = None
    if outputs.overlay is not None:  # before anything is written, for this can still fail
        full = load_picture(path, max_pixels=max_pixels).over()
        drawn = draw_subjects(full, crops, subjects) if subjects else draw_crops(full, crops)
        if explained is not None:
            explained.draw(drawn, crops)
    files = _crop_paths(crops, request, outputs.target) if outputs.target else ()
    if files:
        writes = [CropFile(c.box, file, request.size) for c, file in zip(crops, files, strict=True)]
        crop_files(
            path,
            reversed(writes),
            max_pixels=max_pixels,
            quality=outputs.quality,
            keep_metadata=outputs.keep_metadata,
        )
    if outputs.overlay is not None and drawn is not None:
        save_rgb(drawn, outputs.overlay)
    return files


def _crop_paths(crops: list[Crop], request: CropRequest, target: Path) -> tuple[Path, ...]:
    shapes = {shape.label: shape for shape in named_shapes(request) if shape}
    return tuple(
        crop_name(target, shapes.get(crop.shape or ""), crop.rank, crop.subject) for crop in crops
    )


def _hull(a: Box | None, b: Box) -> Box:
    """The least box around both."""
    if a is None:
        return b
    return Box(min(a.x1, b.x1), min(a.y1, b.y1), max(a.x2, b.x2), max(a.y2, b.y2))
