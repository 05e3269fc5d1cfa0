"""Engine `builtin`: the crop network that ships with the tool, run by onnxruntime without torch."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ModelError
from ..core.names import printable
from .crop_belief import CropBelief
from .crop_grid import grid_boxes, grid_logits
from .crop_input import log_aspect, squash
from .onnx_session import PROVIDERS, session_options
from .own_weights import own_file

LITE, VIT = "crop_trunk_lite.onnx", "crop_trunk_vit.onnx"
HEADS, REGIONS, RANK = "crop_builtin.onnx", "crop_regions.onnx", "crop_rank.onnx"


def weights_folder() -> Path:
    """Where the weights that ship with the tool lie."""
    return Path(str(resources.files("compose.models"))) / "weights"


def network_file(name: str, folder: Path | None = None) -> Path:
    """A network's file: in `folder`, else the user's own in place of what ships, else that.

    Raises:
        UsageError: see `own_weights.own_file`.
    """
    if folder is not None:
        return folder / name
    return own_file(name) or weights_folder() / name


class OnnxNetwork:
    """One ONNX file, safe to call from several threads.

    Args:
        path: of the file.
        threads: of one call.

    Raises:
        ModelError: the file is missing or damaged.
    """

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        if not path.is_file():
            raise ModelError(
                f"{path.name} is missing from {printable(path.parent)}; install the tool again, or "
                "name the folder of other weights."
            )
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), session_options(threads), providers=PROVIDERS
            )
        except Exception as error:  # the runtime's own exceptions share no base of their own
            if path.parent == weights_folder():
                text = f"{path.name} is damaged; install the tool again."
            else:  # the user named it, or the folder
                text = (
                    f"{printable(path)} is damaged or no such network; correct the path, or give "
                    "the file anew."
                )
            raise ModelError(text) from error

    def run(self, **inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Outputs in the file's order."""
        outputs: list[NDArray[np.float32]] = self._session.run(None, inputs)
        return outputs

    def note(self, key: str) -> Any:
        """What the file's metadata hold under `key`, decoded from JSON.

        Raises:
            ModelError: there is no such entry.
        """
        entries = self._session.get_modelmeta().custom_metadata_map
        if key not in entries:
            raise ModelError(f"the network has no '{key}'; train it again with this version.")
        return json.loads(entries[key])


class BuiltinCropper:
    """See `crop_engine.CropEngine`.

    Args:
        threads: of one picture.
        folder: holds the five files; the weights that ship by default.
    """

    name = "builtin"

    def __init__(self, threads: int = 1, folder: Path | None = None) -> None:
        self.shipped = folder is None  # whether the networks are those that ship
        folder = folder or weights_folder()
        self._heads = OnnxNetwork(folder / HEADS, threads)
        config = self._heads.note("config")
        try:
            self.side: int = config["side"]
            self._small: int = config["vit_side"]
            self._grid: int = config["grid"]
            self._looked_at: int = config["looked_at"]
            self._share: float = config["region_share"]
        except KeyError as error:
            raise ModelError(
                f"the networks in {printable(folder)} have no {error}; train them again with "
                "this version."
            ) from None
        self._regions = OnnxNetwork(folder / REGIONS, threads)
        self._rank = OnnxNetwork(folder / RANK, threads)
        self._lite = OnnxNetwork(folder / LITE, threads)
        self._vit = OnnxNetwork(folder / VIT, threads)

    def maps(self, rgb: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Feature maps (1,C,n,n) of a picture HxWx3 by their names in `crop_net`."""
        fine, coarse = self._lite.run(large=squash(rgb, self.side)[None])
        (tokens,) = self._vit.run(small=squash(rgb, self._small)[None])
        return {"fine": fine, "coarse": coarse, "tokens": tokens}

    def logits(
        self, maps: dict[str, NDArray[np.float32]], aspect: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The likeliest crops (K,4) in shares and their logits (K,); see `crop_net`.

        Args:
            maps: from `maps`.
            aspect: logarithm of the picture's width over its height.
        """
        (tables,) = self._heads.run(**maps, log_aspect=np.array([aspect], np.float32))
        energies = grid_logits(tables[0], self._grid)
        first = np.argsort(-energies, kind="stable")[: self._looked_at]
        boxes = grid_boxes(self._grid)[first]
        (regions,) = self._regions.run(**maps, boxes=boxes)
        (rank,) = self._rank.run(fine=maps["fine"], coarse=maps["coarse"], boxes=boxes)
        share = self._share
        logits = (1 - share) * energies[first] + share * (regions + rank) / 2
        return boxes, logits.astype(np.float32)

    def read(self, rgb: NDArray[np.uint8]) -> CropBelief:
        """The belief about the crop of `rgb`, HxWx3 upright sRGB at any scale."""
        return self.look(rgb)[0]

    def look(self, rgb: NDArray[np.uint8]) -> tuple[CropBelief, dict[str, NDArray[np.float32]]]:
        """The belief with the trunks' maps that it came from, see `maps`."""
        maps = self.maps(rgb)
        aspect = log_aspect(rgb.shape[1], rgb.shape[0])
        return CropBelief.from_logits(*self.logits(maps, aspect)), maps
