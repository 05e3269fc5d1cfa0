"""How onnxruntime is asked to run a network on the CPU."""

from __future__ import annotations

from typing import Any

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
