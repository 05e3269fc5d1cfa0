"""The archive of one version of a package on the npm registry, by its list of versions."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..core.errors import ModelError
from .index_http import Index, damaged_page, joined, read_page
from .source_archive import Archive

# the short list, with what an installer needs; registries that have none give the long one
_SHORT = "application/vnd.npm.install-v1+json, application/json;q=0.8"
_STRONGEST_FIRST = ("sha512", "sha384", "sha256", "sha1")


def find_tarball(registry: Index, package: str, version: str, *, loopback: bool = False) -> Archive:
    """Ask the registry where the archive of a version is, and what its hash is.

    Raises:
        ModelError: the registry fails, or has no such version.
    """
    what = f"the versions of {package}"
    url = f"{registry.url}/{package.replace('/', '%2f')}"  # as npm writes a scope's slash
    page = read_page(registry, url, what, accept=_SHORT, loopback=loopback)
    try:
        versions = _table(json.loads(page.content), "versions")
        if version not in versions:
            raise ModelError(
                f"{registry.label} has no version {version} of {package}; get the file elsewhere, "
                "or ask another registry with npm_config_registry."
            )
        said = _table(_table(versions, version), "dist")
        algorithm, digests = _digests(said.get("integrity"), said.get("shasum"))
        link = said["tarball"]
        if not isinstance(link, str):
            raise ValueError("the address of the archive is no text")
    except (ValueError, KeyError, RecursionError) as error:
        raise damaged_page(registry, what) from error
    file = f"{package.rpartition('/')[2]}-{version}.tgz"
    return Archive(registry, joined(page.url, link), file, algorithm, digests)


def _table(of: Any, key: str) -> dict[str, Any]:
    entry = of.get(key) if isinstance(of, dict) else None
    if not isinstance(entry, dict):
        raise ValueError(f"{key} is no table")
    return entry


def _digests(integrity: object, shasum: object) -> tuple[str, tuple[str, ...]]:
    """The strongest algorithm that both sides know, and the hex digits that it may give.

    Raises:
        ValueError: a hash is stated, but none that can be checked.
    """
    if integrity is None and shasum is None:
        return "sha256", ()
    stated = integrity if isinstance(integrity, str) else ""
    pairs = [hashed.partition("?")[0].partition("-") for hashed in stated.split()]
    if isinstance(shasum, str):
        pairs.append(("sha1", "-", base64.b64encode(bytes.fromhex(shasum)).decode("ascii")))
    for algorithm in _STRONGEST_FIRST:
        given = [value for name, _, value in pairs if name == algorithm]
        if given:
            return algorithm, tuple(base64.b64decode(v, validate=True).hex() for v in given)
    raise ValueError("no hash of a known kind")
