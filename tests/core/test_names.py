import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.names import printable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name.jpg", "plain name.jpg"),
        ("ünï 画.jpg", "ünï 画.jpg"),
        ("a\nb\t\r\x1b[31m", "a\\nb\\t\\r\\x1b[31m"),
        (os.fsdecode(b"\xff\xfe.jpg"), "\\xff\\xfe.jpg"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("", ""),
    ],
)
def test_shown(name, shown):
    assert printable(name) == shown


def test_paths():
    assert printable(Path("a") / "b\nc") == os.path.join("a", "b\\nc")


@given(st.binary(max_size=40))
def test_any_name_is_one_line_that_encodes(raw):
    shown = printable(os.fsdecode(raw))
    assert shown.isprintable()
    shown.encode("utf-8")
