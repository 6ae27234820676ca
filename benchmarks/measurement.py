"""What a benchmark gives back, and how it is printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

__all__ = ["Measurement", "percentile", "table"]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One figure beside what it is measured against.

    Attributes
    ----------
    what, unit
        What was measured, and in what.
    figure, limit
        The figure, and the limit or the rival's figure from the same run; medians where there were several runs.
    against
        What the limit is.
    bound
        How large figure over limit may be.
    ratios
        Figure over limit of each run, where there were several.
    """

    what: str
    unit: str
    figure: float
    limit: float
    against: str
    bound: float = 1.0
    ratios: tuple[float, ...] = ()

    @classmethod
    def of_pairs(
        cls, what: str, unit: str, pairs: Sequence[tuple[float, float]], *, against: str, bound: float
    ) -> Self:
        """Return what runs in turn gave.

        Parameters
        ----------
        what, unit, against, bound
            As for the class.
        pairs
            Our figure and the rival's, by run.
        """
        return cls(
            what=what,
            unit=unit,
            figure=median(ours for ours, _ in pairs),
            limit=median(theirs for _, theirs in pairs),
            against=against,
            bound=bound,
            ratios=tuple(ours / theirs for ours, theirs in pairs),
        )

    @classmethod
    def of_runs(
        cls, what: str, unit: str, figures: Sequence[float], *, limit: float, against: str = "limit", bound: float = 1.0
    ) -> Self:
        """Return what several runs gave beside a limit.

        Parameters
        ----------
        what, unit, limit, against, bound
            As for the class.
        figures
            By run.
        """
        return cls.of_pairs(what, unit, [(figure, limit) for figure in figures], against=against, bound=bound)

    @property
    def ratio(self) -> float:
        """Figure over limit; the median where there were several runs."""
        return median(self.ratios) if self.ratios else self.figure / self.limit

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio <= self.bound


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def table(results: Sequence[Measurement]) -> str:
    """Return the results as a table in Markdown."""
    lines = ["| what | figure | against | ratio | bound | kept |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {one.what} | {one.figure:.3g} {one.unit} | {one.limit:.3g} {one.unit} ({one.against}) "
        f"| {_ratio(one)} | {one.bound:.2f} | {'yes' if one.kept else 'NO'} |"
        for one in results
    ]
    return "\n".join(lines)


def _ratio(one: Measurement) -> str:
    if len(one.ratios) < 2:
        return f"{one.ratio:.2f}"
    return f"{one.ratio:.2f} ({min(one.ratios):.2f} to {max(one.ratios):.2f} in {len(one.ratios)} runs)"
