"""The kopf handlers: they put watch events into the store, and names into the work queue.

Only `on.event` handlers are registered, since kopf then writes nothing of its own to any object.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import kopf

from runops.videojob import GROUP, PLURAL, VERSION
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.manifests.labels import MANAGED_BY, MANAGED_BY_LABEL, VIDEOJOB_LABEL

__all__ = ["register"]


def register(
    registry: kopf.OperatorRegistry,
    store: Store,
    queue: WorkQueue,
    *,
    log_in: Callable[[], Awaitable[kopf.AiohttpSession]],
) -> None:
    """Register the handlers.

    Parameters
    ----------
    registry
        Where to register; importing this module registers nothing.
    store
        Takes in each event.
    queue
        Receives the name of every VideoJob to reconcile.
    log_in
        Returns how the API server is reached.
    """

    @kopf.on.login(registry=registry)
    async def on_login(**_: Any) -> kopf.AiohttpSession:
        return await log_in()

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def on_videojob(event: Mapping[str, Any], **_: Any) -> None:
        body = event["object"]
        if store.see_videojob(body, deleted=event["type"] == "DELETED"):
            await queue.add(body["metadata"]["name"])

    @kopf.on.event("batch", "v1", "jobs", labels={MANAGED_BY_LABEL: MANAGED_BY}, registry=registry)
    async def on_job(event: Mapping[str, Any], **_: Any) -> None:
        body = event["object"]
        owner = (body["metadata"].get("labels") or {}).get(VIDEOJOB_LABEL)
        if owner and store.see_job(body, deleted=event["type"] == "DELETED"):
            await queue.add(owner)
