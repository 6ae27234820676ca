"""Whether two runs differ: by recording, so that easy and hard recordings do not hide it. Pure."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runops_evaluation.scores.metrics import METRICS, Metric
from runops_evaluation.statistics.bootstrap import SEED, interval

__all__ = ["ALPHA", "Difference", "compare", "least_p"]

ALPHA: Final = 0.05
_ALL_SIGNS: Final = 14
"""Up to so many recordings all choices of signs are tried; of more, some that are drawn."""
_DRAWN: Final = 10_000

Scores = Mapping[str, Mapping[str, float | None]]
"""By recording, each metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A metric in two runs.

    Attributes
    ----------
    metric
        Which one.
    first, second
        Means over the recordings that have it in both runs.
    low, high
        Bootstrap interval of the mean difference; None for fewer than two recordings.
    p
        Chance of a mean difference of this size if which run is which made none: sign-flip test. None without a pair.
    adjusted
        The same for all metrics that are compared (Holm).
    count
        Recordings that have it in both runs.
    """

    metric: Metric
    first: float | None
    second: float | None
    low: float | None
    high: float | None
    p: float | None
    adjusted: float | None
    count: int

    @property
    def change(self) -> float | None:
        """The second run less the first one."""
        return None if self.first is None or self.second is None else self.second - self.first

    @property
    def is_significant(self) -> bool:
        """Whether it is, after correction for all metrics that are compared."""
        return self.adjusted is not None and self.adjusted < ALPHA

    @property
    def is_better(self) -> bool | None:
        """Whether the second run is better; None where both are equal."""
        if not self.change:
            return None
        return (self.change > 0) is self.metric.higher_is_better


def compare(first: Scores, second: Scores, *, seed: int = SEED) -> list[Difference]:
    """Return the difference of each metric, in the order of the table of metrics.

    Only recordings count that have the figure in both runs.
    """
    pairs = {
        metric: [
            (one, other)
            for name in sorted(first.keys() & second.keys())
            if (one := first[name].get(metric.name)) is not None
            and (other := second[name].get(metric.name)) is not None
        ]
        for metric in METRICS
    }
    chances = {metric: _sign_flip([other - one for one, other in known], seed=seed) for metric, known in pairs.items()}
    adjusted = _holm(chances)
    return [
        _difference(metric, known, p=chances[metric], adjusted=adjusted.get(metric), seed=seed)
        for metric, known in pairs.items()
    ]


def least_p(count: int) -> float:
    """Return the least chance that the test of so many recordings can find: with few, nothing is significant."""
    return min(1.0, 2 / 2**count) if count <= _ALL_SIGNS else 1 / (_DRAWN + 1)


def _difference(
    metric: Metric, pairs: Sequence[tuple[float, float]], *, p: float | None, adjusted: float | None, seed: int
) -> Difference:
    if not pairs:
        return Difference(metric=metric, first=None, second=None, low=None, high=None, p=None, adjusted=None, count=0)
    limits = interval([other - one for one, other in pairs], seed=seed)
    low, high = (None, None) if limits is None else limits
    return Difference(
        metric=metric,
        first=sum(one for one, _ in pairs) / len(pairs),
        second=sum(other for _, other in pairs) / len(pairs),
        low=low,
        high=high,
        p=p,
        adjusted=adjusted,
        count=len(pairs),
    )


def _sign_flip(differences: Sequence[float], *, seed: int) -> float | None:
    """Return the share of signs with a sum at least as far from 0; None without differences."""
    if not differences:
        return None
    seen = abs(sum(differences)) - 1e-12
    if len(differences) <= _ALL_SIGNS:
        sums = [abs(sum(chosen)) for chosen in itertools.product(*((one, -one) for one in differences))]
        return sum(one >= seen for one in sums) / len(sums)
    as_far = sum(abs(one) >= seen for one in _drawn_sums(differences, seed))
    return (as_far + 1) / (_DRAWN + 1)


def _drawn_sums(differences: Sequence[float], seed: int) -> Iterator[float]:
    draw = random.Random(seed)
    for _ in range(_DRAWN):
        signs = draw.getrandbits(len(differences))
        yield sum(one if signs >> at & 1 else -one for at, one in enumerate(differences))


def _holm(chances: Mapping[Metric, float | None]) -> dict[Metric, float]:
    """Correct for many comparisons: the smallest chance counts as many times as there are metrics, and so on."""
    known = sorted(((p, metric) for metric, p in chances.items() if p is not None), key=lambda one: one[0])
    adjusted: dict[Metric, float] = {}
    highest = 0.0
    for place, (p, metric) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - place)))
        adjusted[metric] = highest
    return adjusted
