import base64
import io
import re

import numpy as np
from PIL import Image

from compose.core.report import Report
from compose.stages.crop import crop_one
from compose.stages.crop_report import crop_entry, describe_request
from compose.stages.crop_request import CropRequest, parse_aspect


def test_crops_stand_beside_their_picture(photo, drawn, voters, tmp_path):
    result = crop_one(photo, voters, CropRequest(topk=3))
    with Report(tmp_path / "p.html", "Crops", "lead") as report:
        crop_entry(result).add_to(report, "photo.png")
    text = (tmp_path / "p.html").read_text("utf-8")
    images = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), int)
        for data in re.findall(r"base64,([^\"]+)", text)
    ]
    assert len(images) == 4
    assert np.abs(images[0] - drawn).mean() < 6
    for crop, image in zip(result.crops, images[1:], strict=True):
        x1, y1, x2, y2 = crop.box
        assert np.abs(image - drawn[y1:y2, x1:x2]).mean() < 6
        assert f"{crop.score:.3f}" in text
        assert f"{crop.aspect} · {x2 - x1}×{y2 - y1}" in text
        left, top = 100 * x1 / 96, 100 * y1 / 64
        assert f"left:{left:.3f}%;top:{top:.3f}%" in text
    assert "96×64 · engine voters" in text


def test_a_reduced_picture_is_cut_where_the_original_would_be(tmp_path, voters):
    rgb = np.zeros((480, 960, 3), np.uint8)
    rgb[:, 480:] = 255
    Image.fromarray(rgb).save(tmp_path / "a.png")
    result = crop_one(tmp_path / "a.png", voters, CropRequest(topk=3))
    assert result.picture.width < 960
    entry = crop_entry(result)
    for crop, figure in zip(result.crops, entry.crops, strict=True):
        light = np.asarray(Image.open(io.BytesIO(figure.image.data)).convert("L")).mean() / 255
        x1, _, x2, _ = crop.box
        assert abs(light - (x2 - max(x1, 480)) / (x2 - x1)) < 0.05


def test_what_was_asked_for_is_said():
    request = CropRequest(topk=3, aspects=(parse_aspect("16:9"),), min_area=0.25, diverse=0.5)
    text = describe_request(request, "full")
    for part in ("3 crops", "engine full", "16:9", "0.25", "IoU 0.5"):
        assert part in text
    assert "1080×1350" in describe_request(CropRequest(topk=1, size=(1080, 1350)), "full")
