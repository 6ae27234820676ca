"""What the operator knows of the cluster: slim views, updated by watch events and corrected by the resync."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from runops_operator.informer.fresh_claims import FreshClaims
from runops_operator.informer.name_flags import NameFlags
from runops_operator.informer.object_cache import ObjectCache
from runops_operator.informer.object_change import Change, name_of
from runops_operator.informer.pod_listing import PodListing
from runops_operator.manifests.fields import holder_of
from runops_operator.manifests.observed import JobView, VideoJobView, parse_job, parse_videojob

__all__ = ["DeletionObserver", "HistoryWentBack", "Observer", "Store"]

_log = logging.getLogger(__name__)
DeletionObserver = Callable[[VideoJobView], None]
"""Receives the last view of a VideoJob that is gone."""
Observer = Callable[[VideoJobView | None, VideoJobView], None]
"""Receives the former view of a VideoJob, None for a new one, and the present view."""


class HistoryWentBack(Exception):  # noqa: N818 - says what is the case
    """The cluster was restored to an earlier state, for example from a backup of etcd: what is known is wrong."""


class Store:
    """VideoJobs and Jobs of one namespace, by name.

    `see_videojob` and `see_job` return whether the VideoJob must be reconciled. A worker's own progress does not count.

    Parameters
    ----------
    observers
        Receive every newer view of a VideoJob.
    own_names
        The names of this installation. A VideoJob that another one claimed is left alone, as if it did not exist. None
        takes in every VideoJob.
    """

    def __init__(self, *observers: Observer, own_names: Collection[str] | None = None) -> None:
        self._own_names = own_names
        self._observers = list(observers)
        self._deletion_observers: list[DeletionObserver] = []
        self._videojobs = ObjectCache(parse_videojob)
        self._jobs = ObjectCache(parse_job)
        self._unfinished: dict[str, VideoJobView] = {}
        """Kept apart since each reconciliation counts it: 7 ms for 10,000 views, 70 s in a restart of 15 s at most."""
        self._deleted: dict[str, VideoJobView] = {}
        self.pods = PodListing()
        """The pods as of the last listing of all; a Job that changes after it is invalidated."""
        self.rows_to_read = NameFlags()
        """VideoJobs whose row the next reconciliation must read."""
        self.fresh_claims = FreshClaims()
        """Claims that this process has just taken and confirmed: the first attempt needs no further read."""

    def observe(self, observer: Observer, *, deleted: DeletionObserver) -> None:
        """Let another observer receive every newer view from now on, and the last view of each that is deleted."""
        self._observers.append(observer)
        self._deletion_observers.append(deleted)

    def videojob(self, name: str) -> VideoJobView | None:
        """Return the VideoJob of a name."""
        return self._videojobs.get(name)

    def job(self, name: str) -> JobView | None:
        """Return the Job of a name."""
        return self._jobs.get(name)

    def deleted(self, name: str) -> VideoJobView | None:
        """Return the last view of a deleted VideoJob whose row was not updated yet."""
        return self._deleted.get(name)

    def deleted_uids(self) -> list[str]:
        """Return the uids of the deleted VideoJobs whose rows were not updated yet."""
        return [last.uid for last in self._deleted.values()]

    def forget_deleted(self, last: VideoJobView) -> None:
        """Drop a deleted VideoJob after its row was updated. A later one of the same name stays."""
        if self._deleted.get(last.name) is last:
            del self._deleted[last.name]

    def forget_all_deleted(self) -> None:
        """Drop all deleted VideoJobs without updating their rows: nobody deleted these one by one."""
        self._deleted.clear()

    def unfinished(self) -> Iterator[VideoJobView]:
        """Yield the VideoJobs that have not ended."""
        return iter(self._unfinished.values())

    def count_unfinished(self) -> int:
        """Return how many VideoJobs have not ended."""
        return len(self._unfinished)

    def videojobs(self) -> Iterator[VideoJobView]:
        """Yield all VideoJobs."""
        return self._videojobs.views()

    def names(self) -> list[str]:
        """Return the names of all VideoJobs."""
        return self._videojobs.names()

    def see_videojob(self, body: Mapping[str, Any], *, deleted: bool = False) -> bool:
        """Take in a VideoJob from a watch event, an answer or a listing."""
        if self.is_of_others(body):
            self._leave_to_others(body)
            return False
        seen = self._videojobs.see(body, deleted=deleted)
        view, before = seen.view, seen.before
        if view is None:
            return False
        if seen.change is Change.EARLIER_DELETED:
            self._tell_of_deletion(view)
            return True
        if seen.change is Change.DELETED:
            self._after_deletion(view)
            return True
        if view.finished:
            self._unfinished.pop(view.name, None)
        else:
            self._unfinished[view.name] = view
        self._tell(before if seen.change is Change.UPDATED else None, view)
        return before is None or before.without_worker_progress() != view.without_worker_progress()

    def is_of_others(self, body: Mapping[str, Any]) -> bool:
        """Whether another installation claimed a VideoJob."""
        if name_of(body) is None:
            return False
        holder = holder_of(body["metadata"])
        return self._own_names is not None and holder is not None and holder not in self._own_names

    def _leave_to_others(self, body: Mapping[str, Any]) -> None:
        """Forget a VideoJob that was made by hand, and that another installation claimed first."""
        name = name_of(body)
        last = None if name is None else self._videojobs.forget(name)
        if last is not None:
            self._unfinished.pop(last.name, None)
            self._tell_of_deletion(last)

    def see_job(self, body: Mapping[str, Any], *, deleted: bool = False) -> bool:
        """Take in a Job from a watch event, an answer or a listing."""
        seen = self._jobs.see(body, deleted=deleted)
        if seen.view is None or (seen.view == seen.before and not deleted):
            return False
        if seen.change is not Change.EARLIER_DELETED:
            self.pods.invalidate(seen.view.name)
        return True

    def drop_videojob(self, name: str) -> None:
        """Remove a VideoJob that the API server does not know any more."""
        view = self._videojobs.get(name)
        if view is not None:
            self._videojobs.remove(name, view.uid)
            self._after_deletion(view)

    def drop_job(self, name: str, uid: str) -> None:
        """Remove a Job that was deleted just now. Events that are still on the way do not bring it back."""
        if self._jobs.remove(name, uid):
            self.pods.invalidate(name)

    def begin_listing(self) -> None:
        """Begin to list all VideoJobs and Jobs; `end_listing` follows."""
        self._videojobs.begin_listing()
        self._jobs.begin_listing()

    def see_listed_videojob(self, body: Mapping[str, Any]) -> None:
        """Take in a VideoJob from a listing of all.

        Raises
        ------
        HistoryWentBack
            The listing shows an older version than was known before it began.
        """
        if self._videojobs.is_listed_older(body):
            raise HistoryWentBack
        self.see_videojob(body)

    def end_listing(self) -> list[str]:
        """Remove what was neither listed nor seen since `begin_listing`; return the names of the removed VideoJobs."""
        self._jobs.end_listing()
        ghosts = self._videojobs.end_listing()
        for ghost in ghosts:
            self._after_deletion(ghost)
        return [ghost.name for ghost in ghosts]

    def _after_deletion(self, last: VideoJobView) -> None:
        self._unfinished.pop(last.name, None)
        self._deleted[last.name] = last
        self._tell_of_deletion(last)

    def _tell(self, before: VideoJobView | None, view: VideoJobView) -> None:
        """Show the observers a newer view. What they make of it must not keep it from being reconciled."""
        for observer in self._observers:
            try:
                observer(before, view)
            except Exception:  # noqa: BLE001 - see above
                _log.exception("Unexpected error about a newer view of %s.", view.name)

    def _tell_of_deletion(self, last: VideoJobView) -> None:
        for observer in self._deletion_observers:
            try:
                observer(last)
            except Exception:  # noqa: BLE001 - see `_tell`
                _log.exception("Unexpected error about the deletion of %s.", last.name)
