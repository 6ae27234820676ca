"""A stand-in node in a thread of its own, whose light workers go on when they are told to."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api, Exit, FakeKubelet, Pod
from devstack.light_worker import Ledger, LightWorker
from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT

__all__ = ["LightNode", "light_node"]

_START_SECONDS = 90.0


class LightNode:
    """The node, while it runs.

    Attributes
    ----------
    name
        Of the node; a pod has to select and to tolerate it.
    go_on
        Until it is set, workers run and do nothing.
    """

    def __init__(self, cluster: ClusterInfo, stack: StackInfo) -> None:
        self.name = ""
        self.go_on = threading.Event()
        self._cluster = cluster
        self._stack = stack
        self._working = 0

    @property
    def working(self) -> int:
        """How many workers run now."""
        return self._working

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        """Be a node until told to stop."""
        supabase = Supabase(self._stack.url, self._stack.secret_key, retries=PATIENT)
        worker = LightWorker(supabase, Ledger())

        async def program(pod: Pod, sigterm: asyncio.Event) -> Exit:
            self._working += 1
            try:
                while not self.go_on.is_set() and not sigterm.is_set():  # noqa: ASYNC110 - another thread sets it
                    await asyncio.sleep(0.1)
                return await worker(pod, sigterm)
            finally:
                self._working -= 1

        async with Api(self._cluster.kubeconfig) as api, supabase, FakeKubelet(api, program) as kubelet:
            self.name = kubelet.name
            started.set()
            await stop.wait()


@contextmanager
def light_node(cluster: ClusterInfo, stack: StackInfo) -> Iterator[LightNode]:
    """Run a node in a thread; its pods end with it."""
    node = LightNode(cluster, stack)
    started, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(node.serve(started, stop)), daemon=True)
    thread.start()
    try:
        assert started.wait(_START_SECONDS), "the stand-in node does not start"
        yield node
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_START_SECONDS)
        loop.close()
