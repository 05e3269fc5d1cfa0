"""Checkpoints on the authors' servers, fetched by HTTPS and continued where they broke off.

What has come so far lies in `partial/` of the cache beside a note of where it came from. A
later try asks for the rest with `Range` and `If-Range` (RFC 9110, sections 13.1.5 and 14), so
that a server whose file has changed in between sends the new one whole.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

from ..core.errors import ModelError, OutputError
from ..core.files import atomic_write
from ..core.names import printable
from .cache import cache_folder
from .checkpoint import Checkpoint
from .guarded_http import opener, require_https
from .transfer import Progress, Transfer, wrong_size

TIMEOUT = 30.0  # seconds without a byte
_TRIES = 4  # of which each but the last has to bring some bytes


def fetch_url(
    url: str,
    row: Checkpoint,
    target: Path,
    *,
    progress: Progress | None = None,
    loopback: bool = False,
    pause: float = 1.0,
) -> None:
    """Fetch a file to `target`, which gets its name only after its hash was found right.

    `loopback` allows plain HTTP from this machine and nothing else. `pause` is the time in
    seconds before a broken transfer is taken up again, doubled each time.

    Raises:
        ModelError: the address is not allowed, the server fails, or the file is another one;
            after a broken transfer the part is kept, after a wrong one it is dropped.
        OutputError: the cache cannot be written.
    """
    require_https(url, loopback=loopback)
    part = cache_folder() / "partial" / row.file
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        for left in reversed(range(_TRIES)):
            before = _size(part)
            reason = _fetch_rest(url, row, part, progress, loopback)
            if reason is None:
                break
            if not left or 0 <= _size(part) <= before:
                raise ModelError(
                    f"the download of {row.file} from {url} broke off ({reason}); run `compose "
                    f"models pull {row.name}` again, which goes on from what came."
                )
            time.sleep(pause)
            pause *= 2
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
        _note(part).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot write {printable(part)} ({error.strerror or error}); free some space or set "
            "COMPOSE_HOME to another folder."
        ) from error


def _fetch_rest(
    url: str, row: Checkpoint, part: Path, progress: Progress | None, loopback: bool
) -> str | None:
    """One try: None once the part is whole and right, else why it broke off."""
    request = urllib.request.Request(url)
    validator = _validator(part, url)
    have = part.stat().st_size if validator else 0
    if validator and have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", validator)
    try:
        response = opener(loopback=loopback).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # the part holds all there is, or too much
            _drop(part)
            return "the kept part was too long"
        raise ModelError(
            f"{url} answered {error.code} ({error.reason}); get {row.file} elsewhere and name it "
            f"with --checkpoint {row.name}=PATH."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        return _reason(error)
    with contextlib.closing(response):
        goes_on = response.status == 206 and _starts_at(response, have)
        if response.status == 206 and not goes_on:
            _drop(part)
            return "the server sent another range than asked for"
        total = _total(response, have if goes_on else 0)
        if row.size is not None and total is not None and total != row.size:
            _drop(part)
            raise wrong_size(row)
        with part.open("r+b" if goes_on else "wb") as written:
            transfer = Transfer(row, written, progress)
            if goes_on:
                transfer.skip(written)
            else:
                _keep_validator(part, url, response)
            reason = _receive(transfer, response, written, part)
        if reason is None and total is not None and transfer.count < total:
            reason = f"after {transfer.count} of {total} bytes"
        if reason is None:
            try:
                transfer.check(url)
            except ModelError:
                _drop(part)
                raise
        return reason


def _receive(
    transfer: Transfer, response: http.client.HTTPResponse, written: BinaryIO, part: Path
) -> str | None:
    """Copy the answer's body; None at its end, else why it broke off."""
    try:
        transfer.take(_Body(response))
    except _BrokenOffError as error:
        return str(error)
    except ModelError:
        _drop(part)
        raise
    finally:
        written.flush()
    return None


class _BrokenOffError(Exception):
    """The network failed, as opposed to the disk, whose errors are OSError too."""


class _Body:
    """The body of an answer, whose failures are told from those of the file it goes to."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response

    def read(self, amount: int, /) -> bytes:
        """At most that many bytes, b"" at the end."""
        try:
            return self._response.read(amount)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenOffError(_reason(error)) from error


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(cause).rstrip(".") or type(cause).__name__


def _starts_at(response: http.client.HTTPResponse, have: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _total(response: http.client.HTTPResponse, have: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return have + int(length) if length.isdecimal() else None


def _size(part: Path) -> int:
    """Bytes that have come, -1 if there is no part: a dropped one is worth a new try."""
    return part.stat().st_size if part.exists() else -1


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _drop(part: Path) -> None:
    _note(part).unlink(missing_ok=True)
    part.unlink(missing_ok=True)


def _keep_validator(part: Path, url: str, response: http.client.HTTPResponse) -> None:
    """Note what tells this version of the file from a later one: a strong ETag, or its date."""
    tag = response.headers.get("ETag", "")
    value = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
    with atomic_write(_note(part)) as note:
        note.write_text(json.dumps({"url": url, "validator": value}), encoding="utf-8")


def _validator(part: Path, url: str) -> str | None:
    try:
        note = json.loads(_note(part).read_bytes())
    except (OSError, ValueError):
        return None
    if not part.exists() or not isinstance(note, dict) or note.get("url") != url:
        return None
    value = note.get("validator")
    return value if isinstance(value, str) and value else None
