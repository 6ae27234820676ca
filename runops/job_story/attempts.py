"""How often a job was tried, and what each attempt cost. Pure."""

from dataclasses import dataclass

from runops.job_row import Claim
from runops.row_summary import RowSummary
from runops.videojob_view import VideoJobView

__all__ = ["AttemptCost", "Attempts", "attempts_of", "cost_by_attempt"]


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts, counted as the VideoJob's column does: those used up, and the current or last one.

    Attributes
    ----------
    number
        How many.
    waits
        Interruptions that used up none, by what they were for.
    before
        Why the one before ended; None where there is none.
    """

    number: int
    waits: tuple[tuple[str, int], ...] = ()
    before: str | None = None

    @property
    def interruptions(self) -> int:
        """How many interruptions."""
        return sum(count for _, count in self.waits)


@dataclass(frozen=True, slots=True)
class AttemptCost:
    """What one attempt cost; `usd` is None where no price is known."""

    number: int
    calls: int
    tokens: int
    usd: str | None


def attempts_of(row: RowSummary) -> Attempts | None:
    """Return the attempts of a job; None where it was never claimed, or its claim cannot be read."""
    claim: Claim | None = row.claim
    if claim is None:
        return None
    waits = tuple((kind.value, count) for kind, count in sorted(claim.waits.items()) if count)
    return Attempts(claim.failures + 1, waits, None if claim.reason is None else claim.reason.value)


def cost_by_attempt(videojob: VideoJobView | None) -> list[AttemptCost]:
    """Return what the attempts cost that the VideoJob counted."""
    usage = None if videojob is None else videojob.status.usage
    if usage is None:
        return []
    return [
        AttemptCost(number, one.calls, one.total_tokens, one.cost_usd) for number, one in enumerate(usage.attempts, 1)
    ]
