"""AVA's list of votes and CGL's list of posters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.core.errors import DataError
from compose.data.ava import best_of_ava, read_ava
from compose.data.cgl import read_cgl

from .crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2, draw, marks_rectangle


def test_votes_and_their_means(tmp_path: Path) -> None:
    # two people gave 10 and one gave 1: 21 / 3; three gave 8
    lines = ["1 953619 1 0 0 0 0 0 0 0 0 2 1 22 1396", "2 953958 0 0 0 0 0 0 0 3 0 0 0 0 7", ""]
    (tmp_path / "AVA.txt").write_text("\n".join(lines))
    first, second = read_ava(tmp_path)
    assert (first.source, first.mean, first.tags, first.challenge) == ("953619", 7, (1, 22), 1396)
    assert (second.mean, second.tags) == (8, ())
    assert first.picture == tmp_path / "images/953619.jpg"
    assert best_of_ava([first, second], 1) == [second]
    (tmp_path / "AVA.txt").write_text("1 2 3")
    with pytest.raises(DataError, match="line 1"):
        read_ava(tmp_path)


@pytest.mark.parametrize("nested", [True, False])
def test_posters_have_their_elements_in_lists_of_lists(tmp_path: Path, nested: bool) -> None:
    draw(tmp_path / "images/p.png")
    element = {"image_id": 4, "category_id": 2, "bbox": [X1, Y1, X2 - X1, Y2 - Y1]}
    document = {
        "images": [{"id": 4, "file_name": "p.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": [[element]] if nested else [element],
        "categories": [{"id": 2, "name": "文字"}],
    }
    (tmp_path / "layout_train_6w_fixed_v2.json").write_text(json.dumps(document))
    (poster,) = read_cgl(tmp_path)
    assert marks_rectangle(poster.picture, poster.boxes[0])
    assert (poster.labels, poster.width, poster.height) == (("文字",), WIDTH, HEIGHT)


def test_posters_without_elements_and_other_json(tmp_path: Path) -> None:
    path = tmp_path / "yinhe.json"
    image = {"id": 1, "file_name": "p.png", "width": 5, "height": 6}
    path.write_text(json.dumps({"images": [image]}))
    (poster,) = read_cgl(tmp_path, "test")
    assert poster.boxes.shape == (0, 4)
    path.write_text(json.dumps({"images": [{"id": 1}]}))
    with pytest.raises(DataError, match=r"yinhe\.json"):
        read_cgl(tmp_path, "test")
    with pytest.raises(DataError, match="no part"):
        read_cgl(tmp_path, "dev")
