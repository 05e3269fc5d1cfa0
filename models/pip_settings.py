"""Which package index the user's pip asks: its variables and files, read by pip itself."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import ModelError

_DEFAULT = "https://pypi.org/simple"
_KEYS = ("index-url", "no-index")
_ON = {"1", "true", "yes", "on", "y", "t"}


def index_url(folder: Path) -> str:
    """The address of the index, with whatever is secret in it; `folder` is an empty one.

    Raises:
        ModelError: pip cannot read its settings, or they forbid every index.
    """
    settings = _variables()
    if importlib.util.find_spec("pip") is not None:
        settings = {**_files(folder), **settings}
    if settings.get("no-index", "").strip().lower() in _ON:
        raise ModelError(
            "pip's settings forbid every package index (no-index); take that out of them, or get "
            "the file elsewhere."
        )
    return settings.get("index-url", "").strip() or _DEFAULT


def _variables() -> dict[str, str]:
    named = {key: os.environ.get(f"PIP_{key.upper().replace('-', '_')}") for key in _KEYS}
    return {key: value for key, value in named.items() if value}


def _files(folder: Path) -> dict[str, str]:
    """What pip's files say: the section of one command goes before that of all."""
    ended = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"],
        cwd=folder,  # an empty one, so that no file lying about is taken for pip
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ended.returncode != 0:  # its text may hold a password
        raise ModelError(
            "pip cannot read its own settings; mend the file that `python -m pip config list` "
            "complains of, then pull again."
        )
    listed = dict(_assignments(ended.stdout.decode("utf-8", "replace")))
    return {
        key: listed[f"{section}.{key}"]
        for section in ("global", "install")
        for key in _KEYS
        if f"{section}.{key}" in listed
    }


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """Lines such as `global.index-url='https://…'`, whose values are Python's literals."""
    for line in text.splitlines():
        key, _, value = line.partition("=")
        try:
            literal = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            continue
        if isinstance(literal, str):
            yield key.strip(), literal
