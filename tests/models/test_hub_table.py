import re
import subprocess
import sys
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from compose.core.errors import UsageError
from compose.models.cache import embedded_path
from compose.models.checkpoint import (
    FREE_LICENCES,
    Checkpoint,
    HubSource,
    NpmSource,
    SdistSource,
    UrlSource,
    WheelSource,
)
from compose.models.crop_builtin import weights_folder
from compose.models.registry import CHECKPOINTS, checkpoint

ROWS = pytest.mark.parametrize("row", CHECKPOINTS.values(), ids=CHECKPOINTS.keys())


@ROWS
def test_a_row_is_complete_and_well_formed(row: Checkpoint) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.name)
    assert row.file == PurePosixPath(row.file).name
    assert not row.file.startswith(".")
    assert row.purpose
    assert row.licence == "unknown" or row.licence in FREE_LICENCES
    assert row.size is None or row.size > 5_000
    assert row.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", row.sha256)
    assert row.sha256_prefix is None or re.fullmatch(r"[0-9a-f]{6,63}", row.sha256_prefix)
    assert row.known_digest is not None


@ROWS
def test_sources_lead_to_the_row_s_file_by_https(row: Checkpoint) -> None:
    assert row.sources or embedded_path(row)
    for source in row.sources:
        match source:
            case WheelSource(package, version, member):
                assert re.fullmatch(r"[a-z0-9-]+", package)
                assert re.fullmatch(r"[0-9.]+", version)
                assert PurePosixPath(member).name == row.file
                assert not member.startswith("/")
                assert ".." not in member
            case SdistSource(package, version, file, member):
                assert re.fullmatch(r"[a-z0-9-]+", package)
                assert re.fullmatch(r"[0-9.]+", version)
                assert file.endswith(f"-{version}.tar.gz")
                assert PurePosixPath(member).name == row.file
                assert PurePosixPath(member).parts[0] == file.removesuffix(".tar.gz")
                assert ".." not in member
            case NpmSource(package, version, member):
                assert re.fullmatch(r"(@[a-z0-9-]+/)?[a-z0-9][a-z0-9.-]*", package)
                assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version)
                assert PurePosixPath(member).name == row.file
                assert not member.startswith("/")
                assert ".." not in member
            case UrlSource(url) | HubSource(url=url):
                assert urlsplit(url).scheme == "https"
                assert urlsplit(url).path.endswith(f"/{row.file}")


def test_every_network_that_ships_has_a_row() -> None:
    files = {row.file for row in CHECKPOINTS.values()}
    shipped = {path.name for path in weights_folder().glob("*.onnx")}
    assert len(shipped) > 9
    assert shipped <= files


def test_no_two_rows_share_a_file_or_a_hash() -> None:
    files = [row.file.lower() for row in CHECKPOINTS.values()]
    hashes = [row.known_digest for row in CHECKPOINTS.values()]
    assert len(set(files)) == len(files)
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("efficientnet-lite2", "9656183e"), ("vgg16", "397923af"), ("resnet50", "0676ba61")],
)
def test_hashes_agree_with_the_prefix_that_the_authors_put_into_the_name(
    name: str, prefix: str
) -> None:
    row = checkpoint(name)
    assert row.sha256 is not None
    assert row.sha256.startswith(prefix)
    assert prefix in row.file


def test_an_unknown_name_is_refused_with_the_closest_one() -> None:
    with pytest.raises(UsageError, match="did you mean efficientnet-lite2"):
        checkpoint("eficientnet-lite2")
    with pytest.raises(UsageError, match="compose models list"):
        checkpoint("\n")


def test_the_table_imports_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, compose.models.registry\n"
        "heavy = {'numpy', 'torch', 'PIL', 'onnxruntime', 'ssl', 'typer'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
