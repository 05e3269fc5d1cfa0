"""Connections to the package index or registry that the user's own tool asks.

What its address holds of a user and password goes to that index alone, and into no message.
"""

from __future__ import annotations

import base64
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

from ..core.errors import ModelError
from ..core.names import printable
from .guarded_http import opener, require_https

LARGEST_PAGE = 16 * 2**20  # bytes
_TIMEOUT = 30.0  # seconds without a byte


@dataclass(frozen=True)
class Tool:
    """Whose settings name the index, in words for messages."""

    name: str
    kind: str  # what the tool calls an index
    setting: str  # the one that holds its address
    variable: str  # the environment's, which goes before it


PIP = Tool("pip", "package index", "index-url", "PIP_INDEX_URL")
NPM = Tool("npm", "registry", "registry", "npm_config_registry")


@dataclass(frozen=True)
class Index:
    """A package index, and what it wants to know of the user."""

    url: str  # without user, password, query and last slash
    label: str  # what messages call it
    tool: Tool = PIP
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Page:
    """An answer of an index."""

    content: bytes
    kind: str  # its media type
    url: str  # where redirects led


def parse_index(url: str, tool: Tool = PIP) -> Index:
    """Take an index's address apart, so that no message can hold what is secret in it.

    Raises:
        ModelError: it is no address.
    """
    # a slash in a password that was not escaped ends up in the path, so all of it is left out
    shown = printable(re.split("[?#]", url)[0])
    hidden = f"of {tool.name}'s settings"
    label = f"the {tool.kind} {hidden if '@' in url else shown}"
    try:
        parts = urllib.parse.urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
    except ValueError:  # its text holds the address
        raise ModelError(
            f"{label} has no valid address; mend {tool.name}'s {tool.setting}."
        ) from None
    name, _, password = user.partition(":")
    pair = f"{urllib.parse.unquote(name)}:{urllib.parse.unquote(password)}"
    token = base64.b64encode(pair.encode("utf-8", "surrogateescape")).decode("ascii")
    plain = urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return Index(plain, label, tool, f"Basic {token}" if at else None)


def read_page(index: Index, url: str, what: str, *, accept: str, loopback: bool) -> Page:
    """A whole answer that lists files; `what` is its name in messages.

    Raises:
        ModelError: the address is not allowed, the server fails, or its answer is enormous.
    """
    with open_on(index, url, what, accept=accept, loopback=loopback) as response:
        content = read_block(response, index, what, LARGEST_PAGE + 1)
        kind, base = response.headers.get_content_type(), response.geturl()
    if len(content) > LARGEST_PAGE:
        raise ModelError(
            f"{index.label} sent more than {LARGEST_PAGE} bytes as {what}; check "
            f"{index.tool.name}'s settings, then pull again."
        )
    return Page(content, kind, base)


def damaged_page(index: Index, what: str) -> ModelError:
    """The error of an answer that cannot be read as what it should be."""
    return ModelError(
        f"{index.label} sent a damaged answer as {what}; check {index.tool.name}'s settings, then "
        "pull again."
    )


def joined(base: str, link: str) -> str:
    """The whole address of a link, without fragment and without anybody's password."""
    try:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, link))
    except ValueError:
        return ""  # which is refused as an address
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


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
            f"only; set {index.tool.variable} to one that does."
        ) from None
    request = urllib.request.Request(url, headers={"Accept": accept})
    if index.authorization and _server(url) == _server(index.url):
        request.add_unredirected_header("Authorization", index.authorization)
    try:
        # an index may be a machine of the user's own network, whom their tool trusts as well
        director = opener(loopback=loopback, private=not loopback)
        response: http.client.HTTPResponse = director.open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelError(
            f"{index.label} answered {error.code} ({printable(str(error.reason))}) for {what}; "
            f"check {index.tool.name}'s settings, then pull again."
        ) from error
    except (http.client.InvalidURL, OverflowError, ValueError):  # whose text holds the address
        raise ModelError(
            f"{index.label} has no valid address for {what}; mend {index.tool.name}'s "
            f"{index.tool.setting}."
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
        f"{index.label} did not give {what} ({reason}); check the network and "
        f"{index.tool.name}'s settings, then pull again."
    )


def _server(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.lower()
