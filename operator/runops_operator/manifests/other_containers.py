"""The containers beside the worker: sidecars and init containers, injected by a mesh or an agent. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from runops_operator.manifests.fields import object_of, objects_of, text_of

__all__ = ["WORKER", "hindrance_of", "running_beside"]

WORKER = "worker"
"""Name of our container."""

_WAITS_ITS_TURN = frozenset({None, "ContainerCreating", "PodInitializing"})
_MOST_WORDS = 200


def running_beside(status: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the other containers that run; native sidecars are among the init containers.

    Parameters
    ----------
    status
        Of the pod.
    """
    others = [*_init_containers(status), *_sidecars(status)]
    return tuple(name for name, item in others if object_of(item.get("state")).get("running") is not None)


def hindrance_of(status: Mapping[str, Any]) -> str | None:
    """Return which other container keeps the worker from starting, and why; None where none does.

    Init containers run one after the other, and each must succeed. A native sidecar is one that must only start. Of the
    containers beside the worker, one that is not ready may hold the worker back by a hook, as a mesh's does.

    Parameters
    ----------
    status
        Of a pod whose worker has not started.
    """
    for name, item in _init_containers(status):
        if (words := _of_init_container(item)) is not None:
            return f"Container {name}, which starts before the worker, {words}."
    for name, item in _sidecars(status):
        if (words := _of_sidecar(item)) is not None:
            return f"Container {name}, which runs beside the worker, {words}."
    return None


def _init_containers(status: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in objects_of(status.get("initContainerStatuses")):
        yield str(item.get("name")), item


def _sidecars(status: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in objects_of(status.get("containerStatuses")):
        if item.get("name") != WORKER:
            yield str(item.get("name")), item


def _of_init_container(item: Mapping[str, Any]) -> str | None:
    state = object_of(item.get("state"))
    if "terminated" in state and object_of(state["terminated"]).get("exitCode") == 0:
        return None
    if "running" in state:
        # A native sidecar has started when its startup probe says so, and then goes on running.
        return None if item.get("started") else "still holds it back"
    return _stopped(state)


def _of_sidecar(item: Mapping[str, Any]) -> str | None:
    state = object_of(item.get("state"))
    if "running" in state:
        return None if item.get("ready") else "is not ready"
    return _stopped(state)


def _stopped(state: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a container that does not run; None where it only waits for its turn."""
    if "terminated" in state:
        ended = object_of(state["terminated"])
        return f"ended with exit code {ended.get('exitCode')}{_in_its_words(ended)}"
    waiting = object_of(state.get("waiting"))
    reason = text_of(waiting.get("reason"))
    return None if reason in _WAITS_ITS_TURN else f"does not run: {reason}{_in_its_words(waiting)}"


def _in_its_words(state: Mapping[str, Any]) -> str:
    words = " ".join((text_of(state.get("message")) or "").split())
    return f" ({words[:_MOST_WORDS]})" if words else ""
