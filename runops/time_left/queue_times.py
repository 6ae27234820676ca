"""Place in the queue and expected end of rows that wait for a slot.

The queue is played through many times: videos at work end as finished ones did, and each slot that gets free goes to
the row that the operator itself would claim next.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import accumulate
from statistics import NormalDist
from uuid import UUID

from runops.claim_order import ClaimOrder, user_key
from runops.job_row import JobRow
from runops.time_left.expected_end import possible_seconds
from runops.time_left.pace import Learned, Pace
from runops.time_left.range import TimeLeft
from runops.time_left.unfinished import UnfinishedVideo

__all__ = ["Arrival", "Place", "Queue", "position", "queue_times"]

_ROUNDS = 24
_WORK = 4000
"""Bounds the rows that are played through, by the number of users: about 50 ms."""
_FEWEST, _MOST = 20, 400
_MOST_RUNNING = 500
_AGAIN = 3
"""So many times the arrivals of the past come once more. Behind that nothing more is expected to come."""
_COME = (0.368, 0.736, 0.920, 0.981)
"""Up to which share of the rounds an arrival comes not at all, once, twice and three times: Poisson's, about 1."""
_UNSEEN = 0.06
"""Standard deviation of what all videos of a queue have in common and history does not show."""
_UNKNOWN = UnfinishedVideo()
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row that was queued a while ago; others will be queued like it.

    Attributes
    ----------
    at
        When.
    row
        The row, of which user and priority count.
    """

    at: datetime
    row: JobRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The queue of one lane.

    Attributes
    ----------
    waiting
        Queued rows, oldest first.
    running
        Videos that have a slot.
    slots
        How many may have one.
    ageing_seconds
        As for `rank`.
    per_user
        How many of one user may have one; None for no limit.
    known
        What is known of waiting videos.
    arrivals
        Rows queued within the last `arrivals_seconds`: the same may come again, and go before rows of busy users.
    """

    waiting: Sequence[JobRow]
    running: Sequence[UnfinishedVideo]
    slots: int
    ageing_seconds: float
    per_user: int | None = None
    known: Mapping[UUID, UnfinishedVideo] = field(default_factory=dict)
    arrivals: Sequence[Arrival] = ()
    arrivals_seconds: float = 0.0

    @property
    def load(self) -> Counter[str]:
        """Videos at work by user."""
        return Counter(video.user for video in self.running)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting row stands.

    Attributes
    ----------
    position
        1 for the row that is claimed next.
    time_left
        None where too little is known.
    """

    position: int
    time_left: TimeLeft | None


def position(
    rows: Sequence[JobRow], *, active: Mapping[str, int], now: datetime, ageing_seconds: float
) -> dict[UUID, int]:
    """Return the place of each row in the order in which rows are claimed, from 1.

    Parameters
    ----------
    rows
        Queued rows, oldest first.
    active
        Videos at work by user.
    now, ageing_seconds
        As for `rank`.
    """
    order, load = ClaimOrder(rows, now=now, ageing_seconds=ageing_seconds), Counter(active)
    places: dict[UUID, int] = {}
    while (row := order.take(load)) is not None:
        load[user_key(row)] += 1
        places[row.job_id] = len(places) + 1
    return places


def queue_times(pace: Pace, queue: Queue, now: datetime) -> dict[UUID, Place]:
    """Return place and expected end of each waiting row.

    Parameters
    ----------
    pace
        What finished videos show.
    queue
        The queue. Where nothing is claimed from it, `slots` is 0, and no end is known.
    now
        The time.
    """
    places = position(queue.waiting, active=queue.load, now=now, ageing_seconds=queue.ageing_seconds)
    if queue.slots <= 0 or pace.of_all is None:
        return {job_id: Place(place, None) for job_id, place in places.items()}
    every = max(1, -(-len(queue.running) // _MOST_RUNNING))
    users = len({user_key(row) for row in queue.waiting} | {user_key(one.row) for one in queue.arrivals})
    most = min(max(_WORK // (users + 4), _FEWEST), _MOST)
    # Of very many slots one of some is played through, and of the rows as many; those between them end when it does.
    groups = {job_id: (place - 1) // every + 1 for job_id, place in places.items()}
    first = [row for row in queue.waiting if (places[row.job_id] - 1) % every == 0 and groups[row.job_id] <= most]
    played = _Played(pace, _thinned(queue, every), first, now)
    ranges = {groups[row.job_id]: played.range_of(row) for row in first}
    last = max(ranges, default=1)
    return {
        job_id: Place(
            place,
            ranges[groups[job_id]]
            if groups[job_id] in ranges
            else _further(ranges.get(last), groups[job_id] / last, now),
        )
        for job_id, place in places.items()
    }


def _thinned(queue: Queue, every: int) -> Queue:
    """Return a queue of which one of so many slots, videos and arrivals is left."""
    if every == 1:
        return queue
    return replace(
        queue,
        running=queue.running[::every],
        arrivals=queue.arrivals[::every],
        slots=max(1, queue.slots // every),
        per_user=None if queue.per_user is None else max(1, queue.per_user // every),
    )


def _further(last: TimeLeft | None, times: float, now: datetime) -> TimeLeft | None:
    """Return the range of a row that is so many times as far behind as the last one played through."""
    if last is None:
        return None
    return TimeLeft(*(now + (end - now) * times for end in (last.earliest, last.likely, last.latest)))


class _Played:
    """The queue, played through."""

    def __init__(self, pace: Pace, queue: Queue, rows: Sequence[JobRow], now: datetime) -> None:
        self._pace = pace
        self._queue = queue
        self._now = now
        self._rows = {row.job_id: row for row in rows}
        self._coming = [
            # Not the id of a row that waits.
            (one.at, one.row.model_copy(update={"job_id": UUID(int=one.row.job_id.int ^ _MASK)}))
            for one in queue.arrivals
        ]
        self._order = ClaimOrder(rows, now=now, ageing_seconds=queue.ageing_seconds)
        self._durations = _Draws(pace, now)
        self._ends: dict[UUID, list[float]] = {row.job_id: [] for row in rows}
        for number in range(_ROUNDS):
            self._play(number)

    def range_of(self, row: JobRow) -> TimeLeft | None:
        """Return when a row ends; None where it did not in every round.

        A range of some rounds would leave out those in which the row ends last or never, and so be too early.
        """
        ends = self._ends[row.job_id]
        learned = self._learned(self._queue.known.get(row.job_id, _UNKNOWN))
        if len(ends) < _ROUNDS or learned is None:
            return None
        return TimeLeft.of([(end, 1.0) for end in ends], now=self._now, effective=learned.effective)

    def _play(self, number: int) -> None:
        queue = self._queue
        slower = _slower(number)
        load, order = queue.load, self._order.copy()
        at_work = [
            (self._draw(video, number, salt, slower), salt, video.user) for salt, video in enumerate(queue.running, 1)
        ]
        heapify(at_work)
        free, at, left = queue.slots - len(at_work), 0.0, len(self._rows)
        coming = self._arrivals(number)
        while left:
            while coming and coming[-1][0] <= at:
                order.add(coming.pop()[1])
            row = order.take(load, per_user=queue.per_user) if free > 0 else None
            if row is None:
                if not at_work:
                    return
                if free > 0 and coming and coming[-1][0] < at_work[0][0]:
                    at = coming[-1][0]
                    continue
                at, _, user = heappop(at_work)
                load[user] -= 1
                free += 1
                continue
            user, salt = user_key(row), row.job_id.int
            seconds = self._draw(queue.known.get(row.job_id, _UNKNOWN), number, salt, slower)
            heappush(at_work, (at + seconds, salt, user))
            load[user] += 1
            free -= 1
            if row.job_id in self._rows:
                self._ends[row.job_id].append(at + seconds)
                left -= 1

    def _arrivals(self, number: int) -> list[tuple[float, JobRow]]:
        """Return rows to come, the next one last: those of the past, some of them more often, beginning anywhere."""
        window = self._queue.arrivals_seconds
        if window <= 0:
            return []
        shift = (number + 0.5) / _ROUNDS * window
        coming = []
        for at, row in self._coming:
            ago = (self._now - at).total_seconds()
            first = (window - ago + shift) % window
            for again in range(_AGAIN):
                drawn = _mixed(row.job_id.int + again, number)
                coming += [(first + again * window, row)] * sum(drawn > below for below in _COME)
        return sorted(coming, key=lambda item: -item[0])

    def _learned(self, video: UnfinishedVideo) -> Learned | None:
        return self._pace.of(video.model)

    def _draw(self, video: UnfinishedVideo, number: int, salt: int, slower: float) -> float:
        return slower * self._durations.draw(video, _mixed(salt, number))


class _Draws:
    """Draws how long videos still take."""

    def __init__(self, pace: Pace, now: datetime) -> None:
        self._pace = pace
        self._now = now
        self._known: dict[UnfinishedVideo, tuple[list[float], list[float]]] = {}

    def draw(self, video: UnfinishedVideo, share: float) -> float:
        """Return the seconds until the end of a video that has its slot from now on, by a share of the weight."""
        if video not in self._known:
            self._known[video] = self._possible(video)
        seconds, weights = self._known[video]
        return seconds[min(bisect_left(weights, share * weights[-1]), len(seconds) - 1)]

    def _possible(self, video: UnfinishedVideo) -> tuple[list[float], list[float]]:
        learned = self._pace.of(video.model) or self._pace.of_all
        assert learned is not None
        # One that takes longer than any before it may end at once, or take as long again.
        possible = possible_seconds(learned, video, self._now) or possible_seconds(learned, _UNKNOWN, self._now)
        possible.sort()
        return [left for left, _ in possible], list(accumulate(weight for _, weight in possible))


def _slower(number: int) -> float:
    """Return by how much all videos are slower in a round. The rounds are spread evenly, in no particular order."""
    place = (number * 7 + 3) % _ROUNDS
    return max(0.5, 1.0 + _UNSEEN * NormalDist().inv_cdf((place + 0.5) / _ROUNDS))


def _mixed(salt: int, number: int) -> float:
    """Return a number from 0 to 1 that looks drawn, and is the same for the same video in the same round."""
    value = (salt ^ (salt >> 64) ^ (number * 0x9E3779B97F4A7C15)) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return (value ^ (value >> 31)) / (_MASK + 1)
