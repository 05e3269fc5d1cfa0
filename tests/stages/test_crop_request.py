import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.errors import UsageError
from compose.stages.crop_names import crop_names, overlay_name
from compose.stages.crop_request import (
    Aspect,
    CropRequest,
    aspect_name,
    parse_aspect,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("16:9", (16, 9)),
        ("1.85:1", (37, 20)),
        ("1.5", (3, 2)),
        (" 4:5 ", (4, 5)),
        ("32:18", (16, 9)),
    ],
)
def test_aspects_are_read_exactly(text, sides):
    aspect = parse_aspect(text)
    assert (aspect.width, aspect.height, aspect.label) == (*sides, text.strip())


@pytest.mark.parametrize("text", ["", "16", "0:1", "1:0", "a:b", "16x9", "-1:2", "1:2:3", "1e3:1"])
def test_no_aspects(text):
    if text == "16":
        assert parse_aspect(text).ratio == 16
        return
    with pytest.raises(UsageError, match="aspect"):
        parse_aspect(text)


def test_an_aspect_beyond_all_pictures_is_refused():
    with pytest.raises(UsageError, match="100:1"):
        parse_aspect("101:1")


def test_sizes():
    assert parse_size("1080x1350") == (1080, 1350)
    for text in ("1080", "0x5", "5x0", "1080x", "axb", "99999x1", "10x10x10"):
        with pytest.raises(UsageError, match="write it as"):
            parse_size(text)


@pytest.mark.parametrize(
    ("sides", "name"),
    [
        ((1920, 1080), "16:9"),
        ((1080, 1920), "9:16"),
        ((641, 427), "3:2"),
        ((640, 427), "3:2"),
        ((500, 500), "1:1"),
        ((1000, 704), "1.42:1"),
        ((300, 1000), "0.30:1"),
        ((1, 201), "1:201.00"),
    ],
)
def test_names_of_ratios(sides, name):
    assert aspect_name(*sides) == name


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_a_named_ratio_is_exact_within_a_pixel(width, height):
    name = aspect_name(width, height)
    a, b = (float(part) for part in name.split(":"))
    if "." not in name:
        assert min(abs(width - height * a / b), abs(height - width * b / a)) <= 1
    else:
        assert (a, b) == pytest.approx(
            (width / height, 1) if b == 1 else (1, height / width), abs=0.0051
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"topk": 0},
        {"min_area": 1.5},
        {"diverse": -0.1},
        {"size": (10, 10), "aspects": (Aspect(1, 1, "1:1"),)},
        {"aspects": (Aspect(1, 1, "1:1"), Aspect(1, 1, "1:1"))},
        {"upscale": True},
        {"size": (0, 10)},
    ],
)
def test_contradictions_are_wrong_usage(fields):
    with pytest.raises(UsageError, match=r"\.$"):
        CropRequest(**fields)


def test_names_of_crops(tmp_path):
    one = CropRequest(topk=2, aspects=(parse_aspect("1:1"),))
    two = CropRequest(topk=1, aspects=(parse_aspect("16:9"), parse_aspect("1.5")))
    target = tmp_path / "sub" / "a.b.jpg"
    assert [path.name for path in crop_names(target, one)] == ["a.b_1.jpg", "a.b_2.jpg"]
    assert [path.name for path in crop_names(target, two)] == ["a.b_16x9_1.jpg", "a.b_1.5_1.jpg"]
    assert {path.parent for path in crop_names(target, two)} == {tmp_path / "sub"}


@pytest.mark.parametrize(
    ("name", "overlay"),
    [
        ("a.jpg", "a_overlay.jpg"),
        ("a.JPEG", "a_overlay.JPEG"),
        ("a.png", "a_overlay.png"),
        ("a.webp", "a_webp_overlay.png"),
        ("a.heic", "a_heic_overlay.png"),
        ("a", "a_overlay.png"),
    ],
)
def test_names_of_overlays(tmp_path, name, overlay):
    assert overlay_name(tmp_path / name) == tmp_path / overlay
