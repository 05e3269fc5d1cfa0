"""How well a crop's layout agrees with what is wanted: references' layouts, or classes.

ProCrop lets a network learn what to take from references; here it is said outright, so that a
crop can be explained: the layout class, the subject's place and size, and the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .layout import CLASSES, Array, Layouts

_SHARP = 0.12  # of scores: one that leads by so much has most of the probability of its class
_PLACE, _SIZE, _LEVEL = 0.10, 0.15, 0.08  # deviations, in shares of the crop's sides
_CLASS_PART, _SUBJECT_PART, _HORIZON_PART = 3.0, 2.0, 1.0  # of the agreement


@dataclass(frozen=True, eq=False)
class Guide:
    """What is wanted of a crop.

    Raises:
        ValueError: there is nothing wanted, or as many weights as references are not given.
    """

    references: Layouts | None = None  # R layouts to be like
    weights: Array | None = None  # (R,) their importance, sums to 1; equal by default
    prefer: tuple[int, ...] = ()  # classes, any of which is wanted, by their place in `CLASSES`

    def __post_init__(self) -> None:
        if self.references is None and not self.prefer:
            raise ValueError("a guide needs references or classes")
        wanted = 0 if self.references is None else len(self.references)
        if self.weights is not None and self.weights.shape != (wanted,):
            raise ValueError("as many weights as references are needed")

    @property
    def symmetry(self) -> bool:
        """Whether symmetry is anything to it."""
        place = CLASSES.index("symmetric")
        if place in self.prefer:
            return True
        return self.references is not None and bool(self.references.scores[:, place].max() > 0.2)

    def agreement(self, found: Layouts) -> Array:
        """How well each of N layouts agrees, (N,) in [0,1]; of both kinds of wish the mean."""
        parts = []
        if self.references is not None:
            count = len(self.references)
            weights = np.full(count, 1 / count) if self.weights is None else self.weights
            parts.append(likeness(found, self.references) @ weights)
        if self.prefer:
            scores = found.scores[:, self.prefer].max(1)
            chances = class_chances(found)[:, self.prefer].sum(1)
            parts.append((scores + chances) / 2)
        return np.asarray(np.mean(parts, 0))


def class_chances(found: Layouts) -> Array:
    """How probable each class is (N,9), or none of them, by a softmax of the scores."""
    powers = np.exp((found.scores - 1) / _SHARP)
    none = np.exp((0.25 - 1) / _SHARP)
    return np.asarray(powers / (powers.sum(1, keepdims=True) + none))


def likeness(found: Layouts, wanted: Layouts) -> Array:
    """How alike N and R layouts are, (N,R) in [0,1].

    The weighted mean of three parts: the chance that both are of one class; where the wanted one
    has a definite subject, how near the other's is in place and size; and where it has a horizon,
    how near the other's is. A part counts as much as the wanted layout has of it.
    """
    a, b = found.geometry, wanted.geometry
    alike = class_chances(found) @ class_chances(wanted).T  # (N,R)
    sure = np.maximum((class_chances(wanted) ** 2).sum(1), 0.05)
    alike = np.minimum(alike / sure, 1)
    away = np.linalg.norm(a.subject[:, None] - b.subject[None], axis=2) / _PLACE
    size = (a.spread[:, None] - b.spread[None]) / _SIZE
    subject = np.exp(-0.5 * (away**2 + size**2))
    # a crop that loses the subject has none at the right place
    subject = subject * np.minimum(a.contained[:, None] / 0.9, 1)
    level = np.exp(-0.5 * ((a.horizon[:, None] - b.horizon[None]) / _LEVEL) ** 2)
    strength = np.maximum(b.horizon_strength, 1e-6)
    level = level * np.minimum(a.horizon_strength[:, None] / strength, 1)
    shares = _CLASS_PART, _SUBJECT_PART * b.presence, _HORIZON_PART * b.horizon_strength
    total = shares[0] + shares[1] + shares[2]
    return np.asarray((shares[0] * alike + shares[1] * subject + shares[2] * level) / total)
