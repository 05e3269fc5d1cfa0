"""Opening what a set of expanded pictures is made with, from what the command line says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.devices import require_torch
from ..core.errors import UsageError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.inputs import Source
from ..core.names import printable
from ..data.cad_crops import read_known_crops
from ..data.prompts import read_prompts
from ..models.expansion_score import ExpansionScorer, inside_cells
from ..models.outpainters import OutpainterOptions, open_outpainter, outpainter_name
from ..models.picture_look import PictureReader
from .cad_labels import LabelConfig
from .cad_photo import Photo
from .cad_picture import Expanded, expand
from .cad_place import PlaceConfig
from .cad_real import by_name, sub_picture
from .cad_set import CadConfig, CadSet, Score
from .cad_state import settings_of

REAL = "real"


@dataclass(frozen=True)
class CadRequest:
    """What is asked for."""

    engine: str = "auto"  # see `outpainters`, or REAL
    place: PlaceConfig = field(default_factory=PlaceConfig)
    config: CadConfig = field(default_factory=CadConfig)
    seed: int = 0
    options: OutpainterOptions = field(default_factory=OutpainterOptions)
    prompts: Path | None = None  # a file of `data.prompts`
    captioner: str | None = None  # a folder or name of the hub
    crops: Path | None = None  # a file of `data.cad_crops`, for REAL
    weights: Path | None = None  # a folder of `compose train crop`
    max_pixels: int = DEFAULT_MAX_PIXELS

    def engine_name(self) -> str:
        """The engine without "auto".

        Raises:
            UsageError: no such engine, or options that it does not take.
        """
        name = REAL if self.engine == REAL else outpainter_name(self.engine)
        if self.crops is not None and name != REAL:
            raise UsageError("known crops are labels of engine real; add --engine real.")
        if self.prompts is not None and self.captioner is not None:
            raise UsageError("prompts are given or written by a captioner; give one of them.")
        return name

    def settings(self) -> dict[str, Any]:
        """What the set depends on; files by what is in them."""
        return settings_of(
            self.config,
            engine=self.engine_name(),
            outpainter=self.options.settings(),
            place=asdict(self.place),
            seed=self.seed,
            prompts=_digest(self.prompts),
            captioner=self.captioner,
            crops=_digest(self.crops),
            weights=_weights(self.weights),
        )


def open_set(root: Path, request: CadRequest) -> CadSet:
    """Load what a set is made with, once a process.

    Networks take one thread for a picture, so that sums do not depend on how many cores there are;
    what uses more of them is working on several photographs.

    Raises:
        UsageError: see `CadRequest.engine_name`; or an engine lacks a package.
        ModelError: weights are missing or damaged.
        DataError: a file of prompts or crops is damaged.
    """
    name = request.engine_name()
    reader = PictureReader(1, request.weights)
    judged = request.config.filter is not None and name != REAL
    return CadSet(
        root,
        request.config,
        _maker(name, request),
        reader,
        _score() if judged else None,
        _prompter(request),
        request.max_pixels,
    )


def open_writer(root: Path, request: CadRequest) -> Callable[[Source], dict[str, Any]]:
    """`CadSet.write` of an opened set; a way for other processes to get it."""
    return open_set(root, request).write


def _maker(name: str, request: CadRequest) -> Callable[[Photo, str, int, str], Expanded]:
    if name == REAL:
        crops = by_name(read_known_crops(request.crops) if request.crops else {})

        def cut(photo: Photo, identity: str, number: int, prompt: str) -> Expanded:
            return sub_picture(photo, crops, request.place, request.seed, identity, number)

        return cut
    engine = open_outpainter(name, request.options)

    def grown(photo: Photo, identity: str, number: int, prompt: str) -> Expanded:
        return expand(photo, engine, request.place, request.seed, identity, number, prompt)

    return grown


def _score() -> Score:
    scorer = ExpansionScorer(1)

    def bad(maps: Mapping[str, NDArray[np.float32]], made: Expanded) -> float:
        height, width = made.rgb.shape[:2]
        return scorer.bad(maps, inside_cells(made.region, width, height))

    return bad


def _prompter(request: CadRequest) -> Callable[[str, Photo], str]:
    if request.captioner is not None:
        require_torch("a captioner", "diffusers")
        from ..models.captioner import open_captioner

        options = request.options
        captioner = open_captioner(request.captioner, options.device, offline=options.offline)
        return lambda name, photo: captioner.caption(photo.rgb)
    if request.prompts is None:
        return lambda name, photo: ""
    prompts = read_prompts(request.prompts)
    return lambda name, photo: prompts.get(name, prompts.get(Path(name).name, ""))


def _digest(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise UsageError(f"cannot read {path.name} ({error.strerror}); check its path.") from None


def version_settings(engine: str, weights: Path | None, how: LabelConfig) -> dict[str, Any]:
    """What a further version of labels depends on."""
    return {"engine": engine, "weights": _weights(weights), "labels": asdict(how)}


def _weights(folder: Path | None) -> dict[str, str] | None:
    """The networks of a folder by what is in them."""
    if folder is None:
        return None
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".onnx")
    except OSError as error:
        raise UsageError(
            f"cannot read {printable(folder)} ({error.strerror}); give a folder of `compose train`."
        ) from None
    return {path.name: str(_digest(path)) for path in files}
