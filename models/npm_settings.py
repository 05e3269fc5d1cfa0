"""Which npm registry the user's npm asks: its variables and the user's .npmrc."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..core.errors import ModelError

_DEFAULT = "https://registry.npmjs.org"
_VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY")


def registry_url() -> str:
    """The registry's address, with whatever is secret in it.

    Raises:
        ModelError: the user's .npmrc cannot be read.
    """
    for variable in _VARIABLES:
        if url := os.environ.get(variable, "").strip():
            return url
    return _of_file(Path(os.path.expanduser("~"), ".npmrc")) or _DEFAULT


def _of_file(path: Path) -> str:
    """The last `registry = …` before the file's first section, or ""."""
    try:
        text = path.read_text("utf-8-sig", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ModelError(
            f"npm's settings ~/.npmrc cannot be read ({error.strerror or type(error).__name__}); "
            "mend that file, or set npm_config_registry."
        ) from error
    url = ""
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            break
        key, _, value = line.partition("=")
        if key.strip() == "registry":
            url = re.sub(r"\$\{(\w+)\}", _variable, _plain(value.strip()))
    return url


def _plain(value: str) -> str:
    """A value without its quotes or the comment behind it."""
    if quoted := re.fullmatch(r"""(["'])(.*)\1""", value):
        return quoted[2].strip()
    return re.split("[;#]", value)[0].strip()


def _variable(match: re.Match[str]) -> str:
    return os.environ.get(match[1], match[0])
