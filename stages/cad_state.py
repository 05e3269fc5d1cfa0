"""What a set of expanded pictures depends on, so that it is gone on with as it was begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.files import remove_stale_parts
from ..core.names import printable
from ..data import cad_files as cad
from .cad_set import CadConfig


def require_settings(root: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a folder that holds a set of other settings.

    Raises:
        UsageError: it does.
        DataError: its settings are damaged.
    """
    path = root / cad.SETTINGS
    if not path.is_file():
        return
    earlier = cad.read_json(path)
    if earlier != settings:
        names = sorted(
            key for key in {*earlier, *settings} if earlier.get(key) != settings.get(key)
        )
        raise UsageError(
            f"{printable(root)} holds a set that was made otherwise ({', '.join(names)}); give "
            "the same options as then, or another --out."
        )


def begin_set(root: Path, settings: Mapping[str, Any]) -> None:
    """Make a folder ready and write how the set is made; one begun with the same settings is gone
    on with.

    Raises:
        UsageError, DataError: see `require_settings`.
        OutputError: it cannot be written.
    """
    require_settings(root, settings)
    if not (root / cad.SETTINGS).is_file():
        cad.write_json(root / cad.SETTINGS, settings)
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        remove_stale_parts(folder)


def settings_of(config: CadConfig, **others: Any) -> dict[str, Any]:
    """What a set depends on, as it is written into it."""
    return {"version": cad.VERSION, **_plain(asdict(config)), **_plain(others)}


def _plain(value: Any) -> Any:
    """Values as JSON gives them back."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
