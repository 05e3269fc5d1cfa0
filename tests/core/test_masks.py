import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from compose.core.errors import ImageError, MaskError
from compose.core.masks import load_mask, mask_box


@pytest.fixture(scope="module")
def shape():
    mask = np.zeros((30, 48), bool)
    mask[5:17, 8:40] = True
    mask[10:12, 20:22] = False
    return mask


def save(mask, path, kind):
    if kind == "bits":
        image = Image.fromarray(mask)
    elif kind == "grey":
        image = Image.fromarray(np.where(mask, 128, 127).astype(np.uint8))
    elif kind == "ones":
        image = Image.fromarray(mask.astype(np.uint8))
    elif kind == "16 bits":
        image = Image.fromarray(np.where(mask, 40000, 30000).astype(np.uint16))
    elif kind == "16-bit ones":
        image = Image.fromarray(mask.astype(np.uint16))
    elif kind == "labels":
        image = Image.fromarray(mask.astype(np.uint8) * 2, "P")
        image.putpalette([255, 255, 255, 9, 9, 9, 128, 0, 0])
    elif kind == "white first":  # greys in a palette are greys, whatever their index
        image = Image.fromarray(1 - mask.astype(np.uint8), "P")
        image.putpalette([255, 255, 255, 0, 0, 0, 128, 0, 0])
    elif kind == "cut-out":
        colours = np.full((*mask.shape, 3), 250, np.uint8)
        image = Image.fromarray(np.dstack([colours, np.where(mask, 128, 127).astype(np.uint8)]))
    elif kind == "opaque":
        colours = np.repeat(np.where(mask, 255, 0).astype(np.uint8)[..., None], 3, -1)
        image = Image.fromarray(np.dstack([colours, np.full(mask.shape, 255, np.uint8)]))
    elif kind == "grey cut-out":
        image = Image.fromarray(np.dstack([np.zeros_like(mask), mask]).astype(np.uint8) * 255)
    else:
        image = Image.fromarray(np.repeat(mask[..., None], 3, -1).astype(np.uint8) * 255)
    image.save(path)


KINDS = ["bits", "grey", "ones", "16 bits", "16-bit ones", "labels", "white first", "cut-out"]
KINDS += ["opaque", "grey cut-out", "rgb"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_true(tmp_path, shape, kind):
    save(shape, tmp_path / "m.png", kind)
    assert np.array_equal(load_mask(tmp_path / "m.png", size=(48, 30)), shape)


def test_soft_masks_of_floating_point(tmp_path, shape):
    Image.fromarray(np.where(shape, 0.6, 0.4).astype(np.float32)).save(tmp_path / "m.tif")
    assert np.array_equal(load_mask(tmp_path / "m.tif"), shape)


def test_lossy_and_gif(tmp_path, shape):
    image = Image.fromarray(shape.astype(np.uint8) * 255)
    for name in ("m.jpg", "m.gif", "m.webp", "m.bmp", "m.tif"):
        image.save(tmp_path / name)
        assert np.mean(load_mask(tmp_path / name) != shape) < 0.01


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path, shape, upright, exif_of, orientation):
    Image.fromarray(shape).save(tmp_path / "m.png", exif=exif_of(orientation))
    expected = upright(shape, orientation)
    found = load_mask(tmp_path / "m.png", size=(expected.shape[1], expected.shape[0]))
    assert np.array_equal(found, expected)


def test_another_size(tmp_path, shape):
    save(shape, tmp_path / "m.png", "grey")
    with pytest.raises(MaskError, match=r"is 48x30 but its picture is 30x48; resize"):
        load_mask(tmp_path / "m.png", size=(30, 48))


def test_empty(tmp_path, shape):
    save(np.zeros_like(shape), tmp_path / "m.png", "bits")
    with pytest.raises(MaskError, match="is empty"):
        load_mask(tmp_path / "m.png")
    save(np.ones_like(shape), tmp_path / "m.png", "bits")
    assert load_mask(tmp_path / "m.png").all()


def test_no_picture(tmp_path):
    (tmp_path / "m.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ImageError):
        load_mask(tmp_path / "m.png")


@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 9))))
def test_box_is_the_least(mask):
    if not mask.any():
        with pytest.raises(MaskError):
            mask_box(mask)
        return
    x1, y1, x2, y2 = (int(v) for v in mask_box(mask))
    inside = mask[y1:y2, x1:x2]
    assert inside.sum() == mask.sum()
    assert inside[0].any()
    assert inside[-1].any()
    assert inside[:, 0].any()
    assert inside[:, -1].any()


def test_box_is_exclusive(shape):
    assert mask_box(shape) == (8, 5, 40, 17)
