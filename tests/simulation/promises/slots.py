"""What is promised about slots: no operator claims more rows than there are, counting all that it can know of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from runops.job_row import Lane, RowStatus
from tests.simulation.cluster import Manifest
from tests.simulation.operator_process import OperatorProcess, Site
from tests.simulation.promises.seen import Seen
from tests.simulation.promises.videojobs import finished, own_videojobs, token_of
from tests.simulation.promises.violation import Violation
from tests.simulation.table import Change

__all__ = ["SlotLimits", "lane_of"]


@dataclass(frozen=True, slots=True)
class _AtWork:
    """A VideoJob that takes a slot."""

    user: str | None
    made: datetime
    claimer: OperatorProcess | None


class SlotLimits:
    """The checks.

    Parameters
    ----------
    seen
        What was seen so far.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._claimers: dict[tuple[str, UUID], OperatorProcess] = {}
        """Which process of an installation claimed a row last."""

    def written(self, change: Change, site: Site) -> None:
        """Note which process claims a row, at a write of an operator. A next attempt keeps its slot."""
        before, after, key = change.before, change.after, (site.installation, change.job_id)
        if after.status != RowStatus.PROCESSING or after.claim is None:
            return
        held = before.status == RowStatus.PROCESSING and (before.claim is None or before.claim.by == after.claim.by)
        if not held or key not in self._claimers:
            process = self._seen.acting()
            assert isinstance(process, OperatorProcess)
            self._claimers[key] = process

    def check(self, site: Site) -> None:
        """Check the VideoJobs at work of a site.

        Two replicas that work at the same time, without a lease, do not know of each other's newest claims. Each one
        knows its own, and all that were there when it started.
        """
        if not self._seen.slots_hold:
            return
        taken: dict[Lane, list[_AtWork]] = {lane: [] for lane in Lane}
        for name, body in own_videojobs(site):
            job_id = UUID(name.removeprefix("vj-"))
            if finished(body) or "deletionTimestamp" in body["metadata"] or token_of(body) is None:
                continue
            if job_id not in self._seen.taken_with_a_claim:
                made = datetime.fromisoformat(body["metadata"]["creationTimestamp"])
                user = (body.get("spec") or {}).get("userId")
                claimer = self._claimers.get((site.installation, job_id))
                taken[lane_of(self._seen, body)].append(_AtWork(user, made, claimer))
        for lane, videos in taken.items():
            slots = site.config.slots_of(lane)
            self._seen.tally[f"all slots for {lane} rows were taken"] += len(videos) >= slots
            most = max(Counter(video.user for video in videos).values(), default=0)
            per_user = site.config.max_concurrent_per_user
            self._seen.tally["a user had as many VideoJobs as the limit allows"] += most == per_user
            self._check(site, lane, videos, replicas=len(site.replicas))
            for claimer in {video.claimer for video in videos if video.claimer is not None}:
                # Kubernetes tells whole seconds: one of the second in which a process started may have come later.
                before = claimer.started - timedelta(seconds=1)
                known = [video for video in videos if video.claimer is claimer or video.made <= before]
                self._check(site, lane, known, claimer=claimer)

    def _check(
        self,
        site: Site,
        lane: Lane,
        videos: Sequence[_AtWork],
        *,
        replicas: int = 1,
        claimer: OperatorProcess | None = None,
    ) -> None:
        by_user = Counter(video.user for video in videos)
        slots, per_user = site.config.slots_of(lane), site.config.max_concurrent_per_user
        if by_user.total() > slots * replicas:
            raise Violation(f"{by_user.total()} VideoJobs take {slots} slots for {lane} rows", site.installation)
        own = {video.user for video in videos if video.claimer is claimer or claimer is None}
        most = max((by_user[user] for user in own), default=0)
        if per_user is not None and most > per_user * replicas:
            raise Violation(f"one user has more than {per_user} VideoJobs at work", site.installation)


def lane_of(seen: Seen, videojob: Manifest) -> Lane:
    """Return the lane that the row of a VideoJob says; one made by hand takes a slot of fresh rows."""
    name = videojob["metadata"]["name"]
    row = seen.database.rows.get(UUID(name.removeprefix("vj-")))
    return Lane.FRESH if row is None or name in seen.by_hand else row.lane
