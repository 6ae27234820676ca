"""When nodes came and went. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devstack.autoscaler import InstanceType

__all__ = ["NodeTimes"]

_INSTANCE_TYPE = "node.kubernetes.io/instance-type"


@dataclass
class _Life:
    dollars_per_hour: float
    cpus: int
    came: float
    went: float | None = None

    def seconds(self, now: float) -> float:
        return (now if self.went is None else self.went) - self.came


@dataclass
class NodeTimes:
    """The lives of the nodes of a pool, as looks at the cluster show them.

    Attributes
    ----------
    counts
        For each look the time in seconds, and how many nodes there were.
    """

    instance_types: Iterable[InstanceType]
    counts: list[tuple[float, int]] = field(default_factory=list)
    _lives: dict[str, _Life] = field(default_factory=dict)

    def look(self, nodes: Iterable[Mapping[str, Any]], now: float) -> None:
        """Take note of the nodes that there are now."""
        known = {one.name: one for one in self.instance_types}
        there = {str(node["metadata"]["uid"]): node["metadata"]["labels"] for node in nodes}
        for uid, labels in there.items():
            kind = known[labels[_INSTANCE_TYPE]]
            self._lives.setdefault(uid, _Life(kind.dollars_per_hour, kind.cpus, now))
        for uid, life in self._lives.items():
            if uid not in there and life.went is None:
                life.went = now
        self.counts.append((now, len(there)))

    def changes(self) -> list[tuple[float, int]]:
        """Return the looks at which there was another number of nodes than before."""
        before = [0, *(count for _, count in self.counts)]
        return [look for look, last in zip(self.counts, before, strict=False) if look[1] != last]

    @property
    def made(self) -> int:
        """How many nodes there were in all."""
        return len(self._lives)

    @property
    def most(self) -> int:
        """How many nodes there were at most at a time."""
        return max((count for _, count in self.counts), default=0)

    @property
    def there(self) -> int:
        """How many nodes there were when they were last counted."""
        return self.counts[-1][1] if self.counts else 0

    @property
    def first_came(self) -> float | None:
        """When the first node was seen; None where there was none."""
        return min((life.came for life in self._lives.values()), default=None)

    @property
    def last_went(self) -> float | None:
        """When the last node was gone; None while one is there, or where there was none."""
        ends = [life.went for life in self._lives.values()]
        return None if not ends or None in ends else max(end for end in ends if end is not None)

    def cpu_hours(self, now: float) -> float:
        """Return the CPU-hours of all nodes until now."""
        return sum(life.cpus * life.seconds(now) for life in self._lives.values()) / 3600

    def dollars(self, now: float) -> float:
        """Return what all nodes cost until now."""
        return sum(life.dollars_per_hour * life.seconds(now) for life in self._lives.values()) / 3600
