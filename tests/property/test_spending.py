"""What videos cost is counted once, whoever crashes when: operators, workers, and people who delete and run again.

Two operators keep one record. A worker reports each call before it makes it, with what it costs as a rule, and its bill
afterwards. So where a worker says no more, the count is wrong by what its last call cost more or less than as a rule.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runops.spending_record import KEY_IN_RECORD, read_record
from runops_operator.config import Cost
from runops_operator.informer.store import Store
from runops_operator.spending.spending_watch import SpendingWatch
from tests.simulation.cluster import START, Manifest, MemoryCluster

CAPS = Cost.model_validate({"max_per_day_usd": 1_000, "record": "spent"})
NAMES = ("vj-1", "vj-2", "vj-3")
MICRO = 1_000_000


class Killed(Exception):  # noqa: N818 - a process that ends is no error
    """The operator is killed."""


class MortalCluster(MemoryCluster):
    """Kills whoever writes the record, before or after the write."""

    kills: str | None = None

    async def replace_configmap(self, name: str, data: Mapping[str, str], *, version: str) -> Manifest:
        if self.kills == "before":
            raise Killed
        stored = await super().replace_configmap(name, data, version=version)
        if self.kills == "after":
            raise Killed
        return stored


class Video:
    """A VideoJob, the ledger of its video, and its worker."""

    def __init__(self, name: str, uid: int, ledger: str, spent: dict[str, int], created: datetime) -> None:
        self.name, self.uid, self.ledger, self.created = name, uid, ledger, created
        self.spent = spent
        """What was really spent on each day, but for calls whose bill nobody saw."""
        self.reported: dict[str, int] = {}
        self.under_way: dict[str, int] = {}
        """What the call that is not billed yet costs as a rule."""
        self.ended: datetime | None = None

    @property
    def unreported(self) -> int:
        return sum(self.spent.values()) - sum(self.reported.values())

    def settle(self) -> int:
        """Count the call under way as it costs as a rule; return by how much that is wrong."""
        if not self.under_way:
            return 0
        settled = dict(self.reported)
        for day, amount in self.under_way.items():
            settled[day] = settled.get(day, 0) + amount
        wrong = abs(sum(self.spent.values()) - sum(settled.values()))
        self.spent = settled
        return wrong

    def manifest(self, version: int) -> dict[str, Any]:
        usage = {"ledger": self.ledger, "days": _days(self.reported), "underWay": _days(self.under_way)}
        status: dict[str, Any] = {"usage": usage} if self.reported or self.under_way else {}
        if self.ended is not None:
            at = self.ended.isoformat()
            done = {"type": "Finished", "status": "True", "reason": "Completed", "lastTransitionTime": at}
            status |= {"completionTime": at, "conditions": [done]}
        metadata = {"name": self.name, "uid": f"u{self.uid}", "resourceVersion": str(version)}
        return {
            "metadata": metadata | {"creationTimestamp": self.created.isoformat()},
            "spec": {"jobId": "00000000-0000-4000-8000-000000000001"},
            "status": status,
        }


def _days(amounts: Mapping[str, int]) -> list[dict[str, str]]:
    return [{"day": day, "costUsd": f"{amount / MICRO:.6f}"} for day, amount in sorted(amounts.items())]


@dataclass
class Deleted:
    """A VideoJob that was deleted.

    Attributes
    ----------
    ledger
        The name of its count.
    day
        On which it was deleted.
    unwritten
        What no operator has written down.
    """

    last: dict[str, Any]
    ledger: str
    day: str
    unwritten: int


@dataclass
class Operator:
    """An operator, and how many deletions its watch has delivered or came before it."""

    store: Store
    watch: SpendingWatch
    heard: int
    began_after: int


class Spending(RuleBasedStateMachine):
    """The world of one record."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.cluster = MortalCluster(lambda: self.now)
        self.videos: dict[str, Video] = {}
        self.before: dict[str, Video] = {}
        self.bodies: dict[str, dict[str, Any]] = {}
        self.numbers = iter(range(1, 1_000_000))
        self.real: dict[str, int] = {}
        """What was really spent on each day, over all videos."""
        self.deleted: list[Deleted] = []
        self.estimates_off = 0
        """By how much estimates are wrong that stand for bills which nobody saw."""
        self.written: dict[str, int] = {}
        self.operators = [self.operator(), self.operator()]

    @property
    def lost(self) -> int:
        """The most that nobody may ever learn: of deleted VideoJobs, until an operator has written it down."""
        return sum(one.unwritten for one in self.deleted)

    def operator(self) -> Operator:
        def show(*, month: float, day: float, capped_users: int) -> None:
            assert month >= day >= 0, capped_users

        store = Store()
        watch = SpendingWatch(self.cluster, store, CAPS, show=show, now=lambda: self.now)
        store.observe(watch.see, deleted=watch.see_deleted)
        self.list_all(store)
        return Operator(store, watch, len(self.deleted), len(self.deleted))

    def list_all(self, store: Store) -> None:
        store.begin_listing()
        for body in self.bodies.values():
            store.see_listed_videojob(body)
        store.end_listing()

    def publish(self, video: Video) -> None:
        self.bodies[video.name] = video.manifest(next(self.numbers))

    @property
    def today(self) -> str:
        return self.now.date().isoformat()

    @rule(name=st.sampled_from(NAMES), goes_on=st.booleans())
    def run_a_video(self, name: str, *, goes_on: bool) -> None:
        """Make a VideoJob: of a new row, or of one that is run again, with the ledger of before or another."""
        if (there := self.videos.get(name)) is not None:
            if there.ended is None:
                return
            self.delete(name)
        former = self.before.get(name)
        ledger, spent = f"{next(self.numbers):016}", dict[str, int]()
        if goes_on and former is not None:
            ledger, spent = former.ledger, dict(former.spent)
        video = self.videos[name] = Video(name, next(self.numbers), ledger, spent, self.now)
        self.publish(video)

    @rule(name=st.sampled_from(NAMES), amount=st.integers(1, 500_000), usual=st.integers(1, 500_000))
    def call(self, name: str, amount: int, usual: int) -> None:
        """A worker reports that it calls the model, and calls it; everything before is reported."""
        video = self.videos.get(name)
        if video is None or video.ended is not None:
            return
        video.reported, video.under_way = dict(video.spent), {self.today: usual}
        self.publish(video)
        video.spent[self.today] = video.spent.get(self.today, 0) + amount
        self.real[self.today] = self.real.get(self.today, 0) + amount

    @rule(name=st.sampled_from(NAMES))
    def report(self, name: str) -> None:
        """A worker reports the bill."""
        video = self.videos.get(name)
        if video is not None and video.reported != video.spent:
            video.reported, video.under_way = dict(video.spent), {}
            self.publish(video)

    @rule(name=st.sampled_from(NAMES), again=st.booleans())
    def kill_a_worker(self, name: str, *, again: bool) -> None:
        """A worker is killed. Its next attempt counts the call that it had begun, or the video ends without one."""
        video = self.videos.get(name)
        if video is None or video.ended is not None:
            return
        if again:
            self.estimates_off += video.settle()
            self.report(name)
        else:
            video.ended = self.now
            self.publish(video)
            self.estimates_off += video.settle()

    @rule(name=st.sampled_from(NAMES))
    def end(self, name: str) -> None:
        """A video ends. Its last report comes with it."""
        video = self.videos.get(name)
        if video is not None and video.ended is None:
            video.reported, video.under_way, video.ended = dict(video.spent), {}, self.now
            self.publish(video)

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        """Somebody deletes a VideoJob, or its time to live is over."""
        video = self.videos.pop(name, None)
        if video is not None:
            last = video.manifest(next(self.numbers))
            del self.bodies[name]
            self.before[name] = video
            self.estimates_off += video.settle()
            unwritten = sum(video.spent.values()) - self.written.get(video.ledger, 0)
            self.deleted.append(Deleted(last, video.ledger, self.today, unwritten))

    @rule(which=st.integers(0, 1))
    def deliver(self, which: int) -> None:
        """An operator's watch catches up."""
        operator = self.operators[which]
        for one in self.deleted[operator.heard :]:
            operator.store.see_videojob(one.last, deleted=True)
        operator.heard = len(self.deleted)
        for body in self.bodies.values():
            operator.store.see_videojob(body)

    @rule(which=st.integers(0, 1))
    def count(self, which: int) -> None:
        """An operator adds what it knows."""
        operator = self.operators[which]
        asyncio.run(operator.watch.once())
        stored = self.cluster.configmaps.get("spent")
        added = {} if stored is None else read_record(stored["data"][KEY_IN_RECORD]).added
        for one in self.deleted[operator.began_after : operator.heard]:
            # After a day without a count it is not known whether the other operator has counted it.
            if one.ledger in added or one.day >= self.today:
                one.unwritten = 0
        for name in operator.store.names():
            video, view = self.videos.get(name), operator.store.videojob(name)
            if video is not None and view is not None and view.status.usage is not None:
                known = sum(round(float(item.cost_usd) * MICRO) for item in view.status.usage.days)
                self.written[video.ledger] = max(self.written.get(video.ledger, 0), known)

    @rule(which=st.integers(0, 1), when=st.sampled_from(["before", "after", "idle"]))
    def kill_an_operator(self, which: int, when: str) -> None:
        """An operator is killed: while it writes, or at any other time."""
        watch = self.operators[which].watch
        self.cluster.kills = when
        try:
            asyncio.run(watch.once()) if when != "idle" else None
        except Killed:
            """It is dead."""
        finally:
            self.cluster.kills = None
        self.operators[which] = self.operator()

    @rule(minutes=st.sampled_from([1, 30, 600, 1_560, 45_000]))
    def wait(self, minutes: int) -> None:
        """Time passes; operators list all VideoJobs every few minutes."""
        for which in (0, 1):
            self.deliver(which)
        self.now += timedelta(minutes=minutes)

    def of_month(self) -> int:
        stored = self.cluster.configmaps.get("spent")
        record = None if stored is None else read_record(stored["data"][KEY_IN_RECORD])
        return record.of_month if record is not None and self.today.startswith(record.month) else 0

    def real_of_month(self) -> int:
        return sum(amount for day, amount in self.real.items() if day[:7] == self.today[:7])

    @invariant()
    def nothing_is_counted_twice(self) -> None:
        assert self.of_month() <= self.real_of_month() + self.estimates_off

    @precondition(lambda self: self.real)
    @rule()
    def settle(self) -> None:
        """Both operators catch up. Then at most the bill of the last call of each running worker is missing."""
        for which in (0, 1):
            self.deliver(which)
            self.count(which)
        unreported = sum(video.unreported for video in self.videos.values())
        assert self.real_of_month() - self.of_month() <= unreported + self.lost + self.estimates_off


