"""`compose models list | pull | verify | path`: the weights that engines use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .download_bar import DownloadBar
from .output import Output
from .shared import Shared

if TYPE_CHECKING:
    from ..models.cache import UserPaths
    from ..models.checkpoint import Checkpoint
    from ..models.hub import Verdict

app = typer.Typer(help="List, fetch, check and locate the weights that engines use.")

_Name = Annotated[str, typer.Argument(metavar="NAME", help="As `compose models list` shows it.")]
_Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME", help="As `compose models list` shows them."),
]
_AcceptLicence = Annotated[
    bool,
    typer.Option(
        "--accept-licence", help="Fetch weights too whose licence is unknown or restricts use."
    ),
]
_Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line for every checkpoint.")
]
_Quiet = Annotated[bool, typer.Option("--quiet", help="Print the paths of the files only.")]


@app.command("list")
def list_checkpoints(
    ctx: typer.Context,
    checkpoint: options.Checkpoint = None,
    json: _Json = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """List the known weights.

    Each with what it is for, its size and licence, and where it lies: given (--checkpoint, or
    COMPOSE_MODELS as NAME=PATH), folder (of COMPOSE_MODELS), cache, embedded or absent; trained
    is a network of yours in place of one that ships, in a folder that COMPOSE_TRAINED names.
    """
    from ..models.cache import find, parse_user_paths
    from ..models.registry import CHECKPOINTS

    output = Shared.of(ctx).output()
    user = parse_user_paths(checkpoint or ())
    rows: list[list[str]] = []
    for row in CHECKPOINTS.values():
        found = find(row, user)
        place = found.place if found else "absent"
        path = os.fspath(found.path) if found else None
        output.record({**_described(row), "place": place, "path": path})
        rows.append([row.name, row.purpose, _size(row), row.licence, place])
    output.table(["name", "for", "size", "licence", "where"], rows)


@app.command("pull")
def pull_checkpoints(
    ctx: typer.Context,
    names: _Names,
    accept_licence: _AcceptLicence = False,
    offline: options.Offline = False,
    dry_run: options.DryRun = False,
    json: _Json = False,
    quiet: _Quiet = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Fetch weights into the cache.

    The licence is shown before, and the hash checked before the file gets its name. Nothing
    else downloads weights. A transfer that broke off goes on where it can.
    """
    from ..core.errors import ComposeError, UsageError
    from ..models.cache import find, parse_user_paths
    from ..models.pull import require_consent
    from ..models.registry import checkpoint

    output = Shared.of(ctx).output()
    user = parse_user_paths()
    rows = [checkpoint(name) for name in dict.fromkeys(names)]
    for row in rows:  # before any work
        if find(row, user) is None:
            require_consent(row, accept_licence)
    failures = 0
    for row in rows:
        record: dict[str, Any] = {"name": row.name}
        try:
            if dry_run:
                record |= _planned(row, user, output)
            else:
                record |= _pulled(row, user, output, offline, accept_licence)
        except UsageError:
            raise
        except ComposeError as error:
            record |= {"status": "error", "error": str(error)}
            failures += 1
        output.record(record)
        if record["status"] == "error" and output.mode != "json":
            output.error(f"{row.name}: {record['error']}")
    if failures:
        raise typer.Exit(1)


@app.command("verify")
def verify_checkpoints(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]", help="Without names: all that are here."),
    ] = None,
    checkpoint: options.Checkpoint = None,
    json: _Json = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Compare weights on this machine with their published hashes.

    The exit code is 1 if one differs, or if one that was named is absent.
    """
    from ..models.cache import parse_user_paths
    from ..models.hub import verify
    from ..models.registry import CHECKPOINTS

    output = Shared.of(ctx).output()
    user = parse_user_paths(checkpoint or ())
    verdicts = [verify(name, user) for name in dict.fromkeys(names or CHECKPOINTS)]
    shown = [verdict for verdict in verdicts if names or verdict.status != "absent"]
    for verdict in shown:
        _show_verdict(verdict, output)
    if not shown:
        output.note("no checkpoint is on this machine; fetch one with `compose models pull NAME`.")
    if any(verdict.status not in ("ok", "prefix", "own") for verdict in shown):
        raise typer.Exit(1)


@app.command("path")
def print_path(
    ctx: typer.Context,
    name: _Name,
    checkpoint: options.Checkpoint = None,
    json: _Json = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Print where the weights lie.

    Their hash is checked before, unless --checkpoint or COMPOSE_MODELS names the very file.
    """
    from ..core.names import printable
    from ..models.cache import parse_user_paths
    from ..models.hub import resolve

    output = Shared.of(ctx).output()
    path = resolve(name, parse_user_paths(checkpoint or ()))
    output.record({"name": name, "path": path})
    output.text(printable(path))


def _described(row: Checkpoint) -> dict[str, Any]:
    return {
        "name": row.name,
        "for": row.purpose,
        "filename": row.file,
        "size": row.size,
        "sha256": row.sha256,
        "sha256_prefix": row.sha256_prefix,
        "licence": row.licence,
        "note": row.note,
        "sources": [str(source) for source in row.sources],
    }


def _size(row: Checkpoint) -> str:
    return "unknown" if row.size is None else f"{row.size / 1e6:.1f} MB"


def _terms(row: Checkpoint) -> str:
    note = f" ({row.note})" if row.note else ""
    return f"{row.name}: {_size(row)}, licence {row.licence}{note}"


def _planned(row: Checkpoint, user: UserPaths, output: Output) -> dict[str, Any]:
    from ..models.cache import cached_path, find

    if found := find(row, user):
        output.text(f"{row.name} is here ({found.place})")
        return {"status": "present", "file": os.fspath(found.path)}
    output.text(f"{_terms(row)}: would be fetched from {row.origin}")
    return {"status": "planned", "outputs": [os.fspath(cached_path(row))]}


def _pulled(
    row: Checkpoint, user: UserPaths, output: Output, offline: bool, accept_licence: bool
) -> dict[str, Any]:
    from ..core.names import printable
    from ..models.pull import pull

    with DownloadBar(row.name, quiet=output.mode == "quiet") as bar:
        terms = [_terms(row)]  # shown once, before the first byte

        def note(text: str) -> None:
            bar.stop()
            while terms:
                output.note(terms.pop())
            output.note(text)

        done = pull(
            row.name,
            user,
            offline=offline,
            accept_licence=accept_licence,
            progress=bar,
            note=note,
        )
    output.text(printable(done.path))
    status = "ok" if done.source else "present"
    return {"status": status, "file": os.fspath(done.path), "source": done.source or None}


_SENTENCES = {
    "ok": "ok",
    "prefix": "ok as far as its hash is known (the first {digits} of 64 digits)",
    "own": "your own in its place",
    "absent": "absent; run `compose models pull {name}`",
}


def _show_verdict(verdict: Verdict, output: Output) -> None:
    row = verdict.row
    path = os.fspath(verdict.path) if verdict.path else None
    record = {"name": row.name, "status": verdict.status, "place": verdict.place, "path": path}
    output.record({**record, "error": verdict.error} if verdict.error else record)
    if verdict.status == "wrong":
        if output.mode != "json":
            output.error(verdict.error)
    else:
        digits = len(row.known_digest or "")
        sentence = _SENTENCES[verdict.status].format(digits=digits, name=row.name)
        output.text(f"{row.name}: {sentence}")
