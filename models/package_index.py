"""One file of a package on a Python package index, by the simple API (PEP 503 and PEP 691)."""

from __future__ import annotations

import contextlib
import html.parser
import json
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

from ..core.errors import ModelError
from .index_http import Index, damaged_page, joined, read_page

_SIMPLE = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"


@dataclass(frozen=True)
class IndexFile:
    """Where the index says that a file is."""

    url: str
    sha256: str | None  # 64 hex digits


def find_file(index: Index, package: str, file: str, *, loopback: bool = False) -> IndexFile:
    """Ask the index where a file of a package is.

    Raises:
        ModelError: the index fails, or has no such file.
    """
    url = f"{index.url}/{re.sub(r'[-_.]+', '-', package).lower()}/"
    what = f"the page of {package}"
    page = read_page(index, url, what, accept=_SIMPLE, loopback=loopback)
    links = _json_links if page.kind.endswith("json") else _html_links
    try:
        listed = list(links(page.content))
    except (ValueError, RecursionError) as error:
        raise damaged_page(index, what) from error
    for name, link, sha256 in listed:
        if name == file:
            return IndexFile(joined(page.url, link), sha256)
    raise ModelError(
        f"{index.label} has no {file} of {package}; get the file elsewhere, or ask another index "
        "with PIP_INDEX_URL."
    )


def _json_links(page: bytes) -> Iterator[tuple[str, str, str | None]]:
    answer = json.loads(page)
    files = answer.get("files") if isinstance(answer, dict) else None
    for entry in files if isinstance(files, list) else []:
        if not isinstance(entry, dict):
            continue
        name, link, hashes = entry.get("filename"), entry.get("url"), entry.get("hashes")
        if isinstance(name, str) and isinstance(link, str):
            yield name, link, _digest(hashes.get("sha256") if isinstance(hashes, dict) else None)


def _html_links(page: bytes) -> Iterator[tuple[str, str, str | None]]:
    reader = _Anchors()
    with contextlib.suppress(AssertionError):  # how the parser says that it is no HTML
        reader.feed(page.decode("utf-8", "replace"))
        reader.close()
    for link in reader.links:
        address, _, fragment = link.partition("#")
        path = address.partition("?")[0]
        digest = dict(urllib.parse.parse_qsl(fragment)).get("sha256")
        yield urllib.parse.unquote(path.rpartition("/")[2]), link, _digest(digest)


class _Anchors(html.parser.HTMLParser):
    """Collects where the anchors of a page lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for key, value in attrs if key == "href" and value]


def _digest(value: object) -> str | None:
    text = value.lower() if isinstance(value, str) else ""
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else None
