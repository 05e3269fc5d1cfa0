"""`compose train composition`: principal components of the trunk's tokens, and the subject in them.

The subject's read-out is a logistic regression on photographs with masks, with the share of a
cell that the mask covers as its target, solved by Newton's method (Hastie, Tibshirani and
Friedman, The Elements of Statistical Learning, §4.4.1).
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
from ..core.images import load_picture
from ..data.sod import SubjectRecord, read_subjects, read_truth
from ..models.composition import CELLS, COMPOSITION, PLACES, CompositionTrunk

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CompositionConfig:
    """How it is fitted."""

    axes: int = 16  # components, of each of 16 cells: vectors of 256 numbers
    ridge: float = 0.3  # penalty on the read-out's weights, chosen on SOD val
    rounds: int = 8  # of Newton's method


@dataclass(frozen=True)
class Examples:
    """N photographs: `tokens` (N,384,256), `subjects` and `counts` (N,256) in [0, 1]."""

    tokens: NDArray[np.float16]
    subjects: Array
    counts: Array

    def mirrored(self) -> Examples:
        """The same and their mirror images (2N); the trunk's maps are mirrored themselves."""

        def both(values: NDArray[np.floating]) -> NDArray[np.floating]:
            cells = values.reshape(*values.shape[:-1], CELLS, CELLS)
            flipped = cells[..., ::-1].reshape(values.shape)
            return np.concatenate([values, flipped])

        return Examples(
            both(self.tokens).astype(np.float16),
            both(self.subjects).astype(np.float64),
            both(self.counts).astype(np.float64),
        )


def records_of(folders: Sequence[Path], part: str) -> list[SubjectRecord]:
    """The photographs of a part, `train` or `val`, of all folders.

    Raises:
        DataError: a list or a file of it is missing.
    """
    return [record for folder in folders for record in read_subjects(folder, part)]


def see(records: Sequence[SubjectRecord], advance: Callable[[], object] = lambda: None) -> Examples:
    """What the trunk gives for photographs with masks.

    Raises:
        ImageError, MaskError, DataError: a photograph or a mask is not as needed.
    """
    reader = CompositionTrunk()
    tokens, subjects, counted = [], [], []
    for record in records:
        picture = load_picture(record.photo)
        tokens.append(reader.tokens(picture.over()).reshape(-1, CELLS * CELLS).astype(np.float16))
        truth, counts = read_truth(record, (picture.width, picture.height))
        shares = [
            cv2.resize(mask.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
            for mask in (truth & counts, counts)
        ]
        subjects.append((shares[0] / np.maximum(shares[1], 1e-6)).ravel())
        counted.append(shares[1].ravel())
        advance()
    return Examples(
        np.stack(tokens), np.stack(subjects).astype(float), np.stack(counted).astype(float)
    )


def fit(examples: Examples, config: CompositionConfig) -> dict[str, NDArray[np.float32]]:
    """The arrays of `composition.npz`."""
    tokens = examples.tokens
    rows = tokens.transpose(0, 2, 1).reshape(-1, tokens.shape[1]).astype(np.float64)
    mean = rows.mean(0)
    centred = rows - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    axes = vectors[:, ::-1][:, : config.axes].T
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])[:, None]
    # halfway to white: the strongest component alone says little of what lies where
    axes = axes / (values[::-1][: config.axes] ** 0.25)[:, None]
    inputs = np.concatenate([centred, np.tile(PLACES.T, (len(tokens), 1))], 1)
    readout = _logistic(
        inputs, examples.subjects.ravel(), examples.counts.ravel(), mean.size, config
    )
    return {
        "mean": mean.astype(np.float32),
        "axes": axes.astype(np.float32),
        "readout": readout.astype(np.float32),
    }


def _logistic(
    inputs: Array, targets: Array, counts: Array, penalised: int, config: CompositionConfig
) -> Array:
    weights = np.zeros(inputs.shape[1])
    penalty = np.where(np.arange(len(weights)) < penalised, config.ridge, 1e-3)
    for _ in range(config.rounds):
        likely = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (counts * (likely - targets)) + penalty * weights
        bend = counts * likely * (1 - likely)
        curvature = (inputs * bend[:, None]).T @ inputs + np.diag(penalty)
        weights = weights - np.linalg.solve(curvature, slope)
    return weights


def likeness(arrays: dict[str, NDArray[np.float32]], examples: Examples) -> dict[str, float]:
    """How far the read-out's subject is from the mask's, on photographs (N)."""
    channels = len(arrays["mean"])
    weights = arrays["readout"].astype(np.float64)
    centred = examples.tokens.astype(np.float64) - arrays["mean"][:, None]
    logits = np.einsum("c,nck->nk", weights[:channels], centred) + weights[channels:] @ PLACES
    likely = 1 / (1 + np.exp(-logits))
    places = np.stack([(PLACES[1] + 1) / 2, (PLACES[2] + 1) / 2], 1)

    def centre(maps: Array) -> Array:
        sharp = maps**2  # as layouts take it
        return np.asarray(sharp @ places / np.maximum(sharp.sum(1), 1e-9)[:, None])

    truth = examples.subjects
    away = np.linalg.norm(centre(likely) - centre(truth), axis=1)
    middle = np.linalg.norm(centre(truth) - 0.5, axis=1)
    counts = examples.counts / examples.counts.sum()
    return {
        "photographs": float(len(truth)),
        "absolute_error": float((np.abs(likely - truth) * counts).sum()),
        "centre_error": float(away.mean()),  # in shares of the sides
        "centre_error_of_the_middle": float(middle.mean()),
    }


def train_composition(
    folders: Sequence[Path],
    out: Path,
    config: CompositionConfig | None = None,
    *,
    log: Callable[[dict[str, float | str]], None] = lambda row: None,
    advance: Callable[[], object] = lambda: None,
) -> Path:
    """Fit on the `train` lists of all folders, measure on their `val` lists, and write the file.

    Args:
        folders: with photographs and masks, see `data.sod`.
        out: gets `composition.npz`; the same photographs give the same bytes.

    Raises:
        ImageError, MaskError, DataError: a photograph or a mask is not as needed.
        OutputError: the file cannot be written.
    """
    examples = see(records_of(folders, "train"), advance)
    arrays = fit(examples.mirrored(), config or CompositionConfig())
    for folder in folders:
        held = see(records_of([folder], "val"), advance)
        log({"data": folder.name, **likeness(arrays, held)})
    path = out / COMPOSITION
    with atomic_write(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            # numpy's own writer stamps the time of day
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                np.lib.format.write_array(member, values, allow_pickle=False)
    return path
