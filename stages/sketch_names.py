"""Where sketches go, and every file of theirs."""

from __future__ import annotations

from pathlib import Path

ANIMATIONS = (".webp", ".gif")
STATE = "state.npz"  # of a run that was interrupted
RUN_FILE = "run.json"  # written last


def sketch_folder(out: Path, relative: Path) -> Path:
    """The folder of a target that lies at `relative` below its input."""
    return out / relative.with_suffix("")


def animations(folder: Path, suffix: str) -> list[Path]:
    """The drawing being drawn, and how it was fitted."""
    return [folder / "drawing.svg", folder / f"fitting{suffix}"]


def sketch_outputs(
    folder: Path, sketches: int, rounds: int, animation: str | None = None
) -> list[Path]:
    """Every file that a run may write into its folder, `run.json` last; see `sketch_files`.

    Args:
        folder: the target's.
        sketches: from how many seeds.
        rounds: how many at most.
        animation: the suffix, where there are animations.
    """
    seeds = range(sketches) if sketches > 1 else ()
    names = ["final.svg", "final.png"]
    names += [path.name for path in animations(folder, animation)] if animation else []
    names += [f"sketches/seed-{k}.{suffix}" for k in seeds for suffix in ("svg", "png")]
    names += [f"rounds/round-{k}.svg" for k in range(1, rounds + 1)]
    names += ["target.png", "seeds.png", "edges.png"]
    names += [f"edges-roi{k}.png" for k in range(1, rounds)]
    return [folder / name for name in (*names, STATE, RUN_FILE)]
