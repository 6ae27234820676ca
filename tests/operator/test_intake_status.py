"""Why no rows are claimed, as the probe, the log and the metrics show it."""

import logging
from datetime import timedelta

import pytest

from runops.breakers.reason_breakers import Pause
from runops.failures import TABLE, Reason
from runops.standstill import Standstill, next_try
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.intake.server_clock import ServerClock
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.observability.metrics import Metrics
from tests.simulation.cluster import START


class Site:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.status = IntakeStatus(self.metrics)

    def paused(self) -> list[str]:
        lines = self.metrics.text().decode().splitlines()
        return [line for line in lines if line.startswith("runops_intake_paused{") and line.endswith(" 1.0")]


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_pause_is_logged_once_and_its_end_too(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        site.status.pause("The table is away.", Reason.DATABASE_UNAVAILABLE)
    site.status.pause("Something else.", Reason.DATABASE_UNAVAILABLE)
    for _ in range(2):
        site.status.resume()
    site.status.pause("Something else.", Reason.DATABASE_UNAVAILABLE)
    assert [record.message for record in caplog.records] == [
        "No rows are claimed: The table is away.",
        "No rows are claimed: Something else.",
        "Rows are claimed again.",
        "No rows are claimed: Something else.",
    ]


def test_free_slots_are_shown(site: Site) -> None:
    site.status.free_slots(7)
    assert "runops_free_slots 7.0" in site.metrics.text().decode().splitlines()


def test_a_pause_lasts_from_its_beginning_until_its_reason_changes() -> None:
    passed = [0]
    status = IntakeStatus(Metrics(), lambda: START + timedelta(seconds=passed[0]))
    since = []
    for seconds, reason in ((0, "A"), (5, "A"), (9, "B"), (12, "A")):
        passed[0] = seconds
        status.pause(f"Since {seconds} s.", reason)
        assert status.standstill is not None
        since.append((status.standstill.since - START).total_seconds())
    assert since == [0, 0, 9, 12]


def test_a_fault_that_videos_meet_tells_since_when_and_when_it_is_tried() -> None:
    status, since, again = IntakeStatus(Metrics()), START - timedelta(hours=1), START + timedelta(minutes=5)
    fault = Pause(Reason.MODEL_UNAVAILABLE, "limit: 0", may_try=False, since=since, next_try=again)
    status.pause_for_failure(Reason.MODEL_UNAVAILABLE, why="Why.", fault=fault)
    assert status.standstill == Standstill(Reason.MODEL_UNAVAILABLE, "Why.", since, next_try(fault))
    assert next_try(fault) is not None


@pytest.mark.parametrize(
    ("reason", "intended"),
    [(Reason.SPENDING_CAP_REACHED, True), (Reason.DRAINED, True), (Reason.DATABASE_UNAVAILABLE, False)],
)
def test_a_cap_and_an_order_to_drain_do_what_they_are_there_for(site: Site, reason: Reason, intended: bool) -> None:
    site.status.pause("A sentence.", reason)
    assert site.status.is_intended is intended
    site.status.resume()
    assert not site.status.is_intended


@pytest.mark.parametrize(("reason", "needs_a_key"), [(Reason.KEY_REJECTED, True), (Reason.DATABASE_UNAVAILABLE, False)])
def test_a_key_is_for_a_person_to_change(site: Site, reason: Reason, needs_a_key: bool) -> None:
    site.status.pause("A sentence.", reason)
    assert (site.status.trouble, site.status.needs_a_key) == ("A sentence.", needs_a_key)
    assert site.paused() == [f'runops_intake_paused{{reason="{reason}"}} 1.0']
    site.status.resume()
    assert (site.status.trouble, site.status.needs_a_key, site.paused()) == (None, False, [])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ClusterError("The API server is away."), "ClusterUnavailable"),
        (SupabaseError(ErrorKind.UNAVAILABLE, "Away."), "DatabaseUnavailable"),
        (SupabaseError(ErrorKind.KEY_REJECTED, "No."), "KeyRejected"),
        (SupabaseError(ErrorKind.CONFLICT, "Ever changing."), ErrorKind.CONFLICT),
    ],
)
def test_an_error_pauses_with_its_own_sentence_and_reason(
    site: Site, error: SupabaseError | ClusterError, reason: str
) -> None:
    site.status.pause_for(error)
    assert site.status.trouble == str(error)
    assert site.paused() == [f'runops_intake_paused{{reason="{reason}"}} 1.0']
    counted = f'runops_supabase_errors_total{{kind="{error.kind}"}}' if isinstance(error, SupabaseError) else None
    assert counted is None or counted in site.metrics.text().decode()


def test_a_failure_that_every_video_would_meet_pauses_with_its_remedy(site: Site) -> None:
    site.status.pause_for_failure(Reason.KEY_REJECTED)
    failure = TABLE[Reason.KEY_REJECTED]
    assert site.status.trouble == f"{failure.sentence} {failure.remedy}"
    assert site.status.needs_a_key


def test_a_successful_read_ends_the_pause(site: Site) -> None:
    before = site.status.last_read_at
    site.status.pause("Away.", Reason.DATABASE_UNAVAILABLE)
    site.status.note_read(12.5)
    assert (before, site.status.last_read_at, site.status.trouble) == (None, 12.5, None)


@pytest.mark.parametrize(("skew", "seconds"), [(None, 10.0), (3.0, 13.0), (-3.0, 7.0)])
def test_an_age_is_measured_on_the_servers_clock(skew: float | None, seconds: float) -> None:
    clock = ServerClock(lambda: START, lambda: skew)
    assert clock.seconds_since((START - timedelta(seconds=10)).isoformat()) == seconds
    assert clock.now() == START + timedelta(seconds=skew or 0)


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", "2026-01-01T00:00:00"])
def test_a_time_that_cannot_be_read_has_no_age(timestamp: str | None) -> None:
    assert ServerClock(lambda: START, lambda: None).seconds_since(timestamp) is None


def test_an_intake_that_was_not_paused_is_not_resumed(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.status.resume()
    assert caplog.records == []


def test_a_wait_for_a_quota_per_minute_is_said_once_and_is_no_trouble(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for waits in (True, True, False, True):
        site.status.wait_for_quota(waits=waits)
    assert sum("quota per minute" in record.message for record in caplog.records) == 2
    assert (site.status.trouble, site.paused()) == (None, [])
    assert "runops_intake_waits_for_quota 1.0" in site.metrics.text().decode()


def test_a_wait_for_estimates_is_said_once_and_is_no_trouble(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for waits in (True, True, False, True):
        site.status.wait_for_estimates(waits=waits)
    assert sum("what videos at work will cost" in record.message for record in caplog.records) == 2
    assert (site.status.trouble, site.paused()) == (None, [])
