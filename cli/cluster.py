"""The options `--cluster` and `--shard`, and the batch form of a command on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

Item = TypeVar("Item")
Value = TypeVar("Value")


class Cluster(StrEnum):
    """Clusters."""

    ray = "ray"


OnCluster = Annotated[
    Cluster | None,
    typer.Option(
        "--cluster",
        help="Have it done by a Ray cluster (RAY_ADDRESS, or one begun here), --jobs inputs at "
        "once; files and folders are on all its machines.",
    ),
]

BuilderOf = Annotated[
    str,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Be builder I of N, from 0, of one set, as in an array of jobs.",
    ),
]


def on_cluster(
    open_work: Callable[[], Callable[[Item], Value]], jobs: int, cores: int, stack: ExitStack
) -> Callable[[Item], Value]:
    """What `open_work` gives, as the processes of a cluster do it, until the stack is left.

    Args:
        open_work: loads what it needs; can be sent to another process, which calls it once.
        jobs: inputs at once; 0 as in `core.batch.resolve_jobs`.
        cores: that one of them takes.
        stack: closes the cluster that is begun here.

    Raises:
        UsageError: there is no cluster, or Ray is not installed.
    """
    from ..core.batch import resolve_jobs
    from ..core.workers import Once, ray_workers

    return stack.enter_context(ray_workers(Once(open_work), resolve_jobs(jobs), cores=cores))
