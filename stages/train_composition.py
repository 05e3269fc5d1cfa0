"""`compose train composition`: principal components of the trunk's tokens, and the subject in them.

The subject's read-out is distilled from the salient-subject network that ships (`saliency.onnx`),
which looks at a picture five times, by logistic regression with soft targets, solved by Newton's
method (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, §4.4.1).
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.files import atomic_write
from ..core.images import load_reduced
from ..models.composition import CELLS, COMPOSITION, PLACES
from ..models.crop_builtin import weights_folder
from ..models.saliency_builtin import BuiltinSaliency
from ..models.saliency_features import SaliencyTrunks

Array = NDArray[np.float64]
_HELD_OUT = 5  # of so many photographs one only measures


@dataclass(frozen=True)
class CompositionConfig:
    """How it is fitted."""

    axes: int = 16  # components, of each of 16 cells: vectors of 256 numbers
    ridge: float = 30.0  # penalty on the read-out's weights, chosen on held-out photographs
    rounds: int = 12  # of Newton's method


def see(photos: Sequence[Path], advance: Callable[[], object]) -> tuple[Array, Array]:
    """Tokens (N,384,256) and the teacher's subject (N,256) of photographs.

    Raises:
        ImageError: one cannot be read.
    """
    trunks = SaliencyTrunks(1, weights_folder())
    teacher = BuiltinSaliency(trunks=trunks)
    tokens, subjects = [], []
    for photo in photos:
        rgb = load_reduced(photo, 384).over()
        subject = cv2.resize(teacher.read(rgb), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        tokens.append(trunks.maps(rgb)["tokens"].reshape(-1, CELLS * CELLS).astype(np.float16))
        subjects.append(subject.ravel())
        advance()
    return np.stack(tokens), np.stack(subjects).astype(np.float64)


def fit(tokens: Array, subjects: Array, config: CompositionConfig) -> dict[str, NDArray[np.float32]]:
    """The arrays of `composition.npz` from `see`'s."""
    rows = tokens.transpose(0, 2, 1).reshape(-1, tokens.shape[1]).astype(np.float64)
    mean = rows.mean(0)
    centred = rows - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    axes = vectors[:, ::-1][:, : config.axes].T
    axes *= np.where(axes[np.arange(len(axes)), np.abs(axes).argmax(1)] < 0, -1, 1)[:, None]
    # halfway to white: the strongest component alone says little of what lies where
    axes /= (values[::-1][: config.axes] ** 0.25)[:, None]
    inputs = np.concatenate([centred, np.tile(PLACES.T, (len(tokens), 1))], 1)
    readout = _logistic(inputs, subjects.ravel(), mean.size, config)
    return {
        "mean": mean.astype(np.float32),
        "axes": axes.astype(np.float32),
        "readout": readout.astype(np.float32),
    }


def _logistic(inputs: Array, targets: Array, free: int, config: CompositionConfig) -> Array:
    weights = np.zeros(inputs.shape[1])
    penalty = np.where(np.arange(len(weights)) < free, config.ridge, 1e-3)
    for _ in range(config.rounds):
        likely = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (likely - targets) + penalty * weights
        curvature = (inputs * (likely * (1 - likely))[:, None]).T @ inputs + np.diag(penalty)
        weights = weights - np.linalg.solve(curvature, slope)
    return weights


def likeness(arrays: dict[str, NDArray[np.float32]], tokens: Array, subjects: Array) -> dict[str, float]:
    """How far the read-out's subject is from the teacher's, on photographs (N)."""
    channels = len(arrays["mean"])
    weights = arrays["readout"].astype(np.float64)
    logits = np.einsum("c,nck->nk", weights[:channels], tokens - arrays["mean"][:, None])
    likely = 1 / (1 + np.exp(-(logits + weights[channels:] @ PLACES)))
    x, y = (PLACES[1] + 1) / 2, (PLACES[2] + 1) / 2

    def centre(maps: Array) -> Array:
        return np.stack([maps @ x, maps @ y], 1) / np.maximum(maps.sum(1), 1e-9)[:, None]

    away = np.linalg.norm(centre(likely) - centre(subjects), axis=1)
    return {
        "photographs": float(len(tokens)),
        "absolute_error": float(np.abs(likely - subjects).mean()),
        "centre_error": float(away.mean()),  # in shares of the sides
        "correlation": float(np.corrcoef(likely.ravel(), subjects.ravel())[0, 1]),
    }


def train_composition(
    photos: Sequence[Path],
    out: Path,
    config: CompositionConfig | None = None,
    *,
    log: Callable[[dict[str, float]], None] = lambda row: None,
    advance: Callable[[], object] = lambda: None,
) -> Path:
    """Fit on four photographs of five, log the figures on the fifth, and write `composition.npz`.

    Raises:
        ImageError: a photograph cannot be read.
        OutputError: the file cannot be written.
    """
    tokens, subjects = see(photos, advance)
    held = np.arange(len(photos)) % _HELD_OUT == _HELD_OUT - 1
    arrays = fit(tokens[~held], subjects[~held], config or CompositionConfig())
    log(likeness(arrays, tokens[held], subjects[held]))
    path = out / COMPOSITION
    with atomic_write(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            # numpy's own writer stamps the time of day; the same photographs give the same bytes
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                np.lib.format.write_array(member, values, allow_pickle=False)
    return path
