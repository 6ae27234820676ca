"""What a program on the stand-in's node is given, and what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KILLED = 137
"""The exit code of a container that SIGKILL ended."""


@dataclass(frozen=True)
class Exit:
    """How a program ended: its exit code, and what it would have written to /dev/termination-log."""

    code: int
    message: str = ""


@dataclass(frozen=True)
class Pod:
    """A pod as its program sees it.

    Attributes
    ----------
    environment
        Of its only container; `fieldRef` is known for the pod's name, namespace and uid, other sources are left out.
    grace_seconds
        Between SIGTERM and SIGKILL.
    """

    namespace: str
    name: str
    uid: str
    container: str
    image: str
    environment: Mapping[str, str] = field(repr=False)
    grace_seconds: float


Program = Callable[[Pod, asyncio.Event], Awaitable[Exit]]
"""What runs instead of the image. The event is SIGTERM; cancellation is SIGKILL, after which nothing may be done."""


def parse_pod(body: Mapping[str, Any]) -> Pod:
    """Return what the stand-in needs of a pod's manifest."""
    metadata, spec = body["metadata"], body["spec"]
    container = spec["containers"][0]
    fields = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
    }
    environment = {}
    for item in container.get("env") or ():
        path = ((item.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath")
        value = item.get("value") if path is None else fields.get(path)
        if value is not None:
            environment[item["name"]] = value
    return Pod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        container=container["name"],
        image=container["image"],
        environment=environment,
        grace_seconds=float(spec.get("terminationGracePeriodSeconds", 30)),
    )
