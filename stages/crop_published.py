"""Figures that papers print of their own methods, to stand beside ours.

They were not measured here. Where a paper's figure is defined as ours, it has our name; the
accuracies of ProCrop's tables have names of their own, `ACC_1/5 as printed`, because its released
evaluator computes under them what is `hit_best@5` here, while GAIC's are `acc_1_of_5`.
"""

from __future__ import annotations

from dataclasses import dataclass

PROCROP = "ProCrop (Zhang et al., 2025)"
GENCROP = "GenCrop (Hong et al., AAAI 2024)"


@dataclass(frozen=True)
class PublishedRow:
    """One line of a paper's table."""

    dataset: str
    method: str
    source: str
    figures: dict[str, float]


def _sacd(method: str, n: int, iou: float, disp: float) -> PublishedRow:
    # ProCrop minimises the displacement independently of the IoU's choice
    return PublishedRow("sacd", method, PROCROP, {f"iou_{n}": iou, f"disp_{n}_independent": disp})


PUBLISHED: tuple[PublishedRow, ...] = (
    _sacd("ProCrop without retrieval, zero-shot", 1, 0.7035, 0.0722),
    _sacd("ProCrop N=1, zero-shot", 1, 0.7303, 0.0610),
    _sacd("ProCrop N=2, zero-shot", 2, 0.7546, 0.0541),
    _sacd("ProCrop N=3, zero-shot", 3, 0.7678, 0.0506),
    PublishedRow("sacd", "GenCrop with subject boundaries", GENCROP, {"iou_1": 0.7301}),
    PublishedRow("sacd", "GenCrop without them", GENCROP, {"iou_1": 0.7207}),
    PublishedRow(
        "flms",
        "ProCrop, trained on CPC",
        PROCROP,
        {"iou_1": 0.843, "disp_1_independent": 0.036},
    ),
    PublishedRow(
        "gaicd",
        "ProCrop on GAICD version 2",
        PROCROP,
        {
            "ACC_1/5 as printed": 0.854,
            "bar ACC_5 as printed": 0.818,
            "ACC_1/10 as printed": 0.942,
            "bar ACC_10 as printed": 0.912,
        },
    ),
    PublishedRow(
        "gaicd",
        "ProCrop on GAICD version 1",
        PROCROP,
        {"ACC_1/5 as printed": 0.860, "ACC_1/10 as printed": 0.945},
    ),
    PublishedRow(
        "gaicd",
        "Jia et al., CVPR 2022, as ProCrop has it",
        PROCROP,
        {"ACC_1/5 as printed": 0.850, "ACC_1/10 as printed": 0.926},
    ),
)


def published_on(dataset: str) -> list[PublishedRow]:
    """The lines of a data set."""
    return [row for row in PUBLISHED if row.dataset == dataset]
