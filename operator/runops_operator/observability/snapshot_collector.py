"""The number of VideoJobs, counted when the metrics are read and not at every change."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

__all__ = ["Snapshot", "SnapshotCollector"]

_MOST_USERS = 10


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How many VideoJobs there are.

    Attributes
    ----------
    phases
        By phase.
    stalled
        By the reason of the stall.
    users
        Unfinished VideoJobs by user; the empty user is for rows without a user.
    lanes
        Unfinished VideoJobs by lane.
    cost_usd
        What unfinished videos have cost so far.
    """

    phases: Mapping[str, int] = field(default_factory=dict)
    stalled: Mapping[str, int] = field(default_factory=dict)
    users: Mapping[str, int] = field(default_factory=dict)
    lanes: Mapping[str, int] = field(default_factory=dict)
    cost_usd: float = 0.0


class SnapshotCollector(Collector):
    """Turns snapshots into metrics.

    Parameters
    ----------
    by_user
        Whether metrics name users.

    Attributes
    ----------
    take
        Returns the snapshot.
    """

    def __init__(self, *, by_user: bool) -> None:
        self.take: Callable[[], Snapshot] = Snapshot
        self._by_user = by_user

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without their values."""
        return self._families(Snapshot())

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        return self._families(self.take())

    def _families(self, seen: Snapshot) -> Iterator[Metric]:
        yield _family("runops_videos", "VideoJobs by phase.", "phase", seen.phases)
        yield _family(
            "runops_videos_stalled", "Unfinished VideoJobs that are stalled, by reason.", "reason", seen.stalled
        )
        yield _family("runops_unfinished_videos", "Unfinished VideoJobs, by lane: fresh, backfill.", "lane", seen.lanes)
        cost = GaugeMetricFamily(
            "runops_unfinished_cost_usd",
            "Estimated cost of unfinished videos so far in US dollars; once they end it is in "
            "runops_model_cost_usd_total.",
        )
        cost.add_metric([], seen.cost_usd)
        yield cost
        users = GaugeMetricFamily("runops_active_users", "Users with unfinished videos.")
        users.add_metric([], len(seen.users))
        yield users
        if self._by_user:
            text = "Unfinished videos of the ten users with most of them; all others count as the user other."
            yield _family("runops_user_videos", text, "user", _busiest(seen.users))


def _family(name: str, text: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _busiest(users: Mapping[str, int]) -> dict[str, int]:
    """Return the ten busiest users, and all others together, for labels. Pure."""
    ranked = sorted(users.items(), key=lambda item: (-item[1], item[0]))
    few = {user or "nobody": count for user, count in ranked[:_MOST_USERS]}
    rest = sum(count for _, count in ranked[_MOST_USERS:])
    return few | ({"other": rest} if rest else {})
