import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from compose.core.errors import MaskError
from compose.core.rle import decode_rle, encode_rle

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
MASKS = hnp.arrays(bool, SHAPES)


@given(MASKS)
def test_text_equals_that_of_pycocotools(mask):
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    ours = encode_rle(mask)
    assert ours == {"size": list(mask.shape), "counts": theirs["counts"].decode()}
    assert np.array_equal(decode_rle(theirs), mask)
    assert np.array_equal(decode_rle(ours), mask)


@given(SHAPES, st.data())
def test_masks_of_few_long_runs(shape, data):
    height, width = 20 * shape[0], 20 * shape[1]
    mask = np.zeros((height, width), bool)
    for _ in range(data.draw(st.integers(0, 4))):
        x, y = data.draw(st.integers(0, width)), data.draw(st.integers(0, height))
        mask[y : y + height // 3, x : x + width // 3] ^= True
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encode_rle(mask)["counts"] == theirs["counts"].decode()
    assert np.array_equal(decode_rle(encode_rle(mask)), mask)


@given(MASKS)
def test_uncompressed_counts(mask):
    cells = mask.ravel(order="F")
    counts, value = [0], False
    for cell in cells:
        if cell != value:
            counts.append(0)
            value = not value
        counts[-1] += 1
    assert np.array_equal(decode_rle({"size": list(mask.shape), "counts": counts}), mask)


@pytest.mark.parametrize("shape", [(7, 5), (1, 9), (9, 1), (1, 1)])
@pytest.mark.parametrize("value", [False, True])
def test_empty_and_full(shape, value):
    mask = np.full(shape, value)
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encode_rle(mask)["counts"] == theirs["counts"].decode()
    assert np.array_equal(decode_rle(theirs), mask)


def test_columns_come_first():
    mask = np.zeros((3, 2), bool)
    mask[1:, 0] = True
    assert np.array_equal(decode_rle({"size": [3, 2], "counts": [1, 2, 3]}), mask)


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [3, 2]},
        {"size": [3, 2], "counts": [1, 2, 4]},
        {"size": [3, 2], "counts": [-1, 7]},
        {"size": [3, 2], "counts": [6.0]},
        {"size": [3], "counts": [3]},
        {"size": [0, 2], "counts": [0]},
        {"size": [3, True], "counts": [3]},
        {"size": [3, 2], "counts": "é"},
        {"size": [3, 2], "counts": "\n"},
        {"size": [3, 2], "counts": "o" * 40},
        {"size": [3, 2], "counts": "P"},
        {"size": [3, 2], "counts": ""},
        {"size": [10**6, 10**6], "counts": [10**12]},
        {"size": [3, 2], "counts": [2**70, 6]},
    ],
)
def test_damage_is_told_in_one_sentence(rle):
    with pytest.raises(MaskError) as caught:
        decode_rle(rle)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=30), SHAPES)
def test_any_bytes_give_a_mask_or_an_error(counts, shape):
    try:
        mask = decode_rle({"size": list(shape), "counts": counts})
    except MaskError:
        return
    assert mask.shape == shape
