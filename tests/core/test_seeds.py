from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compose.core.seeds import derive_seed, generator


def test_streams_are_the_same_for_ever() -> None:
    assert derive_seed(0) == 2033344993903900207
    assert derive_seed(7, "sketch", "photo.jpg") == 4162592825834510045
    first, second = (generator(7, "sketch").bytes(64) for _ in range(2))
    assert first == second
    assert generator(7, "crop").bytes(64) != first


@given(st.integers(0), st.lists(st.text()), st.integers(0), st.lists(st.text()))
def test_other_names_give_other_streams(a: int, m: list[str], b: int, n: list[str]) -> None:
    same = (a, m) == (b, n)
    assert (derive_seed(a, *m) == derive_seed(b, *n)) is same
    assert 0 <= derive_seed(a, *m) < 2**63


def test_undecodable_names_are_names() -> None:
    assert derive_seed(1, "a\udcff") != derive_seed(1, "a\udcfe")
