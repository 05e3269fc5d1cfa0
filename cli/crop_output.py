"""What `compose crop` prints: tables, and annotations in Google's shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .output import Output
from .shared import Shared

Record = dict[str, Any]


def output_for(shared: Shared, *, hints: bool) -> Output:
    """The output in the mode that was asked for; annotations for `--format crop-hints`.

    Raises:
        UsageError: they were asked for together with --quiet.
    """
    from ..core.errors import UsageError

    if not hints:
        return shared.output()
    if shared.quiet:
        raise UsageError("--quiet and --format crop-hints exclude each other; give one of them.")
    return _CropHints("json")


class _CropHints(Output):
    """Prints annotations in place of records; plans and skipped inputs keep their records."""

    def record(self, record: Mapping[str, Any]) -> None:
        from ..stages.crop_hints import failed_hints

        if record["status"] == "ok":
            record = {"cropHintsAnnotation": record["cropHintsAnnotation"]}
        elif record["status"] == "error":
            record = failed_hints(record)
        super().record(record)


class Spaced:
    """Puts an empty line between what is shown of one input and of the next."""

    def __init__(self) -> None:
        """Begin with no empty line."""
        self._first = True

    def begin(self, output: Output) -> None:
        """Call it before an input is shown."""
        if not self._first:
            output.text("")
        self._first = False


class Tables(Spaced):
    """A table a picture, with an empty line between them."""

    def show(self, record: Record, output: Output) -> None:
        """Print the crops of one record."""
        from ..core.names import printable

        self.begin(output)
        grouped = "subjects" in record
        columns = [*(["subject"] if grouped else []), "rank", "box", "score", "aspect"]
        rows: list[Sequence[object]] = []
        for found in record["crops"]:
            box = ",".join(map(str, found["box"]))
            row: list[object] = [found["rank"], box, f"{found['score']:.4f}", found["aspect"]]
            if grouped:
                row.insert(0, found["subject"])
            if "agreement" in found:
                row.append(f"{found['agreement']:.3f}")
            if "layout" in found:
                row.append(found["layout"]["class"] or "none")
            rows.append([*row, printable(found["file"])] if "file" in found else row)
        columns += [
            name for name in ("agreement", "layout", "file") if name in (record["crops"] or [{}])[0]
        ]
        name = printable(record["input"])
        output.table(columns, rows, title=f"{name} ({record['width']}x{record['height']})")
        for subject in record.get("subjects", []):
            box = ",".join(map(str, subject["box"]))
            x, y = subject["point"]
            output.text(f"subject {subject['subject']}  {box}  around {x:g},{y:g}")
        for kind in ("references", "like"):
            for match in record.get(kind, ()):
                far = f"  {match['distance']:.4f}" if "distance" in match else ""
                layout = match["layout"] or "none"
                output.text(f"  {kind}: {printable(match['name'])}{far}  {layout}")
