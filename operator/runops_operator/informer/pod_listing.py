"""The pods as one listing of all of them shows them: the looks that come right after it ask for none of their own.

Where thousands of VideoJobs are looked at at once, a listing for each would take most of the time.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from runops_operator.manifests.fields import same
from runops_operator.manifests.labels import JOB_NAME_LABEL
from runops_operator.manifests.observed_pod import PodView, parse_pod

__all__ = ["PodListing", "pods_of"]

_Owned = tuple[tuple[str, ...], PodView]


class PodListing:
    """What one listing says, by Job. What it says of a Job can be taken once: a later look has to ask again.

    Pods are listed by their names, which begin with that of their Job: a Job's pods come one after the other.
    """

    def __init__(self) -> None:
        self._untold: set[str] = set()
        """Jobs of which no pod was listed yet."""
        self._known: dict[str, list[_Owned]] = {}
        self._job = ""
        self._pods: list[_Owned] = []
        """Of the Job whose pods are just being listed."""
        self._whole = False

    def begin(self, jobs: Iterable[str]) -> None:
        """Begin anew, before the first pod is listed; of Jobs that are not named here nothing will be known."""
        self._untold = set(jobs)
        self._known = {}
        self._job, self._pods = "", []
        self._whole = False

    def see(self, body: Mapping[str, Any]) -> str | None:
        """Take note of a pod that is listed; return the Job of which it shows that all pods are known now."""
        job = (body["metadata"].get("labels") or {}).get(JOB_NAME_LABEL, "")
        before = None
        if job != self._job:
            before = self._finish()
            self._job = job
        if job in self._untold:
            self._pods.append(_owned(body))
        else:
            # One of a Job that was told already: what was told was not all.
            self.doubt(job)
        return before

    def end(self) -> None:
        """Note that all pods were listed."""
        self._finish()
        self._whole = True

    def doubt(self, job: str) -> None:
        """Forget what is known of a Job: it changed after the listing had begun."""
        self._untold.discard(job)
        self._known.pop(job, None)

    def take(self, job: str, uid: str) -> list[PodView] | None:
        """Return the pods of a Job; None where they have to be asked for."""
        if self._whole and job in self._untold:
            self._untold.discard(job)
            return []
        known = self._known.pop(job, None)
        return None if known is None else [pod for owners, pod in known if not owners or uid in owners]

    def _finish(self) -> str | None:
        job, pods = self._job, self._pods
        self._job, self._pods = "", []
        if job not in self._untold:
            return None
        self._untold.discard(job)
        self._known[job] = pods
        return job


def pods_of(bodies: Iterable[Mapping[str, Any]], uid: str) -> list[PodView]:
    """Return those of a Job's pods that this very Job made, not one of the same name before it."""
    return [pod for owners, pod in map(_owned, bodies) if not owners or uid in owners]


def _owned(body: Mapping[str, Any]) -> _Owned:
    owners = body["metadata"].get("ownerReferences") or ()
    return tuple(same(str(owner.get("uid"))) for owner in owners), parse_pod(body)
