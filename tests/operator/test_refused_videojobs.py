"""What follows when the API server refuses VideoJobs: one waits alone, with growing pauses, and ends at last."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from runops.polling import backoff
from runops_operator.breakers.breakers import Breakers
from runops_operator.intake.refused_videojobs import Refusal, RefusedVideoJobs, verdict_on_refusal
from tests.operator.world import CONFIG
from tests.simulation.cluster import START

ONE, OTHER = UUID(int=1), UUID(int=2)


class Site:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.refused = RefusedVideoJobs(Breakers(CONFIG, self.now), self.now)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def wait(self, job_id: UUID) -> float:
        """Let the time pass for which a row is not tried; return the seconds."""
        left = self.refused.seconds_left(job_id)
        self.seconds += left
        return left


@pytest.mark.parametrize(
    ("words", "tries", "others_made", "verdict"),
    [
        ("denied by policy", 5, True, Refusal.END),
        ("denied by policy", 4, True, Refusal.WAIT),
        ("denied by policy", 50, False, Refusal.WAIT),
        ("exceeded quota: videos", 50, True, Refusal.WAIT),
    ],
)
def test_a_row_ends_where_others_are_made_and_no_quota_is_used_up(
    words: str, tries: int, *, others_made: bool, verdict: Refusal
) -> None:
    assert verdict_on_refusal(words, tries=tries, others_made=others_made) is verdict


def test_each_refusal_makes_the_pause_longer_and_holds_only_its_own_row() -> None:
    site = Site()
    for tries in (1, 2, 3):
        assert site.refused.note(ONE, "denied") is Refusal.WAIT
        assert (site.refused.is_due(ONE), site.refused.is_due(OTHER)) == (False, True)
        site.seconds += backoff(tries) - 0.5
        assert site.refused.seconds_left(ONE) == pytest.approx(0.5)
        assert not site.refused.is_due(ONE)
        site.wait(ONE)
        assert site.refused.is_due(ONE)
    site.refused.note(ONE, "denied")
    for _ in range(2):
        site.refused.forget(ONE)
        assert site.refused.is_due(ONE)


@pytest.mark.parametrize(("made_at", "end"), [(None, False), (-1.0, False), (0.0, True), (1.0, True)])
def test_only_a_videojob_that_was_made_since_the_first_refusal_shows_that_others_are_taken(
    made_at: float | None, *, end: bool
) -> None:
    site = Site()
    if made_at is not None and made_at <= 0:
        site.seconds = made_at
        site.refused.made(OTHER)
        site.seconds = 0.0
    verdicts = []
    for tries in range(5):
        verdicts.append(site.refused.note(ONE, "denied"))
        site.wait(ONE)
        if tries == 0 and made_at is not None and made_at > 0:
            site.refused.made(OTHER)
    assert verdicts == [Refusal.WAIT] * 4 + [Refusal.END if end else Refusal.WAIT]
