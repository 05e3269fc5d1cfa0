"""`crop_one` with guidance: what it reads, what it records, what it draws."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import UsageError
from compose.models.crop_belief import CropBelief
from compose.models.crop_builtin import BuiltinCropper
from compose.stages.crop import CropOutputs, crop_one
from compose.stages.crop_guidance import Guidance
from compose.stages.crop_references import open_references, read_liked
from compose.stages.crop_request import CropRequest
from compose.stages.index_build import build_index
from compose.stages.index_query import layout_name, require_fit
from compose.stages.index_reader import open_photo_reader
from compose.stages.layout import CLASSES, layouts
from compose.stages.layout_reader import LayoutReader

from .layout_scenes import disc


class Undecided:
    name, side = "undecided", 64

    def read(self, rgb):
        line = np.linspace(0, 0.3, 4)
        x, y = (grid.ravel() for grid in np.meshgrid(line, line))
        boxes = np.stack([x, y, x + 0.7, y + 0.7], 1)
        return CropBelief(boxes, np.full(len(boxes), 1 / len(boxes)))


@pytest.fixture(scope="module")
def reader():
    return LayoutReader()


@pytest.fixture
def photos(tmp_path):
    """A picture with its subject in the middle, and a folder of six that have it elsewhere."""
    (tmp_path / "refs").mkdir()
    for index, place in enumerate([(0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7), (0.5, 0.3)]):
        Image.fromarray(disc(330, 220, *place, 5)[0]).save(tmp_path / "refs" / f"{index}.png")
    Image.fromarray(disc(480, 320, 0.5, 0.5, 5)[0]).save(tmp_path / "photo.png")
    Image.fromarray(disc(480, 320, 0.5, 0.5, 5)[0]).save(tmp_path / "refs" / "copy.jpg", quality=60)
    return tmp_path


def test_without_a_wish_nothing_changes(photos, reader):
    plain = crop_one(photos / "photo.png", Undecided()).record()
    told = crop_one(photos / "photo.png", Undecided(), guidance=Guidance(reader, explain=True))
    record = told.record()
    assert [crop["box"] for crop in record["crops"]] == [crop["box"] for crop in plain["crops"]]
    assert set(record["crops"][0]) - set(plain["crops"][0]) == {"layout"}
    assert set(record["crops"][0]["layout"]["scores"]) == set(CLASSES)


def test_a_liked_photograph_moves_the_crop_and_is_named(photos, reader):
    liked = read_liked(photos / "refs" / "0.png", reader)
    guidance = Guidance(reader, liked=[liked], explain=True)
    record = crop_one(photos / "photo.png", Undecided(), guidance=guidance).record()
    x1, y1, x2, y2 = record["crops"][0]["box"]
    assert (240 - x1) / (x2 - x1) == pytest.approx(0.3, abs=0.1)
    assert (160 - y1) / (y2 - y1) == pytest.approx(0.3, abs=0.1)
    assert record["like"] == [{"name": str(photos / "refs" / "0.png"), "layout": "thirds"}]
    assert 0.5 < record["crops"][0]["agreement"] <= 1
    quiet = Guidance(reader, liked=[liked])
    assert "layout" not in crop_one(photos / "photo.png", Undecided(), guidance=quiet).record()


def test_a_finder_says_where_the_subject_is(photos):
    class LowerRight:
        name = "lower right"

        def read(self, rgb):
            found = np.zeros(rgb.shape[:2], np.float32)
            height, width = found.shape
            found[height * 3 // 4 :, width * 3 // 4 :] = 1
            return found

    seen = LayoutReader(subjects=LowerRight()).read(disc(330, 220, 0.3, 0.3, 5)[0])
    place = layouts(seen.scene).geometry.subject[0]
    np.testing.assert_allclose(place, 0.875, atol=0.03)
    assert seen.tokens.shape == (384, 16, 16)


def test_references_come_from_a_folder_or_an_index_without_the_picture_s_copy(photos, reader):
    notes: list[str] = []
    (photos / "refs" / "bad.jpg").write_bytes(b"nothing")
    references = open_references(str(photos / "refs"), reader, note=notes.append)
    assert len(references.index) == 6
    assert "bad.jpg" in notes[1]
    guidance = Guidance(reader, references, explain=True)
    record = crop_one(photos / "photo.png", Undecided(), guidance=guidance).record()
    names = [match["name"] for match in record["references"]]
    assert sorted(names) == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    distances = [match["distance"] for match in record["references"]]
    assert distances == sorted(distances)

    files = [(photos / "refs" / name, name) for name in ("0.png", "3.png")]
    build_index(files, photos / "a.idx", open_photo_reader(layout=reader))
    held = open_references(str(photos / "a.idx"), reader)
    record = crop_one(
        photos / "photo.png", Undecided(), guidance=Guidance(reader, held, explain=True)
    ).record()
    assert sorted(match["name"] for match in record["references"]) == ["0.png", "3.png"]
    assert layout_name(held.index.reference(0)) == "thirds"


def test_references_that_do_not_fit_are_refused(photos, reader, tmp_path):
    with pytest.raises(UsageError, match="the photograph to crop like cannot be used"):
        read_liked(photos / "none.jpg", reader)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no"):
        open_references(str(tmp_path / "empty"), reader)
    photo_reader = open_photo_reader(layout=reader)
    index = build_index([(photos / "photo.png", "p.png")], photos / "a.idx", photo_reader)
    header = index.header

    def changed(**fields):
        return type(header)(**{**header.__dict__, **fields})

    require_fit(header, photo_reader.encoder, index.path)
    for fields, sentence in (
        ({"encoder": "sam-vit-b"}, "was built with encoder sam-vit-b, not builtin"),
        ({"sha256": "0" * 64}, "with other weights of encoder builtin"),
        ({"layouts": ("a",)}, "layouts of another version"),
    ):
        with pytest.raises(UsageError, match=sentence):
            require_fit(changed(**fields), photo_reader.encoder, index.path)


def test_the_builtin_engine_shares_its_trunk(photos, reader, monkeypatch):
    """Its maps give the same layout, and the trunk is run once a picture."""
    engine = BuiltinCropper()
    apart = Guidance(reader, explain=True)
    rgb = np.asarray(Image.open(photos / "photo.png"))
    own = apart.read(engine, rgb, photos / "photo.png").seen.tokens
    np.testing.assert_allclose(own, reader.trunk.tokens(rgb), atol=1e-3)
    monkeypatch.setattr(reader.trunk, "tokens", None)
    record = crop_one(photos / "photo.png", engine, CropRequest(topk=1), guidance=apart).record()
    assert record["crops"][0]["layout"]["class"]


def test_the_overlay_has_the_lines(photos, reader):
    shown = []
    for name, explain in (("a", False), ("b", True)):
        outputs = CropOutputs(overlay=photos / f"{name}.png")
        guidance = Guidance(reader, explain=explain)
        crop_one(photos / "photo.png", Undecided(), outputs=outputs, guidance=guidance)
        shown.append(np.asarray(Image.open(photos / f"{name}.png")).astype(int))
    changed = np.abs(shown[1] - shown[0]).max(2) > 40
    assert 200 < changed.sum() < changed.size / 4
