"""Records of large JSON files: as the plain parser reads them, wherever the pages end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compose.core.errors import DataError
from compose.data import json_records
from compose.data.json_records import read_records, records_at

TEXT = st.text(st.sampled_from('[]{},:"\\ \n/ab\u00e9\u2028'), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=4)
DOCUMENTS = st.fixed_dictionaries(
    {"a": ROWS, "b": ROWS}, optional={"c": VALUES, '"]': VALUES, "": ROWS}
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    document=DOCUMENTS, indent=st.sampled_from([None, 1]), plain=st.booleans(), order=st.randoms()
)
def test_records_are_those_of_the_plain_parser(
    tmp_path: Path, document: dict[str, Any], indent: int | None, plain: bool, order: Any
) -> None:
    keys = list(document)
    order.shuffle(keys)
    path = tmp_path / "in.json"
    text = json.dumps({key: document[key] for key in keys}, indent=indent, ensure_ascii=plain)
    path.write_bytes(text.encode())
    found = list(read_records(path, ("a", "b"), "that"))
    for key in ("a", "b"):
        assert [each.value for each in found if each.key == key] == document[key]
    spans = [(each.start, each.length) for each in found]
    assert list(records_at(path, spans)) == [each.value for each in found]


def test_what_is_passed_may_leave_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "_KEPT", 5000)
    rows = [{"id": number, "text": "x" * (number % 700)} for number in range(300)]
    path = tmp_path / "in.json"
    path.write_text(json.dumps({"rows": rows}))
    assert [each.value for each in read_records(path, ("rows",), "that")] == rows


def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    text = json.dumps({"info": {"a": "}]"}, "rows": [{"id": 1, "x": [[1, 2]]}, {"id": 2}]}).encode()
    path = tmp_path / "in.json"
    for end in range(len(text)):
        path.write_bytes(text[:end])
        with pytest.raises(DataError):
            list(read_records(path, ("rows",), "that"))
    path.write_bytes(text + b"]")
    with pytest.raises(DataError, match="is not JSON"):
        list(read_records(path, ("rows",), "that"))


@pytest.mark.parametrize(("text", "reason"), [
    ("[]", "no object; give that"), ('{"b": []}', "no list of rows; give that"),
    ('{"rows": 3}', "no list of rows"), ('{"rows": [3]}', "no list of rows"),
    ("{'rows': []}", "is not JSON"), ('{"rows": [{"id": 1} {"id": 2}]}', "is not JSON"),
    ('{"rows": [{"id": 01}]}', "is not JSON"),
])  # fmt: skip
def test_other_files_are_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "in.json"
    path.write_text(text)
    with pytest.raises(DataError, match=reason):
        list(read_records(path, ("rows",), "that"))


def test_a_file_that_changed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text('{"rows": [{"id": 1}, {"id": 2}]}')
    spans = [(each.start, each.length) for each in read_records(path, ("rows",), "that")]
    path.write_text('{"rows":      [{"id": 1}, {"id": 2}]}')
    with pytest.raises(DataError, match="changed meanwhile"):
        list(records_at(path, spans))
