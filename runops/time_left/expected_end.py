"""When a video that has its slot is expected to end."""

from datetime import datetime

from runops.progress import Stage
from runops.time_left.finished import PHASES, Phase
from runops.time_left.pace import ENOUGH, Example, Learned, Pace
from runops.time_left.range import TimeLeft
from runops.time_left.unfinished import UnfinishedVideo

__all__ = ["expected_end", "possible_seconds"]

_FIRST_STAGE = PHASES.index(Phase.PREPARING_VIDEO)
_BEFORE_SOP = frozenset({Phase.PREPARING_VIDEO, Phase.TRANSCRIBING})
_LEAST_LEFT = 0.02
"""Share of the weight of all examples that must still be possible."""


def expected_end(pace: Pace, video: UnfinishedVideo, now: datetime) -> TimeLeft | None:
    """Return the range in which a video ends; None where too little is known, or it takes longer than any before it.

    Parameters
    ----------
    pace
        What finished videos show.
    video
        It has its slot: its worker runs, or starts without waiting for another video to end.
    now
        The time.
    """
    learned = pace.of(video.model)
    if learned is None:
        return None
    possible = possible_seconds(learned, video, now)
    weight = sum(weight for _, weight in possible)
    if len(possible) < min(ENOUGH, 3) or weight < _LEAST_LEFT * sum(example.weight for example in learned.examples):
        return None
    return TimeLeft.of(possible, now=now, effective=learned.effective)


def possible_seconds(learned: Learned, video: UnfinishedVideo, now: datetime) -> list[tuple[float, float]]:
    """Return the seconds until the end as each example suggests them, with its weight.

    An example that would have got further by now is no longer possible, and is left out.
    """
    found = [(_seconds_left(learned, example, video, now), example.weight) for example in learned.examples]
    return [(left, weight) for left, weight in found if left is not None]


def _seconds_left(learned: Learned, example: Example, video: UnfinishedVideo, now: datetime) -> float | None:
    length = learned.length(example, video.recording_seconds, video.recording_bytes)
    phases = [
        0.0 if video.only_sop and phase in _BEFORE_SOP else learned.seconds(example, phase, length) for phase in PHASES
    ]
    retries = phases[PHASES.index(Phase.RETRIES)]
    if video.stage is None:
        if video.started is None:
            return _left_of(phases[0], now, video.claimed, sum(phases[1:]))
        # Some tables do not say in which stage it is.
        return _left_of(sum(phases[_FIRST_STAGE:]), now, video.started, retries)
    stage = Phase.FINALIZING if video.stage is Stage.COMPLETED else Phase(video.stage.value)
    number = PHASES.index(stage)
    # Each attempt may be followed by another one.
    rest = sum(phases[number + 1 :]) + retries
    if video.stage_began is not None:
        return _left_of(phases[number], now, video.stage_began, rest)
    if video.started is not None:
        before = sum(phases[_FIRST_STAGE:number])
        elapsed = (now - video.started).total_seconds()
        if elapsed > before + phases[number]:
            return None
        return phases[number] - max(0.0, elapsed - before) + rest
    return phases[number] * (1.0 - min(max(video.share or 0.0, 0.0), 1.0)) + rest


def _left_of(phase: float, now: datetime, began: datetime | None, rest: float) -> float | None:
    elapsed = 0.0 if began is None else max(0.0, (now - began).total_seconds())
    return None if elapsed > phase else phase - elapsed + rest
