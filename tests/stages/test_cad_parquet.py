"""Tables of sets as parquet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from compose.stages.cad_parquet import write_parquet

parquet = pytest.importorskip("pyarrow.parquet")


def test_names_that_are_no_utf8_are_written_as_they_are_shown(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \xc3\xbc.png")
    write_parquet(tmp_path / "a.csv", ["name", "count"], [[name, 1], ["ü.png", None]])
    table = parquet.read_table(tmp_path / "a.parquet").to_pydict()
    assert table == {"name": ["caf\\xe9 ü.png", "ü.png"], "count": [1, None]}