Spending.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestSpending = Spending.TestCase


def test_both_bounds_are_met_exactly_in_a_plain_run() -> None:
    world = Spending()
    world.run_a_video("vj-1", goes_on=False)
    world.call("vj-1", 5, 4)
    world.call("vj-1", 7, 6)
    world.settle()
    assert (world.of_month(), world.real_of_month(), world.lost) == (5, 12, 0)
    world.end("vj-1")
    world.settle()
    assert world.of_month() == 12
    world.run_a_video("vj-1", goes_on=True)
    world.call("vj-1", 1, 1)
    world.report("vj-1")
    world.kill_an_operator(0, "after")
    world.settle()
    assert (world.of_month(), world.lost) == (13, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_operator_that_dies_while_it_writes_counts_once(when: str) -> None:
    world = Spending()
    world.count(0)
    world.run_a_video("vj-1", goes_on=False)
    world.call("vj-1", 5, 5)
    world.report("vj-1")
    world.deliver(0)
    world.kill_an_operator(0, when)
    assert world.of_month() == (5 if when == "after" else 0)
    world.settle()
    assert world.of_month() == 5


@pytest.mark.parametrize("end", ["deleted", "killed for good", "killed"])
def test_a_call_whose_bill_nobody_saw_counts_as_it_costs_as_a_rule(end: str) -> None:
    world = Spending()
    world.run_a_video("vj-1", goes_on=False)
    world.call("vj-1", 7, 6)
    world.deliver(0)
    if end == "deleted":
        world.delete("vj-1")
    else:
        world.kill_a_worker("vj-1", again=end == "killed")
    world.settle()
    assert (world.of_month(), world.real_of_month(), world.lost) == (6, 7, 0)
    world.end("vj-1")
    world.run_a_video("vj-1", goes_on=True)
    world.call("vj-1", 3, 3)
    world.report("vj-1")
    world.settle()
    assert (world.of_month(), world.real_of_month()) == (9, 10)


@pytest.mark.parametrize("first", [0, 1])
def test_an_operator_that_did_not_count_for_a_day_counts_no_deleted_video_twice(first: int) -> None:
    world = Spending()
    world.count(0)
    world.count(0)
    world.run_a_video("vj-3", goes_on=False)
    world.call("vj-3", 1, 1)
    world.delete("vj-3")
    world.wait(1_560)
    world.count(first)
    world.settle()
    world.nothing_is_counted_twice()
    assert world.of_month() + world.lost == 1


def test_an_operator_alone_counts_a_deleted_video_also_after_a_day() -> None:
    world = Spending()
    world.count(0)
    world.run_a_video("vj-3", goes_on=False)
    world.call("vj-3", 7, 7)
    world.delete("vj-3")
    world.wait(1_560)
    world.count(0)
    assert world.of_month() == 7
