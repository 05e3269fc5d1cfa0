"""A server on this machine that knows ranges, and loses the line when told to."""

import hashlib
import json
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from compose.core.errors import ModelError
from compose.models.checkpoint import Checkpoint, HubSource
from compose.models.guarded_http import opener, require_https
from compose.models.source_hf import fetch_hub
from compose.models.source_url import fetch_url

CONTENT = random.Random(3).randbytes(3 * 2**20 + 17)
ROW = Checkpoint(
    name="tiny",
    purpose="tests",
    file="tiny.bin",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    licence="MIT",
    sources=(),
)


@dataclass
class Site:
    """What the server serves, how it misbehaves, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    etag: str | None = '"first"'
    modified: str | None = None
    ranges: bool = True
    send_length: bool = True
    breaks: list[int] = field(default_factory=list)  # body bytes after which to hang up
    status: int = 200
    redirect: str | None = None
    lie_about_range: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            served.asked.append({"method": self.command, **dict(self.headers)})
            if served.redirect is not None:
                self.send_response(302)
                self.send_header("Location", served.redirect)
                self.end_headers()
                return
            if served.status != 200:
                self.send_error(served.status)
                return
            start, valid = 0, self.headers.get("If-Range") in (None, served.etag, served.modified)
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if asked and served.ranges and valid:
                start = int(asked[1])
                if start >= len(served.content):
                    self.send_error(416)
                    return
                shown = 0 if served.lie_about_range else start
                self.send_response(206)
                end = len(served.content)
                self.send_header("Content-Range", f"bytes {shown}-{end - 1}/{end}")
            else:
                self.send_response(200)
            if served.etag:
                self.send_header("ETag", served.etag)
            if served.modified:
                self.send_header("Last-Modified", served.modified)
            self.send_header("X-Repo-Commit", "0" * 40)
            rest = served.content[start:]
            if served.send_length:
                self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if body:
                if served.breaks:
                    rest = rest[: served.breaks.pop(0)]
                self.wfile.write(rest)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/tiny.bin"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models" / ROW.file


def fetch(site: Site, target: Path, row: Checkpoint = ROW) -> None:
    fetch_url(site.url, row, target, loopback=True, pause=0)


def partial(target: Path) -> list[str]:
    folder = target.parent.parent / "partial"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_file_comes_whole_and_leaves_nothing_behind(site: Site, target: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    fetch_url(
        site.url,
        ROW,
        target,
        loopback=True,
        progress=lambda done, whole: seen.append((done, whole)),
    )
    assert target.read_bytes() == CONTENT
    assert partial(target) == []
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert "Range" not in site.asked[0]
    assert "Authorization" not in site.asked[0]


def test_a_broken_line_is_taken_up_where_it_broke(site: Site, target: Path) -> None:
    site.breaks = [1_000_000, 500_000]
    fetch(site, target)
    assert target.read_bytes() == CONTENT
    ranges = [asked.get("Range") for asked in site.asked]
    assert ranges == [None, "bytes=1000000-", "bytes=1500000-"]
    assert site.asked[1]["If-Range"] == '"first"'


def test_a_later_pull_goes_on_from_the_part(site: Site, target: Path) -> None:
    site.breaks = [1_000_000, 0]
    with pytest.raises(ModelError, match=r"broke off .*compose models pull tiny"):
        fetch(site, target)
    assert not target.exists()
    assert partial(target) == ["tiny.bin", "tiny.bin.json"]
    fetch(site, target)
    assert target.read_bytes() == CONTENT
    assert site.asked[-1]["Range"] == "bytes=1000000-"


def test_a_file_that_changed_meanwhile_is_fetched_anew(site: Site, target: Path) -> None:
    old = random.Random(4).randbytes(len(CONTENT))
    site.content, site.etag, site.breaks = old, '"old"', [900_000, 0]
    with pytest.raises(ModelError):
        fetch(site, target)
    site.content, site.etag = CONTENT, '"new"'
    fetch(site, target)
    assert target.read_bytes() == CONTENT
    assert site.asked[-1]["If-Range"] == '"old"'


def test_a_part_of_another_address_is_not_gone_on_with(site: Site, target: Path) -> None:
    site.breaks = [900_000, 0]
    with pytest.raises(ModelError):
        fetch(site, target)
    site.url += "?mirror"
    fetch(site, target)
    assert "Range" not in site.asked[-1]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("etag", "modified", "expected"),
    [
        ('W/"weak"', None, None),
        (None, None, None),
        ('W/"weak"', "Sat, 07 Nov 2026 10:00:00 GMT", "Sat, 07 Nov 2026 10:00:00 GMT"),
    ],
)
def test_only_a_strong_validator_lets_a_part_go_on(
    site: Site, target: Path, etag: str | None, modified: str | None, expected: str | None
) -> None:
    site.etag, site.modified, site.breaks = etag, modified, [900_000, 0]
    with pytest.raises(ModelError):
        fetch(site, target)
    fetch(site, target)
    assert site.asked[-1].get("If-Range") == expected
    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_it_all_again(site: Site, target: Path) -> None:
    site.ranges, site.breaks = False, [1_000_000]
    fetch(site, target)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_fetched_anew(site: Site, target: Path) -> None:
    site.breaks = [900_000, 0]
    with pytest.raises(ModelError):
        fetch(site, target)
    part = target.parent.parent / "partial" / "tiny.bin"
    part.write_bytes(bytes(len(CONTENT)))
    fetch(site, target)
    assert target.read_bytes() == CONTENT
    assert site.asked[-2]["Range"] == f"bytes={len(CONTENT)}-"


def test_another_range_than_asked_for_is_not_pasted_on(site: Site, target: Path) -> None:
    site.breaks, site.lie_about_range = [1_000_000], True
    fetch(site, target)
    assert target.read_bytes() == CONTENT
    assert "Range" not in site.asked[-1]


def test_without_a_length_the_hash_finds_what_is_missing(site: Site, target: Path) -> None:
    site.send_length, site.breaks = False, [1_000_000]
    with pytest.raises(ModelError, match="size"):
        fetch(site, target)
    assert partial(target) == []
    fetch(site, target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("content", [CONTENT + b"x", CONTENT[:-1], b"<html>not found</html>"])
def test_another_size_is_refused_and_dropped(
    site: Site, target: Path, content: bytes, length: bool
) -> None:
    site.content, site.send_length = content, length
    with pytest.raises(ModelError, match="does not have the size"):
        fetch(site, target)
    assert not target.exists()
    assert partial(target) == []


def test_another_hash_is_refused_and_dropped(site: Site, target: Path) -> None:
    site.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(ModelError, match=r"is not the published tiny.bin"):
        fetch(site, target)
    assert not target.exists()
    assert partial(target) == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_is_told_with_its_number(site: Site, target: Path, status: int) -> None:
    site.status = status
    with pytest.raises(ModelError, match=f"answered {status}"):
        fetch(site, target)


def test_a_server_that_is_not_there_is_told(site: Site, target: Path) -> None:
    site.url = "http://127.0.0.1:9/tiny.bin"
    with pytest.raises(ModelError, match="refused"):
        fetch(site, target)


def test_redirects_are_followed_but_not_for_ever(site: Site, target: Path) -> None:
    site.redirect = site.url
    with pytest.raises(ModelError, match=r"30[0-9]"):
        fetch(site, target)
    assert 2 <= len(site.asked) <= 8


@pytest.mark.parametrize(
    "place", ["file:///etc/hostname", "ftp://127.0.0.1/x", "https://127.0.0.1:9/x", "data:,x"]
)
def test_a_redirect_to_another_scheme_is_refused(site: Site, target: Path, place: str) -> None:
    site.redirect = place
    with pytest.raises(ModelError):
        fetch(site, target)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://weights.example/a",
        "file:///a",
        "ftp://weights.example/a",
        "https:///a",
        "a",
        "",
        "https://user:word@weights.example/a",
    ],
)
def test_only_https_is_fetched(url: str, target: Path) -> None:
    with pytest.raises(ModelError, match="https"):
        fetch_url(url, ROW, target)
    assert not target.parent.exists()


def test_loopback_is_for_loopback_only() -> None:
    with pytest.raises(ModelError):
        require_https("https://weights.example/a", loopback=True)


def test_an_address_of_this_machine_is_refused_before_anything_is_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compose.models.guarded_http._LoopbackHttp.loopback", False)
    with pytest.raises(ModelError, match="not a public address"):
        opener(loopback=True).open(site.url, timeout=5)
    assert site.asked == []


def test_the_hub_s_library_fetches_checks_and_goes_where_it_is_told(
    site: Site, target: Path, tmp_path: Path
) -> None:
    pytest.importorskip("huggingface_hub")
    source = HubSource("someone/weights", "folder/tiny.bin")
    endpoint = site.url.rsplit("/", 1)[0]
    fetch_hub(source, ROW, target, endpoint=endpoint)
    assert target.read_bytes() == CONTENT
    left = (tmp_path / "home" / "partial").rglob("tiny.bin")
    assert list(left) == []
    target.unlink()
    site.content, site.etag = CONTENT[::-1], '"other"'
    with pytest.raises(ModelError, match="is not the published"):
        fetch_hub(source, ROW, target, endpoint=endpoint)
    assert not target.exists()
    site.status = 404
    with pytest.raises(ModelError, match=r"the hub did not give folder/tiny.bin"):
        fetch_hub(source, ROW, target, endpoint=endpoint)


def test_notes_of_parts_hold_what_is_needed_to_go_on(site: Site, target: Path) -> None:
    site.breaks = [900_000, 0]
    with pytest.raises(ModelError):
        fetch(site, target)
    note = json.loads((target.parent.parent / "partial" / "tiny.bin.json").read_bytes())
    assert note == {"url": site.url, "validator": '"first"'}
