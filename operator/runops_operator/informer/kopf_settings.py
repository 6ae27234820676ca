"""The settings of kopf: an informer that writes nothing and keeps nothing."""

import itertools
from collections.abc import Iterator
from typing import Any, cast

import kopf
from kopf._cogs.structs.bodies import RawBody
from kopf._cogs.structs.ephemera import AnyMemo
from kopf._core.reactor.inventory import ResourceMemories, ResourceMemory

from runops_operator.manifests.labels import MANAGED_BY, MANAGED_BY_LABEL

__all__ = ["WATCH_SECONDS", "NoMemories", "kopf_settings"]

WATCH_SECONDS = 30
"""For so long a watch lasts. Then it is asked for again, which is how a right that was lost, or a definition that was
deleted, is noticed: a watch that has begun goes on without them."""


class _Pauses:
    """Pauses in seconds between kopf's tries, without an end: a run of kopf that gives up lists everything again."""

    def __iter__(self) -> Iterator[float]:
        yield from (1, 1, 2, 3, 5, 8)
        yield from itertools.repeat(10)


class _NoDiffBase(kopf.DiffBaseStorage):
    """Keeps no former state of an object.

    For every event kopf copies the whole object several times to find out what changed, though no handler asks: 14 of
    24 s of processor time in a burst of 300 rows. The bound of a burst, 1.5 times a bare create loop, leaves less.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        return cast("kopf.BodyEssence", {})

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        return None


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress of handlers: ours are done when they return."""

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        return None

    def purge(self, **_: Any) -> None:
        return None

    def touch(self, **_: Any) -> None:
        return None

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


class NoMemories(ResourceMemories):
    """Keeps nothing of an object between its events.

    kopf would keep 19 MiB for 10,000 VideoJobs and their Jobs, which the bound of 165 MiB does not leave. It takes such
    a store as an argument, but does not export the class.
    """

    async def recall(
        self,
        raw_body: RawBody,
        *,
        memobase: AnyMemo | None = None,
        noticed_by_listing: bool = False,
        ephemeral: bool = True,  # noqa: ARG002 - every memory is ephemeral here
    ) -> ResourceMemory:
        """Return a new memory for this event only."""
        return await super().recall(raw_body, memobase=memobase, noticed_by_listing=noticed_by_listing, ephemeral=True)


def kopf_settings() -> kopf.OperatorSettings:
    """Return the settings."""
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    settings.watching.chunk_size = 100
    settings.watching.server_timeout = WATCH_SECONDS
    # A server that does not end the watch in time is not there any more.
    settings.watching.client_timeout = WATCH_SECONDS + 15
    # After each watch that ends with 410 (resource version expired) kopf lists everything again, perhaps many times.
    settings.watching.reconnect_backoff = 1.0
    settings.watching.label_selectors["batch", "v1", "jobs"] = f"{MANAGED_BY_LABEL}={MANAGED_BY}"
    settings.queueing.idle_timeout = 0.1
    settings.queueing.error_delays = (1, 2, 5, 10, 30, 60)
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = _Pauses()
    # By default kopf kills the whole process ten minutes after one of its runs ended, and ours goes on without it.
    settings.process.ultimate_exiting_timeout = None
    return settings
