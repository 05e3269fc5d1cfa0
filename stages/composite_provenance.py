"""What came from where: a JSON file beside a composite, and the same as a note within PNG."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ImageError
from ..core.files import atomic_write
from ..core.names import printable
from ..models.own_weights import own_digests

if TYPE_CHECKING:
    from .composite import Loaded

KEYWORD = "compose"  # of the note in PNG (iTXt)


def provenance_file(target: Path) -> Path:
    """The file beside a composite."""
    return target.with_name(f"{target.name}.json")


def provenance(loaded: Loaded, record: Mapping[str, Any]) -> dict[str, Any]:
    """The files that went in with their SHA-256, networks of one's own too, and how.

    Raises:
        ImageError: one of them cannot be read any more.
    """
    spec = loaded.spec
    paths = [spec.background]
    for each in spec.objects:
        paths += [each.image, *([each.mask] if each.mask else [])]
        paths += [each.at] if isinstance(each.at, Path) else []
    sources = [{"path": printable(path), "sha256": _sha256(path)} for path in dict.fromkeys(paths)]
    own = own_digests()
    trained = {"trained": own} if own else {}
    return {"software": f"compose {_version()}", **record, **trained, "sources": sources}


def note_of(values: Mapping[str, Any]) -> dict[str, str]:
    """The note that a PNG carries."""
    return {KEYWORD: json.dumps(values, sort_keys=True)}


def write_provenance(path: Path, values: Mapping[str, Any]) -> None:
    """Write the file.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_write(path) as part:
        part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", "utf-8")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        text = f"{printable(path)} cannot be read again ({error.strerror}); check the path."
        raise ImageError(text) from error


def _version() -> str:
    try:
        return version("compose-toolkit")
    except PackageNotFoundError:  # run from a folder
        return "unknown"
