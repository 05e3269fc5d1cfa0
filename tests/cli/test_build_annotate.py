"""`compose build-dataset annotate` with a small random SAM, and pairs made of what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from compose.data.coco import object_mask
from compose.data.raw_sets import RawSet

from ..data.raw_trees import HEIGHT, WIDTH, objects365_boxes
from ..models.test_sam import meta_names, sam_net
from .processes import compose_here


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sam") / "sam_vit_t.pth"
    torch.save(meta_names(sam_net().state_dict()), path)
    return path


def test_a_range_of_boxes_gets_masks(checkpoint: Path, tmp_path: Path) -> None:
    root = objects365_boxes(tmp_path / "objects365", 3)
    arguments = ("build-dataset", "annotate", "--raw", f"objects365:{root}", "--sam", checkpoint)
    done = compose_here(*arguments, "--begin", 1, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["boxes"] for row in rows] == [4, 4, 0]
    labels = sorted((root / "labels").rglob("*.json"))
    assert [path.stem[-1] for path in labels] == ["2", "4", "3"]  # by their patches
    document = json.loads((root / "labels/train/patch15/objects365_v2_00000002.json").read_text())
    assert document["image_id"] == 102
    assert len(document["annotations"]) == rows[0]["masks"] >= 3
    for each in document["annotations"]:
        mask = object_mask(each["segmentation"], (WIDTH, HEIGHT))
        x, y, width, height = map(int, each["bbox"])
        assert mask.sum() == each["area"] == mask[y : y + height, x : x + width].sum()
        assert mask[y].any()
        assert mask[y + height - 1].any()
        assert each["category"] == "Storage box"
    whole = {path: path.read_bytes() for path in labels}
    for path in labels:
        path.unlink()
    for turn, count in (("1/2", 1), ("0/2", 2)):  # of the same three pictures
        part = compose_here(*arguments, "--begin", 1, "--shard", turn, "--json", home=tmp_path)
        assert part.returncode == 0, part.stderr
        assert len(part.stdout.splitlines()) == count
    assert {path: path.read_bytes() for path in labels} == whole
    refused = compose_here(*arguments, home=tmp_path)
    assert refused.returncode == 2
    assert "3 outputs exist already" in refused.stderr
    again = compose_here(*arguments, "--skip-existing", "--json", "--end", 2, home=tmp_path)
    assert again.returncode == 0, again.stderr
    statuses = [json.loads(line)["status"] for line in again.stdout.splitlines()]
    assert statuses == ["ok", "skipped"]
    assert all(path.read_bytes() == data for path, data in whole.items())
    pictures = RawSet("objects365", root).pictures("train")
    assert [picture.id[-1] for picture in pictures] == ["1", "2", "3", "4"]
    assert [each.crowd for each in pictures[0].objects()].count(True) <= 1
    found = compose_here("build-dataset", "pairs", "--raw", f"objects365:{root}", "--out",
                         tmp_path / "set", home=tmp_path)  # fmt: skip
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(("arguments", "says"), [
    (("--raw", "coco:x"), "has masks already"), (("--begin", 9), "smaller --begin"),
    (("--begin", 2, "--end", 2), "not behind --begin"), (("--raw", "x"), "NAME:DIR"),
])  # fmt: skip
def test_failures_are_one_sentence(
    arguments: tuple[object, ...], says: str, tmp_path: Path
) -> None:
    root = objects365_boxes(tmp_path / "objects365")
    done = compose_here("build-dataset", "annotate", "--raw", f"objects365:{root}", *arguments,
                        home=tmp_path)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
