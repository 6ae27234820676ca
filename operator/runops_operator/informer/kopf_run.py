"""One run of kopf, from its login to its end. It can be repeated in one process."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import kopf

from runops_operator.informer.handlers import register
from runops_operator.informer.kopf_settings import NoMemories, kopf_settings
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.kopf_login import KopfLogins, Outcome

__all__ = ["run_kopf"]

_KOPF = str(Path(kopf.__file__).parent)
_MOST_CANCELS = 10


def _tasks_of_kopf() -> set["asyncio.Task[Any]"]:
    return {task for task in asyncio.all_tasks() if _is_of_kopf(task)}


def _is_of_kopf(task: "asyncio.Task[Any]") -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(_KOPF)


class _TasksOfOthers(Collection[asyncio.Task[object]]):
    """All tasks of this process that kopf did not start.

    kopf cancels at its end what was started after it. Our loops start tasks all the time, and go on.
    """

    def __contains__(self, task: object) -> bool:
        return isinstance(task, asyncio.Task) and not _is_of_kopf(task)

    def __iter__(self) -> Iterator[asyncio.Task[object]]:
        return iter(asyncio.all_tasks() - _tasks_of_kopf())

    def __len__(self) -> int:
        return len(asyncio.all_tasks() - _tasks_of_kopf())


async def run_kopf(
    store: Store,
    queue: WorkQueue,
    *,
    namespace: str,
    outcome: Outcome,
    stop: asyncio.Event,
    take_signals: Callable[[], None],
) -> None:
    """Have kopf watch VideoJobs and Jobs until `stop` is set.

    Parameters
    ----------
    store, queue
        See `register`.
    namespace
        Of the objects.
    outcome
        Receives how each request ended.
    stop
        Ends the run.
    take_signals
        Called when kopf has taken the process's signals; it takes them back.

    Raises
    ------
    Exception
        What ended kopf before `stop` was set.
    """
    registry, logins = kopf.OperatorRegistry(), KopfLogins(outcome)
    register(registry, store, queue, log_in=logins.log_in)
    try:
        roots = await kopf.spawn_tasks(
            registry=registry,
            settings=kopf_settings(),
            memories=NoMemories(),
            namespaces=[namespace],
            standalone=True,
            stop_flag=stop,
        )
        take_signals()
        lasting = _tasks_of_kopf()
        await asyncio.wait(roots, return_when=asyncio.FIRST_COMPLETED)
        # Where one watch has failed, kopf closes the connections while the other watch goes on, which then waits for
        # ever for a new login. So that one is ended first.
        await _end(_tasks_of_kopf() - lasting)
        # It has a task that waits for this, and would itself wait for that task.
        stop.set()
        await kopf.run_tasks(roots, ignored=_TasksOfOthers())
    finally:
        await _end(_tasks_of_kopf())
        await logins.close()


async def _end(tasks: set["asyncio.Task[Any]"]) -> None:
    """Cancel tasks, several times where they take no notice: kopf's watches wait for their workers first."""
    for _ in range(_MOST_CANCELS):
        for task in tasks:
            task.cancel()
        if tasks:
            _, tasks = await asyncio.wait(tasks, timeout=1.0)
