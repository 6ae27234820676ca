"""The network between processes and what they talk to: each call waits until the world lets it through, or fails it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

__all__ = ["Fate", "Killed", "Network", "Process", "Wire"]


class Killed(BaseException):
    """The process is killed: nothing catches this."""


class Fate(Enum):
    """What happens to a call."""

    THROUGH = auto()
    LOST = auto()
    """It does not arrive; its caller sees a failure."""
    ANSWER_WAITS = auto()
    """It is carried out. Whether the answer arrives is decided later."""


@dataclass(eq=False)
class Process:
    """Something that makes calls and can be killed: an operator or a worker."""

    dead: bool = False
    hurried: int = 0
    """So many further calls go through at once."""
    supabase_away: int = 0
    """So many further calls to Supabase fail."""
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    ended: list[asyncio.Task[Any]] = field(default_factory=list)
    """Its tasks that ended while it was alive, and that nobody has looked at."""

    def go(self, work: Coroutine[Any, Any, Any], *, name: str) -> None:
        """Begin one of the things that it does at the same time."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._note)
        self.tasks.append(task)

    def _note(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and (task.exception() is not None or task.get_name() != "start"):
            self.ended.append(task)

    def kill(self) -> None:
        """End it at once; a call that waits is not carried out any more."""
        self.dead = True
        for task in self.tasks:
            task.cancel()
        self.tasks.clear()


@dataclass(eq=False, slots=True)
class Call:
    """A call that waits, before it is carried out or before its answer arrives."""

    process: Process
    name: str
    answer: bool
    future: "asyncio.Future[Fate]"


class Network:
    """All calls that wait.

    Attributes
    ----------
    calm
        Whether every call goes through at once.
    slow
        Calls of this kind wait longer than others, so that much happens between a decision and its write.
    acting
        Whose call was carried out last: while something changes by a call, its caller.
    """

    def __init__(self) -> None:
        self.calm = False
        self.slow = ""
        self.waiting: list[Call] = []
        self.acting: Process | None = None

    async def call(
        self, process: Process, name: str, carry_out: Callable[[], Awaitable[Any]], failure: Callable[[], Exception]
    ) -> Any:
        """Carry a call out when its time comes, and return its answer when that comes."""
        fate = await self.fate(process, name)
        if fate is Fate.LOST:
            raise failure()
        self.acting = process
        answer = await carry_out()
        if process.dead:
            raise Killed
        if fate is Fate.ANSWER_WAITS and await self.fate(process, name, answer=True) is Fate.LOST:
            raise failure()
        return answer

    async def fate(self, process: Process, name: str, *, answer: bool = False) -> Fate:
        """Wait until the world decides about a call."""
        if process.dead:
            raise Killed
        if self.calm:
            return Fate.THROUGH
        if process.hurried > 0 and name != self.slow:
            process.hurried -= 1
            return Fate.THROUGH
        call = Call(process, name, answer, asyncio.get_running_loop().create_future())
        self.waiting.append(call)
        try:
            return await call.future
        finally:
            if call in self.waiting:
                self.waiting.remove(call)

    def decide(self, call: Call, fate: Fate) -> None:
        """Let a call go on."""
        self.waiting.remove(call)
        if not call.future.done():
            call.future.set_result(fate)

    def become_calm(self) -> None:
        """Let everything through from now on."""
        self.calm = True
        for call in list(self.waiting):
            self.decide(call, Fate.THROUGH)


class Wire:
    """Passes a process's calls on to a part of the world, over the network.

    Parameters
    ----------
    target
        The cluster, the results or the storage.
    network, process
        Over what, and whose calls.
    failure
        Makes what the caller sees when a call or its answer is lost.
    """

    def __init__(self, target: Any, network: Network, process: Process, failure: Callable[[], Exception]) -> None:
        self._target, self._network, self._process, self._failure = target, network, process, failure

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        network, process, failure = self._network, self._process, self._failure

        async def called(*args: Any, **kwargs: Any) -> Any:
            kind = args[0] if name == "call" else name
            return await network.call(process, kind, lambda: method(*args, **kwargs), failure)

        return called
