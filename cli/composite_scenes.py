"""Which composites `compose composite` is asked for: one by flags, sample folders, or layouts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.boxes import parse_box
from ..core.errors import DataError, InputError, UsageError
from ..core.formats import format_of_suffix
from ..core.inputs import Source
from ..core.names import printable
from ..data.pics_sample import read_sample, sample_folders
from ..data.scene_layout import ObjectSpec, SceneSpec, parse_order, read_layouts

_NO_MASK = "-"


@dataclass(frozen=True)
class SceneSource(Source):
    """One composite to make; its outputs go to `target`."""

    scene: SceneSpec | None = None
    target: Path = Path()
    key: str = ""  # for random draws: by what it is, not by where it goes


def single_scene(
    background: str,
    objects: Sequence[Path],
    at: Sequence[str],
    masks: Sequence[str],
    order: str,
    out: Path,
) -> list[Source]:
    """The composite that flags describe.

    Raises:
        UsageError: the flags do not go together.
    """
    if not objects:
        raise UsageError("there is no object; give --object FILE --at X1,Y1,X2,Y2.")
    if len(at) != len(objects):
        raise UsageError(
            f"there are {len(objects)} --object but {len(at)} --at; give one place an object."
        )
    if masks and len(masks) != len(objects):
        raise UsageError(
            f"there are {len(objects)} --object but {len(masks)} --object-mask; give one an "
            "object, - for none."
        )
    chosen = [None if mask == _NO_MASK else Path(mask) for mask in masks or [_NO_MASK] * len(at)]
    specs = tuple(
        ObjectSpec(image, parse_box(place) if _is_box(place) else Path(place), mask)
        for image, place, mask in zip(objects, at, chosen, strict=True)
    )
    scene = SceneSpec(Path(background), specs, given_order(order, len(specs)))
    if format_of_suffix(out) is None:
        folder_like = os.path.isdir(out) or not out.suffix
        if not folder_like:
            raise UsageError(f"{printable(out)} has no suffix of a picture; end it in .png.")
        out = out / f"{Path(background).stem}.png"
    return [SceneSource(Path(background), Path(out.name), None, scene, out, Path(background).name)]


def sample_scenes(folder: Path, order: str, out: Path) -> list[Source]:
    """The composites of PICS's sample folders, named as PICS does: composed/composed_ID.png.

    Raises:
        UsageError: there is no sample.
    """
    found: list[Source] = []
    for sample in sample_folders(folder):
        name = sample.name or sample.resolve().name
        relative = Path("composed") / f"composed_{name}.png"
        scene, problem = None, None
        try:
            scene = read_sample(sample)
            if order != "auto":
                numbers = given_order(order, len(scene.objects))
                scene = SceneSpec(scene.background, scene.objects, numbers)
        except DataError as error:
            problem = str(error)
        found.append(SceneSource(sample, relative, problem, scene, out / relative, name))
    return found


def layout_scenes(layout: str, out: Path) -> list[Source]:
    """The composites of a layout file, or of standard input for `-`.

    Raises:
        UsageError: it cannot be read.
    """
    name, folder = printable(layout), Path(layout).parent
    try:
        if layout == "-":
            name, folder = "standard input", Path()
            data = sys.stdin.buffer.read()
        else:
            data = Path(layout).read_bytes()
        text = data.decode("utf-8")
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UsageError(f"cannot read the layout {name} ({reason}); check --layout.") from None
    except ValueError:
        raise UsageError(f"the layout {name} is not UTF-8; save it as such.") from None
    found: list[Source] = []
    for entry in read_layouts(text, name, folder):
        if entry.scene is None:
            place = Path(f"composite {entry.number}")
            found.append(SceneSource(Path(layout), place, entry.problem, None, out / place))
            continue
        scene = entry.scene
        relative = Path(scene.out or f"{scene.background.stem}_{entry.number}.png")
        problem = None
        if format_of_suffix(relative) is None:
            problem = f"{printable(relative)} has no suffix of a picture; end out in .png."
        key = relative.as_posix()
        found.append(SceneSource(scene.background, relative, problem, scene, out / relative, key))
    return found


def given_order(order: str, count: int) -> tuple[int, ...] | None:
    """What `--order` says.

    Raises:
        UsageError: it does not name every object once.
    """
    if order == "auto":
        return None
    try:
        numbers = [int(part) for part in order.split(",")]
        return parse_order(numbers, count, "--order")
    except (ValueError, InputError):
        every = ",".join(map(str, range(count)))
        raise UsageError(
            f"--order {printable(order)} does not name each of {every} once; do so, from front to "
            "back, or say auto."
        ) from None


def sample_names(target: Path, samples: int) -> list[Path]:
    """Where samples go: the file itself, or NAME_1, NAME_2, … if there are several."""
    if samples == 1:
        return [target]
    return [target.with_name(f"{target.stem}_{k}{target.suffix}") for k in range(1, samples + 1)]


def scene_files(sources: Sequence[Source]) -> list[Path]:
    """Every file that goes into the composites."""
    found = list[Path]()
    for source in sources:
        if isinstance(source, SceneSource) and source.scene is not None:
            found.append(source.scene.background)
            for each in source.scene.objects:
                paths = (each.image, each.mask, each.at)
                found += [path for path in paths if isinstance(path, Path)]
    return found


def _is_box(text: str) -> bool:
    """Whether a place is a box rather than the path of a mask."""
    return text.count(",") == 3 and not os.path.isfile(text)
