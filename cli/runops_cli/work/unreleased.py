"""Remembers rows that could not be put back into the queue, and puts them back before the next claim."""

from dataclasses import dataclass, field
from uuid import UUID

from runops.job_row import Claim
from runops.supabase.connection import Supabase
from runops_cli.terminal.console import to_stderr
from runops_cli.work.overwritten import released

__all__ = ["Unreleased"]


@dataclass(slots=True)
class Unreleased:
    """Rows that this process holds and does not work on.

    Parameters
    ----------
    supabase
        The project.
    """

    supabase: Supabase
    _claims: dict[UUID, Claim] = field(default_factory=dict)

    def add(self, job_id: UUID, claim: Claim) -> None:
        """Remember a row."""
        self._claims[job_id] = claim

    async def release(self) -> None:
        """Put the rows back.

        Raises
        ------
        SupabaseError
            The table cannot be written yet.
        """
        for job_id, claim in list(self._claims.items()):
            is_back = await released(self.supabase.jobs, job_id, claim)
            del self._claims[job_id]
            if is_back:
                to_stderr(f"{job_id}  is back in the queue.")
