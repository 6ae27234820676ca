"""The operator with another clock: `python -m tests.apiserver.shifted_operator SECONDS SPEED`.

The clock by which it decides, and which it compares with the server's, is moved by SECONDS. Its timers run SPEED times
as fast: a pause of a minute takes ten seconds at a speed of 6.
"""

import asyncio
import selectors
import sys
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta, tzinfo
from typing import Any

from runops.supabase import http_client
from runops_operator import assembly
from runops_operator.main import run
from runops_operator.reconcile import reconciler

_SPEED = float(sys.argv.pop())
_AHEAD = timedelta(seconds=float(sys.argv.pop()))


class Shifted(datetime):
    """A clock that is wrong."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + _AHEAD


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else timeout / _SPEED)


class _FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return time.monotonic() * _SPEED


def _run(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=_FastLoop) as runner:
        return runner.run(main)


for module in (http_client, assembly, reconciler):
    module.datetime = Shifted  # type: ignore[attr-defined]
asyncio.run = _run  # type: ignore[assignment]

if __name__ == "__main__":
    run()
