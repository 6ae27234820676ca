"""When a replica is ready."""

import pytest

from runops.failures import Reason
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.observability.metrics import Metrics
from runops_operator.readiness import Readiness


class Replica:
    def __init__(self) -> None:
        self.now = 1000.0
        self.readiness = Readiness(lambda: self.now)
        self.intake = IntakeStatus(Metrics())

    def check(self) -> str | None:
        return self.readiness.check()


@pytest.fixture
def replica() -> Replica:
    return Replica()


def test_a_replica_that_starts_is_not_ready(replica: Replica) -> None:
    assert replica.check() == "starting"


def test_a_replica_that_stands_by_is_ready(replica: Replica) -> None:
    replica.readiness.stand_by()
    assert replica.check() is None


def test_a_replica_that_works_is_ready_until_it_stops(replica: Replica) -> None:
    replica.readiness.work(replica.intake)
    assert replica.check() is None
    replica.readiness.trouble = "stopping"
    assert replica.check() == "stopping"


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
