"""MobileSAM (Zhang et al., 2023) run by onnxruntime, without torch.

The graphs ship with the tool; the weights are those of the published file, `mobile_sam.pt`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import ModelError
from ..core.names import printable
from .crop_builtin import weights_folder
from .onnx_session import PROVIDERS, session_options
from .sam_pixels import normalised, picture_key
from .tiny_vit_biases import spread_biases
from .torch_arrays import load_torch_arrays

ENCODER, GUESS, DECODER = (
    "mobile_sam_encoder.onnx",
    "mobile_sam_guess.onnx",
    "mobile_sam_decoder.onnx",
)
SIDE = 1024  # pixels of the square in whose upper left the network sees a picture
PATCH = 16  # pixels a side of a cell
CELLS = SIDE // PATCH
NONE, CORNERS = -1, (2, 3)  # labels of no point, and of the corners of a box

_WIDTH = 256  # of an embedding
_AT_ONCE = 4  # points that are asked at once; more at a time are no faster
_BIASES = ".attention_biases"
_NO_GUESS = "prompt_encoder.no_mask_embed.weight"
_OF = {  # the weights of each graph; the file's head of classes and counts of batches are of none
    ENCODER: r"image_encoder\.(?!head|norm_head|.*num_batches_tracked)",
    GUESS: r"prompt_encoder\.mask_downscaling\.",
    DECODER: r"mask_decoder\.|prompt_encoder\.(?:pe_layer|point_emb|not_a_point)",
}


class Seen:
    """A picture as the network has taken it in."""

    def __init__(
        self, embedding: NDArray[np.float32], size: tuple[int, int], inner: tuple[int, int]
    ) -> None:
        self.embedding = embedding  # (1,256,h,w)
        self.size, self.inner = size, inner  # width and height: the picture's, and as it was seen

    def enlarged(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (4h,4w) of an answer at the picture's size HxW."""
        rows, columns = self.embedding.shape[2:]
        wide = cv2.resize(logits, (columns * PATCH, rows * PATCH), interpolation=cv2.INTER_LINEAR)
        inner = wide[: self.inner[1], : self.inner[0]]
        return np.asarray(cv2.resize(inner, self.size, interpolation=cv2.INTER_LINEAR), np.float32)

    def shrunk(self, logits: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
        """Logits (4h,4w) of an answer for the whole picture at another width and height."""
        across, down = self.inner[0] * 4 / PATCH, self.inner[1] * 4 / PATCH
        # where a pixel's middle lies in the logits, whose last rows and columns are padding
        matrix = np.array([[across / size[0], 0, 0], [0, down / size[1], 0]])
        matrix[:, 2] = (matrix[:, :2].sum(1) - 1) / 2
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(logits, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)


class MobileSamNetwork:
    """Safe to call from several threads.

    Every thread keeps the last picture that it took in, so that all who look at one after another
    have it run once.

    Args:
        path: of the published file.
        threads: of one call.

    Raises:
        ModelError: the file is damaged or holds another network, or the tool's own graphs are.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        weights = _weights(path)
        self._no_guess = weights[_NO_GUESS].reshape(1, _WIDTH, 1, 1)
        self._encoder = _session(ENCODER, weights, path, threads)
        self._guess = _session(GUESS, weights, path, threads)
        self._decoder = _session(DECODER, weights, path, threads)
        self._last = threading.local()

    def look(self, rgb: NDArray[np.uint8]) -> Seen:
        """Take in a picture HxWx3."""
        key = picture_key(rgb)
        if getattr(self._last, "key", None) != key:
            self._last.seen, self._last.key = self._taken_in(rgb), key
        seen: Seen = self._last.seen
        return seen

    def _taken_in(self, rgb: NDArray[np.uint8]) -> Seen:
        height, width = rgb.shape[:2]
        scale = SIDE / max(width, height)
        inner = (max(int(width * scale + 0.5), 1), max(int(height * scale + 0.5), 1))
        small = np.asarray(Image.fromarray(rgb).resize(inner, Image.Resampling.BILINEAR))
        # zeros up to whole cells; the rest of the square, which is nothing, is left out
        rows, columns = (-(-side // PATCH) * PATCH for side in (inner[1], inner[0]))
        pixels = np.zeros((1, 3, rows, columns), np.float32)
        pixels[0, :, : inner[1], : inner[0]] = normalised(small)
        (embedding,) = self._encoder.run(None, {"pixels": pixels})
        return Seen(embedding, (width, height), inner)

    def answers(
        self,
        seen: Seen,
        places: NDArray[np.float64],
        labels: NDArray[np.int64],
        guess: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Answers at N prompts of P points each.

        Args:
            seen: the picture.
            places: (N,P,2), x and y in its pixels.
            labels: (N,P): -1 no point, 0 beside the object, 1 on it, 2 and 3 corners of its box.
            guess: a first guess for all of them, as logits HxW.

        Returns:
            Logits (N,4,h,w), the single answer before the three of several, at the network's own
            resolution, and the IoU (N,4) that is expected of each.
        """
        scaled = places * (np.array(seen.inner) / seen.size)
        added = self._no_guess
        if guess is not None:
            (added,) = self._guess.run(None, {"guess": _small_guess(guess, seen)})
        logits, expected = self._decoder.run(
            None,
            {
                "embedding": seen.embedding + added,
                "places": ((scaled + 0.5) / SIDE).astype(np.float32),
                "labels": labels.astype(np.int64),
            },
        )
        return logits, expected


def at_points(
    network: MobileSamNetwork, seen: Seen, points: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Three answers at each of the points (N,2), x and y in pixels of the picture.

    Returns:
        Logits (N,3,h,w) and the IoU (N,3) that is expected of each; see `answers`.
    """
    places = np.stack([points, np.zeros_like(points)], 1)
    labels = np.tile(np.array([1, NONE]), (len(points), 1))
    logits, expected = network.answers(seen, places, labels)
    return logits[:, 1:], expected[:, 1:]


def answers_at(
    network: MobileSamNetwork, seen: Seen, points: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """For each of many points (N,2) its three answers (3,h,w) and the IoU (3,) expected of them."""
    for start in range(0, len(points), _AT_ONCE):
        yield from zip(*at_points(network, seen, points[start : start + _AT_ONCE]), strict=True)


def _small_guess(guess: NDArray[np.float32], seen: Seen) -> NDArray[np.float32]:
    """A first guess HxW as the network takes it, (1,1,4h,4w)."""
    rows, columns = (4 * cells for cells in seen.embedding.shape[2:])
    inner = (max(round(seen.inner[0] / 4), 1), max(round(seen.inner[1] / 4), 1))
    small = np.zeros((1, 1, rows, columns), np.float32)
    shrunk = cv2.resize(guess, inner, interpolation=cv2.INTER_AREA)
    small[0, 0, : inner[1], : inner[0]] = shrunk[:rows, :columns]
    return small


def _weights(path: Path) -> dict[str, NDArray[Any]]:
    """The published file's tensors by name, the biases as the graphs want them."""
    found = load_torch_arrays(path)
    no_guess = found.get(_NO_GUESS)
    # this one is in no graph, so that the runtime does not check it
    if no_guess is None or no_guess.shape != (1, _WIDTH) or no_guess.dtype != np.float32:
        raise _another(path)
    if not all(np.isfinite(value).all() for value in found.values()):
        raise ModelError(
            f"{printable(path)} holds weights that are not numbers; give MobileSAM's published "
            "file, mobile_sam.pt."
        )
    try:
        return {
            name: spread_biases(value) if name.endswith(_BIASES) else value
            for name, value in found.items()
        }
    except ValueError as error:
        raise _another(path) from error


def _session(name: str, weights: dict[str, NDArray[Any]], path: Path, threads: int) -> Any:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import InvalidProtobuf

    graph = weights_folder() / name
    if not graph.is_file():
        raise ModelError(
            f"{name} is missing from {printable(graph.parent)}; install the tool again."
        )
    options = session_options(threads, varied=True)
    options.log_severity_level = 4  # of a weight that is missing the error below tells
    names = [key for key in weights if re.match(_OF[name], key)]
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(weights[key]) for key in names]
    options.add_external_initializers(names, values)
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=PROVIDERS)
    except InvalidProtobuf as error:
        raise ModelError(f"{name} is damaged; install the tool again.") from error
    except Exception as error:  # the runtime's own exceptions share no base of their own
        raise _another(path) from error


def _another(path: Path) -> ModelError:
    return ModelError(
        f"{printable(path)} does not hold MobileSAM; give its published file, mobile_sam.pt."
    )
