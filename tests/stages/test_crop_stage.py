import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core import encoding
from compose.core.boxes import Box
from compose.core.errors import ImageError, MaskError, OutputError, UsageError
from compose.core.inputs import Source
from compose.stages.crop import CropOutputs, crop_one
from compose.stages.crop_cutout import cutout_box
from compose.stages.crop_engines import ENGINE_NAMES, engine_name, open_engine
from compose.stages.crop_hints import crop_hints
from compose.stages.crop_request import CropRequest, parse_aspect
from compose.stages.crop_subject import mask_for, require_subject


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_crops_are_written_pixel_for_pixel(photo, drawn, voters, tmp_path):
    target = tmp_path / "out" / "photo.png"
    result = crop_one(photo, voters, CropRequest(topk=3), outputs=CropOutputs(target))
    assert files(tmp_path / "out") == ["photo_1.png", "photo_2.png", "photo_3.png"]
    for crop, file in zip(result.crops, result.files, strict=True):
        assert file.name == f"photo_{crop.rank}.png"
        x1, y1, x2, y2 = crop.box
        np.testing.assert_array_equal(pixels(file), drawn[y1:y2, x1:x2])


def test_the_record_is_that_of_the_documentation(photo, voters, tmp_path):
    outputs = CropOutputs(tmp_path / "o" / "photo.png", tmp_path / "v" / "photo_overlay.png")
    request = CropRequest(topk=2, aspects=(parse_aspect("3:2"), parse_aspect("1:1")))
    record = crop_one(photo, voters, request, outputs=outputs).record()
    assert list(record) == ["width", "height", "engine", "crops", "overlay", "seconds"]
    assert (record["width"], record["height"], record["engine"]) == (96, 64, "voters")
    assert [list(crop) for crop in record["crops"]] == [
        ["rank", "box", "score", "aspect", "file"]
    ] * len(record["crops"])
    assert [crop["file"].name for crop in record["crops"]] == [
        "photo_3x2_1.png",
        "photo_3x2_2.png",
        "photo_1x1_1.png",
        "photo_1x1_2.png",
    ]
    assert record["overlay"] == {"file": outputs.overlay}
    bare = crop_one(photo, voters).record()
    assert list(bare) == ["width", "height", "engine", "crops", "seconds"]
    assert list(bare["crops"][0]) == ["rank", "box", "score", "aspect"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_of_the_upright_picture(orientation, drawn, voters, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(drawn).save(tmp_path / "a.png", exif=exif)
    outputs = CropOutputs(tmp_path / "o" / "a.png")
    result = crop_one(tmp_path / "a.png", voters, CropRequest(topk=1), outputs=outputs)
    turned = orientation >= 5
    assert (result.width, result.height) == ((64, 96) if turned else (96, 64))
    upright = voters.seen[0]
    assert upright.shape == (result.height, result.width, 3)
    x1, y1, x2, y2 = result.crops[0].box
    written = pixels(result.files[0])
    np.testing.assert_array_equal(written, upright[y1:y2, x1:x2])


def test_size_is_what_is_written(photo, voters, tmp_path):
    request = CropRequest(topk=2, size=(30, 40))
    result = crop_one(photo, voters, request, outputs=CropOutputs(tmp_path / "o" / "photo.png"))
    assert {pixels(file).shape for file in result.files} == {(40, 30, 3)}
    assert result.crops[0].aspect == "3:4"


def test_the_subject_is_never_cut(photo, voters, tmp_path):
    mask = np.zeros((64, 96), np.uint8)
    mask[3:9, 85:95] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    crops = crop_one(photo, voters, subject=tmp_path / "mask.png").crops
    for x1, y1, x2, y2 in (crop.box for crop in crops):
        assert x1 <= 85
        assert y1 <= 3
        assert x2 >= 95
        assert y2 >= 9
    request = CropRequest(keep=Box(2, 50, 5, 60))
    for x1, y1, x2, y2 in (
        crop.box for crop in crop_one(photo, voters, request, subject=tmp_path / "mask.png").crops
    ):
        assert x1 <= 2
        assert y1 <= 3
        assert x2 >= 95
        assert y2 >= 60


def test_a_mask_of_another_size_fails(photo, voters, tmp_path):
    Image.new("L", (64, 96), 255).save(tmp_path / "mask.png")
    with pytest.raises(MaskError, match="64x96"):
        crop_one(photo, voters, subject=tmp_path / "mask.png")


def test_a_cut_out_is_kept_whole_where_it_can_be(drawn, voters, tmp_path):
    rgba = np.full((150, 240, 4), 255, np.uint8)
    rgba[..., 3] = 0
    rgba[20:140, 15:235, 3] = 255
    path = tmp_path / "cut.png"
    Image.fromarray(rgba).save(path)
    for crop in crop_one(path, voters).crops:
        x1, y1, x2, y2 = crop.box
        assert x1 <= 15
        assert y1 <= 20
        assert x2 >= 235
        assert y2 >= 140
    # what is asked for goes first: no crop of this shape holds all of it
    square = crop_one(path, voters, CropRequest(aspects=(parse_aspect("1:1"),))).crops
    assert square
    assert all(crop.box[2] - crop.box[0] == crop.box[3] - crop.box[1] for crop in square)
    # and a box that the user keeps says what matters
    kept = crop_one(path, voters, CropRequest(keep=Box(100, 50, 120, 70))).crops
    assert any(crop.box[0] > 15 or crop.box[2] < 235 for crop in kept)


def test_a_picture_that_is_hardly_transparent_is_no_cut_out():
    alpha = np.full((100, 200), 255, np.uint8)
    assert cutout_box(alpha, 400, 200) is None
    alpha[:, :8] = 0
    assert cutout_box(alpha, 400, 200) is None
    alpha[:, :40] = 0
    assert cutout_box(alpha, 400, 200) == Box(80, 0, 400, 200)
    assert cutout_box(np.zeros((10, 10), np.uint8), 10, 10) is None
    assert cutout_box(None, 10, 10) is None


def test_transparency_is_seen_over_white(drawn, voters, tmp_path):
    image = Image.fromarray(drawn)
    image.putalpha(0)
    image.save(tmp_path / "a.png")
    crop_one(tmp_path / "a.png", voters)
    assert (voters.seen[0] == 255).all()


def test_a_damaged_picture_leaves_nothing(photo, voters, tmp_path):
    data = photo.read_bytes()
    photo.write_bytes(data[: len(data) // 2])
    outputs = CropOutputs(tmp_path / "o" / "photo.png", tmp_path / "o" / "photo_overlay.png")
    with pytest.raises(ImageError):
        crop_one(photo, voters, outputs=outputs)
    assert not (tmp_path / "o").exists()


def test_nothing_is_left_when_a_crop_cannot_be_written(photo, voters, tmp_path):
    outputs = CropOutputs(tmp_path / "o" / "photo.jpg", tmp_path / "o" / "photo_overlay.png")
    with pytest.raises(OutputError, match=r"\.png"):
        crop_one(photo, voters, outputs=outputs)
    assert not (tmp_path / "o").exists()


def test_the_first_crop_is_written_after_the_others(photo, voters, tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(
        encoding,
        "crop_files",
        lambda path, crops, **rest: order.extend(c.target.name for c in crops),
    )
    request = CropRequest(topk=2, aspects=(parse_aspect("3:2"), parse_aspect("1:1")))
    crop_one(photo, voters, request, outputs=CropOutputs(tmp_path / "photo.png"))
    assert order == ["photo_1x1_2.png", "photo_1x1_1.png", "photo_3x2_2.png", "photo_3x2_1.png"]


def test_quality_and_metadata_are_as_asked(drawn, voters, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "maker"
    source = tmp_path / "a.jpg"
    Image.fromarray(drawn).save(source, exif=exif, quality=95)
    sizes, makers = [], []
    for number, options in enumerate(({}, {"quality": 20}, {"keep_metadata": True})):
        outputs = CropOutputs(tmp_path / str(number) / "a.jpg", **options)
        (file,) = crop_one(source, voters, CropRequest(topk=1), outputs=outputs).files
        sizes.append(file.stat().st_size)
        with Image.open(file) as image:
            makers.append(image.getexif().get(0x010F))
    assert sizes[1] < sizes[0]
    assert makers == [None, None, "maker"]


def test_crop_hints(photo, voters):
    result = crop_one(photo, voters, CropRequest(topk=1))
    x1, y1, x2, y2 = result.crops[0].box
    assert crop_hints(result.crops) == {
        "cropHintsAnnotation": {
            "cropHints": [
                {
                    "boundingPoly": {
                        "vertices": [
                            {"x": x1, "y": y1},
                            {"x": x2, "y": y1},
                            {"x": x2, "y": y2},
                            {"x": x1, "y": y2},
                        ]
                    },
                    "confidence": round(result.crops[0].score, 4),
                    "importanceFraction": round(result.crops[0].importance, 4),
                }
            ]
        }
    }


def test_engines_that_look_at_nothing(photo):
    assert crop_one(photo, open_engine("full")).crops[0].box == (0, 0, 96, 64)
    assert crop_one(photo, open_engine("centre")).crops[0].box == (5, 3, 91, 61)


def test_names_of_engines():
    assert engine_name("auto") == "builtin"
    assert {"auto", "builtin", "full", "centre"} <= set(ENGINE_NAMES)
    with pytest.raises(UsageError, match="'best' is no crop engine; use auto, builtin"):
        open_engine("best")


def test_masks_lie_as_the_inputs_do_or_together(tmp_path):
    source = Source(Path("x/a.jpg"), Path("x/a.jpg"))
    with pytest.raises(MaskError, match=r"add a\.png"):
        mask_for(tmp_path, source)
    (tmp_path / "a.gif").touch()
    assert mask_for(tmp_path, source) == tmp_path / "a.gif"
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.jpg").touch()
    assert mask_for(tmp_path, source) == tmp_path / "x" / "a.jpg"
    (tmp_path / "x" / "a.png").touch()
    assert mask_for(tmp_path, source) == tmp_path / "x" / "a.png"
    one = tmp_path / "a.gif"
    assert mask_for(one, source) == one
    require_subject(one)
    with pytest.raises(UsageError, match="does not exist"):
        require_subject(tmp_path / os.fsdecode(b"\xff"))
