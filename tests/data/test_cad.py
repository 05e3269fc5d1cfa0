"""CAD's texts beside their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.data.cad import read_cad, source_of, write_cad_labels

from .crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2, draw, marks_rectangle


def test_the_original_is_first_and_a_line_without_score_is_sure(tmp_path: Path) -> None:
    picture = draw(tmp_path / "12345_0.jpg")
    picture.with_suffix(".txt").write_text(f"{X1} {Y1} {X2} {Y2}\n0 0 {WIDTH} {HEIGHT} 7.5\n")
    (example,) = read_cad(tmp_path)
    assert marks_rectangle(example.picture, example.boxes[0])
    assert example.scores is not None
    assert example.scores.tolist() == [5, 7.5]
    assert example.subject == Box(X1, Y1, X2, Y2)
    assert example.source == "12345"


@pytest.mark.parametrize(
    ("name", "source"), [("12345_0", "12345"), ("a_b_11", "a_b"), ("plain", "plain"), ("_3", "_3")]
)
def test_pictures_of_one_photograph_share_its_name(name: str, source: str) -> None:
    assert source_of(Path(f"{name}.jpg")) == source


@given(
    st.lists(
        st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(41, 96)] * 2, st.integers(0, 10_000)),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    picture = draw(tmp_path_factory.mktemp("cad") / "1_2.png")
    table = np.array(rows, float)
    write_cad_labels(picture, table[:, :4], table[:, 4] / 1000)
    (example,) = read_cad(picture.parent)
    assert (example.boxes == table[:, :4]).all()
    assert example.scores is not None
    assert np.allclose(example.scores, table[:, 4] / 1000, atol=1e-4)


@pytest.mark.parametrize("text", ["", "5 5 5 9 1", "a b c d"])
def test_texts_without_the_original_are_refused(tmp_path: Path, text: str) -> None:
    draw(tmp_path / "1_0.png").with_suffix(".txt").write_text(text)
    with pytest.raises(DataError, match="1_0"):
        read_cad(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no picture"):
        read_cad(tmp_path)
