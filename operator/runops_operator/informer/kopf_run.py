"""One run of kopf, from its login to its end. It can be repeated in one process."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import kopf

from runops_operator.informer.handlers import register
from runops_operator.informer.kopf_settings import NoMemories, kopf_settings
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.kopf_login import KopfLogins, Outcome

__all__ = ["run_kopf"]

_KOPF = str(Path(kopf.__file__).parent)
_STOP_SECONDS = 30.0


class _TasksOfOthers(Collection[asyncio.Task[object]]):
    """All tasks of this process that kopf did not start.

    kopf cancels at its end what was started after it. Our loops start tasks all the time, and go on.
    """

    def __contains__(self, task: object) -> bool:
        code = getattr(task.get_coro(), "cr_code", None) if isinstance(task, asyncio.Task) else None
        return code is None or not code.co_filename.startswith(_KOPF)

    def __iter__(self) -> Iterator[asyncio.Task[object]]:
        return (task for task in asyncio.all_tasks() if task in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


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
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=kopf_settings(),
            memories=NoMemories(),
            namespaces=[namespace],
            standalone=True,
            stop_flag=stop,
        )
        take_signals()
        await kopf.run_tasks(tasks, ignored=_TasksOfOthers())
    finally:
        await logins.close()
