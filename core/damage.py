"""Decoders throw nearly every kind of exception: here they become one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from PIL import UnidentifiedImageError

from .errors import ComposeError, ImageError
from .names import printable


@contextlib.contextmanager
def damage_reported(name: str) -> Iterator[None]:
    """Turn whatever a decoder throws at the file `name` into an ImageError of one sentence."""
    try:
        yield
    except ComposeError:
        raise
    except MemoryError as error:
        message = f"{name} needs more memory than there is; scale it down first."
        raise ImageError(message) from error
    except Exception as error:  # the one place where every kind is meant
        message = f"{name} is damaged or truncated ({reason_of(error)}); replace the file."
        raise ImageError(message) from error


def reason_of(error: BaseException) -> str:
    """A complaint of another library as a few printable words without a full stop."""
    if isinstance(error, UnidentifiedImageError):  # its text is the name of a stream
        return "its header cannot be read"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = printable(" ".join(text.split())).rstrip(".") or type(error).__name__
    return text if len(text) <= 120 else text[:119] + "…"
