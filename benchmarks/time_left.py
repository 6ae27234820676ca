"""How good expected ends are: the operator at work in virtual time, with videos that take times like real ones.

`tests/simulation/timed_videos.py` says how it is made. Each minute of it, what is expected of each video is noted, and
compared with its end afterwards: as its VideoJob shows it, and as readers of the tables alone see it. Moments less than
15 s before the end do not count: a second more or less is a large share of them.

The rival is the mean of all finished videos: of the time from claim to end for one at work, of the time from its
insertion for one that waits, less what has passed.
"""

import asyncio
import logging
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from tests.simulation.timed_videos import Arriving, Expectation, Figures, Load, TimedVideos
from tests.virtual_time import VirtualTimeLoop

__all__ = ["KINDS", "LOADS", "PROMISED", "Quality", "figures_of", "measure", "page_table", "quality_of"]

KINDS = ("videojob", "working row", "waiting row")
PROMISED = ("steady", "steady_and_full", "several_users")
"""Loads for which the promises hold; the others are measured."""
_OUTSIDE = 0.2
_ERROR = 0.25
_LEAST_LEFT_SECONDS = 15.0
_ROUNDING_SECONDS = 1.0
"""A status has whole seconds."""
_USERS = [f"11111111-2222-4333-8444-{number:012d}" for number in range(6)]


@dataclass(frozen=True, slots=True)
class Quality:
    """How good expectations were.

    Attributes
    ----------
    moments
        How many were noted.
    given
        Share of them in which a range was given.
    within, later
        Share of these in which the end lay within the range, and after it.
    error, error_of_mean
        Medians of the difference between the likely and the true end, divided by the time that was left.
    width
        Median of the range's length, divided by the time that was left.
    """

    moments: int
    given: float
    within: float
    later: float
    error: float
    error_of_mean: float
    width: float


def measure(*, runs: int, progress: Progress) -> Outcome:  # noqa: ARG001 - what is drawn comes from a seed
    """Return how good the expectations were by load, beside the promises."""
    results: list[Measurement] = []
    details: dict[str, Any] = {}
    for name, load in LOADS.items():
        figures = figures_of(load())
        qualities = {of: quality_of(figures.expectations, of) for of in KINDS}
        details[name] = {
            "videos": figures.videos,
            "writes_a_video": figures.writes / figures.videos,
            **{of: asdict(quality) for of, quality in qualities.items() if quality is not None},
        }
        progress(f"{name}: {details[name]}")
        if name in PROMISED:
            results += [one for of, quality in qualities.items() if quality for one in _judged(name, of, quality)]
    return Outcome(results, details)


def figures_of(load: Load) -> Figures:
    """Simulate, and return what was expected and what came of it."""

    async def run() -> Figures:
        return await TimedVideos(load).run()

    before = logging.root.manager.disable
    # Each claim is logged, and nobody reads it here.
    logging.disable(logging.CRITICAL)
    try:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(run())
    finally:
        logging.disable(before)


def quality_of(expectations: Sequence[Expectation], of: str) -> Quality | None:
    """Return how good expectations of a kind were; None where no range was given. Pure."""
    noted = [one for one in expectations if one.of == of and one.left >= _LEAST_LEFT_SECONDS]
    given: list[tuple[float, float, float, float, float]] = [
        (one.left, one.earliest, one.likely, one.latest, one.mean)
        for one in noted
        if one.earliest is not None and one.likely is not None and one.latest is not None
    ]
    if not given:
        return None
    late = sum(left > latest + _ROUNDING_SECONDS for left, _, _, latest, _ in given)
    early = sum(left < earliest - _ROUNDING_SECONDS for left, earliest, *_ in given)
    return Quality(
        moments=len(noted),
        given=len(given) / len(noted),
        within=1.0 - (late + early) / len(given),
        later=late / len(given),
        error=median(abs(likely - left) / left for left, _, likely, _, _ in given),
        error_of_mean=median(abs(mean - left) / left for left, *_, mean in given),
        width=median((latest - earliest) / left for left, earliest, _, latest, _ in given),
    )


