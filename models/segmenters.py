"""Segmenters by engine name. Masks that a user brings come from `data/mask_files.py` instead."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.errors import UsageError
from .cache import UserPaths, parse_user_paths
from .hub import is_here, resolve
from .segmenter import PromptSegmenter, Segmenter

if TYPE_CHECKING:
    from .amg import AutomaticMasks
    from .mobile_sam import MobileSamNetwork
    from .saliency import SaliencyReader
    from .saliency_features import SaliencyTrunks
    from .segmenter_salient import SalientSegmenter

SAM_CHECKPOINTS = ("sam-vit-h", "sam-vit-l", "sam-vit-b")  # best first
DEEPLAB_CHECKPOINT = "deeplabv3-resnet101"
MOBILE_SAM = "mobile-sam"


@dataclass(frozen=True)
class SegmenterOptions:
    """What engines are opened with."""

    threads: int = 1  # of one picture, on the CPU
    device: str = "cpu"  # torch's name
    user: UserPaths | None = None  # checkpoints that the user named; else COMPOSE_MODELS says it
    saliency: str = "auto"  # engine of the map behind `salient`; see `saliency.SALIENCY_NAMES`
    # of `sam`: a checkpoint's name, a published file, transformers' folder or a name of the hub; by
    # default the best of the published files on this machine
    sam: str | None = None
    automatic: AutomaticMasks | None = None  # how `sam` finds objects without prompts


def salient_segmenter(
    reader: SaliencyReader, trunks: SaliencyTrunks, threads: int
) -> SalientSegmenter:
    """Engine `salient` with the networks that ship, on a map and trunks that others share.

    Raises:
        ModelError: weights are missing or damaged.
    """
    from .grouping import ObjectGrouping
    from .outlines import OutlineNetwork
    from .segmenter_salient import SalientSegmenter

    grouping = ObjectGrouping(trunks, threads)
    return SalientSegmenter(reader, grouping=grouping, outlines=OutlineNetwork(threads))


def _salient(options: SegmenterOptions) -> PromptSegmenter:
    from .crop_builtin import weights_folder
    from .saliency import open_saliency
    from .saliency_features import SaliencyTrunks

    trunks = SaliencyTrunks(options.threads, weights_folder())  # run once a picture for both
    reader = open_saliency(options.saliency, threads=options.threads, trunks=trunks)
    return salient_segmenter(reader, trunks, options.threads)


def _objects(options: SegmenterOptions) -> PromptSegmenter:
    from .mobile_sam import MobileSamNetwork

    network = MobileSamNetwork(resolve(MOBILE_SAM, options.user), options.threads)
    return objects_segmenter(network, options)


def objects_segmenter(
    network: MobileSamNetwork, options: SegmenterOptions, trunks: SaliencyTrunks | None = None
) -> PromptSegmenter:
    """Engine `objects` on networks that are open already, the trunks where they are."""
    from .crop_builtin import weights_folder
    from .object_choice import ObjectNetwork
    from .saliency import open_saliency
    from .saliency_features import SaliencyTrunks
    from .segmenter_objects import ObjectSegmenter

    # run once a picture for all
    trunks = trunks or SaliencyTrunks(options.threads, weights_folder())
    reader = open_saliency(options.saliency, threads=options.threads, trunks=trunks)
    salient = salient_segmenter(reader, trunks, options.threads)
    return ObjectSegmenter(reader, salient, network, ObjectNetwork(trunks, options.threads))


def _deeplab(options: SegmenterOptions) -> Segmenter:
    from ..core.devices import require_torch

    require_torch("segmenter deeplab")
    from .segmenter_deeplab import open_deeplab

    return open_deeplab(options.device, options.user)


def _sam(options: SegmenterOptions) -> PromptSegmenter:
    from .mobile_sam import MobileSamNetwork
    from .mobile_sam_file import mobile_sam_file
    from .mobile_sam_predictor import MobileSamPredictor
    from .segmenter_sam import SamSegmenter

    small = mobile_sam_file(options.sam, options.user)
    if small is not None:
        network = MobileSamNetwork(small, options.threads)
        return SamSegmenter(MobileSamPredictor(network), options.automatic)
    from ..core.devices import require_torch

    require_torch("segmenter sam", "sam")
    from .sam_load import load_sam
    from .sam_predictor import SamPredictor

    predictor = SamPredictor(load_sam(options.sam, options.user), options.device)
    return SamSegmenter(predictor, options.automatic)


_OPENERS: dict[str, Callable[[SegmenterOptions], Segmenter]] = {
    "salient": _salient,
    "objects": _objects,
    "deeplab": _deeplab,
    "sam": _sam,
}
_PROMPTED: dict[str, Callable[[SegmenterOptions], PromptSegmenter]] = {
    "salient": _salient,
    "objects": _objects,
    "sam": _sam,
}
SEGMENTER_NAMES = ("auto", *_OPENERS)


def segmenter_name(name: str, user: UserPaths | None = None) -> str:
    """The engine that a name stands for.

    `auto` is `objects` where MobileSAM is on this machine, else `salient`, which is always there.

    Raises:
        UsageError: no such engine.
    """
    if name not in SEGMENTER_NAMES:
        raise UsageError(f"'{name}' is no segmenter; use {', '.join(SEGMENTER_NAMES)}.")
    if name != "auto":
        return name
    return "objects" if "objects" in segmenters_here(user) else "salient"


def prompt_segmenter_name(name: str, user: UserPaths | None = None, sam: str | None = None) -> str:
    """The engine that answers prompts under a name.

    `auto` is `sam` where Meta's weights are, else as of `segmenter_name`.

    Args:
        name: as of `segmenter_name`.
        user: see `SegmenterOptions`.
        sam: see `SegmenterOptions`; where it is given, `auto` is `sam`.

    Raises:
        UsageError: no such engine, or one that takes no prompts.
    """
    if name == "auto":
        return "sam" if sam or "sam" in segmenters_here(user) else segmenter_name(name, user)
    if segmenter_name(name) not in _PROMPTED:
        raise UsageError(
            f"segmenter {name} takes no points, boxes or masks; use {' or '.join(_PROMPTED)}."
        )
    return name


def segmenters_here(user: UserPaths | None = None) -> list[str]:
    """The engines whose packages and weights are on this machine."""
    paths = parse_user_paths() if user is None else user
    found = ["salient"]
    if is_here(MOBILE_SAM, paths):
        found.append("objects")
    if importlib.util.find_spec("torch") is None:
        return found
    if is_here(DEEPLAB_CHECKPOINT, paths):
        found.append("deeplab")
    has_sam = any(is_here(name, paths) for name in SAM_CHECKPOINTS)
    if has_sam and importlib.util.find_spec("transformers") is not None:
        found.append("sam")
    return found


def open_segmenter(name: str = "auto", options: SegmenterOptions | None = None) -> Segmenter:
    """Load an engine, once a process; its `name` says which one it is.

    Raises:
        UsageError: no such engine, or it needs a package that is not installed.
        ModelError: its weights are not on this machine or are damaged.
    """
    options = options or SegmenterOptions()
    return _OPENERS[segmenter_name(name, options.user)](options)


def open_prompt_segmenter(
    name: str = "auto", options: SegmenterOptions | None = None
) -> PromptSegmenter:
    """Load an engine that answers prompts; see `prompt_segmenter_name`.

    Raises:
        UsageError, ModelError: as `open_segmenter`; or the engine takes no prompts.
    """
    options = options or SegmenterOptions()
    return _PROMPTED[prompt_segmenter_name(name, options.user, options.sam)](options)
