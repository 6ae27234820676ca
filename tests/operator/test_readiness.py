"""When a replica is ready."""

import pytest

from runops.failures import Reason
from runops_operator.heartbeats import Heartbeats
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.observability.metrics import Metrics
from runops_operator.readiness import Readiness


class Replica:
    def __init__(self) -> None:
        self.now = 1000.0
        self.loops = Heartbeats(lambda: self.now)
        self.readiness = Readiness(lambda: self.now, self.loops)
        self.intake = IntakeStatus(Metrics())

    def check(self) -> str | None:
        return self.readiness.check()


@pytest.fixture
def replica() -> Replica:
    return Replica()


def test_a_replica_that_starts_is_not_ready(replica: Replica) -> None:
    assert replica.check() == "The operator starts."


def test_a_replica_that_cannot_start_says_why(replica: Replica) -> None:
    replica.loops.begin("resync").failed("403 videojobs is forbidden", next_within=60)
    replica.now += 31
    assert replica.check() == "The operator starts. The loop 'resync' fails: 403 videojobs is forbidden"


def test_a_replica_that_stands_by_is_ready(replica: Replica) -> None:
    replica.readiness.stand_by()
    assert replica.check() is None


def test_a_replica_that_works_is_ready_until_it_stops(replica: Replica) -> None:
    replica.readiness.work(replica.intake)
    assert replica.check() is None
    replica.readiness.trouble = "The operator stops."
    assert replica.check() == "The operator stops."


def test_a_replica_that_needs_a_key_is_not_ready(replica: Replica) -> None:
    replica.readiness.work(replica.intake)
    replica.intake.note_read(replica.now)
    replica.intake.pause("The key was rejected.", Reason.KEY_REJECTED)
    assert replica.check() == "No rows are claimed: The key was rejected."


@pytest.mark.parametrize(("seconds", "ready"), [(0.0, True), (300.0, True), (300.1, False)])
def test_a_table_that_cannot_be_read_makes_a_replica_unready_after_five_minutes(
    replica: Replica, seconds: float, ready: bool
) -> None:
    replica.readiness.work(replica.intake)
    replica.intake.note_read(replica.now)
    replica.intake.pause("The database is away.", Reason.DATABASE_UNAVAILABLE)
    replica.now += seconds
    assert replica.check() == (None if ready else "No rows are claimed: The database is away.")


def test_a_table_that_was_never_read_makes_a_replica_unready(replica: Replica) -> None:
    replica.readiness.work(replica.intake)
    replica.intake.pause("The database is away.", Reason.DATABASE_UNAVAILABLE)
    assert replica.check() == "No rows are claimed: The database is away."


def test_a_replica_whose_loop_fails_is_not_ready_whether_it_works_or_stands_by(replica: Replica) -> None:
    beat = replica.loops.begin("election")
    replica.readiness.stand_by()
    beat.failed("403 leases is forbidden", next_within=60)
    replica.now += 31
    assert replica.check() == "The loop 'election' fails: 403 leases is forbidden"
    replica.readiness.work(replica.intake)
    assert replica.check() == "The loop 'election' fails: 403 leases is forbidden"
    beat.turned()
    assert replica.check() is None


def test_a_replica_tells_of_its_intake_and_of_other_loops_each_once(replica: Replica) -> None:
    replica.readiness.work(replica.intake)
    for name in ("intake", "rows"):
        replica.loops.begin(name).failed("The database is away.", next_within=400)
    replica.intake.pause("The database is away.", Reason.DATABASE_UNAVAILABLE)
    replica.now += 31
    assert replica.check() == (
        "No rows are claimed: The database is away. The loop 'rows' fails: The database is away."
    )


def test_a_replica_that_stands_by_again_forgets_the_intake(replica: Replica) -> None:
    replica.readiness.work(replica.intake)
    replica.intake.pause("The key was rejected.", Reason.KEY_REJECTED)
    replica.readiness.trouble = "The operator stops."
    replica.readiness.stand_by()
    assert replica.check() is None
