"""PICS's sample folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from compose.core.errors import DataError, UsageError
from compose.data.pics_sample import read_sample, sample_folders

SHARED = Path(__file__).parents[3] / "shared" / "data" / "compositing" / "pics_sample"
FILES = ("image.jpg", "object_0.png", "object_0_mask.png", "object_1.png", "object_1_mask.png")


def sample(folder, names=FILES):
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_sample_says_what_goes_where(tmp_path):
    scene = read_sample(sample(tmp_path / "a"))
    assert scene.background == tmp_path / "a" / "image.jpg"
    assert [each.image.name for each in scene.objects] == ["object_0.png", "object_1.png"]
    assert scene.objects[1].at == tmp_path / "a" / "object_1_mask.png"
    assert scene.order is None


@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_is_named(tmp_path, missing):
    folder = sample(tmp_path / "a", [name for name in FILES if name != missing])
    with pytest.raises(DataError, match=rf"a lacks {missing.replace('.', '[.]')}; add"):
        read_sample(folder)


def test_more_than_two_objects_and_a_gap_in_their_numbers(tmp_path):
    more = [*FILES, "object_2.png", "object_2_mask.png"]
    assert len(read_sample(sample(tmp_path / "a", more)).objects) == 3
    more += ["object_10.png", "object_10_mask.png"]
    with pytest.raises(DataError, match=r"object_3\.png and"):
        read_sample(sample(tmp_path / "b", more))


def test_a_folder_of_samples_is_looked_through(tmp_path):
    one, two = sample(tmp_path / "b"), sample(tmp_path / "a")
    sample(tmp_path / "notes", ["readme.txt"])
    assert sample_folders(tmp_path) == [two, one]
    assert sample_folders(one) == [one]
    with pytest.raises(UsageError, match="holds no sample"):
        sample_folders(tmp_path / "notes")
    with pytest.raises(UsageError, match="cannot read"):
        sample_folders(tmp_path / "nowhere")


@pytest.mark.data
@pytest.mark.skipif(not SHARED.is_dir(), reason="no research data beside the project")
def test_of_the_published_samples_one_file_each_is_missing():
    found = {folder.name: folder for folder in sample_folders(SHARED)}
    with pytest.raises(DataError, match=r"lacks object_0[.]png"):
        read_sample(found["bread_basket"])
    with pytest.raises(DataError, match=r"lacks image[.]jpg"):
        read_sample(found["pen_penholder"])
