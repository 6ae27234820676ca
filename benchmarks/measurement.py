"""What a benchmark gives back, and how it is printed."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Measurement", "table"]


@dataclass(frozen=True)
class Measurement:
    """One figure beside what it is measured against.

    Attributes
    ----------
    what, unit
        What was measured, and in what.
    figure, limit
        The figure, and the limit or the rival's figure from the same run.
    against
        What the limit is.
    """

    what: str
    unit: str
    figure: float
    limit: float
    against: str

    @property
    def ratio(self) -> float:
        """Figure over limit; at most 1 keeps the promise."""
        return self.figure / self.limit

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio <= 1


def table(results: Sequence[Measurement]) -> str:
    """Return the results as a table in Markdown."""
    lines = ["| what | figure | against | ratio | kept |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.what} | {one.figure:.1f} {one.unit} | {one.limit:.1f} {one.unit} ({one.against}) "
        f"| {one.ratio:.2f} | {'yes' if one.kept else 'NO'} |"
        for one in results
    ]
    return "\n".join(lines)
