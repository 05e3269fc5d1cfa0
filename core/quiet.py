"""Decoding without a word on stderr, whichever thread decodes.

Three things talk there unasked: Python warnings of Pillow, its logger, and libtiff, which
writes to descriptor 2 from C. libtiff is asked to be silent by its own functions; only where
these cannot be found (a Pillow that hides them) is descriptor 2 itself turned away while a TIFF
is read or written, which also swallows what other threads say in that moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from PIL import Image, _imaging

# Without a handler of its own, errors that Pillow logs would be printed to stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())

if TYPE_CHECKING:
    _Setter = ctypes._NamedFuncPointer

_PILLOW_MODULES = re.compile(r"(PIL|pillow_heif)(\.|$)")


class _Shared:
    """A context for many threads: the first one in sets it up, the last one out ends it."""

    def __init__(self, context: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._inside = 0
        self._stack = contextlib.ExitStack()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._stack.enter_context(self._context())
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._stack.close()


@contextlib.contextmanager
def decoding(max_pixels: int) -> Iterator[None]:
    """Silence Pillow's warnings, and keep its own limit of pixels from undercutting ours."""
    with _pillow_quiet.held():
        with _limit_lock:
            Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, max_pixels)
        yield


@contextlib.contextmanager
def tiff_silenced() -> Iterator[None]:
    """Keep libtiff from writing to descriptor 2."""
    with _tiff_quiet.held():
        yield


@contextlib.contextmanager
def _pillow_without_warnings() -> Iterator[None]:
    # not warnings.catch_warnings: what other threads change meanwhile has to survive
    rule = ("ignore", None, Warning, _PILLOW_MODULES, 0)
    filters = cast("list[object]", warnings.filters)
    limit = Image.MAX_IMAGE_PIXELS
    filters.insert(0, rule)
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
        with contextlib.suppress(ValueError):  # someone has reset the filters
            cast("list[object]", warnings.filters).remove(rule)


@functools.cache
def tiff_functions() -> tuple[_Setter, _Setter] | None:
    """libtiff's setters of the handlers of errors and of warnings, if Pillow shows them."""
    try:
        library = ctypes.CDLL(_imaging.__file__)
        setters = library.TIFFSetErrorHandler, library.TIFFSetWarningHandler
    except (OSError, AttributeError):
        return None
    for setter in setters:
        setter.restype = ctypes.c_void_p
        setter.argtypes = [ctypes.c_void_p]
    return setters


@contextlib.contextmanager
def _handlers_off() -> Iterator[None]:
    setters = tiff_functions() or ()
    earlier = [setter(None) for setter in setters]
    try:
        yield
    finally:
        for setter, handler in zip(setters, earlier, strict=True):
            setter(handler)


@contextlib.contextmanager
def _descriptor_2_turned_away() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _libtiff_quiet() -> contextlib.AbstractContextManager[None]:
    return _handlers_off() if tiff_functions() else _descriptor_2_turned_away()


_limit_lock = threading.Lock()
_pillow_quiet = _Shared(_pillow_without_warnings)
_tiff_quiet = _Shared(_libtiff_quiet)
