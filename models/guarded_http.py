"""HTTPS to public addresses only: what opens the connections that fetch checkpoints."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import urllib.parse
import urllib.request
from typing import IO, Any

from ..core.errors import ModelError

_MOST_REDIRECTS = 5


class _Guard:
    """Refuses a peer that is no public machine; mixed into both kinds of connection.

    The address is that of the open socket, so a name that answers differently the second
    time, or a redirect, does not help. Behind a proxy of the user's the peer is the proxy.
    """

    sock: Any
    loopback = False
    proxied = False

    def set_tunnel(self, *arguments: Any, **named: Any) -> None:
        """As in http.client; also notes that the peer will be a proxy."""
        self.proxied = True
        super().set_tunnel(*arguments, **named)  # type: ignore[misc]

    def connect(self) -> None:
        """As in http.client, then check the peer before anything is asked of it."""
        super().connect()  # type: ignore[misc]
        peer = ipaddress.ip_address(self.sock.getpeername()[0].split("%")[0])
        if self.proxied or (self.loopback and peer.is_loopback):
            return
        if self.loopback or not peer.is_global:
            self.sock.close()
            raise ModelError(
                f"{peer} is not a public address, and checkpoints are fetched from public ones "
                "only; download the file yourself and name it with --checkpoint NAME=PATH."
            )


class _Https(_Guard, http.client.HTTPSConnection):
    pass


class _LoopbackHttp(_Guard, http.client.HTTPConnection):
    loopback = True


class _HttpsHandler(urllib.request.HTTPSHandler):
    kind: type[http.client.HTTPSConnection] = _Https

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self.kind, req, context=ssl.create_default_context())


class _AnyHttpsHandler(_HttpsHandler):
    kind = http.client.HTTPSConnection


class _LoopbackHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_LoopbackHttp, req)


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _MOST_REDIRECTS

    def __init__(self, loopback: bool) -> None:
        self._loopback = loopback

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request, if it goes by HTTPS again."""
        require_https(newurl, loopback=self._loopback)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def require_https(url: str, *, loopback: bool) -> None:
    """Refuse every address but HTTPS ones (and, for tests, plain HTTP where `loopback`).

    Raises:
        ModelError: another scheme, or no host.
    """
    parts = urllib.parse.urlsplit(url)
    allowed = ("http",) if loopback else ("https",)
    if parts.scheme not in allowed or not parts.hostname or parts.username is not None:
        raise ModelError(
            f"{url!r} is not a plain https address, and checkpoints are fetched by https only; "
            "download the file yourself and name it with --checkpoint NAME=PATH."
        )


def opener(*, loopback: bool = False, private: bool = False) -> urllib.request.OpenerDirector:
    """An opener of HTTPS addresses of public machines, through the user's proxy if one is set.

    With `private` machines of the user's own network are allowed too, as a package index may be
    one. With `loopback` it opens plain HTTP addresses of this machine instead, and nothing else.
    It knows no other scheme, follows at most five redirects and sends no credentials.
    """
    director = urllib.request.OpenerDirector()
    handlers: list[urllib.request.BaseHandler] = [
        _LoopbackHandler() if loopback else _AnyHttpsHandler() if private else _HttpsHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(loopback),
        urllib.request.HTTPErrorProcessor(),
    ]
    if not loopback:
        handlers.append(urllib.request.ProxyHandler())
    for handler in handlers:
        director.add_handler(handler)
    director.addheaders = [("User-Agent", "compose-toolkit")]
    return director
