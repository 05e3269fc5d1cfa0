"""Checkpoints on the Hugging Face hub, by its own library where that is installed.

The library brings the user's token, mirror (`HF_ENDPOINT`) and transport. Without it a public
file is fetched from the hub's plain address like any other.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ..core.errors import ModelError
from ..core.files import atomic_write
from .cache import cache_folder
from .checkpoint import Checkpoint, HubSource
from .source_url import fetch_url
from .transfer import Progress, Transfer


def fetch_hub(
    source: HubSource,
    row: Checkpoint,
    target: Path,
    *,
    progress: Progress | None = None,
    endpoint: str | None = None,
) -> None:
    """Fetch a file of a hub's repository to `target`, if its hash is right.

    `endpoint` is another hub's address; None takes the library's own setting.

    Raises:
        ModelError: the hub fails, wants a login, or the file is another one.
        OutputError: the cache cannot be written.
    """
    if importlib.util.find_spec("huggingface_hub") is None:
        fetch_url(source.url, row, target, progress=progress)
        return
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    disable_progress_bars()  # its bars would go between ours
    folder = cache_folder() / "partial" / "hub"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # kept from try to try, for the library goes on with what it left there
        local = hf_hub_download(
            source.repository,
            source.file,
            revision=source.revision,
            local_dir=folder,
            endpoint=endpoint,
        )
    except Exception as error:  # its transport's own errors differ from version to version
        sentence = " ".join(str(error).split())[:200].rstrip(". ")
        raise ModelError(
            f"the hub did not give {source.file} of {source.repository} ({sentence}); check the "
            "network, or `hf auth login` if the repository is gated, and pull again."
        ) from error
    _move(Path(local), source, row, target, progress)


def _move(
    local: Path, source: HubSource, row: Checkpoint, target: Path, progress: Progress | None
) -> None:
    try:
        with local.open("rb") as opened, atomic_write(target) as part, part.open("wb") as written:
            transfer = Transfer(row, written, progress)
            transfer.take(opened)
            transfer.check(str(source))
    finally:
        local.unlink(missing_ok=True)
