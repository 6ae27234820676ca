"""Rows whose claims the table refuses: each is passed over for a growing time, so that others take the slot."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from runops.job_row import JobRow
from runops.polling import backoff
from runops.supabase.errors import SupabaseError

__all__ = ["RefusedClaims"]

_FIRST_PAUSE_SECONDS = 4.0
_LONGEST_PAUSE_SECONDS = 1200.0
_TOLD_AT = 3
"""Tries after which the row says why it waits: a trigger may refuse a claim for a moment only."""
_ENOUGH = 5
"""So many rows in a row: the table refuses them all."""
_MOST = 1000
"""Rows that are remembered; of more, the first ones are tried again too early."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A row whose claim was refused.

    Attributes
    ----------
    tries
        How often.
    until
        When it is tried again, in seconds.
    seen
        Its `updated_at` then: a row that somebody changed since may be claimed now.
    """

    tries: int
    until: float
    seen: str | None


class RefusedClaims:
    """Remembers them.

    Parameters
    ----------
    clock
        In seconds; it never goes back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: dict[UUID, _Refused] = {}
        self._since_won: set[UUID] = set()
        self._last: SupabaseError | None = None

    def __len__(self) -> int:
        """Return how many rows are remembered."""
        return len(self._refused)

    def note(self, row: JobRow, error: SupabaseError) -> bool:
        """Note a refusal, and return whether the row is to say why it waits."""
        before = self._refused.pop(row.job_id, None)
        tries = 1 if before is None else before.tries + 1
        pause = backoff(tries, base=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
        self._refused[row.job_id] = _Refused(tries, self._clock() + pause, row.updated_at)
        if len(self._refused) > _MOST:
            del self._refused[next(iter(self._refused))]
        self._since_won.add(row.job_id)
        self._last = error
        return tries == _TOLD_AT

    def won(self, job_id: UUID) -> None:
        """Note that a row was claimed: the table does not refuse them all."""
        self._refused.pop(job_id, None)
        self._since_won.clear()

    def passes_over(self, row: JobRow) -> bool:
        """Whether a row is not to be tried now."""
        refused = self._refused.get(row.job_id)
        return refused is not None and refused.seen == row.updated_at and self._clock() < refused.until

    @property
    def of_all(self) -> SupabaseError | None:
        """Why the table refuses all claims; None where it refuses those of some rows."""
        return self._last if len(self._since_won) >= _ENOUGH else None
