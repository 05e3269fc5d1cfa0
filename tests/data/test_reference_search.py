"""Nearest references: exactly, against sorting all distances, and by the optional backends."""

from __future__ import annotations

import numpy as np
import pytest

from compose.core.errors import DataError, UsageError
from compose.data.reference_backends import BACKENDS, open_searcher
from compose.data.reference_index import open_index
from compose.data.reference_search import ExactSearcher, Query
from compose.data.reference_write import write_index

from .references import header, make_index, reference


def slow(index, vector, metric, k, gone=()):
    """All distances in float64, sorted."""
    rows = np.asarray(index.vectors, np.float64)
    if metric == "l2":
        far = np.sqrt(((rows - vector) ** 2).sum(1))
    else:
        far = 1 - rows @ vector / np.linalg.norm(rows, axis=1) / np.linalg.norm(vector)
    order = [int(i) for i in np.argsort(far, kind="stable") if i not in set(gone)]
    return order[:k], far


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("count", [1, 9, 700, 3000])
def test_exact_is_what_sorting_gives(tmp_path, metric, resident, count):
    index = make_index(tmp_path / "a.idx", count, 24, metric)
    searcher = ExactSearcher(index, resident=resident)
    searcher._rows = 100  # several chunks
    for seed in range(4):
        vector = np.random.default_rng(seed).standard_normal(24)
        found = searcher.search(Query(vector), 10)
        order, far = slow(index, vector.astype(np.float32).astype(float), metric, 10)
        assert [n.row for n in found] == order
        np.testing.assert_allclose([n.distance for n in found], far[order], atol=1e-6)


def test_large_norms_do_not_hide_the_nearest(tmp_path):
    """|x|² of 1e9 swallows distances of 1 in float32; the exact measure finds them."""
    random = np.random.default_rng(0)
    rows = (random.standard_normal((400, 64)) * 0.02 + 4096).astype(np.float16)
    rows[:, 0] += np.arange(400) % 7
    write_index(
        tmp_path / "a.idx", header(64, "l2"), [reference(i) for i in range(400)], rows, range(400)
    )
    index = open_index(tmp_path / "a.idx")
    vector = rows[123].astype(np.float64) + 0.25
    found = ExactSearcher(index).search(Query(vector), 5)
    _, far = slow(index, vector, "l2", 5)
    np.testing.assert_allclose([n.distance for n in found], np.sort(far)[:5])


def test_copies_and_pictures_of_the_source_are_left_out(tmp_path):
    index = make_index(tmp_path / "a.idx", 30)
    vector = index.vectors[4].astype(np.float32)
    assert ExactSearcher(index).search(Query(vector), 1)[0].row == 4
    by_source = ExactSearcher(index).search(Query(vector, source="s4"), 30)
    assert 4 not in {n.row for n in by_source}
    assert len(by_source) == 29
    near = int(index.hashes[4]) ^ 0b111
    by_hash = ExactSearcher(index).search(Query(vector, hash=near), 30)
    assert 4 not in {n.row for n in by_hash}
    kept = ExactSearcher(index, near=2).search(Query(vector, hash=near), 1)
    assert kept[0].row == 4
    assert (
        ExactSearcher(index, near=-1).search(Query(vector, hash=int(index.hashes[4])), 1)[0].row
        == 4
    )


def test_rows_without_direction_answer_nothing(tmp_path):
    rows = np.ones((4, 8), np.float16)
    rows[1], rows[2, 0] = 0, np.inf
    write_index(tmp_path / "a.idx", header(), [reference(i) for i in range(4)], rows, range(4))
    index = open_index(tmp_path / "a.idx")
    for resident in (True, False):
        found = ExactSearcher(index, resident=resident).search(Query(np.ones(8)), 4)
        assert [n.row for n in found] == [0, 3]
    assert ExactSearcher(make_index(tmp_path / "b.idx", 0)).search(Query(np.ones(8)), 4) == []


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore")  # of the backends' own making
def test_backends_agree_on_a_small_index(tmp_path, backend, metric):
    index = make_index(tmp_path / "a.idx", 200, 16, metric)
    if backend == "qdrant":
        pytest.importorskip("qdrant_client")
        from compose.data.reference_qdrant import QdrantSearcher, open_qdrant, push_to_qdrant

        client = open_qdrant(":memory:")
        push_to_qdrant(index, client, "compose")
        searcher = QdrantSearcher(index, metric, client=client)
    else:
        if backend != "exact":
            pytest.importorskip(backend)
        searcher = open_searcher(index, backend, metric=metric)
    vector = index.vectors[7].astype(np.float32)
    query = Query(vector, "s7", int(index.hashes[3]))
    found = searcher.search(query, 5)
    order, far = slow(index, vector.astype(float), metric, 5, gone=(7, 3))
    assert [n.row for n in found] == order
    np.testing.assert_allclose([n.distance for n in found], far[order], atol=1e-6)


def test_what_is_not_there_is_said(tmp_path, monkeypatch):
    index = make_index(tmp_path / "a.idx")
    with pytest.raises(UsageError, match="'annoy' is no backend; use exact, usearch"):
        open_searcher(index, "annoy")
    with pytest.raises(UsageError, match="'manhattan' is no distance; use cosine or l2"):
        open_searcher(index, metric="manhattan")
    for module, backend in (
        ("usearch.index", "usearch"),
        ("faiss", "faiss"),
        ("qdrant_client", "qdrant"),
    ):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(UsageError, match=rf"pip install 'compose-toolkit\[{backend}\]'"):
            open_searcher(index, backend)


@pytest.mark.filterwarnings("ignore")
def test_a_collection_of_another_index_is_refused(tmp_path):
    pytest.importorskip("qdrant_client")
    from compose.data.reference_qdrant import QdrantSearcher, open_qdrant, push_to_qdrant

    index, client = make_index(tmp_path / "a.idx"), open_qdrant(":memory:")
    with pytest.raises(UsageError, match="no collection 'x'; fill it with `compose index push`"):
        QdrantSearcher(index, client=client, collection="x")
    push_to_qdrant(make_index(tmp_path / "b.idx", 5), client, "x")
    with pytest.raises(UsageError, match="holds 5 references and the index 20"):
        QdrantSearcher(index, client=client, collection="x")
    push_to_qdrant(index, client, "x")  # replaces what it held
    QdrantSearcher(index, client=client, collection="x")


@pytest.mark.filterwarnings("ignore")
def test_a_server_that_does_not_answer_is_one_sentence(tmp_path):
    pytest.importorskip("qdrant_client")
    index = make_index(tmp_path / "a.idx")
    with pytest.raises(DataError, match="the Qdrant server does not serve this") as error:
        open_searcher(index, "qdrant", server="http://127.0.0.1:9")
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 1
