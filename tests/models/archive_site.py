"""Archives made by tests, and a server on this machine that gives them out."""

import contextlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Entry = tuple[str | tarfile.TarInfo, bytes]


@dataclass
class Site:
    """What the server gives, and what it was asked."""

    port: int = 0
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # by path: kind and bytes
    redirects: dict[str, str] = field(default_factory=dict)
    breaks: int | None = None  # bytes of an archive after which to hang up
    send_length: bool = True
    login: str | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextlib.contextmanager
def serving(site: Site) -> Iterator[None]:
    """Serve it meanwhile; archives are below /files/."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers)))
            if site.login is not None and self.headers.get("Authorization") != site.login:
                self.send_error(401)
            elif self.path in site.redirects:
                self.send_response(302)
                self.send_header("Location", site.redirects[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path not in site.pages:
                self.send_error(404)
            else:
                kind, body = site.pages[self.path]
                self.send_response(200)
                self.send_header("Content-Type", kind)
                if site.send_length:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: site.breaks] if "/files/" in self.path else body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    site.port = server.server_port
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def made(entries: list[Entry]) -> bytes:
    """A .tar.gz of regular files, or of what the headers say."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for header, content in entries:
            info = tarfile.TarInfo(header) if isinstance(header, str) else header
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    """The header of an entry that is no regular file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info