def page_table(details: Mapping[str, Any]) -> str:
    """Return the figures as the table of docs/time-left.md. Pure."""
    lines = [
        "| load | of | range given | end within it | median error | of the mean | median width | writes a video |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for load, figures in details.items():
        for of in (kind for kind in KINDS if kind in figures):
            one = Quality(**figures[of])
            shares = (one.given, one.within, one.error, one.error_of_mean, one.width)
            cells = [load.replace("_", " "), of, *(f"{100 * share:.0f} %" for share in shares)]
            cells.append(f"{figures['writes_a_video']:.1f}" if of == KINDS[0] else "")
            lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    return "\n".join(lines)


def _judged(load: str, of: str, quality: Quality) -> list[Measurement]:
    what = f"{load.replace('_', ' ')}, {of}"
    error: dict[str, Any] = {"unit": "of the time left", "figure": quality.error}
    return [
        Measurement(
            what=f"{what}: ends outside the range",
            unit="of the moments",
            figure=1.0 - quality.within,
            limit=_OUTSIDE,
            against="limit",
        ),
        Measurement(what=f"{what}: median error", limit=_ERROR, against="limit", **error),
        Measurement(
            what=f"{what}: median error", limit=quality.error_of_mean, against="the mean of finished videos", **error
        ),
    ]


Draw = Callable[[random.Random], float]


def _lengths(middle: float, varied: float) -> Draw:
    """Draw minutes of a recording: half of them below a length, and most not far from it."""
    return lambda chance: min(90.0, max(0.5, chance.lognormvariate(math.log(middle), varied)))


def _arriving(
    chance: random.Random,
    *,
    per_second: float,
    until: float,
    minutes: Draw,
    users: Sequence[str | None] = (None,),
) -> list[Arriving]:
    rows, at = list[Arriving](), 0.0
    while (at := at + chance.expovariate(per_second)) < until:
        rows.append(Arriving(at, chance.choice(users), minutes(chance)))
    return rows


def _steady(per_second: float) -> Load:
    chance = random.Random(5)  # noqa: S311 - a repeatable run, no secret
    rows = _arriving(chance, per_second=per_second, until=5400, minutes=_lengths(5, 0.4))
    return Load(rows=rows, noted_from=900)


def _burst() -> Load:
    chance = random.Random(6)  # noqa: S311 - likewise
    usual = _arriving(chance, per_second=0.04, until=900, minutes=_lengths(5, 0.4))
    at_once = [Arriving(1000, None, _lengths(5, 0.4)(chance)) for _ in range(100)]
    return Load(rows=[*usual, *at_once], noted_from=900)


def _mixed_lengths() -> Load:
    chance = random.Random(7)  # noqa: S311 - likewise
    return Load(rows=_arriving(chance, per_second=0.022, until=9000, minutes=_lengths(8, 1.0)), noted_from=1800)


def _several_users() -> Load:
    chance = random.Random(8)  # noqa: S311 - likewise
    usual = _arriving(chance, per_second=0.04, until=5400, minutes=_lengths(5, 0.4), users=_USERS[1:])
    many = [Arriving(1300, _USERS[0], _lengths(5, 0.4)(chance)) for _ in range(60)]
    return Load(rows=sorted([*usual, *many], key=lambda row: row.at), noted_from=1200)


def _one_long_among_short() -> Load:
    chance = random.Random(9)  # noqa: S311 - likewise

    def minutes(drawn: random.Random) -> float:
        return 60.0 if drawn.random() < 1 / 40 else drawn.uniform(1.5, 2.5)

    return Load(rows=_arriving(chance, per_second=0.08, until=5400, minutes=minutes), noted_from=900)


def _slower_machine() -> Load:
    chance = random.Random(10)  # noqa: S311 - likewise
    rows = _arriving(chance, per_second=0.03, until=7200, minutes=_lengths(5, 0.4))
    return Load(rows=rows, noted_from=1200, slower=lambda at: 2.0 if at > 3000 else 1.0)


LOADS: Mapping[str, Callable[[], Load]] = {
    "steady": lambda: _steady(0.052),
    "steady_and_full": lambda: _steady(0.068),
    "burst": _burst,
    "mixed_lengths": _mixed_lengths,
    "several_users": _several_users,
    "one_long_among_short": _one_long_among_short,
    "slower_machine": _slower_machine,
}
"""Ten slots, and videos of five minutes, where nothing else is said: 0.066 rows a second fill the slots."""
