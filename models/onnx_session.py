"""How onnxruntime is asked to run a network on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.errors import ModelError
from ..core.names import printable

PROVIDERS = ["CPUExecutionProvider"]


def session_options(threads: int, *, varied: bool = False) -> Any:
    """Options of onnxruntime's sessions.

    Args:
        threads: of one call.
        varied: whether inputs differ in size from call to call; what is kept for each size would
            fill memory.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # warnings about the machine are not for the user
    if threads > 1:  # do not burn the cores between two pictures
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if varied:
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
    return options


def open_published(
    path: Path, known: Callable[[Any], bool], what: str, file: str, options: Any
) -> Any:
    """A session of a network that others published.

    Args:
        path: of the file.
        known: whether a session's inputs and outputs are that network's.
        what: it is, and `file` what its authors call the file; for the refusal.
        options: from `session_options`.

    Raises:
        ModelError: the file is damaged or holds another network.
    """
    import onnxruntime

    refusal = ModelError(f"{printable(path)} is damaged or not {what}; give the published {file}.")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=PROVIDERS)
    except Exception as error:  # the runtime's own exceptions share no base of their own
        raise refusal from error
    if not known(session):
        raise refusal
    return session
