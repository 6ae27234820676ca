"""The pods as one listing of all of them shows them: the looks that come right after it ask for none of their own.

Where thousands of VideoJobs are looked at at once, a listing for each would take most of the time.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from runops_operator.observed import JOB_NAME_LABEL, PodView, parse_pod, same

__all__ = ["PodListing", "pods_of"]

_Owned = tuple[tuple[str, ...], PodView]


class PodListing:
    """What one listing says, by Job. What it says of a Job can be taken once: a later look has to ask again."""

    def __init__(self) -> None:
        self._pods: dict[str, list[_Owned]] = {}
        self._whole = False

    def begin(self, jobs: Iterable[str]) -> None:
        """Begin anew, before the first pod is listed; of Jobs that are not named here nothing will be known."""
        self._pods = {name: [] for name in jobs}
        self._whole = False

    def see(self, body: Mapping[str, Any]) -> None:
        """Take note of a pod that is listed."""
        labels = body["metadata"].get("labels") or {}
        known = self._pods.get(labels.get(JOB_NAME_LABEL, ""))
        if known is not None:
            known.append(_owned(body))

    def end(self) -> None:
        """Note that all pods were listed."""
        self._whole = True

    def doubt(self, job: str) -> None:
        """Forget what is known of a Job: it changed after the listing had begun."""
        self._pods.pop(job, None)

    def take(self, job: str, uid: str) -> list[PodView] | None:
        """Return the pods of a Job; None where they have to be asked for."""
        if not self._whole:
            return None
        known = self._pods.pop(job, None)
        return None if known is None else [pod for owners, pod in known if not owners or uid in owners]


def pods_of(bodies: Iterable[Mapping[str, Any]], uid: str) -> list[PodView]:
    """Return those of a Job's pods that this very Job made, not one of the same name before it."""
    return [pod for owners, pod in map(_owned, bodies) if not owners or uid in owners]


def _owned(body: Mapping[str, Any]) -> _Owned:
    owners = body["metadata"].get("ownerReferences") or ()
    return tuple(same(str(owner.get("uid"))) for owner in owners), parse_pod(body)
