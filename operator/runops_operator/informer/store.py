"""What the operator remembers of the cluster: slim views, kept up by watch events and put right by the resync."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runops_operator.informer.pod_listing import PodListing
from runops_operator.manifests.fields import version_of
from runops_operator.manifests.observed import JobView, VideoJobView, is_version_of, parse_job, parse_videojob

__all__ = ["HistoryWentBack", "Observer", "Store"]

Observer = Callable[[VideoJobView | None, VideoJobView], None]
"""Told how a VideoJob was known, None where it was not, and how it is."""

_LISTINGS_A_DEAD_UID_IS_KEPT = 2


class HistoryWentBack(Exception):  # noqa: N818 - says what is the case
    """The cluster is as it was once before, as after a restore of etcd: what is remembered of it since is not so."""


class Store:
    """Views by name, of one namespace.

    The methods return whether anything changed that asks for a look; a worker's own progress does not. An event that is
    older than what an answer or a listing has shown already is passed over.

    Parameters
    ----------
    observers
        Told of every newer view of a VideoJob, wherever it came from.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers
        self.pods = PodListing()
        """What the last listing of all pods said, as far as no Job has changed since."""
        self._videojobs: dict[str, VideoJobView] = {}
        self._unfinished: dict[str, VideoJobView] = {}
        self._jobs: dict[str, JobView] = {}
        self._gone: dict[str, VideoJobView] = {}
        self._doubted: set[str] = set()
        self._first: set[str] = set()
        self._clock = 0
        self._videojobs_seen_at: dict[str, int] = {}
        self._jobs_seen_at: dict[str, int] = {}
        self._dead: dict[str, int] = {}

    def videojob(self, name: str) -> VideoJobView | None:
        """Return the VideoJob of a name."""
        return self._videojobs.get(name)

    def job(self, name: str) -> JobView | None:
        """Return the Job of a name."""
        return self._jobs.get(name)

    def gone(self, name: str) -> VideoJobView | None:
        """Return the last view of a deleted VideoJob whose row was not told yet."""
        return self._gone.get(name)

    def forget_gone(self, last: VideoJobView) -> None:
        """Drop a deleted VideoJob: its row knows. A later one of the same name stays."""
        if self._gone.get(last.name) is last:
            del self._gone[last.name]

    def drop_videojob(self, name: str) -> None:
        """Forget a VideoJob that the API server does not know any more."""
        view = self._videojobs.get(name)
        if view is not None:
            self._bury(view)

    def drop_job(self, name: str, uid: str) -> None:
        """Forget a Job that was deleted just now; what was on its way from before does not bring it back."""
        self._dead[uid] = self._clock
        view = self._jobs.get(name)
        if view is not None and view.uid == uid:
            del self._jobs[name]
            self.pods.doubt(name)

    def doubt_row(self, name: str) -> None:
        """Have the row of a VideoJob read before the next decision about it."""
        self._doubted.add(name)

    def note_first(self, name: str) -> None:
        """Note that a VideoJob is about to be made for a row whose claim this process has just taken and confirmed."""
        self._first.add(name)

    def take_first(self, name: str) -> bool:
        """Tell, once, whether nothing can have happened to a row yet: its first attempt needs no further read."""
        first = name in self._first
        self._first.discard(name)
        return first

    def take_doubt(self, name: str) -> bool:
        """Tell, once, whether a row must be read before the next decision."""
        doubted = name in self._doubted
        self._doubted.discard(name)
        return doubted

    def unfinished(self) -> Iterator[VideoJobView]:
        """Yield the VideoJobs that have not ended."""
        return iter(self._unfinished.values())

    def count_unfinished(self) -> int:
        """Return how many VideoJobs have not ended."""
        return len(self._unfinished)

    def videojobs(self) -> Iterator[VideoJobView]:
        """Yield all VideoJobs."""
        return iter(self._videojobs.values())

    def names(self) -> list[str]:
        """Return the names of all VideoJobs."""
        return list(self._videojobs)

    def see_listed_videojob(self, body: Mapping[str, Any]) -> None:
        """Take note of a VideoJob that a listing shows.

        Raises
        ------
        HistoryWentBack
            It is older there than it was known before the listing began.
        """
        if _named(body):
            name = body["metadata"]["name"]
            before = self._videojobs.get(name)
            if before is not None and self._videojobs_seen_at[name] < self._clock and _is_older(body, before):
                raise HistoryWentBack
        self.see_videojob(body)

    def see_videojob(self, body: Mapping[str, Any], *, deleted: bool = False) -> bool:
        """Take note of a VideoJob as a watch event or an answer shows it."""
        if not _named(body):
            return False
        name = body["metadata"]["name"]
        if not deleted and is_version_of(body, self._videojobs.get(name)):
            self._videojobs_seen_at[name] = self._clock
            return False
        view = parse_videojob(body)
        if deleted:
            self._bury(view)
            return True
        before = self._videojobs.get(view.name)
        if view.uid in self._dead or (before is not None and view.version < before.version):
            return False
        self._videojobs[view.name] = view
        if view.finished:
            self._unfinished.pop(view.name, None)
        else:
            self._unfinished[view.name] = view
        self._videojobs_seen_at[view.name] = self._clock
        for observer in self._observers:
            # One of the same name that was made anew has nothing to do with the one before.
            observer(before if before is not None and before.uid == view.uid else None, view)
        return before is None or before.without_worker_progress() != view.without_worker_progress()

    def see_job(self, body: Mapping[str, Any], *, deleted: bool = False) -> bool:
        """Take note of a Job as a watch event, a listing or an answer shows it."""
        if not _named(body):
            return False
        name = body["metadata"]["name"]
        if not deleted and is_version_of(body, self._jobs.get(name)):
            self._jobs_seen_at[name] = self._clock
            return False
        view = parse_job(body)
        before = self._jobs.get(view.name)
        if deleted:
            self.drop_job(view.name, view.uid)
            return True
        if view.uid in self._dead or (before is not None and view.version < before.version):
            return False
        self._jobs[view.name] = view
        self._jobs_seen_at[view.name] = self._clock
        if before == view:
            return False
        self.pods.doubt(view.name)
        return True

    def begin_listing(self) -> int:
        """Return a mark; what is neither listed nor seen after it is a ghost."""
        self._clock += 1
        return self._clock

    def prune(self, mark: int) -> list[str]:
        """Drop what was not seen since a mark, and return the names of the VideoJobs that this concerns."""
        for name in [name for name in self._jobs if self._jobs_seen_at[name] < mark]:
            self._dead[self._jobs.pop(name).uid] = self._clock
        ghosts = [name for name in self._videojobs if self._videojobs_seen_at[name] < mark]
        for name in ghosts:
            self._bury(self._videojobs[name])
        self._videojobs_seen_at = {name: at for name, at in self._videojobs_seen_at.items() if at >= mark}
        self._jobs_seen_at = {name: at for name, at in self._jobs_seen_at.items() if at >= mark}
        self._dead = {uid: at for uid, at in self._dead.items() if at >= mark - _LISTINGS_A_DEAD_UID_IS_KEPT}
        return ghosts

    def _bury(self, view: VideoJobView) -> None:
        """Take note of a deletion. What was on its way from before it must not bring the object back."""
        self._dead[view.uid] = self._clock
        last = self._videojobs.get(view.name)
        if last is None or last.uid == view.uid:
            self._videojobs.pop(view.name, None)
            self._unfinished.pop(view.name, None)
            self._gone[view.name] = view


def _named(body: Any) -> bool:
    """Tell whether this is an object at all; what has no name cannot be acted on."""
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    return isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str)


def _is_older(body: Mapping[str, Any], than: VideoJobView) -> bool:
    metadata = body["metadata"]
    return metadata.get("uid") == than.uid and 0 < version_of(metadata) < than.version
