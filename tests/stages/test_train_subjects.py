"""What the subject network learns from, its loss on worked cases, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import DataError
from compose.core.instances import Instance
from compose.models.grouping_net import CHANNELS
from compose.models.subjects import GRID, unmirrored, vote
from compose.models.subjects_net import Cells, SubjectsConfig
from compose.stages.evaluate_subjects import Served, serves
from compose.stages.occlusion_sources import Annotated
from compose.stages.subject_examples import NOBODY, UNSURE, SubjectExample, cell_objects
from compose.stages.train_subjects import TrainSubjectsConfig, fit, overlaps, photo_loss


def mask(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    """In a picture of 320 x 160, whose cells are 20 x 10."""
    found = np.zeros((160, 320), bool)
    found[y1:y2, x1:x2] = True
    return found


def test_cells_belong_to_the_object_that_covers_most_of_them() -> None:
    big, behind = mask(0, 0, 160, 160), mask(160, 50, 265, 100)
    small, crowd = mask(300, 0, 320, 10), mask(260, 140, 320, 160)
    annotated = Annotated(tuple(Instance(m, 1.0) for m in (big, behind, small)), crowd)
    owners, boxes = cell_objects(annotated)
    assert boxes.tolist() == [[0, 0, 0.5, 1], [0.5, 0.3125, 0.828125, 0.625]]
    assert (owners[:, :8] == 0).all()
    assert (owners[5:10, 8:13] == 1).all()
    # 5 of 20 pixels of the next column are the object's: a quarter, no more
    assert (owners[5:10, 13] == NOBODY).all()
    # what is too small to be found, and crowds, teach nothing
    assert owners[0, 15] == UNSURE
    assert (owners[14:, 13:] == UNSURE).all()


def test_overlaps_of_boxes() -> None:
    a = torch.tensor([[0.0, 0, 2, 2], [0, 0, 1, 1]])
    b = torch.tensor([[1.0, 0, 3, 2], [2, 0, 3, 1]])
    # 2 of 6; none, and a hull of 3 of which 2 are covered: 0 - 1/3
    iou, giou = overlaps(a, b)
    assert iou.tolist() == pytest.approx([1 / 3, 0])
    assert giou.tolist() == pytest.approx([1 / 3, -1 / 3])


def example() -> SubjectExample:
    owners = np.full((GRID, GRID), NOBODY, np.int64)
    owners[4:12, 2:7] = 0
    boxes = np.array([[2 / 16, 4 / 16, 7 / 16, 12 / 16]], np.float32)
    features = torch.randn(CHANNELS, GRID, GRID, generator=torch.Generator().manual_seed(1))
    features[:8, 4:12, 2:7] += 4  # the object looks different
    return SubjectExample("a", features.half(), owners, boxes)


def perfect(sample: SubjectExample) -> Cells:
    mine = torch.from_numpy(sample.owners) >= 0
    boxes = torch.from_numpy(sample.boxes)[0][:, None, None].expand(4, GRID, GRID)
    sure = torch.where(mine, 20.0, -20.0)
    return Cells(sure, torch.full_like(sure, 20.0), boxes, boxes)


def test_the_loss_is_0_for_the_truth_and_names_what_is_wrong() -> None:
    sample = example()
    right = perfect(sample)
    assert photo_loss(right, sample, 0.9).item() == pytest.approx(0, abs=1e-6)
    beyond = right.sure + torch.tensor([-0.1, -0.1, 0.1, 0.1])[:, None, None]
    within = right.sure - torch.tensor([-0.1, -0.1, 0.1, 0.1])[:, None, None]
    # a quantile of .9: beyond by .1 costs 2 * .1 * .1, short by as much 2 * .9 * .1
    assert photo_loss(right._replace(sure=beyond), sample, 0.9).item() == pytest.approx(0.02)
    assert photo_loss(right._replace(sure=within), sample, 0.9).item() == pytest.approx(0.18)
    # the box is moved by its width, 5 cells, so that hulls are twice as wide: GIoU 0, and
    # smooth L1 of two of four edges, (10/32 - .025) / 2, twice
    moved = right.boxes + torch.tensor([10 / 32, 0, 10 / 32, 0])[:, None, None]
    wrong = right._replace(boxes=moved, overlap=torch.full((GRID, GRID), -20.0))
    assert photo_loss(wrong, sample, 0.9).item() == pytest.approx(1 + 10 / 32 - 0.025, abs=1e-4)


def test_a_mirror_mirrors_boxes_and_cells() -> None:
    sample = example()
    other = sample.mirrored()
    assert other.boxes[0].tolist() == pytest.approx([18 / 32, 8 / 32, 28 / 32, 24 / 32])
    assert (other.owners[4:12, 9:14] == 0).all()
    back = other.mirrored()
    assert (back.owners == sample.owners).all()
    assert back.boxes.tolist() == sample.boxes.tolist()


def test_it_learns_where_the_object_is() -> None:
    config = TrainSubjectsConfig(epochs=25, batch=1, net=SubjectsConfig(width=8, dilations=(1, 2)))
    config = replace(config, net=replace(config.net, dropout=0.0))
    rows: list[dict] = []
    sample = example()
    net = fit([sample, sample], config, log=rows.append)
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]

    def cells(features: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            found = net(features.float()[None])
            chances = torch.stack([found.present, found.overlap], 1).sigmoid()
            return torch.cat([chances, found.boxes, found.sure], 1)[0].numpy()

    both = (cells(sample.features) + unmirrored(cells(sample.features.flip(-1)))) / 2
    box = vote(both, 1).boxes[0]
    assert np.abs(box - sample.boxes[0]).max() < 0.08


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(DataError, match="no photograph"):
        fit([], TrainSubjectsConfig())


def test_what_serves_a_subject() -> None:
    left, right = Instance(mask(0, 0, 100, 160), 1.0), Instance(mask(220, 0, 320, 160), 1.0)
    assert serves((0, 0, 200, 160), left, right)
    # 94 of 100 columns
    assert not serves((6, 0, 150, 160), left, right)
    assert serves((5, 0, 150, 160), left, right)
    # all of the picture holds both, and is centred on neither
    assert not serves((0, 0, 320, 160), left, right)
    assert not serves((0, 0, 320, 160), right, left)
    assert Served(True, False, 2, 1).both is False


def test_paths_of_sources_have_to_be_there(tmp_path: Path) -> None:
    from compose.stages.subject_examples import open_sources

    with pytest.raises(DataError, match="give COCO's folder"):
        open_sources(tmp_path, None)
