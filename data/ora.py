"""OpenRaster files, which Krita, GIMP and MyPaint open: layers as PNG in a ZIP with an index.

After the specification 0.0.5 (freedesktop.org): `mimetype` first and not compressed,
`stack.xml`, `data/*.png`, `mergedimage.png` and `Thumbnails/thumbnail.png`.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.files import atomic_write
from ..core.names import printable

_MIMETYPE = "image/openraster"
_THUMBNAIL = 256  # pixels of the long side, at most
_DATE = (1980, 1, 1, 0, 0, 0)  # of all members, so that equal layers give equal bytes


class OraFile:
    """A file that is open for layers, from back to front, as a context manager.

        with OraFile(Path("scene.ora"), (640, 480)) as ora:
            ora.layer("background", background)
            ora.layer("dog", cut_out, 120, 80)
            ora.merged(picture)

    After an exception in the body no file is written, and one that stood is left.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        """Take the path, and width and height of the canvas; nothing is opened yet."""
        self._path, self._size = Path(path), size
        self._entries: list[str] = []

    def __enter__(self) -> Self:
        self._atomic = atomic_write(self._path)
        part = self._atomic.__enter__()
        try:
            self._zip = zipfile.ZipFile(part, "w")
            self._write("mimetype", _MIMETYPE.encode())
        except BaseException as error:
            self._atomic.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._write("stack.xml", self._index().encode(), zipfile.ZIP_DEFLATED)
            self._zip.close()
        except BaseException as ours:
            self._atomic.__exit__(type(ours), ours, ours.__traceback__)
            raise
        self._atomic.__exit__(kind, error, trace)

    def layer(
        self,
        name: str,
        pixels: NDArray[np.uint8],
        x: int = 0,
        y: int = 0,
        *,
        visible: bool = True,
    ) -> None:
        """Add a layer on top of those before.

        Args:
            name: shown to people.
            pixels: HxWx3, or HxWx4 with alpha not multiplied in.
            x, y: of its upper left corner on the canvas.
            visible: whether it is shown when the file is opened.
        """
        source = f"data/layer{len(self._entries)}.png"
        self._write(source, _png(Image.fromarray(pixels)))
        shown = "visible" if visible else "hidden"
        self._entries.append(
            f'  <layer name={quoteattr(printable(name))} src="{source}" x="{x}" y="{y}" '
            f'opacity="1.0" visibility="{shown}" composite-op="svg:src-over"/>\n'
        )

    def merged(self, rgb: NDArray[np.uint8]) -> None:
        """Add the picture that all layers make, HxWx3, for programs that only show it."""
        image = Image.fromarray(rgb)
        self._write("mergedimage.png", _png(image))
        image.thumbnail((_THUMBNAIL, _THUMBNAIL))
        self._write("Thumbnails/thumbnail.png", _png(image))

    def _index(self) -> str:
        width, height = self._size
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<image version="0.0.5" w="{width}" h="{height}" xres="72" yres="72">\n'
            f" <stack>\n{''.join(reversed(self._entries))} </stack>\n</image>\n"
        )

    def _write(self, name: str, data: bytes, how: int = zipfile.ZIP_STORED) -> None:
        self._zip.writestr(zipfile.ZipInfo(name, _DATE), data, how)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()
