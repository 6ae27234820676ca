"""The page of the queue beside a test: in a thread of its own for a browser, with a cluster that is a few manifests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops_ui.cluster.access import ClusterAccess, ClusterUnavailable
from runops_ui.cluster.snapshot import ClusterReader
from runops_ui.pictures.taker import PictureTaker
from runops_ui.server import serve
from runops_ui.settings import UiSettings

__all__ = ["Manifests", "running_site"]

_START_SECONDS = 60.0


@dataclass
class Manifests:
    """A namespace: what each path answers, without its query."""

    by_path: dict[str, Any] = field(default_factory=dict)
    suspended: dict[str, bool] = field(default_factory=dict)
    trouble: str | None = None

    async def namespace(self) -> str:
        return "runops"

    async def get(self, path: str) -> dict[str, Any] | None:
        if self.trouble is not None:
            raise ClusterUnavailable(self.trouble)
        whole, plain = self.by_path.get(path), self.by_path.get(path.partition("?")[0])
        return whole if whole is not None else plain or {"items": []}

    async def set_suspended(self, name: str, *, suspended: bool) -> None:
        self.suspended[name] = suspended


@contextmanager
def running_site(
    stack: StackInfo,
    cluster: ClusterAccess | None = None,
    *,
    port: int,
    taker: Callable[[Supabase], PictureTaker] | None = None,
    **settings: Any,
) -> Iterator[str]:
    """Serve the page while the block runs; its address."""
    loop, stop, address = asyncio.new_event_loop(), asyncio.Event(), ""
    ready = threading.Event()

    def note(told: str) -> None:
        nonlocal address
        address = told
        ready.set()

    async def run() -> None:
        async with Supabase(stack.url, stack.secret_key) as supabase:
            takes = None if taker is None else taker(supabase)
            shown = UiSettings(port=port, **settings)
            await serve(shown, supabase, ClusterReader(cluster), taker=takes, ready=note, stop=stop)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        assert ready.wait(_START_SECONDS), "the page did not start"
        yield address.rstrip("/")
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_START_SECONDS)
        loop.close()
