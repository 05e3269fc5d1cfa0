"""Calls that other processes answer: of this machine, or of a Ray cluster.

Both give a function that waits for its answer, so that the threads of `run_batch` can wait for
many at once and all else, order and signals and messages, is as with one process. What is called
has to give the same answer whenever and wherever it is asked: work of a process that died is done
again by another one.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import multiprocessing
import os
import signal
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

from .errors import ComposeError, UsageError

Item = TypeVar("Item")
Value = TypeVar("Value")

_TRIES = 4  # of an item whose process dies, until it is given up
_opened: dict[str, Any] = {}  # the work of this process that was opened last, by its key
_opening = threading.Lock()


@dataclass(frozen=True)
class Once(Generic[Item, Value]):
    """Work that has to be opened, as with networks to load; every process that is asked for it
    does so once."""

    open: Callable[[], Callable[[Item], Value]]  # can be sent to another process
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __call__(self, item: Item) -> Value:
        """Open it if this process has not, and do it."""
        with _opening:
            if self.key not in _opened:
                _opened.clear()
                _opened[self.key] = self.open()
            work: Callable[[Item], Value] = _opened[self.key]
        return work(item)


@contextlib.contextmanager
def process_workers(work: Callable[[Item], Value], jobs: int) -> Iterator[Callable[[Item], Value]]:
    """`work` as `jobs` processes do it; with one job, as this process does it.

    Args:
        work: can be sent to another process, as can what it takes and gives.
        jobs: processes.
    """
    if jobs == 1:
        yield work
        return
    pool = _Pool(jobs)
    try:
        yield lambda item: pool.call(work, item)
    finally:
        pool.close()


@contextlib.contextmanager
def ray_workers(
    work: Callable[[Item], Value], jobs: int, address: str | None = None, *, cores: int = 1
) -> Iterator[Callable[[Item], Value]]:
    """`work` as tasks of a Ray cluster do it, in the folder that this process is in.

    Args:
        work: can be sent to another process; files it names are on every machine.
        jobs: tasks at once of a cluster begun here; an existing one has its own cores.
        cores: that a task takes.
        address: of the cluster; None: what RAY_ADDRESS says, else one is begun on this machine.

    Raises:
        UsageError: Ray is not installed, or the cluster cannot be reached.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("--cluster ray needs ray; run: pip install 'compose-toolkit[ray]'.")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it tells its makers of every run
    ray: Any = importlib.import_module("ray")
    _keep_stdout()
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    here: dict[str, Any] = {}
    if address == "local":  # a new one, whatever else runs on this machine
        here = {"num_cpus": jobs * cores, "include_dashboard": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begun = not ray.is_initialized()
        if begun:
            try:
                ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **here)
            except Exception as error:
                reason = " ".join(str(error).split())
                raise UsageError(
                    f"Ray cannot be reached ({reason[:120]}); check RAY_ADDRESS, set "
                    "RAY_AUTH_MODE=token if the cluster asks for one, or unset both."
                ) from error
    try:
        kept = ray.put(work)
        task = ray.remote(max_retries=_TRIES - 1, num_cpus=cores)(_call_in)
        folder = os.getcwd()
        yield lambda item: _answer(ray, task.remote(folder, kept, item))
    finally:
        if begun:
            ray.shutdown()


def _call(work: Callable[[Item], Value], item: Item) -> Value:
    return work(item)


def _call_in(folder: str, work: Callable[[Item], Value], item: Item) -> Value:
    if os.getcwd() != folder:
        os.chdir(folder)
    return work(item)


def _keep_stdout() -> None:
    """Ray prints on stdout, which is for data, that a worker died; no option keeps it from that."""
    with contextlib.suppress(ImportError):
        driver: Any = importlib.import_module("ray._private.worker")
        driver.print_to_stdstream = lambda *given, **named: None


def _answer(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, ComposeError) else error) from None
    except ray.exceptions.WorkerCrashedError as error:
        raise _died() from error


class _Pool:
    """Processes of this machine; when one dies, all are replaced and the work goes on."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._pool = self._new()

    def call(self, work: Callable[[Item], Value], item: Item) -> Value:
        for _ in range(_TRIES):
            try:
                with self._lock, _children_without_sigint():  # it may begin a process
                    pool = self._pool
                    asked = pool.submit(_call, work, item)
                return asked.result()
            except BrokenProcessPool:
                with self._lock:
                    if self._pool is pool:
                        pool.shutdown(wait=True)  # its other processes are being ended
                        self._pool = self._new()
        raise _died()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _new(self) -> ProcessPoolExecutor:
        # not forked: threads of this process may hold locks
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._jobs, context, _begin)


@contextlib.contextmanager
def _children_without_sigint() -> Iterator[None]:
    """Processes begun by this thread do not hear Ctrl-C until they can say what they do with it:
    a terminal sends it to them as well, and one that is still importing would show a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # else beginning it here would take the mask away
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Leave signals to the parent, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def follow() -> None:
            wait([sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def _died() -> ComposeError:
    return ComposeError(
        "a worker process died several times over one piece of work, perhaps for want of memory; "
        "use fewer --jobs and run the same command again."
    )
