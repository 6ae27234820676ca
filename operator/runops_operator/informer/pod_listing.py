"""The pods as one listing of all shows them, so that the reconciliations after a resync need no listings of their own.

After a restart all VideoJobs are reconciled. For each listing by label the API server goes through all pods of the
namespace: 10,000 listings do not fit into the bound of 15 s for a restart.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from runops_operator.manifests.labels import JOB_NAME_LABEL
from runops_operator.manifests.observed_pod import PodView, parse_pod

__all__ = ["PodListing", "groups_by_job", "owners_of", "pods_of"]

_Owned = tuple[tuple[str, ...], PodView]


class PodListing:
    """The pods of each Job in one listing. They can be taken once: a later reconciliation asks the API server again."""

    def __init__(self) -> None:
        self._unlisted: set[str] = set()
        """Jobs of which no pod was listed yet."""
        self._pods: dict[str, list[_Owned]] = {}
        self._complete = False

    def begin(self, jobs: Iterable[str]) -> None:
        """Begin a new listing before the first pod is listed; nothing will be known of Jobs that are not named here."""
        self._unlisted = set(jobs)
        self._pods = {}
        self._complete = False

    def add(self, job: str, bodies: Iterable[Mapping[str, Any]]) -> bool:
        """Take in the pods of a Job; tell whether they can be taken now.

        A second group of the same Job invalidates it: the first group was not all of its pods.
        """
        if job not in self._unlisted:
            self.invalidate(job)
            return False
        self._unlisted.discard(job)
        self._pods[job] = [_owned(body) for body in bodies]
        return True

    def end(self) -> None:
        """Note that all pods were listed."""
        self._complete = True

    def invalidate(self, job: str) -> None:
        """Forget the pods of a Job: it changed after the listing had begun."""
        self._unlisted.discard(job)
        self._pods.pop(job, None)

    def take(self, job: str, uid: str) -> list[PodView] | None:
        """Return the pods of a Job; None where the API server must be asked."""
        if self._complete and job in self._unlisted:
            self._unlisted.discard(job)
            return []
        known = self._pods.pop(job, None)
        return None if known is None else _made_by(uid, known)


async def groups_by_job(
    bodies: AsyncIterator[Mapping[str, Any]],
) -> AsyncIterator[tuple[str, list[Mapping[str, Any]]]]:
    """Yield listed pods in groups, each of one Job.

    Pods are listed in the order of their names, and these begin with the name of the Job. So the pods of a Job come one
    after the other, and only one group is in memory. The views of 10,000 pods would take 6 MiB.
    """
    job, group = "", list[Mapping[str, Any]]()
    async for body in bodies:
        of = (body["metadata"].get("labels") or {}).get(JOB_NAME_LABEL, "")
        if of != job and group:
            yield job, group
            group = []
        job = of
        group.append(body)
    if group:
        yield job, group


def pods_of(bodies: Iterable[Mapping[str, Any]], uid: str) -> list[PodView]:
    """Return the pods that this very Job made, without those of an earlier Job of the same name."""
    return _made_by(uid, map(_owned, bodies))


def owners_of(bodies: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the uids of the Jobs that made these pods."""
    return {uid for body in bodies for uid in _owners(body)}


def _made_by(uid: str, pods: Iterable[_Owned]) -> list[PodView]:
    return [pod for owners, pod in pods if not owners or uid in owners]


def _owned(body: Mapping[str, Any]) -> _Owned:
    return _owners(body), parse_pod(body)


def _owners(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(owner.get("uid")) for owner in body["metadata"].get("ownerReferences") or ())
