"""One file of a package on a package index, by the simple API (PEP 503 and PEP 691).

What the index's address holds of a user and password goes to that index alone, and into no
message.
"""

from __future__ import annotations

import base64
import contextlib
import html.parser
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..core.errors import ModelError
from ..core.names import printable
from .guarded_http import opener, require_https

TIMEOUT = 30.0  # seconds without a byte
_SIMPLE = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
_LARGEST_PAGE = 16 * 2**20  # bytes


@dataclass(frozen=True)
class Index:
    """A package index, and what it wants to know of the user."""

    url: str  # without user, password, query and last slash
    label: str  # what messages call it
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class IndexFile:
    """Where the index says that a file is."""

    url: str
    sha256: str | None  # 64 hex digits


def parse_index(url: str) -> Index:
    """Take an index's address apart, so that no message can hold what is secret in it.

    Raises:
        ModelError: it is no address.
    """
    # a slash in a password that was not escaped ends up in the path, so all of it is left out
    label = "the package index of pip's settings" if "@" in url else f"the index {printable(url)}"
    try:
        parts = urllib.parse.urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
    except ValueError:  # its text holds the address
        raise ModelError(f"{label} has no valid address; mend pip's index-url.") from None
    name, _, password = user.partition(":")
    pair = f"{urllib.parse.unquote(name)}:{urllib.parse.unquote(password)}"
    token = base64.b64encode(pair.encode("utf-8", "surrogateescape")).decode("ascii")
    plain = urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return Index(plain, label, f"Basic {token}" if at else None)


def find_file(index: Index, package: str, file: str, *, loopback: bool = False) -> IndexFile:
    """Ask the index where a file of a package is.

    Raises:
        ModelError: the index fails, or has no such file.
    """
    url = f"{index.url}/{re.sub(r'[-_.]+', '-', package).lower()}/"
    what = f"the page of {package}"
    with open_on(index, url, what, accept=_SIMPLE, loopback=loopback) as response:
        page = read_block(response, index, what, _LARGEST_PAGE + 1)
        kind = response.headers.get_content_type()
        base = response.geturl()
    if len(page) > _LARGEST_PAGE:
        raise ModelError(
            f"{index.label} sent a page of more than {_LARGEST_PAGE} bytes for {package}; check "
            "pip's index settings, then pull again."
        )
    links = _json_links if kind.endswith("json") else _html_links
    try:
        listed = list(links(page))
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{index.label} sent a damaged page for {package}; check pip's index settings, then "
            "pull again."
        ) from error
    for name, link, sha256 in listed:
        if name == file:
            return IndexFile(_joined(base, link), sha256)
    raise ModelError(
        f"{index.label} has no {file} of {package}; get the file elsewhere, or ask another index "
        "with PIP_INDEX_URL."
    )


def open_on(
    index: Index, url: str, what: str, *, accept: str = "*/*", loopback: bool = False
) -> http.client.HTTPResponse:
    """Open an address that the index named; `what` is its name in messages.

    Only the index's own server is told who the user is, and no server that it redirects to.

    Raises:
        ModelError: the address is not allowed, or the server fails.
    """
    try:
        require_https(url, loopback=loopback)
    except (ModelError, ValueError):  # whose text may hold a token of the address
        raise ModelError(
            f"{index.label} does not give {what} by https, and checkpoints are fetched by https "
            "only; set PIP_INDEX_URL to an index that does."
        ) from None
    request = urllib.request.Request(url, headers={"Accept": accept})
    if index.authorization and _server(url) == _server(index.url):
        request.add_unredirected_header("Authorization", index.authorization)
    try:
        # an index may be a machine of the user's own network, whom their pip trusts as well
        director = opener(loopback=loopback, private=not loopback)
        response: http.client.HTTPResponse = director.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelError(
            f"{index.label} answered {error.code} ({printable(str(error.reason))}) for {what}; "
            "check pip's index settings, then pull again."
        ) from error
    except (http.client.InvalidURL, OverflowError, ValueError):  # whose text holds the address
        raise ModelError(
            f"{index.label} has no valid address for {what}; mend pip's index-url."
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise _broken(index, what, error) from error
    return response


def read_block(response: http.client.HTTPResponse, index: Index, what: str, amount: int) -> bytes:
    """At most `amount` bytes of an answer, b"" at its end.

    Raises:
        ModelError: the network failed.
    """
    try:
        return response.read(amount)
    except (OSError, http.client.HTTPException) as error:
        raise _broken(index, what, error) from error


def _broken(index: Index, what: str, error: Exception) -> ModelError:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    reason = printable(str(cause).rstrip(".")) or type(cause).__name__
    return ModelError(
        f"{index.label} did not give {what} ({reason}); check the network and pip's index "
        "settings, then pull again."
    )


def _server(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _joined(base: str, link: str) -> str:
    """The whole address of a link, without fragment and without anybody's password."""
    try:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, link))
    except ValueError:
        return ""  # which is refused as an address
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


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
