"""The projection of the trunk's tokens and the subject's read-out, and encoders by name."""

from __future__ import annotations

import numpy as np
import pytest

from compose.core.errors import ModelError, UsageError
from compose.models.composition import CELLS, COMPOSITION, PLACES, Composition, CompositionReader
from compose.models.crop_builtin import weights_folder
from compose.models.reference_encoder import ENCODER_NAMES, BuiltinEncoder, open_encoder


@pytest.fixture(scope="module")
def reader():
    return CompositionReader()


def blob(x, y, size=300):
    """A red disc on grey, not square."""
    down, across = np.mgrid[0:size, 0 : size * 3 // 2]
    inside = (across - x * size * 1.5) ** 2 + (down - y * size) ** 2 < (size / 7) ** 2
    return np.where(inside[..., None], (210, 60, 40), (120, 125, 130)).astype(np.uint8)


def test_the_subject_is_where_it_was_drawn(reader):
    for x, y in ((0.25, 0.3), (0.75, 0.7), (0.5, 0.5)):
        found = reader.projections.subject(reader.tokens(blob(x, y)))
        assert found.shape == (CELLS, CELLS)
        assert found.min() >= 0
        assert found.max() <= 1
        row, column = np.unravel_index(found.argmax(), found.shape)
        assert abs((column + 0.5) / CELLS - x) < 0.12
        assert abs((row + 0.5) / CELLS - y) < 0.12


def test_like_layouts_have_near_vectors(reader):
    def vector(x, y):
        return reader.projections.vector(reader.tokens(blob(x, y)))

    left, near, right = vector(0.25, 0.5), vector(0.28, 0.5), vector(0.75, 0.5)
    assert left.shape == (256,)
    np.testing.assert_allclose(np.linalg.norm(left), 1, atol=1e-5)
    assert left @ near > left @ right + 0.05


def test_a_vector_s_cells_lie_row_by_row(reader):
    tokens = np.zeros((384, CELLS, CELLS), np.float32)
    tokens += reader.projections._mean[:, None, None]
    tokens[:, :4, 12:] += 50  # the last cell of the first row
    cells = reader.projections.vector(tokens).reshape(reader.projections.shape)
    strength = np.abs(cells).sum(1)
    assert strength.argmax() == 3
    assert strength[3] > 100 * np.delete(strength, 3).max()


def test_places_are_those_of_the_cells():
    x, y = PLACES[1].reshape(CELLS, CELLS), PLACES[2].reshape(CELLS, CELLS)
    assert x[0, 0] == x[5, 0] == -1 + 1 / CELLS
    assert y[0, 3] == -1 + 1 / CELLS
    np.testing.assert_allclose(PLACES[5], PLACES[1] * PLACES[2])


def test_weights_of_other_kinds_are_refused(tmp_path):
    with pytest.raises(ModelError, match="is missing from the installation"):
        Composition(tmp_path)
    (tmp_path / COMPOSITION).write_bytes(b"PK nothing")
    with pytest.raises(ModelError, match="is damaged"):
        Composition(tmp_path)
    np.savez(tmp_path / COMPOSITION, mean=np.zeros(3), axes=np.zeros((2, 3)))
    with pytest.raises(ModelError, match="has no 'readout'"):
        Composition(tmp_path)
    np.savez(tmp_path / COMPOSITION, mean=np.zeros(3), axes=np.zeros((2, 3)), readout=np.zeros(4))
    with pytest.raises(ModelError, match="of another version"):
        Composition(tmp_path)
    pickled = np.array([{}], dtype=object)
    np.savez(tmp_path / COMPOSITION, mean=pickled)
    with pytest.raises(ModelError, match="is damaged"):
        Composition(tmp_path)


def test_the_digest_is_of_the_weights(reader, tmp_path):
    for file in ("crop_trunk_vit.onnx", COMPOSITION):
        (tmp_path / file).write_bytes((weights_folder() / file).read_bytes())
    assert CompositionReader(folder=tmp_path).digest() == reader.digest()
    with np.load(tmp_path / COMPOSITION) as file:
        arrays = dict(file)
    np.savez(tmp_path / COMPOSITION, **{**arrays, "mean": arrays["mean"] + 1})
    assert CompositionReader(folder=tmp_path).digest() != reader.digest()


def test_encoders_by_name(reader):
    encoder = open_encoder("builtin", reader)
    assert isinstance(encoder, BuiltinEncoder)
    assert (encoder.name, encoder.tokens, encoder.metric) == ("builtin", (16, 16), "cosine")
    with pytest.raises(UsageError, match="'clip' is no encoder; use " + ", ".join(ENCODER_NAMES)):
        open_encoder("clip", reader)
