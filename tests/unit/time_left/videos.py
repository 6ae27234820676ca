"""Finished and waiting videos for the tests of the estimates."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from runops.job_row import JobRow
from runops.time_left import FinishedVideo
from runops.time_left.finished import Phase

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MODEL = "gemini-3.8-flash"


def finished(
    minutes: float = 5, *, ago: float = 0, slower: float = 1.0, model: str | None = MODEL, starting: float = 5
) -> FinishedVideo:
    """Return a finished video that took 20 s and 25 s for each minute, times a factor."""
    seconds = {
        Phase.STARTING: starting,
        Phase.RETRIES: 0.0,
        Phase.PREPARING_VIDEO: slower * (4 + 8 * minutes),
        Phase.TRANSCRIBING: slower * (6 + 12 * minutes),
        Phase.PARSING_SOP: slower * (9 + 5 * minutes),
        Phase.FINALIZING: slower,
    }
    return FinishedVideo(
        ended=NOW - timedelta(seconds=ago),
        recording_seconds=60 * minutes,
        seconds=seconds,
        model=model,
        recording_bytes=int(20_000_000 * minutes),
    )


def seconds_of(minutes: float, *, slower: float = 1.0) -> float:
    """Return how long the worker of such a video takes."""
    return slower * (20 + 25 * minutes)


def history(count: int = 40, *, minutes: Sequence[float] = (2, 5, 8), seed: int = 1) -> list[FinishedVideo]:
    """Return finished videos of several lengths, some slower than others."""
    random = Random(seed)  # noqa: S311 - no secret
    return [
        finished(random.choice(minutes), ago=60 * number, slower=random.lognormvariate(0, 0.15))
        for number in range(count)
    ]


def row(number: int, *, user: str | None = None, waited: float = 0) -> JobRow:
    """Return a queued row."""
    created = (NOW - timedelta(seconds=waited)).isoformat()
    return JobRow(
        job_id=UUID(int=number + 1),
        status="queued",
        created_at=created,
        metadata={"user_id": user} if user is not None else None,
    )
