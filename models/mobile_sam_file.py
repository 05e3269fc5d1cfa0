"""Whether what a user names as Segment Anything is MobileSAM's file, which needs no torch."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import ModelError
from .cache import UserPaths, parse_user_paths
from .hub import is_here, resolve
from .registry import CHECKPOINTS
from .segmenters import MOBILE_SAM, SAM_CHECKPOINTS
from .torch_arrays import load_torch_arrays

_MOST = 100_000_000  # bytes; Meta's files are larger, and are not read for this
_OWN = "image_encoder.patch_embed.seq.0.c.weight"  # a tensor that Meta's files do not have


def mobile_sam_file(model: str | None, user: UserPaths | None = None) -> Path | None:
    """The path of MobileSAM's file where that is meant, else None.

    Args:
        model: see `segmenters.SegmenterOptions.sam`; by default MobileSAM is meant where none of
            Meta's files is on this machine.
        user: checkpoints that the user named; by default what `COMPOSE_MODELS` says.

    Raises:
        ModelError: it is meant by name, and is not on this machine or damaged.
    """
    paths = parse_user_paths() if user is None else user
    if model == MOBILE_SAM:
        return resolve(MOBILE_SAM, paths)
    if model is None:
        meta = any(is_here(name, paths) for name in SAM_CHECKPOINTS)
        here = is_here(MOBILE_SAM, paths)
        return resolve(MOBILE_SAM, paths) if here and not meta else None
    if model in CHECKPOINTS:  # a file here that is called so is not meant
        return None
    path = Path(model).expanduser()
    if not path.is_file() or path.stat().st_size > _MOST:
        return None
    try:
        return path if _OWN in load_torch_arrays(path) else None
    except ModelError:  # whoever reads Meta's files says what is wrong
        return None
